//! One event along its plan: which permissions were checked, on what, with which condition keys.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use kagimori_id::AccountId;
use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::request::Fact;

use super::body::{Body, Path};
use super::plan::{Key, Kind, Pass, Plan, Step};
use super::resource::{Place, Told, account_of, arn_or_pattern, is_named_like_a_role, is_role_arn};
use super::table;
use super::template::{Template, Whose};
use crate::call::{Certainty, Check, CheckedResource, MapGap, Outcome};
use crate::event::{Event, Identity};

/// Where EC2's requests say what tags are for.
static TAG_SPECIFICATIONS: LazyLock<[Path; 3]> = LazyLock::new(|| {
    ["tagSpecificationSet", "tagSpecification", "tagSpecifications"]
        .map(|wrapper| Path::read(&format!("**.{wrapper}.resourceType")))
});

/// The templates of what EC2 tags, by `resourceType`: images and snapshots are of no account.
static EC2_KINDS: LazyLock<BTreeMap<&'static str, Template>> = LazyLock::new(|| {
    let catalogue = Catalogue::embedded();
    let kinds = catalogue.action("ec2:CreateTags").map(|id| catalogue.resource_types(id)).unwrap_or_default();
    let template = |arn: &str| Template::read(arn, Whose::default());
    kinds.into_iter().filter_map(|kind| Some((kind.key, template(kind.arn)?))).collect()
});

/// Condition keys with what is known of them.
type Facts = Vec<(Box<str>, Fact)>;

/// An event with its plan.
pub(super) struct Walk<'a> {
    pub(super) event: &'a Event<'a>,
    pub(super) identity: &'a Identity<'a>,
    pub(super) plan: &'a Plan,
    /// `requestParameters`, when the plan looks at them.
    pub(super) request: Body<'a>,
    pub(super) place: Place<'a>,
    /// `resources[]`, read when it is first looked at.
    pub(super) told: OnceCell<Vec<Told<'a>>>,
    /// What the request said is not known.
    pub(super) is_missing: bool,
    recipient: Option<AccountId>,
}

/// The permissions of an event, and why they may not be all.
pub(super) fn checks(
    event: &Event<'_>,
    identity: &Identity<'_>,
    plan: &Plan,
    outcome: Outcome,
) -> (Vec<Check>, Option<MapGap>) {
    let walk = Walk::of(event, identity, plan, outcome);
    let mut checks = Vec::with_capacity(plan.steps.len());
    plan.steps.iter().filter(|step| walk.applies(step)).for_each(|step| walk.check_step(step, &mut checks));
    walk.main_action(&mut checks);
    walk.tags_on_create(&mut checks);
    walk.passed_roles(&mut checks);
    let is_open =
        |check: &Check| matches!(check.resource, CheckedResource::Unknown | CheckedResource::Pattern(_));
    let gap = (walk.is_missing && checks.iter().any(is_open)).then_some(MapGap::BodyMissing);
    (checks, gap)
}

impl<'a> Walk<'a> {
    fn of(event: &'a Event<'a>, identity: &'a Identity<'a>, plan: &'a Plan, outcome: Outcome) -> Self {
        let request = if plan.looks.at_request { Body::read(event.bodies.request) } else { Body::default() };
        let region = event.region.as_deref();
        let account = event.recipient.as_deref().or(identity.account.as_deref());
        // A call without parameters has `null`; a refused one may have had some.
        let is_untold = request.is_empty() && outcome != Outcome::Succeeded;
        let is_missing = plan.looks.at_request && (!request.is_present || request.is_cut || is_untold);
        Self {
            event,
            identity,
            plan,
            request,
            place: Place {
                partition: region.map_or("aws", kagimori_id::partition),
                region,
                account,
                owner: None,
            },
            told: OnceCell::new(),
            is_missing,
            recipient: account.and_then(|account| AccountId::parse(account).ok()),
        }
    }

    fn applies(&self, step: &Step) -> bool {
        let is_told = |told: &[table::Told]| told.iter().any(|told| told.is_in(&self.request));
        let error = self.event.error.as_deref();
        (step.after.is_empty() || step.after.iter().any(|after| error == Some(&**after)))
            && (step.when.is_empty() || is_told(&step.when))
            && !is_told(&step.unless)
    }

    /// Which of its permissions a call asked, its parameters tell; without them it asked the first at least.
    fn main_action(&self, checks: &mut Vec<Check>) {
        let is_sure = |check: &Check| check.certainty == Certainty::Certain;
        let main = self.plan.steps.first().filter(|step| step.certainty == Certainty::Certain);
        let Some(main) = main.filter(|_| self.is_missing && !checks.iter().any(is_sure)) else { return };
        checks.insert(
            0,
            Check {
                action: main.action.clone(),
                resource: CheckedResource::Unknown,
                resource_account: self.recipient,
                context: Facts::new(),
                certainty: Certainty::Certain,
            },
        );
    }

