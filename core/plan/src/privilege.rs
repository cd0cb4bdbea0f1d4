//! What the policies on an identity amount to, as far as their text tells.
//!
//! This reads policies without a request: a conditional Allow counts as a grant (somebody can meet the condition), a
//! conditional Deny does not count as a limit. It answers three-valued: a policy whose document is not in the estate
//! and that is not one of AWS's well-known ones makes the answer unknown, unless the rest already grants.
//!
//! Source of the element semantics: IAM User Guide, `reference_policies_elements_notaction`, `…_notresource`,
//! `access_policies_boundaries`.

use std::collections::BTreeMap;

use kagimori_estate::Estate;
use kagimori_estate::fact::{Dataset, Gap, GapReason};
use kagimori_estate::id::{AccountId, Arn};
use kagimori_estate::model::{Account, Grants, Policy, Role, User};
use kagimori_policy::document::{ActionElement, Document, Effect, ResourceElement, Statement};
use kagimori_policy::pattern::{matches, matches_ignoring_case};

/// What an identity may do, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Power {
    /// Can grant itself or another identity anything: whatever else it lacks, it can give itself.
    pub(crate) administrator: bool,
    /// Can change IAM in a way that grants.
    pub(crate) iam_writer: bool,
}

/// The powers of every user and role, computed once.
pub(crate) struct Privileges<'a> {
    users: BTreeMap<(AccountId, &'a str), Result<Power, Gap>>,
    roles: BTreeMap<(AccountId, &'a str), Result<Power, Gap>>,
}

/// Calls that give somebody more than he had, with the kind of resource they act on.
///
/// The self-escalation and principal-access paths of pathfinding.cloud (Apache-2.0) that need no other service.
const IAM_GRANTS: [(&str, &str); 13] = [
    ("iam:PutUserPolicy", "user/probe"),
    ("iam:AttachUserPolicy", "user/probe"),
    ("iam:PutGroupPolicy", "group/probe"),
    ("iam:AttachGroupPolicy", "group/probe"),
    ("iam:AddUserToGroup", "group/probe"),
    ("iam:PutRolePolicy", "role/probe"),
    ("iam:AttachRolePolicy", "role/probe"),
    ("iam:UpdateAssumeRolePolicy", "role/probe"),
    ("iam:CreatePolicyVersion", "policy/probe"),
    ("iam:SetDefaultPolicyVersion", "policy/probe"),
    ("iam:CreateAccessKey", "user/probe"),
    ("iam:CreateLoginProfile", "user/probe"),
    ("iam:UpdateLoginProfile", "user/probe"),
];

/// How many of [`IAM_GRANTS`], from the first, let a principal write any permission it likes.
const POLICY_WRITES: usize = 9;

impl<'a> Privileges<'a> {
    /// The powers of everybody in the estate.
    pub(crate) fn of(estate: &'a Estate) -> Self {
        let (mut users, mut roles) = (BTreeMap::new(), BTreeMap::new());
        for account in estate.accounts.values() {
            for user in account.users.values() {
                users.insert((account.id, user.name.as_str()), user_power(account, user));
            }
            for role in account.roles.values() {
                roles.insert((account.id, role.name.as_str()), role_power(account, role));
            }
        }
        Self { users, roles }
    }

    /// What a user may do, or what hides it.
    pub(crate) fn user(&self, account: AccountId, name: &str) -> Result<Power, Gap> {
        self.users.get(&(account, name)).cloned().unwrap_or_else(|| Err(not_given()))
    }

    /// What a role may do, or what hides it.
    pub(crate) fn role(&self, account: AccountId, name: &str) -> Result<Power, Gap> {
        self.roles.get(&(account, name)).cloned().unwrap_or_else(|| Err(not_given()))
    }
}

fn not_given() -> Gap {
    Gap { dataset: Dataset::AuthorizationDetails, reason: GapReason::NotGiven }
}

fn user_power(account: &Account, user: &User) -> Result<Power, Gap> {
    let details = user.details.known().map_err(Gap::clone)?;
    let mut policies = Policies::on(account, &details.grants);
    for group in &details.groups {
        match account.groups.get(group) {
            Some(group) => policies.add(account, &group.grants),
            None => policies.lack(format!("the group `{group}`")),
        }
    }
    policies.power(account.id)
}

fn role_power(account: &Account, role: &Role) -> Result<Power, Gap> {
    Policies::on(account, &role.grants).power(account.id)
}

/// The policies that decide what an identity may do.
pub(crate) struct Policies<'a> {
    documents: Vec<&'a Document>,
    well_known: Vec<WellKnown>,
    boundary: Option<Boundary<'a>>,
    lacking: Option<String>,
}

enum Boundary<'a> {
    Document(&'a Document),
    WellKnown(WellKnown),
    Lacking(String),
}

/// What an AWS managed policy amounts to when its document was not given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WellKnown {
    Everything,
    AllOfIam,
    /// Nothing that grants: read-only, or everything but IAM.
    NoGrants,
}

