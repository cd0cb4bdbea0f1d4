//! People who ask and decide from a command line: what their key does, and what it does not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kagimori_custody::{
    Draft, Event, Key, KeyKind, KeyName, Lasting, PersonId, Proof, RequestId, Statement, Wish,
};
use kagimori_id::hex;
use kagimori_passkey::{PublicKey, SoftwareKey};
use serde_json::{Value, json};

use super::browser::{Answer, ORIGIN, Place};
use super::story::ask;
use crate::command::client::Client;
use crate::web::signature::{Call, body_hash};

fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

fn key_of(name: &str) -> KeyName {
    KeyName::parse(&format!("{name}-cli")).unwrap()
}

/// The secret of somebody's key.
fn secret(name: &str) -> [u8; 32] {
    let mut secret = [7; 32];
    secret[0] = name.as_bytes()[0];
    secret
}

fn signer(name: &str) -> SoftwareKey {
    SoftwareKey::from_seed(&secret(name)).unwrap()
}

/// Approved by both on their pages.
async fn approved(place: &Place, path: &str) {
    for name in ["aoi", "minato"] {
        let done = place.of(name).await.sign(path, "approve", &[]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    }
}

fn propose(place: &Place, id: &str, change: impl FnOnce(&mut kagimori_custody::PolicyFile)) -> String {
    let mut policy = place.desk.book().state.policy().unwrap().file().clone();
    change(&mut policy);
    let draft = Draft {
        id: RequestId::parse(id).unwrap(),
        wish: Wish::Policy { policy: Box::new(policy) },
        reason: "keys of command lines".to_owned(),
        ticket: None,
        window: Lasting::minutes(30),
        follows: None,
    };
    let event = Event::Submit { by: person("keiko"), from: None, through: None, draft };
    place.desk.submit_now(&event).unwrap();
    format!("/requests/{id}")
}

/// A desk whose quorum has taken in two keys of command lines.
async fn with_keys() -> Place {
    let place = Place::new();
    let path = propose(&place, "g1", |policy| {
        for name in ["keiko", "aoi"] {
            let PublicKey::Ed25519(public) = signer(name).public() else { panic!("it is Ed25519") };
            let key = Key {
                name: key_of(name),
                kind: KeyKind::Ed25519,
                public: STANDARD.encode(public),
                credential: None,
            };
            policy.people.get_mut(&person(name)).unwrap().keys.push(key);
        }
    });
    approved(&place, &path).await;
    assert!(place.desk.book().state.policy().unwrap().key(&person("aoi"), &key_of("aoi")).is_some());
    place
}

fn call(place: &Place, name: &str, method: &str, path: &str, body: &Value) -> Call {
    Call {
        desk: ORIGIN.to_owned(),
        by: person(name),
        key: key_of(name),
        method: method.to_owned(),
        path: path.to_owned(),
        body: body_hash(body.to_string().as_bytes()),
        at: place.desk.clock.now().as_second(),
        nonce: hex(&crate::random::bytes::<16>().unwrap()),
    }
}

async fn send(place: &Place, call: &Call, by: &SoftwareKey, body: &Value) -> Answer {
    let header = call.header(&by.sign_bytes(&call.bytes()));
    let headers = [("authorization", header.as_str()), ("idempotency-key", "k-1")];
    place.stranger().call(&call.method, &call.path, &headers, body).await
}

async fn signed(place: &Place, name: &str, method: &str, path: &str, body: &Value) -> Answer {
    send(place, &call(place, name, method, path, body), &signer(name), body).await
}

fn filed(by: &str) -> Value {
    json!({ "by": by, "account": "111122223333", "mode": "direct", "reason": "INC-7", "minutes": 30 })
}

#[tokio::test]
async fn a_person_asks_says_no_and_takes_back() {
    let place = with_keys().await;
    let body = filed("keiko");
    let asked = signed(&place, "keiko", "POST", "/v1/requests", &body).await;
    assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.body);
    let again = signed(&place, "keiko", "POST", "/v1/requests", &body).await;
    assert_eq!((again.status, &again.location), (StatusCode::OK, &asked.location));
    let shown: Value = serde_json::from_str(&asked.body).unwrap();
    assert!(shown["ask"]["through"].is_null() && shown["ask"]["by"] == "keiko");
    // Whoever may not, may not from here either.
    let taken = signed(&place, "aoi", "POST", &format!("{}/cancel", asked.location), &json!({})).await;
    assert_eq!(taken.status, StatusCode::FORBIDDEN, "{}", taken.body);
    let no = json!({ "reason": "not today" });
    let denied = signed(&place, "aoi", "POST", &format!("{}/deny", asked.location), &no).await;
    assert_eq!(denied.status, StatusCode::OK, "{}", denied.body);
    assert_eq!(serde_json::from_str::<Value>(&denied.body).unwrap()["state"], "denied");
    let path = ask(&mut place.of("keiko").await, "phone").await;
    let taken = signed(&place, "keiko", "POST", &format!("/v1{path}/cancel"), &json!({})).await;
    assert_eq!(serde_json::from_str::<Value>(&taken.body).unwrap()["state"], "cancelled", "{}", taken.body);
    for list in ["/v1/requests?state=denied", "/v1/people", "/v1/custody"] {
        let listed = signed(&place, "aoi", "GET", list, &Value::Null).await;
        assert_eq!(listed.status, StatusCode::OK, "{list}: {}", listed.body);
        assert!(!listed.body.contains("recipient") && !listed.body.contains("fingerprint"), "{list}");
    }
}

