//! What a trail tells of roots, from files or from a lake: sign-ins, deeds, lost passwords, centralised access, and of which time it tells
//! everything. `core/custody` compares it with the log of a desk.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use kagimori_custody::{AssumedRoot, Recovery, RootDeed, RootLogin, RootTrail, Span, Told};
use kagimori_estate::model::Problem;
use kagimori_id::AccountId;
use kagimori_trail::call::{Call, Outcome};
use kagimori_trail::event::Principal;
use kagimori_trail::selection::{Only, Selection};

use crate::coverage::{CoverSum, Coverage, RegionCoverage, coverage};
use crate::error::LakeError;
use crate::files::Progress;
use crate::lake::Lake;
use crate::raw::read_calls;
use crate::unread::{Unread, unread};

/// Where AWS writes the sign-ins of roots: in each partition one Region (AWS CloudTrail User Guide, *AWS Management Console sign-in
/// events*).
const HOMES: [&str; 3] = ["us-east-1", "us-gov-west-1", "cn-north-1"];
/// Files of different Regions come within this of each other (*How CloudTrail works*: events are delivered within 15 minutes on average 5).
const DELIVERY: i64 = 15 * 60;
/// So many times its usual distance between days with events a Region is silent, where the trail is taken to have a gap: as of accounts.
const SILENCE_TIMES: i32 = 3;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// What was read of roots.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a result, taken apart by the caller")]
pub struct RootReading {
    /// What the trail tells.
    pub trail: RootTrail,
    /// Files that were damaged or set aside, by name.
    pub problems: Vec<Problem>,
}

/// From CloudTrail files below a folder, or the one file.
pub fn read_roots(root: &Path, relative_to: &Path, progress: &(dyn Fn(Progress) + Sync)) -> RootReading {
    let make = <(RootTrail, CoverSum)>::default;
    let reading = read_calls(root, relative_to, progress, make, |(trail, cover), call| {
        if let Some(account) = call.account.or(call.caller.account) {
            let region = call.region.as_deref().unwrap_or_default();
            cover.add(&account.to_string(), region, call.time, call.is_data);
        }
        add(trail, call);
    });
    let (trails, covers): (Vec<_>, Vec<_>) = reading.states.into_iter().unzip();
    let mut whole = CoverSum::default();
    covers.into_iter().for_each(|cover| whole.merge(cover));
    let covered = coverage(whole.finish().iter(), &Selection::default());
    RootReading { trail: merged(trails, &covered, &reading.problems), problems: reading.problems }
}

impl Lake {
    /// What the lake tells of roots: the same as [`read_roots`] of its files.
    ///
    /// # Errors
    /// [`LakeError`].
    pub fn roots(&self) -> Result<RootReading, LakeError> {
        let of_roots = Selection { only: Only::Root, ..Selection::default() };
        let trails = self.calls(&of_roots, RootTrail::default, add)?;
        let problems = self.problems()?;
        Ok(RootReading { trail: merged(trails, &self.coverage(), &problems), problems })
    }
}

fn merged(trails: Vec<RootTrail>, covered: &Coverage, problems: &[Problem]) -> RootTrail {
    let mut whole = RootTrail::default();
    for trail in trails {
        whole.logins.extend(trail.logins);
        whole.deeds.extend(trail.deeds);
        whole.recoveries.extend(trail.recoveries);
        whole.assumed.extend(trail.assumed);
    }
    // In one order, whoever read what.
    whole.logins.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
    whole.deeds.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
    whole.recoveries.sort();
    whole.assumed = sessions(whole.assumed);
    whole.told = told(covered, unread(problems));
    whole
}

