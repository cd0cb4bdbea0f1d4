//! Readings of single elements that AWS's text leaves open.

use crate::decision::Dispute;
use crate::document::{ActionElement, Condition, Statement, Version};
use crate::operator::Operator;
use crate::pattern;
use crate::policies::{Layer, Policies};
use crate::request::Request;
use kagimori_id::arn;

use super::resource::{is_short, is_user_name};

const LAYERS: [Layer; 6] = [
    Layer::ServiceControl,
    Layer::Endpoint,
    Layer::Identity,
    Layer::Resource,
    Layer::Boundary,
    Layer::Session,
];

/// The readings that could have mattered to this request.
pub(super) fn disputes(request: &Request, policies: &Policies) -> Vec<Dispute> {
    let mut disputes = Vec::new();
    for (_, _, document) in LAYERS.into_iter().flat_map(|layer| policies.documents(layer)) {
        for statement in &document.statements {
            disputes.extend(of_action(&statement.action, request));
            disputes.extend(of_resource(statement, request, document.version));
            let conditions = statement.conditions.iter();
            disputes.extend(conditions.filter_map(|condition| of_condition(condition, document.version)));
        }
    }
    disputes
}

fn of_action(element: &ActionElement, request: &Request) -> Option<Dispute> {
    let is_wild = |pattern: &String| {
        let service = pattern.split_once(':').map_or("", |(service, _)| service);
        service.contains(['*', '?']) && pattern::matches_ignoring_case(pattern, &request.action)
    };
    element.patterns().0.iter().any(is_wild).then_some(Dispute::ServiceWildcard)
}

fn of_resource(statement: &Statement, request: &Request, version: Option<Version>) -> Vec<Dispute> {
    let Some(element) = &statement.resource else { return Vec::new() };
    element.patterns().0.iter().filter_map(|pattern| of_pattern(pattern, request, version)).collect()
}

fn of_pattern(pattern: &str, request: &Request, version: Option<Version>) -> Option<Dispute> {
    let [_, _, service, region, account, resource] = arn::padded_parts(pattern);
    if is_short(pattern) {
        return Some(Dispute::ShortArn);
    }
    if version == Some(Version::V2012) && [service, region, account].iter().any(|part| part.contains("${")) {
        return Some(Dispute::VariablePlace);
    }
    let asked = arn::padded_parts(&request.resource)[5];
    let same_but_for_case = resource != asked && resource.eq_ignore_ascii_case(asked);
    (is_user_name(pattern) && same_but_for_case).then_some(Dispute::UserNameCase)
}

/// The page of variables allows them with string and ARN operators, the page of operators with `Bool` too.
fn of_condition(condition: &Condition, version: Option<Version>) -> Option<Dispute> {
    let takes_none = Operator::parse(&condition.operator).is_some_and(|operator| !operator.takes_variables());
    let has_variable = condition.values.as_slice().iter().any(|value| value.text().contains("${"));
    (version == Some(Version::V2012) && takes_none && has_variable).then_some(Dispute::VariablePlace)
}
