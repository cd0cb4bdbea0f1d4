//! What comes twice, or from the side: a second approval, somebody else's answer, the same call at once, an address that is none.

use axum::http::StatusCode;
use kagimori_custody::RequestId;
use serde_json::{Value, json};

use super::browser::{Place, TOKEN};
use super::story::{approved, ask, pin, viewer};
use crate::codes::Handed;

/// An approval that comes again is refused, and takes nothing of the first away: the share that it named still opens the seed.
#[tokio::test]
async fn who_approves_again_loses_no_share() {
    let place = Place::new();
    let mut requester = place.of("keiko").await;
    let path = ask(&mut requester, "direct").await;
    for (person, expected) in [
        ("aoi", StatusCode::SEE_OTHER),
        ("aoi", StatusCode::CONFLICT),
        ("minato", StatusCode::SEE_OTHER),
        ("minato", StatusCode::CONFLICT),
        ("aoi", StatusCode::CONFLICT),
    ] {
        assert_eq!(place.of(person).await.sign(&path, "approve", &[]).await.status, expected, "{person}");
    }
    let pin = pin(&mut requester, &path).await;
    requester.post(&format!("{path}/ready"), &[("viewer", &viewer())]).await;
    let mut operator = place.of("riku").await;
    let console = operator.sign(&path, "claim", &[("viewer", &viewer())]).await.location;
    operator.post(&format!("{console}/pin"), &[("pin", &pin)]).await;
    let released = operator.post(&format!("{console}/release"), &[]).await;
    assert_eq!(released.status, StatusCode::SEE_OTHER, "{}", released.body);
    // The page may be loaded again while the step lasts; when somebody says no, what nobody has read is gone.
    let id = RequestId::parse(path.strip_prefix("/requests/").unwrap()).unwrap();
    let waits =
        || place.desk.codes.waiting(&Handed::Requester(id.clone()), None, place.desk.clock.now()).is_some();
    assert!(waits() && waits());
    place.of("aoi").await.post(&format!("{path}/deny"), &[("reason", "no")]).await;
    assert!(!waits());
}

/// What a passkey will sign can be worked out by everybody: answering it from another session keeps nobody from signing.
#[tokio::test]
async fn an_answer_of_another_session_takes_no_challenge_away() {
    let place = Place::new();
    let mut requester = place.of("keiko").await;
    let path = ask(&mut requester, "direct").await;
    let mut approver = place.of("aoi").await;
    let fields = approver.signed(&path, "approve", &[]).await;
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let forged = requester.post(&format!("{path}/approve"), &fields).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert_eq!(approver.post(&format!("{path}/approve"), &fields).await.status, StatusCode::SEE_OTHER);
}

/// A call that comes twice at the same moment files one request, and both hear of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_call_at_once_files_one_request() {
    let place = Place::new();
    let bearer = format!("Bearer {TOKEN}");
    let body = json!({ "by": "keiko", "account": "111122223333", "mode": "direct", "reason": "INC-7", "minutes": 30 });
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let (program, bearer, body) = (place.stranger(), bearer.clone(), body.clone());
            tokio::spawn(async move {
                let headers = [("authorization", bearer.as_str()), ("idempotency-key", "wf-8")];
                program.call("POST", "/v1/requests", &headers, &body).await
            })
        })
        .collect();
    let mut made = 0;
    for call in calls {
        let answer = call.await.unwrap();
        assert!(answer.status.is_success(), "{}", answer.body);
        made += usize::from(answer.status == StatusCode::CREATED);
    }
    assert_eq!(made, 1);
    // The window belongs to what was asked for.
    let mut other = body;
    other["minutes"] = json!(20);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "wf-8")];
    let answer = place.stranger().call("POST", "/v1/requests", &headers, &other).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
}

