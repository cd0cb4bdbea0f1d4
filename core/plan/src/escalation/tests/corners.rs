//! The cases that made us write something.

use kagimori_estate::access::May;
use serde_json::json;

use super::{AWAY, HOME, NOW, Tiny, allow, deny, edges, trusts};
use crate::escalation::{Goal, Graph};

fn arn(account: &str, resource: &str) -> String {
    format!("arn:aws:iam::{account}:{resource}")
}

/// The ids of the route from a user of `HOME` to an administrator, with how surely it holds.
fn route(tiny: &Tiny, from: &str) -> Option<(May, Vec<&'static str>)> {
    let estate = tiny.estate();
    let graph = Graph::of(&estate, NOW);
    let found = graph.find(&Goal::Administrator, Some(&arn(HOME, from))).unwrap();
    found.routes.first().map(|route| (route.certainty(), route.paths()))
}

#[test]
fn user_role_role_administrator() {
    let mut tiny = Tiny::default();
    tiny.user(HOME, "a").statements = vec![allow(&["sts:AssumeRole"], &arn(HOME, "role/one"))];
    tiny.role(HOME, "one").trust = vec![trusts("AWS", &arn(HOME, "root"))];
    tiny.role(HOME, "one").statements = vec![allow(&["sts:AssumeRole"], &arn(AWAY, "role/two"))];
    tiny.role(AWAY, "two").trust = vec![trusts("AWS", HOME)];
    tiny.role(AWAY, "two").statements =
        vec![allow(&["iam:PassRole"], "*"), allow(&["lambda:CreateFunction", "lambda:InvokeFunction"], "*")];
    tiny.role(AWAY, "three").trust = vec![trusts("Service", "lambda.amazonaws.com")];
    tiny.role(AWAY, "three").statements = vec![allow(&["*"], "*")];
    assert_eq!(route(&tiny, "user/a"), Some((May::Surely, vec!["sts-001", "sts-001", "lambda-001"])));
    // who may act as the last one
    let estate = tiny.estate();
    let graph = Graph::of(&estate, NOW);
    let found = graph.find(&Goal::Principal(arn(AWAY, "role/three")), None).unwrap();
    let sources: Vec<&str> = found.routes.iter().map(|route| graph.source(route)).collect();
    assert_eq!(sources, [arn(HOME, "user/a"), arn(HOME, "role/one"), arn(AWAY, "role/two")]);
    // both sides must agree
    tiny.role(AWAY, "two").trust = vec![trusts("AWS", "999999999999")];
    assert_eq!(route(&tiny, "user/a"), None);
    tiny.role(AWAY, "two").trust = vec![trusts("AWS", &arn(HOME, "role/one"))];
    tiny.role(HOME, "one").statements.clear();
    assert_eq!(route(&tiny, "user/a"), None, "across accounts the caller needs a grant too");
}

#[test]
fn administrators_are_told_by_what_they_may_do() {
    let is = |statements: Vec<serde_json::Value>, boundary: bool, scp: Option<serde_json::Value>| {
        let mut tiny = Tiny::default();
        (tiny.user(HOME, "a").statements, tiny.user(HOME, "a").boundary) = (statements, boundary);
        tiny.guardrails =
            scp.map(|statement| ("SERVICE_CONTROL_POLICY", vec![statement])).into_iter().collect();
        let estate = tiny.estate();
        let graph = Graph::of(&estate, NOW);
        graph.node(graph.by_arn[&arn(HOME, "user/a")]).unwrap().administrator
    };
    let all = || allow(&["*"], "*");
    assert_eq!(is(vec![all()], false, None), May::Surely);
    assert_eq!(is(vec![allow(&["iam:*"], "*")], false, None), May::Surely, "can give itself the rest");
    assert_eq!(is(vec![all()], true, None), May::No, "its boundary");
    assert_eq!(is(vec![all(), deny(&["iam:*"], "*")], false, None), May::No);
    assert_eq!(
        is(vec![json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})], false, None),
        May::No
    );
    // a guardrail against one family binds everybody: who has the others is still the most powerful there
    let no_keys = deny(&["iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"], "*");
    assert_eq!(is(vec![all()], false, Some(no_keys)), May::Surely);
    assert_eq!(is(vec![all()], false, Some(deny(&["iam:*"], "*"))), May::No, "nobody is, in such an account");
    let with_mfa = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}});
    assert_eq!(is(vec![with_mfa], false, None), May::If);
}

