//! The population of the checks: which resources each of them looked at and found right, or had nothing to say of.
//!
//! An auditor asks which resources a control was looked at for; whoever follows a finding must know whether it passes now or only
//! went out of sight. A resource stands once, and lists refer to it by number: a company has a million of these.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use kagimori_id::AccountId;
use rustc_hash::FxBuildHasher;

use super::Tally;
use crate::check::Named;
use crate::verdict::{Outcome, Resource};

type Lists = BTreeMap<(&'static str, AccountId), Vec<u32>>;

/// Which resources passed, and of which a check had nothing to say, by check and account.
#[derive(Clone, Debug, Default)]
pub struct Population {
    resources: Vec<Arc<Resource>>,
    passed: Lists,
    not_applicable: Lists,
}

impl Population {
    /// The resources that passed, by check and account, in the order of the estate.
    pub fn passed(&self) -> impl Iterator<Item = (&'static str, AccountId, impl Iterator<Item = &Resource>)> {
        self.listed(&self.passed)
    }

    /// The resources of which a check had nothing to say, by check and account.
    pub fn not_applicable(
        &self,
    ) -> impl Iterator<Item = (&'static str, AccountId, impl Iterator<Item = &Resource>)> {
        self.listed(&self.not_applicable)
    }

    /// The resources of one check and account that passed.
    pub fn passed_of(&self, check: &'static str, account: AccountId) -> impl Iterator<Item = &Resource> {
        self.resolve(self.passed.get(&(check, account)).map(Vec::as_slice).unwrap_or_default())
    }

    fn listed<'p>(
        &'p self,
        lists: &'p Lists,
    ) -> impl Iterator<Item = (&'static str, AccountId, impl Iterator<Item = &'p Resource>)> {
        lists.iter().map(|((check, account), list)| (*check, *account, self.resolve(list)))
    }

    fn resolve<'p>(&'p self, list: &'p [u32]) -> impl Iterator<Item = &'p Resource> {
        list.iter().filter_map(|number| self.resources.get(usize::try_from(*number).ok()?).map(|one| &**one))
    }
}

/// A population being counted, with how often which outcome was met. Each check counts one account after the other.
#[derive(Default)]
pub(super) struct Counting {
    numbers: HashMap<Arc<Resource>, u32, FxBuildHasher>,
    resources: Vec<Arc<Resource>>,
    /// By check and account: the one that is counted, and where it stands.
    now: Option<((&'static str, AccountId), usize)>,
    places: BTreeMap<(&'static str, AccountId), usize>,
    counts: Vec<Count>,
}

/// What one check counted in one account.
#[derive(Default)]
struct Count {
    tally: Tally,
    passed: Vec<u32>,
    not_applicable: Vec<u32>,
}

impl Counting {
    /// The one resource of a thing.
    pub(super) fn resource(&mut self, named: &Named<'_>) -> Arc<Resource> {
        if let Some((known, _)) = self.numbers.get_key_value(named) {
            return Arc::clone(known);
        }
        let (resource, number) = (Arc::new(named.resource()), self.next());
        self.resources.push(Arc::clone(&resource));
        self.numbers.insert(Arc::clone(&resource), number);
        resource
    }

    fn next(&self) -> u32 {
        u32::try_from(self.resources.len()).unwrap_or(u32::MAX)
    }

    fn number(&mut self, named: &Named<'_>) -> u32 {
        if let Some(number) = self.numbers.get(named) {
            return *number;
        }
        let number = self.next();
        self.resource(named);
        number
    }

    /// Counts a verdict; of what passed, or has nothing to say, there is no other trace.
    pub(super) fn count(
        &mut self,
        check: &'static str,
        outcome: Outcome,
        named: &Named<'_>,
        account: AccountId,
    ) {
        let number = self.number(named);
        let count = self.of(check, account);
        count.tally.count(outcome);
        match outcome {
            Outcome::Pass => count.passed.push(number),
            Outcome::NotApplicable => count.not_applicable.push(number),
            // verdicts of their own
            Outcome::Fail | Outcome::Unknown | Outcome::Info => {}
        }
    }

    /// Counts a verdict that is kept.
    pub(super) fn tally(&mut self, check: &'static str, outcome: Outcome, account: AccountId) {
        self.of(check, account).tally.count(outcome);
    }

    fn of(&mut self, check: &'static str, account: AccountId) -> &mut Count {
        let place = match self.now {
            Some((now, place)) if now == (check, account) => place,
            _ => *self.places.entry((check, account)).or_insert(self.counts.len()),
        };
        self.now = Some(((check, account), place));
        if place == self.counts.len() {
            self.counts.push(Count::default());
        }
        #[expect(clippy::expect_used, reason = "every place was pushed when it was given")]
        self.counts.get_mut(place).expect("a place of `counts`")
    }

    pub(super) fn finish(self) -> (BTreeMap<(&'static str, AccountId), Tally>, Population) {
        let (mut tallies, mut population) = (BTreeMap::new(), Population::default());
        let mut counts: Vec<Option<Count>> = self.counts.into_iter().map(Some).collect();
        for (key, place) in self.places {
            let Some(count) = counts.get_mut(place).and_then(Option::take) else { continue };
            tallies.insert(key, count.tally);
            for (lists, list) in [
                (&mut population.passed, count.passed),
                (&mut population.not_applicable, count.not_applicable),
            ] {
                if !list.is_empty() {
                    lists.insert(key, list);
                }
            }
        }
        population.resources = self.resources;
        (tallies, population)
    }
}
