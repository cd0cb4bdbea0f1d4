//! Calls that a person signs with a key of their own, from a command line: an Ed25519 key that the policy names, so that a quorum has taken
//! it in. Each call is signed with its desk, its path, its body and its time, and is good once.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kagimori_custody::{KeyKind, KeyName, PersonId, State, canonical};
use kagimori_id::hex;
use kagimori_passkey::PublicKey;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::desk::Desk;

/// A call may be so old, or so far ahead, in seconds.
const FRESH: i64 = 120;
/// So many calls are remembered; beyond, none is taken until some are old.
const CALLS_MOST: usize = 4096;
/// What the header begins with.
pub(crate) const SCHEME: &str = "Kagimori ";

/// What is signed of a call.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Call {
    /// The address of the desk, so that no other desk takes it.
    pub(crate) desk: String,
    /// Who calls.
    pub(crate) by: PersonId,
    /// With which key.
    pub(crate) key: KeyName,
    pub(crate) method: String,
    /// The path, and the query.
    pub(crate) path: String,
    /// SHA-256 of the body.
    pub(crate) body: String,
    /// When, in seconds since 1970.
    pub(crate) at: i64,
    /// Random, so that no two calls are alike.
    pub(crate) nonce: String,
}

impl Call {
    /// The bytes that the key signs.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        canonical("kagimori/call/1", self)
    }

    /// The header of a call with this signature.
    pub(crate) fn header(&self, signature: &[u8]) -> String {
        let Self { by, key, body, at, nonce, .. } = self;
        format!("{SCHEME}{by} {key} {at} {nonce} {body} {}", STANDARD.encode(signature))
    }
}

/// SHA-256 of a body, as calls name it.
pub(crate) fn body_hash(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

/// The calls that were taken lately.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<BTreeMap<(KeyName, String), i64>>);

impl Calls {
    /// Whether a call is the first with its nonce; from now on it is not.
    fn take(&self, key: &KeyName, nonce: &str, now: i64) -> bool {
        let Ok(mut calls) = self.0.lock() else { return false };
        // What is too old to be taken need not be remembered: twice, for it may be ahead as well.
        calls.retain(|_, at| now.saturating_sub(*at) <= FRESH.saturating_mul(2));
        calls.len() < CALLS_MOST && calls.insert((key.clone(), nonce.to_owned()), now).is_none()
    }
}

/// Who signed a call, and the hash of the body that goes with it; `None`: nobody, or not so that it counts.
pub(crate) fn caller(desk: &Desk, parts: &Parts) -> Option<(PersonId, String)> {
    let (call, signature) = read(&parts.headers, desk, parts)?;
    let now = desk.clock.now();
    if now.as_second().abs_diff(call.at) > FRESH.unsigned_abs() {
        return None;
    }
    if !is_signed(&desk.book().state, &call, &signature) {
        return None;
    }
    desk.calls.take(&call.key, &call.nonce, now.as_second()).then_some((call.by, call.body))
}

fn read(headers: &HeaderMap, desk: &Desk, parts: &Parts) -> Option<(Call, Vec<u8>)> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix(SCHEME)?;
    let fields: Vec<&str> = text.split(' ').collect();
    let [by, key, at, nonce, body, signature] = fields.as_slice() else { return None };
    let is_plain = |text: &str, most: usize| {
        (16..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    if !is_plain(nonce, 64) || !is_plain(body, 64) {
        return None;
    }
    let call = Call {
        desk: desk.settings.origin.clone(),
        by: PersonId::parse(by).ok()?,
        key: KeyName::parse(key).ok()?,
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path_and_query()?.as_str().to_owned(),
        body: (*body).to_owned(),
        at: at.parse().ok()?,
        nonce: (*nonce).to_owned(),
    };
    Some((call, STANDARD.decode(signature).ok()?))
}

/// By a key of theirs that counts, and that is one of a command line.
fn is_signed(state: &State, call: &Call, signature: &[u8]) -> bool {
    let known = state.policy().and_then(|policy| policy.key(&call.by, &call.key));
    let known = known.filter(|key| key.kind == KeyKind::Ed25519 && !state.is_revoked(&key.name));
    let public = known.and_then(|key| STANDARD.decode(&key.public).ok());
    let public = public.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    public.is_some_and(|public| PublicKey::Ed25519(public).verify(&call.bytes(), signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_good_once_and_old_ones_are_forgotten() {
        let calls = Calls::default();
        let key = KeyName::parse("keiko-cli").unwrap();
        assert!(calls.take(&key, "a", 1000) && !calls.take(&key, "a", 1000 + FRESH));
        assert!(calls.take(&key, "b", 1000));
        assert!(calls.take(&KeyName::parse("aoi-cli").unwrap(), "a", 1000));
        let now = 1000 + FRESH * 3 + 1;
        assert!(calls.take(&key, "a", now));
        for number in 0..CALLS_MOST {
            calls.take(&key, &number.to_string(), now);
        }
        assert!(!calls.take(&key, "more", now), "who floods is not served, and opens nothing");
    }
}
