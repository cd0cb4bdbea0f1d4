//! Can these atoms hold, and those not, of one request? Each variable by itself: the resource, the action, each key.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::catalogue::Catalogue;
use crate::checked::Row;
use crate::request::Fact;

use super::keys::KeyKind;
use super::rules::{Atom, AtomId, Rules};
use super::test::{Facts, Test, fact_for};
use super::text::{Effort, Found, Pattern, Query};

/// An atom, and whether it holds.
pub(super) type Literal = (AtomId, bool);

/// What an atom is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Variable {
    Resource,
    Action,
    Key(u32),
    /// About nothing else.
    Own(AtomId),
}

/// What the resource of a request can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Domain {
    /// An ARN.
    pub(super) arn: bool,
    /// Nothing: the action has no resource, and only `*` is about it.
    pub(super) nothing: bool,
    /// The action has no resource, and AWS compares this ARN.
    pub(super) checked: Option<Row>,
}

/// A value of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// `None`: the action has no resource.
    Resource(Option<String>),
    Action(String),
    Fact(Fact),
}

/// Whether literals can hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// They do for this value.
    Possible(Value),
    /// They may.
    Perhaps,
    Impossible,
}

impl Status {
    pub(super) fn is_impossible(&self) -> bool {
        *self == Self::Impossible
    }
}

type Question = (Variable, Domain, Vec<Literal>);

/// The atoms, with what has been found out about them.
pub(super) struct Theory<'a> {
    pub(super) rules: Rules<'a>,
    answers: FxHashMap<Question, Rc<Status>>,
    /// What facts there are of each key.
    kinds: Vec<KeyKind>,
    effort: Effort,
}

impl<'a> Theory<'a> {
    pub(super) fn new(rules: Rules<'a>) -> Self {
        let kinds = rules.keys.iter().map(|key| KeyKind::of(key)).collect();
        Self { rules, answers: FxHashMap::default(), kinds, effort: Effort::default() }
    }

    pub(super) fn variable(&self, atom: AtomId) -> Variable {
        match self.atom(atom) {
            Some(Atom::Resource(_)) => Variable::Resource,
            Some(Atom::Action(..)) => Variable::Action,
            Some(Atom::Test(key, _)) => Variable::Key(*key),
            Some(Atom::Opaque) | None => Variable::Own(atom),
        }
    }

    fn atom(&self, atom: AtomId) -> Option<&Atom> {
        self.rules.atoms.get(usize::try_from(atom).ok()?)
    }

    /// Whether literals, all about this variable, can hold together.
    pub(super) fn check(
        &mut self,
        variable: Variable,
        domain: Domain,
        mut literals: Vec<Literal>,
    ) -> Rc<Status> {
        literals.sort_unstable();
        literals.dedup();
        if literals.windows(2).any(|pair| matches!(pair, [(a, x), (b, y)] if a == b && x != y)) {
            return Rc::new(Status::Impossible);
        }
        let question = (variable, domain, literals);
        if let Some(known) = self.answers.get(&question) {
            return Rc::clone(known);
        }
        let answer = Rc::new(match variable {
            Variable::Resource => self.resource(domain, &question.2, &[]),
            Variable::Action => self.action(&question.2),
            Variable::Key(key) => self.key(key, &question.2),
            Variable::Own(_) => Status::Perhaps,
        });
        self.answers.insert(question, Rc::clone(&answer));
        answer
    }

    /// A resource, of these patterns if they are given.
    pub(super) fn resource(&self, domain: Domain, literals: &[Literal], of: &[Pattern]) -> Status {
        let every_arn = [Pattern::every_arn()];
        let checked = domain.checked.map(|row| [Pattern::checked(row)]);
        let frame = checked.as_ref().unwrap_or(&every_arn);
        let mut query = Query::within_effort(&self.effort);
        query.frame = Some(if of.is_empty() { frame } else { of });
        let mut fits_nothing = domain.nothing && of.is_empty();
        for (atom, holds) in literals {
            let Some(Atom::Resource(resources)) = self.atom(*atom) else { continue };
            // Elements with `*` are no atoms: what is left is about ARNs only, unless it is negated.
            fits_nothing &= resources.negated == *holds;
            let set = if *holds == resources.negated { &mut query.without } else { &mut query.within };
            set.push(&resources.patterns);
        }
        let found = if domain.arn { query.find(&|_| false) } else { Found::None };
        match found {
            Found::Text(text) => Status::Possible(Value::Resource(Some(text))),
            _ if fits_nothing => Status::Possible(Value::Resource(None)),
            Found::Perhaps => Status::Perhaps,
            Found::None => Status::Impossible,
        }
    }

    fn action(&self, literals: &[Literal]) -> Status {
        let form = [Pattern::action("?*:?*")];
        let mut query = Query::within_effort(&self.effort);
        query.frame = Some(&form);
        for (atom, holds) in literals {
            let Some(Atom::Action(patterns, negated)) = self.atom(*atom) else { continue };
            if holds == negated { &mut query.without } else { &mut query.within }.push(patterns);
        }
        let catalogue = Catalogue::embedded();
        match query.find(&|text| catalogue.action(text).is_some()) {
            Found::Text(text) => Status::Possible(Value::Action(text)),
            Found::Perhaps => Status::Perhaps,
            Found::None => Status::Impossible,
        }
    }

    fn key(&self, key: u32, literals: &[Literal]) -> Status {
        let tests: Vec<(&Test, bool)> = literals
            .iter()
            .filter_map(|(atom, holds)| match self.atom(*atom) {
                Some(Atom::Test(_, test)) => Some((test, *holds)),
                _ => None,
            })
            .collect();
        let Some(kind) = usize::try_from(key).ok().and_then(|key| self.kinds.get(key)) else {
            return Status::Perhaps;
        };
        match fact_for(&tests, *kind, &self.effort) {
            Facts::Some(fact) => Status::Possible(Value::Fact(fact)),
            Facts::Perhaps => Status::Perhaps,
            Facts::None => Status::Impossible,
        }
    }
}
