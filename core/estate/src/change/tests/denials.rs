//! Quarantine, and the end of sessions: which policies they are, whose they are not, and how they are told.

use jiff::Timestamp;

use super::super::{
    Change, IdentityChange, OLDER_SESSIONS, QUARANTINE, apply, deny_older_sessions, inverse, quarantine,
};
use super::{arn, estate, parse};
use crate::change::WireDocument;
use crate::fact::Known;
use crate::model::{Estate, Policy};
use kagimori_policy::parse::Strictness;
use kagimori_policy::print::print;

fn moment() -> Timestamp {
    "2026-12-01T09:00:00.7Z".parse().unwrap()
}

fn text(change: &Change) -> String {
    let Change::Identity(IdentityChange::PutInlinePolicy { document, .. }) = change else {
        panic!("{change}")
    };
    print(&document.0)
}

#[test]
fn they_are_inline_policies_with_the_names_and_texts_that_people_look_for() {
    let off = quarantine(&estate(), &arn("user/kim")).unwrap();
    assert_eq!(
        text(&off),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#
    );
    let ended = deny_older_sessions(&estate(), &arn("role/app"), moment()).unwrap();
    assert_eq!(
        text(&ended),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-12-01T09:00:00Z"}}}]}"#
    );
    let (user, role) = (arn("user/kim"), arn("role/app"));
    for (change, english, japanese, back) in [
        (
            off,
            format!("quarantine {user} (the inline policy `{QUARANTINE}` denies everything)"),
            format!("{user} を隔離する（インラインポリシー「{QUARANTINE}」ですべて拒否）"),
            format!("lift the quarantine of {user} (delete the inline policy `{QUARANTINE}`)"),
        ),
        (
            ended,
            format!(
                "deny the sessions of {role} that were handed out before 2026-12-01T09:00:00Z (the inline policy `{OLDER_SESSIONS}`)"
            ),
            format!(
                "{role} の 2026-12-01T09:00:00Z より前に発行されたセッションを拒否する（インラインポリシー「{OLDER_SESSIONS}」）"
            ),
            format!("delete the inline policy `{OLDER_SESSIONS}` of {role}"),
        ),
    ] {
        assert_eq!((change.to_string(), change.japanese()), (english, japanese));
        let undo = inverse(&estate(), &change).unwrap();
        assert_eq!(undo.to_string(), back);
        assert_eq!(apply(&apply(&estate(), &change).unwrap(), &undo).unwrap(), estate());
    }
}

/// Another text under the name is not called what it is not.
#[test]
fn a_policy_of_that_name_with_another_text_is_an_inline_policy() {
    let other = |name: &str, text: &str| {
        let document = WireDocument(parse(text, Strictness::Strict).unwrap());
        let (identity, name) = (arn("user/kim"), name.to_owned());
        Change::from(IdentityChange::PutInlinePolicy { identity, name, document, position: None }).to_string()
    };
    for (name, text) in [
        (
            QUARANTINE,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#,
        ),
        (
            QUARANTINE,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        ),
        (
            OLDER_SESSIONS,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{"DateGreaterThan":{"aws:TokenIssueTime":"2026-12-01T09:00:00Z"}}}]}"#,
        ),
        ("Other", r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#),
    ] {
        assert!(other(name, text).starts_with(&format!("put the inline policy `{name}`")), "{text}");
    }
}

#[test]
fn whoever_cannot_have_one_is_told_why() {
    let refused = |identity: &str| quarantine(&estate(), &arn(identity)).unwrap_err().to_string();
    for (identity, why) in [
        ("group/dev", "is a group: name its members"),
        ("role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", "is a service-linked role"),
        ("role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_A_0123456789abcdef", "its permission set"),
    ] {
        assert!(refused(identity).contains(why), "{}", refused(identity));
        let ended = deny_older_sessions(&estate(), &arn(identity), moment()).unwrap_err().to_string();
        assert!(ended.contains(why), "{ended}");
    }
    assert_eq!(refused("user/nobody"), format!("there is no user `{}` in the estate", arn("user/nobody")));
    let off = quarantine(&estate(), &arn("user/kim")).unwrap();
    let again = quarantine(&apply(&estate(), &off).unwrap(), &arn("user/kim")).unwrap_err();
    assert_eq!(
        again.to_string(),
        format!("it would change nothing: {} has `{QUARANTINE}` already", arn("user/kim"))
    );
}

/// `reference_iam-quotas`: 2,048 characters of inline policies on a user, white space not counted.
#[test]
fn a_user_without_room_for_it_is_told() {
    let with = |action: &str| -> Estate {
        let mut estate = estate();
        let kim = estate.accounts.values_mut().next().unwrap().users.get_mut("kim").unwrap();
        let Known::Known(details) = &mut kim.details else { panic!("they are known") };
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#
        );
        let policy = Policy { document: Ok(parse(&text, Strictness::Strict).unwrap()) };
        details.value.grants.inline = vec![("long".to_owned(), policy)];
        estate
    };
    let around =
        2 * r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"","Resource":"*"}]}"#.len();
    let most = 2_048 - around;
    assert!(quarantine(&with(&"a".repeat(most)), &arn("user/kim")).is_ok());
    let full = quarantine(&with(&"a".repeat(most + 1)), &arn("user/kim")).unwrap_err().to_string();
    assert!(
        full.contains("2049 characters") && full.contains("arn:aws:iam::aws:policy/AWSDenyAll"),
        "{full}"
    );
}
