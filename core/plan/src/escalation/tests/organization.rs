//! What binds an account and can be taken off: by leaving the organization, and by whoever may change it.

use kagimori_estate::access::May;
use serde_json::{Value, json};

use super::{AWAY, HOME, MANAGEMENT, NOW, Tiny, allow, deny, trusts};
use crate::escalation::{Goal, Graph};

const POLICY: &str = "arn:aws:organizations::999999999999:policy/o-example/service_control_policy/p-own00000";
const ROOT: &str = "arn:aws:organizations::999999999999:root/o-example/r-root";

/// The surest way of a principal to an administrator.
fn route(tiny: &Tiny, from: &str) -> Option<(May, Vec<&'static str>)> {
    let estate = tiny.estate();
    let graph = Graph::of(&estate, NOW);
    let found = graph.find(&Goal::Administrator, Some(from)).unwrap();
    for route in &found.routes {
        let steps = graph.steps(route);
        assert_eq!(steps.len(), route.len(), "each step is told");
        assert!(steps.iter().all(|step| !step.witnesses.is_empty()), "{steps:#?}");
    }
    found.routes.first().map(|route| (route.certainty(), route.paths()))
}

fn home(resource: &str) -> String {
    format!("arn:aws:iam::{HOME}:{resource}")
}

fn no_iam() -> Vec<(&'static str, Vec<Value>)> {
    vec![("SERVICE_CONTROL_POLICY", vec![deny(&["iam:*"], "*")])]
}

/// `user/a` has every permission, in an account whose SCP denies all of IAM; and may leave where `statements` let it.
fn member(statements: &[Value]) -> Tiny {
    let mut tiny = Tiny { guardrails: no_iam(), ..Tiny::default() };
    let a = tiny.user(HOME, "a");
    a.statements = vec![allow(&["iam:*", "s3:*"], "*")];
    a.statements.extend_from_slice(statements);
    tiny
}

fn leaving() -> Value {
    allow(&["organizations:LeaveOrganization"], "*")
}

#[test]
fn who_may_leave_the_organization_is_bound_by_nothing_of_it() {
    let way = Some((May::If, vec!["kagimori-174"]));
    assert_eq!(route(&member(&[leaving()]), &home("user/a")), way);
    assert_eq!(route(&member(&[]), &home("user/a")), None, "it may not leave");
    // the guardrail that AWS advises (Organizations User Guide, `orgs_manage_policies_scps_examples_general`)
    let mut kept = member(&[leaving()]);
    kept.guardrails.push(("SERVICE_CONTROL_POLICY", vec![deny(&["organizations:LeaveOrganization"], "*")]));
    assert_eq!(route(&kept, &home("user/a")), None);
    // nothing that binds it is in its way
    let mut poor = member(&[leaving()]);
    poor.user(HOME, "a").statements = vec![allow(&["s3:*"], "*"), leaving()];
    assert_eq!(route(&poor, &home("user/a")), None);
    // the management account cannot leave, and no SCP binds it
    let mut management = member(&[leaving()]);
    management.manages = true;
    let estate = management.estate();
    let found = Graph::of(&estate, NOW).find(&Goal::Administrator, None).unwrap();
    assert!(found.routes.is_empty(), "it is an administrator as it is: {found:?}");
}

/// Everybody in the account is bound by nothing afterwards.
#[test]
fn a_role_of_the_account_that_left_is_free_as_well() {
    let mut tiny = member(&[leaving(), allow(&["sts:AssumeRole"], &home("role/r"))]);
    tiny.user(HOME, "a").statements = vec![leaving(), allow(&["sts:AssumeRole"], &home("role/r"))];
    let role = tiny.role(HOME, "r");
    role.statements = vec![allow(&["iam:*"], "*")];
    role.trust = vec![trusts("AWS", &home("user/a"))];
    assert_eq!(route(&tiny, &home("user/a")), Some((May::If, vec!["kagimori-174", "sts-001"])));
    // and can be reached by name
    let estate = tiny.estate();
    let graph = Graph::of(&estate, NOW);
    let found = graph.find(&Goal::Principal(home("role/r")), Some(&home("user/a"))).unwrap();
    assert_eq!(found.routes[0].certainty(), May::Surely, "as it is");
    assert_eq!(found.routes[0].paths(), ["sts-001"]);
}

