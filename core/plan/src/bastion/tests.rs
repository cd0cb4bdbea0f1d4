//! Small companies: a bastion with ann, ben and a machine, and an account with or without roles.

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::change::{Change, apply_all};
use kagimori_estate::read::{Assembler, File, read};
use kagimori_id::AccountId;
use kagimori_policy::print;
use serde_json::{Value, json};

use super::{Admission, Bastion, Held, Promise, Promised, Target, differences, promises};
use super::{cloudformation, terraform};

const FILE: &str = r#"
    [bastion]
    account = "111122223333"
    group = "people"
    users = ["ann", "ben"]
    [[role]]
    name = "developer"
    accounts = ["444455556666"]
    policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
"#;
const PEOPLE: &str = "111122223333";
const WORK: &str = "444455556666";

fn now() -> Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
}

fn allow(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
}

fn user(name: &str, path: &str, inline: &[(&str, Value)]) -> Value {
    let policies: Vec<Value> =
        inline.iter().map(|(name, text)| json!({"PolicyName": name, "PolicyDocument": text})).collect();
    json!({
        "Path": path, "UserName": name, "UserId": format!("AIDAEXAMPLE{:X<9}", name.to_uppercase()),
        "Arn": format!("arn:aws:iam::{PEOPLE}:user{path}{name}"), "CreateDate": "2026-01-01T00:00:00+00:00",
        "GroupList": [], "AttachedManagedPolicies": [], "Tags": [], "UserPolicyList": policies,
    })
}

fn role(name: &str, trust: &Value, attached: &[&str]) -> Value {
    let attached: Vec<Value> =
        attached.iter().map(|arn| json!({"PolicyName": arn.rsplit('/').next(), "PolicyArn": arn})).collect();
    json!({
        "Path": "/", "RoleName": name, "RoleId": format!("AROAEXAMPLE{:X<9}", name.to_uppercase()),
        "Arn": format!("arn:aws:iam::{WORK}:role/{name}"), "CreateDate": "2026-01-01T00:00:00+00:00",
        "AssumeRolePolicyDocument": trust, "InstanceProfileList": [], "RolePolicyList": [],
        "AttachedManagedPolicies": attached, "Tags": [], "RoleLastUsed": {},
    })
}

fn policy(arn: &str, document: &Value) -> Value {
    json!({
        "PolicyName": arn.rsplit('/').next(), "PolicyId": "ANPAEXAMPLEEXAMPLE01", "Arn": arn, "Path": "/",
        "DefaultVersionId": "v1", "AttachmentCount": 1, "PermissionsBoundaryUsageCount": 0, "IsAttachable": true,
        "CreateDate": "2026-01-01T00:00:00+00:00",
        "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": document,
                               "CreateDate": "2026-01-01T00:00:00+00:00"}],
    })
}

/// What the accounts of a company answer.
struct Company {
    users: Vec<Value>,
    groups: Vec<Value>,
    roles: Vec<Value>,
    policies: Vec<Value>,
    has_work: bool,
}

impl Company {
    fn new() -> Self {
        Self {
            users: vec![user("ann", "/", &[]), user("ben", "/people/", &[]), user("svc", "/", &[])],
            groups: Vec::new(),
            roles: Vec::new(),
            policies: vec![policy("arn:aws:iam::aws:policy/ReadOnlyAccess", &allow("s3:Get*"))],
            has_work: true,
        }
    }

    fn estate(&self) -> Estate {
        let details = |users: &[Value], groups: &[Value], roles: &[Value], policies: &[Value]| {
            json!({"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies,
                   "IsTruncated": false})
        };
        let lasting: Vec<Value> = self
            .roles
            .iter()
            .map(|role| {
                let mut role = role.clone();
                role["MaxSessionDuration"] = 3_600.into();
                role
            })
            .collect();
        let mut files =
            vec![(PEOPLE, "authorization-details.json", details(&self.users, &self.groups, &[], &[]))];
        if self.has_work {
            files.push((WORK, "authorization-details.json", details(&[], &[], &self.roles, &self.policies)));
            files.push((WORK, "roles.json", json!({"Roles": lasting})));
        }
        let mut assembler = Assembler::default();
        for (account, path, content) in files {
            let path = format!("snapshots/{account}/{path}");
            let (account, text) = (AccountId::parse(account).ok(), content.to_string());
            assembler.add(read(File { path: &path, account, bytes: text.as_bytes() }));
        }
        let estate = assembler.finish(None);
        assert!(estate.problems.is_empty(), "{:?}", estate.problems);
        estate
    }
}

