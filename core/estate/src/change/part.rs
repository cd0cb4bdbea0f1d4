//! The part of an estate that changes are about: a plan for one user of thousands looks at one user.
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
    // A permission set is in many accounts.
    if changes.iter().any(|change| matches!(change, Change::Center(_))) {
        return estate.clone();
    }
    let accounts = by_account
        .iter()
        .filter_map(|(id, changes)| Some((*id, of_account(estate.accounts.get(id)?, changes))));
    Estate {
        accounts: accounts.collect(),
        // Only changes of the organization look at it.
        organization: if changes.iter().any(|change| matches!(change, Change::Organization(_))) {
            estate.organization.clone()
        } else {
            Estate::empty().organization
        },
        ..Estate::empty()
    }
}

fn of_account(account: &Account, changes: &[&Change]) -> Account {
    // Whether a policy may be deleted is a question to every identity, and whether a name is free to every name.
    let asks_all = |change: &&Change| {
        matches!(change, Change::ManagedPolicy(ManagedPolicyChange::DeletePolicy { .. }) | Change::Entity(_))
    };
    if changes.iter().any(asks_all) {
        return account.clone();
    }
    let mut part = Account::unknown(account.id);
    if changes.iter().any(|change| matches!(change, Change::Provider(_))) {
        part.oidc_providers.clone_from(&account.oidc_providers);
        part.saml_providers.clone_from(&account.saml_providers);
    }
    for change in changes {
        copy(account, &mut part, change.about());
        if let Change::Identity(
            IdentityChange::AddToGroup { group, .. } | IdentityChange::RemoveFromGroup { group, .. },
        ) = change
        {
            part.groups.share(&account.groups, group);
        }
    }
    part
}

/// Shares what an ARN names.
fn copy(account: &Account, part: &mut Account, about: Option<&Arn>) {
    let Some(arn) = about else { return };
    let name = arn.name();
    match arn.resource().split('/').next() {
        Some("user") => part.users.share(&account.users, name),
        Some("group") => part.groups.share(&account.groups, name),
        Some("role") => part.roles.share(&account.roles, name),
        _ => part.policies.share(&account.policies, arn),
    }
}
