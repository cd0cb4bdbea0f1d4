//! A lake looked after: what it holds day by day, whether that is what was written, and mending what is not.
//!
//! Nothing is taken away here but what is written anew: of a day that is mended, what its parts hold, what stray parts hold and
//! what the trail's files still hold become new parts, each event once, and only then are the old ones replaced.

mod repair;
mod verify;

use serde::Serialize;

pub use repair::{Mended, repair};
pub use verify::{Depth, look};

/// What a lake holds, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct State {
    /// By day.
    pub days: Vec<DayState>,
    /// Plans and results of batches that cannot be read.
    pub damaged_plans: Vec<String>,
    /// Batches that were cut off.
    pub unfinished: usize,
}

/// What a lake holds of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DayState {
    /// `2026-03-01`
    pub day: String,
    /// Parts of events.
    pub parts: u64,
    /// Events, as the manifest counts them.
    pub events: u64,
    /// Bytes of all its parts, roll-ups and bodies included.
    pub bytes: u64,
    /// Trail files that its events may have come from and that are still there: they are of batches that touched the day.
    pub files_there: u64,
    /// Those that are gone: what of the day is lost, cannot be read again.
    pub files_gone: u64,
    /// What is wrong, one sentence each.
    pub wrong: Vec<String>,
}

impl State {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.damaged_plans.is_empty() && self.days.iter().all(|day| day.wrong.is_empty())
    }
}
