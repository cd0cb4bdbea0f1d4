//! What is tried against the desk, and does not work.

use axum::http::StatusCode;

use super::browser::{ORIGIN, Place};
use super::story::{approved, ask, pin, spaced};

/// Nothing but the door is open to strangers.
#[tokio::test]
async fn strangers_see_the_door_alone() {
    let place = Place::new();
    let path = ask(&mut place.of("keiko").await, "direct").await;
    let console = path.replace("requests", "operator");
    let mut stranger = place.stranger();
    for page in [
        "/",
        "/requests",
        &path,
        &format!("{path}/code"),
        &console,
        "/record",
        "/record/0",
        "/v1/log/proof/0",
        "/v1/log/entries/0",
        "/people",
        "/live",
        "/me",
    ] {
        let answer = stranger.get(page).await;
        assert_eq!((answer.status, answer.location.as_str()), (StatusCode::SEE_OTHER, "/sign-in"), "{page}");
        assert!(answer.body.is_empty(), "{page}");
    }
    for form in [
        format!("{path}/approve"),
        format!("{path}/deny"),
        format!("{console}/pin"),
        format!("{console}/release"),
        "/seal".to_owned(),
        "/dev/sign".to_owned(),
    ] {
        assert_eq!(stranger.post(&form, &[]).await.location, "/sign-in", "{form}");
    }
}

