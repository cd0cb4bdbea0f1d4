//! One round over all retirements: what is overdue comes on first, then the others in the order in which they were begun.
//!
//! ```text
//! loop {
//!     let answer = match round.wanted(now) {
//!         Wanted::Journal(entry, notices) => /* on the disk, in one transaction */ Answer::Journalled,
//!         Wanted::Try(state) => Answer::Tried(/* the call that will switch it on, made while it is on */),
//!         Wanted::Look(state) => Answer::Seen(…),
//!         Wanted::Follow(state, turn) => Answer::Turned(/* the plan, or its way back */),
//!         Wanted::Nothing => break,
//!     };
//!     round.take(answer, &circumstances, now);
//! }
//! ```
//! A round that ends anywhere, by a crash or an error, is taken up by the next one: all that it knows is in the journal.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;
use kagimori_id::AccessKeyId;

use crate::book::Entry;
use crate::effect::{Effect, Turn};
use crate::event::{Event, Given, How, Shown, Sight};
use crate::guard::{Guard, holds};
use crate::notice::{Kind, Notice};
use crate::state::{Phase, State};
use crate::step::step;
use crate::windows::Windows;

/// What holds in a round.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "whoever begins a round says all of it")]
pub struct Circumstances {
    /// When something may go off.
    pub windows: Windows,
    /// The keys that the settings protect.
    pub protected: BTreeSet<AccessKeyId>,
    /// Whether what nothing takes back is allowed.
    pub may_delete: bool,
}

/// A round, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Round {
    states: Vec<State>,
    jobs: VecDeque<Job>,
    /// How often the job at hand was gone on with.
    turns: u8,
    stage: Stage,
}

/// A retirement that is to be looked at, and what happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Job {
    which: usize,
    /// `None`: time has passed.
    event: Option<Event>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// What happened is written down.
    Writing(Box<Writing>),
    /// It is done.
    Doing {
        which: usize,
        effect: Effect,
    },
    Over,
}

/// What happened, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Writing {
    which: usize,
    event: Event,
    next: State,
    effects: Vec<Effect>,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever drives the round answers each")]
