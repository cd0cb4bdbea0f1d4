//! What is known of keys before they are retired: whose they are, what the trail and AWS say of their use, what speaks against it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kagimori_estate::change::{Change, CredentialChange};
use kagimori_estate::fact::Known;
use kagimori_estate::model::{AccessKey, LastUse, User};
use kagimori_id::{AccessKeyId, AccountId, Arn};
use kagimori_plan::Settings;
use kagimori_plan::replay::Evidence as Replayed;
use kagimori_retire::{Busy, Credential, Evidence, Managed, Windows};
use kagimori_trail::call::{Call, Outcome};
use kagimori_trail::sight::Sight;

use super::drive::tag_protects;
use super::tick::{protected_tags, protection};
use crate::company::{Company, DAY, Window};
use crate::error::AppError;
use crate::history;
use crate::show::numbers::{calls, counted, day};
use kagimori_lake::unread;

/// On so few days a use is rare: a job of every quarter looks like this.
const RARE_DAYS: usize = 4;
/// Places and services that are kept of a key.
const NAMES_MAX: usize = 64;
/// AWS's own date of a use lags by so much (*credential report*, "access_key_1_last_used_date": 15 minutes).
const LAG_SECONDS: i64 = 3600;

/// A key, and all that is known of it.
pub(super) struct Facts {
    pub(super) credential: Credential,
    pub(super) owner: Option<String>,
    pub(super) purpose: Option<String>,
    pub(super) is_active: Known<bool>,
    pub(super) created: Option<Timestamp>,
    /// As AWS tracks it.
    pub(super) last_used: Known<LastUse>,
    pub(super) evidence: Evidence,
    /// Days of the trail on which it was used.
    pub(super) days: usize,
    /// Calls that are denied anyway: an off would change nothing about them.
    pub(super) denied: u64,
    pub(super) services: Vec<String>,
    pub(super) places: Vec<String>,
    /// What protects it.
    pub(super) protected: Option<String>,
    pub(super) managed: Vec<(Managed, String)>,
    /// What speaks against it, in words.
    pub(super) against: Vec<String>,
}

/// What the trail says of a key.
#[derive(Clone)]
struct Used {
    /// Calls that an off would deny.
    busy: Busy,
    /// Calls that are denied anyway.
    denied: u64,
    last: i64,
    last_write: Option<i64>,
    days: BTreeSet<i64>,
    services: BTreeSet<String>,
    places: BTreeSet<String>,
}

/// What one thread has seen.
#[derive(Default)]
struct Seen {
    keys: BTreeMap<AccessKeyId, Used>,
    /// The first call of each account.
    first: BTreeMap<AccountId, i64>,
    /// What could not be read.
    unread: Sight,
}

/// What is looked at.
pub(super) struct Look<'a> {
    pub(super) company: &'a Company,
    pub(super) settings: &'a Settings,
    pub(super) windows: &'a Windows,
    pub(super) window: Window,
    /// Days that make a use recent.
    pub(super) unused: i64,
    /// Keys that Terraform manages, with the file that says so.
    pub(super) managed: &'a [(Managed, String)],
}

