//! Which accounts, regions and days a trail covers, and where there are holes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kagimori_id::AccountId;
use kagimori_trail::selection::Selection;
use kagimori_trail::usage;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::parts::day_text;

/// Events of an account in a region on a day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Cover {
    pub(crate) account: String,
    pub(crate) region: String,
    /// Days since 1970-01-01 UTC.
    pub(crate) day: i32,
    pub(crate) events: u64,
    /// How many of them are data events.
    pub(crate) data_events: u64,
    /// The first, in seconds.
    pub(crate) first: i64,
    /// The last, in seconds.
    pub(crate) last: i64,
}

/// Covers while they are summed up.
#[derive(Debug, Default)]
pub(crate) struct CoverSum {
    cells: FxHashMap<(u32, i32), Cover>,
    places: FxHashMap<(Box<str>, Box<str>), u32>,
    /// The place of the event before: most events come from the same file, and so from the same place.
    last: Option<(Box<str>, Box<str>, u32)>,
}

impl CoverSum {
    /// Counts an event.
    pub(crate) fn add(&mut self, account: &str, region: &str, time: i64, is_data: bool) {
        let day = day_of(time);
        let place = self.place(account, region);
        let cell = self.cells.entry((place, day)).or_insert_with(|| Cover {
            account: account.to_owned(),
            region: region.to_owned(),
            day,
            events: 0,
            data_events: 0,
            first: time,
            last: time,
        });
        cell.events += 1;
        cell.data_events += u64::from(is_data);
        cell.first = cell.first.min(time);
        cell.last = cell.last.max(time);
    }

    fn place(&mut self, account: &str, region: &str) -> u32 {
        if let Some((known_account, known_region, place)) = &self.last
            && **known_account == *account
            && **known_region == *region
        {
            return *place;
        }
        let next = self.places.len() as u32;
        let place = *self.places.entry((account.into(), region.into())).or_insert(next);
        self.last = Some((account.into(), region.into(), place));
        place
    }

    /// Takes in another sum.
    pub(crate) fn merge(&mut self, other: Self) {
        for cover in other.finish() {
            let place = self.place(&cover.account, &cover.region);
            match self.cells.get_mut(&(place, cover.day)) {
                Some(cell) => cell.merge(&cover),
                None => drop(self.cells.insert((place, cover.day), cover)),
            }
        }
    }

    /// The covers, sorted.
    pub(crate) fn finish(self) -> Vec<Cover> {
        let mut covers: Vec<Cover> = self.cells.into_values().collect();
        covers.sort();
        covers
    }
}

impl Cover {
    /// Whether a question is about events of this account on this day.
    pub(crate) fn is_of(&self, selection: &Selection) -> bool {
        selection.wants_account(Some(&self.account)) && in_days(self.day, selection)
    }

    fn merge(&mut self, other: &Self) {
        self.events += other.events;
        self.data_events += other.data_events;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// Days since 1970-01-01 UTC.
pub(crate) fn day_of(time: i64) -> i32 {
    i32::try_from(time.div_euclid(86_400)).unwrap_or_default()
}

/// Whether a question may be about events of a day.
pub(crate) fn in_days(day: i32, selection: &Selection) -> bool {
    let day = i64::from(day);
    selection.since.is_none_or(|since| day >= since.div_euclid(86_400))
        && selection.until.is_none_or(|until| day <= (until - 1).div_euclid(86_400))
}

/// Whether a question about times alone is about all of a day.
pub(crate) fn is_whole_day(day: i32, selection: &Selection) -> bool {
    let begin = i64::from(day).saturating_mul(86_400);
    let end = begin.saturating_add(86_400);
    let is_of_time_alone = Selection { since: None, until: None, ..selection.clone() }.is_all();
    is_of_time_alone
        && selection.since.is_none_or(|since| since <= begin)
        && selection.until.is_none_or(|until| until >= end)
}

/// The coverage of each account, as usage tells it.
pub(crate) fn by_account<'a>(
    counted: impl Iterator<Item = &'a Cover>,
) -> BTreeMap<AccountId, usage::Coverage> {
    let mut accounts: BTreeMap<AccountId, (Cover, BTreeSet<i32>)> = BTreeMap::new();
    for cover in counted {
        let Ok(account) = AccountId::parse(&cover.account) else { continue };
        let (sum, days) = accounts
            .entry(account)
            .or_insert_with(|| (Cover { events: 0, data_events: 0, ..cover.clone() }, BTreeSet::new()));
        sum.merge(cover);
        days.insert(cover.day);
    }
    let instant = |seconds| Timestamp::from_second(seconds).unwrap_or_default();
    let finish = |(sum, days): (Cover, BTreeSet<i32>)| usage::Coverage {
        first: instant(sum.first),
        last: instant(sum.last),
        events: sum.events,
        days: u32::try_from(days.len()).unwrap_or(u32::MAX),
        data_events: sum.data_events > 0,
    };
    accounts.into_iter().map(|(account, sum)| (account, finish(sum))).collect()
}

/// What a lake covers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Coverage {
    /// The first day with an event, `2026-03-01`.
    pub first: Option<String>,
    /// The last day with an event.
    pub last: Option<String>,
    /// By account and region.
    pub regions: Vec<RegionCoverage>,
    /// Accounts with events, and none in the days that were asked for.
    pub silent: Vec<String>,
}

