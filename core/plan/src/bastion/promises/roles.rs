//! Who becomes the roles, and what the roles may do.

use std::collections::BTreeSet;

use kagimori_estate::Estate;
use kagimori_estate::access::May;
use kagimori_id::Arn;
use kagimori_policy::compare::{self, Inclusion, Scope};
use kagimori_policy::document::{ActionElement, Document, OneOrMany, Statement};
use kagimori_policy::policies::{Layer, Policies};
use kagimori_policy::request::{Fact, Request};

use super::{Asked, Breach, Promise, Promised, at_home, mfa, words};
use crate::bastion::{Target, TargetRole, documents, trust};
use crate::escalation::{Goal, Graph, Route};

/// Nobody else becomes one of the roles.
pub(super) fn nobody_else(target: &Target, estate: &Estate, graph: &Graph<'_>) -> Promise {
    let mut promise = Promise::new(Promised::NobodyElse, target.roles.len());
    let found = graph.find(&Goal::Administrator, None);
    let administrators: BTreeSet<String> =
        found.iter().flat_map(|found| &found.there).map(|(arn, _)| arn.clone()).collect();
    let accounts: Vec<String> =
        target.accounts().into_iter().chain([target.account]).map(|id| format!(":{id}:")).collect();
    let is_here = |arn: &&String| accounts.iter().any(|account| arn.contains(account));
    let mut rulers: BTreeSet<String> = administrators.iter().filter(is_here).cloned().collect();
    // Whoever can become one of them. The ways to a role do not lead through administrators of other accounts.
    for route in found.iter().flat_map(|found| &found.routes).filter(|route| route.certainty() >= May::If) {
        if graph.steps(route).iter().any(|step| is_here(&&step.to)) {
            rulers.insert(graph.source(route).to_owned());
        }
    }
    for wanted in &target.roles {
        let account = estate.accounts.get(&wanted.account);
        let role = account.and_then(|account| account.roles.get(wanted.arn.name()));
        let Some(role) = role.filter(|role| role.arn == wanted.arn) else {
            promise.untold(&wanted.arn, "it is not there, or not known".to_owned());
            continue;
        };
        match &role.trust.document {
            Ok(document) => lets_in(target, &wanted.arn, document, &mut promise),
            Err(error) => promise.untold(&wanted.arn, format!("its trust policy cannot be read: {error}")),
        }
        by_way_of_others(target, wanted, graph, (&administrators, &mut rulers), &mut promise);
    }
    promise.rulers = rulers.into_iter().collect();
    promise
}

/// The trust policy of a role, over all callers.
fn lets_in(target: &Target, role: &Arn, document: &Document, promise: &mut Promise) {
    let admitted = trust::admitted(document);
    for who in admitted.others {
        promise.breaches.push(Breach {
            who: role.as_str().to_owned(),
            what: format!("its trust policy lets in {who}"),
            request: None,
            fix: format!("take it out of the trust policy of {role}"),
        });
    }
    let (operator, who) = target.who();
    let inner = Policies { identity: vec![admitted.callers], ..Policies::default() };
    let outer = Policies {
        identity: vec![documents::comes_in(operator, &who), beside_assuming()],
        ..Policies::default()
    };
    match compare::stacks_included(&inner, &outer, Scope::AnyAction) {
        Inclusion::Proved => {}
        Inclusion::Refuted(request) => promise.breaches.push(Breach {
            who: role.as_str().to_owned(),
            what: format!("its trust policy lets in {}", caller(&request)),
            request: Some(request),
            fix: format!("put the trust policy of the file on {role}: `kagimori bastion plan` does"),
        }),
        Inclusion::NotProved(why) => promise.untold(role, why),
    }
}

/// What a trust policy may say beside who assumes the role lets nobody in.
fn beside_assuming() -> Document {
    let mut document = documents::everything();
    document.statements = document
        .statements
        .into_iter()
        .map(|statement| Statement {
            action: ActionElement::NotAction(OneOrMany::One("sts:AssumeRole".to_owned())),
            ..statement
        })
        .collect();
    document
}

/// Who a request comes from, as far as it was looked at.
fn caller(request: &Request) -> String {
    let one = |key: &str| match request.context.get(key) {
        Fact::One(value) => Some(value.clone()),
        _ => None,
    };
    let named = one("aws:principalarn").filter(|arn| arn.starts_with("arn:aws") && arn.contains(":iam::"));
    let who = match (named, one("aws:principalaccount")) {
        (Some(arn), _) => arn,
        (None, Some(account)) => format!("others of {account} than the people"),
        (None, None) => "others than the people".to_owned(),
    };
    format!("{who}, {}", mfa(&request.context))
}

