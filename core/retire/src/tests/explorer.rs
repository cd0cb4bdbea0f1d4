//! Every order of time, crashes, lost and refused calls, complaints, stops, panic, and what others do meanwhile.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use super::world::{Checked, FAULTS, Node, OTHERS};
use super::{key, lasting};
use crate::{Answer, Event, How, Phase, Shown, Sight, Wanted};

/// How many different moments were seen, or what must never be and was.
pub(super) fn explore(first: Node) -> Checked<usize> {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let (mut seen, mut left) = (HashSet::new(), vec![first]);
    while let Some(node) = left.pop() {
        if seen.insert(hasher.hash_one(&node)) {
            left.extend(after(&node)?);
        }
    }
    Ok(seen.len())
}

/// Whether all of it is asked for: the night's matter.
#[expect(clippy::disallowed_methods, reason = "how much is tested is the environment's word")]
fn is_whole() -> bool {
    std::env::var("KAGIMORI_MATRIX").is_ok_and(|word| !word.is_empty())
}

/// The worlds that are explored: one owner and two, ticks that come late, one thing that goes wrong at every point; at night both.
pub(super) fn firsts() -> Vec<Node> {
    let (one, two) = (["web", "web"], ["web", "batch"]);
    let mut firsts = vec![
        Node::first(two, 1, 0, 0),
        Node::first(one, 1, 0, 0),
        Node::first(two, 0, 1, 0),
        Node::first(one, 0, 1, 1),
    ];
    if is_whole() {
        firsts.extend([Node::first(one, 1, 1, 0), Node::first(two, 1, 1, 0)]);
    }
    firsts
}

fn after(node: &Node) -> Checked<Vec<Node>> {
    let mut next = Vec::new();
    if node.incidents > 0 {
        for other in OTHERS {
            let mut node = node.clone();
            if node.other(other) {
                node.spend();
                next.push(node);
            }
        }
    }
    if node.round.is_some() {
        next.extend(within(node)?);
    } else if !node.is_at_rest() {
        next.extend(between(node));
    }
    Ok(next)
}

/// Time passes, or somebody says something.
fn between(node: &Node) -> Vec<Node> {
    let mut next = Vec::new();
    let may_delete = node.states.iter().any(|state| {
        matches!(state.standing.phase, Phase::DeleteDue { .. } | Phase::Deleting { .. } | Phase::Off { .. })
    });
    let mut go = |mut node: Node, now, lates, jumps| {
        (node.now, node.lates, node.jumps) = (now, lates, jumps);
        for may_delete in [false, may_delete] {
            let mut node = node.clone();
            node.begin(&[], may_delete);
            next.push(node);
        }
    };
    // Nothing but a deletion waits for leave: without it time would pass for ever.
    let instant = node.next_instant();
    if instant < lasting("9d").after(super::at("2026-11-02T09:00:00Z")) {
        go(node.clone(), instant, node.lates, node.jumps);
    }
    // A process that died is begun again at once.
    if node.states.iter().any(|state| matches!(state.standing.phase, Phase::GoingOff { .. })) {
        go(node.clone(), lasting("1min").after(node.now), node.lates, node.jumps);
    }
    if node.lates > 0 {
        go(node.clone(), lasting("1min").after(instant), node.lates - 1, node.jumps);
        go(node.clone(), lasting("4min").after(instant), node.lates - 1, node.jumps);
    }
    if node.jumps > 0 {
        go(node.clone(), lasting("9d").after(node.now), node.lates, node.jumps - 1);
    }
    if node.incidents > 0 && node.fates.iter().any(|fate| fate.key == super::world::Key::Inactive) {
        let mut node = node.clone();
        node.spend();
        node.set_back();
        go(node.clone(), node.now, node.lates, node.jumps);
    }
    if node.incidents > 0 {
        let by = || "mika".to_owned();
        let complaint = Event::Complaint { by: by(), reason: "needed".to_owned() };
        let said: [&[(usize, Event)]; 3] = [
            &[(0, complaint)],
            &[(0, Event::Stop { by: by(), reason: None })],
            &[(0, Event::Panic { by: by() }), (1, Event::Panic { by: by() })],
        ];
        for happened in said {
            let mut node = node.clone();
            node.spend();
            node.begin(happened, false);
            next.push(node);
        }
    }
    next
}

/// What the round wants goes well, or wrong.
fn within(node: &Node) -> Checked<Vec<Node>> {
    let Some(running) = &node.round else { return Ok(Vec::new()) };
    let which = |state: &crate::State| (0..2).find(|which| key(*which) == *state.key()).unwrap();
    let mut next = Vec::new();
    let mut well = node.clone();
    match running.round.wanted(node.now) {
        Wanted::Nothing => well.ends()?,
        Wanted::Journal(entry, notices) => {
            well.write(&entry, &notices)?;
            if node.incidents > 0 {
                // Before it is on the disk, and after.
                for mut node in [node.clone(), well.clone()] {
                    node.spend();
                    node.die();
                    next.push(node);
                }
            }
            well.answer(Answer::Journalled);
        }
        Wanted::Try(state) => {
            let which = which(state);
            let mut wrong = node.clone();
            let shown = well.tried(which)?;
            well.answer(Answer::Tried(shown));
            if node.incidents > 0 {
                wrong.spend();
                wrong.answer(Answer::Tried(Shown::Closed("denied".to_owned())));
                next.push(wrong);
            }
        }
        Wanted::Look(state) => {
            let which = which(state);
            let mut wrong = node.clone();
            let sight = well.seen(which)?;
            well.answer(Answer::Seen(sight));
            if node.incidents > 0 {
                wrong.spend();
                wrong.answer(Answer::Seen(Sight::Unknown("throttled".to_owned())));
                next.push(wrong);
            }
        }
        Wanted::Follow(state, turn) => {
            let which = which(state);
            let how = well.follow(which, turn, None)?.unwrap_or(How::Done);
            well.answer(Answer::Turned(how));
            if node.incidents > 0 {
                for fault in FAULTS {
                    let mut node = node.clone();
                    node.spend();
                    match node.follow(which, turn, Some(fault))? {
                        Some(how) => node.answer(Answer::Turned(how)),
                        None => node.die(),
                    }
                    next.push(node);
                }
            }
        }
    }
    next.push(well);
    Ok(next)
}

#[test]
fn nothing_goes_down_that_must_not_and_everything_comes_on_again() {
    let mut total = 0;
    for first in firsts() {
        let (incidents, lates, jumps) = (first.incidents, first.lates, first.jumps);
        match explore(first) {
            Ok(count) => {
                println!("{count} states with {incidents} incidents, {lates} late ticks, {jumps} jumps");
                total += count;
            }
            Err(what) => panic!("{what}"),
        }
    }
    println!("{total} states");
    assert!(total >= 10_000, "{total}");
}
