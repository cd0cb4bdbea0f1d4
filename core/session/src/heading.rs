//! What a section of the config file is, told by its header as botocore tells it: it looks at the first letters, then
//! splits the header as a shell would, and takes the second of exactly two words for the name.

use std::borrow::Cow;

use crate::refusal::DEFAULTS;

/// What a section of the config file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heading<'a> {
    /// `[default]`, `[profile NAME]`
    Profile(Cow<'a, str>),
    /// `[kagi NAME]`: ours, which no SDK reads.
    Kagi(Cow<'a, str>),
    /// `[kagi]`: ours, for every profile.
    KagiGlobal,
    /// `[services NAME]`
    Services(Cow<'a, str>),
    /// `[sso-session NAME]`
    SsoSession(Cow<'a, str>),
    /// `[plugins]` …
    Other,
    /// `[DEFAULT]`: Python puts its settings into every section of the file, no other SDK reads it.
    Defaults,
    /// A name that no SDK, or not every SDK, reads.
    Unread,
}

/// Reads a header of the config file.
#[must_use]
pub fn heading(header: &str) -> Heading<'_> {
    // botocore compares the text between the brackets as it stands: a blank before `profile`, or beside `default`, is part
    // of another name.
    match header {
        "default" => return Heading::Profile(Cow::Borrowed("default")),
        DEFAULTS => return Heading::Defaults,
        "plugins" | "preview" => return Heading::Other,
        _ if header.trim() == "kagi" => return Heading::KagiGlobal,
        _ => {}
    }
    let Some(name) = second_of_two_words(header) else { return Heading::Unread };
    if header.starts_with("profile") {
        Heading::Profile(name)
    } else if header.starts_with("kagi ") || header.starts_with("kagi\t") {
        Heading::Kagi(name)
    } else if header.starts_with("services") {
        Heading::Services(name)
    } else if header.starts_with("sso-session") {
        Heading::SsoSession(name)
    } else {
        Heading::Unread
    }
}

/// Whether a header could hold this name in another form than the name's own letters.
#[must_use]
pub(crate) fn has_quotes(header: &str) -> bool {
    memchr::memchr3(b'"', b'\'', b'\\', header.as_bytes()).is_some()
}

/// The second word, if there are two. `None` also where a quote is not closed: botocore then drops the section.
fn second_of_two_words(header: &str) -> Option<Cow<'_, str>> {
    if !has_quotes(header) {
        let mut words = header.split(is_blank).filter(|word| !word.is_empty());
        let (_, second, third) = (words.next()?, words.next()?, words.next());
        return third.is_none().then_some(Cow::Borrowed(second));
    }
    let words = words(header)?;
    match <[String; 2]>::try_from(words) {
        Ok([_, second]) => Some(Cow::Owned(second)),
        Err(_) => None,
    }
}

/// The white space of Python's `shlex`; others, as the full-width space of Japanese, are letters to it.
fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\r' | '\n')
}

/// Python's `shlex.split`: quotes of both kinds, and a backslash before any letter, or within `"` before `"` and itself.
/// `None` where a quote is not closed or a backslash is the last letter.
#[must_use]
pub fn words(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word): (Vec<String>, Option<String>) = (Vec::new(), None);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            _ if is_blank(letter) => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next()? {
                        '\'' => break,
                        inside => word.push(inside),
                    }
                }
            }
            '"' => quoted(word.get_or_insert_default(), &mut letters)?,
            '\\' => word.get_or_insert_default().push(letters.next()?),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Some(words)
}

fn quoted(word: &mut String, letters: &mut std::str::Chars<'_>) -> Option<()> {
    loop {
        match letters.next()? {
            '"' => return Some(()),
            '\\' => match letters.next()? {
                escaped @ ('"' | '\\') => word.push(escaped),
                other => word.extend(['\\', other]),
            },
            inside => word.push(inside),
        }
    }
}

/// Whether every SDK reads a profile of this name.
#[must_use]
pub fn is_portable_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|letter| {
            letter.is_ascii_alphanumeric() || matches!(letter, '_' | '@' | '+' | '.' | '%' | ':' | '/' | '-')
        })
}

/// Whether the AWS CLI reads a profile of this name when it is quoted, and whether a shell and botocore's own splitting
/// read the name back from a quoted argument.
#[must_use]
pub fn is_writable_name(name: &str) -> bool {
    !name.is_empty()
        && name.trim() == name
        && name.chars().all(|letter| {
            let is_special = matches!(letter, '"' | '\\' | '$' | '`' | '[' | ']' | '#' | ';' | '!');
            !is_special
                && !letter.is_control()
                && !is_unseen(letter)
                && (letter == ' ' || !letter.is_whitespace())
        })
}

/// Marks that turn a line or take no room (Unicode, UAX #9; general category Cf): two names that look alike, and are not.
const fn is_unseen(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings() {
        let profile = |name: &'static str| Heading::Profile(Cow::Borrowed(name));
        let cases = [
            ("default", profile("default")),
            ("profile dev", profile("dev")),
            ("profile   dev ", profile("dev")),
            ("profile\tdev", profile("dev")),
            ("profile \"a b\"", profile("a b")),
            ("profile a\\ b", profile("a b")),
            ("profile a\"b c\"d", profile("ab cd")),
            ("profiles dev", profile("dev")),
            ("profile \"\"", profile("")),
            ("profile 開発", profile("開発")),
            ("profile\u{3000}dev", Heading::Unread),
            ("profile a b", Heading::Unread),
            (" profile a", Heading::Unread),
            (" profile a ", Heading::Unread),
            (" default", Heading::Unread),
            ("default ", Heading::Unread),
            ("profile a ", profile("a")),
            ("dev", Heading::Unread),
            ("kagi dev", Heading::Kagi(Cow::Borrowed("dev"))),
            ("kagi \"a b\"", Heading::Kagi(Cow::Borrowed("a b"))),
            ("kagis dev", Heading::Unread),
            ("kagi", Heading::KagiGlobal),
            ("sso-session corp", Heading::SsoSession(Cow::Borrowed("corp"))),
            ("services local", Heading::Services(Cow::Borrowed("local"))),
            ("DEFAULT", Heading::Defaults),
            ("Profile dev", Heading::Unread),
            ("profile \"dev", Heading::Unread),
            ("profile dev\\", Heading::Unread),
        ];
        for (header, expected) in cases {
            assert_eq!(heading(header), expected, "{header}");
        }
    }

    #[test]
    fn names_that_can_be_written() {
        for name in ["dev", "開発", "with space", "a(b)", "it's"] {
            assert!(is_writable_name(name), "{name}");
        }
        for name in
            ["", " a", "a\"b", "a$b", "a`b`", "a]b", "a\nb", "a\u{3000}b", "\u{202e}dev", "de\u{200b}v"]
        {
            assert!(!is_writable_name(name), "{name}");
        }
    }
}
