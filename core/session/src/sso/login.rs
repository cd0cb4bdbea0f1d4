//! A sign-in that is kept: the registered client, its tokens, and what has to happen before the access token is used.
//!
//! Refresh tokens rotate: the answer to a refresh has the next one, and the old one is spent. So a refresh is written down
//! before it is sent ([`Login::asking`]), and what came back is written down before it is used. When the answer is lost
//! nobody can know whether AWS spent the token; it is sent once more, and when AWS refuses it then, the sign-in is over.
//! [`Ended`] is kept as well: nobody asks AWS again what was answered.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::secret;

/// With less than this left an access token is refreshed before it is used.
pub const USABLE_SECONDS: i64 = 60;

/// A registered client (OIDC RegisterClient).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Client {
    /// clientId
    pub id: String,
    /// clientSecret
    #[serde(with = "secret")]
    pub secret: SecretString,
    /// clientSecretExpiresAt, seconds since 1970
    pub ends_at: i64,
    /// For which way of signing in it was registered.
    pub way: Way,
    /// Its scopes: with other ones another client is registered.
    pub scopes: Vec<String>,
}

/// How a person signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The authorization code with PKCE, in a browser on this machine.
    Browser,
    /// The device code, in a browser anywhere.
    Device,
}

/// What CreateToken returned.
#[derive(Debug, Clone)]
pub struct Token {
    /// accessToken
    pub access: SecretString,
    /// expiresIn
    pub seconds: i64,
    /// refreshToken; a client without scopes gets none.
    pub refresh: Option<SecretString>,
}

/// A sign-in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Login {
    /// Another for each time a person signs in: what was cached for one sign-in is not served to another person's.
    pub id: String,
    /// `sso_start_url`
    pub start_url: String,
    /// `sso_region`
    pub region: String,
    /// The client the tokens are of.
    pub client: Client,
    /// The access token.
    #[serde(with = "secret")]
    pub access: SecretString,
    /// Its end, seconds since 1970.
    pub access_ends_at: i64,
    /// The refresh token that is good now.
    #[serde(with = "secret::option")]
    pub refresh: Option<SecretString>,
    /// When the person signed in, seconds since 1970.
    pub since: i64,
    /// The user's name, as sessions of roles are called; unknown when no role could be asked.
    pub user: Option<String>,
    /// A refresh was sent then, and its answer is not here.
    pub asked_at: Option<i64>,
    /// Why it is over.
    pub ended: Option<Ended>,
}

/// Why a sign-in is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// The access token has ended and there is nothing to refresh it with.
    Expired,
    /// The client's registration has ended.
    ClientExpired,
    /// AWS does not take the refresh token: the session has ended, or somebody ended it.
    Refused,
    /// The answer to a refresh was lost, and AWS has spent the token.
    AnswerLost,
    /// AWS does not take a token that it made a moment ago.
    Revoked,
    /// `kagi logout`
    LoggedOut,
}

/// What has to be done before the access token is used.
#[derive(Debug)]
pub enum Next<'l> {
    /// It can be used.
    Use(&'l SecretString),
    /// It must be refreshed with this.
    Refresh(&'l SecretString),
    /// A person has to sign in again.
    LogIn(Ended),
}

/// What AWS says to a refresh that it does not carry out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// `invalid_grant`, `expired_token`: the token is not good (any more).
    Grant,
    /// `invalid_client`, `unauthorized_client`: the client is not.
    Client,
    /// Nothing was done, and it can be asked again: throttled, never left this machine.
    NotDone,
    /// Whether it was done is not known.
    Unknown,
}

impl Login {
    /// A new sign-in.
    #[must_use]
    pub fn new(id: String, start_url: &str, region: &str, client: Client, token: Token, now: i64) -> Self {
        Self {
            id,
            start_url: start_url.to_owned(),
            region: region.to_owned(),
            client,
            access: token.access,
            access_ends_at: now.saturating_add(token.seconds),
            refresh: token.refresh,
            since: now,
            user: None,
            asked_at: None,
            ended: None,
        }
    }

