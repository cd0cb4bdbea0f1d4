//! Policies of the organization: service control and resource control policies.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::edit::{change, look};
use super::list::{find, insert, must_differ, remove};
use super::policy::{document, policy};
use super::{ChangeError, WireDocument};
use crate::fact::{Known, SourceId};
use crate::model::{Estate, OrganizationPolicy};
use kagimori_policy::quota::{self, Quota};

/// Policies of the organization: service control and resource control policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "whoever applies changes must say what it does for each")]
pub enum OrganizationChange {
    /// `organizations create-policy`.
    CreateOrganizationPolicy {
        /// A name for it until AWS gives it its id.
        id: String,
        /// Its name.
        name: String,
        /// `SERVICE_CONTROL_POLICY` or `RESOURCE_CONTROL_POLICY`.
        kind: String,
        /// Its text.
        document: WireDocument,
    },
    /// `organizations delete-policy`, of a policy that is attached nowhere.
    DeleteOrganizationPolicy {
        /// Its id, `p-…`.
        id: String,
    },
    /// `organizations update-policy`.
    SetOrganizationPolicy {
        /// Its id, `p-…`.
        id: String,
        /// The new text.
        document: WireDocument,
    },
    /// `organizations attach-policy`.
    AttachOrganizationPolicy {
        /// Its id, `p-…`.
        id: String,
        /// A root, an organizational unit or an account.
        target: String,
        /// Where it stands among the targets; the end when not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<usize>,
    },
    /// `organizations detach-policy`.
    DetachOrganizationPolicy {
        /// Its id, `p-…`.
        id: String,
        /// A root, an organizational unit or an account.
        target: String,
    },
}

impl OrganizationChange {
    /// The names of the changes in JSON.
    pub(super) const KINDS: [&str; 5] = [
        "create_organization_policy",
        "delete_organization_policy",
        "set_organization_policy",
        "attach_organization_policy",
        "detach_organization_policy",
    ];

    /// Makes the change; the estate stays as it was when it fails: each arm asks everything before it writes.
    pub(super) fn apply_to(&self, estate: &mut Estate) -> Result<(), ChangeError> {
        match self {
            Self::CreateOrganizationPolicy { id, name, kind, document } => {
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
            Self::DeleteOrganizationPolicy { id } => {
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
            Self::SetOrganizationPolicy { id, document } => {
                let held = change::organization_policy(estate, id)?;
                if held.aws_managed {
                    return Err(ChangeError::Refused(format!(
                        "{id} is written by AWS and cannot be changed"
                    )));
                }
                let Known::Known(fact) = &mut held.document else {
                    return Err(ChangeError::NotKnown(format!("the document of {id} was not given")));
                };
                let policy = policy(document);
                must_differ(fact.value == policy, || format!("{id} is like that already"))?;
                fact.value = policy;
            }
            Self::AttachOrganizationPolicy { id, target, position } => {
                let is_attached = look::targets(estate, id)?.contains(target);
                must_differ(is_attached, || format!("{id} is attached to {target} already"))?;
                must_have_room(estate, id, target)?;
                insert(change::targets(estate, id)?, *position, target.clone());
            }
            Self::DetachOrganizationPolicy { id, target } => {
                must_leave_one(estate, id, target)?;
                remove(change::targets(estate, id)?, |held| held == target, "target", target)?;
            }
        }
        Ok(())
    }

    /// What undoes the change, made to this estate.
    pub(super) fn inverse(&self, estate: &Estate) -> Result<Self, ChangeError> {
        Ok(match self.clone() {
            Self::CreateOrganizationPolicy { id, .. } => Self::DeleteOrganizationPolicy { id },
            Self::DeleteOrganizationPolicy { id } => {
                let held = look::organization_policy(estate, &id)?;
                let (name, kind) = (held.name.clone(), held.kind.clone());
                Self::CreateOrganizationPolicy {
                    document: organization_document(estate, &id)?,
                    id,
                    name,
                    kind,
                }
            }
            Self::SetOrganizationPolicy { id, .. } => {
                Self::SetOrganizationPolicy { document: organization_document(estate, &id)?, id }
            }
            Self::AttachOrganizationPolicy { id, target, .. } => {
                Self::DetachOrganizationPolicy { id, target }
            }
            Self::DetachOrganizationPolicy { id, target } => {
                let targets = look::targets(estate, &id)?;
                let (position, _) = find(targets, |held| *held == target, "target", &target)?;
                Self::AttachOrganizationPolicy { id, target, position }
            }
        })
    }

    /// The sentence in Japanese.
    pub(super) fn japanese(&self) -> String {
        match self {
            Self::CreateOrganizationPolicy { id, name, .. } => {
                format!("組織のポリシー「{name}」（{id}）を作成する")
            }
            Self::DeleteOrganizationPolicy { id } => format!("組織のポリシー {id} を削除する"),
            Self::SetOrganizationPolicy { id, .. } => format!("組織のポリシー {id} の内容を置き換える"),
            Self::AttachOrganizationPolicy { id, target, .. } => {
                format!("組織のポリシー {id} を {target} にアタッチする")
            }
            Self::DetachOrganizationPolicy { id, target } => {
                format!("組織のポリシー {id} を {target} からデタッチする")
            }
        }
    }
}

impl fmt::Display for OrganizationChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateOrganizationPolicy { id, name, kind, .. } => {
                write!(f, "create the {} `{name}` ({id})", words(kind))
            }
            Self::DeleteOrganizationPolicy { id } => write!(f, "delete the policy {id} of the organization"),
            Self::SetOrganizationPolicy { id, .. } => {
                write!(f, "replace the text of the policy {id} of the organization")
            }
            Self::AttachOrganizationPolicy { id, target, .. } => {
                write!(f, "attach the policy {id} of the organization to {target}")
            }
            Self::DetachOrganizationPolicy { id, target } => {
                write!(f, "detach the policy {id} of the organization from {target}")
            }
        }
    }
}

