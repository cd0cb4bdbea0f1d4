//! What a read of calls leaves behind: what the trail shows, and where its calls come from. One fold for both, whoever asks.

use kagimori_id::{AccessKeyId, AccountId};

use crate::call::{Call, Check, Outcome};
use crate::event::{Principal, is_console};
use crate::origin::{Origins, is_instance_session};
use crate::sight::Sight;

/// Calls that are alike in all that a history looks at, of one day: one call, or what a store sums up.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made from a call or a row of a store, all of it")]
pub struct Made<'a> {
    /// Who called.
    pub principal: &'a Principal,
    /// Whose copy of the event it is, else the caller's account.
    pub account: Option<AccountId>,
    /// The key that was used; those of sessions say nothing here.
    pub access_key: Option<&'a AccessKeyId>,
    /// `sourceIPAddress`.
    pub address: Option<&'a str>,
    /// `userAgent`.
    pub agent: Option<&'a str>,
    /// `vpcEndpointId`.
    pub vpc_endpoint: Option<&'a str>,
    /// A service of AWS called with the caller's permissions; the console is none.
    pub is_by_service: bool,
    /// Made by the console, or signing in to it.
    pub is_from_console: bool,
    /// Of a session that is named as an instance names it.
    pub is_instance_session: bool,
    /// `awsRegion`.
    pub region: Option<&'a str>,
    /// `eventSource`.
    pub source: &'a str,
    /// `eventName`.
    pub name: &'a str,
    /// Refused for want of a permission.
    pub is_denied: bool,
    /// `eventCategory` is `Data`.
    pub is_data: bool,
    /// `readOnly`.
    pub read_only: Option<bool>,
    /// The permissions that AWS checked; of resources only [`place`](crate::sight::place) is looked at. What was refused has none
    /// here: its resource is what a message says.
    pub checks: &'a [Check],
    /// How many calls.
    pub calls: u64,
    /// The first, in seconds since 1970.
    pub first: i64,
    /// The last, on the same day.
    pub last: i64,
}

impl<'a> Made<'a> {
    /// One call.
    pub fn of(call: &'a Call) -> Self {
        let caller = &call.caller;
        // What the console calls, the person does who signed in to it.
        let through_console = caller.invoked_by.as_deref().is_some_and(is_console);
        let is_denied = call.outcome == Outcome::Denied;
        Self {
            principal: &caller.principal,
            account: call.account.or(caller.account),
            access_key: caller.access_key.as_ref().filter(|key| key.as_str().starts_with("AKIA")),
            address: caller.address.as_deref(),
            agent: caller.agent.as_deref(),
            vpc_endpoint: caller.vpc_endpoint.as_deref(),
            is_by_service: caller.invoked_by.is_some() && !through_console,
            is_from_console: call.is_from_console || through_console,
            is_instance_session: is_instance_session(call) && matches!(caller.principal, Principal::Role(_)),
            region: call.region.as_deref(),
            source: &call.source,
            name: &call.name,
            is_denied,
            is_data: call.is_data,
            read_only: call.read_only,
            checks: if is_denied { &[] } else { &call.checks },
            calls: 1,
            first: call.time,
            last: call.time,
        }
    }
}

/// What was seen of a trail. Parts merge in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two folds that go together")]
pub struct Seen {
    /// What the trail would have shown.
    pub sight: Sight,
    /// Where calls come from.
    pub origins: Origins,
}

impl Seen {
    /// Takes in a call.
    pub fn add(&mut self, call: &Call) {
        self.add_made(&Made::of(call));
    }

    /// Takes in calls that are alike.
    pub fn add_made(&mut self, made: &Made<'_>) {
        self.sight.add_made(made);
        self.origins.add_made(made);
    }

    /// Takes in what another thread saw.
    pub fn merge(&mut self, other: Self) {
        self.sight.merge(other.sight);
        self.origins.merge(other.origins);
    }

    /// What several threads saw.
    pub fn merged(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut whole = Self::default();
        parts.into_iter().for_each(|part| whole.merge(part));
        whole
    }
}