impl Look<'_> {
    /// The facts of keys that some users have.
    pub(super) fn at(&self, wanted: &[(&User, &AccessKey)]) -> Result<Vec<Facts>, AppError> {
        let ids: BTreeSet<AccessKeyId> = wanted.iter().filter_map(|(_, key)| key.id.clone()).collect();
        let seen = self.seen(&ids)?;
        Ok(wanted.iter().filter_map(|(user, key)| self.facts(user, key, &seen)).collect())
    }

    /// What a change of its status would have broken, had it been made before the trail.
    pub(super) fn replayed(&self, credential: &Credential) -> Result<Replayed, AppError> {
        let (user, key) = (credential.user.clone(), credential.key.clone());
        let off = Change::Credential(CredentialChange::SetAccessKeyStatus { user, key, active: false });
        let asked = history::Wanted { logged: &[], origins: &[], include_suspected: true };
        Ok(self.company.replay(&[off], self.window, asked)?.evidence)
    }

    fn seen(&self, ids: &BTreeSet<AccessKeyId>) -> Result<Seen, AppError> {
        let at = |second: i64| Timestamp::from_second(second).unwrap_or(self.company.now);
        let (from, until) = (at(self.window.from), at(self.window.until));
        let each = |seen: &mut Seen, call: &Call| {
            if let Some(account) = call.account {
                let first = seen.first.entry(account).or_insert(call.time);
                *first = call.time.min(*first);
            }
            let Some(key) = call.caller.access_key.as_ref().filter(|key| ids.contains(key)) else { return };
            let used = seen.keys.entry(key.clone()).or_insert_with(|| Used::new(from, until));
            used.add(call);
        };
        let reading = self.company.read(self.window, Seen::default, each)?;
        crate::company::tell(&reading.problems);
        let mut seen = reading.states.into_iter().fold(Seen::default(), Seen::and);
        unread::tell(&mut seen.unread, &reading.problems);
        Ok(seen)
    }

    fn facts(&self, user: &User, key: &AccessKey, seen: &Seen) -> Option<Facts> {
        let id = key.id.clone()?;
        let others = user.access_keys.value().into_iter().flatten().filter_map(|key| key.id.clone());
        let siblings = others.filter(|other| *other != id).collect();
        let credential = Credential { key: id, user: user.arn.clone(), siblings };
        let details = user.details.value();
        let tag = |keys: &[String]| {
            let tags = &details?.tags;
            keys.iter().find_map(|key| tags.get(key)).filter(|value| !value.trim().is_empty()).cloned()
        };
        let owners = &self.settings.owners;
        // The console keeps the description of a key as a tag of its user, by the key's id.
        let described = tag(&[credential.key.to_string()]);
        let used = seen.keys.get(&credential.key);
        let account = user.arn.account();
        let Window { from, until } = self.window;
        let is_unread =
            account.is_none_or(|account| !seen.unread.unread_days(account, from, until).is_empty());
        // A trail with holes tells no rate of calls.
        let first = account.filter(|_| !is_unread).and_then(|account| seen.first.get(&account));
        let evidence = self.evidence(used, first);
        let names = |of: fn(&Used) -> &BTreeSet<String>| {
            used.map(|used| of(used).iter().cloned().collect()).unwrap_or_default()
        };
        let mut facts = Facts {
            owner: tag(&owners.owner_tags),
            purpose: tag(&owners.purpose_tags).or(described),
            is_active: key.active.clone(),
            created: key.created.value().copied(),
            last_used: key.last_used.clone(),
            evidence,
            days: used.map_or(0, |used| used.days.len()),
            denied: used.map_or(0, |used| used.denied),
            services: names(|used| &used.services),
            places: names(|used| &used.places),
            protected: self.protected(&credential, user),
            managed: self.managed.iter().filter(|(held, _)| held.key == credential.key).cloned().collect(),
            against: Vec::new(),
            credential,
        };
        facts.against = self.against(&facts);
        if is_unread {
            facts
                .against
                .push("a part of the trail could not be read: what stands there is not known".to_owned());
        }
        Some(facts)
    }

    /// What the trail says: of its own beginning on, where that is later than what was asked for.
    fn evidence(&self, used: Option<&Used>, first: Option<&i64>) -> Evidence {
        let at = |second: i64| Timestamp::from_second(second).unwrap_or(self.company.now);
        let until = at(self.window.until);
        let from = first.map_or(until, |first| at((*first).max(self.window.from)));
        let busy = used.map_or_else(|| Busy::new(from, until), |used| used.busy.since(from));
        let ladder = &self.settings.retire.ladder;
        Evidence {
            from,
            until,
            calls: busy.calls(),
            last: used.map(|used| at(used.last)),
            last_write: used.and_then(|used| used.last_write).map(at),
            rungs: ladder.rungs().iter().map(|rung| busy.expects(rung.off, self.windows)).collect(),
        }
    }

    fn protected(&self, credential: &Credential, user: &User) -> Option<String> {
        if let Some(pattern) = protection(self.settings, credential) {
            return Some(format!("`{pattern}` of kagimori.toml protects it"));
        }
        let patterns = protected_tags(self.settings);
        let tags = user.details.value().map(|details| &details.tags);
        let mut found =
            tags.into_iter().flatten().filter_map(|(key, value)| tag_protects(&patterns, key, value));
        found.next().map(|pattern| format!("its user has the tag `{pattern}`"))
    }

    /// What speaks against it.
    fn against(&self, facts: &Facts) -> Vec<String> {
        let mut against = Vec::new();
        let now = self.company.now.as_second();
        let ago = |second: i64| counted(now.saturating_sub(second).div_euclid(DAY), "day");
        let Evidence { from, until, calls: count, last, last_write, .. } = &facts.evidence;
        let tracked = match facts.last_used.value() {
            Some(LastUse::At { at, .. }) => Some(at.as_second()),
            _ => None,
        };
        let latest = tracked.max(last.map(|last| last.as_second()));
        if let Some(at) = latest.filter(|at| now.saturating_sub(*at) < self.unused.saturating_mul(DAY)) {
            against.push(format!("it was used {} ago", ago(at)));
        }
        let made = facts.created.map(|at| at.as_second());
        if let Some(at) = made.filter(|at| now.saturating_sub(*at) < self.unused.saturating_mul(DAY)) {
            against.push(format!("it was made {} ago, and may not be in use yet", ago(at)));
        }
        if let Known::Unknown(gap) = &facts.last_used {
            against.push(format!("when AWS last saw it used is not known: {gap}"));
        }
        if *count > 0 && facts.days <= RARE_DAYS {
            let days = counted(facts.days, "day");
            against.push(format!(
                "it is used rarely, on {days} of the trail: a job of every quarter looks like this"
            ));
        }
        let recent = self.settings.retire.recent_writes;
        let is_recent = |at: &&Timestamp| now.saturating_sub(at.as_second()) < recent.saturating_mul(DAY);
        if let Some(at) = last_write.as_ref().filter(is_recent) {
            against.push(format!("it changed something {} ago", ago(at.as_second())));
        }
        if from >= until {
            let account = facts.credential.user.account().map(|id| id.to_string()).unwrap_or_default();
            against.push(format!("the trail holds nothing of the account {account}"));
        } else if let Some(at) = tracked.filter(|at| {
            *at > from.as_second()
                && *at > last.map_or(0, |last| last.as_second()).saturating_add(LAG_SECONDS)
        }) {
            against.push(format!("AWS saw a use {} ago that the trail does not show", ago(at)));
        }
        for (managed, file) in &facts.managed {
            against.push(format!("Terraform manages it (`{file}`): {}", managed.advice()));
        }
        against
    }
}