/// Takes in what a call tells of a root.
fn add(trail: &mut RootTrail, call: &Call) {
    let account = match &call.caller.principal {
        Principal::Root(account, _) => *account,
        Principal::AssumedRoot(account) => return trail.assumed.extend(assumed(*account, call)),
        _ => return,
    };
    let at = Timestamp::from_second(call.time).unwrap_or_default();
    let address = call.caller.address.as_deref().map(str::to_owned);
    // An event without an id is one of its own.
    let id = call
        .event_id
        .as_deref()
        .map_or_else(|| format!("{} {} {}", call.time, call.source, call.name), str::to_owned);
    match (&*call.source, &*call.name, call.sign_in) {
        (_, "ConsoleLogin", Some(sign_in)) => trail.logins.push(RootLogin {
            id,
            account,
            at,
            succeeded: sign_in.succeeded,
            mfa: sign_in.mfa,
            address,
        }),
        (_, name @ ("PasswordRecoveryRequested" | "PasswordRecoveryCompleted"), _) => {
            let is_completed = name == "PasswordRecoveryCompleted" && call.error.is_none();
            trail.recoveries.push(Recovery { at, id, account, is_completed, address });
        }
        // Steps of signing in, which a sign-in ends with, or not.
        (_, "CheckMfa" | "GetSigninToken" | "ConsoleLogin" | "SwitchRole" | "ExitRole" | "RenewRole", _) => {}
        _ if is_aws_own(call) => {}
        (source, name, _) => {
            let service = source.split('.').next().unwrap_or_default();
            let failed = call.error.is_some() || call.outcome != Outcome::Succeeded;
            let key = call.caller.access_key.clone();
            trail.deeds.push(RootDeed {
                id,
                account,
                at,
                call: format!("{service}:{name}"),
                failed,
                key,
                address,
            });
        }
    }
}

/// Whether AWS made the call with root's name: for a service of its own, and not for the person at the console.
fn is_aws_own(call: &Call) -> bool {
    let by_service =
        call.caller.invoked_by.as_deref().is_some_and(|service| !kagimori_trail::event::is_console(service));
    let from_service = call.caller.address.as_deref().is_some_and(|address| {
        address == "AWS Internal" || address.ends_with(".amazonaws.com") && call.caller.access_key.is_none()
    });
    by_service || from_service
}

/// A session of centralised access, by one of its calls.
fn assumed(account: AccountId, call: &Call) -> Option<AssumedRoot> {
    let caller = &call.caller;
    let by = caller.source_identity.as_deref().or(caller.arn.as_deref()).unwrap_or_default();
    let id = caller.access_key.as_ref().map(|key| key.as_str().to_owned());
    let id = id.or_else(|| call.event_id.as_deref().map(str::to_owned))?;
    Some(AssumedRoot { at: Timestamp::from_second(call.time).ok()?, id, account, by: by.to_owned() })
}

/// The first call of each session.
fn sessions(mut calls: Vec<AssumedRoot>) -> Vec<AssumedRoot> {
    calls.sort();
    let mut seen = std::collections::BTreeSet::new();
    calls.retain(|call| seen.insert(call.id.clone()));
    calls
}

/// Of which time everything is told of whom.
fn told(covered: &Coverage, unread: impl Iterator<Item = Unread>) -> Told {
    let mut last: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for region in &covered.regions {
        let known = last.entry(&region.account).or_insert(region.last_event);
        *known = (*known).max(region.last_event);
    }
    let mut spans: BTreeMap<AccountId, Span> = BTreeMap::new();
    for region in covered.regions.iter().filter(|region| HOMES.contains(&region.region.as_str())) {
        let Ok(account) = AccountId::parse(&region.account) else { continue };
        let latest = last.get(region.account.as_str()).copied().unwrap_or(region.last_event);
        let delivered = Timestamp::from_second(latest.as_second().saturating_sub(DELIVERY));
        let until = delivered.unwrap_or(region.last_event).max(region.last_event);
        spans.entry(account).or_insert(Span { from: region.first_event, until, gaps: gaps(region) });
    }
    for (whose, days) in unread {
        for (_, span) in spans.iter_mut().filter(|(account, _)| whose.is_none_or(|whose| whose == **account))
        {
            let (first, last) = days.map_or((Timestamp::MIN, Timestamp::MAX), |(first, last)| {
                (instant(first), instant(last.saturating_add(1)))
            });
            span.gaps.push((first, last));
        }
    }
    for span in spans.values_mut() {
        span.gaps.sort();
        span.gaps.dedup();
    }
    Told::of(spans)
}

