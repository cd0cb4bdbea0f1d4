//! Sums of calls that a store keeps, into the fold: the same facts as from the events one by one.
//!
//! A store sums up what was called and from where. What it cannot sum up, it hands over as events: console sign-ins, and the
//! copies of calls between accounts. Its texts come again and again: they are made names of the fold once.

use std::sync::Arc;

use super::{CACHE_MAX, CachedAgent, Caller, CallerKind, Fold, NAMES_MAX, Outcome, caller};
use crate::caller::{AddressKind, ClientFamily, Signals};
use crate::event::{Event, Identity};
use crate::usage::activity::{Place, SeenSum};

/// A text as a fold knows it, until the next [`Fold::tidy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name(u32);

/// A user agent as a fold knows it, until the next [`Fold::tidy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AgentName(u32);

/// A caller as a fold knows it.
#[derive(Clone, Debug)]
pub struct Who(Arc<Caller>);

impl Who {
    pub(super) fn caller(&self) -> &Arc<Caller> {
        &self.0
    }
}

/// Calls of one caller on one day.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made from a row of a store")]
pub struct Tally {
    /// How often.
    pub calls: u64,
    /// The first, in seconds since 1970.
    pub first: i64,
    /// The last.
    pub last: i64,
    /// Copies for another account than the caller's.
    pub is_shared_copy: bool,
    /// Events of services ([`Event::is_service_event`]).
    pub is_service_event: bool,
}

/// What was called in a [`Tally`].
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made from a row of a store")]
pub struct Called {
    /// `eventSource`.
    pub source: Name,
    /// `eventName`.
    pub name: Name,
    /// `errorCode`.
    pub error: Option<Name>,
    /// `readOnly`.
    pub read_only: Option<bool>,
}

/// From where was called in a [`Tally`].
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made from a row of a store")]
pub struct CalledFrom {
    /// `awsRegion`.
    pub region: Option<Name>,
    /// `sourceIPAddress`.
    pub address: Option<Name>,
    /// `vpcEndpointId`.
    pub vpc_endpoint: Option<Name>,
    /// `userAgent`.
    pub agent: Option<AgentName>,
    /// By the console, or signing in to it.
    pub is_console: bool,
    /// Sessions of instances ([`Identity::is_instance_session`]).
    pub is_instance_session: bool,
}

impl Fold {
    /// The name of a text.
    pub fn name(&mut self, text: &str) -> Name {
        Name(self.names.number(text))
    }

    /// The name of a user agent.
    pub fn agent(&mut self, text: &str) -> AgentName {
        if let Some(at) = self.agent_places.get(text) {
            return AgentName(*at);
        }
        let at = self.agents.len() as u32;
        self.agents.push(CachedAgent::new(text, &mut self.names));
        self.agent_places.insert(text.into(), at);
        AgentName(at)
    }

    /// The caller of an identity; of sessions the role is enough.
    pub fn who(&mut self, identity: &Identity<'_>) -> Who {
        Who(Arc::new(self.understand(identity)))
    }

    /// Counts what was called.
    pub fn add_called(&mut self, who: &Who, tally: &Tally, called: &Called) {
        self.totals.events += tally.calls;
        if tally.is_service_event || who.0.is_nobody() {
            self.totals.others_calls += tally.calls;
            return;
        }
        if tally.is_shared_copy {
            return;
        }
        let (source, name, error) = (called.source.0, called.name.0, called.error.map(|error| error.0));
        let write = is_write(error.is_some(), called.read_only, self.names.text(source));
        let outcome = Outcome { source, name, error };
        for slot in who.0.activities.into_iter().flatten() {
            if let Some(activity) = self.activities.get_mut(slot) {
                activity.add_called(outcome, tally.seen(), called.read_only == Some(true), write);
            }
        }
    }