/// Whether AWS saw a key used within so many days; not, where that is not known.
pub(super) fn is_used(key: &AccessKey, days: i64, now: Timestamp) -> bool {
    let is_late = |at: Timestamp| now.as_second().saturating_sub(at.as_second()) < days.saturating_mul(DAY);
    matches!(key.last_used.value(), Some(LastUse::At { at, .. }) if is_late(*at))
}

impl Facts {
    /// Whether AWS and the trail agree that nobody used it for so many days.
    pub(super) fn is_unused(&self, days: i64, now: Timestamp) -> bool {
        let is_old = |at: i64| now.as_second().saturating_sub(at) >= days.saturating_mul(DAY);
        let by_aws = match self.last_used.value() {
            Some(LastUse::Never) => true,
            Some(LastUse::At { at, .. }) => is_old(at.as_second()),
            None => false,
        };
        by_aws && self.evidence.last.is_none_or(|last| is_old(last.as_second()))
    }

    /// The account and name of its user.
    pub(super) fn user(&self) -> &Arn {
        &self.credential.user
    }

    /// When AWS last saw it used, in words.
    pub(super) fn last_used_words(&self) -> String {
        match &self.last_used {
            Known::Unknown(gap) => format!("not known: {gap}"),
            Known::Known(fact) => match &fact.value {
                LastUse::Never => "never".to_owned(),
                LastUse::At { at, service, region } => {
                    let told = [service.as_deref(), region.as_deref()].into_iter().flatten();
                    let told = told.collect::<Vec<_>>().join(", ");
                    if told.is_empty() {
                        day(at.as_second())
                    } else {
                        format!("{} ({told})", day(at.as_second()))
                    }
                }
            },
        }
    }

    /// What the trail says, in words.
    pub(super) fn trail_words(&self) -> String {
        let Evidence { from, until, calls: count, last, .. } = &self.evidence;
        let days = until.as_second().saturating_sub(from.as_second()).div_euclid(DAY);
        let denied = match self.denied {
            0 => String::new(),
            count => format!(" (and {} that are denied anyway)", calls(count)),
        };
        match last {
            None => format!("no call in {}", counted(days, "day")),
            Some(last) => format!(
                "{} on {} of {}{denied}, the last on {}",
                calls(*count),
                self.days,
                counted(days, "day"),
                day(last.as_second())
            ),
        }
    }
}

impl Used {
    fn new(from: Timestamp, until: Timestamp) -> Self {
        Self {
            busy: Busy::new(from, until),
            denied: 0,
            last: i64::MIN,
            last_write: None,
            days: BTreeSet::new(),
            services: BTreeSet::new(),
            places: BTreeSet::new(),
        }
    }

    fn add(&mut self, call: &Call) {
        self.last = self.last.max(call.time);
        if call.outcome == Outcome::Denied {
            // Nobody would miss it.
            self.denied = self.denied.saturating_add(1);
        } else {
            self.busy.add(call.time);
            self.days.insert(call.time.div_euclid(DAY));
        }
        if call.read_only == Some(false) && call.outcome == Outcome::Succeeded {
            self.last_write = self.last_write.max(Some(call.time));
        }
        let service = call.source.strip_suffix(".amazonaws.com").unwrap_or(&call.source);
        keep(&mut self.services, service);
        if let Some(address) = &call.caller.address {
            keep(&mut self.places, address);
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.busy = self.busy.and(&other.busy);
        self.denied = self.denied.saturating_add(other.denied);
        self.last = self.last.max(other.last);
        self.last_write = self.last_write.max(other.last_write);
        self.days.extend(other.days);
        other.services.iter().for_each(|name| keep(&mut self.services, name));
        other.places.iter().for_each(|name| keep(&mut self.places, name));
        self
    }
}

fn keep(names: &mut BTreeSet<String>, name: &str) {
    if !names.contains(name) && names.len() < NAMES_MAX {
        names.insert(name.to_owned());
    }
}

impl Seen {
    fn and(mut self, other: Self) -> Self {
        for (account, first) in other.first {
            let held = self.first.entry(account).or_insert(first);
            *held = first.min(*held);
        }
        for (key, used) in other.keys {
            let joined = match self.keys.remove(&key) {
                Some(held) => held.and(used),
                None => used,
            };
            self.keys.insert(key, joined);
        }
        self
    }
}
