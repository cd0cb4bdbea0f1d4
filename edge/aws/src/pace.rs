//! How fast calls may follow each other: a bucket of tokens for each account and API, which AWS's refusals make smaller and
//! successes larger again (additive increase, multiplicative decrease). A machine without a clock.
//!
//! AWS publishes no limits of IAM and STS; they are token buckets per API and account. So nothing is held back before AWS says that
//! it was too fast.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// After a refusal.
const DECREASE: f64 = 0.7;
/// Calls a second that a second of successes adds.
const INCREASE: f64 = 2.0;
const LEAST_RATE: f64 = 0.5;
/// From here on nothing is held back: more than AWS takes of any API of these.
const MOST_RATE: f64 = 200.0;

/// One API of one account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bucket {
    /// Calls a second; nothing before the first refusal.
    rate: Option<f64>,
    tokens: f64,
    filled: Option<Timestamp>,
    /// Calls of the last second, to know how fast was too fast.
    recent: Vec<Timestamp>,
    lowered: Option<Timestamp>,
}

impl Bucket {
    /// A call is to be made: how long it must wait first.
    pub(crate) fn take(&mut self, now: Timestamp) -> Duration {
        self.recent.retain(|at| seconds(*at, now) < 1.0);
        let Some(rate) = self.rate else {
            self.recent.push(now);
            return Duration::ZERO;
        };
        let since = self.filled.map_or(0.0, |at| seconds(at, now));
        self.filled = Some(self.filled.map_or(now, |at| at.max(now)));
        // A burst of one second at most; what is owed is waited for.
        self.tokens = (self.tokens + since * rate).min(rate.max(1.0)) - 1.0;
        self.recent.push(now);
        if self.tokens >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-self.tokens / rate) }
    }

    /// AWS said that it was too fast. Of calls that were under way together only the first counts.
    pub(crate) fn refused(&mut self, now: Timestamp) {
        if self.lowered.is_some_and(|at| seconds(at, now) < 0.5) {
            return;
        }
        let measured = f64::from(u32::try_from(self.recent.len()).unwrap_or(u32::MAX)).max(1.0);
        let rate = self.rate.map_or(measured, |rate| rate.min(measured.max(LEAST_RATE)));
        self.rate = Some((rate * DECREASE).max(LEAST_RATE));
        (self.tokens, self.filled, self.lowered) = (0.0, Some(now), Some(now));
    }

    /// A call was taken.
    pub(crate) fn answered(&mut self) {
        if let Some(rate) = self.rate {
            let faster = rate + INCREASE / rate;
            self.rate = (faster < MOST_RATE).then_some(faster);
        }
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

/// The buckets of one account.
#[derive(Debug, Default)]
pub struct Pace {
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

impl Pace {
    pub(crate) fn with<T>(&self, api: &str, act: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        act(buckets.entry(api.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis)
    }

    #[test]
    fn nothing_is_held_back_before_a_refusal() {
        let mut bucket = Bucket::default();
        assert!((0..1000).all(|call| bucket.take(at(call)).is_zero()));
    }

    #[test]
    fn a_refusal_slows_down_and_successes_speed_up() {
        let mut bucket = Bucket::default();
        (0..100).for_each(|call| assert!(bucket.take(at(call * 10)).is_zero()));
        bucket.refused(at(1000));
        assert!((60.0..75.0).contains(&bucket.rate.unwrap()), "{:?}", bucket.rate);
        // Others that were under way say nothing new.
        bucket.refused(at(1001));
        assert!(bucket.rate.unwrap() > 60.0);
        let slow = bucket.take(at(1000));
        assert!(!slow.is_zero() && slow < Duration::from_millis(40), "{slow:?}");
        // What is owed adds up, so that many callers follow each other.
        let next = bucket.take(at(1000));
        assert!(next > slow, "{next:?}");
        (0..10_000).for_each(|_| bucket.answered());
        assert!(bucket.rate.is_none() && bucket.take(at(5000)).is_zero());
    }

    #[test]
    fn it_never_stands_still() {
        let mut bucket = Bucket::default();
        (0..100).for_each(|second| bucket.refused(at(second * 1000)));
        assert_eq!(bucket.rate, Some(LEAST_RATE));
        assert!(bucket.take(at(100_000)) <= Duration::from_secs(2));
    }

    /// Against a service that takes ten calls a second: nine of ten are taken.
    #[test]
    fn it_settles_beneath_what_is_taken() {
        let (mut bucket, mut service) = (Bucket::default(), (10.0_f64, 0_i64));
        let (mut now, mut refused, mut taken) = (0_i64, 0, 0);
        while now < 120_000 {
            now += i64::try_from(bucket.take(at(now)).as_millis()).unwrap() + 10;
            let elapsed = f64::from(u32::try_from(now - service.1).unwrap()) / 1000.0;
            service = ((service.0 + elapsed * 10.0).min(10.0), now);
            if service.0 >= 1.0 {
                service.0 -= 1.0;
                taken += 1;
                bucket.answered();
            } else {
                refused += 1;
                bucket.refused(at(now));
            }
        }
        assert!(refused * 9 < taken && taken > 900, "{taken} taken, {refused} refused");
    }
}