    fn check_step(&self, step: &'a Step, checks: &mut Vec<Check>) {
        let mut facts = self.step_facts(step);
        let resources = self.resources(step);
        let is_doubtful = step.is_single && resources.len() > 1;
        let mut left = resources.len();
        for found in resources {
            left = left.saturating_sub(1);
            // The last takes what the others copy.
            let mut context = if left == 0 { std::mem::take(&mut facts) } else { facts.clone() };
            context.retain(|(key, _)| is_for(key, found.kind));
            if let (true, Some(owner)) = (found.is_owner_told, found.account) {
                context.push(("aws:resourceaccount".into(), Fact::One(owner.to_string())));
            }
            checks.push(Check {
                action: step.action.clone(),
                resource_account: found.account.filter(|_| !self.plan.is_decided_here).or(self.recipient),
                resource: found.resource,
                context,
                certainty: if is_doubtful || found.is_doubtful {
                    Certainty::Possible
                } else {
                    step.certainty
                },
            });
        }
    }

    fn step_facts(&self, step: &Step) -> Facts {
        let mut facts = Facts::new();
        if step.action.starts_with("kms:") {
            facts.extend(self.via_service(step).map(|via| ("kms:viaservice".into(), via)));
        }
        if step.is_forwarded {
            return facts;
        }
        facts.extend(self.plan.keys.iter().filter_map(|key| self.fact(key)));
        if self.plan.prefix.as_ref() == "kms" {
            let contexts = self.request.under("encryptionContext");
            facts.extend(contexts.map(|(key, value)| {
                (format!("kms:encryptioncontext:{}", key.to_lowercase()).into(), Fact::One(value.to_owned()))
            }));
        }
        if step.takes_tags {
            self.tag_facts(&mut facts);
        }
        facts
    }

    /// KMS Developer Guide, `conditions-kms` (`kms:ViaService`): the service that calls KMS for the caller, in this Region.
    fn via_service(&self, step: &Step) -> Option<Fact> {
        let service = match (step.is_forwarded, self.identity.invoked_by.as_deref()) {
            (true, _) => self.plan.prefix.as_ref(),
            (false, Some(service)) => service.strip_suffix(".amazonaws.com")?,
            (false, None) => return Some(Fact::Absent),
        };
        let region = self.place.region?;
        Some(Fact::One(format!("{service}.{region}.amazonaws.com")))
    }

    fn fact(&self, key: &Key) -> Option<(Box<str>, Fact)> {
        if let Some(given) = &key.given {
            return self
                .request
                .has(&key.path)
                .then(|| (key.name.clone(), Fact::One(given.clone().into_string())));
        }
        let mut values = self.request.all(&key.path).map(str::to_owned);
        let fact = match (values.next(), values.next()) {
            (Some(first), Some(second)) => Fact::Many([first, second].into_iter().chain(values).collect()),
            (Some(one), None) => Fact::One(one),
            // It is there, and masked.
            (None, _) if self.request.has(&key.path) => Fact::Present,
            (None, _) if key.absent_otherwise && !self.is_missing => Fact::Absent,
            (None, _) => return None,
        };
        Some((key.name.clone(), fact))
    }

    /// `aws:RequestTag/key` and `aws:TagKeys` of the tags a request gives.
    fn tag_facts(&self, facts: &mut Facts) {
        let tags = self.request.tags();
        if tags.is_empty() || tags.iter().any(|(key, _)| *key == "HIDDEN_DUE_TO_SECURITY_REASONS") {
            return;
        }
        let keys = tags.iter().map(|(key, _)| (*key).to_owned()).collect();
        facts.push(("aws:tagkeys".into(), Fact::Many(keys)));
        facts.extend(tags.into_iter().map(|(key, value)| {
            (format!("aws:requesttag/{}", key.to_lowercase()).into(), Fact::One(value.to_owned()))
        }));
    }

    /// What is checked when the request has tags for what it makes.
    fn tags_on_create(&self, checks: &mut Vec<Check>) {
        if !self.request.has_tags() {
            return;
        }
        if self.plan.prefix.as_ref() == "ec2" {
            return self.ec2_tags_on_create(checks);
        }
        let Some(action) = &self.plan.tags else { return };
        if self.request.tags().is_empty() {
            return;
        }
        let mut made = checks.iter().filter(|check| check.certainty == Certainty::Certain);
        // Several resources: which of them is made, the service reference does not say.
        let (resource, context) = match (made.next(), made.next()) {
            (Some(one), None) => (bare(&one.resource), one.context.clone()),
            _ => (CheckedResource::Unknown, Facts::new()),
        };
        let of_tags = |(key, _): &(Box<str>, Fact)| key.starts_with("aws:");
        checks.push(Check {
            action: action.clone(),
            resource,
            resource_account: self.recipient,
            context: context.into_iter().filter(of_tags).collect(),
            certainty: Certainty::Possible,
        });
    }

