//! What an off can tell.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{at, lasting};
use crate::{Busy, Enough, Evidence, Expected, Settings, Thousandths, Verdict, Windows};

fn windows(hours: &str) -> Windows {
    let days = "days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]";
    let settings: Settings = toml::from_str(&format!("{days}\nhours = \"{hours}\"")).unwrap();
    settings.windows(TimeZone::UTC)
}

const DAY: i64 = 86_400;

/// Thirty days with calls at these seconds of each day.
fn busy(seconds: &[i64]) -> Busy {
    let (from, until) = (at("2026-10-01T00:00:00Z"), at("2026-10-31T00:00:00Z"));
    let mut busy = Busy::new(from, until);
    for day in 0..30 {
        for second in seconds {
            busy.add(from.as_second() + day * DAY + second);
        }
    }
    busy
}

#[test]
fn a_quarterly_job_is_inconclusive_after_ten_minutes() {
    let (from, until) = (at("2026-08-02T00:00:00Z"), at("2026-10-31T00:00:00Z"));
    let mut busy = Busy::new(from, until);
    busy.add(from.as_second() + 40 * DAY + 10 * 3600);
    let expected = busy.expects(lasting("10min"), &windows("09:00-17:00"));
    assert_eq!(expected.calls.to_string(), "0");
    assert!(expected.power.as_f64() < 0.001, "{expected:?}");
    assert_eq!(Enough::default().judge(Some(&expected)), Verdict::Inconclusive);
    let expected = busy.expects(lasting("30d"), &windows("09:00-17:00"));
    assert_eq!(expected.calls.to_string(), "0.33");
    assert_eq!(Enough::default().judge(Some(&expected)), Verdict::Inconclusive);
}

/// Many calls, all at night: in the hours in which something goes off there are none.
#[test]
fn a_nightly_burst_says_nothing_about_a_window_of_the_day() {
    let burst: Vec<i64> = (0..50_000).map(|number| 2 * 3600 + number / 50).collect();
    let expected = busy(&burst).expects(lasting("10min"), &windows("09:00-17:00"));
    assert!(expected.calls.as_f64() > 300.0, "{expected:?}");
    assert_eq!(expected.power.as_f64(), 0.0);
    assert_eq!(Enough::default().judge(Some(&expected)), Verdict::Inconclusive);
    // A day has a night.
    let expected = busy(&burst).expects(lasting("1d"), &windows("09:00-17:00"));
    assert_eq!(expected.power.as_f64(), 1.0);
    assert_eq!(Enough::default().judge(Some(&expected)), Verdict::Quiet);
}

#[test]
fn a_call_a_minute_is_met_by_ten_of_them() {
    let all: Vec<i64> = (0..24 * 60).map(|minute| minute * 60 + 5).collect();
    let expected = busy(&all).expects(lasting("10min"), &windows("09:00-17:00"));
    assert_eq!((expected.calls.to_string().as_str(), expected.power.as_f64()), ("10", 1.0));
    assert_eq!(Enough::default().judge(Some(&expected)), Verdict::Quiet);
    assert_eq!(Enough::default().judge(None), Verdict::Inconclusive);
}

/// The second way to count: every minute of every window, one by one.
#[test]
fn power_is_counted_right() {
    let seconds = [9 * 3600 + 600, 9 * 3600 + 3000, 16 * 3600 + 59 * 60];
    let (off, busy) = (20, busy(&seconds));
    let (mut starts, mut met) = (0_u32, 0_u32);
    for start in 9 * 60..=17 * 60 - off {
        starts += 1;
        met += u32::from(seconds.iter().any(|second| (start..start + off).contains(&(second / 60))));
    }
    let expected = busy.expects(lasting("20min"), &windows("09:00-17:00"));
    assert_eq!(expected.power.thousandths(), u64::from(met * 1000 / starts));
    assert_eq!(busy.busy_minutes(), 90);
}

#[test]
fn no_call_tells_nothing_and_no_trail_either() {
    let (from, until) = (at("2026-10-01T00:00:00Z"), at("2026-10-31T00:00:00Z"));
    for busy in [Busy::new(from, until), Busy::new(until, until), Busy::new(until, from)] {
        for off in ["1s", "10min", "30d", "3650d"] {
            let expected = busy.expects(lasting(off), &windows("00:00-24:00"));
            assert_eq!((expected.calls.thousandths(), expected.power.thousandths()), (0, 0), "{off}");
            assert_eq!(Enough::default().judge(Some(&expected)), Verdict::Inconclusive);
        }
    }
}

/// A trail that begins later than was asked for says the same of the time that it holds.
#[test]
fn the_time_before_the_trail_counts_as_nothing() {
    let from = at("2026-10-11T00:00:07Z");
    let mut short = Busy::new(at("2026-10-11T00:00:00Z"), at("2026-10-31T00:00:00Z"));
    let mut long = Busy::new(at("2026-10-01T00:00:00Z"), at("2026-10-31T00:00:00Z"));
    for day in 0..20 {
        for busy in [&mut short, &mut long] {
            busy.add(at("2026-10-11T10:00:00Z").as_second() + day * DAY);
        }
    }
    assert_eq!(long.since(from), short);
    assert_ne!(
        long.expects(lasting("1d"), &windows("09:00-17:00")),
        short.expects(lasting("1d"), &windows("09:00-17:00"))
    );
    assert_eq!(
        long.since(at("2026-12-01T00:00:00Z"))
            .expects(lasting("1d"), &windows("09:00-17:00"))
            .power
            .thousandths(),
        0
    );
}

#[test]
fn a_trail_that_is_too_short_is_inconclusive() {
    let evidence = |days: i64| {
        let until = at("2026-11-30T00:00:00Z");
        let from = Timestamp::from_second(until.as_second() - days * DAY).unwrap();
        let told = Expected { calls: Thousandths::whole(100), power: Thousandths::whole(1) };
        Evidence { from, until, calls: 100, last: None, last_write: None, rungs: vec![told] }
    };
    for (days, off, verdict) in [
        (13, "10min", Verdict::Inconclusive),
        (14, "10min", Verdict::Quiet),
        (14, "7d", Verdict::Quiet),
        (14, "8d", Verdict::Inconclusive),
        (59, "30d", Verdict::Inconclusive),
        (60, "30d", Verdict::Quiet),
        (90, "80d", Verdict::Inconclusive),
        (0, "1s", Verdict::Inconclusive),
    ] {
        assert_eq!(evidence(days).judge(&Enough::default(), 0, lasting(off)), verdict, "{days} {off}");
    }
    assert_eq!(evidence(90).judge(&Enough::default(), 1, lasting("1d")), Verdict::Inconclusive);
}

#[test]
fn parts_are_joined() {
    let whole = busy(&[60, 600, 7200]);
    let joined = busy(&[60, 600]).and(&busy(&[7200]));
    assert_eq!(whole, joined);
    let mut outside = busy(&[]);
    outside.add(at("2026-09-30T23:59:59Z").as_second());
    outside.add(at("2026-10-31T00:00:00Z").as_second());
    assert_eq!(outside.calls(), 0);
}
