//! Releases of a log beside sign-ins of a trail.

use kagimori_id::AccountId;
use proptest::prelude::*;

use super::{Desk, at, id};
use crate::{
    Lasting, Mode, Released, RootDeed, RootLogin, SIGN_IN_WITHIN, Span, Told, Tolerance, explain, releases,
    report,
};

const ACCOUNT: &str = "111122223333";

fn tolerance(skew: u32) -> Tolerance {
    Tolerance { skew: Lasting::seconds(skew), within: SIGN_IN_WITHIN }
}

fn login(name: &str, when: &str, succeeded: bool) -> RootLogin {
    RootLogin {
        id: name.to_owned(),
        account: AccountId::parse(ACCOUNT).unwrap(),
        at: at(when),
        succeeded,
        mfa: Some(true),
        address: None,
    }
}

/// A trail that tells everything until an instant.
fn until(instant: &str) -> Told {
    let span = Span { from: jiff::Timestamp::MIN, until: at(instant), gaps: Vec::new() };
    Told::of([(AccountId::parse(ACCOUNT).unwrap(), span)])
}

fn released() -> Vec<Released> {
    let mut desk = Desk::verified(Mode::Direct);
    desk.release("r1", "hina").unwrap();
    desk.later(30);
    desk.release("r1", "hina").unwrap();
    releases(&desk.leaves).unwrap()
}

#[test]
fn a_log_tells_its_releases() {
    let found = released();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].request, id("r1"));
    assert_eq!((found[0].requester.as_str(), found[0].operator.as_str()), ("aoi", "hina"));
    assert_eq!(found[0].at, at("2026-12-01T09:01:00Z"));
    assert_eq!(found[0].until, at("2026-12-01T09:02:00Z"));
    assert_eq!(found[1].step, found[0].step + 1);
}

#[test]
fn what_explains_what() {
    let found = released();
    let late = until("2026-12-01T10:00:00Z");
    /// Sign-ins, and with which releases they are paired; alarms and questions.
    type Case<'a> = (&'a [(&'a str, &'a str, bool)], &'a [(usize, usize)], &'a [usize], &'a [usize]);
    let cases: [Case<'_>; 6] = [
        // One code was used, the other was not.
        (&[("a", "2026-12-01T09:01:20Z", true)], &[(0, 0)], &[], &[1]),
        // Both, told in the wrong order and one of them twice.
        (
            &[
                ("b", "2026-12-01T09:01:40Z", true),
                ("a", "2026-12-01T09:01:05Z", true),
                ("b", "2026-12-01T09:01:40Z", true),
            ],
            &[(1, 0), (0, 1)],
            &[],
            &[],
        ),
        // A third sign-in that no code was for.
        (
            &[
                ("a", "2026-12-01T09:01:05Z", true),
                ("b", "2026-12-01T09:01:40Z", true),
                ("c", "2026-12-01T09:01:50Z", true),
            ],
            &[(0, 0), (1, 1)],
            &[2],
            &[],
        ),
        // Before, and long after.
        (&[("a", "2026-12-01T09:00:00Z", true), ("b", "2026-12-01T09:30:00Z", true)], &[], &[0, 1], &[0, 1]),
        // A slip uses no code up.
        (
            &[
                ("a", "2026-12-01T09:01:05Z", false),
                ("b", "2026-12-01T09:01:20Z", true),
                ("c", "2026-12-01T09:01:45Z", true),
            ],
            &[(1, 0), (2, 1)],
            &[],
            &[],
        ),
        (&[], &[], &[], &[0, 1]),
    ];
    for (logins, pairs, alarms, questions) in cases {
        let logins: Vec<_> = logins.iter().map(|(name, when, good)| login(name, when, *good)).collect();
        let explained = explain(&found, &logins, tolerance(5), &late);
        let found = (explained.pairs.as_slice(), explained.alarms.as_slice(), explained.questions.as_slice());
        assert_eq!(found, (pairs, alarms, questions), "{logins:?}");
    }
}

#[test]
fn another_account_is_an_alarm_and_what_the_trail_does_not_tell_yet_is_open() {
    let found = released();
    let mut other = login("a", "2026-12-01T09:01:20Z", true);
    other.account = AccountId::parse("444455556666").unwrap();
    let explained = explain(&found, &[other], tolerance(5), &until("2026-12-01T09:02:00Z"));
    assert_eq!((explained.alarms, explained.open, explained.questions), (vec![0], vec![0, 1], vec![]));
    let failed = login("f", "2026-12-01T11:00:00Z", false);
    assert_eq!(explain(&found, &[failed], tolerance(5), &until("2026-12-01T12:00:00Z")).attempts, [0]);
}

