//! A change in a sentence, in English and in Japanese.

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

impl Change {
    /// The sentence in Japanese.
    #[must_use]
    pub fn japanese(&self) -> String {
        match self {
            Self::SetAccessKeyStatus { user, key, active: true } => {
                format!("{user} のアクセスキー {key} を有効にする")
            }
            Self::SetAccessKeyStatus { user, key, active: false } => {
                format!("{user} のアクセスキー {key} を無効にする")
            }
            Self::DeleteAccessKey { user, key } => {
                format!("{user} のアクセスキー {key} を削除する（元に戻せない）")
            }
            Self::PutInlinePolicy { identity, name, .. } => {
                format!("{identity} にインラインポリシー「{name}」を置く")
            }
            Self::DeleteInlinePolicy { identity, name } => {
                format!("{identity} のインラインポリシー「{name}」を削除する")
            }
            Self::AttachPolicy { identity, policy, .. } => {
                format!("{policy} を {identity} にアタッチする")
            }
            Self::DetachPolicy { identity, policy } => format!("{policy} を {identity} からデタッチする"),
            Self::CreatePolicy { policy, .. } => format!("{policy} を作成する"),
            Self::DeletePolicy { policy } => format!("{policy} を削除する"),
            Self::CreatePolicyVersion { policy, version, .. } => {
                format!("{policy} の新しいバージョン {version} を作り、デフォルトにする")
            }
            Self::RestorePolicyVersion { policy, version, delete, .. } => {
                format!("{policy} のデフォルトを {version} に戻し、{delete} を削除する")
            }
            Self::SetBoundary { identity, policy } => {
                format!("{identity} のアクセス許可の境界を {policy} にする")
            }
            Self::RemoveBoundary { identity } => format!("{identity} のアクセス許可の境界を外す"),
            Self::SetTrustPolicy { role, .. } => format!("{role} の信頼ポリシーを置き換える"),
            Self::AddToGroup { user, group, .. } => format!("{user} をグループ「{group}」に追加する"),
            Self::RemoveFromGroup { user, group } => format!("{user} をグループ「{group}」から外す"),
            Self::SetConsoleLogin { user, enabled: true } => {
                format!("{user} に再びコンソールのパスワードを与える（新しいもの）")
            }
            Self::SetConsoleLogin { user, enabled: false } => {
                format!("{user} のコンソールのパスワードを取り上げる")
            }
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

fn words(kind: &str) -> String {
    kind.to_ascii_lowercase().replace('_', " ")
}
