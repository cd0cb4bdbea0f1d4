//! When a call is sent again: a machine without a clock. What botocore's *standard* mode does (`retries/standard.py` of
//! 1.44.8, AWS SDKs and Tools Reference Guide, "Retry behavior"), with one rule of our own: a call that changes something
//! is never sent again when it may have been done.

use std::time::Duration;

use crate::model::Retryable;

/// Attempts of one call, the first included (`max_attempts`).
pub const DEFAULT_ATTEMPTS: u32 = 3;
/// What all calls of a client may spend on sending again.
const CAPACITY: u32 = 500;
const COST_OF_A_RETRY: u32 = 5;
const COST_OF_A_TIMEOUT: u32 = 10;
const LONGEST: Duration = Duration::from_secs(20);
/// How much longer than its own pause a server's word may make us wait.
const MOST_BESIDE: Duration = Duration::from_secs(5);

/// Codes that say: too fast (`ThrottledRetryableChecker`).
const THROTTLED: [&str; 14] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];
/// Codes that say: this time it went wrong (`TransientRetryableChecker`); the last is STS's (`RetryIDPCommunicationError`).
const TRANSIENT: [&str; 3] = ["RequestTimeout", "RequestTimeoutException", "IDPCommunicationError"];

/// What all calls of a client may spend on sending again: when AWS is down, nobody makes it worse.
#[derive(Debug)]
pub(crate) struct Quota {
    left: u32,
}

impl Default for Quota {
    fn default() -> Self {
        Self { left: CAPACITY }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// An answer that is no refusal.
    Done,
    /// AWS's answer to the request: no.
    Refused {
        code: String,
        status: u16,
        /// What the model says of this code; nothing where it has no such code.
        modeled: Option<Option<Retryable>>,
        /// `x-amz-retry-after`
        after: Option<Duration>,
    },
    /// Nothing came back, or not all of it.
    Lost {
        /// Nothing came in time.
        timeout: bool,
    },
    /// The request never left.
    NotSent,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The call ends with what came.
    Stop,
    /// Wait, then send it again.
    Again(Duration),
}

/// One call.
#[derive(Debug)]
pub(crate) struct Attempts {
    most: u32,
    made: u32,
    /// Whether it may be sent again when it may have been done.
    repeatable: bool,
    /// What the last retry cost, given back when it succeeds.
    spent: u32,
}

impl Attempts {
    pub(crate) fn new(most: u32, repeatable: bool) -> Self {
        Self { most: most.max(1), made: 0, repeatable, spent: 0 }
    }

    /// How many were made.
    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// What follows on an attempt; `random` is between 0 and 1.
    pub(crate) fn next(&mut self, ending: &Ending, quota: &mut Quota, random: f64) -> Next {
        self.made += 1;
        if *ending == Ending::Done {
            // `RetryQuotaChecker.release_retry_quota`
            quota.left = CAPACITY.min(quota.left + self.spent.max(1));
            return Next::Stop;
        }
        if self.made >= self.most || !self.may_be_sent_again(ending) {
            return Next::Stop;
        }
        let cost =
            if *ending == (Ending::Lost { timeout: true }) { COST_OF_A_TIMEOUT } else { COST_OF_A_RETRY };
        let Some(left) = quota.left.checked_sub(cost) else { return Next::Stop };
        (quota.left, self.spent) = (left, cost);
        Next::Again(self.pause(ending, random))
    }

    fn may_be_sent_again(&self, ending: &Ending) -> bool {
        match ending {
            Ending::Done => false,
            Ending::NotSent => true,
            Ending::Lost { .. } => self.repeatable,
            Ending::Refused { code, status, modeled, .. } => {
                let transient = TRANSIENT.contains(&code.as_str())
                    || matches!(status, 500 | 502 | 503 | 504)
                    || *modeled == Some(Some(Retryable::Transient));
                is_throttled(code, *status, *modeled) || transient && self.repeatable
            }
        }
    }

