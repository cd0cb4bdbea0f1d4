//! Somebody's browser, and a play desk whose clock stands still.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http_body_util::BodyExt as _;
use kagimori_custody::PersonId;
use kagimori_id::hex;
use kagimori_sealing::boxed::{HolderKey, PublicKey, Sealed};
use kagimori_sealing::protocol::{FOR_HELD_SHARE, FOR_SHARE};
use ring::rand::SystemRandom;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

use super::store;
use crate::clock::Clock;
use crate::desk::Desk;
use crate::dev::run::{self, Folder};
use crate::routes;
use crate::web::connections::Peer;

/// A Tuesday in December 2026, in the middle of a step of TOTP.
pub(super) const NOON: i64 = 1_796_094_010;
/// The seed of the play desk in tests.
pub(super) const SECRET: [u8; 20] = *b"\xfbcanary of tests\x9e\x01\xd7\xe2";
/// What the workflow system proves itself by.
pub(super) const TOKEN: &str = "a token of tests";
pub(super) const ORIGIN: &str = "http://localhost:8440";

/// A desk, and its folder.
pub(super) struct Place {
    pub(super) desk: Arc<Desk>,
    pub(super) folder: Folder,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = Folder::new().unwrap();
        let mut desk =
            run::desk_at(store::new(folder.path()), folder.path(), ORIGIN, Clock::held(NOON), &SECRET)
                .unwrap();
        let hash = hex(&Sha256::digest(TOKEN.as_bytes()));
        desk.settings.programs.insert("workflow".to_owned(), hash);
        Self { desk: Arc::new(desk), folder }
    }

    /// A browser in which one of the cast is signed in.
    pub(super) async fn of(&self, person: &str) -> Browser {
        let mut browser = self.stranger();
        let entered = browser.post("/dev/become", &[("person", person)]).await;
        assert_eq!(entered.status, StatusCode::SEE_OTHER, "{person}");
        browser.get("/").await;
        browser
    }

    pub(super) fn stranger(&self) -> Browser {
        Browser {
            router: routes::of(Arc::clone(&self.desk)),
            desk: Arc::clone(&self.desk),
            cookies: BTreeMap::new(),
            csrf: String::new(),
            person: None,
            headers: vec![
                ("sec-fetch-site".to_owned(), "same-origin".to_owned()),
                ("origin".to_owned(), ORIGIN.to_owned()),
            ],
        }
    }
}

/// Somebody's browser.
#[derive(Clone)]
pub(super) struct Browser {
    router: Router,
    desk: Arc<Desk>,
    pub(super) cookies: BTreeMap<String, String>,
    /// Of the page that was seen last.
    pub(super) csrf: String,
    person: Option<String>,
    /// What it sends with forms.
    pub(super) headers: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) location: String,
    pub(super) headers: axum::http::HeaderMap,
    pub(super) body: String,
}

impl Browser {
    pub(super) async fn get(&mut self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = self.send(request).await;
        if let Some((_, rest)) = answer.body.split_once("data-csrf=\"") {
            self.csrf = rest.split('"').next().unwrap().to_owned();
        }
        answer
    }

    /// A call of the API.
    pub(super) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.clone().send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// A page that loads itself again, as its script does when something has changed.
    pub(super) async fn reload(&mut self, path: &str) -> Answer {
        let request = Request::get(path).header("sec-fetch-mode", "navigate").body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// A form of the page that was seen last.
    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = {
            let mut body = form_urlencoded::Serializer::new(String::new());
            body.append_pair("csrf", &self.csrf).extend_pairs(fields).finish()
        };
        if path == "/dev/become" {
            self.person = fields.first().map(|(_, person)| (*person).to_owned());
        }
        let mut request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// A form that a passkey signs: what is asked, and what the form then brings.
    pub(super) async fn signed(
        &mut self,
        path: &str,
        what: &str,
        fields: &[(&str, &str)],
    ) -> Vec<(String, String)> {
        let asked = self.post(&format!("{path}/ask/{what}"), fields).await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
        let challenge =
            serde_json::from_str::<Value>(&asked.body).unwrap()["challenge"].as_str().unwrap().to_owned();
        let share = self.share(&asked.body);
        let signed = self.answer(&challenge);
        let mut all: Vec<(String, String)> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        all.extend([
            ("challenge".to_owned(), challenge),
            ("signed".to_owned(), signed),
            ("share".to_owned(), share),
        ]);
        all
    }

    /// The same, sent.
    pub(super) async fn sign(&mut self, path: &str, what: &str, fields: &[(&str, &str)]) -> Answer {
        let fields = self.signed(path, what, fields).await;
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post(&format!("{path}/{what}"), &fields).await
    }

    /// The person's share, as their page gives it to the vault.
    fn share(&self, asked: &str) -> String {
        let asked: Value = serde_json::from_str(asked).unwrap();
        let Some(share) = asked.get("share").filter(|share| !share.is_null()) else { return String::new() };
        let person = PersonId::parse(self.person.as_ref().unwrap()).unwrap();
        let secret = self.desk.dev.as_ref().unwrap().shares[&person].clone();
        let bytes = |name: &str| STANDARD.decode(share[name].as_str().unwrap()).unwrap();
        let held: Sealed = serde_json::from_value(share["held"].clone()).unwrap();
        let opened = HolderKey::from_bytes(secret).open(&held, FOR_HELD_SHARE, &bytes("about_held")).unwrap();
        let vault = PublicKey::parse(share["key"].as_str().unwrap()).unwrap();
        let sealed = vault.seal(FOR_SHARE, &bytes("about"), &opened, &SystemRandom::new()).unwrap();
        serde_json::to_string(&sealed).unwrap()
    }

    /// What the person's passkey says to a challenge.
    pub(super) fn answer(&self, challenge: &str) -> String {
        let person = PersonId::parse(self.person.as_ref().unwrap()).unwrap();
        let (credential, key) = &self.desk.dev.as_ref().unwrap().keys[&person];
        let it = key.sign(&self.desk.party, &URL_SAFE_NO_PAD.decode(challenge).unwrap());
        serde_json::json!({
            "credential": credential,
            "client_data": URL_SAFE_NO_PAD.encode(it.client_data),
            "authenticator_data": URL_SAFE_NO_PAD.encode(it.authenticator_data),
            "signature": URL_SAFE_NO_PAD.encode(it.signature),
        })
        .to_string()
    }

    async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let peer = SocketAddr::from(([127, 0, 0, 1], 4711));
        request.extensions_mut().insert(ConnectInfo(Peer(peer)));
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert("cookie", cookies.join("; ").parse().unwrap());
        }
        let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all("set-cookie") {
            let text = cookie.to_str().unwrap();
            // One comes back from the identity provider.
            let site =
                if text.starts_with("__Host-kagimori-provider=") { "Lax; Max-Age=600" } else { "Strict" };
            let kept = format!("; Secure; HttpOnly; SameSite={site}");
            assert!(text.starts_with("__Host-") && text.contains(&kept), "{text}");
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let location =
            parts.headers.get("location").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let is_stream = parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let body = if is_stream {
            String::new()
        } else {
            String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned()
        };
        Answer { status: parts.status, location, headers: parts.headers, body }
    }
}
