//! Providers, honest and hostile ones, on the loopback.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::keys::{Algorithm, Key, Keys};
use super::token::Header;
use super::{Brought, Oidc, OidcError, Settings};

const BACK: &str = "https://desk.example/sign-in/provider/back";
const CLIENT: &str = "desk";

/// What a provider answers.
#[derive(Default)]
struct Answers {
    discovery: Value,
    keys: String,
    token: String,
    /// Sends whoever asks for its keys there.
    redirect: Option<String>,
    asked: Vec<String>,
}

pub(crate) struct Issuer {
    pub(crate) address: String,
    key: EcdsaKeyPair,
    answers: Arc<Mutex<Answers>>,
}

impl Issuer {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(Answers::default()));
        let shared = Arc::clone(&answers);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut line, mut length) = (String::new(), 0);
                reader.read_line(&mut line).unwrap();
                loop {
                    let mut header = String::new();
                    if reader.read_line(&mut header).unwrap_or(0) <= 2 {
                        break;
                    }
                    let header = header.to_ascii_lowercase();
                    if let Some(text) = header.strip_prefix("content-length:") {
                        length = text.trim().parse().unwrap();
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let answer = answer(&mut shared.lock().unwrap(), &line, &String::from_utf8_lossy(&body));
                let _ = (&stream).write_all(answer.as_bytes());
            }
        });
        let issuer = Self { address, key: pair(), answers };
        let base = &issuer.address;
        issuer.answers.lock().unwrap().discovery = json!({
            "issuer": base, "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"), "jwks_uri": format!("{base}/keys"),
        });
        issuer.publish(&[("k1", &issuer.key)]);
        issuer
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            issuer: self.address.clone(),
            client: CLIENT.to_owned(),
            secret: None,
            folder: PathBuf::new(),
        }
    }

    fn publish(&self, keys: &[(&str, &EcdsaKeyPair)]) {
        let keys: Vec<Value> = keys.iter().map(|(kid, key)| jwk(kid, key)).collect();
        self.answers.lock().unwrap().keys = json!({ "keys": keys }).to_string();
    }

    fn changes(&self, name: &str, value: Value) {
        self.answers.lock().unwrap().discovery[name] = value;
    }

    /// What it answers with a code's token: as right as can be.
    fn claims(&self, nonce: &str, now: i64) -> Value {
        json!({ "iss": self.address, "sub": "u-1001", "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": nonce })
    }

    fn gives(&self, token: &str) {
        self.answers.lock().unwrap().token = json!({ "id_token": token, "token_type": "Bearer" }).to_string();
    }

    /// The token of a browser that was sent there.
    pub(crate) fn gives_for(&self, address: &str, now: Timestamp) {
        let claims = self.claims(&field(address, "nonce"), now.as_second());
        self.gives(&signed(&self.key, &json!({ "alg": "ES256", "kid": "k1" }), &claims));
    }

    fn asked(&self, path: &str) -> usize {
        self.answers.lock().unwrap().asked.iter().filter(|line| line.contains(path)).count()
    }
}

fn answer(answers: &mut Answers, line: &str, body: &str) -> String {
    answers.asked.push(format!("{line}{body}"));
    let path = line.split(' ').nth(1).unwrap_or_default();
    let text = match path {
        "/.well-known/openid-configuration" => answers.discovery.to_string(),
        "/keys" => match &answers.redirect {
            Some(to) => {
                return format!(
                    "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
            }
            None => answers.keys.clone(),
        },
        "/token" => answers.token.clone(),
        _ => String::new(),
    };
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    )
}

fn pair() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap()
}

