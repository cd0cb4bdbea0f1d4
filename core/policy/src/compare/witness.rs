//! A request made of what a search found, and the two evaluators' word on it.

use crate::catalogue::Catalogue;
use crate::checked;
use crate::decision::{Answer, Decision};
use crate::document::{
    ActionElement, Document, Effect, OneOrMany, PrincipalElement, PrincipalKind, Principals, ResourceElement,
    Statement, Version,
};
use crate::engine;
use crate::glob::LITERAL_STAR;
use crate::policies::Policies;
use crate::reference;
use crate::request::{Context, Fact, Principal, Request};
use kagimori_id::ArnParts;

use super::keys::KeyKind;
use super::proof::Region;
use super::rules::{Atom, Valuation};
use super::text::{Case, Pattern, Replaced};
use super::theory::{Literal, Status, Theory, Value, Variable};

/// The account of AWS's examples.
const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";
/// What AWS compares for a call without a resource begins with the caller's partition.
const PARTITIONS: [&str; 3] = ["aws", "aws-cn", "aws-us-gov"];
/// So many patterns of a grant are tried for an ARN that reads well.
const EXAMPLES_MAX: usize = 8;

/// A request that one side allows and the other does not, as both evaluators say.
pub(super) fn of(
    theory: &Theory<'_>,
    region: &Region<'_>,
    given: &Valuation,
    inner: &Policies,
    outer: &Policies,
) -> Option<Request> {
    let context = context(theory, region, given);
    let action = action(region)?;
    for resource in resources(theory, region, &action) {
        let partition = resource.as_deref().and_then(ArnParts::parse).map_or("aws", |arn| arn.partition);
        let partition = PARTITIONS.into_iter().find(|known| *known == partition).unwrap_or("aws");
        for principal in principals(&context, partition) {
            let is_unnamed = region.domain.checked.is_some() || region.is_undocumented();
            let named = resource.as_deref().filter(|_| !is_unnamed);
            let mut context = context.clone();
            if let Some(arn) = resource.as_deref().filter(|_| is_unnamed).and_then(ArnParts::parse)
                && *context.get(checked::REGION_KEY) == Fact::Absent
            {
                context.set(checked::REGION_KEY, Fact::One(arn.region.to_owned()));
            }
            let request = Request {
                principal,
                action: action.clone(),
                resource: named.map_or_else(|| "*".to_owned(), |arn| arn.replace('*', LITERAL_STAR)),
                resource_account: ACCOUNT.to_owned(),
                wildcard_only: named.is_none(),
                context,
            };
            if tells_apart(&request, inner, outer) {
                return Some(request);
            }
        }
    }
    None
}

fn tells_apart(request: &Request, inner: &Policies, outer: &Policies) -> bool {
    let allows = |policies: &Policies| {
        let policies = delegating(policies, request);
        let answer = reference::decide(request, &policies).answer;
        answer == Answer::Allowed && engine::decide_once(request, &policies) == Answer::Allowed
    };
    let denies = |policies: &Policies| {
        let policies = delegating(policies, request);
        let is_denied =
            |answer: Answer| matches!(answer, Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_));
        is_denied(reference::decide(request, &policies).answer)
            && is_denied(engine::decide_once(request, &policies))
    };
    allows(inner) && denies(outer)
}

/// Decides a request by policies of a principal where the resource leaves the decision to its account: otherwise no
/// identity policy alone allows `sts:AssumeRole` or the use of a KMS key.
pub(super) fn decide(request: &Request, policies: &Policies) -> Decision {
    reference::decide(request, &delegating(policies, request))
}

fn delegating(policies: &Policies, request: &Request) -> Policies {
    let account = request.principal.account().unwrap_or(ACCOUNT).to_owned();
    let everything = || OneOrMany::One("*".to_owned());
    let principals = Principals::Listed(vec![(PrincipalKind::Aws, vec![account])]);
    let statement = Statement {
        sid: None,
        effect: Effect::Allow,
        principal: Some(PrincipalElement::Principal(principals)),
        action: ActionElement::Action(everything()),
        resource: Some(ResourceElement::Resource(everything())),
        conditions: Vec::new(),
    };
    let document = Document { version: Some(Version::V2012), id: None, statements: vec![statement] };
    Policies { resource: Some(document), ..policies.clone() }
}

fn context(theory: &Theory<'_>, region: &Region<'_>, given: &Valuation) -> Context {
    let mut context = Context::complete();
    for (key, fact) in given.iter().filter(|(_, fact)| *fact != Fact::Absent) {
        context.set(key, fact.clone());
    }
    for (variable, value) in &region.model.values {
        if let (Variable::Key(key), Value::Fact(fact)) = (variable, value) {
            let key = usize::try_from(*key).ok().and_then(|key| theory.rules.keys.get(key));
            if let Some(key) = key.filter(|_| *fact != Fact::Absent) {
                context.set(key, fact.clone());
            }
        }
    }
    // What every request has, and the region does not hang on.
    for key in &theory.rules.keys {
        if let Some(value) = KeyKind::common(key).filter(|_| *context.get(key) == Fact::Absent) {
            context.set(key, Fact::One(value.to_owned()));
        }
    }
    context
}

