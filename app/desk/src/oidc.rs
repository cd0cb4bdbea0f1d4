//! Signing in at the company's identity provider (OpenID Connect Core 1.0): the authorization code flow with PKCE (RFC 7636), state and
//! nonce.
//!
//! It says who somebody is, and nothing more: a person is who the policy names with this issuer and subject, an e-mail address is nobody,
//! and whatever is signed needs a passkey all the same. Nothing is believed of an answer but what the issuer's keys have signed.

mod keys;
mod provider;
#[cfg(test)]
pub(crate) mod tests;
mod token;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use kagimori_custody::{Being, PersonId, Policy};
use kagimori_notice::{Address, Reference};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{outside, random};
use provider::{Provider, Providers};

/// How long somebody may take at the provider.
const SECONDS: i64 = 600;
/// Those who are there; the oldest give way.
const WAITING_MOST: usize = 10_000;
/// A command that tells the client's secret may take so long.
const PATIENCE: Duration = Duration::from_secs(15);

/// The provider, and this desk as its client.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) issuer: String,
    pub(crate) client: String,
    /// Without one it is a public client, which PKCE alone protects.
    pub(crate) secret: Option<Reference>,
    /// Paths of references are seen from here.
    pub(crate) folder: PathBuf,
}

/// The same, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wire {
    issuer: String,
    client: String,
    secret: Option<String>,
}

impl Wire {
    /// # Errors
    /// What is wrong, and what to do.
    pub(crate) fn read(self, folder: &std::path::Path) -> Result<Settings, (String, String)> {
        Address::must_be_safe(&self.issuer).map_err(|why| {
            let hint = "write the issuer as its tokens name it, as `https://id.example.co.jp`";
            (format!("`oidc.issuer` {why}"), hint.to_owned())
        })?;
        if self.issuer.contains(['?', '#']) || self.client.trim().is_empty() {
            let hint = "an issuer has no query; `client` is what the provider calls this desk";
            return Err(("`oidc.issuer` or `oidc.client` is none".to_owned(), hint.to_owned()));
        }
        let secret = self.secret.map(|text| {
            Reference::read(&text).ok_or_else(|| {
                let hint = "write `env:NAME`, `file:PATH` or `exec:COMMAND`; if the secret stood here, make a new one";
                ("`oidc.secret` is a secret, and not where one is".to_owned(), hint.to_owned())
            })
        });
        Ok(Settings {
            issuer: self.issuer,
            client: self.client,
            secret: secret.transpose()?,
            folder: folder.to_owned(),
        })
    }
}

/// Why nobody was signed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OidcError {
    /// No answer to a question of this browser, or a late one, or one that was answered.
    #[error("this sign-in was not begun in this browser, took too long, or is over already")]
    Stale,
    /// The provider, or whoever is there, says no.
    #[error("the identity provider refused: {0}")]
    Refused(String),
    /// It does not answer as it should.
    #[error("the identity provider does not answer as it should: {0}")]
    Provider(String),
    /// What it answered is not to be believed.
    #[error("the identity provider's answer is not to be believed: {0}")]
    Token(&'static str),
    /// The policy names nobody of that issuer and subject.
    #[error("the policy of this desk names nobody whom the identity provider calls `{0}`")]
    Nobody(String),
    /// No random numbers, or a defect in another thread.
    #[error("the desk has to be started again")]
    Broken,
}

/// Somebody who is at the provider.
#[derive(Debug)]
struct Waiting {
    /// The browser: the hash of its cookie.
    browser: [u8; 32],
    nonce: String,
    /// PKCE's secret.
    verifier: SecretString,
    since: i64,
}

/// Everybody who is, and what is known of the provider.
#[derive(Debug, Default)]
pub(crate) struct Oidc {
    waiting: Mutex<BTreeMap<[u8; 32], Waiting>>,
    providers: Providers,
}

/// Where a browser goes, and what it has to bring back.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) address: String,
    pub(crate) cookie: String,
}

/// What a browser brought back.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Brought {
    #[serde(default)]
    pub(crate) state: String,
    pub(crate) code: Option<String>,
    pub(crate) error: Option<String>,
    /// Who answers (RFC 9207).
    pub(crate) iss: Option<String>,
}

impl Oidc {
    /// Sends a browser to the provider. `back`: where it returns to.
    ///
    /// # Errors
    /// [`OidcError`].
    pub(crate) fn begin(&self, settings: &Settings, back: &str, now: Timestamp) -> Result<Begun, OidcError> {
        let provider = self.providers.of(settings, now)?;
        let token = || random::token().map_err(|_| OidcError::Broken);
        let (cookie, state, nonce, verifier) = (token()?, token()?, token()?, token()?);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let address = with_query(
            &provider.authorization,
            &[
                ("response_type", "code"),
                ("scope", "openid"),
                ("client_id", &settings.client),
                ("redirect_uri", back),
                ("state", &state),
                ("nonce", &nonce),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
            ],
        );
        let since = now.as_second();
        let waits = Waiting { browser: hash(&cookie), nonce, verifier: verifier.into(), since };
        let mut waiting = self.waiting.lock().map_err(|_| OidcError::Broken)?;
        waiting.retain(|_, waits| is_live(waits.since, since));
        if waiting.len() >= WAITING_MOST {
            let oldest = waiting.iter().min_by_key(|(_, waits)| waits.since).map(|(name, _)| *name);
            oldest.and_then(|name| waiting.remove(&name));
        }
        waiting.insert(hash(&state), waits);
        Ok(Begun { address, cookie })
    }

