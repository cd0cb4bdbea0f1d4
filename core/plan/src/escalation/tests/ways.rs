//! Ways to an administrator, each beside its near miss: who lacks one thing of it, and cannot.

use kagimori_estate::access::May;
use serde_json::{Value, json};

use super::{HOME, NOW, Tiny, allow, deny, trusts};
use crate::escalation::{Goal, Graph};

fn arn(what: &str) -> String {
    format!("arn:aws:iam::{HOME}:{what}")
}

fn when(mut statement: Value, condition: Value) -> Value {
    statement["Condition"] = condition;
    statement
}

fn mfa() -> Value {
    json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}})
}

/// How surely each user of the account can become an administrator.
fn standing(tiny: &Tiny, name: &str) -> May {
    let estate = tiny.estate();
    let graph = Graph::of(&estate, NOW);
    let found = graph.find(&Goal::Administrator, Some(&arn(&format!("user/{name}")))).unwrap();
    found.routes.first().map_or(May::No, super::super::Route::certainty)
}

fn administrator(tiny: &mut Tiny, name: &str, trust: Vec<Value>) {
    let role = tiny.role(HOME, name);
    (role.statements, role.trust) = (vec![allow(&["*"], "*")], trust);
}

#[test]
fn an_administrator_under_conditions_may_have_a_way_without_them() {
    let mut tiny = Tiny::default();
    let all = when(allow(&["*"], "*"), mfa());
    let own = allow(&["iam:PutUserPolicy"], &arn("user/${aws:username}"));
    tiny.user(HOME, "both").statements = vec![all.clone(), own.clone()];
    tiny.user(HOME, "near").statements = vec![all.clone()];
    tiny.user(HOME, "other").statements = vec![all, when(own, mfa())];
    assert_eq!(standing(&tiny, "both"), May::Surely);
    assert_eq!(standing(&tiny, "near"), May::No, "it is one already, under the same condition");
    assert_eq!(standing(&tiny, "other"), May::No);
    let estate = tiny.estate();
    let graph = Graph::of(&estate, NOW);
    let there = graph.find(&Goal::Administrator, None).unwrap().there;
    assert_eq!(there.len(), 3);
    assert!(there.iter().all(|(_, may)| *may == May::If));
    let condition = graph.administrator_if(&arn("user/near"));
    assert_eq!(condition, ["Bool aws:MultiFactorAuthPresent true"]);
}

#[test]
fn a_grant_that_is_over_grants_nothing_and_one_that_has_begun_is_no_condition() {
    let mut tiny = Tiny::default();
    let over = json!({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}});
    let begun = json!({"DateGreaterThan": {"aws:EpochTime": "1577836800"}});
    tiny.user(HOME, "dead").statements = vec![when(allow(&["*"], "*"), over.clone())];
    tiny.user(HOME, "live").statements = vec![when(allow(&["*"], "*"), begun.clone())];
    let own = |name: &str| allow(&["iam:PutUserPolicy"], &arn(&format!("user/{name}")));
    tiny.user(HOME, "past").statements = vec![when(own("past"), over)];
    tiny.user(HOME, "now").statements = vec![when(own("now"), begun)];
    assert_eq!(standing(&tiny, "past"), May::No);
    assert_eq!(standing(&tiny, "now"), May::Surely);
    let estate = tiny.estate();
    let there = Graph::of(&estate, NOW).find(&Goal::Administrator, None).unwrap().there;
    assert_eq!(there, [(arn("user/live"), May::Surely)]);
}

#[test]
fn what_cloudformation_does_for_its_caller_is_done_by_its_caller() {
    let mut tiny = Tiny::default();
    let via = |service: &str| json!({"ForAnyValue:StringEquals": {"aws:CalledVia": format!("{service}.amazonaws.com")}});
    let iam = |service: &str| when(allow(&["iam:*"], "*"), via(service));
    let stack = || allow(&["cloudformation:CreateStack"], "*");
    tiny.user(HOME, "dev").statements = vec![stack(), iam("cloudformation")];
    tiny.user(HOME, "near").statements = vec![iam("cloudformation")];
    tiny.user(HOME, "other").statements = vec![stack(), iam("dynamodb")];
    // the stack writes the trust policy, its maker assumes the role himself
    administrator(&mut tiny, "victim", vec![trusts("Service", "ec2.amazonaws.com")]);
    let write = when(allow(&["iam:UpdateAssumeRolePolicy"], "*"), via("cloudformation"));
    tiny.user(HOME, "mixed").statements = vec![stack(), write.clone()];
    tiny.user(HOME, "barred").statements = vec![stack(), write, deny(&["sts:*"], "*")];
    let with_role = json!({"StringLike": {"cloudformation:RoleArn": "*"}});
    tiny.user(HOME, "roled").statements = vec![when(stack(), with_role), iam("cloudformation")];
    for (name, expected) in [
        ("dev", May::Surely),
        ("near", May::No),
        ("other", May::No),
        ("mixed", May::Surely),
        ("barred", May::No),
        ("roled", May::No),
    ] {
        assert_eq!(standing(&tiny, name), expected, "{name}");
    }
}

