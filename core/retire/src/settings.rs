//! `[retire]` of `kagimori.toml`: the ladder, when it may be climbed, who is told, and what is never touched.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use serde::Deserialize;

use crate::evidence::Enough;
use crate::ladder::Ladder;
use crate::lasting::Lasting;
use crate::windows::{DAY, Weekdays, Windows};

/// How credentials are retired.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Wire")]
#[expect(clippy::exhaustive_structs, reason = "a table of the settings")]
pub struct Settings {
    /// The rungs.
    pub ladder: Ladder,
    /// A notice comes so long before each off.
    pub notice: Lasting,
    /// The way on is shown anew when it was shown longer ago than this.
    pub shown: Lasting,
    /// On which days something may be switched off.
    pub days: Weekdays,
    /// From which minute of the day, and until which.
    pub hours: (u16, u16),
    /// On which days nothing is.
    pub holidays: BTreeSet<Date>,
    /// The zone of days and hours; `None`: that of the whole file, else UTC.
    pub zone: Option<ZoneName>,
    /// What never goes down, beside `apply.protected`: ARNs or names of users, ids of keys, account ids; `*` and `?` are wildcards.
    pub protected: Vec<String>,
    /// The tag of a user whose keys never go down, whatever its value.
    pub protected_tag: String,
    /// The channels that get the notices.
    pub channels: Vec<String>,
    /// When an off that nobody complained of says that nobody needs the credential.
    pub enough: Enough,
    /// Days: a key that was used within these is not suggested.
    pub unused: i64,
    /// Days: a key that changed something within these is retired only with a reason.
    pub recent_writes: i64,
}

/// The name of a zone: `Asia/Tokyo`, or an offset, `+09:00`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ZoneName(String);

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wire {
    ladder: Ladder,
    notice: Lasting,
    shown: Lasting,
    days: Weekdays,
    hours: String,
    holidays: Vec<String>,
    zone: Option<String>,
    protected: Vec<String>,
    protected_tag: String,
    channels: Vec<String>,
    enough_calls: f64,
    enough_power: f64,
    unused: i64,
    recent_writes: i64,
}

impl Settings {
    /// The windows in a zone.
    pub fn windows(&self, zone: TimeZone) -> Windows {
        Windows { zone, days: self.days.clone(), hours: self.hours, holidays: self.holidays.clone() }
    }
}

impl ZoneName {
    /// A name as settings write it.
    ///
    /// # Errors
    /// In words, when it can be none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "/_+-:".contains(letter);
        let is_name = !text.is_empty() && text.len() <= 64 && text.chars().all(is_letter);
        // It becomes a part of a path.
        if !is_name || text.starts_with('/') || text.split('/').any(|part| part.is_empty() || part == ".") {
            return Err(format!(
                "`{text}` names no zone: write it as `Asia/Tokyo`, or as an offset, `+09:00`"
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The zone, where the name is enough to know it: `UTC` or an offset.
    pub fn known(&self) -> Option<TimeZone> {
        if self.0.eq_ignore_ascii_case("UTC") {
            return Some(TimeZone::UTC);
        }
        let (sign, rest) = match self.0.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        };
        let (hours, minutes) = rest.split_once(':')?;
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        if hours > 14 || minutes > 59 {
            return None;
        }
        Some(TimeZone::fixed(Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ladder: Ladder::default(),
            notice: Lasting::days(1),
            shown: Lasting::minutes(10),
            days: Weekdays::not_friday(),
            hours: (9 * 60, 17 * 60),
            holidays: BTreeSet::new(),
            zone: None,
            protected: Vec::new(),
            protected_tag: "kagimori:protected".to_owned(),
            channels: Vec::new(),
            enough: Enough::default(),
            unused: 90,
            recent_writes: 30,
        }
    }
}

impl Default for Wire {
    fn default() -> Self {
        let Settings { ladder, notice, shown, days, protected_tag, enough, unused, recent_writes, .. } =
            Settings::default();
        Self {
            ladder,
            notice,
            shown,
            days,
            hours: "09:00-17:00".to_owned(),
            holidays: Vec::new(),
            zone: None,
            protected: Vec::new(),
            protected_tag,
            channels: Vec::new(),
            enough_calls: enough.calls.as_f64(),
            enough_power: enough.power.as_f64(),
            unused,
            recent_writes,
        }
    }
}

impl TryFrom<Wire> for Settings {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Self, String> {
        for (name, days) in [("unused", wire.unused), ("recent_writes", wire.recent_writes)] {
            if !(1..=3650).contains(&days) {
                return Err(format!("`{name}` is {days}, which is no number of days from 1 to 3650"));
            }
        }
        if wire.protected_tag.trim().is_empty() {
            return Err("`protected_tag` is empty".to_owned());
        }
        Ok(Self {
            ladder: wire.ladder,
            notice: wire.notice,
            shown: wire.shown,
            days: wire.days,
            hours: hours(&wire.hours)?,
            holidays: wire.holidays.iter().map(|text| day(text)).collect::<Result<_, _>>()?,
            zone: wire.zone.as_deref().map(ZoneName::parse).transpose()?,
            protected: wire.protected,
            protected_tag: wire.protected_tag,
            channels: wire.channels,
            enough: Enough::of(wire.enough_calls, wire.enough_power)?,
            unused: wire.unused,
            recent_writes: wire.recent_writes,
        })
    }
}

/// `09:00-17:00`
fn hours(text: &str) -> Result<(u16, u16), String> {
    let wrong = || format!("`hours` is `{text}`, which are no hours of a day: write `09:00-17:00`");
    let minute = |text: &str| -> Option<u16> {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        let total = hour.checked_mul(60)?.checked_add(minute)?;
        (minute < 60 && total <= DAY).then_some(total)
    };
    let (from, until) = text.split_once('-').ok_or_else(wrong)?;
    let (from, until) = (minute(from).ok_or_else(wrong)?, minute(until).ok_or_else(wrong)?);
    if from < until { Ok((from, until)) } else { Err(wrong()) }
}

fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| format!("the holiday `{text}` is no day: write it as `2027-01-01`"))
}
