//! A leaf of the log: an event and when it was taken.

use jiff::Timestamp;
use kagimori_ledger::{Epoch, Hash};
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

    /// Its canonical bytes: what the log holds. The one that begins an epoch has the ledger's lines before, for whoever reads logs and knows
    /// no desks.
    pub fn bytes(&self) -> Vec<u8> {
        let json = crate::digest::json(self);
        match &self.event {
            Event::BeginEpoch { rollback, .. } => {
                [rollback.epoch().to_string().as_bytes(), b"\n", &json].concat()
            }
            _ => json,
        }
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
        let no = |error: &dyn std::fmt::Display| LeafError(error.to_string());
        let json = if Epoch::is_one(bytes) {
            let text = std::str::from_utf8(bytes).map_err(|error| no(&error))?;
            Epoch::taken_apart(text).map_err(|error| no(&error))?.1.as_bytes()
        } else {
            bytes
        };
        let leaf: Self = serde_json::from_slice(json).map_err(|error| no(&error))?;
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
