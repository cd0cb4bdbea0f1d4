//! One side lies inside the other when nothing is left of it: for each grant of the inner side, and each way in which the
//! outer side does not allow, no request is left that no Deny of the inner side forbids.
//!
//! Actions come first. Those that the catalogue knows are taken in classes: the same statements are about all actions of a
//! class, so that one of them speaks for all. Actions that it does not know, newer ones for instance, are texts.

mod kinds;

use rustc_hash::FxHashMap;

use crate::catalogue::{ActionId, ActionSet};

use super::Scope;
use super::rules::{Actions, Atom, AtomId, RuleId, named};
use super::search::{Model, Outcome, Search};
use super::theory::{Domain, Theory, Value};
use kinds::KINDS;

/// Grants by layer, each of which must allow, and denies.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) layers: Vec<Vec<RuleId>>,
    pub(super) denies: Vec<RuleId>,
}

/// So many combinations of grants in several layers are looked at.
const COMBINATIONS_MAX: usize = 20_000;

/// What is left of the inner side.
pub(super) struct Region<'m> {
    pub(super) model: &'m Model,
    /// `None`: the action is a text of the model.
    pub(super) action: Option<ActionId>,
    pub(super) domain: Domain,
}

/// How a proof ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    Proved,
    /// Somebody was shown a region and was content.
    Stopped,
    /// Regions are left of which nobody was content.
    Left,
    TooLong,
}

type Question = (Vec<AtomId>, Vec<Vec<AtomId>>, Domain);

/// A request that all of `asserted` are about, and none of `excluded`.
struct Goal<'g> {
    asserted: Vec<RuleId>,
    excluded: [&'g [RuleId]; 2],
}

impl Region<'_> {
    /// Whether nobody says what AWS compares for its action, which has no resource types.
    pub(super) fn is_undocumented(&self) -> bool {
        self.action.is_some_and(|action| KINDS.is_undocumented(action))
    }

    /// Whether it is about calls that name no resource only.
    pub(super) fn names_nothing(&self) -> bool {
        self.model.values.iter().any(|(_, value)| *value == Value::Resource(None))
    }
}

pub(super) struct Proof<'a> {
    pub(super) theory: Theory<'a>,
    answers: FxHashMap<Question, Outcome>,
    scope: Scope,
}

impl<'a> Proof<'a> {
    pub(super) fn new(theory: Theory<'a>, scope: Scope) -> Self {
        Self { theory, answers: FxHashMap::default(), scope }
    }

    /// Shows what is left to `stop`, until that is content or nothing is left.
    pub(super) fn run(
        &mut self,
        inner: &Side,
        outer: &Side,
        stop: &mut dyn FnMut(&Theory<'a>, &Region<'_>) -> bool,
    ) -> End {
        let Some(goals) = self.goals(inner, outer) else { return End::TooLong };
        let mut end = End::Proved;
        let beyond: &[bool] = if self.scope == Scope::AnyAction { &[false, true] } else { &[false] };
        for &is_beyond in beyond {
            for goal in &goals {
                let covering = self.covering(goal);
                let Some(covering) = covering else { continue };
                let found = if is_beyond {
                    self.beyond_catalogue(goal, &covering, stop)
                } else {
                    self.in_catalogue(goal, &covering, stop)
                };
                match found {
                    End::Stopped => return End::Stopped,
                    End::Proved => {}
                    End::Left | End::TooLong if end == End::Proved => end = found,
                    End::Left | End::TooLong => {}
                }
            }
        }
        end
    }

    fn goals<'g>(&self, inner: &'g Side, outer: &'g Side) -> Option<Vec<Goal<'g>>> {
        let mut grants: Vec<Vec<RuleId>> = vec![Vec::new()];
        for layer in &inner.layers {
            let mut longer = Vec::new();
            for grant in &grants {
                longer.extend(layer.iter().map(|rule| grant.iter().copied().chain([*rule]).collect()));
            }
            grants = longer;
            if grants.len() > COMBINATIONS_MAX {
                return None;
            }
        }
        let denies: Vec<RuleId> =
            outer.denies.iter().copied().filter(|deny| !self.is_denied_too(*deny, &inner.denies)).collect();
        let mut goals = Vec::new();
        for grant in grants {
            for layer in &outer.layers {
                goals.push(Goal { asserted: grant.clone(), excluded: [layer, &inner.denies] });
            }
            for deny in &denies {
                let asserted = grant.iter().copied().chain([*deny]).collect();
                goals.push(Goal { asserted, excluded: [&[], &inner.denies] });
            }
        }
        Some(goals)
    }

