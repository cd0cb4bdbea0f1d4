//! What is a document attached to? Its own text tells much of it, its file's name a little.

use crate::catalogue::Catalogue;
use crate::document::{Document, Effect, PrincipalElement, Principals, ResourceElement, Statement};
use crate::validate::PolicyKind;

/// The kind that a document most probably is of; `name` is its file's.
pub fn guess(document: &Document, name: &str) -> PolicyKind {
    let has_principal = document.statements.iter().any(|statement| statement.principal.is_some());
    match by_name(name) {
        Some(kind) if kind.is_of_identity() != has_principal || document.statements.is_empty() => kind,
        _ if !has_principal => PolicyKind::Identity,
        _ if document.statements.iter().all(is_of_trust) => PolicyKind::Trust,
        _ if document.statements.iter().all(is_of_rcp) => PolicyKind::ResourceControl,
        _ => PolicyKind::Resource,
    }
}

/// `scp-regions.json`, `deploy_trust.json`: a word of the name.
fn by_name(name: &str) -> Option<PolicyKind> {
    name.split(|c: char| !c.is_ascii_alphanumeric()).find_map(|word| {
        match word.to_ascii_lowercase().as_str() {
            "scp" | "scps" => Some(PolicyKind::ServiceControl),
            "rcp" | "rcps" => Some(PolicyKind::ResourceControl),
            "trust" | "assume" => Some(PolicyKind::Trust),
            "boundary" | "boundaries" => Some(PolicyKind::Boundary),
            "session" => Some(PolicyKind::Session),
            "endpoint" | "vpce" => Some(PolicyKind::Endpoint),
            _ => None,
        }
    })
}

/// Roles are assumed and have no Resource; no other policy is like that.
fn is_of_trust(statement: &Statement) -> bool {
    let (patterns, negated) = statement.action.patterns();
    let is_sts =
        |pattern: &String| pattern.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("sts:"));
    statement.resource.is_none() && !negated && !patterns.is_empty() && patterns.iter().all(is_sts)
}

/// Denies everybody something on everything: a resource's own policy names its resource.
fn is_of_rcp(statement: &Statement) -> bool {
    let everyone = Some(PrincipalElement::Principal(Principals::Everyone));
    let is_everything = match &statement.resource {
        Some(ResourceElement::Resource(patterns)) => patterns.as_slice().iter().all(|pattern| pattern == "*"),
        Some(ResourceElement::NotResource(_)) => true,
        None => false,
    };
    statement.effect == Effect::Deny
        && statement.principal == everyone
        && is_everything
        && is_bound(statement)
}

/// Whether a resource control policy could be about the statement's actions: it names them, of services that it binds.
fn is_bound(statement: &Statement) -> bool {
    let (patterns, is_negated) = statement.action.patterns();
    let is_bound = |pattern: &String| {
        let service = pattern.split_once(':').map(|(service, _)| service);
        service.is_some_and(|service| Catalogue::embedded().rcp_supported(service))
    };
    !is_negated && patterns.iter().all(is_bound)
}

#[cfg(test)]
mod tests {
    use super::guess;
    use crate::parse::{Strictness, parse};
    use crate::validate::PolicyKind;

    #[test]
    fn kinds() {
        for (name, statement, kind) in [
            ("", r#""Effect":"Allow","Action":"s3:*","Resource":"*""#, PolicyKind::Identity),
            (
                "org/SCP-regions.json",
                r#""Effect":"Deny","Action":"s3:*","Resource":"*""#,
                PolicyKind::ServiceControl,
            ),
            (
                "scp.json",
                r#""Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b""#,
                PolicyKind::Resource,
            ),
            (
                "",
                r#""Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*""#,
                PolicyKind::ResourceControl,
            ),
            (
                "vpce.json",
                r#""Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*""#,
                PolicyKind::Endpoint,
            ),
            ("", r#""Effect":"Allow","Principal":"*","Action":"sts:AssumeRole""#, PolicyKind::Trust),
            (
                "",
                r#""Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*""#,
                PolicyKind::Resource,
            ),
            ("describe.json", r#""Effect":"Allow","Action":"s3:*","Resource":"*""#, PolicyKind::Identity),
        ] {
            let document = parse(&format!(r#"{{"Statement":{{{statement}}}}}"#), Strictness::Strict).unwrap();
            assert_eq!(guess(&document, name), kind, "{name} {statement}");
        }
    }
}
