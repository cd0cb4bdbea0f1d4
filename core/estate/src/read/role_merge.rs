//! The roles of an account: those of the authorization details, and those that `list-roles` alone names.

use std::collections::BTreeMap;

use super::content::Content;
use super::given::Given;
use super::roles::ListedRole;
use super::service_last_accessed::Whose;
use super::user_merge::unnamed;
use crate::fact::{Dataset, Gap, GapReason, Known, SourceId};
use crate::model::{Account, Grants, LastAccessed, Listing, Policy, Role};
use kagimori_id::UniqueId;

/// What `list-roles` tells.
#[derive(Debug)]
pub(super) struct Roles {
    listed: BTreeMap<String, (ListedRole, SourceId)>,
    gap: Gap,
    details: Known<()>,
}

impl Roles {
    pub(super) fn of(given: &mut Given, account: &Account) -> Self {
        let dataset = Dataset::Roles;
        let gap = given.gap(dataset);
        let mut listed: BTreeMap<String, (ListedRole, SourceId)> = BTreeMap::new();
        for answer in given.take(dataset) {
            let Content::Roles(roles) = answer.content else { continue };
            for role in roles {
                match listed.get_mut(&role.name) {
                    Some((before, source)) if *before != role => {
                        let sources = [*source, answer.source].into_iter().collect();
                        given.contradicts(dataset, sources, &format!("the role `{}`", role.name));
                        before.max_session_seconds = None;
                        before.description = None;
                        if before.trust != role.trust {
                            before.trust = Some(Policy::contradicting());
                        }
                    }
                    Some(_) => {}
                    None => drop(listed.insert(role.name.clone(), (role, answer.source))),
                }
            }
        }
        Self { listed, gap, details: account.listing(Listing::Roles) }
    }

    /// Fills in the account's roles.
    pub(super) fn merge(
        mut self,
        account: &mut Account,
        roles: BTreeMap<String, (Role, SourceId)>,
        accessed: &mut BTreeMap<Whose, Known<LastAccessed>>,
    ) {
        let is_given = !self.listed.is_empty();
        for (name, (mut role, source)) in roles {
            role.source = source;
            role.last_used.place(source);
            (role.max_session_seconds, role.description) = match self.listed.remove(&name) {
                Some((listed, source)) => (max_session(&listed, source), description(&listed, source)),
                None if self.gap.reason != GapReason::NotGiven || !is_given => {
                    (Known::Unknown(self.gap.clone()), Known::Unknown(self.gap.clone()))
                }
                None => {
                    let (longest, text) = ("MaxSessionDuration", "Description");
                    (Known::field_absent(Dataset::Roles, longest), Known::field_absent(Dataset::Roles, text))
                }
            };
            account.roles.insert(name, role);
        }
        let gap = unnamed(&self.details);
        for (name, (listed, source)) in std::mem::take(&mut self.listed) {
            account.roles.insert(name, of_list(listed, source, &gap));
        }
        for role in account.roles.values_mut() {
            if let Some(known) = accessed.remove(&Whose::Role(role.name.clone())) {
                role.last_accessed = known;
            }
        }
    }
}

fn max_session(role: &ListedRole, source: SourceId) -> Known<u32> {
    match role.max_session_seconds {
        Some(seconds) => Known::new(seconds, source),
        None => Known::field_absent(Dataset::Roles, "MaxSessionDuration"),
    }
}

fn description(role: &ListedRole, source: SourceId) -> Known<Option<String>> {
    match &role.description {
        Some(told) => Known::new(told.clone(), source),
        None => Known::field_absent(Dataset::Roles, "Description"),
    }
}

/// A role that the authorization details do not name: what it may do is not known.
fn of_list(role: ListedRole, source: SourceId, gap: &Gap) -> Role {
    let (max_session_seconds, description) = (max_session(&role, source), description(&role, source));
    let path = role.path.unwrap_or_else(|| "/".to_owned());
    Role {
        id: role.id.unwrap_or_else(|| UniqueId::new("")),
        trust: role.trust.unwrap_or_else(Policy::contradicting),
        created: role.created,
        grants: Grants { gaps: [gap.clone()].into_iter().collect(), ..Grants::default() },
        // `list-roles` does not tell them (IAM API Reference, `ListRoles`)
        tags: BTreeMap::new(),
        tags_gap: Some(gap.clone()),
        last_used: Known::Unknown(gap.clone()),
        instance_profiles: Vec::new(),
        max_session_seconds,
        description,
        last_accessed: Known::not_given(Dataset::LastAccessed),
        name: role.name,
        arn: role.arn,
        path,
        source,
    }
}
