//! Usage: the facts drawn from a trail.
//!
//! A [`Usage`] is the end of a commutative fold: [`Fold::add`] the events of each file in any thread, [`Fold::merge`]
//! the parts in any order, and the same facts come out. Counts are exact; lists of places are bounded ([`PLACES_MAX`])
//! so that a hostile or busy trail cannot fill the memory, and say how many calls fell beyond the bound.

mod activity;
mod content;
mod fold;
mod ids;
#[cfg(test)]
mod laws;
mod spelling;

use std::collections::BTreeMap;

use jiff::Timestamp;
use kagimori_id::{AccessKeyId, AccountId, Arn};

use crate::caller::{CallerKind, ClientFamily};
use crate::history;
use crate::sorted::Sorted;

pub use content::content;
pub use fold::{AgentName, Called, CalledFrom, Fold, Name, Tally, Who};
pub(crate) use ids::text_key;
pub use ids::{EventIds, EventKey, Met, event_key};

/// How many different addresses, agents, endpoints or regions one activity remembers.
pub const PLACES_MAX: usize = 512;

/// What a trail tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Per account: what the trail covers. An account that is not here has no event at all.
    pub coverage: BTreeMap<AccountId, Coverage>,
    /// Per long-term access key (`AKIA…`).
    pub keys: BTreeMap<AccessKeyId, KeyUsage>,
    /// Per IAM user ARN, over keys, console and sessions.
    pub users: BTreeMap<Arn, Activity>,
    /// Per role ARN (with path), over all its sessions.
    pub roles: BTreeMap<Arn, Activity>,
    /// Per account: its root user. Service events and calls AWS makes itself are not root's use.
    pub roots: BTreeMap<AccountId, Activity>,
    /// Per account: sessions of centralised root access to it (`sts:AssumeRoot`). They act with root's permissions, and are no use
    /// of its root user: nobody signed in as root.
    pub assumed_roots: BTreeMap<AccountId, Activity>,
    /// Console sign-ins per user or root ARN, and per ARN of the session of a role or federated user.
    pub sign_ins: BTreeMap<Arn, SignIns>,
    /// Console sign-ins whose event tells no ARN, by account and user name, when no other event of the trail tells
    /// the ARN of that user. A failed sign-in is one of these; AWS writes `HIDDEN_DUE_TO_SECURITY_REASONS` for a
    /// name that does not exist.
    pub unnamed_sign_ins: BTreeMap<(AccountId, String), SignIns>,
    /// Sign-ins to Identity Center, by its account and the person's id in the identity store (else the name that was given).
    pub person_sign_ins: BTreeMap<(AccountId, String), SignIns>,
    /// What was read.
    pub totals: Totals,
    /// Where its calls come from and what it would have shown; `None`: nobody looked.
    pub history: Option<history::Seen>,
}

impl Usage {
    /// The ARN of an account's root user, in the partition of the Regions that it called in.
    pub fn root_arn(account: AccountId, root: &Activity) -> String {
        let region = root.regions.seen.keys().next().map_or("", String::as_str);
        format!("arn:{}:iam::{account}:root", kagimori_id::partition(region))
    }

    /// What a role did, over all its sessions: also over those whose events tell no issuer, and so not the role's path (a sign-in
    /// by SAML). The name of a role is one in its account, whatever the path (*IAM identifiers*, "Friendly names and paths").
    pub fn of_role(&self, role: &Arn) -> impl Iterator<Item = &Activity> {
        let by_session = role.account().and_then(|account| {
            let (partition, name) = (role.partition(), role.name());
            Arn::parse(&format!("arn:{partition}:sts::{account}:assumed-role/{name}")).ok()
        });
        let by_session = by_session.and_then(|session| self.roles.get(&session));
        self.roles.get(role).into_iter().chain(by_session)
    }
}

/// What a trail covers for one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The first event.
    pub first: Timestamp,
    /// The last event.
    pub last: Timestamp,
    /// Events.
    pub events: u64,
    /// Days (UTC) with at least one event.
    pub days: u32,
    /// Whether any data event was seen: without one, S3 objects, Lambda calls and the like are invisible.
    pub data_events: bool,
}

