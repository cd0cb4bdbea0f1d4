//! The policy by which kagi narrows sessions of Identity Center: what it allows is reading, and nothing that is a secret.

use kagimori_policy::catalogue::{AccessLevel, Catalogue};
use kagimori_policy::parse::{Strictness, parse};
use kagimori_policy::validate::{PolicyKind, validate};
use serde_json::Value;

const POLICY: &str = include_str!("../../../../core/session/src/sso/read-only.json");

/// `ec2:Describe*`: the wildcard stands at the end only.
fn allows(pattern: &str, action: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(head) => action.starts_with(head),
        None => action == pattern,
    }
}

fn patterns() -> Vec<String> {
    let policy: Value = serde_json::from_str(POLICY).unwrap();
    let actions = policy["Statement"][0]["Action"].as_array().unwrap().clone();
    actions.iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

#[test]
fn it_is_a_session_policy_that_fits() {
    let document = parse(POLICY.trim(), Strictness::Strict).unwrap();
    assert_eq!(validate(&document, PolicyKind::Session), Vec::new());
    // STS API Reference, GetScopedCredentials: "cannot exceed 2,048 characters".
    assert!(POLICY.trim().len() <= 2048, "{}", POLICY.len());
}

#[test]
fn all_it_allows_is_listing_and_reading() {
    let catalogue = Catalogue::embedded();
    // What changes only what is the caller's own and shown to it: reports and queries.
    const STARTS_READING: [&str; 5] = [
        "iam:GenerateCredentialReport",
        "iam:GenerateServiceLastAccessedDetails",
        "iam:GenerateOrganizationsAccessReport",
        "logs:StartQuery",
        "cloudformation:DetectStackDrift",
    ];
    let mut wrong = Vec::new();
    for pattern in patterns() {
        let actions: Vec<_> =
            catalogue.actions().filter(|action| allows(&pattern, &catalogue.name(*action))).collect();
        assert!(!actions.is_empty(), "{pattern} is no action");
        for action in actions {
            let reads = |level: &AccessLevel| matches!(level, AccessLevel::List | AccessLevel::Read);
            let name = catalogue.name(action);
            if !catalogue.access_levels(action).iter().all(reads) && !STARTS_READING.contains(&name.as_str())
            {
                wrong.push((pattern.clone(), name, catalogue.access_levels(action)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_secret_and_no_other_identity_is_read() {
    let patterns = patterns();
    for secret in [
        "secretsmanager:GetSecretValue",
        "secretsmanager:BatchGetSecretValue",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "sts:AssumeRole",
        "sts:GetFederationToken",
        "ecr:GetAuthorizationToken",
        "codeartifact:GetAuthorizationToken",
        "cognito-identity:GetCredentialsForIdentity",
        "sso:GetRoleCredentials",
        "rds-db:connect",
        "ec2:GetPasswordData",
        "redshift:GetClusterCredentials",
        "lightsail:GetInstanceAccessDetails",
        "s3:PutObject",
        "iam:PassRole",
    ] {
        assert!(!patterns.iter().any(|pattern| allows(pattern, secret)), "{secret}");
    }
}
