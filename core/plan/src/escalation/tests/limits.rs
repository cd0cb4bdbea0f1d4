//! What limits a principal and can be taken away, what can be made, and what is not followed.

use kagimori_estate::access::May;
use serde_json::json;

use super::{BOUNDARY, HOME, NOW, Tiny, allow, deny, trusts};
use crate::escalation::{Goal, Graph};

fn arn(resource: &str) -> String {
    format!("arn:aws:iam::{HOME}:{resource}")
}

/// The surest way of `user/a` to an administrator.
fn route(tiny: &Tiny) -> Option<(May, Vec<&'static str>)> {
    route_of(tiny, "user/a")
}

fn route_of(tiny: &Tiny, from: &str) -> Option<(May, Vec<&'static str>)> {
    let estate = tiny.estate();
    let graph = Graph::of(&estate, NOW);
    let found = graph.find(&Goal::Administrator, Some(&arn(from))).unwrap();
    for route in &found.routes {
        let steps = graph.steps(route);
        assert_eq!(steps.len(), route.len(), "each step is told");
        assert!(steps.iter().all(|step| !step.witnesses.is_empty()), "{steps:#?}");
    }
    found.routes.first().map(|route| (route.certainty(), route.paths()))
}

fn sure(ids: &[&'static str]) -> Option<(May, Vec<&'static str>)> {
    Some((May::Surely, ids.to_vec()))
}

/// What an administrator's policies leave when this is denied.
fn all_but(denied: &[&str]) -> serde_json::Value {
    deny(denied, "*")
}

const WAYS: [&str; 10] = [
    "iam:Attach*",
    "iam:Put*Policy",
    "iam:Create*",
    "iam:Update*",
    "iam:AddUser*",
    "iam:AddRole*",
    "iam:PassRole",
    "iam:SetDefault*",
    "sts:*",
    "sso:*",
];

#[test]
fn a_boundary_that_one_may_delete_replace_or_rewrite_is_none() {
    let bounded = |own: &[serde_json::Value]| {
        let mut tiny = Tiny::default();
        tiny.policy(HOME, "wide", vec![allow(&["*"], "*"), all_but(&WAYS)]);
        let a = tiny.user(HOME, "a");
        a.statements = own.to_vec();
        a.bounded_by = Some("wide");
        tiny
    };
    let all = allow(&["*"], "*");
    assert_eq!(route(&bounded(std::slice::from_ref(&all))), sure(&["iam-022"]));
    let kept = deny(&["iam:DeleteUserPermissionsBoundary"], "*");
    assert_eq!(route(&bounded(&[all.clone(), kept.clone()])), sure(&["kagimori-031"]), "another one is put");
    let both = deny(&["iam:DeleteUserPermissionsBoundary", "iam:PutUserPermissionsBoundary"], "*");
    assert_eq!(route(&bounded(&[all, both])), None, "the boundary keeps CreatePolicyVersion away");
    // a boundary grants nothing: who only reads is no administrator without it
    let reader = [allow(&["s3:Get*"], "*"), allow(&["iam:DeleteUserPermissionsBoundary"], &arn("user/a"))];
    assert_eq!(route(&bounded(&reader)), None);
    // somebody else's is none of its business
    let other = [allow(&["*"], "*"), deny(&["iam:DeleteUser*", "iam:PutUserP*"], &arn("user/a"))];
    assert_eq!(route(&bounded(&other)), None);
}

#[test]
fn a_deny_that_one_may_take_away_limits_nobody() {
    let limited = |own: Vec<serde_json::Value>| {
        let mut tiny = Tiny::default();
        tiny.policy(HOME, "all", vec![allow(&["*"], "*")]);
        tiny.user(HOME, "a").attached = vec!["all".to_owned()];
        tiny.user(HOME, "a").statements = own;
        tiny
    };
    assert_eq!(route(&limited(vec![all_but(&WAYS)])), sure(&["kagimori-034"]), "an inline policy is deleted");
    assert_eq!(route(&limited(vec![all_but(&["iam:*", "sts:*", "sso:*"])])), None);
    // attached: detached
    let attached = |limit: &[&str]| {
        let mut tiny = limited(Vec::new());
        tiny.policy(HOME, "limit-a", vec![all_but(limit)]);
        tiny.user(HOME, "a").attached.push("limit-a".to_owned());
        tiny
    };
    assert_eq!(route(&attached(&WAYS)), sure(&["kagimori-036"]));
    let firm: Vec<&str> = WAYS.iter().copied().chain(["iam:Detach*"]).collect();
    assert_eq!(route(&attached(&firm)), None);
    // of a group: left, or its policy deleted
    let grouped = |limit: &[&str]| {
        let mut tiny = limited(Vec::new());
        tiny.group(HOME, "limited").statements = vec![all_but(limit)];
        tiny.user(HOME, "a").groups = vec!["limited".to_owned()];
        tiny
    };
    assert_eq!(route(&grouped(&WAYS)).unwrap().0, May::Surely);
    let stay: Vec<&str> = WAYS.iter().copied().chain(["iam:RemoveUser*", "iam:DeleteGroupPolicy"]).collect();
    assert_eq!(route(&grouped(&stay)), None);
    // a role takes its own away as well
    let mut tiny = Tiny::default();
    tiny.policy(HOME, "all", vec![allow(&["*"], "*")]);
    tiny.role(HOME, "r").attached = vec!["all".to_owned()];
    tiny.role(HOME, "r").statements = vec![all_but(&WAYS)];
    assert_eq!(route_of(&tiny, "role/r"), sure(&["kagimori-035"]));
    // two limits, one after the other
    let mut two = limited(vec![all_but(&WAYS)]);
    two.policy(HOME, "wide", vec![allow(&["*"], "*"), all_but(&WAYS)]);
    two.user(HOME, "a").bounded_by = Some("wide");
    assert_eq!(route(&two).map(|(may, ids)| (may, ids.len())), Some((May::Surely, 2)));
}

#[test]
fn what_a_policy_of_ones_own_denies_stays_denied_whatever_else_is_attached() {
    let mut tiny = Tiny::default();
    tiny.group(HOME, "limited").statements =
        vec![deny(&["iam:Put*", "iam:Create*", "iam:Update*", "iam:AttachRole*", "iam:AttachGroup*"], "*")];
    tiny.user(HOME, "a").groups = vec!["limited".to_owned()];
    tiny.user(HOME, "a").statements = vec![allow(&["iam:AttachUserPolicy"], &arn("user/a"))];
    assert_eq!(route(&tiny), None, "roles, groups and credentials stay out of its reach");
    tiny.user(HOME, "a").groups.clear();
    assert_eq!(route(&tiny), sure(&["iam-008"]));
}

#[test]
fn tags_that_one_may_write() {
    let tagged = |actions: &[&str], condition: serde_json::Value| {
        let mut tiny = Tiny::default();
        let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition});
        tiny.user(HOME, "a").statements = vec![allow(actions, &arn("user/a")), all];
        tiny
    };
    let is_admin = json!({"StringEquals": {"aws:PrincipalTag/admin": "yes"}});
    assert_eq!(route(&tagged(&["iam:TagUser"], is_admin.clone())), sure(&["kagimori-041"]));
    let mut elsewhere = tagged(&["iam:ListUsers"], is_admin.clone());
    elsewhere.user(HOME, "a").tags = vec![("admin", "no")];
    assert_eq!(route(&elsewhere), None, "it may not tag itself");
    let mut limited = tagged(&["iam:ListUsers"], is_admin);
    limited.user(HOME, "a").tags = vec![("admin", "no")];
    let some = json!({"StringEquals": {"aws:RequestTag/admin": "no"}});
    limited.user(HOME, "a").statements.push(
        json!({"Effect": "Allow", "Action": "iam:TagUser", "Resource": arn("user/a"), "Condition": some}),
    );
    assert_eq!(route(&limited), None, "it may only write what does not help");
    // a Deny for those with a tag goes with the tag
    let mut untagged = Tiny::default();
    untagged.user(HOME, "a").tags = vec![("intern", "yes")];
    let interns = json!({"Effect": "Deny", "Action": WAYS, "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/intern": "yes"}}});
    untagged.group(HOME, "g").statements = vec![interns];
    untagged.user(HOME, "a").groups = vec!["g".to_owned()];
    untagged.user(HOME, "a").statements =
        vec![allow(&["*"], "*"), deny(&["iam:RemoveUser*", "iam:DeleteGroup*"], "*")];
    assert_eq!(route(&untagged).unwrap().0, May::Surely);
}