impl<'a> Policies<'a> {
    /// The policies on an identity itself, and its boundary.
    pub(crate) fn on(account: &'a Account, grants: &'a Grants) -> Self {
        let mut policies =
            Self { documents: Vec::new(), well_known: Vec::new(), boundary: None, lacking: None };
        policies.add(account, grants);
        policies.boundary = grants.boundary.as_ref().map(|arn| boundary(account, arn));
        policies
    }

    /// The policies of one of its groups.
    pub(crate) fn add(&mut self, account: &'a Account, grants: &'a Grants) {
        for (name, policy) in &grants.inline {
            self.take(policy, name);
        }
        for arn in &grants.attached {
            match account.policies.get(arn) {
                Some(policy) => self.take(&policy.document, arn.as_str()),
                None => match well_known(arn) {
                    Some(known) => self.well_known.push(known),
                    None => self.lack(format!("the document of `{arn}`")),
                },
            }
        }
    }

    fn take(&mut self, policy: &'a Policy, name: &str) {
        match &policy.document {
            Ok(document) => self.documents.push(document),
            Err(_) => self.lack(format!("the document of `{name}`")),
        }
    }

    fn lack(&mut self, what: String) {
        self.lacking.get_or_insert(what);
    }

    fn power(&self, account: AccountId) -> Result<Power, Gap> {
        let may = |(action, resource): &(&str, &str)| {
            self.may(action, &format!("arn:aws:iam::{account}:{resource}"))
        };
        let mut power = Power { administrator: false, iam_writer: false };
        let mut gap = None;
        for (index, grant) in IAM_GRANTS.iter().enumerate() {
            match may(grant) {
                Ok(true) => {
                    power.iam_writer = true;
                    power.administrator |= index < POLICY_WRITES;
                }
                Ok(false) => {}
                Err(unknown) => gap = Some(unknown),
            }
            if power.administrator {
                return Ok(power);
            }
        }
        gap.map_or(Ok(power), Err)
    }

    /// Whether the policies together can allow an action on a resource.
    pub(crate) fn may(&self, action: &str, resource: &str) -> Result<bool, Gap> {
        let denied = self.documents.iter().any(|document| denies(document, action, resource));
        if denied {
            return Ok(false);
        }
        let allowed = self.documents.iter().any(|document| allows(document, action, resource))
            || self.well_known.iter().any(|known| known.allows(action));
        match &self.boundary {
            Some(Boundary::Document(limit))
                if !allows(limit, action, resource) || denies(limit, action, resource) =>
            {
                return Ok(false);
            }
            Some(Boundary::WellKnown(limit)) if !limit.allows(action) => return Ok(false),
            Some(Boundary::Lacking(what)) if allowed || self.lacking.is_some() => return Err(lacking(what)),
            _ => {}
        }
        match (&self.lacking, allowed) {
            (Some(what), false) => Err(lacking(what)),
            _ => Ok(allowed),
        }
    }
}

fn lacking(what: &str) -> Gap {
    Gap { dataset: Dataset::AuthorizationDetails, reason: GapReason::FieldAbsent(what.to_owned()) }
}

fn boundary<'a>(account: &'a Account, arn: &Arn) -> Boundary<'a> {
    let document = account.policies.get(arn).and_then(|policy| policy.document.document.as_ref().ok());
    match (document, well_known(arn)) {
        (Some(document), _) => Boundary::Document(document),
        (None, Some(known)) => Boundary::WellKnown(known),
        (None, None) => Boundary::Lacking(format!("the document of the boundary `{arn}`")),
    }
}

/// AWS managed policies whose meaning is fixed by their name. AWS's documentation, "AWS managed policies for job
/// functions" (`access_policies_job-functions`).
fn well_known(arn: &Arn) -> Option<WellKnown> {
    if arn.account().is_some() {
        return None;
    }
    match arn.name() {
        "AdministratorAccess" => Some(WellKnown::Everything),
        "IAMFullAccess" => Some(WellKnown::AllOfIam),
        "PowerUserAccess"
        | "ReadOnlyAccess"
        | "ViewOnlyAccess"
        | "SecurityAudit"
        | "AWSSupportAccess"
        | "Billing"
        | "IAMReadOnlyAccess"
        | "IAMUserChangePassword"
        | "AWSCloudShellFullAccess"
        | "AmazonS3ReadOnlyAccess"
        | "AmazonS3FullAccess"
        | "AmazonEC2ReadOnlyAccess"
        | "CloudWatchLogsFullAccess"
        | "AmazonSESFullAccess"
        | "AmazonSQSFullAccess"
        | "AmazonDynamoDBFullAccess" => Some(WellKnown::NoGrants),
        _ => None,
    }
}

impl WellKnown {
    fn allows(self, action: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::AllOfIam => matches_ignoring_case("iam:*", action),
            Self::NoGrants => false,
        }
    }
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
