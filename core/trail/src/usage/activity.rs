//! What one key or principal did, while it is being summed up.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rustc_hash::FxHashMap;

use super::{Action, ActionUse, Activity, PLACES_MAX, Places, Seen};
use crate::caller::{CallerKind, ClientFamily};

/// Text by number, each text once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    numbers: FxHashMap<Box<str>, u32>,
}

impl Names {
    pub(crate) fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(text.into(), number);
        number
    }

    /// The texts, by number.
    pub(crate) fn texts(&self) -> Vec<&str> {
        let mut texts: Vec<(u32, &str)> =
            self.numbers.iter().map(|(text, number)| (*number, &**text)).collect();
        texts.sort_unstable();
        texts.into_iter().map(|(_, text)| text).collect()
    }
}

/// How often and when, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeenSum {
    pub(crate) calls: u64,
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl SeenSum {
    pub(crate) fn once(time: i64) -> Self {
        Self { calls: 1, first: time, last: time }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.calls += other.calls;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    fn finish(self) -> Seen {
        Seen { calls: self.calls, first: instant(self.first), last: instant(self.last) }
    }
}

/// Seconds as an instant. The reader lets no time in that is out of range.
pub(crate) fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or_default()
}

/// What was called, and how it ended, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Outcome {
    pub(crate) source: u32,
    pub(crate) name: u32,
    pub(crate) error: Option<u32>,
}

/// What is kept of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) time: i64,
    pub(crate) outcome: Outcome,
    pub(crate) read_only: Option<bool>,
    pub(crate) write: bool,
    pub(crate) mfa: bool,
    pub(crate) kind: CallerKind,
    pub(crate) family: ClientFamily,
    pub(crate) workload: Option<&'a str>,
    pub(crate) address: Option<&'a str>,
    pub(crate) endpoint: Option<&'a str>,
    pub(crate) region: Option<&'a str>,
    pub(crate) agent: Option<&'a str>,
}

#[derive(Clone, Copy, Debug)]
struct OutcomeSum {
    seen: SeenSum,
    read_only: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ActivitySum {
    outcomes: FxHashMap<Outcome, OutcomeSum>,
    writes: u64,
    with_mfa: u64,
    callers: FxHashMap<(CallerKind, ClientFamily), SeenSum>,
    days: FxHashMap<i32, u32>,
    addresses: PlacesSum,
    endpoints: PlacesSum,
    regions: PlacesSum,
    agents: PlacesSum,
    workloads: PlacesSum,
}

impl ActivitySum {
    pub(crate) fn add(&mut self, call: &Call<'_>) {
        let seen = SeenSum::once(call.time);
        self.outcome(call.outcome, OutcomeSum { seen, read_only: call.read_only == Some(true) });
        self.writes += u64::from(call.write);
        self.with_mfa += u64::from(call.mfa);
        add_seen(&mut self.callers, (call.kind, call.family), seen);
        *self.days.entry(day(call.time)).or_default() += 1;
        self.addresses.add(call.address, seen);
        self.endpoints.add(call.endpoint, seen);
        self.regions.add(call.region, seen);
        self.agents.add(call.agent, seen);
        self.workloads.add(call.workload, seen);
    }

    /// Takes in another sum whose numbers mean what `renumber` says.
    pub(crate) fn merge(&mut self, other: Self, renumber: &[u32]) {
        let number = |old: u32| renumber.get(old as usize).copied().unwrap_or(old);
        other.outcomes.into_iter().for_each(|(old, sum)| {
            let (source, name) = (number(old.source), number(old.name));
            self.outcome(Outcome { source, name, error: old.error.map(number) }, sum);
        });
        self.writes += other.writes;
        self.with_mfa += other.with_mfa;
        other.callers.into_iter().for_each(|(caller, seen)| add_seen(&mut self.callers, caller, seen));
        other.days.into_iter().for_each(|(day, calls)| *self.days.entry(day).or_default() += calls);
        self.addresses.merge(other.addresses);
        self.endpoints.merge(other.endpoints);
        self.regions.merge(other.regions);
        self.agents.merge(other.agents);
        self.workloads.merge(other.workloads);
    }

    fn outcome(&mut self, outcome: Outcome, sum: OutcomeSum) {
        self.outcomes
            .entry(outcome)
            .and_modify(|known| {
                known.seen.merge(sum.seen);
                known.read_only &= sum.read_only;
            })
            .or_insert(sum);
    }

