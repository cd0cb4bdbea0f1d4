//! Which statements are about the request, and when.

use crate::decision::{Dispute, Miss};
use crate::document::{ActionElement, Document, Effect, Statement};
use crate::formula::Formula;
use crate::pattern;
use crate::policies::{Layer, Policies, StatementRef};
use crate::reference::principal::{self, Naming};
use crate::reference::{condition, resource};
use crate::request::Request;

/// A statement that is about the request, or may be.
#[derive(Clone, Debug)]
pub(super) struct Applicable {
    pub(super) place: StatementRef,
    pub(super) effect: Effect,
    /// How it names the caller; one entry for each way.
    pub(super) naming: Naming,
    /// When it is about the request; never the constant false.
    pub(super) holds: Formula,
    pub(super) disputed: Vec<Dispute>,
}

const LAYERS: [Layer; 7] = [
    Layer::ServiceControl,
    Layer::ResourceControl,
    Layer::Endpoint,
    Layer::Identity,
    Layer::Resource,
    Layer::Boundary,
    Layer::Session,
];

/// Every statement that is or may be about the request, in the order of the layers.
pub(super) fn applicable(request: &Request, policies: &Policies) -> Vec<Applicable> {
    let mut found = Vec::new();
    for layer in LAYERS {
        for (level, policy, document) in policies.documents(layer) {
            for (number, statement) in document.statements.iter().enumerate() {
                let place = StatementRef { layer, level, policy, statement: number };
                found.extend(judge(request, policies, document, statement, place));
            }
        }
    }
    found
}

/// One statement: the elements are joined by "and" (`reference_policies_elements_statement`).
fn judge(
    request: &Request,
    policies: &Policies,
    document: &Document,
    statement: &Statement,
    place: StatementRef,
) -> Vec<Applicable> {
    if !is_about_action(&statement.action, &request.action) {
        return Vec::new();
    }
    let resource = resource::holds(request, document.version, statement, place.layer);
    let conditions = condition::all_hold(request, policies, document.version, &statement.conditions);
    let rest = resource.and(conditions);
    let has_boundary = !policies.boundary.is_empty();
    let (namings, disputed) = principal::namings(request, statement, place.layer, has_boundary);
    let applicable = namings.into_iter().map(|(naming, named)| Applicable {
        place,
        effect: statement.effect,
        naming,
        holds: rest.clone().and(named),
        disputed: disputed.clone(),
    });
    applicable.filter(|found| found.holds.known() != Some(false)).collect()
}

/// Allow statements of a layer that name the action and the caller, and yet say nothing of this request, with what kept
/// them from it.
pub(super) fn near_misses(request: &Request, policies: &Policies, layer: Layer) -> Vec<(StatementRef, Miss)> {
    let mut misses = Vec::new();
    for (level, policy, document) in policies.documents(layer) {
        for (number, statement) in document.statements.iter().enumerate() {
            let is_near =
                statement.effect == Effect::Allow && is_about_action(&statement.action, &request.action);
            if !is_near {
                continue;
            }
            let place = StatementRef { layer, level, policy, statement: number };
            if resource::holds(request, document.version, statement, layer) == Formula::FALSE {
                misses.push((place, Miss::Resource));
            } else if condition::all_hold(request, policies, document.version, &statement.conditions)
                == Formula::FALSE
            {
                misses.push((place, Miss::Condition));
            }
        }
    }
    misses
}

/// `reference_policies_elements_action`: names are compared without case, `*` and `?` are wildcards.
fn is_about_action(element: &ActionElement, action: &str) -> bool {
    let (patterns, negated) = element.patterns();
    patterns.iter().any(|pattern| pattern::matches_ignoring_case(pattern, action)) != negated
}
