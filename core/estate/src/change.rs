//! One edit of an estate that knows its way back.
//!
//! [`apply`] gives the estate as it would be; [`inverse`] gives the change that undoes it. Both are pure: nothing is done in
//! AWS here. Law: applying a change and then its inverse gives the estate there was, to the last position in a list
//! (a property test holds it).
//!
//! What AWS reports of a past moment (counts, the credential report) stays as it was, with one exception: the console
//! password of a user is known from the credential report alone, so taking it away is written there.

mod apply;
mod edit;
mod inverse;
mod sentence;
mod touched;
mod wire;

use serde::{Deserialize, Serialize};

use kagimori_policy::document::Document;

use crate::id::{AccessKeyId, AccountId, Arn};

pub use apply::{apply, apply_all};
pub use inverse::{inverse, inverse_all};
pub use touched::touched;
pub use wire::WireDocument;

/// One edit.
///
/// As JSON each is an object with one key, its kind, so that a plan reads `{"detach_policy": {"identity": …}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Change {
    /// `iam update-access-key`.
    SetAccessKeyStatus {
        /// The user.
        user: Arn,
        /// The key.
        key: AccessKeyId,
        /// `Active`, or else `Inactive`.
        active: bool,
    },
    /// `iam delete-access-key`. There is no way back: AWS keeps no copy of the secret.
    DeleteAccessKey {
        /// The user.
        user: Arn,
        /// The key.
        key: AccessKeyId,
    },
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
    },
    /// `iam set-default-policy-version`, then `delete-policy-version` of the version that was the default: the way back from
    /// [`Change::CreatePolicyVersion`].
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
    /// `iam delete-login-profile` (`enabled: false`). The way back, `create-login-profile`, needs a new password.
    SetConsoleLogin {
        /// The user.
        user: Arn,
        /// May sign in with a password.
        enabled: bool,
    },
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

/// What it takes to go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "whoever applies a change must decide for each")]
pub enum WayBack {
    /// The inverse puts everything back.
    Whole,
    /// The inverse needs a new password, because AWS keeps none.
    NewPassword,
    /// None.
    None,
}

/// Why a change cannot be made to an estate, or not undone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "the hint differs")]
pub enum ChangeError {
    /// What it is about is not in the estate.
    #[error("there is no {kind} `{name}` in the estate")]
    NotThere {
        /// `user`, `role`, `access key` …
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// It would change nothing.
    #[error("it would change nothing: {0}")]
    NothingToDo(String),
    /// What it would change is not known, so that nobody could go back.
    #[error("what it would change is not known: {0}")]
    NotKnown(String),
    /// AWS would refuse it.
    #[error("AWS would refuse it: {0}")]
    Refused(String),
    /// There is no way back.
    #[error("a deleted access key cannot be brought back: AWS keeps no copy of its secret")]
    Irreversible,
}

impl Change {
    /// What it takes to go back.
    pub fn way_back(&self) -> WayBack {
        match self {
            Self::DeleteAccessKey { .. } => WayBack::None,
            Self::SetConsoleLogin { enabled: false, .. } => WayBack::NewPassword,
            _ => WayBack::Whole,
        }
    }

    /// The account it is made in; `None`: the organization's management account.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::SetAccessKeyStatus { user: arn, .. }
            | Self::DeleteAccessKey { user: arn, .. }
            | Self::PutInlinePolicy { identity: arn, .. }
            | Self::DeleteInlinePolicy { identity: arn, .. }
            | Self::AttachPolicy { identity: arn, .. }
            | Self::DetachPolicy { identity: arn, .. }
            | Self::CreatePolicy { policy: arn, .. }
            | Self::DeletePolicy { policy: arn }
            | Self::CreatePolicyVersion { policy: arn, .. }
            | Self::RestorePolicyVersion { policy: arn, .. }
            | Self::SetBoundary { identity: arn, .. }
            | Self::RemoveBoundary { identity: arn }
            | Self::SetTrustPolicy { role: arn, .. }
            | Self::AddToGroup { user: arn, .. }
            | Self::RemoveFromGroup { user: arn, .. }
            | Self::SetConsoleLogin { user: arn, .. } => arn.account(),
            Self::CreateOrganizationPolicy { .. }
            | Self::DeleteOrganizationPolicy { .. }
            | Self::SetOrganizationPolicy { .. }
            | Self::AttachOrganizationPolicy { .. }
            | Self::DetachOrganizationPolicy { .. } => None,
        }
    }
}

impl ChangeError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotThere { .. } => {
                "take a fresh snapshot, or give the name as the snapshots have it (`kagimori ask what-can` lists none that is not there)"
            }
            Self::NothingToDo(_) => "leave it out",
            Self::NotKnown(_) => {
                "add the missing file to the directory; `kagimori review` says which command writes it"
            }
            Self::Refused(_) => "change the plan so that AWS takes it",
            Self::Irreversible => "deactivate the key instead, and delete it when nobody missed it",
        }
    }
}

impl From<Document> for WireDocument {
    fn from(document: Document) -> Self {
        Self(document)
    }
}
