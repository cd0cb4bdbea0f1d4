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
use plan::{Key, Plan, Step};
use resource::Place;
use table::Told;

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
    identity: &'a Identity<'a>,
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
        Self { event, identity, plan, request, place, recipient }
    }

    fn checks(&self) -> Vec<Check> {
        let mut checks = Vec::with_capacity(self.plan.steps.len());
        for step in &self.plan.steps {
            if self.applies(step) {
                self.check_step(step, &mut checks);
            }
        }
        self.tags_on_create(&mut checks);
        self.passed_roles(&mut checks);
        checks
    }

    fn applies(&self, step: &Step) -> bool {
        let is_told = |told: &[Told]| told.iter().any(|told| told.is_in(&self.request));
        (step.when.is_empty() || is_told(&step.when)) && !is_told(&step.unless)
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
        self.plan.keys.iter().filter_map(|key| self.key(key)).collect()
    }

    fn key(&self, key: &Key) -> Option<(Box<str>, Fact)> {
        let mut values = self.request.all(&key.path).map(str::to_owned);
        let fact = match (values.next(), values.next()) {
            (Some(first), Some(second)) => Fact::Many([first, second].into_iter().chain(values).collect()),
            (Some(one), None) => Fact::One(one),
            (None, _) if key.absent_otherwise && self.request.is_present && !self.request.is_cut => {
                Fact::Absent
            }
            (None, _) => return None,
        };
        Some((key.name.clone(), fact))
    }

    /// What is checked when the request has tags for what it makes.
    fn tags_on_create(&self, checks: &mut Vec<Check>) {
        if self.plan.prefix.as_ref() == "ec2" {
            return self.ec2_tags_on_create(checks);
        }
        let has_tags =
            ["tags", "tagList", "tagSet", "tagsList", "**.tags"].iter().any(|path| self.request.has(path));
        let (Some(action), true) = (&self.plan.tags, has_tags) else { return };
        let resources: Vec<Check> =
            checks.iter().filter(|check| check.certainty == Certainty::Certain).take(1).cloned().collect();
        checks.extend(resources.into_iter().map(|check| Check {
            action: action.clone(),
            context: Vec::new(),
            certainty: Certainty::Possible,
            ..check
        }));
    }

    /// EC2 User Guide, `supported-iam-actions-tagging`: tags at creation need `ec2:CreateTags` on what is made, with
    /// `ec2:CreateAction`.
    fn ec2_tags_on_create(&self, checks: &mut Vec<Check>) {
        if !self.plan.creates && !self.plan.may_pass_roles || self.plan.name.as_ref() == "CreateTags" {
            return;
        }
        let mut kinds: Vec<&str> = Vec::new();
        for path in [
            "**.tagSpecificationSet.resourceType",
            "**.tagSpecification.resourceType",
            "**.tagSpecifications.resourceType",
        ] {
            for kind in self.request.all(path) {
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
        }
        let (region, account) = (self.place.region.unwrap_or("*"), self.place.account.unwrap_or("*"));
        for kind in kinds {
            let resource = format!("arn:{}:ec2:{region}:{account}:{kind}/*", self.place.partition);
            checks.push(Check {
                action: "ec2:CreateTags".into(),
                resource: CheckedResource::Pattern(resource.into()),
                resource_account: self.recipient,
                context: vec![("ec2:createaction".into(), Fact::One(self.plan.name.to_string()))],
                certainty: Certainty::Certain,
            });
        }
    }

    /// `iam:PassRole` for each role in the request. It is never logged itself (IAM User Guide,
    /// `id_roles_use_passrole`: "there are no CloudTrail logs for IAM PassRole").
    fn passed_roles(&self, checks: &mut Vec<Check>) {
        for pass in &self.plan.passes {
            for role in self.request.all(&pass.path) {
                if pass.by_profile {
                    self.pass_profile(role, pass.service.as_deref(), pass.certainty, checks);
                } else {
                    self.pass_role(role, pass.service.as_deref(), pass.certainty, checks);
                }
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

    /// The role of an instance profile: which it is, only the estate knows.
    fn pass_profile(
        &self,
        profile: &str,
        service: Option<&str>,
        certainty: Certainty,
        checks: &mut Vec<Check>,
    ) {
        let account = self.place.account.unwrap_or("*");
        let profile = if profile.starts_with("arn:") {
            profile.to_owned()
        } else {
            format!("arn:{}:iam::{account}:instance-profile/*{profile}", self.place.partition)
        };
        let mut context = vec![("ec2:instanceprofile".into(), Fact::One(profile))];
        context.extend(service.map(|service| ("iam:passedtoservice".into(), Fact::One(service.to_owned()))));
        checks.push(Check {
            action: "iam:PassRole".into(),
            resource: CheckedResource::Unknown,
            resource_account: self.recipient,
            context,
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
