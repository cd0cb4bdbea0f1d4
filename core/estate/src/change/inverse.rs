//! The way back.

use super::apply::apply_to;
use super::edit::look;
use super::{Change, ChangeError, WireDocument};
use crate::id::Arn;
use crate::model::{Estate, Policy};

/// The change that undoes a change made to this estate.
///
/// # Errors
/// [`ChangeError`] when the change cannot be made, when what it replaces is not known, or when nothing undoes it.
pub fn inverse(estate: &Estate, change: &Change) -> Result<Change, ChangeError> {
    apply_to(&mut estate.clone(), change)?;
    of(estate, change)
}

/// The changes that undo several, last first.
///
/// # Errors
/// The place of the first change that cannot be made or undone, and why.
pub fn inverse_all(estate: &Estate, changes: &[Change]) -> Result<Vec<Change>, (usize, ChangeError)> {
    let mut current = estate.clone();
    let mut back = Vec::new();
    for (place, change) in changes.iter().enumerate() {
        let undo = of(&current, change);
        apply_to(&mut current, change).map_err(|error| (place, error))?;
        back.push(undo.map_err(|error| (place, error))?);
    }
    back.reverse();
    Ok(back)
}

/// The inverse of a change that can be made.
fn of(estate: &Estate, change: &Change) -> Result<Change, ChangeError> {
    Ok(match change.clone() {
        Change::SetAccessKeyStatus { user, key, active } => {
            Change::SetAccessKeyStatus { user, key, active: !active }
        }
        Change::DeleteAccessKey { .. } => return Err(ChangeError::Irreversible),
        Change::PutInlinePolicy { identity, name, .. } => {
            match look::grants(estate, &identity)?.inline.iter().find(|(held, _)| *held == name) {
                Some((_, held)) => {
                    let document = document(held, &name)?;
                    Change::PutInlinePolicy { identity, name, document, position: None }
                }
                None => Change::DeleteInlinePolicy { identity, name },
            }
        }
        Change::DeleteInlinePolicy { identity, name } => {
            let inline = &look::grants(estate, &identity)?.inline;
            let (position, held) = find(inline, |(held, _)| *held == name, "inline policy", &name)?;
            let document = document(&held.1, &name)?;
            Change::PutInlinePolicy { identity, name, document, position }
        }
        Change::AttachPolicy { identity, policy, .. } => Change::DetachPolicy { identity, policy },
        Change::DetachPolicy { identity, policy } => {
            let attached = &look::grants(estate, &identity)?.attached;
            let (position, _) = find(attached, |held| *held == policy, "attached policy", policy.as_str())?;
            Change::AttachPolicy { identity, policy, position }
        }
        Change::SetBoundary { identity, .. } | Change::RemoveBoundary { identity } => {
            match look::grants(estate, &identity)?.boundary.clone() {
                Some(policy) => Change::SetBoundary { identity, policy },
                None => Change::RemoveBoundary { identity },
            }
        }
        Change::SetTrustPolicy { role, .. } => {
            let document = document(&look::role(estate, &role)?.trust, role.as_str())?;
            Change::SetTrustPolicy { role, document }
        }
        Change::AddToGroup { user, group, .. } => Change::RemoveFromGroup { user, group },
        Change::RemoveFromGroup { user, group } => {
            let groups = &look::details(estate, &user)?.groups;
            let (position, _) = find(groups, |held| *held == group, "membership in", &group)?;
            Change::AddToGroup { user, group, position }
        }
        Change::SetConsoleLogin { user, enabled } => Change::SetConsoleLogin { user, enabled: !enabled },
        Change::CreatePolicy { policy, .. } => Change::DeletePolicy { policy },
        Change::DeletePolicy { policy } => deleted(estate, policy)?,
        Change::CreatePolicyVersion { policy, version: delete, .. } => {
            let held = look::policy(estate, &policy)?;
            let (document, version) =
                (document(&held.document, policy.as_str())?, held.default_version.clone());
            Change::RestorePolicyVersion { policy, version, document, delete }
        }
        Change::RestorePolicyVersion { policy, delete: version, .. } => {
            let document = document(&look::policy(estate, &policy)?.document, policy.as_str())?;
            Change::CreatePolicyVersion { policy, version, document }
        }
        Change::CreateOrganizationPolicy { id, .. } => Change::DeleteOrganizationPolicy { id },
        Change::DeleteOrganizationPolicy { id } => {
            let held = look::organization_policy(estate, &id)?;
            let (name, kind) = (held.name.clone(), held.kind.clone());
            Change::CreateOrganizationPolicy { document: organization_document(estate, &id)?, id, name, kind }
        }
        Change::SetOrganizationPolicy { id, .. } => {
            Change::SetOrganizationPolicy { document: organization_document(estate, &id)?, id }
        }
        Change::AttachOrganizationPolicy { id, target, .. } => {
            Change::DetachOrganizationPolicy { id, target }
        }
        Change::DetachOrganizationPolicy { id, target } => {
            let targets = look::targets(estate, &id)?;
            let (position, _) = find(targets, |held| *held == target, "target", &target)?;
            Change::AttachOrganizationPolicy { id, target, position }
        }
    })
}

/// Only what a plan made holds nothing that creating it again would lose.
fn deleted(estate: &Estate, policy: Arn) -> Result<Change, ChangeError> {
    let held = look::policy(estate, &policy)?;
    let is_alone = held.other_versions.value().is_some_and(Vec::is_empty);
    if !is_alone || held.created.is_some() {
        let text = format!("the older versions and the dates of {policy} would be lost");
        return Err(ChangeError::NotKnown(text));
    }
    let document = document(&held.document, policy.as_str())?;
    Ok(Change::CreatePolicy { policy, document })
}

fn organization_document(estate: &Estate, id: &str) -> Result<WireDocument, ChangeError> {
    let known = look::organization_policy(estate, id)?.document.value();
    let policy = known.ok_or_else(|| ChangeError::NotKnown(format!("the document of {id} was not given")))?;
    document(policy, id)
}

/// The text that is replaced; one that cannot be read could not be put back.
fn document(policy: &Policy, name: &str) -> Result<WireDocument, ChangeError> {
    let unreadable =
        |error: &_| ChangeError::NotKnown(format!("the policy `{name}` cannot be read: {error}"));
    policy.document.as_ref().map(|document| WireDocument(document.clone())).map_err(unreadable)
}

/// The entry, and its place unless that is the end.
fn find<'a, T>(
    list: &'a [T],
    is_it: impl Fn(&T) -> bool,
    kind: &'static str,
    name: &str,
) -> Result<(Option<usize>, &'a T), ChangeError> {
    let found = list.iter().enumerate().find(|(_, held)| is_it(held));
    let (place, held) = found.ok_or_else(|| ChangeError::NotThere { kind, name: name.to_owned() })?;
    let is_last = place.saturating_add(1) == list.len();
    Ok(((!is_last).then_some(place), held))
}
