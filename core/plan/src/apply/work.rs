//! The steps of a plan in the order of a direction, each with what undoes it.

use kagimori_estate::change::{Change, WayBack};

use super::record::Direction;
use crate::Plan;

/// A step to be made or taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Work {
    /// Its place in the plan's changes.
    pub(super) step: usize,
    /// What is done; `None`: nothing takes it back.
    pub(super) change: Option<Change>,
    /// What undoes what is done, where anything does.
    pub(super) back: Option<Change>,
}

/// The steps of a direction.
///
/// # Errors
/// In words, when the plan's way back does not match its changes.
pub(super) fn work(plan: &Plan, direction: Direction) -> Result<Vec<Work>, String> {
    // The way back has a step for each change that has one, last first.
    let mut back = plan.way_back.iter().map(|step| step.change.clone());
    let mut steps = Vec::new();
    for (step, made) in plan.changes.iter().enumerate().rev() {
        let undo = match made.change.way_back() {
            WayBack::None => None,
            _ => Some(back.next().ok_or_else(|| {
                "the plan has no way back for every step that has one: it was made by an earlier version"
                    .to_owned()
            })?),
        };
        steps.push((step, made.change.clone(), undo));
    }
    Ok(match direction {
        Direction::Apply => {
            let there = |(step, change, back)| Work { step, change: Some(change), back };
            steps.into_iter().rev().map(there).collect()
        }
        Direction::Undo => {
            let again = |(step, change, back)| Work { step, change: back, back: Some(change) };
            steps.into_iter().map(again).collect()
        }
    })
}