fn jwk(kid: &str, key: &EcdsaKeyPair) -> Value {
    let point = &key.public_key().as_ref()[1..];
    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[..32]), URL_SAFE_NO_PAD.encode(&point[32..]));
    json!({ "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "alg": "ES256", "x": x, "y": y })
}

fn signed(key: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let message = format!("{header}.{claims}");
    let signature = key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A field of an address's query.
fn field(address: &str, name: &str) -> String {
    let query = address.split_once('?').unwrap().1;
    form_urlencoded::parse(query.as_bytes()).find(|(found, _)| found == name).unwrap().1.into_owned()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn brought(address: &str) -> Brought {
    Brought { state: field(address, "state"), code: Some("c".to_owned()), ..Brought::default() }
}

/// A sign-in with claims and a header that were changed.
fn with(issuer: &Issuer, oidc: &Oidc, change: impl Fn(&mut Value, &mut Value)) -> Result<String, OidcError> {
    let begun = oidc.begin(&issuer.settings(), BACK, at(0)).unwrap();
    let (mut header, mut claims) = (
        json!({ "alg": "ES256", "kid": "k1" }),
        issuer.claims(&field(&begun.address, "nonce"), at(0).as_second()),
    );
    change(&mut header, &mut claims);
    issuer.gives(&signed(&issuer.key, &header, &claims));
    oidc.end(&issuer.settings(), BACK, &begun.cookie, &brought(&begun.address), at(0))
}

#[test]
fn an_honest_provider_says_who_somebody_is() {
    let (issuer, oidc) = (Issuer::new(), Oidc::default());
    let begun = oidc.begin(&issuer.settings(), BACK, at(0)).unwrap();
    assert!(begun.address.starts_with(&format!("{}/authorize?", issuer.address)));
    assert_eq!(field(&begun.address, "code_challenge_method"), "S256");
    assert_eq!(field(&begun.address, "redirect_uri"), BACK);
    issuer.gives_for(&begun.address, at(0));
    let brought = brought(&begun.address);
    let subject = oidc.end(&issuer.settings(), BACK, &begun.cookie, &brought, at(0));
    assert_eq!(subject.as_deref(), Ok("u-1001"));
    // The verifier is the one whose hash went there.
    let asked = issuer
        .answers
        .lock()
        .unwrap()
        .asked
        .iter()
        .find(|line| line.contains("POST /token"))
        .cloned()
        .unwrap();
    let verifier = field(&format!("?{}", asked.split_once("\r\n").unwrap().1), "code_verifier");
    let hash = <sha2::Sha256 as sha2::Digest>::digest(verifier.as_bytes());
    assert_eq!(URL_SAFE_NO_PAD.encode(hash), field(&begun.address, "code_challenge"));
    // The same answer again is none.
    assert_eq!(oidc.end(&issuer.settings(), BACK, &begun.cookie, &brought, at(0)), Err(OidcError::Stale));
}

#[test]
fn an_answer_is_one_browsers_and_soon() {
    let (issuer, oidc) = (Issuer::new(), Oidc::default());
    let settings = issuer.settings();
    let begin = || oidc.begin(&settings, BACK, at(0)).unwrap();
    for (cookie, second, state) in
        [("other", 1, None), ("", 1, None), ("own", 600, None), ("own", 1, Some("x"))]
    {
        let begun = begin();
        issuer.gives_for(&begun.address, at(0));
        let cookie = if cookie == "own" { begun.cookie.as_str() } else { cookie };
        let mut brought = brought(&begun.address);
        if let Some(state) = state {
            state.clone_into(&mut brought.state);
        }
        assert_eq!(
            oidc.end(&settings, BACK, cookie, &brought, at(second)),
            Err(OidcError::Stale),
            "{second}"
        );
    }
    // A seal ends it, too.
    let begun = begin();
    issuer.gives_for(&begun.address, at(0));
    oidc.clear();
    assert_eq!(
        oidc.end(&settings, BACK, &begun.cookie, &brought(&begun.address), at(0)),
        Err(OidcError::Stale)
    );
    assert_eq!(issuer.asked("/token"), 0, "nothing was asked for any of them");
}

#[test]
fn what_a_token_says_has_to_be_true_of_this_sign_in() {
    let (issuer, oidc) = (Issuer::new(), Oidc::default());
    let now = at(0).as_second();
    let cases: [(&str, Value, Option<&str>); 18] = [
        ("iss", json!("https://id.example"), Some("another issuer")),
        ("aud", json!("other"), Some("another program (`aud`)")),
        ("aud", json!([]), Some("another program (`aud`)")),
        ("aud", json!([CLIENT]), None),
        ("aud", json!([CLIENT, "other"]), Some("`azp`")),
        ("azp", json!("other"), Some("`azp`")),
        ("azp", json!(CLIENT), None),
        ("exp", json!(now - 60), Some("`exp`")),
        ("exp", json!(now - 59), None),
        ("exp", json!(null), Some("cannot be read")),
        ("iat", json!(now + 61), Some("of the future")),
        ("iat", json!(now - 661), Some("long ago")),
        ("nbf", json!(now + 61), Some("of the future")),
        ("nonce", json!("other"), Some("`nonce`")),
        ("nonce", json!(null), Some("`nonce`")),
        ("sub", json!(""), Some("names nobody")),
        ("sub", json!("u-ä"), Some("names nobody")),
        ("email", json!("keiko@shiosai.example"), None),
    ];
    for (name, value, expected) in cases {
        let found = with(&issuer, &oidc, |_, claims| claims[name] = value.clone());
        match expected {
            None => assert_eq!(found.as_deref(), Ok("u-1001"), "{name} {value}"),
            Some(words) => assert!(found.unwrap_err().to_string().contains(words), "{name} {value}"),
        }
    }
}

#[test]
fn only_a_key_of_the_issuer_signs() {
    let (issuer, oidc) = (Issuer::new(), Oidc::default());
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("ES384")),
        ("alg", json!("RS256")),
        ("kid", json!("other")),
        ("crit", json!(["exp"])),
    ] {
        let found = with(&issuer, &oidc, |header, _| header[name] = value.clone());
        assert!(matches!(found, Err(OidcError::Token(_))), "{name} {value}: {found:?}");
    }
    // Signed by another's key of the same name, by nobody, and with one letter changed.
    let begun = || oidc.begin(&issuer.settings(), BACK, at(0)).unwrap();
    let header = json!({ "alg": "ES256", "kid": "k1" });
    for forge in [0, 1, 2] {
        let begun = begun();
        let claims = issuer.claims(&field(&begun.address, "nonce"), at(0).as_second());
        let token = match forge {
            0 => signed(&pair(), &header, &claims),
            1 => signed(&issuer.key, &header, &claims).rsplit_once('.').unwrap().0.to_owned() + ".",
            _ => signed(&issuer.key, &header, &claims).replacen("eyJhbGciOiJ", "eyJraWQiOiJ", 1),
        };
        issuer.gives(&token);
        let found = oidc.end(&issuer.settings(), BACK, &begun.cookie, &brought(&begun.address), at(0));
        assert!(matches!(found, Err(OidcError::Token(_))), "{forge}: {found:?}");
    }
    assert_eq!(with(&issuer, &oidc, |_, _| {}).as_deref(), Ok("u-1001"), "and the right one still does");
}

#[test]
fn keys_change_and_unknown_ones_make_no_calls() {
    let (issuer, oidc) = (Issuer::new(), Oidc::default());
    assert!(with(&issuer, &oidc, |_, _| {}).is_ok());
    for _ in 0..5 {
        assert!(with(&issuer, &oidc, |header, _| header["kid"] = json!("k9")).is_err());
    }
    assert_eq!(issuer.asked("GET /keys"), 1);
    // A new key is found once a minute has passed.
    issuer.publish(&[("k2", &issuer.key)]);
    let end = |second| {
        let begun = oidc.begin(&issuer.settings(), BACK, at(second)).unwrap();
        let claims = issuer.claims(&field(&begun.address, "nonce"), at(second).as_second());
        issuer.gives(&signed(&issuer.key, &json!({ "alg": "ES256", "kid": "k2" }), &claims));
        oidc.end(&issuer.settings(), BACK, &begun.cookie, &brought(&begun.address), at(second))
    };
    assert!(end(59).is_err());
    assert!(end(60).is_ok());
    assert_eq!(issuer.asked("GET /keys"), 2);
}

#[test]
fn a_provider_that_is_another_or_leads_elsewhere_is_not_followed() {
    let own = Issuer::new();
    for (name, value) in [
        ("issuer", json!("https://id.example")),
        ("token_endpoint", json!("http://169.254.169.254/latest/meta-data/")),
        ("jwks_uri", json!("file:///etc/passwd")),
        ("authorization_endpoint", json!("javascript:alert(1)")),
    ] {
        let issuer = Issuer::new();
        issuer.changes(name, value.clone());
        let begun = Oidc::default().begin(&issuer.settings(), BACK, at(0));
        assert!(matches!(begun, Err(OidcError::Provider(_))), "{name} {value}: {begun:?}");
    }
    // A redirect is an answer like any other, and no keys; what is too long is not read.
    for (redirect, keys) in [
        (Some("http://169.254.169.254/latest/meta-data/".to_owned()), String::new()),
        (None, format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(70_000))),
        (None, json!({ "keys": vec![jwk("k", &own.key); 65] }).to_string()),
        (None, "[]".to_owned()),
    ] {
        let issuer = Issuer::new();
        {
            let mut answers = issuer.answers.lock().unwrap();
            (answers.redirect, answers.keys) = (redirect, keys);
        }
        let found = with(&issuer, &Oidc::default(), |_, _| {});
        assert!(matches!(found, Err(OidcError::Provider(_))), "{found:?}");
    }
}

