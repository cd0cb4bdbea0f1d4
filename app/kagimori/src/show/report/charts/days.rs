//! The days that the charts span, and the dates under them.

use jiff::Timestamp;
use kagimori_trail::Usage;

use crate::show::html::{Html, html};
use crate::show::numbers::day as date_of;

/// More days than this are not drawn: the last ones are.
const DAYS_MAX: i32 = 400;
/// A trail may be read so long after the instant of the review; what is later is a clock gone wrong.
const LATER_MAX: i32 = 31;
/// Dates that are written under a chart, at most.
const DATES_MAX: i32 = 7;
/// Longer spans than this are marked by months.
const BY_MONTH_FROM: i32 = 120;
const SECONDS: i64 = 86_400;

/// Days since 1970-01-01 (UTC), both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) first: i32,
    pub(super) last: i32,
}

impl Days {
    /// The days of a trail; `None` when it has none.
    pub(super) fn of(usage: &Usage, now: Timestamp) -> Option<Self> {
        let first = usage.coverage.values().map(|covered| day(covered.first)).min()?;
        let last = usage.coverage.values().map(|covered| day(covered.last)).max()?;
        let now = day(now);
        let last = if last > now.saturating_add(LATER_MAX) { now.max(first) } else { last };
        Some(Self { first: first.max(last.saturating_sub(DAYS_MAX - 1)), last })
    }

    pub(super) fn count(self) -> i32 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }

    pub(super) fn all(self) -> impl Iterator<Item = i32> {
        self.first..=self.last
    }

    pub(super) fn contains(self, day: i32) -> bool {
        (self.first..=self.last).contains(&day)
    }

    /// So many days that months are marked rather than days.
    pub(super) fn is_by_month(self) -> bool {
        self.count() > BY_MONTH_FROM
    }

    /// A day's place from the left.
    pub(super) fn place(self, day: i32) -> i32 {
        day.saturating_sub(self.first)
    }

    /// The days that are marked, with what is written there.
    pub(super) fn marks(self) -> Vec<(i32, String)> {
        let write = |day: i32| {
            let date = date(day);
            let text = if self.is_by_month() { date.get(..7) } else { date.get(5..) };
            text.map(|text| (day, text.to_owned()))
        };
        self.all().filter(|day| self.is_marked(*day)).filter_map(write).collect()
    }

    /// `2026-08-04 – 2026-11-01`
    pub(super) fn span(self) -> String {
        format!("{} – {}", date(self.first), date(self.last))
    }

    fn is_marked(self, day: i32) -> bool {
        if self.is_by_month() {
            let months = self.count() / 30 / DATES_MAX + 1;
            let date = date(day);
            let mut parts = date.split('-').skip(1);
            let month = parts.next().and_then(|month| month.parse::<i32>().ok()).unwrap_or_default();
            return parts.next() == Some("01") && (month - 1) % months == 0;
        }
        let step = [1, 2, 7, 14].into_iter().find(|step| self.count() / step <= DATES_MAX).unwrap_or(28);
        // 1970-01-01 was a Thursday: weeks begin on Monday.
        day.saturating_add(3).rem_euclid(step) == 0
    }

    /// The dates as a heading over a strip.
    pub(super) fn axis(self) -> Html {
        let written = |(day, date): (i32, String)| {
            let left = f64::from(self.place(day)) * 100.0 / f64::from(self.count());
            // What begins further right would stand out of its column.
            let fits = left <= 93.0;
            fits.then(|| html!("<span style=\"left:{}%\">{}</span>", format!("{left:.2}"), date))
        };
        let dates: Html = self.marks().into_iter().filter_map(written).collect();
        html!("<div class=\"axis\" aria-hidden=\"true\">{}</div>", dates)
    }
}

/// The day of an instant.
pub(super) fn day(at: Timestamp) -> i32 {
    i32::try_from(at.as_second().div_euclid(SECONDS)).unwrap_or_default()
}

/// `2026-11-01`.
pub(super) fn date(day: i32) -> String {
    date_of(i64::from(day).saturating_mul(SECONDS))
}

/// Ranges of days, as people write them; after `most` of them an ellipsis.
pub(super) fn ranges(days: &[i32], most: usize) -> Vec<String> {
    let mut ranges: Vec<(i32, i32)> = Vec::new();
    for day in days {
        match ranges.last_mut() {
            Some((_, last)) if last.saturating_add(1) == *day => *last = *day,
            _ => ranges.push((*day, *day)),
        }
    }
    let write = |(first, last): &(i32, i32)| {
        if first == last { date(*first) } else { format!("{} – {}", date(*first), date(*last)) }
    };
    let mut texts: Vec<String> = ranges.iter().take(most).map(write).collect();
    if ranges.len() > most {
        texts.push("…".to_owned());
    }
    texts
}
