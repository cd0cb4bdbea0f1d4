//! What goes unseen, whatever way it goes: the trail holds management events that read and that write, and no data event.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_estate::Estate;
use kagimori_estate::access::Access;
use kagimori_estate::change::{Change, apply_all};
use kagimori_estate::read::{Assembler, File, read};
use kagimori_id::{AccountId, Arn};
use kagimori_trail::call::{Call, CheckedResource, Outcome};
use kagimori_trail::sight::Sight;
use serde_json::{Value, json};

use super::{Idle, Loss, Lost, losses};
use crate::replay::tests::{USER, arn, call};

const SERVICE_LINKED: &str = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/linked";
const ACCOUNT: &str = "111122223333";
const DAY: i64 = 86_400;
/// The last of ninety days.
const NOW: i64 = 20_000 * DAY;

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn deny(action: &str, resource: &str) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": resource})
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// An account of an organization: a user with this policy and a key, and a service-linked role with the same.
fn estate(policy: &[Value], last_accessed: Option<&Value>) -> Estate {
    let policies = json!([{"PolicyName": "work", "PolicyDocument": document(policy)}]);
    let managed = |name: &str, statements: &[Value]| {
        json!({"PolicyName": name, "PolicyId": format!("ANPAEXAMPLE{name}"),
        "Arn": format!("arn:aws:iam::{ACCOUNT}:policy/{name}"), "Path": "/", "DefaultVersionId": "v1", "AttachmentCount": 0,
        "PermissionsBoundaryUsageCount": 0, "IsAttachable": true, "CreateDate": "2026-01-01T00:00:00Z",
        "UpdateDate": "2026-01-01T00:00:00Z", "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true,
        "CreateDate": "2026-01-01T00:00:00Z", "Document": document(statements)}]})
    };
    let details = json!({
        "UserDetailList": [{"Path": "/", "UserName": "app", "UserId": "AIDAEXAMPLEEXAMPLE01", "Arn": USER,
            "CreateDate": "2026-01-01T00:00:00Z", "GroupList": [], "AttachedManagedPolicies": [], "Tags": [],
            "UserPolicyList": policies}],
        "GroupDetailList": [],
        "RoleDetailList": [{"RoleName": "linked", "RoleId": "AROAEXAMPLE", "Path": "/aws-service-role/x.amazonaws.com/",
            "Arn": SERVICE_LINKED, "CreateDate": "2025-01-01T00:00:00Z", "AssumeRolePolicyDocument": document(&[]),
            "RolePolicyList": policies, "AttachedManagedPolicies": [], "InstanceProfileList": [], "Tags": [],
            "RoleLastUsed": {}}],
        "Policies": [managed("machines", &[allow("ec2:*", "*")]), managed("objects", &[allow("s3:*", "*")])],
        "IsTruncated": false});
    let organization = "arn:aws:organizations::999988887777";
    let full = json!({"Id": "p-FullAWSAccess", "Arn": "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
        "Name": "FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": true});
    let listed = |id: &str| {
        json!({"Id": id, "Arn": format!("{organization}:account/o-exampleorg1/{id}"), "Email": "a@example.com",
        "Name": id, "Status": "ACTIVE", "JoinedMethod": "CREATED", "JoinedTimestamp": "2022-01-01T00:00:00Z"})
    };
    let target = |id: &str, kind: &str| json!({"TargetId": id, "Arn": format!("{organization}:x/o-exampleorg1/{id}"), "Name": id, "Type": kind});
    let mut files = vec![
        ("authorization-details.json", Some(ACCOUNT), details),
        ("access-keys.json", Some(ACCOUNT), json!({"AccessKeyMetadata": [{"UserName": "app", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "Status": "Active", "CreateDate": "2026-01-01T00:00:00Z"}]})),
        ("organization/organization.json", None, json!({"Organization": {"Id": "o-exampleorg1",
            "Arn": format!("{organization}:organization/o-exampleorg1"), "FeatureSet": "ALL", "MasterAccountId": "999988887777",
            "MasterAccountArn": format!("{organization}:account/o-exampleorg1/999988887777"), "MasterAccountEmail": "m@example.com"}})),
        ("organization/accounts.json", None, json!({"Accounts": [listed("999988887777"), listed(ACCOUNT)]})),
        ("organization/policies.json", None, json!({"Policies": [full]})),
        ("organization/policy-p-FullAWSAccess.json", None, json!({"Policy": {"PolicySummary": full,
            "Content": document(&[allow("*", "*")]).to_string()}})),
        ("organization/targets-p-FullAWSAccess.json", None, json!({"Targets": [target("r-ab12", "ROOT"),
            target(ACCOUNT, "ACCOUNT")]})),
        (&*format!("organization/parents-{ACCOUNT}.json"), None, json!({"Parents": [{"Id": "r-ab12", "Type": "ROOT"}]})),
    ]
    .into_iter()
    .map(|(path, account, value)| (path.to_owned(), account, value))
    .collect::<Vec<_>>();
    files.extend(
        last_accessed.map(|told| ("last-accessed/user/app.json".to_owned(), Some(ACCOUNT), told.clone())),
    );
    let mut assembler = Assembler::default();
    for (path, account, value) in &files {
        let account = account.and_then(|account| AccountId::parse(account).ok());
        assembler.add(read(File { path, account, bytes: value.to_string().as_bytes() }));
    }
    let estate = assembler.finish(None);
    assert!(estate.problems.is_empty(), "{:?}", estate.problems);
    estate
}