fn target(file: &str, estate: &Estate) -> Target {
    Target::of(&Bastion::parse(file).unwrap(), estate).unwrap()
}

/// What would be changed, and the estate as it would be.
fn planned(file: &str, estate: &Estate) -> (Vec<Change>, Estate) {
    let changes = differences(&target(file, estate), estate).changes();
    let after = apply_all(estate, &changes).unwrap();
    (changes, after)
}

fn promise(file: &str, estate: &Estate, promised: Promised) -> Promise {
    let all = promises(&target(file, estate), estate, now());
    all.into_iter().find(|promise| promise.promised == promised).unwrap()
}

#[test]
fn an_empty_company_gets_all_of_it_and_then_nothing() {
    let estate = Company::new().estate();
    let (changes, after) = planned(FILE, &estate);
    let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "create arn:aws:iam::444455556666:policy/bastion-below-iam",
            "create arn:aws:iam::444455556666:role/developer with 1 attached policy",
            "create arn:aws:iam::111122223333:group/people with 1 inline policy, 2 members",
        ]
    );
    let again = differences(&target(FILE, &after), &after);
    assert_eq!((again.found.len(), again.unknown.len()), (0, 0), "{again:?}");
    for promise in promises(&target(FILE, &after), &after, now()) {
        assert_eq!(promise.held(), Held::Proved, "{promise:?}");
    }
}

#[test]
fn before_it_is_made_nothing_is_promised_of_the_roles() {
    let estate = Company::new().estate();
    for promised in [Promised::NobodyElse, Promised::BelowIam, Promised::NoEscalation] {
        assert_eq!(promise(FILE, &estate, promised).held(), Held::Unknown);
    }
}

#[test]
fn the_policy_of_the_group_is_what_it_is() {
    let target = target(FILE, &Company::new().estate());
    let text = print::print(&target.group_policy);
    for expected in [
        "arn:aws:iam::111122223333:mfa/${aws:username}",
        "arn:aws:iam::111122223333:user/people/${aws:username}",
        "arn:aws:iam::444455556666:role/developer",
        r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}"#,
    ] {
        assert!(text.contains(expected), "{text}");
    }
    assert_eq!(
        print::print(&target.trust),
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"PeopleOfTheBastion","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},"ArnEquals":{"aws:PrincipalArn":["arn:aws:iam::111122223333:user/ann","arn:aws:iam::111122223333:user/people/ben"]}}}]}"#
    );
}