#[test]
fn a_new_identity_is_worth_what_its_boundary_leaves() {
    let with = |boundary: Option<&str>| {
        let mut tiny = Tiny::default();
        tiny.policy(HOME, "open", vec![allow(&["*"], "*")]);
        let condition = boundary
            .map(|name| json!({"StringEquals": {"iam:PermissionsBoundary": arn(&format!("policy/{name}"))}}));
        let mut statement = allow(&["iam:CreateRole", "iam:AttachRolePolicy"], &arn("role/new-*"));
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        tiny.user(HOME, "a").statements = vec![statement];
        tiny
    };
    assert_eq!(route(&with(None)), sure(&["kagimori-002"]));
    assert_eq!(route(&with(Some(BOUNDARY))), None);
    assert_eq!(route(&with(Some("open"))), sure(&["kagimori-002"]), "a boundary that leaves everything");
    assert_eq!(route(&with(Some("gone"))).unwrap().0, May::Unknown, "nobody knows what that one leaves");
    // a name that is taken is no new one
    let mut taken = Tiny::default();
    taken.user(HOME, "a").statements =
        vec![allow(&["iam:CreateRole", "iam:PutRolePolicy"], &arn("role/one"))];
    assert_eq!(route(&taken), sure(&["kagimori-003"]));
    taken.role(HOME, "one").trust = vec![trusts("Service", "ec2.amazonaws.com")];
    assert_eq!(route(&taken), None);
}

