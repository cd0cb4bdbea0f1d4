//! What the principals of the estate could do, decided by the policy engine over everything in effect for them.
//!
//! A request under "some circumstances": what a condition asks for can be met, unless the estate says otherwise; a Deny
//! whose condition may not hold does not limit. The answer is three-valued: where it hangs on a policy whose document is
//! not in the estate, it is not known.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::access::{Access, May, Question};
use kagimori_estate::fact::{Dataset, Gap, GapReason};
use kagimori_id::{AccountId, Arn};
use kagimori_policy::catalogue::ActionId;
use kagimori_policy::decision::Answer;
use kagimori_policy::document::{ActionElement, Document, Effect, ResourceElement, Statement};
use kagimori_policy::formula::Atom;
use kagimori_policy::pattern::{matches, matches_ignoring_case};
use kagimori_policy::policies::MissingDocument;
use kagimori_policy::request::Fact;
use kagimori_trail::redact;

use crate::escalation::{Graph, Standing};

/// What an identity may do, in one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Power {
    /// Is an administrator, or can become one: whatever else it lacks, it can give itself.
    pub(crate) administrator: bool,
    /// How it becomes one, by the ids of the paths; empty: it is one as it stands, or none.
    pub(crate) ways: Vec<&'static str>,
    /// Can change IAM in a way that grants somebody else something.
    pub(crate) iam_writer: bool,
}

/// Actions by the pattern that names them and the family they belong to.
pub(crate) type Named = BTreeMap<(String, &'static str), Rc<[ActionId]>>;

/// What every user and role may do, worked out when it is asked for the first time.
#[derive(Debug)]
pub(crate) struct Privileges<'a> {
    estate: &'a Estate,
    now: Timestamp,
    powers: OnceCell<Powers<'a>>,
    /// The principals before the engine, where nobody's power was asked for.
    access: OnceCell<Access<'a>>,
    /// For each pattern of actions and each kind of them those that it names.
    pub(crate) named: RefCell<Named>,
}

/// The powers of every user and role: the escalation graph answered.
#[derive(Debug)]
struct Powers<'a> {
    /// What was behind the graph: its edges are not asked for again, and are many.
    access: Access<'a>,
    users: BTreeMap<(AccountId, &'a str), Result<Power, Gap>>,
    roles: BTreeMap<(AccountId, &'a str), Result<Power, Gap>>,
}

/// Calls that give somebody more than he had, with the kind of resource they act on.
///
/// The self-escalation and principal-access paths of pathfinding.cloud (Apache-2.0) that need no other service.
const IAM_GRANTS: [(&str, &str); 13] = [
    ("iam:PutUserPolicy", "user"),
    ("iam:AttachUserPolicy", "user"),
    ("iam:PutGroupPolicy", "group"),
    ("iam:AttachGroupPolicy", "group"),
    ("iam:AddUserToGroup", "group"),
    ("iam:PutRolePolicy", "role"),
    ("iam:AttachRolePolicy", "role"),
    ("iam:UpdateAssumeRolePolicy", "role"),
    ("iam:CreatePolicyVersion", "policy"),
    ("iam:SetDefaultPolicyVersion", "policy"),
    ("iam:CreateAccessKey", "user"),
    ("iam:CreateLoginProfile", "user"),
    ("iam:UpdateLoginProfile", "user"),
];

impl<'a> Powers<'a> {
    fn of(estate: &'a Estate, now: Timestamp) -> Self {
        let graph = Graph::of(estate, now);
        let subjects = graph.access().subjects().iter().map(|subject| subject.arn.as_str());
        let standings: BTreeMap<&str, Standing> = subjects.zip(graph.standings()).collect();
        let power = |arn: &Arn| match standings.get(arn.as_str()) {
            Some(standing) => power(&graph, arn, standing),
            None => Err(not_given()),
        };
        let (mut users, mut roles) = (BTreeMap::new(), BTreeMap::new());
        for account in estate.accounts.values() {
            for user in account.users.values() {
                let known = user.details.known().map_err(Gap::clone).and_then(|_| power(&user.arn));
                users.insert((account.id, user.name.as_str()), known);
            }
            for role in account.roles.values() {
                roles.insert((account.id, role.name.as_str()), power(&role.arn));
            }
        }
        drop(standings);
        Self { access: graph.into_access(), users, roles }
    }
}

impl<'a> Privileges<'a> {
    /// The powers of everybody in the estate.
    pub(crate) fn of(estate: &'a Estate, now: Timestamp) -> Self {
        let (powers, access) = (OnceCell::new(), OnceCell::new());
        Self { estate, now, powers, access, named: RefCell::default() }
    }

    /// The instant they are worked out for.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    fn powers(&self) -> &Powers<'a> {
        self.powers.get_or_init(|| Powers::of(self.estate, self.now))
    }

    /// Works out what everybody may do now.
    pub(crate) fn work_out(&self) {
        self.powers();
    }

    /// What a user may do, or what hides it.
    pub(crate) fn user(&self, account: AccountId, name: &str) -> Result<Power, Gap> {
        self.powers().users.get(&(account, name)).cloned().unwrap_or_else(|| Err(not_given()))
    }

    /// What a role may do, or what hides it.
    pub(crate) fn role(&self, account: AccountId, name: &str) -> Result<Power, Gap> {
        self.powers().roles.get(&(account, name)).cloned().unwrap_or_else(|| Err(not_given()))
    }

    /// Whether a principal can be allowed an action on a resource under some circumstances, or what hides it.
    pub(crate) fn may(&self, arn: &str, action: &str, resource: &str) -> Result<bool, Gap> {
        let access = match self.powers.get() {
            Some(powers) => &powers.access,
            None => self.access.get_or_init(|| {
                let mut access = Access::of(self.estate);
                access.set_moment(self.now);
                access
            }),
        };
        may(access, arn, action, resource)
    }
}

