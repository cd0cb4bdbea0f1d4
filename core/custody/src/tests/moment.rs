//! A moment of the desk, and when two of them are one.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use jiff::Timestamp;

use super::person;
use super::world::{Checked, Facts};
use crate::{Event, Leaf, Outcome, State};

/// A moment: how the desk stands, what was heard, what may still come up.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) state: State,
    pub(super) facts: Facts,
    pub(super) now: Timestamp,
    /// What led here; `None`: time passed.
    pub(super) leaf: Option<Leaf>,
    /// So many unusual things may still happen: keys get lost, people leave, the desk is sealed.
    pub(super) incidents: u8,
}

impl Node {
    /// I5: the leaf that led here, read from its bytes, leads here again.
    pub(super) fn is_folded(&self, before: &Self) -> Checked<()> {
        let Some(leaf) = &self.leaf else { return Ok(()) };
        let parsed = Leaf::parse(&leaf.bytes()).map_err(|error| error.to_string())?;
        let mut folded = before.state.clone();
        folded.fold_one(&parsed).map_err(|error| error.to_string())?;
        if folded == self.state { Ok(()) } else { Err("I5: the fold of the log is not the state".to_owned()) }
    }
}

impl Node {
    /// I12: what was taken is not taken twice; what may be said again changes nothing of what follows, or was another try.
    pub(super) fn is_once(&self) -> Checked<()> {
        let Some(leaf) = &self.leaf else { return Ok(()) };
        let may_be_again = match &leaf.event {
            Event::Ready { .. } | Event::TryPin { .. } => true,
            Event::Settle { outcome, .. } => matches!(outcome, Outcome::Failed { .. }),
            _ => false,
        };
        let policy = self.state.policy().ok_or("nothing is founded")?.clone();
        let again = self.state.clone().take(&leaf.event, &policy, self.now);
        if again.is_err() || may_be_again {
            return Ok(());
        }
        Err(format!("I12: taken twice ({:?})", leaf.event))
    }
}

/// Two moments are one when nothing that may come can tell them apart: how many leaves there were, who carried it out since when, and of
/// what is over everything but who had a part in it and whether it is to be reviewed.
pub(super) fn key(node: &Node) -> u64 {
    let mut state = node.state.clone();
    (state.size, state.at) = (0, None);
    let policy = state.policy.take().map(|policy| policy.version());
    // What happens to nobody any more is always the same.
    state.requests.retain(|id, request| request.is_live() || node.facts.requests.contains_key(id));
    let then = Timestamp::UNIX_EPOCH;
    let is_over = state.live.is_empty();
    for request in state.requests.values_mut() {
        let request = std::sync::Arc::make_mut(request);
        request.proposed = None;
        for release in &mut request.releases {
            (release.leaf, release.at) = (0, then);
            release.shown = release.shown.map(|_| then);
        }
        if let Some(claim) = &mut request.claim {
            claim.at = then;
        }
        if request.is_verified {
            request.wrong_pins = 0;
        }
        if let Some(end) = &mut request.end {
            (end.at, end.by, end.reason) = (then, None, None);
            request.approvals.values_mut().for_each(|approval| approval.at = then);
            (request.pin, request.viewer, request.wrong_pins, request.is_verified) = (None, None, 0, false);
            request.approved_at = None;
            request.releases.truncate(1);
            request.releases.iter_mut().for_each(|release| release.step = 0);
            if let Some(review) = &mut request.review {
                (review.at, review.by) = (then, person("kei"));
            }
        }
    }
    if is_over {
        state.seeds.values_mut().for_each(|held| (held.last_step, held.last_clock) = (0, None));
    }
    let now = if is_over { then } else { node.now };
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    hasher.hash_one((state, policy, node.facts.essence(is_over), now, node.incidents))
}
