//! What users, groups and roles have: inline and attached policies, boundaries, trust, membership.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::deny::{Denial, QUARANTINE};
use super::edit::{change, look};
use super::holdings::Holdings;
use super::list::{find, insert, must_differ, remove};
use super::policy::{document, policy};
use super::{ChangeError, WireDocument};
use crate::model::{Estate, ManagedPolicy};
use kagimori_id::Arn;

/// What users, groups and roles have: inline and attached policies, boundaries, trust, membership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "whoever applies changes must say what it does for each")]
pub enum IdentityChange {
    /// `iam put-user-policy`, `put-group-policy`, `put-role-policy`: adds an inline policy or replaces it.
    PutInlinePolicy {
        /// The user, group or role.
        identity: Arn,
        /// The policy's name.
        name: String,
        /// Its text.
        document: WireDocument,
        /// Where it stands among the others in AWS's answer; the end when not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<usize>,
    },
    /// `iam delete-user-policy`, `delete-group-policy`, `delete-role-policy`.
    DeleteInlinePolicy {
        /// The user, group or role.
        identity: Arn,
        /// The policy's name.
        name: String,
    },
    /// `iam attach-user-policy`, `attach-group-policy`, `attach-role-policy`.
    AttachPolicy {
        /// The user, group or role.
        identity: Arn,
        /// The managed policy.
        policy: Arn,
        /// Where it stands among the others; the end when not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<usize>,
    },
    /// `iam detach-user-policy`, `detach-group-policy`, `detach-role-policy`.
    DetachPolicy {
        /// The user, group or role.
        identity: Arn,
        /// The managed policy.
        policy: Arn,
    },
    /// `iam put-user-permissions-boundary`, `put-role-permissions-boundary`.
    SetBoundary {
        /// The user or role.
        identity: Arn,
        /// The managed policy that bounds it.
        policy: Arn,
    },
    /// `iam delete-user-permissions-boundary`, `delete-role-permissions-boundary`.
    RemoveBoundary {
        /// The user or role.
        identity: Arn,
    },
    /// `iam update-assume-role-policy`.
    SetTrustPolicy {
        /// The role.
        role: Arn,
        /// The new trust policy.
        document: WireDocument,
    },
    /// `iam add-user-to-group`.
    AddToGroup {
        /// The user.
        user: Arn,
        /// The group's name.
        group: String,
        /// Where it stands among the others; the end when not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<usize>,
    },
    /// `iam remove-user-from-group`.
    RemoveFromGroup {
        /// The user.
        user: Arn,
        /// The group's name.
        group: String,
    },
}

impl IdentityChange {
    /// The names of the changes in JSON.
    pub(super) const KINDS: [&str; 9] = [
        "put_inline_policy",
        "delete_inline_policy",
        "attach_policy",
        "detach_policy",
        "set_boundary",
        "remove_boundary",
        "set_trust_policy",
        "add_to_group",
        "remove_from_group",
    ];