pub enum Wanted<'r> {
    /// Write this down, to the disk, with the notices for the outbox, before anything else.
    Journal(Box<Entry>, Vec<Notice>),
    /// Make the call that will switch it on, while it is on: AWS takes it if it will take it later.
    Try(&'r State),
    /// Look at what is off.
    Look(&'r State),
    /// Follow a plan, or its way back.
    Follow(&'r State, Turn),
    /// Nothing.
    Nothing,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "answers to what is wanted")]
pub enum Answer {
    /// It is written down.
    Journalled,
    /// The way on was tried.
    Tried(Shown),
    /// It was looked at.
    Seen(Sight),
    /// The plan was followed.
    Turned(How),
}

/// A retirement is gone on with so often in a round: notice, way on, off and what follows are fewer.
const TURNS_MAX: u8 = 12;

impl Round {
    /// A round over retirements, in the order in which they were begun; what happened to some of them comes first.
    pub fn new(
        states: Vec<State>,
        happened: &[(AccessKeyId, Event)],
        circumstances: &Circumstances,
        now: Timestamp,
    ) -> Self {
        let place = |key: &AccessKeyId| states.iter().position(|state| state.key() == key);
        let told = happened
            .iter()
            .filter_map(|(key, event)| Some(Job { which: place(key)?, event: Some(event.clone()) }));
        let mut jobs: VecDeque<Job> = told.collect();
        let is_protected =
            |state: &State| circumstances.protected.contains(state.key()) && state.may_be_off();
        let since = |state: &State| {
            let protected = is_protected(state).then_some(Timestamp::MIN);
            state.on_since(now).or(protected.filter(|_| holds(Guard::OverdueFirst, true)))
        };
        let mut order: Vec<(Timestamp, usize)> = states
            .iter()
            .enumerate()
            .map(|(which, state)| (since(state).unwrap_or(Timestamp::MAX), which))
            .collect();
        order.sort_unstable();
        jobs.extend(order.into_iter().map(|(_, which)| Job { which, event: None }));
        let mut round = Self { states, jobs, turns: 0, stage: Stage::Over };
        round.next_job(circumstances, now);
        round
    }

    /// What to do next.
    pub fn wanted(&self, now: Timestamp) -> Wanted<'_> {
        match &self.stage {
            Stage::Writing(writing) => {
                let Writing { event, next, effects, .. } = &**writing;
                let told = effects.iter().filter_map(|effect| match effect {
                    Effect::Tell(kind) => Some(Notice::of(*kind, next)),
                    _ => None,
                });
                Wanted::Journal(Box::new(Entry::happened(event.clone(), next, now)), told.collect())
            }
            Stage::Doing { which, effect } => match (self.states.get(*which), effect) {
                (Some(state), Effect::Try) => Wanted::Try(state),
                (Some(state), Effect::Look) => Wanted::Look(state),
                (Some(state), Effect::Follow(turn)) => Wanted::Follow(state, *turn),
                _ => Wanted::Nothing,
            },
            Stage::Over => Wanted::Nothing,
        }
    }

    /// Takes what became of it.
    pub fn take(&mut self, answer: Answer, circumstances: &Circumstances, now: Timestamp) {
        match (std::mem::replace(&mut self.stage, Stage::Over), answer) {
            (Stage::Writing(writing), Answer::Journalled) => {
                let Writing { which, next, effects, .. } = *writing;
                self.enter(which, next);
                self.act(which, &effects, circumstances, now);
            }
            (Stage::Doing { which, .. }, Answer::Tried(shown)) => {
                self.happened(which, Event::Tried { shown }, circumstances, now);
            }
            (Stage::Doing { which, .. }, Answer::Seen(sight)) => {
                let may_delete = circumstances.may_delete;
                self.happened(which, Event::Seen { sight, may_delete }, circumstances, now);
            }
            (Stage::Doing { which, effect: Effect::Follow(turn) }, Answer::Turned(how)) => {
                self.happened(which, Event::Turned { turn, how }, circumstances, now);
            }
            (stage, _) => self.stage = stage,
        }
    }

    /// Where they stand.
    pub fn states(&self) -> &[State] {
        &self.states
    }

    fn enter(&mut self, which: usize, next: State) {
        if let Some(state) = self.states.get_mut(which) {
            *state = next;
        }
    }

    /// Goes on with the next retirement.
    fn next_job(&mut self, circumstances: &Circumstances, now: Timestamp) {
        self.turns = 0;
        let Some(Job { which, event }) = self.jobs.pop_front() else {
            self.stage = Stage::Over;
            return;
        };
        match event {
            Some(event) => self.happened(which, event, circumstances, now),
            None => self.tick(which, circumstances, now),
        }
    }

    fn tick(&mut self, which: usize, circumstances: &Circumstances, now: Timestamp) {
        match self.given(which, circumstances, now) {
            Some(given) => self.happened(which, Event::Tick { given }, circumstances, now),
            None => self.next_job(circumstances, now),
        }
    }

    fn happened(&mut self, which: usize, event: Event, circumstances: &Circumstances, now: Timestamp) {
        self.turns = self.turns.saturating_add(1);
        let Some(state) = self.states.get(which).filter(|_| self.turns <= TURNS_MAX) else {
            return self.next_job(circumstances, now);
        };
        let (next, effects) = step(state, &event, now);
        let is_told = effects.iter().any(|effect| matches!(effect, Effect::Tell(_)));
        if next == *state && !is_told {
            return match effects.first() {
                Some(effect) => self.stage = Stage::Doing { which, effect: effect.clone() },
                None => self.next_job(circumstances, now),
            };
        }
        if holds(Guard::JournalFirst, true) {
            self.stage = Stage::Writing(Box::new(Writing { which, event, next, effects }));
        } else {
            self.enter(which, next);
            self.act(which, &effects, circumstances, now);
        }
    }

    /// Does what is asked after it is written down; where nothing is, the retirement may go on at once.
    fn act(&mut self, which: usize, effects: &[Effect], circumstances: &Circumstances, now: Timestamp) {
        let act = effects.iter().find(|effect| !matches!(effect, Effect::Tell(_)));
        let is_stuck = self.states.get(which).is_none_or(|state| state.standing.trouble.is_some());
        match act {
            Some(effect) => self.stage = Stage::Doing { which, effect: effect.clone() },
            None if is_stuck => self.next_job(circumstances, now),
            None => self.tick(which, circumstances, now),
        }
    }

    /// What holds for one; `None`: it is over.
    fn given(&self, which: usize, circumstances: &Circumstances, now: Timestamp) -> Option<Given> {
        let state = self.states.get(which).filter(|state| !state.is_over())?;
        let Circumstances { windows, protected, may_delete } = circumstances;
        let off = state.off();
        let is_planned = matches!(state.standing.phase, Phase::Planned { .. });
        let earliest = state.start.notice.after(now);
        Some(Given {
            is_protected: protected.contains(state.key()),
            is_open: windows.is_open(now, off),
            opens: is_planned.then(|| windows.opens(earliest, off)).flatten(),
            waits_for: self.waits_for(which),
            may_delete: *may_delete,
        })
    }

    /// The retirement of the same owner, or of the same user, that goes before this one.
    fn waits_for(&self, which: usize) -> Option<AccessKeyId> {
        let state = self.states.get(which)?;
        let is_before = |(place, other): &(usize, &State)| {
            let is_first = *place < which || !state.is_begun();
            let (start, its) = (&other.start, &state.start);
            let is_same =
                is_same_owner(&start.owner, &its.owner) || start.credential.user == its.credential.user;
            *place != which && is_first && other.is_begun() && is_same
        };
        self.states.iter().enumerate().find(is_before).map(|(_, other)| other.key().clone())
    }
}

/// `Team` and `team ` are one team.
fn is_same_owner(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

impl Kind {
    /// Whether somebody should look at it at once.
    pub fn is_urgent(self) -> bool {
        matches!(self, Self::OnFailed | Self::Drifted | Self::Needed | Self::Trouble)
    }
}