/// RFC 9207: whoever uses two providers is not made to give the code of one to the other.
#[test]
fn who_answers_is_who_was_asked() {
    let (issuer, oidc) = (Issuer::new(), Oidc::default());
    issuer.changes("authorization_response_iss_parameter_supported", json!(true));
    for (iss, is_taken) in [(None, false), (Some("https://evil.example"), false), (Some("own"), true)] {
        let begun = oidc.begin(&issuer.settings(), BACK, at(0)).unwrap();
        issuer.gives_for(&begun.address, at(0));
        let mut brought = brought(&begun.address);
        brought.iss = iss.map(|iss| if iss == "own" { issuer.address.clone() } else { iss.to_owned() });
        let found = oidc.end(&issuer.settings(), BACK, &begun.cookie, &brought, at(0));
        assert_eq!(found.is_ok(), is_taken, "{iss:?}: {found:?}");
    }
}

/// RSA's signatures, made by OpenSSL.
#[test]
fn signatures_of_rsa_are_those_of_openssl() {
    let data: Value = serde_json::from_str(include_str!("rsa.json")).unwrap();
    let keys = Keys::read(&json!({ "keys": [data["key"]] }).to_string()).unwrap();
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(data[name].as_str().unwrap()).unwrap();
    for (name, algorithm) in [("rs256", Algorithm::Rs256), ("ps256", Algorithm::Ps256)] {
        let key = keys.of(&Header { algorithm, kid: Some("r".to_owned()) }).unwrap();
        assert!(matches!(key, Key::Rsa { .. }));
        assert!(key.has_signed(algorithm, b"kagimori.test", &bytes(name)));
        assert!(!key.has_signed(algorithm, b"kagimori.tess", &bytes(name)));
        assert!(!key.has_signed(Algorithm::Es256, b"kagimori.test", &bytes(name)));
    }
}
