//! The estate as it would be.

use kagimori_policy::document::Document;

use super::edit::{change, look};
use super::{Change, ChangeError, WireDocument};
use crate::fact::{Known, SourceId};
use crate::id::Arn;
use crate::model::{Estate, ManagedPolicy, OrganizationPolicy, Policy, PolicyVersion};

/// AWS keeps five versions of a managed policy (`reference_iam-quotas`).
const VERSIONS_MAX: usize = 5;

/// The estate after a change.
///
/// # Errors
/// [`ChangeError`] when the estate does not hold what the change is about, when nothing would change, or when AWS would refuse.
pub fn apply(estate: &Estate, change: &Change) -> Result<Estate, ChangeError> {
    let mut after = estate.clone();
    apply_to(&mut after, change)?;
    Ok(after)
}

/// The estate after several changes, in order.
///
/// # Errors
/// The place of the first change that cannot be made, and why.
pub fn apply_all(estate: &Estate, changes: &[Change]) -> Result<Estate, (usize, ChangeError)> {
    let mut after = estate.clone();
    for (place, change) in changes.iter().enumerate() {
        apply_to(&mut after, change).map_err(|error| (place, error))?;
    }
    Ok(after)
}

/// Leaves the estate as it was when it fails: each arm asks everything before it writes.
pub(super) fn apply_to(estate: &mut Estate, wanted: &Change) -> Result<(), ChangeError> {
    match wanted {
        Change::SetAccessKeyStatus { user, key, active } => {
            let held = change::key(estate, user, key)?;
            let was = known(&held.active)?;
            must_differ(was == *active, || format!("{key} is {} already", status(was)))?;
            set(&mut held.active, *active);
        }
        Change::DeleteAccessKey { user, key } => {
            look::key(estate, user, key)?;
            if let Known::Known(keys) = &mut change::user(estate, user)?.access_keys {
                keys.value.retain(|held| held.id.as_ref() != Some(key));
            }
        }
        Change::PutInlinePolicy { identity, name, document, position } => {
            let inline = &mut change::grants(estate, identity)?.inline;
            let policy = policy(document);
            match inline.iter_mut().find(|(held, _)| held == name) {
                Some((_, held)) => {
                    must_differ(*held == policy, || {
                        format!("the inline policy `{name}` is like that already")
                    })?;
                    *held = policy;
                }
                None => insert(inline, *position, (name.clone(), policy)),
            }
        }
        Change::DeleteInlinePolicy { identity, name } => {
            let inline = &mut change::grants(estate, identity)?.inline;
            remove(inline, |(held, _)| held == name, "inline policy", name)?;
        }
        Change::AttachPolicy { identity, policy, position } => {
            let attached = &mut change::grants(estate, identity)?.attached;
            must_differ(attached.contains(policy), || format!("{policy} is attached already"))?;
            insert(attached, *position, policy.clone());
        }
        Change::DetachPolicy { identity, policy } => {
            let attached = &mut change::grants(estate, identity)?.attached;
            remove(attached, |held| held == policy, "attached policy", policy.as_str())?;
        }
        Change::SetBoundary { identity, policy } => {
            must_be_bounded(identity)?;
            let boundary = &mut change::grants(estate, identity)?.boundary;
            must_differ(boundary.as_ref() == Some(policy), || format!("{policy} is its boundary already"))?;
            *boundary = Some(policy.clone());
        }
        Change::RemoveBoundary { identity } => {
            let boundary = &mut change::grants(estate, identity)?.boundary;
            must_differ(boundary.is_none(), || format!("{identity} has no boundary"))?;
            *boundary = None;
        }
        Change::SetTrustPolicy { role, document } => {
            let trust = &mut change::role(estate, role)?.trust;
            let policy = policy(document);
            must_differ(*trust == policy, || format!("the trust policy of {role} is like that already"))?;
            *trust = policy;
        }
        Change::AddToGroup { user, group, position } => {
            if !look::account(estate, user)?.groups.contains_key(group) {
                return Err(ChangeError::NotThere { kind: "group", name: group.clone() });
            }
            let groups = &mut change::details(estate, user)?.groups;
            must_differ(groups.contains(group), || format!("{user} is in `{group}` already"))?;
            insert(groups, *position, group.clone());
        }
        Change::RemoveFromGroup { user, group } => {
            let groups = &mut change::details(estate, user)?.groups;
            remove(groups, |held| held == group, "membership in", group)?;
        }
        Change::SetConsoleLogin { user, enabled } => set_console_login(estate, user, *enabled)?,
        Change::CreatePolicy { .. }
        | Change::DeletePolicy { .. }
        | Change::CreatePolicyVersion { .. }
        | Change::RestorePolicyVersion { .. } => apply_to_managed(estate, wanted)?,
        Change::CreateOrganizationPolicy { .. }
        | Change::DeleteOrganizationPolicy { .. }
        | Change::SetOrganizationPolicy { .. }
        | Change::AttachOrganizationPolicy { .. }
        | Change::DetachOrganizationPolicy { .. } => apply_to_organization(estate, wanted)?,
    }
    Ok(())
}

