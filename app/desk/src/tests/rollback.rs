//! The log comes back from a copy without its last entries: nothing is taken until a quorum has begun another epoch, and that stays seen.

use axum::http::StatusCode;
use kagimori_custody::RequestId;
use kagimori_journal::{Held, Holder, Journal};
use kagimori_ledger::audit::Finding;
use kagimori_ledger::{Audit, TrustPolicy};
use kagimori_sealing::record;

use super::browser::Place;
use super::story::{approved, ask};
use crate::desk::{Desk, DeskError};
use crate::dev::vault::Here;
use crate::vault::Vault;

/// A desk that was restored, what it published before, and a request whose denial was lost.
struct Restored {
    place: Place,
    published: String,
    denied: String,
    trust: TrustPolicy,
}

/// Approved; copied; denied; and the witness has seen that.
async fn restored() -> Restored {
    let place = Place::new();
    let denied = approved(&place, "direct").await;
    place.desk.publish().unwrap();
    let copy = place.folder.path().join("copy.db");
    Journal::open(&place.desk.settings.store).unwrap().copy(&copy).unwrap();
    let no = place.of("aoi").await.post(&format!("{denied}/deny"), &[("reason", "not them")]).await;
    assert_eq!(no.status, StatusCode::SEE_OTHER);
    let published = place.desk.publish().unwrap();
    let (log, witness) = (place.desk.publisher.public(), place.desk.publisher.witness().clone());
    let trust: TrustPolicy = format!("log {log}\nwitness w {witness}\nquorum w\n").parse().unwrap();
    let Place { desk, folder } = place;
    let Desk { mut settings, clock, publisher, dev, .. } = std::sync::Arc::try_unwrap(desk).unwrap();
    settings.store = (&copy).into();
    let holder = Holder { name: "kagimori-desk serve".to_owned(), host: "dev".to_owned() };
    let held = Held::take(&settings.store, holder, clock.now()).unwrap();
    let vault =
        Here::new(&folder.path().join("vault-2"), trust.clone(), settings.party(), clock.now()).unwrap();
    let desk = Desk::open(settings, clock, held, publisher, Vault::here(vault), dev).unwrap();
    Restored { place: Place { desk: std::sync::Arc::new(desk), folder }, published, denied, trust }
}

fn word(place: &Place, path: &str) -> &'static str {
    let id = RequestId::parse(path.strip_prefix("/requests/").unwrap()).unwrap();
    place.desk.book().state.request(&id).unwrap().word()
}

/// Files what is offered on the page.
async fn filed(place: &Place) -> String {
    let mut requester = place.of("keiko").await;
    let page = requester.get("/rollback").await.body;
    assert!(page.contains("action=\"/rollback\""), "{page}");
    let filed = requester.post("/rollback", &[("reason", "the disk died")]).await;
    assert_eq!(filed.status, StatusCode::SEE_OTHER, "{}", filed.body);
    filed.location
}

#[tokio::test]
async fn nothing_is_taken_of_a_log_that_lacks_entries() {
    let Restored { place, denied, .. } = restored().await;
    let lacks = place.desk.look_back().unwrap().unwrap();
    assert_eq!((lacks.number, lacks.lost()), (2, 1));
    assert_eq!(word(&place, &denied), "approved", "the copy knows nothing of the no");
    let size = place.desk.book().leaves.len();
    let mut requester = place.of("keiko").await;
    assert!(requester.get("/").await.body.contains("href=\"/rollback\""), "every page says so");
    requester.get("/requests/new").await;
    let fields = [("target", "111122223333"), ("reason", "INC-1"), ("minutes", "30"), ("mode", "direct")];
    assert_eq!(requester.post("/requests/new", &fields).await.status, StatusCode::CONFLICT);
    let mut operator = place.of("riku").await;
    assert_eq!(operator.sign(&denied, "claim", &[]).await.status, StatusCode::CONFLICT);
    place.desk.clock.advance(8 * 3600);
    place.desk.tick();
    assert_eq!(place.desk.book().leaves.len(), size);
    assert!(matches!(place.desk.publish(), Err(DeskError::Witness(_))));
}

