//! What a principal may do to the users, roles, groups and policies of an account, asked of the engine once per action.

use std::collections::HashMap;

use fixedbitset::FixedBitSet;
use kagimori_estate::access::{Access, Among, Graded, May, Question, Subject};
use kagimori_estate::id::AccountId;
use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::policies::Layer;
use kagimori_policy::request::Fact;

use super::catalogue::{Need, On, PathKind, Victim};
use super::world::{Kind, World, assume_role};
use crate::privilege::grants_nothing;

/// The answers for one subject in one account.
pub(super) struct Powers<'g> {
    access: &'g Access<'g>,
    subject: &'g Subject,
    world: &'g World<'g>,
    known: HashMap<(&'g str, On, Victim, &'g str), Graded>,
}

impl<'g> Powers<'g> {
    pub(super) fn new(access: &'g Access<'g>, subject: &'g Subject, world: &'g World<'g>) -> Self {
        Self { access, subject, world, known: HashMap::new() }
    }

    /// The victims for whom a need of a path is met.
    pub(super) fn grade(&mut self, path: &'g PathKind, need: &'g Need) -> Graded {
        match need.on {
            On::Anything => {
                let everybody = all(self.world.targets(kind(path.victim)).len());
                Graded::of(&everybody, self.anything(&need.action))
            }
            On::Passed => {
                let mut sum = Graded::none(self.world.roles.len());
                for service in &path.services {
                    let Some(trusting) = self.world.trusting_service(service) else { continue };
                    let mut graded = self.once(path, need, service);
                    graded.intersect(trusting);
                    unite(&mut sum, &graded);
                }
                sum
            }
            On::Victim | On::PolicyOfVictim | On::Assumed | On::AssumedOnceTrusted => {
                self.once(path, need, "")
            }
        }
    }

    fn once(&mut self, path: &'g PathKind, need: &'g Need, service: &'g str) -> Graded {
        let key = (need.action.as_str(), need.on, path.victim, service);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let graded = self.each(path.victim, need, service);
        self.known.insert(key, graded.clone());
        graded
    }

    fn each(&self, victim: Victim, need: &Need, service: &str) -> Graded {
        let template = template(self.subject, &need.action, service);
        let world = self.world;
        let mut graded = match need.on {
            On::Assumed => {
                let (subject, question) = (self.subject, assume_role_by(self.subject));
                let granted = self.access.granted(subject, &question, &world.roles);
                let set = world.trust.naming(subject, granted.as_ref());
                let among = Among { set: &set, apart: &world.trust.saying(subject) };
                self.access.may_each(subject, &question, &world.roles, Some(among))
            }
            On::AssumedOnceTrusted => {
                self.access.may_each_once_trusted(self.subject, &assume_role_by(self.subject), &world.roles)
            }
            On::PolicyOfVictim => {
                let policies = self.access.may_each(self.subject, &template, &world.policies, None);
                self.roles_of(&self.without_silent(&need.action, policies))
            }
            On::Victim | On::Passed | On::Anything => {
                self.access.may_each(self.subject, &template, world.targets(kind(victim)), None)
            }
        };
        graded = self.without_silent(&need.action, graded);
        graded
    }

    /// The roles a set of policies is attached to.
    fn roles_of(&self, policies: &Graded) -> Graded {
        let mut roles = Graded::none(self.world.roles.len());
        for policy in policies.open.ones() {
            if let Some(attached) = self.world.roles_of_policies.get(policy) {
                roles.add(attached, policies.may(policy));
            }
        }
        roles
    }

    /// What hangs on nothing but policies that are known to grant nothing of the kind is denied.
    fn without_silent(&self, action: &str, mut graded: Graded) -> Graded {
        if is_silent(self.subject, action) {
            graded.open.clone_from(&graded.perhaps);
        }
        graded
    }

    /// How surely an action is allowed on some resource of every kind that it needs.
    fn anything(&self, action: &str) -> May {
        anything(self.access, self.subject, action)
    }
}

/// How surely a subject may make a request of the account's own.
pub(super) fn may(access: &Access<'_>, subject: &Subject, question: &Question) -> May {
    if !access.is_candidate(subject, question) {
        return May::No;
    }
    match access.may(subject, question) {
        May::Unknown if is_silent(subject, &question.action) => May::No,
        may => may,
    }
}