fn set_console_login(estate: &mut Estate, user: &Arn, enabled: bool) -> Result<(), ChangeError> {
    match &mut change::user(estate, user)?.report {
        Known::Known(row) => {
            let was = known(&row.value.password_enabled)?;
            must_differ(was == enabled, || format!("{user} is like that already"))?;
            set(&mut row.value.password_enabled, enabled);
            Ok(())
        }
        Known::Unknown(gap) => Err(ChangeError::NotKnown(gap.to_string())),
    }
}

fn apply_to_managed(estate: &mut Estate, wanted: &Change) -> Result<(), ChangeError> {
    match wanted {
        Change::CreatePolicy { policy: arn, document } => {
            let account = change::account(estate, arn)?;
            must_differ(account.policies.contains_key(arn), || format!("{arn} is there already"))?;
            account.policies.insert(arn.clone(), created(arn, document));
        }
        Change::DeletePolicy { policy: arn } => {
            look::policy(estate, arn)?;
            if let Some(user) = attached_to(estate, arn) {
                return Err(ChangeError::Refused(format!("{arn} is attached to {user}")));
            }
            change::account(estate, arn)?.policies.remove(arn);
        }
        Change::CreatePolicyVersion { policy: arn, version, document } => {
            let held = change::policy(estate, arn)?;
            if held.version_count().is_some_and(|count| count >= VERSIONS_MAX) {
                let text =
                    format!("{arn} has {VERSIONS_MAX} versions, and AWS keeps no more: delete one first");
                return Err(ChangeError::Refused(text));
            }
            must_differ(held.default_version == *version, || format!("{arn} has {version} already"))?;
            let id = std::mem::replace(&mut held.default_version, version.clone());
            let document = std::mem::replace(&mut held.document, policy(document));
            if let Known::Known(others) = &mut held.other_versions {
                others.value.push(PolicyVersion { id, created: None, document });
            }
        }
        Change::RestorePolicyVersion { policy: arn, version, document, delete } => {
            let held = change::policy(estate, arn)?;
            let is_alone = held.other_versions.value().is_some_and(Vec::is_empty);
            if held.default_version != *delete || is_alone {
                let kind = "older version beside the default of";
                return Err(ChangeError::NotThere { kind, name: format!("{arn} {delete}") });
            }
            if let Known::Known(others) = &mut held.other_versions {
                others.value.retain(|held| held.id != *version);
            }
            held.default_version.clone_from(version);
            held.document = policy(document);
        }
        _ => {}
    }
    Ok(())
}

