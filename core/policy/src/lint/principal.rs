//! Principals: how they are written, and whom they let in.

mod access;

pub(super) use access::as_stranger;

use super::element::principal_name;
use super::rule::RuleId;
use super::service_principal;
use super::subject::{Held, Path, Sink, Subject, shortened};
use crate::document::{PrincipalElement, PrincipalKind, Principals};
use crate::request::Principal;
use crate::validate::PolicyKind;
use kagimori_id::ArnParts;

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    if subject.kind.is_of_identity() || subject.kind == PolicyKind::ResourceControl {
        return;
    }
    for held in &subject.statements {
        let Some(element) = &held.statement.principal else { continue };
        let path = held.at(principal_name(element));
        deny_of_others(held, element, sink);
        let (PrincipalElement::Principal(principals) | PrincipalElement::NotPrincipal(principals)) = element;
        let Principals::Listed(kinds) = principals else { continue };
        for (kind, names) in kinds {
            let path = path.clone().key(&kind.to_string());
            written(subject, kind, names, &path, sink);
        }
        redundant(kinds, &path, sink);
    }
    if subject.kind == PolicyKind::Resource {
        access::check(subject, sink);
    }
}

/// `reference_policies_elements_notprincipal`: a Deny for everybody but the named also denies their sessions and accounts, unless
/// each is named, too; and roles with a permissions boundary always.
fn deny_of_others(held: &Held<'_>, element: &PrincipalElement, sink: &mut Sink<'_>) {
    if !held.is_allow() && matches!(element, PrincipalElement::NotPrincipal(_)) {
        let message =
            format!("{} denies everybody whom `NotPrincipal` does not list, sessions too", held.name());
        sink.add(RuleId::DenyWithNotPrincipal, held.at("NotPrincipal"), message);
    }
}

fn written(subject: &Subject<'_>, kind: &PrincipalKind, names: &[String], path: &Path, sink: &mut Sink<'_>) {
    if let PrincipalKind::Other(other) = kind {
        let message = format!("`{}` is no kind of principal", shortened(other));
        sink.add(RuleId::InvalidPrincipalKey, path.clone(), message);
        return;
    }
    if *kind == PrincipalKind::Federated
        && matches!(subject.kind, PolicyKind::Resource | PolicyKind::Endpoint)
    {
        let message = "only the trust policy of a role names identity providers".to_owned();
        sink.add(RuleId::FederatedPrincipalNotSupported, path.clone(), message);
        return;
    }
    for (number, name) in names.iter().enumerate() {
        let found = match kind {
            _ if name.contains("${") => {
                let message = format!("`{}` is read as text: a principal has no variables", shortened(name));
                Some((RuleId::VariableUnsupportedInElement, message))
            }
            PrincipalKind::Aws => aws(name, subject.kind),
            PrincipalKind::Service => service(name),
            PrincipalKind::CanonicalUser => canonical(name),
            PrincipalKind::Federated | PrincipalKind::Other(_) => None,
        };
        if let Some((rule, message)) = found {
            sink.add(rule, path.clone().item(number), message);
        } else if *kind == PrincipalKind::Service {
            service_principal::mistyped(name, path.clone().item(number), sink);
        }
    }
}

/// `reference_policies_elements_principal`: an account, a user, a role, a session, a unique id, or `*` alone.
fn aws(name: &str, kind: PolicyKind) -> Option<(RuleId, String)> {
    let short = shortened(name);
    let is_id = name.len() >= 12 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if name == "*" || (is_id && !name.starts_with("AROA") && !name.starts_with("AIDA")) {
        return None;
    }
    if is_id && name.starts_with("AROA") {
        return Some((
            RuleId::InvalidRoleReference,
            format!("`{short}` is the id of a role, perhaps a deleted one"),
        ));
    }
    if is_id {
        return Some((
            RuleId::InvalidUserReference,
            format!("`{short}` is the id of a user, perhaps a deleted one"),
        ));
    }
    if name.contains(['*', '?']) {
        let rule = match kind {
            PolicyKind::Trust => RuleId::TrustWildcardInPrincipal,
            _ => RuleId::UnsupportedWildcardInPrincipal,
        };
        return Some((rule, format!("`{short}` has a wildcard inside and matches nobody")));
    }
    let is_identity = match Principal::parse(name) {
        Ok(Principal::Service { .. } | Principal::Federated { .. } | Principal::Anonymous) | Err(_) => false,
        Ok(_) => true,
    };
    // The identity of a CloudFront distribution.
    let is_origin = ArnParts::parse(name)
        .is_some_and(|arn| arn.account == "cloudfront" && arn.resource.starts_with("user/"));
    let message = || format!("`{short}` is no account, user, role or session");
    (!is_identity && !is_origin).then(|| (RuleId::InvalidPrincipalFormat, message()))
}

