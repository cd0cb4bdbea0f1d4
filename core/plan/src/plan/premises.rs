//! What a plan rests on beside what it changes: who it is about, and what it attaches or adds to.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_estate::Estate;
use kagimori_estate::change::{Change, EntityChange, IdentityChange, InlinePolicy, WireDocument};
use kagimori_estate::model::{Account, Grants, Policy};
use kagimori_id::{Arn, UniqueId};
use serde::{Deserialize, Serialize};

/// What the estate showed when the plan was made. `apply` looks whether AWS still shows it; of what is not here it was not known, or the
/// plan makes it itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "all that a plan rests on")]
pub struct Premises {
    /// The unique ids of the users, groups and roles that it changes: another one of the name has another
    /// (IAM User Guide, `reference_identifiers`, unique identifiers).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ids: BTreeMap<Arn, UniqueId>,
    /// The texts of the customer's managed policies that it attaches, on its way or back.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub policies: BTreeMap<Arn, WireDocument>,
    /// The policies of the groups that it adds users to, on its way or back.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<Arn, GroupPolicies>,
}

/// All the policies of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the kinds that a group has")]
pub struct GroupPolicies {
    /// Managed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<Arn>,
    /// Inline.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inline: Vec<InlinePolicy>,
}

impl Premises {
    /// What changes and the way back of them rest on in the estate before the first.
    pub(super) fn of(estate: &Estate, changes: &[Change], back: &[Change]) -> Self {
        let mut premises = Self::default();
        let about: BTreeSet<&Arn> = changes.iter().filter_map(Change::about).collect();
        for arn in changes.iter().filter(|change| is_by_name(change)).filter_map(Change::about) {
            let id = account_of(estate, arn).and_then(|account| id_of(account, arn));
            premises.ids.extend(id.map(|id| (arn.clone(), id.clone())));
        }
        for change in changes.iter().chain(back) {
            let Some(account) = change.about().and_then(|arn| account_of(estate, arn)) else { continue };
            for group in joined(change).into_iter().filter_map(|name| account.groups.get(name)) {
                // What the plan itself does to the group is no surprise, and its own steps look at that.
                let policies = group_policies(&group.grants).filter(|_| !about.contains(&group.arn));
                let Some(policies) = policies else { continue };
                premises.keep(account, &policies.attached);
                premises.groups.insert(group.arn.clone(), policies);
            }
            premises.keep(account, attached(change));
        }
        premises
    }

    /// Whether there are none: an earlier version made the plan, or it makes all that it is about.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The texts of policies, as far as they are known.
    fn keep<'a>(&mut self, account: &Account, policies: impl IntoIterator<Item = &'a Arn>) {
        for arn in policies.into_iter().filter(|arn| arn.account().is_some()) {
            let text = account.policies.get(arn).and_then(|held| text_of(&held.document));
            self.policies.extend(text.map(|text| (arn.clone(), text)));
        }
    }
}

/// Whether a change finds whom it is about by the name alone: an access key has an id of its own, that nobody gets twice.
fn is_by_name(change: &Change) -> bool {
    !matches!(change, Change::Credential(_) | Change::Entity(EntityChange::CreateIdentity { .. }))
}

fn account_of<'e>(estate: &'e Estate, arn: &Arn) -> Option<&'e Account> {
    estate.accounts.get(&arn.account()?)
}

fn id_of<'e>(account: &'e Account, arn: &Arn) -> Option<&'e UniqueId> {
    let name = arn.name();
    let (found, id) = match arn.resource().split('/').next()? {
        "user" => {
            let user = account.users.get(name)?;
            (&user.arn, &user.details.value()?.id)
        }
        "group" => account.groups.get(name).map(|group| (&group.arn, &group.id))?,
        "role" => account.roles.get(name).map(|role| (&role.arn, &role.id))?,
        _ => return None,
    };
    // An estate as it would be holds what AWS has given no id yet (`planned:`).
    let is_of_aws = id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()) && !id.as_str().is_empty();
    (found == arn && is_of_aws).then_some(id)
}

/// The managed policies that a change attaches, or bounds by.
fn attached(change: &Change) -> Vec<&Arn> {
    match change {
        Change::Identity(
            IdentityChange::AttachPolicy { policy, .. } | IdentityChange::SetBoundary { policy, .. },
        ) => vec![policy],
        Change::Entity(EntityChange::CreateIdentity { holds, .. }) => {
            holds.attached.iter().chain(&holds.boundary).collect()
        }
        _ => Vec::new(),
    }
}

/// The names of the groups that a change adds a user to.
fn joined(change: &Change) -> Vec<&String> {
    match change {
        Change::Identity(IdentityChange::AddToGroup { group, .. }) => vec![group],
        Change::Entity(EntityChange::CreateIdentity { holds, .. }) => holds.groups.iter().collect(),
        _ => Vec::new(),
    }
}

fn group_policies(grants: &Grants) -> Option<GroupPolicies> {
    let inline = grants
        .inline
        .iter()
        .map(|(name, held)| Some(InlinePolicy { name: name.clone(), document: text_of(held)? }));
    let inline = inline.collect::<Option<_>>()?;
    grants.gap().is_none().then(|| GroupPolicies { attached: grants.attached.clone(), inline })
}

fn text_of(policy: &Policy) -> Option<WireDocument> {
    policy.document.as_ref().ok().map(|document| WireDocument(document.clone()))
}
