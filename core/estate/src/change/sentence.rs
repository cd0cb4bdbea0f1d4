//! A change in a sentence.

use std::fmt;

use super::Change;

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetAccessKeyStatus { user, key, active: true } => {
                write!(f, "activate the access key {key} of {user}")
            }
            Self::SetAccessKeyStatus { user, key, active: false } => {
                write!(f, "deactivate the access key {key} of {user}")
            }
            Self::DeleteAccessKey { user, key } => {
                write!(f, "delete the access key {key} of {user} (no way back)")
            }
            Self::PutInlinePolicy { identity, name, .. } => {
                write!(f, "put the inline policy `{name}` on {identity}")
            }
            Self::DeleteInlinePolicy { identity, name } => {
                write!(f, "delete the inline policy `{name}` of {identity}")
            }
            Self::AttachPolicy { identity, policy, .. } => write!(f, "attach {policy} to {identity}"),
            Self::DetachPolicy { identity, policy } => write!(f, "detach {policy} from {identity}"),
            Self::CreatePolicy { policy, .. } => write!(f, "create {policy}"),
            Self::DeletePolicy { policy } => write!(f, "delete {policy}"),
            Self::CreatePolicyVersion { policy, version, .. } => {
                write!(f, "make a new text the default of {policy}, as {version}")
            }
            Self::RestorePolicyVersion { policy, version, delete, .. } => {
                write!(f, "make {version} the default of {policy} again and delete {delete}")
            }
            Self::SetBoundary { identity, policy } => write!(f, "bound {identity} by {policy}"),
            Self::RemoveBoundary { identity } => write!(f, "remove the permissions boundary of {identity}"),
            Self::SetTrustPolicy { role, .. } => write!(f, "replace the trust policy of {role}"),
            Self::AddToGroup { user, group, .. } => write!(f, "add {user} to the group `{group}`"),
            Self::RemoveFromGroup { user, group } => write!(f, "remove {user} from the group `{group}`"),
            Self::SetConsoleLogin { user, enabled: true } => {
                write!(f, "give {user} a console password again (a new one)")
            }
            Self::SetConsoleLogin { user, enabled: false } => {
                write!(f, "take the console password of {user} away")
            }
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

fn words(kind: &str) -> String {
    kind.to_ascii_lowercase().replace('_', " ")
}
