//! The customer's managed policies and their versions.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::edit::{change, look};
use super::list::must_differ;
use super::policy::{document, policy};
use super::{ChangeError, WireDocument};
use crate::fact::{Known, SourceId};
use crate::model::{Estate, ManagedPolicy, PolicyVersion};
use kagimori_id::Arn;
use kagimori_policy::quota::VERSIONS;

/// The customer's managed policies and their versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "whoever applies changes must say what it does for each")]
pub enum ManagedPolicyChange {
    /// `iam create-policy`.
    CreatePolicy {
        /// The policy's ARN, with its path.
        policy: Arn,
        /// Its text.
        document: WireDocument,
    },
    /// `iam delete-policy`, of a policy that is attached nowhere and has one version.
    DeletePolicy {
        /// The policy.
        policy: Arn,
    },
    /// `iam create-policy-version --set-as-default`.
    CreatePolicyVersion {
        /// The policy, a customer managed one.
        policy: Arn,
        /// The new version's name: `v4`.
        version: String,
        /// Its text.
        document: WireDocument,
        /// The version that goes first, where there are as many as AWS keeps. Its text is kept in the journal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        makes_room: Option<String>,
    },
    /// `iam set-default-policy-version`, then `delete-policy-version` of the version that was the default: the way back from
    /// [`ManagedPolicyChange::CreatePolicyVersion`].
    RestorePolicyVersion {
        /// The policy.
        policy: Arn,
        /// The version that becomes the default.
        version: String,
        /// That version's text.
        document: WireDocument,
        /// The version that is deleted.
        delete: String,
    },
}

/// AWS keeps no more of a managed policy.
const VERSIONS_MAX: usize = VERSIONS.most;

impl ManagedPolicyChange {
    /// The names of the changes in JSON.
    pub(super) const KINDS: [&str; 4] =
        ["create_policy", "delete_policy", "create_policy_version", "restore_policy_version"];

    /// Makes the change; the estate stays as it was when it fails: each arm asks everything before it writes.
    pub(super) fn apply_to(&self, estate: &mut Estate) -> Result<(), ChangeError> {
        match self {
            Self::CreatePolicy { policy: arn, document } => {
                let account = change::account(estate, arn)?;
                must_differ(account.policies.contains_key(arn), || format!("{arn} is there already"))?;
                account.policies.insert(arn.clone(), created(arn, document));
            }
            Self::DeletePolicy { policy: arn } => {
                look::policy(estate, arn)?;
                if let Some(user) = attached_to(estate, arn) {
                    return Err(ChangeError::Refused(format!("{arn} is attached to {user}")));
                }
                change::account(estate, arn)?.policies.remove(arn);
            }
            Self::CreatePolicyVersion { policy: arn, version, document, makes_room } => {
                let held = change::policy(estate, arn)?;
                must_have_room(held, makes_room.as_deref())?;
                let others = held.other_versions.value().into_iter().flatten();
                let is_there =
                    others.map(|held| &held.id).chain([&held.default_version]).any(|id| id == version);
                must_differ(is_there, || format!("{arn} has {version} already"))?;
                let id = std::mem::replace(&mut held.default_version, version.clone());
                let document = std::mem::replace(&mut held.document, policy(document));
                if let Known::Known(others) = &mut held.other_versions {
                    others.value.retain(|held| Some(&held.id) != makes_room.as_ref());
                    others.value.push(PolicyVersion { id, created: None, document });
                }
            }
            Self::RestorePolicyVersion { policy: arn, version, document, delete } => {
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
        }
        Ok(())
    }

    /// What undoes the change, made to this estate.
    pub(super) fn inverse(&self, estate: &Estate) -> Result<Self, ChangeError> {
        Ok(match self.clone() {
            Self::CreatePolicy { policy, .. } => Self::DeletePolicy { policy },
            Self::DeletePolicy { policy } => deleted(estate, policy)?,
            Self::CreatePolicyVersion { policy, version: delete, .. } => {
                let held = look::policy(estate, &policy)?;
                let (document, version) =
                    (document(&held.document, policy.as_str())?, held.default_version.clone());
                Self::RestorePolicyVersion { policy, version, document, delete }
            }
            Self::RestorePolicyVersion { policy, delete: version, .. } => {
                let document = document(&look::policy(estate, &policy)?.document, policy.as_str())?;
                Self::CreatePolicyVersion { policy, version, document, makes_room: None }
            }
        })
    }

    /// What nothing brings back, in English and in Japanese: AWS counts versions on, and gives no number twice.
    pub(super) fn lost(&self) -> Option<(String, String)> {
        let Self::CreatePolicyVersion { policy, makes_room: Some(gone), .. } = self else { return None };
        let english = format!("the version {gone} of {policy}, whose text is in the journal");
        Some((english, format!("{policy} のバージョン {gone}（内容はジャーナルに残る）")))
    }

    /// The policy.
    pub fn policy(&self) -> &Arn {
        let (Self::CreatePolicy { policy, .. }
        | Self::DeletePolicy { policy }
        | Self::CreatePolicyVersion { policy, .. }
        | Self::RestorePolicyVersion { policy, .. }) = self;
        policy
    }

    /// The sentence in Japanese.
    pub(super) fn japanese(&self) -> String {
        match self {
            Self::CreatePolicy { policy, .. } => format!("{policy} を作成する"),
            Self::DeletePolicy { policy } => format!("{policy} を削除する"),
            Self::CreatePolicyVersion { policy, version, makes_room: Some(gone), .. } => {
                format!("{policy} の {gone} を削除し、新しいバージョン {version} を作り、デフォルトにする")
            }
            Self::CreatePolicyVersion { policy, version, .. } => {
                format!("{policy} の新しいバージョン {version} を作り、デフォルトにする")
            }
            Self::RestorePolicyVersion { policy, version, delete, .. } => {
                format!("{policy} のデフォルトを {version} に戻し、{delete} を削除する")
            }
        }
    }
}

impl fmt::Display for ManagedPolicyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreatePolicy { policy, .. } => write!(f, "create {policy}"),
            Self::DeletePolicy { policy } => write!(f, "delete {policy}"),
            Self::CreatePolicyVersion { policy, version, makes_room: Some(gone), .. } => {
                write!(f, "delete {gone} of {policy} and make a new text its default, as {version}")
            }
            Self::CreatePolicyVersion { policy, version, .. } => {
                write!(f, "make a new text the default of {policy}, as {version}")
            }
            Self::RestorePolicyVersion { policy, version, delete, .. } => {
                write!(f, "make {version} the default of {policy} again and delete {delete}")
            }
        }
    }
}

