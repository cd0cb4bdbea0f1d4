//! Access keys and console passwords.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::edit::{change, look};
use super::list::must_differ;
use super::{ChangeError, WayBack};
use crate::fact::Known;
use crate::model::Estate;
use kagimori_id::{AccessKeyId, Arn};

/// Access keys and console passwords.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "whoever applies changes must say what it does for each")]
pub enum CredentialChange {
    /// `iam update-access-key`.
    SetAccessKeyStatus {
        /// The user.
        user: Arn,
        /// The key.
        key: AccessKeyId,
        /// `Active`, or else `Inactive`.
        active: bool,
    },
    /// `iam delete-access-key`, of an inactive key. There is no way back: AWS keeps no copy of the secret.
    DeleteAccessKey {
        /// The user.
        user: Arn,
        /// The key.
        key: AccessKeyId,
    },
    /// `iam delete-login-profile` (`enabled: false`). The way back, `create-login-profile`, needs a new password.
    /// Replayed only: `apply` refuses a plan that holds it, because AWS keeps no password that could be put back.
    SetConsoleLogin {
        /// The user.
        user: Arn,
        /// May sign in with a password.
        enabled: bool,
    },
}

impl CredentialChange {
    /// The names of the changes in JSON.
    pub(super) const KINDS: [&str; 3] = ["set_access_key_status", "delete_access_key", "set_console_login"];

    /// Makes the change; the estate stays as it was when it fails: each arm asks everything before it writes.
    pub(super) fn apply_to(&self, estate: &mut Estate) -> Result<(), ChangeError> {
        match self {
            Self::SetAccessKeyStatus { user, key, active } => {
                let held = change::key(estate, user, key)?;
                let was = known(&held.active)?;
                must_differ(was == *active, || format!("{key} is {} already", status(was)))?;
                set(&mut held.active, *active);
            }
            Self::DeleteAccessKey { user, key } => {
                if known(&look::key(estate, user, key)?.active)? {
                    return Err(ChangeError::InUse(format!("{key} is Active")));
                }
                if let Known::Known(keys) = &mut change::user(estate, user)?.access_keys {
                    keys.value.retain(|held| held.id.as_ref() != Some(key));
                }
            }
            Self::SetConsoleLogin { user, enabled } => set_console_login(estate, user, *enabled)?,
        }
        Ok(())
    }

    /// What undoes the change.
    pub(super) fn inverse(&self) -> Result<Self, ChangeError> {
        Ok(match self.clone() {
            Self::SetAccessKeyStatus { user, key, active } => {
                Self::SetAccessKeyStatus { user, key, active: !active }
            }
            Self::DeleteAccessKey { .. } => return Err(ChangeError::Irreversible),
            Self::SetConsoleLogin { user, enabled } => Self::SetConsoleLogin { user, enabled: !enabled },
        })
    }

    /// What it takes to go back.
    pub(super) fn way_back(&self) -> WayBack {
        match self {
            Self::DeleteAccessKey { .. } => WayBack::None,
            Self::SetConsoleLogin { enabled: false, .. } => WayBack::NewPassword,
            Self::SetAccessKeyStatus { .. } | Self::SetConsoleLogin { enabled: true, .. } => WayBack::Whole,
        }
    }

    /// Whose credential it is.
    pub fn user(&self) -> &Arn {
        let (Self::SetAccessKeyStatus { user, .. }
        | Self::DeleteAccessKey { user, .. }
        | Self::SetConsoleLogin { user, .. }) = self;
        user
    }

    /// The sentence in Japanese.
    pub(super) fn japanese(&self) -> String {
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
            Self::SetConsoleLogin { user, enabled: true } => {
                format!("{user} に再びコンソールのパスワードを与える（新しいもの）")
            }
            Self::SetConsoleLogin { user, enabled: false } => {
                format!("{user} のコンソールのパスワードを取り上げる")
            }
        }
    }
}

impl fmt::Display for CredentialChange {
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
            Self::SetConsoleLogin { user, enabled: true } => {
                write!(f, "give {user} a console password again (a new one)")
            }
            Self::SetConsoleLogin { user, enabled: false } => {
                write!(f, "take the console password of {user} away")
            }
        }
    }
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