#[test]
fn a_report_tells_everything_that_root_did() {
    let mut desk = Desk::verified(Mode::Direct);
    desk.release("r1", "hina").unwrap();
    let found = releases(&desk.leaves).unwrap();
    let request = desk.state.request(&id("r1")).unwrap();
    let deed = |name: &str, when: &str, call: &str| RootDeed {
        id: name.to_owned(),
        account: AccountId::parse(ACCOUNT).unwrap(),
        at: at(when),
        call: call.to_owned(),
        failed: false,
        key: None,
        address: None,
    };
    let mut deeds = vec![
        deed("d2", "2026-12-01T09:20:00Z", "iam:DeleteVirtualMFADevice"),
        deed("d1", "2026-12-01T09:02:00Z", "billing:GetPreferences"),
        deed("d1", "2026-12-01T09:02:00Z", "billing:GetPreferences"),
        deed("d3", "2026-12-01T10:30:00Z", "iam:CreateAccessKey"),
        deed("d0", "2026-12-01T09:01:01Z", "iam:ListUsers"),
        deed("d4", "2026-12-02T09:00:00Z", "iam:ListUsers"),
    ];
    let mut other = deed("o1", "2026-12-01T09:05:00Z", "iam:ListUsers");
    other.account = AccountId::parse("444455556666").unwrap();
    deeds.push(other);
    let logins = [login("l1", "2026-12-01T09:01:30Z", true)];
    let told = until("2026-12-02T12:00:00Z");
    let explained = explain(&found, &logins, tolerance(5), &told);
    let told_of = |logins: &[RootLogin], explained: &crate::Explained, told: &Told| {
        report(request, (&found, logins, explained), &deeds, tolerance(5), told)
    };
    let report = told_of(&logins, &explained, &told);
    assert_eq!(
        (report.logins, report.within, report.after, report.before),
        (vec![0], vec![1, 0], vec![3], vec![4])
    );
    assert!(report.is_complete && !report.is_unused);
    assert!(!told_of(&logins, &explained, &until("2026-12-01T12:00:00Z")).is_complete);
    // Nobody signed in with the code; what root did in the window was another session's.
    let none = explain(&found, &[], tolerance(5), &told);
    let report = told_of(&[], &none, &told);
    assert!(report.is_unused && report.within.is_empty() && report.after.is_empty());
    assert_eq!(report.before, [4, 1, 0]);
}

fn release_at(seconds: i64, leaf: u64) -> Released {
    let at = at("2026-12-01T00:00:00Z") + jiff::SignedDuration::from_secs(seconds);
    Released {
        leaf,
        account: AccountId::parse(ACCOUNT).unwrap(),
        seed: super::seed("root-main"),
        step: leaf,
        at,
        until: at,
        request: id("r1"),
        mode: Mode::Direct,
        requester: super::person("aoi"),
        operator: super::person("hina"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(15), ..ProptestConfig::default() })]

    /// Every sign-in that used a code is explained, and every other is not, in any order, late by up to the skew.
    #[test]
    fn no_alarm_is_false_and_none_is_missing(
        gaps in prop::collection::vec((1500_i64..4000, 0_i64..=120, -300_i64..=300, any::<bool>(), any::<bool>()), 1..60),
        turn in 0_usize..60,
    ) {
        let (mut releases, mut logins, mut orphans) = (Vec::new(), Vec::new(), 0);
        let mut now = 0;
        for (index, (gap, delay, skew, is_used, is_orphan)) in gaps.into_iter().enumerate() {
            now += gap;
            releases.push(release_at(now, index as u64));
            let when = |seconds: i64| at("2026-12-01T00:00:00Z") + jiff::SignedDuration::from_secs(seconds);
            if is_used {
                let mut used = login(&format!("used-{index}"), "2026-12-01T00:00:00Z", true);
                used.at = when(now + delay + skew);
                logins.push(used);
            }
            if is_orphan {
                orphans += 1;
                let mut orphan = login(&format!("orphan-{index}"), "2026-12-01T00:00:00Z", true);
                orphan.at = when(now - 750);
                logins.push(orphan);
            }
        }
        let used = logins.len() - orphans;
        let count = logins.len().max(1);
        logins.rotate_left(turn % count);
        let explained = explain(&releases, &logins, tolerance(300), &until("2027-01-01T00:00:00Z"));
        prop_assert_eq!(explained.pairs.len(), used);
        prop_assert_eq!(explained.alarms.len(), orphans);
        prop_assert!(explained.alarms.iter().all(|index| logins[*index].id.starts_with("orphan")));
        prop_assert_eq!(explained.questions.len(), releases.len() - used);
    }
}
