//! What the people may do in the bastion account.

use kagimori_estate::Estate;
use kagimori_id::Arn;
use kagimori_policy::compare::{self, Inclusion, Scope};
use kagimori_policy::document::{
    Condition, ConditionValue, ConditionValues, Document, OneOrMany, ResourceElement, Statement,
};
use kagimori_policy::policies::{Layer, Policies};

use super::{Asked, Breach, Promise, Promised, at_home, mfa, words};
use crate::bastion::Target;
use crate::bastion::documents::{self, NAME};

/// Without MFA, and with.
pub(super) fn promises(target: &Target, estate: &Estate, access: Asked<'_, '_>) -> [Promise; 2] {
    let roles: Vec<String> = target.roles.iter().map(|role| role.arn.as_str().to_owned()).collect();
    let own = documents::Own::however_written(target.group.partition());
    let outer = [documents::without_mfa_at_most(&own), documents::at_most(&own, &roles)];
    let mut promises =
        [Promised::WithoutMfa, Promised::WithMfa].map(|promised| Promise::new(promised, target.people.len()));
    for person in &target.people {
        let is_known =
            estate.accounts.get(&target.account).and_then(|account| account.users.get(person.name()));
        let known = is_known
            .filter(|user| user.details.value().is_some_and(|details| details.grants.gap().is_none()));
        let subject = access.subject(person.as_str()).filter(|_| known.is_some());
        let Some(subject) = subject else {
            let why = || "its policies are not all known".to_owned();
            promises.iter_mut().for_each(|promise| promise.untold(person, why()));
            continue;
        };
        let policies = limits(&access.in_effect(subject), person);
        for (promise, outer) in promises.iter_mut().zip(&outer) {
            let outer = Policies { identity: vec![named(outer, person)], ..Policies::default() };
            match compare::stacks_included(&policies.given, &outer, Scope::AnyAction) {
                Inclusion::Proved if policies.missing.is_empty() => {}
                Inclusion::Proved => promise.untold(person, missing(&policies.missing)),
                Inclusion::Refuted(request) => {
                    let request = at_home(request, target.account, (&policies.given, &outer));
                    let (held, _) = access.identity(subject);
                    let allowed =
                        compare::difference(&request, &policies.given.identity, &outer.identity).allowed_by;
                    let by: Vec<String> = allowed
                        .iter()
                        .filter_map(|place| held.get(place.policy).map(|(_, origin)| origin.name.clone()))
                        .collect();
                    promise.breaches.push(Breach {
                        who: person.as_str().to_owned(),
                        what: format!("may {}, {}", words(&request), mfa(&request.context)),
                        request: Some(request),
                        fix: format!("take away what allows it: {}", by.join(", ")),
                    });
                }
                Inclusion::NotProved(why) => promise.untold(person, why),
            }
        }
    }
    promises
}

/// What limits a person, and what is in effect and was not given.
struct Limits {
    given: Policies,
    missing: Vec<String>,
}

/// The policies of a person in the account itself: what further layers would take away is left to them, so that the promise does not
/// hang on them. A boundary that was not given can only take away, too.
fn limits(policies: &Policies, person: &Arn) -> Limits {
    let missing = policies.missing.iter().filter(|missing| missing.layer == Layer::Identity);
    let missing = missing.map(|missing| missing.name.clone()).collect();
    let each = |documents: &[Document]| documents.iter().map(|document| named(document, person)).collect();
    let given = Policies {
        identity: each(&policies.identity),
        boundary: each(&policies.boundary),
        ..Policies::default()
    };
    Limits { given, missing }
}

fn missing(names: &[String]) -> String {
    format!("the text of {} was not given", names.join(", "))
}

/// The document as it is for one user: with the name where the variable is.
fn named(document: &Document, person: &Arn) -> Document {
    let statements = document.statements.iter().map(|statement| of_person(statement, person.name()));
    Document { statements: statements.collect(), ..document.clone() }
}

fn of_person(statement: &Statement, name: &str) -> Statement {
    let text = |text: &String| text.replace(NAME, name);
    let list = |list: &OneOrMany| match list {
        OneOrMany::One(one) => OneOrMany::One(text(one)),
        OneOrMany::Many(many) => OneOrMany::Many(many.iter().map(text).collect()),
    };
    let resource = statement.resource.as_ref().map(|resource| match resource {
        ResourceElement::Resource(held) => ResourceElement::Resource(list(held)),
        ResourceElement::NotResource(held) => ResourceElement::NotResource(list(held)),
    });
    let value = |value: &ConditionValue| match value {
        ConditionValue::Text(held) => ConditionValue::Text(text(held)),
        other => other.clone(),
    };
    let conditions = statement.conditions.iter().map(|condition| Condition {
        values: match &condition.values {
            ConditionValues::One(one) => ConditionValues::One(value(one)),
            ConditionValues::Many(many) => ConditionValues::Many(many.iter().map(value).collect()),
        },
        ..condition.clone()
    });
    Statement { resource, conditions: conditions.collect(), ..statement.clone() }
}
