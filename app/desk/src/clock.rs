//! The time, as an argument that tests can hold.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Where the time comes from.
#[derive(Debug)]
pub(crate) struct Clock {
    base: Base,
    /// Seconds that it is behind: the example seed of `dev` was enrolled a while ago.
    behind: AtomicI64,
}

#[derive(Debug)]
enum Base {
    /// The machine's.
    System,
    /// Seconds since 1970 that a test moves.
    #[cfg(test)]
    Held(AtomicI64),
}

impl Clock {
    /// The machine's.
    pub(crate) fn system() -> Self {
        Self { base: Base::System, behind: AtomicI64::new(0) }
    }

    /// A clock that stands at a second.
    #[cfg(test)]
    pub(crate) fn held(second: i64) -> Self {
        Self { base: Base::Held(AtomicI64::new(second)), behind: AtomicI64::new(0) }
    }

    /// Lets a held clock go on.
    #[cfg(test)]
    pub(crate) fn advance(&self, seconds: i64) {
        if let Base::Held(second) = &self.base {
            second.fetch_add(seconds, Ordering::SeqCst);
        }
    }

    /// Lets it be so many seconds behind.
    pub(crate) fn be_behind(&self, seconds: i64) {
        self.behind.store(seconds, Ordering::SeqCst);
    }

    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        let now = match &self.base {
            Base::System => Timestamp::now(),
            #[cfg(test)]
            Base::Held(second) => {
                Timestamp::from_second(second.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
            }
        };
        match self.behind.load(Ordering::SeqCst) {
            0 => now,
            behind => Timestamp::from_second(now.as_second().saturating_sub(behind)).unwrap_or(now),
        }
    }
}
