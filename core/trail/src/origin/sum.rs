//! The fold: calls in, what each origin did out.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::{Nature, OriginKey, Reader, Trace, network};
use crate::call::{Call, CheckedResource, Outcome};
use crate::caller::{CallerKind, ClientFamily, CredentialSource, Host};
use crate::event::Principal;
use crate::sight::container;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// So many permissions of an origin are remembered.
const WORK_MAX: usize = 1 << 13;

/// What the origins of everybody did. Parts merge in any order.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    reader: Reader,
    pub(super) sums: FxHashMap<OriginKey, Sum>,
}

/// What one origin did.
#[derive(Clone, Debug)]
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
    /// By service and event name: calls that were not denied, and that were.
    pub(super) actions: BTreeMap<(Box<str>, Box<str>), (u64, u64)>,
    /// What was done, on what: hashes of actions and resources.
    pub(super) work: FxHashSet<u64>,
}

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
            work: FxHashSet::default(),
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
        let service = call.source.split('.').next().unwrap_or_default();
        let action = self.actions.entry((service.into(), call.name.clone())).or_default();
        let slot = if is_denied { &mut action.1 } else { &mut action.0 };
        *slot = slot.saturating_add(1);
        if !is_denied && self.work.len() < WORK_MAX {
            self.work.extend(work(call));
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
        self.work.extend(other.work);
        for (action, (done, denied)) in other.actions {
            let held = self.actions.entry(action).or_default();
            *held = (held.0.saturating_add(done), held.1.saturating_add(denied));
        }
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
