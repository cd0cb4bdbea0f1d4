//! The fold: calls in, what each credential of a user did out, told apart by origin and client.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kagimori_id::{AccessKeyId, Arn};
use kagimori_trail::call::{Call, Outcome};
use kagimori_trail::caller::AddressKind;
use kagimori_trail::event::Principal;
use kagimori_trail::history::Made;
use kagimori_trail::origin::{OriginKey, Reader};
use rustc_hash::{FxHashMap, FxHashSet};

/// Seconds of an hour.
const HOUR: i64 = 3_600;
/// Clients and places of a credential that are told apart; a hostile trail must not fill the memory.
const SIGNATURES_MAX: usize = 4_096;
/// Addresses and actions of one of them.
const NAMES_MAX: usize = 512;
/// Texts that are shared.
const TEXTS_MAX: usize = 1 << 14;

/// A credential of a user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the two that a person or a program holds")]
pub enum Credential {
    /// A long-term access key.
    Key(AccessKeyId),
    /// The password of the console.
    Password,
}

impl Credential {
    /// Its name in outputs: the id of the key, or `password`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Key(key) => key.as_str(),
            Self::Password => "password",
        }
    }
}

/// With what a call was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    Key(AccessKeyId),
    /// A session that some key of the user made (`sts:GetSessionToken`).
    Session(AccessKeyId),
    Console,
}

/// Calls that are alike in where they come from and what made them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Signature {
    /// `userAgent`.
    pub(crate) agent: Arc<str>,
    pub(crate) place: Place,
    pub(crate) is_console: bool,
    /// As [`Reader`] tells it.
    pub(crate) origin: Option<OriginKey>,
}

/// What kind of place a call came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    /// An endpoint of a VPC, or a private address.
    Inside,
    Public,
    Service,
    Untold,
}

/// What was done so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// All calls.
    pub calls: u64,
    /// That succeeded, or failed for another reason than a permission.
    pub worked: u64,
    /// The first, in seconds since 1970, with the id of its event.
    pub first: (i64, Option<Box<str>>),
    /// The last.
    pub last: i64,
    /// The hours (since 1970, UTC) in which there was a call that worked.
    pub hours: BTreeSet<i64>,
    /// Addresses, as far as they are remembered.
    pub addresses: BTreeSet<Box<str>>,
    /// Addresses beyond that.
    pub has_more_addresses: bool,
    /// By `service:Event`: calls that worked, and all of them.
    pub actions: BTreeMap<Box<str>, (u64, u64)>,
}

/// What a credential did, by signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub(crate) by: BTreeMap<Signature, Tally>,
    /// Calls beyond the bound.
    pub(crate) beyond: u64,
}

/// What the credentials of all users did. Parts merge in any order.
#[derive(Clone, Debug, Default)]
pub struct Sightings {
    reader: Reader,
    texts: FxHashSet<Arc<str>>,
    by: BTreeMap<Principal, BTreeMap<Holder, Seen>>,
    /// The keys of sessions with the keys that made them.
    made: FxHashMap<AccessKeyId, AccessKeyId>,
}

impl Sightings {
    /// Takes in a call.
    pub fn add(&mut self, call: &Call) {
        let caller = &call.caller;
        let is_user = matches!(
            caller.principal,
            Principal::User(_) | Principal::UserName(..) | Principal::UniqueId(..)
        );
        if !is_user || (caller.unique_id.as_deref().is_some_and(|id| id.starts_with("AROA"))) {
            return;
        }
        if let (Some(key), Some(issued)) = (&caller.access_key, &call.issued)
            && key.as_str().starts_with("AKIA")
        {
            self.made.insert(issued.clone(), key.clone());
        }
        let made = Made::of(call);
        let holder = match &caller.access_key {
            _ if made.is_from_console || call.sign_in.is_some() => Holder::Console,
            Some(key) if key.as_str().starts_with("AKIA") => Holder::Key(key.clone()),
            Some(key) => Holder::Session(key.clone()),
            None => return,
        };
        let signature = Signature {
            agent: self.text(caller.agent.as_deref().unwrap_or_default()),
            place: place(&made),
            is_console: holder == Holder::Console,
            origin: self.reader.key(call),
        };
        let users = self.by.entry(caller.principal.clone()).or_default();
        users.entry(holder).or_default().add(signature, call);
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        if self.texts.len() >= TEXTS_MAX {
            self.texts.clear();
        }
        let text: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&text));
        text
    }

    /// Takes in what another thread saw.
    pub fn merge(&mut self, other: Self) {
        self.made.extend(other.made);
        for (principal, holders) in other.by {
            let mine = self.by.entry(principal).or_default();
            for (holder, seen) in holders {
                mine.entry(holder).or_default().merge(seen);
            }
        }
    }

    /// The key that made a session, where the trail tells.
    pub fn maker(&self, session: &AccessKeyId) -> Option<&AccessKeyId> {
        self.made.get(session)
    }

    /// What the credentials of a user did: by the names under which the trail may know it. A session counts for the key that made
    /// it; one of which the trail does not tell the making counts for the user's only key, where it has one alone.
    pub fn of(
        &self,
        user: &Arn,
        id: Option<&str>,
        only_key: Option<&AccessKeyId>,
    ) -> BTreeMap<Credential, Seen> {
        let mut all: BTreeMap<Credential, Seen> = BTreeMap::new();
        let account = user.account();
        let names = [
            Some(Principal::User(user.clone())),
            account.map(|account| Principal::UserName(account, user.name().to_owned())),
            account.zip(id).map(|(account, id)| Principal::UniqueId(account, id.to_owned())),
        ];
        let holders = names.iter().flatten().filter_map(|name| self.by.get(name)).flatten();
        for (holder, seen) in holders {
            let credential = match holder {
                Holder::Console => Credential::Password,
                Holder::Key(key) => Credential::Key(key.clone()),
                Holder::Session(session) => match self.made.get(session).or(only_key) {
                    Some(key) => Credential::Key(key.clone()),
                    None => continue,
                },
            };
            all.entry(credential).or_default().merge(seen.clone());
        }
        all
    }
}

