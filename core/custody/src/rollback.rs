//! A log that was restored from a backup which lacks its last entries: what is left, what was seen, and the epoch in which it goes on.
//!
//! Nobody knows what the lost entries said. So a quorum says in which epoch the log goes on, after what; whatever was under way ends, because
//! a no may be among what was lost; and the entry says it for ever ([`kagimori_ledger::epoch`]).

use kagimori_ledger::Hash;
use kagimori_ledger::epoch::{Epoch, Head};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// How far a log reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "a size and a root")]
pub struct Extent {
    /// How many entries.
    pub size: u64,
    /// The root of their tree.
    pub root: Digest,
}

/// What was lost, and how it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "all of it is signed")]
pub struct Rollback {
    /// The epoch that begins.
    pub number: u64,
    /// What the backup held.
    pub kept: Extent,
    /// The most that the witness has cosigned.
    pub seen: Extent,
}

impl Rollback {
    /// How many entries nobody has any more.
    pub fn lost(&self) -> u64 {
        self.seen.size.saturating_sub(self.kept.size)
    }

    /// As the ledger has it.
    pub fn epoch(&self) -> Epoch {
        Epoch { number: self.number, kept: self.kept.into(), seen: self.seen.into() }
    }
}

impl From<Head> for Extent {
    fn from(head: Head) -> Self {
        Self { size: head.size, root: Digest::from_bytes(*head.root.as_bytes()) }
    }
}

impl From<Extent> for Head {
    fn from(extent: Extent) -> Self {
        Self { size: extent.size, root: Hash::from_bytes(*extent.root.bytes()) }
    }
}
