//! A trail beside a log: what root did without a request, what a request was for that nobody used, and what cannot be told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kagimori_id::{AccessKeyId, AccountId};
use serde::Serialize;

use crate::explain::{Explained, RootLogin, Tolerance, before, explain, in_order};
use crate::lasting::Lasting;
use crate::log::{Grants, SIGN_IN_WITHIN};
use crate::report::{RootDeed, SESSION};
use crate::told::{Span, Telling, Told};

/// All that a trail tells of roots. The lists may come in any order, events twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "made by whoever has read a trail")]
pub struct RootTrail {
    /// Sign-ins of roots, and attempts.
    pub logins: Vec<RootLogin>,
    /// What roots called, but for what AWS called itself.
    pub deeds: Vec<RootDeed>,
    /// Steps of a lost password's way.
    pub recoveries: Vec<Recovery>,
    /// Sessions of centralised root access (`sts:AssumeRoot`) that were made.
    pub assumed: Vec<AssumedRoot>,
    /// Of which time it tells everything.
    pub told: Told,
}

/// A step of the way of a lost password (`PasswordRecoveryRequested`, `PasswordRecoveryCompleted`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "what an event tells")]
pub struct Recovery {
    /// When.
    pub at: Timestamp,
    /// The event's id.
    pub id: String,
    /// Of this account.
    pub account: AccountId,
    /// Root has another password now. Otherwise somebody asked for one, which whoever knows the address can.
    pub is_completed: bool,
    /// `sourceIPAddress`.
    pub address: Option<String>,
}

/// A session of centralised root access.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "what an event tells")]
pub struct AssumedRoot {
    /// When.
    pub at: Timestamp,
    /// The event's id.
    pub id: String,
    /// The account in whose trail it stands.
    pub account: AccountId,
    /// Who made it, as the trail calls them.
    pub by: String,
}

/// Somebody was root without a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "alarm", rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum Alarm {
    /// A sign-in that no release explains: the index, and what was done after it.
    SignIn {
        /// Of the sign-in.
        login: usize,
        /// Of the deeds.
        deeds: Vec<usize>,
    },
    /// An access key of root's own was used: no request gives one.
    Key {
        /// Whose root.
        account: AccountId,
        /// The key's id.
        key: AccessKeyId,
        /// What with.
        deeds: Vec<usize>,
    },
    /// Something was done by root in no session that a request began.
    Outside {
        /// Whose root.
        account: AccountId,
        /// What.
        deeds: Vec<usize>,
    },
    /// Root has another password by way of its mailbox.
    Recovered {
        /// The index of the step.
        recovery: usize,
    },
}

/// Something that somebody has to answer for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "question", rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum Question {
    /// A code was released and nobody signed in: what was it for?
    Unused {
        /// The index of the release.
        release: usize,
    },
    /// A sign-in that a release explains, from an address that is none of the policy's for requesters.
    Elsewhere {
        /// The index of the sign-in.
        login: usize,
    },
    /// Somebody asked for another password of root.
    Recovering {
        /// The index of the step.
        recovery: usize,
    },
    /// A session of centralised root access: the desk has no requests of that kind, and somebody else has to know why.
    Assumed {
        /// The index.
        session: usize,
    },
}

/// Why nothing can be concluded of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum Untold {
    /// The trail has no event of the Region in which sign-ins of root are written.
    NoEvents,
    /// It has, and not of all of the time.
    Gaps {
        /// From, until.
        gaps: Vec<(Timestamp, Timestamp)>,
    },
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "the parts of an answer")]
pub struct Watched {
    /// Which release explains which sign-in.
    pub explained: Explained,
    /// Sign-ins while a ceremony let somebody be root: the index, and of the ceremony.
    pub ceremonies: Vec<(usize, usize)>,
    /// Sign-ins before there was a desk: nobody could have asked.
    pub earlier: Vec<usize>,
    /// Somebody was root without a request.
    pub alarms: Vec<Alarm>,
    /// Somebody has to answer.
    pub questions: Vec<Question>,
    /// Of which of the desk's accounts the trail does not tell all.
    pub untold: BTreeMap<AccountId, Untold>,
    /// Deeds of sessions that may have begun before the trail does.
    pub begun_before: Vec<usize>,
}

