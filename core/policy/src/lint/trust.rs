//! Trust policies: the shape that roles want, and who can become them.

mod issuer;
mod web;

use super::principal::{named, names_everyone};
use super::rule::RuleId;
use super::subject::{Held, Sink, Subject, shortened};
use crate::document::{PrincipalElement, PrincipalKind};
use crate::pattern::matches_ignoring_case;
use crate::validate::PolicyKind;
use kagimori_id::ArnParts;

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    if subject.kind != PolicyKind::Trust {
        return;
    }
    for held in &subject.statements {
        shape(held, sink);
        federated(held, sink);
        if held.is_allow() {
            mismatch(held, sink);
            public(subject, held, sink);
            web::check(subject, held, sink);
        }
    }
    roles_anywhere(subject, sink);
}

/// The actions that make a session.
const SESSIONS: [&str; 3] = ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

/// The actions that go with them (`id_session-tags`, `id_credentials_temp_control-access_monitor`).
const BESIDES: [&str; 3] = ["sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"];

fn shape(held: &Held<'_>, sink: &mut Sink<'_>) {
    if matches!(held.statement.principal, Some(PrincipalElement::NotPrincipal(_))) {
        let message = "a trust policy has no `NotPrincipal`".to_owned();
        sink.add(RuleId::TrustNotPrincipal, held.at("NotPrincipal"), message);
    }
    if held.statement.resource.is_some() {
        let element = held.resource_element();
        sink.add(
            RuleId::TrustResource,
            held.at(element),
            "a trust policy is about its role alone".to_owned(),
        );
    }
    let (patterns, is_negated) = held.statement.action.patterns();
    for (number, pattern) in patterns.iter().enumerate().filter(|_| !is_negated) {
        let is_of_roles =
            SESSIONS.iter().chain(&BESIDES).any(|action| matches_ignoring_case(pattern, action));
        if !is_of_roles {
            let message = format!("`{}` is not an action of assuming a role", shortened(pattern));
            sink.add(RuleId::TrustAction, held.at("Action").item(number), message);
        }
    }
}

/// The kinds of provider, by the principal's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provider<'a> {
    Saml,
    /// With its host, and the path behind it.
    Web(&'a str),
}

/// Providers that AWS knows without an ARN (`reference_policies_elements_principal`).
const BUILT_IN: [&str; 4] =
    ["accounts.google.com", "www.amazon.com", "graph.facebook.com", "cognito-identity.amazonaws.com"];

fn provider(name: &str) -> Option<Provider<'_>> {
    if BUILT_IN.contains(&name) {
        return Some(Provider::Web(name));
    }
    let arn = ArnParts::parse(name).filter(|arn| arn.service == "iam" && arn.region.is_empty())?;
    let is_account = arn.account.len() == 12 && arn.account.bytes().all(|b| b.is_ascii_digit());
    match arn.resource.split_once('/')? {
        ("saml-provider", name) if is_account && !name.is_empty() => Some(Provider::Saml),
        ("oidc-provider", host) if is_account && !host.is_empty() => Some(Provider::Web(host)),
        _ => None,
    }
}

fn federated(held: &Held<'_>, sink: &mut Sink<'_>) {
    for (number, name) in named(held, &PrincipalKind::Federated).iter().enumerate() {
        if provider(name).is_none() {
            let message = format!("`{}` is no identity provider", shortened(name));
            let path = held.at("Principal").key("Federated").item(number);
            sink.add(RuleId::InvalidFederatedPrincipalSyntax, path, message);
        }
    }
}

fn has_action(held: &Held<'_>, action: &str) -> bool {
    let (patterns, is_negated) = held.statement.action.patterns();
    patterns.iter().any(|pattern| matches_ignoring_case(pattern, action)) != is_negated
}

/// Each kind of principal has its own way of becoming a role.
fn mismatch(held: &Held<'_>, sink: &mut Sink<'_>) {
    if !SESSIONS.iter().any(|action| has_action(held, action)) {
        return;
    }
    let report = |kind: &str, number: usize, name: &str, wanted: &str, sink: &mut Sink<'_>| {
        if !has_action(held, wanted) {
            let message =
                format!("`{}` becomes the role with `{wanted}`, which is not allowed here", shortened(name));
            let path = held.at("Principal").key(kind).item(number);
            sink.add(RuleId::MismatchedActionForPrincipal, path, message);
        }
    };
    for kind in [PrincipalKind::Aws, PrincipalKind::Service] {
        for (number, name) in named(held, &kind).iter().enumerate() {
            report(&kind.to_string(), number, name, "sts:AssumeRole", sink);
        }
    }
    for (number, name) in named(held, &PrincipalKind::Federated).iter().enumerate() {
        match provider(name) {
            Some(Provider::Saml) => report("Federated", number, name, "sts:AssumeRoleWithSAML", sink),
            Some(Provider::Web(_)) => {
                report("Federated", number, name, "sts:AssumeRoleWithWebIdentity", sink)
            }
            None => {}
        }
    }
}

fn public(subject: &Subject<'_>, held: &Held<'_>, sink: &mut Sink<'_>) {
    if !names_everyone(held) || !sink.wants(RuleId::TrustPublic) {
        return;
    }
    if let Some(witness) = super::principal::as_stranger(subject, held) {
        let message = "a role of any AWS account may assume this role".to_owned();
        sink.show(RuleId::TrustPublic, held.at("Principal"), message, witness);
    }
}

/// Roles Anywhere passes tags and the source identity of the certificate.
fn roles_anywhere(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    const SERVICE: &str = "rolesanywhere.amazonaws.com";
    let of_service = || {
        let allows = subject.statements.iter().filter(|held| held.is_allow());
        allows.filter(|held| named(held, &PrincipalKind::Service).iter().any(|name| name == SERVICE))
    };
    let Some(first) = of_service().next() else { return };
    let wanted = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
    let missing: Vec<&str> =
        wanted.into_iter().filter(|action| !of_service().any(|held| has_action(held, action))).collect();
    if !missing.is_empty() {
        let message = format!("IAM Roles Anywhere also needs `{}`", missing.join("`, `"));
        sink.add(RuleId::MissingActionForRolesAnywhere, first.at(first.action_element()), message);
    }
}
