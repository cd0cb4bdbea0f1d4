//! Bytes to text: the encodings that shells and editors leave the AWS CLI's output in.
//!
//! The CLI writes UTF-8. Windows PowerShell's `>` rewrites it as UTF-16 with a byte order mark, editors add a UTF-8
//! one; both are read. Anything else is refused with the place of the first wrong byte.

use std::borrow::Cow;

use super::fault::{Fault, Place};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZIP: &[u8] = b"PK\x03\x04";
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const UTF8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// The text of a file.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    for (magic, name, command) in [(GZIP, "gzip", "gunzip"), (ZIP, "zip", "unzip"), (ZSTD, "zstd", "unzstd")]
    {
        if bytes.starts_with(magic) {
            let message = format!("the file is compressed with {name}");
            return Err(Fault::new(message).hint(format!("decompress it with `{command}`")));
        }
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
