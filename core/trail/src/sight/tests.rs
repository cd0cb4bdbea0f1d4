//! Sight on small trails.

mod trails;

use super::*;
use crate::event::{Identity, read};

const ACCOUNT: &str = "111122223333";

fn sight(events: &[(&str, &str, &str, &str, bool)]) -> Sight {
    let mut sight = Sight::default();
    for (source, name, category, request, read_only) in events {
        let text = format!(
            r#"{{"eventVersion":"1.11","eventTime":"2026-10-01T00:00:00Z","eventSource":"{source}.amazonaws.com","eventName":"{name}",
            "eventCategory":"{category}","readOnly":{read_only},"awsRegion":"ap-northeast-1","requestParameters":{request},
            "recipientAccountId":"{ACCOUNT}","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::{ACCOUNT}:user/u","accountId":"{ACCOUNT}"}}}}"#
        );
        let reading = read(text.as_bytes(), |event| {
            let identity = event.identity.as_deref().map(Identity::parse).unwrap_or_default();
            sight.add(&Call::of(&event, &identity));
        });
        assert_eq!(reading.events, 1, "{text}");
    }
    sight
}

fn look(sight: &Sight, action: &str, resource: &str) -> Option<Blind> {
    let account = AccountId::parse(ACCOUNT).unwrap();
    sight.blind(&Look { account, action, resources: &[resource.to_owned()] })
}

#[test]
fn only_data_events_prove_that_data_events_are_logged() {
    let objects = Some(Blind::Data { kind: "AWS::S3::Object" });
    let about_a = r#"{"bucketName":"a","key":"x/1"}"#;
    // A management event whose checks name an object proves nothing (CloudTrail User Guide: told by `eventCategory`).
    let inferred = r#"{"functionName":"f","role":"arn:aws:iam::111122223333:role/x","code":{"s3Bucket":"a","s3Key":"x"}}"#;
    let management = sight(&[("lambda", "CreateFunction20150331", "Management", inferred, false)]);
    assert_eq!(look(&management, "s3:GetObject", "arn:aws:s3:::a/*"), objects);
    let read = sight(&[
        ("s3", "GetObject", "Data", about_a, true),
        ("sqs", "CreateQueue", "Management", "null", false),
    ]);
    for (action, resource, expected) in [
        ("s3:GetObject", "arn:aws:s3:::a/*", None),
        ("s3:GetObject", "arn:aws:s3:::a/other/1", None),
        // another bucket, any bucket, a write
        ("s3:GetObject", "arn:aws:s3:::b/*", objects.clone()),
        ("s3:GetObject", "arn:aws:s3:::a*/x", objects.clone()),
        ("s3:GetObject", "*", objects.clone()),
        ("s3:PutObject", "arn:aws:s3:::a/*", objects.clone()),
        // of another kind
        (
            "sqs:ReceiveMessage",
            "arn:aws:sqs:ap-northeast-1:111122223333:a",
            Some(Blind::Data { kind: "AWS::SQS::Queue" }),
        ),
        ("logs:PutLogEvents", "*", Some(Blind::Never)),
        // passes are seen in the calls that make them
        ("iam:PassRole", "*", None),
        ("sqs:PurgeQueue", "arn:aws:sqs:ap-northeast-1:111122223333:a", None),
        (
            "sqs:PurgeQueue",
            "arn:aws:sqs:us-west-2:111122223333:a",
            Some(Blind::Region { region: "us-west-2".into() }),
        ),
        ("sqs:PurgeQueue", "*", None),
        ("iam:CreateUser", "*", None),
    ] {
        assert_eq!(look(&read, action, resource), expected, "{action} on {resource}");
    }
    let mut told = read;
    told.tell("AWS::S3::Object");
    assert_eq!(look(&told, "s3:PutObject", "*"), None);
}

#[test]
fn regions_and_accounts() {
    let both = [("ListUsers", true), ("CreateUser", false)];
    let mut sight = sight(&both.map(|(name, is_read)| ("iam", name, "Management", "null", is_read)));
    let account = AccountId::parse(ACCOUNT).unwrap();
    // An event of a global service proves no Region.
    assert!(look(&sight, "sqs:PurgeQueue", "arn:aws:sqs:ap-northeast-1:111122223333:a").is_some());
    assert_eq!(look(&sight, "sqs:PurgeQueue", "*"), None);
    sight.tell_used(account, "eu-west-1");
    assert_eq!(look(&sight, "sqs:PurgeQueue", "*"), Some(Blind::Region { region: "eu-west-1".into() }));
    assert_eq!(look(&sight, "iam:CreateUser", "*"), None);
    let other = AccountId::parse("444455556666").unwrap();
    let of_other = Look { account: other, action: "iam:CreateUser", resources: &[] };
    assert_eq!(sight.blind(&of_other), Some(Blind::Account));
    assert_eq!(sight.shown_days(account), 1);
}

