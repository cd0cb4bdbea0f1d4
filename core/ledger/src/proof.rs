//! Proofs about a log, checked without it (RFC 9162 §2.1.3.2 and §2.1.4.2; the hashes are those of RFC 6962).

use crate::hash::Hash;

/// Why a proof shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "a proof has a subject, a length and a root")]
pub enum ProofError {
    /// The log has no such entry.
    #[error("there is no entry {index} in a log of {size}")]
    NoSuchLeaf {
        /// From 0.
        index: u64,
        /// How many entries.
        size: u64,
    },
    /// A log does not shrink.
    #[error("a log of {old} entries cannot have become one of {new}")]
    Shrunk {
        /// The earlier size.
        old: u64,
        /// The later one.
        new: u64,
    },
    /// Hashes are missing, or there are too many.
    #[error("the proof does not have as many hashes as one of these sizes")]
    Length,
    /// It leads elsewhere.
    #[error("the proof leads to another root: the log, or what is said of it, was altered")]
    OtherRoot,
}

/// Checks that a leaf stands at an index of the log of this size and root.
///
/// # Errors
/// [`ProofError`] when the proof does not show it.
pub fn inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    let Some(last) = size.checked_sub(1).filter(|last| index <= *last) else {
        return Err(ProofError::NoSuchLeaf { index, size });
    };
    let (mut climb, mut hash) = (Climb { index, last }, *leaf);
    for sibling in proof {
        hash = match climb.up()? {
            Side::Left => Hash::node(sibling, &hash),
            Side::Right => Hash::node(&hash, sibling),
        };
    }
    climb.must_be_at_the_root()?;
    if hash == *root { Ok(()) } else { Err(ProofError::OtherRoot) }
}

/// Checks that a log of the old size and root is the beginning of the one of the new.
///
/// # Errors
/// [`ProofError`] when the proof does not show it.
pub fn consistency(
    (old_size, old_root): (u64, &Hash),
    (new_size, new_root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::Shrunk { old: old_size, new: new_size });
    }
    if old_size == 0 || old_size == new_size {
        let must_be = if old_size == 0 { Hash::empty() } else { *new_root };
        return match proof {
            [] if *old_root == must_be => Ok(()),
            [] => Err(ProofError::OtherRoot),
            [..] => Err(ProofError::Length),
        };
    }
    // The way up begins at the largest subtree that is whole in the old log; where that is all of it, who checks knows its hash.
    let whole = old_size.trailing_zeros();
    let mut climb = Climb { index: (old_size - 1) >> whole, last: (new_size - 1) >> whole };
    let (first, rest) = match proof.split_first() {
        _ if old_size.is_power_of_two() => (old_root, proof),
        Some(split) => split,
        None => return Err(ProofError::Length),
    };
    let (mut old, mut new) = (*first, *first);
    for sibling in rest {
        match climb.up()? {
            Side::Left => (old, new) = (Hash::node(sibling, &old), Hash::node(sibling, &new)),
            Side::Right => new = Hash::node(&new, sibling),
        }
    }
    climb.must_be_at_the_root()?;
    if old == *old_root && new == *new_root { Ok(()) } else { Err(ProofError::OtherRoot) }
}

/// Where a sibling stands.
enum Side {
    Left,
    Right,
}

/// A way from a node to the root: where the node stands in its level, and where the last one of that level does.
struct Climb {
    index: u64,
    last: u64,
}

impl Climb {
    /// One sibling up; the levels at which a node on the right edge has none are stepped over.
    fn up(&mut self) -> Result<Side, ProofError> {
        if self.last == 0 {
            return Err(ProofError::Length);
        }
        let is_edge = self.index == self.last;
        let side = if is_edge || self.index & 1 == 1 { Side::Left } else { Side::Right };
        let levels = if is_edge { self.index.trailing_zeros() + 1 } else { 1 };
        // Of 64 levels nothing is left.
        self.index = self.index.checked_shr(levels).unwrap_or(0);
        self.last = self.last.checked_shr(levels).unwrap_or(0);
        Ok(side)
    }

    fn must_be_at_the_root(&self) -> Result<(), ProofError> {
        if self.last == 0 { Ok(()) } else { Err(ProofError::Length) }
    }
}
