//! `aws login`: the session of a console sign-in, as the AWS CLI keeps it in `~/.aws/login/cache`, read and renewed as
//! botocore does it (`LoginCredentialFetcher`; AWS CLI User Guide, "Login for AWS local development using console
//! credentials").
//!
//! The file stays the AWS CLI's: what is not understood here is written back as it was.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use kagimori_id::hex;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::credentials::{SessionCredentials, is_key_id};
use crate::route::rfc3339;

/// The setting that names the session.
pub const LOGIN_SESSION: &str = "login_session";

/// With more than this left botocore uses the credentials as they are. They last 15 minutes.
pub const FRESH_SECONDS: i64 = 5 * 60;

/// The file of a session in the AWS CLI's folder.
#[must_use]
pub fn file_name(session: &str) -> String {
    format!("{}.json", hex(&Sha256::digest(session.as_bytes())))
}

/// The user's name in a session, which is an ARN: `arn:aws:iam::111122223333:user/path/alice`.
#[must_use]
pub fn user_name(session: &str) -> &str {
    session.rsplit(['/', ':']).next().unwrap_or(session)
}

/// A file of the AWS CLI's.
pub struct LoginSession {
    fields: Map<String, Value>,
}

impl std::fmt::Debug for LoginSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginSession").finish_non_exhaustive()
    }
}

/// What a file lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is no JSON object.
    #[error("is not JSON")]
    NotJson,
    /// It has no such field.
    #[error("has no `{0}`")]
    Missing(&'static str),
    /// The key that proves who asks is not one on the curve P-256.
    #[error("has a `dpopKey` that is no P-256 key")]
    Key,
}

/// What CreateOAuth2Token returned for a refresh token.
#[derive(Debug)]
pub struct Renewed {
    /// accessToken and expiresIn
    pub credentials: SessionCredentials,
    /// refreshToken
    pub refresh: SecretString,
}

/// The key that proofs of possession are signed with (RFC 9449).
#[derive(Debug)]
pub struct ProofKey {
    /// The private number.
    pub private: secrecy::SecretSlice<u8>,
    /// The point, uncompressed: 4, x, y.
    pub public: [u8; 65],
}

impl LoginSession {
    /// Reads a file; what botocore asks for must be there.
    pub fn read(bytes: &[u8]) -> Result<Self, Unusable> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(bytes) else { return Err(Unusable::NotJson) };
        let session = Self { fields };
        for field in ["refreshToken", "clientId", "dpopKey"] {
            session.field(field).ok_or(Unusable::Missing(field))?;
        }
        session.credentials()?;
        Ok(session)
    }

    /// The credentials, however old.
    pub fn credentials(&self) -> Result<SessionCredentials, Unusable> {
        let token = self.fields.get("accessToken").ok_or(Unusable::Missing("accessToken"))?;
        let text = |name: &'static str| {
            let found = token.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            found.ok_or(Unusable::Missing(name))
        };
        let id = Some(text("accessKeyId")?).filter(|id| is_key_id(id));
        let end = text("expiresAt")?.parse::<Timestamp>().map_err(|_| Unusable::Missing("expiresAt"))?;
        Ok(SessionCredentials {
            access_key_id: id.ok_or(Unusable::Missing("accessKeyId"))?.to_owned(),
            secret_access_key: text("secretAccessKey")?.into(),
            session_token: text("sessionToken")?.into(),
            expiration: end,
        })
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// `arn:aws:signin:::devtools/same-device`, or `…/cross-device`
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.field("clientId").unwrap_or_default()
    }

    /// The token that the next credentials are asked for with.
    #[must_use]
    pub fn refresh_token(&self) -> &str {
        self.field("refreshToken").unwrap_or_default()
    }

    /// The Region of the sign-in; files of older AWS CLIs have none.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.field("signInRegion")
    }

    /// The key of the proofs.
    pub fn proof_key(&self) -> Result<ProofKey, Unusable> {
        let pem = self.field("dpopKey").ok_or(Unusable::Missing("dpopKey"))?;
        let lines = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim);
        let der = STANDARD.decode(lines.collect::<String>()).map(Zeroizing::new);
        der.ok().and_then(|der| ec_private_key(&der)).ok_or(Unusable::Key)
    }

    /// The same file with what came back; the rest of it stays.
    #[must_use]
    pub fn renewed(&self, by: &Renewed) -> Self {
        let mut fields = self.fields.clone();
        let account = fields.get("accessToken").and_then(|token| token.get("accountId")).cloned();
        let token = json!({
            "accessKeyId": by.credentials.access_key_id,
            "secretAccessKey": by.credentials.secret_access_key.expose_secret(),
            "sessionToken": by.credentials.session_token.expose_secret(),
            "accountId": account,
            "expiresAt": rfc3339(by.credentials.expiration),
        });
        fields.insert("accessToken".to_owned(), token);
        fields.insert("refreshToken".to_owned(), json!(by.refresh.expose_secret()));
        Self { fields }
    }

    /// The file's text.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(Value::Object(self.fields.clone()).to_string())
    }
}

