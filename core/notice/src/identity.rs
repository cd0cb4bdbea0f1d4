//! Names of letters that stay the same over retries and restarts: whoever gets a letter twice can tell.

use std::fmt;

use kagimori_id::hex;
use sha2::{Digest, Sha256};

/// A letter's name: `kgm_` and 32 hexadecimal digits. Without a full stop, as a `webhook-id` has to be (Standard Webhooks 1.0.0).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LetterId(String);

impl LetterId {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a letter: of the entry that it is about (whose hash no other journal has), its number, and its channel.
#[must_use]
pub fn letter_id(leaf: &[u8; 32], number: i64, channel: &str) -> LetterId {
    let mut hash = Sha256::new();
    hash.update(b"kagimori letter\0");
    hash.update(leaf);
    hash.update(number.to_be_bytes());
    hash.update(channel.as_bytes());
    LetterId(format!("kgm_{}", first_half(hash)))
}

/// The name of what several letters are about: `kgt_` and 32 hexadecimal digits. Mails of one thread, comments of one issue.
#[must_use]
pub fn thread_id(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"kagimori thread\0");
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    format!("kgt_{}", first_half(hash))
}

fn first_half(hash: Sha256) -> String {
    let digest: [u8; 32] = hash.finalize().into();
    let (half, _) = digest.split_at(16);
    hex(half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_one_letter_and_stays() {
        let id = letter_id(&[7; 32], 3, "sre");
        assert_eq!(id, letter_id(&[7; 32], 3, "sre"));
        assert!(id.as_str().len() == 36 && !id.as_str().contains('.'));
        for other in
            [letter_id(&[8; 32], 3, "sre"), letter_id(&[7; 32], 4, "sre"), letter_id(&[7; 32], 3, "owners")]
        {
            assert_ne!(id, other);
        }
    }

    #[test]
    fn a_thread_is_told_by_its_parts() {
        assert_eq!(thread_id(&["retire", "ab"]), thread_id(&["retire", "ab"]));
        assert_ne!(thread_id(&["retire", "ab"]), thread_id(&["retirea", "b"]));
    }
}
