//! A token of an identity, and everything that has to be true of it (OpenID Connect Core 1.0 §3.1.3.7).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use super::OidcError;
use super::keys::{Algorithm, Key};

/// How far the issuer's clock may be from ours.
const SKEW: i64 = 60;
/// How old a token may be: it was made for this sign-in.
const AGE_MOST: i64 = 600;
/// The longest token that is read.
const BYTES_MOST: usize = 16 * 1024;

/// What a token says of its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
}

/// Whose token for what is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a str,
    pub(super) nonce: &'a str,
}

#[derive(Deserialize)]
struct WireHeader {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Header {
    pub(super) fn of(token: &str) -> Result<Self, OidcError> {
        let part = token.split('.').next().filter(|_| token.len() <= BYTES_MOST);
        let header: WireHeader = part.and_then(json).ok_or(OidcError::Token("it is no token"))?;
        if header.crit.is_some() {
            return Err(OidcError::Token("it wants what this desk does not know (`crit`)"));
        }
        let algorithm = Algorithm::of(&header.alg)
            .ok_or(OidcError::Token("its signature is of a kind that is not taken"))?;
        Ok(Self { algorithm, kid: header.kid })
    }
}

/// Whom a token is about, once it is believed.
///
/// # Errors
/// [`OidcError::Token`].
pub(super) fn subject(
    token: &str,
    header: &Header,
    key: &Key,
    wanted: &Wanted<'_>,
    now: Timestamp,
) -> Result<String, OidcError> {
    let wrong = OidcError::Token;
    let (message, signature) = token.rsplit_once('.').ok_or(wrong("it is no token"))?;
    let (_, payload) = message.split_once('.').ok_or(wrong("it is no token"))?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| wrong("its signature is none"))?;
    if !key.has_signed(header.algorithm, message.as_bytes(), &signature) {
        return Err(wrong("no key of the issuer has signed it"));
    }
    let claims: Claims = json(payload).ok_or(wrong("what it says cannot be read"))?;
    claims.must_be(wanted, now)?;
    Ok(claims.sub)
}

impl Claims {
    fn must_be(&self, wanted: &Wanted<'_>, now: Timestamp) -> Result<(), OidcError> {
        let wrong = |what| Err(OidcError::Token(what));
        if self.iss != wanted.issuer {
            return wrong("it is another issuer's");
        }
        let is_for_us = |client: &String| client == wanted.client;
        let (is_ours, is_of_many) = match &self.aud {
            Audience::One(one) => (is_for_us(one), false),
            Audience::Many(many) => (many.iter().any(is_for_us), many.len() > 1),
        };
        if !is_ours {
            return wrong("it is for another program (`aud`)");
        }
        if self.azp.as_ref().map_or(is_of_many, |party| !is_for_us(party)) {
            return wrong("it was given to another program (`azp`)");
        }
        // JSON has no number that is none (RFC 8259 §6), and seconds of this millennium are whole in a double.
        let now = now.as_second() as f64;
        let skew = SKEW as f64;
        if now >= self.exp + skew {
            return wrong("it is over (`exp`)");
        }
        if self.nbf.is_some_and(|nbf| nbf > now + skew) || self.iat > now + skew {
            return wrong("it is of the future: look at the clocks");
        }
        if now - self.iat > AGE_MOST as f64 + skew {
            return wrong("it was made long ago (`iat`)");
        }
        let nonce = self.nonce.as_deref().unwrap_or_default();
        if !bool::from(nonce.as_bytes().ct_eq(wanted.nonce.as_bytes())) {
            return wrong("it answers another sign-in (`nonce`)");
        }
        // Core §2: at most 255 ASCII characters.
        if self.sub.is_empty() || self.sub.len() > 255 || !self.sub.is_ascii() {
            return wrong("it names nobody (`sub`)");
        }
        Ok(())
    }
}

fn json<T: for<'a> Deserialize<'a>>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