#[test]
fn who_must_hand_a_boundary_on_gains_nothing() {
    let limit = arn(HOME, "policy/limit");
    let with_boundary = |value: &str| json!({"Effect": "Allow", "Action": ["iam:PutRolePolicy", "iam:CreateRole"], "Resource": "*", "Condition": {"StringEquals": {"iam:PermissionsBoundary": value}}});
    let mut tiny = Tiny::default();
    tiny.user(HOME, "a").statements = vec![with_boundary(&limit)];
    tiny.role(HOME, "free").trust = vec![trusts("AWS", &arn(HOME, "user/a"))];
    tiny.role(HOME, "bound").trust = vec![trusts("AWS", &arn(HOME, "user/a"))];
    tiny.role(HOME, "bound").boundary = true;
    assert_eq!(route(&tiny, "user/a"), None);
    tiny.user(HOME, "a").statements = vec![allow(&["iam:PutRolePolicy"], "*")];
    assert_eq!(route(&tiny, "user/a"), Some((May::Surely, vec!["iam-017"])));
}

#[test]
fn tags_of_the_victim_count() {
    let tagged = json!({"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/Team": "sea"}}});
    let mut tiny = Tiny::default();
    tiny.user(HOME, "a").statements = vec![tagged];
    for (name, tags) in [("plain", vec![]), ("sea", vec![("team", "sea")]), ("land", vec![("Team", "land")])]
    {
        tiny.user(HOME, name).tags = tags;
        tiny.user(HOME, name).credentials = Some((0, false));
    }
    let estate = tiny.estate();
    let graph = Graph::of(&estate, NOW);
    let found = edges(&graph, &arn(HOME, "user/a"));
    assert_eq!(found.into_keys().collect::<Vec<_>>(), [("iam-002", arn(HOME, "user/sea"))]);
}

#[test]
fn users_who_look_after_themselves_gain_nothing() {
    let own = json!({"Effect": "Allow", "Action": ["iam:CreateAccessKey", "iam:UpdateLoginProfile"], "Resource": "arn:aws:iam::*:user/${aws:username}"});
    let mut tiny = Tiny::default();
    for name in ["a", "b", "boss"] {
        tiny.user(HOME, name).statements = vec![own.clone()];
    }
    tiny.user(HOME, "boss").statements = vec![allow(&["*"], "*")];
    assert_eq!(route(&tiny, "user/a"), None);
    tiny.user(HOME, "a").statements = vec![allow(&["iam:CreateAccessKey"], &arn(HOME, "user/*"))];
    assert_eq!(route(&tiny, "user/a"), Some((May::If, vec!["iam-002"])), "no report: how many keys?");
}