/// How far clocks and codes may be apart where nothing else is said. No code leaves a desk whose clock is more than two seconds off, and
/// `eventTime` is of AWS's clock: half a minute is for what lies between.
pub const TOLERANCE: Tolerance = Tolerance { skew: Lasting::seconds(30), within: SIGN_IN_WITHIN };

impl Watched {
    /// Whether nothing is wrong, and everything could be told.
    pub fn is_clean(&self) -> bool {
        self.alarms.is_empty() && self.questions.is_empty() && !self.is_blind()
    }

    /// Whether something could not be told.
    pub fn is_blind(&self) -> bool {
        !self.untold.is_empty() || !self.explained.hidden.is_empty() || !self.begun_before.is_empty()
    }
}

/// Compares a trail with a log.
pub fn watch(grants: &Grants, trail: &RootTrail, tolerance: Tolerance) -> Watched {
    let mut explained = explain(&grants.releases, &trail.logins, tolerance, &trail.told);
    let mut found = Watched::default();
    for login in std::mem::take(&mut explained.alarms) {
        let Some(told) = trail.logins.get(login) else { continue };
        let during = grants.ceremonies.iter().position(|opened| {
            let (from, until) = (before(opened.from, tolerance.skew), tolerance.skew.after(opened.until));
            opened.account == told.account && from <= told.at && told.at <= until
        });
        match during {
            Some(ceremony) => found.ceremonies.push((login, ceremony)),
            None if grants.founded.is_none_or(|founded| told.at < founded) => found.earlier.push(login),
            None => explained.alarms.push(login),
        }
    }
    if let Some(founded) = grants.founded {
        let is_asked = |release: &usize| grants.releases.get(*release).is_some_and(|one| founded <= one.at);
        explained.questions.retain(is_asked);
        explained.open.retain(is_asked);
        explained.hidden.retain(is_asked);
    }
    found.explained = explained;
    deeds(&mut found, grants, trail, tolerance);
    questions(&mut found, grants, trail);
    for account in grants.accounts.keys() {
        let untold = match trail.told.span(*account) {
            None => Untold::NoEvents,
            Some(Span { gaps, .. }) if gaps.is_empty() => continue,
            Some(Span { gaps, .. }) => Untold::Gaps { gaps: gaps.clone() },
        };
        found.untold.insert(*account, untold);
    }
    found
}

/// Which session each deed is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Session {
    /// Of a sign-in that something explains, or of before there was a desk.
    Known,
    /// Of this alarm.
    Alarm(usize),
}

fn deeds(found: &mut Watched, grants: &Grants, trail: &RootTrail, tolerance: Tolerance) {
    let mut sessions: BTreeMap<AccountId, Vec<(Timestamp, Session)>> = BTreeMap::new();
    let mut begin = |login: usize, session: Session| {
        if let Some(login) = trail.logins.get(login) {
            sessions.entry(login.account).or_default().push((login.at, session));
        }
    };
    found.explained.pairs.iter().for_each(|(login, _)| begin(*login, Session::Known));
    found.ceremonies.iter().for_each(|(login, _)| begin(*login, Session::Known));
    found.earlier.iter().for_each(|login| begin(*login, Session::Known));
    for (alarm, login) in found.explained.alarms.iter().enumerate() {
        begin(*login, Session::Alarm(alarm));
    }
    let mut of_alarm = vec![Vec::new(); found.explained.alarms.len()];
    let mut keys: BTreeMap<(AccountId, AccessKeyId), Vec<usize>> = BTreeMap::new();
    let mut outside: BTreeMap<AccountId, Vec<usize>> = BTreeMap::new();
    for (index, deed) in each_once(&trail.deeds) {
        if grants.founded.is_none_or(|founded| deed.at < founded) {
            continue;
        }
        if let Some(key) = deed.key.as_ref().filter(|key| key.as_str().starts_with("AKIA")) {
            keys.entry((deed.account, key.clone())).or_default().push(index);
            continue;
        }
        let of_account = sessions.get(&deed.account).map(Vec::as_slice).unwrap_or_default();
        let goes_on = |(at, _): &&(Timestamp, Session)| {
            before(*at, tolerance.skew) <= deed.at && deed.at <= tolerance.skew.after(SESSION.after(*at))
        };
        let open: Vec<Session> = of_account.iter().filter(goes_on).map(|(_, session)| *session).collect();
        let alarm = open.iter().find_map(|session| match session {
            Session::Alarm(alarm) => Some(*alarm),
            Session::Known => None,
        });
        // Nothing tells two sessions of one root apart: a known one explains it.
        if open.contains(&Session::Known) {
            continue;
        }
        match alarm.and_then(|alarm| of_alarm.get_mut(alarm)) {
            Some(deeds) => deeds.push(index),
            None if may_have_begun_before(trail, deed, tolerance) => found.begun_before.push(index),
            None => outside.entry(deed.account).or_default().push(index),
        }
    }
    let logins = found.explained.alarms.iter().copied().zip(of_alarm);
    found.alarms = logins.map(|(login, deeds)| Alarm::SignIn { login, deeds }).collect();
    found.alarms.extend(keys.into_iter().map(|((account, key), deeds)| Alarm::Key { account, key, deeds }));
    found.alarms.extend(outside.into_iter().map(|(account, deeds)| Alarm::Outside { account, deeds }));
}

