//! All hashes of a tree: the root at any size that it had, and the proofs.

use crate::hash::Hash;
use crate::tile::{Tile, TileKind, WIDTH};

/// The hashes of every perfect subtree, by level.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tree {
    /// `levels[l][i]` is of the leaves from `i * 2^l` to before `(i + 1) * 2^l`.
    levels: Vec<Vec<Hash>>,
}

/// What is asked of a tree that it does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "a tree has leaves and sizes")]
pub enum TreeError {
    /// There is no leaf of that index in a tree of that size.
    #[error("there is no entry {index} in a log of {size}")]
    NoSuchLeaf {
        /// From 0.
        index: u64,
        /// How many leaves.
        size: u64,
    },
    /// The tree never had that size.
    #[error("the log has {size} entries, and {asked} were asked about")]
    NeverSoLarge {
        /// How many were asked about.
        asked: u64,
        /// How many leaves there are.
        size: u64,
    },
    /// A tree does not shrink.
    #[error("a log of {old} entries cannot have become one of {new}")]
    Shrunk {
        /// The earlier size.
        old: u64,
        /// The later one.
        new: u64,
    },
}

impl Tree {
    /// A tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a leaf.
    pub fn append(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(level) else { return };
            let left = row.last().copied().filter(|_| !row.len().is_multiple_of(2));
            row.push(hash);
            match left {
                Some(left) => hash = Hash::node(&left, &hash),
                None => return,
            }
        }
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The root when it had so many leaves.
    ///
    /// # Errors
    /// [`TreeError::NeverSoLarge`].
    pub fn root_at(&self, size: u64) -> Result<Hash, TreeError> {
        self.must_have_had(size)?;
        Ok(self.hash_of(0, size).unwrap_or_else(Hash::empty))
    }

    /// The hashes that lead from a leaf to the root of the tree when it had so many leaves, the leaf's sibling first (RFC 6962
    /// §2.1.1).
    ///
    /// # Errors
    /// [`TreeError`] when there is no such leaf, or the tree was never so large.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, TreeError> {
        self.must_have_had(size)?;
        if index >= size {
            return Err(TreeError::NoSuchLeaf { index, size });
        }
        let (mut start, mut count, mut proof) = (0, size, Vec::new());
        while count > 1 {
            let left = split(count);
            if index - start < left {
                proof.extend(self.hash_of(start + left, count - left));
                count = left;
            } else {
                proof.extend(self.hash_of(start, left));
                (start, count) = (start + left, count - left);
            }
        }
        proof.reverse();
        Ok(proof)
    }

    /// The hashes that show that the tree of `old` leaves is the beginning of that of `new` (RFC 6962 §2.1.2). Of a tree without
    /// leaves there is nothing to show.
    ///
    /// # Errors
    /// [`TreeError`] when the tree was never so large, or would have shrunk.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, TreeError> {
        self.must_have_had(new)?;
        if old > new {
            return Err(TreeError::Shrunk { old, new });
        }
        let (mut start, mut count, mut proof) = (0, new, Vec::new());
        if old == 0 {
            return Ok(proof);
        }
        while start + count != old {
            let left = split(count);
            if old - start <= left {
                proof.extend(self.hash_of(start + left, count - left));
                count = left;
            } else {
                proof.extend(self.hash_of(start, left));
                (start, count) = (start + left, count - left);
            }
        }
        // Who checks it knows the root of all old leaves.
        if start > 0 {
            proof.extend(self.hash_of(start, count));
        }
        proof.reverse();
        Ok(proof)
    }

    /// The hashes of a tile; `None`: the tree does not hold them all, or the tile is one of entries.
    pub fn tile(&self, tile: &Tile) -> Option<Vec<Hash>> {
        let TileKind::Hashes(level) = tile.kind() else { return None };
        let row = self.levels.get(usize::from(level).checked_mul(8)?)?;
        let start = usize::try_from(tile.index().checked_mul(WIDTH)?).ok()?;
        let end = start.checked_add(usize::from(tile.width()))?;
        row.get(start..end).map(<[Hash]>::to_vec)
    }

    fn must_have_had(&self, asked: u64) -> Result<(), TreeError> {
        let size = self.size();
        if asked <= size { Ok(()) } else { Err(TreeError::NeverSoLarge { asked, size }) }
    }

    /// The hash of so many leaves from `start` on, where the tree splits so; `None`: there are none.
    fn hash_of(&self, start: u64, count: u64) -> Option<Hash> {
        if count == 0 {
            return None;
        }
        if count.is_power_of_two() {
            let level = count.trailing_zeros();
            let row = self.levels.get(usize::try_from(level).ok()?)?;
            return row.get(usize::try_from(start >> level).ok()?).copied();
        }
        let left = split(count);
        Some(Hash::node(&self.hash_of(start, left)?, &self.hash_of(start + left, count.checked_sub(left)?)?))
    }
}

/// The largest power of two that is less than the number, which is more than one (RFC 6962 §2.1).
fn split(count: u64) -> u64 {
    1 << count.saturating_sub(1).max(1).ilog2()
}
