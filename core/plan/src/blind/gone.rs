//! What goes of what policies allow, of the actions that matter to whoever asks.
//!
//! Whatever way it goes: a statement that allowed is there no more, or says less; a Deny is new; a boundary or a level of the
//! organization allows less. Statements that stay are not looked at, and most of the rest is decided by sets of actions; a proof
//! ([`is_included`]) is asked for only where statements overlap.

use std::collections::BTreeMap;
use std::rc::Rc;

use kagimori_policy::catalogue::{ActionId, ActionSet, Catalogue};
use kagimori_policy::compare::{Inclusion, Scope, is_included, stacks_included};
use kagimori_policy::document::{
    ActionElement, Document, Effect, OneOrMany, ResourceElement, Statement, Version,
};
use kagimori_policy::policies::{Layer, Level, Policies};

use super::resources;
use super::sets::Sets;

/// Something that would go.
pub(super) struct Gone<'p> {
    /// The statement that allowed it.
    pub(super) by: &'p Statement,
    /// The resources of the Deny that takes it away; none: any.
    pub(super) denied_on: &'p [String],
    pub(super) actions: ActionSet,
    /// `*` on `*`, and a policy that says what is needed instead stands in its place.
    pub(super) is_replaced: bool,
}

/// A Deny that there was not before.
#[derive(Clone, Debug)]
pub(super) struct NewDeny {
    pub(super) statement: Statement,
    is_of_organization: bool,
    /// It binds only what is under resource control policies.
    is_of_resources: bool,
}

/// The policies of one principal, before and after.
pub(super) struct Pair {
    pub(super) was: Policies,
    /// `None`: it can do nothing any more.
    pub(super) is: Option<Policies>,
    pub(super) denies: Vec<NewDeny>,
    /// A limit is new whose text nobody gave: it may take away anything.
    pub(super) has_new_unknown_limit: bool,
    /// SCPs and RCPs do not bind it (Organizations User Guide, `orgs_manage_policies_scps`: service-linked roles).
    pub(super) is_service_linked: bool,
}

impl Pair {
    pub(super) fn new(was: Policies, is: Option<Policies>) -> Self {
        let denies = is.as_ref().map(|is| new_denies(&was, is)).unwrap_or_default();
        Self { was, is, denies, has_new_unknown_limit: false, is_service_linked: false }
    }

    /// What goes of some actions. `applies`: whether the new Deny at a place is about this principal.
    pub(super) fn gone(
        &self,
        sets: &mut Sets,
        asked: &ActionSet,
        applies: &dyn Fn(usize) -> bool,
    ) -> Vec<Gone<'_>> {
        let mut of = Differing { pair: self, sets, gone: Vec::new() };
        let held = of.held(asked);
        let Some(is) = &self.is else {
            of.all(&held);
            return of.gone;
        };
        if self.has_new_unknown_limit {
            of.all(&held);
        }
        of.removed(is, &held);
        of.denied(&held, applies);
        of.limited(is, &held);
        of.gone
    }
}

/// A statement that allows, and the actions of it that were allowed and matter.
type Held<'p> = Vec<(&'p Statement, ActionSet)>;

struct Differing<'p, 's> {
    pair: &'p Pair,
    sets: &'s mut Sets,
    gone: Vec<Gone<'p>>,
}