proptest::proptest! {
    /// What a part of a trail shows, all of it shows: taking events away makes blind, never seeing.
    #[test]
    fn less_shows_less(kept in proptest::collection::vec(proptest::bool::ANY, 5)) {
        let about = |bucket: &str| format!(r#"{{"bucketName":"{bucket}","key":"x"}}"#);
        let (a, b) = (about("a"), about("b"));
        let all = [
            ("s3", "GetObject", "Data", a.as_str(), true),
            ("s3", "PutObject", "Data", b.as_str(), false),
            ("s3", "GetBucketLocation", "Management", b.as_str(), true),
            ("sqs", "CreateQueue", "Management", "null", false),
            ("iam", "ListUsers", "Management", "null", true),
        ];
        let part: Vec<_> =
            all.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(event, _)| *event).collect();
        let account = AccountId::parse(ACCOUNT).unwrap();
        let (mut all, mut part) = (sight(&all), sight(&part));
        all.tell_used(account, "eu-west-1");
        part.tell_used(account, "eu-west-1");
        for action in ["s3:GetObject", "s3:PutObject", "s3:GetBucketLocation", "sqs:PurgeQueue", "iam:CreateUser"] {
            for resource in ["arn:aws:s3:::a/*", "arn:aws:s3:::b", "arn:aws:sqs:ap-northeast-1:111122223333:q", "*"] {
                let (of_all, of_part) = (look(&all, action, resource), look(&part, action, resource));
                assert!(of_part.is_some() || of_all.is_none(), "{action} on {resource}");
            }
        }
    }
}

#[test]
fn silence_is_longer_than_usual() {
    let account = AccountId::parse(ACCOUNT).unwrap();
    let heard = |days: &[i64]| {
        let mut sight = Sight::default();
        sight.accounts.entry(account).or_default().days.extend(days);
        sight
    };
    let silences = |sight: &Sight, until: i64| sight.silences(account, 0, until * DAY);
    let daily: Vec<i64> = (0..40).filter(|day| !(10..15).contains(day) && !(20..22).contains(day)).collect();
    let gap = Silence { first: 10, last: 14, is_unread: false, part: Part::All };
    assert_eq!(silences(&heard(&daily), 40), std::slice::from_ref(&gap));
    assert_eq!(gap.days(), 5);
    // up to now
    assert_eq!(
        silences(&heard(&daily), 50),
        [gap, Silence { first: 40, last: 49, is_unread: false, part: Part::All }]
    );
    // an account that is heard of every week
    let weekly: Vec<i64> = (0..10).map(|week| week * 7).collect();
    assert_eq!(silences(&heard(&weekly), 70), []);
    assert_eq!(silences(&heard(&[3]), 70), []);
    // digests prove that there was nothing
    let mut told = heard(&daily);
    (10..15).for_each(|day| told.tell_delivered(account, "eu-west-1", day));
    assert_eq!((silences(&told, 40), told.silent_days(account, 0, 40 * DAY)), (Vec::new(), 0));
    let some = told.accounts.get_mut(&account).unwrap();
    some.delivered.remove(&10);
    assert_eq!(silences(&told, 40), [], "a day alone is no silence");
    // An account of which the trail begins to tell late, or nothing at all; of the time before the trail nothing is said.
    let mut late = heard(&(20..40).collect::<Vec<_>>());
    assert_eq!(silences(&late, 40), []);
    late.accounts.entry(AccountId::parse("444455556666").unwrap()).or_default().days.extend(5..40);
    assert_eq!(silences(&late, 40), [Silence { first: 5, last: 19, is_unread: false, part: Part::All }]);
    let other = AccountId::parse("777788889999").unwrap();
    assert_eq!(
        late.silences(other, 38 * DAY, 40 * DAY),
        [Silence { first: 38, last: 39, is_unread: false, part: Part::All }]
    );
}