/// What a lake covers of a region of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RegionCoverage {
    /// `recipientAccountId`; empty when events do not tell it.
    pub account: String,
    /// `awsRegion`.
    pub region: String,
    /// The first day with an event.
    pub first: String,
    /// The last day with an event.
    pub last: String,
    /// The instant of the first event: its day is covered from then on only, as far as anybody knows.
    pub first_event: Timestamp,
    /// The instant of the last event.
    pub last_event: Timestamp,
    /// Days with an event.
    pub days: usize,
    /// Events.
    pub events: u64,
    /// Days without an event of those that were asked for, else between the first and the last of the account's: a hole, or a quiet
    /// day.
    pub holes: Vec<Hole>,
}

/// Days in a row without an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Hole {
    /// The first of them.
    pub first: String,
    /// The last of them.
    pub last: String,
    /// How many.
    pub days: i32,
}

/// The coverage of what was counted, in the days that a question is about.
pub(crate) fn coverage<'a>(counted: impl Iterator<Item = &'a Cover>, selection: &Selection) -> Coverage {
    let mut cells: BTreeMap<(&str, &str), BTreeMap<i32, Cover>> = BTreeMap::new();
    let mut accounts: BTreeMap<&str, BTreeSet<i32>> = BTreeMap::new();
    for cover in counted.filter(|cover| selection.wants_account(Some(&cover.account))) {
        let days = accounts.entry(&cover.account).or_default();
        if cover.is_of(selection) {
            days.insert(cover.day);
            let cells = cells.entry((&cover.account, &cover.region)).or_default();
            // A lake has one for each batch that brought events of the day.
            match cells.get_mut(&cover.day) {
                Some(cell) => cell.merge(cover),
                None => drop(cells.insert(cover.day, cover.clone())),
            }
        }
    }
    let regions = cells.iter().filter_map(|((account, region), cells)| {
        let own: BTreeSet<i32> = cells.keys().copied().collect();
        let (first, last) = (*own.first()?, *own.last()?);
        let instant = |seconds| Timestamp::from_second(seconds).unwrap_or_default();
        Some(RegionCoverage {
            account: (*account).to_owned(),
            region: (*region).to_owned(),
            first: day_text(first),
            last: day_text(last),
            first_event: instant(cells.values().map(|cover| cover.first).min()?),
            last_event: instant(cells.values().map(|cover| cover.last).max()?),
            days: own.len(),
            events: cells.values().map(|cover| cover.events).sum(),
            holes: holes(&own, window(accounts.get(account)?, selection)?),
        })
    });
    let days = || accounts.values().flatten().copied();
    Coverage {
        first: days().min().map(day_text),
        last: days().max().map(day_text),
        regions: regions.collect(),
        silent: accounts.iter().filter(|(_, days)| days.is_empty()).map(|(one, _)| one.to_string()).collect(),
    }
}

/// The first and the last day that should have events of an account: those that were asked for, else its own.
fn window(days: &BTreeSet<i32>, selection: &Selection) -> Option<(i32, i32)> {
    let first = selection.since.map_or(days.first().copied(), |since| Some(day_of(since)));
    let last = selection.until.map_or(days.last().copied(), |until| Some(day_of(until.saturating_sub(1))));
    first.zip(last)
}

