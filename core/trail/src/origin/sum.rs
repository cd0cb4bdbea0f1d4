//! The fold: calls in, what each origin did out.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use std::sync::Arc;

use kagimori_id::AccessKeyId;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::{Nature, OriginKey, Reader, Trace, network};
use crate::call::Call;
use crate::caller::{CallerKind, ClientFamily, CredentialSource, Host};
use crate::event::Principal;
use crate::history::Made;
use crate::sight::place;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// So many permissions of an origin are remembered: the smallest hashes, so that it does not hang on what came first.
const WORK_MAX: usize = 1 << 13;
/// Names that are remembered: a hostile trail must not fill the memory.
const NAMES_MAX: usize = 1 << 14;
/// So many workloads of a key are told apart.
const WORKLOADS_MAX: usize = 64;

/// What the origins of everybody did. Parts merge in any order.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    reader: Reader,
    /// Names of services and events: few different ones make up a trail.
    names: FxHashSet<Arc<str>>,
    pub(super) sums: FxHashMap<OriginKey, Sum>,
}

impl PartialEq for Origins {
    /// What its reader remembers of agents, and which names it has, is no part of what was seen.
    fn eq(&self, other: &Self) -> bool {
        self.sums == other.sums
    }
}

impl Eq for Origins {}

/// What one origin did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) principal: Principal,
    pub(super) nature: Nature,
    pub(super) network: String,
    pub(super) kinds: BTreeSet<CallerKind>,
    pub(super) families: BTreeSet<ClientFamily>,
    pub(super) hosts: BTreeSet<Host>,
    pub(super) credentials: BTreeSet<CredentialSource>,
    pub(super) calls: u64,
    pub(super) denied: u64,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) days: BTreeSet<i64>,
    pub(super) regions: BTreeSet<Box<str>>,
    pub(super) actions: Actions,
    /// What was done, on what: hashes of actions and resources.
    pub(super) work: BTreeSet<u64>,
    /// The services whose permissions were checked, by the prefixes of their actions; else where the calls went.
    pub(super) services: BTreeSet<Box<str>>,
    /// What of it was done with each long-term key: most have one, and a map has room for eleven, so they stand outside of it.
    pub(super) keys: BTreeMap<AccessKeyId, Box<Share>>,
}

/// By service and event name: calls that were not denied, and that were.
pub(super) type Actions = BTreeMap<Action, (u64, u64)>;

/// A service and the name of an event, shared by all who did it.
pub(super) type Action = (Arc<str>, Arc<str>);

/// What one origin did with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) calls: u64,
    pub(super) denied: u64,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) days: BTreeSet<i64>,
    pub(super) actions: Actions,
    /// The workloads that used it: an application by its name, else a kind of caller with its client.
    pub(super) workloads: BTreeSet<Workload>,
}

/// An application by its name, else a kind of caller with its client.
pub(super) type Workload = (Option<Arc<str>>, CallerKind, ClientFamily);

impl Origins {
    /// Takes in a call.
    pub fn add(&mut self, call: &Call) {
        self.add_made(&Made::of(call));
    }

    /// Takes in calls that are alike.
    pub fn add_made(&mut self, made: &Made<'_>) {
        let Some(trace) = self.reader.trace(made) else { return };
        let service = made.source.split('.').next().unwrap_or_default();
        let action = (self.name(service), self.name(made.name));
        let sum = self.sums.entry(trace.key).or_insert_with(|| Sum::new(made, &trace));
        sum.add(made, &trace, &action);
    }

    fn name(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.names.get(text) {
            return Arc::clone(known);
        }
        if self.names.len() >= NAMES_MAX {
            self.names.clear();
        }
        let name: Arc<str> = text.into();
        self.names.insert(Arc::clone(&name));
        name
    }

    /// Takes in what another thread saw.
    pub fn merge(&mut self, other: Self) {
        other.sums.into_iter().for_each(|(key, theirs)| match self.sums.entry(key) {
            std::collections::hash_map::Entry::Vacant(place) => drop(place.insert(theirs)),
            std::collections::hash_map::Entry::Occupied(mut place) => place.get_mut().merge(theirs),
        });
    }
}

impl Sum {
    fn new(made: &Made<'_>, trace: &Trace) -> Self {
        Self {
            principal: made.principal.clone(),
            nature: trace.nature,
            network: network::text(made, trace.kind, trace.told.environment),
            kinds: BTreeSet::new(),
            families: BTreeSet::new(),
            hosts: BTreeSet::new(),
            credentials: BTreeSet::new(),
            calls: 0,
            denied: 0,
            first: made.first,
            last: made.last,
            days: BTreeSet::new(),
            regions: BTreeSet::new(),
            actions: BTreeMap::new(),
            work: BTreeSet::new(),
            services: BTreeSet::new(),
            keys: BTreeMap::new(),
        }
    }

