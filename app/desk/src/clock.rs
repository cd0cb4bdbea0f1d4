//! The time, as an argument that tests can hold.

#[cfg(test)]
use std::sync::Arc;
#[cfg(test)]
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Where the time comes from.
#[derive(Clone, Debug)]
pub(crate) enum Clock {
    /// The machine's.
    System,
    /// Seconds since 1970 that a test moves.
    #[cfg(test)]
    Held(Arc<AtomicI64>),
}

impl Clock {
    #[cfg(test)]
    /// A clock that stands at a second.
    #[must_use]
    pub(crate) fn held(second: i64) -> Self {
        Self::Held(Arc::new(AtomicI64::new(second)))
    }

    #[cfg(test)]
    /// Lets a held clock go on; the machine's goes by itself.
    pub(crate) fn advance(&self, seconds: i64) {
        if let Self::Held(second) = self {
            second.fetch_add(seconds, Ordering::SeqCst);
        }
    }

    /// Now.
    #[must_use]
    pub(crate) fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            #[cfg(test)]
            Self::Held(second) => {
                Timestamp::from_second(second.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
            }
        }
    }
}
