//! What was done, and can it be denied? A log whose entries are the leaves of a Merkle tree.
//!
//! No clock, no files, no network, no randomness: bytes in, hashes and texts out.
//!
//! * [`hash`]: leaves and nodes (RFC 6962 §2.1).
//! * [`Frontier`]: what must be kept to append, O(log n) hashes; [`Tree`]: all hashes, which gives the root at any size.
//! * [`proof`]: that an entry is in a log, and that a log only grew; both are checked without the log.
//! * [`note`] and [`key`]: signed notes (C2SP `signed-note`); [`Checkpoint`]: the size and root that a log commits itself to (C2SP
//!   `tlog-checkpoint`).
//! * [`Witness`]: who has seen the log before, and cosigns what only grew (C2SP `tlog-witness`, `tlog-cosignature`); [`TrustPolicy`]:
//!   whose signatures are believed, and how many (C2SP `tlog-policy`); [`Evidence`]: a proof as a file (C2SP `tlog-proof`).
//! * [`Audit`]: a whole log, recomputed: truncation, rewriting, forks and roll-backs are named; [`Epoch`]: how a log goes on after it was
//!   restored from a backup; [`published`]: the same over a log's files.
//! * [`tile`]: the files a log is published as (C2SP `tlog-tiles`).

pub mod audit;
pub mod checkpoint;
pub mod epoch;
pub mod evidence;
pub mod frontier;
pub mod hash;
pub mod key;
pub mod note;
pub mod proof;
pub mod published;
pub mod tile;
pub mod tree;
pub mod trust;
pub mod witness;

pub use audit::Audit;
pub use checkpoint::Checkpoint;
pub use epoch::Epoch;
pub use evidence::Evidence;
pub use frontier::Frontier;
pub use hash::Hash;
pub use key::{CosigningKey, SigningKey, VerifyingKey};
pub use note::Note;
pub use tile::Tile;
pub use tree::Tree;
pub use trust::TrustPolicy;
pub use witness::Witness;
