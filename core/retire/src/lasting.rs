//! How long something lasts: `10s`, `10min`, `6h`, `3d`.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whole seconds: at least one, at most ten years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lasting(i64);

/// Why a text is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no length of time: write a number and a unit, such as `10min`, `6h` or `3d` (from `1s` to `3650d`)"
)]
pub struct LastingError(String);

const UNITS: [(&str, i64); 4] = [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)];
const MOST: i64 = 3650 * 86_400;

impl Lasting {
    /// So many seconds, when that is a length of time.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        (1..=MOST).contains(&seconds).then_some(Self(seconds))
    }

    pub(crate) const fn minutes(minutes: u16) -> Self {
        Self(if minutes == 0 { 60 } else { minutes as i64 * 60 })
    }

    pub(crate) const fn days(days: u8) -> Self {
        Self(if days == 0 { 86_400 } else { days as i64 * 86_400 })
    }

    /// In seconds.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// So long after an instant.
    pub fn after(self, at: Timestamp) -> Timestamp {
        at.saturating_add(SignedDuration::from_secs(self.0)).unwrap_or(Timestamp::MAX)
    }

    /// So long before an instant.
    pub(crate) fn before(self, at: Timestamp) -> Timestamp {
        at.saturating_sub(SignedDuration::from_secs(self.0)).unwrap_or(Timestamp::MIN)
    }
}

impl fmt::Display for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().find(|(_, seconds)| self.0 % seconds == 0);
        let (name, seconds) = unit.copied().unwrap_or(("s", 1));
        write!(f, "{}{name}", self.0 / seconds)
    }
}

impl FromStr for Lasting {
    type Err = LastingError;

    fn from_str(text: &str) -> Result<Self, LastingError> {
        let wrong = || LastingError(text.chars().take(40).collect());
        let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
        let number: i64 = number.parse().map_err(|_| wrong())?;
        let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(wrong)?;
        number.checked_mul(*seconds).and_then(Self::from_seconds).ok_or_else(wrong)
    }
}

impl Serialize for Lasting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Lasting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
