//! Single words of a text that are an id or may be a secret, by the letters beside them.
//!
//! Everything is bytes of ASCII: an id that touches a Japanese letter is an id, and one inside a run of base64 is none.

use crate::key_id::{LENGTH as LENGTH_OF_ID, Prefix, is_documented, is_id_letter};
use crate::secret::{LENGTH, is_secret_letter};

/// A letter of base64 in either alphabet, or what words are made of.
pub(crate) fn is_run_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-')
}

/// The end of the id that begins here, if one does.
pub(crate) fn id_at(text: &[u8], start: usize) -> Option<usize> {
    let prefix = Prefix::of(text.get(start..)?)?;
    let rest = text.get(start + 4..)?;
    let tail = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).take(18).count();
    let end = start + 4 + tail;
    let id = text.get(start..end)?;
    let is_id = id.get(4..)?.iter().all(|byte| is_id_letter(*byte))
        || std::str::from_utf8(id).is_ok_and(is_documented) && id.iter().all(u8::is_ascii_alphanumeric);
    if prefix.fits(id.len()) && is_id && stands_alone(text, start, end) {
        return Some(end);
    }
    packed_id(text, start)
}

/// The end of an id amid binary bytes, where strings stand without a letter between them: its length is written before it (classes of
/// Java, Python's bytecode, most formats of messages), or what touches it are words (a program of Go).
fn packed_id(text: &[u8], start: usize) -> Option<usize> {
    let end = start + LENGTH_OF_ID;
    let is_id = text.get(start + 4..end)?.iter().all(|byte| is_id_letter(*byte));
    if !is_id || !is_binary(text) {
        return None;
    }
    let (left, right) = runs_beside(text, start, end);
    (is_counted(text, start, LENGTH_OF_ID) || is_wordy(left) && is_wordy(right)).then_some(end)
}

/// Whether the byte before a place says how many letters follow there, amid binary bytes.
pub(crate) fn is_counted(text: &[u8], start: usize, length: usize) -> bool {
    let before = start.checked_sub(1).and_then(|at| text.get(at)).copied();
    before.is_some_and(|byte| usize::from(byte) == length) && is_binary(text)
}

/// Whether these are no bytes of a text: a zero stands among the first.
fn is_binary(text: &[u8]) -> bool {
    memchr::memchr(0, text.get(..8192).unwrap_or(text)).is_some()
}

fn runs_beside(text: &[u8], start: usize, end: usize) -> (&[u8], &[u8]) {
    let before = text.get(..start).unwrap_or_default();
    let mut left = before.iter().rev().take(200).take_while(|byte| is_run_letter(**byte)).count();
    if left > 0 && is_trail(text, start - left) {
        left -= 1;
    }
    let after = text.get(end..).unwrap_or_default();
    let right = after.iter().take(200).take_while(|byte| is_run_letter(**byte)).count();
    (before.get(start - left..).unwrap_or_default(), after.get(..right).unwrap_or_default())
}

/// Whether a letter is the second byte of a Japanese one in Shift_JIS, and none of its own.
fn is_trail(text: &[u8], at: usize) -> bool {
    let before = text.get(at.saturating_sub(4)..at).unwrap_or_default();
    let is_lead = before.last().is_some_and(|byte| matches!(byte, 0x81..=0x9f | 0xe0..=0xfc));
    let ends_letter = |length: usize| {
        let letter = before.len().checked_sub(length).and_then(|from| before.get(from..));
        letter.is_some_and(|letter| std::str::from_utf8(letter).is_ok_and(|text| text.chars().count() == 1))
    };
    is_lead && !(2..=4).any(ends_letter)
}

/// Whether a word is no piece of a longer run.
fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let (left, right) = runs_beside(text, start, end);
    let ends = left.last().is_none_or(|byte| matches!(byte, b'/' | b'=' | b'_' | b'-'));
    let begins = right.first().is_none_or(|byte| matches!(byte, b'/' | b'=' | b'_' | b'-'));
    // `ID=SECRET`: what follows may be random when nothing random comes before
    let is_pair = right.first() == Some(&b'=') || right.first() == Some(&b'/');
    ends && begins && is_wordy(left) && (is_wordy(right) || is_pair && right.len() == 1 + LENGTH)
}

