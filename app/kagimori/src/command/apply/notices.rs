//! What people are told of a plan that is followed: that it begins, and how it ends.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_notice::Notice;
use kagimori_plan::Plan;
use kagimori_plan::apply::{Direction, Ending, Event, Record};

/// So many changes are told in words.
const TOLD_MAX: usize = 5;

/// The body of the notice about a turn; `None`: nobody is told of it.
pub(super) fn body(plan: &Plan, by: &str, record: &Record) -> Option<String> {
    let (kind, why) = kind(&record.event, record.direction)?;
    let accounts: BTreeSet<String> =
        plan.changes.iter().filter_map(|made| made.change.account()).map(|id| id.to_string()).collect();
    let sentences = plan.changes.iter().take(TOLD_MAX).map(|made| made.sentence.as_str());
    let mut changes = sentences.collect::<Vec<_>>().join("; ");
    if plan.changes.len() > TOLD_MAX {
        changes.push_str("; …");
    }
    let facts = BTreeMap::from([
        ("title", plan.title.clone()),
        ("plan", record.plan.clone()),
        ("by", by.to_owned()),
        ("account", accounts.into_iter().collect::<Vec<_>>().join(", ")),
        ("steps", plan.changes.len().to_string()),
        ("changes", changes),
        ("why", why.to_owned()),
        ("if_it_hurts", format!("kagimori undo {}", record.plan)),
    ]);
    Some(Notice::body(kind, &facts))
}

/// The kind of the notice about a turn, and why it came to it.
fn kind(event: &Event, direction: Direction) -> Option<(&'static str, &str)> {
    match (event, direction) {
        (Event::Began { .. }, Direction::Apply) => Some(("plan.begun", "")),
        (Event::Began { .. }, Direction::Undo) => Some(("plan.undoing", "")),
        (Event::Ended { ending: Ending::Done, .. }, Direction::Apply) => Some(("plan.applied", "")),
        (Event::Ended { ending: Ending::Done, .. }, Direction::Undo) => Some(("plan.undone", "")),
        (Event::Ended { ending: Ending::Stopped, why, .. }, _) => Some(("plan.stopped", why)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_how_it_begins_and_ends_and_nothing_between() {
        let began = || Event::Began { title: "t".to_owned(), by: "b".to_owned() };
        let ended = |ending| Event::Ended { ending, step: None, why: "refused".to_owned() };
        let verified = Event::Verified { step: 0, part: 0, is_last: true, names: BTreeMap::new() };
        for (event, direction, expected) in [
            (began(), Direction::Apply, Some(("plan.begun", ""))),
            (began(), Direction::Undo, Some(("plan.undoing", ""))),
            (ended(Ending::Done), Direction::Apply, Some(("plan.applied", ""))),
            (ended(Ending::Done), Direction::Undo, Some(("plan.undone", ""))),
            (ended(Ending::Stopped), Direction::Undo, Some(("plan.stopped", "refused"))),
            (verified, Direction::Apply, None),
        ] {
            assert_eq!(kind(&event, direction), expected, "{event:?}");
            assert!(
                expected
                    .is_none_or(|(kind, _)| Notice::read(&Notice::body(kind, &BTreeMap::new())).has_text())
            );
        }
    }
}
