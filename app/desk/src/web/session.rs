//! Who is signed in. Sessions live in memory alone: they end with the process, with a seal, and with the person's place in the policy.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::random::{self, NoRandom};

/// The cookie. The prefix binds it to this host, to HTTPS and to all paths (RFC 6265bis §4.1.3.2).
pub(crate) const COOKIE: &str = "__Host-kagimori";
/// A session ends so long after it began.
pub(crate) const SECONDS_MOST: i64 = 8 * 3600;
/// A session ends when it was not used for so long.
const SECONDS_IDLE: i64 = 3600;
/// Sessions that are kept; whoever signs in beyond lets the oldest go.
const SESSIONS_MOST: usize = 10_000;

/// How somebody signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// With a passkey of this desk.
    Passkey,
    /// At the identity provider.
    Provider,
}

/// A session, as a page sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    /// Which: the hash of its token, never the token.
    pub(crate) id: [u8; 32],
    /// The person's id in the policy.
    pub(crate) person: String,
    /// How they signed in.
    pub(crate) by: By,
    /// What its forms carry.
    csrf: String,
    since: i64,
    used: i64,
}

impl Session {
    /// What its forms carry.
    pub(crate) fn csrf(&self) -> &str {
        &self.csrf
    }

    /// Whether a form is one of this session.
    pub(crate) fn is_own_form(&self, csrf: &str) -> bool {
        bool::from(self.csrf.as_bytes().ct_eq(csrf.as_bytes()))
    }

    fn is_over(&self, now: i64) -> bool {
        now.saturating_sub(self.since) >= SECONDS_MOST || now.saturating_sub(self.used) >= SECONDS_IDLE
    }
}

/// Everybody who is signed in.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    all: Mutex<BTreeMap<[u8; 32], Session>>,
}

impl Sessions {
    /// Begins a session; the token goes into the cookie and nowhere else.
    pub(crate) fn begin(&self, person: &str, by: By, now: Timestamp) -> Result<String, NoRandom> {
        let (token, csrf) = (random::token()?, random::token()?);
        let (id, now) = (name(&token), now.as_second());
        let session = Session { id, person: person.to_owned(), by, csrf, since: now, used: now };
        let Ok(mut all) = self.all.lock() else { return Err(NoRandom) };
        all.retain(|_, session| !session.is_over(now));
        while all.len() >= SESSIONS_MOST {
            let oldest = all.values().min_by_key(|session| session.used).map(|session| session.id);
            oldest.and_then(|id| all.remove(&id));
        }
        all.insert(id, session);
        Ok(token)
    }

    /// The session of a cookie; `is_use`: somebody did something, and it lives on.
    pub(crate) fn of_token(&self, token: &str, is_use: bool, now: Timestamp) -> Option<Session> {
        let (id, now) = (name(token), now.as_second());
        let mut all = self.all.lock().ok()?;
        let session = all.get_mut(&id)?;
        if session.is_over(now) {
            all.remove(&id);
            return None;
        }
        if is_use {
            session.used = now.max(session.used);
        }
        Some(session.clone())
    }

    /// Whether a session still lives; looking does not use it, so that an open page alone keeps nobody signed in.
    pub(crate) fn lives(&self, id: &[u8; 32], now: Timestamp) -> bool {
        let Ok(all) = self.all.lock() else { return false };
        all.get(id).is_some_and(|session| !session.is_over(now.as_second()))
    }

    /// Ends one.
    pub(crate) fn end(&self, id: &[u8; 32]) {
        if let Ok(mut all) = self.all.lock() {
            all.remove(id);
        }
    }

    /// Ends all: the desk was sealed.
    pub(crate) fn end_all(&self) {
        if let Ok(mut all) = self.all.lock() {
            all.clear();
        }
    }
}

/// A token is looked up by its hash: what is compared tells nothing of it.
fn name(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_session_ends_by_time_by_hand_and_with_the_seal() {
        let sessions = Sessions::default();
        let token = sessions.begin("mika", By::Passkey, at(0)).unwrap();
        let session = sessions.of_token(&token, true, at(0)).unwrap();
        assert_eq!(session.person, "mika");
        assert!(sessions.of_token("other", true, at(0)).is_none());
        // Used every half an hour it lives until its end, and no longer.
        for second in (0..SECONDS_MOST).step_by(1800) {
            assert!(sessions.of_token(&token, true, at(second)).is_some(), "{second}");
        }
        assert!(sessions.of_token(&token, true, at(SECONDS_MOST)).is_none());
        let token = sessions.begin("mika", By::Passkey, at(0)).unwrap();
        let session = sessions.of_token(&token, true, at(0)).unwrap();
        // Looking at it, as an open page does, is no use of it.
        assert!(sessions.lives(&session.id, at(SECONDS_IDLE - 1)));
        assert!(!sessions.lives(&session.id, at(SECONDS_IDLE)));
        let token = sessions.begin("mika", By::Passkey, at(0)).unwrap();
        sessions.end(&sessions.of_token(&token, true, at(0)).unwrap().id);
        assert!(sessions.of_token(&token, true, at(0)).is_none());
        let tokens = [
            sessions.begin("mika", By::Passkey, at(0)).unwrap(),
            sessions.begin("jun", By::Passkey, at(0)).unwrap(),
        ];
        sessions.end_all();
        assert!(tokens.iter().all(|token| sessions.of_token(token, true, at(0)).is_none()));
    }

    #[test]
    fn a_form_belongs_to_its_session() {
        let sessions = Sessions::default();
        let [one, other] = ["mika", "jun"].map(|person| {
            let token = sessions.begin(person, By::Passkey, at(0)).unwrap();
            sessions.of_token(&token, true, at(0)).unwrap()
        });
        assert!(one.is_own_form(one.csrf()));
        assert!(!one.is_own_form(other.csrf()));
        assert!(!one.is_own_form(""));
    }
}
