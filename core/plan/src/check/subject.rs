//! What verdicts speak of: resources made from the estate's things.

use kagimori_estate::model::{AccessKey, Account, Grants, Group, ManagedPolicy, Role, User};
use kagimori_id::AccountId;
use kagimori_policy::document::Document;

use crate::verdict::{Resource, ResourceKind};

/// A user, group or role, as far as policies are concerned.
pub(crate) struct Identity<'a> {
    pub(crate) kind: ResourceKind,
    pub(crate) name: &'a str,
    pub(crate) arn: &'a str,
    pub(crate) grants: &'a Grants,
}

/// A policy document and where it stands.
pub(crate) struct Placed<'a> {
    pub(crate) document: &'a Document,
    /// The managed policy, or `None` for an inline one.
    pub(crate) managed: Option<&'a ManagedPolicy>,
}

/// The name the credential report gives root.
pub(crate) const ROOT: &str = "<root_account>";

pub(crate) fn account(account: &Account) -> Resource {
    resource(ResourceKind::Account, account.id, account.root_arn(), account.id.to_string())
}

pub(crate) fn organization(account: &Account) -> Resource {
    resource(ResourceKind::Organization, account.id, account.root_arn(), "organization".to_owned())
}

pub(crate) fn root(account: &Account) -> Resource {
    resource(ResourceKind::Root, account.id, account.root_arn(), ROOT.to_owned())
}

pub(crate) fn user(account: &Account, user: &User) -> Resource {
    of_user(ResourceKind::User, account, user)
}

fn of_user(kind: ResourceKind, account: &Account, user: &User) -> Resource {
    let id = user.details.value().map(|details| details.id.to_string());
    Resource { id, ..resource(kind, account.id, user.arn.to_string(), user.name.clone()) }
}

pub(crate) fn password(account: &Account, user: &User) -> Resource {
    of_user(ResourceKind::Password, account, user)
}

pub(crate) fn key(account: &Account, user: &User, key: &AccessKey) -> Resource {
    Resource { key: Some(key_name(key)), ..of_user(ResourceKind::AccessKey, account, user) }
}

/// The key's id, or its slot when only the credential report speaks of it.
pub(crate) fn key_name(key: &AccessKey) -> String {
    match (&key.id, key.slot) {
        (Some(id), _) => id.to_string(),
        (None, Some(slot)) => format!("slot {slot}"),
        (None, None) => "unknown key".to_owned(),
    }
}

pub(crate) fn group(account: &Account, group: &Group) -> Resource {
    let id = Some(group.id.to_string());
    Resource { id, ..resource(ResourceKind::Group, account.id, group.arn.to_string(), group.name.clone()) }
}

pub(crate) fn role(account: &Account, role: &Role) -> Resource {
    let id = Some(role.id.to_string());
    Resource { id, ..resource(ResourceKind::Role, account.id, role.arn.to_string(), role.name.clone()) }
}

pub(crate) fn identity(account: &Account, identity: &Identity<'_>) -> Resource {
    let id = match identity.kind {
        ResourceKind::User => {
            account.users.get(identity.name).and_then(|user| user.details.value()).map(|one| &one.id)
        }
        ResourceKind::Group => account.groups.get(identity.name).map(|group| &group.id),
        _ => account.roles.get(identity.name).map(|role| &role.id),
    };
    let id = id.map(ToString::to_string);
    Resource { id, ..resource(identity.kind, account.id, identity.arn.to_owned(), identity.name.to_owned()) }
}

pub(crate) fn inline(account: &Account, owner: &Identity<'_>, policy: &str) -> Resource {
    Resource { key: Some(policy.to_owned()), ..identity(account, owner) }
}

pub(crate) fn policy(account: &Account, policy: &ManagedPolicy) -> Resource {
    resource(ResourceKind::Policy, account.id, policy.arn.to_string(), policy.name.clone())
}

pub(crate) fn resource(kind: ResourceKind, account: AccountId, arn: String, name: String) -> Resource {
    Resource { kind, account, arn, name, key: None, id: None }
}
