//! What a step asks for.

use serde::{Deserialize, Serialize};

use crate::notice::Kind;

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "whoever drives the ladder does each")]
pub enum Effect {
    /// Tell people.
    Tell(Kind),
    /// Try the way on: [`crate::Event::Tried`].
    Try,
    /// Look at what is off: [`crate::Event::Seen`].
    Look,
    /// Follow a plan: [`crate::Event::Turned`].
    Follow(Turn),
}

/// A plan and its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "off, on, gone")]
pub enum Turn {
    /// The plan of the rung.
    Off,
    /// The plan of the rung, taken back.
    On,
    /// The plan of the delete.
    Delete,
}

impl Turn {
    /// `off`
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
            Self::Delete => "delete",
        }
    }
}
