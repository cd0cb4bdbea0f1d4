//! What was done, and can it be denied? A log whose entries are the leaves of a Merkle tree.
//!
//! No clock, no files, no network, no randomness: bytes in, hashes and texts out.
//!
//! * [`hash`]: leaves and nodes (RFC 6962 §2.1).
//! * [`Frontier`]: what must be kept to append, O(log n) hashes; [`Tree`]: all hashes, which gives the root at any size.
//! * [`proof`]: that an entry is in a log, and that a log only grew; both are checked without the log.
//! * [`note`] and [`key`]: signed notes (C2SP `signed-note`); [`Checkpoint`]: the size and root that a log commits itself to (C2SP
//!   `tlog-checkpoint`).
//! * [`tile`]: the files a log is published as (C2SP `tlog-tiles`).

pub mod checkpoint;
pub mod frontier;
pub mod hash;
pub mod key;
pub mod note;
pub mod proof;
pub mod tile;
pub mod tree;

pub use checkpoint::Checkpoint;
pub use frontier::Frontier;
pub use hash::Hash;
pub use key::{SigningKey, VerifyingKey};
pub use note::Note;
pub use tile::Tile;
pub use tree::Tree;
