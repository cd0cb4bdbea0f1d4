//! Calls that no decision can tell apart.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use kagimori_estate::Estate;
use kagimori_id::{AccessKeyId, Arn};
use kagimori_trail::call::Call;
use kagimori_trail::event::Principal;
use kagimori_trail::known::Names;
use kagimori_trail::origin::{OriginKey, Reader};
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::circumstances::is_from_address;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// What tells calls apart beside who called, what was checked, the region, MFA, the endpoint and the service in between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Telling {
    /// `sourceIPAddress`: some policy asks for it.
    pub address: bool,
    /// `userAgent`.
    pub agent: bool,
    /// The time.
    pub time: bool,
    /// Calls of other origins are apart.
    pub origins: bool,
    /// Calls with one of these keys are apart.
    pub keys: FxHashSet<AccessKeyId>,
    /// Calls of these roles are apart when their session's key is not among [`Telling::handed_out`].
    pub traced_roles: FxHashSet<Arn>,
    /// Calls of these users are apart when they were made in a session, outside the console, whose key is not among them either.
    pub traced_users: FxHashSet<Arn>,
    /// The keys of sessions whose making stands in the trail.
    pub handed_out: FxHashSet<AccessKeyId>,
    /// What the estate knows of names that events do not tell whole.
    pub names: Arc<Names>,
}

/// One call of a class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[expect(clippy::exhaustive_structs, reason = "a time and an id")]
pub struct Witness {
    /// `eventTime`, in seconds since 1970-01-01T00:00:00Z.
    pub time: i64,
    /// `eventID`.
    pub event_id: Option<Box<str>>,
}

/// Calls that no decision can tell apart.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Class {
    /// The first of them: it stands for all.
    pub call: Call,
    /// How many.
    pub count: u64,
    /// The time of the last.
    pub last: i64,
    /// The days on which there were any, since 1970-01-01, in order.
    pub days: Vec<i64>,
    /// Made with one of the keys of [`Telling::keys`].
    pub has_key: bool,
    /// Made by one of [`Telling::traced_roles`] or [`Telling::traced_users`] in a session of which the trail does not tell how it was
    /// made.
    pub is_untraced: bool,
    /// The keys of the sessions that these calls handed out, in order.
    pub issued: BTreeSet<AccessKeyId>,
    /// Where they come from, with [`Telling::origins`].
    pub origin: Option<OriginKey>,
    session: Session,
}

/// What tells calls apart beside their texts, worked out once a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Session {
    /// [`Class::has_key`]
    has_key: bool,
    /// [`Class::is_untraced`]
    is_untraced: bool,
    /// Of the credentials; `None`: without any.
    is_long_term: Option<bool>,
    is_from_address: bool,
    /// [`Class::origin`]
    origin: Option<OriginKey>,
}

/// Classes of calls, counted.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    telling: Telling,
    reader: Reader,
    by_hash: FxHashMap<u64, Vec<usize>>,
    classes: Vec<Class>,
    calls: u64,
}

impl Classes {
    /// No call so far.
    pub fn new(telling: Telling) -> Self {
        Self { telling, ..Self::default() }
    }

    /// Counts a call.
    pub fn add(&mut self, call: &Call) {
        // Origins are of callers as the event names them.
        let origin = if self.telling.origins { self.reader.key(call) } else { None };
        let names = Arc::clone(&self.telling.names);
        let call = &*names.resolve(call);
        self.calls = self.calls.saturating_add(1);
        let session = self.session(call, origin);
        let hash = self.telling.hash(call, session);
        match self.place(hash, call, session) {
            Some(place) => {
                if let Some(class) = self.classes.get_mut(place) {
                    class.count(call);
                }
            }
            None => self.insert(hash, Class::of(call.clone(), session)),
        }
    }

    /// Whether a call is of one of the classes.
    pub fn contains(&self, call: &Call) -> bool {
        let origin = if self.telling.origins { self.reader.key_of(call) } else { None };
        let call = &*self.telling.names.resolve(call);
        let session = self.session(call, origin);
        self.place(self.telling.hash(call, session), call, session).is_some()
    }

    /// Takes in what another thread counted.
    pub fn merge(&mut self, other: Self) {
        if self.is_empty() && self.telling == other.telling {
            *self = other;
            return;
        }
        self.calls = self.calls.saturating_add(other.calls);
        for class in other.classes {
            let hash = self.telling.hash(&class.call, class.session);
            match self.place(hash, &class.call, class.session) {
                Some(place) => {
                    if let Some(held) = self.classes.get_mut(place) {
                        held.merge(class);
                    }
                }
                None => self.insert(hash, class),
            }
        }
    }

    /// The classes, in the order of their first calls: the same whatever was read first.
    pub fn finish(self) -> Vec<Class> {
        let mut classes = self.classes;
        classes.sort_by(|a, b| {
            let (a, b) = (&a.call, &b.call);
            (a.time, &a.event_id, &a.checks).cmp(&(b.time, &b.event_id, &b.checks))
        });
        classes
    }

    /// The classes so far, which are let go.
    pub fn drain(&mut self) -> Vec<Class> {
        self.by_hash.clear();
        std::mem::take(&mut self.classes)
    }

