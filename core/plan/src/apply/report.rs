//! What a run came to.

use serde_json::Value;

use super::call::Call;
use super::record::Direction;

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Which way.
    pub direction: Direction,
    /// The steps that this run made, or finished, in order.
    pub done: Vec<usize>,
    /// The steps that were done before it.
    pub already: Vec<usize>,
    /// The steps that were found as they were before the plan: somebody else took them back.
    pub found: Vec<usize>,
    /// On the way back: the steps that were never made.
    pub never: Vec<usize>,
    /// The steps that nothing takes back: by their kind, or because what they are about is gone for good.
    pub one_way: Vec<usize>,
    /// The steps that are not done.
    pub left: Vec<usize>,
    /// What had to go to make room, as it was; its text is in the journal.
    pub gone: Vec<Value>,
    /// On the way back: the journal says nothing of this plan.
    pub is_unwritten: bool,
    /// How it ended.
    pub ended: Ended,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the hint differs")]
pub enum Ended {
    /// At its end.
    Done,
    /// It only looked: these calls would be made.
    WouldDo(Vec<Call>),
    /// Nothing was to be done.
    NothingToDo,
    /// The plan cannot be followed: in words.
    Unusable(String),
    /// Steps that nothing takes back were not allowed.
    OneWay(Vec<usize>),
    /// The alias that was typed is not that of the account.
    NotConfirmed,
    /// The credentials are of another account, or tell nothing: in words.
    OtherAccount(String),
    /// An instance of Identity Center that AWS does not list where it was asked: its ARN.
    OtherRegion(String),
    /// Before anything was changed: what the plan is about is not as it was.
    Moved(Vec<Moved>),
    /// In the middle: this step was not made.
    Stopped {
        /// Which, from 0.
        step: usize,
        /// Whether its call may have been made.
        in_doubt: bool,
        /// Why, in words.
        why: String,
    },
}

/// A step whose precondition does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a step and what is wrong")]
pub struct Moved {
    /// Which, from 0.
    pub step: usize,
    /// What is different, in words.
    pub what: String,
}

impl Report {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self.direction {
            Direction::Apply => self.ended.hint(),
            Direction::Undo if self.is_unwritten && matches!(self.ended, Ended::Moved(_)) => UNWRITTEN,
            Direction::Undo => self.ended.hint_back(),
        }
    }
}

/// What to do where only AWS tells that a plan may have been applied.
const UNWRITTEN: &str = "nothing was changed; run the same command with the directory (`--dir`) whose journal.db was written when it was applied, or by hand: \
     `kagimori plan show` lists the way back";

impl Ended {
    /// What to do next.
    fn hint(&self) -> &'static str {
        match self {
            Self::Done | Self::WouldDo(_) | Self::NothingToDo => "",
            Self::Unusable(_) => "make the plan again with `kagimori whatif --save` or `kagimori tighten`",
            Self::OneWay(_) => {
                "say `--irreversible` if that is what you want; what can be saved of them is kept in the journal"
            }
            Self::NotConfirmed => "nothing was changed; type the alias as AWS has it, or use `--alias`",
            Self::OtherAccount(_) => {
                "nothing was changed; choose the credentials of that account with `--profile` or `--role`"
            }
            Self::OtherRegion(_) => {
                "nothing was changed; say in which Region the instance lives: `AWS_REGION=REGION kagimori apply …`, or `region` of the profile"
            }
            Self::Moved(_) => {
                "nothing was changed; take a fresh snapshot (`kagimori collect`) and make the plan again"
            }
            Self::Stopped { in_doubt: true, .. } => {
                "run the same command again: it looks at what came of the call and goes on, or `kagimori undo` goes back"
            }
            Self::Stopped { in_doubt: false, .. } => {
                "remove the cause and run the same command again, or go back with `kagimori undo`"
            }
        }
    }
    /// The same on the way back: there is no other plan to make, and nothing to undo.
    fn hint_back(&self) -> &'static str {
        match self {
            Self::Unusable(_) => {
                "take it back by hand: `kagimori plan show` lists its steps, `kagimori journal show --plan` what was made"
            }
            Self::Moved(_) => {
                "nothing was changed; where AWS did not answer, remove the cause and run the same command again; what somebody else has \
                 changed is theirs: put it as the plan left it, or take the rest back by hand (`kagimori plan show` lists the way back)"
            }
            Self::Stopped { in_doubt: true, .. } => {
                "run the same command again: it looks at what came of the call and goes on"
            }
            Self::Stopped { in_doubt: false, .. } => {
                "remove the cause and run the same command again: it goes on with what is not back yet"
            }
            other => other.hint(),
        }
    }
}
