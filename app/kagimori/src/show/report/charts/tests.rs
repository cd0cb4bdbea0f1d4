//! Of the charts: holes, noise, names, size, dates.

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_id::{AccessKeyId, AccountId, Arn};
use kagimori_plan::review::{CredentialRow, KeyCells, Review};
use kagimori_plan::{Settings, review};
use kagimori_trail::Usage;
use kagimori_trail::event::{self, Event};
use kagimori_trail::usage::{Fold, SignIns};

use super::days::{Days, ranges};
use super::markup;
use crate::show::report::ReportInput;

const FIRST: i32 = 20_000;

/// A call: the day after [`FIRST`], who, and an error code or nothing.
type Call = (i32, String, &'static str);

/// A user's call with its access key of that number.
fn user(name: &str, key: usize) -> String {
    format!(
        r#"{{"type":"IAMUser","userName":"{name}","arn":"arn:aws:iam::111122223333:user/{name}","accountId":"111122223333","accessKeyId":"{}"}}"#,
        key_id(key)
    )
}

fn key_id(key: usize) -> String {
    format!("AKIAIOSFODNN{key:0>8}")
}

/// An AWS service's call in the account.
fn service() -> String {
    r#"{"type":"AWSService","invokedBy":"config.amazonaws.com"}"#.to_owned()
}

fn usage(calls: &[Call]) -> Usage {
    let mut fold = Fold::default();
    for (number, (day, who, error)) in calls.iter().enumerate() {
        let at = Timestamp::from_second(i64::from(FIRST + day) * 86_400 + 60).unwrap();
        let error = if error.is_empty() { String::new() } else { format!(r#""errorCode":"{error}","#) };
        let text = format!(
            r#"{{"eventVersion":"1.11","eventID":"{number:0>36}","eventTime":"{at}","eventSource":"s3.amazonaws.com",
            "eventName":"PutObject",{error}"readOnly":false,"userAgent":"aws-cli/2.31.4","sourceIPAddress":"203.0.113.9",
            "awsRegion":"us-east-1","eventType":"AwsApiCall","recipientAccountId":"111122223333","userIdentity":{who}}}"#
        );
        let reading = event::read(text.as_bytes(), |event: Event<'_>| fold.add(&event, true));
        assert_eq!((reading.events, &reading.stopped), (1, &None), "{text}");
    }
    fold.finish()
}

fn now(day: i32) -> Timestamp {
    Timestamp::from_second(i64::from(FIRST + day) * 86_400).unwrap()
}

fn drawn(usage: &Usage, rows: Vec<CredentialRow>, day: i32) -> String {
    let (estate, settings) = (Estate::empty(), Settings::default());
    let review = Review { credentials: rows, ..review(&estate, Some(usage), &settings, now(day)) };
    markup(&ReportInput {
        review: &review,
        estate: &estate,
        usage: Some(usage),
        settings: &settings,
        compared: None,
        sources: None,
    })
    .as_str()
    .to_owned()
}

fn row(name: &str, key: usize) -> CredentialRow {
    let cells = KeyCells {
        id: AccessKeyId::parse(&key_id(key)).ok(),
        slot: None,
        active: Some(true),
        created: Some(now(-300 - i32::try_from(key).unwrap())),
        last_used: None,
        last_used_service: None,
        usage: None,
    };
    CredentialRow {
        account: AccountId::parse("111122223333").unwrap(),
        account_name: None,
        user: name.to_owned(),
        arn: Arn::parse(&format!("arn:aws:iam::111122223333:user/{name}")).unwrap(),
        owner: None,
        created: None,
        password_enabled: None,
        password_last_used: None,
        password_last_changed: None,
        mfa_active: None,
        privileged: None,
        key: Some(cells),
    }
}

#[test]
fn a_day_without_events_is_a_hole_and_a_day_of_services_is_quiet() {
    let calls = |days: &[i32], who: &str| -> Vec<Call> {
        days.iter().map(|day| (*day, who.to_owned(), "")).collect()
    };
    let person = user("sayuri", 1);
    let holes = drawn(&usage(&calls(&[0, 1, 2, 5, 9], &person)), Vec::new(), 10);
    assert!(holes.contains("d=\"M3 12h2m1 0h3\""), "{holes}");
    assert!(holes.contains("5 days without events") && holes.contains("イベントのない日 5 日"), "{holes}");
    assert!(holes.contains("2024-10-07 – 2024-10-08"), "{holes}");

    let mut with_services = calls(&[0, 1, 2, 5, 9], &person);
    with_services.extend(calls(&[3, 4, 6, 7, 8], &service()));
    let quiet = drawn(&usage(&with_services), Vec::new(), 10);
    assert!(quiet.contains("class=\"quiet\" d=\"M3 23.5h2m1 0h3\""), "{quiet}");
    assert!(!quiet.contains("without events"), "{quiet}");

    // Days 3 and 4 have events of services, days 6 to 8 have none: which, the sums do not tell.
    let mut open = calls(&[0, 1, 2, 5, 9], &person);
    open.extend(calls(&[3, 4], &service()));
    let open = drawn(&usage(&open), Vec::new(), 10);
    assert!(open.contains("3 days without events") && !open.contains("2024-10-10 –"), "{open}");
}

#[test]
fn days_of_failures_are_not_days_of_use() {
    let who = user("svc-poller", 1);
    let calls: Vec<Call> =
        [(0, ""), (1, "AccessDenied"), (2, "AccessDenied"), (2, ""), (4, "ThrottlingException")]
            .map(|(day, error)| (day, who.clone(), error))
            .to_vec();
    let usage = usage(&calls);
    let activity = &usage.keys.values().next().unwrap().activity;
    let failed: Vec<(i32, u32)> = activity.failed_days.iter().map(|(day, n)| (day - FIRST, *n)).collect();
    assert_eq!(failed, [(1, 1), (2, 1), (4, 1)]);
    let text = drawn(&usage, vec![row("svc-poller", 1)], 5);
    assert!(text.contains("class=\"noise\" d=\"M1 9.5h1m2 0h1\""), "{text}");
    assert!(text.contains("class=\"use\" d=\"M0 6h1m1 0h1\""), "{text}");
}

#[test]
fn names_are_text() {
    let mut usage = usage(&[(0, user("sayuri", 1), "")]);
    let hostile = "</svg><script>alert(1)</script>";
    let account = AccountId::parse("111122223333").unwrap();
    let sums = SignIns { failed: 3, ..SignIns::default() };
    usage.unnamed_sign_ins.insert((account, hostile.to_owned()), sums);
    let text = drawn(&usage, vec![row("\"><img src=x>", 1)], 1);
    assert!(!text.contains("<script") && !text.contains("<img"), "{text}");
    assert!(text.contains("&lt;/svg&gt;&lt;script&gt;") && text.contains("&quot;&gt;&lt;img"), "{text}");
}

#[test]
fn hundreds_of_keys_over_more_than_a_year_stay_small() {
    const KEYS: usize = 300;
    // Every other day: as many blocks as there can be.
    let calls: Vec<Call> = (0..KEYS)
        .flat_map(|key| (0..420).step_by(2).map(move |day| (day, user(&format!("svc-{key}"), key), "")))
        .collect();
    let usage = usage(&calls);
    let rows = (0..KEYS).map(|key| row(&format!("svc-{key}"), key)).collect();
    let text = drawn(&usage, rows, 420);
    assert_eq!(text.matches("svc-").count(), 40, "the forty oldest have a row");
    assert!(text.contains("svc-299") && !text.contains("svc-100<"), "older keys come first");
    assert!(
        text.contains("Not drawn: 260 more keys, of which 0 in use, 0 only noise, 260 never seen"),
        "{}",
        text.len()
    );
    assert!(text.len() < 140_000, "{}", text.len());
    assert!(text.contains("viewBox=\"0 0 400 12\""), "the last 400 days");
}

#[test]
fn a_clock_gone_wrong_does_not_move_the_window() {
    let days =
        Days::of(&usage(&[(0, user("sayuri", 1), ""), (30_000, user("sayuri", 1), "")]), now(90)).unwrap();
    assert_eq!((days.first - FIRST, days.last - FIRST), (0, 90));
    let one = Days::of(&usage(&[(0, user("sayuri", 1), "")]), now(-500)).unwrap();
    assert_eq!((one.count(), one.marks().len()), (1, 1));
}

#[test]
fn dates_leave_each_other_room() {
    for count in 1..=400 {
        let marks = Days { first: FIRST, last: FIRST + count - 1 }.marks();
        assert!(marks.len() <= 8, "{count}: {marks:?}");
        assert!(count < 28 || marks.len() >= 3, "{count}: {marks:?}");
    }
}

#[test]
fn ranges_are_written_as_people_write_them() {
    let days: Vec<i32> = [0, 1, 2, 5, 8, 9].map(|day| FIRST + day).to_vec();
    assert_eq!(ranges(&days, 2), ["2024-10-04 – 2024-10-06", "2024-10-09", "…"]);
}
