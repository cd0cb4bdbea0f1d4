//! Does one set of policies grant anything that another does not?
//!
//! An answer is a proof, a witness, or neither. The question is decided: for each grant of the inner side, and each way in
//! which the outer side may not allow, `proof` asks `search` whether a request is left, and `search` asks `theory` which
//! values of the resource, the action and each condition key are possible. Where nothing is left, it is proved. Where
//! something is left, a request is made of it, and both evaluators must say that it tells the sides apart. What cannot be
//! reasoned about (a policy variable whose value matters, an operator that is not in the language) is taken as possible,
//! so that it never makes a proof; the answer is then "not proved", never a guess.
//!
//! A request here is about one resource, an ARN, or about none; condition keys are independent of each other and of the
//! principal; a key is absent, has one value, or a list. An action that the service reference does not know may be called
//! anything ([`Scope`]). The resource's own policy leaves the decision to the account.

mod difference;
mod keys;
mod parts;
mod proof;
mod rules;
mod search;
mod test;
mod text;
mod theory;
mod valuation;
mod witness;

use crate::checked::{self, Checked};
use crate::decision::Decision;
use crate::document::{Document, Effect, OneOrMany, ResourceElement, Statement, Version};
use crate::policies::{Layer, Policies};
use crate::request::Request;

pub use difference::{Difference, difference};
pub use parts::{Part, parts};
use proof::{End, Proof, Side};
use rules::{RuleId, Rules, Valuation};
use theory::Theory;

/// How two sets of policies stand to each other.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Comparison {
    /// Is everything the new policies allow also allowed by the old?
    pub new_in_old: Inclusion,
    /// Is everything the old policies allow also allowed by the new?
    pub old_in_new: Inclusion,
}

/// Whether one side lies inside the other.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "proved, refuted, or neither")]
pub enum Inclusion {
    /// For every request.
    Proved,
    /// Not for this request; the evaluator has said so.
    Refuted(Box<Request>),
    /// Neither a proof nor a witness was found, because of this.
    NotProved(String),
}

/// The comparison in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "sets stand in one of these relations, or it is not known")]
pub enum Verdict {
    /// Both allow the same.
    Equal,
    /// The new policies allow less.
    Narrower,
    /// The new policies allow more.
    Wider,
    /// Each allows something the other does not.
    Incomparable,
    /// The new policies allow nothing new; whether they allow less is not proved.
    NotWider,
    /// Not known.
    NotProved,
}

/// Which actions a comparison is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the actions of today, or those of tomorrow too")]
pub enum Scope {
    /// Those that the service reference knows, and any that AWS may add.
    AnyAction,
    /// Those that the service reference knows.
    KnownActions,
}

/// Compares two sets of identity policies.
pub fn compare(old: &[Document], new: &[Document]) -> Comparison {
    compare_within(old, new, Scope::AnyAction)
}

/// The same for some actions only.
pub fn compare_within(old: &[Document], new: &[Document], scope: Scope) -> Comparison {
    Comparison { new_in_old: included_within(new, old, scope), old_in_new: included_within(old, new, scope) }
}

/// Whether every request that `inner` allows is allowed by `outer`, two sets of identity policies.
pub fn included(inner: &[Document], outer: &[Document]) -> Inclusion {
    included_within(inner, outer, Scope::AnyAction)
}

/// The same for some actions only.
pub fn included_within(inner: &[Document], outer: &[Document], scope: Scope) -> Inclusion {
    let of = |identity: &[Document]| Policies { identity: identity.to_vec(), ..Policies::default() };
    if inner == outer {
        return Inclusion::Proved;
    }
    stacks_included(&of(inner), &of(outer), scope)
}

/// Whether [`included`] is [`Inclusion::Proved`]: quicker, for whoever wants no witness.
pub fn is_included(inner: &[Document], outer: &[Document]) -> bool {
    inner == outer || is_proved(inner, outer, Scope::AnyAction)
}

/// Whether it is proved that every request that `inner` allows is allowed by `outer`; looks for no witness.
pub(crate) fn is_proved(inner: &[Document], outer: &[Document], scope: Scope) -> bool {
    let mut statements = inner.iter().chain(outer).flat_map(|document| &document.statements);
    if statements.any(names_principals) {
        return false;
    }
    let mut rules = Rules::new(&[]);
    let (mut allowed, mut allowing) = (Side::default(), Side::default());
    allowed.add_layer(inner.iter(), &mut rules);
    allowing.add_layer(outer.iter(), &mut rules);
    Proof::new(Theory::new(rules), scope).run(&allowed, &allowing, &mut |_, _| true) == End::Proved
}

fn names_principals(statement: &Statement) -> bool {
    statement.principal.is_some()
}

/// Whether it is proved that whatever a statement is about, the other is about too: its effect aside, for the same
/// principals.
pub(crate) fn is_statement_inside(inner: &Statement, outer: &Statement, version: Option<Version>) -> bool {
    let grant = |statement: &Statement| {
        // A trust policy's statement is about the one role.
        let resource = statement.resource.clone().unwrap_or_else(everything);
        let grant = Statement {
            effect: Effect::Allow,
            principal: None,
            resource: Some(resource),
            ..statement.clone()
        };
        [Document { version, id: None, statements: vec![grant] }]
    };
    inner.principal == outer.principal && is_proved(&grant(inner), &grant(outer), Scope::AnyAction)
}

fn everything() -> ResourceElement {
    ResourceElement::Resource(OneOrMany::One("*".to_owned()))
}