impl<'p> Differing<'p, '_> {
    /// What was allowed by the names of actions alone.
    fn held(&mut self, asked: &ActionSet) -> Held<'p> {
        let was = &self.pair.was;
        let mut limits = vec![&was.boundary];
        limits.retain(|boundary| !boundary.is_empty());
        if !self.pair.is_service_linked {
            limits.extend(was.service_control.iter().map(|level| &level.policies));
        }
        let mut within = asked.clone();
        for limit in limits {
            let mut allowed = ActionSet::none(Catalogue::embedded());
            allows(limit).for_each(|statement| allowed.unite(&self.sets.of(statement)));
            within.intersect(&allowed);
        }
        let by_account = !self.pair.is_service_linked;
        for deny in denies_of(was, by_account, false).filter(|deny| is_everything(deny)) {
            within.subtract(&self.sets.of(deny));
        }
        let mut held = Held::new();
        for statement in allows(&was.identity) {
            let mut actions = (*self.sets.of(statement)).clone();
            actions.intersect(&within);
            if !actions.is_empty() {
                held.push((statement, actions));
            }
        }
        held
    }

    fn push(&mut self, by: &'p Statement, denied_on: &'p [String], actions: ActionSet, is_replaced: bool) {
        if !actions.is_empty() {
            self.gone.push(Gone { by, denied_on, actions, is_replaced });
        }
    }

    fn all(&mut self, held: &Held<'p>) {
        for (statement, actions) in held {
            self.push(statement, &[], actions.clone(), false);
        }
    }

    /// Statements that allowed and are there no more.
    fn removed(&mut self, is: &Policies, held: &Held<'p>) {
        let is_there = |statement: &&Statement, policies: &Policies| {
            allows(&policies.identity).any(|other| is_same(other, statement))
        };
        let mut all = allows(&is.identity).peekable();
        let is_written_anew =
            all.peek().is_some() && all.all(|statement| !is_there(&statement, &self.pair.was));
        for (statement, actions) in held.iter().filter(|(statement, _)| !is_there(statement, is)) {
            let denies: Vec<Statement> = denies(&self.pair.was.identity).cloned().collect();
            let is_inside = |names: Vec<String>| {
                let inner =
                    document(std::iter::once(about(statement, names)).chain(denies.clone()).collect());
                is_included(&[inner], &is.identity)
            };
            let gone = self.not_within(actions, &is.identity, is_inside);
            self.push(statement, &[], gone, is_written_anew && names_nothing(statement));
        }
    }

    /// What a limit or new policies do not allow of some actions; `is_inside` proves of some that all of it is allowed.
    fn not_within(
        &mut self,
        actions: &ActionSet,
        documents: &[Document],
        is_inside: impl Fn(Vec<String>) -> bool,
    ) -> ActionSet {
        let catalogue = Catalogue::embedded();
        let (mut open, mut partly) = (actions.clone(), Vec::new());
        for statement in allows(documents) {
            let set = self.sets.of(statement);
            if is_everything(statement) {
                open.subtract(&set);
            } else {
                partly.push(set);
            }
        }
        let mut classes: BTreeMap<Vec<usize>, Vec<ActionId>> = BTreeMap::new();
        for id in open.iter() {
            let about =
                (0..partly.len()).filter(|place| partly.get(*place).is_some_and(|set| set.contains(id)));
            classes.entry(about.collect()).or_default().push(id);
        }
        let mut gone = ActionSet::none(catalogue);
        for (about, ids) in classes {
            if about.is_empty() || !is_inside(ids.iter().map(|id| catalogue.name(*id)).collect()) {
                ids.into_iter().for_each(|id| gone.insert(id));
            }
        }
        gone
    }

    /// What is denied that was not.
    fn denied(&mut self, held: &Held<'p>, applies: &dyn Fn(usize) -> bool) {
        let pair = self.pair;
        for (place, deny) in pair.denies.iter().enumerate() {
            if deny.is_of_organization && pair.is_service_linked || !applies(place) {
                continue;
            }
            let mut about = (*self.sets.of(&deny.statement)).clone();
            if deny.is_of_resources {
                about.intersect(&under_resource_control());
            }
            let on = resources(&deny.statement);
            for (statement, actions) in held {
                let mut actions = actions.clone();
                actions.intersect(&about);
                let is_whole = is_everything(&deny.statement);
                if !actions.is_empty() && !is_whole {
                    actions = bitten(statement, &deny.statement, &actions);
                }
                self.push(statement, on, actions, false);
            }
        }
    }

    /// What a boundary, or a level of the organization, allows no more.
    fn limited(&mut self, is: &'p Policies, held: &Held<'p>) {
        let was = &self.pair.was;
        self.limit(&was.boundary, &is.boundary, held);
        if self.pair.is_service_linked {
            return;
        }
        for level in &is.service_control {
            let before = was.service_control.iter().find(|before| before.id == level.id);
            self.limit(before.map_or(&[], |before| &before.policies), &level.policies, held);
        }
    }

    /// The same of one limit; empty: there is none.
    fn limit(&mut self, was: &'p [Document], is: &'p [Document], held: &Held<'p>) {
        let is_same = |one: &[Document], other: &[Document]| {
            allows(one).all(|statement| allows(other).any(|there| is_same(there, statement)))
        };
        if is.is_empty() || !was.is_empty() && is_same(was, is) {
            return;
        }
        let boundary = |documents: &[Document]| documents.iter().map(only_allows).collect::<Vec<_>>();
        let (before, after) = (boundary(was), boundary(is));
        for (statement, actions) in held {
            let is_inside = |names: Vec<String>| {
                let identity = vec![document(vec![about(statement, names)])];
                if before.is_empty() {
                    return is_included(&identity, &after);
                }
                let inner =
                    Policies { identity: identity.clone(), boundary: before.clone(), ..Policies::default() };
                let outer = Policies { identity, boundary: after.clone(), ..Policies::default() };
                stacks_included(&inner, &outer, Scope::AnyAction) == Inclusion::Proved
            };
            let gone = self.not_within(actions, &after, is_inside);
            self.push(statement, &[], gone, false);
        }
    }
}

