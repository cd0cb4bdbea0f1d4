//! Random small estates: two accounts with users, roles, groups and policies of a small vocabulary, in which everything meets.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{AWAY, HOME, Identity, Tiny, policy_arn};

fn statement() -> impl Strategy<Value = Value> {
    let actions = prop::sample::select(vec![
        json!("*"),
        json!("iam:*"),
        json!("iam:PutUserPolicy"),
        json!("iam:AttachUserPolicy"),
        json!("iam:CreateAccessKey"),
        json!(["iam:DeleteAccessKey", "iam:CreateAccessKey"]),
        json!(["iam:PutRolePolicy", "iam:AttachRolePolicy"]),
        json!("iam:UpdateAssumeRolePolicy"),
        json!("iam:CreatePolicyVersion"),
        json!("iam:SetDefaultPolicyVersion"),
        json!("iam:AddUserToGroup"),
        json!("iam:PutGroupPolicy"),
        json!("iam:PassRole"),
        json!(["iam:PassRole", "lambda:*"]),
        json!(["lambda:*", "ec2:*"]),
        json!("ec2:RunInstances"),
        json!("sts:AssumeRole"),
        json!("sts:*"),
        json!(["iam:CreateLoginProfile", "iam:UpdateLoginProfile"]),
        json!("iam:*User*"),
        json!("s3:*"),
    ]);
    let resources = prop::sample::select(vec![
        "*",
        "*",
        "*",
        "arn:aws:iam::111122223333:user/u0",
        "arn:aws:iam::*:user/*",
        "arn:aws:iam::111122223333:user/U1",
        "arn:aws:iam::111122223333:role/r0",
        "arn:aws:iam::111122223333:role/r*",
        "arn:aws:iam::*:role/?0",
        "arn:aws:iam::111122223333:group/g*",
        "arn:aws:iam::111122223333:policy/p0",
        "arn:aws:iam::*:user/${aws:username}",
        "arn:aws:iam::*:role/${aws:PrincipalTag/Team}",
        "arn:aws:iam::*:role/${aws:PrincipalTag/Team, 'r1'}",
        "arn:aws:iam::444455556666:role/*",
        "arn:aws:iam:*",
        "arn:aws:iam::*:*/${aws:SourceIdentity}",
    ]);
    let conditions = prop::sample::select(vec![
        json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        json!({"StringEquals": {"aws:ResourceTag/Team": "r0"}}),
        json!({"StringNotEquals": {"iam:ResourceTag/Team": "r0"}}),
        json!({"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::111122223333:policy/limit"}}),
        json!({"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}),
        json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/u0"}}),
        json!({"StringEquals": {"aws:PrincipalTag/Team": "r0"}}),
        json!({"ArnNotEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}}),
    ]);
    (prop::bool::weighted(0.2), actions, 0_u8..12, resources, prop::option::weighted(0.3, conditions))
        .prop_map(|(denies, actions, form, resource, condition)| {
            let mut statement = json!({"Effect": if denies { "Deny" } else { "Allow" }});
            let action = if form == 0 { "NotAction" } else { "Action" };
            let about = if form == 1 { "NotResource" } else { "Resource" };
            statement[action] = actions;
            statement[about] = json!(resource);
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        })
}

fn trust() -> impl Strategy<Value = Value> {
    let principals = prop::sample::select(vec![
        json!({"AWS": "arn:aws:iam::111122223333:root"}),
        json!({"AWS": "444455556666"}),
        json!({"AWS": "arn:aws:iam::111122223333:user/u0"}),
        json!({"AWS": "arn:aws:iam::111122223333:role/r0"}),
        json!({"AWS": ["arn:aws:iam::444455556666:user/u0", "111122223333"]}),
        json!("*"),
        json!({"Service": "lambda.amazonaws.com"}),
        json!({"Service": ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]}),
        json!({"Federated": "arn:aws:iam::111122223333:saml-provider/x"}),
        json!({"AWS": "AROAEXAMPLEGONE"}),
    ]);
    let conditions = prop::sample::select(vec![
        json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        json!({"StringEquals": {"sts:ExternalId": "x"}}),
        json!({"StringEquals": {"aws:PrincipalTag/Team": "r0"}}),
        json!({"StringEquals": {"aws:SourceAccount": "111122223333"}}),
    ]);
    (0_u8..10, principals, prop::option::weighted(0.2, conditions)).prop_map(
        |(form, principal, condition)| {
            let mut statement =
                json!({"Effect": if form == 0 { "Deny" } else { "Allow" }, "Action": "sts:AssumeRole"});
            statement[if form == 1 { "NotPrincipal" } else { "Principal" }] = principal;
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        },
    )
}

/// What an identity is like: statements, attached policies, boundary, tag, path, credentials.
type Likeness = (Vec<Value>, Vec<&'static str>, bool, bool, &'static str, Option<(usize, bool)>);

fn likeness() -> impl Strategy<Value = Likeness> {
    let attached = prop::sample::select(vec![
        "p0",
        "p0",
        "p1",
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:iam::aws:policy/SomethingNew",
    ]);
    let paths = prop::sample::select(vec![
        "/",
        "/",
        "/",
        "/",
        "/",
        "/",
        "/aws-service-role/x/",
        "/aws-reserved/sso.amazonaws.com/",
    ]);
    (
        prop::collection::vec(statement(), 0..3),
        prop::collection::vec(attached, 0..2),
        prop::bool::weighted(0.15),
        any::<bool>(),
        paths,
        prop::option::of((0_usize..3, any::<bool>())),
    )
}

pub(super) fn tiny() -> impl Strategy<Value = Tiny> {
    let guardrail = prop::sample::select(vec![
        (
            "SERVICE_CONTROL_POLICY",
            json!({"Effect": "Deny", "Action": "iam:*", "Resource": "*", "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/r0"}}}),
        ),
        (
            "SERVICE_CONTROL_POLICY",
            json!({"Effect": "Deny", "Action": ["iam:CreateAccessKey", "iam:CreateLoginProfile"], "Resource": "*"}),
        ),
        (
            "SERVICE_CONTROL_POLICY",
            json!({"Effect": "Deny", "Action": "iam:*", "Resource": "arn:aws:iam::*:role/r0"}),
        ),
        (
            "RESOURCE_CONTROL_POLICY",
            json!({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*", "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalAccount": "111122223333"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}}),
        ),
    ]);
    (
        prop::collection::vec(likeness(), 10),
        prop::collection::vec(prop::collection::vec(trust(), 0..3), 4),
        prop::collection::vec(0_usize..4, 3),
        prop::collection::vec((prop::collection::vec(statement(), 1..3), 1_usize..6), 2),
        prop::collection::vec(guardrail, 0..2),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(likenesses, trusts, groups, policies, guardrails, has_unit)| {
            let mut tiny = Tiny { has_unit, ..Tiny::default() };
            tiny.guardrails =
                guardrails.into_iter().map(|(kind, statement)| (kind, vec![statement])).collect();
            for (number, (statements, versions)) in policies.into_iter().enumerate() {
                tiny.policies.insert((HOME.to_owned(), format!("p{number}")), (statements, versions));
            }
            let mut likenesses = likenesses.into_iter();
            let mut fill = |identity: &mut Identity, account: &str, is_role: bool| {
                let (statements, attached, boundary, tagged, path, credentials) = likenesses.next().unwrap();
                // the policies p0 and p1 are in one account only
                let is_there = |name: &&str| account == HOME || name.starts_with("arn:");
                identity.statements = statements;
                identity.attached =
                    attached.into_iter().filter(is_there).map(|name| policy_arn(account, name)).collect();
                (identity.boundary, identity.credentials) = (boundary, credentials);
                identity.tags = if tagged { vec![("Team", "r0")] } else { Vec::new() };
                (identity.path, identity.instance_profile) = (if is_role { path } else { "/" }, tagged);
            };
            for (account, name) in [(HOME, "u0"), (HOME, "u1"), (AWAY, "u0")] {
                fill(tiny.user(account, name), account, false);
            }
            for (account, name) in [(HOME, "r0"), (HOME, "r1"), (HOME, "r2"), (AWAY, "r0")] {
                fill(tiny.role(account, name), account, true);
            }
            for name in ["g0", "g1"] {
                fill(tiny.group(HOME, name), HOME, false);
                (tiny.group(HOME, name).boundary, tiny.group(HOME, name).credentials) = (false, None);
            }
            for ((user, name), choice) in [(HOME, "u0"), (HOME, "u1")].into_iter().zip(groups) {
                let all = ["g0".to_owned(), "g1".to_owned()];
                tiny.user(user, name).groups = match choice {
                    0 => vec![],
                    1 => all[..1].to_vec(),
                    2 => all[1..].to_vec(),
                    _ => all.to_vec(),
                };
            }
            for (role, trust) in tiny.roles.values_mut().zip(trusts) {
                role.trust = trust;
            }
            tiny
        })
}
