//! Elements that a kind of policy wants or refuses, and Sids.

use std::collections::BTreeSet;

use super::rule::RuleId;
use super::subject::{Held, Path, Sink, Subject, shortened};
use crate::document::{PrincipalElement, Version};
use crate::validate::PolicyKind;

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    if subject.document.id.is_some() && subject.kind.is_of_identity() {
        let message = "`Id` means nothing in a policy about its owner".to_owned();
        sink.add(RuleId::UnsupportedId, Path::default().key("Id"), message);
    }
    // Some services give their resources policies of the old version.
    let is_of_a_resource = matches!(subject.kind, PolicyKind::Resource | PolicyKind::Endpoint);
    if subject.version() == Some(Version::V2008) && !is_of_a_resource {
        let message = "version 2008-10-17 has no policy variables".to_owned();
        sink.add(RuleId::OldVersion, Path::default().key("Version"), message);
    }
    sids(subject, sink);
    for held in &subject.statements {
        principal(held, subject.kind, sink);
        resource(held, subject.kind, sink);
    }
}

fn sids(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    let is_of_iam = subject.kind.is_of_identity();
    let mut seen = BTreeSet::new();
    for held in &subject.statements {
        let Some(sid) = held.statement.sid.as_deref().filter(|sid| !sid.is_empty()) else { continue };
        if is_of_iam && !sid.chars().all(|c| c.is_ascii_alphanumeric()) {
            let message =
                format!("the Sid `{}` has characters other than letters and digits", shortened(sid));
            sink.add(RuleId::UnsupportedSid, held.at("Sid"), message);
        }
        if !seen.insert(sid) {
            let rule = if is_of_iam { RuleId::UniqueSidsRequired } else { RuleId::UniqueSidsRecommended };
            sink.add(
                rule,
                held.at("Sid"),
                format!("the Sid `{}` stands in this policy twice", shortened(sid)),
            );
        }
    }
}

pub(super) fn principal_name(element: &PrincipalElement) -> &'static str {
    match element {
        PrincipalElement::Principal(_) => "Principal",
        PrincipalElement::NotPrincipal(_) => "NotPrincipal",
    }
}

fn principal(held: &Held<'_>, kind: PolicyKind, sink: &mut Sink<'_>) {
    match &held.statement.principal {
        None if !kind.is_of_identity() => {
            let message = format!("{} has neither `Principal` nor `NotPrincipal`", held.name());
            sink.add(RuleId::MissingPrincipal, held.path(), message);
        }
        Some(element) if kind.is_of_identity() => {
            let rule = match kind {
                PolicyKind::ServiceControl => RuleId::ScpPrincipal,
                _ => RuleId::UnsupportedPrincipal,
            };
            let name = principal_name(element);
            sink.add(rule, held.at(name), format!("`{name}` has no place in a policy about its owner"));
        }
        Some(element @ PrincipalElement::NotPrincipal(_)) if kind == PolicyKind::Endpoint => {
            let message = "an endpoint policy has no `NotPrincipal`".to_owned();
            sink.add(RuleId::UnsupportedPrincipal, held.at(principal_name(element)), message);
        }
        _ => {}
    }
}

fn resource(held: &Held<'_>, kind: PolicyKind, sink: &mut Sink<'_>) {
    let may_lack = matches!(kind, PolicyKind::Trust | PolicyKind::Resource);
    if held.statement.resource.is_none() && !may_lack {
        let message = format!("{} has neither `Resource` nor `NotResource`", held.name());
        sink.add(RuleId::MissingResource, held.path(), message);
    }
}
