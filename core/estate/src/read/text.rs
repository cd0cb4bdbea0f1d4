//! Bytes to text: the encodings that shells and editors leave the AWS CLI's output in.
//!
//! The CLI writes UTF-8. Windows PowerShell's `>` rewrites it as UTF-16 with a byte order mark, editors add a UTF-8
//! one; both are read. Anything else is refused with the place of the first wrong byte.

use std::borrow::Cow;

use super::fault::{Fault, Place};

/// How archives begin, what packed them and what unpacks them.
const ARCHIVES: [(&[u8], &str, &str); 5] = [
    (&[0x1f, 0x8b], "gzip", "gunzip"),
    (b"PK\x03\x04", "zip", "unzip"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd", "unzstd"),
    (b"BZh", "bzip2", "bunzip2"),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz", "unxz"),
];
const UTF8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// What packed a file, and what unpacks it.
pub(super) fn archive(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let found = ARCHIVES.iter().find(|(magic, _, _)| bytes.starts_with(magic));
    found.map(|(_, name, command)| (*name, *command))
}

/// The text of the beginning of a file, which may be cut within a character.
pub(super) fn decode_head(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    let whole = bytes.len() - bytes.len() % 2;
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, ..] => decode(bytes.get(..whole).unwrap_or(bytes)),
        _ => Ok(String::from_utf8_lossy(bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes))),
    }
}

/// The text of a file.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    if let Some((name, command)) = archive(bytes) {
        let message = format!("the file is compressed with {name}");
        return Err(Fault::new(message).hint(format!("decompress it with `{command}`")));
    }
    let text = match *bytes {
        [0xff, 0xfe, ref rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xfe, 0xff, ref rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        [first, 0, ..] if first != 0 => Cow::Owned(utf16(bytes, u16::from_le_bytes)?),
        _ => Cow::Borrowed(utf8(bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes))?),
    };
    if text.trim().is_empty() { Err(Fault::new("the file is empty")) } else { Ok(text) }
}

fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    str::from_utf8(bytes).map_err(|error| {
        let sound = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let place = Place::end_of(&String::from_utf8_lossy(sound));
        Fault::new(format!("the text is not UTF-8 {place}"))
            .hint("save it as UTF-8, as the AWS CLI writes it (not Shift_JIS or another encoding)")
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Fault> {
    let damaged = || Fault::new("the text is damaged UTF-16");
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(damaged());
    }
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect::<Result<_, _>>().map_err(|_| damaged())
}