fn holes(days: &BTreeSet<i32>, (first, last): (i32, i32)) -> Vec<Hole> {
    let before = std::iter::once(first.saturating_sub(1)).chain(days.iter().copied());
    let after = days.iter().copied().chain([last.saturating_add(1)]);
    before
        .zip(after)
        .filter(|(before, after)| after - before > 1)
        .map(|(before, after)| Hole {
            first: day_text(before + 1),
            last: day_text(after - 1),
            days: after - before - 1,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_about_an_account_and_days() {
        let cover = |day| Cover {
            account: "111122223333".to_owned(),
            region: String::new(),
            day,
            events: 1,
            data_events: 0,
            first: 0,
            last: 0,
        };
        let days = |since, until| Selection { since, until, ..Selection::default() };
        let of = |account| Selection { account: AccountId::parse(account).ok(), ..Selection::default() };
        let about =
            |selection: Selection| (0..4).filter(|day| cover(*day).is_of(&selection)).collect::<Vec<_>>();
        assert_eq!(about(Selection::default()), [0, 1, 2, 3]);
        assert_eq!(about(of("111122223333")), [0, 1, 2, 3]);
        assert_eq!(about(of("444455556666")), [0; 0]);
        assert_eq!(about(days(Some(86_400), None)), [1, 2, 3]);
        assert_eq!(about(days(Some(86_400), Some(2 * 86_400))), [1]);
        assert_eq!(about(days(None, Some(2 * 86_400 + 1))), [0, 1, 2]);
    }

    #[test]
    fn holes_are_between_days_with_events() {
        let cover = |region: &str, day| Cover {
            account: "111122223333".to_owned(),
            region: region.to_owned(),
            day,
            events: 2,
            data_events: 0,
            first: 0,
            last: 0,
        };
        let counted =
            [cover("us-east-1", 0), cover("us-east-1", 0), cover("us-east-1", 3), cover("eu-west-1", 1)];
        let coverage = coverage(counted.iter(), &Selection::default());
        assert_eq!(
            (coverage.first.as_deref(), coverage.last.as_deref()),
            (Some("1970-01-01"), Some("1970-01-04"))
        );
        let of = |index: usize| {
            let region = &coverage.regions[index];
            (region.region.as_str(), region.days, region.events, region.holes.len())
        };
        assert_eq!(of(0), ("eu-west-1", 1, 2, 2));
        assert_eq!(of(1), ("us-east-1", 2, 6, 1));
        assert_eq!(coverage.regions[1].holes[0].days, 2);
    }

    /// Midnight UTC ends a day; what was asked for and what the account's other Regions show are the edges.
    #[test]
    fn the_edges_of_a_window_are_holes_too() {
        let mut sum = CoverSum::default();
        let day = 86_400;
        sum.add("111122223333", "us-east-1", 2 * day - 1, false);
        sum.add("111122223333", "us-east-1", 2 * day, false);
        sum.add("111122223333", "eu-west-1", 4 * day + 9, true);
        sum.add("444455556666", "us-east-1", 9 * day, false);
        let covers = sum.finish();
        let day_of = |date: &str| date.rsplit('-').next().unwrap_or_default().to_owned();
        let told = |since: Option<i64>, until: Option<i64>| {
            let selection = Selection { since, until, ..Selection::default() };
            let coverage = coverage(covers.iter(), &selection);
            let of = |region: &RegionCoverage| {
                let holes: Vec<String> = region
                    .holes
                    .iter()
                    .map(|hole| format!("{}..{}", day_of(&hole.first), day_of(&hole.last)))
                    .collect();
                format!("{} {} {}", region.region, region.days, holes.join(" "))
            };
            (coverage.regions.iter().map(of).collect::<Vec<_>>(), coverage.silent)
        };
        let (regions, silent) = told(None, None);
        assert_eq!(regions, ["eu-west-1 1 02..04", "us-east-1 2 04..05", "us-east-1 1 "]);
        assert!(silent.is_empty());
        let (regions, silent) = told(Some(day), Some(7 * day));
        assert_eq!(regions, ["eu-west-1 1 02..04 06..07", "us-east-1 2 04..07"]);
        assert_eq!(silent, ["444455556666"]);
        // a second before midnight is the day before
        let (regions, _) = told(Some(2 * day), Some(3 * day));
        assert_eq!(regions, ["us-east-1 1 "]);
        let whole = coverage(covers.iter(), &Selection::default());
        let first = &whole.regions[1];
        assert_eq!((first.region.as_str(), first.first.as_str()), ("us-east-1", "1970-01-02"));
        assert_eq!(first.first_event.to_string(), "1970-01-02T23:59:59Z");
    }
}
