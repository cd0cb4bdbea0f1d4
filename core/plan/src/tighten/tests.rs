//! Proposals over small estates, made by hand; and the four laws over random ones.

use std::collections::BTreeMap;

use std::collections::BTreeSet;

use kagimori_estate::Estate;
use kagimori_estate::access::Access;
use kagimori_estate::change::{apply_all, inverse_all};
use kagimori_id::{AccessKeyId, Arn};
use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::compare::Inclusion;
use kagimori_policy::document::Document;
use kagimori_policy::parse::{Strictness, parse};
use kagimori_policy::print;
use kagimori_policy::request::Fact;
use kagimori_trail::call::{Call, Certainty, Check, CheckedResource, Outcome};
use kagimori_trail::sight::Sight;
use proptest::prelude::*;

use super::{
    Added, Conditions, ElementKind, Generality, Input, Options, Refusal, Tightened, UnseenWhy, tighten,
    verify,
};
use crate::replay::tests::{USER, allow, arn, call, classes, document, estate};
use crate::replay::{Class, Telling};

const ALL: Conditions =
    Conditions { region: true, passed_to: true, via: true, endpoint: true, mfa: true, address: false };

pub(super) fn options() -> Options {
    Options {
        resources: Generality::Prefix,
        prefix_from: 3,
        conditions: ALL,
        keep: Vec::new(),
        keep_unseen: false,
    }
}

fn propose(estate: &Estate, calls: &[Call], options: &Options) -> Result<Tightened, Refusal> {
    let mut sight = Sight::default();
    calls.iter().for_each(|call| sight.add(call));
    propose_seen(estate, calls, options, &sight)
}

fn propose_seen(
    estate: &Estate,
    calls: &[Call],
    options: &Options,
    sight: &Sight,
) -> Result<Tightened, Refusal> {
    propose_told(estate, calls, options, (sight, None))
}

fn propose_told(
    estate: &Estate,
    calls: &[Call],
    options: &Options,
    (sight, last_accessed): (&Sight, Option<&BTreeMap<String, super::LastAccessed>>),
) -> Result<Tightened, Refusal> {
    let access = Access::of(estate);
    let classes = classes(calls, Telling::default());
    let calls: Vec<&Class> = classes.iter().collect();
    let input = Input {
        estate,
        access: &access,
        subject: access.subject(USER).unwrap(),
        calls: &calls,
        days: 90,
        sight,
        last_accessed,
        settings: &crate::settings::Settings::default(),
        now: jiff::Timestamp::UNIX_EPOCH,
    };
    tighten(&input, options)
}

/// Beside what AWS saw used, by service, that the trail has no call of.
fn propose_beside(estate: &Estate, calls: &[Call], not_held: &[&str]) -> Result<Tightened, Refusal> {
    let mut sight = Sight::default();
    sight.add(&ok(1, "iam:ListUsers", CheckedResource::None));
    let lacking = super::LastAccessed { at: Some(1), is_not_held: true };
    let told = not_held.iter().map(|service| ((*service).to_owned(), lacking)).collect();
    propose_told(estate, calls, &Options { keep_unseen: true, ..options() }, (&sight, Some(&told)))
}

/// `access_policies_last-accessed`: AWS has seen the service used. That the trail holds no such call shows that the trail is not whole.
#[test]
fn what_aws_saw_used_and_the_trail_lacks_stays() {
    let estate = estate(&document(
        r#"{"Effect":"Allow","Action":["iam:ListUsers","ec2:DescribeInstances"],"Resource":"*"}"#,
    ));
    let calls = [ok(1, "iam:ListUsers", CheckedResource::None)];
    let kept = |not_held: &[&str]| {
        printed(&propose_beside(&estate, &calls, not_held).unwrap()).contains("ec2:DescribeInstances")
    };
    assert!(!kept(&[]) && !kept(&["sns"]) && kept(&["ec2"]));
    let proposal = propose_beside(&estate, &calls, &["ec2"]).unwrap();
    let told: Vec<_> =
        proposal.unseen.iter().map(|one| (one.service.as_str(), one.is_kept, one.why)).collect();
    assert_eq!(told, [("ec2", true, UnseenWhy::LastAccessed)]);
    // Of whom the trail has no call at all nobody says that they did nothing.
    assert!(matches!(propose_beside(&estate, &[], &[]), Err(Refusal::NoCalls)));
    match propose_beside(&estate, &[], &["ec2"]) {
        Err(Refusal::CannotTell { named }) => assert!(named.contains("ec2:*"), "{named:?}"),
        other => panic!("{other:?}"),
    }
}

fn printed(proposal: &Tightened) -> String {
    proposal.new.iter().map(print::print).collect::<Vec<_>>().join("\n")
}

fn ok(time: i64, action: &str, resource: CheckedResource) -> Call {
    call(time, action, resource, Outcome::Succeeded)
}

/// Every statement's `Sid` without the number at its end.
fn sids(proposal: &Tightened) -> Vec<&str> {
    let statements = proposal.new.iter().flat_map(|document| &document.statements);
    let sids = statements.filter_map(|statement| statement.sid.as_deref());
    sids.map(|sid| sid.trim_end_matches(|one: char| one.is_ascii_digit())).collect()
}