/// The actions of a statement that a Deny takes something of.
fn bitten(statement: &Statement, deny: &Statement, actions: &ActionSet) -> ActionSet {
    let catalogue = Catalogue::embedded();
    if statement.conditions.is_empty() && resources(deny).is_empty() && !has_not_resource(deny) {
        return actions.clone();
    }
    // Actions on the same kinds of resources stand or fall together; which those are matters where the Deny names some.
    let mut classes: BTreeMap<Vec<usize>, Vec<ActionId>> = BTreeMap::new();
    for id in actions.iter() {
        let kinds =
            if resources(deny).is_empty() { Vec::new() } else { catalogue.resource_numbers(id).collect() };
        classes.entry(kinds).or_default().push(id);
    }
    let mut bitten = ActionSet::none(catalogue);
    for ids in classes.into_values() {
        let names: Vec<String> = ids.iter().map(|id| catalogue.name(*id)).collect();
        let inner = document(vec![about(statement, names.clone())]);
        let everything =
            Statement { conditions: Vec::new(), resource: Some(anything()), ..about(statement, names) };
        let deny = Statement { principal: None, ..deny.clone() };
        if !is_included(&[inner], &[document(vec![everything, deny])]) {
            ids.into_iter().for_each(|id| bitten.insert(id));
        }
    }
    bitten
}

/// Denies that there were not before, and that no old ones hold.
fn new_denies(was: &Policies, is: &Policies) -> Vec<NewDeny> {
    let mut found: Vec<NewDeny> = Vec::new();
    for layer in [Layer::Identity, Layer::Boundary, Layer::ServiceControl, Layer::ResourceControl] {
        let is_of_resources = layer == Layer::ResourceControl;
        let old = || denies_of(was, true, is_of_resources);
        let is_old = |statement: &Statement| {
            let grants: Vec<Statement> = old().map(as_grant).collect();
            old().any(|other| is_same(other, statement))
                || !grants.is_empty()
                    && is_included(&[document(vec![as_grant(statement)])], &[document(grants)])
        };
        let all = is.documents(layer).into_iter().map(|(_, _, document)| document);
        found.extend(denies(all).filter(|statement| !is_old(statement)).map(|statement| NewDeny {
            statement: statement.clone(),
            is_of_organization: matches!(layer, Layer::ServiceControl | Layer::ResourceControl),
            is_of_resources,
        }));
    }
    found
}

/// Denies on a principal: its own, those of its account, those on resources.
fn denies_of(policies: &Policies, by_account: bool, on_resources: bool) -> impl Iterator<Item = &Statement> {
    let own = policies.identity.iter().chain(&policies.boundary);
    let account = policies.service_control.iter().filter(move |_| by_account);
    let resources = policies.resource_control.iter().filter(move |_| on_resources);
    denies(own.chain(account.chain(resources).flat_map(|level: &Level| &level.policies)))
}

fn allows<'d>(documents: impl IntoIterator<Item = &'d Document>) -> impl Iterator<Item = &'d Statement> {
    let statements = documents.into_iter().flat_map(|document| &document.statements);
    statements.filter(|statement| statement.effect == Effect::Allow)
}

fn denies<'d>(documents: impl IntoIterator<Item = &'d Document>) -> impl Iterator<Item = &'d Statement> {
    let statements = documents.into_iter().flat_map(|document| &document.statements);
    statements.filter(|statement| statement.effect == Effect::Deny)
}

fn only_allows(whole: &Document) -> Document {
    Document { statements: allows([whole]).cloned().collect(), ..whole.clone() }
}

/// A Deny as if it allowed what it denies.
fn as_grant(deny: &Statement) -> Statement {
    Statement { effect: Effect::Allow, principal: None, ..deny.clone() }
}

/// The names of statements say nothing.
fn is_same(one: &Statement, other: &Statement) -> bool {
    one.effect == other.effect
        && one.action == other.action
        && one.resource == other.resource
        && one.conditions == other.conditions
        && one.principal == other.principal
}

/// About every resource, under every circumstance.
fn is_everything(statement: &Statement) -> bool {
    statement.conditions.is_empty() && resources(statement).is_empty() && !has_not_resource(statement)
}

fn has_not_resource(statement: &Statement) -> bool {
    matches!(statement.resource, Some(ResourceElement::NotResource(_)))
}

/// `*` on `*`: everything there is, so that nothing of it is said to be meant.
fn names_nothing(statement: &Statement) -> bool {
    let (patterns, is_negated) = statement.action.patterns();
    let is_all = patterns.iter().any(|pattern| matches!(pattern.as_str(), "*" | "*:*"));
    !is_negated && is_all && resources(statement).is_empty() && !has_not_resource(statement)
}

fn about(statement: &Statement, names: Vec<String>) -> Statement {
    Statement { action: ActionElement::Action(OneOrMany::Many(names)), ..statement.clone() }
}

fn anything() -> ResourceElement {
    ResourceElement::Resource(OneOrMany::One("*".to_owned()))
}

fn document(statements: Vec<Statement>) -> Document {
    Document { version: Some(Version::V2012), id: None, statements }
}

/// The actions of services that resource control policies bind.
fn under_resource_control() -> Rc<ActionSet> {
    thread_local! {
        static BOUND: Rc<ActionSet> = {
            let catalogue = Catalogue::embedded();
            let bound = catalogue.services().filter(|service| catalogue.rcp_supported(service));
            let mut set = ActionSet::none(catalogue);
            bound.for_each(|service| catalogue.expand_into(&mut set, &format!("{service}:*")));
            Rc::new(set)
        };
    }
    BOUND.with(Rc::clone)
}