/// Whether the sign-in of a deed may lie where the trail does not tell.
fn may_have_begun_before(trail: &RootTrail, deed: &RootDeed, tolerance: Tolerance) -> bool {
    let began = before(before(deed.at, SESSION), tolerance.skew);
    trail.told.telling(deed.account, began, deed.at) == Telling::Blind
}

fn questions(found: &mut Watched, grants: &Grants, trail: &RootTrail) {
    let unused = found.explained.questions.iter().map(|release| Question::Unused { release: *release });
    found.questions.extend(unused);
    let is_elsewhere = |login: &usize| {
        let login = trail.logins.get(*login)?;
        let networks = grants.accounts.get(&login.account).filter(|networks| !networks.is_empty())?;
        let address = login.address.as_deref()?.parse().ok()?;
        Some(!networks.iter().any(|network| network.contains(address)))
    };
    let elsewhere = found.explained.pairs.iter().map(|(login, _)| *login);
    let elsewhere = elsewhere.filter(|login| is_elsewhere(login) == Some(true));
    found.questions.extend(elsewhere.map(|login| Question::Elsewhere { login }));
    let founded = grants.founded.unwrap_or(Timestamp::MAX);
    let mut seen = BTreeSet::new();
    let mut recoveries: Vec<(&Recovery, usize)> =
        trail.recoveries.iter().enumerate().map(|(index, one)| (one, index)).collect();
    recoveries.sort();
    for (recovery, index) in recoveries {
        if recovery.at < founded || !seen.insert(&recovery.id) {
            continue;
        }
        if recovery.is_completed {
            found.alarms.push(Alarm::Recovered { recovery: index });
        } else {
            found.questions.push(Question::Recovering { recovery: index });
        }
    }
    let mut assumed: Vec<(&AssumedRoot, usize)> =
        trail.assumed.iter().enumerate().map(|(index, one)| (one, index)).collect();
    assumed.sort();
    let mut seen = BTreeSet::new();
    let assumed = assumed.into_iter().filter(|(one, _)| founded <= one.at && seen.insert(&one.id));
    found.questions.extend(assumed.map(|(_, session)| Question::Assumed { session }));
}

/// By time, each event once.
pub(crate) fn each_once(deeds: &[RootDeed]) -> Vec<(usize, &RootDeed)> {
    let mut ordered: Vec<(usize, &RootDeed)> = deeds.iter().enumerate().collect();
    ordered.sort_by(|(_, one), (_, other)| (one.at, &one.id).cmp(&(other.at, &other.id)));
    let mut seen = BTreeSet::new();
    ordered.retain(|(_, deed)| seen.insert(&deed.id));
    ordered
}

impl Watched {
    /// The sign-ins of an account that nothing explains, by time.
    pub fn unexplained<'t>(
        &self,
        trail: &'t RootTrail,
        account: AccountId,
    ) -> impl Iterator<Item = &'t RootLogin> {
        let alarms: BTreeSet<usize> = self.explained.alarms.iter().copied().collect();
        in_order(&trail.logins)
            .into_iter()
            .filter(move |(index, login)| alarms.contains(index) && login.account == account)
            .map(|(_, login)| login)
    }
}