/// Days without an event, in a row much longer than usual.
fn gaps(region: &RegionCoverage) -> Vec<(Timestamp, Timestamp)> {
    let holes = || region.holes.iter().filter(|hole| region.first < hole.first);
    // The distances between days with events: one, and one more than each hole has days.
    let between = holes().filter(|hole| hole.last < region.last).map(|hole| hole.days.saturating_add(1));
    let mut distances: Vec<i32> = between.collect();
    let next_days = region.days.saturating_sub(1).saturating_sub(distances.len());
    distances.resize(distances.len().saturating_add(next_days), 1);
    distances.sort_unstable();
    let usual = distances.get(distances.len() / 2).copied().unwrap_or(1);
    let is_long = |hole: &&crate::coverage::Hole| hole.days > usual.saturating_mul(SILENCE_TIMES);
    let day = |text: &str| format!("{text}T00:00:00Z").parse::<Timestamp>().ok();
    let edges = |hole: &crate::coverage::Hole| {
        let end = Timestamp::from_second(day(&hole.last)?.as_second().saturating_add(DAY)).ok()?;
        Some((day(&hole.first)?, end))
    };
    holes().filter(is_long).filter_map(edges).collect()
}

fn instant(day: i64) -> Timestamp {
    Timestamp::from_second(day.saturating_mul(DAY)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use kagimori_custody::Telling;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn told_of(events: &[(&str, &str)], unread: Vec<Unread>) -> Told {
        let mut sum = CoverSum::default();
        for (region, when) in events {
            sum.add("111122223333", region, at(when).as_second(), false);
        }
        told(&coverage(sum.finish().iter(), &Selection::default()), unread.into_iter())
    }

    #[test]
    fn only_the_region_of_sign_ins_tells() {
        let account = AccountId::parse("111122223333").unwrap();
        let elsewhere = told_of(&[("ap-northeast-1", "2026-12-01T00:00:00Z")], Vec::new());
        assert_eq!(elsewhere.span(account), None);
        let told = told_of(
            &[
                ("us-east-1", "2026-12-01T06:00:00Z"),
                ("us-east-1", "2026-12-02T06:00:00Z"),
                ("ap-northeast-1", "2026-12-03T06:00:00Z"),
            ],
            Vec::new(),
        );
        let span = told.span(account).unwrap();
        assert_eq!((span.from, span.until), (at("2026-12-01T06:00:00Z"), at("2026-12-03T05:45:00Z")));
        assert!(span.gaps.is_empty());
    }

    #[test]
    fn long_silences_and_what_could_not_be_read_are_gaps() {
        let account = AccountId::parse("111122223333").unwrap();
        let days = ["01", "02", "03", "04", "10", "11", "13"];
        let events: Vec<String> = days.iter().map(|day| format!("2026-12-{day}T06:00:00Z")).collect();
        let mut all: Vec<(&str, &str)> = events.iter().map(|when| ("us-east-1", when.as_str())).collect();
        all.push(("ap-northeast-1", "2026-12-20T00:00:00Z"));
        let told = told_of(&all, Vec::new());
        let telling = |from: &str, until: &str| told.telling(account, at(from), at(until));
        assert_eq!(telling("2026-12-05T01:00:00Z", "2026-12-05T02:00:00Z"), Telling::Blind);
        assert_eq!(telling("2026-12-12T01:00:00Z", "2026-12-12T02:00:00Z"), Telling::Whole);
        // A trail that goes on in other Regions alone has lost this one.
        assert_eq!(telling("2026-12-18T01:00:00Z", "2026-12-18T02:00:00Z"), Telling::Blind);
        let day = at("2026-12-12T00:00:00Z").as_second() / DAY;
        let told = told_of(&all, vec![(Some(account), Some((day, day)))]);
        let during = (at("2026-12-12T01:00:00Z"), at("2026-12-12T02:00:00Z"));
        assert_eq!(told.telling(account, during.0, during.1), Telling::Blind);
        let told = told_of(&all, vec![(None, None)]);
        assert_eq!(told.telling(account, during.0, during.1), Telling::Blind);
    }
}
