//! Service control policies and resource control policies.
//!
//! Organizations User Guide, `orgs_manage_policies_scps_syntax` and `orgs_manage_policies_rcps_syntax`. The text of 2023 forbids
//! in SCPs what the text of 2026 allows; those rules are off unless somebody asks for them.

use super::rule::RuleId;
use super::subject::{Held, Path, Sink, Subject, shortened};
use super::witness::{self, Keys, absent, fixed};
use crate::catalogue::Catalogue;
use crate::document::{Condition, Effect, PrincipalElement, Principals, Version};
use crate::reference;
use crate::request::Context;
use crate::validate::{PolicyKind, is_rcp_full_access};

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    match subject.kind {
        PolicyKind::ServiceControl => {
            for held in &subject.statements {
                language_of_2023(held, sink);
                regions(subject, held, sink);
            }
        }
        PolicyKind::ResourceControl => resource_control(subject, sink),
        _ => {}
    }
}

/// Organizations User Guide, `orgs_manage_policies_scps_examples_general`: global services answer in us-east-1 alone, so a Deny of
/// other Regions leaves them out.
fn regions(subject: &Subject<'_>, held: &Held<'_>, sink: &mut Sink<'_>) {
    const GLOBAL: [&str; 5] = [
        "iam:ListRoles",
        "organizations:DescribeOrganization",
        "route53:ListHostedZones",
        "cloudfront:ListDistributions",
        "support:DescribeCases",
    ];
    let of_region = |condition: &&Condition| condition.key.eq_ignore_ascii_case("aws:RequestedRegion");
    let (patterns, is_negated) = held.statement.action.patterns();
    let is_broad = is_negated || patterns.iter().any(|pattern| pattern == "*" || pattern == "*:*");
    let Some(condition) = held.statement.conditions.iter().find(of_region) else { return };
    // Other limits, as a network's, say which requests are meant; those on who calls do not.
    let is_of_callers =
        |condition: &Condition| condition.key.to_ascii_lowercase().starts_with("aws:principal");
    if held.statement.conditions.iter().any(|other| !of_region(&other) && !is_of_callers(other)) {
        return;
    }
    let keys = [fixed("aws:RequestedRegion", "us-east-1")];
    if held.is_allow() || !is_broad || witness::context(held, subject.version(), &keys).is_none() {
        return;
    }
    let catalogue = Catalogue::embedded();
    let is_reached = |name: &&str| catalogue.action(name).is_some_and(|id| held.actions().contains(id));
    let reached: Vec<String> = GLOBAL.into_iter().filter(is_reached).map(str::to_owned).collect();
    if !reached.is_empty() {
        let message =
            format!("global services answer in us-east-1: {} denied, too", super::resource::listed(&reached));
        let path = held.at("Condition").key(&condition.operator).key(&condition.key);
        sink.add(RuleId::RegionDenyOfGlobalServices, path, message);
    }
}

fn language_of_2023(held: &Held<'_>, sink: &mut Sink<'_>) {
    let (patterns, is_negated) = held.statement.action.patterns();
    for (number, pattern) in patterns.iter().enumerate() {
        let is_inner = pattern != "*" && pattern.strip_suffix('*').unwrap_or(pattern).contains(['*', '?']);
        if is_inner {
            let message = format!("`{}` has a wildcard elsewhere than at its end", shortened(pattern));
            sink.add(RuleId::ScpActionWildcard, held.at(held.action_element()).item(number), message);
        }
    }
    if held.resource_element() == "NotResource" {
        sink.add(
            RuleId::ScpNotResource,
            held.at("NotResource"),
            "the statement has `NotResource`".to_owned(),
        );
    }
    if !held.is_allow() {
        return;
    }
    if !held.statement.conditions.is_empty() {
        sink.add(RuleId::ScpAllowCondition, held.at("Condition"), "an Allow has a condition".to_owned());
    }
    if is_negated {
        sink.add(RuleId::ScpAllowNotAction, held.at("NotAction"), "an Allow has `NotAction`".to_owned());
    }
    if held.resource_element() == "Resource" && held.resources().iter().any(|resource| resource != "*") {
        sink.add(RuleId::ScpAllowResource, held.at("Resource"), "an Allow names resources".to_owned());
    }
}

