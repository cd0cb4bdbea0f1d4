//! Statements as rules: which actions a rule names, and which atoms must hold for it to apply.
//!
//! An atom is a resource element or a condition, and is the same atom wherever the same thing is written; so is an action
//! element. What is the same on both sides is then told apart from what differs by comparing numbers.

use std::borrow::Cow;
use std::cell::OnceCell;

use rustc_hash::FxHashMap;

use crate::catalogue::{ActionSet, Catalogue};
use crate::document::{Condition, Document, Effect, ResourceElement, Statement, Version};
use crate::operator::Operator;
use crate::request::Fact;
use crate::variable::pieces;

use super::test::{Test, sorted_values};
use super::text::{Case, Pattern, Replaced};

/// The number of an atom.
pub(super) type AtomId = u32;
/// The number of a rule.
pub(super) type RuleId = usize;

/// One thing that holds of a request or does not.
#[derive(Debug)]
pub(super) enum Atom {
    /// The request's resource is one of these.
    Resource(Resources),
    /// A condition on this key.
    Test(u32, Test),
    /// The request's action is one of these, or none of them; of actions that the catalogue does not know.
    Action(Vec<Pattern>, bool),
    /// Something nobody can evaluate.
    Opaque,
}

/// A resource element.
#[derive(Debug)]
pub(super) struct Resources {
    pub(super) patterns: Vec<Pattern>,
    /// `NotResource`.
    pub(super) negated: bool,
}

/// An action element.
#[derive(Debug)]
pub(super) struct Actions {
    /// `NotAction`.
    pub(super) negated: bool,
    /// In lower case, in order.
    pub(super) patterns: Vec<String>,
    set: OnceCell<ActionSet>,
    /// Its atom, for actions that are not in the catalogue.
    pub(super) atom: Option<AtomId>,
}

/// A statement.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) actions: usize,
    /// What must hold, in order.
    pub(super) atoms: Vec<AtomId>,
}

/// What is taken as given of keys that stand in policy variables.
pub(super) type Valuation = [(String, Fact)];

/// A condition: operator, key, values, and the version where that matters.
type TestName<'a> = (Operator, u32, Vec<Cow<'a, str>>, Option<Version>);

/// Every statement of both sides.
#[derive(Debug, Default)]
pub(super) struct Rules<'a> {
    pub(super) rules: Vec<Rule>,
    pub(super) atoms: Vec<Atom>,
    pub(super) actions: Vec<Actions>,
    /// The condition keys, in lower case.
    pub(super) keys: Vec<String>,
    /// The keys of policy variables, in lower case.
    pub(super) variables: Vec<String>,
    given: &'a Valuation,
    letters: FxHashMap<String, u32>,
    by_resource: FxHashMap<(bool, Vec<&'a str>, Option<Version>), AtomId>,
    by_test: FxHashMap<TestName<'a>, AtomId>,
    by_opaque: FxHashMap<(&'a str, u32, Vec<Cow<'a, str>>), AtomId>,
    by_actions: FxHashMap<(bool, Vec<String>), usize>,
}

/// Whether something holds, always, never, or as an atom.
enum Held {
    Always,
    Never,
    Atom(AtomId),
}

impl<'a> Rules<'a> {
    pub(super) fn new(given: &'a Valuation) -> Self {
        Self { given, ..Self::default() }
    }

    /// Adds the statements of a document that have an effect; those that can never apply are left out.
    pub(super) fn add(&mut self, document: &'a Document, effect: Effect, into: &mut Vec<RuleId>) {
        for statement in document.statements.iter().filter(|statement| statement.effect == effect) {
            if let Some(atoms) = self.atoms(statement, document.version) {
                let actions = self.actions(statement);
                into.push(self.rules.len());
                self.rules.push(Rule { actions, atoms });
            }
        }
    }

    fn atoms(&mut self, statement: &'a Statement, version: Option<Version>) -> Option<Vec<AtomId>> {
        let resource = statement.resource.as_ref().map(|element| self.resource(element, version));
        let mut atoms = Vec::new();
        let conditions = statement.conditions.iter();
        let held: Vec<Held> = resource
            .into_iter()
            .chain(conditions.map(|condition| self.condition(condition, version)))
            .collect();
        for held in held {
            match held {
                Held::Always => {}
                Held::Never => return None,
                Held::Atom(atom) => atoms.push(atom),
            }
        }
        atoms.sort_unstable();
        atoms.dedup();
        Some(atoms)
    }

    fn actions(&mut self, statement: &Statement) -> usize {
        let (patterns, negated) = statement.action.patterns();
        let mut lower: Vec<String> = patterns.iter().map(|pattern| pattern.to_ascii_lowercase()).collect();
        lower.sort_unstable();
        lower.dedup();
        if let Some(known) = self.by_actions.get(&(negated, lower.clone())) {
            return *known;
        }
        let number = self.actions.len();
        self.by_actions.insert((negated, lower.clone()), number);
        self.actions.push(Actions { negated, patterns: lower, set: OnceCell::new(), atom: None });
        number
    }

