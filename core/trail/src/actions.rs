//! From an event to the permissions AWS checked for it.
//!
//! The walk: `eventSource` → service prefix → a row of `data/overrides.toml`, else the action of the same name in the
//! service reference, else both without the version of the API in the name. What is found is a plan per kind of event,
//! worked out once; the event's bodies are read only when its plan looks into them.
//!
//! Resources come from `resources[]`, else from ARNs in the request, else from filling the ARN template of the action's
//! resource type with the request's parameters. What is not told is `*` in the ARN, or
//! [`CheckedResource::Unknown`](crate::call::CheckedResource::Unknown).

mod body;
mod context;
mod denial;
mod issued;
mod learn;
mod logging;
mod operations;
mod outcome;
mod plan;
mod resource;
mod role_passing;
mod table;
mod template;
mod walk;

use std::borrow::Cow;

use kagimori_id::{AccessKeyId, AccountId};

use crate::call::{Call, Caller, Check, MapGap, Outcome};
use crate::event::{Event, Identity};
use crate::redact;

pub use denial::{Denial, DenialLayer};
pub use logging::{Logging, logging, logging_of};
pub(crate) use logging::{Operation, operations_of};
pub use plan::permissions;
pub use role_passing::{RoleParameter, RolePassing, role_passing, role_passing_sources};

/// What a call tells of permissions: [`Call::of`] without what the event itself says, for those who have it already.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a part of a call")]
pub struct Needs {
    /// How it ended.
    pub outcome: Outcome,
    /// The permissions AWS checked.
    pub checks: Vec<Check>,
    /// Why they may not be all.
    pub gap: Option<MapGap>,
    /// The key of the session that it handed out.
    pub issued: Option<AccessKeyId>,
}

impl Needs {
    /// What the call of an event tells of permissions.
    pub fn of(event: &Event<'_>, identity: &Identity<'_>) -> Self {
        let outcome = Outcome::of(event.error.as_deref());
        let (mut checks, gap) = checks(event, identity, outcome);
        checks.iter_mut().for_each(redact::check);
        Self { outcome, checks, gap, issued: issued::issued(event) }
    }

    /// All that [`Needs::of`] looks at besides source, name, type, error, Region, recipient and `resources`: events that tell
    /// the same in these and here need the same. A trail repeats itself, so who reads many events can keep what was worked out. What
    /// the plan of a kind of event does not look at is left out.
    pub fn basis<'a>(event: &'a Event<'_>, identity: &'a Identity<'_>) -> [Option<&'a str>; 5] {
        let is_call = !is_no_call(event);
        let looks = plan::with(&event.source, &event.name, |plan| plan.looks);
        let given = |looks: bool, text: Option<&'a str>| text.filter(|_| is_call && looks);
        // Whose call it is tells whose resources they are when the event does not say.
        let caller = if event.recipient.is_none() { identity.account.as_deref() } else { None };
        [
            given(looks.at_request, event.bodies.request),
            event.bodies.response.filter(|_| issued::may_issue(event)),
            caller,
            given(looks.at_service, identity.invoked_by.as_deref()),
            given(looks.at_user, identity.arn.as_deref().filter(|arn| arn.contains(":user/"))),
        ]
    }
}

impl Call {
    /// The call of an event. Reads the event's bodies when it has them; without them resources are `*` or unknown, and
    /// [`Call::gap`] says so.
    pub fn of(event: &Event<'_>, identity: &Identity<'_>) -> Self {
        let Needs { outcome, checks, gap, issued } = Needs::of(event, identity);
        let mut call = Self {
            time: event.time,
            event_id: own(event.id.as_ref()),
            source: event.source.as_ref().into(),
            name: event.name.as_ref().into(),
            account: event.recipient.as_deref().and_then(|account| AccountId::parse(account).ok()),
            region: own(event.region.as_ref()),
            caller: Caller {
                principal: identity.principal(),
                unique_id: identity.unique_id().map(Into::into),
                arn: identity.arn.as_deref().map(|arn| redact::text(arn).into()),
                other: Caller::other_of(identity),
                account: identity.account_id(),
                access_key: identity.access_key.as_deref().and_then(|key| AccessKeyId::parse(key).ok()),
                mfa: identity.mfa,
                address: own(event.address.as_ref()),
                agent: event.agent.as_deref().map(|agent| redact::text(agent).into()),
                vpc_endpoint: own(event.vpc_endpoint.as_ref()),
                invoked_by: own(identity.invoked_by.as_ref()),
                source_identity: own(identity.source_identity.as_ref()),
                on_behalf_of: own(identity.on_behalf_of.as_ref()),
                delegate: own(identity.delegate.as_ref()),
            },
            outcome,
            error: own(event.error.as_ref()),
            checks,
            gap,
            issued,
            is_data: event.is_data_event(),
            read_only: event.read_only,
            is_from_console: event.from_console || event.sign_in.is_some(),
            sign_in: event.sign_in,
            refusal: None,
        };
        call.learn(event.message.as_deref());
        call
    }
}

fn own<T: for<'t> From<&'t str>>(text: Option<&Cow<'_, str>>) -> Option<T> {
    text.map(|text| T::from(text))
}

/// Events of these types are nobody's request to an API (*CloudTrail record contents*, `eventType`).
fn is_no_call(event: &Event<'_>) -> bool {
    matches!(
        event.event_type.as_deref(),
        Some(
            "AwsServiceEvent"
                | "AwsConsoleSignIn"
                | "AwsConsoleAction"
                | "AwsCloudTrailInsight"
                | "AwsVpceEvent"
        )
    )
}

/// The permissions AWS checked for an event, and why they may not be all.
fn checks(event: &Event<'_>, identity: &Identity<'_>, outcome: Outcome) -> (Vec<Check>, Option<MapGap>) {
    if is_no_call(event) {
        return (Vec::new(), Some(MapGap::NotAuthorized));
    }
    plan::with(&event.source, &event.name, |plan| {
        let (checks, gap) = walk::checks(event, identity, plan, outcome);
        (checks, plan.gap.or(gap))
    })
}

#[cfg(test)]
mod gate;
#[cfg(test)]
mod laws;