fn not_given() -> Gap {
    Gap { dataset: Dataset::AuthorizationDetails, reason: GapReason::NotGiven }
}

/// AWS managed policies that grant nothing over identities; known by their names when their documents were not given.
/// AWS's documentation, "AWS managed policies for job functions" (`access_policies_job-functions`).
const NO_GRANTS: [&str; 18] = [
    "PowerUserAccess",
    "ReadOnlyAccess",
    "ViewOnlyAccess",
    "SecurityAudit",
    "AWSSupportAccess",
    "Billing",
    "IAMReadOnlyAccess",
    "IAMUserChangePassword",
    "AWSCloudShellFullAccess",
    "AmazonS3ReadOnlyAccess",
    "AmazonS3FullAccess",
    "AmazonEC2ReadOnlyAccess",
    "CloudWatchLogsFullAccess",
    "AmazonSESFullAccess",
    "AmazonSQSFullAccess",
    "AmazonDynamoDBFullAccess",
    "AmazonSNSFullAccess",
    "AWSLambdaBasicExecutionRole",
];

fn power(graph: &Graph<'_>, arn: &Arn, standing: &Standing) -> Result<Power, Gap> {
    let ways = match standing {
        Standing::Administrator => {
            return Ok(Power { administrator: true, ways: Vec::new(), iam_writer: true });
        }
        Standing::Unknown(Some(document)) => return Err(lacking(document)),
        Standing::Unknown(None) => {
            return Err(Gap { dataset: Dataset::CredentialReport, reason: GapReason::NotGiven });
        }
        Standing::Reaches(ways) => ways.clone(),
        Standing::None => Vec::new(),
    };
    let writes =
        IAM_GRANTS.iter().map(|(action, kind)| graph.may_on_others(arn.as_str(), action, kind)).max();
    if writes == Some(May::Unknown) {
        let missing = graph.access().subject(arn.as_str()).and_then(|subject| subject.missing().first());
        return Err(missing.map_or_else(not_given, |document| lacking(&document.name)));
    }
    Ok(Power { administrator: !ways.is_empty(), ways, iam_writer: writes > Some(May::Unknown) })
}