/// What an access key did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUsage {
    /// The account it belongs to, when told.
    pub account: Option<AccountId>,
    /// The user (or root) it belongs to, when told.
    pub owner: Option<Arn>,
    /// What it did.
    pub activity: Activity,
}

/// What one key or principal did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// First seen.
    pub first: Timestamp,
    /// Last seen.
    pub last: Timestamp,
    /// Last call that succeeded, if any did.
    pub last_success: Option<Timestamp>,
    /// All calls.
    pub calls: u64,
    /// Calls without an error code.
    pub succeeded: u64,
    /// Calls that succeeded and changed something (`readOnly` false).
    pub writes: u64,
    /// Failed calls by error code.
    pub errors: Sorted<String, u64>,
    /// By action.
    pub actions: Sorted<Action, ActionUse>,
    /// By source address. What AWS writes there for itself (`AWS Internal`, the name of a service) is none.
    pub addresses: Places,
    /// By VPC endpoint.
    pub vpc_endpoints: Places,
    /// By region.
    pub regions: Places,
    /// By user agent.
    pub agents: Places,
    /// By kind of caller.
    pub callers: Sorted<CallerKind, Seen>,
    /// By client: SDK, tool or browser.
    pub families: Sorted<ClientFamily, Seen>,
    /// By workload, as far as callers betray one: `app/NAME` when the agent names its application
    /// (`AWS_SDK_UA_APP_ID`), else kind of caller and client, `lambda/boto3`. People in the console and AWS services
    /// on the caller's behalf are no workload and not here.
    pub workloads: Places,
    /// Calls per day, by days since 1970-01-01 (UTC).
    pub days: Sorted<i32, u32>,
    /// Of these, the calls that failed (any error code); days without one are not here.
    pub failed_days: Sorted<i32, u32>,
    /// Calls with MFA in the session.
    pub with_mfa: u64,
}

/// An event source and event name: `s3.amazonaws.com`, `GetObject`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Action {
    /// `eventSource` without `.amazonaws.com`.
    pub service: String,
    /// `eventName`.
    pub name: String,
}

/// How an action was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionUse {
    /// All calls.
    pub calls: u64,
    /// Calls without an error code.
    pub succeeded: u64,
    /// Does it only read (`readOnly` true in every event seen)?
    pub read_only: bool,
    /// First call.
    pub first: Timestamp,
    /// Last call.
    pub last: Timestamp,
    /// The calls that succeeded.
    pub success: Option<Seen>,
    /// The calls that failed, by error code.
    pub errors: Sorted<String, Seen>,
}

/// Calls by place, bounded by [`PLACES_MAX`]: the places first in the order of their names are kept, whatever the order
/// of the events, and their counts are exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The places that are remembered.
    pub seen: Sorted<String, Seen>,
    /// Calls from places beyond the bound.
    pub beyond: u64,
}

/// How often and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Calls.
    pub calls: u64,
    /// First.
    pub first: Timestamp,
    /// Last.
    pub last: Timestamp,
}

/// Console sign-ins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIns {
    /// That succeeded.
    pub succeeded: u64,
    /// That succeeded without MFA.
    pub without_mfa: u64,
    /// The last that succeeded without MFA.
    pub last_without_mfa: Option<Timestamp>,
    /// That failed.
    pub failed: u64,
    /// The last that succeeded.
    pub last_success: Option<Timestamp>,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Files.
    pub files: u64,
    /// Events counted.
    pub events: u64,
    /// Uncompressed bytes.
    pub bytes: u64,
    /// Events set aside because they could not be understood.
    pub damaged_events: u64,
    /// Events that came a second time (same event id).
    pub duplicates: u64,
    /// Events that repeat an earlier one with updated fields (`addendum` with reason `UPDATED_DATA`): not counted
    /// again.
    pub updates: u64,
    /// Copies for another account of a call that was counted from its caller's copy (`sharedEventID`).
    pub shared_copies: u64,
    /// Insight and other events that are no calls.
    pub not_calls: u64,
    /// Calls of nobody who is a user, role or root of IAM: AWS services, callers of other accounts, web identities.
    pub others_calls: u64,
    /// Fields whose value had another type than CloudTrail gives it; taken as absent.
    pub odd_types: u64,
}
