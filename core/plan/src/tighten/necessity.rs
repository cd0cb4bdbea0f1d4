//! Nothing that no call needs, and everything that calls need.

use std::collections::BTreeSet;

use kagimori_policy::compare::is_included;
use kagimori_policy::document::{ActionElement, OneOrMany, Statement};
use kagimori_policy::engine::{Compiled, Compiler};
use kagimori_policy::glob::Glob;
use kagimori_trail::call::{Certainty, CheckedResource};

use super::alone::{Alone, may};
use super::compose::{Draft, ElementKind};
use super::conditions::Drawn;
use super::document;
use super::grants::Grant;
use super::needs::Need;

/// Widens what does not hold its needs, and narrows back to what was granted what is not surely inside it.
pub(super) fn repair(drafts: &mut [Draft], grants: &[Grant], needs: &[Need], alone: &Alone) {
    for draft in drafts.iter_mut() {
        let Some(grant) = grants.get(draft.grant) else { continue };
        let is_inside = |draft: &Draft| {
            let one = |statement| [document(vec![statement])];
            is_included(&one(draft.statement.clone()), &one(grant.statement.clone()))
        };
        if !holds_its_needs(draft, needs, alone) {
            draft.drawn.clear();
            draft.build(grant);
        }
        if !holds_its_needs(draft, needs, alone) || !is_inside(draft) {
            draft.widen(grant);
        }
    }
}

fn holds_its_needs(draft: &Draft, needs: &[Need], alone: &Alone) -> bool {
    let mut compiler = alone.compiler.clone();
    let compiled = compiler.compile(&document(vec![draft.statement.clone()]));
    let behind = draft.needs();
    let mut behind = behind.iter().filter_map(|need| needs.get(*need));
    behind.all(|need| {
        may(alone.decide_with(&compiler, &[&compiled], &need.request))
            && (need.is_partial || draft.granted.is_some() || need.is_held_by(alone, &compiler, &[&compiled]))
    })
}

/// Takes out every action, resource and value of a condition without which each need still holds. Of what calls needed, not of
/// what they may have needed, gives how many were tried, and how many of them are necessary.
pub(super) fn reduce(drafts: &mut Vec<Draft>, needs: &[Need], alone: &Alone) -> (usize, usize) {
    let of = |kind: ElementKind| {
        let places = drafts.iter().enumerate().filter(move |(_, draft)| draft.kind == kind);
        places.map(|(place, _)| place)
    };
    // What calls may have needed first.
    let order: Vec<usize> = of(ElementKind::Possible).chain(of(ElementKind::Needed)).collect();
    let mut trial = Trial {
        compiler: alone.compiler.clone(),
        compiled: Vec::new(),
        possible: of(ElementKind::Possible).collect(),
        needs,
        alone,
        count: (0, 0),
    };
    // Needs that rest on another statement than their own since their part was taken out: whatever goes, they must hold.
    let mut moved: BTreeSet<usize> = BTreeSet::new();
    for draft in drafts.iter_mut() {
        take_idle_values_out(draft, needs);
        let compiled = trial.compile(draft);
        trial.compiled.push(compiled);
    }
    for place in order {
        let Some(draft) = drafts.get(place) else { continue };
        for part in parts(draft) {
            let Some(mut without) = drafts.get(place).cloned() else { continue };
            take_out(&mut without, &part);
            let is_covered = || is_covered(drafts, place, &part);
            let before = trial.count;
            let Some(draft) = drafts.get(place) else { continue };
            let touched = touched(draft, &part, needs);
            let all: BTreeSet<usize> = touched.union(&moved).copied().collect();
            if trial.is_needless(place, &without, &all, is_covered) {
                moved.extend(touched);
                let mut statement = without.statement.clone();
                without.write_parts(&mut statement);
                let less = Draft { statement, ..without };
                let compiled = trial.compile(&less);
                if let Some((slot, held)) = trial.compiled.get_mut(place).zip(drafts.get_mut(place)) {
                    (*slot, *held) = (compiled, less);
                }
            } else if draft.kind == ElementKind::Possible {
                trial.count = before;
            }
        }
    }
    drafts.retain(|draft| !draft.actions.is_empty());
    trial.count
}

/// Whether the other statements allow, for sure, all that one says of an action.
fn is_covered(drafts: &[Draft], place: usize, part: &Part) -> bool {
    let Part::Action(action) = part else { return false };
    let Some(draft) = drafts.get(place) else { return false };
    let one = Statement {
        action: ActionElement::Action(OneOrMany::One(action.clone())),
        ..draft.statement.clone()
    };
    let is_sure = |held: &Draft| draft.kind == ElementKind::Possible || held.kind != ElementKind::Possible;
    let others = drafts
        .iter()
        .enumerate()
        .filter(|(other, held)| *other != place && !held.actions.is_empty() && is_sure(held));
    let others = others.map(|(_, held)| held.statement.clone()).collect();
    is_included(&[document(vec![one])], &[document(others)])
}

enum Part {
    Action(String),
    Resource(String),
    Value(usize, String),
}

