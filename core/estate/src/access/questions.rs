//! Questions about one request, and about who could make it.

use std::borrow::Cow;
use std::sync::Arc;

use kagimori_policy::decision::{Answer, Decision};
use kagimori_policy::engine::{Compiled, Compiler, Missing, Stack};
use kagimori_policy::formula::Formula;
use kagimori_policy::policies::{Layer, Level, MissingDocument, Policies, StatementRef};
use kagimori_policy::reference;
use kagimori_policy::request::{Context, Fact, Listed, Request};

use super::guardrails::Possible;
use super::root::{RootSession, is_root_session};
use super::session::assumes;
use super::{Access, DocumentId, Guardrails, Origin, Subject};
use kagimori_id::AccountId;

/// What is asked, but for who asks.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Question {
    /// `service:Action`.
    pub action: String,
    /// The ARN, or `*`.
    pub resource: String,
    /// The account that owns the resource; `None`: what [`Access::owner`] tells, else the caller's own.
    pub resource_account: Option<AccountId>,
    /// The action has no resource types.
    pub wildcard_only: bool,
    /// Condition keys that it has in common with other questions, beside those the estate tells of the principal.
    pub common: Option<Arc<Listed>>,
    /// Those of its own, which go before them.
    pub context: Vec<(String, Fact)>,
    /// What is not listed is absent; otherwise it is not known.
    pub strict: bool,
}

/// Identity policies to decide by in place of a subject's own.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Instead<'a> {
    /// A copy of [`Access::compiler`] that compiled them.
    pub compiler: &'a Compiler,
    /// The policies.
    pub identity: &'a [&'a Compiled],
}

/// The answer to a question for one subject, with everything it was decided by.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answered {
    /// The request as it was decided.
    pub request: Request,
    /// The answer.
    pub decision: Decision,
    /// The policies in effect.
    pub policies: Policies,
    /// What was taken for granted, in whole sentences.
    pub assumptions: Vec<String>,
    origins: Vec<((Layer, usize, usize), Origin)>,
}

impl Answered {
    /// Where the policy of a statement stands.
    pub fn origin(&self, place: StatementRef) -> Option<&Origin> {
        let key = (place.layer, place.level, place.policy);
        self.origins.iter().find(|(found, _)| *found == key).map(|(_, origin)| origin)
    }
}

