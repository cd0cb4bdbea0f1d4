//! Names are anybody's: the key of an object in a trail, a user agent, the name of a profile. None of them leads a terminal.

use std::fmt::Write;

use crate::style;

/// A text for a terminal: control characters, and those that turn the direction of a line, are written as escapes
/// (`\u{1b}`), so that they are seen and do nothing. Line ends, tabs and the styles of our programs stay.
#[must_use]
pub fn tame(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let own = style::WRITTEN.iter().find(|written| rest.starts_with(**written));
        let taken = own.map_or(letter.len_utf8(), |written| written.len());
        match own {
            Some(written) => tamed.push_str(written),
            None if leads(letter) => {
                let _ = write!(tamed, "{}", letter.escape_default());
            }
            None => tamed.push(letter),
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    tamed
}

/// The same for a text that has no styles of ours in it: what looks like one is somebody else's.
#[must_use]
pub fn tame_plain(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len());
    for letter in text.chars() {
        if leads(letter) {
            let _ = write!(tamed, "{}", letter.escape_default());
        } else {
            tamed.push(letter);
        }
    }
    tamed
}

/// The same for a text that stands in one line: line ends and tabs are escaped, too, and there are no styles in it.
#[must_use]
pub fn tame_line(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len());
    for letter in text.chars() {
        if leads(letter) || letter.is_control() {
            let _ = write!(tamed, "{}", letter.escape_default());
        } else {
            tamed.push(letter);
        }
    }
    tamed
}

/// Whether a letter turns the direction of what stands around it (Unicode, UAX #9, section 2: embeddings, overrides, isolates, marks).
#[must_use]
pub const fn turns(letter: char) -> bool {
    matches!(
        letter,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

fn leads(letter: char) -> bool {
    turns(letter) || letter.is_control() && !matches!(letter, '\n' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_does_not_lead_the_terminal() {
        assert_eq!(
            tame("a\x1b[2Jb\x1b]0;c\x07d\re\u{9b}8m\u{202e}f\u{200f}"),
            r"a\u{1b}[2Jb\u{1b}]0;c\u{7}d\re\u{9b}8m\u{202e}f\u{200f}"
        );
        assert_eq!(tame("\x1b[8mhidden"), r"\u{1b}[8mhidden");
        assert_eq!(tame_plain("a\tb\nc\x1b[31md\x1b[0m"), "a\tb\nc\\u{1b}[31md\\u{1b}[0m");
        assert_eq!(tame_line("a\tb\nc\x1b[1md"), r"a\tb\nc\u{1b}[1md");
    }

    #[test]
    fn styles_lines_and_letters_stay() {
        for style in style::ALL {
            let styled = format!("{style}a{style:#}\n\t鍵");
            assert_eq!(tame(&styled), styled);
        }
    }
}
