//! An organization with Identity Center in another Region than the caller's.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_id::AccountId;
use serde_json::{Value, json};

use super::{begin, given, refused};
use crate::center::{Boundary, CustomerPolicy, Principal};
use crate::collect::{Answer, Ask, Earlier, Failure, Organization, Outcome, Record, Wanted};
use crate::read::{Assembler, File, read};
use crate::{Dataset, Estate, GapReason, Silence};

const ACCOUNT: &str = "111122223333";
const ROLE: &str = "AWSReservedSSO_Admin_0123456789abcdef";
const INSTANCE: &str = "arn:aws:sso:::instance/ssoins-1111";

fn answer(ask: &Ask) -> Answer {
    let text = |name: &str| ask.input.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let set = format!("{}{}", text("PermissionSetArn"), text("ResourceArn"));
    let is_admin = set.ends_with("/ps-aaaa");
    given(match ask.operation {
        "DescribeOrganization" => json!({ "Organization": { "Id": "o-a", "MasterAccountId": ACCOUNT } }),
        "ListAccounts" => json!({ "Accounts": [{ "Id": ACCOUNT, "Name": "m", "State": "ACTIVE" }] }),
        "ListRoots" => json!({ "Roots": [] }),
        "ListPolicies" => json!({ "Policies": [] }),
        "ListOrganizationsFeatures" => json!({ "EnabledFeatures": [] }),
        "ListRegions" => json!({ "Regions": [{ "RegionName": "eu-west-1" }, { "RegionName": "us-east-1" }] }),
        "ListInstances" if ask.region.as_deref() == Some("eu-west-1") => {
            json!({ "Instances": [{ "InstanceArn": INSTANCE, "IdentityStoreId": "d-1111" }] })
        }
        "ListInstances" => json!({ "Instances": [] }),
        _ if matches!(ask.service, "sso-admin" | "identitystore")
            && ask.region.as_deref() != Some("eu-west-1") =>
        {
            return refused("ResourceNotFoundException");
        }
        "ListPermissionSets" => json!({ "PermissionSets": [
            "arn:aws:sso:::permissionSet/ssoins-1111/ps-aaaa", "arn:aws:sso:::permissionSet/ssoins-1111/ps-bbbb",
        ] }),
        "DescribePermissionSet" => json!({ "PermissionSet": {
            "Name": if is_admin { "Admin" } else { "Reader" }, "PermissionSetArn": set, "SessionDuration": "PT1H",
        } }),
        "GetInlinePolicyForPermissionSet" if is_admin => json!({ "InlinePolicy": "" }),
        "GetInlinePolicyForPermissionSet" => {
            json!({ "InlinePolicy": json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "s3:Get*", "Resource": "*" },
        ] }).to_string() })
        }
        "ListManagedPoliciesInPermissionSet" if is_admin => json!({ "AttachedManagedPolicies": [
            { "Name": "AdministratorAccess", "Arn": "arn:aws:iam::aws:policy/AdministratorAccess" },
        ] }),
        "ListManagedPoliciesInPermissionSet" => json!({ "AttachedManagedPolicies": [] }),
        "ListCustomerManagedPolicyReferencesInPermissionSet" => {
            json!({ "CustomerManagedPolicyReferences": [{ "Name": "team", "Path": "/sea/" }] })
        }
        "GetPermissionsBoundaryForPermissionSet" if is_admin => return refused("ResourceNotFoundException"),
        "GetPermissionsBoundaryForPermissionSet" => json!({ "PermissionsBoundary": {
            "CustomerManagedPolicyReference": { "Name": "limit" },
        } }),
        "ListTagsForResource" => json!({ "Tags": [{ "Key": "Team", "Value": "sea" }] }),
        "ListAccountsForProvisionedPermissionSet" if is_admin => {
            json!({ "AccountIds": [ACCOUNT, "222233334444"] })
        }
        "ListAccountsForProvisionedPermissionSet" => json!({ "AccountIds": [] }),
        "ListAccountAssignments" if text("AccountId") == ACCOUNT => {
            let one = |kind: &str, id: &str| json!({ "AccountId": ACCOUNT, "PermissionSetArn": set, "PrincipalType": kind, "PrincipalId": id });
            json!({ "AccountAssignments": [one("GROUP", "g-1"), one("USER", "u-2")] })
        }
        "ListAccountAssignments" => json!({ "AccountAssignments": [] }),
        "ListUsers" => json!({ "Users": [
            { "UserId": "u-1", "UserName": "ann", "IdentityStoreId": "d-1111", "UserStatus": "ENABLED" },
            { "UserId": "u-2", "UserName": "bob", "IdentityStoreId": "d-1111" },
            { "UserId": "u-3", "UserName": "eve", "IdentityStoreId": "d-1111", "UserStatus": "DISABLED" },
        ] }),
        "ListGroups" => json!({ "Groups": [
            { "GroupId": "g-1", "DisplayName": "sre", "IdentityStoreId": "d-1111" },
            { "GroupId": "g-2", "DisplayName": "empty", "IdentityStoreId": "d-1111" },
        ] }),
        "ListGroupMemberships" if text("GroupId") == "g-1" => json!({ "GroupMemberships": [
            { "IdentityStoreId": "d-1111", "MembershipId": "m-1", "GroupId": "g-1", "MemberId": { "UserId": "u-1" } },
            { "IdentityStoreId": "d-1111", "MembershipId": "m-2", "GroupId": "g-1", "MemberId": { "UserId": "u-3" } },
        ] }),
        "ListGroupMemberships" => json!({ "GroupMemberships": [] }),
        _ => json!({}),
    })
}

