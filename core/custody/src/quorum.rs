//! Whether enough people stand behind a request.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::guard::{Guard, holds};
use crate::name::{GroupName, PersonId};
use crate::policy::{Need, Policy, PolicyFile, Rule};
use crate::request::Request;
use crate::state::State;

/// Whether these people fill every seat: so many of each group, and nobody sits on two seats.
pub fn is_filled(needs: &[Need], policy: &Policy, people: &BTreeSet<PersonId>) -> bool {
    fill(needs, people, |person, need| policy.is_in(person, &need.group))
}

pub(crate) fn fill(
    needs: &[Need],
    people: &BTreeSet<PersonId>,
    may: impl Fn(&PersonId, &Need) -> bool,
) -> bool {
    let seats: Vec<&Need> =
        needs.iter().flat_map(|need| std::iter::repeat_n(need, need.count.get().into())).collect();
    let fits = |person: &PersonId, seat: usize| seats.get(seat).is_some_and(|need| may(person, need));
    !seats.is_empty() && assign(seats.len(), people, &fits).is_ok()
}

/// Who plays a part in a request, in the order in which people look for them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the parts of the story")]
pub enum Part {
    /// Approves, for this group.
    Approves(GroupName),
    /// Carries it out.
    Operates,
    /// Looks at it afterwards.
    Reviews,
}

/// All parts of a rule but the requester's: each is played by somebody else.
pub(crate) struct Seats {
    seats: Vec<(Part, BTreeSet<PersonId>)>,
}

impl Seats {
    pub(crate) fn of(file: &PolicyFile, rule: &Rule) -> Self {
        let mut seats = Vec::new();
        for need in &rule.approvals {
            let seat = (Part::Approves(need.group.clone()), file.members([&need.group]));
            seats.extend(std::iter::repeat_n(seat, need.count.get().into()));
        }
        if !rule.operators.is_empty() {
            seats.push((Part::Operates, file.members(&rule.operators)));
        }
        seats.push((Part::Reviews, file.members(&rule.reviewers)));
        Self { seats }
    }

    /// The same without whoever looks at it afterwards: that has time.
    pub(crate) fn tonight(mut self) -> Self {
        self.seats.retain(|(part, _)| *part != Part::Reviews);
        self
    }

    /// Who could play what, or the part for which nobody is left.
    pub(crate) fn seated(&self, people: &BTreeSet<PersonId>) -> Result<Vec<(Part, PersonId)>, Part> {
        let fits = |person: &PersonId, seat: usize| {
            self.seats.get(seat).is_some_and(|(_, members)| members.contains(person))
        };
        let part = |seat: usize| self.seats.get(seat).map(|(part, _)| part.clone());
        let taken =
            assign(self.seats.len(), people, &fits).map_err(|seat| part(seat).unwrap_or(Part::Reviews))?;
        let mut cast: Vec<(Part, PersonId)> = taken
            .into_iter()
            .filter_map(|(person, seat)| part(seat).map(|part| (part, person.clone())))
            .collect();
        cast.sort();
        Ok(cast)
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Approves(group) => write!(f, "to approve for `{group}`"),
            Self::Operates => f.write_str("to carry it out"),
            Self::Reviews => f.write_str("to review it"),
        }
    }
}

/// A matching of people and seats that fills every seat, or the first seat that stays empty (Kuhn's augmenting paths: seats are few).
fn assign<'a>(
    seats: usize,
    people: &'a BTreeSet<PersonId>,
    may: &impl Fn(&PersonId, usize) -> bool,
) -> Result<BTreeMap<&'a PersonId, usize>, usize> {
    let mut taken = BTreeMap::new();
    for seat in 0..seats {
        if !seated(seat, people, may, &mut taken, &mut BTreeSet::new()) {
            return Err(seat);
        }
    }
    Ok(taken)
}

fn seated<'a>(
    seat: usize,
    people: &'a BTreeSet<PersonId>,
    may: &impl Fn(&PersonId, usize) -> bool,
    taken: &mut BTreeMap<&'a PersonId, usize>,
    asked: &mut BTreeSet<&'a PersonId>,
) -> bool {
    for person in people {
        if !may(person, seat) || !asked.insert(person) {
            continue;
        }
        let moves = match taken.get(person).copied() {
            Some(other) => seated(other, people, may, taken, asked),
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
