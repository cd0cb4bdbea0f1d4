//! A second, plain implementation: every pair of principal and victim is asked of the evaluator that explains, one by one, and
//! the closure is a loop until nothing changes. Compared with the graph on random small estates.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use kagimori_estate::Estate;
use kagimori_estate::access::{Access, May, Question, Subject};
use kagimori_estate::model::{Account, ManagedPolicy, Role, User};
use kagimori_policy::decision::Answer;
use kagimori_policy::formula::Atom;
use kagimori_policy::policies::Layer;
use kagimori_policy::request::Fact;
use proptest::test_runner::{Config, TestRunner};

use super::random::tiny;
use super::{Tiny, edges};
use crate::escalation::catalogue::{Gain, Need, On, PathKind, Precondition, Victim, paths};
use crate::escalation::powers::{Kinds, kinds_of, template};
use crate::escalation::{Goal, Graph, Step, admin, cut};
use crate::privilege::grants_nothing;

/// Everything the plain way knows of an estate.
struct Plain<'a> {
    estate: &'a Estate,
    access: Access<'a>,
    asked: RefCell<BTreeMap<String, May>>,
}

/// A principal, perhaps as a member of a further group.
type Who = (String, Option<String>);
/// Path, victim.
type Edges = BTreeMap<(&'static str, String), May>;

impl Plain<'_> {
    fn may(&self, subject: &Subject, question: &Question, once_trusted: bool) -> May {
        let who = (subject.likeness(), subject.missing(), &subject.principal);
        let key = format!("{who:?} {question:?} {once_trusted}");
        if let Some(known) = self.asked.borrow().get(&key) {
            return *known;
        }
        let may = self.ask(subject, question, once_trusted);
        self.asked.borrow_mut().insert(key, may);
        may
    }

    fn ask(&self, subject: &Subject, question: &Question, once_trusted: bool) -> May {
        let answered = if once_trusted {
            self.access.ask_once_trusted(subject, question)
        } else {
            self.access.ask(subject, question)
        };
        let missing = &answered.policies.missing;
        let says_nothing =
            |atom: &Atom| matches!(atom, Atom::MissingAllows(_) | Atom::MissingDenies(_)).then_some(false);
        match answered.decision.answer {
            Answer::Allowed => May::Surely,
            Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_) => May::No,
            Answer::Indeterminate => {
                let is_open = missing.iter().any(|document| document.layer == Layer::Boundary)
                    || !answered.decision.allowed_if.may_hold(&says_nothing);
                let own = subject.missing();
                let is_silent =
                    question.action.starts_with("iam:") && !own.is_empty() && own.iter().all(grants_nothing);
                match (is_open, is_silent) {
                    (true, true) => May::No,
                    (true, false) => May::Unknown,
                    (false, _) => May::If,
                }
            }
        }
    }

    fn account(&self, subject: &Subject) -> &Account {
        &self.estate.accounts[&subject.account]
    }

    /// Every edge of a subject.
    fn edges(&self, subject: &Subject, who: &Who) -> Edges {
        let mut edges = Edges::new();
        if subject.principal.is_service_linked_role() {
            return edges;
        }
        let is_there = admin::administrator(&self.access, subject) >= May::If;
        for account in self.estate.accounts.values() {
            let is_home = account.id == subject.account;
            for path in paths() {
                if (is_home && is_there) || (!is_home && path.id != "sts-001") {
                    continue;
                }
                for victim in self.victims(account, subject, who, path) {
                    let may = self.edge(account, subject, path, &victim);
                    if may > May::No {
                        edges.insert((path.id.as_str(), victim), may);
                    }
                }
            }
        }
        edges
    }

    /// The ARNs of those that could be meant at all.
    fn victims(&self, account: &Account, subject: &Subject, who: &Who, path: &PathKind) -> Vec<String> {
        let own = subject.arn.as_str();
        let user = account.users.values().find(|user| user.arn.as_str() == own);
        let role = account.roles.values().find(|role| role.arn.as_str() == own);
        let groups: BTreeSet<&String> = match user.and_then(|user| user.details.value()) {
            Some(details) => details.groups.iter().collect(),
            None => BTreeSet::new(),
        };
        let is_changeable = |role: &&Role| !role.path.starts_with("/aws-");
        let others = |arn: &String| arn != own;
        let writes = path.needs.iter().any(|need| matches!(need.on, On::Victim | On::PolicyOfVictim));
        match path.victim {
            Victim::User => account.users.values().map(|user| user.arn.to_string()).filter(others).collect(),
            Victim::Role => {
                let open = account.roles.values().filter(|role| {
                    if writes { is_changeable(role) } else { !role.path.starts_with("/aws-service-role/") }
                });
                open.map(|role| role.arn.to_string()).filter(others).collect()
            }
            Victim::SelfUser => user.map(|user| user.arn.to_string()).into_iter().collect(),
            Victim::SelfRole => {
                role.filter(is_changeable).map(|role| role.arn.to_string()).into_iter().collect()
            }
            Victim::OwnPolicy => {
                let mut attached: BTreeSet<String> = BTreeSet::new();
                let of_groups = groups.iter().map(|name| &account.groups[*name].grants);
                let of_user = user.and_then(|user| user.details.value()).map(|details| &details.grants);
                for grants in of_groups.chain(of_user).chain(role.map(|role| &role.grants)) {
                    attached.extend(grants.attached.iter().map(ToString::to_string));
                }
                attached.retain(|arn| {
                    account.policies.keys().any(|policy| policy.as_str() == arn && policy.account().is_some())
                });
                attached.into_iter().collect()
            }
            Victim::OwnGroup => groups.iter().map(|name| account.groups[*name].arn.to_string()).collect(),
            Victim::Group => {
                let is_other = |name: &&String| user.is_some() && who.1.is_none() && !groups.contains(*name);
                account
                    .groups
                    .keys()
                    .filter(is_other)
                    .map(|name| account.groups[name].arn.to_string())
                    .collect()
            }
        }
    }

    fn edge(&self, account: &Account, subject: &Subject, path: &PathKind, victim: &str) -> May {
        let mut least = match (&path.given, &path.unknown) {
            (_, Some(_)) => May::Unknown,
            (Some(_), None) => May::If,
            (None, None) => May::Surely,
        };
        for precondition in &path.requires {
            least = least.min(holds(account, *precondition, victim));
        }
        for need in &path.needs {
            least = least.min(self.need(account, subject, path, need, victim));
        }
        if !path.services.is_empty() {
            let trusting = path.services.iter().map(|service| self.trusting(account, service, victim)).max();
            // a role that may be passed is asked together with the service, above
            let is_passed = path.needs.iter().any(|need| need.on == On::Passed);
            let trusting = trusting.unwrap_or(May::No);
            least = if is_passed || trusting > May::No { least } else { May::No };
        }
        if path.gains == Gain::Permissions {
            let gaining = match path.victim {
                Victim::User | Victim::Role => self.access.subject(victim).unwrap(),
                _ => self.access.subject(subject.arn.as_str()).unwrap(),
            };
            least =
                least.min(admin::administrator(&self.access, &self.access.with_every_permission(gaining)));
        }
        least
    }

    fn trusting(&self, account: &Account, service: &str, victim: &str) -> May {
        let caller = self.access.service(service, account.id).unwrap();
        self.may(&caller, &self.on(account, victim, template(&caller, "sts:AssumeRole", "")), false)
    }

    /// The question about a victim, with what the victim brings.
    fn on(&self, account: &Account, victim: &str, mut question: Question) -> Question {
        victim.clone_into(&mut question.resource);
        question.resource_account = Some(account.id);
        let user = account.users.values().find(|user| user.arn.as_str() == victim);
        let role = account.roles.values().find(|role| role.arn.as_str() == victim);
        let details = user.and_then(|user| user.details.value());
        let boundary = details
            .map(|details| &details.grants)
            .or(role.map(|role| &role.grants))
            .map(|grants| &grants.boundary);
        let tags = details.map(|details| &details.tags).or(role.map(|role| &role.tags));
        let is_policy = account.policies.keys().any(|policy| policy.as_str() == victim);
        let value = |text: Option<String>| text.map_or(Fact::Absent, Fact::One);
        if !is_policy {
            // the calls that have the key, by the service reference
            let has_key = [
                "iam:PutUserPolicy",
                "iam:AttachUserPolicy",
                "iam:PutRolePolicy",
                "iam:AttachRolePolicy",
                "iam:UpdateAssumeRolePolicy",
            ];
            let boundary = boundary.and_then(|arn| arn.as_ref().map(ToString::to_string));
            let boundary = boundary.filter(|_| has_key.contains(&question.action.as_str()));
            question.context.push(("iam:PermissionsBoundary".to_owned(), value(boundary)));
            for key in ["aws:ResourceTag/Team", "iam:ResourceTag/Team"] {
                let tag = tags.and_then(|tags| tags.get("Team").cloned());
                question.context.push((key.to_owned(), value(tag)));
            }
        }
        question
    }

    fn need(&self, account: &Account, subject: &Subject, path: &PathKind, need: &Need, victim: &str) -> May {
        let on_victim = |service: &str| self.on(account, victim, template(subject, &need.action, service));
        match need.on {
            On::Victim | On::Assumed => self.may(subject, &on_victim(""), false),
            On::AssumedOnceTrusted => self.may(subject, &on_victim(""), true),
            On::Passed => {
                let grade = |service: &String| {
                    self.may(subject, &on_victim(service), false).min(self.trusting(account, service, victim))
                };
                path.services.iter().map(grade).max().unwrap_or(May::No)
            }
            On::PolicyOfVictim => {
                let role = account.roles.values().find(|role| role.arn.as_str() == victim).unwrap();
                let own = role
                    .grants
                    .attached
                    .iter()
                    .filter(|arn| arn.account().is_some() && account.policies.contains_key(arn));
                let grade = |arn: &kagimori_estate::id::Arn| {
                    let question = template(subject, &need.action, "");
                    self.may(subject, &self.on(account, arn.as_str(), question), false)
                };
                own.map(grade).max().unwrap_or(May::No)
            }
            On::Anything => match kinds_of(subject, &need.action) {
                Kinds::Every(all) => {
                    all.iter().map(|one| self.may(subject, one, false)).min().unwrap_or(May::No)
                }
                Kinds::Any(some) => {
                    some.iter().map(|one| self.may(subject, one, false)).max().unwrap_or(May::No)
                }
            },
        }
    }
}