impl Seen {
    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.by.values().map(|tally| tally.calls).fold(self.beyond, u64::saturating_add)
    }

    /// The last call that worked or did not, in seconds since 1970.
    pub fn last(&self) -> Option<i64> {
        self.by.values().map(|tally| tally.last).max()
    }

    fn add(&mut self, signature: Signature, call: &Call) {
        match self.by.get_mut(&signature) {
            Some(tally) => tally.add(call),
            None => {
                let mut tally = Tally::new(call);
                tally.add(call);
                self.by.insert(signature, tally);
                self.forget();
            }
        }
    }

    fn merge(&mut self, other: Self) {
        self.beyond = self.beyond.saturating_add(other.beyond);
        for (signature, tally) in other.by {
            match self.by.get_mut(&signature) {
                Some(held) => held.merge(tally),
                None => drop(self.by.insert(signature, tally)),
            }
        }
        while self.by.len() > SIGNATURES_MAX {
            self.forget();
        }
    }

    /// The first in their order stay, whatever came first.
    fn forget(&mut self) {
        if self.by.len() > SIGNATURES_MAX
            && let Some((_, tally)) = self.by.pop_last()
        {
            self.beyond = self.beyond.saturating_add(tally.calls);
        }
    }
}

impl Tally {
    fn new(call: &Call) -> Self {
        Self {
            calls: 0,
            worked: 0,
            first: (call.time, call.event_id.clone()),
            last: call.time,
            hours: BTreeSet::new(),
            addresses: BTreeSet::new(),
            has_more_addresses: false,
            actions: BTreeMap::new(),
        }
    }

    fn add(&mut self, call: &Call) {
        let has_worked = matches!(call.outcome, Outcome::Succeeded | Outcome::Failed)
            && call.sign_in.as_ref().is_none_or(|sign_in| sign_in.succeeded);
        self.calls = self.calls.saturating_add(1);
        self.last = self.last.max(call.time);
        if (call.time, &call.event_id) < (self.first.0, &self.first.1) {
            self.first = (call.time, call.event_id.clone());
        }
        if has_worked {
            self.worked = self.worked.saturating_add(1);
            self.hours.insert(call.time.div_euclid(HOUR));
        }
        if let Some(address) = call.caller.address.as_deref()
            && !self.addresses.contains(address)
        {
            self.addresses.insert(address.into());
        }
        let service = call.source.split('.').next().unwrap_or_default();
        let counts = self.actions.entry(format!("{service}:{}", call.name).into()).or_default();
        counts.0 = counts.0.saturating_add(u64::from(has_worked));
        counts.1 = counts.1.saturating_add(1);
        self.forget();
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.worked = self.worked.saturating_add(other.worked);
        self.last = self.last.max(other.last);
        if other.first < self.first {
            self.first = other.first;
        }
        self.hours.extend(other.hours);
        self.addresses.extend(other.addresses);
        self.has_more_addresses |= other.has_more_addresses;
        for (action, (worked, all)) in other.actions {
            let counts = self.actions.entry(action).or_default();
            *counts = (counts.0.saturating_add(worked), counts.1.saturating_add(all));
        }
        self.forget();
    }

    fn forget(&mut self) {
        while self.addresses.len() > NAMES_MAX {
            self.addresses.pop_last();
            self.has_more_addresses = true;
        }
        while self.actions.len() > NAMES_MAX {
            self.actions.pop_last();
        }
    }
}

fn place(made: &Made<'_>) -> Place {
    let kind = made.address.map_or(AddressKind::Unknown, AddressKind::of);
    match kind {
        AddressKind::Private => Place::Inside,
        AddressKind::Public => Place::Public,
        AddressKind::Service => Place::Service,
        _ => Place::Untold,
    }
}
