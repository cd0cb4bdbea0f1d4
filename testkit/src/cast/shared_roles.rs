//! Roles that every account has: service-linked, Identity Center, the organization's, and the delegated roles of S0.

use crate::cast::{BASTION, MANAGEMENT, ORGANIZATION, SANDBOX};
use crate::document::{Document, Statement, principals, service};
use crate::managed;
use crate::model::{Account, Grants, Role};

/// Adds them.
pub(crate) fn add(account: &mut Account) {
    service_linked(account);
    identity_center(account);
    if account.id != MANAGEMENT {
        let trust = principals(&[&format!("arn:aws:iam::{MANAGEMENT}:root")]).with_mfa();
        let grants = Grants::attached(&[&managed::arn("AdministratorAccess")]);
        account
            .roles
            .push(Role::new("OrganizationAccountAccessRole", 1500, trust, grants).used(60, "us-east-1"));
    }
    audit_roles(account);
    if account.id != MANAGEMENT && account.id != BASTION {
        delegated(account);
    }
}

fn service_linked(account: &mut Account) {
    let linked = [
        ("AWSServiceRoleForSupport", "support.amazonaws.com", "AWSSupportServiceRolePolicy", Some(400)),
        (
            "AWSServiceRoleForTrustedAdvisor",
            "trustedadvisor.amazonaws.com",
            "AWSTrustedAdvisorServiceRolePolicy",
            Some(2),
        ),
        (
            "AWSServiceRoleForOrganizations",
            "organizations.amazonaws.com",
            "AWSOrganizationsServiceTrustPolicy",
            None,
        ),
        ("AWSServiceRoleForSSO", "sso.amazonaws.com", "AWSSSOServiceRolePolicy", Some(6)),
    ];
    for (name, principal, policy, used) in linked {
        let path = format!("/aws-service-role/{principal}/");
        let role =
            Role::new(name, 1500, service(principal), Grants::attached(&[&managed::arn(policy)])).path(&path);
        account.roles.push(match used {
            Some(days) if days < 400 => role.used(days, "us-east-1"),
            _ => role,
        });
    }
}

fn identity_center(account: &mut Account) {
    let provider = format!("arn:aws:iam::{}:saml-provider/AWSSSO_0f1e2d3c4b5a6978_DO_NOT_DELETE", account.id);
    account.saml_providers.push("AWSSSO_0f1e2d3c4b5a6978_DO_NOT_DELETE");
    for (name, policy, used) in [
        ("AdministratorAccess_5a1e0f9d3c7b2846", "AdministratorAccess", 21),
        ("ViewOnly_77c0de1ab42f9035", "ViewOnlyAccess", 3),
    ] {
        let trust = Statement::trust("sts:AssumeRoleWithSAML", "Federated", &[&provider]).when(
            "StringEquals",
            "SAML:aud",
            &["https://signin.aws.amazon.com/saml"],
        );
        let grants = Grants::attached(&[&managed::arn(policy)]);
        let role = Role::new(&format!("AWSReservedSSO_{name}"), 700, trust, grants);
        account.roles.push(
            role.path("/aws-reserved/sso.amazonaws.com/ap-northeast-1/")
                .session(43200)
                .used(used, "ap-northeast-1"),
        );
    }
}

/// What the security team uses in every account; the sandbox was forgotten.
fn audit_roles(account: &mut Account) {
    if account.id == SANDBOX {
        return;
    }
    let trust = || principals(&[&format!("arn:aws:iam::{BASTION}:root")]).with_mfa();
    let audit = Grants::attached(&[&managed::arn("SecurityAudit")]);
    account.roles.push(
        Role::new("SecurityAudit", 800, trust(), audit)
            .owned("security", "quarterly review")
            .used(5, "us-east-1"),
    );
    let support = Grants::attached(&[&managed::arn("AWSSupportAccess")]);
    let role = Role::new("SupportCase", 800, trust(), support).owned("platform", "open support cases");
    account.roles.push(role.used(33, "us-east-1"));
}

/// The delegated roles of S0: capped below IAM, only with MFA, only from the bastion account.
fn delegated(account: &mut Account) {
    let trust = || principals(&[&format!("arn:aws:iam::{BASTION}:root")]).with_mfa();
    let never_iam = Document::new(vec![
        Statement::allow_all_but(&["iam:*", "organizations:*", "account:*"]).sid("BelowIam"),
    ]);
    account.policy("delegated-boundary", 800, vec![never_iam]);
    let boundary = Some(account.policy_arn("delegated-boundary"));
    let developer = Grants { boundary, ..Grants::attached(&[&managed::arn("PowerUserAccess")]) };
    let developer = Role::new("Developer", 800, trust(), developer)
        .owned("platform", "daily work of engineers")
        .described("Daily work; below IAM (bastion, MFA)")
        .session(14400)
        .used(1, "ap-northeast-1");
    let reader = Role::new("ReadOnly", 800, trust(), Grants::attached(&[&managed::arn("ReadOnlyAccess")]))
        .owned("platform", "looking")
        .described("Look, do not touch")
        .session(14400)
        .used(1, "ap-northeast-1");
    let inside = Statement::trust("sts:AssumeRole", "AWS", &["*"])
        .when("StringEquals", "aws:PrincipalOrgID", &[ORGANIZATION])
        .when("ArnLike", "aws:PrincipalArn", &[&format!("arn:aws:iam::{MANAGEMENT}:role/inventory-reader")]);
    let inventory = Role::new("inventory", 300, inside, Grants::attached(&[&managed::arn("ViewOnlyAccess")]))
        .owned("security", "nightly inventory")
        .used(1, "us-east-1");
    account.roles.extend([developer, reader, inventory]);
}