impl Access<'_> {
    /// The request of a question, with what the estate tells of the subject.
    pub fn request(&self, subject: &Subject, question: &Question) -> Request {
        self.request_of(subject, question, self.scope(subject, question).owner)
    }

    /// The same, where it is known whose the resource is, or that nothing tells: then it is taken as the caller's own account's.
    pub(super) fn request_of(
        &self,
        subject: &Subject,
        question: &Question,
        owner: Option<AccountId>,
    ) -> Request {
        let owner = owner.unwrap_or(subject.account);
        let context = if question.strict { Context::complete() } else { Context::partial() };
        let mut context = match &self.moment {
            Some(moment) => context.over(Arc::clone(moment)),
            None => context,
        };
        context = context.over(Arc::clone(&subject.facts));
        if let Some(common) = &question.common {
            context = context.over(Arc::clone(common));
        }
        for (key, fact) in self.facts_of_resource(subject, question, owner) {
            if !context.lists(key) {
                context.set(key, fact);
            }
        }
        self.limit_session(subject, question, &mut context);
        for (key, fact) in &question.context {
            context.set(key, fact.clone());
        }
        Request {
            principal: subject.principal.clone(),
            action: question.action.clone(),
            resource: question.resource.clone(),
            resource_account: owner.to_string(),
            wildcard_only: question.wildcard_only,
            context,
        }
    }

    /// What the accounts of caller and resource tell (`reference_policies_condition-keys`, "Properties of the resource"; KMS
    /// `conditions-kms`; S3 `amazon-s3-policy-keys`).
    fn facts_of_resource(
        &self,
        subject: &Subject,
        question: &Question,
        owner: AccountId,
    ) -> Vec<(&'static str, Fact)> {
        let one = |text: &str| Fact::One(text.to_owned());
        // The root user of a member is the member's, whoever may become it.
        let owner =
            if is_root_session(question) { self.owner(&question.resource).unwrap_or(owner) } else { owner };
        let mut facts = vec![("aws:resourceaccount", one(&owner.to_string()))];
        let (id, path) = self.membership(subject.arranged, owner);
        facts.extend([("aws:resourceorgid", id), ("aws:resourceorgpaths", path)]);
        facts.retain(|(_, fact)| *fact != Fact::Unknown);
        let service = question.action.split(':').next().unwrap_or_default().to_ascii_lowercase();
        match (service.as_str(), subject.principal.account()) {
            ("kms", Some(account)) => facts.push(("kms:calleraccount", one(account))),
            ("s3", _) => facts.push(("s3:resourceaccount", one(&owner.to_string()))),
            _ => {}
        }
        // What lies in a Region is asked for there.
        facts.extend(region(&question.resource).map(|region| ("aws:requestedregion", one(region))));
        facts
    }

    /// Decides a request of a subject, and explains it.
    pub fn ask(&self, subject: &Subject, question: &Question) -> Answered {
        self.ask_in(subject, question, &self.scope(subject, question))
    }

    pub(super) fn ask_in(&self, subject: &Subject, question: &Question, scope: &Scope<'_>) -> Answered {
        let request = self.request_of(subject, question, scope.owner);
        let levels = |levels: &[(String, Vec<DocumentId>)]| {
            levels.iter().map(|(id, ids)| Level { id: id.clone(), policies: self.cloned(ids) }).collect()
        };
        let policies = Policies {
            identity: self.cloned(&subject.identity),
            boundary: self.cloned(&subject.boundary),
            service_control: levels(&scope.callers.service_control),
            resource_control: levels(&scope.owners.resource_control),
            resource: scope
                .resource
                .and_then(|id| self.held(id))
                .map(|held| held.document.clone().into_owned()),
            missing: scope.missing(&subject.missing),
            ..Policies::default()
        };
        let decision = reference::decide(&request, &policies);
        let mut assumptions: Vec<String> = scope.callers.assumption.map(str::to_owned).into_iter().collect();
        let is_told = scope.has_none || question.wildcard_only || scope.missing_resource.is_some();
        if scope.resource.is_none() && !is_told {
            let of = if names_nothing(&question.resource) { "the resource" } else { &question.resource };
            assumptions.push(format!("no policy of {of} was given: taken as none"));
        }
        if scope.owner.is_none() && names_bucket(&question.resource) {
            let bucket = &question.resource;
            assumptions.push(format!(
                "whose {bucket} is was not given: taken as the caller's own account's (`--resource-account`)"
            ));
        }
        Answered { request, decision, assumptions, origins: self.origins(subject, scope), policies }
    }

    /// The bare answer, as fast as can be.
    pub fn decide(&self, subject: &Subject, question: &Question) -> Answer {
        self.asking(subject, question).decide()
    }

    /// A question made ready, for whoever asks it in several ways.
    pub fn asking<'s>(&'s self, subject: &'s Subject, question: &Question) -> Asking<'s> {
        let scope = self.scope(subject, question);
        let request = Cow::Owned(self.request_of(subject, question, scope.owner));
        Asking { access: self, subject, scope, request }
    }

    /// The same where it has been asked of another estate: mostly the one is what the other became, and tells the same of the subject.
    pub fn asking_beside<'s>(
        &'s self,
        subject: &'s Subject,
        question: &Question,
        other: &'s Asking<'_>,
    ) -> Asking<'s> {
        let scope = self.scope(subject, question);
        let owner = scope.owner.unwrap_or(subject.account);
        let is_same = Arc::ptr_eq(&subject.facts, &other.subject.facts)
            && (subject.account, &subject.principal) == (other.subject.account, &other.subject.principal)
            && scope.owner == other.scope.owner
            && self.organization_of(owner) == other.access.organization_of(owner);
        let is_same = is_same && self.moment == other.access.moment && !self.limits_session(question);
        let request = match is_same {
            true => Cow::Borrowed(&*other.request),
            false => Cow::Owned(self.request_of(subject, question, scope.owner)),
        };
        Asking { access: self, subject, scope, request }
    }

    /// `hears_missing`: what was not given may say anything; otherwise it is taken to say nothing.
    pub(super) fn decide_in(
        &self,
        subject: &Subject,
        question: &Question,
        scope: &Scope<'_>,
        hears_missing: bool,
    ) -> Answer {
        let missing = if hears_missing { scope.missing(&subject.missing) } else { Vec::new() };
        let own = Instead { compiler: &self.compiler, identity: &self.compiled(&subject.identity) };
        self.decide_by(subject, &self.request_of(subject, question, scope.owner), scope, &missing, own)
    }

    fn decide_by(
        &self,
        subject: &Subject,
        request: &Request,
        scope: &Scope<'_>,
        missing: &[MissingDocument],
        by: Instead<'_>,
    ) -> Answer {
        let boundary = self.compiled(&subject.boundary);
        let all = |levels: &[(String, Vec<DocumentId>)]| -> Vec<_> {
            levels.iter().map(|(_, ids)| self.compiled(ids)).collect()
        };
        let (service_control, resource_control) =
            (all(&scope.callers.service_control), all(&scope.owners.resource_control));
        let lacks = |layer: Layer| missing.iter().any(|document| document.layer == layer);
        let stack = Stack {
            identity: by.identity,
            boundary: &boundary,
            service_control: &service_control.iter().map(Vec::as_slice).collect::<Vec<_>>(),
            resource_control: &resource_control.iter().map(Vec::as_slice).collect::<Vec<_>>(),
            resource: scope.resource.and_then(|id| self.held(id)).map(|held| &held.compiled),
            missing: Missing {
                identity: lacks(Layer::Identity),
                boundary: lacks(Layer::Boundary),
                service_control: lacks(Layer::ServiceControl),
                resource_control: lacks(Layer::ResourceControl),
                resource: lacks(Layer::Resource),
                ..Missing::default()
            },
            ..Stack::default()
        };
        stack.decide(&by.compiler.bind(request))
    }

    /// Whether the subject may be able to make a request at all: some policy of its own, or the resource's, names the action,
    /// or one that is not known might. If not, it is denied; a question far cheaper than [`Access::decide`].
    pub fn is_candidate(&self, subject: &Subject, question: &Question) -> bool {
        let action = question.action.to_ascii_lowercase();
        let names = |id: &DocumentId| self.held(*id).is_some_and(|held| held.compiled.names_action(&action));
        let unplaced = self.guardrails_of(subject, subject.account).into_iter().flat_map(|all| &all.possible);
        subject.missing.iter().any(|document| document.layer == Layer::Identity)
            || subject.identity.iter().any(names)
            || unplaced.flat_map(Possible::documents).any(names)
            || self.resource_policies.values().any(|id| id.as_ref().is_none_or(names))
            // A trust policy may name it, a key policy too; and everybody may ask who it is.
            || reference::is_of_trust(&action)
            || (action.starts_with("kms:") && question.resource.contains(":key/"))
            || reference::needs_no_permission(&action, &subject.principal)
    }

    /// Which guardrails and which resource policy have a say.
    pub(super) fn scope(&self, subject: &Subject, question: &Question) -> Scope<'_> {
        static NONE: Guardrails = Guardrails {
            service_control: Vec::new(),
            resource_control: Vec::new(),
            missing: Vec::new(),
            possible: Vec::new(),
            assumption: None,
        };
        let real = question.resource_account.or_else(|| self.owner(&question.resource));
        let root = self.root_session(subject, question);
        // No policy of the member's has a say: the caller's own are enough.
        let owner = if root == Some(RootSession::Open) { Some(subject.account) } else { real };
        let of = |account: AccountId| self.guardrails_of(subject, account).unwrap_or(&NONE);
        let role = self.places.with_arn(&question.resource).and_then(|place| self.subjects.get(place));
        let is_assumption = reference::is_of_trust(&question.action)
            && (question.resource.contains(":role/") || assumes(&question.action));
        let trust = role.filter(|_| is_assumption).and_then(|role| role.trust);
        let holders = || holders(&question.resource);
        let given = holders().find_map(|holder| self.resource_policies.get(holder));
        let resource = trust.or(given.copied().flatten());
        let has_none = root.is_some() || holders().any(|holder| self.without_policy.contains(holder));
        // A role always has a trust policy and a key always a key policy: without the document nobody can tell.
        let is_key =
            question.action.to_ascii_lowercase().starts_with("kms:") && question.resource.contains(":key/");
        let is_lost = given.is_some_and(Option::is_none);
        let missing_resource =
            (resource.is_none() && (is_assumption || is_key || is_lost)).then(|| MissingDocument {
                layer: Layer::Resource,
                name: match (is_key, is_assumption) {
                    (true, _) => format!("the key policy of {}", question.resource),
                    (_, true) => format!("the trust policy of {}", question.resource),
                    _ => format!("the policy of {}, which could not be read", question.resource),
                },
            });
        let missing_resource = match root {
            Some(RootSession::Unknown(name)) => Some(MissingDocument { layer: Layer::Resource, name }),
            _ => missing_resource,
        };
        let (callers, owners) = (of(subject.account), of(real.unwrap_or(subject.account)));
        let asked = || self.request_of(subject, question, owner);
        let mut possible = self.limiting(callers, Layer::ServiceControl, asked);
        possible.extend(self.limiting(owners, Layer::ResourceControl, asked));
        possible.extend(self.unplaced(callers, subject, asked));
        Scope { callers, owners, owner, resource, has_none, missing_resource, possible }
    }

    fn origins(&self, subject: &Subject, scope: &Scope<'_>) -> Vec<((Layer, usize, usize), Origin)> {
        let mut origins = Vec::new();
        let mut add = |layer: Layer, level: usize, ids: &[DocumentId]| {
            for (policy, id) in ids.iter().enumerate() {
                let origin = self.held(*id).map(|held| held.origin.clone());
                origins.extend(origin.map(|origin| ((layer, level, policy), origin)));
            }
        };
        add(Layer::Identity, 0, &subject.identity);
        add(Layer::Boundary, 0, &subject.boundary);
        add(Layer::Resource, 0, scope.resource.as_slice());
        for (level, (_, ids)) in scope.callers.service_control.iter().enumerate() {
            add(Layer::ServiceControl, level, ids);
        }
        for (level, (_, ids)) in scope.owners.resource_control.iter().enumerate() {
            add(Layer::ResourceControl, level, ids);
        }
        origins
    }
}

