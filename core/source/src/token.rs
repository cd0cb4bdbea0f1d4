//! Single words of a text that are an id or may be a secret, by the letters beside them.
//!
//! Everything is bytes of ASCII: an id that touches a Japanese letter is an id, and one inside a run of base64 is none.

use crate::key_id::{Prefix, is_documented, is_id_letter};
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
    (prefix.fits(id.len()) && is_id && stands_alone(text, start, end)).then_some(end)
}

/// Whether a word is no piece of a longer run.
fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let left = before.iter().rev().take(200).take_while(|byte| is_run_letter(**byte)).count();
    let after = text.get(end..).unwrap_or_default();
    let right = after.iter().take(200).take_while(|byte| is_run_letter(**byte)).count();
    let left = before.get(start - left..).unwrap_or_default();
    let right = after.get(..right).unwrap_or_default();
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
        if length >= least {
            found.push((at, at + length));
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
    fn runs_begin_in_their_part() {
        let text = b"abcd efgh+/ij == klm";
        assert_eq!(runs(text, (0, text.len()), 4), [(0, 4), (5, 13)]);
        assert_eq!(runs(text, (1, text.len()), 4), [(5, 13)]);
    }
}