    /// Whether one of these rules applies wherever this one does, told by their elements.
    fn is_denied_too(&self, deny: RuleId, denies: &[RuleId]) -> bool {
        let Some(deny) = self.theory.rules.rule(deny) else { return false };
        denies.iter().any(|other| {
            self.theory.rules.rule(*other).is_some_and(|other| {
                is_part(&other.atoms, &deny.atoms) && self.names_all(other.actions, deny.actions)
            })
        })
    }

    fn names_all(&self, outer: usize, inner: usize) -> bool {
        outer == inner || self.theory.rules.actions.get(outer).is_some_and(Actions::is_everything)
    }

    /// The excluded rules that apply to every action they name. `None`: one of them leaves nothing of the goal.
    fn covering(&self, goal: &Goal<'_>) -> Option<Vec<RuleId>> {
        let atoms = self.atoms(&goal.asserted);
        let mut covering = Vec::new();
        for rule in goal.excluded() {
            let Some(held) = self.theory.rules.rule(rule).filter(|held| is_part(&held.atoms, &atoms)) else {
                continue;
            };
            let names_all = |asserted: &RuleId| {
                self.theory.rules.rule(*asserted).is_some_and(|it| self.names_all(held.actions, it.actions))
            };
            if goal.asserted.iter().any(names_all) {
                return None;
            }
            covering.push(rule);
        }
        Some(covering)
    }

    fn atoms(&self, rules: &[RuleId]) -> Vec<AtomId> {
        let mut atoms: Vec<AtomId> = rules
            .iter()
            .filter_map(|rule| self.theory.rules.rule(*rule))
            .flat_map(|rule| rule.atoms.clone())
            .collect();
        atoms.sort_unstable();
        atoms.dedup();
        atoms
    }

    fn in_catalogue(
        &mut self,
        goal: &Goal<'_>,
        covering: &[RuleId],
        stop: &mut dyn FnMut(&Theory<'a>, &Region<'_>) -> bool,
    ) -> End {
        let left = self.actions_left(goal, covering);
        if left.is_empty() {
            return End::Proved;
        }
        let atoms = self.atoms(&goal.asserted);
        let others: Vec<RuleId> = goal.excluded().filter(|rule| !covering.contains(rule)).collect();
        let classes = {
            let sets: Vec<&ActionSet> = others
                .iter()
                .filter_map(|rule| self.theory.rules.actions_of(*rule).map(Actions::set))
                .chain(KINDS.sets())
                .collect();
            left.classes(&sets)
        };
        let mut end = End::Proved;
        for (about, action) in classes {
            let domain = KINDS.domain(action);
            let clauses = about
                .iter()
                .filter_map(|place| others.get(*place))
                .filter_map(|rule| self.theory.rules.rule(*rule).map(|rule| rule.atoms.clone()));
            let clauses = clauses.collect();
            match self.ask(atoms.clone(), clauses, domain) {
                Outcome::Nothing => {}
                Outcome::TooLong => end = End::TooLong,
                Outcome::Model(model) => {
                    if stop(&self.theory, &Region { model: &model, action: Some(action), domain }) {
                        return End::Stopped;
                    }
                    end = End::Left;
                }
            }
        }
        end
    }

    /// The actions of the catalogue that every asserted rule names and no covering rule does. What is written alike in both
    /// is left out first: that is most of it, and needs no catalogue.
    fn actions_left(&self, goal: &Goal<'_>, covering: &[RuleId]) -> ActionSet {
        let covers: Vec<&Actions> =
            covering.iter().filter_map(|rule| self.theory.rules.actions_of(*rule)).collect();
        let asserted: Vec<&Actions> =
            goal.asserted.iter().filter_map(|rule| self.theory.rules.actions_of(*rule)).collect();
        let fewest =
            asserted.iter().filter(|actions| !actions.negated).min_by_key(|actions| actions.patterns.len());
        let mut left = match (fewest, asserted.first()) {
            (Some(actions), _) => named(patterns_left(actions, &covers)),
            (None, Some(actions)) => actions.set().clone(),
            (None, None) => KINDS.everything(),
        };
        if left.is_empty() {
            return left;
        }
        left.subtract(KINDS.always_allowed());
        asserted.iter().for_each(|actions| left.intersect(actions.set()));
        for actions in covers {
            if left.is_empty() {
                return left;
            }
            left.subtract(actions.set());
        }
        left
    }

