//! The fast way to a record: keys and wanted strings are read, everything else is stepped over.
//!
//! It answers only for records it is sure of. At anything odd (a wanted field of another type, an escaped key, half a
//! surrogate pair, a value that does not end) it gives up, and the plain reader reads the record instead and says what is
//! right. Only inside values that are stepped over may it take what the plain reader refuses.

use std::borrow::Cow;

use super::record::{Key, Record, Slot};
use super::structure::{NoEnd, container_end, string_end};
use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};

/// The record at `at`, which is an opening brace, and the place behind it. [`NoEnd::Odd`]: ask the plain reader.
/// [`NoEnd::CutOff`]: so far nothing is odd.
pub(super) fn record(text: &str, at: usize) -> Result<(Record<'_>, usize), NoEnd> {
    dispatch!(Level::new(), simd => record_with(simd, text, at))
}

#[inline(always)]
fn record_with<S: Simd>(simd: S, text: &str, at: usize) -> Result<(Record<'_>, usize), NoEnd> {
    let mut cursor = Cursor { simd, text, at: at + 1 };
    let mut record = Record::default();
    if cursor.peek()? == b'}' {
        return Ok((record, cursor.at + 1));
    }
    loop {
        cursor.field(&mut record)?;
        match cursor.peek()? {
            b',' => cursor.at += 1,
            b'}' => return Ok((record, cursor.at + 1)),
            _ => return Err(NoEnd::Odd),
        }
    }
}

struct Cursor<'t, S> {
    simd: S,
    text: &'t str,
    at: usize,
}

impl<'t, S: Simd> Cursor<'t, S> {
    /// The next byte that is no white space; the cursor is on it.
    #[inline(always)]
    fn peek(&mut self) -> Result<u8, NoEnd> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return Ok(*byte),
                None => return Err(NoEnd::CutOff),
            }
        }
    }

    /// A key, its colon, and its value.
    #[inline(always)]
    fn field(&mut self, record: &mut Record<'t>) -> Result<(), NoEnd> {
        let key = match self.string()? {
            (key, false) => Key::of(key),
            (_, true) => return Err(NoEnd::Odd),
        };
        if self.peek()? != b':' {
            return Err(NoEnd::Odd);
        }
        self.at += 1;
        match record.slot(key) {
            Slot::Text(slot) => self.wanted_text(slot)?,
            Slot::Raw(slot) => *slot = Some(self.value()?),
            Slot::Flag(slot) => *slot = Some(self.flag()?),
            Slot::Nothing => {
                self.value()?;
            }
            Slot::Sign(_) => return Err(NoEnd::Odd),
        }
        Ok(())
    }

    /// A string between its quotes, and whether it holds escapes.
    #[inline(always)]
    fn string(&mut self) -> Result<(&'t str, bool), NoEnd> {
        if self.peek()? != b'"' {
            return Err(NoEnd::Odd);
        }
        let end = string_end(self.simd, self.text.as_bytes(), self.at + 1)?;
        let string = self.text.get(self.at + 1..end.quote).ok_or(NoEnd::Odd)?;
        self.at = end.quote + 1;
        Ok((string, end.escaped))
    }

    /// A wanted string into its slot; empty text is absent. (Handing it back as a value costs a tenth of the scan: it
    /// would be copied in pieces that the processor cannot forward.)
    #[inline(always)]
    fn wanted_text(&mut self, slot: &mut Option<Cow<'t, str>>) -> Result<(), NoEnd> {
        self.peek()?;
        let begin = self.at;
        match self.string()? {
            ("", _) => *slot = None,
            (text, false) => *slot = Some(Cow::Borrowed(text)),
            (_, true) => {
                let quoted = self.text.get(begin..self.at).unwrap_or_default();
                *slot = Some(Cow::Owned(serde_json::from_str(quoted).map_err(|_| NoEnd::Odd)?));
            }
        }
        Ok(())
    }

    /// `true`, `"true"`, `false`, `"false"`.
    #[inline(always)]
    fn flag(&mut self) -> Result<bool, NoEnd> {
        match self.value()? {
            "true" | "\"true\"" => Ok(true),
            "false" | "\"false\"" => Ok(false),
            _ => Err(NoEnd::Odd),
        }
    }

    /// Any value, as it stands there.
    #[inline(always)]
    fn value(&mut self) -> Result<&'t str, NoEnd> {
        let (first, begin) = (self.peek()?, self.at);
        self.at = match first {
            b'{' | b'[' => container_end(self.simd, self.text.as_bytes(), begin).ok_or(NoEnd::CutOff)?,
            b'"' => string_end(self.simd, self.text.as_bytes(), begin + 1)?.quote + 1,
            _ => self.scalar_end()?,
        };
        self.text.get(begin..self.at).ok_or(NoEnd::Odd)
    }

    /// A number or one of the three words.
    #[inline(always)]
    fn scalar_end(&self) -> Result<usize, NoEnd> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_part = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'+' | b'-' | b'.' | b'E');
        let length = rest.bytes().position(|byte| !is_part(byte)).ok_or(NoEnd::CutOff)?;
        let scalar = rest.get(..length).unwrap_or_default();
        let is_number = scalar.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        if is_number || matches!(scalar, "null" | "true" | "false") {
            Ok(self.at + length)
        } else {
            Err(NoEnd::Odd)
        }
    }
}
