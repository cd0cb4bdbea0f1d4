//! Sums of calls that a store keeps, into the fold: the same facts as from the events one by one.
//!
//! A store sums up what was called and from where. What it cannot sum up, it hands over as events: console sign-ins, and the
//! copies of calls between accounts.

use super::{Caller, CallerKind, Fold, Outcome, caller, text_key};
use crate::caller::{ClientFamily, Signals};
use crate::event::{Event, Identity};
use crate::usage::activity::{self, SeenSum};

/// Calls of one caller on one day.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made from a row of a store")]
pub struct Tally<'a> {
    /// Who called; of sessions the role is enough.
    pub identity: Identity<'a>,
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
pub struct Called<'a> {
    /// `eventSource`.
    pub source: &'a str,
    /// `eventName`.
    pub name: &'a str,
    /// `errorCode`.
    pub error: Option<&'a str>,
    /// `readOnly`.
    pub read_only: Option<bool>,
}

/// From where was called in a [`Tally`].
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made from a row of a store")]
pub struct CalledFrom<'a> {
    /// `awsRegion`.
    pub region: Option<&'a str>,
    /// `sourceIPAddress`.
    pub address: Option<&'a str>,
    /// `vpcEndpointId`.
    pub vpc_endpoint: Option<&'a str>,
    /// `userAgent`.
    pub agent: Option<&'a str>,
    /// By the console, or signing in to it.
    pub is_console: bool,
    /// Sessions of instances ([`Identity::is_instance_session`]).
    pub is_instance_session: bool,
}

impl Fold {
    /// Counts what was called.
    pub fn add_called(&mut self, tally: &Tally<'_>, called: &Called<'_>) {
        self.totals.events += tally.calls;
        let Some(caller) = self.caller_of(tally) else {
            self.totals.others_calls += tally.calls;
            return;
        };
        if tally.is_shared_copy {
            return;
        }
        let outcome = Outcome {
            source: self.names.number(called.source),
            name: self.names.number(called.name),
            error: called.error.map(|error| self.names.number(error)),
        };
        let write = is_write(called.error, called.read_only, called.source);
        for slot in caller.activities.into_iter().flatten() {
            if let Some(activity) = self.activities.get_mut(slot) {
                activity.add_called(outcome, tally.seen(), called.read_only == Some(true), write);
            }
        }
    }

    /// Counts from where was called: the calls that [`Fold::add_called`] counts, too.
    pub fn add_from(&mut self, tally: &Tally<'_>, from: &CalledFrom<'_>) {
        let Some(caller) = self.caller_of(tally).filter(|_| !tally.is_shared_copy) else { return };
        let signals = Signals {
            address: from.address,
            through_endpoint: from.vpc_endpoint.is_some(),
            invoked_by_aws: caller.invoked_by_aws,
            from_console: from.is_console,
            instance_session: from.is_instance_session,
        };
        let place = self.place(signals, [from.address, from.vpc_endpoint, from.region], from.agent);
        for slot in caller.activities.into_iter().flatten() {
            if let Some(activity) = self.activities.get_mut(slot) {
                activity.add_from(&place, tally.seen(), caller.mfa, &self.names);
            }
        }
        self.forget_unused_names_if_many();
    }

    /// Takes from an event, whose call is in the tallies, what they do not tell: its sign-in, and whose copy it is.
    pub fn add_told(&mut self, event: &Event<'_>) {
        let caller = self.caller(event.identity.as_deref());
        if event.updates_earlier || event.is_service_event() || caller.is_nobody() {
            return;
        }
        if let Some(shared_id) = event.shared_id.as_deref() {
            if event.recipient.is_some() && event.recipient != caller.account {
                return self.wait(shared_id, event);
            }
            self.shared_seen.insert(text_key(shared_id));
        }
        let Some(sign_in) = event.sign_in else { return };
        if let Some(signer) = &caller.signer {
            self.sign_ins.entry(signer.clone()).or_default().add(event.time, sign_in);
        }
        if sign_in.mfa == Some(true) && !caller.mfa {
            for slot in caller.activities.into_iter().flatten() {
                if let Some(activity) = self.activities.get_mut(slot) {
                    activity.add_mfa();
                }
            }
        }
    }

    /// Whose calls they are; `None` when they are nobody's.
    fn caller_of(&mut self, tally: &Tally<'_>) -> Option<Caller> {
        let caller = self.understand(&tally.identity);
        (!tally.is_service_event && !caller.is_nobody()).then_some(caller)
    }
}

impl Tally<'_> {
    fn seen(&self) -> SeenSum {
        SeenSum { calls: self.calls, first: self.first, last: self.last }
    }
}

/// Whether a call changed something. A sign-in is not read-only, but changes nothing.
pub(super) fn is_write(error: Option<&str>, read_only: Option<bool>, source: &str) -> bool {
    error.is_none() && read_only == Some(false) && source != "signin.amazonaws.com"
}

impl Fold {
    /// The numbers of a place: address, VPC endpoint and region, and what the agent makes of it.
    pub(super) fn place(
        &mut self,
        signals: Signals<'_>,
        places: [Option<&str>; 3],
        agent: Option<&str>,
    ) -> activity::Place {
        let names = &mut self.names;
        let agent = agent.and_then(|text| super::cached_agent(&mut self.agents, text, names));
        let kind: CallerKind =
            caller::kind(agent.as_deref().map(super::CachedAgent::agent).as_ref(), signals);
        let agent: Option<&super::CachedAgent> = agent.map(|agent| agent.with_workload(kind, names));
        let [address, endpoint, region] = places.map(|place| place.map(|place| names.number(place)));
        activity::Place {
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
