//! How many columns of a terminal a text takes: Japanese letters take two.

use unicode_width::UnicodeWidthStr;

/// The columns that a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// Fills a text up with spaces to `columns`.
#[must_use]
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// A text in at most `columns`: `…` stands for what is left out.
#[must_use]
pub fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        kept.push(letter);
        if kept.width() >= columns {
            kept.pop();
            break;
        }
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_fits_whatever_its_letters() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert_eq!(cut("鍵森鍵森", 6), "鍵森…");
        assert_eq!(cut("鍵森鍵森", 7), "鍵森鍵…");
        for text in ["abcdefgh", "鍵森鍵森", "a鍵b森c"] {
            for columns in 1..9 {
                assert!(cut(text, columns).width() <= columns, "{text} {columns}");
            }
        }
        assert_eq!(pad("鍵", 4), "鍵  ");
    }
}
