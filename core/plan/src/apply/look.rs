//! Looking at just what a move touches: which calls, and what their answers say.
//!
//! A look is read again from its beginning with every answer that came: what is not answered yet is asked.

mod center;
mod entity;
mod protection;

use kagimori_id::{AccessKeyId, AccountId, Arn};
use kagimori_policy::quota::VERSIONS;
use serde_json::{Value, json};

pub(super) use self::center::{CenterLook, InWhole, PROVISIONED, Set, boundary, reference, typed};
pub(super) use self::entity::EntityLook;
use super::call::{Call, Outcome};
use super::document;
use super::state::State;
use crate::settings::apply::Apply;

/// What a move touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// An access key of a user: its status.
    AccessKey { user: Arn, key: AccessKeyId },
    /// An inline policy of a user, group or role: its text.
    InlinePolicy { identity: Arn, name: String },
    /// A managed policy on a user, group or role.
    Attachment { identity: Arn, policy: Arn },
    /// The boundary of a user or role.
    Boundary { identity: Arn },
    /// The trust policy of a role.
    Trust { role: Arn },
    /// A tag of a user, role or managed policy: its value.
    Tag { identity: Arn, key: String },
    /// A user in a group.
    Membership { user: Arn, group: String },
    /// The same, looked at in the group.
    Member { group: Arn, user: String },
    /// A user, group or role, or what only they have.
    Entity(EntityLook),
    /// A permission set, or who has it.
    Center(CenterLook),
    /// A managed policy: its default version and that one's text.
    Policy { policy: Arn },
    /// A version of a managed policy.
    Version { policy: Arn, version: String },
    /// The same, with its text.
    VersionText { policy: Arn, version: String },
    /// The same, where it is not the default.
    LeftOver { policy: Arn, version: String },
    /// The version of a managed policy that has to go before another can come.
    /// None has, while `unless` is the default: the other is there.
    Surplus { policy: Arn, unless: Option<String> },
    /// A policy of the organization by its id.
    OrganizationPolicy { id: String },
    /// A policy of the organization by its name, which is unique.
    OrganizationPolicyNamed { kind: String, name: String },
    /// A policy of the organization on a root, unit or account.
    Target { id: String, target: String },
}

/// What a look comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// This must be answered.
    Ask(Call),
    /// What is there.
    Found(State),
    /// It cannot be told, in words.
    Failed(String),
}

/// A user, group or role as IAM's operations speak of it: `User`, `UserName`.
pub(super) fn kind_of(identity: &Arn) -> &'static str {
    match identity.resource().split('/').next() {
        Some("user") => "User",
        Some("group") => "Group",
        _ => "Role",
    }
}

/// The unique id of a user, group or role, in what `GetUser`, `GetGroup` or `GetRole` tells of it.
pub(super) fn id_of<'a>(identity: &Arn, told: &'a Value) -> Option<&'a str> {
    told.get(format!("{}Id", kind_of(identity)))?.as_str()
}

/// `{"UserName": …}`
pub(super) fn named(identity: &Arn) -> Value {
    json!({ format!("{}Name", kind_of(identity)): identity.name() })
}

/// A user, role or managed policy as the operations of tags speak of it.
pub(super) fn tagged(arn: &Arn) -> (&'static str, Value) {
    if arn.resource().starts_with("policy/") {
        return ("Policy", json!({ "PolicyArn": arn }));
    }
    (kind_of(arn), named(arn))
}

/// Parameters with more of them.
pub(super) fn with(mut input: Value, more: &[(&str, Value)]) -> Value {
    if let Value::Object(members) = &mut input {
        members.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }
    input
}

impl Look {
    /// What it is that a change before this one may have touched: a look at that tells nothing yet.
    pub(super) fn subject(&self) -> String {
        match self {
            Self::AccessKey { user: identity, .. }
            | Self::InlinePolicy { identity, .. }
            | Self::Attachment { identity, .. }
            | Self::Boundary { identity }
            | Self::Tag { identity, .. }
            | Self::Trust { role: identity }
            | Self::Membership { user: identity, .. } => identity.to_string(),
            Self::Policy { policy }
            | Self::Version { policy, .. }
            | Self::VersionText { policy, .. }
            | Self::LeftOver { policy, .. }
            | Self::Surplus { policy, .. } => policy.to_string(),
            Self::OrganizationPolicy { id } | Self::Target { id, .. } => id.clone(),
            Self::OrganizationPolicyNamed { name, .. } => name.clone(),
            Self::Member { group, .. } => group.to_string(),
            Self::Entity(look) => look.subject(),
            Self::Center(look) => look.subject(),
        }
    }

