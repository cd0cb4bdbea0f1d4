//! The part of an estate that changes are about: a plan for one user of thousands copies one user.
//!
//! Law: changes are made, refused and undone in the part as in the whole (a property test holds it).

use std::collections::BTreeMap;

use super::{Change, IdentityChange, ManagedPolicyChange};
use crate::model::{Account, Estate};
use kagimori_id::{AccountId, Arn};

/// What changes look at, and nothing else.
pub(super) fn part(estate: &Estate, changes: &[Change]) -> Estate {
    let mut by_account: BTreeMap<AccountId, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        if let Some(account) = change.account() {
            by_account.entry(account).or_default().push(change);
        }
    }
    let accounts = by_account
        .iter()
        .filter_map(|(id, changes)| Some((*id, of_account(estate.accounts.get(id)?, changes))));
    Estate {
        organization: estate.organization.clone(),
        resource_policies: BTreeMap::new(),
        accounts: accounts.collect(),
        sources: Vec::new(),
        problems: Vec::new(),
    }
}

fn of_account(account: &Account, changes: &[&Change]) -> Account {
    // Whether a policy may be deleted is a question to every identity.
    if changes
        .iter()
        .any(|change| matches!(change, Change::ManagedPolicy(ManagedPolicyChange::DeletePolicy { .. })))
    {
        return account.clone();
    }
    let mut part = account.without_identities();
    for change in changes {
        copy(account, &mut part, change.about());
        if let Change::Identity(
            IdentityChange::AddToGroup { group, .. } | IdentityChange::RemoveFromGroup { group, .. },
        ) = change
        {
            part.groups.extend(account.groups.get(group).map(|held| (group.clone(), held.clone())));
        }
    }
    part
}

/// Copies what an ARN names.
fn copy(account: &Account, part: &mut Account, about: Option<&Arn>) {
    let Some(arn) = about else { return };
    let name = arn.name();
    let key = || name.to_owned();
    match arn.resource().split('/').next() {
        Some("user") => part.users.extend(account.users.get(name).map(|user| (key(), user.clone()))),
        Some("group") => part.groups.extend(account.groups.get(name).map(|group| (key(), group.clone()))),
        Some("role") => part.roles.extend(account.roles.get(name).map(|role| (key(), role.clone()))),
        _ => part.policies.extend(account.policies.get(arn).map(|policy| (arn.clone(), policy.clone()))),
    }
}
