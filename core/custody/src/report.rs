//! Everything root did while a request had let somebody be root.

use jiff::Timestamp;
use kagimori_id::{AccessKeyId, AccountId};
use serde::Serialize;

use crate::explain::{Explained, RootLogin, Tolerance};
use crate::lasting::Lasting;
use crate::log::Released;
use crate::request::Request;
use crate::told::{Telling, Told};
use crate::watch::each_once;

/// How long a console session of root is taken to go on after its sign-in: it cannot be ended from outside. Twelve hours are what is known
/// of console sessions of users; nothing of AWS says it of root (unverified).
pub const SESSION: Lasting = Lasting::hours(12);

/// Something that root did, as the trail tells it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "what an event tells")]
pub struct RootDeed {
    /// The event's id; the same event may be given twice.
    pub id: String,
    /// Of this account.
    pub account: AccountId,
    /// When: `eventTime`.
    pub at: Timestamp,
    /// What: `iam:CreateUser`.
    pub call: String,
    /// AWS refused it.
    pub failed: bool,
    /// With this key: of a session (`ASIA…`), or root's own (`AKIA…`).
    pub key: Option<AccessKeyId>,
    /// `sourceIPAddress`.
    pub address: Option<String>,
}

/// What a request led to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "the parts of a report")]
pub struct RootReport {
    /// The sign-ins that its codes explain: indices of the list.
    pub logins: Vec<usize>,
    /// What was done from the first sign-in to the end of the window, in time's order: indices of the list.
    pub within: Vec<usize>,
    /// What was done after the window, while a session that the request began could still go on.
    pub after: Vec<usize>,
    /// What was done within the window before any sign-in that the request explains: by another session.
    pub before: Vec<usize>,
    /// A code was released and nobody signed in.
    pub is_unused: bool,
    /// The trail tells everything until the last session must have ended; otherwise more may come.
    pub is_complete: bool,
    /// Of some of its time the trail does not tell: what is listed may not be all.
    pub is_blind: bool,
}

/// What a request led to. The deeds are those of all roots, in any order; what sign-in is whose, `explained` says of the same lists, and of
/// which time the trail tells, `told`.
pub fn report(
    request: &Request,
    (releases, logins, explained): (&[Released], &[RootLogin], &Explained),
    deeds: &[RootDeed],
    tolerance: Tolerance,
    told: &Told,
) -> RootReport {
    let own = |release: &usize| releases.get(*release).is_some_and(|found| found.request == request.ask.id);
    let pairs = explained.pairs.iter().filter(|(_, release)| own(release));
    let mut signed: Vec<usize> = pairs.map(|(login, _)| *login).collect();
    let time = |login: &usize| logins.get(*login).map_or(Timestamp::MAX, |login| login.at);
    signed.sort_by_key(time);
    let (first, last) = (signed.first().map(time), signed.last().map(time));
    let skewed = |instant: Timestamp| tolerance.skew.after(instant);
    let began = request.approved_at.unwrap_or(request.ask.at);
    let closes = skewed(request.ask.window.after(began));
    let ends = last.map_or(closes, |last| skewed(SESSION.after(last)).max(closes));
    let account = request.ask.matter.account();
    let telling = account.map_or(Telling::Blind, |account| told.telling(account, began, ends));
    let mut found = RootReport {
        is_unused: signed.is_empty() && !request.releases.is_empty(),
        is_complete: telling == Telling::Whole,
        is_blind: telling == Telling::Blind,
        logins: signed,
        ..RootReport::default()
    };
    for (index, deed) in each_once(deeds) {
        if account != Some(deed.account) {
            continue;
        }
        match first {
            Some(first) if skewed(deed.at) < first => {}
            Some(_) if deed.at <= closes => found.within.push(index),
            Some(_) if deed.at <= ends => found.after.push(index),
            _ => {}
        }
        let is_before = first.is_none_or(|first| skewed(deed.at) < first);
        if is_before && began <= skewed(deed.at) && deed.at <= closes {
            found.before.push(index);
        }
    }
    found
}
