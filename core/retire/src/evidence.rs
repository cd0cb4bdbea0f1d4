//! What an off of some length can tell: the calls that the trail expects within it, and how often it would have met one.
//!
//! A key that is off fails to sign in, and mostly leaves nothing in CloudTrail: that nobody complained says something only if somebody
//! would have noticed. The expected number of calls alone misleads where calls come in bursts (a batch a month makes thousands of calls
//! in an hour), or at night when nothing is ever switched off: so the second number counts the instants at which an off may begin, and at
//! how many of them at least one call would have come before its end.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lasting::Lasting;
use crate::windows::Windows;

/// A number with three digits after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "f64", into = "f64")]
pub struct Thousandths(u64);

/// What the trail says of a credential before it is retired.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "whoever reads the trail says all of it")]
pub struct Evidence {
    /// The trail was read from here on.
    pub from: Timestamp,
    /// And up to here.
    pub until: Timestamp,
    /// Calls with the key.
    pub calls: u64,
    /// The last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// The last that changed something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_write: Option<Timestamp>,
    /// What each rung of the ladder can tell.
    pub rungs: Vec<Expected>,
}

/// What an off can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "the two numbers")]
pub struct Expected {
    /// Calls expected within it, at the rate of the trail.
    pub calls: Thousandths,
    /// The part of the possible offs that would have met a call: at least so much.
    pub power: Thousandths,
}

/// When an off that nobody complained of says that nobody needs the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "the two thresholds")]
pub struct Enough {
    /// At least so many calls were expected.
    pub calls: Thousandths,
    /// And at least this part of the possible offs would have met one.
    pub power: Thousandths,
}

/// What an off has told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "the three verdicts")]
pub enum Verdict {
    /// Calls were expected, and nobody complained: nobody needs it.
    Quiet,
    /// Somebody complained.
    Needed,
    /// Too few calls were expected for silence to mean anything.
    Inconclusive,
}

/// The minutes in which a credential was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    from: i64,
    minutes: usize,
    bits: Vec<u64>,
    calls: u64,
}

/// More minutes than this (three years) are not told apart: the last of them count.
const MINUTES_MAX: i64 = 3 * 366 * 24 * 60;
const MINUTE: i64 = 60;

impl Thousandths {
    /// So many whole ones.
    pub const fn whole(number: u64) -> Self {
        Self(number.saturating_mul(1000))
    }

    /// A part of a whole, rounded down: `power` is a lower bound.
    pub fn part(part: u64, of: u64) -> Self {
        Self(part.saturating_mul(1000).checked_div(of).unwrap_or(0))
    }

    /// For people and JSON.
    #[expect(clippy::cast_precision_loss, reason = "shown to three digits")]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// In thousandths.
    pub fn thousandths(self) -> u64 {
        self.0
    }
}

impl From<f64> for Thousandths {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number that is no count becomes 0 or the greatest"
    )]
    fn from(number: f64) -> Self {
        Self((number * 1000.0).round() as u64)
    }
}

impl From<Thousandths> for f64 {
    fn from(number: Thousandths) -> Self {
        number.as_f64()
    }
}

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            whole if whole >= 10_000 => write!(f, "{}", whole.saturating_add(500) / 1000),
            0 => f.write_str("0"),
            small if small < 10 => write!(f, "{:.3}", self.as_f64()),
            _ => write!(f, "{:.2}", self.as_f64()),
        }
    }
}

impl Default for Enough {
    fn default() -> Self {
        Self { calls: Thousandths::whole(3), power: Thousandths(950) }
    }
}

impl Enough {
    pub(crate) fn of(calls: f64, power: f64) -> Result<Self, String> {
        if !(0.001..=1e6).contains(&calls) {
            return Err(format!(
                "`enough_calls` is {calls}, which is no number of calls from 0.001 to 1000000"
            ));
        }
        if !(0.5..=1.0).contains(&power) {
            return Err(format!("`enough_power` is {power}, which is no part from 0.5 to 1.0"));
        }
        Ok(Self { calls: calls.into(), power: power.into() })
    }

    /// What an off says of which nobody complained.
    pub fn judge(&self, expected: Option<&Expected>) -> Verdict {
        match expected {
            Some(expected) if expected.calls >= self.calls && expected.power >= self.power => Verdict::Quiet,
            _ => Verdict::Inconclusive,
        }
    }
}

/// A trail that is shorter than so many offs tells no part of them: of one burst it would tell all or none.
const OFFS_IN_TRAIL: i64 = 2;
/// Days: of a shorter trail no rate is told.
const TRAIL_MIN: Lasting = Lasting::days(14);

impl Evidence {
    /// What an off of this rung says of which nobody complained.
    pub fn judge(&self, enough: &Enough, rung: usize, off: Lasting) -> Verdict {
        if self.is_too_short(off) { Verdict::Inconclusive } else { enough.judge(self.rungs.get(rung)) }
    }

