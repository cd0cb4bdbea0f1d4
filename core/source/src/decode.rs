//! Bytes that stand for other bytes: base64, gzip, UTF-16. Bounded; what is too large is said by whoever asked.

use std::io::Read;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::bufread::MultiGzDecoder;

use crate::token::Span;

/// How much a gzip stream inside of a text may become.
pub(crate) const INFLATED_BYTES_MAX: u64 = 32 << 20;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The whole run of base64 around a place: over the ends of lines when they are wrapped as base64 is.
pub(crate) fn run_around(text: &[u8], at: usize) -> Span {
    let mut start = at;
    loop {
        let before = text.get(..start).unwrap_or_default();
        start -= before.iter().rev().take_while(|byte| is_letter(**byte)).count();
        match wrapped_before(text, start) {
            Some(earlier) => start = earlier,
            None => break,
        }
    }
    let mut end = at;
    loop {
        let after = text.get(end..).unwrap_or_default();
        end += after.iter().take_while(|byte| is_letter(**byte)).count();
        match wrapped_after(text, end) {
            Some(later) => end = later,
            None => break,
        }
    }
    let padding =
        text.get(end..).unwrap_or_default().iter().take(2).take_while(|byte| **byte == b'=').count();
    (start, end + padding)
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Lines of base64 have 64 or 76 letters; anything from 40 is taken for one that goes on.
const WRAPPED_LETTERS: usize = 40;

fn letters_before(text: &[u8], end: usize) -> usize {
    text.get(..end).unwrap_or_default().iter().rev().take_while(|byte| is_letter(**byte)).count()
}

/// The end of the line before, when the run goes on there.
fn wrapped_before(text: &[u8], start: usize) -> Option<usize> {
    let before = text.get(..start)?;
    let indent = before.iter().rev().take(64).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let line = before.get(..before.len() - indent)?.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    (letters_before(text, line.len()) >= WRAPPED_LETTERS).then_some(line.len())
}

/// The beginning of the next line, when the run goes on there.
fn wrapped_after(text: &[u8], end: usize) -> Option<usize> {
    if letters_before(text, end) < WRAPPED_LETTERS {
        return None;
    }
    let after = text.get(end..)?;
    let rest = after.strip_prefix(b"\r\n").or_else(|| after.strip_prefix(b"\n"))?;
    let indent = rest.iter().take(64).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let next = text.len() - rest.len() + indent;
    let letters = text.get(next..)?.iter().take(WRAPPED_LETTERS).take_while(|byte| is_letter(**byte)).count();
    let following = text.get(next + letters).copied();
    (letters > 0 && !following.is_some_and(|byte| matches!(byte, b':' | b' ' | b'.' | b'('))).then_some(next)
}

/// What a run of base64 stands for. The end of a run may be a letter too many; what comes before it is read.
pub(crate) fn base64(run: &[u8]) -> Option<Vec<u8>> {
    let letters: Vec<u8> = run.iter().copied().filter(|byte| is_letter(*byte)).collect();
    let is_url = letters.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let whole = if letters.len() % 4 == 1 { letters.len() - 1 } else { letters.len() };
    let letters = letters.get(..whole)?;
    let engine = if is_url { &URL_SAFE } else { &STANDARD };
    engine.decode(letters).ok()
}

/// What a gzip stream holds, all of its members; whether all of it was read.
pub(crate) fn gzip(bytes: &[u8]) -> Option<(Vec<u8>, bool)> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return None;
    }
    let mut inflated = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(INFLATED_BYTES_MAX).read_to_end(&mut inflated);
    let is_whole = read.is_ok_and(|read| u64::try_from(read).unwrap_or(u64::MAX) < INFLATED_BYTES_MAX);
    Some((inflated, is_whole))
}

/// The text of a file in UTF-16: told by its mark, or by a zero at every second byte of its beginning.
pub(crate) fn utf16(bytes: &[u8]) -> Option<Vec<u8>> {
    let (is_big, rest) = match bytes {
        [0xff, 0xfe, rest @ ..] => (false, rest),
        [0xfe, 0xff, rest @ ..] => (true, rest),
        _ => (unmarked(bytes)?, bytes),
    };
    let units = rest.chunks_exact(2).map(|pair| match pair {
        [a, b] if is_big => u16::from_be_bytes([*a, *b]),
        [a, b] => u16::from_le_bytes([*a, *b]),
        _ => 0,
    });
    let text: String =
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Some(text.into_bytes())
}

/// Whether a beginning without a mark is UTF-16, and whether its larger half comes first.
fn unmarked(bytes: &[u8]) -> Option<bool> {
    let head = bytes.get(..512).unwrap_or(bytes);
    let pairs = head.len() / 2;
    let zeros = |half: usize| head.iter().skip(half).step_by(2).filter(|byte| **byte == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    let is = |zeros: usize, others: usize| pairs >= 8 && zeros * 10 >= pairs * 7 && others == 0;
    if is(second, first) {
        return Some(false);
    }
    is(first, second).then_some(true)
}

/// Letters of ASCII around a place amid binary bytes, two bytes each: the text, and where it begins.
pub(crate) fn wide_around(bytes: &[u8], at: usize) -> (Vec<u8>, usize) {
    const LETTERS_MAX: usize = 16 << 10;
    let letter = |at: usize| {
        bytes.get(at).copied().filter(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
    };
    let is_zero = |at: usize| bytes.get(at) == Some(&0);
    // a string that ends, and another that follows
    let is_end = |at: usize| is_zero(at) && is_zero(at + 1);
    let (mut start, mut text) = (at, Vec::new());
    while let Some(earlier) = start.checked_sub(2)
        && at - start < 2 * LETTERS_MAX
        && is_zero(earlier + 1)
        && (letter(earlier).is_some() || is_end(earlier) && !is_end(start))
    {
        start = earlier;
    }
    let mut next = start;
    while let Some(byte) = letter(next).or((is_end(next) && !is_end(next + 2)).then_some(b'\n'))
        && text.len() < 2 * LETTERS_MAX
    {
        text.push(byte);
        if !is_zero(next + 1) {
            break;
        }
        next += 2;
    }
    (text, start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_base64_go_over_lines() {
        let line = "QUFB".repeat(16);
        let text = format!("k: |\n  {line}\n  {line}\n  QUFB\nz: 1\n");
        let (start, end) = run_around(text.as_bytes(), 80);
        assert_eq!(base64(&text.as_bytes()[start..end]).unwrap(), "A".repeat(99).into_bytes());
        assert_eq!(run_around(b"x: QUJD==\n", 4), (3, 9));
    }

    #[test]
    fn utf16_is_told_with_and_without_a_mark() {
        let little: Vec<u8> = "key=鍵 value".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "key= a value".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(utf16(&[&[0xff, 0xfe][..], &little].concat()).unwrap(), "key=鍵 value".as_bytes());
        assert_eq!(utf16(&big).unwrap(), b"key= a value");
        assert_eq!(utf16(b"plain text, and enough of it"), None);
    }

    #[test]
    fn wide_letters_are_read_amid_binary_bytes() {
        let bytes = b"\x01\x02k\0=\0A\0K\0I\0A\0\xff\xff";
        assert_eq!(wide_around(bytes, 6), (b"k=AKIA".to_vec(), 2));
        let bytes = b"\xff\xffk\0\0\0A\0K\0\0\0s\0\0\0\0\0x\0";
        assert_eq!(wide_around(bytes, 6), (b"k\nAK\ns".to_vec(), 2), "strings that end with a zero");
    }
}
