//! What policies say of one action, as far as a request leaves it open.

use kagimori_policy::decision::Answer;
use kagimori_policy::document::{
    ActionElement, Document, Effect, OneOrMany, ResourceElement, Statement, Version,
};
use kagimori_policy::pattern::matches_ignoring_case;
use kagimori_policy::policies::{Level, Policies};
use kagimori_policy::request::Request;

/// An action allowed on a pattern of resources.
pub(super) fn everything(pattern: &str, action: &str) -> Document {
    let statement = Statement {
        sid: None,
        effect: Effect::Allow,
        principal: None,
        action: ActionElement::Action(OneOrMany::One(action.to_owned())),
        resource: Some(ResourceElement::Resource(OneOrMany::One(pattern.to_owned()))),
        conditions: Vec::new(),
    };
    Document { version: Some(Version::V2012), id: None, statements: vec![statement] }
}

/// What policies say of the resources of a request's action: the statements that speak of the action, about this action
/// alone, without the conditions that the request fulfils and without the statements whose conditions it does not.
pub(super) fn about_request(policies: &Policies, request: &Request) -> Policies {
    let all = |documents: &[Document]| -> Vec<Document> {
        let about: Vec<Document> =
            documents.iter().map(|document| document_about(document, request)).collect();
        about.into_iter().filter(|document| !document.statements.is_empty()).collect()
    };
    let levels = |levels: &[Level]| -> Vec<Level> {
        levels.iter().map(|level| Level { id: level.id.clone(), policies: all(&level.policies) }).collect()
    };
    Policies {
        identity: all(&policies.identity),
        boundary: all(&policies.boundary),
        service_control: levels(&policies.service_control),
        resource_control: levels(&policies.resource_control),
        missing: policies.missing.clone(),
        ..Policies::default()
    }
}

/// The same for one document.
pub(crate) fn document_about(document: &Document, request: &Request) -> Document {
    let action = &request.action;
    let speaks = |statement: &&Statement| {
        let (patterns, is_negated) = statement.action.patterns();
        patterns.iter().any(|pattern| matches_ignoring_case(pattern, action)) != is_negated
    };
    let statements = document.statements.iter().filter(speaks);
    let statements = statements.filter_map(|statement| simplified(document, statement, request)).collect();
    Document { statements, id: None, ..document.clone() }
}

fn simplified(document: &Document, statement: &Statement, request: &Request) -> Option<Statement> {
    let mut conditions = Vec::new();
    for condition in &statement.conditions {
        let mut one = Document { version: document.version, ..everything("*", "*") };
        for statement in &mut one.statements {
            statement.conditions = vec![condition.clone()];
        }
        match kagimori_policy::compare::decide(request, &[one]).answer {
            Answer::Allowed => {}
            Answer::Indeterminate => conditions.push(condition.clone()),
            Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_) => return None,
        }
    }
    let action = ActionElement::Action(OneOrMany::One(request.action.clone()));
    Some(Statement { sid: None, action, conditions, ..statement.clone() })
}
