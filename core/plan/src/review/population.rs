//! The population of the checks: which resources each of them looked at and found right, or had nothing to say of.
//!
//! An auditor asks which resources a control was looked at for; whoever follows a finding must know whether it passes now or only
//! went out of sight. A resource stands once, and lists refer to it by number: a company has a million of these.

use std::collections::{BTreeMap, HashMap};

use kagimori_id::AccountId;

use crate::verdict::{Outcome, Resource};

type Lists = BTreeMap<(&'static str, AccountId), Vec<u32>>;

/// Which resources passed, and of which a check had nothing to say, by check and account.
#[derive(Clone, Debug, Default)]
pub struct Population {
    resources: Vec<Resource>,
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
        list.iter().filter_map(|number| self.resources.get(usize::try_from(*number).ok()?))
    }
}

/// A population being counted.
#[derive(Default)]
pub(super) struct Counting {
    numbers: HashMap<Resource, u32>,
    passed: Lists,
    not_applicable: Lists,
}

impl Counting {
    pub(super) fn count(
        &mut self,
        check: &'static str,
        outcome: Outcome,
        resource: Resource,
        account: AccountId,
    ) {
        let lists = match outcome {
            Outcome::Pass => &mut self.passed,
            Outcome::NotApplicable => &mut self.not_applicable,
            // verdicts of their own
            Outcome::Fail | Outcome::Unknown | Outcome::Info => return,
        };
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(resource).or_insert(next);
        lists.entry((check, account)).or_default().push(number);
    }

    pub(super) fn finish(self) -> Population {
        let mut numbered: Vec<(Resource, u32)> = self.numbers.into_iter().collect();
        numbered.sort_unstable_by_key(|(_, number)| *number);
        Population {
            resources: numbered.into_iter().map(|(resource, _)| resource).collect(),
            passed: self.passed,
            not_applicable: self.not_applicable,
        }
    }
}