    /// Who came back: the subject, as the issuer calls them. A state is good once, whatever comes of it.
    ///
    /// # Errors
    /// [`OidcError`].
    pub(crate) fn end(
        &self,
        settings: &Settings,
        back: &str,
        cookie: &str,
        brought: &Brought,
        now: Timestamp,
    ) -> Result<String, OidcError> {
        let waits = self.waiting.lock().map_err(|_| OidcError::Broken)?.remove(&hash(&brought.state));
        let is_own = |waits: &Waiting| {
            is_live(waits.since, now.as_second()) && bool::from(waits.browser.ct_eq(&hash(cookie)))
        };
        let waits = waits.filter(is_own).ok_or(OidcError::Stale)?;
        let provider = self.providers.of(settings, now)?;
        match &brought.iss {
            Some(iss) if *iss != settings.issuer => return Err(OidcError::Token("another issuer answered")),
            None if provider.says_who_answers => {
                return Err(OidcError::Token("it does not say who answers, as it said it would"));
            }
            _ => {}
        }
        if let Some(error) = &brought.error {
            return Err(OidcError::Refused(kagimori_notice::tamed(error, 80)));
        }
        let code = brought.code.as_deref().filter(|code| !code.is_empty()).ok_or(OidcError::Stale)?;
        let token = redeem(settings, &provider, back, code, &waits)?;
        let header = token::Header::of(&token)?;
        let key = self.providers.key(settings, &provider, &header, now)?;
        let wanted =
            token::Wanted { issuer: &settings.issuer, client: &settings.client, nonce: &waits.nonce };
        token::subject(&token, &header, &key, &wanted, now)
    }

    /// Nobody is waited for any more: the desk was sealed.
    pub(crate) fn clear(&self) {
        if let Ok(mut waiting) = self.waiting.lock() {
            waiting.clear();
        }
    }
}

/// The person whom the policy names with an issuer and a subject; programs sign in nowhere.
///
/// # Errors
/// [`OidcError::Nobody`].
pub(crate) fn person(policy: Option<&Policy>, issuer: &str, subject: &str) -> Result<PersonId, OidcError> {
    let nobody = || OidcError::Nobody(kagimori_notice::tamed(subject, 60));
    let people = policy.ok_or_else(nobody)?.people().iter();
    let mut found = people.filter(|(_, person)| {
        person.is == Being::Person && person.issuer == issuer && person.subject == subject
    });
    match (found.next(), found.next()) {
        (Some((id, _)), None) => Ok(id.clone()),
        _ => Err(nobody()),
    }
}

/// Gives the code for a token.
fn redeem(
    settings: &Settings,
    provider: &Provider,
    back: &str,
    code: &str,
    waits: &Waiting,
) -> Result<String, OidcError> {
    #[derive(Deserialize)]
    struct Answer {
        id_token: Option<String>,
        error: Option<String>,
    }
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", back),
        ("client_id", settings.client.as_str()),
        ("code_verifier", waits.verifier.expose_secret()),
    ];
    let secret = settings.secret.as_ref().map(|reference| {
        kagimori_notify::secret(reference, &settings.folder, PATIENCE)
            .map_err(|why| OidcError::Provider(format!("the secret of this desk: {why}")))
    });
    let secret = secret.transpose()?;
    let authorization = match &secret {
        Some(secret) if provider.takes_secret_in_body => {
            fields.push(("client_secret", secret.expose_secret()));
            None
        }
        Some(secret) => Some(basic(&settings.client, secret)),
        None => None,
    };
    let body = form(&fields);
    let (status, text) =
        outside::post_form(&provider.token, &body, authorization.as_deref()).map_err(OidcError::Provider)?;
    let answer: Answer = serde_json::from_str(&text)
        .map_err(|_| OidcError::Provider(format!("status {status}, and no JSON of a token")))?;
    match (status, answer.id_token, answer.error) {
        (200, Some(token), _) => Ok(token),
        (_, _, Some(error)) => Err(OidcError::Refused(kagimori_notice::tamed(&error, 80))),
        _ => Err(OidcError::Provider(format!("status {status}, and no token of an identity"))),
    }
}

/// RFC 6749 §2.3.1: each part is encoded as in a form first.
fn basic(client: &str, secret: &SecretString) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(client), encoded(secret.expose_secret()))))
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn with_query(address: &str, fields: &[(&str, &str)]) -> String {
    let between = if address.contains('?') { '&' } else { '?' };
    format!("{address}{between}{}", form(fields))
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn is_live(since: i64, now: i64) -> bool {
    (0..SECONDS).contains(&now.saturating_sub(since))
}