    /// Whether it looks at all that something holds: whatever an earlier step does to it shows here.
    pub(super) fn is_of_whole(&self) -> bool {
        matches!(self, Self::Entity(EntityLook::Whole { .. }) | Self::Center(CenterLook::Whole(_)))
    }

    pub(super) fn state(&self, answers: &mut Answers<'_>) -> Result<State, Box<Reading>> {
        match self {
            Self::AccessKey { user, key } => {
                let pages = answers.iam_pages(Call::iam(user.account(), "ListAccessKeys", named(user)))?;
                Ok(pages.map_or_else(
                    || gone(user),
                    |pages| {
                        let status = find(&pages, "AccessKeyMetadata", "AccessKeyId", key.as_str());
                        status.map_or(State::Absent, |held| State::Is(member(held, "Status")))
                    },
                ))
            }
            Self::InlinePolicy { identity, name } => inline_policy(identity, name, answers),
            Self::Attachment { identity, policy } => {
                let operation = format!("ListAttached{}Policies", kind_of(identity));
                let pages = answers.iam_pages(Call::iam(identity.account(), operation, named(identity)))?;
                Ok(pages.map_or_else(
                    || gone(identity),
                    |pages| is_there(find(&pages, "AttachedPolicies", "PolicyArn", policy.as_str())),
                ))
            }
            Self::Boundary { identity } => Ok(answers.identity(identity)?.map_or_else(
                || gone(identity),
                |held| {
                    let arn = held.pointer("/PermissionsBoundary/PermissionsBoundaryArn");
                    arn.map_or(State::Absent, |arn| State::Is(arn.clone()))
                },
            )),
            Self::Trust { role } => Ok(answers.identity(role)?.map_or_else(
                || gone(role),
                |held| State::Is(document::found(&member(held, "AssumeRolePolicyDocument"))),
            )),
            Self::Tag { identity, key } => {
                let (kind, name) = tagged(identity);
                let call = Call::iam(identity.account(), format!("List{kind}Tags"), name);
                let pages = answers.iam_pages(call)?;
                Ok(pages.map_or_else(
                    || gone(identity),
                    |pages| {
                        let tag = find(&pages, "Tags", "Key", key);
                        tag.map_or(State::Absent, |tag| State::Is(member(tag, "Value")))
                    },
                ))
            }
            Self::Membership { user, group } => {
                let pages = answers.iam_pages(Call::iam(user.account(), "ListGroupsForUser", named(user)))?;
                Ok(pages
                    .map_or_else(|| gone(user), |pages| is_there(find(&pages, "Groups", "GroupName", group))))
            }
            Self::Member { group, user } => {
                let pages = answers.iam_pages(Call::iam(group.account(), "GetGroup", named(group)))?;
                Ok(pages
                    .map_or_else(|| gone(group), |pages| is_there(find(&pages, "Users", "UserName", user))))
            }
            Self::Entity(look) => look.state(answers),
            Self::Center(look) => look.state(answers),
            Self::Policy { policy } => managed_policy(policy, answers),
            Self::Version { policy, version } => Ok(versions(policy, answers)?.map_or_else(
                || gone(policy),
                |versions| {
                    is_there(
                        versions.iter().find(|held| member(held, "VersionId") == json!(version)).copied(),
                    )
                },
            )),
            Self::VersionText { policy, version } => {
                Ok(version_of(policy, &json!(version), answers)?.map_or(State::Absent, State::Is))
            }
            Self::LeftOver { policy, version } => {
                let call = Call::iam(policy.account(), "GetPolicy", json!({ "PolicyArn": policy }));
                let Some(answer) = answers.iam(call)? else { return Ok(State::Absent) };
                if answer.pointer("/Policy/DefaultVersionId") == Some(&json!(version)) {
                    return Ok(State::Absent);
                }
                Ok(version_of(policy, &json!(version), answers)?.map_or(State::Absent, State::Is))
            }
            Self::Surplus { policy, unless } => surplus(policy, unless.as_deref(), answers),
            Self::OrganizationPolicy { id } => {
                Ok(organization_policy(id, answers)?.map_or(State::Absent, State::Is))
            }
            Self::OrganizationPolicyNamed { kind, name } => organization_policy_named(kind, name, answers),
            Self::Target { id, target } => {
                let call = Call::organizations("ListTargetsForPolicy", json!({ "PolicyId": id }));
                let gone = || State::Gone(format!("there is no policy {id} in the organization"));
                Ok(answers
                    .organization_pages(call)?
                    .map_or_else(gone, |pages| is_there(find(&pages, "Targets", "TargetId", target))))
            }
        }
    }
}

