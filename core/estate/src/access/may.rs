//! How surely something is allowed, for one subject or for one that is thought up: a member of a further group, a
//! principal with every permission, a service.

use std::sync::Arc;

use kagimori_policy::decision::Answer;
use kagimori_policy::policies::{Layer, MissingDocument};
use kagimori_policy::request::{Fact, Listed, Principal};

use super::questions::Scope;
use super::{Access, Answered, Question, Subject, fact};
use kagimori_id::{AccountId, Arn};

/// How surely a request is allowed; what is surer is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "no, yes, and the two ways not to know")]
pub enum May {
    /// It is denied.
    No,
    /// It would have to be allowed by a policy that was not given, or a boundary that was not given may not allow it.
    Unknown,
    /// Under a condition that is not known to hold: a condition key, a guardrail that was not given and may deny it.
    If,
    /// It is allowed.
    Surely,
}

impl Access<'_> {
    /// How surely a subject may make a request.
    pub fn may(&self, subject: &Subject, question: &Question) -> May {
        self.may_in(subject, question, &self.scope(subject, question))
    }

    /// How surely a subject may assume a role, once the role's trust policy names it.
    pub fn may_once_trusted(&self, subject: &Subject, question: &Question) -> May {
        self.may_in(subject, question, &self.trusted(subject, question))
    }

    /// Explains what [`Access::may_once_trusted`] says.
    pub fn ask_once_trusted(&self, subject: &Subject, question: &Question) -> Answered {
        self.ask_in(subject, question, &self.trusted(subject, question))
    }

    fn trusted(&self, subject: &Subject, question: &Question) -> Scope<'_> {
        Scope { resource: self.open_trust, missing_resource: None, ..self.scope(subject, question) }
    }

    fn may_in(&self, subject: &Subject, question: &Question, scope: &Scope<'_>) -> May {
        match self.decide_in(subject, question, scope, true) {
            Answer::Allowed => May::Surely,
            Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_) => May::No,
            Answer::Indeterminate => {
                let missing = scope.missing(&subject.missing);
                if missing.is_empty() {
                    return May::If;
                }
                if missing.iter().any(|document| document.layer == Layer::Boundary) {
                    return May::Unknown;
                }
                // What was not given is taken to say nothing: is there a grant all the same?
                match self.decide_in(subject, question, scope, false) {
                    Answer::Allowed | Answer::Indeterminate => May::If,
                    Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_) => May::Unknown,
                }
            }
        }
    }

    /// The subject as it would be if a further identity policy allowed everything: what its own policies deny, its boundary and
    /// the guardrails stay.
    #[must_use]
    pub fn with_every_permission(&self, subject: &Subject) -> Subject {
        let missing = subject.missing.iter().filter(|document| document.layer != Layer::Identity);
        let denying =
            subject.identity.iter().filter(|id| self.held(**id).is_some_and(super::altered::denies));
        Subject {
            identity: denying.copied().chain(self.full_access).collect(),
            missing: missing.cloned().collect(),
            ..subject.clone()
        }
    }

    /// The subject as it would be if nothing but the guardrails limited it: what it has to be measured by.
    #[must_use]
    pub fn unlimited(&self, subject: &Subject) -> Subject {
        Subject {
            identity: self.full_access.into_iter().collect(),
            boundary: Vec::new(),
            missing: Vec::new(),
            ..subject.clone()
        }
    }

    /// The subject as it would be without its permissions boundary.
    #[must_use]
    pub fn without_boundary(&self, subject: &Subject) -> Subject {
        let missing = subject.missing.iter().filter(|document| document.layer != Layer::Boundary);
        Subject { boundary: Vec::new(), missing: missing.cloned().collect(), ..subject.clone() }
    }

    /// The subject as it would be in a further group of its account; `None` when there is no such group.
    pub fn as_member(&self, subject: &Subject, group: &str) -> Option<Subject> {
        let joined = self.groups.get(&(subject.account, group.to_owned()))?;
        let mut member = subject.clone();
        member.identity.extend(joined.identity.iter().filter(|id| !subject.identity.contains(id)));
        member.missing.extend(joined.missing.iter().filter(|one| !subject.missing.contains(one)).cloned());
        Some(member)
    }

    /// The subject as a service calls for it, with its permissions (`access_forward_access_sessions`): which service it is, the
    /// request tells (`reference_policies_condition-keys`, "aws:CalledVia" and "aws:ViaAWSService").
    #[must_use]
    pub fn through(&self, subject: &Subject, service: &str) -> Subject {
        let one = || Fact::One(service.to_owned());
        let facts = subject
            .facts
            .with("aws:ViaAWSService", Fact::One("true".to_owned()))
            .with("aws:CalledVia", Fact::Many(vec![service.to_owned()]))
            .with("aws:CalledViaFirst", one())
            .with("aws:CalledViaLast", one());
        Subject { facts: Arc::new(facts), ..subject.clone() }
    }

    /// An AWS service that works in an account, as a caller: how a role comes to run what was made in that account.
    ///
    /// IAM User Guide, `reference_policies_condition-keys`, "Properties of the principal".
    pub fn service(&self, name: &str, account: AccountId) -> Option<Subject> {
        let principal = Principal::parse(name).ok()?;
        let facts = [
            fact("aws:PrincipalIsAWSService", "true"),
            fact("aws:PrincipalServiceName", name),
            fact("aws:SourceAccount", &account.to_string()),
            fact("aws:SecureTransport", "true"),
            ("aws:username", Fact::Absent),
            ("aws:userid", Fact::Absent),
            ("aws:PrincipalArn", Fact::Absent),
            ("aws:PrincipalAccount", Fact::Absent),
            ("aws:PrincipalOrgID", Fact::Absent),
            ("aws:TokenIssueTime", Fact::Absent),
            ("aws:MultiFactorAuthPresent", Fact::Absent),
            ("sts:ExternalId", Fact::Absent),
        ];
        Some(Subject {
            principal,
            account,
            // Services have no ARN; nothing asks for this one.
            arn: Arn::parse(&format!("arn:aws:iam::{account}:service/{name}")).ok()?,
            facts: Arc::new(Listed::new(facts, &[super::TAGS])),
            identity: Vec::new(),
            boundary: Vec::new(),
            trust: None,
            missing: Vec::new(),
            arranged: None,
        })
    }
}

impl Subject {
    /// Whether a permissions boundary binds it.
    pub fn is_bounded(&self) -> bool {
        !self.boundary.is_empty() || self.missing.iter().any(|document| document.layer == Layer::Boundary)
    }

    /// Whether nothing but its name is known of it.
    pub fn has_unknown_details(&self) -> bool {
        self.facts.is_empty()
    }

    /// Whether it has a tag of this key.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.facts.has(&format!("aws:PrincipalTag/{tag}").to_lowercase())
    }

    /// A text that is the same for subjects that can do the same.
    pub fn shape(&self) -> String {
        let mut identity = self.identity.clone();
        identity.sort();
        format!("{identity:?} {:?} {:?} {:?} {:?}", self.boundary, self.facts, self.missing, self.arranged)
    }

    /// The policies that are in effect for it and were not given.
    pub fn missing(&self) -> &[MissingDocument] {
        &self.missing
    }

    /// Numbers that are the same for subjects with the same policies, boundaries and account.
    pub fn likeness(&self) -> (AccountId, Vec<usize>, Vec<usize>) {
        let numbers = |ids: &[super::DocumentId]| ids.iter().map(|super::DocumentId(place)| *place).collect();
        (self.account, numbers(&self.identity), numbers(&self.boundary))
    }
}
