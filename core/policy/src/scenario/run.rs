//! Runs cases and says how each came out.

use serde::Serialize;

use super::expectation::{Class, Expected, Response};
use super::read::{Case, CaseError, Question};
use crate::compare::{self, Inclusion};
use crate::decision::{Answer, Decision};
use crate::document::{Document, Effect};
use crate::formula::{Atom, Formula};
use crate::policies::{Layer, Policies, StatementRef};
use crate::reference;
use crate::request::{Principal, Request};

/// How a case came out; one line of the results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Report {
    /// The name of the case.
    pub name: String,
    /// The answer. For a list of requests: the answer that breaks the rule, or that of the first request.
    pub response: Response,
    /// The answer the case expects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Response>,
    /// Whether the case came out as expected.
    pub ok: bool,
    /// The statements that decided.
    pub decisive: Vec<Statement>,
    /// The first layer without an allow, when the answer is an implicit denial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent: Option<&'static str>,
    /// The layers that turned a grant into a denial.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocked_by: Vec<&'static str>,
    /// Where AWS's text leaves the answer open, and how it was read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disputed: Vec<String>,
    /// The condition keys without which there is no answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_keys: Vec<String>,
    /// "Allowed if …", when the answer depends on what is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_if: Option<String>,
    /// The place of the fault, when the input is refused; the request, when a rule is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A statement that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Statement {
    /// Where it stands in the case: `identityPolicies[0].Statement[1]`.
    pub at: String,
    /// `Allow` or `Deny`.
    pub effect: String,
    /// Its `Sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// Runs one case.
pub fn run(case: &Case) -> Report {
    match &case.question {
        Question::Decide(request, policies, expected) => decide(case, request, policies, expected),
        Question::MustAllow(requests, policies) => {
            guard(case, "must_allow", requests, policies, Response::Allowed)
        }
        Question::MustDeny(requests, policies) => {
            guard(case, "must_deny", requests, policies, Response::ImplicitlyDenied)
        }
        Question::MustNotGrantNew { old, new } => must_not_grant_new(case, old, new),
        Question::Rejected(error, expected) => rejected(case, error, expected.as_ref()),
    }
}

fn decide(case: &Case, request: &Request, policies: &Policies, expected: &Expected) -> Report {
    let decision = reference::decide(request, policies);
    let response = response(request, &decision);
    let blocked_by: Vec<&str> = decision.blocked_by.iter().map(|layer| layer.short_name()).collect();
    let fits_layers = expected.blocked_by.as_ref().is_none_or(|wanted| is_same_set(wanted, &blocked_by));
    let ok = fits(case.class, expected, response) && fits_layers;
    Report { expected: Some(expected.response), ok, ..report(case, response, &decision, policies) }
}

fn fits(class: Class, expected: &Expected, response: Response) -> bool {
    let is_alternative = class == Class::Ambiguous && expected.alternatives.contains(&response);
    response == expected.response || is_alternative
}

fn is_same_set(wanted: &[String], got: &[&str]) -> bool {
    wanted.iter().all(|layer| got.contains(&layer.as_str()))
        && got.iter().all(|layer| wanted.iter().any(|w| w == layer))
}

/// A case that is refused before it is decided.
fn rejected(case: &Case, error: &CaseError, expected: Option<&Expected>) -> Report {
    let response = Response::Rejected;
    let ok = expected.is_some_and(|expected| {
        fits(case.class, expected, response) && expected.at.as_ref().is_none_or(|at| *at == error.at)
    });
    Report {
        expected: expected.map(|expected| expected.response),
        ok,
        at: Some(error.at.clone()),
        message: Some(error.message.clone()),
        ..empty(case, response)
    }
}

/// All requests must be allowed, or denied; the first that is not is reported.
fn guard(case: &Case, field: &str, requests: &[Request], policies: &Policies, expected: Response) -> Report {
    let wants_allow = expected == Response::Allowed;
    let mut kept = empty(case, expected);
    for (number, request) in requests.iter().enumerate() {
        let decision = reference::decide(request, policies);
        let response = response(request, &decision);
        let is_kept = match response {
            Response::Allowed => wants_allow,
            Response::ImplicitlyDenied | Response::ExplicitlyDenied => !wants_allow,
            Response::Rejected | Response::Indeterminate => false,
        };
        let report =
            Report { ok: is_kept, expected: Some(expected), ..report(case, response, &decision, policies) };
        if !is_kept {
            let asked = format!("{field}[{number}]");
            let message = format!("{} on {} is not as it must be", request.action, request.resource);
            return Report { at: Some(asked), message: Some(message), ..report };
        }
        if number == 0 {
            kept = report;
        }
    }
    kept
}

