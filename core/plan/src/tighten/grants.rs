//! The old Allow statements, and which of them granted a need.

use kagimori_policy::catalogue::{ActionSet, Catalogue};
use kagimori_policy::compare::is_included;
use kagimori_policy::decision::Answer;
use kagimori_policy::document::{Document, Effect, Statement};
use kagimori_policy::engine::Compiled;

use super::alone::{Alone, may};
use super::needs::Need;
use super::{document, is_allow};
use crate::replay::document_about;

/// One Allow statement of the old policies.
pub(super) struct Grant {
    /// The place of its policy among the identity's own.
    pub(super) document: usize,
    pub(super) statement: Statement,
    pub(super) compiled: Compiled,
}

/// `old` are policies with their places among the identity's own.
pub(super) fn of(old: &[(usize, &Document)], alone: &mut Alone) -> Vec<Grant> {
    let statements = old
        .iter()
        .flat_map(|(place, document)| document.statements.iter().map(move |one| (*place, *document, one)));
    let mut grants: Vec<Grant> = Vec::new();
    for (place, document, statement) in statements.filter(|(_, _, statement)| is_allow(statement)) {
        // One that says the same as another grants nothing of its own.
        if grants.iter().any(|grant| grant.statement == *statement) {
            continue;
        }
        let one = Document { statements: vec![statement.clone()], ..document.clone() };
        let compiled = alone.compile(&one);
        grants.push(Grant { document: place, statement: statement.clone(), compiled });
    }
    grants
}

/// Every Deny with the place of its policy, as it is: one that seems to be about nothing may still keep out what a resource's policy
/// grants. Each has a Sid of its own: two policies may have used one, and AWS refuses a document that has it twice.
pub(super) fn denies(old: &[(usize, &Document)]) -> Vec<(usize, Statement)> {
    let mut denies: Vec<(usize, Statement)> = Vec::new();
    for (place, document) in old {
        for statement in document.statements.iter().filter(|statement| statement.effect == Effect::Deny) {
            if !denies.iter().any(|(_, held)| held == statement) {
                denies.push((*place, statement.clone()));
            }
        }
    }
    for (number, (_, deny)) in denies.iter_mut().enumerate() {
        deny.sid = Some(format!("KeptDeny{}", number.saturating_add(1)));
    }
    denies
}

/// The grants a need rests on. One that allows it for sure, with the fewest conditions, is enough; but where the resource is
/// not told, or where conditions leave it open, each may have been the one.
pub(super) fn behind(need: &Need, grants: &[Grant], alone: &Alone) -> Vec<usize> {
    let (mut sure, mut open) = (Vec::new(), Vec::new());
    let request = alone.compiler.bind(&need.request);
    for (place, grant) in grants.iter().enumerate() {
        match alone.decide(&[&grant.compiled], &request) {
            Answer::Allowed if need.is_told() => sure.push(place),
            answer if may(answer) => open.push(place),
            _ => {}
        }
    }
    let weight = |place: &usize| {
        let statement = grants.get(*place).map(|grant| &grant.statement);
        let conditions = statement.map_or(0, |statement| statement.conditions.len());
        let resources = statement.and_then(|statement| statement.resource.as_ref());
        // A narrower statement first: the new one lies inside it.
        let is_star = resources.is_some_and(|held| held.patterns().0.iter().any(|one| one == "*"));
        (conditions, is_star, *place)
    };
    if let Some(best) = sure.iter().min_by_key(|place| weight(place)) {
        return vec![*best];
    }
    // One that says, for this request, all that the others say is enough.
    open.sort_by_key(weight);
    let about: Vec<Document> = open
        .iter()
        .filter_map(|place| grants.get(*place))
        .map(|grant| document_about(&document(vec![grant.statement.clone()]), &need.request))
        .collect();
    let says_all = |one: &Document| {
        about.iter().all(|other| is_included(std::slice::from_ref(other), std::slice::from_ref(one)))
    };
    match about.iter().position(says_all).and_then(|place| open.get(place)) {
        Some(best) => vec![*best],
        None => open,
    }
}

impl Grant {
    /// The actions of the service reference it names.
    pub(super) fn actions(&self) -> ActionSet {
        let catalogue = Catalogue::embedded();
        let (patterns, is_negated) = self.statement.action.patterns();
        let mut set = ActionSet::none(catalogue);
        for pattern in patterns {
            catalogue.expand_into(&mut set, pattern);
        }
        if is_negated { set.complement() } else { set }
    }

    /// Its resources as written, and whether they are negated.
    pub(super) fn resources(&self) -> (&[String], bool) {
        self.statement.resource.as_ref().map_or((&[], false), |resource| resource.patterns())
    }
}
