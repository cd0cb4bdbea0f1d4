//! When a trail says nothing of an account, or of a part of it of which it usually does: what was done then is not known.

use std::collections::BTreeSet;

use kagimori_id::AccountId;
use serde::Serialize;

use super::{DAY, Sight, View};
use crate::history::Made;

/// So many times its usual distance between days with events an account is silent, where its trail is taken to have a gap.
const SILENCE_TIMES: i64 = 3;

/// A part of an account is told of by fewer calls: so many times the distance that nine of ten stay within.
const PART_TIMES: i64 = 5;
/// On so many days something of a part has to be heard before its silence says anything.
const PART_DAYS: usize = 14;

/// Days in a row of which a trail holds no event of an account, and nothing proves that there was none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "two days, and of what")]
pub struct Silence {
    /// The first of them, since 1970-01-01.
    pub first: i64,
    /// The last of them.
    pub last: i64,
    /// Something of them was given and could not be read.
    pub is_unread: bool,
    /// Of what.
    pub part: Part,
}

/// What of an account a trail is silent of. Regions are folders of a trail's files, and are lost one at a time; a selector that leaves
/// management events out, or those that write, makes a trail deaf to them (CloudTrail User Guide, *Logging management events*).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is told to people in its own words")]
pub enum Part {
    /// All of it.
    #[default]
    All,
    /// Every event of a Region.
    Region(Box<str>),
    /// Every management event.
    Management,
    /// Every management event that writes.
    Writes,
}

impl Silence {
    /// How many days.
    pub fn days(&self) -> i64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }
}

/// How many days these are: those of which two parts are silent count once.
pub fn days_of(silences: &[Silence]) -> i64 {
    let days: BTreeSet<i64> = silences.iter().flat_map(|silence| silence.first..=silence.last).collect();
    i64::try_from(days.len()).unwrap_or(i64::MAX)
}

impl Sight {
    /// When an account is silent for much longer than it usually is, from one instant to another, in seconds: what was done there
    /// then is not known, and nothing counts as not used. Before the trail's first event there is no trail, and no silence; an
    /// account of which it holds no event at all is silent all the time. Days of which something could not be read are among them.
    pub fn silences(&self, account: AccountId, from: i64, until: i64) -> Vec<Silence> {
        let mut silences = self.unread_days(account, from, until);
        let whole = self.unheard(account, from, until);
        let parts = self.unheard_parts(account, from, until);
        let is_told = |one: &Silence| whole.iter().any(|all| all.first <= one.first && one.last <= all.last);
        let parts: Vec<Silence> = parts.into_iter().filter(|one| !is_told(one)).collect();
        silences.extend(whole);
        silences.extend(parts);
        silences
    }

    fn unheard(&self, account: AccountId, from: i64, until: i64) -> Vec<Silence> {
        let until = until.div_euclid(DAY);
        let first = self.first_day();
        let begin = first.map_or(from.div_euclid(DAY), |first| from.div_euclid(DAY).max(first));
        let nothing = View::default();
        let view = self.accounts.get(&account).unwrap_or(&nothing);
        let days: Vec<i64> = view.days.range(begin..until.max(begin)).copied().collect();
        let mut usual: Vec<i64> =
            days.iter().zip(days.iter().skip(1)).map(|(one, next)| next.saturating_sub(*one)).collect();
        usual.sort_unstable();
        // Of an account that was heard once nobody knows how often it usually is.
        let most = match (days.len(), usual.get(usual.len() / 2)) {
            (0, _) => 0,
            (_, Some(usual)) => usual.saturating_mul(SILENCE_TIMES),
            (_, None) => return Vec::new(),
        };
        let is_long = |silence: &Silence| silence.days() > most;
        let starts = std::iter::once(begin.saturating_sub(1)).chain(days.iter().copied());
        let ends = days.iter().copied().chain([until]);
        starts.zip(ends).flat_map(|(one, next)| view.undelivered(one, next)).filter(is_long).collect()
    }