    /// Makes the change; the estate stays as it was when it fails: each arm asks everything before it writes.
    pub(super) fn apply_to(&self, estate: &mut Estate) -> Result<(), ChangeError> {
        match self {
            Self::PutInlinePolicy { identity, name, document, position } => {
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
            Self::DeleteInlinePolicy { identity, name } => {
                let inline = &mut change::grants(estate, identity)?.inline;
                remove(inline, |(held, _)| held == name, "inline policy", name)?;
            }
            Self::AttachPolicy { identity, policy, position } => {
                let attached = &mut change::grants(estate, identity)?.attached;
                must_differ(attached.contains(policy), || format!("{policy} is attached already"))?;
                insert(attached, *position, policy.clone());
                count(estate, identity, policy, attachments, true);
            }
            Self::DetachPolicy { identity, policy } => {
                let attached = &mut change::grants(estate, identity)?.attached;
                remove(attached, |held| held == policy, "attached policy", policy.as_str())?;
                count(estate, identity, policy, attachments, false);
            }
            Self::SetBoundary { identity, policy } => {
                must_be_bounded(identity)?;
                let boundary = &mut change::grants(estate, identity)?.boundary;
                must_differ(boundary.as_ref() == Some(policy), || {
                    format!("{policy} is its boundary already")
                })?;
                if let Some(before) = boundary.replace(policy.clone()) {
                    count(estate, identity, &before, boundary_uses, false);
                }
                count(estate, identity, policy, boundary_uses, true);
            }
            Self::RemoveBoundary { identity } => {
                let boundary = &mut change::grants(estate, identity)?.boundary;
                must_differ(boundary.is_none(), || format!("{identity} has no boundary"))?;
                if let Some(before) = boundary.take() {
                    count(estate, identity, &before, boundary_uses, false);
                }
            }
            Self::SetTrustPolicy { role, document } => {
                let trust = &mut change::role(estate, role)?.trust;
                let policy = policy(document);
                must_differ(*trust == policy, || format!("the trust policy of {role} is like that already"))?;
                *trust = policy;
            }
            Self::AddToGroup { user, group, position } => {
                if !look::account(estate, user)?.groups.contains_key(group) {
                    return Err(ChangeError::NotThere { kind: "group", name: group.clone() });
                }
                let groups = &mut change::details(estate, user)?.groups;
                must_differ(groups.contains(group), || format!("{user} is in `{group}` already"))?;
                insert(groups, *position, group.clone());
            }
            Self::RemoveFromGroup { user, group } => {
                let groups = &mut change::details(estate, user)?.groups;
                remove(groups, |held| held == group, "membership in", group)?;
            }
        }
        Ok(())
    }

    /// What undoes the change, made to this estate.
    pub(super) fn inverse(&self, estate: &Estate) -> Result<Self, ChangeError> {
        Ok(match self.clone() {
            Self::PutInlinePolicy { identity, name, .. } => {
                match look::grants(estate, &identity)?.inline.iter().find(|(held, _)| *held == name) {
                    Some((_, held)) => {
                        let document = document(held, &name)?;
                        Self::PutInlinePolicy { identity, name, document, position: None }
                    }
                    None => Self::DeleteInlinePolicy { identity, name },
                }
            }
            Self::DeleteInlinePolicy { identity, name } => {
                let inline = &look::grants(estate, &identity)?.inline;
                let (position, held) = find(inline, |(held, _)| *held == name, "inline policy", &name)?;
                let document = document(&held.1, &name)?;
                Self::PutInlinePolicy { identity, name, document, position }
            }
            Self::AttachPolicy { identity, policy, .. } => Self::DetachPolicy { identity, policy },
            Self::DetachPolicy { identity, policy } => {
                let attached = &look::grants(estate, &identity)?.attached;
                let (position, _) =
                    find(attached, |held| *held == policy, "attached policy", policy.as_str())?;
                Self::AttachPolicy { identity, policy, position }
            }
            Self::SetBoundary { identity, .. } | Self::RemoveBoundary { identity } => {
                match look::grants(estate, &identity)?.boundary.clone() {
                    Some(policy) => Self::SetBoundary { identity, policy },
                    None => Self::RemoveBoundary { identity },
                }
            }
            Self::SetTrustPolicy { role, .. } => {
                let document = document(&look::role(estate, &role)?.trust, role.as_str())?;
                Self::SetTrustPolicy { role, document }
            }
            Self::AddToGroup { user, group, .. } => Self::RemoveFromGroup { user, group },
            Self::RemoveFromGroup { user, group } => {
                let groups = &look::details(estate, &user)?.groups;
                let (position, _) = find(groups, |held| *held == group, "membership in", &group)?;
                Self::AddToGroup { user, group, position }
            }
        })
    }

    /// The user, group or role.
    pub fn identity(&self) -> &Arn {
        match self {
            Self::PutInlinePolicy { identity, .. }
            | Self::DeleteInlinePolicy { identity, .. }
            | Self::AttachPolicy { identity, .. }
            | Self::DetachPolicy { identity, .. }
            | Self::SetBoundary { identity, .. }
            | Self::RemoveBoundary { identity } => identity,
            Self::SetTrustPolicy { role, .. } => role,
            Self::AddToGroup { user, .. } | Self::RemoveFromGroup { user, .. } => user,
        }
    }

    /// The sentence in Japanese.
    pub(super) fn japanese(&self) -> String {
        match self {
            Self::PutInlinePolicy { identity, name, document, .. } => match Denial::of(name, document) {
                Some(Denial::Everything) => {
                    format!("{identity} を隔離する（インラインポリシー「{name}」ですべて拒否）")
                }
                Some(Denial::SessionsBefore(moment)) => format!(
                    "{identity} の {moment} より前に発行されたセッションを拒否する（インラインポリシー「{name}」）"
                ),
                None => format!("{identity} にインラインポリシー「{name}」を追加する"),
            },
            Self::DeleteInlinePolicy { identity, name } if name == QUARANTINE => {
                format!("{identity} の隔離を解く（インラインポリシー「{name}」を削除）")
            }
            Self::DeleteInlinePolicy { identity, name } => {
                format!("{identity} のインラインポリシー「{name}」を削除する")
            }
            Self::AttachPolicy { identity, policy, .. } => {
                format!("{policy} を {identity} にアタッチする")
            }
            Self::DetachPolicy { identity, policy } => format!("{policy} を {identity} からデタッチする"),
            Self::SetBoundary { identity, policy } => {
                format!("{identity} のアクセス許可の境界を {policy} にする")
            }
            Self::RemoveBoundary { identity } => format!("{identity} のアクセス許可の境界を外す"),
            Self::SetTrustPolicy { role, .. } => format!("{role} の信頼ポリシーを置き換える"),
            Self::AddToGroup { user, group, .. } => format!("{user} をグループ「{group}」に追加する"),
            Self::RemoveFromGroup { user, group } => format!("{user} をグループ「{group}」から外す"),
        }
    }
}

impl fmt::Display for IdentityChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PutInlinePolicy { identity, name, document, .. } => match Denial::of(name, document) {
                Some(Denial::Everything) => {
                    write!(f, "quarantine {identity} (the inline policy `{name}` denies everything)")
                }
                Some(Denial::SessionsBefore(moment)) => write!(
                    f,
                    "deny the sessions of {identity} that were handed out before {moment} (the inline policy `{name}`)"
                ),
                None => write!(f, "put the inline policy `{name}` on {identity}"),
            },
            Self::DeleteInlinePolicy { identity, name } if name == QUARANTINE => {
                write!(f, "lift the quarantine of {identity} (delete the inline policy `{name}`)")
            }
            Self::DeleteInlinePolicy { identity, name } => {
                write!(f, "delete the inline policy `{name}` of {identity}")
            }
            Self::AttachPolicy { identity, policy, .. } => write!(f, "attach {policy} to {identity}"),
            Self::DetachPolicy { identity, policy } => write!(f, "detach {policy} from {identity}"),
            Self::SetBoundary { identity, policy } => write!(f, "bound {identity} by {policy}"),
            Self::RemoveBoundary { identity } => write!(f, "remove the permissions boundary of {identity}"),
            Self::SetTrustPolicy { role, .. } => write!(f, "replace the trust policy of {role}"),
            Self::AddToGroup { user, group, .. } => write!(f, "add {user} to the group `{group}`"),
            Self::RemoveFromGroup { user, group } => write!(f, "remove {user} from the group `{group}`"),
        }
    }
}

