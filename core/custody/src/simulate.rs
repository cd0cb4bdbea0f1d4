//! "Who could get a code tonight?" What the policy allows to the people who are there, as the desk stands.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_id::AccountId;

use crate::ask::Kind;
use crate::name::{GroupName, PersonId, RuleName, SeedId};
use crate::policy::{Being, Policy, Rule};
use crate::quorum::{Part, Seats};
use crate::state::State;

/// What could happen with the people who are there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a page shows all of it")]
pub struct Tonight {
    /// By this rule; `None`: no rule is for it.
    pub rule: Option<RuleName>,
    /// What is in the way, whoever is there.
    pub obstacles: Vec<Obstacle>,
    /// Of those who may ask, those who are there; and whether they know root's password.
    pub requesters: BTreeMap<PersonId, bool>,
    /// Who is there of each group that has to approve, and how many it takes.
    pub approvers: BTreeMap<GroupName, (u8, BTreeSet<PersonId>)>,
    /// Who is there to carry it out.
    pub operators: BTreeSet<PersonId>,
    /// For each who could ask: who could do the rest, or the first part for which nobody is left.
    pub ways: BTreeMap<PersonId, Result<Vec<(Part, PersonId)>, Part>>,
}

/// What is in the way of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum Obstacle {
    /// The desk is sealed.
    Sealed,
    /// No seed of this root is named.
    NoSeed,
    /// It is named, and not in custody.
    NotHeld(SeedId),
    /// No rule is for this account.
    NoRule,
}

impl Tonight {
    /// Whether a code can come out.
    pub fn is_possible(&self) -> bool {
        self.obstacles.is_empty() && self.ways.values().any(Result::is_ok)
    }
}

/// Who could get a code of an account's root, when these people are there. Somebody whose keys are all revoked is there and cannot sign.
pub fn simulate(policy: &Policy, state: &State, account: AccountId, present: &BTreeSet<PersonId>) -> Tonight {
    let found = policy.rule(Kind::RootCode, Some(account));
    let obstacles = obstacles(policy, state, account, found.is_some());
    let mut tonight = Tonight {
        rule: found.map(|(name, _)| name.clone()),
        obstacles,
        requesters: BTreeMap::new(),
        approvers: BTreeMap::new(),
        operators: BTreeSet::new(),
        ways: BTreeMap::new(),
    };
    if let Some((_, rule)) = found {
        tonight.fill(policy, state, (account, rule), present);
    }
    tonight
}

fn obstacles(policy: &Policy, state: &State, account: AccountId, has_rule: bool) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    obstacles.extend(state.sealed().map(|_| Obstacle::Sealed));
    match policy.seed_of(account) {
        None => obstacles.push(Obstacle::NoSeed),
        Some((seed, _)) if state.seed(seed).is_some_and(|held| held.is_held) => {}
        Some((seed, _)) => obstacles.push(Obstacle::NotHeld(seed.clone())),
    }
    if !has_rule {
        obstacles.push(Obstacle::NoRule);
    }
    obstacles
}

impl Tonight {
    fn fill(
        &mut self,
        policy: &Policy,
        state: &State,
        (account, rule): (AccountId, &Rule),
        present: &BTreeSet<PersonId>,
    ) {
        let signs = |person: &PersonId| {
            let known = policy.person(person);
            known.is_some_and(|known| known.keys.iter().any(|key| !state.is_revoked(&key.name)))
        };
        let is_there = |person: &PersonId| {
            // A program does not sleep.
            let program = policy.person(person).is_some_and(|known| known.is == Being::Program);
            (program || present.contains(person)) && signs(person)
        };
        let passwords = policy.account(account).map(|known| known.passwords.clone()).unwrap_or_default();
        // Asking needs no key.
        let asking = policy.members(&rule.requesters).into_iter().filter(|person| present.contains(person));
        self.requesters = asking.map(|person| (person.clone(), passwords.contains(&person))).collect();
        for need in &rule.approvals {
            let there = policy.members([&need.group]).into_iter().filter(is_there).collect();
            self.approvers.insert(need.group.clone(), (need.count.get(), there));
        }
        self.operators = policy.members(&rule.operators).into_iter().filter(is_there).collect();
        let seats = Seats::of(policy.file(), rule).tonight();
        let there: BTreeSet<PersonId> =
            policy.people().keys().filter(|person| is_there(person)).cloned().collect();
        for requester in self.requesters.keys() {
            let others = there.iter().filter(|person| *person != requester).cloned().collect();
            self.ways.insert(requester.clone(), seats.seated(&others));
        }
    }
}