/// The policies that were not given are AWS's own, and known by name to grant nothing over identities.
fn is_silent(subject: &Subject, action: &str) -> bool {
    let missing = subject.missing();
    let is_harmless =
        missing.iter().all(|document| document.layer == Layer::Identity && grants_nothing(document));
    action.starts_with("iam:") && !missing.is_empty() && is_harmless
}

fn anything(access: &Access<'_>, subject: &Subject, action: &str) -> May {
    let grades = |questions: Vec<Question>| -> Vec<May> {
        questions.iter().map(|question| may(access, subject, question)).collect()
    };
    match kinds_of(subject, action) {
        Kinds::Every(questions) => grades(questions).into_iter().min().unwrap_or(May::No),
        Kinds::Any(questions) => grades(questions).into_iter().max().unwrap_or(May::No),
    }
}

/// The requests an action on no resource in particular comes to.
pub(super) enum Kinds {
    /// All must be allowed.
    Every(Vec<Question>),
    /// One must be.
    Any(Vec<Question>),
}

/// A call names a resource of each kind that the service reference calls required; where it calls none so, one of any kind.
pub(super) fn kinds_of(subject: &Subject, action: &str) -> Kinds {
    let catalogue = Catalogue::embedded();
    let kinds = catalogue.action(action).map(|id| catalogue.resource_types(id)).unwrap_or_default();
    let question = |arn: &str| Question {
        resource: pattern(arn, subject.account, subject.arn.partition()),
        ..template(subject, action, "")
    };
    let required: Vec<Question> =
        kinds.iter().filter(|kind| kind.required).map(|kind| question(kind.arn)).collect();
    if !required.is_empty() {
        return Kinds::Every(required);
    }
    if kinds.is_empty() {
        let question = template(subject, action, "");
        return Kinds::Every(vec![Question { resource: "*".to_owned(), wildcard_only: true, ..question }]);
    }
    Kinds::Any(kinds.iter().map(|kind| question(kind.arn)).collect())
}

/// An ARN of the service reference with `*` for its placeholders, but for the account's.
fn pattern(arn: &str, account: AccountId, partition: &str) -> String {
    let mut text = String::new();
    let mut rest = arn;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        match name {
            "Partition" => text.push_str(partition),
            "Account" => text.push_str(&account.to_string()),
            _ => text.push('*'),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// A question about an action, whose resource comes later.
///
/// Users call with their long-term credentials. What is attached is the policy that allows everything; a role is passed to
/// the service that is to run as it.
pub(super) fn template(subject: &Subject, action: &str, service: &str) -> Question {
    let mut context = credentials(subject);
    if action.contains(":Attach") {
        let policy = format!("arn:{}:iam::aws:policy/AdministratorAccess", subject.arn.partition());
        context.push(("iam:PolicyARN".to_owned(), Fact::One(policy)));
    }
    if !service.is_empty() {
        context.push(("iam:PassedToService".to_owned(), Fact::One(service.to_owned())));
    }
    Question { action: action.to_owned(), context, ..assume_role() }
}

/// `sts:AssumeRole` by a subject.
pub(super) fn assume_role_by(subject: &Subject) -> Question {
    Question { context: credentials(subject), ..assume_role() }
}

fn credentials(subject: &Subject) -> Vec<(String, Fact)> {
    let is_user = subject.principal.role_name().is_none();
    is_user.then(|| ("aws:TokenIssueTime".to_owned(), Fact::Absent)).into_iter().collect()
}

/// What the victims of a path are.
pub(super) fn kind(victim: Victim) -> Kind {
    match victim {
        Victim::User | Victim::SelfUser => Kind::User,
        Victim::Role | Victim::SelfRole => Kind::Role,
        Victim::OwnPolicy => Kind::Policy,
        Victim::OwnGroup | Victim::Group => Kind::Group,
    }
}

/// Every one of so many.
pub(super) fn all(len: usize) -> FixedBitSet {
    let mut set = FixedBitSet::with_capacity(len);
    set.insert_range(..);
    set
}

/// What holds for one or the other, as surely as the surer.
fn unite(sum: &mut Graded, other: &Graded) {
    sum.surely.union_with(&other.surely);
    sum.perhaps.union_with(&other.perhaps);
    sum.open.union_with(&other.open);
}