    fn add(&mut self, made: &Made<'_>, trace: &Trace, action: &Action) {
        self.kinds.insert(trace.kind);
        self.families.extend(trace.told.family);
        self.hosts.extend(trace.told.host);
        self.credentials.extend(trace.told.credential);
        self.calls = self.calls.saturating_add(made.calls);
        self.first = self.first.min(made.first);
        self.last = self.last.max(made.last);
        self.days.insert(made.first.div_euclid(DAY));
        if let Some(region) = made.region.filter(|region| !self.regions.contains(*region)) {
            self.regions.insert(region.into());
        }
        if made.is_denied {
            self.denied = self.denied.saturating_add(made.calls);
        }
        count(&mut self.actions, made, action);
        work(made).for_each(|one| self.do_work(one));
        for service in services(made) {
            if !self.services.contains(service) {
                self.services.insert(service.into());
            }
        }
        if let Some(key) = made.access_key {
            let share = self.keys.entry(key.clone()).or_insert_with(|| Box::new(Share::new(made.first)));
            share.add(made, trace, action);
        }
    }

    fn do_work(&mut self, one: u64) {
        self.work.insert(one);
        if self.work.len() > WORK_MAX {
            self.work.pop_last();
        }
    }

    fn merge(&mut self, other: Self) {
        self.kinds.extend(other.kinds);
        self.families.extend(other.families);
        self.hosts.extend(other.hosts);
        self.credentials.extend(other.credentials);
        self.calls = self.calls.saturating_add(other.calls);
        self.denied = self.denied.saturating_add(other.denied);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.days.extend(other.days);
        self.regions.extend(other.regions);
        self.services.extend(other.services);
        other.work.into_iter().for_each(|one| self.do_work(one));
        merge_actions(&mut self.actions, other.actions);
        for (key, share) in other.keys {
            match self.keys.get_mut(&key) {
                Some(held) => held.merge(*share),
                None => drop(self.keys.insert(key, share)),
            }
        }
    }
}

impl Share {
    fn new(time: i64) -> Self {
        Self {
            calls: 0,
            denied: 0,
            first: time,
            last: time,
            days: BTreeSet::new(),
            actions: Actions::new(),
            workloads: BTreeSet::new(),
        }
    }

    fn add(&mut self, made: &Made<'_>, trace: &Trace, action: &Action) {
        self.calls = self.calls.saturating_add(made.calls);
        if made.is_denied {
            self.denied = self.denied.saturating_add(made.calls);
        }
        self.first = self.first.min(made.first);
        self.last = self.last.max(made.last);
        self.days.insert(made.first.div_euclid(DAY));
        count(&mut self.actions, made, action);
        if let Some(workload) = workload(trace).filter(|workload| !self.workloads.contains(workload)) {
            self.workloads.insert(workload);
            self.forget_workloads();
        }
    }

    fn merge(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.denied = self.denied.saturating_add(other.denied);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.days.extend(other.days);
        merge_actions(&mut self.actions, other.actions);
        self.workloads.extend(other.workloads);
        self.forget_workloads();
    }

    fn forget_workloads(&mut self) {
        while self.workloads.len() > WORKLOADS_MAX {
            self.workloads.pop_last();
        }
    }
}

fn count(actions: &mut Actions, made: &Made<'_>, action: &Action) {
    let (done, denied) = actions.entry(action.clone()).or_default();
    let slot = if made.is_denied { denied } else { done };
    *slot = slot.saturating_add(made.calls);
}

fn merge_actions(actions: &mut Actions, other: Actions) {
    for (action, (done, denied)) in other {
        let held = actions.entry(action).or_default();
        *held = (held.0.saturating_add(done), held.1.saturating_add(denied));
    }
}

/// The workload of a call, where it is one: [`workload`](crate::caller::workload), not written out.
fn workload(trace: &Trace) -> Option<Workload> {
    let is_none = matches!(trace.kind, CallerKind::Console | CallerKind::AwsService | CallerKind::Unknown);
    let family = trace.told.family.unwrap_or(ClientFamily::Unknown);
    match &trace.told.app {
        _ if is_none => None,
        Some(app) => Some((Some(Arc::clone(app)), CallerKind::Unknown, ClientFamily::Unknown)),
        None => Some((None, trace.kind, family)),
    }
}

/// The services of a call: by its permissions where these are known, else by its source.
fn services<'a>(made: &'a Made<'_>) -> impl Iterator<Item = &'a str> {
    let by_source = made.source.split('.').next().filter(|_| made.checks.is_empty());
    made.checks.iter().filter_map(|check| check.action.split(':').next()).chain(by_source)
}

/// What was done, on what: of objects the bucket, of indexes the table.
fn work<'a>(made: &'a Made<'_>) -> impl Iterator<Item = u64> + 'a {
    made.checks.iter().map(|check| {
        let mut hasher = FxHasher::default();
        (&check.action, place(check)).hash(&mut hasher);
        hasher.finish()
    })
}