type Files = BTreeMap<String, Vec<u8>>;

fn run(answers: impl Fn(&Ask) -> Answer) -> (Files, Record, Vec<Ask>) {
    let (mut organization, mut asked) = (Organization::new(begin()), Vec::new());
    loop {
        match organization.next(begin()) {
            Wanted::Ask(ask) => {
                organization.take(ask.id, &answers(&ask), begin());
                asked.push(*ask);
            }
            Wanted::Nothing => break,
            other => panic!("{other:?}"),
        }
    }
    let (files, record) = organization.finished();
    (files.into_iter().collect(), record, asked)
}

/// Every call that is made.
pub(super) fn asked() -> Vec<Ask> {
    run(answer).2
}

fn estate(files: &Files) -> Estate {
    let mut assembler = Assembler::default();
    for (name, bytes) in files {
        let path = format!("snapshots/organization/{name}");
        assembler.add(read(File { path: &path, account: None, bytes }));
    }
    assembler.finish(None)
}

fn account(id: &str) -> AccountId {
    AccountId::parse(id).unwrap()
}

#[test]
fn an_instance_of_another_region_is_found_and_read() {
    let (files, record, _) = run(answer);
    assert!(record.is_complete(), "{:?}", record.missing);
    let estate = estate(&files);
    assert!(estate.problems.is_empty(), "{:?}", estate.problems);
    let center = &estate.identity_center;
    assert_eq!(center.instance().map(|one| one.arn.as_str()), Some(INSTANCE));
    assert_eq!(center.listed.value().map(BTreeSet::len), Some(2));
    let (admin, reader) = (&center.permission_sets["ps-aaaa"], &center.permission_sets["ps-bbbb"]);
    assert_eq!(admin.described.value().map(|told| told.name.as_str()), Some("Admin"));
    assert_eq!((admin.inline.value(), admin.boundary.value()), (Some(&None), Some(&None)));
    assert!(reader.inline.value().is_some_and(|policy| policy.as_ref().unwrap().document.is_ok()));
    let limit = CustomerPolicy { name: "limit".into(), path: "/".into() };
    assert_eq!(reader.boundary.value(), Some(&Some(Boundary::CustomerManaged(limit))));
    assert_eq!(admin.managed.value().map(Vec::len), Some(1));
    assert_eq!(reader.tags.value().map(|tags| tags["Team"].as_str()), Some("sea"));
    let assigned = center.assigned("ps-aaaa", account(ACCOUNT)).unwrap();
    assert_eq!(assigned, BTreeSet::from([Principal::Group("g-1".into()), Principal::User("u-2".into())]));
    assert_eq!(center.assigned("ps-aaaa", account("222233334444")), Ok(BTreeSet::new()));
    assert_eq!(center.assigned("ps-bbbb", account(ACCOUNT)), Ok(BTreeSet::new()));

    let comers = estate.comers(account(ACCOUNT), ROLE).unwrap();
    assert!(comers.gaps.is_empty() && comers.set.as_deref() == Some("ps-aaaa"));
    let names: Vec<_> = comers.people.values().map(|comer| comer.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["ann", "bob", "eve"]);
    assert_eq!(comers.people["u-1"].groups, BTreeSet::from(["sre".to_owned()]));
    assert!(comers.people["u-2"].is_direct && comers.people["u-3"].is_enabled == Some(false));
    assert!(estate.comers(account(ACCOUNT), "Admin").is_none());
    // A role of a set that is gone.
    let gone = estate.comers(account(ACCOUNT), "AWSReservedSSO_Gone_0123456789abcdef").unwrap();
    assert!(gone.people.is_empty() && !gone.gaps.is_empty());
}