fn parts(draft: &Draft) -> Vec<Part> {
    let actions = draft.actions.keys().cloned().map(Part::Action);
    let resources = draft.resources.keys().cloned().map(Part::Resource);
    let values =
        draft.drawn.iter().enumerate().flat_map(|(place, drawn)| {
            drawn.values.keys().map(move |value| Part::Value(place, value.clone()))
        });
    actions.chain(resources).chain(values).collect()
}

/// The needs that may rest on a part.
fn touched(draft: &Draft, part: &Part, needs: &[Need]) -> BTreeSet<usize> {
    match part {
        Part::Action(action) => draft.actions.get(action).cloned().unwrap_or_default(),
        Part::Resource(pattern) => {
            let glob = Glob::policy(pattern);
            let reaches =
                |need: &usize| needs.get(*need).is_some_and(|need| is_reached(need, pattern, &glob));
            draft.needs().into_iter().filter(reaches).collect()
        }
        Part::Value(place, value) => match draft.drawn.get(*place) {
            Some(drawn) => resting_on(draft, drawn, value, needs),
            None => draft.needs(),
        },
    }
}

/// The needs that may rest on a value of a condition: those of which it is not told that their request has another.
fn resting_on(draft: &Draft, drawn: &Drawn, value: &str, needs: &[Need]) -> BTreeSet<usize> {
    let key = drawn.key.to_ascii_lowercase();
    let has_other =
        |need: &Need| drawn.operator == "StringEquals" && need.key(&key).is_some_and(|told| told != value);
    let mut resting = draft.needs();
    resting.retain(|need| needs.get(*need).is_none_or(|need| !has_other(need)));
    resting
}

/// Values are drawn from all that is used of a service: those that no need of the statement's own actions has go first, or the
/// statement would say more than others that could stand for it.
fn take_idle_values_out(draft: &mut Draft, needs: &[Need]) {
    for place in 0..draft.drawn.len() {
        let Some(drawn) = draft.drawn.get(place).cloned() else { continue };
        let mut values = drawn.values.clone();
        values.retain(|value, _| !resting_on(draft, &drawn, value, needs).is_empty());
        if let Some(held) = draft.drawn.get_mut(place).filter(|_| !values.is_empty()) {
            held.values = values;
        }
    }
    let mut statement = draft.statement.clone();
    draft.write_parts(&mut statement);
    draft.statement = statement;
}

/// Whether a need may rest on a pattern: one with a variable, and a resource that is not told, are never ruled out.
fn is_reached(need: &Need, pattern: &str, glob: &Glob) -> bool {
    match &need.resource {
        CheckedResource::Arn(arn) => pattern == "*" || pattern.contains("${") || glob.matches(arn),
        _ => true,
    }
}

fn take_out(draft: &mut Draft, part: &Part) {
    match part {
        Part::Action(action) => drop(draft.actions.remove(action)),
        Part::Resource(pattern) => drop(draft.resources.remove(pattern)),
        Part::Value(place, value) => {
            if let Some(drawn) = draft.drawn.get_mut(*place) {
                drawn.values.remove(value);
            }
        }
    }
}

struct Trial<'a> {
    compiler: Compiler,
    /// Each draft; one that holds nothing any more is `None`.
    compiled: Vec<Option<Compiled>>,
    /// Those of what calls may have needed.
    possible: BTreeSet<usize>,
    needs: &'a [Need],
    alone: &'a Alone,
    count: (usize, usize),
}

impl Trial<'_> {
    /// Whether every need holds without a part; counts the trial.
    fn is_needless(
        &mut self,
        place: usize,
        without: &Draft,
        touched: &BTreeSet<usize>,
        is_covered: impl Fn() -> bool,
    ) -> bool {
        let compiled = self.compile(without);
        let others = || self.compiled.iter().enumerate().filter(|(other, _)| *other != place);
        let all: Vec<&Compiled> =
            others().filter_map(|(_, held)| held.as_ref()).chain(compiled.as_ref()).collect();
        // Whoever takes away what calls may have needed takes nothing away that they needed.
        let is_sure = |(other, _): &(usize, _)| !self.possible.contains(other);
        let sure: Vec<&Compiled> = others()
            .filter(is_sure)
            .filter_map(|(_, held)| held.as_ref())
            .chain(compiled.as_ref().filter(|_| !self.possible.contains(&place)))
            .collect();
        let mut needs = touched.iter().filter_map(|need| self.needs.get(*need));
        // Where it is not known which of several grants a call rested on, each stays, unless another says all that it says.
        let is_needless = needs.all(|need| {
            let identity = if need.certainty == Certainty::Certain { &sure } else { &all };
            need.is_held_by(self.alone, &self.compiler, identity) && (!need.is_partial || is_covered())
        });
        if !is_needless {
            self.count = (self.count.0.saturating_add(1), self.count.1.saturating_add(1));
        }
        is_needless
    }

    /// `None` when an element is empty, which matches nothing.
    fn compile(&mut self, draft: &Draft) -> Option<Compiled> {
        let has_resources = draft.granted.is_some() || !draft.resources.is_empty();
        let has_values = draft.drawn.iter().all(|drawn| !drawn.values.is_empty());
        if draft.actions.is_empty() || !has_resources || !has_values {
            return None;
        }
        let mut statement = draft.statement.clone();
        draft.write_parts(&mut statement);
        Some(self.compiler.compile(&document(vec![statement])))
    }
}