fn service(name: &str) -> Option<(RuleId, String)> {
    let short = shortened(name);
    if name.contains(['*', '?']) {
        return Some((RuleId::UnsupportedWildcardInPrincipal, format!("`{short}` has a wildcard inside")));
    }
    (!service_principal::has_form(name))
        .then(|| (RuleId::InvalidServicePrincipalFormat, format!("`{short}` is no service principal")))
}

/// S3's canonical ids are 64 hexadecimal digits.
fn canonical(name: &str) -> Option<(RuleId, String)> {
    let is_id = name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
    let message = || format!("`{}` is no canonical user id", shortened(name));
    (!is_id).then(|| (RuleId::InvalidPrincipalFormat, message()))
}

/// Whether another entry says the same or more: `*`, the same name, or an account's two spellings.
fn redundant(kinds: &[(PrincipalKind, Vec<String>)], path: &Path, sink: &mut Sink<'_>) {
    for (kind, names) in kinds {
        let is_aws = *kind == PrincipalKind::Aws;
        let has_everyone = is_aws && names.iter().any(|name| name == "*");
        for (number, name) in names.iter().enumerate() {
            let earlier = names.get(..number).unwrap_or_default();
            let is_twin =
                earlier.iter().any(|other| account(other).is_some() && account(other) == account(name));
            let is_again = earlier.contains(name) || names.iter().any(|other| is_session_of(name, other));
            if is_again || (is_aws && is_twin) || (has_everyone && name != "*") {
                let path = path.clone().key(&kind.to_string()).item(number);
                sink.add(RuleId::RedundantPrincipal, path, format!("`{}` is named already", shortened(name)));
            }
        }
    }
}

/// Whether a session is one of a role that is named itself.
fn is_session_of(session: &str, role: &str) -> bool {
    let (Ok(Principal::Session { account, role: name, .. }), Ok(role @ Principal::Role { .. })) =
        (Principal::parse(session), Principal::parse(role))
    else {
        return false;
    };
    role.account() == Some(account.as_str()) && role.role_name() == Some(name.as_str())
}

/// The account of an account principal, however it is spelled.
pub(super) fn account(name: &str) -> Option<&str> {
    let is_account = |text: &&str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    let of_root = || {
        ArnParts::parse(name)
            .filter(|arn| arn.service == "iam" && arn.resource == "root")
            .map(|arn| arn.account)
    };
    Some(name).filter(is_account).or_else(of_root)
}

/// Whether a statement is about everybody.
pub(super) fn names_everyone(held: &Held<'_>) -> bool {
    match &held.statement.principal {
        Some(PrincipalElement::Principal(Principals::Everyone)) => true,
        Some(PrincipalElement::Principal(Principals::Listed(kinds))) => {
            let has_star = |(kind, names): &(PrincipalKind, Vec<String>)| {
                *kind == PrincipalKind::Aws && names.iter().any(|name| name == "*")
            };
            kinds.iter().any(has_star)
        }
        _ => false,
    }
}

/// The names of one kind that a statement is about.
pub(super) fn named<'a>(held: &'a Held<'_>, wanted: &PrincipalKind) -> &'a [String] {
    let Some(PrincipalElement::Principal(Principals::Listed(kinds))) = &held.statement.principal else {
        return &[];
    };
    kinds.iter().find(|(kind, _)| kind == wanted).map_or(&[], |(_, names)| names)
}