    /// The activity; `None` when nothing was done.
    pub(crate) fn finish(self, names: &[&str]) -> Option<Activity> {
        let whole = self.outcomes.values().map(|sum| sum.seen).reduce(merged)?;
        let success = self.outcomes.iter().filter(|(outcome, _)| outcome.error.is_none());
        let success = success.map(|(_, sum)| sum.seen).reduce(merged);
        let (mut callers, mut families) = (BTreeMap::new(), BTreeMap::new());
        self.callers.into_iter().for_each(|((kind, family), seen)| {
            add_finished(&mut callers, kind, seen);
            add_finished(&mut families, family, seen);
        });
        Some(Activity {
            first: instant(whole.first),
            last: instant(whole.last),
            last_success: success.map(|seen| instant(seen.last)),
            calls: whole.calls,
            succeeded: success.map_or(0, |seen| seen.calls),
            writes: self.writes,
            errors: errors(&self.outcomes, names),
            actions: actions(&self.outcomes, names),
            addresses: self.addresses.finish(),
            vpc_endpoints: self.endpoints.finish(),
            regions: self.regions.finish(),
            agents: self.agents.finish(),
            callers,
            families,
            workloads: self.workloads.finish(),
            days: self.days.into_iter().collect(),
            with_mfa: self.with_mfa,
        })
    }
}

/// Days since 1970-01-01 (UTC).
pub(crate) fn day(time: i64) -> i32 {
    time.div_euclid(86_400) as i32
}

fn merged(mut one: SeenSum, other: SeenSum) -> SeenSum {
    one.merge(other);
    one
}

fn add_seen<K: std::hash::Hash + Eq>(map: &mut FxHashMap<K, SeenSum>, key: K, seen: SeenSum) {
    map.entry(key).and_modify(|known| known.merge(seen)).or_insert(seen);
}

fn add_finished<K: Ord>(map: &mut BTreeMap<K, Seen>, key: K, seen: SeenSum) {
    let seen = seen.finish();
    map.entry(key).and_modify(|known| known.merge(seen)).or_insert(seen);
}

impl Seen {
    fn merge(&mut self, other: Self) {
        self.calls += other.calls;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

fn errors(outcomes: &FxHashMap<Outcome, OutcomeSum>, names: &[&str]) -> BTreeMap<String, u64> {
    let mut errors = BTreeMap::new();
    outcomes.iter().for_each(|(outcome, sum)| {
        if let Some(error) = outcome.error {
            *errors.entry(text(names, error)).or_default() += sum.seen.calls;
        }
    });
    errors
}

fn actions(outcomes: &FxHashMap<Outcome, OutcomeSum>, names: &[&str]) -> BTreeMap<Action, ActionUse> {
    let mut actions: BTreeMap<Action, ActionUse> = BTreeMap::new();
    outcomes.iter().for_each(|(outcome, sum)| {
        let source = names.get(outcome.source as usize).copied().unwrap_or_default();
        let service = source.strip_suffix(".amazonaws.com").unwrap_or(source).to_owned();
        let seen = sum.seen.finish();
        let action = actions
            .entry(Action { service, name: text(names, outcome.name) })
            .and_modify(|action| {
                action.calls += seen.calls;
                action.read_only &= sum.read_only;
                action.first = action.first.min(seen.first);
                action.last = action.last.max(seen.last);
            })
            .or_insert_with(|| ActionUse {
                calls: seen.calls,
                succeeded: 0,
                read_only: sum.read_only,
                first: seen.first,
                last: seen.last,
                success: None,
                errors: BTreeMap::new(),
            });
        match outcome.error {
            Some(error) => {
                action.errors.entry(text(names, error)).and_modify(|known| known.merge(seen)).or_insert(seen);
            }
            None => {
                action.succeeded += seen.calls;
                action.success = Some(action.success.map_or(seen, |mut known| {
                    known.merge(seen);
                    known
                }));
            }
        }
    });
    actions
}

fn text(names: &[&str], number: u32) -> String {
    names.get(number as usize).copied().unwrap_or_default().to_owned()
}

/// Places, bounded: the [`PLACES_MAX`] first ones in order of their names stay. A place that was dropped has that many
/// smaller ones before it for good, so what is kept and counted does not depend on the order of events.
#[derive(Clone, Debug, Default)]
struct PlacesSum {
    seen: FxHashMap<Box<str>, SeenSum>,
    beyond: u64,
}

impl PlacesSum {
    fn add(&mut self, place: Option<&str>, seen: SeenSum) {
        let Some(place) = place else { return };
        match self.seen.get_mut(place) {
            Some(known) => known.merge(seen),
            None => self.insert(place.into(), seen),
        }
    }

    fn insert(&mut self, place: Box<str>, seen: SeenSum) {
        add_seen(&mut self.seen, place, seen);
        if self.seen.len() > 2 * PLACES_MAX {
            self.prune();
        }
    }

    fn merge(&mut self, other: Self) {
        self.beyond += other.beyond;
        other.seen.into_iter().for_each(|(place, seen)| self.insert(place, seen));
    }

    fn prune(&mut self) {
        if self.seen.len() <= PLACES_MAX {
            return;
        }
        let mut places: Vec<(Box<str>, SeenSum)> = self.seen.drain().collect();
        places.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let dropped = places.split_off(PLACES_MAX);
        self.beyond += dropped.iter().map(|(_, seen)| seen.calls).sum::<u64>();
        self.seen = places.into_iter().collect();
    }

    fn finish(mut self) -> Places {
        self.prune();
        let seen = self.seen.into_iter().map(|(place, seen)| (place.into(), seen.finish())).collect();
        Places { seen, beyond: self.beyond }
    }
}