/// The new policies must grant nothing new: proved, or the case differs. The witness is in the message.
fn must_not_grant_new(case: &Case, old: &[Document], new: &[Document]) -> Report {
    let (response, message) = match compare::included(new, old) {
        Inclusion::Proved => return empty(case, Response::ImplicitlyDenied),
        Inclusion::NotProved(why) => (Response::Indeterminate, format!("not proved: {why}")),
        Inclusion::Refuted(request) => (
            Response::Allowed,
            format!("only the new policies allow {} on {}", request.action, request.resource),
        ),
    };
    Report { ok: false, message: Some(message), ..empty(case, response) }
}

/// The answer in the words of the format. In discovery an allow with unknown conditions counts as `Allowed`, and a deny
/// with unknown conditions does not count; both are reported.
fn response(request: &Request, decision: &Decision) -> Response {
    match decision.answer {
        Answer::Allowed => Response::Allowed,
        // A setting that forbids is no missing allow.
        Answer::ImplicitlyDenied(Layer::BlockPublicAccess) | Answer::ExplicitlyDenied(_) => {
            Response::ExplicitlyDenied
        }
        Answer::ImplicitlyDenied(_) => Response::ImplicitlyDenied,
        Answer::Indeterminate
            if request.context.is_partial() && only_keys_are_missing(&decision.allowed_if) =>
        {
            if decision.allowed_if.may_hold(&|_| None) {
                Response::Allowed
            } else {
                Response::ImplicitlyDenied
            }
        }
        Answer::Indeterminate => Response::Indeterminate,
    }
}

fn only_keys_are_missing(formula: &Formula) -> bool {
    formula.atoms().into_iter().all(|atom| match atom {
        Atom::Condition { .. } | Atom::Resource { .. } | Atom::Credential { .. } => true,
        // The role may be that session.
        Atom::Principal { principal } => matches!(Principal::parse(principal), Ok(Principal::Session { .. })),
        _ => false,
    })
}

fn report(case: &Case, response: Response, decision: &Decision, policies: &Policies) -> Report {
    let is_open = decision.answer == Answer::Indeterminate;
    Report {
        decisive: decision.decisive.iter().map(|place| statement(*place, policies)).collect(),
        silent: match decision.answer {
            Answer::ImplicitlyDenied(layer) => Some(layer.short_name()),
            _ => None,
        },
        blocked_by: decision.blocked_by.iter().map(|layer| layer.short_name()).collect(),
        disputed: decision.disputed.iter().map(|dispute| dispute.reading().to_owned()).collect(),
        missing_keys: decision.missing_keys().into_iter().map(str::to_owned).collect(),
        allowed_if: is_open.then(|| decision.allowed_if.to_string()),
        ..empty(case, response)
    }
}

fn empty(case: &Case, response: Response) -> Report {
    Report {
        name: case.name.clone(),
        response,
        expected: None,
        ok: true,
        decisive: Vec::new(),
        silent: None,
        blocked_by: Vec::new(),
        disputed: Vec::new(),
        missing_keys: Vec::new(),
        allowed_if: None,
        at: None,
        message: None,
    }
}

fn statement(place: StatementRef, policies: &Policies) -> Statement {
    let StatementRef { level, policy, statement, .. } = place;
    let found = policies.statement(place);
    let document = match place.layer {
        Layer::Identity => format!("identityPolicies[{policy}]"),
        Layer::Boundary => format!("permissionBoundaries[{policy}]"),
        Layer::Endpoint => format!("endpointPolicies[{policy}]"),
        Layer::ServiceControl => format!("serviceControlPolicies[{level}].policies[{policy}]"),
        Layer::ResourceControl => format!("resourceControlPolicies[{level}].policies[{policy}]"),
        Layer::Session => "sessionPolicy".to_owned(),
        Layer::Aws | Layer::Resource | Layer::Credential | Layer::BlockPublicAccess => {
            "resourcePolicy".to_owned()
        }
    };
    Statement {
        at: format!("{document}.Statement[{statement}]"),
        effect: found.map_or(Effect::Deny, |found| found.effect).to_string(),
        sid: found.and_then(|found| found.sid.clone()),
    }
}