/// Each call of Identity Center in turn refused, throttled or lost: whoever could come and is not told is told as a gap, and nothing is
/// known that was not known before.
#[test]
fn what_failed_hides_nobody_in_silence() {
    let (_, _, asked) = run(answer);
    let whole = estate(&run(answer).0);
    let of_center = |ask: &&Ask| matches!(ask.service, "sso-admin" | "identitystore" | "account");
    let operations: BTreeSet<&str> = asked.iter().filter(of_center).map(|ask| ask.operation).collect();
    assert_eq!(operations.len(), 14, "{operations:?}");
    let silent = Failure { silence: Silence::TooLong, message: "no answer".into(), ..Failure::default() };
    for operation in operations {
        for failure in
            [refused("AccessDeniedException"), refused("ThrottlingException"), Answer::Failed(silent.clone())]
        {
            let fails = |ask: &Ask| if ask.operation == operation { failure.clone() } else { answer(ask) };
            let (files, record, _) = run(fails);
            assert!(!record.is_complete(), "{operation}");
            let less = estate(&files);
            let (before, after) = (&whole.identity_center, &less.identity_center);
            for (set, told) in &after.permission_sets {
                let was = &before.permission_sets[set];
                assert!(told.inline.value().is_none_or(|one| Some(one) == was.inline.value()), "{operation}");
                assert!(
                    told.managed.value().is_none_or(|one| Some(one) == was.managed.value()),
                    "{operation}"
                );
                assert!(
                    told.boundary.value().is_none_or(|one| Some(one) == was.boundary.value()),
                    "{operation}"
                );
                assert!(told.tags.value().is_none_or(|one| Some(one) == was.tags.value()), "{operation}");
                assert!(
                    told.accounts.value().is_none_or(|one| Some(one) == was.accounts.value()),
                    "{operation}"
                );
            }
            for account in [account(ACCOUNT), account("222233334444")] {
                let (all, some) = (whole.comers(account, ROLE).unwrap(), less.comers(account, ROLE).unwrap());
                let ids =
                    |comers: &crate::center::Comers| comers.people.keys().cloned().collect::<BTreeSet<_>>();
                assert!(ids(&all) == ids(&some) || !some.gaps.is_empty(), "{operation}: somebody is hidden");
                assert!(some.people.keys().all(|id| all.people.contains_key(id)), "{operation}");
            }
            assert!(
                !less.problems.is_empty() || operation == "ListRegions",
                "{operation}: nothing tells that it failed"
            );
        }
    }
}

/// No instance in one Region is no proof that there is none.
#[test]
fn a_region_without_an_instance_says_nothing_of_the_others() {
    let none = |ask: &Ask| match ask.operation {
        "ListRegions" => refused("AccessDeniedException"),
        "ListInstances" => given(json!({ "Instances": [] })),
        _ => answer(ask),
    };
    let (files, record, _) = run(none);
    assert_eq!(record.missing, ["account:ListRegions: AccessDeniedException"]);
    let estate = estate(&files);
    let gap = estate.identity_center.instances.gap().unwrap();
    assert_eq!(
        (gap.dataset, matches!(gap.reason, GapReason::FieldAbsent(_))),
        (Dataset::IdentityCenter, true)
    );
    assert!(!estate.comers(account(ACCOUNT), ROLE).unwrap().gaps.is_empty());
}

