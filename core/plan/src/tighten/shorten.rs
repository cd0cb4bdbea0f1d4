//! The composed statements as short as `policy minimise` would have them, and the evidence moved to where things stand then.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_policy::document::{ConditionValue, Document, Statement};
use kagimori_policy::minimise::{self, minimise};
use kagimori_policy::print;

use super::compose::{Element, POSSIBLE};
use super::document;

/// More statements of one service than this are left as they are: comparing grows with the square of their number.
const STATEMENTS_MAX: usize = 32;

/// Statements of one document, shorter. What is proved to say the same takes their place, service by service.
pub(super) fn shorten(statements: Vec<Statement>) -> Vec<Statement> {
    let mut by_service: BTreeMap<String, Vec<Statement>> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for statement in statements {
        let service = service(&statement);
        if !order.contains(&service) {
            order.push(service.clone());
        }
        by_service.entry(service).or_default().push(statement);
    }
    let mut all: Vec<Statement> =
        order.iter().filter_map(|service| by_service.remove(service)).flat_map(of_service).collect();
    all.iter_mut().for_each(sort_actions);
    distinct_sids(&mut all);
    all
}

/// What stands together when it is compared: statements about one service, each other alone. What calls may have needed is never
/// merged with what they needed: a reader can take it away.
fn service(statement: &Statement) -> String {
    let (patterns, is_negated) = statement.action.patterns();
    let mut services: BTreeSet<&str> =
        patterns.iter().map(|pattern| pattern.split(':').next().unwrap_or_default()).collect();
    match (services.pop_first(), services.is_empty()) {
        (Some(only), true) if !is_negated => {
            let is_possible = statement.sid.as_deref().is_some_and(|sid| sid.starts_with(POSSIBLE));
            format!("{}{}", if is_possible { POSSIBLE } else { "" }, only.to_ascii_lowercase())
        }
        _ => print::print_statement(statement),
    }
}

fn of_service(statements: Vec<Statement>) -> Vec<Statement> {
    if statements.len() < 2 || statements.len() > STATEMENTS_MAX {
        return statements;
    }
    let (document_size, documents_max) = (usize::MAX, usize::MAX);
    let options = minimise::Options { wildcards: false, sids: true, document_size, documents_max };
    let shorter = minimise(&[document(statements)], options);
    shorter.documents.into_iter().flat_map(|document: Document| document.statements).collect()
}

/// Merging puts lists one behind the other.
fn sort_actions(statement: &mut Statement) {
    use kagimori_policy::document::{ActionElement, OneOrMany};
    if let ActionElement::Action(OneOrMany::Many(list)) = &mut statement.action {
        list.sort();
    }
}

/// Joined Sids are cut where they grow too long.
fn distinct_sids(statements: &mut [Statement]) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for statement in statements {
        let Some(sid) = statement.sid.clone() else { continue };
        let lettered = (0..).map(|number| format!("{sid}{}", super::compose::letters(number)));
        let chosen = std::iter::once(sid.clone()).chain(lettered).find(|sid| !taken.contains(sid));
        taken.extend(chosen.clone());
        statement.sid = chosen;
    }
}

/// The evidence of what stands in the documents: under the Sids that statements have now, and of nothing that another part says.
pub(super) fn moved(elements: Vec<Element>, documents: &[Document]) -> Vec<Element> {
    let statements: Vec<&Statement> = documents.iter().flat_map(|document| &document.statements).collect();
    let mut moved: Vec<Element> = Vec::new();
    for element in elements {
        let holds = |statement: &&&Statement| super::is_allow(statement) && holds(statement, &element);
        let is_its = |statement: &&Statement| {
            statement.sid.as_deref().is_some_and(|sid| sid == element.sid || sid.contains(&element.sid))
        };
        let mut holding: Vec<&Statement> = statements.iter().filter(holds).copied().collect();
        holding.sort_by_key(|statement| !is_its(statement));
        let Some(sid) = holding.first().and_then(|statement| statement.sid.clone()) else { continue };
        let element = Element { sid, ..element };
        let same = |held: &&mut Element| {
            (&held.sid, held.part, &held.text) == (&element.sid, element.part, &element.text)
        };
        match moved.iter_mut().find(same) {
            Some(held) => {
                if let Some(support) = element.support {
                    held.kind = held.kind.min(element.kind);
                    held.support = Some(match held.support.take() {
                        Some(other) => other.with(&support),
                        None => support,
                    });
                }
            }
            None => moved.push(element),
        }
    }
    moved
}

fn holds(statement: &Statement, element: &Element) -> bool {
    match element.part {
        "action" => statement.action.patterns().0.contains(&element.text),
        "resource" => {
            statement.resource.as_ref().is_some_and(|resource| resource.patterns().0.contains(&element.text))
        }
        _ => statement.conditions.iter().any(|condition| {
            let mut values = condition.values.as_slice().iter().map(ConditionValue::text);
            values.any(|value| element.text == format!("{} {} {value}", condition.key, condition.operator))
        }),
    }
}
