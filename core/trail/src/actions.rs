//! From an event to the permissions AWS checked for it.
//!
//! The walk: `eventSource` → service prefix → a row of `data/overrides.toml`, else the action of the same name in the
//! service reference, else both without the version of the API in the name. What is found is a plan per kind of event,
//! worked out once; the event's bodies are read only when its plan looks into them.
//!
//! Resources come from `resources[]`, else from ARNs in the request, else from filling the ARN template of the action's
//! resource type with the request's parameters. What is not told is `*` in the ARN, or [`CheckedResource::Unknown`].

mod body;
mod context;
mod outcome;
mod plan;
mod resource;
mod table;
mod template;

use kagimori_estate::id::{AccessKeyId, AccountId};
use kagimori_policy::request::Fact;

use crate::call::{Call, Caller, Certainty, Check, CheckedResource, MapGap, Outcome};
use crate::event::{Event, Identity};
use body::Body;
use plan::{Plan, Step};
use resource::Place;

pub use outcome::{Denial, DenialLayer};

impl Call {
    /// The call of an event. Reads the event's bodies when it has them; without them resources are `*` or unknown, and
    /// [`Call::gap`] says so.
    pub fn of(event: &Event<'_>, identity: &Identity<'_>) -> Self {
        let outcome = Outcome::of(event.error.as_deref());
        let (checks, gap) = checks(event, identity, outcome);
        let own = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(Box::from);
        Self {
            time: event.time,
            event_id: own(&event.id),
            source: event.source.as_ref().into(),
            name: event.name.as_ref().into(),
            account: event.recipient.as_deref().and_then(|account| AccountId::parse(account).ok()),
            region: own(&event.region),
            caller: Caller {
                principal: identity.principal(),
                arn: own(&identity.arn),
                account: identity.account_id(),
                access_key: identity.access_key.as_deref().and_then(|key| AccessKeyId::parse(key).ok()),
                mfa: identity.mfa,
                address: own(&event.address),
                agent: own(&event.agent),
                vpc_endpoint: own(&event.vpc_endpoint),
                invoked_by: own(&identity.invoked_by),
            },
            outcome,
            error: own(&event.error),
            checks,
            gap,
        }
    }
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

fn checks(event: &Event<'_>, identity: &Identity<'_>, outcome: Outcome) -> (Vec<Check>, Option<MapGap>) {
    if is_no_call(event) {
        return (Vec::new(), Some(MapGap::NotAuthorized));
    }
    plan::with(&event.source, &event.name, |plan| {
        if plan.gap.is_some() {
            return (Vec::new(), plan.gap);
        }
        let request = if plan.reads_request { Body::read(event.bodies.request) } else { Body::default() };
        let walk = Walk::of(event, identity, plan, request);
        let checks = walk.checks();
        let gap = walk.gap(&checks, outcome);
        (checks, gap)
    })
}

/// An event with its plan.
struct Walk<'a> {
    event: &'a Event<'a>,
    plan: &'a Plan,
    request: Body<'a>,
    place: Place<'a>,
    recipient: Option<AccountId>,
}

impl<'a> Walk<'a> {
    fn of(event: &'a Event<'a>, identity: &'a Identity<'a>, plan: &'a Plan, request: Body<'a>) -> Self {
        let region = event.region.as_deref();
        let recipient = event.recipient.as_deref().or(identity.account.as_deref());
        let place = Place { partition: partition(region), region, account: recipient };
        let recipient = recipient.and_then(|account| AccountId::parse(account).ok());
        Self { event, plan, request, place, recipient }
    }

    fn checks(&self) -> Vec<Check> {
        let mut checks = Vec::with_capacity(self.plan.steps.len());
        for step in &self.plan.steps {
            if self.applies(step) {
                self.check_step(step, &mut checks);
            }
        }
        self.passed_roles(&mut checks);
        checks
    }

    fn applies(&self, step: &Step) -> bool {
        let has = |paths: &[Box<str>]| paths.iter().any(|path| self.request.has(path));
        (step.when.is_empty() || has(&step.when)) && !has(&step.unless)
    }

    fn check_step(&self, step: &Step, checks: &mut Vec<Check>) {
        let context = self.step_context(step);
        for (resource, account) in self.resources(step) {
            checks.push(Check {
                action: step.action.clone(),
                resource_account: account.or(self.recipient),
                resource,
                context: context.clone(),
                certainty: step.certainty,
            });
        }
    }

    fn step_context(&self, step: &Step) -> Vec<(Box<str>, Fact)> {
        if step.is_forwarded {
            let region = self.place.region.unwrap_or("*");
            let via = format!("{}.{region}.amazonaws.com", self.plan.prefix);
            let via = if self.place.region.is_some() { Fact::One(via) } else { Fact::Present };
            return vec![("kms:viaservice".into(), via)];
        }
        let known = |(key, path): &(Box<str>, Box<str>)| {
            let value = self.request.get(path)?;
            Some((key.clone(), Fact::One(value.to_owned())))
        };
        self.plan.keys.iter().filter_map(known).collect()
    }

    /// `iam:PassRole` for each role in the request. It is never logged itself (IAM User Guide,
    /// `id_roles_use_passrole`: "there are no CloudTrail logs for IAM PassRole").
    fn passed_roles(&self, checks: &mut Vec<Check>) {
        for pass in &self.plan.passes {
            for role in self.request.all(&pass.path) {
                self.pass_role(role, pass.service.as_deref(), pass.certainty, checks);
            }
        }
        if self.plan.may_pass_roles {
            for (key, value) in self.request.scalars() {
                if resource::is_role_arn(value) && resource::is_named_like_a_role(key) {
                    self.pass_role(value, None, Certainty::Possible, checks);
                }
            }
        }
    }

    fn pass_role(&self, role: &str, service: Option<&str>, certainty: Certainty, checks: &mut Vec<Check>) {
        let resource = if resource::is_role_arn(role) {
            CheckedResource::Arn(role.into())
        } else {
            let account = self.place.account.unwrap_or("*");
            let name = role.rsplit('/').next().unwrap_or(role);
            CheckedResource::Pattern(
                format!("arn:{}:iam::{account}:role/*{name}", self.place.partition).into(),
            )
        };
        let service = service.map_or(Fact::Unknown, |service| Fact::One(service.to_owned()));
        checks.push(Check {
            action: "iam:PassRole".into(),
            resource_account: resource::account_of(role).or(self.recipient),
            resource,
            context: vec![("iam:passedtoservice".into(), service)],
            certainty,
        });
    }

    /// Why not everything is told.
    fn gap(&self, checks: &[Check], outcome: Outcome) -> Option<MapGap> {
        let is_open =
            |check: &Check| matches!(check.resource, CheckedResource::Unknown | CheckedResource::Pattern(_));
        if !self.plan.reads_request || !checks.iter().any(is_open) {
            return None;
        }
        // A call without parameters has `null`; a refused one may have had some.
        let is_missing = !self.request.is_present
            || self.request.is_cut
            || (self.request.is_empty() && outcome == Outcome::Denied);
        is_missing.then_some(MapGap::BodyMissing)
    }
}

/// The partition of a Region (AWS General Reference, *ARN format*).
pub(crate) fn partition(region: Option<&str>) -> &'static str {
    match region {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        Some(region) if region.starts_with("us-iso-") => "aws-iso",
        Some(region) if region.starts_with("us-isob-") => "aws-iso-b",
        Some(region) if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}