    /// Counts from where was called: the calls that [`Fold::add_called`] counts, too.
    pub fn add_from(&mut self, who: &Who, tally: &Tally, from: &CalledFrom) {
        if tally.is_service_event || tally.is_shared_copy || who.0.is_nobody() {
            return;
        }
        let address = from.address.map_or(AddressKind::Unknown, |address| self.address_kind(address));
        let signals = Signals {
            address,
            through_endpoint: from.vpc_endpoint.is_some(),
            invoked_by_aws: who.0.invoked_by_aws,
            from_console: from.is_console || who.0.through_console,
            instance_session: from.is_instance_session,
        };
        let place = self.place(signals, [from.address, from.vpc_endpoint, from.region], from.agent);
        for slot in who.0.activities.into_iter().flatten() {
            if let Some(activity) = self.activities.get_mut(slot) {
                activity.add_from(&place, tally.seen(), who.0.mfa, &self.names);
            }
        }
    }

    /// Forgets what it knows of texts that nothing holds, when there are many: they would fill the memory otherwise. Names
    /// are to be made anew then.
    pub fn tidy(&mut self) {
        if self.agents.len() >= CACHE_MAX {
            self.forget_agents();
        }
        if self.names.len() > NAMES_MAX.max(2 * self.names_kept) {
            self.forget_unused_names();
        }
    }

    /// Takes from an event, whose call is in the tallies, what they do not tell: its sign-in, and whose copy it is.
    /// `event` has no bodies, so the store tells its content, too.
    pub fn add_told(&mut self, event: &Event<'_>, who: &Who, content: u16) {
        let caller = who.caller();
        if event.is_service_event() || caller.is_nobody() {
            return self.sign_in_person(event, caller);
        }
        if self.waits(event, caller, || content) {
            return;
        }
        let Some(sign_in) = event.sign_in else { return };
        if let Some(signer) = &caller.signer {
            self.sign_ins.entry(signer.clone()).or_default().add(event.time, signer.told(sign_in));
        }
        if sign_in.mfa == Some(true) && !caller.mfa {
            for slot in caller.activities.into_iter().flatten() {
                if let Some(activity) = self.activities.get_mut(slot) {
                    activity.add_mfa();
                }
            }
        }
    }
}

impl Tally {
    fn seen(&self) -> SeenSum {
        SeenSum { calls: self.calls, first: self.first, last: self.last }
    }
}

/// Whether a call changed something. A sign-in is not read-only, but changes nothing.
pub(super) fn is_write(failed: bool, read_only: Option<bool>, source: &str) -> bool {
    !failed && read_only == Some(false) && source != "signin.amazonaws.com"
}

impl Fold {
    /// The kind of an address, told once.
    pub(super) fn address_kind(&mut self, address: Name) -> AddressKind {
        let at = address.0 as usize;
        if let Some(Some(kind)) = self.address_kinds.get(at) {
            return *kind;
        }
        let kind = AddressKind::of(self.names.text(address.0));
        if self.address_kinds.len() <= at {
            self.address_kinds.resize(self.names.len(), None);
        }
        if let Some(known) = self.address_kinds.get_mut(at) {
            *known = Some(kind);
        }
        kind
    }

    /// The numbers of a place: address, VPC endpoint and region, and what the agent makes of it.
    pub(super) fn place(
        &mut self,
        signals: Signals,
        places: [Option<Name>; 3],
        agent: Option<AgentName>,
    ) -> Place {
        let agent = agent.and_then(|agent| self.agents.get_mut(agent.0 as usize));
        let kind: CallerKind = caller::kind(agent.as_deref().map(CachedAgent::agent).as_ref(), signals);
        let names = &mut self.names;
        let agent: Option<&CachedAgent> = agent.map(|agent| agent.with_workload(kind, names));
        let [address, endpoint, region] = places.map(|place| place.map(|place| place.0));
        // `AWS Internal` and names of services are no addresses.
        let address = address.filter(|_| signals.address != AddressKind::Service);
        Place {
            kind,
            family: agent.map_or(ClientFamily::Unknown, |agent| agent.family),
            workload: agent.and_then(|agent| agent.workload(kind)),
            address,
            endpoint,
            region,
            agent: agent.map(|agent| agent.number),
        }
    }
}
