//! When it is: by the wall clock, and by the clock that nobody sets.

use rustix::time::{ClockId, clock_gettime};

/// An instant of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "three readings")]
pub struct Moment {
    /// Which start of the machine.
    pub boot: String,
    /// Seconds since then, those of sleep included (`CLOCK_BOOTTIME`).
    pub up_seconds: u64,
    /// Seconds since 1970, by the wall clock.
    pub unix_seconds: i64,
}

impl Moment {
    /// Now. `boot`: as [`boot`] has told it.
    pub fn now(boot: &str) -> Self {
        let up = clock_gettime(ClockId::Boottime).tv_sec;
        let unix_seconds = clock_gettime(ClockId::Realtime).tv_sec;
        Self { boot: boot.to_owned(), up_seconds: u64::try_from(up).unwrap_or_default(), unix_seconds }
    }

    /// How long the machine was up since another instant; `None`: not of this start.
    pub fn since(&self, then: &Self) -> Option<u64> {
        if self.boot == then.boot { Some(self.up_seconds.saturating_sub(then.up_seconds)) } else { None }
    }

    /// How far the wall clock was set since another instant of this start, in seconds; forwards is more than 0.
    pub fn set_since(&self, then: &Self) -> Option<i64> {
        let up = i64::try_from(self.since(then)?).ok()?;
        Some(self.unix_seconds.saturating_sub(then.unix_seconds).saturating_sub(up))
    }
}

/// Which start of the machine this is; it is read before the walls are up. Without spaces: it stands in files between them.
pub fn boot() -> String {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let id: String = text.chars().filter(|letter| letter.is_ascii_hexdigit() || *letter == '-').collect();
    if id.is_empty() { "unknown".to_owned() } else { id }
}