    /// Whether the trail is too short to tell anything of an off of this length.
    pub fn is_too_short(&self, off: Lasting) -> bool {
        let least = off.seconds().saturating_mul(OFFS_IN_TRAIL).max(TRAIL_MIN.seconds());
        self.until.as_second().saturating_sub(self.from.as_second()) < least
    }
}

impl Verdict {
    /// `quiet`
    pub fn word(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Needed => "needed",
            Self::Inconclusive => "inconclusive",
        }
    }
}

impl Busy {
    /// No call yet, between two instants.
    pub fn new(from: Timestamp, until: Timestamp) -> Self {
        let until = until.as_second().div_euclid(MINUTE);
        let from = from.as_second().div_euclid(MINUTE).max(until.saturating_sub(MINUTES_MAX));
        let minutes = usize::try_from(until.saturating_sub(from)).unwrap_or(0);
        Self { from, minutes, bits: vec![0; minutes.div_ceil(64)], calls: 0 }
    }

    /// A call at this second since 1970.
    pub fn add(&mut self, second: i64) {
        let Ok(minute) = usize::try_from(second.div_euclid(MINUTE).saturating_sub(self.from)) else { return };
        if minute >= self.minutes {
            return;
        }
        if let Some(word) = self.bits.get_mut(minute / 64) {
            *word |= 1 << (minute % 64);
            self.calls = self.calls.saturating_add(1);
        }
    }

    /// The calls of both, of the same time.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        for (word, more) in self.bits.iter_mut().zip(&other.bits) {
            *word |= more;
        }
        self.calls = self.calls.saturating_add(other.calls);
        self
    }

    /// The same from a later instant on; all calls are taken to be after it.
    #[must_use]
    pub fn since(&self, from: Timestamp) -> Self {
        let from = from.as_second().div_euclid(MINUTE).max(self.from);
        let dropped = usize::try_from(from.saturating_sub(self.from)).unwrap_or(usize::MAX).min(self.minutes);
        let minutes = self.minutes.saturating_sub(dropped);
        let mut bits = vec![0; minutes.div_ceil(64)];
        for minute in (0..minutes).filter(|minute| self.is_busy(minute.saturating_add(dropped))) {
            if let Some(word) = bits.get_mut(minute / 64) {
                *word |= 1 << (minute % 64);
            }
        }
        Self { from, minutes, bits, calls: self.calls }
    }

    fn is_busy(&self, minute: usize) -> bool {
        self.bits.get(minute / 64).is_some_and(|word| word & (1 << (minute % 64)) != 0)
    }

    /// How many calls.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// How many minutes had one.
    pub fn busy_minutes(&self) -> u64 {
        self.bits.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// What an off of this length can tell, when it may begin within these windows.
    pub fn expects(&self, off: Lasting, windows: &Windows) -> Expected {
        let seconds = u64::try_from(off.seconds()).unwrap_or(0);
        let looked_at = (self.minutes as u64).saturating_mul(60).max(1);
        let calls = self.calls.saturating_mul(1000).saturating_mul(seconds) / looked_at;
        Expected { calls: Thousandths(calls), power: self.power(off, windows) }
    }

    /// The part of the possible offs that would have met a call. Of an off longer than half of the trail the half is asked: a longer one
    /// meets a call at least as often.
    fn power(&self, off: Lasting, windows: &Windows) -> Thousandths {
        let half = self.minutes / 2;
        let length = usize::try_from(off.seconds() / MINUTE).unwrap_or(usize::MAX).clamp(1, half.max(1));
        let next = self.next_busy();
        let (from, last) = (self.from, self.minutes.saturating_sub(length));
        let at =
            |minute: i64| Timestamp::from_second(minute.saturating_mul(MINUTE)).unwrap_or(Timestamp::MAX);
        let ends = from.saturating_add(i64::try_from(last).unwrap_or(i64::MAX));
        let (mut starts, mut met) = (0_u64, 0_u64);
        for (begins, until) in windows.spans((at(from), at(ends)), off) {
            let place = |at: Timestamp| {
                usize::try_from(at.as_second().div_euclid(MINUTE).saturating_sub(from)).unwrap_or(0)
            };
            for start in place(begins)..=place(until).min(last) {
                let is_met = next.get(start).is_some_and(|next| *next < start.saturating_add(length));
                starts = starts.saturating_add(1);
                met = met.saturating_add(u64::from(is_met));
            }
        }
        let power = Thousandths::part(met, starts);
        // A minute that has a call is not a second that has one.
        let part = u64::try_from(off.seconds().min(MINUTE)).unwrap_or(0);
        Thousandths(power.0.saturating_mul(part) / 60)
    }

    /// By minute, the next one with a call.
    fn next_busy(&self) -> Vec<usize> {
        let mut next = vec![usize::MAX; self.minutes];
        let mut last = usize::MAX;
        for (minute, place) in next.iter_mut().enumerate().rev() {
            if self.is_busy(minute) {
                last = minute;
            }
            *place = last;
        }
        next
    }
}