#[test]
fn which_policy_may_be_attached_matters() {
    let only = |pattern: &str| {
        let mut tiny = Tiny::default();
        let condition = json!({"ArnLike": {"iam:PolicyARN": pattern}});
        tiny.user(HOME, "a").statements = vec![
            json!({"Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": arn("user/a"), "Condition": condition}),
        ];
        tiny
    };
    assert_eq!(route(&only("arn:aws:iam::aws:policy/ReadOnlyAccess")), None);
    assert_eq!(route(&only("arn:aws:iam::aws:policy/IAMFullAccess")), sure(&["iam-008"]));
    assert_eq!(route(&only(&arn("policy/team-*"))), None, "there is none of that name");
    let mut there = only(&arn("policy/team-*"));
    there.policy(HOME, "team-full", vec![allow(&["*"], "*")]);
    assert_eq!(route(&there), sure(&["iam-008"]), "one that is there");
    let mut made = only(&arn("policy/team-*"));
    made.user(HOME, "a").statements.push(allow(&["iam:CreatePolicy"], &arn("policy/team-*")));
    assert_eq!(route(&made), sure(&["iam-008"]), "one that is made");
    let mut apart = only(&arn("policy/team-*"));
    apart.user(HOME, "a").statements.push(allow(&["iam:CreatePolicy"], &arn("policy/other-*")));
    assert_eq!(route(&apart), None);
}

#[test]
fn a_function_of_some_name_is_a_function() {
    let with = |create: &str, invoke: &str| {
        let mut tiny = Tiny::default();
        let function = |name: &str| format!("arn:aws:lambda:*:{HOME}:function:{name}");
        tiny.user(HOME, "a").statements = vec![
            allow(&["iam:PassRole"], "*"),
            allow(&["lambda:CreateFunction"], &function(create)),
            allow(&["lambda:InvokeFunction"], &function(invoke)),
        ];
        tiny.role(HOME, "r").trust = vec![trusts("Service", "lambda.amazonaws.com")];
        tiny.role(HOME, "r").statements = vec![allow(&["*"], "*")];
        tiny
    };
    assert_eq!(route(&with("team-*", "team-*")), sure(&["lambda-001"]));
    assert_eq!(route(&with("*", "team-x")), sure(&["lambda-001"]));
    assert_eq!(route(&with("a-*", "b-*")), None, "what it makes it cannot invoke");
}

/// What must hold for the first way of `user/a`, with how sure it is.
fn told(tiny: &Tiny, goal: &Goal) -> Option<(May, Vec<String>)> {
    let estate = tiny.estate();
    let graph = Graph::of(&estate, NOW);
    let found = graph.find(goal, Some(&arn("user/a"))).unwrap();
    let route = found.routes.first()?;
    Some((route.certainty(), graph.steps(route).into_iter().flat_map(|step| step.conditions).collect()))
}