    /// What to do first.
    #[must_use]
    pub fn next(&self, now: i64) -> Next<'_> {
        if let Some(ended) = self.ended {
            return Next::LogIn(ended);
        }
        if self.access_ends_at.saturating_sub(now) >= USABLE_SECONDS {
            return Next::Use(&self.access);
        }
        match &self.refresh {
            None => Next::LogIn(Ended::Expired),
            Some(_) if self.client.ends_at <= now => Next::LogIn(Ended::ClientExpired),
            Some(refresh) => Next::Refresh(refresh),
        }
    }

    /// The same, a refresh under way: stored before it is sent.
    #[must_use]
    pub fn asking(&self, now: i64) -> Self {
        Self { asked_at: Some(now), ..self.clone() }
    }

    /// The same with what came back: stored before it is used. Without a new refresh token the old one stays good.
    #[must_use]
    pub fn refreshed(&self, token: Token, now: i64) -> Self {
        Self {
            access: token.access,
            access_ends_at: now.saturating_add(token.seconds),
            refresh: token.refresh.or_else(|| self.refresh.clone()),
            asked_at: None,
            ..self.clone()
        }
    }

    /// The same after a refusal; `before` is the sign-in as it was before it was sent.
    #[must_use]
    pub fn refused(&self, refusal: Refusal, before: &Self) -> Self {
        match refusal {
            Refusal::Grant if before.asked_at.is_some() => self.over(Ended::AnswerLost),
            Refusal::Grant => self.over(Ended::Refused),
            Refusal::Client => self.over(Ended::ClientExpired),
            Refusal::NotDone => before.clone(),
            Refusal::Unknown => self.clone(),
        }
    }

    /// The same after the portal did not take the access token (`UnauthorizedException`): it is refreshed, unless it was
    /// refreshed for that reason already.
    #[must_use]
    pub fn rejected(&self, once_more: bool) -> Self {
        if once_more || self.refresh.is_none() {
            return self.over(if once_more { Ended::Revoked } else { Ended::Expired });
        }
        Self { access_ends_at: 0, ..self.clone() }
    }

    /// The same, over. The refresh token is of no use any more and is not kept.
    #[must_use]
    pub fn over(&self, ended: Ended) -> Self {
        let over = Self { refresh: None, ended: Some(ended), asked_at: None, ..self.clone() };
        if ended == Ended::LoggedOut {
            // What is still cached was this sign-in's; under another name nobody finds it.
            return Self { id: String::new(), access: SecretString::from(String::new()), ..over };
        }
        over
    }
}

impl Ended {
    /// What happened, as the rest of a sentence about the sign-in.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Expired => "has ended",
            Self::ClientExpired => "has ended: the registration of this machine is no longer good",
            Self::Refused => "has ended, or an administrator ended it",
            Self::AnswerLost => {
                "is lost: the answer to its last renewal did not arrive, and a refresh token is good once"
            }
            Self::Revoked => "is not taken by AWS any more: it was revoked, or `sso_region` is another one",
            Self::LoggedOut => "is logged out",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    fn token(number: u32, seconds: i64) -> Token {
        Token { access: format!("a{number}").into(), seconds, refresh: Some(format!("r{number}").into()) }
    }

    fn login() -> Login {
        let client = Client {
            id: "c".into(),
            secret: "s".into(),
            ends_at: 90_000,
            way: Way::Device,
            scopes: Vec::new(),
        };
        Login::new("1".into(), "https://x", "r", client, token(1, 3600), 0)
    }

    fn ended(login: &Login) -> Option<Ended> {
        match login.next(100) {
            Next::LogIn(ended) => Some(ended),
            _ => None,
        }
    }

