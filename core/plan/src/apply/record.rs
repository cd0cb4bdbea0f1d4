//! What is written down: one entry for each turn of an applied plan, as JSON.
//!
//! Policies and other texts stand beside the entry, named in it by their SHA-256.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kagimori_id::{AccountId, hex};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::call::{Call, Outcome};

/// What an entry of this kind calls itself.
pub const SCHEMA: &str = "kagimori.applied";

/// The version that is written, and the only one that is read.
pub(super) const VERSION: u32 = 1;

/// Which way a plan is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "there and back")]
pub enum Direction {
    /// Its changes.
    Apply,
    /// Its way back.
    Undo,
}

/// A turn, and the texts it names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The plan.
    pub plan: String,
    /// Which way.
    pub direction: Direction,
    /// What it is.
    pub event: Event,
    /// The texts that it names.
    pub documents: Vec<String>,
}

/// A turn as it was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Turn {
    /// When.
    pub at: Timestamp,
    /// The plan.
    pub plan: String,
    /// Which way.
    pub direction: Direction,
    /// What it is.
    pub event: Event,
}

/// A turn as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) schema: Schema,
    pub(super) at: Timestamp,
    pub(super) plan: String,
    pub(super) direction: Direction,
    #[serde(flatten)]
    pub(super) event: Event,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Schema {
    pub(super) name: String,
    pub(super) version: u32,
}

/// The turns. A step is counted from 0 in the plan's changes, whichever way it goes; a part is one call of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "whoever reads the journal tells each")]
pub enum Event {
    /// All preconditions were as they should be.
    Began {
        /// The plan's title.
        title: String,
        /// Who.
        by: String,
    },
    /// A call is about to be made.
    Intent {
        /// Which step.
        step: usize,
        /// Which of its calls.
        part: usize,
        /// The how manieth time, from 1.
        attempt: u32,
        /// In which account; left out: the management account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
        /// `iam`
        service: String,
        /// `UpdateAccessKey`
        operation: String,
        /// The SHA-256 of its parameters.
        input: String,
        /// The SHA-256 of what is there before it; left out: nothing is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        found: Option<String>,
    },
    /// What became of it.
    Outcome {
        /// Which step.
        step: usize,
        /// Which of its calls.
        part: usize,
        /// How it ended.
        outcome: Answered,
        /// AWS's words, or what was seen.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// AWS shows what was intended.
    Verified {
        /// Which step.
        step: usize,
        /// Which of its calls.
        part: usize,
        /// Whether the step is made with it.
        is_last: bool,
        /// AWS's names for what the plan could only name beforehand.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        names: BTreeMap<String, String>,
    },
    /// On the way back it was found as it was before the plan: somebody else's doing.
    Found {
        /// Which step.
        step: usize,
        /// Which of its calls.
        part: usize,
        /// Whether the step is back with it.
        is_last: bool,
    },
    /// The end of a run.
    Ended {
        /// How.
        ending: Ending,
        /// Where it stopped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<usize>,
        /// Why it stopped.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "what follows differs")]
pub enum Answered {
    /// AWS took it.
    Taken,
    /// AWS refused it.
    Refused,
    /// Nobody knows.
    Unknown,
    /// It was not sent.
    NotSent,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "to the end or not")]
pub enum Ending {
    /// At its end.
    Done,
    /// Before.
    Stopped,
}

impl Direction {
    /// `apply` or `undo`
    pub fn word(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Undo => "undo",
        }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::Apply => Self::Undo,
            Self::Undo => Self::Apply,
        }
    }
}

impl Record {
    /// The entry of the journal.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which is a defect.
    pub fn entry(&self, at: Timestamp) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Stored {
            schema: Schema { name: SCHEMA.to_owned(), version: VERSION },
            at,
            plan: self.plan.clone(),
            direction: self.direction,
            event: self.event.clone(),
        })
    }

    pub(super) fn intent(
        step: usize,
        part: usize,
        attempt: u32,
        call: &Call,
        found: Option<&Value>,
    ) -> (Event, Vec<String>) {
        let input = call.input.to_string();
        let found = found.map(ToString::to_string);
        let event = Event::Intent {
            step,
            part,
            attempt,
            account: call.account,
            service: call.service.to_owned(),
            operation: call.operation.clone(),
            input: sha256(&input),
            found: found.as_deref().map(sha256),
        };
        (event, [input].into_iter().chain(found).collect())
    }
}

impl Answered {
    /// How a call ended, and the words for it.
    pub(super) fn of(outcome: &Outcome) -> (Self, String) {
        match outcome {
            Outcome::Answer(_) => (Self::Taken, String::new()),
            Outcome::Refused { code, message } => (Self::Refused, format!("{code}: {message}")),
            Outcome::Unknown { why } => (Self::Unknown, why.clone()),
            Outcome::NotSent { why } => (Self::NotSent, why.clone()),
        }
    }
}

fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}
