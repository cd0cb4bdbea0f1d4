//! What AWS takes for a tag, and what it refuses.

use super::super::{Change, ChangeError, TagChange, apply, apply_all, inverse};
use super::{arn, estate};
use crate::fact::{Dataset, Gap, GapReason, Known};

fn set(identity: &str, key: &str, value: &str) -> Change {
    let (key, value) = (key.to_owned(), value.to_owned());
    TagChange::SetTag { identity: arn(identity), key, value, was: None }.into()
}

fn remove(identity: &str, key: &str) -> Change {
    TagChange::RemoveTag { identity: arn(identity), key: key.to_owned(), was: None }.into()
}

fn refused(change: &Change) -> String {
    apply(&estate(), change).unwrap_err().to_string()
}

#[test]
fn a_tag_is_given_changed_and_taken_away() {
    for identity in ["user/kim", "role/app"] {
        let (first, other, gone) =
            (set(identity, "Team", "sea"), set(identity, "Team", ""), remove(identity, "Team"));
        let tagged = apply(&estate(), &first).unwrap();
        let changed = apply(&tagged, &other).unwrap();
        assert_ne!(tagged, changed);
        assert_eq!(inverse(&estate(), &first).unwrap(), gone);
        assert_eq!(inverse(&tagged, &other).unwrap(), first);
        assert_eq!(inverse(&changed, &gone).unwrap(), other);
        assert_eq!(apply(&changed, &gone).unwrap(), estate());
    }
    assert_eq!(
        set("user/kim", "Team", "sea").to_string(),
        format!("set the tag `Team` of {} to `sea`", arn("user/kim"))
    );
    assert_eq!(remove("role/app", "Team").japanese(), format!("{} のタグ「Team」を外す", arn("role/app")));
}

/// IAM API Reference, `Tag`: `[\p{L}\p{Z}\p{N}_.:/=+\-@]`, keys of 1 to 128, values of up to 256 characters.
#[test]
fn the_alphabet_of_tags_is_that_of_aws() {
    for (key, value) in [("部署", "海運 東京"), ("a_b.c:d/e=f+g-h@i", "x=1 y=2"), ("k", ""), ("Key", "é½")]
    {
        assert!(apply(&estate(), &set("user/kim", key, value)).is_ok(), "{key} {value}");
    }
    for (key, value, why) in [
        ("", "x", "the key of a tag is not empty"),
        ("部署、課", "x", "the key of a tag does not take `、`"),
        ("k", "a(b)", "the value of a tag does not take `(`"),
        ("k", "a,b", "the value of a tag does not take `,`"),
        ("k", "a\nb", "the value of a tag does not take"),
        ("aws:team", "x", "`aws:team` begins with `aws:`, which AWS keeps for itself"),
        ("AWS:team", "x", "begins with `aws:`"),
        ("k", "aws:x", "begins with `aws:`"),
    ] {
        let told = refused(&set("user/kim", key, value));
        assert!(told.contains(why), "{told}");
    }
    assert!(apply(&estate(), &set("user/kim", &"あ".repeat(128), &"い".repeat(256))).is_ok());
    assert!(
        refused(&set("user/kim", &"あ".repeat(129), "x")).contains("128 characters at most, and this 129")
    );
    assert!(
        refused(&set("user/kim", "x", &"い".repeat(257))).contains("256 characters at most, and this 257")
    );
}

/// `reference_iam-quotas`: 50 tags; `id_tags`: keys differ by more than their case.
#[test]
fn fifty_tags_and_no_two_that_differ_by_case() {
    let fifty: Vec<Change> = (0..50).map(|number| set("user/kim", &format!("k{number}"), "v")).collect();
    let full = apply_all(&estate(), &fifty).unwrap();
    let more = apply(&full, &set("user/kim", "one-more", "v")).unwrap_err().to_string();
    assert!(more.contains("has 50 tags, and AWS keeps no more"), "{more}");
    assert!(apply(&full, &set("user/kim", "k7", "w")).is_ok(), "another value takes no more room");
    let like = apply(&full, &set("user/kim", "K7", "w")).unwrap_err();
    assert!(matches!(&like, ChangeError::Refused(why) if why.contains("`k7`")), "{like}");
}

#[test]
fn what_is_not_there_or_not_known_is_told() {
    assert_eq!(refused(&remove("user/kim", "none")), "there is no tag `none` in the estate");
    let tagged = apply(&estate(), &set("user/kim", "a", "b")).unwrap();
    let same = apply(&tagged, &set("user/kim", "a", "b")).unwrap_err().to_string();
    assert_eq!(same, format!("it would change nothing: the tag `a` of {} is `b` already", arn("user/kim")));
    assert!(refused(&set("group/dev", "a", "b")).contains("is a group"));
    assert!(refused(&set("role/aws-service-role/x.amazonaws.com/R", "a", "b")).contains("service-linked"));
    let mut torn = estate();
    let kim = torn.accounts.values_mut().next().unwrap().users.get_mut("kim").unwrap();
    let Known::Known(details) = &mut kim.details else { panic!("they are known") };
    let reason = GapReason::FieldAbsent("Tags".to_owned());
    details.value.tags_gap = Some(Gap { dataset: Dataset::AuthorizationDetails, reason });
    let change = set("user/kim", "a", "b");
    let error = apply(&torn, &change).unwrap_err();
    assert!(matches!(error, ChangeError::NotKnown(_)));
    assert_eq!(inverse(&torn, &change).unwrap_err(), error);
}

/// No snapshot tells a policy's tags: the change does, and its way back with it.
#[test]
fn a_tag_of_a_policy_says_what_it_replaces() {
    let of = |value: Option<&str>, was: Option<&str>| -> Change {
        let (identity, key, was) = (arn("policy/spare"), "Team".to_owned(), was.map(str::to_owned));
        match value {
            Some(value) => TagChange::SetTag { identity, key, value: value.to_owned(), was },
            None => TagChange::RemoveTag { identity, key, was },
        }
        .into()
    };
    for (change, back) in [
        (of(Some("sea"), None), of(None, Some("sea"))),
        (of(Some("sea"), Some("land")), of(Some("land"), Some("sea"))),
        (of(None, Some("sea")), of(Some("sea"), None)),
    ] {
        assert_eq!(inverse(&estate(), &change).unwrap(), back);
        assert_eq!(inverse(&estate(), &back).unwrap(), change);
        let text = serde_json::to_string(&change).unwrap();
        assert_eq!(serde_json::from_str::<Change>(&text).unwrap(), change);
    }
    assert!(refused(&of(None, None)).contains("say it as `was`"));
    assert!(refused(&of(Some("sea"), Some("sea"))).contains("is `sea` already"));
    let nowhere = TagChange::RemoveTag { identity: arn("policy/none"), key: "a".to_owned(), was: None };
    assert!(refused(&nowhere.into()).contains("there is no managed policy"));
    let known = TagChange::SetTag {
        identity: arn("user/kim"),
        key: "a".to_owned(),
        value: "b".to_owned(),
        was: Some("c".to_owned()),
    };
    assert!(refused(&known.into()).contains("leave `was` out"));
}
