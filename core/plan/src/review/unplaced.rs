//! Verdicts that a policy could change of which nobody knows who has it.
//!
//! AWS counts how often a policy is attached; where the lists name fewer, somebody has it. So the checks are asked a second time, as if
//! everybody in the account had it: a verdict that comes out otherwise is not known. One that does not is the same whoever has it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use kagimori_estate::Estate;
use kagimori_estate::model::{Account, Unplaced, User};
use kagimori_id::AccountId;

use crate::check::{Named, Sink};
use crate::verdict::{Outcome, Resource, Verdict};

/// The estate as if everybody had what somebody has; `None`: every policy is where the lists say.
pub(super) fn everywhere(estate: &Estate) -> Option<Estate> {
    let lacking: Vec<AccountId> = estate
        .accounts
        .values()
        .filter(|account| !account.unplaced.is_empty())
        .map(|account| account.id)
        .collect();
    if lacking.is_empty() {
        return None;
    }
    let mut everywhere = estate.clone();
    for id in lacking {
        if let Some(account) = everywhere.accounts.get_mut(&id) {
            give(account);
        }
    }
    Some(everywhere)
}

fn give(account: &mut Account) {
    let Unplaced { attached, bounds } = std::mem::take(&mut account.unplaced);
    let users = |user: &mut User| {
        if let kagimori_estate::Known::Known(details) = &mut user.details {
            details.value.grants.attached.extend(attached.iter().cloned());
            details.value.grants.attached.sort();
            details.value.grants.attached.dedup();
            let boundary = &mut details.value.grants.boundary;
            *boundary = boundary.take().or_else(|| bounds.first().cloned());
        }
    };
    account.users.values_mut().for_each(users);
    for role in account.roles.values_mut() {
        role.grants.attached.extend(attached.iter().cloned());
        role.grants.attached.sort();
        role.grants.attached.dedup();
        role.grants.boundary = role.grants.boundary.take().or_else(|| bounds.first().cloned());
    }
    for group in account.groups.values_mut() {
        group.grants.attached.extend(attached.iter().cloned());
        group.grants.attached.sort();
        group.grants.attached.dedup();
    }
}

/// What the checks say of each thing.
#[derive(Default)]
pub(super) struct Outcomes(HashMap<(&'static str, Arc<Resource>), Outcome>);

impl Sink for Outcomes {
    fn take(&mut self, verdict: Verdict) {
        self.0.insert((verdict.check, verdict.resource), verdict.outcome);
    }

    fn count(&mut self, check: &'static str, outcome: Outcome, named: &Named<'_>, _: AccountId) {
        self.0.insert((check, Arc::new(named.resource())), outcome);
    }
}

/// Hands verdicts on, and as unknown those that come out otherwise.
pub(super) struct Doubting<'s, S> {
    pub(super) sink: &'s mut S,
    pub(super) otherwise: Outcomes,
    pub(super) accounts: BTreeSet<AccountId>,
}

impl<S> Doubting<'_, S> {
    /// Whether a thing fails or passes by who has the policy. That a question does not arise is as good as that it is right.
    fn is_in_doubt(&self, check: &'static str, outcome: Outcome, resource: &Arc<Resource>) -> bool {
        let is_bad = |outcome: Outcome| matches!(outcome, Outcome::Fail | Outcome::Info);
        self.accounts.contains(&resource.account)
            && outcome != Outcome::Unknown
            && self
                .otherwise
                .0
                .get(&(check, Arc::clone(resource)))
                .is_some_and(|other| *other != Outcome::Unknown && is_bad(*other) != is_bad(outcome))
    }
}

impl<S: Sink> Sink for Doubting<'_, S> {
    fn take(&mut self, verdict: Verdict) {
        let is_in_doubt = self.is_in_doubt(verdict.check, verdict.outcome, &verdict.resource);
        self.sink.take(if is_in_doubt { unknown(verdict) } else { verdict });
    }

    fn resource(&mut self, named: &Named<'_>) -> Arc<Resource> {
        self.sink.resource(named)
    }

    fn count(&mut self, check: &'static str, outcome: Outcome, named: &Named<'_>, account: AccountId) {
        if !self.accounts.contains(&account) {
            return self.sink.count(check, outcome, named, account);
        }
        let resource = self.sink.resource(named);
        if self.is_in_doubt(check, outcome, &resource) {
            let (gap, facts, evidence) = (None, Vec::new(), Vec::new());
            return self.sink.take(unknown(Verdict { check, resource, outcome, gap, facts, evidence }));
        }
        self.sink.count(check, outcome, named, account);
    }
}

fn unknown(verdict: Verdict) -> Verdict {
    Verdict { outcome: Outcome::Unknown, gap: Some(Unplaced::gap()), facts: Vec::new(), ..verdict }
}
