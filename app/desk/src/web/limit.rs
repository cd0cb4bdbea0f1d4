//! How often somebody may try: a bucket for each address and kind of request, which fills with time.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;

use jiff::Timestamp;

/// Buckets that are remembered; beyond, those that are empty again are forgotten. When all of so many are in use the desk is under a flood,
/// and whoever is new waits.
const BUCKETS_MOST: usize = 65_536;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Challenges and answers of the sign-in.
    SignIn,
    /// Whatever changes something.
    Change,
    /// PINs.
    Pin,
}

impl Kind {
    /// How many at once, and seconds until one more.
    fn terms(self) -> (u32, u32) {
        match self {
            Self::SignIn => (20, 3),
            Self::Change => (60, 1),
            Self::Pin => (6, 10),
        }
    }
}

/// Who tried how often.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    buckets: Mutex<BTreeMap<(Kind, IpAddr), Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    used: u32,
    since: i64,
}

impl Limits {
    /// Counts a try; the seconds to wait when there were too many.
    pub(crate) fn try_once(&self, kind: Kind, address: IpAddr, now: Timestamp) -> Result<(), u32> {
        let (most, seconds) = kind.terms();
        let now = now.as_second();
        let Ok(mut buckets) = self.buckets.lock() else { return Err(seconds) };
        let place = (kind, network(address));
        if buckets.len() >= BUCKETS_MOST && !buckets.contains_key(&place) {
            buckets.retain(|(kind, _), bucket| bucket.drained(*kind, now).used > 0);
            if buckets.len() >= BUCKETS_MOST {
                return Err(seconds);
            }
        }
        let bucket = buckets.entry(place).or_insert(Bucket { used: 0, since: now });
        *bucket = bucket.drained(kind, now);
        if bucket.used >= most {
            return Err(seconds);
        }
        bucket.used = bucket.used.saturating_add(1);
        Ok(())
    }
}

impl Bucket {
    fn drained(self, kind: Kind, now: i64) -> Self {
        let (_, seconds) = kind.terms();
        let seconds = i64::from(seconds);
        let steps = now.saturating_sub(self.since).max(0) / seconds;
        let used = self.used.saturating_sub(u32::try_from(steps).unwrap_or(u32::MAX));
        Self {
            used,
            since: if used == 0 { now } else { self.since.saturating_add(steps.saturating_mul(seconds)) },
        }
    }
}

/// Whoever has one IPv6 address has the /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_run_out_and_come_back() {
        let limits = Limits::default();
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..6 {
            assert_eq!(limits.try_once(Kind::Pin, address, at(100)), Ok(()));
        }
        assert_eq!(limits.try_once(Kind::Pin, address, at(100)), Err(10));
        assert_eq!(limits.try_once(Kind::Pin, "192.0.2.2".parse().unwrap(), at(100)), Ok(()));
        assert_eq!(limits.try_once(Kind::SignIn, address, at(100)), Ok(()));
        assert_eq!(limits.try_once(Kind::Pin, address, at(109)), Err(10));
        assert_eq!(limits.try_once(Kind::Pin, address, at(110)), Ok(()));
        assert_eq!(limits.try_once(Kind::Pin, address, at(110)), Err(10));
        // A clock that goes back gives nothing.
        assert_eq!(limits.try_once(Kind::Pin, address, at(0)), Err(10));
    }

    #[test]
    fn an_ipv6_network_is_one_visitor() {
        let limits = Limits::default();
        let now = Timestamp::from_second(0).unwrap();
        for host in 0..6 {
            let address = format!("2001:db8::{host}").parse().unwrap();
            assert_eq!(limits.try_once(Kind::Pin, address, now), Ok(()));
        }
        assert!(limits.try_once(Kind::Pin, "2001:db8::99".parse().unwrap(), now).is_err());
        assert!(limits.try_once(Kind::Pin, "2001:db8:0:1::1".parse().unwrap(), now).is_ok());
    }

    #[test]
    fn a_flood_of_addresses_takes_no_more_room() {
        let limits = Limits::default();
        let now = Timestamp::from_second(0).unwrap();
        let address = |number: usize| IpAddr::from((u128::try_from(number).unwrap() << 64).to_be_bytes());
        for number in 0..BUCKETS_MOST {
            assert_eq!(limits.try_once(Kind::Pin, address(number), now), Ok(()));
        }
        assert_eq!(limits.try_once(Kind::Pin, address(BUCKETS_MOST), now), Err(10), "it waits");
        assert_eq!(limits.try_once(Kind::Pin, address(0), now), Ok(()), "who was there goes on");
        let later = Timestamp::from_second(20).unwrap();
        assert_eq!(limits.try_once(Kind::Pin, address(BUCKETS_MOST), later), Ok(()));
        assert_eq!(limits.buckets.lock().unwrap().len(), 1);
    }
}
