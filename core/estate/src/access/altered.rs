//! Subjects that are thought up: somebody without one of its policies or with another tag, an identity that is not there yet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kagimori_policy::document::{Effect, ResourceElement, Statement};
use kagimori_policy::policies::Layer;
use kagimori_policy::request::{Fact, Listed, Principal};

use super::each::resolved_texts;
use super::{Access, Arranged, DocumentId, Held, May, Question, Subject, fact};
use kagimori_id::{AccountId, Arn};

impl<'a> Access<'a> {
    /// Takes in the customer managed policies that nobody has: they could be attached, or be somebody's boundary.
    pub fn add_unattached_policies(&mut self) {
        let estate = self.estate;
        for account in estate.accounts.values() {
            for arn in account.policies.keys().filter(|arn| arn.account().is_some()) {
                let mut managed = std::mem::take(&mut self.managed);
                self.hold_managed(account, arn, &mut managed);
                self.managed = managed;
            }
        }
    }

    /// Takes in the versions of customer managed policies that are not the default: somebody may make one of them it.
    pub fn add_other_versions(&mut self) {
        let estate = self.estate;
        for account in estate.accounts.values() {
            for policy in account.policies.values().filter(|policy| policy.arn.account().is_some()) {
                for version in policy.other_versions.value().into_iter().flatten() {
                    let name = format!("{} of {}", version.id, policy.arn);
                    let Some(id) = self.hold_policy(&version.document, name, Some(policy.source)) else {
                        continue;
                    };
                    let versions = self.versions.entry((account.id, policy.arn.clone())).or_default();
                    versions.push((version.id.clone(), id));
                }
            }
        }
    }
}