#[test]
fn sids_differ_in_more_than_a_number() {
    let many = [
        ("ec2:StartInstances", "instance/i-0123456789abcdef"),
        ("ec2:DeleteVolume", "volume/vol-0a2e54895871839"),
        ("ec2:DeleteSecurityGroup", "security-group/sg-112345678"),
        ("ec2:DeleteSubnet", "subnet/subnet-112345678"),
        ("ec2:AttachVolume", "volume/vol-0a2e54895871838"),
        ("sqs:SendMessage", "a"),
        ("sns:Publish", "b"),
    ];
    let mut calls = Vec::new();
    for (action, name) in many {
        let service = action.split(':').next().unwrap();
        for number in 1..=2 {
            let text = format!("arn:aws:{service}:ap-northeast-1:111122223333:{name}{number}");
            calls.push(ok(1, action, arn(&text)));
        }
    }
    let policy = document(
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"SqsWrite7","Effect":"Deny","Action":"iam:*","Resource":"*"}"#,
    );
    let proposal = propose(&estate(&policy), &calls, &options()).unwrap();
    let all = sids(&proposal);
    let distinct: BTreeSet<&str> = all.iter().copied().collect();
    assert!(all.len() >= 4 && distinct.len() == all.len(), "{all:?}");
    let of = |number| crate::tighten::compose::letters(number);
    assert_eq!([of(0), of(25), of(26), of(701), of(702)], ["A", "Z", "AA", "ZZ", "AAA"]);
}

#[test]
fn what_was_done_stays_and_the_rest_goes() {
    let estate = estate(&allow("*", "*", ""));
    let calls = [
        ok(1, "dynamodb:DescribeTable", arn("arn:aws:dynamodb:ap-northeast-1:111122223333:table/tide")),
        ok(2, "dynamodb:Query", arn("arn:aws:dynamodb:ap-northeast-1:111122223333:table/tide")),
        ok(3, "ec2:DescribeInstances", CheckedResource::None),
        // everybody may ask who it is
        ok(4, "sts:GetCallerIdentity", CheckedResource::None),
        call(5, "iam:CreateUser", arn("arn:aws:iam::111122223333:user/x"), Outcome::Denied),
    ];
    let proposal = propose(&estate, &calls, &options()).unwrap();
    assert_eq!(
        printed(&proposal),
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"DynamodbReadTide","Effect":"Allow","Action":["dynamodb:DescribeTable","dynamodb:Query"],"Resource":"arn:aws:dynamodb:ap-northeast-1:111122223333:table/tide"},{"Sid":"Ec2List","Effect":"Allow","Action":"ec2:DescribeInstances","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"ap-northeast-1"}}}]}"#
    );
    assert_eq!(proposal.soundness, Inclusion::Proved);
    assert_eq!(proposal.denied.len(), 1);
    assert_eq!(proposal.denied[0].action, "iam:CreateUser");
    assert!(proposal.dropped.by_service["iam"] > 100);
    let sentences: Vec<String> = proposal.changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        sentences,
        [
            format!("put the inline policy `kagimori-least-privilege` on {USER}"),
            format!("delete the inline policy `work` of {USER}"),
        ]
    );
    let resource = proposal.elements.iter().find(|element| element.part == "resource").unwrap();
    let support = resource.support.as_ref().unwrap();
    assert_eq!((support.calls, support.first.event_id.as_deref()), (2, Some("event-1")));
}

