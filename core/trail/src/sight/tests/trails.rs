//! Sight where the event selectors of the account's trails are given.

use kagimori_estate::cloudtrail::DescribedTrail;
use kagimori_estate::read::{Assembler, File};

use super::*;

const ON: &str = r#"{"IsLogging": true, "StartLoggingTime": "2026-01-01T00:00:00Z"}"#;

/// The trails of an account as the AWS CLI writes them: by name what each selects, all of them on since January.
fn trails(selectors: &[(&str, Option<&str>)], status: &str) -> Vec<DescribedTrail> {
    let arn = |name: &str| format!("arn:aws:cloudtrail:ap-northeast-1:{ACCOUNT}:trail/{name}");
    let list: Vec<String> = selectors
        .iter()
        .map(|(name, _)| {
            format!(
                r#"{{"Name": "{name}", "TrailARN": "{}", "HomeRegion": "ap-northeast-1", "IsMultiRegionTrail": true,
                "IncludeGlobalServiceEvents": true, "HasCustomEventSelectors": true}}"#,
                arn(name)
            )
        })
        .collect();
    let mut files = vec![("trails.json".to_owned(), format!(r#"{{"trailList": [{}]}}"#, list.join(",")))];
    for (name, selectors) in selectors {
        if let Some(selectors) = selectors {
            let text = format!(r#"{{"TrailARN": "{}", {selectors}}}"#, arn(name));
            files.push((format!("event-selectors-{name}.json"), text));
        }
        files.push((format!("trail-status/{name}.json"), status.to_owned()));
    }
    let account = AccountId::parse(ACCOUNT).unwrap();
    let mut assembler = Assembler::default();
    for (path, text) in &files {
        let file = File { path, account: Some(account), bytes: text.as_bytes() };
        assembler.add(kagimori_estate::read::read(file));
    }
    let estate = assembler.finish(None);
    assert_eq!(estate.problems, []);
    estate.accounts.get(&account).unwrap().trails.value().unwrap().clone()
}

fn advanced(fields: &str) -> String {
    format!(r#""AdvancedEventSelectors": [{{"FieldSelectors": [{fields}]}}, {MANAGEMENT}]"#)
}

const MANAGEMENT: &str = r#"{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}"#;
const OBJECTS: &str = r#"{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}"#;

/// What every trail holds: a read and a write.
const USUAL: [(&str, &str, &str, &str, bool); 2] = [
    ("ec2", "DescribeInstances", "Management", "null", true),
    ("sqs", "CreateQueue", "Management", "null", false),
];

fn seen(more: &[(&str, &str, &str, &str, bool)], trails: Vec<DescribedTrail>) -> Sight {
    let all: Vec<_> = USUAL.iter().chain(more).copied().collect();
    let mut sight = sight(&all);
    sight.tell_trails(AccountId::parse(ACCOUNT).unwrap(), trails);
    sight
}

const OF_A: &str = r#"{"bucketName":"a","key":"x/1"}"#;

fn objects() -> Option<Blind> {
    Some(Blind::Data { kind: "AWS::S3::Object" })
}

fn left_out(is_read: bool) -> Option<Blind> {
    Some(Blind::NotSelected { kind: Some("AWS::S3::Object"), is_read: Some(is_read) })
}

#[test]
fn selectors_prove_what_nobody_did_yet_to_be_logged() {
    let all = advanced(OBJECTS);
    let one = |status| trails(&[("main", Some(&all))], status);
    let shown = seen(&[], one(ON));
    for resource in ["arn:aws:s3:::b/*", "arn:aws:s3:::b", "*", "arn:aws:s3:::b*/x"] {
        assert_eq!(look(&shown, "s3:GetObject", resource), None, "{resource}");
    }
    assert_eq!(look(&shown, "s3:PutObject", "*"), None);
    assert!(matches!(look(&shown, "sqs:SendMessage", "*"), Some(Blind::NotSelected { .. })));
    // Not where nobody knows that it was so all the time.
    let changed = ("cloudtrail", "PutEventSelectors", "Management", "null", false);
    for (sight, why) in [
        (seen(&[], one(r#"{"IsLogging": false}"#)), "off"),
        (seen(&[], one(r#"{"IsLogging": true}"#)), "since nobody knows when"),
        (seen(&[], one(r#"{"IsLogging": true, "StartLoggingTime": "2026-10-20T00:00:00Z"}"#)), "since later"),
        (
            seen(
                &[],
                one(
                    r#"{"IsLogging": true, "StartLoggingTime": 1767225600.5, "LatestDeliveryError": "AccessDenied"}"#,
                ),
            ),
            "not delivered",
        ),
        (seen(&[changed], one(ON)), "changed"),
    ] {
        assert_eq!(look(&sight, "s3:GetObject", "arn:aws:s3:::b/*"), objects(), "{why}");
    }
}

#[test]
fn what_selectors_leave_out_is_not_seen_whatever_events_show() {
    let event = [("s3", "GetObject", "Data", OF_A, true), ("s3", "PutObject", "Data", OF_A, false)];
    let with = |fields: &str| {
        seen(&event, trails(&[("main", Some(&advanced(&format!("{OBJECTS}, {fields}"))))], ON))
    };
    let part = with(r#"{"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::a/public/"]}"#);
    assert_eq!(part.contradictions(AccountId::parse(ACCOUNT).unwrap()), []);
    let both = Some(Blind::NotSelected { kind: Some("AWS::S3::Object"), is_read: Some(true) });
    assert_eq!(look(&part, "s3:GetObject", "arn:aws:s3:::a/*"), both);
    assert_eq!(look(&part, "s3:GetObject", "arn:aws:s3:::a/public/*"), None);
    let reads = with(r#"{"Field": "readOnly", "Equals": ["true"]}"#);
    assert_eq!(look(&reads, "s3:GetObject", "arn:aws:s3:::a/*"), None);
    assert_eq!(look(&reads, "s3:PutObject", "arn:aws:s3:::a/*"), left_out(false));
    let but = with(r#"{"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::a/secret/"]}"#);
    assert_eq!(look(&but, "s3:GetObject", "arn:aws:s3:::a/*"), left_out(true));
    assert_eq!(look(&but, "s3:GetObject", "arn:aws:s3:::a/public/x"), None);
    let names = with(r#"{"Field": "eventName", "Equals": ["GetObject"]}"#);
    // asked by HeadObject, too
    assert_eq!(look(&names, "s3:GetObject", "arn:aws:s3:::a/*"), left_out(true));
}

#[test]
fn a_trail_that_contradicts_its_selectors_proves_nothing() {
    let account = AccountId::parse(ACCOUNT).unwrap();
    let only_b =
        advanced(&format!(r#"{OBJECTS}, {{"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::b/"]}}"#));
    let held = trails(&[("main", Some(&only_b))], ON);
    let agreeing = seen(&[], held.clone());
    assert_eq!(look(&agreeing, "s3:GetObject", "arn:aws:s3:::b/*"), None);
    let sight = seen(&[("s3", "GetObject", "Data", OF_A, true)], held);
    let [told] = sight.contradictions(account) else { panic!() };
    assert_eq!(
        told.words().0,
        "the trail holds data events (AWS::S3::Object) that read of arn:aws:s3:::a, which no event selector selects"
    );
    assert_eq!(look(&sight, "s3:GetObject", "arn:aws:s3:::a/*"), left_out(true));
    assert_eq!(look(&sight, "s3:GetObject", "arn:aws:s3:::b/*"), objects());
}

#[test]
fn basic_selectors() {
    let management = |is_read| Some(Blind::NotSelected { kind: None, is_read });
    let with = |text: &str| {
        let basic = format!(r#""EventSelectors": [{text}]"#);
        seen(&[], trails(&[("main", Some(&basic))], ON))
    };
    let writes = with(
        r#"{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true, "DataResources": [], "ExcludeManagementEventSources": []}"#,
    );
    assert_eq!(look(&writes, "iam:ListRoles", "*"), management(Some(true)));
    assert_eq!(look(&writes, "iam:CreateUser", "*"), None);
    // Whether a call of STS is a read, its access level does not tell.
    assert_eq!(look(&writes, "sts:AssumeRole", "*"), management(Some(true)));
    assert_eq!(writes.contradictions(AccountId::parse(ACCOUNT).unwrap()).len(), 1);
    let keys = with(
        r#"{"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [], "ExcludeManagementEventSources": ["kms.amazonaws.com"]}"#,
    );
    assert_eq!(look(&keys, "kms:Decrypt", "*"), management(None));
    assert_eq!(look(&keys, "sqs:PurgeQueue", "*"), None);
    let data = with(
        r#"{"ReadWriteType": "All", "IncludeManagementEvents": false, "DataResources": [
            {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::a/logs", "arn:aws:s3:::b/"]},
            {"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]},
            {"Type": "AWS::DynamoDB::Table", "Values": ["arn:aws:dynamodb:ap-northeast-1:111122223333:table/t"]}]},
           {"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": []}"#,
    );
    for (action, resource, is_shown) in [
        ("s3:GetObject", "arn:aws:s3:::b/*", true),
        ("s3:GetObject", "arn:aws:s3:::a/logs/*", true),
        ("s3:GetObject", "arn:aws:s3:::a/*", false),
        ("s3:GetObject", "*", false),
        ("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:111122223333:function:f", true),
        ("lambda:InvokeFunction", "*", true),
        ("dynamodb:GetItem", "arn:aws:dynamodb:ap-northeast-1:111122223333:table/t", true),
        ("dynamodb:Query", "arn:aws:dynamodb:ap-northeast-1:111122223333:table/t/index/*", true),
        ("dynamodb:GetItem", "arn:aws:dynamodb:ap-northeast-1:111122223333:table/t2", false),
        ("iam:CreateUser", "*", true),
    ] {
        assert_eq!(look(&data, action, resource).is_none(), is_shown, "{action} on {resource}");
    }
}

#[test]
fn several_trails_prove_what_the_files_at_hand_show_to_be_theirs() {
    let (main, data) = (format!(r#""AdvancedEventSelectors": [{MANAGEMENT}]"#), advanced(OBJECTS));
    let both = || trails(&[("data", Some(&data)), ("main", Some(&main))], ON);
    let b = "arn:aws:s3:::b/*";
    // Nobody knows whose files these are.
    assert_eq!(look(&seen(&[], both()), "s3:GetObject", b), objects());
    let witnessed = seen(&[("s3", "GetObject", "Data", OF_A, true)], both());
    assert_eq!(look(&witnessed, "s3:GetObject", b), None);
    // One of which the selectors are not known may select anything, and proves nothing.
    let unknown = trails(&[("data", None), ("main", Some(&main))], ON);
    let sight = seen(&[("s3", "GetObject", "Data", OF_A, true)], unknown);
    assert_eq!(look(&sight, "s3:GetObject", "arn:aws:s3:::a/*"), None);
    assert_eq!(look(&sight, "s3:GetObject", b), objects());
    assert_eq!(sight.contradictions(AccountId::parse(ACCOUNT).unwrap()), []);
}

#[test]
fn reads_and_writes_prove_their_like() {
    let account = AccountId::parse(ACCOUNT).unwrap();
    let writes = sight(&[("sqs", "CreateQueue", "Management", "null", false)]);
    assert_eq!(look(&writes, "iam:ListUsers", "*"), Some(Blind::Management { is_read: true }));
    assert_eq!(look(&writes, "iam:CreateUser", "*"), None);
    assert!(!writes.shows_management(account, &[]));
    let both = seen(&[], Vec::new());
    assert_eq!(look(&both, "iam:ListUsers", "*"), None);
    assert!(both.shows_management(account, &[]));
}