    /// The days of a window, in seconds, of which something was given and could not be read.
    pub fn unread_days(&self, account: AccountId, from: i64, until: i64) -> Vec<Silence> {
        let (first, last) = (from.div_euclid(DAY), until.saturating_sub(1).div_euclid(DAY));
        let all: BTreeSet<Option<i64>> = self.unread_of(account).collect();
        if all.contains(&None) {
            return vec![Silence { first, last, is_unread: true, part: Part::All }];
        }
        let mut silences = Vec::<Silence>::new();
        for day in all.into_iter().flatten().filter(|day| (first..=last).contains(day)) {
            match silences.last_mut() {
                Some(silence) if silence.last.saturating_add(1) == day => silence.last = day,
                _ => silences.push(Silence { first: day, last: day, is_unread: true, part: Part::All }),
            }
        }
        silences
    }

    fn unheard_parts(&self, account: AccountId, from: i64, until: i64) -> Vec<Silence> {
        let (from, until) = (from.div_euclid(DAY), until.div_euclid(DAY));
        let view = self.accounts.get(&account);
        let mut found: Vec<Silence> = Vec::new();
        for (part, days) in view.into_iter().flat_map(|view| &view.parts) {
            let is_covered = |one: &Silence| {
                let covers = |all: &Silence| all.first <= one.first && one.last <= all.last;
                *part == Part::Writes && found.iter().any(|all| all.part == Part::Management && covers(all))
            };
            let own = view.map(|view| view.quiet(days, from, until)).unwrap_or_default();
            let new: Vec<Silence> = own
                .into_iter()
                .filter(|one| !is_covered(one))
                .map(|one| Silence { part: part.clone(), ..one })
                .collect();
            found.extend(new);
        }
        found
    }

    /// How many days that is.
    pub fn silent_days(&self, account: AccountId, from: i64, until: i64) -> i64 {
        days_of(&self.silences(account, from, until))
    }
}

impl View {
    /// Notes that something was heard.
    pub(super) fn hear(&mut self, made: &Made<'_>) {
        let day = made.first.div_euclid(DAY);
        self.days.insert(day);
        let mut hear = |part: Part| {
            self.parts.entry(part).or_default().insert(day);
        };
        made.region.into_iter().for_each(|region| hear(Part::Region(region.into())));
        if !made.is_data {
            hear(Part::Management);
            if made.read_only == Some(false) {
                hear(Part::Writes);
            }
        }
    }

    /// The silences of a part in a window of days, which begin after its first event.
    fn quiet(&self, days: &BTreeSet<i64>, from: i64, until: i64) -> Vec<Silence> {
        let gap = |(one, next): (&i64, &i64)| next.saturating_sub(*one);
        let mut usual: Vec<i64> = days.iter().zip(days.iter().skip(1)).map(gap).collect();
        usual.sort_unstable();
        let most = usual.get(usual.len().saturating_mul(9) / 10).copied();
        let Some(most) = most.filter(|_| days.len() >= PART_DAYS) else { return Vec::new() };
        let is_long = |silence: &Silence| silence.days() > most.saturating_mul(PART_TIMES);
        let ends = days.iter().skip(1).copied().chain([until]);
        let gaps = days.iter().copied().zip(ends).flat_map(|(one, next)| self.undelivered(one, next));
        let within =
            |one: Silence| Silence { first: one.first.max(from), last: one.last.min(until - 1), ..one };
        gaps.filter(is_long).map(within).filter(|one| one.first <= one.last).collect()
    }

    /// The days between two of which nothing was delivered.
    pub(super) fn undelivered(&self, after: i64, before: i64) -> Vec<Silence> {
        let begin = after.saturating_add(1);
        if begin >= before {
            return Vec::new();
        }
        let (mut silences, mut first) = (Vec::new(), begin);
        for end in self.delivered.range(begin..before).copied().chain([before]) {
            if end > first {
                silences.push(Silence {
                    first,
                    last: end.saturating_sub(1),
                    is_unread: false,
                    part: Part::All,
                });
            }
            first = end.saturating_add(1);
        }
        silences
    }
}
