//! The fold: calls in, what each origin did out.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use std::sync::Arc;

use kagimori_id::AccessKeyId;
use rustc_hash::{FxHashMap, FxHasher};

use super::{Nature, OriginKey, Reader, Trace, network};
use crate::call::{Call, CheckedResource, Outcome};
use crate::caller::{CallerKind, ClientFamily, CredentialSource, Host};
use crate::event::Principal;
use crate::sight::container;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// So many permissions of an origin are remembered: the smallest hashes, so that it does not hang on what came first.
const WORK_MAX: usize = 1 << 13;
/// So many workloads of a key are told apart.
const WORKLOADS_MAX: usize = 64;

/// What the origins of everybody did. Parts merge in any order.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    reader: Reader,
    pub(super) sums: FxHashMap<OriginKey, Sum>,
}

impl PartialEq for Origins {
    /// What its reader remembers of agents is no part of what was seen.
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
    /// What of it was done with each long-term key.
    pub(super) keys: BTreeMap<AccessKeyId, Share>,
}

/// By service and event name: calls that were not denied, and that were.
pub(super) type Actions = BTreeMap<(Box<str>, Box<str>), (u64, u64)>;

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
        let Some(trace) = self.reader.trace(call) else { return };
        let sum = self.sums.entry(trace.key).or_insert_with(|| Sum::new(call, &trace));
        sum.add(call, &trace);
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
    fn new(call: &Call, trace: &Trace) -> Self {
        Self {
            principal: call.caller.principal.clone(),
            nature: trace.nature,
            network: network::text(call, trace.kind, trace.told.environment),
            kinds: BTreeSet::new(),
            families: BTreeSet::new(),
            hosts: BTreeSet::new(),
            credentials: BTreeSet::new(),
            calls: 0,
            denied: 0,
            first: call.time,
            last: call.time,
            days: BTreeSet::new(),
            regions: BTreeSet::new(),
            actions: BTreeMap::new(),
            work: BTreeSet::new(),
            keys: BTreeMap::new(),
        }
    }

    fn add(&mut self, call: &Call, trace: &Trace) {
        self.kinds.insert(trace.kind);
        self.families.extend(trace.told.family);
        self.hosts.extend(trace.told.host);
        self.credentials.extend(trace.told.credential);
        self.calls = self.calls.saturating_add(1);
        self.first = self.first.min(call.time);
        self.last = self.last.max(call.time);
        self.days.insert(call.time.div_euclid(DAY));
        if let Some(region) = call.region.as_ref().filter(|region| !self.regions.contains(*region)) {
            self.regions.insert(region.clone());
        }
        let is_denied = call.outcome == Outcome::Denied;
        self.denied = self.denied.saturating_add(u64::from(is_denied));
        count(&mut self.actions, call, is_denied);
        if !is_denied {
            work(call).for_each(|one| self.do_work(one));
        }
        if let Some(key) = call.caller.access_key.as_ref().filter(|key| key.as_str().starts_with("AKIA")) {
            let share = self.keys.entry(key.clone()).or_insert_with(|| Share::new(call.time));
            share.add(call, trace, is_denied);
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
        other.work.into_iter().for_each(|one| self.do_work(one));
        merge_actions(&mut self.actions, other.actions);
        for (key, share) in other.keys {
            match self.keys.get_mut(&key) {
                Some(held) => held.merge(share),
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

    fn add(&mut self, call: &Call, trace: &Trace, is_denied: bool) {
        self.calls = self.calls.saturating_add(1);
        self.denied = self.denied.saturating_add(u64::from(is_denied));
        self.first = self.first.min(call.time);
        self.last = self.last.max(call.time);
        self.days.insert(call.time.div_euclid(DAY));
        count(&mut self.actions, call, is_denied);
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

fn count(actions: &mut Actions, call: &Call, is_denied: bool) {
    let service = call.source.split('.').next().unwrap_or_default();
    let action = actions.entry((service.into(), call.name.clone())).or_default();
    let slot = if is_denied { &mut action.1 } else { &mut action.0 };
    *slot = slot.saturating_add(1);
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

/// What a call did, on what: of objects the bucket, of indexes the table.
fn work(call: &Call) -> impl Iterator<Item = u64> + '_ {
    call.checks.iter().map(|check| {
        let resource = match &check.resource {
            CheckedResource::Arn(arn) | CheckedResource::Pattern(arn) => container(arn).unwrap_or(arn),
            CheckedResource::None => "*",
            CheckedResource::Unknown => "",
        };
        let mut hasher = FxHasher::default();
        (&check.action, resource).hash(&mut hasher);
        hasher.finish()
    })
}