    /// The same for actions that the catalogue does not know.
    fn beyond_catalogue(
        &mut self,
        goal: &Goal<'_>,
        covering: &[RuleId],
        stop: &mut dyn FnMut(&Theory<'a>, &Region<'_>) -> bool,
    ) -> End {
        let mut atoms = self.atoms(&goal.asserted);
        for rule in &goal.asserted {
            let covers: Vec<&Actions> =
                covering.iter().filter_map(|rule| self.theory.rules.actions_of(*rule)).collect();
            let Some(actions) = self.theory.rules.actions_of(*rule) else { continue };
            if actions.negated {
                continue;
            }
            let left = Actions::beyond_catalogue(patterns_left(actions, &covers));
            if left.is_empty() {
                return End::Proved;
            }
            atoms.push(self.theory.rules.push(Atom::Action(left, false)));
        }
        for rule in goal.asserted.iter().filter(|rule| self.is_negated(**rule)).copied().collect::<Vec<_>>() {
            match self.action_atom(rule) {
                Named::None => return End::Proved,
                Named::All => {}
                Named::Some(atom) => atoms.push(atom),
            }
        }
        let mut clauses = Vec::new();
        for rule in goal.excluded() {
            let mut clause = self.atoms(&[rule]);
            match self.action_atom(rule) {
                Named::None => continue,
                Named::All => {}
                Named::Some(atom) => clause.push(atom),
            }
            clauses.push(clause);
        }
        atoms.sort_unstable();
        let domain = Domain { arn: true, nothing: true, checked: None };
        match self.ask(atoms, clauses, domain) {
            Outcome::Nothing => End::Proved,
            Outcome::TooLong => End::TooLong,
            Outcome::Model(model) => {
                if stop(&self.theory, &Region { model: &model, action: None, domain }) {
                    End::Stopped
                } else {
                    End::Left
                }
            }
        }
    }

    fn is_negated(&self, rule: RuleId) -> bool {
        self.theory.rules.actions_of(rule).is_some_and(|actions| actions.negated)
    }

    /// What a rule says of actions that the catalogue does not know.
    fn action_atom(&mut self, rule: RuleId) -> Named {
        let Some(number) = self.theory.rules.rule(rule).map(|rule| rule.actions) else { return Named::None };
        let Some(actions) = self.theory.rules.actions.get(number) else { return Named::None };
        let negated = actions.negated;
        if actions.patterns.iter().any(|pattern| pattern == "*") {
            return if negated { Named::None } else { Named::All };
        }
        if let Some(atom) = actions.atom {
            return Named::Some(atom);
        }
        let patterns = Actions::beyond_catalogue(actions.patterns.iter());
        if patterns.is_empty() {
            return if negated { Named::All } else { Named::None };
        }
        let atom = self.theory.rules.push(Atom::Action(patterns, negated));
        if let Some(actions) = self.theory.rules.actions.get_mut(number) {
            actions.atom = Some(atom);
        }
        Named::Some(atom)
    }

    fn ask(&mut self, atoms: Vec<AtomId>, mut clauses: Vec<Vec<AtomId>>, domain: Domain) -> Outcome {
        clauses.sort_unstable();
        clauses.dedup();
        let question = (atoms, clauses, domain);
        if let Some(known) = self.answers.get(&question) {
            return known.clone();
        }
        let clauses: Vec<&[AtomId]> = question.1.iter().map(Vec::as_slice).collect();
        let outcome = Search::new(&mut self.theory, domain).run(&question.0, &clauses);
        self.answers.insert(question, outcome.clone());
        outcome
    }
}

/// Which of the actions that the catalogue does not know a rule names.
enum Named {
    None,
    All,
    /// Those of an atom.
    Some(AtomId),
}

impl Goal<'_> {
    fn excluded(&self) -> impl Iterator<Item = RuleId> + '_ {
        self.excluded.iter().copied().flatten().copied()
    }
}

/// The patterns that no covering element has as well.
fn patterns_left<'s>(actions: &'s Actions, covers: &'s [&Actions]) -> impl Iterator<Item = &'s String> {
    actions
        .patterns
        .iter()
        .filter(|pattern| !covers.iter().any(|it| !it.negated && it.patterns.binary_search(pattern).is_ok()))
}

/// Whether all of these, in order, are among those.
fn is_part(these: &[AtomId], those: &[AtomId]) -> bool {
    these.iter().all(|atom| those.binary_search(atom).is_ok())
}