/// Another site's form, another session's form, and a form without its token change nothing.
#[tokio::test]
async fn forms_of_others_change_nothing() {
    let place = Place::new();
    let path = ask(&mut place.of("keiko").await, "direct").await;
    let size = place.desk.book().leaves.len();
    let own = place.of("keiko").await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let mut forged = own.clone();
        forged.headers.retain(|(header, _)| header != name);
        forged.headers.push((name.to_owned(), value.to_owned()));
        assert_eq!(
            forged.post(&format!("{path}/cancel"), &[]).await.status,
            StatusCode::FORBIDDEN,
            "{name}: {value}"
        );
    }
    let mut silent = own.clone();
    silent.headers.clear();
    assert_eq!(silent.post(&format!("{path}/cancel"), &[]).await.status, StatusCode::FORBIDDEN);
    let mut blind = own.clone();
    blind.csrf = place.of("aoi").await.csrf;
    assert_eq!(blind.post(&format!("{path}/cancel"), &[]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(place.desk.book().leaves.len(), size);
}

/// An answer of a passkey is good once, for its session, its deed and its request.
#[tokio::test]
async fn an_assertion_is_good_once() {
    let place = Place::new();
    let (path, other) = (
        ask(&mut place.of("keiko").await, "direct").await,
        ask(&mut place.of("keiko").await, "direct").await,
    );
    let mut approver = place.of("aoi").await;
    let fields = approver.signed(&path, "approve", &[]).await;
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    // The same person in another browser, another request, another deed.
    let mut elsewhere = place.of("aoi").await;
    assert_eq!(elsewhere.post(&format!("{path}/approve"), &fields).await.status, StatusCode::FORBIDDEN);
    assert_eq!(approver.post(&format!("{other}/approve"), &fields).await.status, StatusCode::FORBIDDEN);
    // Taken by the try before: a challenge does not come back.
    assert_eq!(approver.post(&format!("{path}/approve"), &fields).await.status, StatusCode::FORBIDDEN);
    let done = approver.sign(&path, "approve", &[]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    // Signed by somebody else's key.
    let mut second = place.of("minato").await;
    let fields = second.signed(&path, "approve", &[]).await;
    let stolen = approver.answer(&fields[0].1);
    let forged = [("challenge", fields[0].1.as_str()), ("signed", stolen.as_str())];
    assert_eq!(second.post(&format!("{path}/approve"), &forged).await.status, StatusCode::FORBIDDEN);
    // Too late.
    let fields = second.signed(&path, "approve", &[]).await;
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    place.desk.clock.advance(121);
    assert_eq!(second.post(&format!("{path}/approve"), &fields).await.status, StatusCode::FORBIDDEN);
}

/// Who asked does not approve or operate, who approved does not operate, who had a part does not review.
#[tokio::test]
async fn nobody_has_two_parts() {
    let place = Place::new();
    let path = approved(&place, "direct").await;
    for (person, what) in [
        ("keiko", "approve"),
        ("keiko", "claim"),
        ("aoi", "claim"),
        ("riku", "approve"),
        ("tetsuo", "approve"),
        ("tetsuo", "claim"),
    ] {
        let mut browser = place.of(person).await;
        assert!(
            !browser.get(&path).await.body.contains(&format!("{path}/ask/{what}")),
            "{person} is offered {what}"
        );
        let status = browser.sign(&path, what, &[]).await.status;
        assert!(status.is_client_error(), "{person} {what}: {status}");
    }
}

/// PIN and code page are the requester's, the console is the operator's.
#[tokio::test]
async fn other_peoples_pages_are_not_there() {
    let place = Place::new();
    let path = approved(&place, "direct").await;
    let console = place.of("riku").await.sign(&path, "claim", &[]).await.location;
    for person in ["aoi", "minato", "riku", "tetsuo"] {
        assert_eq!(place.of(person).await.get(&format!("{path}/code")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(
            place.of(person).await.get(&format!("{path}/requester-code")).await.status,
            StatusCode::NOT_FOUND
        );
    }
    for person in ["keiko", "aoi", "minato", "tetsuo"] {
        let mut browser = place.of(person).await;
        assert_eq!(browser.get(&console).await.status, StatusCode::NOT_FOUND);
        assert_eq!(browser.get(&format!("{path}/operator-code")).await.status, StatusCode::NOT_FOUND);
        let pin = pin(&mut place.of("keiko").await, &path).await;
        assert!(browser.post(&format!("{console}/pin"), &[("pin", &pin)]).await.status.is_client_error());
        assert!(browser.post(&format!("{console}/release"), &[]).await.status.is_client_error());
    }
}

/// A seal ends every session at once, that of whoever sealed it, too, and no PIN survives it.
#[tokio::test]
async fn a_seal_ends_everything() {
    let place = Place::new();
    let path = approved(&place, "direct").await;
    let (mut requester, mut approver) = (place.of("keiko").await, place.of("aoi").await);
    let before = pin(&mut requester, &path).await;
    let sealed = approver.post("/seal", &[("reason", "something is odd")]).await;
    assert_eq!(sealed.location, "/sign-in", "{}", sealed.body);
    for browser in [&mut requester, &mut approver] {
        assert_eq!(browser.get("/").await.location, "/sign-in");
    }
    let mut again = place.of("keiko").await;
    assert!(again.get("/").await.body.contains("The desk is sealed."));
    assert!(!again.get(&format!("{path}/code")).await.body.contains(&spaced(&before)));
    let fields = [("target", "111122223333"), ("reason", "x"), ("minutes", "30"), ("mode", "direct")];
    assert_eq!(again.post("/requests/new", &fields).await.status, StatusCode::CONFLICT);
}

/// Names and reasons that look like markup, turn the writing round or never end are shown as they are, or refused.
#[tokio::test]
async fn hostile_texts_are_only_texts() {
    let place = Place::new();
    let mut requester = place.of("keiko").await;
    let hostile = "<script>alert(1)</script>\"'&amp; 長い長い".to_owned() + &"潮".repeat(140);
    let fields = [
        ("target", "111122223333"),
        ("reason", hostile.as_str()),
        ("minutes", "30"),
        ("mode", "direct"),
        ("ticket", "<b>T</b>"),
    ];
    let path = requester.post("/requests/new", &fields).await.location;
    for page in [path.as_str(), "/", "/requests", "/record", "/notices"] {
        let body = requester.get(page).await.body;
        assert!(!body.contains("<script>alert") && !body.contains("<b>T"), "{page}");
    }
    for odd in ["\u{202e}dnes", "a\u{2066}b", "a\u{0}b", "", "   "] {
        let fields = [("target", "111122223333"), ("reason", odd), ("minutes", "30"), ("mode", "direct")];
        assert_eq!(
            requester.post("/requests/new", &fields).await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{odd:?}"
        );
    }
}

/// Every answer forbids scripts of others, frames and being kept.
#[tokio::test]
async fn every_answer_has_its_headers() {
    let place = Place::new();
    let mut browser = place.of("keiko").await;
    for page in ["/", "/sign-in", "/nothing", "/requests/new", "/record/99", "/metrics"] {
        let answer = browser.get(page).await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'") && !policy.contains("unsafe"),
            "{page}"
        );
        assert_eq!(answer.headers["cache-control"], "no-store", "{page}");
        assert_eq!(answer.headers["x-frame-options"], "DENY", "{page}");
        let body = answer.body;
        assert!(
            !body.contains(" style=") && !body.contains(" onclick="),
            "{page} has what its own policy forbids"
        );
    }
    assert!(ORIGIN.starts_with("http://localhost"));
}

/// The numbers tell when somebody is about to be root: they are for the addresses that the settings name, whatever a header says.
#[tokio::test]
async fn numbers_are_for_named_addresses() {
    for (named, expected) in [
        (vec!["127.0.0.0/8"], StatusCode::OK),
        (vec!["10.0.0.5/32"], StatusCode::NOT_FOUND),
        (vec![], StatusCode::NOT_FOUND),
    ] {
        let mut place = Place::new();
        let desk = std::sync::Arc::get_mut(&mut place.desk).unwrap();
        desk.settings.metrics_from = named.iter().map(|network| network.parse().unwrap()).collect();
        let mut stranger = place.stranger();
        stranger.headers.push(("x-forwarded-for".to_owned(), "10.0.0.5".to_owned()));
        let answer = stranger.get("/metrics").await;
        assert_eq!(answer.status, expected, "{named:?}");
        assert_eq!(answer.body.contains("kagimori_desk_log_entries"), expected == StatusCode::OK);
    }
}

/// Whoever tries too often waits.
#[tokio::test]
async fn tries_are_counted() {
    let place = Place::new();
    let mut stranger = place.stranger();
    let mut last = StatusCode::OK;
    for _ in 0..30 {
        last = stranger.post("/sign-in/ask", &[]).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}