/// Whether a principal can be allowed an action on a resource under some circumstances.
fn may(access: &Access<'_>, arn: &str, action: &str, resource: &str) -> Result<bool, Gap> {
    let Some(subject) = access.subject(arn) else { return Err(not_given()) };
    let question = Question {
        action: action.to_owned(),
        resource: resource.to_owned(),
        resource_account: None,
        wildcard_only: false,
        common: None,
        // The credentials are of the kind that can make the call.
        context: vec![("aws:TokenIssueTime".to_owned(), Fact::Absent)],
        strict: false,
    };
    if !access.is_candidate(subject, &question) {
        return Ok(false);
    }
    match access.decide(subject, &question) {
        Answer::Allowed => Ok(true),
        Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_) => Ok(false),
        Answer::Indeterminate => {
            let condition = access.ask(subject, &question).decision.allowed_if;
            if condition.may_hold(&without_missing) {
                return Ok(true);
            }
            let atoms = condition.atoms();
            match atoms.iter().find(|atom| without_missing(atom).is_some() && !is_silent(atom)) {
                Some(missing) => Err(lacking(&redact::policy(&missing.to_string()))),
                None => Ok(false),
            }
        }
    }
}

/// A policy that was not given is taken to say nothing; anything else may be as it needs to be.
fn without_missing(atom: &Atom) -> Option<bool> {
    matches!(atom, Atom::MissingAllows(_) | Atom::MissingDenies(_)).then_some(false)
}

fn is_silent(atom: &Atom) -> bool {
    match atom {
        Atom::MissingAllows(document) | Atom::MissingDenies(document) => grants_nothing(document),
        _ => false,
    }
}

/// Whether a document that was not given is known by its name to grant nothing over identities.
pub(crate) fn grants_nothing(document: &MissingDocument) -> bool {
    let name = document.name.rsplit('/').next().unwrap_or_default();
    document.name.starts_with("arn:aws:iam::aws:") && NO_GRANTS.contains(&name)
}

fn lacking(what: &str) -> Gap {
    Gap { dataset: Dataset::AuthorizationDetails, reason: GapReason::FieldAbsent(what.to_owned()) }
}

/// Whether a statement's Allow, if any of its conditions can be met, reaches this action on this resource.
pub(crate) fn allows(document: &Document, action: &str, resource: &str) -> bool {
    document
        .statements
        .iter()
        .any(|statement| statement.effect == Effect::Allow && reaches(statement, action, resource))
}

/// Whether an unconditional Deny reaches this action on this resource.
pub(crate) fn denies(document: &Document, action: &str, resource: &str) -> bool {
    document.statements.iter().any(|statement| {
        statement.effect == Effect::Deny
            && statement.conditions.is_empty()
            && reaches(statement, action, resource)
    })
}

fn reaches(statement: &Statement, action: &str, resource: &str) -> bool {
    reaches_action(statement, action) && reaches_resource(statement, resource)
}

/// Whether a statement is about this action.
pub(crate) fn reaches_action(statement: &Statement, action: &str) -> bool {
    let listed = |patterns: &[String]| patterns.iter().any(|pattern| matches_ignoring_case(pattern, action));
    match &statement.action {
        ActionElement::Action(list) => listed(list.as_slice()),
        ActionElement::NotAction(list) => !listed(list.as_slice()),
    }
}

/// Whether a statement is about this resource; trust policies have no resource and are about their role.
pub(crate) fn reaches_resource(statement: &Statement, resource: &str) -> bool {
    let listed = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, resource));
    match &statement.resource {
        None => true,
        Some(ResourceElement::Resource(list)) => listed(list.as_slice()),
        Some(ResourceElement::NotResource(list)) => !listed(list.as_slice()),
    }
}

/// Whether a statement names every resource.
pub(crate) fn is_about_everything(statement: &Statement) -> bool {
    match &statement.resource {
        Some(ResourceElement::Resource(list)) => list.as_slice().iter().any(|pattern| is_star(pattern)),
        Some(ResourceElement::NotResource(_)) => true,
        None => false,
    }
}

/// Whether a statement names every action.
pub(crate) fn is_about_every_action(statement: &Statement) -> bool {
    match &statement.action {
        ActionElement::Action(list) => {
            list.as_slice().iter().any(|pattern| is_star(pattern) || pattern == "*:*")
        }
        ActionElement::NotAction(list) => list.as_slice().is_empty(),
    }
}

/// `*`, or several of them.
fn is_star(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*')
}
