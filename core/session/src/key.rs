//! Keys of the cache: a hash over every input of the call, so that an edited profile can never be served the old role.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// The key of one cached result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// Hashes the fields of a call; each is written with its length, so that no two lists of fields read the same.
    #[must_use]
    pub fn of(kind: &str, fields: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for field in std::iter::once(&kind).chain(fields) {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field.as_bytes());
        }
        Self(hash.finalize().into())
    }

    /// The bytes: what an encrypted file is bound to.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        kagimori_id::hex(&self.0)
    }

    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        // `from_str_radix` would take a sign, too.
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

/// HMAC-SHA-256 over fields, each written with its length.
#[must_use]
pub fn keyed(key: &[u8], kind: &str, fields: &[&str]) -> [u8; 32] {
    // HMAC takes keys of any length (RFC 2104, section 2); the other arm is never taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    for field in std::iter::once(&kind).chain(fields) {
        mac.update(&(field.len() as u64).to_be_bytes());
        mac.update(field.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_run_into_each_other() {
        assert_ne!(CacheKey::of("k", &["ab", "c"]), CacheKey::of("k", &["a", "bc"]));
        assert_ne!(CacheKey::of("k", &["", "a"]), CacheKey::of("k", &["a", ""]));
        let key = CacheKey::of("k", &["a"]);
        assert_eq!(CacheKey::from_hex(&key.hex()), Some(key));
        assert_eq!(key.as_bytes().len() * 2, key.hex().len());
        assert_eq!(kagimori_id::hex(key.as_bytes()), key.hex());
        for wrong in ["zz".to_owned(), "+f".repeat(32), "ff".repeat(33), "é".repeat(32), "g".repeat(64)] {
            assert_eq!(CacheKey::from_hex(&wrong), None, "{wrong}");
        }
    }

    /// RFC 4231, test case 2 is over a plain message; ours is framed, so the frame is spelled out here.
    #[test]
    fn keyed_is_hmac_over_framed_fields() {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        mac.update(b"\0\0\0\0\0\0\0\x01k\0\0\0\0\0\0\0\x02ab");
        let expected: [u8; 32] = mac.finalize().into_bytes().into();
        assert_eq!(keyed(b"Jefe", "k", &["ab"]), expected);
    }
}