fn must_have_room(policy: &ManagedPolicy, makes_room: Option<&str>) -> Result<(), ChangeError> {
    let arn = &policy.arn;
    let others = || policy.other_versions.value().into_iter().flatten();
    if let Some(gone) = makes_room {
        return match others().any(|held| held.id == gone) {
            true => Ok(()),
            false => Err(ChangeError::NotThere {
                kind: "version beside the default of",
                name: format!("{arn} {gone}"),
            }),
        };
    }
    if policy.version_count().is_none_or(|count| count < VERSIONS_MAX) {
        return Ok(());
    }
    let number = |id: &&String| id.strip_prefix('v').and_then(|number| number.parse::<u64>().ok());
    let oldest = others().map(|held| &held.id).min_by_key(number).map_or("", String::as_str);
    Err(ChangeError::Refused(format!(
        "{arn} has {VERSIONS_MAX} versions, and AWS keeps no more: delete one first, or say `makes_room` ({oldest} is the oldest)"
    )))
}

fn created(arn: &Arn, document: &WireDocument) -> ManagedPolicy {
    ManagedPolicy {
        arn: arn.clone(),
        name: arn.name().to_owned(),
        created: None,
        document: policy(document),
        default_version: "v1".to_owned(),
        other_versions: Known::new(Vec::new(), SourceId::PLANNED),
        attachments: Some(0),
        boundary_uses: Some(0),
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

/// Only what a plan made holds nothing that creating it again would lose.
fn deleted(estate: &Estate, policy: Arn) -> Result<ManagedPolicyChange, ChangeError> {
    let held = look::policy(estate, &policy)?;
    let is_alone = held.other_versions.value().is_some_and(Vec::is_empty);
    if !is_alone || held.created.is_some() {
        let text = format!("the older versions and the dates of {policy} would be lost");
        return Err(ChangeError::NotKnown(text));
    }
    let document = document(&held.document, policy.as_str())?;
    Ok(ManagedPolicyChange::CreatePolicy { policy, document })
}