#[test]
fn the_conditions_and_denies_of_the_old_stay() {
    let old = document(
        r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:username":"red"}}},
           {"Effect":"Deny","Action":"ec2:*","Resource":"*"}"#,
    );
    let estate = estate(&old);
    let calls = [ok(1, "s3:GetObject", arn("arn:aws:s3:::b/k"))];
    // it is another's, so the call is not explained: nothing is granted for it
    let proposal = propose(&estate, &calls, &options());
    let unexplained = [("s3:GetObject".to_owned(), 1)].into();
    assert_eq!(proposal.unwrap_err(), Refusal::Contradiction { unexplained });
    let old = old.replace("aws:username", "s3:authType");
    let proposal = propose(&super::tests::estate(&old), &calls, &options()).unwrap();
    assert!(
        printed(&proposal).contains(r#"{"Sid":"KeptDeny1","Effect":"Deny","Action":"ec2:*","Resource":"*"}"#)
    );
    assert!(
        printed(&proposal)
            .contains(r#""StringEquals":{"s3:authType":"red","aws:RequestedRegion":"ap-northeast-1"}"#),
        "{}",
        printed(&proposal)
    );
    assert_eq!(proposal.soundness, Inclusion::Proved);
}

#[test]
fn names_become_a_prefix_only_within_what_was_granted() {
    let names = |old: &str, resources| {
        let calls: Vec<Call> =
            (0..5).map(|n| ok(n, "s3:PutObject", arn(&format!("arn:aws:s3:::b/drop/{n}.json")))).collect();
        let proposal = propose(&estate(old), &calls, &Options { resources, ..options() }).unwrap();
        assert_eq!(proposal.soundness, Inclusion::Proved);
        let resource = proposal.elements.iter().filter(|element| element.part == "resource");
        resource
            .map(|element| (element.text.clone(), element.support.as_ref().unwrap().names))
            .collect::<Vec<_>>()
    };
    let all = allow("s3:*", "*", "");
    assert_eq!(names(&all, Generality::Prefix), [("arn:aws:s3:::b/drop/*".to_owned(), 5)]);
    assert_eq!(names(&all, Generality::Type), [("arn:aws:s3:::b/*".to_owned(), 5)]);
    assert_eq!(names(&all, Generality::Exact).len(), 5);
    let narrow = allow("s3:PutObject", "arn:aws:s3:::b/drop/?.json", "");
    assert_eq!(names(&narrow, Generality::Type).len(), 5, "a bucket is more than was granted");
}

#[test]
fn odd_names_match_themselves_alone() {
    let estate = estate(&allow("s3:*", "*", ""));
    let calls = [ok(1, "s3:GetObject", arn("arn:aws:s3:::b/${x}*?"))];
    let proposal = propose(&estate, &calls, &options()).unwrap();
    assert!(
        printed(&proposal).contains(r#""Resource":"arn:aws:s3:::b/${$}{x}${*}${?}""#),
        "{}",
        printed(&proposal)
    );
}

#[test]
fn a_resource_that_is_not_told_keeps_what_was_granted() {
    let old = document(
        r#"{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::a/*","arn:aws:s3:::b/*"]},
           {"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::c/*"}"#,
    );
    let proposal =
        propose(&estate(&old), &[ok(1, "s3:GetObject", CheckedResource::Unknown)], &options()).unwrap();
    let text = printed(&proposal);
    assert!(
        text.contains(r#""arn:aws:s3:::a/*","arn:aws:s3:::b/*""#) && text.contains("arn:aws:s3:::c/*"),
        "{text}"
    );
    assert!(!text.contains("s3:*"));
}

/// Whatever it was about, the snapshot denies it: it needs nothing that could be drawn, and nothing is taken away for it.
#[test]
fn what_is_denied_wherever_it_is_allowed_explains_nothing() {
    let places = r#"["arn:aws:s3:::b/raw/*","arn:aws:dynamodb:*:*:table/t*"]"#;
    let old = document(&format!(
        r#"{{"Effect":"Deny","Action":"s3:PutObject","Resource":{places}}},{{"Effect":"Allow","NotAction":"iam:*","Resource":{places}}}"#
    ));
    let put = |time| ok(time, "s3:PutObject", CheckedResource::Unknown);
    let unexplained = [("s3:PutObject".to_owned(), 2)].into();
    let alone = propose(&estate(&old), &[put(1), put(2)], &options());
    assert_eq!(alone.unwrap_err(), Refusal::Contradiction { unexplained });
    let table = arn("arn:aws:dynamodb:ap-northeast-1:111122223333:table/t1");
    let read = ok(3, "dynamodb:DescribeTable", table);
    let proposal = propose(&estate(&old), &[put(1), read], &options()).unwrap();
    assert_eq!(proposal.unexplained, [("s3:PutObject".to_owned(), 1)].into());
    assert!(!printed(&proposal).contains(r#""Allow","Action":"s3:PutObject""#), "{}", printed(&proposal));
}

/// A Region that only other actions of the service were used in kept a statement that two others say all of.
#[test]
fn a_value_that_no_need_has_keeps_no_statement() {
    let any = r#""NotAction":"iam:*""#;
    let old = document(&format!(
        r#"{{"Effect":"Allow",{any},"Resource":["arn:aws:s3:::b/raw/*","arn:aws:dynamodb:*:*:table/t*"]}},
           {{"Effect":"Allow",{any},"NotResource":"arn:aws:s3:::b/raw/1"}},
           {{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::${{aws:username}}/*","arn:aws:s3:::b/*"],
             "Condition":{{"StringNotEquals":{{"aws:RequestedRegion":"us-west-2"}}}}}}"#
    ));
    let within = |region: &str, call: Call| Call { region: Some(region.into()), ..call };
    let calls = [
        within("us-west-2", ok(1, "s3:GetObject", arn("arn:aws:s3:::b/raw/0"))),
        within("us-east-1", ok(2, "s3:PutObject", arn("arn:aws:s3:::b/raw/2"))),
        within("us-east-1", ok(3, "s3:PutObject", CheckedResource::Unknown)),
    ];
    let proposal = propose(&estate(&old), &calls, &options()).unwrap();
    let statements = || proposal.new.iter().flat_map(|document| &document.statements);
    let puts: Vec<String> = statements()
        .map(|one| print::print(&super::document(vec![one.clone()])))
        .filter(|text| text.contains("s3:PutObject"))
        .collect();
    assert_eq!(puts.len(), 2, "{puts:#?}");
    assert!(!puts.iter().any(|one| one.contains("table/t*")), "{puts:#?}");
}

/// A call with a check that AWS may have made besides.
fn perhaps(action: &str, on: &str, (besides, of): (&str, CheckedResource)) -> Call {
    let mut call = ok(1, action, arn(on));
    let certainty = Certainty::Possible;
    let besides = Check {
        action: besides.into(),
        resource: of,
        resource_account: None,
        context: Vec::new(),
        certainty,
    };
    call.checks.push(besides);
    call
}

/// What is only possible stands apart under a name that says so, on what the event tells and no more.
#[test]
fn what_calls_may_have_needed_stays_apart_and_is_told() {
    let family = || CheckedResource::Pattern("arn:aws:rds:ap-northeast-1:111122223333:db:*".into());
    let (db, key) =
        ("arn:aws:rds:ap-northeast-1:111122223333:db:a", "arn:aws:kms:ap-northeast-1:111122223333:key/k");
    let calls = [
        perhaps("rds:ModifyDBInstance", db, ("rds:ModifyDBInstance", family())),
        perhaps("rds:StartDBInstance", db, ("kms:CreateGrant", arn(key))),
        // what is sure of another call is sure
        perhaps("rds:RebootDBInstance", db, ("rds:StartDBInstance", arn(db))),
    ];
    let proposal = propose(&estate(&allow("*", "*", "")), &calls, &options()).unwrap();
    let told = |kind: ElementKind, part: &str| -> Vec<&str> {
        let all = proposal.elements.iter().filter(|element| element.kind == kind && element.part == part);
        let is_told = |element: &&super::Element| {
            element.sid.starts_with("Possible") == (kind == ElementKind::Possible)
                && element.support.is_some()
        };
        all.filter(is_told).map(|element| element.text.as_str()).collect()
    };
    let needed = ["rds:ModifyDBInstance", "rds:RebootDBInstance", "rds:StartDBInstance"];
    assert_eq!(told(ElementKind::Needed, "action"), needed);
    assert_eq!(told(ElementKind::Needed, "resource"), [db], "{}", printed(&proposal));
    assert_eq!(told(ElementKind::Possible, "action"), ["kms:CreateGrant", "rds:ModifyDBInstance"]);
    assert_eq!(
        told(ElementKind::Possible, "resource"),
        [key, "arn:aws:rds:ap-northeast-1:111122223333:db:*"]
    );
    assert_eq!(proposal.soundness, Inclusion::Proved);
}

/// The call succeeded without it: AWS did not ask for it.
#[test]
fn what_was_not_allowed_was_not_needed() {
    let db = "arn:aws:rds:ap-northeast-1:111122223333:db:a";
    let calls = [perhaps("rds:StartDBInstance", db, ("kms:CreateGrant", CheckedResource::Unknown))];
    let proposal = propose(&estate(&allow("rds:*", "*", "")), &calls, &options()).unwrap();
    assert!(!printed(&proposal).contains("kms:"), "{}", printed(&proposal));
    assert!(
        proposal.unexplained.is_empty()
            && proposal.elements.iter().all(|one| one.kind == ElementKind::Needed)
    );
    // where the same statement grants it, on what it grants
    let old = document(&granting(&["rds:*", "kms:CreateGrant"], &["*"]));
    let text = printed(&propose(&estate(&old), &calls, &options()).unwrap());
    assert!(
        text.contains(r#"{"Sid":"PossibleKms"#) && text.contains(r#""Action":"kms:CreateGrant""#),
        "{text}"
    );
}

#[test]
fn conditions_are_drawn_when_every_call_agrees() {
    let pass = |time, service: &str| {
        let mut call =
            ok(time, "lambda:CreateFunction", arn("arn:aws:lambda:ap-northeast-1:111122223333:function:f"));
        call.checks.push(Check {
            context: vec![("iam:passedtoservice".into(), Fact::One(service.to_owned()))],
            ..Check::certain("iam:PassRole", arn("arn:aws:iam::111122223333:role/f"))
        });
        call
    };
    let estate = estate(&allow("*", "*", ""));
    let text = printed(&propose(&estate, &[pass(1, "lambda.amazonaws.com")], &options()).unwrap());
    assert!(text.contains(r#""iam:PassedToService":"lambda.amazonaws.com""#), "{text}");
    let without = Options { conditions: Conditions { passed_to: false, ..ALL }, ..options() };
    let text = printed(&propose(&estate, &[pass(1, "lambda.amazonaws.com")], &without).unwrap());
    assert!(!text.contains("PassedToService"), "{text}");
    let mut calls: Vec<Call> =
        (0..30).map(|n| ok(n, "ec2:DescribeInstances", CheckedResource::None)).collect();
    for call in &mut calls {
        call.caller.vpc_endpoint = Some("vpce-0123456789abcdef0".into());
        call.caller.address = Some("10.0.1.5".into());
        call.caller.mfa = Some(true);
        call.caller.access_key = Some(AccessKeyId::parse("ASIAIOSFODNN7EXAMPLE").unwrap());
    }
    let proposal = propose(&estate, &calls, &options()).unwrap();
    let text = printed(&proposal);
    assert!(text.contains(r#""aws:SourceVpce":"vpce-0123456789abcdef0""#), "{text}");
    let condition =
        proposal.elements.iter().find(|element| element.text.starts_with("aws:SourceVpce")).unwrap();
    assert_eq!(condition.support.as_ref().unwrap().calls, 30);
    calls[3].caller.vpc_endpoint = None;
    assert!(!printed(&propose(&estate, &calls, &options()).unwrap()).contains("SourceVpce"));
}

#[test]
fn what_the_trail_does_not_show_is_kept_or_listed_never_dropped_in_silence() {
    let keeping = Options { keep_unseen: true, ..options() };
    let wide = estate(&allow("*", "*", ""));
    let calls = [ok(1, "s3:GetBucketLocation", arn("arn:aws:s3:::b"))];
    let proposal = propose(&wide, &calls, &keeping).unwrap();
    let kept = |proposal: &Tightened, action: &str| {
        let of = |unseen: &&super::Unseen| unseen.actions.iter().any(|one| one == action);
        proposal.unseen.iter().find(of).map(|unseen| (unseen.is_kept, unseen.why))
    };
    assert_eq!(kept(&proposal, "s3:GetObject"), Some((true, UnseenWhy::LevelInUse)));
    assert_eq!(kept(&proposal, "s3:PutObject"), Some((false, UnseenWhy::OtherLevels)));
    // of a service that nobody used, nothing that is only a part of `*`
    assert_eq!(kept(&proposal, "dynamodb:GetItem"), None);
    // a role that is handed over is seen in the call that hands it over
    assert_eq!(kept(&proposal, "iam:PassRole"), None);
    assert!(printed(&proposal).contains("\"UnseenS3"), "{}", printed(&proposal));
    let unseen = proposal.elements.iter().find(|element| element.text == "s3:GetObject").unwrap();
    assert_eq!(unseen.kind, ElementKind::Unseen);
    let proposal = propose(&wide, &calls, &options()).unwrap();
    assert_eq!(kept(&proposal, "s3:GetObject"), Some((false, UnseenWhy::LeftOut)));
    let keep = Options { keep: vec!["s3:Put*".to_owned(), "nothing:*".to_owned()], ..options() };
    let text = printed(&propose(&wide, &calls, &keep).unwrap());
    assert!(text.contains("\"KeptS3") && text.contains("s3:PutObject"), "{text}");
    // what a policy names stays, whatever else is in use
    for (actions, resource) in [
        (&["dynamodb:PutItem"][..], "*"),
        (&["s3:*"], "arn:aws:s3:::app/*"),
        (&["*"], "arn:aws:dynamodb:ap-northeast-1:111122223333:table/t"),
        (&["iam:ListUsers", "sqs:PurgeQueue", "logs:PutLogEvents"], "*"),
        (&["sqs:PurgeQueue"], "arn:aws:sqs:us-west-2:111122223333:q"),
    ] {
        let old = [granting(actions, &[resource]), granting(&["s3:GetBucketLocation"], &["*"])].join(",");
        let proposal = propose(&estate(&document(&old)), &calls, &keeping).unwrap();
        let named = proposal.unseen.iter().find(|unseen| unseen.why == UnseenWhy::Named).unwrap();
        assert!(named.is_kept, "{actions:?}: {:?}", proposal.unseen);
        assert!(printed(&proposal).contains(&named.actions[0]), "{actions:?}: {}", printed(&proposal));
    }
}

/// Whoever is seen listing buckets may be writing objects: what is shown of a service does not tell at which levels the rest is used.
#[test]
fn of_a_service_that_a_policy_names_all_that_is_not_shown_stays() {
    let keeping = Options { keep_unseen: true, ..options() };
    let calls = [ok(1, "s3:ListAllMyBuckets", CheckedResource::None)];
    let of = |actions: &[&str], action: &str| {
        let mut sight = Sight::default();
        calls.iter().for_each(|call| sight.add(call));
        sight.add(&ok(2, "ec2:CreateVpc", CheckedResource::None));
        let estate = estate(&document(&granting(actions, &["*"])));
        let proposal = propose_seen(&estate, &calls, &keeping, &sight).unwrap();
        let is_it = |unseen: &&super::Unseen| unseen.actions.iter().any(|one| one == action);
        proposal.unseen.iter().find(is_it).map(|unseen| (unseen.is_kept, unseen.why))
    };
    assert_eq!(of(&["s3:*"], "s3:PutObject"), Some((true, UnseenWhy::ServiceInUse)));
    // A pattern most of which is never shown was meant; of another service nothing is seen, and that is told.
    let agent = ["s3:*", "ssmmessages:*", "execute-api:*", "bedrock:*"];
    assert_eq!(of(&agent, "ssmmessages:OpenDataChannel"), Some((true, UnseenWhy::Named)));
    assert_eq!(of(&agent, "execute-api:Invoke"), Some((true, UnseenWhy::Named)));
    assert_eq!(of(&agent, "bedrock:InvokeAgent"), Some((false, UnseenWhy::NothingShown)));
    // Where only the account's own events leave a service open, its pattern says no more than before.
    let person = ["s3:*", "ec2:*"];
    assert_eq!(of(&person, "ec2:InjectApiError"), Some((false, UnseenWhy::NothingShown)));
    let reads_only = propose(&estate(&document(&granting(&person, &["*"]))), &calls, &keeping).unwrap();
    assert!(!printed(&reads_only).contains("ec2:"), "{}", printed(&reads_only));
    // `*` names nothing.
    assert_eq!(of(&["*"], "s3:PutObject"), Some((false, UnseenWhy::OtherLevels)));
}

fn granting(actions: &[&str], resources: &[&str]) -> String {
    format!(r#"{{"Effect":"Allow","Action":{actions:?},"Resource":{resources:?}}}"#)
}

/// Data events of one bucket, of reads, prove nothing of another bucket or of writes.
#[test]
fn only_what_would_have_been_seen_goes() {
    let keeping = Options { keep_unseen: true, ..options() };
    let old = document(&granting(
        &["s3:GetObject", "s3:PutObject", "s3:GetBucketLocation"],
        &["arn:aws:s3:::a", "arn:aws:s3:::a/*"],
    ));
    let mut seen = ok(1, "s3:GetObject", arn("arn:aws:s3:::a/k"));
    (seen.is_data, seen.read_only) = (true, Some(true));
    let calls = [ok(2, "s3:GetBucketLocation", arn("arn:aws:s3:::a")), seen.clone()];
    // PutObject is a write: no data event shows that writes are logged
    let text = printed(&propose(&estate(&old), &calls, &keeping).unwrap());
    assert!(text.contains("s3:PutObject"), "{text}");
    // another's write to the same bucket does
    let mut write = ok(3, "s3:PutObject", arn("arn:aws:s3:::a/other"));
    (write.is_data, write.read_only) = (true, Some(false));
    let mut sight = Sight::default();
    calls.iter().chain([&write]).for_each(|call| sight.add(call));
    let proposal = propose_seen(&estate(&old), &calls, &keeping, &sight).unwrap();
    assert!(!printed(&proposal).contains("s3:PutObject"), "{}", printed(&proposal));
    assert!(proposal.unseen.is_empty(), "{:?}", proposal.unseen);
}

#[test]
fn nobody_is_retired_on_blindness_or_contradiction() {
    let none: [Call; 0] = [];
    let elsewhere = [ok(1, "ec2:StartInstances", CheckedResource::None)];
    let mut sight = Sight::default();
    elsewhere.iter().for_each(|call| sight.add(call));
    let refused =
        |old: &str, calls: &[Call]| propose_seen(&estate(old), calls, &options(), &sight).unwrap_err();
    assert_eq!(refused(&allow("ec2:RunInstances", "*", ""), &none), Refusal::NoCalls);
    let objects = refused(&allow("s3:GetObject", "arn:aws:s3:::b/*", ""), &none);
    assert_eq!(objects, Refusal::CannotTell { named: BTreeSet::from(["s3:GetObject".to_owned()]) });
    assert_eq!(refused(&allow("*", "*", ""), &none), Refusal::CannotTell { named: BTreeSet::new() });
    // a group was left after these calls
    let unexplained = refused(&allow("s3:GetBucketLocation", "*", ""), &elsewhere);
    assert_eq!(
        unexplained,
        Refusal::Contradiction { unexplained: [("ec2:StartInstances".to_owned(), 1)].into() }
    );
}

#[test]
fn refusals() {
    let full = estate(&allow("ec2:RunInstances", "*", ""));
    let only = [ok(1, "sts:GetCallerIdentity", CheckedResource::None)];
    // A trail without any event that writes shows no writes.
    let blind = propose(&full, &only, &options()).unwrap_err();
    assert_eq!(blind, Refusal::CannotTell { named: BTreeSet::from(["ec2:RunInstances".to_owned()]) });
    let write = ok(1, "ec2:StartInstances", CheckedResource::None);
    let mut sight = Sight::default();
    only.iter().chain([&write]).for_each(|call| sight.add(call));
    let refused = propose_seen(&full, &only, &options(), &sight).unwrap_err();
    assert_eq!(refused, Refusal::NothingNeeded);
    let keep = Options { keep: vec!["ec2:RunInstances".to_owned()], ..options() };
    assert!(printed(&propose_seen(&full, &only, &keep, &sight).unwrap()).contains("KeptEc2Write"));
}

#[test]
fn every_reason_is_told_in_both_languages() {
    let principal = Arn::parse("arn:aws:iam::111122223333:role/app").unwrap();
    let refusals = [
        Refusal::NotYours,
        Refusal::NoCalls,
        Refusal::NothingNeeded,
        Refusal::CannotTell { named: BTreeSet::new() },
        Refusal::CannotTell { named: BTreeSet::from(["s3:GetObject".to_owned()]) },
        Refusal::Contradiction { unexplained: [("s3:GetObject".to_owned(), 3)].into() },
        Refusal::NotItsOwn { calls: 7 },
        Refusal::Person { groups: Vec::new() },
        Refusal::Person { groups: vec!["developers".to_owned()] },
        Refusal::BreakGlass,
        Refusal::PoliciesNotKnown { names: vec!["ferry-web".to_owned()] },
        Refusal::NoPolicies,
        Refusal::ByGroups { groups: vec!["droppers".to_owned()] },
        Refusal::AddsFindings { added: vec![Added { finding: "data-exfil", about: Vec::new() }] },
        Refusal::AddsFindings { added: vec![Added { finding: "full-access", about: Vec::new() }] },
        Refusal::CannotBeMade { why: "it is there already".to_owned() },
        Refusal::TooLong { characters: 70_000 },
        Refusal::NotKnown { principal },
    ];
    let refusals = refusals.iter().map(|one| (one.sentence(), one.japanese()));
    let unseen = UnseenWhy::ALL.iter().map(|one| (one.to_string(), one.words().1.to_owned()));
    let all: Vec<(String, String)> = refusals.chain(unseen).collect();
    for (english, japanese) in &all {
        assert!(english.is_ascii() && !english.is_empty(), "{english}");
        let is_kana = |one: char| matches!(one, '\u{3040}'..='\u{30ff}');
        assert!(japanese.chars().any(is_kana), "{english}: {japanese}");
    }
    let distinct: BTreeSet<&String> =
        all.iter().flat_map(|(english, japanese)| [english, japanese]).collect();
    assert_eq!(distinct.len(), 2 * all.len());
    // Lists stand in the order of these texts.
    assert!(UnseenWhy::ALL.is_sorted() && UnseenWhy::ALL.map(|one| one.words().0).is_sorted());
}

#[test]
fn what_does_not_fit_into_one_policy_becomes_several_within_the_limits() {
    let before = estate(&allow("dynamodb:*", "*", ""));
    let table = |n: usize| {
        format!(
            "arn:aws:dynamodb:ap-northeast-1:111122223333:table/a-table-with-rather-a-long-name-that-fills-a-policy-{n:03}"
        )
    };
    let exact = Options { resources: Generality::Exact, ..options() };
    let calls: Vec<Call> = (0..90).map(|n| ok(1, "dynamodb:DescribeTable", arn(&table(n)))).collect();
    let proposal = propose(&before, &calls, &exact).unwrap();
    assert!(proposal.new.len() > 1 && proposal.new.len() <= crate::replacement::ATTACHED_MAX);
    assert!(
        proposal.new.iter().all(|one| crate::replacement::length(one) <= crate::replacement::MANAGED_MAX)
    );
    assert_eq!(proposal.soundness, Inclusion::Proved);
    assert_eq!(proposal.necessity.0, proposal.necessity.1);
    let after = apply_all(&before, &proposal.changes).unwrap();
    let back = inverse_all(&before, &proposal.changes).unwrap();
    assert!(apply_all(&after, &back).unwrap() == before);
    // more names than ten policies hold: all of the type instead
    let calls: Vec<Call> = (0..1_000).map(|n| ok(1, "dynamodb:DescribeTable", arn(&table(n)))).collect();
    let text = printed(&propose(&before, &calls, &exact).unwrap());
    assert!(text.contains("table/*") && text.len() < 400, "{text}");
}

/// AWS counts all inline policies of a user together (2,048 characters), the old ones too until they are deleted; and it attaches ten
/// managed policies to one identity.
#[test]
fn a_proposal_is_within_the_quotas_at_every_step() {
    let buckets: Vec<String> = (0..48).map(|n| format!("arn:aws:s3:::a-bucket-of-many-{n:02}/*")).collect();
    let buckets: Vec<&str> = buckets.iter().map(String::as_str).collect();
    let old = document(&granting(&["s3:*", "dynamodb:*"], &[&buckets[..], &["*"]].concat()));
    assert!((1_800..=2_048).contains(&crate::replacement::length(&parse(&old, Strictness::Strict).unwrap())));
    let before = estate(&old);
    let table = |n| format!("arn:aws:dynamodb:ap-northeast-1:111122223333:table/quite-a-long-name-{n}");
    let calls: Vec<Call> = (0..4).map(|n| ok(1, "dynamodb:DescribeTable", arn(&table(n * 1_111)))).collect();
    let exact = Options { resources: Generality::Exact, ..options() };
    let proposal = propose(&before, &calls, &exact).unwrap();
    let sentences: Vec<String> = proposal.changes.iter().map(ToString::to_string).collect();
    assert_eq!(sentences, [format!("put the inline policy `work` on {USER}")], "in the place of the old");
    let after = apply_all(&before, &proposal.changes).unwrap();
    assert!(apply_all(&after, &inverse_all(&before, &proposal.changes).unwrap()).unwrap() == before);

    let attached = |count: usize| {
        let arns: Vec<String> =
            (0..count).map(|n| format!("arn:aws:iam::111122223333:policy/p{n}")).collect();
        let named: Vec<String> = (arns.iter().enumerate())
            .map(|(n, arn)| format!(r#"{{"PolicyName":"p{n}","PolicyArn":"{arn}"}}"#))
            .collect();
        let all = allow("dynamodb:*", "*", "");
        // each is another's, too: none can take what is left as its next version
        let policies: Vec<String> = (arns.iter().enumerate())
            .map(|(n, arn)| format!(r#"{{"PolicyName":"p{n}","PolicyId":"ANPAEXAMPLEEXAMPLE{n:02}","Arn":"{arn}","Path":"/","DefaultVersionId":"v1","AttachmentCount":2,"PermissionsBoundaryUsageCount":0,"IsAttachable":true,"CreateDate":"2026-01-01T00:00:00+00:00","UpdateDate":"2026-01-01T00:00:00+00:00","PolicyVersionList":[{{"Document":{all},"VersionId":"v1","IsDefaultVersion":true,"CreateDate":"2026-01-01T00:00:00+00:00"}}]}}"#))
            .collect();
        let user = |name: &str, id: u8| {
            format!(
                r#"{{"Path":"/","UserName":"{name}","UserId":"AIDAEXAMPLEEXAMPLE0{id}","Arn":"arn:aws:iam::111122223333:user/{name}","CreateDate":"2026-01-01T00:00:00+00:00","GroupList":[],"AttachedManagedPolicies":[{}],"Tags":[],"UserPolicyList":[]}}"#,
                named.join(",")
            )
        };
        crate::replay::tests::read_estate(&format!(
            r#"{{"UserDetailList":[{},{}],"GroupDetailList":[],"RoleDetailList":[],"Policies":[{}],"IsTruncated":false}}"#,
            user("app", 1),
            user("other", 2),
            policies.join(",")
        ))
    };
    assert!(propose(&attached(9), &calls, &options()).is_ok());
    let Refusal::CannotBeMade { why } = propose(&attached(10), &calls, &options()).unwrap_err() else {
        panic!()
    };
    assert!(
        why.starts_with("11 managed policies would be attached to ") && why.contains("the quota is 10"),
        "{why}"
    );
}

#[test]
fn what_is_used_seldom_is_flagged() {
    const DAY: i64 = 86_400;
    let estate = estate(&allow("*", "*", ""));
    let mut calls: Vec<Call> =
        [0, 30, 61].map(|day| ok(day * DAY, "rds:CreateDBSnapshot", CheckedResource::Unknown)).to_vec();
    calls.extend((0..90).map(|day| ok(day * DAY + 5, "ec2:DescribeInstances", CheckedResource::None)));
    calls.push(ok(7 * DAY, "ec2:DescribeVpcs", CheckedResource::None));
    let proposal = propose(&estate, &calls, &options()).unwrap();
    let rare: Vec<(&str, usize, Option<i64>)> =
        proposal.rare.iter().map(|rare| (rare.action.as_str(), rare.days, rare.every_days)).collect();
    assert_eq!(rare, [("ec2:DescribeVpcs", 1, None), ("rds:CreateDBSnapshot", 3, Some(30))]);
}

const ACTIONS: [&str; 6] = [
    "s3:GetObject",
    "s3:PutObject",
    "dynamodb:Query",
    "dynamodb:PutItem",
    "ec2:DescribeInstances",
    "iam:ListUsers",
];

fn any_statement() -> impl Strategy<Value = String> {
    let action = prop_oneof![
        Just(r#""Action":"*""#),
        Just(r#""Action":["s3:*","ec2:Describe*"]"#),
        Just(r#""Action":["s3:Get*","dynamodb:*"]"#),
        Just(r#""NotAction":"iam:*""#),
        Just(r#""Action":"iam:List*""#),
    ];
    let resource = prop_oneof![
        3 => Just(r#""Resource":"*""#),
        1 => Just(r#""Resource":["arn:aws:s3:::b/raw/*","arn:aws:dynamodb:*:*:table/t*"]"#),
        1 => Just(r#""NotResource":"arn:aws:s3:::b/raw/1""#),
        1 => Just(r#""Resource":["arn:aws:s3:::${aws:username}/*","arn:aws:s3:::b/*"]"#),
    ];
    let condition = prop_oneof![
        4 => Just(""),
        1 => Just(r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#),
        1 => Just(r#","Condition":{"StringNotEquals":{"aws:RequestedRegion":"us-west-2"}}"#),
        1 => Just(r#","Condition":{"StringLike":{"s3:x-amz-acl":"p*"}}"#),
    ];
    let effect = prop_oneof![5 => Just("Allow"), 1 => Just("Deny")];
    (effect, action, resource, condition).prop_map(|(effect, action, resource, condition)| {
        // A Deny of everything leaves nothing to look at.
        let action = if effect == "Deny" { r#""Action":"s3:PutObject""# } else { action };
        format!(r#"{{"Effect":"{effect}",{action},{resource}{condition}}}"#)
    })
}

fn any_call() -> impl Strategy<Value = Call> {
    let action = proptest::sample::select(&ACTIONS[..]);
    (0_i64..4_000_000, action, 0..6_u8, proptest::option::of(any::<bool>()), 0..3_u8, any::<bool>()).prop_map(
        |(time, action, n, mfa, region, is_told)| {
            let catalogue = Catalogue::embedded();
            let service = action.split(':').next().unwrap();
            let has_types = catalogue.has_resource_types(catalogue.action(action).unwrap());
            let name = match service {
                "s3" => format!("arn:aws:s3:::b/raw/{n}"),
                _ => format!("arn:aws:dynamodb:ap-northeast-1:111122223333:table/t{n}"),
            };
            let resource = match (has_types, is_told || n > 1) {
                (false, _) => CheckedResource::None,
                (true, true) => arn(&name),
                (true, false) => CheckedResource::Unknown,
            };
            let outcome = if n == 5 && is_told { Outcome::Denied } else { Outcome::Succeeded };
            let mut call = call(time, action, resource, outcome);
            call.region = Some(["ap-northeast-1", "us-east-1", "us-west-2"][usize::from(region)].into());
            call.caller.mfa = mfa;
            call
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Sound, sufficient, minimal, reversible.
    #[test]
    fn the_four_laws(
        statements in proptest::collection::vec(any_statement(), 1..4),
        calls in proptest::collection::vec(any_call(), 1..40),
        resources in prop_oneof![Just(Generality::Exact), Just(Generality::Prefix), Just(Generality::Type)],
    ) {
        let before = estate(&document(&statements.join(",")));
        let proposal = match propose(&before, &calls, &Options { resources, ..options() }) {
            Err(
                Refusal::NothingNeeded
                | Refusal::CannotTell { .. }
                | Refusal::Contradiction { .. }
                // keys that an old condition asks for and an action does not have
                | Refusal::AddsFindings { .. },
            ) => return Ok(()),
            proposal => proposal.unwrap(),
        };
        // sound: a refutation is a defect; "not proved" is said, and only variables may cause it
        let has_variable = statements.iter().any(|one| one.contains("${"));
        prop_assert!(
            proposal.soundness == Inclusion::Proved
                || (has_variable && matches!(proposal.soundness, Inclusion::NotProved(_))),
            "{:?}\n{}\n{}", proposal.soundness, statements.join("\n"), printed(&proposal)
        );
        // sufficient
        let after = apply_all(&before, &proposal.changes).unwrap();
        let (was, is) = (Access::of(&before), Access::of(&after));
        let classes = classes(&calls, Telling::default());
        let classes: Vec<&Class> = classes.iter().collect();
        let verified = verify(&was, &is, &classes);
        prop_assert!(verified.failing.is_empty(), "{verified:?}\n{}\n{}", statements.join("\n"), printed(&proposal));
        // minimal: by a second, plainer test, take out each action of each statement
        for (place, action) in every_action(&proposal.new) {
            // Where the resource is not told, each old statement that may have been the one stays.
            let is_of = |check: &Check| *check.action == *action && !crate::replay::is_untold(check);
            if !calls.iter().any(|call| call.checks.iter().any(is_of)) {
                continue;
            }
            let mut less = proposal.new.clone();
            take_out(&mut less, place, &action);
            let changes = crate::replacement::replacement(&before, &Arn::parse(USER).unwrap(), super::POLICY_NAME, &less).unwrap();
            let poorer = apply_all(&before, &changes).unwrap();
            let access = Access::of(&poorer);
            let verified = verify(&was, &access, &classes);
            prop_assert!(!verified.failing.is_empty(), "{action} is not needed\n{}", printed(&proposal));
        }
        // reversible
        let back = inverse_all(&before, &proposal.changes).unwrap();
        prop_assert!(apply_all(&after, &back).unwrap() == before);
    }
}

fn every_action(documents: &[Document]) -> Vec<((usize, usize), String)> {
    let mut all = Vec::new();
    for (number, document) in documents.iter().enumerate() {
        for (place, statement) in document.statements.iter().enumerate() {
            if super::is_allow(statement) {
                all.extend(
                    statement.action.patterns().0.iter().map(|action| ((number, place), action.clone())),
                );
            }
        }
    }
    all
}

fn take_out(documents: &mut Vec<Document>, (number, place): (usize, usize), action: &str) {
    use kagimori_policy::document::{ActionElement, OneOrMany};
    let statements = &mut documents[number].statements;
    let left: Vec<String> =
        statements[place].action.patterns().0.iter().filter(|held| *held != action).cloned().collect();
    if left.is_empty() {
        statements.remove(place);
    } else {
        statements[place].action = ActionElement::Action(OneOrMany::Many(left));
    }
    if statements.is_empty() {
        documents.remove(number);
    }
}