fn holds(account: &Account, precondition: Precondition, victim: &str) -> May {
    let user = |tell: &dyn Fn(&User) -> Option<bool>| {
        account.users.values().find(|user| user.arn.as_str() == victim).and_then(tell)
    };
    let keys = |user: &User| user.access_keys.value().map(Vec::len);
    let password = |user: &User| user.report.value().and_then(|row| row.password_enabled.value().copied());
    let versions = account
        .policies
        .values()
        .find(|policy| policy.arn.as_str() == victim)
        .and_then(ManagedPolicy::version_count);
    let profiles = account
        .roles
        .values()
        .find(|role| role.arn.as_str() == victim)
        .map(|role| role.instance_profiles.len());
    let known = match precondition {
        Precondition::FewerThanTwoKeys => user(&|user| keys(user).map(|count| count < 2)),
        Precondition::TwoKeys => user(&|user| keys(user).map(|count| count == 2)),
        Precondition::NoPassword => user(&|user| password(user).map(|has| !has)),
        Precondition::Password => user(&password),
        Precondition::InstanceProfile => profiles.map(|count| count > 0),
        Precondition::RoomForAVersion => versions.map(|count| count < 5),
        Precondition::SeveralVersions => versions.map(|count| count > 1),
    };
    known.map_or(May::If, |holds| if holds { May::Surely } else { May::No })
}