impl ProofKey {
    /// What is signed, and stands before the signature, of a proof for a POST to this address (RFC 9449, section 4.2).
    #[must_use]
    pub fn unsigned_proof(&self, url: &str, at: Timestamp, id: &str) -> String {
        let (x, y) = (self.public.get(1..33).unwrap_or_default(), self.public.get(33..).unwrap_or_default());
        let [x, y] = [x, y].map(|half| URL_SAFE_NO_PAD.encode(half));
        let header = json!({
            "typ": "dpop+jwt",
            "alg": "ES256",
            "jwk": { "kty": "EC", "x": x, "y": y, "crv": "P-256" },
        });
        let payload = json!({ "htm": "POST", "htu": url, "iat": at.as_second(), "jti": id });
        let [header, payload] = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        format!("{header}.{payload}")
    }
}

/// SEC 1's ECPrivateKey (RFC 5915), which the AWS CLI writes, or one inside PKCS #8 (RFC 5958).
fn ec_private_key(der: &[u8]) -> Option<ProofKey> {
    let (whole, _) = element(der, 0x30)?;
    let (version, rest) = element(whole, 0x02)?;
    if version == [0] {
        let (_algorithm, rest) = element(rest, 0x30)?;
        return ec_private_key(element(rest, 0x04)?.0);
    }
    let (private, mut rest) = element(rest, 0x04)?;
    if let Some((_curve, after)) = element(rest, 0xa0) {
        rest = after;
    }
    let (bits, _) = element(element(rest, 0xa1)?.0, 0x03)?;
    let (unused, point) = bits.split_first()?;
    let public: [u8; 65] = point.try_into().ok()?;
    let is_plain = private.len() == 32 && *unused == 0 && public.first() == Some(&4);
    is_plain.then(|| ProofKey { private: private.to_vec().into(), public })
}

