//! Which release explains which sign-in of a root. A sign-in that none explains is an alarm; a release that no sign-in followed is a question.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kagimori_id::AccountId;
use serde::Serialize;

use crate::lasting::Lasting;
use crate::log::Released;
use crate::told::{Telling, Told};

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
    /// `MFAUsed`; `None`: the event does not tell. Without a second factor no code was used, and none explains it.
    pub mfa: Option<bool>,
    /// `sourceIPAddress`.
    pub address: Option<String>,
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
    /// Releases of whose time the trail does not tell: nobody can say whether somebody signed in.
    pub hidden: Vec<usize>,
}

/// Which release explains which sign-in. One release explains one sign-in: AWS takes a code once. As many sign-ins as can be are explained,
/// so that a late event of one never makes an alarm of another. A release without a sign-in is a question only where the trail would have
/// shown the sign-in; what is there is judged wherever it is. The lists may come in any order, sign-ins twice.
pub fn explain(releases: &[Released], logins: &[RootLogin], tolerance: Tolerance, told: &Told) -> Explained {
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
        let is_free = |release: &usize| login.mfa != Some(false) && used.get(*release) == Some(&false);
        // Of those that fit, the one whose time is over first: the others can wait for later sign-ins.
        match fitting.find(is_free) {
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
        if used.get(index) == Some(&true) {
            continue;
        }
        let begins = before(release.at, tolerance.skew);
        let list = match told.telling(release.account, begins, ends(release, tolerance)) {
            Telling::Whole => &mut explained.questions,
            Telling::NotYet => &mut explained.open,
            Telling::Blind => &mut explained.hidden,
        };
        list.push(index);
    }
    explained
}

/// By time, each event once.
pub(crate) fn in_order(logins: &[RootLogin]) -> Vec<(usize, &RootLogin)> {
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

/// The instant so long before another.
pub(crate) fn before(instant: Timestamp, lasting: Lasting) -> Timestamp {
    instant.checked_sub(SignedDuration::from_secs(lasting.as_seconds().into())).unwrap_or(Timestamp::MIN)
}

fn ends(release: &Released, tolerance: Tolerance) -> Timestamp {
    tolerance.skew.after(tolerance.within.after(release.at))
}