#[test]
fn a_boundary_that_must_be_handed_on_and_may_be_taken_off_is_none() {
    let mut tiny = Tiny::default();
    tiny.policy(HOME, "narrow", vec![allow(&["s3:*"], "*")]);
    let narrow = arn("policy/narrow");
    let bound = || json!({"StringEquals": {"iam:PermissionsBoundary": narrow.clone()}});
    let make = || when(allow(&["iam:CreateRole", "iam:PutRolePolicy"], &arn("role/dev-*")), bound());
    let roles = arn("role/dev-*");
    for (name, more, expected) in [
        ("delete", vec![allow(&["iam:DeleteRolePermissionsBoundary"], &roles)], May::Surely),
        ("put", vec![allow(&["iam:PutRolePermissionsBoundary"], &roles)], May::Surely),
        ("rewrite", vec![allow(&["iam:CreatePolicyVersion"], &narrow)], May::Surely),
        ("none", Vec::new(), May::No),
        ("others", vec![allow(&["iam:DeleteRolePermissionsBoundary"], &arn("role/ops-*"))], May::No),
        ("same", vec![when(allow(&["iam:PutRolePermissionsBoundary"], &roles), bound())], May::No),
    ] {
        let mut one = tiny.clone();
        one.user(HOME, name).statements = [vec![make()], more].concat();
        assert_eq!(standing(&one, name), expected, "{name}");
    }
    // the same of an identity that is there: its boundary replaced, or rewritten
    for (action, on) in
        [("iam:PutUserPermissionsBoundary", arn("user/bound")), ("iam:CreatePolicyVersion", narrow.clone())]
    {
        let mut one = tiny.clone();
        one.user(HOME, "bound").bounded_by = Some("narrow");
        let write = allow(&["iam:PutUserPolicy", "iam:CreateAccessKey"], &arn("user/bound"));
        one.user(HOME, "writer").statements = vec![write.clone(), allow(&[action], &on)];
        one.user(HOME, "only").statements = vec![write];
        assert!(standing(&one, "writer") >= May::If, "{action}");
        assert_eq!(standing(&one, "only"), May::No, "{action}");
    }
}

#[test]
fn a_boundary_that_lets_its_bearer_take_it_off_is_none() {
    let mut tiny = Tiny::default();
    let make = || {
        let bound = json!({"StringEquals": {"iam:PermissionsBoundary": arn("policy/narrow")}});
        when(allow(&["iam:CreateRole", "iam:PutRolePolicy"], &arn("role/dev-*")), bound)
    };
    tiny.user(HOME, "maker").statements = vec![make()];
    tiny.policy(HOME, "narrow", vec![allow(&["iam:DeleteRolePermissionsBoundary"], "*")]);
    assert_eq!(standing(&tiny, "maker"), May::Surely);
    tiny.policy(HOME, "narrow", vec![allow(&["iam:DeleteUserPermissionsBoundary"], "*")]);
    assert_eq!(standing(&tiny, "maker"), May::No);
}

#[test]
fn who_makes_the_provider_that_a_role_trusts_signs_what_he_likes() {
    let mut tiny = Tiny::default();
    let provider = |name: &str| arn(&format!("saml-provider/{name}"));
    let trust = |name: &str| json!({"Effect": "Allow", "Principal": {"Federated": provider(name)}, "Action": "sts:AssumeRoleWithSAML"});
    administrator(&mut tiny, "saml", vec![trust("okta")]);
    administrator(&mut tiny, "dangling", vec![trust("gone")]);
    tiny.providers = Some(vec![provider("okta")]);
    let (make, unmake) = ("iam:CreateSAMLProvider", "iam:DeleteSAMLProvider");
    for (name, actions, on, expected) in [
        ("anew", vec![make, unmake], "okta", May::Surely),
        ("gone", vec![make], "gone", May::Surely),
        ("update", vec!["iam:UpdateSAMLProvider"], "okta", May::Surely),
        ("update-gone", vec!["iam:UpdateSAMLProvider"], "gone", May::No),
        ("new", vec![make], "new", May::No),
        ("delete", vec![unmake], "okta", May::No),
        ("there", vec![make], "okta", May::No),
    ] {
        tiny.user(HOME, name).statements = vec![allow(&actions, &provider(on))];
        assert_eq!(standing(&tiny, name), expected, "{name}");
    }
    // without the list nobody knows whether it is there
    tiny.providers = None;
    assert_eq!(standing(&tiny, "there"), May::If);
}