/// The server's own refusals are told like the desk's: a page in the visitor's language, or a problem.
#[tokio::test]
async fn addresses_that_are_none_are_told_as_well() {
    let place = Place::new();
    approved(&place, "direct").await;
    let mut browser = place.of("tetsuo").await;
    browser.post("/language", &[("language", "ja")]).await;
    for page in ["/record/-1", "/record/99999999999999999999", "/record?page=x", "/requests/%ff"] {
        let answer = browser.get(page).await;
        assert!(answer.status.is_client_error(), "{page}: {}", answer.status);
        assert!(answer.body.contains("<html lang=\"ja\""), "{page}: {}", answer.body);
    }
    let answer = browser.post("/record", &[]).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(answer.body.contains("<html lang=\"ja\"") && answer.headers.contains_key("allow"));
    for path in ["/v1/log/entries/x", "/v1/requests/%ff"] {
        let answer = browser.get(path).await;
        let problem: Value = serde_json::from_str(&answer.body).unwrap();
        assert!(answer.status.is_client_error() && problem["title"].is_string(), "{path}: {}", answer.body);
    }
}

/// A clock that was an hour ahead and was set right: nothing new is taken until it has caught up, and every no is, at once.
#[tokio::test]
async fn a_no_is_taken_though_the_clock_went_back() {
    let place = Place::new();
    let mut requester = place.of("keiko").await;
    let paths = [ask(&mut requester, "direct").await, ask(&mut requester, "direct").await];
    place.desk.clock.advance(3600);
    let killed = approved(&place, "direct").await;
    place.desk.clock.advance(-3600);
    let asked = [("target", "111122223333"), ("reason", "x"), ("minutes", "30"), ("mode", "direct")];
    let mut requester = place.of("keiko").await;
    assert_eq!(requester.post("/requests/new", &asked).await.status, StatusCode::CONFLICT);
    let mut approver = place.of("aoi").await;
    assert_eq!(approver.sign(&paths[0], "approve", &[]).await.status, StatusCode::CONFLICT);
    let why = [("reason", "the clock is wrong")];
    assert_eq!(approver.post(&format!("{}/deny", paths[0]), &why).await.status, StatusCode::SEE_OTHER);
    assert_eq!(requester.post(&format!("{}/cancel", paths[1]), &[]).await.status, StatusCode::SEE_OTHER);
    let mut auditor = place.of("tetsuo").await;
    assert_eq!(auditor.post(&format!("{killed}/kill"), &why).await.status, StatusCode::SEE_OTHER);
    assert_eq!(approver.post("/seal", &why).await.location, "/sign-in");
    assert!(place.desk.is_sealed());
    assert_eq!(place.desk.reread().unwrap().state.digest(), place.desk.book().state.digest());
}

/// A form that is sent twice is one request, at once or one after the other; with other words it is another.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_form_that_is_sent_twice_is_one_request() {
    let place = Place::new();
    let mut requester = place.of("keiko").await;
    let page = requester.get("/requests/new").await.body;
    let id = page.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let fields = |reason: &'static str| {
        let id = id.clone();
        [
            ("id", id),
            ("target", "111122223333".to_owned()),
            ("reason", reason.to_owned()),
            ("minutes", "30".to_owned()),
            ("mode", "direct".to_owned()),
        ]
    };
    let size = place.desk.book().leaves.len();
    let sent: Vec<_> = (0..4)
        .map(|_| {
            let (mut browser, fields) = (requester.clone(), fields("INC-1"));
            tokio::spawn(async move {
                let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
                browser.post("/requests/new", &fields).await.location
            })
        })
        .collect();
    for location in sent {
        assert_eq!(location.await.unwrap(), format!("/requests/{id}"));
    }
    assert_eq!(place.desk.book().leaves.len(), size + 1);
    let other = fields("INC-2");
    let other = other.each_ref().map(|(name, value)| (*name, value.as_str()));
    let asked = requester.post("/requests/new", &other).await;
    assert!(
        asked.location.starts_with("/requests/r") && !asked.location.ends_with(&id),
        "{}",
        asked.location
    );
    assert_eq!(place.desk.book().leaves.len(), size + 2);
}