fn inline_policy(identity: &Arn, name: &str, answers: &mut Answers<'_>) -> Result<State, Box<Reading>> {
    let operation = format!("Get{}Policy", kind_of(identity));
    let input = with(named(identity), &[("PolicyName", name.into())]);
    if let Some(answer) = answers.iam(Call::iam(identity.account(), operation, input))? {
        return Ok(State::Is(document::found(&member(answer, "PolicyDocument"))));
    }
    // `NoSuchEntity` is said of the policy and of whose it would be alike.
    Ok(if answers.identity(identity)?.is_some() { State::Absent } else { gone(identity) })
}

pub(super) fn managed_policy(policy: &Arn, answers: &mut Answers<'_>) -> Result<State, Box<Reading>> {
    let call = Call::iam(policy.account(), "GetPolicy", json!({ "PolicyArn": policy }));
    let Some(answer) = answers.iam(call)? else { return Ok(State::Absent) };
    let version = answer.pointer("/Policy/DefaultVersionId").cloned().unwrap_or_default();
    Ok(version_of(policy, &version, answers)?.map_or_else(|| gone(policy), State::Is))
}

/// A version and its text.
fn version_of(
    policy: &Arn,
    version: &Value,
    answers: &mut Answers<'_>,
) -> Result<Option<Value>, Box<Reading>> {
    let input = json!({ "PolicyArn": policy, "VersionId": version });
    let answer = answers.iam(Call::iam(policy.account(), "GetPolicyVersion", input))?;
    Ok(answer.map(|answer| {
        let text = answer.pointer("/PolicyVersion/Document").cloned().unwrap_or_default();
        json!({ "version": version, "document": document::found(&text) })
    }))
}

fn versions<'a>(policy: &Arn, answers: &mut Answers<'a>) -> Result<Option<Vec<&'a Value>>, Box<Reading>> {
    let call = Call::iam(policy.account(), "ListPolicyVersions", json!({ "PolicyArn": policy }));
    Ok(answers.iam_pages(call)?.map(|pages| listed(&pages, "Versions").collect()))
}

/// The oldest version that is not the default, where there are as many as AWS keeps.
fn surplus(policy: &Arn, unless: Option<&str>, answers: &mut Answers<'_>) -> Result<State, Box<Reading>> {
    let Some(versions) = versions(policy, answers)? else { return Ok(gone(policy)) };
    let is_there = |held: &&Value| {
        member(held, "IsDefaultVersion") == json!(true)
            && unless.is_some_and(|id| member(held, "VersionId") == json!(id))
    };
    if versions.len() < VERSIONS.most || versions.iter().any(is_there) {
        return Ok(State::Absent);
    }
    let number = |held: &&Value| member(held, "VersionId").as_str()?.strip_prefix('v')?.parse::<u64>().ok();
    let others = versions.into_iter().filter(|held| member(held, "IsDefaultVersion") != json!(true));
    let Some(oldest) = others.min_by_key(number) else { return Ok(State::Absent) };
    let version = member(oldest, "VersionId");
    Ok(version_of(policy, &version, answers)?.map_or(State::Absent, State::Is))
}