    #[test]
    fn a_token_is_used_refreshed_or_over() {
        let login = login();
        assert!(matches!(login.next(3540), Next::Use(token) if token.expose_secret() == "a1"));
        assert!(matches!(login.next(3541), Next::Refresh(token) if token.expose_secret() == "r1"));
        assert!(matches!(login.next(90_000), Next::LogIn(Ended::ClientExpired)));
        let without = Login { refresh: None, ..login.clone() };
        assert!(matches!(without.next(3541), Next::LogIn(Ended::Expired)));
        let next = login.asking(3541).refreshed(token(2, 3600), 3541);
        assert!(matches!(next.next(3541), Next::Use(token) if token.expose_secret() == "a2"));
        assert!(matches!(next.next(7200), Next::Refresh(token) if token.expose_secret() == "r2"));
        let same = Token { refresh: None, ..token(3, 10) };
        assert!(
            matches!(next.refreshed(same, 0).next(0), Next::Refresh(token) if token.expose_secret() == "r2")
        );
    }

    #[test]
    fn a_lost_answer_is_asked_once_more_and_then_over() {
        let before = Login { access_ends_at: 0, ..login() };
        let lost = before.asking(100).refused(Refusal::Unknown, &before);
        assert!(matches!(lost.next(100), Next::Refresh(_)) && lost.asked_at == Some(100));
        let refused = lost.asking(110).refused(Refusal::Grant, &lost);
        assert_eq!(ended(&refused), Some(Ended::AnswerLost));
        assert!(refused.refresh.is_none());
        let plain = before.asking(100).refused(Refusal::Grant, &before);
        assert_eq!(ended(&plain), Some(Ended::Refused));
        let busy = before.asking(100).refused(Refusal::NotDone, &before);
        assert!(busy.asked_at.is_none() && matches!(busy.next(100), Next::Refresh(_)));
        assert_eq!(ended(&before.asking(100).refused(Refusal::Client, &before)), Some(Ended::ClientExpired));
    }

    #[test]
    fn a_rejected_token_is_refreshed_once() {
        let login = login();
        assert!(matches!(login.rejected(false).next(0), Next::Refresh(_)));
        assert_eq!(ended(&login.rejected(true)), Some(Ended::Revoked));
        let without = Login { refresh: None, ..login };
        assert_eq!(ended(&without.rejected(false)), Some(Ended::Expired));
    }

    #[test]
    fn what_is_stored_is_read_back() {
        let text = serde_json::to_string(&login().asking(7)).unwrap();
        let back: Login = serde_json::from_str(&text).unwrap();
        assert_eq!((back.access.expose_secret(), back.asked_at), ("a1", Some(7)));
        assert_eq!(back.refresh.map(|it| it.expose_secret().to_owned()), Some("r1".to_owned()));
        assert!(!format!("{:?}", login()).contains("r1"), "a secret can be printed");
    }

    proptest! {
        /// Against an AWS that rotates: (does the request arrive, does the answer). While no answer is lost the sign-in lives;
        /// after a lost one AWS is asked once more and never again; what is over stays over.
        #[test]
        fn laws_of_refreshing(fates in proptest::collection::vec((any::<bool>(), any::<bool>()), 0..30)) {
            let mut login = Login { access_ends_at: 0, ..login() };
            let (mut good, mut number, mut is_spent, mut refusals) = ("r1".to_owned(), 1, false, 0);
            for (arrives, answered) in fates {
                let Next::Refresh(refresh) = login.next(0) else { continue };
                let (refresh, before) = (refresh.expose_secret().to_owned(), login.clone());
                let asking = login.asking(0);
                let is_good = refresh == good;
                if arrives && is_good {
                    number += 1;
                    good = format!("r{number}");
                }
                login = match (arrives && answered, is_good) {
                    (true, true) => asking.refreshed(token(number, 0), 0),
                    (true, false) => {
                        refusals += 1;
                        asking.refused(Refusal::Grant, &before)
                    }
                    (false, _) => {
                        is_spent |= arrives && is_good;
                        asking.refused(Refusal::Unknown, &before)
                    }
                };
            }
            prop_assert_eq!(login.ended.is_some(), refusals > 0);
            prop_assert!(refusals <= 1 && (refusals == 0 || is_spent));
            prop_assert!(login.ended.is_none_or(|ended| ended == Ended::AnswerLost));
        }
    }
}
