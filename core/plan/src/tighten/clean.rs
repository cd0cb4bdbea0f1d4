//! Generated companies: no proposal that is made adds a finding, by a whole review before and after, and by the linter.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_estate::Assembler;
use kagimori_estate::Estate;
use kagimori_estate::access::Access;
use kagimori_estate::change::{Change, apply_all};
use kagimori_estate::read::{File, read};
use kagimori_id::AccountId;
use kagimori_policy::lint;
use kagimori_policy::print;
use kagimori_policy::validate::PolicyKind;
use kagimori_trail::call::{Call, CheckedResource, Outcome};
use kagimori_trail::event::Principal;
use kagimori_trail::sight::Sight;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::options;
use super::{Generality, Input, Options, POLICY_NAME, Refusal, Tightened, tighten, together};
use crate::replay::tests::{arn, call, classes};
use crate::replay::{Class, Telling, subject_of};
use crate::review::review;
use crate::settings::Settings;
use crate::verdict::Outcome as Said;

const ACCOUNT: &str = "111122223333";
const NOW: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;

/// What policies say.
fn documents() -> Vec<Value> {
    let of = |statements: Value| json!({"Version": "2012-10-17", "Statement": statements});
    let allow =
        |action: Value, resource: Value| json!({"Effect": "Allow", "Action": action, "Resource": resource});
    vec![
        of(json!([allow(json!("*"), json!("*"))])),
        of(json!([allow(json!("s3:*"), json!("*"))])),
        of(json!([
            allow(json!(["s3:GetObject", "s3:PutObject"]), json!("arn:aws:s3:::b/*")),
            allow(json!("s3:ListBucket"), json!("arn:aws:s3:::b"))
        ])),
        of(json!([allow(json!(["sqs:*", "sns:Publish"]), json!("*"))])),
        of(json!([
            allow(json!("logs:PutLogEvents"), json!("*")),
            allow(
                json!(["logs:PutLogEvents", "logs:CreateLogStream"]),
                json!("arn:aws:logs:*:*:log-group:/app/*")
            )
        ])),
        of(json!([{"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}])),
        of(json!([allow(json!(["iam:PassRole", "lambda:*"]), json!("*"))])),
        of(
            json!([allow(json!("iam:*"), json!("*")), {"Sid": "No", "Effect": "Deny", "Action": "iam:DeleteUser", "Resource": "*"}]),
        ),
        of(
            json!([{"Sid": "No", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}, allow(json!("kms:Decrypt"), json!("*"))]),
        ),
    ]
}

/// What is called, and on what.
const CALLS: [(&str, &str); 12] = [
    ("s3:GetBucketLocation", "arn:aws:s3:::b"),
    ("s3:PutObject", "arn:aws:s3:::b/k"),
    ("s3:GetObject", "?"),
    ("sqs:PurgeQueue", "arn:aws:sqs:ap-northeast-1:111122223333:q-1"),
    ("sqs:SendMessage", "arn:aws:sqs:ap-northeast-1:111122223333:q-2"),
    ("sns:Publish", "?"),
    ("logs:CreateLogStream", "arn:aws:logs:ap-northeast-1:111122223333:log-group:/app/a:log-stream:1"),
    ("logs:PutLogEvents", "arn:aws:logs:ap-northeast-1:111122223333:log-group:/app/a:log-stream:1"),
    ("lambda:CreateFunction", "arn:aws:lambda:ap-northeast-1:111122223333:function:f"),
    ("iam:PassRole", "arn:aws:iam::111122223333:role/f"),
    ("iam:ListUsers", ""),
    ("kms:Decrypt", "?"),
];

/// An identity: whether it is a user, its inline, managed and AWS policies by their numbers, its groups, its calls.
#[derive(Clone, Debug)]
struct Made {
    is_user: bool,
    inline: Vec<usize>,
    managed: Vec<usize>,
    of_aws: Vec<usize>,
    groups: Vec<usize>,
    calls: Vec<usize>,
}

fn any_identity() -> impl Strategy<Value = Made> {
    let some = |count: usize, most: usize| proptest::collection::btree_set(0..count, 0..=most);
    (any::<bool>(), some(9, 1), some(9, 2), some(9, 1), some(2, 1), some(12, 6)).prop_map(
        |(is_user, inline, managed, of_aws, groups, calls)| {
            let list = |set: BTreeSet<usize>| set.into_iter().collect::<Vec<_>>();
            let groups = if is_user { list(groups) } else { Vec::new() };
            Made {
                is_user,
                inline: list(inline),
                managed: list(managed),
                of_aws: list(of_aws),
                groups,
                calls: list(calls),
            }
        },
    )
}

fn name(place: usize, is_user: bool) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{}/w-{place}", if is_user { "user" } else { "role" })
}

fn company(all: &[Made]) -> Estate {
    let documents = documents();
    let own = |number: usize| format!("arn:aws:iam::{ACCOUNT}:policy/p-{number}");
    let aws = |number: usize| match number {
        0 => "arn:aws:iam::aws:policy/AdministratorAccess".to_owned(),
        _ => format!("arn:aws:iam::aws:policy/Aws{number}"),
    };
    let attached = |made: &Made| -> Vec<String> {
        made.managed.iter().map(|one| own(*one)).chain(made.of_aws.iter().map(|one| aws(*one))).collect()
    };
    let identity = |(place, made): (usize, &Made)| {
        let (title, id) = if made.is_user { ("User", "AIDA") } else { ("Role", "AROA") };
        let inline: Vec<Value> = made
            .inline
            .iter()
            .map(|one| json!({"PolicyName": format!("i-{one}"), "PolicyDocument": documents[*one]}))
            .collect();
        let attached: Vec<Value> = attached(made)
            .iter()
            .map(|arn| json!({"PolicyName": arn.rsplit('/').next(), "PolicyArn": arn}))
            .collect();
        let mut held = json!({"Path": "/", "Arn": name(place, made.is_user), "CreateDate": "2026-01-01T00:00:00+00:00", "AttachedManagedPolicies": attached, "Tags": []});
        held[format!("{title}Name")] = json!(format!("w-{place}"));
        held[format!("{title}Id")] = json!(format!("{id}EXAMPLEEXAMPLE{place:02}"));
        held[format!("{title}PolicyList")] = json!(inline);
        if made.is_user {
            held["GroupList"] = json!(made.groups.iter().map(|one| format!("g-{one}")).collect::<Vec<_>>());
        } else {
            held["InstanceProfileList"] = json!([]);
            held["AssumeRolePolicyDocument"] = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
        }
        held
    };
    let of_kind = |is_user: bool| -> Vec<Value> {
        all.iter().enumerate().filter(|(_, made)| made.is_user == is_user).map(identity).collect()
    };
    let groups: Vec<Value> = (0..2).map(|one| json!({"Path": "/", "GroupName": format!("g-{one}"), "GroupId": format!("AGPAEXAMPLEEXAMPLE0{one}"), "Arn": format!("arn:aws:iam::{ACCOUNT}:group/g-{one}"), "CreateDate": "2026-01-01T00:00:00+00:00", "AttachedManagedPolicies": [], "GroupPolicyList": [{"PolicyName": "w", "PolicyDocument": documents[one + 2]}]})).collect();
    let holders = |arn: &String| all.iter().filter(|made| attached(made).contains(arn)).count();
    let policies: Vec<Value> = (0..9).flat_map(|one| [(one, own(one)), (one, aws(one))]).filter(|(_, arn)| holders(arn) > 0).map(|(one, arn)| json!({"PolicyName": arn.rsplit('/').next(), "PolicyId": format!("ANPAEXAMPLEEXAMPLE{one:02}"), "Arn": arn, "Path": "/", "DefaultVersionId": "v1", "AttachmentCount": holders(&arn), "PermissionsBoundaryUsageCount": 0, "IsAttachable": true, "CreateDate": "2026-01-01T00:00:00+00:00", "UpdateDate": "2026-01-01T00:00:00+00:00", "PolicyVersionList": [{"Document": documents[one], "VersionId": "v1", "IsDefaultVersion": true, "CreateDate": "2026-01-01T00:00:00+00:00"}]})).collect();
    let text = json!({"UserDetailList": of_kind(true), "GroupDetailList": groups, "RoleDetailList": of_kind(false), "Policies": policies, "IsTruncated": false}).to_string();
    let mut assembler = Assembler::default();
    let account = Some(AccountId::parse(ACCOUNT).unwrap());
    assembler.add(read(File { path: "authorization-details.json", account, bytes: text.as_bytes() }));
    let estate = assembler.finish(None);
    assert!(estate.problems.is_empty(), "{:?}", estate.problems);
    estate
}

fn calls(all: &[Made]) -> Vec<Call> {
    let mut calls = Vec::new();
    for (place, made) in all.iter().enumerate() {
        for (time, one) in made.calls.iter().enumerate() {
            let (action, on) = CALLS[*one];
            let resource = match on {
                "" => CheckedResource::None,
                "?" => CheckedResource::Unknown,
                on => arn(on),
            };
            let mut call = call(i64::try_from(time).unwrap(), action, resource, Outcome::Succeeded);
            let own = kagimori_id::Arn::parse(&name(place, made.is_user)).unwrap();
            call.caller.principal = if made.is_user { Principal::User(own) } else { Principal::Role(own) };
            call.caller.arn = None;
            calls.push(call);
        }
    }
    calls
}

/// Every proposal that is made, and the refusals.
fn proposals(estate: &Estate, calls: &[Call], options: &Options) -> (Vec<Tightened>, Vec<Refusal>) {
    let access = Access::of(estate);
    let mut sight = Sight::default();
    calls.iter().for_each(|call| sight.add(call));
    let classes = classes(calls, Telling::default());
    let (mut made, mut refused) = (Vec::new(), Vec::new());
    for subject in access.subjects() {
        let is_its = |class: &&Class| {
            subject_of(&access, &class.call.caller.principal).is_some_and(|one| one.arn == subject.arn)
        };
        let calls: Vec<&Class> = classes.iter().filter(is_its).collect();
        let settings = &Settings::default();
        let input = Input {
            estate,
            access: &access,
            subject,
            calls: &calls,
            days: 90,
            sight: &sight,
            last_accessed: None,
            settings,
            now: NOW,
        };
        match tighten(&input, options) {
            Ok(one) => made.push(one),
            Err(refusal) => refused.push(refusal),
        }
    }
    let adding = together(estate, &made);
    made.retain(|one| !adding.contains_key(&one.principal));
    (made, refused)
}

/// Failures by check and by whose they are: policies are those of who has them.
fn failures(estate: &Estate) -> BTreeMap<(&'static str, String), BTreeSet<String>> {
    let settings = Settings::default();
    let account = estate.accounts.values().next().unwrap();
    let mut found: BTreeMap<(&'static str, String), BTreeSet<String>> = BTreeMap::new();
    for verdict in
        review(estate, None, &settings, NOW).verdicts.iter().filter(|one| one.outcome == Said::Fail)
    {
        let about = verdict.resource.arn.clone();
        let has =
            |grants: &kagimori_estate::model::Grants| grants.attached.iter().any(|arn| arn.as_str() == about);
        let users = account
            .users
            .values()
            .filter(|user| user.details.value().is_some_and(|details| has(&details.grants)));
        let roles = account.roles.values().filter(|role| has(&role.grants));
        let holders = users.map(|user| user.arn.to_string()).chain(roles.map(|role| role.arn.to_string()));
        let mut whose: Vec<String> = holders.collect();
        // A grant may move from one policy of an identity to another that it alone has: its finding goes along, and is as before
        // the identity's.
        if whose.is_empty() {
            whose.push(about.clone());
        }
        for whose in whose {
            found.entry((verdict.check, whose)).or_default().insert(about.clone());
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_proposal_adds_a_finding(
        all in proptest::collection::vec(any_identity(), 1..5),
        keep_unseen in any::<bool>(),
        resources in prop_oneof![Just(Generality::Exact), Just(Generality::Prefix), Just(Generality::Type)],
    ) {
        let before = company(&all);
        let (made, _) = proposals(&before, &calls(&all), &Options { keep_unseen, resources, ..options() });
        let changes: Vec<Change> = made.iter().flat_map(|one| one.changes.iter().cloned()).collect();
        let after = apply_all(&before, &changes).unwrap();
        let (was, is) = (failures(&before), failures(&after));
        for (check, whose) in is.keys() {
            // The new name of a policy is nobody's finding of its own: it is told of who has it.
            if whose.contains(POLICY_NAME) {
                continue;
            }
            let admins = ["admin-star-star", "admin-inline", "admin-star-star-awsmanaged", "privesc"];
            let is_less = admins.iter().any(|admin| was.contains_key(&(admin, whose.clone())))
                // what a wildcard named is written out
                || (*check == "resource-wildcard" && ["service-wildcard", "data-exfil", "infra-mod"].iter().any(|other| was.contains_key(&(other, whose.clone()))))
                // an administrator by `iam:*`, of whom no check of its own speaks
                || (*check == "privesc" && was.contains_key(&("service-wildcard", whose.clone())));
            prop_assert!(was.contains_key(&(check, whose.clone())) || is_less, "{check} {whose}\n{made:#?}");
        }
        for one in &made {
            let rules = |documents: &mut dyn Iterator<Item = &kagimori_policy::document::Document>| -> BTreeSet<&'static str> {
                let lint = |document| lint::lint(&print::print(document), PolicyKind::Identity, &lint::Options::default());
                documents.flat_map(lint).map(|finding| finding.rule.rule().id).collect()
            };
            let old = rules(&mut one.old.iter().map(|(_, document)| document));
            let everything = old.iter().any(|rule| rule.starts_with("full-access") || *rule == "allow-with-not-action");
            for rule in rules(&mut one.new.iter()) {
                let same = old.iter().any(|old| old.split("-with-").next() == rule.split("-with-").next());
                prop_assert!(same || everything, "{rule}: {:#?}", one.new);
            }
        }
    }
}

/// The gate lets work be done: of these none is held up by it.
#[test]
fn what_adds_nothing_is_proposed() {
    let plain = |is_user, inline, managed, of_aws, calls| Made {
        is_user,
        inline,
        managed,
        of_aws,
        groups: Vec::new(),
        calls,
    };
    let all = vec![
        plain(false, vec![0], vec![], vec![], vec![0, 3, 10]),
        plain(false, vec![], vec![1], vec![], vec![0, 2]),
        plain(false, vec![4], vec![], vec![], vec![6, 7]),
        plain(true, vec![], vec![3], vec![], vec![3, 4]),
        plain(false, vec![], vec![6], vec![0], vec![8, 9, 10]),
    ];
    let (made, refused) =
        proposals(&company(&all), &calls(&all), &Options { keep_unseen: true, ..options() });
    assert_eq!((made.len(), &refused), (5, &Vec::new()), "{refused:?}");
    let names: Vec<String> =
        made.iter().flat_map(|one| one.changes.iter().map(ToString::to_string)).collect();
    // one that nobody else has takes its next version
    assert!(
        names.iter().any(|name| name.contains("the default of") && name.contains("policy/p-1")),
        "{names:#?}"
    );
    let logs = made.iter().find(|one| one.principal.name() == "w-2").unwrap();
    let statements = logs.new.iter().map(|document| document.statements.len()).sum::<usize>();
    assert!(statements < 3, "{:#?}", logs.new);
}

/// A user whose permissions come from groups gets a boundary, no policy of its own; and one that leaves a shared policy last leaves it
/// to nobody.
#[test]
fn what_would_add_a_finding_is_drawn_otherwise_or_not() {
    let of_group = Made {
        is_user: true,
        inline: vec![],
        managed: vec![],
        of_aws: vec![],
        groups: vec![1],
        calls: vec![3],
    };
    let (made, _) = proposals(
        &company(std::slice::from_ref(&of_group)),
        &calls(std::slice::from_ref(&of_group)),
        &options(),
    );
    let changes: Vec<String> =
        made.iter().flat_map(|one| one.changes.iter().map(ToString::to_string)).collect();
    assert!(
        changes.len() == 2 && changes.iter().any(|change| change.contains("user/w-0 by arn")),
        "{changes:?}"
    );
    let shared = |calls| Made {
        is_user: false,
        inline: vec![],
        managed: vec![3],
        of_aws: vec![],
        groups: vec![],
        calls,
    };
    let all = [shared(vec![3]), shared(vec![4])];
    let estate = company(&all);
    let (made, _) = proposals(&estate, &calls(&all), &options());
    assert_eq!(made.iter().map(|one| one.principal.name()).collect::<Vec<_>>(), ["w-0"]);
}