/// A question made ready for one subject.
#[derive(Debug)]
pub struct Asking<'s> {
    access: &'s Access<'s>,
    subject: &'s Subject,
    scope: Scope<'s>,
    request: Cow<'s, Request>,
}

impl Asking<'_> {
    /// The same of a call that was let in: the resource is another account's, what its policy says was not given, and only the
    /// caller's own side is left to decide. Both have to allow it (IAM User Guide, `reference_policies_evaluation-logic-cross-account`).
    #[must_use]
    pub fn let_in(mut self) -> Self {
        let scope = &mut self.scope;
        let is_others = scope.owner.is_some_and(|owner| owner != self.subject.account);
        let is_open = scope.resource.is_none() && scope.missing_resource.is_none() && !scope.has_none;
        if is_others && is_open {
            scope.resource = self.access.open_resource;
        }
        self
    }

    /// What an open answer hangs on.
    pub fn allowed_if(&self, question: &Question) -> Formula {
        self.access.ask_in(self.subject, question, &self.scope).decision.allowed_if
    }

    /// The bare answer.
    pub fn decide(&self) -> Answer {
        let Self { access, subject, scope, request } = self;
        let own = Instead { compiler: &access.compiler, identity: &access.compiled(&subject.identity) };
        access.decide_by(subject, request, scope, &scope.missing(&subject.missing), own)
    }

    /// The bare answer if the subject had these identity policies and no others.
    pub fn decide_instead(&self, instead: Instead<'_>) -> Answer {
        let Self { access, subject, scope, request } = self;
        let kept = |missing: &&MissingDocument| missing.layer != Layer::Identity;
        let own: Vec<MissingDocument> = subject.missing.iter().filter(kept).cloned().collect();
        access.decide_by(subject, request, scope, &scope.missing(&own), instead)
    }

    /// The request, with what the estate tells of the subject.
    pub fn into_request(self) -> Request {
        self.request.into_owned()
    }
}

