//! How long something lasts, as people write it: `90s`, `30min`, `4h`, `2d`.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lasting(u32);

impl Lasting {
    /// So many seconds.
    pub const fn seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    /// So many minutes.
    pub const fn minutes(minutes: u32) -> Self {
        Self(minutes.saturating_mul(60))
    }

    /// So many hours.
    pub const fn hours(hours: u32) -> Self {
        Self(hours.saturating_mul(3600))
    }

    /// In seconds.
    pub const fn as_seconds(self) -> u32 {
        self.0
    }

    /// The instant so long after another.
    pub fn after(self, instant: Timestamp) -> Timestamp {
        instant.checked_add(SignedDuration::from_secs(self.0.into())).unwrap_or(Timestamp::MAX)
    }
}

const UNITS: [(&str, u32); 5] = [("d", 86_400), ("h", 3600), ("min", 60), ("m", 60), ("s", 1)];

impl fmt::Display for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, seconds): &&(&str, u32)| self.0.is_multiple_of(*seconds) && self.0 > 0;
        match UNITS.iter().find(fits) {
            Some((unit, seconds)) => write!(f, "{}{unit}", self.0 / seconds),
            None => write!(f, "{}s", self.0),
        }
    }
}

impl fmt::Debug for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Lasting> for String {
    fn from(lasting: Lasting) -> Self {
        lasting.to_string()
    }
}

impl TryFrom<String> for Lasting {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).unwrap_or_default();
        let seconds = UNITS.iter().find(|(known, _)| *known == unit).map(|(_, seconds)| *seconds);
        number
            .parse::<u32>()
            .ok()
            .zip(seconds)
            .and_then(|(number, seconds)| number.checked_mul(seconds))
            .map(Self)
            .ok_or_else(|| {
                let shown: String = text.chars().filter(|letter| !letter.is_control()).take(40).collect();
                format!("`{shown}` is not how long something lasts: write `90s`, `30min`, `4h` or `2d`")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::Lasting;

    #[test]
    fn written_and_read_again() {
        for (text, seconds) in [("90s", 90), ("30min", 1800), ("4h", 14_400), ("2d", 172_800), ("0s", 0)] {
            let lasting = Lasting::try_from(text.to_owned()).unwrap();
            assert_eq!((lasting.as_seconds(), lasting.to_string().as_str()), (seconds, text));
        }
        assert_eq!(Lasting::try_from("30m".to_owned()).unwrap().to_string(), "30min");
        for bad in ["", "h", "4", "-1h", "1.5h", "4 h", "99999999d"] {
            assert!(Lasting::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