#[test]
fn more_people_than_fit_are_let_in_as_users_of_the_account() {
    let mut company = Company::new();
    company.users = (0..80).map(|number| user(&format!("person{number:02}"), "/", &[])).collect();
    let file = FILE.replace(r#"users = ["ann", "ben"]"#, "every_user_but = [\"person79\"]");
    let estate = company.estate();
    let held = target(&file, &estate);
    assert_eq!((held.admission, held.people.len()), (Admission::AnyUser, 79));
    let (_, after) = planned(&file, &estate);
    assert_eq!(promise(&file, &after, Promised::NobodyElse).held(), Held::Proved);
    // Somebody else whom the policies of the bastion let out.
    company.users.push(user("other", "/", &[("out", allow("sts:AssumeRole"))]));
    let file = file.replace("[\"person79\"]", "[\"person79\", \"other\"]");
    let (_, after) = planned(&file, &company.estate());
    let broken = promise(&file, &after, Promised::NobodyElse);
    assert!(broken.breaches.iter().any(|breach| breach.what.contains("user/other becomes it")), "{broken:?}");
}

#[test]
fn what_people_have_beside_it_breaks_the_promise_with_mfa_and_is_named() {
    let mut company = Company::new();
    company.users[0] = user("ann", "/", &[("more", allow("s3:GetObject"))]);
    let (_, after) = planned(FILE, &company.estate());
    assert_eq!(promise(FILE, &after, Promised::WithoutMfa).held(), Held::Proved);
    let broken = promise(FILE, &after, Promised::WithMfa);
    assert_eq!(broken.held(), Held::Broken);
    let [breach] = broken.breaches.as_slice() else { panic!("{broken:?}") };
    assert!(
        breach.who.ends_with("user/ann") && breach.what.starts_with("may s3:GetObject on "),
        "{breach:?}"
    );
    assert!(breach.what.ends_with("with MFA") && breach.fix.contains("`more`"), "{breach:?}");
}

/// The known hole: `Bool` does not deny whoever has a long-term key.
#[test]
fn a_deny_by_bool_lets_keys_through() {
    let mut company = Company::new();
    let hole = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}]});
    company.users[0] = user("ann", "/", &[("hole", hole)]);
    let broken = promise(FILE, &company.estate(), Promised::WithoutMfa);
    assert!(broken.breaches.iter().any(|breach| breach.what.ends_with("without MFA")), "{broken:?}");
    let shut = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}]});
    company.users[0] = user("ann", "/", &[("shut", shut)]);
    assert_eq!(promise(FILE, &company.estate(), Promised::WithoutMfa).held(), Held::Proved);
}

/// A device of anybody's name, and taking one's device away without MFA.
#[test]
fn self_management_is_held_to_oneself_and_to_mfa() {
    let device = |action: &str, resource: &str| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]});
    for (action, resource, is_held) in [
        ("iam:CreateVirtualMFADevice", "arn:aws:iam::111122223333:mfa/${aws:username}", true),
        ("iam:CreateVirtualMFADevice", "arn:aws:iam::*:mfa/*", false),
        ("iam:DeactivateMFADevice", "arn:aws:iam::111122223333:user/${aws:username}", false),
        ("iam:DeleteVirtualMFADevice", "arn:aws:iam::111122223333:mfa/${aws:username}", false),
        ("iam:CreateAccessKey", "arn:aws:iam::111122223333:user/${aws:username}", false),
        ("iam:ChangePassword", "arn:aws:iam::111122223333:user/${aws:username}", true),
    ] {
        let mut company = Company::new();
        company.users[0] = user("ann", "/", &[("self", device(action, resource))]);
        let held = promise(FILE, &company.estate(), Promised::WithoutMfa).held();
        assert_eq!(held == Held::Proved, is_held, "{action} {resource}");
    }
}

fn trust(principal: &Value, condition: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}]})
}

#[test]
fn whoever_else_a_trust_policy_lets_in_is_shown() {
    let root = json!({"AWS": "arn:aws:iam::111122223333:root"});
    let named =
        json!({"AWS": ["arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:user/people/ben"]});
    let mfa = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let if_exists = json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}});
    let service = json!({"Service": "ec2.amazonaws.com", "AWS": named["AWS"]});
    for (principal, condition, is_held) in [
        (named.clone(), mfa.clone(), true),
        (named.clone(), if_exists, false),
        (named.clone(), json!({}), false),
        (root, mfa.clone(), false),
        (json!("*"), mfa.clone(), false),
        (service, mfa.clone(), false),
        (json!({"AWS": "arn:aws:iam::111122223333:user/svc"}), mfa.clone(), false),
        (json!({"AWS": "AIDAEXAMPLEDELETED00"}), mfa, true),
    ] {
        let mut company = Company::new();
        company.roles = vec![role("developer", &trust(&principal, &condition), &[])];
        let held = promise(FILE, &company.estate(), Promised::NobodyElse);
        assert_eq!(
            held.breaches.is_empty() && held.untold.is_empty(),
            is_held,
            "{principal} {condition} {held:?}"
        );
    }
}

