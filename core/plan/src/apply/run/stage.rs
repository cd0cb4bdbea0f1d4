//! Where a run is.

use kagimori_id::AccountId;

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
    /// What AWS said when it refused the last call.
    pub(super) refusal: Option<String>,
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
    /// AWS refused it with what may pass.
    Passing,
}

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
            refusal: None,
        }
    }
}