/// Which of them it must take away at once is not followed without end, and that is said.
#[test]
fn limits_beyond_those_that_are_followed_are_told() {
    let with = |count: usize| {
        let mut tiny = Tiny::default();
        for number in 0..count {
            let denied = [
                &WAYS[..],
                &[[
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:GetBucketAcl",
                    "s3:ListBucket",
                    "s3:PutBucketAcl",
                    "s3:CreateBucket",
                ][number]],
            ]
            .concat();
            tiny.policy(HOME, &format!("deny-{number}"), vec![deny(&denied, "*")]);
        }
        let a = tiny.user(HOME, "a");
        a.statements = vec![allow(&["*"], "*")];
        a.attached = (0..count).map(|number| format!("deny-{number}")).collect();
        tiny.user(HOME, "b");
        tiny
    };
    assert_eq!(route(&with(2)).map(|(may, ids)| (may, ids.len())), Some((May::Surely, 2)));
    let many = with(6);
    for goal in [Goal::Administrator, Goal::Principal(arn("user/b"))] {
        let (may, conditions) = told(&many, &goal).unwrap();
        assert_eq!(may, May::Unknown, "{goal:?}");
        assert!(conditions.iter().any(|one| one.contains("not followed: more than 32")), "{conditions:?}");
    }
}

/// More values of a tag than are tried: the rest may be what lets it through.
#[test]
fn values_beyond_those_that_are_tried_are_told() {
    // The last of so many values makes an administrator.
    let with = |count: usize| {
        let one = |number: usize| {
            let actions = if number + 1 == count { "*" } else { "s3:GetObject" };
            let mut statement = allow(&[actions], "*");
            let value = format!("t{number:02}");
            statement["Condition"] = json!({"StringEquals": {"aws:PrincipalTag/team": value}});
            statement
        };
        let mut tiny = Tiny::default();
        let tag = allow(&["iam:TagUser"], &arn("user/a"));
        tiny.user(HOME, "a").statements = std::iter::once(tag).chain((0..count).map(one)).collect();
        tiny
    };
    assert_eq!(route(&with(2)).map(|(may, _)| may), Some(May::Surely));
    let (may, conditions) = told(&with(20), &Goal::Administrator).unwrap();
    assert_eq!(may, May::Unknown);
    assert!(conditions.iter().any(|one| one.contains("8 values of a tag")), "{conditions:?}");
}

/// A policy that one may attach, and that makes an administrator under a condition that nobody knows.
#[test]
fn a_policy_that_makes_an_administrator_under_a_condition_is_followed() {
    let mut tiny = Tiny::default();
    let mut attach = allow(&["iam:AttachUserPolicy"], &arn("user/a"));
    attach["Condition"] = json!({"ArnEquals": {"iam:PolicyARN": arn("policy/office")}});
    tiny.user(HOME, "a").statements = vec![attach];
    let mut office = allow(&["*"], "*");
    office["Condition"] = json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}});
    tiny.policy(HOME, "office", vec![office]);
    assert_eq!(route(&tiny).map(|(may, _)| may), Some(May::If));
}

/// A policy that one may attach, and whose document nobody gave.
#[test]
fn a_policy_that_may_be_attached_and_was_not_read_is_told_by_name() {
    let with = |hidden: Option<serde_json::Value>| {
        let mut tiny = Tiny::default();
        let mut attach = allow(&["iam:AttachUserPolicy"], &arn("user/a"));
        attach["Condition"] = json!({"ArnEquals": {"iam:PolicyARN": arn("policy/hidden")}});
        tiny.user(HOME, "a").statements = vec![attach];
        tiny.role(HOME, "r").attached = vec!["hidden".to_owned()];
        tiny.is_incomplete = hidden.is_none();
        if let Some(statement) = hidden {
            tiny.policy(HOME, "hidden", vec![statement]);
        }
        tiny
    };
    let (may, conditions) = told(&with(None), &Goal::Administrator).unwrap();
    assert_eq!(may, May::Unknown);
    assert!(conditions.iter().any(|one| one.ends_with(&arn("policy/hidden"))), "{conditions:?}");
    assert_eq!(
        told(&with(Some(allow(&["*"], "*"))), &Goal::Administrator).map(|(may, _)| may),
        Some(May::Surely)
    );
    assert_eq!(told(&with(Some(allow(&["s3:*"], "*"))), &Goal::Administrator), None);
}

#[test]
fn a_service_that_is_not_followed_is_told_by_name() {
    let mut tiny = Tiny::default();
    tiny.role(HOME, "r").trust = vec![trusts("Service", "pipes.amazonaws.com")];
    tiny.role(HOME, "r").statements = vec![allow(&["*"], "*")];
    tiny.user(HOME, "a").statements = vec![allow(&["iam:PassRole", "pipes:CreatePipe"], "*")];
    let estate = tiny.estate();
    let graph = Graph::of(&estate, NOW);
    let found = graph.find(&Goal::Administrator, Some(&arn("user/a"))).unwrap();
    assert_eq!(found.routes[0].certainty(), May::Unknown);
    let conditions = &graph.steps(&found.routes[0])[0].conditions;
    assert!(
        conditions.iter().any(|one| one.contains("pipes.amazonaws.com") && one.contains("pipes:CreatePipe")),
        "{conditions:?}"
    );
    tiny.user(HOME, "a").statements = vec![allow(&["iam:PassRole", "pipes:ListPipes"], "*")];
    assert_eq!(route(&tiny), None, "nothing that it may call takes a role");
}

