//! What verdicts speak of: the estate's things, by the names that they have there.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use hashbrown::Equivalent;
use kagimori_estate::model::{AccessKey, Account, Grants, Group, ManagedPolicy, Role, User};
use kagimori_id::{AccountId, UniqueId};
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

/// A [`Resource`] by what names it, lent by the estate. Eighty checks look at each thing, and there are hundreds of thousands of things:
/// one of them is made for all.
#[derive(Clone, Debug)]
pub(crate) struct Named<'a> {
    pub(crate) kind: ResourceKind,
    pub(crate) account: AccountId,
    pub(crate) arn: Cow<'a, str>,
    pub(crate) name: Cow<'a, str>,
    pub(crate) key: Option<Cow<'a, str>>,
    pub(crate) id: Option<&'a str>,
}

impl Named<'_> {
    pub(crate) fn resource(&self) -> Resource {
        Resource {
            kind: self.kind,
            account: self.account,
            arn: self.arn.clone().into_owned(),
            name: self.name.clone().into_owned(),
            key: self.key.clone().map(Cow::into_owned),
            id: self.id.map(str::to_owned),
        }
    }

    fn named(&self) -> (ResourceKind, AccountId, &str, &str, Option<&str>) {
        (self.kind, self.account, &self.arn, &self.name, self.key.as_deref())
    }
}

impl Hash for Named<'_> {
    /// As the resource's.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.named().hash(state);
    }
}

impl Equivalent<Arc<Resource>> for Named<'_> {
    fn equivalent(&self, resource: &Arc<Resource>) -> bool {
        self.named() == resource.named()
    }
}

pub(crate) fn account(account: &Account) -> Named<'_> {
    named(ResourceKind::Account, account.id, account.root_arn(), account.id.to_string())
}

pub(crate) fn organization(account: &Account) -> Named<'_> {
    named(ResourceKind::Organization, account.id, account.root_arn(), "organization")
}

pub(crate) fn root(account: &Account) -> Named<'_> {
    named(ResourceKind::Root, account.id, account.root_arn(), ROOT)
}

pub(crate) fn user<'a>(account: &Account, user: &'a User) -> Named<'a> {
    of_user(ResourceKind::User, account, user)
}

fn of_user<'a>(kind: ResourceKind, account: &Account, user: &'a User) -> Named<'a> {
    let id = user.details.value().map(|details| details.id.as_str());
    Named { id, ..named(kind, account.id, user.arn.as_str(), user.name.as_str()) }
}

pub(crate) fn password<'a>(account: &Account, user: &'a User) -> Named<'a> {
    of_user(ResourceKind::Password, account, user)
}

pub(crate) fn key<'a>(account: &Account, user: &'a User, key: &'a AccessKey) -> Named<'a> {
    Named { key: Some(key_name(key)), ..of_user(ResourceKind::AccessKey, account, user) }
}

/// The key's id, or its slot when only the credential report speaks of it.
pub(crate) fn key_name(key: &AccessKey) -> Cow<'_, str> {
    match (&key.id, key.slot) {
        (Some(id), _) => id.as_str().into(),
        (None, Some(slot)) => format!("slot {slot}").into(),
        (None, None) => "unknown key".into(),
    }
}

pub(crate) fn group<'a>(account: &Account, group: &'a Group) -> Named<'a> {
    let id = Some(group.id.as_str());
    Named { id, ..named(ResourceKind::Group, account.id, group.arn.as_str(), group.name.as_str()) }
}

pub(crate) fn role<'a>(account: &Account, role: &'a Role) -> Named<'a> {
    let id = Some(role.id.as_str());
    Named { id, ..named(ResourceKind::Role, account.id, role.arn.as_str(), role.name.as_str()) }
}

pub(crate) fn identity<'a>(account: &'a Account, identity: &Identity<'a>) -> Named<'a> {
    let id = match identity.kind {
        ResourceKind::User => {
            account.users.get(identity.name).and_then(|user| user.details.value()).map(|one| &one.id)
        }
        ResourceKind::Group => account.groups.get(identity.name).map(|group| &group.id),
        _ => account.roles.get(identity.name).map(|role| &role.id),
    };
    let id = id.map(UniqueId::as_str);
    Named { id, ..named(identity.kind, account.id, identity.arn, identity.name) }
}

pub(crate) fn inline<'a>(account: &'a Account, owner: &Identity<'a>, policy: &'a str) -> Named<'a> {
    Named { key: Some(policy.into()), ..identity(account, owner) }
}

pub(crate) fn policy<'a>(account: &Account, policy: &'a ManagedPolicy) -> Named<'a> {
    named(ResourceKind::Policy, account.id, policy.arn.as_str(), policy.name.as_str())
}

pub(crate) fn named<'a>(
    kind: ResourceKind,
    account: AccountId,
    arn: impl Into<Cow<'a, str>>,
    name: impl Into<Cow<'a, str>>,
) -> Named<'a> {
    Named { kind, account, arn: arn.into(), name: name.into(), key: None, id: None }
}
