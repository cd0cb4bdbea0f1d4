//! A leaf of the log: an event and when it was taken.

use jiff::Timestamp;
use kagimori_ledger::Hash;
use serde::{Deserialize, Serialize};

use crate::event::Event;

/// The version of the rules by which leaves are folded. Rules that judge otherwise get a new number, and the old ones stay for old leaves.
/// The lints of a policy are among them: a new lint is for what is proposed from then on, or a log whose policy was good then could not be
/// folded any more.
pub const RULES: u16 = 1;

/// What a leaf says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the bytes are its fields")]
pub struct Leaf {
    /// By which rules it was taken.
    pub rules: u16,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

impl Leaf {
    /// Of an event that is taken now.
    pub fn new(event: Event, at: Timestamp) -> Self {
        Self { rules: RULES, at, event }
    }

    /// Its canonical bytes: what the log holds.
    pub fn bytes(&self) -> Vec<u8> {
        crate::digest::json(self)
    }

    /// The hash of the tree's leaf (RFC 6962 §2.1).
    pub fn hash(&self) -> Hash {
        Hash::leaf(&self.bytes())
    }

    /// Reads the bytes of a leaf. Bytes that mean the same and are not the canonical ones are refused: nobody may write one leaf in two ways.
    ///
    /// # Errors
    /// Why they are no leaf.
    pub fn parse(bytes: &[u8]) -> Result<Self, LeafError> {
        let leaf: Self = serde_json::from_slice(bytes).map_err(|error| LeafError(error.to_string()))?;
        if leaf.rules == 0 || leaf.rules > RULES {
            return Err(LeafError(format!(
                "its rules are version {}, and this program knows {RULES}",
                leaf.rules
            )));
        }
        if leaf.bytes() != bytes {
            return Err(LeafError("its bytes are not the canonical ones".to_owned()));
        }
        Ok(leaf)
    }
}

/// Why bytes are no leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a text")]
pub struct LeafError(pub String);

impl std::fmt::Display for LeafError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an entry of the log cannot be read: {}", self.0)
    }
}

impl std::error::Error for LeafError {}
