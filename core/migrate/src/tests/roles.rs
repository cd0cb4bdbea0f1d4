//! Roles in the place of keys: proved where nothing names the user, and every trap found where something does.

use kagimori_estate::Estate;
use kagimori_estate::access::Access;
use kagimori_estate::read::{Assembler, File, read};
use kagimori_id::{AccountId, Arn};
use kagimori_plan::Settings;
use kagimori_plan::replay::{Class as Calls, Classes, Telling};
use kagimori_policy::compare::Inclusion;
use kagimori_trail::call::{Call, Check, CheckedResource};
use kagimori_trail::sight::Sight;

use super::{call, user};
use crate::*;

const ID: &str = "AIDAEXAMPLEEXAMPLE77";

/// An account with the user and another role, and a bucket with a policy of its own.
fn estate(statements: &str, trusted: &str, bucket: &str) -> Estate {
    let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    let details = format!(
        r#"{{"UserDetailList":[{{"Path":"/machine/","UserName":"m","UserId":"{ID}","Arn":"{}",
        "CreateDate":"2026-01-01T00:00:00+00:00","GroupList":[],"AttachedManagedPolicies":[],"Tags":[{{"Key":"Owner","Value":"platform"}}],
        "UserPolicyList":[{{"PolicyName":"work","PolicyDocument":{policy}}}]}}],"GroupDetailList":[],
        "RoleDetailList":[{{"Path":"/","RoleName":"other","RoleId":"AROAEXAMPLEEXAMPLE77","Arn":"arn:aws:iam::444455556666:role/other",
        "CreateDate":"2026-01-01T00:00:00+00:00","InstanceProfileList":[],"RolePolicyList":[],"AttachedManagedPolicies":[],"Tags":[],
        "AssumeRolePolicyDocument":{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{trusted}"}},"Action":"sts:AssumeRole"}}]}}}}],
        "Policies":[],"IsTruncated":false}}"#,
        user()
    );
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{bucket}]}}"#);
    let held = serde_json::json!({ "Policy": text }).to_string();
    let account = AccountId::parse("444455556666").ok();
    let mut assembler = Assembler::default();
    for (path, text) in [
        ("snapshots/444455556666/authorization-details.json", &details),
        ("resource-policies/444455556666/shared.json", &held),
    ] {
        assembler.add(read(File { path, account, bytes: text.as_bytes() }));
    }
    assembler.finish(None)
}

fn made(time: i64, action: &str, resource: &str) -> Call {
    let (service, name) = action.split_once(':').unwrap();
    let checks = vec![Check::certain(action, CheckedResource::Arn(resource.into()))];
    let account = AccountId::parse("444455556666").ok();
    let region = Some("ap-northeast-1".into());
    Call {
        checks,
        account,
        region,
        ..call(time, "203.0.113.9", "Boto3/1.40 os/linux#6.1.amzn2023.x86_64", (service, name))
    }
}

fn drawn(estate: &Estate, calls: &[Call], class: Class) -> Result<Proposal, NoProposal> {
    let access = Access::of(estate);
    let (mut classes, mut sight) =
        (Classes::new(Telling::for_keys(&access.condition_keys()).knowing(estate)), Sight::default());
    for call in calls {
        classes.add(call);
        sight.add(call);
    }
    let classes: Vec<Calls> = classes.finish();
    let classes: Vec<&Calls> = classes.iter().collect();
    let target = target(class, &Facts::new()).unwrap();
    propose(&Drawing {
        estate,
        access: &access,
        user: access.subject(user().as_str()).unwrap(),
        calls: &classes,
        days: 90,
        sight: &sight,
        settings: &Settings::default(),
        now: jiff::Timestamp::from_second(1_790_000_000).unwrap(),
        class,
        target: &target,
    })
}

