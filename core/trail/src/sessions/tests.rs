//! Whose sessions are: handed out, used, handed on, and seen only in part.

use super::*;
use crate::event::{Identity, read};

fn sessions(events: &[String]) -> Sessions {
    let mut sessions = Sessions::default();
    add(&mut sessions, events);
    sessions
}

fn add(sessions: &mut Sessions, events: &[String]) {
    for event in events {
        read(event.as_bytes(), |event| {
            let identity = Identity::parse(event.identity.as_deref().unwrap_or("{}"));
            sessions.add(&Call::of(&event, &identity));
        });
    }
}

fn assume(hour: u32, identity: &str, role: &str, key: &str) -> String {
    let answer = if key.is_empty() {
        r#""errorCode":"AccessDenied","responseElements":null"#.to_owned()
    } else {
        format!(r#""responseElements":{{"credentials":{{"accessKeyId":"{key}","sessionToken":"x"}}}}"#)
    };
    format!(
        r#"{{"eventTime":"2026-03-01T{hour:02}:00:00Z","eventID":"e-{hour}","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","awsRegion":"us-east-1",
        "recipientAccountId":"111122223333","sourceIPAddress":"203.0.113.9","userIdentity":{identity},
        "requestParameters":{{"roleArn":"arn:aws:iam::111122223333:role/{role}","roleSessionName":"s"}},{answer}}}"#
    )
}

fn call(hour: u32, role: &str, key: &str, more: &str) -> String {
    format!(
        r#"{{"eventTime":"2026-03-01T{hour:02}:30:00Z","eventID":"c-{hour}-{key}","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","awsRegion":"us-east-1",
        "recipientAccountId":"111122223333","sourceIPAddress":"203.0.113.9","userAgent":"Boto3/1.34","userIdentity":{}}}"#,
        session(role, key, more)
    )
}

fn session(role: &str, key: &str, more: &str) -> String {
    format!(
        r#"{{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/{role}/s","accountId":"111122223333","accessKeyId":"{key}",
        "sessionContext":{{"sessionIssuer":{{"type":"Role","arn":"arn:aws:iam::111122223333:role/{role}"}}{more}}}}}"#
    )
}

const ALICE: &str = r#"{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/alice","accountId":"111122223333","accessKeyId":"ASIAALICE1EXAMPLE111",
    "userName":"alice","sessionContext":{"attributes":{"mfaAuthenticated":"true"}}}"#;
const KEYS: [&str; 4] =
    ["ASIAONEEXAMPLE111111", "ASIATWOEXAMPLE222222", "ASIATHREEEXAMPLE3333", "ASIAFOUREXAMPLE44444"];

fn role(name: &str) -> RoleName {
    RoleName { account: AccountId::parse("111122223333").unwrap(), name: name.into() }
}

fn told(sessions: &Sessions, name: &str) -> Vec<(Who, u64, u64, String)> {
    let through =
        |behind: &Behind| behind.through.iter().map(|role| &*role.name).collect::<Vec<_>>().join(" ");
    sessions
        .behind(&role(name))
        .iter()
        .map(|row| (row.who.clone(), row.sessions, row.calls, through(row)))
        .collect()
}

fn alice() -> Who {
    Who::Caller("arn:aws:iam::111122223333:user/alice".to_owned())
}

#[test]
fn a_session_is_of_whom_it_was_handed_to_also_through_other_roles() {
    let [one, two, unused, _] = KEYS;
    let trail = [
        assume(1, ALICE, "hub", one),
        assume(2, &session("hub", one, ""), "deploy", two),
        call(3, "deploy", two, ""),
        call(4, "deploy", two, ""),
        assume(5, ALICE, "deploy", unused),
    ];
    let sessions = sessions(&trail);
    assert_eq!(
        told(&sessions, "deploy"),
        [(alice(), 1, 2, "hub".to_owned()), (alice(), 1, 0, String::new())]
    );
    // What was done with the first one was to ask for the second.
    assert_eq!(told(&sessions, "hub"), [(alice(), 1, 1, String::new())]);
    let mfa = sessions.behind(&role("deploy")).iter().map(|row| row.mfa).collect::<Vec<_>>();
    assert_eq!(mfa, [[0, 0, 1], [1, 0, 0]], "MFA is told of alice's session, not of hub's");
}

