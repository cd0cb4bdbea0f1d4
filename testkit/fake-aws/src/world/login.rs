//! `aws login`: what the AWS CLI keeps of a console sign-in, and CreateOAuth2Token, which renews it (botocore's model
//! `signin`). The call is not signed; a proof of possession says who asks (RFC 9449).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde_json::{Value, json};

use super::journal::Entry;
use super::state::{Login, Owner, Session, SessionKind};
use super::{World, trouble};
use crate::fault::Fault;
use crate::message::{Reply, Request, Response};
use crate::xml;

pub(super) const PATH: &str = "/v1/token";
const OPERATION: &str = "CreateOAuth2Token";
/// "Maximum value is 900 seconds".
const SECONDS: i64 = 900;
/// "The CLI will automatically refresh these credentials for up to 12 hours".
const HOURS: i64 = 12;
const CLIENT: &str = "arn:aws:signin:::devtools/same-device";
const TOKEN_LENGTH: usize = 356;
/// How far the clock of a proof may be off (RFC 9449, section 11.1, leaves it open).
const TOLERANCE: i64 = 300;

impl World {
    /// Signs a user in at the console and lets the AWS CLI in: the file that it keeps. `None` when there is no such user.
    pub fn log_in(&mut self, wall: Timestamp, arn: &str, with_mfa: bool) -> Option<Value> {
        let owner = self.owner_of(arn)?;
        let now = self.now(wall);
        let (pem, key) = key_pair()?;
        let ends = now.checked_add(SignedDuration::from_hours(HOURS)).ok()?;
        let login = Login { owner, mfa_at: with_mfa.then_some(now), ends, key };
        let (token, refresh) = self.hand_out(login, now);
        let expires = now.checked_add(SignedDuration::from_secs(SECONDS)).ok()?;
        let account = arn.split(':').nth(4).unwrap_or_default();
        let mut access = token;
        if let Value::Object(fields) = &mut access {
            fields.insert("accountId".to_owned(), json!(account));
            fields.insert("expiresAt".to_owned(), json!(xml::iso(expires)));
        }
        Some(json!({
            "accessToken": access,
            "tokenType": "aws_sigv4",
            "clientId": CLIENT,
            "refreshToken": refresh,
            "idToken": "fictional.id.token",
            "signInRegion": "us-east-1",
            "dpopKey": pem,
        }))
    }

    fn owner_of(&self, arn: &str) -> Option<Owner> {
        self.state.accounts.iter().find_map(|(account, state)| {
            let owner = |user| Owner { account: account.clone(), user };
            if arn == format!("arn:aws:iam::{account}:root") {
                return Some(owner(None));
            }
            let (name, _) = state.users.iter().find(|(_, user)| user.arn == arn)?;
            Some(owner(Some(name.clone())))
        })
    }

    /// The next credentials, and the token for those after them.
    fn hand_out(&mut self, login: Login, now: Timestamp) -> (Value, String) {
        let issued = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let lasts = SignedDuration::from_secs(SECONDS);
        let expires = issued.checked_add(lasts).unwrap_or(issued).min(login.ends);
        let (id, secret) = (self.mint.id("ASIA", 20), self.mint.secret());
        let (token, refresh) = (self.mint.token(TOKEN_LENGTH), self.mint.token(TOKEN_LENGTH));
        let kind = SessionKind::Token { owner: login.owner.clone(), mfa_at: login.mfa_at };
        let access = json!({ "accessKeyId": id, "secretAccessKey": secret, "sessionToken": token });
        let session = Session { secret, token, issued, expires, kind, scopes: Vec::new() };
        self.state.sessions.insert(id, session);
        self.state.logins.insert(refresh.clone(), login);
        (access, refresh)
    }

    /// Answers CreateOAuth2Token.
    pub(super) fn login_token(&mut self, wall: Timestamp, request: &Request) -> Reply {
        let before = trouble::before(&mut self.planned, OPERATION);
        let now = self.now(wall);
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let result = match before.fault {
            Some(fault) if fault == Fault::throttled() => {
                Err(Fault::new(429, "rate_exceeded", "Too many requests"))
            }
            Some(fault) => Err(fault),
            None => self.renew(wall, request, &body, now),
        };
        let is_lost = result.is_ok() && trouble::loses_reply(&mut self.planned, OPERATION);
        let error = result.as_ref().err().cloned();
        let response = result.unwrap_or_else(|fault| {
            let body = json!({ "error": fault.code, "message": fault.message });
            let kind = match fault.status {
                429 => "TooManyRequestsError",
                500.. => "InternalServerException",
                _ if fault.code == "INVALID_REQUEST" => "ValidationException",
                _ => "AccessDeniedException",
            };
            Response::json(fault.status, &body).with_header("x-amzn-ErrorType", kind.to_owned())
        });
        self.journal.record(Entry {
            time: xml::iso(now),
            operation: OPERATION.to_owned(),
            caller: String::new(),
            access_key_id: String::new(),
            source_ip: request.source_ip.to_string(),
            status: response.status,
            error: error.as_ref().map(|fault| fault.code.clone()),
            message: error.map(|fault| fault.message),
            is_lost,
            parameters: BTreeMap::from([("grantType".to_owned(), text(&body, "grantType").to_owned())]),
        });
        Reply { response, delay_milliseconds: before.delay_milliseconds, is_lost }
    }