/// Whether a run is made of words and not of random letters: `aws_access_key_id=`, `/20260101/us-east-1/s3/aws4_request`.
fn is_wordy(run: &[u8]) -> bool {
    let words = run.split(|byte| matches!(byte, b'/' | b'=' | b'_' | b'-'));
    let is_word = |word: &[u8]| {
        let upper = word.iter().skip(1).any(u8::is_ascii_uppercase);
        let lower = word.iter().any(u8::is_ascii_lowercase);
        let digit = word.iter().any(u8::is_ascii_digit);
        !word.contains(&b'+') && word.len() <= 40 && !(upper && lower && digit)
    };
    words.into_iter().all(is_word)
}

/// A run of the letters of secrets: where it begins and ends.
pub(crate) type Span = (usize, usize);

/// The runs of at least `least` letters of secrets that begin in a part of a text.
pub(crate) fn runs(text: &[u8], (from, to): Span, least: usize) -> Vec<Span> {
    let (mut found, mut at) = (Vec::new(), from);
    let to = to.min(text.len());
    // a run that began before the part is not one of it
    while at > 0 && at < to && text.get(at - 1).copied().is_some_and(is_secret_letter) {
        at += 1;
    }
    while at < to {
        let rest = text.get(at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| is_secret_letter(**byte)).count();
        let first = usize::from(length > 0 && is_trail(text, at));
        if length - first >= least {
            found.push((at + first, at + length));
        }
        at += length.max(1);
    }
    found
}

/// Whether the run stands as a word of exactly so many letters; base64 that goes on in another alphabet, or is padded, does not.
pub(crate) fn is_word(text: &[u8], (start, end): Span, length: usize) -> bool {
    let beside = |at: Option<usize>| at.and_then(|at| text.get(at)).copied();
    let left = beside(start.checked_sub(1));
    let right = beside(Some(end));
    end - start == length
        && !left.is_some_and(|byte| matches!(byte, b'_' | b'-'))
        && !right.is_some_and(|byte| matches!(byte, b'_' | b'-' | b'='))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "AKIAIOSFODNN7EXAMPLE";

    #[test]
    fn ids_stand_alone() {
        let table = [
            ("", "", true),
            ("AWS_ACCESS_KEY_ID=", "\n", true),
            ("\"", "\"", true),
            ("鍵", "：", true),
            ("Credential=", "/20130524/us-east-1/s3/aws4_request", true),
            ("s3://", ":secret@bucket", true),
            ("X-Amz-Credential=", "%2F20130524%2F", true),
            ("x", "", false),
            ("", "A", false),
            ("q3Zr9/Ab+", "", false),
            ("", "+q3Zr9Ab", false),
            ("kX3vB9", "/pQ7", false),
            ("MIIEpAIBAAKCAQEA7x/", "=", false),
        ];
        for (left, right, expected) in table {
            let text = format!("{left}{ID}{right}");
            assert_eq!(id_at(text.as_bytes(), left.len()).is_some(), expected, "{text}");
        }
        assert_eq!(id_at(b"AKIA0189018901890189", 0), None, "0, 1, 8 and 9 are no letters of ids");
    }

    #[test]
    fn in_shift_jis_the_second_byte_of_a_letter_is_none_of_a_word() {
        // U+30FC and U+30C8 end with `[` and `g`
        let id = [&b"\x83L\x81["[..], ID.as_bytes(), b"\x82\xc5"].concat();
        assert!(id_at(&id, 4).is_some());
        let id = [&b"\x83g"[..], ID.as_bytes()].concat();
        assert!(id_at(&id, 2).is_some());
        assert_eq!(runs(b"\x83gabcdef\x82\xc5", (0, 10), 4), [(2, 8)]);
        // in UTF-8 the letter is a letter
        assert!(id_at(format!("鍵g{ID}").as_bytes(), 4).is_none());
    }

    #[test]
    fn amid_binary_bytes_strings_touch() {
        let id = |left: &[u8], right: &[u8]| {
            let text = [left, ID.as_bytes(), right, b"\0"].concat();
            id_at(&text, left.len()).is_some()
        };
        let id_of_go = |left, right| id(left, right);
        assert!(id_of_go(b"no such file", b"unexpected end"));
        assert!(id(b"aws_access_key_id", b""));
        assert!(id(b"Zx9Q\x14", b"z(kX3v"), "its length stands before it");
        assert!(!id(b"q3Zr9Ab+", b"q3Zr9Ab"), "inside of base64");
    }

    #[test]
    fn runs_begin_in_their_part() {
        let text = b"abcd efgh+/ij == klm";
        assert_eq!(runs(text, (0, text.len()), 4), [(0, 4), (5, 13)]);
        assert_eq!(runs(text, (1, text.len()), 4), [(5, 13)]);
    }
}