/// What has a say in a question beside the subject's own policies.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) callers: &'a Guardrails,
    pub(super) owners: &'a Guardrails,
    /// The account that owns the resource, when anything tells.
    pub(super) owner: Option<AccountId>,
    /// The resource is known to have no policy.
    pub(super) has_none: bool,
    pub(super) resource: Option<DocumentId>,
    pub(super) missing_resource: Option<MissingDocument>,
    /// Guardrails that may bind or not, and that would limit this request.
    pub(super) possible: Vec<MissingDocument>,
}

impl Scope<'_> {
    pub(super) fn missing(&self, own: &[MissingDocument]) -> Vec<MissingDocument> {
        let of_layer = |documents: &[MissingDocument], layer: Layer| -> Vec<MissingDocument> {
            documents.iter().filter(|document| document.layer == layer).cloned().collect()
        };
        let mut missing = own.to_vec();
        missing.extend(of_layer(&self.callers.missing, Layer::ServiceControl));
        missing.extend(of_layer(&self.owners.missing, Layer::ResourceControl));
        missing.extend(self.missing_resource.clone());
        missing.extend(self.possible.iter().cloned());
        missing
    }
}

/// The Region that an ARN names.
fn region(resource: &str) -> Option<&str> {
    let region = resource.strip_prefix("arn:")?.split(':').nth(2)?;
    (!region.is_empty() && !region.contains(['*', '?', '$'])).then_some(region)
}

/// `*`, or what stands for "any other" in a question about all: an ARN whose parts are empty.
fn names_nothing(resource: &str) -> bool {
    resource.chars().all(|letter| "arn:*".contains(letter))
}

/// The ARN names a bucket or an object: those do not tell their account.
fn names_bucket(resource: &str) -> bool {
    resource.starts_with("arn:") && resource.contains(":s3:::") && !resource.ends_with(":s3:::*")
}

/// The resources whose policy is that of a resource: itself, and an object's bucket.
pub(super) fn holders(resource: &str) -> impl Iterator<Item = &str> {
    let bucket = || resource.contains(":s3:::").then(|| resource.split_once('/')).flatten();
    std::iter::once(resource).chain(bucket().map(|(bucket, _)| bucket))
}