pub(super) fn action(region: &Region<'_>) -> Option<String> {
    if let Some(id) = region.action {
        return Some(Catalogue::embedded().name(id));
    }
    region.model.values.iter().find_map(|(_, value)| match value {
        Value::Action(action) => Some(action.clone()),
        _ => None,
    })
}

/// Resources of the region: first one that looks like the action's own, then whatever the search found.
fn resources(theory: &Theory<'_>, region: &Region<'_>, action: &str) -> Vec<Option<String>> {
    let literals: Vec<_> = region
        .model
        .literals
        .iter()
        .copied()
        .filter(|(atom, _)| theory.variable(*atom) == Variable::Resource)
        .collect();
    let catalogue = Catalogue::embedded();
    let types = catalogue.action(action).map(|id| catalogue.resource_types(id)).unwrap_or_default();
    let mut resources = Vec::new();
    let rows = region.domain.checked.into_iter().flat_map(|row| {
        PARTITIONS.map(|partition| Pattern::of_request(&row.filled(partition, REGION, ACCOUNT)))
    });
    let filled = rows.chain(types.iter().filter_map(|kind| template(kind.arn, true)));
    let open: Vec<Pattern> = types.iter().filter_map(|kind| template(kind.arn, false)).collect();
    let own: Vec<Pattern> = granted(theory, &literals)
        .take(EXAMPLES_MAX)
        .map(|it| it.example_arn(REGION, ACCOUNT))
        .filter(|it| it.as_literal().is_some_and(|arn| open.iter().any(|it| it.matches(&arn) == Some(true))))
        .collect();
    for pattern in filled.chain(own).chain(open) {
        if let Status::Possible(Value::Resource(resource)) =
            theory.resource(region.domain, &literals, &[pattern])
        {
            resources.push(resource);
            break;
        }
    }
    let found = region.model.values.iter().find_map(|(_, value)| match value {
        Value::Resource(resource) => Some(resource.clone()),
        _ => None,
    });
    resources.extend(found);
    resources.truncate(3);
    resources
}

/// The patterns of ARNs that the region's resource is one of.
fn granted<'t>(theory: &'t Theory<'_>, literals: &[Literal]) -> impl Iterator<Item = &'t Pattern> {
    let atoms: Vec<&Atom> = literals
        .iter()
        .filter(|(_, holds)| *holds)
        .filter_map(|(atom, _)| theory.rules.atoms.get(usize::try_from(*atom).ok()?))
        .collect();
    atoms.into_iter().flat_map(|atom| match atom {
        Atom::Resource(resources) if !resources.negated => resources.patterns.as_slice(),
        _ => &[],
    })
}

/// An ARN of the service reference with its placeholders filled in, or open.
fn template(arn: &str, filled: bool) -> Option<Pattern> {
    let mut text = String::new();
    let mut rest = arn;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}')?;
        text.push_str(before);
        text.push_str(match name {
            "Partition" => "aws",
            _ if !filled => "*",
            "Region" => REGION,
            "Account" => ACCOUNT,
            _ => "example",
        });
        rest = after;
    }
    text.push_str(rest);
    let pieces = |text: &str| crate::variable::pieces(text, None);
    Pattern::resource(&text, pieces, &mut |_: &str, _: Option<&str>, _: Case| Replaced::Nothing)
}

/// Who asks: whom the context names, else a session of a role, else a user.
fn principals(context: &Context, partition: &str) -> Vec<Principal> {
    let mut principals = Vec::new();
    if let Fact::One(arn) = context.get("aws:principalarn")
        && let Ok(principal) = Principal::parse(arn)
        && principal.account() == Some(ACCOUNT)
    {
        principals.push(principal);
    }
    let user = |name: &str| Principal::User {
        account: ACCOUNT.to_owned(),
        arn: format!("arn:{partition}:iam::{ACCOUNT}:user/{name}"),
    };
    if let Fact::One(name) = context.get("aws:username")
        && !name.is_empty()
    {
        principals.push(user(name));
    }
    principals.push(Principal::Session {
        account: ACCOUNT.to_owned(),
        role: "example".to_owned(),
        arn: format!("arn:{partition}:sts::{ACCOUNT}:assumed-role/example/session"),
    });
    principals.push(user("example"));
    principals
}

/// Whether an atom of the region is beyond what can be reasoned about.
pub(super) fn has_opaque(theory: &Theory<'_>, region: &Region<'_>) -> bool {
    region.model.literals.iter().any(|(atom, _)| {
        let atom = usize::try_from(*atom).ok().and_then(|atom| theory.rules.atoms.get(atom));
        matches!(atom, Some(Atom::Opaque))
    })
}