/// How surely each principal reaches an administrator, and in how many steps.
fn closure(plain: &Plain<'_>) -> BTreeMap<String, (May, usize)> {
    let mut whos: BTreeMap<Who, Subject> = BTreeMap::new();
    for subject in plain.access.subjects() {
        whos.insert((subject.arn.to_string(), None), subject.clone());
        let account = plain.account(subject);
        for name in account.groups.keys().filter(|_| subject.principal.role_name().is_none()) {
            let member = plain.access.as_member(subject, name).unwrap();
            whos.insert((subject.arn.to_string(), Some(account.groups[name].arn.to_string())), member);
        }
    }
    let edges: BTreeMap<&Who, Edges> =
        whos.iter().map(|(who, subject)| (who, plain.edges(subject, who))).collect();
    let mut best = BTreeMap::new();
    for level in [May::Surely, May::If, May::Unknown] {
        let mut steps: BTreeMap<&Who, usize> = BTreeMap::new();
        for (who, subject) in &whos {
            if admin::administrator(&plain.access, subject) >= level {
                steps.insert(who, 0);
            }
        }
        for round in 1.. {
            let leads = |who: &Who, path: &str, victim: &String| match paths()
                .iter()
                .find(|one| one.id == path)
                .unwrap()
                .gains
            {
                Gain::Permissions => true,
                Gain::Victim => steps.contains_key(&(victim.clone(), None)),
                Gain::Membership => steps.contains_key(&(who.0.clone(), Some(victim.clone()))),
            };
            let new: Vec<&Who> = edges
                .iter()
                .filter(|(who, _)| !steps.contains_key(**who))
                .filter(|(who, edges)| {
                    edges.iter().any(|((path, victim), may)| *may >= level && leads(who, path, victim))
                })
                .map(|(who, _)| *who)
                .collect();
            if new.is_empty() {
                break;
            }
            steps.extend(new.into_iter().map(|who| (who, round)));
        }
        for ((arn, group), steps) in steps {
            if group.is_none() {
                best.entry(arn.clone()).or_insert((level, steps));
            }
        }
    }
    best
}

