//! The hashes of a Merkle tree (RFC 6962 §2.1): a leaf and a node begin with different bytes, so that neither can pass for the
//! other.

use std::fmt;

use ring::digest::{Context, SHA256};

/// SHA-256 of a leaf, a node or an empty tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; Self::LEN]);

impl Hash {
    /// Bytes.
    pub const LEN: usize = 32;

    /// The root of a tree without leaves: the hash of nothing.
    pub fn empty() -> Self {
        Self::of([])
    }

    /// A leaf: the hash of `0x00` and the entry.
    pub fn leaf(entry: &[u8]) -> Self {
        Self::of([[0x00].as_slice(), entry])
    }

    /// A node: the hash of `0x01` and the hashes below it.
    pub fn node(left: &Self, right: &Self) -> Self {
        Self::of([[0x01].as_slice(), &left.0, &right.0])
    }

    /// SHA-256 of these bytes, one after the other: no leaf and no node.
    pub fn of<const PARTS: usize>(parts: [&[u8]; PARTS]) -> Self {
        let mut context = Context::new(&SHA256);
        parts.iter().for_each(|part| context.update(part));
        #[expect(clippy::expect_used, reason = "SHA-256 has 32 bytes")]
        Self(context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }

    /// A hash that was stored.
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// A hash that was stored, when there are as many bytes as a hash has.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

/// 64 hexadecimal digits.
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&kagimori_id::hex(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