/// A code whose share travels with the approval is approved on the page; what has none is approved by the key, which counts as one.
#[tokio::test]
async fn an_approval_by_a_key_is_never_less_than_one_of_the_page() {
    let place = with_keys().await;
    let approve = |path: &str, digest| {
        let bytes = signer("aoi").sign_bytes(&Statement::Approve { digest }.bytes(&person("aoi")));
        let proof = Proof { key: key_of("aoi"), bytes: STANDARD.encode(bytes) };
        (format!("/v1{path}/approve"), json!({ "proof": proof }))
    };
    let digest_of = |path: &str| {
        let id = RequestId::parse(path.rsplit('/').next().unwrap()).unwrap();
        place.desk.book().state.request(&id).unwrap().digest
    };
    let path = ask(&mut place.of("keiko").await, "direct").await;
    let (to, body) = approve(&path, digest_of(&path));
    let refused = signed(&place, "aoi", "POST", &to, &body).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    assert_eq!(serde_json::from_str::<Value>(&refused.body).unwrap()["type"], "urn:kagimori:no_share");
    let govern = propose(&place, "g2", |policy| policy.limits.pending = 100);
    // Another request's digest is no signature of this one.
    let (to, body) = approve(&govern, digest_of(&path));
    assert_eq!(signed(&place, "aoi", "POST", &to, &body).await.status, StatusCode::FORBIDDEN);
    let (to, body) = approve(&govern, digest_of(&govern));
    // Nobody approves with another's key, not even with a call of their own.
    let foreign = signed(&place, "keiko", "POST", &to, &body).await;
    assert!(foreign.status.is_client_error(), "{}", foreign.body);
    let done = signed(&place, "aoi", "POST", &to, &body).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    assert_eq!(serde_json::from_str::<Value>(&done.body).unwrap()["approvals"], json!(["aoi"]));
}