/// Who comes to a role though the file does not name him: by becoming one of the people, by what the bastion's policies allow. Whoever
/// is an administrator where it is decided, or can become one, rules and is told apart.
fn by_way_of_others(
    target: &Target,
    wanted: &TargetRole,
    graph: &Graph<'_>,
    (administrators, rulers): (&BTreeSet<String>, &mut BTreeSet<String>),
    promise: &mut Promise,
) {
    let Some(found) = graph.find(&Goal::Principal(wanted.arn.as_str().to_owned()), None) else { return };
    rulers.extend(found.there.iter().map(|(arn, _)| arn.clone()));
    for route in &found.routes {
        let source = graph.source(route);
        if target.people.iter().any(|person| person.as_str() == source) {
            continue;
        }
        let steps = graph.steps(route);
        let is_ruling = |step: &crate::escalation::Step| {
            step.path.is_none() || [&step.from, &step.to].iter().any(|arn| administrators.contains(*arn))
        };
        if steps.iter().any(is_ruling) {
            rulers.insert(source.to_owned());
            continue;
        }
        if route.certainty() == May::Unknown {
            promise.untold(&wanted.arn, format!("whether {source} may become it is not known"));
            continue;
        }
        promise.breaches.push(Breach {
            who: wanted.arn.as_str().to_owned(),
            what: format!("{source} becomes it: {}", way(graph, route)),
            request: None,
            fix: format!("`kagimori ask paths --to {}` shows each step and the statement to take away; or put {source} into the file", wanted.arn),
        });
    }
}

/// `iam:CreateAccessKey on arn:…, then sts:AssumeRole on arn:…`
fn way(graph: &Graph<'_>, route: &Route) -> String {
    let step = |step: &crate::escalation::Step| {
        let actions = |path: &crate::escalation::catalogue::PathKind| {
            path.needs.iter().map(|need| need.action.as_str()).collect::<Vec<_>>().join(" and ")
        };
        format!("{} on {}", step.path.map_or_else(|| "administration".to_owned(), actions), step.victim)
    };
    graph.steps(route).iter().map(step).collect::<Vec<_>>().join(", then ")
}

/// No role reaches what is above it.
pub(super) fn below_iam(target: &Target, access: Asked<'_, '_>, guessed: &BTreeSet<Arn>) -> Promise {
    let mut promise = Promise::new(Promised::BelowIam, target.roles.len());
    let outer = Policies { identity: vec![documents::below_iam()], ..Policies::default() };
    for wanted in &target.roles {
        let Some(role) = access.subject(wanted.arn.as_str()) else {
            promise.untold(&wanted.arn, "it is not there, or not known".to_owned());
            continue;
        };
        let policies = access.in_effect(role);
        let of = |layer: Layer| policies.missing.iter().filter(move |missing| missing.layer == layer);
        let mut identity = policies.identity.clone();
        // Whatever a policy says that was not given, the boundary keeps it.
        if of(Layer::Identity).next().is_some() {
            identity.push(documents::everything());
        }
        let missing = of(Layer::Boundary).next();
        let inner = Policies { identity, boundary: policies.boundary.clone(), ..Policies::default() };
        match compare::stacks_included(&inner, &outer, Scope::AnyAction) {
            Inclusion::Proved => {}
            _ if missing.is_some() => {
                promise.untold(&wanted.arn, "the text of its boundary was not given".to_owned());
            }
            Inclusion::Refuted(_) if is_guessed(wanted, guessed) && inner.boundary.is_empty() => {
                promise.untold(&wanted.arn, untold_texts(wanted, guessed));
            }
            Inclusion::Refuted(request) => {
                let request = at_home(request, wanted.account, (&inner, &outer));
                promise.breaches.push(Breach {
                    who: wanted.arn.as_str().to_owned(),
                    what: format!("may {}", words(&request)),
                    request: Some(request),
                    fix: format!("bound it by {}: `kagimori bastion plan` does", wanted.boundary),
                });
            }
            Inclusion::NotProved(why) => promise.untold(&wanted.arn, why),
        }
    }
    promise
}

/// No role comes to what is above it by way of others: what runs with other roles.
pub(super) fn no_escalation(target: &Target, graph: &Graph<'_>, guessed: &BTreeSet<Arn>) -> Promise {
    let mut promise = Promise::new(Promised::NoEscalation, target.roles.len());
    for wanted in &target.roles {
        let Some(found) = graph.find(&Goal::Administrator, Some(wanted.arn.as_str())) else {
            promise.untold(&wanted.arn, "it is not there, or not known".to_owned());
            continue;
        };
        let is_there = found.there.iter().any(|(arn, _)| arn == wanted.arn.as_str());
        let sure = found.routes.iter().find(|route| route.certainty() >= May::If);
        let what = match (is_there, sure) {
            (true, _) => "it is an administrator as it stands".to_owned(),
            (false, Some(route)) => format!("it becomes an administrator: {}", way(graph, route)),
            (false, None) => {
                if let Some(route) = found.routes.first() {
                    let missing = graph.missing(route);
                    let why = if missing.is_empty() { way(graph, route) } else { missing.join(", ") };
                    promise.untold(&wanted.arn, format!("what it hangs on was not given: {why}"));
                }
                continue;
            }
        };
        if is_guessed(wanted, guessed) {
            promise.untold(&wanted.arn, untold_texts(wanted, guessed));
            continue;
        }
        promise.breaches.push(Breach {
            who: wanted.arn.as_str().to_owned(),
            what,
            request: None,
            fix: format!("give the role fewer `policies`, or take the way away: `kagimori ask paths --from {}` shows it", wanted.arn),
        });
    }
    promise
}

fn is_guessed(wanted: &TargetRole, guessed: &BTreeSet<Arn>) -> bool {
    wanted.policies.iter().any(|policy| guessed.contains(policy))
}

fn untold_texts(wanted: &TargetRole, guessed: &BTreeSet<Arn>) -> String {
    let texts: Vec<&str> =
        wanted.policies.iter().filter(|policy| guessed.contains(policy)).map(Arn::as_str).collect();
    format!("no snapshot holds the text of {}", texts.join(", "))
}
