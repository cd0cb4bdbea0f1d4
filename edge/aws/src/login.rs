//! CreateOAuth2Token of the sign-in service: the next 15 minutes of an `aws login` (botocore's model `signin`). Not signed;
//! a proof of possession says that whoever asks holds the key the session was made for (RFC 9449).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use kagimori_session::credentials::{SessionCredentials, is_key_id};
use kagimori_session::endpoint::Endpoint;
use kagimori_session::login_session::{LoginSession, ProofKey, Renewed};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::error::StsError;
use crate::transport::{Client, JsonCall, Reply};

const OPERATION: &str = "CreateOAuth2Token";

impl Client {
    /// The next credentials of a sign-in. Sent once: nobody says whether the refresh token is spent by it.
    pub fn renew_login(
        &self,
        signin: &Endpoint,
        session: &LoginSession,
        key: &ProofKey,
        now: Timestamp,
    ) -> Result<Renewed, StsError> {
        let url = format!("{}/v1/token", signin.url);
        let proof = proof(key, &url, now).ok_or(StsError::ProofKey)?;
        let body = json!({
            "clientId": session.client_id(),
            "refreshToken": session.refresh_token(),
            "grantType": "refresh_token",
        });
        let reply = self.json(&JsonCall {
            operation: OPERATION,
            url,
            header: Some(("DPoP", &proof)),
            body: Some(Zeroizing::new(body.to_string())),
            pauses: &[],
        })?;
        if !(200..300).contains(&reply.status) {
            return Err(refusal(&reply));
        }
        renewed(&reply, now)
    }
}

fn proof(key: &ProofKey, url: &str, now: Timestamp) -> Option<SecretString> {
    let random = SystemRandom::new();
    let mut id = [0; 16];
    random.fill(&mut id).ok()?;
    let unsigned = key.unsigned_proof(url, now, &uuid(id));
    let private = key.private.expose_secret();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pair =
        EcdsaKeyPair::from_private_key_and_public_key(algorithm, private, &key.public, &random).ok()?;
    let signature = pair.sign(&random, unsigned.as_bytes()).ok()?;
    Some(format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature)).into())
}

/// RFC 9562, version 4.
fn uuid(bytes: [u8; 16]) -> String {
    let number = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let text = format!("{number:032x}");
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

fn renewed(reply: &Reply, now: Timestamp) -> Result<Renewed, StsError> {
    let missing = |missing| StsError::Answer { operation: OPERATION, status: reply.status, missing };
    let answer: Value = serde_json::from_str(&reply.body).map_err(|_| missing("JSON document"))?;
    let text = |value: &Value, name: &'static str| {
        let found = value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        found.map(str::to_owned).ok_or_else(|| missing(name))
    };
    let token = answer.get("accessToken").ok_or_else(|| missing("accessToken"))?;
    let seconds = answer.get("expiresIn").and_then(Value::as_i64).ok_or_else(|| missing("expiresIn"))?;
    let access_key_id = text(token, "accessKeyId")?;
    if !is_key_id(&access_key_id) {
        return Err(missing("accessKeyId"));
    }
    let credentials = SessionCredentials {
        access_key_id,
        secret_access_key: text(token, "secretAccessKey")?.into(),
        session_token: text(token, "sessionToken")?.into(),
        expiration: now
            .saturating_add(SignedDuration::from_secs(seconds))
            .map_err(|_| missing("expiresIn"))?,
    };
    Ok(Renewed { credentials, refresh: text(&answer, "refreshToken")?.into() })
}

/// The code stands in `error` (`OAuth2ErrorCode` of the model); the header says only what kind of exception it is.
fn refusal(reply: &Reply) -> StsError {
    let body: Value = serde_json::from_str(&reply.body).unwrap_or(Value::Null);
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let kind = reply.error_type.as_deref().and_then(|kind| kind.split(':').next()).map(str::to_owned);
    match text("error").or(kind) {
        Some(code) => {
            let message = text("message").unwrap_or_else(|| format!("HTTP {}", reply.status));
            StsError::refused_by_signin(OPERATION, code, message, reply.status)
        }
        None => StsError::Answer { operation: OPERATION, status: reply.status, missing: "error" },
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair, UnparsedPublicKey};

    use super::*;
    use crate::error::Cause;

    #[test]
    fn a_proof_is_signed_by_the_key_it_names() {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random).unwrap();
        let public: [u8; 65] = pair.public_key().as_ref().try_into().unwrap();
        // ring writes the private number behind 36 bytes that are the same for all keys of the curve.
        let key = ProofKey { private: made.as_ref()[36..68].to_vec().into(), public };
        let proof = proof(&key, "https://x/v1/token", Timestamp::UNIX_EPOCH).unwrap();
        let (signed, signature) = proof.expose_secret().rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let is_of = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &public);
        assert!(is_of.verify(signed.as_bytes(), &signature).is_ok());
        let wrong = ProofKey { private: vec![0; 32].into(), public };
        assert!(super::proof(&wrong, "https://x", Timestamp::UNIX_EPOCH).is_none());
    }

    #[test]
    fn ids_of_proofs_are_random_uuids() {
        assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid([0; 16]), "00000000-0000-4000-8000-000000000000");
    }

    fn reply(status: u16, error_type: Option<&str>, body: &str) -> Reply {
        let error_type = error_type.map(str::to_owned);
        Reply { status, date: None, error_type, body: Zeroizing::new(body.to_owned()) }
    }

    #[test]
    fn refusals_by_their_code() {
        for (status, body, expected) in [
            (400, r#"{"error":"TOKEN_EXPIRED","message":"m"}"#, Cause::Grant),
            (400, r#"{"error":"USER_CREDENTIALS_CHANGED","message":"m"}"#, Cause::Grant),
            (400, r#"{"error":"invalid_grant"}"#, Cause::Grant),
            (403, r#"{"error":"INSUFFICIENT_PERMISSIONS","message":"m"}"#, Cause::Denied),
            (429, r#"{"error":"rate_exceeded"}"#, Cause::Busy),
            (400, r#"{"error":"INVALID_REQUEST"}"#, Cause::Other),
        ] {
            assert_eq!(refusal(&reply(status, None, body)).cause(), Some(expected), "{body}");
        }
        let named = refusal(&reply(500, Some("InternalServerException:"), "{}"));
        assert_eq!((named.cause(), named.may_be_done()), (Some(Cause::Busy), true));
        assert!(matches!(refusal(&reply(502, None, "<html>")), StsError::Answer { .. }));
    }

    #[test]
    fn what_is_missing_is_named() {
        let whole = r#"{"accessToken":{"accessKeyId":"ASIAIOSFODNN7EXAMPLE","secretAccessKey":"s","sessionToken":"t"},"tokenType":"aws_sigv4","expiresIn":900,"refreshToken":"r"}"#;
        let read = renewed(&reply(200, None, whole), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(read.credentials.expiration.as_second(), 900);
        for name in
            ["accessToken", "accessKeyId", "secretAccessKey", "sessionToken", "expiresIn", "refreshToken"]
        {
            let without = whole.replace(&format!("\"{name}\""), "\"other\"");
            let error = renewed(&reply(200, None, &without), Timestamp::UNIX_EPOCH).unwrap_err();
            assert!(error.to_string().contains(&format!("no `{name}`")), "{error}");
        }
    }
}