    fn renew(
        &mut self,
        wall: Timestamp,
        request: &Request,
        body: &Value,
        now: Timestamp,
    ) -> Result<Response, Fault> {
        let invalid = |message| Fault::new(400, "INVALID_REQUEST", message);
        if text(body, "grantType") != "refresh_token" || text(body, "clientId") != CLIENT {
            return Err(invalid("Only refresh_token of the same device is here"));
        }
        let expired = || Fault::new(400, "TOKEN_EXPIRED", "The refresh token is expired or was used");
        let refresh = text(body, "refreshToken");
        let login = self.state.logins.get(refresh).cloned().ok_or_else(expired)?;
        let proof = request.header("dpop").unwrap_or_default();
        let host = request.header("host").unwrap_or_default();
        // Proofs are dated by the clock of whoever makes them, which the world's does not move.
        proves(proof, &login.key, &format!("http://{host}{PATH}"), wall).map_err(invalid)?;
        if now >= login.ends {
            return Err(expired());
        }
        self.state.logins.remove(refresh);
        let (access, refresh) = self.hand_out(login, now);
        Ok(Response::json(
            200,
            &json!({
                "accessToken": access,
                "tokenType": "aws_sigv4",
                "expiresIn": SECONDS,
                "refreshToken": refresh,
            }),
        ))
    }

    /// Ends what `aws login` made for a user, as a new password or BatchRevokeSessions does.
    pub fn end_logins(&mut self) {
        self.state.logins.clear();
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A new key as the AWS CLI writes it (SEC 1, RFC 5915), and its point. ring makes PKCS #8, whose last 121 bytes are an
/// ECPrivateKey without the curve's name.
fn key_pair() -> Option<(String, Vec<u8>)> {
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).ok()?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random).ok()?;
    let point = pair.public_key().as_ref().to_vec();
    const HEAD: [u8; 7] = [0x30, 0x77, 2, 1, 1, 4, 32];
    const CURVE: [u8; 12] = [0xa0, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let private = made.as_ref().get(36..68)?;
    let der = [&HEAD, private, &CURVE, &[0xa1, 0x44, 3, 0x42, 0], &point].concat();
    let (begin, end) = ("-----BEGIN EC", "-----END EC");
    let pem = format!("{begin} PRIVATE KEY-----\n{}\n{end} PRIVATE KEY-----\n", STANDARD.encode(der));
    Some((pem, point))
}

/// Whether a proof is of this key, for this address, of now (RFC 9449, section 4.3).
fn proves(proof: &str, key: &[u8], url: &str, wall: Timestamp) -> Result<(), &'static str> {
    let (signed, signature) = proof.rsplit_once('.').ok_or("There is no DPoP proof")?;
    let (header, payload) = signed.split_once('.').ok_or("The DPoP proof is no JWT")?;
    let read =
        |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let (header, payload) =
        (read(header).ok_or("No header of DPoP")?, read(payload).ok_or("No payload of DPoP")?);
    if (text(&header, "typ"), text(&header, "alg")) != ("dpop+jwt", "ES256") {
        return Err("The DPoP proof is of another kind");
    }
    let jwk = header.get("jwk").unwrap_or(&Value::Null);
    let of_jwk = |name| URL_SAFE_NO_PAD.decode(text(jwk, name)).unwrap_or_default();
    if [vec![4], of_jwk("x"), of_jwk("y")].concat() != key {
        return Err("The DPoP proof is of another key");
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "The signature of DPoP is no base64url")?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| "The signature of DPoP is wrong")?;
    if (text(&payload, "htm"), text(&payload, "htu")) != ("POST", url) {
        return Err("The DPoP proof is for another call");
    }
    let made = payload.get("iat").and_then(Value::as_i64).unwrap_or_default();
    let age = made - wall.as_second();
    if age.abs() > TOLERANCE || text(&payload, "jti").is_empty() {
        return Err("The DPoP proof is old, or has no id");
    }
    Ok(())
}