    /// How many calls were counted.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// How many classes they make.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether no call was counted.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    fn session(&self, call: &Call, origin: Option<OriginKey>) -> Session {
        let telling = &self.telling;
        let key = call.caller.access_key.as_ref();
        let has_key = !telling.keys.is_empty() && key.is_some_and(|key| telling.keys.contains(key));
        let is_untraced = telling.is_untraced(call);
        Session {
            has_key,
            is_untraced,
            is_long_term: is_long_term(call),
            is_from_address: is_from_address(call),
            origin,
        }
    }

    fn place(&self, hash: u64, call: &Call, session: Session) -> Option<usize> {
        let candidates = self.by_hash.get(&hash)?;
        candidates.iter().copied().find(|place| {
            self.classes
                .get(*place)
                .is_some_and(|class| class.session == session && self.telling.is_same(&class.call, call))
        })
    }

    fn insert(&mut self, hash: u64, class: Class) {
        self.by_hash.entry(hash).or_default().push(self.classes.len());
        self.classes.push(class);
    }
}

impl Telling {
    /// What the policies of an estate ask for.
    pub fn for_keys(condition_keys: &BTreeSet<String>) -> Self {
        let asks = |keys: &[&str]| keys.iter().any(|key| condition_keys.contains(*key));
        Self {
            address: asks(&["aws:sourceip", "aws:vpcsourceip"]),
            agent: asks(&["aws:useragent"]),
            time: asks(&["aws:currenttime", "aws:epochtime"]),
            ..Self::default()
        }
    }

    /// With what an estate knows of names that events do not tell whole.
    #[must_use]
    pub fn knowing(self, estate: &Estate) -> Self {
        Self { names: Arc::new(Names::of(estate)), ..self }
    }

    /// Whether a call was made in a session of a role or user that is traced, and the trail does not tell how the session was made.
    pub(super) fn is_untraced(&self, call: &Call) -> bool {
        let key = call.caller.access_key.as_ref();
        match &call.caller.principal {
            Principal::Role(role) => {
                self.traced_roles.contains(role) && key.is_none_or(|key| !self.handed_out.contains(key))
            }
            // Whoever signs in with a password has a session in the console.
            Principal::User(user) => {
                self.traced_users.contains(user)
                    && !call.is_from_console
                    && key
                        .is_some_and(|key| key.as_str().starts_with("ASIA") && !self.handed_out.contains(key))
            }
            _ => false,
        }
    }

    fn hash(&self, call: &Call, session: Session) -> u64 {
        let mut hasher = FxHasher::default();
        (&call.caller.principal, &call.caller.other).hash(&mut hasher);
        call.name.hash(&mut hasher);
        call.checks.hash(&mut hasher);
        call.region.hash(&mut hasher);
        (call.outcome, call.caller.mfa, session).hash(&mut hasher);
        call.caller.vpc_endpoint.hash(&mut hasher);
        if self.address {
            call.caller.address.hash(&mut hasher);
        }
        if self.time {
            call.time.hash(&mut hasher);
        }
        hasher.finish()
    }

    fn is_same(&self, one: &Call, other: &Call) -> bool {
        let (a, b) = (&one.caller, &other.caller);
        (&a.principal, &a.other) == (&b.principal, &b.other)
            && one.name == other.name
            && one.checks == other.checks
            && one.region == other.region
            && (one.outcome, a.mfa, one.gap, one.account) == (other.outcome, b.mfa, other.gap, other.account)
            && a.vpc_endpoint == b.vpc_endpoint
            && a.invoked_by == b.invoked_by
            && one.source == other.source
            && (!self.address || a.address == b.address)
            && (!self.agent || a.agent == b.agent)
            && (!self.time || one.time == other.time)
    }
}

/// Long-term keys begin with `AKIA`, those of sessions with `ASIA` (`reference_identifiers`).
fn is_long_term(call: &Call) -> Option<bool> {
    call.caller.access_key.as_ref().map(|key| key.as_str().starts_with("AKIA"))
}

impl Class {
    fn of(call: Call, session: Session) -> Self {
        let (last, days) = (call.time, vec![call.time.div_euclid(DAY)]);
        let issued = call.issued.iter().cloned().collect();
        Self {
            call,
            count: 1,
            last,
            days,
            has_key: session.has_key,
            is_untraced: session.is_untraced,
            issued,
            origin: session.origin,
            session,
        }
    }

    fn count(&mut self, call: &Call) {
        self.count = self.count.saturating_add(1);
        self.issued.extend(call.issued.iter().cloned());
        if call.time != self.last {
            let day = call.time.div_euclid(DAY);
            if day != self.last.div_euclid(DAY)
                && let Err(place) = self.days.binary_search(&day)
            {
                self.days.insert(place, day);
            }
            self.last = self.last.max(call.time);
        }
        if (call.time, &call.event_id) < (self.call.time, &self.call.event_id) {
            self.call = call.clone();
        }
    }

    fn merge(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.last = self.last.max(other.last);
        self.days.extend(other.days);
        self.days.sort_unstable();
        self.days.dedup();
        self.issued.extend(other.issued);
        if (other.call.time, &other.call.event_id) < (self.call.time, &self.call.event_id) {
            self.call = other.call;
        }
    }

    /// The first call.
    pub fn witness(&self) -> Witness {
        Witness { time: self.call.time, event_id: self.call.event_id.clone() }
    }
}