#[test]
fn a_service_that_tags_its_sessions_needs_that_in_the_trust_policy() {
    let mut tiny = Tiny::default();
    let service = "rolesanywhere.amazonaws.com";
    let mut whole = trusts("Service", service);
    whole["Action"] = json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
    administrator(&mut tiny, "whole", vec![whole]);
    administrator(&mut tiny, "half", vec![trusts("Service", service)]);
    for role in ["whole", "half"] {
        tiny.user(HOME, role).statements = vec![
            allow(&["rolesanywhere:CreateTrustAnchor", "rolesanywhere:CreateProfile"], "*"),
            allow(&["iam:PassRole"], &arn(&format!("role/{role}"))),
        ];
    }
    assert_eq!(standing(&tiny, "whole"), May::Surely);
    // whether there is a profile with the other role, nobody can tell
    assert_eq!(standing(&tiny, "half"), May::Unknown);
}

#[test]
fn a_stack_set_acts_as_whom_its_administration_role_may_assume() {
    let mut tiny = Tiny::default();
    let service = "cloudformation.amazonaws.com";
    administrator(&mut tiny, "strong", vec![trusts("Service", service)]);
    administrator(&mut tiny, "exec", vec![trusts("AWS", &arn("role/weak"))]);
    let weak = tiny.role(HOME, "weak");
    weak.statements = vec![allow(&["sts:AssumeRole"], &arn("role/exec"))];
    weak.trust = vec![trusts("Service", service)];
    for role in ["strong", "weak"] {
        tiny.user(HOME, role).statements = vec![
            allow(&["cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"], "*"),
            allow(&["iam:PassRole"], &arn(&format!("role/{role}"))),
        ];
    }
    assert_eq!(standing(&tiny, "strong"), May::No, "no role trusts it");
    assert_eq!(standing(&tiny, "weak"), May::Surely);
}

#[test]
fn a_cluster_of_emr_wants_a_role_for_the_service_too() {
    let mut tiny = Tiny::default();
    administrator(&mut tiny, "nodes", vec![trusts("Service", "ec2.amazonaws.com")]);
    tiny.role(HOME, "nodes").instance_profile = true;
    tiny.role(HOME, "service").trust = vec![trusts("Service", "elasticmapreduce.amazonaws.com")];
    let run = || allow(&["elasticmapreduce:RunJobFlow"], "*");
    tiny.user(HOME, "one").statements = vec![run(), allow(&["iam:PassRole"], &arn("role/nodes"))];
    tiny.user(HOME, "both").statements = vec![run(), allow(&["iam:PassRole"], "*")];
    assert_eq!(standing(&tiny, "one"), May::No);
    assert_eq!(standing(&tiny, "both"), May::Surely);
}

#[test]
fn what_a_caller_cannot_send_is_no_open_condition() {
    let mut tiny = Tiny::default();
    let root = arn("root");
    let trust = |actions: &[&str], condition: Value| {
        let statement = json!({"Effect": "Allow", "Principal": {"AWS": root.clone()}, "Action": actions});
        vec![when(statement, condition)]
    };
    let identity = || json!({"StringLike": {"sts:SourceIdentity": "*"}});
    let tag = || json!({"StringEquals": {"aws:RequestTag/p": "x"}});
    administrator(&mut tiny, "identity", trust(&["sts:AssumeRole", "sts:SetSourceIdentity"], identity()));
    administrator(&mut tiny, "no-identity", trust(&["sts:AssumeRole"], identity()));
    administrator(&mut tiny, "tag", trust(&["sts:AssumeRole", "sts:TagSession"], tag()));
    administrator(&mut tiny, "no-tag", trust(&["sts:AssumeRole"], tag()));
    let all = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
    for role in ["identity", "no-identity", "tag", "no-tag"] {
        tiny.user(HOME, role).statements = vec![allow(&all, &arn(&format!("role/{role}")))];
        let half = format!("half-{role}");
        tiny.user(HOME, &half).statements = vec![allow(&all[..1], &arn(&format!("role/{role}")))];
        let expected = if role.starts_with("no-") { May::No } else { May::If };
        assert_eq!(standing(&tiny, role), expected, "{role}");
        assert_eq!(standing(&tiny, &half), May::No, "{half}");
    }
}

