//! What one key or principal did, while it is being summed up.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rustc_hash::FxHashMap;

use super::{Action, ActionUse, Activity, PLACES_MAX, Places, Seen};
use crate::caller::{CallerKind, ClientFamily};
use crate::sorted::Sorted;

/// Texts by number, each text once: places and names repeat, and numbers are quick to look up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    numbers: FxHashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Names {
    pub(crate) fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let (text, number) = (Arc::<str>::from(text), self.texts.len() as u32);
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    pub(crate) fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", |text| text)
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The texts, by number.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
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

/// What is kept of one call; places by their numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) time: i64,
    pub(crate) outcome: Outcome,
    pub(crate) read_only: Option<bool>,
    pub(crate) write: bool,
    pub(crate) mfa: bool,
    pub(crate) place: Place,
}

/// From where was called, by number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) kind: CallerKind,
    pub(crate) family: ClientFamily,
    pub(crate) workload: Option<u32>,
    pub(crate) address: Option<u32>,
    pub(crate) endpoint: Option<u32>,
    pub(crate) region: Option<u32>,
    pub(crate) agent: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct OutcomeSum {
    seen: SeenSum,
    read_only: bool,
}

/// The calls of one day, and those of them that failed.
#[derive(Clone, Copy, Debug, Default)]
struct DaySum {
    calls: u32,
    failed: u32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ActivitySum {
    outcomes: FxHashMap<Outcome, OutcomeSum>,
    writes: u64,
    with_mfa: u64,
    callers: FxHashMap<(CallerKind, ClientFamily), SeenSum>,
    days: FxHashMap<i32, DaySum>,
    addresses: PlacesSum,
    endpoints: PlacesSum,
    regions: PlacesSum,
    agents: PlacesSum,
    workloads: PlacesSum,
}

impl ActivitySum {
    pub(crate) fn add(&mut self, call: &Call, names: &Names) {
        let seen = SeenSum::once(call.time);
        self.add_called(call.outcome, seen, call.read_only == Some(true), call.write);
        self.add_from(&call.place, seen, call.mfa, names);
    }

    /// Adds what was called: calls of one day.
    pub(crate) fn add_called(&mut self, outcome: Outcome, seen: SeenSum, read_only: bool, write: bool) {
        self.outcome(outcome, OutcomeSum { seen, read_only });
        self.writes += if write { seen.calls } else { 0 };
        let calls = u32::try_from(seen.calls).unwrap_or(u32::MAX);
        let failed = if outcome.error.is_some() { calls } else { 0 };
        self.days.entry(day(seen.first)).or_default().merge(DaySum { calls, failed });
    }

    /// Adds from where was called.
    pub(crate) fn add_from(&mut self, from: &Place, seen: SeenSum, mfa: bool, names: &Names) {
        self.with_mfa += if mfa { seen.calls } else { 0 };
        add_seen(&mut self.callers, (from.kind, from.family), seen);
        self.addresses.add(from.address, seen, names);
        self.endpoints.add(from.endpoint, seen, names);
        self.regions.add(from.region, seen, names);
        self.agents.add(from.agent, seen, names);
        self.workloads.add(from.workload, seen, names);
    }

    /// Adds that a call was made with MFA, which its session does not tell.
    pub(crate) fn add_mfa(&mut self) {
        self.with_mfa += 1;
    }

    /// The same sum under other numbers.
    pub(crate) fn renumbered(self, number: &mut impl FnMut(u32) -> u32) -> Self {
        let mut outcomes = FxHashMap::default();
        self.outcomes.into_iter().for_each(|(old, sum)| {
            let (source, name) = (number(old.source), number(old.name));
            outcomes.insert(Outcome { source, name, error: old.error.map(&mut *number) }, sum);
        });
        Self {
            outcomes,
            addresses: self.addresses.renumbered(number),
            endpoints: self.endpoints.renumbered(number),
            regions: self.regions.renumbered(number),
            agents: self.agents.renumbered(number),
            workloads: self.workloads.renumbered(number),
            ..self
        }
    }

    /// Takes in another sum of the same numbers.
    pub(crate) fn merge(&mut self, other: Self, names: &Names) {
        other.outcomes.into_iter().for_each(|(outcome, sum)| self.outcome(outcome, sum));
        self.writes += other.writes;
        self.with_mfa += other.with_mfa;
        other.callers.into_iter().for_each(|(caller, seen)| add_seen(&mut self.callers, caller, seen));
        other.days.into_iter().for_each(|(day, sum)| self.days.entry(day).or_default().merge(sum));
        self.addresses.merge(other.addresses, names);
        self.endpoints.merge(other.endpoints, names);
        self.regions.merge(other.regions, names);
        self.agents.merge(other.agents, names);
        self.workloads.merge(other.workloads, names);
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
    pub(crate) fn finish(self, names: &Names) -> Option<Activity> {
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
            errors: errors(&self.outcomes, names).into(),
            actions: actions(&self.outcomes, names),
            addresses: self.addresses.finish(names),
            vpc_endpoints: self.endpoints.finish(names),
            regions: self.regions.finish(names),
            agents: self.agents.finish(names),
            callers: callers.into(),
            families: families.into(),
            workloads: self.workloads.finish(names),
            failed_days: self
                .days
                .iter()
                .filter(|(_, sum)| sum.failed > 0)
                .map(|(d, s)| (*d, s.failed))
                .collect(),
            days: self.days.into_iter().map(|(day, sum)| (day, sum.calls)).collect(),
            with_mfa: self.with_mfa,
        })
    }
}