    /// EC2 User Guide, `supported-iam-actions-tagging`: tags at creation need `ec2:CreateTags` on what is made, with
    /// `ec2:CreateAction`.
    fn ec2_tags_on_create(&self, checks: &mut Vec<Check>) {
        let (region, account) = (self.place.region.unwrap_or("*"), self.place.account.unwrap_or("*"));
        let mut kinds: Vec<&str> = Vec::new();
        for path in TAG_SPECIFICATIONS.iter() {
            for kind in self.request.all(path) {
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
        }
        for kind in kinds {
            let resource = match EC2_KINDS.get(kind) {
                Some(template) => template.any(self.place).arn,
                None => format!("arn:{}:ec2:{region}:{account}:{kind}/*", self.place.partition),
            };
            let mut context = vec![("ec2:createaction".into(), Fact::One(self.plan.name.to_string()))];
            self.tag_facts(&mut context);
            checks.push(Check {
                action: "ec2:CreateTags".into(),
                resource: CheckedResource::Pattern(resource.into()),
                resource_account: self.recipient,
                context,
                certainty: Certainty::Certain,
            });
        }
    }

    /// `iam:PassRole` for each role in the request. It is never logged itself (IAM User Guide,
    /// `id_roles_use_passrole`: "PassRole is not an API call").
    fn passed_roles(&self, checks: &mut Vec<Check>) {
        for pass in &self.plan.passes {
            for role in self.request.all(&pass.path) {
                checks.push(if pass.by_profile {
                    self.pass_profile(role, pass)
                } else {
                    self.pass_role(role, pass)
                });
            }
        }
        if !self.plan.may_pass_roles {
            return;
        }
        let pass =
            Pass { path: Path::read(""), service: None, certainty: Certainty::Possible, by_profile: false };
        for (key, value) in self.request.scalars() {
            if is_role_arn(value) && is_named_like_a_role(key) {
                checks.push(self.pass_role(value, &pass));
            }
        }
    }

    fn pass_role(&self, role: &str, pass: &Pass) -> Check {
        let (partition, account) = (self.place.partition, self.place.account.unwrap_or("*"));
        let resource = if is_role_arn(role) {
            arn_or_pattern(role.to_owned())
        } else {
            let name = role.rsplit(['/', ':']).next().unwrap_or(role);
            CheckedResource::Pattern(format!("arn:{partition}:iam::{account}:role/*{name}").into())
        };
        let account = account_of(role).or(self.recipient);
        self.pass(resource, account, Vec::new(), pass)
    }

    /// The role of an instance profile: which it is, only the estate knows.
    fn pass_profile(&self, profile: &str, pass: &Pass) -> Check {
        let (partition, account) = (self.place.partition, self.place.account.unwrap_or("*"));
        let profile = if profile.starts_with("arn:") {
            profile.to_owned()
        } else {
            format!("arn:{partition}:iam::{account}:instance-profile/*{profile}")
        };
        let facts = vec![("ec2:instanceprofile".into(), Fact::One(profile))];
        self.pass(CheckedResource::Unknown, self.recipient, facts, pass)
    }

    fn pass(
        &self,
        resource: CheckedResource,
        account: Option<AccountId>,
        facts: Facts,
        pass: &Pass,
    ) -> Check {
        let service = pass.service.as_deref().map(|service| Fact::One(service.to_owned()));
        let mut context = facts;
        context.push(("iam:passedtoservice".into(), service.unwrap_or(Fact::Present)));
        Check {
            action: "iam:PassRole".into(),
            resource,
            resource_account: account,
            context,
            certainty: pass.certainty,
        }
    }
}

/// A log group as tagging asks for it: without the tail of its streams.
fn bare(resource: &CheckedResource) -> CheckedResource {
    let without = |arn: &str| arn.strip_suffix(":log-stream:").unwrap_or(arn).into();
    match resource {
        CheckedResource::Arn(arn) => CheckedResource::Arn(without(arn)),
        CheckedResource::Pattern(arn) => CheckedResource::Pattern(without(arn)),
        CheckedResource::None | CheckedResource::Unknown => resource.clone(),
    }
}

/// Whether a condition key is one of a resource type's (service reference): requests on other types do not have it.
fn is_for(key: &str, kind: Option<&Kind>) -> bool {
    kind.is_none_or(|kind| kind.keys.has(key))
}