fn organization_policy(id: &str, answers: &mut Answers<'_>) -> Result<Option<Value>, Box<Reading>> {
    let call = Call::organizations("DescribePolicy", json!({ "PolicyId": id }));
    let answer = answers.ask(call, &["PolicyNotFoundException"])?;
    Ok(answer.map(|answer| {
        let told = |pointer| answer.pointer(pointer).cloned().unwrap_or_default();
        json!({
            "id": told("/Policy/PolicySummary/Id"),
            "name": told("/Policy/PolicySummary/Name"),
            "type": told("/Policy/PolicySummary/Type"),
            "document": document::found(&told("/Policy/Content")),
        })
    }))
}

fn organization_policy_named(
    kind: &str,
    name: &str,
    answers: &mut Answers<'_>,
) -> Result<State, Box<Reading>> {
    let call = Call::organizations("ListPolicies", json!({ "Filter": kind }));
    let pages = answers.organization_pages(call)?.unwrap_or_default();
    let Some(held) = find(&pages, "Policies", "Name", name) else { return Ok(State::Absent) };
    let id = member(held, "Id");
    Ok(organization_policy(id.as_str().unwrap_or_default(), answers)?.map_or(State::Absent, State::Is))
}

fn gone(arn: &Arn) -> State {
    State::Gone(format!("there is no {arn}"))
}

fn is_there(found: Option<&Value>) -> State {
    if found.is_some() { State::Is(Value::Bool(true)) } else { State::Absent }
}

fn member(value: &Value, name: &str) -> Value {
    value.get(name).cloned().unwrap_or_default()
}

pub(super) fn listed<'a>(pages: &[&'a Value], list: &'static str) -> impl Iterator<Item = &'a Value> {
    pages.iter().flat_map(move |page| page.get(list).and_then(Value::as_array).into_iter().flatten())
}

fn find<'a>(pages: &[&'a Value], list: &'static str, name: &str, value: &str) -> Option<&'a Value> {
    listed(pages, list).find(|held| held.get(name).and_then(Value::as_str) == Some(value))
}

/// The answers of a look, in the order in which they were asked for.
pub(super) struct Answers<'a> {
    left: std::slice::Iter<'a, Outcome>,
}

impl<'a> Answers<'a> {
    pub(super) fn of(outcomes: &'a [Outcome]) -> Self {
        Self { left: outcomes.iter() }
    }

    /// The answer to a call; `None`: it was refused with one of these codes, which say that something is not there.
    fn ask(&mut self, call: Call, absent: &[&str]) -> Result<Option<&'a Value>, Box<Reading>> {
        let failed =
            |why: &str| Err(Box::new(Reading::Failed(format!("`{}` tells nothing: {why}", call.operation))));
        match self.left.next() {
            None => Err(Box::new(Reading::Ask(call))),
            Some(Outcome::Answer(answer)) => Ok(Some(answer)),
            Some(Outcome::Refused { code, .. }) if absent.contains(&code.as_str()) => Ok(None),
            Some(Outcome::Refused { code, message }) => failed(&format!("{code}: {message}")),
            Some(Outcome::Unknown { why } | Outcome::NotSent { why }) => failed(why),
        }
    }

    pub(super) fn iam(&mut self, call: Call) -> Result<Option<&'a Value>, Box<Reading>> {
        self.ask(call, &["NoSuchEntity"])
    }

    /// The members of `GetUser`, `GetGroup` or `GetRole`.
    pub(super) fn identity(&mut self, identity: &Arn) -> Result<Option<&'a Value>, Box<Reading>> {
        let kind = kind_of(identity);
        let answer = self.iam(Call::iam(identity.account(), format!("Get{kind}"), named(identity)))?;
        Ok(answer.and_then(|answer| answer.get(kind)))
    }

    pub(super) fn iam_pages(&mut self, call: Call) -> Result<Option<Vec<&'a Value>>, Box<Reading>> {
        self.pages(call, "NoSuchEntity", ("Marker", "Marker"))
    }

    fn sso_pages(&mut self, call: Call) -> Result<Option<Vec<&'a Value>>, Box<Reading>> {
        self.pages(call, "ResourceNotFoundException", ("NextToken", "NextToken"))
    }

    fn organization_pages(&mut self, call: Call) -> Result<Option<Vec<&'a Value>>, Box<Reading>> {
        self.pages(call, "PolicyNotFoundException", ("NextToken", "NextToken"))
    }

    /// All pages of a list; the token of the next stands in the one before.
    fn pages(
        &mut self,
        mut call: Call,
        absent: &str,
        (told, asked): (&str, &str),
    ) -> Result<Option<Vec<&'a Value>>, Box<Reading>> {
        let mut pages = Vec::new();
        loop {
            let Some(page) = self.ask(call.clone(), &[absent])? else { return Ok(None) };
            pages.push(page);
            match page.get(told) {
                Some(token) if !token.is_null() => call.input = with(call.input, &[(asked, token.clone())]),
                _ => return Ok(Some(pages)),
            }
        }
    }
}