#[test]
fn without_the_call_that_handed_it_out_only_aws_tells() {
    let [one, two, three, four] = KEYS;
    let behalf = call(4, "plain", four, "").replace(
        r#""type":"AssumedRole","#,
        r#""type":"AssumedRole","onBehalfOf":{"userId":"90678a-1","identityStoreArn":"arn:aws:identitystore::111122223333:identitystore/d-1"},"#,
    );
    let instance = call(3, "web", three, "").replace("/s\",", "/i-0123456789abcdef0\",");
    let reserved = "AWSReservedSSO_Admin_0123456789abcdef";
    let trail = [
        call(1, "plain", one, r#","sourceIdentity":"alice@example.jp""#),
        call(2, "plain", two, ""),
        instance,
        behalf,
        call(5, reserved, one, ""),
    ];
    let sessions = sessions(&trail);
    let whos = |name: &str| told(&sessions, name).into_iter().map(|(who, ..)| who).collect::<BTreeSet<_>>();
    let plain = [
        Who::SourceIdentity("alice@example.jp".to_owned()),
        Who::IdentityCenterUser("90678a-1".to_owned()),
        Who::NotTold,
    ];
    assert_eq!(whos("plain"), BTreeSet::from(plain));
    assert_eq!(whos("web"), BTreeSet::from([Who::Instance("i-0123456789abcdef0".to_owned())]));
    assert_eq!(whos(reserved), BTreeSet::from([Who::IdentityCenterName("s".to_owned())]));
}

/// A person whose first session is not in the trail, and is told by AWS.
#[test]
fn a_chain_ends_with_what_aws_tells() {
    let [one, two, ..] = KEYS;
    let told_hub = r#","sourceIdentity":"alice@example.jp""#;
    let trail = [assume(1, &session("hub", one, told_hub), "deploy", two), call(2, "deploy", two, told_hub)];
    let expected = (Who::SourceIdentity("alice@example.jp".to_owned()), 1, 1, "hub".to_owned());
    assert_eq!(told(&sessions(&trail), "deploy"), [expected]);
}

#[test]
fn the_caller_without_a_key_is_a_session_of_its_own() {
    let one = call(1, "deploy", "", "").replace(r#""accessKeyId":"","#, "");
    assert_eq!(told(&sessions(&[one]), "deploy"), [(Who::NotTold, 1, 1, String::new())]);
}

#[test]
fn a_session_that_made_itself_ends() {
    let trail = [assume(1, &session("hub", KEYS[0], ""), "hub", KEYS[0])];
    assert_eq!(told(&sessions(&trail), "hub").len(), 1);
}

#[test]
fn refused_attempts_are_told() {
    let trail = [assume(1, ALICE, "deploy", ""), assume(2, ALICE, "deploy", "")];
    let sessions = sessions(&trail);
    let refused: Vec<_> =
        sessions.refused(&role("deploy")).map(|(who, refused)| (who, refused.calls)).collect();
    assert_eq!(refused, [("arn:aws:iam::111122223333:user/alice", 2)]);
    assert_eq!(told(&sessions, "deploy"), []);
    assert_eq!(sessions.roles().into_iter().collect::<Vec<_>>(), [&role("deploy")]);
}

#[test]
fn what_was_handed_out_before_the_days_still_tells_who() {
    let [one, two, ..] = KEYS;
    let trail =
        [assume(1, ALICE, "deploy", one), assume(2, ALICE, "deploy", two), call(10, "deploy", one, "")];
    let noon = jiff::Timestamp::from_second(1_772_355_600).unwrap();
    assert_eq!(noon.to_string(), "2026-03-01T09:00:00Z");
    let mut sessions = Sessions::since(noon.as_second());
    add(&mut sessions, &trail);
    assert_eq!(
        told(&sessions, "deploy"),
        [(alice(), 1, 1, String::new())],
        "the second was not seen in these days"
    );
}

#[test]
fn parts_merge_in_any_order() {
    let [one, two, three, _] = KEYS;
    let trail = [
        assume(1, ALICE, "hub", one),
        assume(2, &session("hub", one, ""), "deploy", two),
        // A trail that contradicts itself: the same key, handed out twice.
        assume(3, &session("other", three, ""), "deploy", two),
        call(3, "deploy", two, ""),
        call(4, "deploy", two, r#","sourceIdentity":"a""#),
        call(5, "deploy", two, r#","sourceIdentity":"b""#),
        assume(6, ALICE, "deploy", ""),
    ];
    let all = |sessions: &Sessions| {
        let rows = sessions.roles().into_iter().map(|role| sessions.behind(role));
        format!("{:?} {:?}", rows.collect::<Vec<_>>(), sessions.refused(&role("deploy")).collect::<Vec<_>>())
    };
    let expected = all(&sessions(&trail));
    for cut in 1..trail.len() {
        let (head, tail) = trail.split_at(cut);
        for (first, second) in [(head, tail), (tail, head)] {
            let mut merged = sessions(first);
            merged.merge(sessions(second));
            assert_eq!(all(&merged), expected, "cut at {cut}");
        }
    }
}

#[test]
fn names_of_roles() {
    let name = |arn: &str| RoleName::of(arn).map(|role| role.name.to_string());
    assert_eq!(name("arn:aws:iam::111122223333:role/path/x/R"), Some("R".to_owned()));
    assert_eq!(name("arn:aws:sts::111122223333:assumed-role/R/s"), Some("R".to_owned()));
    assert_eq!(name("arn:aws:sts::111122223333:assumed-role/R"), Some("R".to_owned()));
    assert_eq!(name("arn:aws:iam::111122223333:role/*R"), None);
    assert_eq!(name("arn:aws:iam::111122223333:user/R"), None);
}
