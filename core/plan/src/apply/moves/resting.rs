//! What the moves of a change rest on: who it is about, the texts that it attaches, the groups that it adds to.

use kagimori_estate::change::{Change, EntityChange, ManagedPolicyChange, WireDocument};
use kagimori_id::{AccountId, Arn};
use serde_json::Value;

use super::super::call::Call;
use super::super::guard::Guard;
use super::{Move, Told};

/// What the journal calls the unique id of what a plan made.
pub(super) fn id_name(identity: &Arn) -> String {
    format!("{identity} id")
}

/// The moves of a change with what they rest on.
pub(super) fn guarded(change: &Change, mut made: Vec<Move>, told: &Told<'_>) -> Vec<Move> {
    let whose = whose(change, told);
    for one in &mut made {
        // What comes into being has no id yet.
        let is_made = one.learns.is_some();
        one.guards.extend(whose.clone().filter(|_| !is_made));
        one.guards.extend(given(&one.call, told));
    }
    made
}

/// The user, group or role, where its id is known. An access key is named by an id of its own, which AWS gives nobody twice.
fn whose(change: &Change, told: &Told<'_>) -> Option<Guard> {
    let (identity, planned) = match change {
        Change::Identity(change) => (change.identity(), None),
        Change::Tag(change) => (change.identity(), None),
        Change::Entity(EntityChange::CreateIdentity { identity, .. }) => {
            let id = told.names.get(&id_name(identity)).cloned();
            return id.map(|id| Guard::Id { identity: identity.clone(), id });
        }
        Change::Entity(EntityChange::DeleteIdentity { identity, holds }) => (identity, holds.id.as_ref()),
        _ => return None,
    };
    // What this plan made itself, or made again on its way back, has the id that the journal tells.
    let made = told.names.get(&id_name(identity)).cloned();
    let known = planned.or_else(|| told.plan.rests_on.ids.get(identity)).map(|id| id.as_str().to_owned());
    made.or(known).map(|id| Guard::Id { identity: identity.clone(), id })
}

/// What a call gives to somebody.
fn given(call: &Call, told: &Told<'_>) -> Vec<Guard> {
    let parameter = |name: &str| call.input.get(name).and_then(Value::as_str);
    let policy = if call.operation.starts_with("Attach") && call.service == "iam" {
        parameter("PolicyArn")
    } else {
        parameter("PermissionsBoundary")
    };
    let policy = policy.and_then(|text| Arn::parse(text).ok());
    let mut all: Vec<Guard> = policy.map(|arn| policy_guard(&arn, call.account, told)).into_iter().collect();
    if call.operation == "AddUserToGroup" {
        let name = parameter("GroupName");
        let is_it = |group: &Arn| Some(group.name()) == name && group.account() == call.account;
        let group = told.plan.rests_on.groups.iter().find(|(group, _)| is_it(group));
        if let Some((group, policies)) = group {
            all.push(Guard::Group { group: group.clone(), policies: policies.clone() });
            let attached = policies.attached.iter().filter(|arn| arn.account().is_some());
            all.extend(attached.map(|arn| policy_guard(arn, call.account, told)));
        }
    }
    all
}

/// A policy with the text that it has to have. AWS changes its own by itself.
fn policy_guard(policy: &Arn, account: Option<AccountId>, told: &Told<'_>) -> Guard {
    let document = text_at(policy, told).filter(|_| policy.account().is_some());
    match document.cloned() {
        Some(document) => Guard::Text { policy: policy.clone(), document },
        None => Guard::There { account, policy: policy.clone() },
    }
}

/// The text of a policy when a step begins, whichever way: as the last step before it made it, or as it was.
fn text_at<'t>(policy: &Arn, told: &'t Told<'_>) -> Option<&'t WireDocument> {
    use ManagedPolicyChange as C;
    let before = told.plan.changes.get(..told.step).unwrap_or_default().iter().rev();
    let made = before.filter_map(|step| match &step.change {
        Change::ManagedPolicy(change) if change.policy() == policy => Some(change),
        _ => None,
    });
    match made.into_iter().next() {
        Some(
            C::CreatePolicy { document, .. }
            | C::CreatePolicyVersion { document, .. }
            | C::RestorePolicyVersion { document, .. },
        ) => Some(document),
        Some(C::DeletePolicy { .. }) => None,
        None => told.plan.rests_on.policies.get(policy),
    }
}