/// A role of another account that asks for the organization lets nobody in who has left it.
#[test]
fn what_others_give_to_the_organization_is_gone_with_it() {
    let with = |organization: bool| {
        let mut tiny = Tiny { guardrails: vec![], ..Tiny::default() };
        tiny.guardrails = vec![("SERVICE_CONTROL_POLICY", vec![deny(&["sts:AssumeRole"], "*")])];
        let account = |id: &str| json!({"Id": id, "Arn": format!("arn:aws:organizations::{MANAGEMENT}:account/o-example/{id}"), "Email": "a@example.com", "Name": id, "Status": "ACTIVE", "JoinedMethod": "CREATED", "JoinedTimestamp": "2025-01-01T00:00:00+00:00"});
        let accounts = [HOME, AWAY, MANAGEMENT].map(account);
        tiny.tree = vec![("accounts.json", json!({ "Accounts": accounts }))];
        let target = format!("arn:aws:iam::{AWAY}:role/r");
        tiny.user(HOME, "a").statements = vec![leaving(), allow(&["sts:AssumeRole"], &target)];
        let role = tiny.role(AWAY, "r");
        role.statements = vec![allow(&["*"], "*")];
        let mut trust = trusts("AWS", &home("root"));
        if organization {
            trust["Condition"] = json!({"StringEquals": {"aws:PrincipalOrgID": "o-example"}});
        }
        role.trust = vec![trust];
        tiny
    };
    assert_eq!(route(&with(false), &home("user/a")), Some((May::If, vec!["kagimori-174", "sts-001"])));
    assert_eq!(route(&with(true), &home("user/a")), None);
}

/// Someone of the management account who may become a role of a member that an SCP keeps from IAM.
fn manager(statements: &[Value]) -> Tiny {
    let mut tiny = Tiny { guardrails: no_iam(), manages: true, ..Tiny::default() };
    let target = format!("arn:aws:iam::{AWAY}:role/r");
    let a = tiny.user(HOME, "a");
    a.statements = vec![allow(&["sts:AssumeRole"], &target)];
    a.statements.extend_from_slice(statements);
    let role = tiny.role(AWAY, "r");
    role.statements = vec![allow(&["iam:*"], "*")];
    role.trust = vec![trusts("AWS", &home("root"))];
    tiny
}

fn of_home(resource: &str) -> String {
    resource.replace(MANAGEMENT, HOME)
}

#[test]
fn whoever_takes_a_policy_off_takes_it_from_the_roles_that_it_may_assume() {
    let (policy, root) = (of_home(POLICY), of_home(ROOT));
    let on = |action: &str, resources: &[&str]| -> Vec<Value> {
        resources.iter().map(|resource| allow(&[&format!("organizations:{action}")], resource)).collect()
    };
    let way = |id| Some((May::Surely, vec![id, "sts-001"]));
    let cases = [
        ("DetachPolicy", vec![policy.as_str(), root.as_str()], "kagimori-175"),
        ("UpdatePolicy", vec![policy.as_str()], "kagimori-176"),
        ("DisablePolicyType", vec![root.as_str()], "kagimori-177"),
    ];
    for (action, resources, id) in &cases {
        assert_eq!(route(&manager(&on(action, resources)), &home("user/a")), way(id), "{action}");
        // each of what the call is about has to be allowed
        for left_out in 0..resources.len() {
            let mut fewer = resources.clone();
            fewer.remove(left_out);
            assert_eq!(route(&manager(&on(action, &fewer)), &home("user/a")), None, "{action}");
        }
        // another policy, another kind of policy
        let others = on(action, &[&of_home(&POLICY.replace("p-own00000", "p-other000"))]);
        assert_eq!(route(&manager(&others), &home("user/a")), None, "{action}");
        let mut of_kind = on(action, resources);
        for statement in &mut of_kind {
            statement["Condition"] =
                json!({"StringEquals": {"organizations:PolicyType": "RESOURCE_CONTROL_POLICY"}});
        }
        assert_eq!(route(&manager(&of_kind), &home("user/a")), None, "{action}");
    }
    assert_eq!(route(&manager(&[]), &home("user/a")), None);
}