/// A page without its end, two answers that differ, and answers in a wrong place.
#[test]
fn damage_and_contradiction_cost_what_they_are_about() {
    let (files, ..) = run(answer);
    let with = |name: &str, text: &str| {
        let mut files = files.clone();
        files.insert(name.to_owned(), text.as_bytes().to_vec());
        estate(&files)
    };
    let cut = with("group-memberships/g-1.json", r#"{"GroupMemberships": [], "NextToken": "more"}"#);
    assert!(!cut.comers(account(ACCOUNT), ROLE).unwrap().gaps.is_empty());
    let other = r#"{"PermissionSet": {"Name": "Other", "PermissionSetArn": "arn:aws:sso:::permissionSet/ssoins-1111/ps-aaaa"}}"#;
    let differs = with("permission-set/ps-aaaa/again.json", other);
    assert!(differs.identity_center.permission_sets["ps-aaaa"].described.value().is_none());
    assert!(!differs.comers(account(ACCOUNT), ROLE).unwrap().gaps.is_empty());
    assert!(differs.problems.iter().any(|problem| problem.dataset == Some(Dataset::PermissionSets)));
    for (name, text) in [
        ("permission-set/ps-aaaa/managed-policies.json", "{\"AttachedManagedPolicies\": [{"),
        ("permission-set/ps-aaaa/managed-policies.json", "{}"),
        ("permission-set/ps-aaaa/managed-policies.json", "{\"Tags\": []}"),
    ] {
        let torn = with(name, text);
        let set = &torn.identity_center.permission_sets["ps-aaaa"];
        assert!(set.managed.value().is_none() && set.tags.value().is_some(), "{text}");
        assert!(!torn.problems.is_empty(), "{text}");
    }
    let strange = with(
        &format!("account-assignments/ps-aaaa/{ACCOUNT}.json"),
        r#"{"AccountAssignments": [{
        "AccountId": "111122223333", "PermissionSetArn": "arn:aws:sso:::permissionSet/ssoins-1111/ps-aaaa",
        "PrincipalType": "AGENT", "PrincipalId": "x" }]}"#,
    );
    assert!(!strange.comers(account(ACCOUNT), ROLE).unwrap().gaps.is_empty());
}

/// IAM's own lists of users and groups, and what any service calls `Tags`, stay what they were.
#[test]
fn answers_of_other_services_are_not_taken_for_its_own() {
    for text in
        [r#"{"Users": [{"UserName": "a", "UserId": "AIDA"}]}"#, r#"{"Groups": []}"#, r#"{"Users": []}"#]
    {
        let mut assembler = Assembler::default();
        let path = "snapshots/111122223333/users.json";
        assembler.add(read(File { path, account: Some(account(ACCOUNT)), bytes: text.as_bytes() }));
        let estate = assembler.finish(None);
        assert!(estate.identity_center.users.value().is_none() && estate.problems.is_empty(), "{text}");
    }
    let denied = "An error occurred (AccessDenied) when calling the ListUsers operation: no\n";
    let mut assembler = Assembler::default();
    let path = "snapshots/111122223333/users.json";
    assembler.add(read(File { path, account: Some(account(ACCOUNT)), bytes: denied.as_bytes() }));
    let gap = assembler.finish(None).identity_center.users.gap().cloned().unwrap();
    assert_eq!(gap.reason, GapReason::NotGiven);
}

/// What an earlier run was answered is found again, each answer by its own call.
#[test]
fn an_earlier_run_is_taken_up() {
    let (files, record, asked) = run(answer);
    let collected = serde_json::to_vec(&json!({ "record": record })).unwrap();
    let mut earlier = Earlier::of(&collected, begin(), |name| files.get(name).cloned());
    for ask in &asked {
        let Answer::Given(expected) = answer(ask) else { continue };
        let is_kept = !matches!(ask.operation, "ListRegions")
            && record.calls.iter().any(|call| {
                call.call == format!("{}:{}", ask.service, ask.operation)
                    && call.outcome == Outcome::Answered
                    && !call.file.is_empty()
            });
        if is_kept && ask.service != "organizations" && ask.operation != "ListInstances" {
            assert_eq!(earlier.take(ask).map(|given| given.value), Some(expected.value), "{ask:?}");
        }
    }
}
