//! The story of S1: request, two approvals, an operator, the PIN, one code, the review; in both modes.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kagimori_custody::{RequestId, step_of};
use ring::agreement::{EphemeralPrivateKey, X25519};
use ring::rand::SystemRandom;

use super::browser::{Browser, NOON, Place};
use crate::codes::Handed;

/// A key of a page.
pub(super) fn viewer() -> String {
    let key = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).unwrap();
    STANDARD.encode(key.compute_public_key().unwrap().as_ref())
}

/// A request, from its form.
pub(super) async fn ask(requester: &mut Browser, mode: &str) -> String {
    let fields = [
        ("target", "111122223333"),
        ("reason", "INC-1: the bank's contact"),
        ("minutes", "30"),
        ("mode", mode),
    ];
    requester.get("/requests/new").await;
    let asked = requester.post("/requests/new", &fields).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.body);
    asked.location
}

/// Approved by both groups.
pub(super) async fn approved(place: &Place, mode: &str) -> String {
    let path = ask(&mut place.of("keiko").await, mode).await;
    for person in ["aoi", "minato"] {
        let mut approver = place.of(person).await;
        assert!(
            approver.get(&path).await.body.contains(&format!("{path}/ask/approve")),
            "{person} is offered it"
        );
        let done = approver.sign(&path, "approve", &[]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    }
    path
}

fn id_of(path: &str) -> RequestId {
    RequestId::parse(path.strip_prefix("/requests/").unwrap()).unwrap()
}

fn state(place: &Place, path: &str) -> String {
    place.desk.book().state.request(&id_of(path)).unwrap().word().to_owned()
}

/// What the requester reads out.
pub(super) async fn pin(requester: &mut Browser, path: &str) -> String {
    let page = requester.get(&format!("{path}/code")).await.body;
    let text = page.split("class=\"pin\">").nth(1).unwrap();
    text.split('<').next().unwrap().replace(' ', "")
}

/// As its page shows a PIN.
pub(super) fn spaced(pin: &str) -> String {
    let (one, two) = pin.split_at_checked(4).unwrap();
    format!("{one} {two}")
}

#[tokio::test]
async fn the_whole_story_in_both_modes() {
    for mode in ["direct", "phone"] {
        let place = Place::new();
        let mut requester = place.of("keiko").await;
        let path = approved(&place, mode).await;
        assert_eq!(state(&place, &path), "approved");
        let pin = pin(&mut requester, &path).await;
        let key = viewer();
        requester.post(&format!("{path}/ready"), &[("viewer", &key)]).await;
        let size = place.desk.book().leaves.len();
        requester.post(&format!("{path}/ready"), &[("viewer", &key)]).await;
        assert_eq!(place.desk.book().leaves.len(), size, "a page that is opened again is no news");
        let mut operator = place.of("riku").await;
        assert!(operator.get("/operator").await.body.contains(&path), "{mode}: it waits for an operator");
        assert!(operator.get(&path).await.body.contains(&format!("{path}/ask/claim")), "{mode}");
        let claimed = operator.sign(&path, "claim", &[("viewer", &viewer())]).await;
        let console = claimed.location;
        assert!(console.starts_with("/operator/"), "{}", claimed.body);
        // Nothing comes out before the PIN.
        assert_eq!(operator.post(&format!("{console}/release"), &[]).await.status, StatusCode::CONFLICT);
        operator.post(&format!("{console}/pin"), &[("pin", "0")]).await;
        assert!(operator.get(&console).await.body.contains("2 tries are left"));
        operator.post(&format!("{console}/pin"), &[("pin", &pin)]).await;
        assert_eq!(state(&place, &path), "verified");
        let released = operator.post(&format!("{console}/release"), &[]).await;
        assert_eq!(released.status, StatusCode::SEE_OTHER, "{}", released.body);
        let now = place.desk.clock.now();
        let of_requester = place.desk.codes.waiting(&Handed::Requester(id_of(&path)), None, now);
        let of_operator = place.desk.codes.waiting(&Handed::Operator(id_of(&path)), None, now);
        assert_eq!((of_requester.is_some(), of_operator.is_some()), (mode == "direct", mode == "phone"));
        // The same half minute has no second code; the next one has, and then there are no more.
        assert_eq!(operator.post(&format!("{console}/release"), &[]).await.status, StatusCode::CONFLICT);
        place.desk.clock.advance(30);
        assert_eq!(operator.post(&format!("{console}/release"), &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(state(&place, &path), "closed");
        place.desk.clock.advance(30);
        assert_eq!(operator.post(&format!("{console}/release"), &[]).await.status, StatusCode::CONFLICT);
        let mut auditor = place.of("tetsuo").await;
        assert!(auditor.get("/").await.body.contains(&path));
        assert!(auditor.get(&path).await.body.contains(&format!("{path}/ask/review")), "{mode}");
        let reviewed = auditor.sign(&path, "review", &[("finding", "fine")]).await;
        assert_eq!((reviewed.status, state(&place, &path).as_str()), (StatusCode::SEE_OTHER, "reviewed"));
        assert!(step_of(now, 30) == u64::try_from(NOON / 30).unwrap());
    }
}

#[tokio::test]
async fn three_wrong_pins_lock_the_request_and_not_the_seed() {
    let place = Place::new();
    let path = approved(&place, "direct").await;
    let mut operator = place.of("riku").await;
    let console = operator.sign(&path, "claim", &[]).await.location;
    for _ in 0..3 {
        operator.post(&format!("{console}/pin"), &[("pin", "1")]).await;
    }
    assert_eq!(state(&place, &path), "locked");
    let again = approved(&place, "direct").await;
    assert_eq!(state(&place, &again), "approved");
}

#[tokio::test]
async fn a_late_no_and_the_clock_end_it() {
    let place = Place::new();
    let path = approved(&place, "direct").await;
    let mut operator = place.of("riku").await;
    let console = operator.sign(&path, "claim", &[]).await.location;
    let mut approver = place.of("aoi").await;
    let denied = approver.post(&format!("{path}/deny"), &[("reason", "not now")]).await;
    assert_eq!((denied.status, state(&place, &path).as_str()), (StatusCode::SEE_OTHER, "denied"));
    assert_eq!(operator.post(&format!("{console}/pin"), &[("pin", "1")]).await.status, StatusCode::CONFLICT);
    let path = ask(&mut place.of("keiko").await, "direct").await;
    place.desk.clock.advance(4 * 3600);
    place.desk.tick();
    assert_eq!(state(&place, &path), "expired");
}

/// What is on the disk says the same as the process, and everything in it can be proved without the desk.
#[tokio::test]
async fn the_record_is_read_again_and_proved() {
    let place = Place::new();
    approved(&place, "direct").await;
    let again = place.desk.reread().unwrap();
    assert_eq!(again.state.digest(), place.desk.book().state.digest());
    let mut auditor = place.of("tetsuo").await;
    let page = auditor.get("/record").await;
    assert_eq!(page.status, StatusCode::OK);
    let verified = auditor.post("/record/verify", &[]).await;
    assert!(verified.body.contains("class=\"good\""), "{}", verified.body);
    let proof = auditor.get("/v1/log/proof/3").await.body;
    let evidence: kagimori_ledger::evidence::Evidence = proof.parse().unwrap();
    let (log, witness) = (&place.desk.publisher.public(), place.desk.publisher.witness());
    let trust = format!("log {log}\nwitness w {witness}\nquorum w\n");
    let trust: kagimori_ledger::trust::TrustPolicy = trust.parse().unwrap();
    let leaf = place.desk.book().leaves[3].hash();
    assert!(evidence.verify(&leaf, &trust).is_ok());
    let other = place.desk.book().leaves[4].hash();
    assert!(evidence.verify(&other, &trust).is_err());
}

/// Every page opens for everybody, in both languages.
#[tokio::test]
async fn every_page_opens() {
    let place = Place::new();
    let path = approved(&place, "phone").await;
    for person in ["keiko", "aoi", "minato", "riku", "tetsuo"] {
        let mut browser = place.of(person).await;
        for language in ["ja", "en"] {
            browser.post("/language", &[("language", language)]).await;
            for page in [
                "/",
                "/requests",
                "/requests/new",
                "/requests?words=bank",
                "/operator",
                "/accounts",
                "/people",
                "/record",
                "/record/2",
                "/notices",
                "/health",
                "/me",
                &path,
            ] {
                let answer = browser.get(page).await;
                assert_eq!(answer.status, StatusCode::OK, "{page}");
                assert!(answer.body.contains(&format!("<html lang=\"{language}\"")), "{page}");
            }
        }
    }
    let probe = place.stranger().get("/healthz").await;
    assert_eq!((probe.status, probe.body.as_str()), (StatusCode::OK, "ok\n"));
    assert!(place.stranger().get("/metrics").await.body.contains("kagimori_desk_requests_open 1"));
}
