//! What a principal may do to the users, roles, groups and policies of an account, asked of the engine once per action.

use std::cell::OnceCell;
use std::collections::HashMap;

use fixedbitset::FixedBitSet;
use kagimori_estate::access::{Access, Among, Graded, May, Question, Subject};
use kagimori_policy::policies::{Layer, MissingDocument};
use kagimori_policy::request::Fact;

use super::catalogue::{Gain, Need, On, PathKind, Precondition, Victim};
use super::unfollowed::Taker;
use super::world::{Kind, World, assume_role};
use crate::privilege::grants_nothing;

pub(super) const POLICY_ARN: &str = "iam:PolicyARN";

/// The answers for one subject in one account.
pub(super) struct Powers<'g> {
    pub(super) access: &'g Access<'g>,
    pub(super) subject: &'g Subject,
    /// Who calls what no stack does for him: see [`Powers::by`].
    direct: Option<&'g Subject>,
    pub(super) world: &'g World<'g>,
    known: HashMap<(&'g str, On, Victim, &'g str), Graded>,
    /// How surely kinds of resources are had, by the actions on them.
    pub(super) chosen: HashMap<(String, Vec<&'g str>, Gain, &'g str), May>,
    attachable: OnceCell<Vec<Attached>>,
}

/// A policy that makes an administrator of whoever it is attached to.
#[derive(Clone, Debug)]
pub(super) struct Attached {
    /// Its ARN; empty: the call attaches none.
    arn: String,
    /// How surely it is there, or can be made, and makes an administrator.
    pub(super) may: May,
    /// It has to be made first.
    pub(super) created: Option<Question>,
}

/// Of a call that attaches no policy.
static NO_POLICY: [Attached; 1] = [Attached { arn: String::new(), may: May::Surely, created: None }];

impl Attached {
    /// The policy of which nobody can tell what it says.
    pub(super) fn unread(&self) -> Option<&str> {
        (self.may == May::Unknown && self.created.is_none()).then_some(&self.arn)
    }

    /// A question with this policy as the one that is attached.
    pub(super) fn put(&self, mut question: Question) -> Question {
        if !self.arn.is_empty() {
            question.context.retain(|(key, _)| key != POLICY_ARN);
            question.context.push((POLICY_ARN.to_owned(), Fact::One(self.arn.clone())));
        }
        question
    }
}

impl<'g> Powers<'g> {
    pub(super) fn new(access: &'g Access<'g>, subject: &'g Subject, world: &'g World<'g>) -> Self {
        let (known, chosen) = (HashMap::new(), HashMap::new());
        Self { access, subject, direct: None, world, known, chosen, attachable: OnceCell::new() }
    }

    /// The same where a service calls for the subject, which is this one when it calls itself.
    pub(super) fn beside(self, direct: Option<&'g Subject>) -> Self {
        Self { direct, ..self }
    }

