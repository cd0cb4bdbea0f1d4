//! Shorter, and the same.

use proptest::prelude::*;

use super::{Options, Sameness, minimise, size};
use crate::compare::{Inclusion, Scope, included_within};
use crate::document::Document;
use crate::parse::{Strictness, parse};
use crate::print::print;

fn policy(statements: &str) -> Document {
    parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#), Strictness::Strict).unwrap()
}

fn short(statements: &[&str], options: Options) -> (Vec<String>, Sameness) {
    let documents: Vec<Document> = statements.iter().map(|text| policy(text)).collect();
    let minimised = minimise(&documents, options);
    let statements = minimised.documents.iter().map(|document| {
        let text = print(document);
        text.strip_prefix(r#"{"Version":"2012-10-17","Statement":["#)
            .unwrap()
            .strip_suffix("]}")
            .unwrap()
            .to_owned()
    });
    (statements.collect(), minimised.sameness)
}

#[test]
fn rewritings() {
    for (given, expected) in [
        // What another pattern names.
        (
            r#"{"Effect":"Allow","Action":["s3:GetObject","s3:Get*","S3:getobject"],"Resource":["*"]}"#,
            r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}"#,
        ),
        // Either value of `Bool` or `Null` is no condition where the key is always there; where it may be absent, two statements
        // stay. AWS's validator takes one value.
        (
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}},{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#,
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#,
        ),
        (
            r#"{"Effect":"Deny","Action":"s3:PutObject","Resource":"*","Condition":{"Null":{"s3:x-amz-acl":"true"}}},{"Effect":"Deny","Action":"s3:PutObject","Resource":"*","Condition":{"Null":{"s3:x-amz-acl":"false"}}}"#,
            r#"{"Effect":"Deny","Action":"s3:PutObject","Resource":"*"}"#,
        ),
        (
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}},{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}"#,
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}},{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}"#,
        ),
        // A Deny on a key that is called `*` is not the Allow's.
        (
            r#"{"Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/secret${*}"},{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#,
            r#"{"Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/secret${*}"},{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#,
        ),
        // What another statement grants; its Sid goes with it.
        (
            r#"{"Sid":"All","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"One","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#,
            r#"{"Sid":"All","Effect":"Allow","Action":"s3:*","Resource":"*"}"#,
        ),
        // Merged, with a Sid that says both.
        (
            r#"{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"},{"Sid":"Write","Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}"#,
            r#"{"Sid":"ReadAndWrite","Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::b/*"}"#,
        ),
        (
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"},{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::b/*","arn:aws:s3:::b/x"]}"#,
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::a/*","arn:aws:s3:::b/*"]}"#,
        ),
        // Values of conditions.
        (
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}},{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":["10.1.0.0/16","192.0.2.0/24"]}}}"#,
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","192.0.2.0/24"]}}}"#,
        ),
        // A Deny stays, though nothing here allows what it denies: another policy may.
        (
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Deny","Action":["iam:*","iam:GetUser"],"Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#,
        ),
        // What is denied anyway need not be granted.
        (
            r#"{"Effect":"Allow","Action":["s3:GetObject","iam:GetUser"],"Resource":"*"},{"Effect":"Allow","Action":"iam:GetRole","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#,
        ),
        // Of lists all of whose values must pass, neither statement may be left out, nor both be merged.
        (
            r#"{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"a"}}},{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"b"}}}"#,
            r#"{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"a"}}},{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"b"}}}"#,
        ),
    ] {
        let (statements, sameness) = short(&[given], Options::default());
        assert_eq!((statements, sameness), (vec![expected.to_owned()], Sameness::EveryAction), "{given}");
    }
}

#[test]
fn several_documents_become_one() {
    let (a, b) = (
        r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}"#,
    );
    let (statements, _) = short(&[a, b], Options::default());
    assert_eq!(statements, [r#"{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"*"}"#]);
}

#[test]
fn wildcards_only_when_asked_for() {
    let names: Vec<String> = {
        let catalogue = crate::catalogue::Catalogue::embedded();
        catalogue.expand("sqs:*").iter().map(|id| format!("\"{}\"", catalogue.name(id))).collect()
    };
    let given = format!(r#"{{"Effect":"Allow","Action":[{}],"Resource":"*"}}"#, names.join(","));
    let (literal, sameness) = short(&[&given], Options::default());
    assert_eq!((literal, sameness), (vec![given.clone()], Sameness::EveryAction));
    let (wild, sameness) = short(&[&given], Options { wildcards: true, ..Options::default() });
    assert_eq!(wild, [r#"{"Effect":"Allow","Action":"sqs:*","Resource":"*"}"#]);
    assert!(matches!(sameness, Sameness::KnownActions(version) if version.starts_with("0.1.2026")));
}

#[test]
fn large_policies_are_spread() {
    let catalogue = crate::catalogue::Catalogue::embedded();
    let names: Vec<String> =
        catalogue.expand("ec2:*").iter().take(500).map(|id| format!("\"{}\"", catalogue.name(id))).collect();
    let given =
        policy(&format!(r#"{{"Sid":"Ec2","Effect":"Allow","Action":[{}],"Resource":"*"}}"#, names.join(",")));
    let minimised = minimise(std::slice::from_ref(&given), Options::default());
    assert!(minimised.fits && minimised.documents.len() > 1, "{:?}", minimised.after);
    assert_eq!(included_within(&[given], &minimised.documents, Scope::AnyAction), Inclusion::Proved);
}

#[test]
fn the_version_of_variables_is_kept() {
    let old = parse(
        r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}"}]}"#,
        Strictness::Strict,
    )
    .unwrap();
    let new =
        policy(r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}"}"#);
    let minimised = minimise(&[old, new], Options::default());
    assert_eq!(minimised.documents.len(), 2, "{:?}", minimised.documents);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn never_longer_and_always_the_same(seed in any::<u64>()) {
        let pair = kagimori_testkit::pairs::Pairs::new(seed).pair();
        let documents: Vec<Document> =
            pair.left.iter().map(|text| parse(&text.to_string(), Strictness::Lenient).unwrap()).collect();
        for wildcards in [false, true] {
            let minimised = minimise(&documents, Options { wildcards, ..Options::default() });
            prop_assert!(size(&minimised.documents).characters <= size(&documents).characters);
            let scope = if wildcards { Scope::KnownActions } else { Scope::AnyAction };
            for (a, b) in [(&documents, &minimised.documents), (&minimised.documents, &documents)] {
                let inclusion = included_within(a, b, scope);
                prop_assert!(inclusion == Inclusion::Proved || matches!(minimised.sameness, Sameness::Unchanged(_)));
            }
        }
    }
}
