//! Credentials as values. Their secret parts cannot be printed.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

/// A user's long-term access key.
#[derive(Debug, Clone)]
pub struct LongTermKey {
    /// `AKIA…`
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: SecretString,
}

/// What a session's or role's call returned.
#[derive(Debug, Clone)]
pub struct SessionCredentials {
    /// `ASIA…`
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: SecretString,
    /// The session token.
    pub session_token: SecretString,
    /// When AWS stops taking them.
    pub expiration: Timestamp,
}

impl SessionCredentials {
    /// Seconds that are left at this moment; negative when past.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> i64 {
        self.expiration.as_second() - now.as_second()
    }
}

/// Whether a text has the form of a long-term access key id (IAM identifiers: `AKIA` and 16 more letters and digits).
#[must_use]
pub fn is_long_term_id(text: &str) -> bool {
    text.starts_with("AKIA") && is_key_id(text)
}

/// Whether a text has the form of an access key id at all.
#[must_use]
pub fn is_key_id(text: &str) -> bool {
    (16..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// What signs a call.
#[derive(Debug, Clone, Copy)]
pub enum Signer<'a> {
    /// The user's own key.
    LongTerm(&'a LongTermKey),
    /// Temporary credentials.
    Session(&'a SessionCredentials),
}

impl<'a> Signer<'a> {
    /// The access key id.
    #[must_use]
    pub fn access_key_id(&self) -> &'a str {
        match self {
            Self::LongTerm(key) => &key.access_key_id,
            Self::Session(session) => &session.access_key_id,
        }
    }

    /// The secret access key.
    #[must_use]
    pub fn secret_access_key(&self) -> &'a str {
        match self {
            Self::LongTerm(key) => key.secret_access_key.expose_secret(),
            Self::Session(session) => session.secret_access_key.expose_secret(),
        }
    }

    /// The session token, if there is one.
    #[must_use]
    pub fn session_token(&self) -> Option<&'a str> {
        match self {
            Self::LongTerm(_) => None,
            Self::Session(session) => Some(session.session_token.expose_secret()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    #[test]
    fn ids_are_told_by_their_form() {
        for (text, is_id, is_long_term) in [
            ("AKIAIOSFODNN7EXAMPLE", true, true),
            ("ASIAIOSFODNN7EXAMPLE", true, false),
            ("AKIA", false, false),
            ("AKIAIOSFODNN7EXAMPL!", false, false),
            ("AKIAIOSFODNN7 EXAMPLE", false, false),
            (&"A".repeat(129), false, false),
        ] {
            assert_eq!((is_key_id(text), is_long_term_id(text)), (is_id, is_long_term), "{text}");
        }
    }

    #[test]
    fn a_session_signs_with_its_token_and_ends() {
        let session = SessionCredentials {
            access_key_id: "ASIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: SECRET.into(),
            session_token: "token".into(),
            expiration: Timestamp::from_second(1000).unwrap(),
        };
        let left = |now| session.left(Timestamp::from_second(now).unwrap());
        assert_eq!((left(100), left(1000), left(1300)), (900, 0, -300));
        let key = LongTermKey {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: SECRET.into(),
        };
        for (signer, id, token) in [
            (Signer::LongTerm(&key), "AKIAIOSFODNN7EXAMPLE", None),
            (Signer::Session(&session), "ASIAIOSFODNN7EXAMPLE", Some("token")),
        ] {
            assert_eq!((signer.access_key_id(), signer.session_token()), (id, token));
            assert_eq!(signer.secret_access_key(), SECRET);
        }
        assert!(!format!("{key:?} {session:?}").contains(SECRET));
    }
}
