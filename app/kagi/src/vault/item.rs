//! What lies in the vault, as JSON inside sealed files.

use jiff::Timestamp;
use kagimori_session::credentials::{LongTermKey, SessionCredentials};
use kagimori_session::plan::KeyHolder;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::error::KagiError;

/// A long-term key and whose it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredKey {
    pub(crate) profile: String,
    pub(crate) access_key_id: String,
    #[serde(with = "kagimori_session::secret")]
    pub(crate) secret_access_key: SecretString,
    /// The ARN of the user.
    pub(crate) user_arn: String,
    pub(crate) mfa_serial: Option<String>,
    /// Seconds since 1970.
    pub(crate) stored_at: i64,
}

/// Temporary credentials and what they are for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredSession {
    /// The key of the cache, in hexadecimal digits.
    pub(crate) key: String,
    /// The profile or role that was asked for.
    pub(crate) of: String,
    /// The role's ARN, or `ACCOUNT/PERMISSION-SET` of Identity Center; none for a user's own session.
    pub(crate) role: Option<String>,
    pub(crate) elevated: bool,
    pub(crate) access_key_id: String,
    #[serde(with = "kagimori_session::secret")]
    pub(crate) secret_access_key: SecretString,
    #[serde(with = "kagimori_session::secret")]
    pub(crate) session_token: SecretString,
    /// Seconds since 1970.
    pub(crate) issued_at: i64,
    /// Seconds since 1970.
    pub(crate) expires_at: i64,
}

impl StoredKey {
    pub(crate) fn key(&self) -> LongTermKey {
        LongTermKey {
            access_key_id: self.access_key_id.clone(),
            secret_access_key: self.secret_access_key.clone(),
        }
    }

    pub(crate) fn user_name(&self) -> &str {
        self.user_arn.rsplit(['/', ':']).next().unwrap_or_default()
    }

    pub(crate) fn holder(&self) -> KeyHolder {
        KeyHolder {
            access_key_id: self.access_key_id.clone(),
            user_name: self.user_name().to_owned(),
            mfa_serial: self.mfa_serial.clone(),
            is_foreign: false,
        }
    }
}

/// The end of what does not end.
const NEVER: i64 = i64::MAX;

impl StoredSession {
    /// Whether it is one of a permission set of Identity Center.
    pub(crate) fn is_of_center(&self) -> bool {
        self.role.as_deref().is_some_and(|role| !role.starts_with("arn:"))
    }

    /// A user's key as programs get it when there is no session: without a token and without an end.
    pub(crate) fn of_key(key: &StoredKey) -> Self {
        Self {
            key: String::new(),
            of: key.profile.clone(),
            role: None,
            elevated: false,
            access_key_id: key.access_key_id.clone(),
            secret_access_key: key.secret_access_key.clone(),
            session_token: SecretString::from(String::new()),
            issued_at: key.stored_at,
            expires_at: NEVER,
        }
    }

    /// Whether the clock stands before it was issued: what is left of it is then not known.
    pub(crate) fn is_of_the_future(&self, now: i64) -> bool {
        /// Clocks that are set by the network jump by less.
        const JITTER_SECONDS: i64 = 300;
        self.issued_at > now + JITTER_SECONDS && !self.is_key()
    }

    /// Whether this is the key itself.
    pub(crate) fn is_key(&self) -> bool {
        self.expires_at == NEVER
    }

    pub(crate) fn credentials(&self) -> Result<SessionCredentials, KagiError> {
        Ok(SessionCredentials {
            access_key_id: self.access_key_id.clone(),
            secret_access_key: self.secret_access_key.clone(),
            session_token: self.session_token.clone(),
            expiration: if self.is_key() {
                Timestamp::MAX
            } else {
                Timestamp::from_second(self.expires_at)
                    .map_err(|_| KagiError::Form("a session's expiration".into()))?
            },
        })
    }
}

/// The account of a role: of an ARN, or of `ACCOUNT/PERMISSION-SET`.
pub(crate) fn account_of(role: &str) -> Option<&str> {
    let account = if role.starts_with("arn:") { role.split(':').nth(4) } else { role.split('/').next() };
    account.filter(|account| account.len() == 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_of_the_future_where_the_clock_was_set_back() {
        let key = StoredKey {
            profile: "x".to_owned(),
            access_key_id: String::new(),
            secret_access_key: SecretString::from(""),
            user_arn: String::new(),
            mfa_serial: None,
            stored_at: 100_000,
        };
        let of_key = StoredSession::of_key(&key);
        assert!(!of_key.is_of_the_future(0), "a key does not end");
        let session = StoredSession { expires_at: 103_600, ..of_key };
        for (now, expected) in
            [(13_600, true), (99_699, true), (99_700, false), (100_000, false), (200_000, false)]
        {
            assert_eq!(session.is_of_the_future(now), expected, "{now}");
        }
    }
}