fn changes(list: &[Value]) -> Vec<Change> {
    list.iter().map(|one| serde_json::from_value(one.clone()).unwrap()).collect()
}

fn put(statements: &[Value]) -> Value {
    json!({"put_inline_policy": {"identity": USER, "name": "work", "document": document(statements)}})
}

fn delete() -> Value {
    json!({"delete_inline_policy": {"identity": USER, "name": "work"}})
}

/// A policy of the organization, on the account.
fn organization(kind: &str, statement: &Value) -> [Value; 2] {
    [
        json!({"create_organization_policy": {"id": "p-new", "name": "new", "kind": kind, "document": document(std::slice::from_ref(statement))}}),
        json!({"attach_organization_policy": {"id": "p-new", "target": ACCOUNT}}),
    ]
}

fn service_control(statement: &Value) -> [Value; 2] {
    organization("SERVICE_CONTROL_POLICY", statement)
}

fn event(name: &str, read_only: bool) -> Call {
    Call { read_only: Some(read_only), ..call(NOW, name, CheckedResource::None, Outcome::Succeeded) }
}

fn sight() -> Sight {
    let mut sight = Sight::default();
    sight.add(&event("ec2:DescribeInstances", true));
    sight.add(&event("ec2:CreateVpc", false));
    sight
}

/// The same with data events of the objects of one bucket.
fn with_bucket() -> Sight {
    let mut sight = sight();
    for (action, read_only) in [("s3:GetObject", true), ("s3:PutObject", false)] {
        let call = call(NOW, action, arn("arn:aws:s3:::logged/x"), Outcome::Succeeded);
        sight.add(&Call { is_data: true, read_only: Some(read_only), ..call });
    }
    sight
}

fn with_told() -> Sight {
    let mut sight = sight();
    sight.tell("AWS::S3::Object");
    sight
}

fn found(before: &Estate, list: &[Value], sight: &Sight, services: &[&str]) -> Vec<Loss> {
    let changes = changes(list);
    let after = apply_all(before, &changes).unwrap();
    let before = Access::of(before);
    let after = Access::changed(&after, &before);
    let services: BTreeSet<Box<str>> = services.iter().map(|service| Box::from(*service)).collect();
    let services = BTreeMap::from([(Arn::parse(USER).unwrap(), services)]);
    let idle = Idle {
        sight,
        from: NOW - 90 * DAY,
        until: NOW,
        services: &services,
        credential: &|_: &Change| false,
    };
    losses(&before, &after, &changes, None, &idle)
}

