//! Which release explains which sign-in of a root. A sign-in that none explains is an alarm; a release that no sign-in followed is a question.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kagimori_id::AccountId;
use serde::Serialize;

use crate::lasting::Lasting;
use crate::log::Released;

/// A sign-in of a root, as CloudTrail tells it (`ConsoleLogin` of the user type `Root`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "what an event tells")]
pub struct RootLogin {
    /// The event's id; the same event may be given twice.
    pub id: String,
    /// Of this account.
    pub account: AccountId,
    /// When: `eventTime`.
    pub at: Timestamp,
    /// Whether it succeeded; one that failed uses no code up.
    pub succeeded: bool,
}

/// How far clocks and codes may be apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "both are settings")]
pub struct Tolerance {
    /// `eventTime` may be so far from the desk's clock, to either side.
    pub skew: Lasting,
    /// A code is used within this after its release.
    pub within: Lasting,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "the parts of a report")]
pub struct Explained {
    /// Sign-ins with the one release that explains each: indices into both lists.
    pub pairs: Vec<(usize, usize)>,
    /// Sign-ins that nothing explains: somebody was root without a request.
    pub alarms: Vec<usize>,
    /// Attempts that failed without a request.
    pub attempts: Vec<usize>,
    /// Attempts that failed while a release was there: a slip of the requester's.
    pub slips: Vec<(usize, usize)>,
    /// Releases that no sign-in followed, though the trail tells all of their time: what was the code for?
    pub questions: Vec<usize>,
    /// Releases of which the trail does not tell all of their time yet.
    pub open: Vec<usize>,
}

/// Which release explains which sign-in. One release explains one sign-in: AWS takes a code once. As many sign-ins as can be are explained,
/// so that a late event of one never makes an alarm of another. The trail tells everything until `told_until`; before that a release
/// without a sign-in is a question, and after it nobody knows yet. The lists may come in any order, sign-ins twice.
pub fn explain(
    releases: &[Released],
    logins: &[RootLogin],
    tolerance: Tolerance,
    told_until: Timestamp,
) -> Explained {
    let mut explained = Explained::default();
    let mut used = vec![false; releases.len()];
    let by_account = by_account(releases);
    for (index, login) in in_order(logins) {
        let own = by_account.get(&login.account).map(Vec::as_slice).unwrap_or_default();
        let mut fitting = fitting(own, login.at, tolerance);
        if !login.succeeded {
            match fitting.next() {
                Some(release) => explained.slips.push((index, release)),
                None => explained.attempts.push(index),
            }
            continue;
        }
        // Of those that fit, the one whose time is over first: the others can wait for later sign-ins.
        match fitting.find(|release| used.get(*release) == Some(&false)) {
            Some(release) => {
                if let Some(used) = used.get_mut(release) {
                    *used = true;
                }
                explained.pairs.push((index, release));
            }
            None => explained.alarms.push(index),
        }
    }
    for (index, release) in releases.iter().enumerate() {
        match used.get(index) {
            Some(true) => {}
            _ if ends(release, tolerance) <= told_until => explained.questions.push(index),
            _ => explained.open.push(index),
        }
    }
    explained
}

/// By time, each event once.
fn in_order(logins: &[RootLogin]) -> Vec<(usize, &RootLogin)> {
    let mut first: BTreeMap<&str, (usize, &RootLogin)> = BTreeMap::new();
    for (index, login) in logins.iter().enumerate() {
        first.entry(&login.id).or_insert((index, login));
    }
    let mut ordered: Vec<(usize, &RootLogin)> = first.into_values().collect();
    ordered.sort_by(|(_, one), (_, other)| (one.at, &one.id).cmp(&(other.at, &other.id)));
    ordered
}

/// The releases of each account, by time.
fn by_account(releases: &[Released]) -> BTreeMap<AccountId, Vec<(Timestamp, usize)>> {
    let mut found: BTreeMap<AccountId, Vec<(Timestamp, usize)>> = BTreeMap::new();
    for (index, release) in releases.iter().enumerate() {
        found.entry(release.account).or_default().push((release.at, index));
    }
    found.values_mut().for_each(|releases| releases.sort_unstable());
    found
}

/// Those that can explain a sign-in, the earliest first.
fn fitting(
    releases: &[(Timestamp, usize)],
    at: Timestamp,
    tolerance: Tolerance,
) -> impl Iterator<Item = usize> {
    let seconds = |lasting: Lasting| SignedDuration::from_secs(lasting.as_seconds().into());
    let (skew, within) = (seconds(tolerance.skew), seconds(tolerance.within));
    let earliest = at.checked_sub(skew + within).unwrap_or(Timestamp::MIN);
    let latest = at.checked_add(skew).unwrap_or(Timestamp::MAX);
    let first = releases.partition_point(|(at, _)| *at < earliest);
    let there = releases.get(first..).unwrap_or_default().iter();
    there.take_while(move |(at, _)| *at <= latest).map(|(_, index)| *index)
}

fn ends(release: &Released, tolerance: Tolerance) -> Timestamp {
    tolerance.skew.after(tolerance.within.after(release.at))
}