    /// Who makes a call: what a service makes, changes and deletes for the subject it calls for him, the rest he calls himself.
    pub(super) fn by(&self, action: &str) -> &'g Subject {
        self.direct.filter(|_| !is_of_stack(action)).unwrap_or(self.subject)
    }

    /// How surely some role may be passed to a service besides.
    pub(super) fn passed_besides(&mut self, path: &'g PathKind, service: &'g str) -> Graded {
        let none = Graded::none(self.world.roles.len());
        let need = path.needs.iter().find(|need| need.on == On::Passed);
        let Some((need, trusting)) = need.zip(self.world.trusting_service(service)) else { return none };
        let mut graded = self.once(path, need, service);
        graded.intersect(trusting);
        // EC2 takes a role only in an instance profile.
        let profiles = self.world.holding(Precondition::InstanceProfile, Kind::Role);
        profiles
            .filter(|_| service == "ec2.amazonaws.com")
            .into_iter()
            .for_each(|held| graded.intersect(held));
        graded
    }

    /// The victims for whom a need of a path is met; needs that are about no victim are [`Powers::possible`]'s.
    pub(super) fn grade(&mut self, path: &'g PathKind, need: &'g Need) -> Graded {
        match need.on {
            On::Passed => {
                let mut sum = Graded::none(self.world.roles.len());
                for service in self.services(path) {
                    let Some(trusting) = self.world.trusting_service(service) else { continue };
                    let mut graded = self.once(path, need, service);
                    graded.intersect(trusting);
                    unite(&mut sum, &graded);
                }
                sum
            }
            On::ProviderOfVictim => self.by_provider(path),
            _ => self.once(path, need, ""),
        }
    }

    /// The services a path passes a role to: its own, or those that trust policies name and no path is about, where the
    /// subject may call something of theirs that takes a role.
    pub(super) fn services(&self, path: &'g PathKind) -> Vec<&'g str> {
        if !path.elsewhere {
            return path.services.iter().map(String::as_str).collect();
        }
        self.world.services().filter(|service| self.takers(service).next().is_some()).collect()
    }

    /// What the subject may call that hands a service a role, and that no path is about.
    pub(super) fn takers(&self, service: &str) -> impl Iterator<Item = Taker> {
        super::unfollowed::takers(service).filter(|taker| may_anywhere(self, taker.action) > May::No)
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
        let (world, caller) = (self.world, self.by(&need.action));
        let template = template(caller, &need.action, service);
        let graded = match need.on {
            On::Assumed => self.assumed(&assume_role_by(caller)),
            On::AssumedOnceTrusted => {
                self.access.may_each_once_trusted(caller, &assume_role_by(caller), &world.roles)
            }
            On::PolicyOfVictim => {
                let policies = self.access.may_each(caller, &template, &world.policies, None);
                self.roles_of(&self.without_silent(&need.action, policies))
            }
            _ => self.on_victims(victim, need, &template),
        };
        self.without_silent(&need.action, graded)
    }

    /// The roles that the subject may assume as their trust policies are.
    pub(super) fn assumed(&self, question: &Question) -> Graded {
        let (subject, world) = (self.by("sts:AssumeRole"), self.world);
        let granted = || self.access.granted(subject, question, &world.roles);
        let set = world.trust.naming(subject, granted);
        let among = Among { set: &set, apart: &world.trust.saying(subject) };
        self.access.may_each(subject, question, &world.roles, Some(among))
    }

    fn on_victims(&self, victim: Victim, need: &Need, template: &Question) -> Graded {
        let targets = self.world.targets(kind(victim));
        let mut sum = Graded::none(targets.len());
        for attached in self.attachable(&need.action) {
            let question = attached.put(template.clone());
            let mut graded = self.access.may_each(self.by(&need.action), &question, targets, None);
            graded.cap(attached.may);
            unite(&mut sum, &graded);
        }
        sum
    }

    /// The roles that trust an identity provider which the subject may change.
    fn by_provider(&self, path: &PathKind) -> Graded {
        let mut sum = Graded::none(self.world.roles.len());
        for (_, trusting, may) in self.providers(path) {
            let mut graded = trusting.clone();
            graded.cap(may);
            unite(&mut sum, &graded);
        }
        sum
    }

    /// The identity providers that a path could be about, with the roles that trust them, and how surely the subject may do to
    /// one and the same all that it takes.
    pub(super) fn providers(&self, path: &PathKind) -> Vec<(&'g str, &'g Graded, May)> {
        let needs = || path.needs.iter().filter(|need| need.on == On::ProviderOfVictim);
        let Some(first) = needs().next() else { return Vec::new() };
        let is_made_first = path.requires.contains(&Precondition::NoProvider);
        let graded = |(provider, trusting): (&'g str, &'g Graded)| {
            let of = |need: &Need| {
                let caller = self.by(&need.action);
                may(self.access, caller, &on_provider(caller, need, provider))
            };
            let stands = match self.world.has_provider(provider) {
                Some(is_there) if is_there == is_made_first => May::No,
                None if is_made_first => May::If,
                // What a trust policy names is there, as long as no list says otherwise.
                Some(_) | None => May::Surely,
            };
            let may = needs().map(of).min().unwrap_or(May::No).min(stands);
            (may > May::No).then_some((provider, trusting, may))
        };
        self.world.providers_changed_by(&first.action).filter_map(graded).collect()
    }

    /// The policies that an action could attach so that an administrator comes of it. Where no policy of the estate asks which
    /// one it is, AWS's own will do.
    pub(super) fn attachable(&self, action: &str) -> &[Attached] {
        if !action.contains(":Attach") {
            return &NO_POLICY;
        }
        self.attachable.get_or_init(|| {
            let partition = self.subject.arn.partition();
            let aws = |name: &str| format!("arn:{partition}:iam::aws:policy/{name}");
            let graded = |arn: String, may: May| Attached { arn, may, created: None };
            let there = |arn: String| graded(arn, May::Surely);
            let mut list = vec![there(aws("AdministratorAccess"))];
            if self.world.asks_for_policy {
                list.push(there(aws("IAMFullAccess")));
                let full = self.world.full_policies(self.access).iter();
                list.extend(full.map(|(arn, may)| graded(arn.clone(), *may)));
                list.extend(self.creatable());
            }
            list
        })
    }

    /// Policies that the subject could make.
    fn creatable(&self) -> Vec<Attached> {
        const CREATE: &str = "iam:CreatePolicy";
        if !self.access.is_candidate(self.subject, &template(self.subject, CREATE, "")) {
            return Vec::new();
        }
        let kind = format!("arn:{}:iam::{}:policy/*", self.subject.arn.partition(), self.subject.account);
        let asked = self.access.values_asked(self.subject, "iam:policyarn");
        let asked: Vec<&String> = asked.values().flatten().collect();
        let (created, is_cut) = self.names_like(&kind, &[CREATE], &asked);
        let one = |arn: String| {
            let question = Question { resource: arn.clone(), ..template(self.subject, CREATE, "") };
            let may = may(self.access, self.subject, &question);
            (may > May::No && !self.world.has(&arn)).then_some(Attached { arn, may, created: Some(question) })
        };
        // Of a policy that is not looked at nobody knows whether it can be made.
        let rest = is_cut.then(|| Attached { arn: kind.clone(), may: May::Unknown, created: None });
        created.into_iter().filter_map(one).chain(rest).collect()
    }

    /// How surely an action is allowed on somebody else's resource of a kind.
    pub(super) fn on_others(&self, action: &str, kind: &str) -> May {
        let template = template(self.subject, action, "");
        if !self.access.is_candidate(self.subject, &template) {
            return May::No;
        }
        let kind = format!("arn:{}:iam::{}:{kind}/*", self.subject.arn.partition(), self.subject.account);
        let (names, is_cut) = self.names(&kind, &[action]);
        let names = names.into_iter().filter(|name| name != self.subject.arn.as_str());
        let question = |resource: String| Question { resource, ..template.clone() };
        let best = names.map(|name| may(self.access, self.subject, &question(name))).max();
        best.unwrap_or(May::No).max(if is_cut { May::Unknown } else { May::No })
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
}

/// How surely an action is allowed on some resource.
fn may_anywhere(powers: &Powers<'_>, action: &str) -> May {
    let question = template(powers.subject, action, "");
    if !powers.access.is_candidate(powers.subject, &question) {
        return May::No;
    }
    let grade = |kind: String| {
        let (names, is_cut) = powers.names(&kind, &[action]);
        let wildcard_only = kind == "*";
        let question = |resource: String| Question { resource, wildcard_only, ..question.clone() };
        let best = names.into_iter().map(|name| may(powers.access, powers.subject, &question(name))).max();
        best.max(is_cut.then_some(May::Unknown))
    };
    powers.kinds_of(action).into_iter().filter_map(grade).min().unwrap_or(May::No)
}

/// A change of an identity provider.
pub(super) fn on_provider(subject: &Subject, need: &Need, provider: &str) -> Question {
    Question { resource: provider.to_owned(), ..template(subject, &need.action, "") }
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

/// The policies that were not given are AWS's own, and known by name to grant nothing of the kind.
pub(super) fn is_silent(subject: &Subject, action: &str) -> bool {
    let missing = subject.missing();
    let of_people = ["sso:", "identitystore:", "account-access:"];
    let is_silent: fn(&MissingDocument) -> bool = if action.starts_with("iam:") {
        grants_nothing
    } else if of_people.iter().any(|beginning| action.starts_with(beginning)) {
        |document| grants_nothing(document) && !document.name.ends_with("/PowerUserAccess")
    } else {
        return false;
    };
    !missing.is_empty()
        && missing.iter().all(|document| document.layer == Layer::Identity && is_silent(document))
}

/// A question about an action, whose resource comes later.
///
/// Users call with their long-term credentials. What is attached is the policy that allows everything; a role is passed to
/// the service that is to run as it.
pub(super) fn template(subject: &Subject, action: &str, service: &str) -> Question {
    let mut context = credentials(subject);
    if action.contains(":Attach") {
        let policy = format!("arn:{}:iam::aws:policy/AdministratorAccess", subject.arn.partition());
        context.push((POLICY_ARN.to_owned(), Fact::One(policy)));
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

/// Whether CloudFormation makes a call for whoever makes a stack: it makes, changes and deletes; what runs, and who assumes a role,
/// is not its business.
fn is_of_stack(action: &str) -> bool {
    const VERBS: [&str; 18] = [
        "Add",
        "Associate",
        "Attach",
        "Create",
        "Delete",
        "Deregister",
        "Detach",
        "Disassociate",
        "Modify",
        "Pass",
        "Put",
        "Register",
        "Remove",
        "Run",
        "Set",
        "Tag",
        "Untag",
        "Update",
    ];
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    VERBS.iter().any(|verb| name.starts_with(verb))
}

/// What the victims of a path are.
pub(super) fn kind(victim: Victim) -> Kind {
    match victim {
        Victim::User | Victim::SelfUser => Kind::User,
        Victim::Role | Victim::SelfRole => Kind::Role,
        Victim::OwnPolicy => Kind::Policy,
        Victim::OwnGroup | Victim::Group | Victim::AnyGroup => Kind::Group,
        Victim::Made | Victim::OwnLimit => Kind::Nothing,
    }
}

/// Every one of so many.
pub(super) fn all(len: usize) -> FixedBitSet {
    let mut set = FixedBitSet::with_capacity(len);
    set.insert_range(..);
    set
}

/// What holds for one or the other, as surely as the surer.
pub(super) fn unite(sum: &mut Graded, other: &Graded) {
    sum.surely.union_with(&other.surely);
    sum.perhaps.union_with(&other.perhaps);
    sum.open.union_with(&other.open);
}
