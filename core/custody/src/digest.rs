//! Canonical bytes, and what is made of them.
//!
//! Canonical bytes are JSON as this crate writes it: fields in the order in which the types declare them, maps by key, no spaces, whole
//! numbers only, absent options left out. The same value has the same bytes in every build; the tests hold examples.

use std::fmt;

use kagimori_id::hex;
use serde::{Deserialize, Serialize};

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*kagimori_ledger::Hash::of([bytes]).as_bytes())
    }

    /// Of a value's canonical bytes, after a line that says what it is: so no bytes are ever two things.
    pub fn of_value(schema: &str, value: &impl Serialize) -> Self {
        Self::of(&canonical(schema, value))
    }

    /// As they are.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// From bytes that are a digest.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its first eight digits, for people.
    pub fn short(&self) -> String {
        hex(self.0.get(..4).unwrap_or_default())
    }
}

/// The schema's line, and the value as JSON.
pub fn canonical(schema: &str, value: &impl Serialize) -> Vec<u8> {
    let mut bytes = schema.as_bytes().to_vec();
    bytes.push(b'\n');
    bytes.extend(json(value));
    bytes
}

/// JSON without a line before it.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    // The types of this crate have no maps but by text, and no numbers but whole ones: serialising them into memory does not fail.
    serde_json::to_vec(value).unwrap_or_default()
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WRONG: &str = "a digest is 64 hexadecimal digits in lower case";
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return Err(WRONG);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digit = |byte: &u8| match byte {
                b'0'..=b'9' => Some(byte - b'0'),
                b'a'..=b'f' => Some(byte - b'a' + 10),
                _ => None,
            };
            let [high, low] = pair else { return Err(WRONG) };
            *byte = digit(high).zip(digit(low)).map(|(high, low)| high << 4 | low).ok_or(WRONG)?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn written_and_read_again() {
        let digest = Digest::of(b"kagimori");
        assert_eq!(Digest::try_from(digest.to_string()), Ok(digest));
        assert!(Digest::try_from(digest.to_string().to_uppercase()).is_err());
        assert!(Digest::try_from("ab".to_owned()).is_err());
        assert_eq!(digest.short().len(), 8);
    }
}