/// A Region whose folder is missing, a selector that leaves management events out: the account goes on being heard.
#[test]
fn a_part_of_an_account_is_silent() {
    let account = AccountId::parse(ACCOUNT).unwrap();
    let heard = |hole: &dyn Fn(i64, &Part) -> bool| {
        let mut sight = Sight::default();
        let view = sight.accounts.entry(account).or_default();
        let regions = ["us-east-1", "eu-west-1"].map(|region| Part::Region(region.into()));
        for day in 0..90 {
            for part in regions.iter().chain([&Part::Management, &Part::Writes]) {
                if !hole(day, part) {
                    view.parts.entry(part.clone()).or_default().insert(day);
                }
            }
            view.days.insert(day);
        }
        sight
    };
    let silences = |sight: &Sight| sight.silences(account, 0, 90 * DAY);
    let of = |part: Part, first: i64, last: i64| Silence { first, last, is_unread: false, part };
    let us = Part::Region("us-east-1".into());
    let within = |day: i64| (40..60).contains(&day);
    assert_eq!(silences(&heard(&|_, _| false)), []);
    assert_eq!(silences(&heard(&|day, part| *part == us && within(day))), [of(us.clone(), 40, 59)]);
    let deaf = |day, part: &Part| matches!(part, Part::Management | Part::Writes) && within(day);
    assert_eq!(silences(&heard(&deaf)), [of(Part::Management, 40, 59)]);
    assert_eq!(days_of(&[of(us.clone(), 40, 59), of(Part::Management, 50, 69)]), 30);
    let no_writes = |day, part: &Part| *part == Part::Writes && within(day);
    assert_eq!(silences(&heard(&no_writes)), [of(Part::Writes, 40, 59)]);
    // to the end, and only the part of it that is asked about
    let ends = |day, part: &Part| *part == us && day >= 70;
    assert_eq!(silences(&heard(&ends)), [of(us.clone(), 70, 89)]);
    assert_eq!(heard(&ends).silences(account, 80 * DAY, 90 * DAY), [of(us.clone(), 80, 89)]);
    assert_eq!(heard(&ends).silences(account, 0, 70 * DAY), []);
    // near: a week away, a part that is rarely heard, one that was not there before
    assert_eq!(silences(&heard(&|day, part| *part == us && (40..45).contains(&day))), []);
    assert_eq!(silences(&heard(&|day, part| *part == us && day % 9 != 0)), []);
    assert_eq!(silences(&heard(&|day, part| *part == us && day < 60)), []);
    // digests prove that there was nothing
    let mut told = heard(&|day, part| *part == us && within(day));
    (40..60).for_each(|day| told.tell_delivered(account, "us-east-1", day));
    assert_eq!(silences(&told), []);
}

#[test]
fn what_a_selector_names() {
    for (arn, expected) in [
        ("arn:aws:s3:::b/k/1", Some("arn:aws:s3:::b")),
        ("arn:aws:s3:::b", Some("arn:aws:s3:::b")),
        ("arn:aws:s3:::b*/k", None),
        ("arn:aws:dynamodb:eu-west-1:1:table/t/index/i", Some("arn:aws:dynamodb:eu-west-1:1:table/t")),
        ("arn:aws:lambda:eu-west-1:1:function:f:live", Some("arn:aws:lambda:eu-west-1:1:function:f")),
        ("arn:aws:lambda:eu-west-1:1:function:f", Some("arn:aws:lambda:eu-west-1:1:function:f")),
        ("arn:aws:sqs:*:1:q", None),
        ("*", None),
    ] {
        assert_eq!(container(arn), expected, "{arn}");
    }
}

/// What could not be read may hold anything: it is no proof that something was not used, of that account, or of any where nobody knows.
#[test]
fn what_was_not_read_shows_nothing() {
    let account = AccountId::parse(ACCOUNT).unwrap();
    let other = AccountId::parse("444455556666").unwrap();
    let read = || {
        sight(&[
            ("ec2", "DescribeInstances", "Management", "null", true),
            ("ec2", "RunInstances", "Management", "null", false),
        ])
    };
    assert_eq!(look(&read(), "ec2:StopInstances", "*"), None);
    for (of, day, expected) in [
        (Some(account), Some(20_000), Some(Blind::Unread)),
        (None, None, Some(Blind::Unread)),
        (Some(other), Some(20_000), None),
    ] {
        let mut part = Sight::default();
        part.tell_unread(of, day);
        let mut sight = read();
        sight.merge(part);
        assert_eq!(look(&sight, "ec2:StopInstances", "*"), expected);
        assert_eq!(sight.shows_management(account, &[]), expected.is_none());
    }
    let mut sight = Sight::default();
    for day in [12, 10, 11, 40] {
        sight.tell_unread(Some(account), Some(day));
    }
    sight.tell_unread(None, Some(14));
    let unread = |first, last| Silence { first, last, is_unread: true, part: Part::All };
    assert_eq!(sight.unread_days(account, 11 * DAY, 20 * DAY), [unread(11, 12), unread(14, 14)]);
    assert_eq!(sight.unread_days(other, 11 * DAY, 20 * DAY), [unread(14, 14)]);
    sight.tell_unread(None, None);
    assert_eq!(sight.unread_days(other, 11 * DAY, 20 * DAY), [unread(11, 19)]);
    // They are silences, too, however short.
    assert_eq!(sight.silences(other, 11 * DAY, 20 * DAY)[0], unread(11, 19));
}
