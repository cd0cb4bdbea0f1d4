//! What may the principals of an estate do?
//!
//! [`Access`] compiles every policy of the estate once and knows, for each user and role, which of them are in effect:
//! its own, those of its groups, its boundary, the SCPs of its account. What is in effect and was not given is missing,
//! and an answer that depends on it says so.

mod altered;
mod documents;
mod each;
mod guardrails;
mod may;
mod outsiders;
mod patterns;
mod places;
mod questions;
mod rearranged;
mod root;
mod session;
mod subjects;
mod unchanged;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use kagimori_policy::document::{ConditionValue, Document, Effect, Statement};
use kagimori_policy::engine::{Compiled, Compiler};
use kagimori_policy::pattern::matches_ignoring_case;
use kagimori_policy::policies::{Layer, Level, MissingDocument, Policies};
use kagimori_policy::request::{Fact, Listed, Principal};

use crate::fact::Known;
use crate::model::Estate;
use kagimori_id::{AccountId, Arn};
use places::Places;
use questions::holders;

pub use each::{Among, Graded, Naming, Target, Targets, has_key};
pub use may::May;
pub use outsiders::ResourceSide;
pub use patterns::{Asked, Extent, Piece};
pub use questions::{Answered, Asking, Instead, Question};
pub use rearranged::{Arranged, Edit, Edits};

/// Every principal of an estate with the policies in effect for it.
#[derive(Debug)]
pub struct Access<'a> {
    estate: &'a Estate,
    compiler: Compiler,
    documents: Vec<Arc<Held<'a>>>,
    subjects: Vec<Subject>,
    /// Places in `subjects`.
    places: Arc<Places>,
    guardrails: BTreeMap<AccountId, Guardrails>,
    /// The documents of the organization's policies, by their ids; `None`: not known.
    guardrail_documents: BTreeMap<String, Option<DocumentId>>,
    /// The organization as it could be made: see [`Access::rearrange`](Self::rearrange).
    rearranged: Vec<rearranged::Rearranged>,
    /// What membership gives, by account and name of the group.
    groups: BTreeMap<(AccountId, String), GroupPolicies>,
    /// A policy that allows everything.
    full_access: Option<DocumentId>,
    /// A trust policy that names everybody.
    open_trust: Option<DocumentId>,
    /// A policy of a resource that allows everybody everything.
    open_resource: Option<DocumentId>,
    /// The policies of resources, by the ARN of the resource they were given for; `None`: it has one that is not known.
    resource_policies: BTreeMap<String, Option<DocumentId>>,
    /// Resources that are known to have no policy.
    without_policy: BTreeSet<String>,
    /// Managed policies that are compiled, by account and ARN; `None`: the document is not known.
    managed: documents::Managed,
    /// The versions of customer managed policies beside the default, with their names: see
    /// [`Access::add_other_versions`](Self::add_other_versions).
    versions: BTreeMap<(AccountId, Arn), Vec<(String, DocumentId)>>,
    /// The condition keys that trust policies ask for, in lower case.
    trust_keys: std::sync::OnceLock<BTreeSet<String>>,
    /// The condition keys that any policy asks for, in lower case: see [`Access::condition_keys`](Self::condition_keys).
    asked_keys: std::sync::OnceLock<BTreeSet<String>>,
    /// What the moment of every question tells: see [`Access::set_moment`](Self::set_moment).
    moment: Option<Arc<Listed>>,
}

/// How the keys of a principal's tags begin.
const TAGS: &str = "aws:PrincipalTag/";

/// A place in `Access::documents`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct DocumentId(usize);

/// A document of the estate, compiled.
#[derive(Debug)]
struct Held<'a> {
    document: Cow<'a, Document>,
    compiled: Compiled,
    origin: Origin,
}

/// Where a policy stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Origin {
    /// What it is: `inline policy "x" of …`, the ARN of a managed policy.
    pub name: String,
    /// The file it was read from, relative to the kagimori directory.
    pub file: Option<String>,
}

/// A user or role.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Subject {
    /// As the engine knows it.
    pub principal: Principal,
    /// Its account.
    pub account: AccountId,
    /// Its ARN.
    pub arn: Arn,
    /// What is known of its condition keys; of some (`aws:PrincipalTag/`) mostly every one that it has.
    facts: Arc<Listed>,
    identity: Vec<DocumentId>,
    boundary: Vec<DocumentId>,
    /// A role's trust policy.
    trust: Option<DocumentId>,
    missing: Vec<MissingDocument>,
    /// It acts in the organization as it could be made; `None`: as it is.
    arranged: Option<Arranged>,
}