impl Access<'_> {
    /// A subject as it would be with each other version of a managed policy that is its own or its boundary, by the version's
    /// name; empty: it has no such policy, or no other version whose document is known. A version is everywhere's at once.
    pub fn with_versions(&self, subject: &Subject, policy: &str) -> Vec<(&str, Subject)> {
        let is_it = |id: &DocumentId| self.held(*id).is_some_and(|held| held.origin.name == policy);
        let has_it = subject.identity.iter().chain(&subject.boundary).any(is_it);
        let arn = Arn::parse(policy).ok().filter(|_| has_it);
        let known = arn.and_then(|arn| self.versions.get(&(subject.account, arn)));
        let with = |new: DocumentId| {
            let replaced =
                |ids: &[DocumentId]| ids.iter().map(|id| if is_it(id) { new } else { *id }).collect();
            Subject {
                identity: replaced(&subject.identity),
                boundary: replaced(&subject.boundary),
                ..subject.clone()
            }
        };
        known.into_iter().flatten().map(|(name, id)| (name.as_str(), with(*id))).collect()
    }

    /// The names of a subject's identity policies that deny something, each once.
    pub fn denying(&self, subject: &Subject) -> BTreeSet<&str> {
        let held = subject.identity.iter().filter_map(|id| self.held(*id));
        held.filter(|held| denies(held)).map(|held| held.origin.name.as_str()).collect()
    }

    /// A subject without the identity policy of this name; `None`: it has none, or has it by more than one way.
    pub fn without(&self, subject: &Subject, policy: &str) -> Option<Subject> {
        let is_it = |id: &&DocumentId| self.held(**id).is_some_and(|held| held.origin.name == policy);
        if subject.identity.iter().filter(is_it).count() != 1 {
            return None;
        }
        let identity = subject.identity.iter().filter(|id| !is_it(id)).copied().collect();
        Some(Subject { identity, ..subject.clone() })
    }

    /// A subject without the identity policy of this name, by whichever ways it has it.
    #[must_use]
    pub fn without_any(&self, subject: &Subject, policy: &str) -> Subject {
        let is_it = |id: &DocumentId| self.held(*id).is_some_and(|held| held.origin.name == policy);
        let identity = subject.identity.iter().filter(|id| !is_it(id)).copied().collect();
        Subject { identity, ..subject.clone() }
    }

    /// A subject as it would be outside a group of its own; `None` when it is in no such group.
    pub fn as_leaver(&self, subject: &Subject, group: &str) -> Option<Subject> {
        let left = self.groups.get(&(subject.account, group.to_owned()))?;
        let mut leaver = subject.clone();
        // A policy may be the subject's own as well, or another group's: one copy goes.
        for id in &left.identity {
            let place = leaver.identity.iter().rposition(|own| own == id)?;
            leaver.identity.remove(place);
        }
        for document in &left.missing {
            let place = leaver.missing.iter().rposition(|own| own == document)?;
            leaver.missing.remove(place);
        }
        Some(leaver)
    }

    /// A subject with a tag of another value, or without it.
    #[must_use]
    pub fn tagged(&self, subject: &Subject, tag: &str, value: Option<&str>) -> Subject {
        let key = format!("aws:PrincipalTag/{tag}");
        let fact = value.map_or(Fact::Absent, |value| Fact::One(value.to_owned()));
        Subject { facts: Arc::new(subject.facts.with(&key, fact)), ..subject.clone() }
    }

    /// A user by another name or path: what policies compare, not whom they name. `None`: that is no user's ARN.
    pub fn renamed(&self, subject: &Subject, arn: &str) -> Option<Subject> {
        let name = arn.rsplit_once(":user/")?.1.rsplit('/').next()?;
        let one = |text: &str| Fact::One(text.to_owned());
        let facts = subject.facts.with("aws:PrincipalArn", one(arn)).with("aws:username", one(name));
        Some(Subject { facts: Arc::new(facts), ..subject.clone() })
    }

    /// A subject with another permissions boundary, or none; `None`: the document of that policy is not known.
    pub fn bounded(&self, subject: &Subject, boundary: Option<&str>) -> Option<Subject> {
        let boundary = match boundary {
            Some(arn) => vec![self.policy(subject.account, arn)?],
            None => Vec::new(),
        };
        let missing = subject.missing.iter().filter(|document| document.layer != Layer::Boundary);
        Some(Subject { boundary, missing: missing.cloned().collect(), ..subject.clone() })
    }

    /// A subject whose only identity policy is this managed policy; `None`: its document is not known.
    pub fn holding(&self, subject: &Subject, policy: &str) -> Option<Subject> {
        let identity = vec![self.policy(subject.account, policy)?];
        let missing = subject.missing.iter().filter(|document| document.layer != Layer::Identity);
        Some(Subject { identity, missing: missing.cloned().collect(), ..subject.clone() })
    }

    fn policy(&self, account: AccountId, arn: &str) -> Option<DocumentId> {
        if arn.ends_with("::aws:policy/AdministratorAccess") {
            return self.full_access;
        }
        *self.managed.get(&(account, Arn::parse(arn).ok()?))?
    }

    /// A user or role that is not there yet: it has no policy, no boundary, and no tag that is known.
    pub fn newcomer(&self, account: AccountId, arn: &str) -> Option<Subject> {
        let principal = Principal::parse(arn).ok()?;
        let parsed = Arn::parse(arn).ok()?;
        let mut facts = vec![
            fact("aws:PrincipalArn", arn),
            fact("aws:PrincipalAccount", &account.to_string()),
            fact("aws:PrincipalIsAWSService", "false"),
            fact("aws:ViaAWSService", "false"),
            fact("aws:SecureTransport", "true"),
            ("aws:PrincipalServiceName", Fact::Absent),
        ];
        match principal.role_name() {
            Some(_) => {
                facts.push(fact("aws:PrincipalType", "AssumedRole"));
                facts.push(("aws:username", Fact::Absent));
                facts.push(("aws:TokenIssueTime", Fact::Present));
            }
            None => {
                facts.push(fact("aws:PrincipalType", "User"));
                facts.push(fact("aws:username", parsed.name()));
            }
        }
        let facts = Arc::new(Listed::new(facts, &[]));
        Some(Subject {
            principal,
            account,
            arn: parsed,
            facts,
            identity: Vec::new(),
            boundary: Vec::new(),
            trust: None,
            missing: Vec::new(),
            arranged: None,
        })
    }

    /// The patterns of resources that the policies in effect for a subject single out where they name one of these actions:
    /// what an Allow is for, and what a Deny leaves. Variables are replaced. What is allowed on anything is allowed on one
    /// of these, or on something that no policy names.
    pub fn named_resources(&self, subject: &Subject, actions: &[&str]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let lower: Vec<String> = actions.iter().map(|action| action.to_ascii_lowercase()).collect();
        let context = self.request(subject, &about(actions.first().copied().unwrap_or_default())).context;
        for held in self.documents_in_effect(subject, subject.account).iter().filter_map(|id| self.held(*id))
        {
            let named = lower.iter().flat_map(|action| held.compiled.statements_naming(action));
            for place in named.collect::<BTreeSet<usize>>() {
                let Some(statement) = held.document.statements.get(place) else { continue };
                if singles_out(statement) {
                    found.extend(resolved_texts(statement, held.document.version, &context));
                }
            }
        }
        found
    }

    /// The same, asked of every trust policy.
    pub fn values_asked_by_trust(&self, beginning: &str) -> BTreeMap<String, BTreeSet<String>> {
        let trusts = self.subjects.iter().filter_map(|subject| self.held(subject.trust?));
        values(trusts, beginning)
    }

    /// For each condition key that begins so, what follows in lower case, with the values that the policies in effect for a
    /// subject compare it with; a variable stands for every value of its own.
    pub fn values_asked(&self, subject: &Subject, beginning: &str) -> BTreeMap<String, BTreeSet<String>> {
        let documents = self.documents_in_effect(subject, subject.account);
        values(documents.iter().filter_map(|id| self.held(*id)), beginning)
    }

    /// How surely somebody assumes a role who says what he likes in the assertions of a SAML provider.
    pub fn may_by_assertion(
        &self,
        role: &str,
        provider: &str,
        account: AccountId,
        arranged: Option<Arranged>,
    ) -> May {
        let Some(trust) = self.subject(role).and_then(|subject| self.held(subject.trust?)) else {
            return May::Unknown;
        };
        let mut context =
            vec![one("aws:SecureTransport", "true"), one("SAML:aud", "https://signin.aws.amazon.com/saml")];
        for (key, values) in values([trust].into_iter(), "saml:").into_iter().filter(|(key, _)| key != "aud")
        {
            context.extend(values.into_iter().next().map(|value| one(&format!("SAML:{key}"), &value)));
        }
        let principal = Principal::Federated { provider: provider.to_owned() };
        let Ok(arn) = Arn::parse(provider) else { return May::Unknown };
        let subject = Subject {
            principal,
            account,
            arn,
            facts: Arc::default(),
            identity: Vec::new(),
            boundary: Vec::new(),
            trust: None,
            missing: Vec::new(),
            arranged,
        };
        let question = Question {
            resource: role.to_owned(),
            resource_account: Some(account),
            context,
            ..about("sts:AssumeRoleWithSAML")
        };
        self.may(&subject, &question)
    }
}

