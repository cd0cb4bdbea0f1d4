//! When something works: round the clock, at some hours of every day, or in somebody's working hours.

use std::collections::BTreeSet;

/// Hours of a day, days of a week.
const HOURS: i64 = 24;
const WEEK: i64 = 7;
/// Fewer days tell nothing.
const DAYS_MIN: usize = 5;
/// Hours of the day on which something works round the clock.
const CLOCK_MIN: usize = 18;
/// A job by the clock comes at so few hours of the day.
const SCHEDULED_MAX: usize = 2;
/// Working hours, with lunch and a late evening.
const WORKING: i64 = 12;
/// What may lie outside of them: one in so many.
const OUTSIDE: usize = 20;

/// Hours that zones are before UTC, and behind it.
const ZONES: std::ops::RangeInclusive<i64> = -12..=14;

/// When something works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rhythm {
    /// At all hours, at weekends too: no person.
    RoundTheClock,
    /// At one or two hours of the day, at weekends too: no person.
    Scheduled,
    /// Within twelve hours of weekdays, in some time zone.
    WorkingHours,
}

/// The rhythm of hours since 1970 (UTC); `None`: too little, or none of these.
pub(crate) fn of(hours: &BTreeSet<i64>) -> Option<Rhythm> {
    let days: BTreeSet<i64> = hours.iter().map(|hour| hour.div_euclid(HOURS)).collect();
    if days.len() < DAYS_MIN {
        return None;
    }
    let of_day: BTreeSet<i64> = hours.iter().map(|hour| hour.rem_euclid(HOURS)).collect();
    let has_weekend = days.iter().any(|day| is_weekend(*day));
    if has_weekend && of_day.len() >= CLOCK_MIN {
        return Some(Rhythm::RoundTheClock);
    }
    if has_weekend && of_day.len() <= SCHEDULED_MAX {
        return Some(Rhythm::Scheduled);
    }
    let is_working = |zone: i64| {
        let outside = hours.iter().filter(|hour| {
            let local = **hour + zone;
            is_weekend(local.div_euclid(HOURS)) || !(8..8 + WORKING).contains(&local.rem_euclid(HOURS))
        });
        outside.count().saturating_mul(OUTSIDE) <= hours.len()
    };
    (of_day.len() > SCHEDULED_MAX && ZONES.clone().any(is_working)).then_some(Rhythm::WorkingHours)
}

/// 1970-01-01 was a Thursday.
fn is_weekend(day: i64) -> bool {
    matches!((day + 4).rem_euclid(WEEK), 0 | 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours of so many days from a Monday on.
    fn hours(days: i64, at: impl Fn(i64) -> Vec<i64>) -> BTreeSet<i64> {
        (0..days).flat_map(|day| at(day).into_iter().map(move |hour| (20_003 + day) * 24 + hour)).collect()
    }

    #[test]
    fn rhythms() {
        assert!(!is_weekend(20_003) && is_weekend(20_008) && is_weekend(20_009) && !is_weekend(20_010));
        assert_eq!(of(&hours(14, |_| (0..24).collect())), Some(Rhythm::RoundTheClock));
        assert_eq!(of(&hours(14, |_| vec![18])), Some(Rhythm::Scheduled));
        let office = |day: i64| if day % 7 < 5 { (1..9).collect() } else { Vec::new() };
        assert_eq!(of(&hours(14, office)), Some(Rhythm::WorkingHours));
        // In Tokyo a Monday begins on Sunday, 23 hours UTC.
        let tokyo = |day: i64| match day % 7 {
            6 => vec![23],
            5 => Vec::new(),
            4 => (0..9).collect(),
            _ => (0..9).chain([23]).collect(),
        };
        assert_eq!(of(&hours(14, tokyo)), Some(Rhythm::WorkingHours));
        assert_eq!(of(&hours(3, |_| (0..24).collect())), None, "too short");
        assert_eq!(of(&hours(5, |_| vec![3])), None, "a week without its end tells no job from a habit");
    }
}