/// RCPs that keep the manager out of the role.
#[test]
fn a_resource_control_policy_comes_off_as_well() {
    let bound = json!({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"});
    let mut tiny = manager(&[allow(&["organizations:Detach*"], "*")]);
    tiny.guardrails = vec![("RESOURCE_CONTROL_POLICY", vec![bound])];
    assert_eq!(route(&tiny, &home("user/a")), Some((May::Surely, vec!["kagimori-175", "sts-001"])));
    tiny.user(HOME, "a").statements.truncate(1);
    assert_eq!(route(&tiny, &home("user/a")), None);
}

/// The SCP is on the unit that the account is in.
#[test]
fn an_account_is_moved_or_taken_out_of_its_organization() {
    let with = |statements: &[Value]| {
        let mut tiny = Tiny { has_unit: true, guardrails: vec![], ..manager(statements) };
        let parent = |id: &str, kind: &str| json!({"Parents": [{"Id": id, "Type": kind}]});
        tiny.tree = vec![
            ("parents-444455556666.json", parent("ou-abcd-11111111", "ORGANIZATIONAL_UNIT")),
            ("parents-ou-abcd-11111111.json", parent("r-root", "ROOT")),
            ("parents-111122223333.json", parent("r-root", "ROOT")),
        ];
        tiny
    };
    let account = format!("arn:aws:organizations::{HOME}:account/o-example/{AWAY}");
    let unit = format!("arn:aws:organizations::{HOME}:ou/o-example/ou-abcd-11111111");
    let root = of_home(ROOT);
    let moving = |resources: &[&str]| -> Vec<Value> {
        resources.iter().map(|resource| allow(&["organizations:MoveAccount"], resource)).collect()
    };
    let moved = route(&with(&moving(&[&account, &unit, &root])), &home("user/a"));
    assert_eq!(moved, Some((May::Surely, vec!["kagimori-179", "sts-001"])));
    for left_out in 0..3 {
        let mut fewer = vec![account.as_str(), unit.as_str(), root.as_str()];
        fewer.remove(left_out);
        assert_eq!(route(&with(&moving(&fewer)), &home("user/a")), None, "without {left_out}");
    }
    let removing = |resource: &str| [allow(&["organizations:RemoveAccountFromOrganization"], resource)];
    let removed = route(&with(&removing(&account)), &home("user/a"));
    assert_eq!(removed, Some((May::If, vec!["kagimori-180", "sts-001"])));
    let other = account.replace(AWAY, "777788889999");
    assert_eq!(route(&with(&removing(&other)), &home("user/a")), None);
}

/// A list of what is allowed: AWS's own policy beside it makes it a list of nothing.
#[test]
fn a_list_of_what_is_allowed_is_opened_by_one_more_policy() {
    let with = |statements: &[Value]| {
        let mut tiny = Tiny { guardrails: vec![], ..manager(statements) };
        let summary = |id: &str, name: &str, managed: bool| json!({"Id": id, "Arn": "arn:x", "Name": name, "Description": "", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": managed});
        let content =
            json!({"Version": "2012-10-17", "Statement": [allow(&["s3:*", "sts:*"], "*")]}).to_string();
        let on = |id: &str, kind: &str| json!({"Targets": [{"TargetId": id, "Arn": "arn:x", "Name": "x", "Type": kind}]});
        tiny.tree = vec![
            (
                "policies.json",
                json!({"Policies": [summary("p-FullAWSAccess", "FullAWSAccess", true), summary("p-list0000", "list", false)]}),
            ),
            (
                "policy-p-list0000.json",
                json!({"Policy": {"PolicySummary": summary("p-list0000", "list", false), "Content": content}}),
            ),
            ("policy-targets/p-FullAWSAccess.json", on(AWAY, "ACCOUNT")),
            ("policy-targets/p-list0000.json", on("r-root", "ROOT")),
            ("parents-444455556666.json", json!({"Parents": [{"Id": "r-root", "Type": "ROOT"}]})),
        ];
        tiny.has_lists_of_its_own = true;
        tiny
    };
    let full = "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess";
    let (list, root) = (of_home(&POLICY.replace("p-own00000", "p-list0000")), of_home(ROOT));
    let on = |action: &str, resource: &str| allow(&[&format!("organizations:{action}")], resource);
    let opened = with(&[on("AttachPolicy", full), on("AttachPolicy", &root)]);
    assert_eq!(route(&opened, &home("user/a")), Some((May::Surely, vec!["kagimori-178", "sts-001"])));
    assert_eq!(route(&with(&[on("AttachPolicy", &root)]), &home("user/a")), None);
    // AWS detaches no last policy of a node
    let detach = [on("DetachPolicy", &list), on("DetachPolicy", &root)];
    assert_eq!(route(&with(&detach), &home("user/a")), None);
}

/// Nobody knows to whom the organization delegates its policies.
#[test]
fn what_a_member_may_do_by_delegation_is_not_known() {
    let may = |statement: Value| route(&member(&[statement]), &home("user/a"));
    let unknown = |id| Some((May::Unknown, vec![id]));
    assert_eq!(may(allow(&["organizations:DetachPolicy"], "*")), unknown("kagimori-181"));
    assert_eq!(may(allow(&["organizations:UpdatePolicy"], "*")), unknown("kagimori-182"));
    assert_eq!(may(allow(&["organizations:DisablePolicyType"], "*")), unknown("kagimori-183"));
    assert_eq!(may(allow(&["organizations:DescribePolicy", "organizations:List*"], "*")), None);
    // accounts are moved by the management account alone
    assert_eq!(may(allow(&["organizations:MoveAccount"], "*")), None);
}
