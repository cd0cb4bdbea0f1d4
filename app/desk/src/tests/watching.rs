//! The story beside CloudTrail: an exported log, files of a trail, and what `watch` and `report` say of both.

use std::fs;
use std::path::Path;

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::browser::Place;
use super::story::{approved, pin, viewer};
use crate::args::Args;
use crate::command::seen::Seen;
use crate::command::{log, watch};
use crate::dev::run::Folder;
use crate::language::Language;

const ACCOUNT: &str = "111122223333";

/// A desk that has released one code.
async fn released() -> (Place, String) {
    let place = Place::new();
    let path = approved(&place, "direct").await;
    let mut requester = place.of("keiko").await;
    let pin = pin(&mut requester, &path).await;
    requester.post(&format!("{path}/ready"), &[("viewer", &viewer())]).await;
    let mut operator = place.of("riku").await;
    let console = operator.sign(&path, "claim", &[("viewer", &viewer())]).await.location;
    operator.post(&format!("{console}/pin"), &[("pin", &pin)]).await;
    let done = operator.post(&format!("{console}/release"), &[]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    (place, path)
}

/// The log's files, and the trust policy that goes with them.
pub(super) fn exported(place: &Place, folder: &Path) {
    let note = place.desk.publish().unwrap();
    let book = place.desk.book();
    let entries: Vec<Vec<u8>> = book.leaves.iter().map(kagimori_custody::Leaf::bytes).collect();
    let keys = [place.desk.publisher.witness().clone()];
    let checkpoint = kagimori_ledger::Checkpoint::open(&note, &keys).unwrap();
    log::tiles(&book.tree, &entries, &checkpoint.0, folder).unwrap();
    fs::write(folder.join("checkpoint"), note).unwrap();
    let (key, witness) = (&place.desk.publisher.public(), place.desk.publisher.witness());
    fs::write(folder.join("trust"), format!("log {key}\nwitness w {witness}\nquorum w\n")).unwrap();
}

fn event(at: Timestamp, source: &str, name: &str, more: &Value) -> Value {
    let mut event = json!({
        "eventVersion": "1.11", "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "eventSource": source, "eventName": name, "awsRegion": "us-east-1", "recipientAccountId": ACCOUNT,
        "eventID": format!("{name}-{}", at.as_second()), "eventCategory": "Management", "readOnly": false,
        "sourceIPAddress": "203.0.113.9", "userAgent": "Mozilla/5.0",
        "userIdentity": {
            "type": "Root", "principalId": ACCOUNT, "arn": format!("arn:aws:iam::{ACCOUNT}:root"),
            "accountId": ACCOUNT, "accessKeyId": "",
        },
    });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn login(at: Timestamp) -> Value {
    let more = json!({
        "eventType": "AwsConsoleSignIn", "responseElements": {"ConsoleLogin": "Success"},
        "additionalEventData": {"MFAUsed": "Yes"},
    });
    event(at, "signin.amazonaws.com", "ConsoleLogin", &more)
}

fn deed(at: Timestamp) -> Value {
    event(at, "iam.amazonaws.com", "CreateUser", &json!({"eventType": "AwsApiCall"}))
}

/// Somebody else's work, day by day, so that the trail tells of the account.
fn daily(around: Timestamp) -> Vec<Value> {
    let other = json!({"userIdentity": {
        "type": "IAMUser", "arn": format!("arn:aws:iam::{ACCOUNT}:user/bot"), "accountId": ACCOUNT, "userName": "bot",
    }});
    (-3..=3_i64)
        .map(|day| {
            event(around + SignedDuration::from_hours(24 * day), "iam.amazonaws.com", "ListUsers", &other)
        })
        .collect()
}

fn seen(log: &Path, events: &[Value]) -> Seen {
    fs::write(log.join("trail.json"), json!({ "Records": events }).to_string()).unwrap();
    let text = |path: &Path| path.display().to_string();
    let args = [
        "kagimori-desk".to_owned(),
        "watch".to_owned(),
        "--log".to_owned(),
        text(log),
        "--trust".to_owned(),
        text(&log.join("trust")),
        "--trail".to_owned(),
        text(&log.join("trail.json")),
    ];
    let crate::args::Command::Watch(args) = <Args as clap::Parser>::try_parse_from(args).unwrap().command
    else {
        panic!("that is watch")
    };
    Seen::read(&args.seen).unwrap()
}

fn said(seen: &Seen) -> (kagimori_custody::Watched, String, String) {
    let found = kagimori_custody::watch(&seen.grants, &seen.trail, kagimori_custody::TOLERANCE);
    let (en, ja) = (watch::text(Language::En, seen, &found), watch::text(Language::Ja, seen, &found));
    (found, en, ja)
}

#[tokio::test]
async fn a_sign_in_is_explained_and_another_is_an_alarm() {
    let (place, path) = released().await;
    let folder = Folder::new().unwrap();
    exported(&place, folder.path());
    let now = place.desk.clock.now();
    let second = |seconds| now + SignedDuration::from_secs(seconds);
    let mut events = daily(now);
    events.extend([login(second(20)), deed(second(60))]);
    let good = seen(folder.path(), &events);
    let (found, en, ja) = said(&good);
    assert!(found.is_clean(), "{found:?}\n{en}");
    assert!(
        en.contains("Every sign-in of a root is explained") && ja.contains("すべて申請で説明できます"),
        "{en}{ja}"
    );
    events.extend([login(second(86_400)), deed(second(86_460))]);
    let (found, en, ja) = said(&seen(folder.path(), &events));
    assert_eq!(found.alarms.len(), 1, "{en}");
    assert!(en.contains("ALARM") && en.contains("iam:CreateUser") && ja.contains("警報"), "{en}{ja}");
    // The report of the request holds what followed its own sign-in, and not the other's.
    let id = kagimori_custody::RequestId::parse(path.rsplit('/').next().unwrap()).unwrap();
    let request = good.state.request(&id).unwrap();
    let explained = kagimori_custody::explain(
        &good.grants.releases,
        &good.trail.logins,
        kagimori_custody::TOLERANCE,
        &good.trail.told,
    );
    let lists = (good.grants.releases.as_slice(), good.trail.logins.as_slice(), &explained);
    let found = kagimori_custody::report(
        request,
        lists,
        &good.trail.deeds,
        kagimori_custody::TOLERANCE,
        &good.trail.told,
    );
    assert_eq!((found.logins.len(), found.within.len(), found.is_complete), (1, 1, true));
    for (language, expected) in [(Language::En, "In its window: 1"), (Language::Ja, "申請の時間内の操作: 1")]
    {
        let text = crate::command::report::text(language, &good, request, &found);
        assert!(text.contains(expected) && text.contains("iam:CreateUser"), "{text}");
    }
}

#[tokio::test]
async fn a_code_without_a_sign_in_is_a_question_and_a_blind_trail_says_nothing() {
    let (place, _) = released().await;
    let folder = Folder::new().unwrap();
    exported(&place, folder.path());
    let now = place.desk.clock.now();
    let (found, en, _) = said(&seen(folder.path(), &daily(now)));
    assert_eq!((found.questions.len(), found.alarms.len()), (1, 0));
    assert!(en.contains("QUESTION") && en.contains("nobody signed in"), "{en}");
    let mut elsewhere = daily(now);
    for event in &mut elsewhere {
        event["awsRegion"] = json!("ap-northeast-1");
    }
    let (found, en, ja) = said(&seen(folder.path(), &elsewhere));
    assert!(found.questions.is_empty() && found.is_blind());
    assert!(en.contains("us-east-1") && ja.contains("不明"), "{en}{ja}");
}

/// A log that was altered, or that no witness has seen, explains nothing.
#[tokio::test]
async fn a_log_that_cannot_be_verified_is_an_error() {
    let (place, _) = released().await;
    let folder = Folder::new().unwrap();
    exported(&place, folder.path());
    let now = place.desk.clock.now();
    seen(folder.path(), &daily(now));
    let trust: kagimori_ledger::TrustPolicy =
        fs::read_to_string(folder.path().join("trust")).unwrap().parse().unwrap();
    let read = |path: &str| {
        kagimori_lake::regular::found(&folder.path().join(path)).map_err(|error| error.to_string())
    };
    let good = kagimori_sealing::record::record(&trust, read).unwrap();
    let tile = format!("tile/entries/000.p/{}", good.head.size);
    let mut bytes = fs::read(folder.path().join(&tile)).unwrap();
    let place = bytes.len() - 20;
    bytes[place] ^= 1;
    fs::write(folder.path().join(&tile), bytes).unwrap();
    let altered = kagimori_sealing::record::record(&trust, read);
    assert!(matches!(altered, Err(kagimori_sealing::record::NoRecord::Unverified(_))));
    let alone: kagimori_ledger::TrustPolicy =
        format!("log {}\nquorum none\n", good_key(folder.path())).parse().unwrap();
    let unseen = kagimori_sealing::record::record(&alone, read);
    assert!(matches!(unseen, Err(kagimori_sealing::record::NoRecord::NoWitness)));
}

fn good_key(folder: &Path) -> String {
    let trust = fs::read_to_string(folder.join("trust")).unwrap();
    trust.lines().next().unwrap().strip_prefix("log ").unwrap().to_owned()
}