#[test]
fn a_name_that_a_trust_policy_asks_for_can_be_taken() {
    let mut tiny = Tiny::default();
    let root = arn("root");
    let trust = |condition: Value| vec![when(trusts("AWS", &root), condition)];
    let ops = json!({"ArnLike": {"aws:PrincipalArn": arn("user/ops-*")}});
    administrator(&mut tiny, "by-arn", trust(ops));
    administrator(&mut tiny, "by-name", trust(json!({"StringLike": {"aws:username": "ops-*"}})));
    administrator(&mut tiny, "by-path", trust(json!({"ArnLike": {"aws:PrincipalArn": arn("user/adm/*")}})));
    let assume = |role: &str| allow(&["sts:AssumeRole"], &arn(&format!("role/{role}")));
    let rename = |on: &str| allow(&["iam:UpdateUser"], on);
    for (name, role, on, expected) in [
        ("arn", "by-arn", Some("*".to_owned()), May::Surely),
        ("name", "by-name", Some("*".to_owned()), May::Surely),
        ("path", "by-path", Some("*".to_owned()), May::Surely),
        ("only-old", "by-arn", Some(arn("user/only-old")), May::No),
        ("none", "by-arn", None, May::No),
    ] {
        tiny.user(HOME, name).statements =
            std::iter::once(assume(role)).chain(on.map(|on| rename(&on))).collect();
        assert_eq!(standing(&tiny, name), expected, "{name}");
    }
}

#[test]
fn a_role_that_is_made_may_be_passed_where_nobody_may_assume_it() {
    let mut tiny = Tiny::default();
    let roles = arn("role/z-*");
    let make = allow(&["iam:CreateRole", "iam:AttachRolePolicy"], &roles);
    let pass = allow(&["iam:PassRole"], &roles);
    let run = allow(&["lambda:CreateFunction", "lambda:InvokeFunction"], "*");
    let barred = deny(&["sts:*"], "*");
    tiny.user(HOME, "whole").statements = vec![make.clone(), pass.clone(), run.clone(), barred.clone()];
    tiny.user(HOME, "no-pass").statements = vec![make.clone(), run.clone(), barred.clone()];
    tiny.user(HOME, "no-run").statements = vec![make.clone(), pass.clone(), barred.clone()];
    let other = json!({"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}});
    tiny.user(HOME, "for-another").statements = vec![make, when(pass, other), run, barred];
    assert_eq!(standing(&tiny, "whole"), May::Surely);
    for name in ["no-pass", "no-run", "for-another"] {
        assert_eq!(standing(&tiny, name), May::No, "{name}");
    }
}

#[test]
fn what_is_full_is_emptied_first() {
    let mut tiny = Tiny::default();
    tiny.policy(HOME, "five", vec![allow(&["s3:ListAllMyBuckets"], "*")]);
    tiny.policies.get_mut(&super::key(HOME, "five")).unwrap().1 = 5;
    let write = || allow(&["iam:CreatePolicyVersion"], &arn("policy/five"));
    for (name, more, expected) in [
        ("whole", Some(arn("policy/five")), May::Surely),
        ("only", None, May::No),
        ("other", Some(arn("policy/four")), May::No),
    ] {
        let user = tiny.user(HOME, name);
        user.attached = vec!["five".to_owned()];
        let delete = more.map(|on| allow(&["iam:DeletePolicyVersion"], &on));
        user.statements = std::iter::once(write()).chain(delete).collect();
        assert_eq!(standing(&tiny, name), expected, "{name}");
    }
    let boss = tiny.user(HOME, "boss");
    (boss.statements, boss.credentials) = (vec![allow(&["*"], "*")], Some((0, true)));
    let make = ["iam:CreateLoginProfile", "iam:DeleteLoginProfile"];
    tiny.user(HOME, "anew").statements = vec![allow(&make, &arn("user/boss"))];
    tiny.user(HOME, "make").statements = vec![allow(&make[..1], &arn("user/boss"))];
    assert_eq!(standing(&tiny, "anew"), May::Surely);
    assert_eq!(standing(&tiny, "make"), May::No);
}

#[test]
fn a_session_tag_goes_before_the_tag_of_its_role() {
    let mut tiny = Tiny::default();
    let root = arn("root");
    let level = json!({"StringEquals": {"aws:PrincipalTag/level": "admin"}});
    for (name, actions) in
        [("open", vec!["sts:AssumeRole", "sts:TagSession"]), ("fixed", vec!["sts:AssumeRole"])]
    {
        let role = tiny.role(HOME, name);
        role.tags = vec![("level", "user")];
        role.statements = vec![when(allow(&["*"], "*"), level.clone())];
        let trust = json!({"Effect": "Allow", "Principal": {"AWS": root.clone()}, "Action": actions});
        role.trust = vec![trust];
        let assume = allow(&["sts:AssumeRole", "sts:TagSession"], &arn(&format!("role/{name}")));
        tiny.user(HOME, name).statements = vec![assume];
    }
    assert_eq!(standing(&tiny, "open"), May::If);
    assert_eq!(standing(&tiny, "fixed"), May::No);
}