#[test]
fn what_was_not_given_is_not_known() {
    let mut tiny = Tiny::default();
    tiny.user(HOME, "a").attached = vec!["arn:aws:iam::aws:policy/job-function/SomethingNew".to_owned()];
    tiny.user(HOME, "b").attached = vec!["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()];
    tiny.user(HOME, "c").attached = vec!["arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()];
    let (certainty, ids) = route(&tiny, "user/a").unwrap();
    assert_eq!((certainty, ids.len()), (May::Unknown, 0), "it may be an administrator already");
    assert_eq!(route(&tiny, "user/b"), None, "is one");
    assert_eq!(route(&tiny, "user/c"), None, "known by its name to grant nothing of the kind");
    // an SCP of an organizational unit may deny: conditional, never gone
    let mut tiny = Tiny { has_unit: true, ..Tiny::default() };
    tiny.user(HOME, "a").statements = vec![allow(&["iam:PutUserPolicy"], &arn(HOME, "user/a"))];
    assert_eq!(route(&tiny, "user/a"), Some((May::If, vec!["iam-007"])));
}

#[test]
fn a_group_that_is_joined_opens_further_paths() {
    let mut tiny = Tiny::default();
    tiny.user(HOME, "a").statements = vec![allow(&["iam:AddUserToGroup"], "*")];
    tiny.group(HOME, "plain").statements = vec![allow(&["s3:*"], "*")];
    tiny.group(HOME, "writers").statements = vec![allow(&["iam:PutUserPolicy"], &arn(HOME, "user/a"))];
    assert_eq!(route(&tiny, "user/a"), Some((May::Surely, vec!["iam-013", "iam-007"])));
    let estate = tiny.estate();
    let graph = Graph::of(&estate, NOW);
    let found = graph.find(&Goal::Administrator, None).unwrap();
    let steps = graph.steps(&found.routes[0]);
    assert_eq!(steps[0].victim, arn(HOME, "group/writers"));
    assert_eq!(steps[1].member_of.as_deref(), Some("writers"));
    tiny.user(HOME, "a").boundary = true;
    assert_eq!(route(&tiny, "user/a"), None);
}

#[test]
fn administrators_of_the_account_reach_whom_they_like_but_not_what_only_aws_changes() {
    let mut tiny = Tiny::default();
    tiny.user(HOME, "boss").statements = vec![allow(&["*"], "*")];
    tiny.user(HOME, "a").statements = vec![allow(&["iam:CreateAccessKey"], &arn(HOME, "user/boss"))];
    tiny.user(HOME, "boss").credentials = Some((0, false));
    for (name, path) in
        [("plain", "/"), ("linked", "/aws-service-role/x/"), ("sso", "/aws-reserved/sso.amazonaws.com/")]
    {
        tiny.role(HOME, name).trust = vec![trusts("Service", "ec2.amazonaws.com")];
        tiny.role(HOME, name).path = path;
    }
    let estate = tiny.estate();
    let graph = Graph::of(&estate, NOW);
    let routes = |role: &str| {
        let found = graph.find(&Goal::Principal(arn(HOME, role)), None).unwrap();
        found.routes.iter().map(|route| (graph.source(route).to_owned(), route.len())).collect::<Vec<_>>()
    };
    assert_eq!(routes("role/plain"), [(arn(HOME, "user/a"), 2)]);
    assert_eq!(routes("role/aws-service-role/x/linked"), []);
    assert_eq!(routes("role/aws-reserved/sso.amazonaws.com/sso"), []);
    assert!(graph.find(&Goal::Principal(arn(HOME, "role/none")), None).is_none());
}

#[test]
fn passing_is_for_one_service() {
    let mut tiny = Tiny::default();
    let to_ecs = json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}});
    tiny.user(HOME, "a").statements = vec![to_ecs, allow(&["lambda:*", "ecs:*"], "*")];
    tiny.role(HOME, "of-lambda").trust = vec![trusts("Service", "lambda.amazonaws.com")];
    tiny.role(HOME, "of-lambda").statements = vec![allow(&["*"], "*")];
    let estate = tiny.estate();
    let found = edges(&Graph::of(&estate, NOW), &arn(HOME, "user/a"));
    assert!(found.values().all(|may| *may == May::Unknown), "{found:?}");
    tiny.role(HOME, "of-lambda").trust = vec![trusts("Service", "ecs-tasks.amazonaws.com")];
    assert_eq!(route(&tiny, "user/a"), Some((May::Surely, vec!["ecs-001"])));
}

/// A call takes the id of a task or an instance, which one may know without being allowed to list them; and both ways to invoke a
/// function run it.
#[test]
fn what_only_finds_the_victim_is_not_needed() {
    for (actions, service, expected) in [
        (&["ecs:ExecuteCommand"][..], "ecs-tasks", Some((May::Unknown, vec!["ecs-006"]))),
        (&["ecs:DescribeTasks"], "ecs-tasks", None),
        (
            &["ec2-instance-connect:SendSSHPublicKey"],
            "ec2",
            Some((May::Unknown, vec!["ec2instanceconnect-003"])),
        ),
        (&["ec2:DescribeInstances"], "ec2", None),
        (
            &["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeAsync"],
            "lambda",
            Some((May::Surely, vec!["kagimori-126"])),
        ),
        (&["iam:PassRole", "lambda:InvokeAsync"], "lambda", None),
        (
            &["lambda:UpdateFunctionCode", "lambda:InvokeAsync"],
            "lambda",
            Some((May::Unknown, vec!["lambda-003"])),
        ),
    ] {
        let mut tiny = Tiny::default();
        tiny.user(HOME, "a").statements = vec![allow(actions, "*")];
        let role = tiny.role(HOME, "r");
        role.trust = vec![trusts("Service", &format!("{service}.amazonaws.com"))];
        role.statements = vec![allow(&["*"], "*")];
        role.instance_profile = true;
        assert_eq!(route(&tiny, "user/a"), expected, "{actions:?}");
    }
}