fn compare(tiny: &Tiny) {
    let estate = tiny.estate();
    let plain = Plain { estate: &estate, access: Access::of(&estate), asked: RefCell::default() };
    let graph = Graph::of(&estate);
    for subject in plain.access.subjects() {
        let expected = plain.edges(subject, &(subject.arn.to_string(), None));
        let found = edges(&graph, subject.arn.as_str());
        assert_eq!(found, expected, "edges of {}", subject.arn);
    }
    let found = graph.find(&Goal::Administrator, None).unwrap();
    let found: BTreeMap<String, (May, usize)> = found
        .routes
        .iter()
        .map(|route| (graph.source(route).to_owned(), (route.certainty(), route.len())))
        .collect();
    let mut expected = closure(&plain);
    // who is an administrator already is no source
    expected
        .retain(|arn, _| admin::administrator(&plain.access, plain.access.subject(arn).unwrap()) < May::If);
    assert_eq!(found, expected);
    for route in &graph.find(&Goal::Administrator, None).unwrap().routes {
        let steps = graph.steps(route);
        assert_eq!(steps.len(), route.len());
        let is_sure = steps.iter().all(|step| step.conditions.is_empty());
        assert_eq!(is_sure && !steps.is_empty(), route.certainty() == May::Surely, "{steps:#?}");
        closing(tiny, &steps);
    }
}

/// Without the statement that is named, the step is gone.
fn closing(tiny: &Tiny, steps: &[Step]) {
    let Some(cut) = cut(steps).filter(|cut| cut.step.member_of.is_none()) else { return };
    let mut tiny = tiny.clone();
    let arn = cut.because.policy.rsplit(' ').next().unwrap();
    let name = (arn.split(':').nth(4).unwrap().to_owned(), arn.rsplit('/').next().unwrap().to_owned());
    let kind = arn.rsplit(':').next().unwrap().split('/').next().unwrap();
    let statements = match kind {
        "role" if cut.because.of_resource => &mut tiny.roles.get_mut(&name).unwrap().trust,
        "role" => &mut tiny.roles.get_mut(&name).unwrap().statements,
        "user" => &mut tiny.users.get_mut(&name).unwrap().statements,
        "group" => &mut tiny.groups.get_mut(&name).unwrap().statements,
        // AWS's own, or the boundary
        _ => match tiny.policies.get_mut(&name) {
            Some((statements, _)) => statements,
            None => return,
        },
    };
    statements.remove(cut.because.number - 1);
    let estate = tiny.estate();
    let step = (cut.step.path.unwrap().id.as_str(), cut.step.victim.clone());
    let after = edges(&Graph::without_edges(&estate), &cut.step.from);
    assert!(!after.contains_key(&step), "{cut:#?}");
}

fn run(cases: u32) {
    let config = Config { failure_persistence: None, max_shrink_iters: 200, ..Config::with_cases(cases) };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    runner
        .run(&tiny(), |tiny| {
            compare(&tiny);
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_graph_is_what_the_plain_way_finds() {
    run(8);
}

/// `cargo test --release -p kagimori-plan plain -- --ignored`
#[test]
#[ignore = "thousands of estates take minutes"]
fn the_graph_is_what_the_plain_way_finds_on_many_estates() {
    run(2_000);
}