/// What only a parameter says to take a role is not told as if AWS's reference said so.
#[test]
fn what_the_reference_does_not_say_is_told_so() {
    let conditions = |service: &str, actions: &[&str]| {
        let mut tiny = Tiny::default();
        tiny.role(HOME, "r").trust = vec![trusts("Service", service)];
        tiny.role(HOME, "r").statements = vec![allow(&["*"], "*")];
        tiny.user(HOME, "a").statements = vec![allow(actions, "*"), allow(&["iam:PassRole"], "*")];
        let estate = tiny.estate();
        let graph = Graph::of(&estate, NOW);
        let found = graph.find(&Goal::Administrator, Some(&arn("user/a"))).unwrap();
        let told = graph.steps(&found.routes[0])[0].conditions.clone();
        told.into_iter().filter(|one| one.starts_with("not followed")).collect::<Vec<_>>()
    };
    assert_eq!(
        conditions("dlm.amazonaws.com", &["dlm:CreateLifecyclePolicy"]),
        [
            "not followed: dlm.amazonaws.com (dlm:CreateLifecyclePolicy, by their parameters: AWS's reference lists no iam:PassRole for them)"
        ]
    );
    // only what it may call is named
    assert_eq!(
        conditions("aiops.amazonaws.com", &["aiops:UpdateInvestigationGroup"]),
        ["not followed: aiops.amazonaws.com (aiops:UpdateInvestigationGroup)"]
    );
}

#[test]
fn an_older_version_of_ones_own_policy_is_worth_what_it_says() {
    let set = allow(&["iam:SetDefaultPolicyVersion"], &arn("policy/own"));
    let with = |older: serde_json::Value| {
        let mut tiny = Tiny::default();
        tiny.policy(HOME, "own", vec![set.clone()]);
        tiny.older = Some(older);
        tiny.user(HOME, "a").attached = vec!["own".to_owned()];
        tiny
    };
    assert_eq!(route(&with(allow(&["*"], "*"))), sure(&["kagimori-045"]));
    assert_eq!(
        route(&with(allow(&["s3:Get*"], "*"))),
        None,
        "every version is known, and this one gives nothing"
    );
    // it is everywhere's at once: of a group as well
    let mut twice = with(allow(&["*"], "*"));
    twice.group(HOME, "g").attached = vec!["own".to_owned()];
    twice.user(HOME, "a").groups = vec!["g".to_owned()];
    assert_eq!(route(&twice), sure(&["kagimori-045"]));
    // a version that opens another way
    assert_eq!(
        route(&with(allow(&["iam:PutUserPolicy"], &arn("user/a")))),
        sure(&["kagimori-045", "iam-007"])
    );
    // the boundary's own
    let bounded = |older: &[&str]| {
        let mut tiny = with(allow(older, "*"));
        tiny.user(HOME, "a").attached.clear();
        tiny.user(HOME, "a").statements =
            vec![allow(&["*"], "*"), deny(&["iam:*Boundary", "iam:CreatePol*"], "*")];
        tiny.user(HOME, "a").bounded_by = Some("own");
        tiny
    };
    assert_eq!(route(&bounded(&["*"])), sure(&["kagimori-045", "kagimori-002"]));
    assert_eq!(route(&bounded(&["s3:*"])), None);
    // no right to choose
    let mut denied = with(allow(&["*"], "*"));
    denied.user(HOME, "a").statements = vec![deny(&["iam:SetDefault*"], "*")];
    assert_eq!(route(&denied), None);
}

#[test]
fn versions_that_were_not_read_are_a_way_nobody_can_rule_out() {
    let mut tiny = Tiny::default();
    tiny.policy(HOME, "own", vec![allow(&["iam:SetDefaultPolicyVersion"], &arn("policy/own"))]);
    tiny.user(HOME, "a").attached = vec!["own".to_owned()];
    (tiny.has_unread_version, tiny.is_incomplete) = (true, true);
    assert_eq!(route(&tiny), Some((May::Unknown, vec!["kagimori-001"])));
}