/// What counts, of the user: service and kind of data event (`-`: other).
fn told(losses: &[Loss]) -> BTreeSet<String> {
    let user = Arn::parse(USER).unwrap();
    let own = losses.iter().filter(|loss| loss.principals.contains(&user));
    let counting = own.flat_map(|loss| &loss.lost).filter(|lost| lost.counts());
    counting.map(|lost| format!("{} {}", lost.service, lost.kind().unwrap_or("-"))).collect()
}

fn actions(losses: &[Loss]) -> BTreeSet<&str> {
    losses.iter().flat_map(|loss| &loss.lost).flat_map(|lost| &lost.actions).map(String::as_str).collect()
}

const OBJECTS: &str = "s3 AWS::S3::Object";

#[test]
fn whatever_way_it_goes() {
    let full = json!({"detach_organization_policy": {"id": "p-FullAWSAccess", "target": ACCOUNT}});
    let key_off =
        json!({"set_access_key_status": {"user": USER, "key": "AKIAIOSFODNN7EXAMPLE", "active": false}});
    let boundary = |name: &str| json!({"set_boundary": {"identity": USER, "policy": format!("arn:aws:iam::{ACCOUNT}:policy/{name}")}});
    let but_iam = json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"});
    let on_orders = json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::orders/*"});
    let not_secret = json!({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::secret/*"});
    let only_ours = json!({"Effect": "Deny", "NotAction": ["ec2:*", "iam:*"], "Resource": "*"});
    let (all, objects) = (allow("*", "*"), allow("s3:*", "*"));
    let machines = allow("ec2:DescribeInstances", "*");
    let [create, attach] = service_control(&allow("ec2:*", "*"));
    let rows: Vec<(&Value, Vec<Value>, Vec<&str>)> = vec![
        (&objects, vec![delete()], vec![OBJECTS, "s3 -"]),
        (&objects, vec![put(&[allow("s3:Get*", "*")])], vec![OBJECTS, "s3 -"]),
        (&objects, vec![put(&[objects.clone(), deny("s3:PutObject", "*")])], vec![OBJECTS]),
        (&objects, service_control(&deny("s3:PutObject", "*")).to_vec(), vec![OBJECTS]),
        (&all, service_control(&deny("sqs:Send*", "*")).to_vec(), vec!["sqs AWS::SQS::Queue"]),
        (
            &objects,
            organization(
                "RESOURCE_CONTROL_POLICY",
                &json!({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}),
            )
            .to_vec(),
            vec![OBJECTS],
        ),
        (&objects, vec![boundary("machines")], vec![OBJECTS, "s3 -"]),
        (&objects, vec![create.clone(), attach.clone(), full.clone()], vec![OBJECTS, "s3 -"]),
        (&objects, service_control(&only_ours).to_vec(), vec![OBJECTS, "s3 -"]),
        (&objects, vec![key_off], vec![OBJECTS, "s3 -"]),
        (&on_orders, vec![delete()], vec![OBJECTS, "s3 -"]),
        (&not_secret, vec![delete()], vec![OBJECTS, "s3 -"]),
    ];
    for (before, list, expected) in rows {
        let found = found(&estate(std::slice::from_ref(before), None), &list, &sight(), &[]);
        let expected: BTreeSet<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(told(&found), expected, "{before} {list:?}");
    }
    // Everything there is: a key of each kind, and no thing that every trail shows.
    for (before, list) in
        [(&all, vec![delete()]), (&but_iam, vec![delete()]), (&but_iam, vec![put(&[machines])])]
    {
        let found = found(&estate(std::slice::from_ref(before), None), &list, &sight(), &[]);
        let told = told(&found);
        assert!(told.contains(OBJECTS) && told.contains("dynamodb AWS::DynamoDB::Table"), "{told:?}");
        assert!(told.contains("execute-api -"), "{told:?}");
        let actions = actions(&found);
        assert!(!actions.contains("ec2:RunInstances") && !actions.contains("sts:GetCallerIdentity"));
    }
}

#[test]
fn only_what_goes_is_told() {
    let before = estate(&[allow("s3:*", "*")], None);
    let found = found(&before, &[put(&[allow("s3:Get*", "*")])], &sight(), &[]);
    let actions = actions(&found);
    assert!(actions.contains("s3:PutObject") && !actions.contains("s3:GetObject"), "{actions:?}");
    // The service-linked role has another policy, and SCPs do not bind it.
    assert!(found.iter().all(|loss| loss.principals.len() == 1));
}

#[test]
fn near_misses() {
    let principal = |arn: &str| json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"ArnNotLike": {"aws:PrincipalArn": arn}}});
    let named = json!({"Sid": "Named", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"});
    let (object, bucket) = ("arn:aws:s3:::logged/*", "arn:aws:s3:::b/*");
    let everything = allow("*", "*");
    let rows: Vec<(Vec<Value>, Vec<Value>, Sight)> = vec![
        // What is always logged.
        (vec![everything.clone()], service_control(&deny("s3:CreateBucket", "*")).to_vec(), sight()),
        (
            vec![allow("ec2:Describe*", "*"), allow("ec2:RunInstances", "*")],
            vec![put(&[allow("ec2:Describe*", "*")])],
            sight(),
        ),
        // What stays, under another name or in other words.
        (vec![allow("s3:PutObject", "*")], vec![put(&[named])], sight()),
        (vec![allow("s3:PutObject", bucket)], vec![put(&[allow("s3:Put*", "*")])], sight()),
        (
            vec![allow("s3:PutObject", bucket)],
            vec![put(&[allow("s3:PutObject", "arn:aws:s3:::b/a*"), allow("s3:PutObject", bucket)])],
            sight(),
        ),
        // What was denied before, or never allowed.
        (
            vec![everything.clone(), deny("s3:*", "*")],
            service_control(&deny("s3:PutObject", "*")).to_vec(),
            sight(),
        ),
        (
            vec![allow("s3:PutObject", bucket)],
            service_control(&deny("s3:PutObject", "arn:aws:s3:::c/*")).to_vec(),
            sight(),
        ),
        (vec![allow("s3:PutObject", bucket)], service_control(&deny("sqs:*", "*")).to_vec(), sight()),
        (
            vec![allow("s3:PutObject", bucket)],
            service_control(&deny("s3:*", "arn:aws:s3:::b")).to_vec(),
            sight(),
        ),
        // Who is not meant.
        (vec![everything.clone()], service_control(&principal(USER)).to_vec(), sight()),
        // RCPs bind some services only.
        (
            vec![allow("lambda:InvokeFunction", "*")],
            organization(
                "RESOURCE_CONTROL_POLICY",
                &json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}),
            )
            .to_vec(),
            sight(),
        ),
        // What is logged, of the bucket or of all.
        (vec![allow("s3:PutObject", object)], vec![delete()], with_bucket()),
        (vec![everything.clone()], service_control(&deny("s3:PutObject", object)).to_vec(), with_bucket()),
        (vec![allow("s3:PutObject", "*")], vec![delete()], with_told()),
        // Boundaries that hold all there is.
        (
            vec![allow("s3:PutObject", "*")],
            vec![
                json!({"set_boundary": {"identity": USER, "policy": format!("arn:aws:iam::{ACCOUNT}:policy/objects")}}),
            ],
            sight(),
        ),
    ];
    for (before, list, sight) in rows {
        let found = found(&estate(&before, None), &list, &sight, &[]);
        assert_eq!(told(&found), BTreeSet::new(), "{before:?} {list:?}");
    }
    let meant = service_control(&principal("arn:aws:iam::111122223333:user/other"));
    let found = found(&estate(&[everything], None), &meant, &sight(), &[]);
    assert_eq!(told(&found), BTreeSet::from([OBJECTS.to_owned(), "s3 -".to_owned()]));
}

/// Whoever writes out what is needed in the place of `*` has said what is not: it is told all the same.
#[test]
fn what_everything_held_beside_its_replacement_is_told_and_does_not_count() {
    let found =
        found(&estate(&[allow("*", "*")], None), &[put(&[allow("ec2:RunInstances", "*")])], &sight(), &[]);
    assert!(!found.is_empty() && found.iter().all(|loss| !loss.counts()), "{found:?}");
    assert!(actions(&found).contains("s3:GetObject"));
}

#[test]
fn last_accessed_data_tell() {
    let service = |at: Option<&str>| {
        let mut one =
            json!({"ServiceName": "Amazon S3", "ServiceNamespace": "s3", "TotalAuthenticatedEntities": 1});
        if let Some(at) = at {
            one["LastAuthenticated"] = at.into();
        }
        one
    };
    // Ninety days before 2024-10-04.
    let answer = |services: Vec<Value>, done: &str| {
        json!({"JobStatus": "COMPLETED", "JobCreationDate": done, "JobCompletionDate": done,
            "ServicesLastAccessed": services, "IsTruncated": false})
    };
    let (today, long_ago) = ("2024-10-03T20:00:00Z", "2024-08-01T00:00:00Z");
    let (in_window, before_it) = (Some("2024-09-01T00:00:00Z"), Some("2024-07-01T00:00:00Z"));
    let rows: Vec<(Value, &[&str], bool, bool)> = vec![
        // (answer, services that the trail shows, something counts, it is proved to be in use)
        (answer(vec![service(before_it)], today), &[], false, false),
        (answer(vec![service(None)], today), &[], false, false),
        (answer(vec![service(in_window)], today), &[], true, true),
        (answer(vec![service(in_window)], today), &["s3"], true, false),
        // The trail knows better, the data are old, or say nothing of the service.
        (answer(vec![service(before_it)], today), &["s3"], true, false),
        (answer(vec![service(before_it)], long_ago), &[], true, false),
        (answer(vec![], today), &[], true, false),
    ];
    for (answer, in_trail, counts, is_proved) in rows {
        let before = estate(&[allow("s3:*", "*"), allow("ec2:Describe*", "*")], Some(&answer));
        let found = found(&before, &[put(&[allow("ec2:Describe*", "*")])], &sight(), in_trail);
        let lost: Vec<&Lost> =
            found.iter().flat_map(|loss| &loss.lost).filter(|lost| lost.service == "s3").collect();
        assert_eq!(lost.iter().any(|lost| lost.counts()), counts, "{answer}");
        assert_eq!(lost.iter().any(|lost| lost.last_used.is_some()), is_proved, "{answer}");
    }
    // A credential goes, and AWS saw its user use what the trail shows whole and holds no call of: the trail is not whole.
    let key_off =
        json!({"set_access_key_status": {"user": USER, "key": "AKIAIOSFODNN7EXAMPLE", "active": false}});
    let of_iam = |at: Option<&str>| {
        let mut one = service(at);
        one["ServiceNamespace"] = "iam".into();
        answer(vec![one], today)
    };
    for (at, in_trail, expected) in [
        (in_window, &[][..], &["iam -"][..]),
        (in_window, &["iam"][..], &[]),
        (before_it, &[], &[]),
        (None, &[], &[]),
    ] {
        let before = estate(&[allow("iam:ListUsers", "*")], Some(&of_iam(at)));
        let found = found(&before, std::slice::from_ref(&key_off), &sight(), in_trail);
        let expected: BTreeSet<String> = expected.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(told(&found), expected, "{at:?} {in_trail:?}");
    }
    // Proof of use makes what was replaced count.
    let used = answer(vec![service(in_window)], today);
    let before = estate(&[allow("*", "*")], Some(&used));
    let found = found(&before, &[put(&[allow("ec2:RunInstances", "*")])], &sight(), &["ec2"]);
    assert_eq!(told(&found), BTreeSet::from([OBJECTS.to_owned(), "s3 -".to_owned()]));
}
