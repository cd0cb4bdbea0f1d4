//! The rows of a SQLite database as lines (SQLite, "Database File Format"): values stand in a file without a letter between them, and
//! large ones in pieces. What is damaged is left out: the bytes are scanned as they are, too.

use std::cell::Cell;

/// How much of the rows is written down.
const BYTES_MAX: usize = 64 << 20;
/// How many pages a value may go over.
const CHAIN_MAX: usize = 4096;

/// The rows of all tables, a line each, their columns parted by tabs; nothing for other files.
pub(crate) fn rows(bytes: &[u8]) -> Option<Vec<u8>> {
    let head = bytes.get(..100).filter(|head| head.starts_with(b"SQLite format 3\0"))?;
    let size = match be(head, 16, 2)? {
        1 => 65_536,
        size => size,
    };
    let reserved = usize::from(*head.get(20)?);
    if size < 512 {
        return None;
    }
    let usable = size.checked_sub(reserved).filter(|usable| *usable >= 480)?;
    let base = Base { bytes, size, usable, left: Cell::new(BYTES_MAX) };
    let mut text = Vec::new();
    for page in 0..bytes.len().div_ceil(size) {
        base.page(page, &mut text);
    }
    Some(text)
}

/// A number of some bytes, the first the largest.
fn be(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + length)?;
    Some(bytes.iter().fold(0, |value, byte| value << 8 | usize::from(*byte)))
}

/// A number of up to nine bytes, and how many it has.
fn varint(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    for length in 1..=9 {
        let byte = *bytes.get(at + length - 1)?;
        if length == 9 {
            return Some((value << 8 | usize::from(byte), 9));
        }
        value = value << 7 | usize::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((value, length));
        }
    }
    None
}

struct Base<'a> {
    bytes: &'a [u8],
    size: usize,
    usable: usize,
    /// How much may be written down yet: pages of a wrong file may all lead to the same values.
    left: Cell<usize>,
}

impl Base<'_> {
    /// The rows of a leaf: of a table (0x0d) or of an index (0x0a).
    fn page(&self, number: usize, text: &mut Vec<u8>) -> Option<()> {
        let begins = number * self.size;
        let page = self.bytes.get(begins..(begins + self.size).min(self.bytes.len()))?;
        let head = if number == 0 { 100 } else { 0 };
        let is_table = match page.get(head)? {
            0x0d => true,
            0x0a => false,
            _ => return None,
        };
        for cell in 0..be(page, head + 3, 2)? {
            let at = be(page, head + 8 + 2 * cell, 2)?;
            if let Some(payload) = self.payload(page, at, is_table) {
                self.left.set(self.left.get().checked_sub(payload.len())?);
                row(&payload, text);
            }
        }
        Some(())
    }

    fn payload(&self, page: &[u8], at: usize, is_table: bool) -> Option<Vec<u8>> {
        let (length, mut skip) = varint(page, at)?;
        if is_table {
            skip += varint(page, at + skip)?.1;
        }
        let at = at + skip;
        let most = if is_table { self.usable - 35 } else { (self.usable - 12) * 64 / 255 - 23 };
        if length <= most {
            return page.get(at..at + length).map(<[u8]>::to_vec);
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let part = least + (length.min(BYTES_MAX) - least) % (self.usable - 4);
        let here = if part <= most { part } else { least };
        let mut payload = page.get(at..at + here)?.to_vec();
        let mut next = be(page, at + here, 4)?;
        for _ in 0..CHAIN_MAX {
            let Some(begins) = next.checked_sub(1).and_then(|page| page.checked_mul(self.size)) else {
                break;
            };
            let Some(page) = self.bytes.get(begins..begins.saturating_add(self.usable)) else { break };
            let wanted = length.saturating_sub(payload.len()).min(self.usable - 4);
            payload.extend_from_slice(page.get(4..4 + wanted)?);
            next = be(page, 0, 4)?;
            if payload.len() >= length {
                break;
            }
        }
        Some(payload)
    }
}

/// The texts and blobs of a record, as far as it goes.
fn row(record: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let (head, mut at) = varint(record, 0)?;
    let mut body = head;
    while at < head {
        let (kind, length) = varint(record, at)?;
        at += length;
        let bytes = match kind {
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            12.. => (kind - 12) / 2,
            _ => 0,
        };
        if kind >= 12 {
            let ends = body.saturating_add(bytes).min(record.len());
            text.extend_from_slice(record.get(body..ends).unwrap_or_default());
            text.push(b'\t');
        }
        body = body.saturating_add(bytes);
    }
    text.push(b'\n');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database of one page with one row, written by hand after the format's description.
    fn database(values: &[&str]) -> Vec<u8> {
        let mut record: Vec<u8> =
            values.iter().map(|value| u8::try_from(13 + 2 * value.len()).unwrap()).collect();
        record.insert(0, u8::try_from(record.len() + 1).unwrap());
        values.iter().for_each(|value| record.extend_from_slice(value.as_bytes()));
        let cell = [&[u8::try_from(record.len()).unwrap(), 1], record.as_slice()].concat();
        let mut page = b"SQLite format 3\0".to_vec();
        page.extend([2, 0, 1, 1, 0]);
        page.resize(100, 0);
        let at = u16::try_from(512 - cell.len()).unwrap().to_be_bytes();
        page.extend([0x0d, 0, 0, 0, 1, at[0], at[1], 0, at[0], at[1]]);
        page.resize(512 - cell.len(), 0);
        page.extend(cell);
        page
    }

    #[test]
    fn values_are_parted() {
        assert_eq!(rows(&database(&["aws_key", "AKIA"])).unwrap(), b"aws_key\tAKIA\t\n");
        assert_eq!(rows(b"SQLite format 4"), None);
    }

    #[test]
    fn damage_costs_what_is_damaged() {
        let whole = database(&["aws_key", "AKIA"]);
        for at in 16..whole.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                assert!(rows(&bytes).is_none_or(|text| text.len() < 4096));
            }
            assert!(rows(whole.get(..at).unwrap()).is_none_or(|text| text.len() < 64));
        }
    }
}