fn resource_control(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    if subject.version() == Some(Version::V2008) {
        let message = "a resource control policy is of version 2012-10-17".to_owned();
        sink.add(RuleId::RcpVersion, Path::default().key("Version"), message);
    } else if subject.version().is_none() {
        sink.add(
            RuleId::RcpVersion,
            Path::default(),
            "a resource control policy needs its version".to_owned(),
        );
    }
    for held in subject.statements.iter().filter(|held| !is_rcp_full_access(held.statement)) {
        if held.statement.effect == Effect::Allow {
            sink.add(
                RuleId::RcpEffect,
                held.at("Effect"),
                "a resource control policy of one's own can only deny".to_owned(),
            );
        }
        let everyone = PrincipalElement::Principal(Principals::Everyone);
        if let Some(element) = held.statement.principal.as_ref().filter(|element| **element != everyone) {
            let name = super::element::principal_name(element);
            sink.add(RuleId::RcpPrincipal, held.at(name), "the principal is not `\"*\"`".to_owned());
        }
        let (patterns, is_negated) = held.statement.action.patterns();
        if is_negated {
            let message = "a resource control policy has no `NotAction`".to_owned();
            sink.add(RuleId::RcpNotAction, held.at("NotAction"), message);
        }
        for (number, _) in patterns.iter().enumerate().filter(|(_, pattern)| *pattern == "*") {
            let path = held.at(held.action_element()).item(number);
            sink.add(RuleId::RcpActionStar, path, "`*` has no service".to_owned());
        }
        denies_services(subject, held, sink);
        sources(subject, held, sink);
    }
}

/// RCPs bind AWS services, too, which have none of the keys of an organization's principals and networks.
fn denies_services(subject: &Subject<'_>, held: &Held<'_>, sink: &mut Sink<'_>) {
    const OF_CALLERS: [&str; 7] = [
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:sourceip",
        "aws:sourcevpc",
        "aws:sourcevpce",
    ];
    let is_met_without = |condition: &&Condition| {
        let one = std::slice::from_ref(*condition);
        OF_CALLERS.contains(&condition.key.to_ascii_lowercase().as_str())
            && reference::conditions_hold(one, subject.version(), &Context::complete()).known() == Some(true)
    };
    let Some(condition) = held.statement.conditions.iter().find(is_met_without) else { return };
    let mut keys: Keys = OF_CALLERS.map(absent).into();
    keys.push(fixed("aws:PrincipalIsAWSService", "true"));
    keys.push(fixed("aws:PrincipalServiceName", "cloudtrail.amazonaws.com"));
    keys.push(fixed("aws:SourceAccount", &subject.owner));
    if !held.is_allow() && witness::context(held, subject.version(), &keys).is_some() {
        let message = format!("requests of AWS services have no `{}` and are denied, too", condition.key);
        let path = held.at("Condition").key(&condition.operator).key(&condition.key);
        sink.add(RuleId::RcpDeniesServices, path, message);
    }
}

/// What a service acts for: keys that only services have, and not all of them.
fn sources(subject: &Subject<'_>, held: &Held<'_>, sink: &mut Sink<'_>) {
    const OF_SOURCES: [&str; 4] =
        ["aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceaccount", "aws:sourcearn"];
    let is_met_without = |condition: &&Condition| {
        let one = std::slice::from_ref(*condition);
        let is_test = !condition.operator.eq_ignore_ascii_case("Null");
        is_test
            && OF_SOURCES.contains(&condition.key.to_ascii_lowercase().as_str())
            && reference::conditions_hold(one, subject.version(), &Context::complete()).known() == Some(true)
    };
    let Some(condition) = held.statement.conditions.iter().find(is_met_without) else { return };
    let without = |is_service: &str| {
        let mut keys: Keys = OF_SOURCES.map(absent).into();
        keys.push(fixed("aws:PrincipalIsAWSService", is_service));
        witness::context(held, subject.version(), &keys).is_some()
    };
    let path = held.at("Condition").key(&condition.operator).key(&condition.key);
    if held.is_allow() {
        return;
    }
    if without("false") {
        let message =
            format!("requests of the company's own principals have no `{}` and are denied", condition.key);
        sink.add(RuleId::RcpDeniesOwnPrincipals, path.clone(), message);
    }
    if without("true") {
        let message = format!("AWS services that send no `{}` are denied", condition.key);
        sink.add(RuleId::RcpMissingNullCheck, path, message);
    }
}
