//! Words of others, before they stand in a message: no control characters, nothing that turns the direction of writing, and not too long.

/// The longest fact that is shown, in characters.
pub const TEXT_MOST: usize = 200;

/// A text on one line, at most `most` characters long.
///
/// Names come from AWS, where anybody who may make a user chooses one: line breaks would forge lines of a mail, and the characters that
/// turn the direction of writing (Unicode Bidirectional Algorithm, UAX #9) would show a name as another.
#[must_use]
pub fn tamed(text: &str, most: usize) -> String {
    let mut tame = String::with_capacity(text.len().min(most.saturating_mul(4)));
    let mut letters = text.chars().filter(|letter| !is_hidden(*letter));
    for letter in letters.by_ref().take(most) {
        tame.push(if letter.is_control() || is_line_end(letter) { ' ' } else { letter });
    }
    if letters.next().is_some() {
        tame.pop();
        tame.push('…');
    }
    tame
}

/// Characters that are seen as nothing, or move what stands beside them.
fn is_hidden(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}')
}

fn is_line_end(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}' | '\u{85}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_without_tricks() {
        for (given, shown) in [
            ("svc-batch", "svc-batch"),
            ("鍵守", "鍵守"),
            ("a\r\nBcc: all@example.com", "a  Bcc: all@example.com"),
            ("a\u{202e}gpj.exe", "agpj.exe"),
            ("a\u{2028}b\u{0}c\u{7f}", "a b c "),
            ("pay\u{200b}ments", "payments"),
        ] {
            assert_eq!(tamed(given, 100), shown, "{given:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        assert_eq!(tamed("12345", 5), "12345");
        assert_eq!(tamed("123456", 5), "1234…");
        assert_eq!(tamed("鍵鍵鍵鍵", 2), "鍵…");
        assert_eq!(tamed("12345\u{200b}", 5), "12345", "what is not seen takes no room");
    }
}