const QUEUE: &str = "arn:aws:sqs:ap-northeast-1:444455556666:work";
const SENDS: &str = r#"{"Effect":"Allow","Action":["sqs:SendMessage","sqs:DeleteQueue"],"Resource":"arn:aws:sqs:ap-northeast-1:444455556666:*"}"#;
const NOBODY: &str = "arn:aws:iam::444455556666:root";
const NO_BUCKET: &str =
    r#"{"Effect":"Deny","Principal":"*","Action":"s3:DeleteBucket","Resource":"arn:aws:s3:::shared"}"#;

#[test]
fn a_role_may_what_the_key_did_and_no_more() {
    let estate = estate(SENDS, NOBODY, NO_BUCKET);
    let calls: Vec<Call> =
        (0..5).map(|day| made(1_789_000_000 + day * 86_400, "sqs:SendMessage", QUEUE)).collect();
    for class in [Class::AwsEc2, Class::AwsLambda, Class::AwsEcs, Class::AwsAppRunner] {
        let proposal = drawn(&estate, &calls, class).unwrap();
        assert!(proposal.is_proved(), "{:?} {:?}", proposal.verified, proposal.trust.broken);
        assert_eq!((proposal.verified.calls, proposal.verified.allowed), (5, 5));
        let text: String = proposal.policies.iter().map(kagimori_policy::print::print).collect();
        assert!(text.contains("sqs:SendMessage") && !text.contains("DeleteQueue"), "{text}");
        assert!(proposal.named.is_empty(), "{:?}", proposal.named);
        let kind = class.as_str().trim_start_matches("aws-");
        assert_eq!(proposal.role, Arn::parse(&format!("arn:aws:iam::444455556666:role/m-{kind}")).unwrap());
        // The plan goes both ways.
        let plan = kagimori_plan::Plan::made_from("t", &estate, "f", &proposal.changes).unwrap();
        assert_eq!((plan.changes.len(), plan.way_back.len()), (1, 1));
    }
}

/// Each of these allowed the user, and allows no session: the replay says which calls break, and the list says where.
#[test]
fn what_names_the_user_is_found() {
    let home =
        r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/${aws:username}/*"}"#;
    let bucket = format!(
        r#"{{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"s3:GetObject","Resource":"arn:aws:s3:::shared/*"}}"#,
        user()
    );
    let estate = estate(&format!("{SENDS},{home}"), ID, &bucket);
    let calls = [
        made(1_789_000_000, "sqs:SendMessage", QUEUE),
        made(1_789_000_100, "s3:GetObject", "arn:aws:s3:::home/m/a"),
        made(1_789_000_200, "s3:GetObject", "arn:aws:s3:::shared/b"),
    ];
    let proposal = drawn(&estate, &calls, Class::AwsEc2).unwrap();
    let broken: Vec<_> =
        proposal.verified.failing.iter().map(|one| (one.is_denied, one.resource.clone().unwrap())).collect();
    assert_eq!(broken.len(), 2, "{:?}", proposal.verified);
    assert!(broken.iter().all(|(is_denied, _)| *is_denied), "{broken:?}");
    assert!(!proposal.is_proved());
    assert_eq!(proposal.soundness, Inclusion::Proved, "no permission is invented for them");
    let named: Vec<(Naming, &str)> =
        proposal.named.iter().map(|one| (one.naming, one.place.as_str())).collect();
    for (naming, place) in [
        (Naming::Arn, "the policy of arn:aws:s3:::shared"),
        (Naming::Id, "the trust policy of arn:aws:iam::444455556666:role/other"),
        (Naming::UserName, "the inline policy `work` of arn:aws:iam::444455556666:user/machine/m"),
    ] {
        assert!(named.contains(&(naming, place)), "{named:?}");
    }
    assert_eq!(named.len(), 3, "{named:?}");
}

/// Without calls nothing is drawn: no permission is invented.
#[test]
fn no_calls_no_role() {
    let estate = estate(SENDS, NOBODY, NO_BUCKET);
    assert!(matches!(drawn(&estate, &[], Class::AwsEc2), Err(NoProposal::Permissions(_))));
}
