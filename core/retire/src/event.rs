//! What happens to a retirement.

use jiff::Timestamp;
use kagimori_id::AccessKeyId;
use serde::{Deserialize, Serialize};

use crate::effect::Turn;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "the ladder answers each")]
pub enum Event {
    /// Time has passed.
    Tick {
        /// What held then.
        #[serde(flatten)]
        given: Given,
    },
    /// The way on was tried.
    Tried {
        /// What was seen.
        shown: Shown,
    },
    /// A plan was followed.
    Turned {
        /// Which.
        turn: Turn,
        /// What became of it.
        how: How,
    },
    /// The credential was looked at while it is off.
    Seen {
        /// What was seen.
        sight: Sight,
        /// Whoever looked allows what nothing takes back.
        #[serde(default)]
        may_delete: bool,
    },
    /// Somebody needs it.
    Complaint {
        /// Who says so.
        by: String,
        /// What for.
        reason: String,
    },
    /// Somebody ends the retirement.
    Stop {
        /// Who.
        by: String,
        /// Why, when said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Everything has to come on.
    Panic {
        /// Who says so.
        by: String,
    },
}

/// What holds when time has passed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "whoever ticks says all of it")]
pub struct Given {
    /// The settings protect it.
    pub is_protected: bool,
    /// An off as long as that of the rung may begin now.
    pub is_open: bool,
    /// The first instant at which one may begin once the notice has had its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<Timestamp>,
    /// Another credential of the same owner is being retired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<AccessKeyId>,
    /// Whoever ticks allows what nothing takes back.
    pub may_delete: bool,
}

/// Whether the way on is there, and the credential as it was.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "is", content = "why", rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "what follows differs")]
pub enum Shown {
    /// AWS took the call that will switch it on.
    Open,
    /// It did not: in words.
    Closed(String),
    /// The user carries the tag that protects it, or the key is the caller's own: in words.
    Protected(String),
    /// The credential is not as it was: in words.
    Drifted(String),
}

/// What became of a plan that was followed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "is", content = "why", rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "what follows differs")]
pub enum How {
    /// It is as it should be, by our hand.
    Done,
    /// It was on already, by somebody else's.
    Found,
    /// What is there is neither as before nor as after: in words.
    Moved(String),
    /// It was surely not done: in words.
    Refused(String),
    /// Nobody knows: in words.
    Doubtful(String),
}

/// What was seen of a credential that is off.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "is", content = "why", rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "what follows differs")]
pub enum Sight {
    /// Off, as it should be.
    Off,
    /// Somebody else switched it on.
    On,
    /// It is gone.
    Gone,
    /// The user has another key that was not there.
    Rotated(String),
    /// Its user has another name now: this.
    Renamed(String),
    /// Off, and used since it went off, so it was on meanwhile: in words.
    Used(String),
    /// Off, and protected by a tag of its user or by where its account lies: in words.
    Protected(String),
    /// It could not be looked at, or what protects it could not be asked.
    Unknown(String),
}
