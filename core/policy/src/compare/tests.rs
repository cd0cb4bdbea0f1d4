//! Verdicts of pairs of policies, each decided by hand.

use super::{Inclusion, Scope, Verdict, compare, included, included_within, stacks_included};
use crate::document::Document;
use crate::parse::{Strictness, parse};
use crate::policies::{Level, Policies};

fn policy(statements: &str) -> Vec<Document> {
    vec![
        parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#), Strictness::Strict)
            .unwrap(),
    ]
}

const ALLOW: &str = r#""Effect":"Allow""#;

fn allow(rest: &str) -> String {
    format!("{{{ALLOW},{rest}}}")
}

#[test]
fn pairs() {
    let get = allow(r#""Action":"s3:GetObject","Resource":"*""#);
    let get_all = allow(r#""Action":"s3:Get*","Resource":"*""#);
    let bucket = allow(r#""Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*""#);
    let with = |condition: &str| {
        allow(&format!(r#""Action":"s3:GetObject","Resource":"*","Condition":{condition}"#))
    };
    let mfa = with(r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#);
    let mfa_if = with(r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}"#);
    let red = with(r#"{"StringEquals":{"aws:PrincipalTag/team":"red"}}"#);
    let red_blue = with(r#"{"StringEquals":{"aws:PrincipalTag/team":["red","blue"]}}"#);
    let near = with(r#"{"IpAddress":{"aws:SourceIp":"10.1.0.0/16"}}"#);
    let far = with(r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#);
    let not_iam = allow(r#""NotAction":"iam:*","Resource":"*""#);
    let all = allow(r#""Action":"*","Resource":"*""#);
    let deny = r#"{"Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#;
    let guarded = format!("{get},{deny}");
    for (old, new, expected) in [
        (&get, &get, Verdict::Equal),
        (&get, &get_all, Verdict::Wider),
        (&get_all, &get, Verdict::Narrower),
        (&get, &bucket, Verdict::Narrower),
        (&get, &mfa, Verdict::Narrower),
        (&mfa, &get, Verdict::Wider),
        (&mfa, &mfa_if, Verdict::Wider),
        (&mfa_if, &mfa, Verdict::Narrower),
        (&red_blue, &red, Verdict::Narrower),
        (&red, &red_blue, Verdict::Wider),
        (&far, &near, Verdict::Narrower),
        (&near, &far, Verdict::Wider),
        (&red, &mfa, Verdict::Incomparable),
        (&all, &not_iam, Verdict::Narrower),
        (&get, &guarded, Verdict::Narrower),
        (&guarded, &get, Verdict::Wider),
        (&bucket, &red, Verdict::Incomparable),
    ] {
        let comparison = compare(&policy(old), &policy(new));
        assert_eq!(comparison.verdict(), expected, "{old}\n{new}\n{comparison:#?}");
    }
}

#[test]
fn what_lies_in_several_grants_together() {
    let on = |resource: &str| allow(&format!(r#""Action":"s3:GetObject","Resource":{resource}"#));
    let with = |condition: &str| {
        allow(&format!(r#""Action":"s3:GetObject","Resource":"*","Condition":{condition}"#))
    };
    let null = |is_null: bool| with(&format!(r#"{{"Null":{{"aws:SourceVpc":"{is_null}"}}}}"#));
    let all = on(r#""*""#);
    for (old, new, expected) in [
        // Actions, the parts of ARNs, ranges, numbers and absence: each half in one grant of the other side.
        (
            [allow(r#""Action":"s3:Get*","Resource":"*""#), allow(r#""Action":"s3:Put*","Resource":"*""#)]
                .join(","),
            allow(r#""Action":["s3:Get*","s3:Put*"],"Resource":"*""#),
            Verdict::Equal,
        ),
        (
            format!("{},{}", on(r#""arn:aws:s3:::b/?""#), on(r#"["arn:aws:s3:::b/","arn:aws:s3:::b/??*"]"#)),
            on(r#""arn:aws:s3:::b/*""#),
            Verdict::Equal,
        ),
        (
            format!(
                "{},{}",
                with(r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/9"}}"#),
                with(r#"{"IpAddress":{"aws:SourceIp":"10.128.0.0/9"}}"#)
            ),
            with(r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#),
            Verdict::Equal,
        ),
        (
            format!(
                "{},{}",
                with(r#"{"NumericLessThan":{"s3:max-keys":"10"}}"#),
                with(r#"{"NumericGreaterThanEquals":{"s3:max-keys":"10.0"}}"#)
            ),
            with(r#"{"NumericGreaterThan":{"s3:max-keys":"3"}}"#),
            Verdict::Narrower,
        ),
        (format!("{},{}", null(true), null(false)), all.clone(), Verdict::Equal),
        (
            format!(
                "{},{}",
                with(r#"{"StringEquals":{"aws:RequestTag/k":"v"}}"#),
                with(r#"{"StringNotEquals":{"aws:RequestTag/k":"v"}}"#)
            ),
            all.clone(),
            Verdict::Equal,
        ),
        (
            format!(
                "{},{}",
                with(r#"{"StringEquals":{"aws:TagKeys":"v"}}"#),
                with(r#"{"StringNotEquals":{"aws:TagKeys":"v"}}"#)
            ),
            all.clone(),
            // A list passes neither: a set operator is missing.
            Verdict::Wider,
        ),
        (
            with(r#"{"StringEqualsIfExists":{"aws:RequestTag/k":"v"}}"#),
            format!(
                "{},{}",
                with(r#"{"StringEquals":{"aws:RequestTag/k":"v"}}"#),
                with(r#"{"Null":{"aws:RequestTag/k":"true"},"StringNotLike":{"aws:RequestTag/k":"*"}}"#)
            ),
            Verdict::Equal,
        ),
        (
            with(r#"{"ForAllValues:StringLike":{"aws:TagKeys":["a*","b"]}}"#),
            with(r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["ab","b"]}}"#),
            Verdict::Narrower,
        ),
        (
            with(r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}}"#),
            with(r#"{"ForAllValues:StringEquals":{"aws:TagKeys":"a"},"Null":{"aws:TagKeys":"false"}}"#),
            Verdict::Narrower,
        ),
        (
            with(r#"{"DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}}"#),
            with(r#"{"DateLessThanEquals":{"aws:CurrentTime":"2025-12-31T23:59:59Z"}}"#),
            Verdict::Narrower,
        ),
        (
            with(r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::1:role/*"}}"#),
            with(r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::1:role/*"}}"#),
            Verdict::Equal,
        ),
        (
            with(r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}}"#),
            with(r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}}"#),
            Verdict::Wider,
        ),
        (
            with(r#"{"Bool":{"aws:SecureTransport":"true"}}"#),
            with(r#"{"StringEquals":{"aws:SecureTransport":"true"}}"#),
            Verdict::Equal,
        ),
        // A name of an action that AWS may add.
        (
            allow(r#""Action":"kms:*","Resource":"*""#),
            allow(r#""NotAction":["?*","kms:"],"Resource":"*""#),
            Verdict::Narrower,
        ),
    ] {
        let comparison = compare(&policy(&old), &policy(&new));
        assert_eq!(comparison.verdict(), expected, "{old}\n{new}\n{comparison:#?}");
    }
}

#[test]
fn variables() {
    let on = |resource: &str| allow(&format!(r#""Action":"s3:GetObject","Resource":"{resource}""#));
    let home = on("arn:aws:s3:::b/${aws:username}/*");
    let tagged = |value: &str| {
        allow(&format!(
            r#""Action":"s3:GetObject","Resource":"*","Condition":{{"StringEquals":{{"s3:ExistingObjectTag/owner":"{value}"}}}}"#
        ))
    };
    let from = |operator: &str, value: &str| {
        allow(&format!(
            r#""Action":"s3:GetObject","Resource":"*","Condition":{{"{operator}":{{"ec2:SourceInstanceARN":"{value}"}}}}"#
        ))
    };
    for (old, new, expected) in [
        (&home, &home, Verdict::Equal),
        (&home, &on("arn:aws:s3:::b/${aws:username}/a*"), Verdict::Narrower),
        (&home, &on("arn:aws:s3:::b/alice/*"), Verdict::Incomparable),
        (&on("arn:aws:s3:::b/*"), &home, Verdict::Narrower),
        (&home, &on("arn:aws:s3:::b/${aws:userid}/*"), Verdict::Incomparable),
        (&tagged("${aws:username}"), &tagged("${aws:username}"), Verdict::Equal),
        (&tagged("${aws:username}"), &tagged("alice"), Verdict::Incomparable),
        (&tagged("*"), &tagged("${aws:username, 'x'}"), Verdict::Incomparable),
        (
            &from("StringLike", "*/${ec2:InstanceId}"),
            &from("ArnLike", "arn:aws:ec2:*:*:instance/${ec2:InstanceId}"),
            Verdict::Narrower,
        ),
        (
            &from("ArnLike", "arn:aws:ec2:*:${aws:PrincipalAccount}:instance/*"),
            &from("ArnLike", "arn:aws:ec2:*:1:instance/${ec2:InstanceId}"),
            Verdict::Incomparable,
        ),
    ] {
        let comparison = compare(&policy(old), &policy(new));
        assert_eq!(comparison.verdict(), expected, "{old}\n{new}\n{comparison:#?}");
    }
}

#[test]
fn what_cannot_be_told_is_not_proved() {
    let odd = |operator: &str| {
        policy(&allow(&format!(
            r#""Action":"s3:GetObject","Resource":"*","Condition":{{"{operator}":{{"a:b":"c"}}}}"#
        )))
    };
    assert_eq!(included(&odd("StringResembles"), &odd("StringResembles")), Inclusion::Proved);
    let inclusion = included(&odd("StringResembles"), &odd("StringEquals"));
    assert!(matches!(&inclusion, Inclusion::NotProved(why) if why.contains("operator")), "{inclusion:?}");
    let principal = policy(r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#);
    assert!(matches!(included(&principal, &odd("StringEquals")), Inclusion::NotProved(_)));
}

#[test]
fn one_text_is_not_one_thing_under_two_operators() {
    let with = |operator: &str, value: &str| {
        policy(&allow(&format!(
            r#""Action":"s3:GetObject","Resource":"*","Condition":{{"{operator}":{{"a:b":"{value}"}}}}"#
        )))
    };
    let arn = "arn:aws:iam::${aws:PrincipalAccount}:role/ß*";
    for (one, other) in [("ArnLike", "StringEqualsIgnoreCase"), ("StringEqualsIgnoreCase", "ArnLike")] {
        assert_ne!(included(&with(one, arn), &with(other, arn)), Inclusion::Proved, "{one} {other}");
    }
    assert_eq!(included(&with("ArnLike", arn), &with("ArnEquals", arn)), Inclusion::Proved);
}

#[test]
fn actions_that_aws_may_add() {
    let listed = policy(&allow(r#""Action":["sts:Get*"],"Resource":"*""#));
    let names = crate::catalogue::Catalogue::embedded();
    let all: Vec<String> =
        names.expand("sts:Get*").iter().map(|id| format!("\"{}\"", names.name(id))).collect();
    let literal = policy(&allow(&format!(r#""Action":[{}],"Resource":"*""#, all.join(","))));
    assert_eq!(included_within(&listed, &literal, Scope::KnownActions), Inclusion::Proved);
    assert_eq!(included(&literal, &listed), Inclusion::Proved);
    let Inclusion::Refuted(request) = included(&listed, &literal) else { panic!("it names more") };
    assert!(names.action(&request.action).is_none(), "{}", request.action);
}

#[test]
fn assuming_roles_and_using_keys() {
    // No identity policy alone allows these: the resource's own policy is taken to leave it to the account.
    let more = policy(&allow(r#""Action":["sts:AssumeRole","kms:Decrypt"],"Resource":"*""#));
    let less = policy(&allow(r#""Action":"kms:Decrypt","Resource":"arn:aws:kms:*:*:key/a""#));
    assert_eq!(compare(&less, &more).verdict(), Verdict::Wider);
    let users = policy(&allow(r#""Action":"sts:GetFederationToken","Resource":"*""#));
    assert_eq!(compare(&less, &users).verdict(), Verdict::Incomparable);
}

#[test]
fn stacks() {
    let all = policy(&allow(r#""Action":"*","Resource":"*""#));
    let s3 = policy(&allow(r#""Action":"s3:*","Resource":"*""#));
    let mixed = policy(&allow(r#""Action":["s3:*","ec2:*"],"Resource":"*""#));
    let kms = policy(&allow(r#""Action":"kms:*","Resource":"*""#));
    let stack = |identity: &[Document], boundary: &[Document], level: &[Document]| Policies {
        identity: identity.to_vec(),
        boundary: boundary.to_vec(),
        service_control: vec![Level { id: "r".to_owned(), policies: level.to_vec() }],
        ..Policies::default()
    };
    let proved = |inner: &Policies, outer: &Policies| stacks_included(inner, outer, Scope::AnyAction);
    assert_eq!(proved(&stack(&all, &mixed, &s3), &stack(&s3, &all, &all)), Inclusion::Proved);
    assert_eq!(proved(&stack(&all, &kms, &s3), &stack(&s3, &s3, &kms)), Inclusion::Proved);
    let wider = proved(&stack(&all, &mixed, &all), &stack(&all, &s3, &all));
    assert!(matches!(wider, Inclusion::Refuted(_)), "{wider:?}");
}

/// What there can be of a key (`reference_policies_condition-keys`), and the characters of resources.
#[test]
fn requests_that_cannot_be_prove_nothing() {
    let on = |resource: &str| allow(&format!(r#""Action":"s3:GetObject","Resource":{resource}"#));
    let with = |condition: &str| {
        allow(&format!(r#""Action":"s3:GetObject","Resource":"*","Condition":{condition}"#))
    };
    let all = on(r#""*""#);
    let deny = |condition: &str| {
        format!(r#"{{"Effect":"Deny","Action":"s3:GetObject","Resource":"*","Condition":{condition}}}"#)
    };
    for (old, new, expected) in [
        (
            with(r#"{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}"#),
            with(r#"{"ForAllValues:StringEquals":{"aws:RequestedRegion":"eu-west-1"}}"#),
            Verdict::Equal,
        ),
        (with(r#"{"Null":{"aws:PrincipalArn":"false"}}"#), all.clone(), Verdict::Equal),
        (
            with(r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#),
            with(
                r#"{"StringNotEquals":{"aws:MultiFactorAuthPresent":"false"},"Null":{"aws:MultiFactorAuthPresent":"false"}}"#,
            ),
            Verdict::Equal,
        ),
        (
            with(r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#),
            with(r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}"#),
            Verdict::Wider,
        ),
        (
            with(r#"{"Bool":{"aws:SecureTransport":"true"}}"#),
            format!("{all},{}", deny(r#"{"Bool":{"aws:SecureTransport":"false"}}"#)),
            Verdict::Equal,
        ),
        // These may be absent, or several.
        (with(r#"{"Null":{"aws:SourceIp":"false"}}"#), all.clone(), Verdict::Wider),
        (
            with(r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":"team"}}"#),
            with(r#"{"ForAllValues:StringEquals":{"aws:TagKeys":"team"}}"#),
            Verdict::Incomparable,
        ),
        // Literal stars.
        (on(r#""arn:aws:s3:::b/x""#), on(r#"["arn:aws:s3:::b/x","arn:aws:s3:::b/${*}"]"#), Verdict::Wider),
        (on(r#""arn:aws:s3:::b/*""#), on(r#"["arn:aws:s3:::b/*","arn:aws:s3:::b/${*}"]"#), Verdict::Equal),
        (on(r#""arn:aws:s3:::b/${*}""#), on(r#""arn:aws:s3:::b/?""#), Verdict::Wider),
        (on(r#""arn:aws:s3:::b/x${?}""#), on(r#""arn:aws:s3:::b/x?""#), Verdict::Wider),
    ] {
        let comparison = compare(&policy(&old), &policy(&new));
        assert_eq!(comparison.verdict(), expected, "{old}\n{new}\n{comparison:#?}");
    }
}

/// What AWS compares where a call names no resource.
#[test]
fn calls_without_a_resource() {
    let on = |action: &str, resource: &str| allow(&format!(r#""Action":"{action}","Resource":"{resource}""#));
    for (action, old, new, expected) in [
        ("s3:ListAllMyBuckets", "*", "arn:aws:s3:::*", Verdict::Narrower),
        ("s3:ListAllMyBuckets", "arn:*:s3:::*", "arn:*", Verdict::Equal),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::one", "arn:aws:s3:::two", Verdict::Equal),
        ("iam:ListRoles", "arn:aws:iam::*:role/*", "arn:aws:iam::*:role/", Verdict::Equal),
        ("iam:ListRoles", "arn:aws:iam::*:role/x*", "arn:aws:iam::*:role/*", Verdict::Wider),
        ("logs:DescribeLogGroups", "arn:aws:logs:eu-west-1:*:*", "arn:aws:logs:*:*:*", Verdict::Wider),
        ("ec2:DescribeInstances", "arn:aws:ec2:*:*:instance/a", "arn:aws:ec2:*:*:*", Verdict::Equal),
        ("ec2:DescribeInstances", "arn:aws:ec2:*:*:*", "*", Verdict::Wider),
        // Nobody says: the same, or less, is no more; the rest cannot be told.
        ("ssm:ListCommands", "*", "arn:aws:ssm:*:*:*", Verdict::NotWider),
        ("ssm:ListCommands", "arn:aws:ssm:*:*:*", "*", Verdict::NotProved),
    ] {
        let comparison = compare(&policy(&on(action, old)), &policy(&on(action, new)));
        assert_eq!(comparison.verdict(), expected, "{action} {old} {new}\n{comparison:#?}");
    }
}

/// Why it is not told is said alike of an action that has no resource types, of one that may name a resource or none, and
/// of one that AWS may add.
#[test]
fn what_a_call_without_a_resource_is_compared_with_may_be_unknown() {
    let on = |action: &str, resource: &str| allow(&format!(r#""Action":"{action}","Resource":"{resource}""#));
    for (action, resource) in
        [("ssm:ListCommands", "arn:*"), ("s3:AbortMultipartUpload", "arn:*"), ("s3:MadeTomorrow", "arn:*")]
    {
        let answer = included(&policy(&on(action, "*")), &policy(&on(action, resource)));
        let is_said = |why: &str| why.contains("nobody says what AWS compares");
        assert!(
            matches!(&answer, Inclusion::NotProved(why) if is_said(why)),
            "{action} {resource}: {answer:?}"
        );
    }
}

/// Long patterns end in an answer, or in "not proved", before anybody waits.
#[test]
fn long_patterns_are_bounded() {
    let on =
        |resource: &str| allow(&format!(r#""Action":"s3:GetObject","Resource":"arn:aws:s3:::b/{resource}""#));
    let questions = "*?".repeat(1_000);
    let same = compare(&policy(&on(&questions)), &policy(&on(&format!("{}*", "?".repeat(1_000)))));
    assert_eq!(same.verdict(), Verdict::Equal);
    let letters: String = (0..400).map(|number| if number % 2 == 0 { "*a?" } else { "*b" }).collect();
    let other: String = (0..400).map(|number| if number % 3 == 0 { "*a" } else { "?*b" }).collect();
    let hard = included(&policy(&on(&letters)), &policy(&on(&other)));
    assert!(!matches!(hard, Inclusion::Proved), "{hard:?}");
}