/// The policies of a group.
#[derive(Clone, Debug)]
struct GroupPolicies {
    identity: Vec<DocumentId>,
    missing: Vec<MissingDocument>,
}

/// The SCPs and RCPs of an account, by level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Guardrails {
    service_control: Vec<(String, Vec<DocumentId>)>,
    resource_control: Vec<(String, Vec<DocumentId>)>,
    missing: Vec<MissingDocument>,
    /// Policies of units in which the account may be or not.
    possible: Vec<guardrails::Possible>,
    /// What was taken for granted because nothing was given.
    assumption: Option<&'static str>,
}

impl<'a> Access<'a> {
    /// Compiles the policies of an estate.
    pub fn of(estate: &'a Estate) -> Self {
        let mut access = Self::bare(estate);
        access.full_access = access.hold_full_access("every permission");
        access.open_trust = access.hold_open_trust();
        access.open_resource = access.hold_open_resource();
        access.collect_guardrails();
        access.collect_subjects(|_, _| false);
        access.collect_resource_policies();
        access
    }

    /// Of nothing yet.
    fn bare(estate: &'a Estate) -> Self {
        Self {
            estate,
            compiler: Compiler::default(),
            documents: Vec::new(),
            subjects: Vec::new(),
            places: Arc::default(),
            guardrails: BTreeMap::new(),
            guardrail_documents: BTreeMap::new(),
            rearranged: Vec::new(),
            groups: BTreeMap::new(),
            full_access: None,
            open_trust: None,
            open_resource: None,
            resource_policies: BTreeMap::new(),
            managed: documents::Managed::new(),
            versions: BTreeMap::new(),
            trust_keys: std::sync::OnceLock::new(),
            asked_keys: std::sync::OnceLock::new(),
            moment: None,
            without_policy: BTreeSet::new(),
        }
    }

    fn collect_resource_policies(&mut self) {
        let estate = self.estate;
        for (resource, held) in &estate.resource_policies {
            let policy = match &held.policy {
                Known::Known(fact) => fact.value.as_ref().map(|policy| (policy, Some(fact.source))),
                Known::Unknown(_) => {
                    self.resource_policies.insert(resource.clone(), None);
                    continue;
                }
            };
            let Some((policy, source)) = policy else {
                self.without_policy.insert(resource.clone());
                continue;
            };
            let id = self.hold_policy(policy, format!("the policy of {resource}"), source);
            self.resource_policies.insert(resource.clone(), id);
        }
    }

    /// The account that owns a resource, when its ARN or its folder tells.
    pub fn owner(&self, resource: &str) -> Option<AccountId> {
        let named = kagimori_id::ArnParts::parse(resource);
        let named = named.and_then(|arn| AccountId::parse(arn.account).ok());
        let held = || holders(resource).find_map(|holder| self.estate.resource_policies.get(holder));
        named.or_else(|| held().and_then(|held| held.owner.value().copied()))
    }

    /// Says when every question is asked that does not say so itself: each request has the time of its call
    /// (`reference_policies_condition-keys`, "aws:CurrentTime" and "aws:EpochTime").
    pub fn set_moment(&mut self, now: Timestamp) {
        let facts =
            [fact("aws:CurrentTime", &now.to_string()), fact("aws:EpochTime", &now.as_second().to_string())];
        self.moment = Some(Arc::new(Listed::new(facts, &[])));
    }

    /// Every user and role, by account and ARN.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// The subject with an ARN; a session's ARN finds its role.
    pub fn subject(&self, arn: &str) -> Option<&Subject> {
        let place =
            self.places.with_arn(arn).or_else(|| self.places.of_role(&Principal::parse(arn).ok()?))?;
        self.subjects.get(place)
    }

    /// The first user of an account with a name.
    pub fn user_named(&self, account: AccountId, name: &str) -> Option<&Subject> {
        self.subjects.get(self.places.of_user(account, name)?)
    }