fn values<'h, 'e: 'h>(
    documents: impl Iterator<Item = &'h Held<'e>>,
    beginning: &str,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for condition in
        documents.flat_map(|held| &held.document.statements).flat_map(|statement| &statement.conditions)
    {
        let key = condition.key.to_ascii_lowercase();
        let Some(rest) = key.strip_prefix(beginning) else { continue };
        let values = condition.values.as_slice().iter().map(|value| value.text().to_owned());
        asked.entry(rest.to_owned()).or_default().extend(values);
    }
    asked
}

fn about(action: &str) -> Question {
    Question {
        action: action.to_owned(),
        resource: String::new(),
        resource_account: None,
        wildcard_only: false,
        common: None,
        context: Vec::new(),
        strict: false,
    }
}

fn one(key: &str, value: &str) -> (String, Fact) {
    (key.to_owned(), Fact::One(value.to_owned()))
}

pub(super) fn denies(held: &Held<'_>) -> bool {
    held.document.statements.iter().any(|statement| statement.effect == Effect::Deny)
}

fn singles_out(statement: &Statement) -> bool {
    matches!(
        (statement.effect, &statement.resource),
        (Effect::Allow, Some(ResourceElement::Resource(_)))
            | (Effect::Deny, Some(ResourceElement::NotResource(_)))
    )
}