    fn pause(&self, ending: &Ending, random: f64) -> Duration {
        let (throttled, after) = match ending {
            Ending::Refused { code, status, modeled, after } => {
                (is_throttled(code, *status, *modeled), *after)
            }
            _ => (false, None),
        };
        let base = Duration::from_millis(if throttled { 1000 } else { 50 });
        let most = base.saturating_mul(1 << (self.made - 1).min(16)).min(LONGEST);
        let own = most.mul_f64(random.clamp(0.0, 1.0));
        after.map_or(own, |after| own.max(after.min(own + MOST_BESIDE)))
    }
}

/// Whether a refusal says: too fast. A 429 with a code that the model knows is what the model says.
pub(crate) fn is_throttled(code: &str, status: u16, modeled: Option<Option<Retryable>>) -> bool {
    THROTTLED.contains(&code)
        || modeled == Some(Some(Retryable::Throttling))
        || status == 429 && modeled.is_none()
}

/// `x-amz-retry-after` in milliseconds, or `Retry-After` in seconds (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(amz: Option<&str>, http: Option<&str>) -> Option<Duration> {
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let amz = amz.and_then(number).map(|millis| Duration::from_millis(millis.into()));
    amz.or_else(|| http.and_then(number).map(|seconds| Duration::from_secs(seconds.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, status: u16) -> Ending {
        Ending::Refused { code: code.to_owned(), status, modeled: None, after: None }
    }

    /// Whether a first attempt that ended so is followed by another: of a call that reads, and of one that changes.
    fn goes_on(ending: &Ending) -> (bool, bool) {
        let one =
            |repeatable| Attempts::new(3, repeatable).next(ending, &mut Quota::default(), 0.5) != Next::Stop;
        (one(true), one(false))
    }

    #[test]
    fn a_change_is_never_repeated_when_it_may_have_been_done() {
        for (ending, expected) in [
            (Ending::Done, (false, false)),
            (Ending::NotSent, (true, true)),
            (Ending::Lost { timeout: true }, (true, false)),
            (Ending::Lost { timeout: false }, (true, false)),
            (refused("Throttling", 400), (true, true)),
            (refused("SlowDown", 503), (true, true)),
            (refused("429", 429), (true, true)),
            (refused("ServiceFailure", 500), (true, false)),
            (refused("503", 503), (true, false)),
            (refused("RequestTimeout", 400), (true, false)),
            (refused("AccessDenied", 403), (false, false)),
            (refused("NoSuchEntity", 404), (false, false)),
            (refused("ServiceUnavailable", 501), (false, false)),
        ] {
            assert_eq!(goes_on(&ending), expected, "{ending:?}");
        }
    }

    #[test]
    fn the_model_says_what_its_own_codes_mean() {
        let modeled = |status, retry| Ending::Refused {
            code: "X".to_owned(),
            status,
            modeled: Some(retry),
            after: None,
        };
        assert_eq!(goes_on(&modeled(429, None)), (false, false));
        assert_eq!(goes_on(&modeled(400, Some(Retryable::Throttling))), (true, true));
        assert_eq!(goes_on(&modeled(400, Some(Retryable::Transient))), (true, false));
    }

    #[test]
    fn pauses_double_up_to_twenty_seconds() {
        let mut attempts = Attempts::new(10, true);
        let mut quota = Quota::default();
        let mut pause = |ending: &Ending, random| match attempts.next(ending, &mut quota, random) {
            Next::Again(pause) => pause.as_millis(),
            Next::Stop => 0,
        };
        let throttled = refused("Throttling", 400);
        assert_eq!(pause(&throttled, 1.0), 1000);
        assert_eq!(pause(&throttled, 0.5), 1000);
        assert_eq!(pause(&refused("500", 500), 1.0), 200);
        assert_eq!((0..3).map(|_| pause(&throttled, 1.0)).collect::<Vec<_>>(), [8000, 16_000, 20_000]);
    }

    #[test]
    fn a_server_s_word_lengthens_a_pause_by_five_seconds_at_most() {
        for (after, expected) in [(0, 500), (1200, 1200), (60_000, 5500)] {
            let after = Some(Duration::from_millis(after));
            let ending = Ending::Refused { code: "Throttling".into(), status: 400, modeled: None, after };
            let next = Attempts::new(3, true).next(&ending, &mut Quota::default(), 0.5);
            assert_eq!(next, Next::Again(Duration::from_millis(expected)));
        }
        assert_eq!(retry_after(Some("1500"), Some("9")), Some(Duration::from_millis(1500)));
        assert_eq!(retry_after(None, Some(" 2 ")), Some(Duration::from_secs(2)));
        assert_eq!(retry_after(Some("-1"), Some("Wed, 21 Oct 2026 07:28:00 GMT")), None);
    }

    #[test]
    fn attempts_and_the_quota_end() {
        let mut quota = Quota::default();
        let mut attempts = Attempts::new(3, true);
        let lost = Ending::Lost { timeout: true };
        assert!(matches!(attempts.next(&lost, &mut quota, 0.0), Next::Again(_)));
        assert!(matches!(attempts.next(&lost, &mut quota, 0.0), Next::Again(_)));
        assert_eq!((attempts.next(&lost, &mut quota, 0.0), attempts.made()), (Next::Stop, 3));
        assert_eq!(quota.left, CAPACITY - 2 * COST_OF_A_TIMEOUT);
        // A retry that succeeds gives back what it cost, a first attempt one.
        let mut attempts = Attempts::new(3, true);
        attempts.next(&lost, &mut quota, 0.0);
        attempts.next(&Ending::Done, &mut quota, 0.0);
        assert_eq!(quota.left, CAPACITY - 2 * COST_OF_A_TIMEOUT);
        Attempts::new(3, true).next(&Ending::Done, &mut quota, 0.0);
        assert_eq!(quota.left, CAPACITY - 2 * COST_OF_A_TIMEOUT + 1);
        quota.left = COST_OF_A_TIMEOUT - 1;
        assert_eq!(Attempts::new(3, true).next(&lost, &mut quota, 0.0), Next::Stop);
    }
}
