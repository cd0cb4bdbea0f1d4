//! The pages of the authorization details, joined. Pages are no snapshot: an entity may stand in two of them, and a
//! page may refer to what no page holds. Both are used and said.

use std::collections::{BTreeMap, BTreeSet};

use super::assemble::{Given, torn};
use super::authorization_details::UserRecord;
use super::part::Content;
use crate::Estate;
use crate::fact::{Dataset, SourceId};
use crate::id::{AccountId, Arn};
use crate::model::{Grants, Group, ManagedPolicy, Problem, Role};

/// Entities by name, each with the file it came from.
#[derive(Debug, Default)]
pub(super) struct Entities {
    pub(super) users: BTreeMap<String, (UserRecord, SourceId)>,
    pub(super) groups: BTreeMap<String, (Group, SourceId)>,
    pub(super) roles: BTreeMap<String, (Role, SourceId)>,
    pub(super) policies: BTreeMap<Arn, (ManagedPolicy, SourceId)>,
    /// Entities that stand twice and not alike.
    twice: BTreeSet<String>,
    first: Option<SourceId>,
    /// Whether the end of the list is missing.
    pub(super) truncated: bool,
}

impl Entities {
    pub(super) fn merge(given: &mut Given) -> Self {
        let pages =
            given.answers.get_mut(&Dataset::AuthorizationDetails).map(std::mem::take).unwrap_or_default();
        let mut all = Self { truncated: !pages.is_empty(), ..Self::default() };
        for answer in pages {
            let source = answer.source;
            all.first = all.first.or(Some(source));
            all.truncated &= answer.truncated;
            let Content::Details(page) = answer.content else { continue };
            for user in page.users {
                insert(&mut all.users, user.name.clone(), user, source, &mut all.twice, |user| &user.arn);
            }
            for group in page.groups {
                insert(&mut all.groups, group.name.clone(), group, source, &mut all.twice, |group| {
                    &group.arn
                });
            }
            for role in page.roles {
                insert(&mut all.roles, role.name.clone(), role, source, &mut all.twice, |role| &role.arn);
            }
            for policy in page.policies {
                insert(&mut all.policies, policy.arn.clone(), policy, source, &mut all.twice, |policy| {
                    &policy.arn
                });
            }
        }
        all
    }

    /// What does not fit together.
    pub(super) fn torn(&self, account: AccountId, estate: &Estate) -> Vec<Problem> {
        let Some(first) = self.first else { return Vec::new() };
        let file =
            || estate.sources.get(first.0 as usize).map(|source| source.file.clone()).unwrap_or_default();
        let twice = self.twice.iter().map(String::as_str).collect();
        let policies = self.missing_policies(account);
        let groups = self.missing_groups();
        [
            torn(file(), account, "entities stand twice and not alike, the last is used", &twice),
            torn(file(), account, "the account's own policies are attached and missing", &policies),
            torn(file(), account, "groups have users and are missing", &groups),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// AWS's own policies are in the authorization details only when asked for; the account's are always.
    fn missing_policies(&self, account: AccountId) -> BTreeSet<&str> {
        let users = self.users.values().map(|(user, _)| &user.details.grants);
        let groups = self.groups.values().map(|(group, _)| &group.grants);
        let roles = self.roles.values().map(|(role, _)| &role.grants);
        let missing = |arn: &&Arn| arn.account() == Some(account) && !self.policies.contains_key(*arn);
        users.chain(groups).chain(roles).flat_map(referred).filter(missing).map(Arn::as_str).collect()
    }

    fn missing_groups(&self) -> BTreeSet<&str> {
        let named = self.users.values().flat_map(|(user, _)| &user.details.groups);
        named.filter(|group| !self.groups.contains_key(*group)).map(String::as_str).collect()
    }
}

fn referred(grants: &Grants) -> impl Iterator<Item = &Arn> {
    grants.attached.iter().chain(&grants.boundary)
}

fn insert<K: Ord, T: PartialEq>(
    map: &mut BTreeMap<K, (T, SourceId)>,
    key: K,
    entity: T,
    source: SourceId,
    twice: &mut BTreeSet<String>,
    arn: impl Fn(&T) -> &Arn,
) {
    if map.get(&key).is_some_and(|(before, _)| *before != entity) {
        twice.insert(arn(&entity).to_string());
    }
    map.insert(key, (entity, source));
}