#[tokio::test]
async fn a_quorum_lets_it_go_on_and_the_loss_stays_seen() {
    let Restored { place, published, denied, trust } = restored().await;
    place.desk.look_back().unwrap();
    let epoch = filed(&place).await;
    let again = place.of("keiko").await.get("/rollback").await.body;
    assert!(again.contains(&epoch), "it is not asked for twice");
    for person in ["aoi", "minato"] {
        let mut approver = place.of(person).await;
        let page = approver.get(&epoch).await.body;
        assert!(page.contains("/log/e2+"), "the line for the witness: {page}");
        assert_eq!(approver.sign(&epoch, "approve", &[]).await.status, StatusCode::SEE_OTHER, "{person}");
    }
    assert_eq!((word(&place, &epoch), word(&place, &denied)), ("closed", "rolled_back"));
    assert_eq!(place.desk.held(), None);
    // The desk goes on, and is the same when it is read again.
    let path = ask(&mut place.of("keiko").await, "direct").await;
    assert_eq!(word(&place, &path), "pending");
    assert_eq!(place.desk.reread().unwrap().state.digest(), place.desk.book().state.digest());
    assert_eq!(place.desk.look_back().unwrap(), None);
    let note = place.desk.publish().unwrap();
    assert!(note.starts_with("localhost:8440/log/e2\n"), "{note}");
    assert_eq!(place.of("tetsuo").await.post("/record/verify", &[]).await.status, StatusCode::OK);
    // Whoever kept a checkpoint of before finds the loss admitted; who knows the quorum's keys believes the new name.
    let entries: Vec<Vec<u8>> = place.desk.book().leaves.iter().map(kagimori_custody::Leaf::bytes).collect();
    let audited = |policy: &TrustPolicy, kept: &str| {
        let mut audit = Audit::of(policy, &note, [("kept", kept)]);
        entries.iter().for_each(|entry| audit.entry(entry));
        audit.finish()
    };
    let verdict = audited(&trust.of_epoch(&note), &published);
    assert_eq!((verdict.findings.as_slice(), verdict.epochs.len()), ([].as_slice(), 1));
    let unknown = audited(&trust, &published);
    assert!(
        matches!(unknown.findings.first(), Some(Finding::NotBelieved { .. })),
        "the key alone begins none"
    );
    let folder = place.folder.path().join("published");
    super::watching::exported(&place, &folder);
    let read = |path: &str| Ok::<_, std::io::Error>(std::fs::read(folder.join(path)).ok());
    let record = record::record(&trust, read).unwrap();
    assert_eq!((record.leaves.len(), record.origin.as_str()), (entries.len(), "localhost:8440/log/e2"));
}

#[tokio::test]
async fn a_desk_that_is_started_while_it_is_decided_knows_what_was_kept() {
    let Restored { place, .. } = restored().await;
    let lacks = place.desk.look_back().unwrap();
    let epoch = filed(&place).await;
    place.of("aoi").await.sign(&epoch, "approve", &[]).await;
    // By now it has as many entries as the witness has seen, and others.
    place.desk.hold(None);
    assert_eq!(place.desk.look_back().unwrap(), lacks);
    assert_eq!(place.of("minato").await.sign(&epoch, "approve", &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(word(&place, &epoch), "closed");
}

#[tokio::test]
async fn a_log_that_went_on_before_anybody_looked_is_another_one() {
    let Restored { place, .. } = restored().await;
    for _ in 0..2 {
        ask(&mut place.of("keiko").await, "direct").await;
    }
    assert!(matches!(place.desk.look_back(), Err(DeskError::Witness(why)) if why.contains("rolled back")));
}

#[tokio::test]
async fn nobody_begins_an_epoch_of_a_log_that_lacks_nothing() {
    let place = Place::new();
    let mut requester = place.of("keiko").await;
    assert!(!requester.get("/rollback").await.body.contains("action=\"/rollback\""));
    assert_eq!(requester.post("/rollback", &[("reason", "why not")]).await.status, StatusCode::CONFLICT);
}
