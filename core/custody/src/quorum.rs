//! Whether enough people stand behind a request.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::guard::{Guard, holds};
use crate::name::PersonId;
use crate::policy::{Need, Policy};
use crate::request::Request;
use crate::state::State;

/// Whether these people fill every seat: so many of each group, and nobody sits on two seats.
pub fn is_filled(needs: &[Need], policy: &Policy, people: &BTreeSet<PersonId>) -> bool {
    fill(needs, people, |person, need| policy.is_in(person, &need.group))
}

/// A matching of people and seats that fills every seat (Kuhn's augmenting paths: seats are few).
pub(crate) fn fill(
    needs: &[Need],
    people: &BTreeSet<PersonId>,
    may: impl Fn(&PersonId, &Need) -> bool,
) -> bool {
    let seats: Vec<&Need> =
        needs.iter().flat_map(|need| std::iter::repeat_n(need, need.count.get().into())).collect();
    let mut taken = BTreeMap::new();
    !seats.is_empty()
        && (0..seats.len()).all(|seat| seated(seat, &seats, people, &may, &mut taken, &mut BTreeSet::new()))
}

fn seated<'a>(
    seat: usize,
    seats: &[&Need],
    people: &'a BTreeSet<PersonId>,
    may: &impl Fn(&PersonId, &Need) -> bool,
    taken: &mut BTreeMap<&'a PersonId, usize>,
    asked: &mut BTreeSet<&'a PersonId>,
) -> bool {
    let Some(need) = seats.get(seat) else { return false };
    for person in people {
        if !may(person, need) || !asked.insert(person) {
            continue;
        }
        let moves = match taken.get(person).copied() {
            Some(other) => seated(other, seats, people, may, taken, asked),
            None => true,
        };
        if moves {
            taken.insert(person, seat);
            return true;
        }
    }
    false
}

impl Request {
    /// Whose approvals count now: of people whose key still counts, not too old, and never the requester's.
    pub fn live_approvals(&self, state: &State, policy: &Policy, now: Timestamp) -> BTreeSet<PersonId> {
        let rule = policy.rule(self.ask.kind(), self.ask.matter.account());
        let last = rule.map_or(self.ask.votes_last, |(_, rule)| rule.votes_last.min(self.ask.votes_last));
        self.approvals
            .iter()
            .filter(|(person, approval)| {
                let is_known = policy.key(person, &approval.proof.key).is_some();
                let is_key = holds(Guard::KeyStill, is_known && !state.is_revoked(&approval.proof.key));
                let is_fresh = holds(Guard::VoteFresh, now < last.after(approval.at));
                is_key && is_fresh && holds(Guard::SelfNotCounted, **person != self.ask.by)
            })
            .map(|(person, _)| person.clone())
            .collect()
    }

    /// Whether enough stand behind it now: by what was asked for then, and by the rule as it is now.
    pub fn has_quorum(&self, state: &State, policy: &Policy, now: Timestamp) -> bool {
        let live = self.live_approvals(state, policy, now);
        let Some((_, rule)) = policy.rule(self.ask.kind(), self.ask.matter.account()) else { return false };
        let needs = [self.ask.needs.as_slice(), rule.approvals.as_slice()];
        needs.into_iter().all(|needs| {
            let count = fill(needs, &live, |_, _| true);
            count && holds(Guard::EveryGroup, is_filled(needs, policy, &live))
        })
    }
}