/// Who shuts out whoever comes without MFA asks for it, too.
#[test]
fn a_deny_of_a_trust_policy_counts() {
    let named =
        json!({"AWS": ["arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:user/people/ben"]});
    for (operator, principal, is_held) in [
        ("BoolIfExists", json!("*"), true),
        ("BoolIfExists", json!({"AWS": "*"}), true),
        ("BoolIfExists", json!({"AWS": PEOPLE}), true),
        ("Bool", json!("*"), false),
        ("BoolIfExists", json!({"AWS": WORK}), false),
        ("BoolIfExists", json!({"AWS": "arn:aws:iam::111122223333:user/ann"}), false),
    ] {
        let mut document = trust(&named, &json!({}));
        let deny = json!({"Effect": "Deny", "Principal": principal, "Action": "sts:AssumeRole",
                          "Condition": {operator: {"aws:MultiFactorAuthPresent": "false"}}});
        document["Statement"].as_array_mut().unwrap().push(deny);
        let mut company = Company::new();
        company.roles = vec![role("developer", &document, &[])];
        let held = promise(FILE, &company.estate(), Promised::NobodyElse);
        assert_eq!(
            held.breaches.is_empty() && held.untold.is_empty(),
            is_held,
            "{operator} {principal} {held:?}"
        );
    }
}

/// Whoever may become one of the people comes to what they come to; an administrator rules, and is told apart.
#[test]
fn whoever_becomes_one_of_the_people_is_shown() {
    let mut company = Company::new();
    let keys = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["iam:CreateLoginProfile", "iam:UpdateLoginProfile"], "Resource": "*"}]});
    company.users[2] = user("svc", "/", &[("passwords", keys)]);
    let (_, after) = planned(FILE, &company.estate());
    let broken = promise(FILE, &after, Promised::NobodyElse);
    assert!(broken.breaches.iter().any(|breach| breach.what.contains("user/svc becomes it")), "{broken:?}");
    company.users[2] = user("svc", "/", &[("all", allow("*"))]);
    let (_, after) = planned(FILE, &company.estate());
    let held = promise(FILE, &after, Promised::NobodyElse);
    assert_eq!((held.held(), held.rulers.len()), (Held::Proved, 1), "{held:?}");
}

#[test]
fn a_role_that_differs_is_changed_and_one_that_is_right_is_not() {
    let mut company = Company::new();
    let root = json!({"AWS": "arn:aws:iam::111122223333:root"});
    let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
    company.roles = vec![role("developer", &trust(&root, &json!({})), &[administrator])];
    company.policies.push(policy(administrator, &allow("*")));
    let estate = company.estate();
    assert_eq!(promise(FILE, &estate, Promised::BelowIam).held(), Held::Broken);
    assert_eq!(promise(FILE, &estate, Promised::NoEscalation).held(), Held::Broken);
    let (changes, after) = planned(FILE, &estate);
    let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "create arn:aws:iam::444455556666:policy/bastion-below-iam",
            "bound arn:aws:iam::444455556666:role/developer by arn:aws:iam::444455556666:policy/bastion-below-iam",
            "replace the trust policy of arn:aws:iam::444455556666:role/developer",
            "attach arn:aws:iam::aws:policy/ReadOnlyAccess to arn:aws:iam::444455556666:role/developer",
            "detach arn:aws:iam::aws:policy/AdministratorAccess from arn:aws:iam::444455556666:role/developer",
            "create arn:aws:iam::111122223333:group/people with 1 inline policy, 2 members",
        ]
    );
    assert_eq!(promise(FILE, &after, Promised::BelowIam).held(), Held::Proved);
    assert_eq!(promise(FILE, &after, Promised::NoEscalation).held(), Held::Proved);
}

/// The boundary keeps an administrator below IAM, whatever is attached.
#[test]
fn the_boundary_holds_over_every_policy() {
    let mut company = Company::new();
    company.policies = vec![policy("arn:aws:iam::aws:policy/AdministratorAccess", &allow("*"))];
    let file = FILE.replace("ReadOnlyAccess", "AdministratorAccess");
    let (_, after) = planned(&file, &company.estate());
    assert_eq!(promise(&file, &after, Promised::BelowIam).held(), Held::Proved);
}