/// The content of the DER element at the beginning, which must have this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
        // Nothing of a P-256 key is longer.
        _ => return None,
    };
    (*found == tag).then(|| rest.split_at_checked(length)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: [u8; 32] = [7; 32];

    /// A key's form without a key in it: SEC 1, as OpenSSL and the AWS CLI write it.
    fn sec1() -> Vec<u8> {
        const HEAD: [u8; 7] = [0x30, 0x77, 2, 1, 1, 4, 32];
        const CURVE: [u8; 12] = [0xa0, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
        [&HEAD[..], &PRIVATE, &CURVE, &[0xa1, 0x44, 3, 0x42, 0], &point()].concat()
    }

    /// The same inside PKCS #8.
    fn pkcs8() -> Vec<u8> {
        const HEAD: [u8; 6] = [0x30, 0x81, 0x93, 2, 1, 0];
        const ALGORITHM: [u8; 21] =
            [0x30, 19, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
        [&HEAD[..], &ALGORITHM, &[4, 0x79], &sec1()].concat()
    }

    fn point() -> [u8; 65] {
        let mut point = [9; 65];
        point[0] = 4;
        point
    }

    fn pem(der: &[u8]) -> String {
        let text = STANDARD.encode(der);
        let (first, second) = text.split_at(64);
        format!("-----BEGIN KEY-----\n{first}\n{second}\n-----END KEY-----\n")
    }

    fn file(key: &str) -> String {
        json!({
            "accessToken": {
                "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
                "secretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "sessionToken": "token",
                "accountId": "111122223333",
                "expiresAt": "2026-11-30T02:00:00Z",
            },
            "tokenType": "aws_sigv4",
            "clientId": "arn:aws:signin:::devtools/same-device",
            "refreshToken": "refresh-1",
            "idToken": "unread",
            "dpopKey": key,
        })
        .to_string()
    }

    /// `hashlib.sha256(name).hexdigest()`, botocore's `generate_login_cache_key`.
    #[test]
    fn files_are_named_as_botocore_names_them() {
        assert_eq!(
            file_name("arn:aws:iam::111122223333:user/alice"),
            "5778c30d3fe8c123cb2ab0d5a82c81b6fdcedfb868a6625f6f5bf6f05a7f129b.json"
        );
        for (session, name) in [
            ("arn:aws:iam::111122223333:user/team/alice", "alice"),
            ("arn:aws:sts::111122223333:assumed-role/Power/bob@example.com", "bob@example.com"),
            ("arn:aws:iam::111122223333:root", "root"),
            ("plain", "plain"),
        ] {
            assert_eq!(user_name(session), name);
        }
    }

    #[test]
    fn what_is_renewed_keeps_the_rest_of_the_file() {
        let session = LoginSession::read(file(&pem(&sec1())).as_bytes()).unwrap();
        assert_eq!(session.client_id(), "arn:aws:signin:::devtools/same-device");
        assert_eq!((session.refresh_token(), session.region()), ("refresh-1", None));
        let credentials = SessionCredentials {
            access_key_id: "ASIAIOSFODNN7EXAMPL2".to_owned(),
            secret_access_key: "s2".into(),
            session_token: "t2".into(),
            expiration: "2026-11-30T02:15:00.7Z".parse().unwrap(),
        };
        let renewed = session.renewed(&Renewed { credentials, refresh: "refresh-2".into() });
        let back = LoginSession::read(renewed.text().as_bytes()).unwrap();
        let of = |name: &str| back.fields.get(name).and_then(Value::as_str);
        assert_eq!((of("idToken"), of("refreshToken")), (Some("unread"), Some("refresh-2")));
        assert_eq!(back.fields["accessToken"]["accountId"], "111122223333");
        assert_eq!(back.fields["accessToken"]["expiresAt"], "2026-11-30T02:15:00Z");
        assert_eq!(back.credentials().unwrap().access_key_id, "ASIAIOSFODNN7EXAMPL2");
        assert!(!format!("{back:?}").contains("t2"));
    }

    #[test]
    fn what_botocore_refuses_is_refused() {
        for field in ["accessToken", "refreshToken", "clientId", "dpopKey"] {
            let mut fields: Map<String, Value> = serde_json::from_str(&file(&pem(&sec1()))).unwrap();
            fields.remove(field);
            let read = LoginSession::read(Value::Object(fields).to_string().as_bytes());
            assert_eq!(read.err(), Some(Unusable::Missing(field)));
        }
        assert_eq!(LoginSession::read(b"[]").err(), Some(Unusable::NotJson));
        let spoilt = file(&pem(&sec1())).replace("ASIAIOSFODNN7EXAMPLE", "no key");
        assert_eq!(LoginSession::read(spoilt.as_bytes()).err(), Some(Unusable::Missing("accessKeyId")));
    }

    #[test]
    fn keys_are_read_in_both_forms_and_nothing_else_is_one() {
        let of = |pem: &str| LoginSession::read(file(pem).as_bytes()).unwrap().proof_key();
        for der in [sec1(), pkcs8()] {
            let key = of(&pem(&der)).unwrap();
            assert_eq!((key.public, key.private.expose_secret()), (point(), &PRIVATE[..]));
            for length in 0..der.len() {
                assert!(ec_private_key(der.get(..length).unwrap()).is_none(), "{length}");
            }
        }
        assert_eq!(of("-----BEGIN EC PRIVATE KEY-----\n!\n").err(), Some(Unusable::Key));
    }

    #[test]
    fn a_proof_says_what_is_called_and_when() {
        let key = LoginSession::read(file(&pem(&sec1())).as_bytes()).unwrap().proof_key().unwrap();
        let at = Timestamp::from_second(1_764_000_000).unwrap();
        let proof = key.unsigned_proof("https://ap-northeast-1.signin.aws.amazon.com/v1/token", at, "1-2");
        let parts: Vec<Value> = proof
            .split('.')
            .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
            .collect();
        let [header, payload] = parts.as_slice() else { panic!("{proof}") };
        assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
        assert_eq!(header["jwk"]["crv"], "P-256");
        assert_eq!(payload["htu"], "https://ap-northeast-1.signin.aws.amazon.com/v1/token");
        assert_eq!(
            (&payload["htm"], &payload["iat"], &payload["jti"]),
            (&json!("POST"), &json!(at.as_second()), &json!("1-2"))
        );
    }
}