fn attachments(policy: &mut ManagedPolicy) -> &mut Option<u32> {
    &mut policy.attachments
}

fn boundary_uses(policy: &mut ManagedPolicy) -> &mut Option<u32> {
    &mut policy.boundary_uses
}

/// One use of a managed policy more or less, as AWS would count. What was not known stays so; a count that says none of a use that was
/// there was wrong, and is not known any more.
fn count(
    estate: &mut Estate,
    identity: &Arn,
    policy: &Arn,
    of: fn(&mut ManagedPolicy) -> &mut Option<u32>,
    is_more: bool,
) {
    // A part of an estate may not hold the policy.
    let account = change::account(estate, identity).ok();
    let Some(held) = account.and_then(|account| account.policies.get_mut(policy)) else { return };
    let count = of(held);
    *count = count.and_then(|count| if is_more { count.checked_add(1) } else { count.checked_sub(1) });
}

/// The uses of managed policies that come with an identity, or go with it.
pub(super) fn counted(estate: &mut Estate, identity: &Arn, holds: &Holdings, is_more: bool) {
    for policy in &holds.attached {
        count(estate, identity, policy, attachments, is_more);
    }
    if let Some(boundary) = &holds.boundary {
        count(estate, identity, boundary, boundary_uses, is_more);
    }
}

fn must_be_bounded(identity: &Arn) -> Result<(), ChangeError> {
    if identity.resource().starts_with("group/") {
        return Err(ChangeError::Refused("a group has no permissions boundary".to_owned()));
    }
    Ok(())
}
