//! The bytes of the service reference; `core/policy/src/catalogue/read.rs` reads them and describes them.

use std::collections::BTreeMap;

/// Bytes under way.
#[derive(Debug, Default)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

/// Strings with numbers, in order of first use.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    numbers: BTreeMap<String, u64>,
    all: Vec<String>,
}

impl Bytes {
    /// An unsigned number in LEB128.
    pub(crate) fn number(&mut self, mut value: u64) {
        loop {
            let byte = u8::try_from(value & 0x7f).unwrap_or_default();
            value >>= 7;
            if value == 0 {
                return self.0.push(byte);
            }
            self.0.push(byte | 0x80);
        }
    }

    /// How many follow.
    pub(crate) fn count(&mut self, count: usize) {
        self.number(u64::try_from(count).unwrap_or_default());
    }

    /// A text with its length.
    pub(crate) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }
}

impl Strings {
    /// The number of a string.
    pub(crate) fn intern(&mut self, text: &str) -> u64 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u64::try_from(self.all.len()).unwrap_or_default();
        self.numbers.insert(text.to_owned(), number);
        self.all.push(text.to_owned());
        number
    }

    /// All of them, in the order of their numbers.
    pub(crate) fn write(&self, bytes: &mut Bytes) {
        bytes.count(self.all.len());
        self.all.iter().for_each(|text| bytes.text(text));
    }
}
