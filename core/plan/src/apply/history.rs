//! Where a plan stands, by what the journal says of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::moves::Names;
use super::record::{Answered, Direction, Event, SCHEMA, Schema, Stored, Turn, VERSION};

/// What the journal says of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct History {
    /// By step; one that is not here was not begun.
    steps: BTreeMap<usize, Standing>,
    /// AWS's names for what the plan could only name beforehand, by the step that made it and the way it went.
    names: BTreeMap<(usize, Direction), Names>,
    /// The steps of which AWS has shown something as made, or as taken back, at some time.
    made: BTreeSet<usize>,
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum Side {
    /// Not made, or taken back.
    #[default]
    Before,
    /// Begun this way, and neither made nor given up.
    Between(Direction),
    /// Made.
    After,
}

/// What is known of a step.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Standing {
    pub(super) side: Side,
    /// Where it stood when it was begun.
    was: Side,
    /// The parts that are verified since it was begun.
    pub(super) verified: BTreeSet<usize>,
    /// The part whose call may have been made or not.
    pub(super) open: Option<usize>,
    /// Whether what became of the last call of the open part is not written down.
    is_pending: bool,
    /// Whether an earlier call of the open part may have been made.
    is_doubtful: bool,
}

/// Why an entry cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "the hint differs")]
pub enum HistoryError {
    /// Not JSON, or not of this kind.
    #[error("the entry {index} of the journal cannot be read: {why}")]
    Unreadable {
        /// From 0.
        index: usize,
        /// What is wrong.
        why: String,
    },
    /// Written by another version.
    #[error(
        "the entry {index} of the journal is of version {version}, and this program reads version {VERSION}"
    )]
    OtherVersion {
        /// From 0.
        index: usize,
        /// Its version.
        version: u32,
    },
}

/// What is read first: other kinds of entries have other fields.
#[derive(Deserialize)]
struct Headed {
    schema: Schema,
}

impl History {
    /// What the entries of a journal say of a plan.
    ///
    /// # Errors
    /// [`HistoryError`] when one of them cannot be read: what it says might be about this plan.
    pub fn of<'e>(plan: &str, entries: impl IntoIterator<Item = &'e [u8]>) -> Result<Self, HistoryError> {
        let mut history = Self::default();
        for (index, entry) in entries.into_iter().enumerate() {
            if let Some(turn) = Turn::read(index, entry)?.filter(|turn| turn.plan == plan) {
                history.fold(turn.direction, &turn.event);
            }
        }
        Ok(history)
    }

    /// Where a step stands, from 0.
    pub fn side(&self, step: usize) -> Side {
        self.steps.get(&step).map(|standing| standing.side).unwrap_or_default()
    }

    /// Whether it says nothing of the plan's steps.
    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether something of a step was made at some time.
    pub(super) fn was_made(&self, step: usize) -> bool {
        self.made.contains(&step)
    }

    /// AWS's names for what the steps made, this way or back, that is there.
    pub(super) fn names(&self) -> Names {
        self.names.values().flatten().map(|(name, real)| (name.clone(), real.clone())).collect()
    }

    pub(super) fn standing(&self, step: usize) -> Standing {
        self.steps.get(&step).cloned().unwrap_or_default()
    }

    pub(super) fn fold(&mut self, direction: Direction, event: &Event) {
        match event {
            Event::Began { .. } | Event::Ended { .. } => {}
            Event::Intent { step, part, .. } => self.step(*step).intended(direction, *part),
            Event::Outcome { step, outcome, .. } => self.step(*step).ended(*outcome),
            Event::Verified { step, part, is_last, names } => {
                self.made.insert(*step);
                if !names.is_empty() {
                    self.names.entry((*step, direction)).or_default().extend(names.clone());
                }
                self.verified(direction, *step, *part, *is_last);
            }
            Event::Found { step, part, is_last } => self.verified(direction, *step, *part, *is_last),
        }
    }

    fn verified(&mut self, direction: Direction, step: usize, part: usize, is_last: bool) {
        self.step(step).verified(direction, part, is_last);
        if is_last {
            // What was made the other way is gone; what is made again has another name.
            self.names.remove(&(step, direction.other()));
        }
    }

    fn step(&mut self, step: usize) -> &mut Standing {
        self.steps.entry(step).or_default()
    }
}

impl Turn {
    /// Reads an entry of a journal; `None`: it is of another kind.
    ///
    /// # Errors
    /// [`HistoryError`] when it cannot be read.
    pub fn read(index: usize, entry: &[u8]) -> Result<Option<Self>, HistoryError> {
        let unreadable =
            |error: serde_json::Error| HistoryError::Unreadable { index, why: error.to_string() };
        let Headed { schema } = serde_json::from_slice(entry).map_err(unreadable)?;
        if schema.name != SCHEMA {
            return Ok(None);
        }
        if schema.version != VERSION {
            return Err(HistoryError::OtherVersion { index, version: schema.version });
        }
        let Stored { at, plan, direction, event, .. } = serde_json::from_slice(entry).map_err(unreadable)?;
        Ok(Some(Self { at, plan, direction, event }))
    }
}

impl Standing {
    /// Whether a later part of the step was begun, this way: nothing is to be done for this one any more.
    pub(super) fn is_past(&self, direction: Direction, part: usize) -> bool {
        let later = self.open.iter().chain(&self.verified).any(|begun| *begun > part);
        self.side == Side::Between(direction) && (later || self.verified.contains(&part))
    }

    /// Whether the step was begun the other way and not finished: any of its parts may be as it was or as it became.
    pub(super) fn is_half_other_way(&self, direction: Direction) -> bool {
        let half = Side::Between(direction.other());
        self.side == half || self.side == Side::Between(direction) && self.was == half
    }

    fn turn(&mut self, direction: Direction) {
        if self.side != Side::Between(direction) {
            *self = Self { side: Side::Between(direction), was: self.side, ..Self::default() };
        }
    }

    fn intended(&mut self, direction: Direction, part: usize) {
        self.turn(direction);
        self.is_doubtful = self.open == Some(part) && (self.is_doubtful || self.is_pending);
        (self.open, self.is_pending) = (Some(part), true);
    }

    /// What was refused or not sent was not done. If nothing else was, the step is where it was.
    fn ended(&mut self, outcome: Answered) {
        self.is_pending = false;
        self.is_doubtful |= matches!(outcome, Answered::Taken | Answered::Unknown);
        if self.is_doubtful {
            return;
        }
        self.open = None;
        if self.verified.is_empty() {
            *self = Self { side: self.was, ..Self::default() };
        }
    }

    fn verified(&mut self, direction: Direction, part: usize, is_last: bool) {
        self.turn(direction);
        (self.open, self.is_pending, self.is_doubtful) = (None, false, false);
        self.verified.insert(part);
        if is_last {
            let side = match direction {
                Direction::Apply => Side::After,
                Direction::Undo => Side::Before,
            };
            *self = Self { side, ..Self::default() };
        }
    }
}

impl HistoryError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => {
                "do not apply anything; `kagimori journal verify` tells whether the journal is whole"
            }
            Self::OtherVersion { .. } => "use the newer program",
        }
    }
}
