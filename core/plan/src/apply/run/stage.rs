//! Where a run is.

use kagimori_id::AccountId;
use serde_json::Value;

use super::super::call::{Call, Outcome};
use super::super::history::Standing;
use super::super::moves::Move;
use super::super::report::{Ended, Moved};
use super::super::state::State;
use super::super::terms::Asked;
use super::whole::Touch;

#[derive(Debug)]
pub(super) enum Stage {
    /// Whose credentials are they?
    Accounts {
        left: Vec<Option<AccountId>>,
        answers: Vec<Outcome>,
    },
    /// A person has to type the alias.
    Typing {
        asked: Asked,
        left: Vec<Option<AccountId>>,
    },
    /// Are the preconditions as they should be?
    Surveying {
        left: Vec<Survey>,
        answers: Vec<Outcome>,
        moved: Vec<Moved>,
        calls: Vec<Call>,
    },
    Beginning,
    /// What is there?
    Looking {
        at: At,
        why: Why,
        answers: Vec<Outcome>,
    },
    /// Some seconds pass, then it is looked again.
    Waiting {
        at: At,
        why: Why,
    },
    Intending {
        at: At,
        found: State,
    },
    Calling {
        at: At,
        call: Call,
    },
    /// What became of the call is written down.
    Telling {
        at: At,
        outcome: Outcome,
    },
    /// AWS shows what was intended.
    Verifying {
        at: At,
        found: State,
        is_ours: bool,
    },
    Ending {
        ended: Ended,
    },
    Done,
}

/// A move, before anything is changed.
#[derive(Clone, Debug)]
pub(super) struct Survey {
    /// Its place in the work.
    pub(super) place: usize,
    pub(super) made: Move,
    /// Whether looking tells anything yet: an earlier step touches the same.
    pub(super) is_hidden: bool,
    /// What earlier steps touch, where it is a look at all that something holds.
    pub(super) before: Vec<Touch>,
}

/// A move of a step.
#[derive(Clone, Debug)]
pub(super) struct At {
    /// Its place in the work.
    pub(super) place: usize,
    pub(super) part: usize,
    pub(super) made: Move,
    pub(super) is_last: bool,
    /// What the journal says of the step.
    pub(super) standing: Standing,
    /// Whether it is a call of the other direction, of which is to be known what came before the step goes this way.
    pub(super) is_of_before: bool,
    /// How often its call was made in this run.
    pub(super) attempts: u32,
    /// Whether a call was made, by this run or an earlier one, of which it is not known what came.
    pub(super) is_doubtful: bool,
    /// How often it was looked at since then.
    pub(super) looks: usize,
    /// How often it was waited, for all its calls together.
    pub(super) waits: usize,
    /// What AWS said when it refused the last call.
    pub(super) refusal: Option<Refusal>,
    /// What was heard of the last call whose answer tells nothing, in words.
    pub(super) lost: Option<String>,
    /// What goes to make room, once it is gone.
    pub(super) room: Option<Value>,
}

/// Why it is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Before the intent.
    Before,
    /// AWS has taken the call.
    Taken,
    /// It is not known whether AWS has.
    Unknown,
    /// AWS refused it, and may have made it all the same.
    Refused,
    /// AWS refused it with what may pass.
    Passing,
}

/// AWS's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// `NoSuchEntity`
    pub(super) code: String,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn words(&self) -> String {
        format!("AWS refused it: {}: {}", self.code, self.message)
    }

    pub(super) fn outcome(&self) -> Outcome {
        Outcome::Refused { code: self.code.clone(), message: self.message.clone() }
    }

    /// What came of it is not known, in words.
    pub(super) fn unknown(&self) -> Outcome {
        Outcome::Unknown { why: format!("AWS answered {}: {}", self.code, self.message) }
    }

    /// Errors that say nothing of whether it was made: another server gave up on the one that was at it (AWS SDKs and Tools Reference
    /// Guide, *Retry behavior*: transient errors).
    pub(super) fn is_no_answer(&self) -> bool {
        const TRANSIENT: [&str; 6] = [
            "RequestTimeout",
            "RequestTimeoutException",
            "InternalFailure",
            "InternalError",
            "ServiceFailure",
            "ServiceUnavailable",
        ];
        TRANSIENT.contains(&self.code.as_str())
    }

    /// Errors that contradict what was seen right before the call: that of a call that was delivered twice.
    pub(super) fn is_of_end(&self) -> bool {
        const ENDS: [&str; 6] = [
            "NoSuchEntity",
            "EntityAlreadyExists",
            "PolicyNotFoundException",
            "PolicyNotAttachedException",
            "DuplicatePolicyException",
            "DuplicatePolicyAttachmentException",
        ];
        ENDS.contains(&self.code.as_str())
    }
}

/// So often it was looked, seconds apart, before a call that may be made twice is made again.
const LOOKS_BEFORE_AGAIN: usize = 3;

impl At {
    pub(super) fn new(place: usize, part: usize, made: Move, standing: Standing) -> Self {
        Self {
            place,
            part,
            made,
            is_last: false,
            standing,
            is_of_before: false,
            attempts: 0,
            is_doubtful: false,
            looks: 0,
            waits: 0,
            refusal: None,
            lost: None,
            room: None,
        }
    }

    /// Whether AWS was looked at for a while since a call that may be made twice.
    pub(super) fn is_to_be_repeated(&self) -> bool {
        self.made.is_repeatable
            && !self.is_of_before
            && self.refusal.is_none()
            && self.looks >= LOOKS_BEFORE_AGAIN
    }
}