    /// The estate it is of.
    pub fn estate(&self) -> &'a Estate {
        self.estate
    }

    /// Who calls with an ARN: a user, a role, or one session of a role, whose name a policy may know.
    pub fn caller(&self, arn: &str) -> Option<Cow<'_, Subject>> {
        let subject = self.subject(arn)?;
        match Principal::parse(arn) {
            Ok(session @ Principal::Session { .. }) => Some(Cow::Owned(self.session(subject, session))),
            _ => Some(Cow::Borrowed(subject)),
        }
    }

    /// One session of a role.
    fn session(&self, role: &Subject, session: Principal) -> Subject {
        let mut subject = Subject { principal: session, ..role.clone() };
        let account = self.estate.accounts.get(&role.account);
        let found = account.and_then(|account| account.roles.values().find(|held| held.arn == role.arn));
        if let (Some(found), Some(arn)) = (found, subject.principal.arn()) {
            // `reference_policies_variables`, "Principal key values": role id, colon, the caller's name for the session.
            let name = arn.rsplit('/').next().unwrap_or_default();
            let id = Fact::One(format!("{}:{name}", found.id.as_str()));
            subject.facts = Arc::new(subject.facts.with("aws:userid", id));
        }
        subject
    }

    /// The root user of an account of the estate: no identity policy and no boundary, but the SCPs of its account bind it.
    pub fn root(&self, account: AccountId) -> Option<Subject> {
        self.estate.accounts.get(&account)?;
        let partition = self.estate.accounts.values().find_map(|held| {
            let user = held.users.values().next().map(|user| &user.arn);
            user.or_else(|| held.roles.values().next().map(|role| &role.arn)).map(Arn::partition)
        });
        let text = format!("arn:{}:iam::{account}:root", partition.unwrap_or("aws"));
        Some(Subject {
            principal: Principal::parse(&text).ok()?,
            account,
            arn: Arn::parse(&text).ok()?,
            facts: Arc::new(Listed::new([("aws:PrincipalArn", Fact::One(text))], &[TAGS])),
            identity: Vec::new(),
            boundary: Vec::new(),
            trust: None,
            missing: Vec::new(),
            arranged: None,
        })
    }

    /// Every policy that has a say about a subject whatever it asks for, what is missing included.
    pub fn in_effect(&self, subject: &Subject) -> Policies {
        let guardrails = self.guardrails_of(subject, subject.account).cloned().unwrap_or_default();
        let levels = |levels: &[(String, Vec<DocumentId>)]| {
            levels.iter().map(|(id, ids)| Level { id: id.clone(), policies: self.cloned(ids) }).collect()
        };
        let missing = self.all_missing(subject, &guardrails);
        Policies {
            identity: self.cloned(&subject.identity),
            boundary: self.cloned(&subject.boundary),
            service_control: levels(&guardrails.service_control),
            resource_control: levels(&guardrails.resource_control),
            missing,
            ..Policies::default()
        }
    }

    /// Whether a statement of its own policies, its boundary or its account's service control policies denies a subject an action, on
    /// whatever resource and under whatever condition.
    pub fn is_denied_something(&self, subject: &Subject, action: &str) -> bool {
        let guardrails = self.guardrails_of(subject, subject.account);
        let levels = guardrails.into_iter().flat_map(|own| &own.service_control);
        let ids = subject.identity.iter().chain(&subject.boundary).chain(levels.flat_map(|(_, ids)| ids));
        let speaks = |statement: &Statement| {
            let (patterns, is_negated) = statement.action.patterns();
            statement.effect == Effect::Deny
                && patterns.iter().any(|pattern| matches_ignoring_case(pattern, action)) != is_negated
        };
        let mut statements = ids.filter_map(|id| self.held(*id)).flat_map(|held| &held.document.statements);
        statements.any(speaks)
    }

    /// Whether the policies that have a say about a subject are those that have one about another, perhaps of another estate:
    /// [`Access::in_effect`] of both is the same. Documents that two estates share are not read.
    pub fn has_same_in_effect(&self, subject: &Subject, other: &Access<'_>, others: &Subject) -> bool {
        let same = |own: &[DocumentId], theirs: &[DocumentId]| {
            let documents = own.iter().map(|id| self.held(*id).map(|held| held.document.as_ref()));
            let of_other = theirs.iter().map(|id| other.held(*id).map(|held| held.document.as_ref()));
            own.len() == theirs.len()
                && documents.zip(of_other).all(|(own, theirs)| match (own, theirs) {
                    (Some(own), Some(theirs)) => std::ptr::eq(own, theirs) || own == theirs,
                    (own, theirs) => own.is_none() && theirs.is_none(),
                })
        };
        let same_levels = |own: &[(String, Vec<DocumentId>)], theirs: &[(String, Vec<DocumentId>)]| {
            own.len() == theirs.len()
                && own.iter().zip(theirs).all(|(own, theirs)| own.0 == theirs.0 && same(&own.1, &theirs.1))
        };
        let none = Guardrails::default();
        let mine = self.guardrails.get(&subject.account).unwrap_or(&none);
        let theirs = other.guardrails.get(&others.account).unwrap_or(&none);
        same(&subject.identity, &others.identity)
            && same(&subject.boundary, &others.boundary)
            && same_levels(&mine.service_control, &theirs.service_control)
            && same_levels(&mine.resource_control, &theirs.resource_control)
            && self.all_missing(subject, mine) == other.all_missing(others, theirs)
    }

    /// What is missing for a subject, whatever it asks for.
    fn all_missing(&self, subject: &Subject, guardrails: &Guardrails) -> Vec<MissingDocument> {
        let mut missing = subject.missing.clone();
        missing.extend(guardrails.missing.iter().cloned());
        let of_organization = guardrails.possible.iter().filter(|possible| possible.is_of_organization());
        missing.extend(of_organization.flat_map(|possible| self.with_texts(possible)));
        missing
    }

    /// What the policies were compiled with; a copy compiles further ones that may meet them.
    pub fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    /// The identity policies of a subject with where they stand, and the names of those that are not known.
    pub fn identity(&self, subject: &Subject) -> (Vec<(&Document, &Origin)>, Vec<String>) {
        let held = subject.identity.iter().filter_map(|id| self.held(*id));
        let missing = subject.missing.iter().filter(|document| document.layer == Layer::Identity);
        let documents = held.map(|held| (held.document.as_ref(), &held.origin)).collect();
        (documents, missing.map(|document| document.name.clone()).collect())
    }

    /// The condition keys that any policy of the estate asks for, in lower case: in conditions and in variables.
    pub fn condition_keys(&self) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for held in &self.documents {
            held.document.statements.iter().for_each(|statement| keys_of(statement, &mut keys));
        }
        keys
    }

    /// The condition keys that trust policies ask for, in lower case.
    fn trust_keys(&self) -> &BTreeSet<String> {
        self.trust_keys.get_or_init(|| {
            let mut keys = BTreeSet::new();
            let trusts = self.subjects.iter().filter_map(|subject| self.held(subject.trust?));
            let statements = trusts.flat_map(|held| &held.document.statements);
            statements.for_each(|statement| keys_of(statement, &mut keys));
            keys
        })
    }

    /// Takes in the policy of a resource.
    pub fn add_resource_policy(&mut self, resource: &str, document: Document, file: Option<String>) {
        let origin = Origin { name: format!("the policy of {resource}"), file };
        let id = self.hold(Cow::Owned(document), origin);
        self.resource_policies.insert(resource.to_owned(), Some(id));
    }

    /// What was taken for granted because nothing was given, in whole sentences.
    pub fn assumptions(&self) -> Vec<&'static str> {
        let mut assumptions: Vec<_> =
            self.guardrails.values().filter_map(|guardrails| guardrails.assumption).collect();
        assumptions.sort_unstable();
        assumptions.dedup();
        assumptions
    }

    fn held(&self, DocumentId(place): DocumentId) -> Option<&Held<'a>> {
        self.documents.get(place).map(Arc::as_ref)
    }

    fn compiled(&self, ids: &[DocumentId]) -> Vec<&Compiled> {
        ids.iter().filter_map(|id| self.held(*id)).map(|held| &held.compiled).collect()
    }

    fn cloned(&self, ids: &[DocumentId]) -> Vec<Document> {
        ids.iter().filter_map(|id| self.held(*id)).map(|held| held.document.clone().into_owned()).collect()
    }
}

/// A condition key with its one value.
fn fact<'k>(key: &'k str, value: &str) -> (&'k str, Fact) {
    (key, Fact::One(value.to_owned()))
}

/// The condition keys a statement asks for, in lower case: in conditions and in variables.
fn keys_of(statement: &Statement, keys: &mut BTreeSet<String>) {
    let resources = statement.resource.iter().flat_map(|resource| resource.patterns().0);
    let values = statement
        .conditions
        .iter()
        .flat_map(|condition| condition.values.as_slice().iter().map(ConditionValue::text));
    keys.extend(statement.conditions.iter().map(|condition| condition.key.to_ascii_lowercase()));
    for text in resources.map(String::as_str).chain(values) {
        let variables = text.split("${").skip(1).filter_map(|rest| rest.split(['}', ',']).next());
        keys.extend(variables.map(|name| name.trim().to_ascii_lowercase()));
    }
}
