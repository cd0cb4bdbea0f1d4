//! When a credential may be switched off: working days and hours of a time zone, but for holidays. On it may come at any time.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::lasting::Lasting;

/// When an off may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "settings with a zone")]
pub struct Windows {
    /// Where the hours are hours.
    pub zone: TimeZone,
    /// The days of the week.
    pub days: Weekdays,
    /// From and until, in minutes of the day.
    pub hours: (u16, u16),
    /// Days on which nobody is there.
    pub holidays: BTreeSet<Date>,
}

/// Days of the week: `["mon", "tue", "wed", "thu"]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Weekdays(Vec<Weekday>);

const NAMES: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// A window further away than this is none.
const DAYS_MAX: usize = 400;
/// The minutes of a day.
pub(crate) const DAY: u16 = 24 * 60;

impl Windows {
    /// Whether an off that lasts so long may begin now. One that is shorter than a working day ends within working hours, which go on over
    /// midnight where those of the next day begin there.
    pub fn is_open(&self, at: Timestamp, lasts: Lasting) -> bool {
        let date = self.zone.to_datetime(at).date();
        self.span(date, lasts).is_some_and(|(from, until)| from <= at && at <= until)
    }

    /// The first instant from here on at which an off that lasts so long may begin; `None`: there is none in sight.
    pub fn opens(&self, from: Timestamp, lasts: Lasting) -> Option<Timestamp> {
        let today = self.zone.to_datetime(from).date();
        let days = today.series(jiff::ToSpan::days(1)).take(DAYS_MAX);
        let mut spans = days.filter_map(|date| self.span(date, lasts));
        spans.find(|(_, until)| *until >= from).map(|(begins, _)| begins.max(from))
    }

    /// The instants between which an off that lasts so long may begin, of all days between two instants.
    pub(crate) fn spans(
        &self,
        (from, until): (Timestamp, Timestamp),
        lasts: Lasting,
    ) -> Vec<(Timestamp, Timestamp)> {
        let (first, last) = (self.zone.to_datetime(from).date(), self.zone.to_datetime(until).date());
        let days = first.series(jiff::ToSpan::days(1)).take_while(|date| *date <= last);
        let mut joined = Vec::<(Timestamp, Timestamp)>::new();
        for (begins, ends) in days.filter_map(|date| self.span(date, lasts)) {
            match joined.last_mut() {
                // No instant is of two days.
                Some((_, last)) if *last >= begins => *last = ends,
                _ => joined.push((begins, ends)),
            }
        }
        joined
            .into_iter()
            .map(|(begins, ends)| (begins.max(from), ends.min(until)))
            .filter(|(begins, ends)| begins <= ends)
            .collect()
    }

    /// Between which instants of a day an off may begin.
    fn span(&self, date: Date, lasts: Lasting) -> Option<(Timestamp, Timestamp)> {
        let (from, until) = self.working(date)?;
        let length = until.as_second().saturating_sub(from.as_second());
        if lasts.seconds() >= length {
            return Some((from, until));
        }
        // A length is shorter than a day here: what goes on beyond the next day does not matter.
        let next = date.tomorrow().ok().and_then(|date| self.working(date));
        let end = next.filter(|(begins, _)| *begins == until).map_or(until, |(_, ends)| ends);
        let last = end.as_second().saturating_sub(lasts.seconds());
        Some((from, Timestamp::from_second(last).ok()?.min(until)))
    }

    /// The working hours of a day.
    fn working(&self, date: Date) -> Option<(Timestamp, Timestamp)> {
        if !self.days.has(date.weekday()) || self.holidays.contains(&date) {
            return None;
        }
        let (from, until) = (self.instant(date, self.hours.0)?, self.instant(date, self.hours.1)?);
        // Both may be in the hour that a change of the clocks leaves out.
        (from < until).then_some((from, until))
    }

    /// An hour of a day; in the hour that a change of the clocks leaves out, the one after it.
    fn instant(&self, date: Date, minute: u16) -> Option<Timestamp> {
        let (date, minute) = if minute >= DAY { (date.tomorrow().ok()?, 0) } else { (date, minute) };
        let time = Time::new(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0).ok()?;
        self.zone.to_timestamp(date.to_datetime(time)).ok()
    }
}

impl Weekdays {
    /// Whether it is one of them.
    pub fn has(&self, day: Weekday) -> bool {
        self.0.contains(&day)
    }

    /// The week without Friday and its end.
    pub(crate) fn not_friday() -> Self {
        Self(vec![Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday])
    }
}

impl Serialize for Weekdays {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = |day: &Weekday| NAMES.iter().find(|(_, named)| named == day).map_or("", |(name, _)| *name);
        serializer.collect_seq(self.0.iter().map(name))
    }
}

impl<'de> Deserialize<'de> for Weekdays {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = |text: &str| {
            let text: String = text.chars().take(20).collect();
            serde::de::Error::custom(format!("`{text}` is no day of the week: write `mon`, `tue`, `wed`, …"))
        };
        let names = Vec::<String>::deserialize(deserializer)?;
        let mut days = Vec::new();
        for text in &names {
            let lower = text.to_ascii_lowercase();
            let found = NAMES.iter().find(|(name, _)| lower == *name).ok_or_else(|| wrong(text))?;
            days.push(found.1);
        }
        if days.is_empty() {
            return Err(serde::de::Error::custom("`days` is empty: nothing could ever be switched off"));
        }
        Ok(Self(days))
    }
}
