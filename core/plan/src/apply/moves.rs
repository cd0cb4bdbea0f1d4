//! A change as moves: each one call, what must be seen before it and what after it.
//!
//! What must be seen before it is what the change that undoes it would put back.

mod center;
mod credential;
mod entity;
mod identity;
mod managed;
mod organization;
mod provider;
mod resting;
mod tag;

use std::collections::BTreeMap;

use kagimori_estate::change::Change;
use serde_json::Value;

use super::call::{Call, Outcome};
use super::guard::Guard;
use super::look::{Answers, Look, Reading};
use super::state::{Expected, Judgement, State, judge};
use crate::Plan;

/// One call that changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Move {
    /// What it touches.
    pub(super) look: Look,
    /// What is there before it.
    pub(super) before: Expected,
    /// What is there after it.
    pub(super) after: Expected,
    /// What it rests on besides: looked at unless it is as after it.
    pub(super) guards: Vec<Guard>,
    /// The call.
    pub(super) call: Call,
    /// What of its parameters is only known by looking: the parameter, and where it stands in what was found.
    pub(super) from_found: Option<(&'static str, &'static str)>,
    /// What AWS names: the plan's name for it, and where AWS's stands in what is found after it.
    pub(super) learns: Option<(String, &'static str)>,
    /// Whether there may be nothing to do.
    pub(super) is_optional: bool,
    /// Whether making it twice is the same as once.
    pub(super) is_repeatable: bool,
    /// Whether what it touches comes into being or goes with it.
    pub(super) is_of_being: bool,
}

/// AWS's names for what a plan could only name beforehand.
pub(super) type Names = BTreeMap<String, String>;

/// What the plan and the journal tell of a step.
#[derive(Clone, Debug)]
pub(super) struct Told<'p> {
    /// The plan.
    pub(super) plan: &'p Plan,
    /// Which step.
    pub(super) step: usize,
    /// AWS's names, of all steps.
    pub(super) names: Names,
    /// It was begun the other way and not finished.
    pub(super) is_half: bool,
}

impl Move {
    fn new(look: Look, before: Expected, after: Expected, call: Call) -> Self {
        Self {
            look,
            before,
            after,
            guards: Vec::new(),
            call,
            from_found: None,
            learns: None,
            is_optional: false,
            is_repeatable: true,
            is_of_being: false,
        }
    }

    /// What the answers so far come to.
    pub(super) fn read(&self, answers: &[Outcome]) -> Reading {
        match self.state(&mut Answers::of(answers)) {
            Ok(state) => Reading::Found(state),
            Err(reading) => *reading,
        }
    }

    fn state(&self, answers: &mut Answers<'_>) -> Result<State, Box<Reading>> {
        let found = self.look.state(answers)?;
        // What is not as it was may be so because it is somebody else's.
        if matches!(found, State::Gone(_)) || self.judge(&found) == Judgement::After {
            return Ok(found);
        }
        for guard in &self.guards {
            if let Some(what) = guard.broken(answers)? {
                return Ok(State::Other(what));
            }
        }
        Ok(found)
    }

    pub(super) fn judge(&self, found: &State) -> Judgement {
        judge(&self.before, &self.after, found)
    }

    /// The call, with what only looking told.
    pub(super) fn call(&self, found: &State) -> Call {
        let mut call = self.call.clone();
        if let (Some((name, pointer)), State::Is(found)) = (self.from_found, found) {
            let value = found.pointer(pointer).cloned().unwrap_or_default();
            call.input = super::look::with(call.input, &[(name, value)]);
        }
        call
    }

    /// Takes from AWS's answer to the call what tells later what came of it.
    pub(super) fn hear(&mut self, answer: &Value) {
        if let Look::Center(look) = &mut self.look {
            look.hear(answer);
        }
    }

    /// AWS's name for what the plan named beforehand.
    pub(super) fn learned(&self, found: &State) -> Option<(String, String)> {
        let ((name, pointer), State::Is(found)) = (self.learns.as_ref()?, found) else { return None };
        Some((name.clone(), found.pointer(pointer)?.as_str()?.to_owned()))
    }
}

/// The moves of a change; `back` is what undoes it, where anything does.
///
/// # Errors
/// In words, when the change that undoes it is not of its kind.
pub(super) fn moves(change: &Change, back: Option<&Change>, told: &Told<'_>) -> Result<Vec<Move>, String> {
    unguarded(change, back, told).map(|made| resting::guarded(change, made, told))
}

fn unguarded(change: &Change, back: Option<&Change>, told: &Told<'_>) -> Result<Vec<Move>, String> {
    match (change, back) {
        (Change::Credential(change), _) => return credential::one(change).map(|one| vec![one]),
        (Change::Entity(change), _) => return Ok(entity::moves(change)),
        (Change::Provider(change), _) => return Ok(vec![provider::one(change)]),
        (Change::Center(change), _) => return Ok(center::moves(change, &told.names)),
        (Change::Identity(change), Some(Change::Identity(back))) => {
            identity::one(change, back).map(|one| vec![one])
        }
        (Change::ManagedPolicy(change), Some(Change::ManagedPolicy(back))) => {
            managed::moves(change, back, told)
        }
        (Change::Organization(change), Some(Change::Organization(back))) => {
            organization::one(change, back, &told.names).map(|one| vec![one])
        }
        (Change::Tag(change), Some(Change::Tag(back))) => tag::one(change, back).map(|one| vec![one]),
        _ => None,
    }
    .ok_or_else(|| format!("the plan does not say what `{change}` replaces"))
}