/// AWS refuses one more than the quota. Those whose kind or targets are not known may be there besides: they are not counted.
fn must_have_room(estate: &Estate, id: &str, target: &str) -> Result<(), ChangeError> {
    let kind = &look::organization_policy(estate, id)?.kind;
    let Some((_, Quota { most, since, .. })) = quota::of_organization(kind) else { return Ok(()) };
    let is_there = |policy: &&OrganizationPolicy| {
        policy.kind == *kind
            && policy.targets.value().is_some_and(|targets| targets.iter().any(|held| held == target))
    };
    let attached = look::organization_policies(estate)?.iter().filter(is_there).count();
    if attached < most {
        return Ok(());
    }
    Err(ChangeError::Refused(format!(
        "{attached} {} policies are attached to {target}, and the quota of {since} is {most}",
        words(kind).trim_end_matches(" policy")
    )))
}

/// AWS refuses to take the last SCP from a root, an organizational unit or an account, and its own RCP from anything (Organizations
/// User Guide, `orgs_policies_detach`). Where not all SCPs were given, another may be there. One that a plan made was put beside
/// others.
fn must_leave_one(estate: &Estate, id: &str, target: &str) -> Result<(), ChangeError> {
    let policy = look::organization_policy(estate, id)?;
    if policy.kind == "RESOURCE_CONTROL_POLICY" && policy.aws_managed {
        return Err(ChangeError::Refused(format!("{id} is AWS's own, and AWS lets nobody detach it")));
    }
    let is_planned = policy.document.fact().is_some_and(|fact| fact.source == SourceId::PLANNED);
    if policy.kind != "SERVICE_CONTROL_POLICY" || is_planned {
        return Ok(());
    }
    let all = look::organization_policies(estate)?;
    let is_whole = all.iter().any(|one| one.kind == policy.kind && one.aws_managed)
        && all.iter().all(|one| !one.kind.is_empty() && one.targets.value().is_some());
    let is_there = |one: &&OrganizationPolicy| {
        let holds = |targets: &Vec<String>| targets.iter().any(|held| held == target);
        one.kind == policy.kind && one.id != id && one.targets.value().is_some_and(holds)
    };
    if !is_whole || all.iter().any(|one| is_there(&one)) {
        return Ok(());
    }
    Err(ChangeError::Refused(format!(
        "{id} is the last SCP on {target}, and AWS keeps at least one everywhere: attach another first"
    )))
}

fn organization_document(estate: &Estate, id: &str) -> Result<WireDocument, ChangeError> {
    let known = look::organization_policy(estate, id)?.document.value();
    let policy = known.ok_or_else(|| ChangeError::NotKnown(format!("the document of {id} was not given")))?;
    document(policy, id)
}

fn words(kind: &str) -> String {
    kind.to_ascii_lowercase().replace('_', " ")
}