/// Whether every request that the one stack of policies allows is allowed by the other: identity policies within
/// boundary, session policy and the service control policies of each level.
///
/// Where two stacks share their limits, `included` over what they do not share is enough, and quicker.
pub fn stacks_included(inner: &Policies, outer: &Policies, scope: Scope) -> Inclusion {
    for policies in [inner, outer] {
        if let Some(why) = not_comparable(policies) {
            return Inclusion::NotProved(why);
        }
    }
    let first = attempt(inner, outer, scope, &[]);
    let (Inclusion::NotProved(why), variables) = first else { return first.0 };
    // A variable stands for whatever its key holds: with values given, the question is decided.
    for given in valuation::valuations(&variables, [inner, outer]) {
        if let (Inclusion::Refuted(request), _) = attempt(inner, outer, scope, &given) {
            return Inclusion::Refuted(request);
        }
    }
    Inclusion::NotProved(why)
}

/// How the policies of a side decide a request, with the statements that decided: why it is a witness, or why not.
///
/// The resource's own policy, if it must allow, leaves the decision to the account.
pub fn decide(request: &Request, identity: &[Document]) -> Decision {
    witness::decide(request, &Policies { identity: identity.to_vec(), ..Policies::default() })
}

fn not_comparable(policies: &Policies) -> Option<String> {
    let is_other = policies.resource.is_some()
        || !policies.endpoint.is_empty()
        || !policies.resource_control.is_empty()
        || !policies.missing.is_empty();
    let own = [Layer::Identity, Layer::Boundary, Layer::Session, Layer::ServiceControl];
    let mut documents = own.into_iter().flat_map(|layer| policies.documents(layer));
    let named = documents.any(|(_, _, document)| document.statements.iter().any(names_principals));
    if is_other {
        Some("policies of resources and endpoints are not compared".to_owned())
    } else {
        named.then(|| "a statement has a `Principal`: only policies without one are compared".to_owned())
    }
}

/// One attempt, with the values that some keys are taken to have; also gives the keys of the policy variables.
fn attempt(inner: &Policies, outer: &Policies, scope: Scope, given: &Valuation) -> (Inclusion, Vec<String>) {
    let mut rules = Rules::new(given);
    let (inner_side, outer_side) = (side(inner, &mut rules), side(outer, &mut rules));
    let variables = rules.variables.clone();
    let mut proof = Proof::new(Theory::new(rules), scope);
    let (mut found, mut why) = (None, None);
    let end = proof.run(&inner_side, &outer_side, &mut |theory, region| {
        found = witness::of(theory, region, given, inner, outer);
        if found.is_none() && why.is_none() {
            why = Some(gap(theory, region, &variables));
        }
        found.is_some()
    });
    let inclusion = match (end, found) {
        (_, Some(request)) => Inclusion::Refuted(Box::new(request)),
        (End::Proved, None) => Inclusion::Proved,
        (End::TooLong, None) => Inclusion::NotProved(
            why.unwrap_or_else(|| "the statements combine in too many ways to look at them all".to_owned()),
        ),
        (End::Left | End::Stopped, None) => Inclusion::NotProved(why.unwrap_or_default()),
    };
    (inclusion, variables)
}

/// Why a region that is left has shown no request.
fn gap(theory: &Theory<'_>, region: &proof::Region<'_>, variables: &[String]) -> String {
    if witness::has_opaque(theory, region) {
        return "a condition has an operator that is not in the language".to_owned();
    }
    // An action that may name a resource or none, and one that the catalogue does not know, can be called without one too.
    let action = witness::action(region).unwrap_or_default();
    let is_undocumented = checked::of_action(&action.to_ascii_lowercase()) == Checked::Undocumented;
    if is_undocumented && (region.is_undocumented() || region.names_nothing()) {
        return format!(
            "nobody says what AWS compares `Resource` with for {action} when a call of it names no resource"
        );
    }
    if region.model.is_whole {
        return "what the search found, the evaluator does not confirm".to_owned();
    }
    match variables {
        [] => {
            "a condition compares one key in several ways, and no value was found for all of them".to_owned()
        }
        some => format!("it depends on what `${{{}}}` stands for", some.join("}`, `${")),
    }
}

/// The layers that must each allow, and every deny.
fn side<'a>(policies: &'a Policies, rules: &mut Rules<'a>) -> Side {
    let mut layers: Vec<Vec<&'a Document>> = vec![policies.identity.iter().collect()];
    if !policies.boundary.is_empty() {
        layers.push(policies.boundary.iter().collect());
    }
    layers.extend(policies.session.as_ref().map(|document| vec![document]));
    layers.extend(policies.service_control.iter().map(|level| level.policies.iter().collect()));
    let mut side = Side::default();
    layers.into_iter().for_each(|layer| side.add_layer(layer.into_iter(), rules));
    side
}

impl Side {
    fn add_layer<'a>(&mut self, layer: impl Iterator<Item = &'a Document>, rules: &mut Rules<'a>) {
        let mut grants: Vec<RuleId> = Vec::new();
        for document in layer {
            rules.add(document, Effect::Allow, &mut grants);
            rules.add(document, Effect::Deny, &mut self.denies);
        }
        self.layers.push(grants);
    }
}

impl Comparison {
    /// The comparison in one word.
    pub fn verdict(&self) -> Verdict {
        match (&self.new_in_old, &self.old_in_new) {
            (Inclusion::Proved, Inclusion::Proved) => Verdict::Equal,
            (Inclusion::Proved, Inclusion::Refuted(_)) => Verdict::Narrower,
            (Inclusion::Proved, Inclusion::NotProved(_)) => Verdict::NotWider,
            (Inclusion::Refuted(_), Inclusion::Refuted(_)) => Verdict::Incomparable,
            (Inclusion::Refuted(_), Inclusion::Proved | Inclusion::NotProved(_)) => Verdict::Wider,
            (Inclusion::NotProved(_), _) => Verdict::NotProved,
        }
    }
}

#[cfg(test)]
mod tests;
