//! What must be kept of a tree to append to it and to tell its root: the hashes of its perfect subtrees from left to right, one for
//! each bit of its size.

use crate::hash::Hash;

/// A tree of which only the right edge is kept.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    subtrees: Vec<Hash>,
}

/// What was stored is no frontier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tree of {size} leaves has an edge of {} hashes, and {found} were stored", size.count_ones())]
pub struct FrontierError {
    size: u64,
    found: usize,
}

impl Frontier {
    /// A tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// A tree that was stored as [`Frontier::size`] and [`Frontier::subtrees`].
    ///
    /// # Errors
    /// [`FrontierError`] when there are not as many hashes as a tree of that size has.
    pub fn from_parts(size: u64, subtrees: Vec<Hash>) -> Result<Self, FrontierError> {
        if u32::try_from(subtrees.len()) == Ok(size.count_ones()) {
            return Ok(Self { size, subtrees });
        }
        Err(FrontierError { size, found: subtrees.len() })
    }

    /// Appends a leaf.
    pub fn append(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each bit that the carry takes away is a perfect subtree that is complete now.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                hash = Hash::node(&left, &hash);
            }
        }
        self.subtrees.push(hash);
        // Nobody appends 2^64 leaves.
        self.size = self.size.saturating_add(1);
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root.
    pub fn root(&self) -> Hash {
        let (Some(right), left) = (self.subtrees.last(), self.subtrees.iter().rev().skip(1)) else {
            return Hash::empty();
        };
        left.fold(*right, |right, left| Hash::node(left, &right))
    }

    /// The hashes of the perfect subtrees, the largest first.
    pub fn subtrees(&self) -> &[Hash] {
        &self.subtrees
    }
}