fn apply_to_organization(estate: &mut Estate, wanted: &Change) -> Result<(), ChangeError> {
    match wanted {
        Change::CreateOrganizationPolicy { id, name, kind, document } => {
            let is_there = look::organization_policy(estate, id).is_ok();
            must_differ(is_there, || format!("{id} is there already"))?;
            change::organization_policies(estate)?.push(OrganizationPolicy {
                id: id.clone(),
                name: name.clone(),
                kind: kind.clone(),
                aws_managed: false,
                document: Known::new(policy(document), SourceId::PLANNED),
                targets: Known::new(Vec::new(), SourceId::PLANNED),
            });
        }
        Change::DeleteOrganizationPolicy { id } => {
            if let Some(target) = look::targets(estate, id)?.first() {
                return Err(ChangeError::Refused(format!("{id} is attached to {target}")));
            }
            let last = look::organization_policies(estate)?.last().is_some_and(|last| last.id == *id);
            if !last {
                let text = format!("{id} was not made by a plan: its description and tags would be lost");
                return Err(ChangeError::NotKnown(text));
            }
            change::organization_policies(estate)?.retain(|held| held.id != *id);
        }
        Change::SetOrganizationPolicy { id, document } => {
            let held = change::organization_policy(estate, id)?;
            if held.aws_managed {
                return Err(ChangeError::Refused(format!("{id} is written by AWS and cannot be changed")));
            }
            let Known::Known(fact) = &mut held.document else {
                return Err(ChangeError::NotKnown(format!("the document of {id} was not given")));
            };
            let policy = policy(document);
            must_differ(fact.value == policy, || format!("{id} is like that already"))?;
            fact.value = policy;
        }
        Change::AttachOrganizationPolicy { id, target, position } => {
            let targets = change::targets(estate, id)?;
            must_differ(targets.contains(target), || format!("{id} is attached to {target} already"))?;
            insert(targets, *position, target.clone());
        }
        Change::DetachOrganizationPolicy { id, target } => {
            remove(change::targets(estate, id)?, |held| held == target, "target", target)?;
        }
        _ => {}
    }
    Ok(())
}

fn policy(WireDocument(document): &WireDocument) -> Policy {
    Policy { document: Ok(Document::clone(document)) }
}

fn created(arn: &Arn, document: &WireDocument) -> ManagedPolicy {
    ManagedPolicy {
        arn: arn.clone(),
        name: arn.name().to_owned(),
        created: None,
        document: policy(document),
        default_version: "v1".to_owned(),
        other_versions: Known::new(Vec::new(), SourceId::PLANNED),
        attachments: None,
        boundary_uses: None,
        source: SourceId::PLANNED,
    }
}

/// Who has a managed policy attached or as boundary.
fn attached_to(estate: &Estate, policy: &Arn) -> Option<Arn> {
    let account = look::account(estate, policy).ok()?;
    let holds = |grants: &crate::model::Grants| {
        grants.attached.contains(policy) || grants.boundary.as_ref() == Some(policy)
    };
    let users = account
        .users
        .values()
        .filter(|user| user.details.value().is_some_and(|details| holds(&details.grants)));
    let groups = account.groups.values().filter(|group| holds(&group.grants)).map(|group| &group.arn);
    let roles = account.roles.values().filter(|role| holds(&role.grants)).map(|role| &role.arn);
    users.map(|user| &user.arn).chain(groups).chain(roles).next().cloned()
}

fn must_be_bounded(identity: &Arn) -> Result<(), ChangeError> {
    if identity.resource().starts_with("group/") {
        return Err(ChangeError::Refused("a group has no permissions boundary".to_owned()));
    }
    Ok(())
}

fn must_differ(is_same: bool, why: impl FnOnce() -> String) -> Result<(), ChangeError> {
    if is_same { Err(ChangeError::NothingToDo(why())) } else { Ok(()) }
}

fn known(fact: &Known<bool>) -> Result<bool, ChangeError> {
    fact.known().copied().map_err(|gap| ChangeError::NotKnown(gap.to_string()))
}

fn set(fact: &mut Known<bool>, value: bool) {
    if let Known::Known(fact) = fact {
        fact.value = value;
    }
}

fn status(active: bool) -> &'static str {
    if active { "Active" } else { "Inactive" }
}

fn insert<T>(list: &mut Vec<T>, position: Option<usize>, value: T) {
    list.insert(position.unwrap_or(list.len()).min(list.len()), value);
}

fn remove<T>(
    list: &mut Vec<T>,
    is_it: impl Fn(&T) -> bool,
    kind: &'static str,
    name: &str,
) -> Result<(), ChangeError> {
    let Some(place) = list.iter().position(is_it) else {
        return Err(ChangeError::NotThere { kind, name: name.to_owned() });
    };
    list.remove(place);
    Ok(())
}