#[tokio::test]
async fn what_is_not_signed_as_it_is_sent_counts_for_nothing() {
    let place = with_keys().await;
    let body = filed("keiko");
    let good = || call(&place, "keiko", "POST", "/v1/requests", &body);
    let size = place.desk.book().leaves.len();
    let keiko = signer("keiko");
    let other = signer("aoi");
    let mut other_desk = good();
    other_desk.desk = "https://desk.example".to_owned();
    let mut other_path = good();
    other_path.path = "/v1/requests?x".to_owned();
    let (mut old, mut ahead) = (good(), good());
    old.at -= 121;
    ahead.at += 121;
    let mut short = good();
    short.nonce = "ab".to_owned();
    let mut passkey = good();
    passkey.key = KeyName::parse("keiko-software").unwrap();
    for (what, call, key) in [
        ("another's key", good(), &other),
        ("another desk's call", other_desk, &keiko),
        ("an old call", old, &keiko),
        ("a call of the future", ahead, &keiko),
        ("a short nonce", short, &keiko),
        ("a passkey's name", passkey, &keiko),
    ] {
        let answer = send(&place, &call, key, &body).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}: {}", answer.body);
    }
    // Signed for one path, sent to another; signed with one body, sent with another.
    let header = other_path.header(&keiko.sign_bytes(&other_path.bytes()));
    let headers = [("authorization", header.as_str()), ("idempotency-key", "k")];
    let moved = place.stranger().call("POST", "/v1/requests", &headers, &body).await;
    assert_eq!(moved.status, StatusCode::UNAUTHORIZED);
    let altered = send(&place, &good(), &keiko, &filed("aoi")).await;
    assert_eq!(altered.status, StatusCode::UNAUTHORIZED);
    // For somebody else.
    let theirs = filed("aoi");
    let foreign = signed(&place, "keiko", "POST", "/v1/requests", &theirs).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN, "{}", foreign.body);
    // The same call again.
    let once = call(&place, "keiko", "GET", "/v1/requests", &Value::Null);
    assert_eq!(send(&place, &once, &keiko, &Value::Null).await.status, StatusCode::OK);
    assert_eq!(send(&place, &once, &keiko, &Value::Null).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(place.desk.book().leaves.len(), size, "nothing happened");
    // A key that was revoked.
    let event = Event::RevokeKey {
        by: person("keiko"),
        person: person("keiko"),
        key: key_of("keiko"),
        reason: "lost".to_owned(),
    };
    place.desk.submit_now(&event).unwrap();
    assert_eq!(send(&place, &good(), &keiko, &body).await.status, StatusCode::UNAUTHORIZED);
}

/// The program's own side, over a socket: the file of a key, and a desk that answers.
#[tokio::test(flavor = "multi_thread")]
async fn the_program_reads_its_key_and_is_answered() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let mut place = with_keys().await;
    let desk = Arc::get_mut(&mut place.desk).unwrap();
    desk.settings.origin.clone_from(&origin);
    let now = desk.clock.now().as_second();
    let file = place.folder.path().join("key.toml");
    let text = format!(
        "desk = {origin:?}\nperson = \"keiko\"\nkey = \"keiko-cli\"\nsecret = \"{}\"\n",
        hex(&secret("keiko"))
    );
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(Client::read(&file).is_err_and(|(what, _)| what.contains("others may read")));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let router = crate::routes::of(Arc::clone(&place.desk))
        .into_make_service_with_connect_info::<std::net::SocketAddr>();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let done = tokio::task::spawn_blocking(move || {
        let client = Client::read(&file).unwrap().at(crate::clock::Clock::held(now));
        let asked = client.post("/v1/requests", &filed("keiko"), Some("k-7")).unwrap();
        let listed = client.get("/v1/requests?state=pending").unwrap();
        let id = asked.body["id"].as_str().unwrap().to_owned();
        let refused =
            client.post(&format!("/v1/requests/{id}/deny"), &json!({ "reason": "x" }), None).unwrap();
        (asked.status, listed.body["requests"][0]["id"] == id.as_str(), refused.status)
    });
    let (asked, is_listed, refused) = done.await.unwrap();
    server.abort();
    assert_eq!((asked, is_listed, refused), (201, true, 403));
}