    fn resource(&mut self, element: &'a ResourceElement, version: Option<Version>) -> Held {
        let (patterns, negated) = element.patterns();
        if patterns.iter().any(|pattern| pattern == "*") {
            return if negated { Held::Never } else { Held::Always };
        }
        let mut texts: Vec<&str> = patterns.iter().map(String::as_str).collect();
        texts.sort_unstable();
        texts.dedup();
        let version = version.filter(|_| texts.iter().any(|text| text.contains("${")));
        if let Some(known) = self.by_resource.get(&(negated, texts.clone(), version)) {
            return Held::Atom(*known);
        }
        let Self { given, letters, variables, .. } = self;
        let mut replace =
            |key: &str, default: Option<&str>, case| replaced(given, letters, variables, key, default, case);
        let patterns = texts
            .iter()
            .filter_map(|text| Pattern::resource(text, |sixth| pieces(sixth, version), &mut replace))
            .collect();
        let atom = self.push(Atom::Resource(Resources { patterns, negated }));
        self.by_resource.insert((negated, texts, version), atom);
        Held::Atom(atom)
    }

    fn condition(&mut self, condition: &'a Condition, version: Option<Version>) -> Held {
        let lower = condition.key.to_lowercase();
        let values = sorted_values(condition);
        let version = version.filter(|_| values.iter().any(|text| text.contains("${")));
        let key = self.key(&lower);
        let Some(operator) = Operator::parse(&condition.operator) else {
            let name = (condition.operator.as_str(), key, values);
            if let Some(known) = self.by_opaque.get(&name) {
                return Held::Atom(*known);
            }
            let atom = self.push(Atom::Opaque);
            self.by_opaque.insert(name, atom);
            return Held::Atom(atom);
        };
        if let Some(known) = self.by_test.get(&(operator, key, values.clone(), version)) {
            return Held::Atom(*known);
        }
        let test = self.test(condition, version);
        if let Some((_, fact)) = self.given.iter().find(|(given, _)| *given == lower) {
            match test.as_ref().and_then(|test| test.passes_fact(&lower, fact, self.given)) {
                Some(true) => return Held::Always,
                Some(false) => return Held::Never,
                None => {}
            }
        }
        let atom = self.push(test.map_or(Atom::Opaque, |test| Atom::Test(key, test)));
        self.by_test.insert((operator, key, values, version), atom);
        Held::Atom(atom)
    }

    fn test(&mut self, condition: &Condition, version: Option<Version>) -> Option<Test> {
        let Self { given, letters, variables, .. } = self;
        let letters = std::cell::RefCell::new(letters);
        let mut replace = |key: &str, default: Option<&str>, case| {
            replaced(given, *letters.borrow_mut(), variables, key, default, case)
        };
        let mut letter = |text: &str| number(*letters.borrow_mut(), format!("= {text}"));
        Test::read(condition, version, &mut replace, &mut letter)
    }

    fn key(&mut self, lower: &str) -> u32 {
        let place = self.keys.iter().position(|known| known == lower);
        let place = place.unwrap_or_else(|| {
            self.keys.push(lower.to_owned());
            self.keys.len().saturating_sub(1)
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    pub(super) fn push(&mut self, atom: Atom) -> AtomId {
        self.atoms.push(atom);
        u32::try_from(self.atoms.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    pub(super) fn rule(&self, rule: RuleId) -> Option<&Rule> {
        self.rules.get(rule)
    }

    pub(super) fn actions_of(&self, rule: RuleId) -> Option<&Actions> {
        self.rules.get(rule).and_then(|rule| self.actions.get(rule.actions))
    }
}

/// What stands for a variable: what is given of its key, or a letter of its own.
fn replaced(
    given: &Valuation,
    letters: &mut FxHashMap<String, u32>,
    variables: &mut Vec<String>,
    key: &str,
    default: Option<&str>,
    case: Case,
) -> Replaced {
    if !variables.iter().any(|known| known == key) {
        variables.push(key.to_owned());
    }
    match (given.iter().find(|(known, _)| known == key), default) {
        (Some((_, Fact::One(value))), _) => Replaced::Text(value.clone()),
        (Some((_, Fact::Absent)), Some(default)) => Replaced::Text(default.to_owned()),
        (Some(_), _) => Replaced::Nothing,
        (None, _) => Replaced::Letter(number(letters, format!("{case:?} {default:?} {key}"))),
    }
}

fn number(letters: &mut FxHashMap<String, u32>, name: String) -> u32 {
    let next = u32::try_from(letters.len()).unwrap_or(u32::MAX);
    *letters.entry(name).or_insert(next)
}

impl Actions {
    /// The catalogue's actions it names.
    pub(super) fn set(&self) -> &ActionSet {
        self.set.get_or_init(|| {
            let named = named(self.patterns.iter());
            if self.negated { named.complement() } else { named }
        })
    }

    /// Its patterns that name more than what the catalogue knows.
    pub(super) fn beyond_catalogue<'s>(patterns: impl Iterator<Item = &'s String>) -> Vec<Pattern> {
        let catalogue = Catalogue::embedded();
        patterns
            .filter(|pattern| pattern.contains(['*', '?']) || catalogue.action(pattern).is_none())
            .map(|pattern| Pattern::action(pattern))
            .collect()
    }

    /// Whether it names every action.
    pub(super) fn is_everything(&self) -> bool {
        !self.negated && self.patterns.iter().any(|pattern| pattern == "*")
    }
}

/// The actions that patterns name.
pub(super) fn named<'s>(patterns: impl Iterator<Item = &'s String>) -> ActionSet {
    let catalogue = Catalogue::embedded();
    let mut set = ActionSet::none(catalogue);
    for pattern in patterns {
        if pattern.contains(['*', '?']) {
            catalogue.expand_into(&mut set, pattern);
        } else if let Some(id) = catalogue.action(pattern) {
            set.insert(id);
        }
    }
    set
}
