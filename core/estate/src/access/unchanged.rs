//! An estate after changes: what they did not write is taken over, not worked out again.

use std::sync::Arc;

use super::Access;
use crate::model::{Account, Estate};

impl<'a> Access<'a> {
    /// The policies of an estate that another became by changes: the same as [`Access::of`], but that documents of the other are among
    /// its own whoever has them, and that accounts which the two share cost next to nothing.
    pub fn changed(estate: &'a Estate, before: &Self) -> Self {
        let mut access = Self {
            compiler: before.compiler.clone(),
            documents: before.documents.clone(),
            full_access: before.full_access,
            open_trust: before.open_trust,
            open_resource: before.open_resource,
            ..Self::bare(estate)
        };
        access.collect_guardrails();
        let is_same_organization = before.tells_same_of_members(estate);
        let is_shared = |account: &Account| is_same_organization && before.shares(account);
        if estate.accounts.len() == before.estate.accounts.len() && estate.accounts.values().all(is_shared) {
            access.subjects.clone_from(&before.subjects);
            access.places = Arc::clone(&before.places);
            access.groups.clone_from(&before.groups);
            access.managed.clone_from(&before.managed);
        } else {
            let known = before.managed.iter();
            let known = known.filter(|((id, _), _)| estate.accounts.get(id).is_some_and(is_shared));
            access.managed = known.map(|(key, id)| (key.clone(), *id)).collect();
            access
                .collect_subjects(|access, account| is_shared(account) && access.take_over(account, before));
        }
        access.collect_resource_policies();
        access
    }

    /// Whether an account is the very one of this estate.
    fn shares(&self, account: &Account) -> bool {
        self.estate.accounts.get(&account.id).is_some_and(|own| std::ptr::eq(own, account))
    }

    /// What an estate tells a principal of its organization.
    fn tells_same_of_members(&self, estate: &Estate) -> bool {
        let (own, other) = (&self.estate.organization, &estate.organization);
        own.id.value() == other.id.value()
            && own.accounts.value() == other.accounts.value()
            && own.parents == other.parents
    }

    /// Subjects lie account by account, in the order of these.
    fn take_over(&mut self, account: &Account, before: &Self) -> bool {
        let begin = before.subjects.partition_point(|subject| subject.account < account.id);
        let all = before.subjects.iter().skip(begin);
        for subject in all.take_while(|subject| subject.account == account.id) {
            self.add(Some(subject.clone()));
        }
        let groups = before.groups.iter().filter(|((of, _), _)| *of == account.id);
        self.groups.extend(groups.map(|(key, group)| (key.clone(), group.clone())));
        true
    }
}