impl DaySum {
    fn merge(&mut self, other: Self) {
        self.calls += other.calls;
        self.failed += other.failed;
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

fn errors(outcomes: &FxHashMap<Outcome, OutcomeSum>, names: &Names) -> BTreeMap<String, u64> {
    let mut errors = BTreeMap::new();
    outcomes.iter().for_each(|(outcome, sum)| {
        if let Some(error) = outcome.error {
            *errors.entry(names.text(error).to_owned()).or_default() += sum.seen.calls;
        }
    });
    errors
}

fn actions(outcomes: &FxHashMap<Outcome, OutcomeSum>, names: &Names) -> Sorted<Action, ActionUse> {
    let mut actions: BTreeMap<(&str, &str), ActionSum<'_>> = BTreeMap::new();
    outcomes.iter().for_each(|(outcome, sum)| {
        let source = names.text(outcome.source);
        let service = source.strip_suffix(".amazonaws.com").unwrap_or(source);
        let action = actions.entry((service, names.text(outcome.name))).or_default();
        action.is_written |= !sum.read_only;
        match outcome.error {
            Some(error) => add_finished(&mut action.errors, names.text(error), sum.seen),
            None => action.success = Some(both(action.success, sum.seen.finish())),
        }
    });
    let action =
        |(service, name): (&str, &str)| Action { service: service.to_owned(), name: name.to_owned() };
    actions.into_iter().filter_map(|(called, sum)| Some((action(called), sum.finish()?))).collect()
}

fn both(one: Option<Seen>, mut other: Seen) -> Seen {
    one.into_iter().for_each(|one| other.merge(one));
    other
}

/// An action by how it ended.
#[derive(Default)]
struct ActionSum<'n> {
    success: Option<Seen>,
    errors: BTreeMap<&'n str, Seen>,
    /// A call of it did not only read.
    is_written: bool,
}

impl ActionSum<'_> {
    /// `None`: there was no call.
    fn finish(self) -> Option<ActionUse> {
        let success = self.success;
        let whole =
            self.errors.values().copied().chain(success).reduce(|one, other| both(Some(one), other))?;
        Some(ActionUse {
            calls: whole.calls,
            succeeded: success.map_or(0, |seen| seen.calls),
            read_only: !self.is_written,
            first: whole.first,
            last: whole.last,
            success,
            errors: self.errors.into_iter().map(|(error, seen)| (error.to_owned(), seen)).collect(),
        })
    }
}

/// Places, bounded: the [`PLACES_MAX`] first ones in order of their names stay. A place that was dropped has that many
/// smaller ones before it for good, so what is kept and counted does not depend on the order of events.
#[derive(Clone, Debug, Default)]
struct PlacesSum {
    seen: FxHashMap<u32, SeenSum>,
    beyond: u64,
}

impl PlacesSum {
    fn add(&mut self, place: Option<u32>, seen: SeenSum, names: &Names) {
        let Some(place) = place else { return };
        add_seen(&mut self.seen, place, seen);
        if self.seen.len() > 2 * PLACES_MAX {
            self.prune(names);
        }
    }

    fn renumbered(self, number: &mut impl FnMut(u32) -> u32) -> Self {
        let seen = self.seen.into_iter().map(|(place, seen)| (number(place), seen)).collect();
        Self { seen, beyond: self.beyond }
    }

    fn merge(&mut self, other: Self, names: &Names) {
        self.beyond += other.beyond;
        other.seen.into_iter().for_each(|(place, seen)| self.add(Some(place), seen, names));
    }

    fn prune(&mut self, names: &Names) {
        if self.seen.len() <= PLACES_MAX {
            return;
        }
        let mut places: Vec<(u32, SeenSum)> = self.seen.drain().collect();
        places.sort_unstable_by_key(|(place, _)| names.text(*place));
        let dropped = places.split_off(PLACES_MAX);
        self.beyond += dropped.iter().map(|(_, seen)| seen.calls).sum::<u64>();
        self.seen = places.into_iter().collect();
    }

    fn finish(mut self, names: &Names) -> Places {
        self.prune(names);
        let seen = self.seen.into_iter().map(|(place, seen)| (names.text(place).to_owned(), seen.finish()));
        Places { seen: seen.collect(), beyond: self.beyond }
    }
}
