//! A seed comes in by a ceremony, another policy comes into force, a sealed desk is opened again, a key counts no more.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kagimori_custody::{RequestId, SeedId};
use kagimori_sealing::boxed::{HolderKey, PublicKey};
use kagimori_sealing::protocol::FOR_SECRET;
use ring::rand::SystemRandom;
use zeroize::Zeroizing;

use super::browser::{Browser, Place};

/// Approved by both, whatever it is.
async fn approved(place: &Place, path: &str) {
    for person in ["aoi", "minato"] {
        let done = place.of(person).await.sign(path, "approve", &[]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    }
}

async fn filed(browser: &mut Browser, form: &str, fields: &[(&str, &str)]) -> String {
    let filed = browser.post(form, fields).await;
    assert_eq!(filed.status, StatusCode::SEE_OTHER, "{}", filed.body);
    filed.location
}

#[tokio::test]
async fn a_seed_is_replaced_by_a_ceremony() {
    let place = Place::new();
    let mut requester = place.of("keiko").await;
    assert!(requester.get("/accounts").await.body.contains("/accounts/ceremony"));
    let fields = [("seed", "management"), ("ceremony", "rotate"), ("reason", "a year is over")];
    let path = filed(&mut requester, "/accounts/ceremony", &fields).await;
    approved(&place, &path).await;
    let mut custodian = place.of("riku").await;
    let page = HolderKey::from_bytes(Zeroizing::new([9; 32]));
    let viewer = STANDARD.encode(page.public().as_bytes());
    let console = custodian.sign(&path, "claim", &[("viewer", &viewer)]).await.location;
    assert!(custodian.get(&console).await.body.contains("data-secret="));
    let begun = custodian.post(&format!("{console}/begin"), &[]).await.body;
    let key: PublicKey = serde_json::from_str::<serde_json::Value>(&begun)
        .map(|begun| PublicKey::parse(begun["key"].as_str().unwrap()).unwrap())
        .unwrap();
    let id = path.strip_prefix("/requests/").unwrap();
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let sealed = key.seal(FOR_SECRET, id.as_bytes(), secret.as_bytes(), &SystemRandom::new()).unwrap();
    let sealed = serde_json::to_string(&sealed).unwrap();
    assert_eq!(
        custodian.post(&format!("{console}/secret"), &[("sealed", &sealed)]).await.status,
        StatusCode::SEE_OTHER
    );
    // Nobody else goes on with it, and nothing is settled before a code was made.
    assert!(place.of("aoi").await.post(&format!("{console}/enrol-code"), &[]).await.status.is_client_error());
    assert!(custodian.post(&format!("{console}/settle"), &[]).await.status.is_client_error());
    assert_eq!(custodian.post(&format!("{console}/enrol-code"), &[]).await.status, StatusCode::SEE_OTHER);
    let settled = custodian
        .post(&format!("{console}/settle"), &[("seed-riku", "yes"), ("password-keiko", "yes")])
        .await;
    assert_eq!(settled.location, path, "{}", settled.body);
    let book = place.desk.book();
    assert_eq!(book.state.request(&RequestId::parse(id).unwrap()).unwrap().word(), "closed");
    assert_eq!(book.state.seed(&SeedId::parse("management").unwrap()).unwrap().generation, 2);
}

#[tokio::test]
async fn another_policy_comes_by_a_quorum_alone() {
    let place = Place::new();
    let mut requester = place.of("keiko").await;
    let bad = requester.post("/people/propose", &[("policy", "desk = 'x'"), ("reason", "x")]).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    let policy = place.desk.book().state.policy().unwrap().file().clone();
    // The same policy in the words of a file: the play desk's own text with the keys of today.
    let mut text = include_str!("../dev/policy.toml").replace("window = \"1h\"", "window = \"45min\"");
    for (id, person) in &policy.people {
        let key = person.keys.first().map(|key| {
            let credential = key.credential.as_deref().unwrap();
            format!(", keys = [{{ name = \"{}\", kind = \"webauthn\", public = \"{}\", credential = \"{credential}\" }}]", key.name, key.public)
        });
        let recipient = person.recipient.as_ref().map(|recipient| format!(", recipient = \"{recipient}\""));
        let subject = format!("subject = \"{}\"", person.subject);
        let more = key.unwrap_or_default() + &recipient.unwrap_or_default();
        assert!(text.contains(&subject), "{id}");
        text = text.replace(&subject, &(subject.clone() + &more));
    }
    let path =
        filed(&mut requester, "/people/propose", &[("policy", &text), ("reason", "shorter windows")]).await;
    assert!(requester.get(&path).await.body.contains("45min"), "what it changes is shown");
    let before = place.desk.book().state.policy().unwrap().version();
    approved(&place, &path).await;
    assert_ne!(
        place.desk.book().state.policy().unwrap().version(),
        before,
        "it is in force with the last approval"
    );
}

#[tokio::test]
async fn a_sealed_desk_is_opened_by_a_quorum_alone() {
    let place = Place::new();
    place.of("tetsuo").await.post("/seal", &[("reason", "something is odd")]).await;
    assert!(place.desk.is_sealed());
    let mut requester = place.of("keiko").await;
    let path = filed(&mut requester, "/unseal", &[("reason", "it was a drill")]).await;
    place.of("aoi").await.sign(&path, "approve", &[]).await;
    assert!(place.desk.is_sealed(), "one is not enough");
    place.of("minato").await.sign(&path, "approve", &[]).await;
    assert!(!place.desk.is_sealed());
}

/// Approvals of a key that counts no more are not counted, and its owner does not sign in with it.
#[tokio::test]
async fn a_revoked_key_counts_no_more() {
    let place = Place::new();
    let path = super::story::approved(&place, "direct").await;
    let mut auditor = place.of("tetsuo").await;
    let revoked = [("person", "aoi"), ("key", "aoi-software"), ("reason", "the laptop is lost")];
    assert_eq!(auditor.post("/people/revoke", &revoked).await.location, "/people");
    let claimed = place.of("riku").await.sign(&path, "claim", &[]).await;
    assert_eq!(claimed.status, StatusCode::CONFLICT, "{}", claimed.body);
    let mut stranger = place.stranger();
    let asked = stranger.post("/sign-in/ask", &[]).await.body;
    let challenge =
        serde_json::from_str::<serde_json::Value>(&asked).unwrap()["challenge"].as_str().unwrap().to_owned();
    let signed = place.of("aoi").await.answer(&challenge);
    let entered = stranger.post("/sign-in", &[("challenge", &challenge), ("signed", &signed)]).await;
    assert_eq!(entered.status, StatusCode::FORBIDDEN);
}

/// The door opens to a passkey of the policy, once for each challenge and only in the browser that asked.
#[tokio::test]
async fn the_door_opens_once() {
    let place = Place::new();
    let key = place.of("aoi").await;
    let mut stranger = place.stranger();
    let asked = stranger.post("/sign-in/ask", &[]).await.body;
    let challenge =
        serde_json::from_str::<serde_json::Value>(&asked).unwrap()["challenge"].as_str().unwrap().to_owned();
    let signed = key.answer(&challenge);
    let fields = [("challenge", challenge.as_str()), ("signed", signed.as_str())];
    let mut other = place.stranger();
    other.post("/sign-in/ask", &[]).await;
    let mut elsewhere = other.clone();
    assert_eq!(elsewhere.post("/sign-in", &fields).await.status, StatusCode::FORBIDDEN, "another browser");
    assert_eq!(
        stranger.post("/sign-in", &fields).await.status,
        StatusCode::FORBIDDEN,
        "taken by the try before"
    );
    let asked = stranger.post("/sign-in/ask", &[]).await.body;
    let challenge =
        serde_json::from_str::<serde_json::Value>(&asked).unwrap()["challenge"].as_str().unwrap().to_owned();
    let signed = key.answer(&challenge);
    let fields = [("challenge", challenge.as_str()), ("signed", signed.as_str())];
    assert_eq!(stranger.post("/sign-in", &fields).await.location, "/");
    assert_eq!(stranger.get("/me").await.status, StatusCode::OK);
    assert_eq!(stranger.post("/sign-in", &fields).await.status, StatusCode::FORBIDDEN, "a replay");
}

/// A page that reloads itself is no use of a session; a person who clicks is.
#[tokio::test]
async fn an_open_page_keeps_nobody_signed_in() {
    let place = Place::new();
    let (mut silent, mut busy) = (place.of("aoi").await, place.of("minato").await);
    for _ in 0..5 {
        place.desk.clock.advance(1000);
        silent.reload("/").await;
        busy.get("/").await;
    }
    assert_eq!(silent.get("/").await.location, "/sign-in");
    assert_eq!(busy.get("/").await.status, StatusCode::OK);
}