/// The account of the caller, and the alias of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) account: Option<AccountId>,
    pub(super) alias: Option<String>,
    /// What AWS says is protected of what the plan is about there, in words.
    pub(super) protected: Vec<String>,
    /// An instance of Identity Center that AWS does not list there.
    pub(super) unlisted: Option<String>,
}

/// Who is asked in an account, told by AWS: a wrong profile must not apply a plan elsewhere.
pub(super) fn caller(
    account: Option<AccountId>,
    (identities, instances): (&[Arn], &[String]),
    care: &Apply,
    answers: &[Outcome],
) -> Result<Caller, Box<Reading>> {
    let mut answers = Answers::of(answers);
    let identity =
        Call { account, service: "sts", operation: "GetCallerIdentity".to_owned(), input: json!({}) };
    let told = answers.ask(identity, &[])?.and_then(|answer| answer.get("Account")?.as_str());
    let told = told.and_then(|text| AccountId::parse(text).ok());
    let management = match account {
        Some(_) => account,
        None => {
            let answer = answers.ask(Call::organizations("DescribeOrganization", json!({})), &[])?;
            let id = answer.and_then(|answer| answer.pointer("/Organization/MasterAccountId")?.as_str());
            id.and_then(|id| AccountId::parse(id).ok())
        }
    };
    if told.is_none() || told != management {
        let (told, wanted) = (words(told), words(management));
        let why = format!("the credentials are of {told}, and the plan is about {wanted}");
        return Err(Box::new(Reading::Failed(why)));
    }
    let pages = answers.iam_pages(Call::iam(account, "ListAccountAliases", json!({})))?;
    let alias = pages.iter().flatten().find_map(|page| page.pointer("/AccountAliases/0")?.as_str());
    let unlisted = unlisted(instances, &mut answers)?;
    let protected = protection::protected(account, identities, care, &mut answers)?;
    Ok(Caller { account: told, alias: alias.map(str::to_owned), protected, unlisted })
}

/// An instance of Identity Center is listed in its own Region alone: elsewhere nothing of it is there, which would look like absence.
fn unlisted(instances: &[String], answers: &mut Answers<'_>) -> Result<Option<String>, Box<Reading>> {
    if instances.is_empty() {
        return Ok(None);
    }
    let pages = answers.sso_pages(Call::sso("ListInstances", json!({})))?.unwrap_or_default();
    let is_listed = |arn: &str| find(&pages, "Instances", "InstanceArn", arn).is_some();
    Ok(instances.iter().find(|arn| !is_listed(arn)).cloned())
}

/// Who is asked in an account that people come into by what is changed elsewhere: nothing is called there. Where nobody can ask, the
/// account may be protected.
pub(super) fn target(account: AccountId, care: &Apply, answers: &[Outcome]) -> Result<Caller, Box<Reading>> {
    caller(Some(account), (&[], &[]), care, answers).or_else(|reading| match *reading {
        Reading::Failed(why) => {
            let protected = vec![format!("the account {account}, perhaps: its alias is not known: {why}")];
            Ok(Caller { account: Some(account), alias: None, protected, unlisted: None })
        }
        other => Err(Box::new(other)),
    })
}

fn words(account: Option<AccountId>) -> String {
    account.map_or_else(|| "no account that was told".to_owned(), |id| format!("the account {id}"))
}