/// The text of a policy of AWS that nobody has yet is in no snapshot; the boundary holds all the same.
#[test]
fn a_text_that_no_snapshot_holds_is_taken_as_anything() {
    let mut company = Company::new();
    company.policies = Vec::new();
    let (_, after) = planned(FILE, &company.estate());
    assert_eq!(promise(FILE, &after, Promised::BelowIam).held(), Held::Proved);
    assert_eq!(promise(FILE, &after, Promised::NoEscalation).held(), Held::Proved);
}

#[test]
fn an_account_without_a_snapshot_is_unknown() {
    let mut company = Company::new();
    company.has_work = false;
    let estate = company.estate();
    let found = differences(&target(FILE, &estate), &estate);
    let [unknown] = found.unknown.as_slice() else { panic!("{found:?}") };
    assert!(
        unknown.what.contains("444455556666") && unknown.hint.contains("kagimori collect"),
        "{unknown:?}"
    );
    assert_eq!(promise(FILE, &estate, Promised::BelowIam).held(), Held::Unknown);
}

#[test]
fn a_name_that_is_nobodys_is_refused() {
    let estate = Company::new().estate();
    for (from, to, expected) in [
        ("\"ben\"", "\"bob\"", "has no user `bob`"),
        ("111122223333", "999999999999", "nothing is known of the bastion account 999999999999"),
        (
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "arn:aws:iam::111122223333:policy/x",
            "is of the account 111122223333",
        ),
    ] {
        let bastion = Bastion::parse(&FILE.replace(from, to)).unwrap();
        let error = Target::of(&bastion, &estate).unwrap_err();
        assert!(error.to_string().contains(expected) && !error.hint().is_empty(), "{error}");
    }
}

#[test]
fn members_and_policies_of_a_group_that_is_there_are_put_right() {
    let mut company = Company::new();
    for name in [1, 2] {
        company.users[name]["GroupList"] = json!(["people"]);
    }
    company.groups = vec![json!({
        "Path": "/teams/", "GroupName": "people", "GroupId": "AGPAEXAMPLEEXAMPLE01",
        "Arn": "arn:aws:iam::111122223333:group/teams/people", "CreateDate": "2026-01-01T00:00:00+00:00",
        "GroupPolicyList": [{"PolicyName": "old", "PolicyDocument": allow("sts:AssumeRole")}], "AttachedManagedPolicies": [],
    })];
    let (changes, after) = planned(FILE, &company.estate());
    let told: Vec<String> = changes.iter().skip(2).map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "put the inline policy `bastion` on arn:aws:iam::111122223333:group/teams/people",
            "add arn:aws:iam::111122223333:user/ann to the group `people`",
            "remove arn:aws:iam::111122223333:user/svc from the group `people`",
            "delete the inline policy `old` of arn:aws:iam::111122223333:group/teams/people",
        ]
    );
    assert!(differences(&target(FILE, &after), &after).found.is_empty());
}

#[test]
fn the_same_as_text() {
    let target = target(FILE, &Company::new().estate());
    let (terraform, templates) = (terraform(&target), cloudformation(&target));
    assert_eq!(terraform.len(), 2);
    let (people, work) = (AccountId::parse(PEOPLE).unwrap(), AccountId::parse(WORK).unwrap());
    let text = terraform.get(&people).unwrap();
    assert!(text.contains("mfa/$${aws:username}") && !text.contains(" ${aws"), "{text}");
    assert!(text.contains("    \"ann\",\n    \"ben\",\n"), "{text}");
    let text = terraform.get(&work).unwrap();
    assert!(text.contains("permissions_boundary = aws_iam_policy.bastion_boundary.arn"), "{text}");
    let template: Value = serde_json::from_str(templates.get(&work).unwrap()).unwrap();
    assert_eq!(
        template["Resources"]["Role1"]["Properties"]["PermissionsBoundary"],
        json!({"Ref": "Boundary"})
    );
    let template: Value = serde_json::from_str(templates.get(&people).unwrap()).unwrap();
    let held = &template["Resources"]["People"]["Properties"]["Policies"][0]["PolicyDocument"];
    assert_eq!(*held, serde_json::from_str::<Value>(&print::print(&target.group_policy)).unwrap());
}
