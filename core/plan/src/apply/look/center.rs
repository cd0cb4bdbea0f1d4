//! Permission sets of IAM Identity Center, and who has them in which account.
//!
//! Assignments and provisioning AWS does after its answer (IAM Identity Center API Reference, `CreateAccountAssignment`,
//! `ProvisionPermissionSet`). So what came of them is looked for in the state that they lead to, not in the request's own status: that
//! tells also of a request whose answer was lost.

use kagimori_estate::center::{Boundary, CustomerPolicy, Principal};
use kagimori_id::{AccountId, Arn};
use serde_json::{Map, Value, json};

use super::super::call::Call;
use super::super::document;
use super::super::state::State;
use super::{Answers, Reading, listed, member, with};

/// What a move of Identity Center touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum CenterLook {
    /// A permission set by its name, which is unique: what describes it.
    Named { instance: String, name: String },
    /// What describes a permission set.
    Described(Set),
    /// All of a permission set, and who has it where.
    Whole(Set),
    /// Its inline policy.
    Inline(Set),
    /// A managed policy of AWS on it.
    Managed(Set, Arn),
    /// A customer's managed policy on it.
    CustomerManaged(Set, CustomerPolicy),
    /// Its boundary.
    Boundary(Set),
    /// A tag of it.
    Tag(Set, String),
    /// What it has, and what came of the request to bring that into its accounts, where AWS named one.
    Provisioned { set: Set, request: Option<String> },
    /// Whether somebody has it in an account.
    Assignment(Set, AccountId, Principal),
}

/// A permission set in its instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Set {
    pub(in super::super) instance: String,
    pub(in super::super) arn: String,
}

/// What a move touches of a permission set that is looked at whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum InWhole<'a> {
    /// One of a list.
    One(&'static str, String),
    /// What there is one of at most.
    All(&'static str),
    /// What describes it.
    Described,
    /// A tag.
    Tag(&'a str),
}

type Looked = Result<State, Box<Reading>>;

/// What is found once AWS says that a request to provision is done.
pub(in super::super) const PROVISIONED: &str = "provisioned";

/// What says that something is not there.
const ABSENT: &str = "ResourceNotFoundException";

impl Set {
    /// `{"InstanceArn": …, "PermissionSetArn": …}`
    pub(in super::super) fn input(&self) -> Value {
        json!({ "InstanceArn": self.instance, "PermissionSetArn": self.arn })
    }

    fn call(&self, operation: &str) -> Call {
        Call::sso(operation, self.input())
    }

    /// Whether AWS gave the ARN: its ids have 16 characters, and a plan's own names another number.
    fn is_real(&self) -> bool {
        self.arn.rsplit("/ps-").next().is_some_and(|id| id.len() == 16)
    }

    fn gone(&self) -> State {
        State::Gone(format!("there is no permission set {}", self.arn))
    }
}

impl CenterLook {
    /// What it is that a change before this one may have touched.
    pub(super) fn subject(&self) -> String {
        match self {
            Self::Named { name, .. } => name.clone(),
            Self::Assignment(set, ..)
            | Self::Described(set)
            | Self::Whole(set)
            | Self::Inline(set)
            | Self::Managed(set, _)
            | Self::CustomerManaged(set, _)
            | Self::Boundary(set)
            | Self::Tag(set, _)
            | Self::Provisioned { set, .. } => set.arn.clone(),
        }
    }

    /// What of a set as a whole it touches: which list, and what in it; `None`: no list.
    pub(in super::super) fn in_whole(&self, whole: &Set) -> Option<InWhole<'_>> {
        Some(match self {
            Self::Managed(set, policy) if set == whole => InWhole::One("managed policy", policy.to_string()),
            Self::CustomerManaged(set, policy) if set == whole => {
                InWhole::One("customer's managed policy", reference(policy).to_string())
            }
            Self::Assignment(set, account, principal) if set == whole => {
                let (kind, id) = typed(principal);
                InWhole::One("assignment", assignment(kind, id, &account.to_string()))
            }
            Self::Inline(set) if set == whole => InWhole::All("inline policy"),
            Self::Boundary(set) if set == whole => InWhole::All("boundary"),
            Self::Described(set) if set == whole => InWhole::Described,
            Self::Tag(set, key) if set == whole => InWhole::Tag(key),
            _ => return None,
        })
    }

    /// Takes from AWS's answer to the call what tells later what came of it.
    pub(in super::super) fn hear(&mut self, answer: &Value) {
        if let Self::Provisioned { request, .. } = self {
            let told = answer.pointer("/PermissionSetProvisioningStatus/RequestId");
            *request = told.and_then(Value::as_str).map(str::to_owned);
        }
    }

    pub(super) fn state(&self, answers: &mut Answers<'_>) -> Looked {
        match self {
            // AWS refuses what is no ARN of its own, and says nothing of the set.
            Self::Described(set) | Self::Whole(set) if !set.is_real() => Ok(State::Absent),
            Self::Inline(set)
            | Self::Managed(set, _)
            | Self::CustomerManaged(set, _)
            | Self::Boundary(set)
            | Self::Tag(set, _)
            | Self::Provisioned { set, .. }
            | Self::Assignment(set, ..)
                if !set.is_real() =>
            {
                Ok(set.gone())
            }
            Self::Named { instance, name } => named(instance, name, answers),
            Self::Described(set) => Ok(described(set, answers)?.map_or(State::Absent, State::Is)),
            Self::Whole(set) => whole(set, answers),
            Self::Inline(set) => Ok(inline(set, answers)?.map_or_else(|| set.gone(), of_value)),
            Self::Managed(set, policy) => {
                let all = managed(set, answers)?;
                Ok(all.map_or_else(|| set.gone(), |all| is_in(&all, &json!(policy))))
            }
            Self::CustomerManaged(set, policy) => {
                let all = customer_managed(set, answers)?;
                Ok(all.map_or_else(|| set.gone(), |all| is_in(&all, &reference(policy))))
            }
            Self::Boundary(set) => bounded(set, answers),
            Self::Tag(set, key) => {
                let Some(tags) = tags(set, answers)? else { return Ok(set.gone()) };
                Ok(tags.get(key).map_or(State::Absent, |value| State::Is(value.clone())))
            }
            Self::Provisioned { set, request: None } => {
                Ok(content(set, answers)?.map_or_else(|| set.gone(), |found| State::Is(found.into())))
            }
            Self::Provisioned { set, request: Some(request) } => provisioned(set, request, answers),
            Self::Assignment(set, account, principal) => {
                let all = assignments(set, &json!(account), answers)?;
                let (kind, id) = typed(principal);
                let one = assignment(kind, id, &account.to_string());
                Ok(all.map_or_else(|| set.gone(), |all| is_in(&all, &json!(one))))
            }
        }
    }
}

/// `GROUP` and its id.
pub(in super::super) fn typed(principal: &Principal) -> (&'static str, &str) {
    match principal {
        Principal::User(id) => ("USER", id),
        Principal::Group(id) => ("GROUP", id),
    }
}

/// A customer's managed policy as AWS is given it.
pub(in super::super) fn reference(policy: &CustomerPolicy) -> Value {
    json!({ "Name": policy.name, "Path": policy.path })
}

/// A boundary as AWS is given it.
pub(in super::super) fn boundary(boundary: &Boundary) -> Value {
    match boundary {
        Boundary::Managed(arn) => json!({ "ManagedPolicyArn": arn }),
        Boundary::CustomerManaged(policy) => json!({ "CustomerManagedPolicyReference": reference(policy) }),
    }
}

/// An assignment as a deletion lists it.
fn assignment(kind: &str, id: &str, account: &str) -> String {
    format!("{kind} {id} in {account}")
}

fn of_value(value: Value) -> State {
    if value.is_null() { State::Absent } else { State::Is(value) }
}

fn is_in(all: &[Value], one: &Value) -> State {
    if all.contains(one) { State::Is(json!(true)) } else { State::Absent }
}

/// AWS finds a permission set by its ARN alone: all are gone through.
fn named(instance: &str, name: &str, answers: &mut Answers<'_>) -> Looked {
    let pages = answers.sso_pages(Call::sso("ListPermissionSets", json!({ "InstanceArn": instance })))?;
    for arn in listed(&pages.unwrap_or_default(), "PermissionSets").filter_map(Value::as_str) {
        let set = Set { instance: instance.to_owned(), arn: arn.to_owned() };
        let Some(found) = described(&set, answers)? else { continue };
        if member(&found, "name") == json!(name) {
            return Ok(State::Is(found));
        }
    }
    Ok(State::Absent)
}

fn described(set: &Set, answers: &mut Answers<'_>) -> Result<Option<Value>, Box<Reading>> {
    let answer = answers.ask(set.call("DescribePermissionSet"), &[ABSENT])?;
    Ok(answer.map(|answer| {
        let told =
            |name: &str| answer.pointer(&format!("/PermissionSet/{name}")).cloned().unwrap_or_default();
        json!({
            "arn": told("PermissionSetArn"),
            "name": told("Name"),
            "description": told("Description"),
            "session duration": told("SessionDuration"),
            "relay state": told("RelayState"),
        })
    }))
}

/// Null where there is none.
fn inline(set: &Set, answers: &mut Answers<'_>) -> Result<Option<Value>, Box<Reading>> {
    let answer = answers.ask(set.call("GetInlinePolicyForPermissionSet"), &[ABSENT])?;
    Ok(answer.map(|answer| match answer.get("InlinePolicy").and_then(Value::as_str) {
        None | Some("") => Value::Null,
        Some(text) => document::found(&json!(text)),
    }))
}

fn managed(set: &Set, answers: &mut Answers<'_>) -> Result<Option<Vec<Value>>, Box<Reading>> {
    let pages = answers.sso_pages(set.call("ListManagedPoliciesInPermissionSet"))?;
    Ok(pages.map(|pages| listed(&pages, "AttachedManagedPolicies").map(|held| member(held, "Arn")).collect()))
}

fn customer_managed(set: &Set, answers: &mut Answers<'_>) -> Result<Option<Vec<Value>>, Box<Reading>> {
    let pages = answers.sso_pages(set.call("ListCustomerManagedPolicyReferencesInPermissionSet"))?;
    let of = |held: &Value| {
        let path = held.get("Path").cloned().unwrap_or_else(|| json!("/"));
        json!({ "Name": member(held, "Name"), "Path": path })
    };
    Ok(pages.map(|pages| listed(&pages, "CustomerManagedPolicyReferences").map(of).collect()))
}

/// AWS says of a set without a boundary, and of a set that is gone, the same.
fn bounded(set: &Set, answers: &mut Answers<'_>) -> Looked {
    let answer = answers.ask(set.call("GetPermissionsBoundaryForPermissionSet"), &[ABSENT])?;
    let told = answer.and_then(|answer| answer.get("PermissionsBoundary")).map(in_one_form);
    match told.filter(|told| told.as_object().is_some_and(|members| !members.is_empty())) {
        Some(told) => Ok(State::Is(told)),
        None => Ok(described(set, answers)?.map_or_else(|| set.gone(), |_| State::Absent)),
    }
}

/// AWS leaves out the path that is `/`.
fn in_one_form(told: &Value) -> Value {
    match told.get("CustomerManagedPolicyReference") {
        Some(held) => {
            let path = held.get("Path").cloned().unwrap_or_else(|| json!("/"));
            json!({ "CustomerManagedPolicyReference": { "Name": member(held, "Name"), "Path": path } })
        }
        None => told.clone(),
    }
}

fn tags(set: &Set, answers: &mut Answers<'_>) -> Result<Option<Value>, Box<Reading>> {
    let input = json!({ "InstanceArn": set.instance, "ResourceArn": set.arn });
    let pages = answers.sso_pages(Call::sso("ListTagsForResource", input))?;
    let pair = |tag: &Value| Some((tag.get("Key")?.as_str()?.to_owned(), member(tag, "Value")));
    Ok(pages.map(|pages| Value::Object(listed(&pages, "Tags").filter_map(pair).collect())))
}

/// Who has it in an account.
fn assignments(
    set: &Set,
    account: &Value,
    answers: &mut Answers<'_>,
) -> Result<Option<Vec<Value>>, Box<Reading>> {
    let input = with(set.input(), &[("AccountId", account.clone())]);
    let pages = answers.sso_pages(Call::sso("ListAccountAssignments", input))?;
    let words = |held: &Value| {
        let (kind, id) = (member(held, "PrincipalType"), member(held, "PrincipalId"));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        json!(assignment(&text(&kind), &text(&id), &text(account)))
    };
    Ok(pages.map(|pages| listed(&pages, "AccountAssignments").map(words).collect()))
}

/// What a set has: lists of texts, which a deletion compares with what the plan names.
fn content(set: &Set, answers: &mut Answers<'_>) -> Result<Option<Map<String, Value>>, Box<Reading>> {
    let Some(Value::Object(mut found)) = described(set, answers)? else { return Ok(None) };
    let texts = |all: Option<Vec<Value>>| -> Value {
        let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        json!(all.unwrap_or_default().into_iter().map(text).collect::<Vec<_>>())
    };
    let some = |value: Value| if value.is_null() { json!([]) } else { json!([value.to_string()]) };
    let bounds = match bounded(set, answers)? {
        State::Is(boundary) => boundary,
        _ => Value::Null,
    };
    let all = [
        ("inline policy", some(inline(set, answers)?.unwrap_or_default())),
        ("managed policy", texts(managed(set, answers)?)),
        ("customer's managed policy", texts(customer_managed(set, answers)?)),
        ("boundary", some(bounds)),
    ];
    found.extend(all.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Ok(Some(found))
}

fn whole(set: &Set, answers: &mut Answers<'_>) -> Looked {
    let Some(mut found) = content(set, answers)? else { return Ok(State::Absent) };
    found.insert("tags".to_owned(), tags(set, answers)?.unwrap_or_default());
    let accounts = answers.sso_pages(set.call("ListAccountsForProvisionedPermissionSet"))?;
    let mut all = Vec::new();
    for account in listed(&accounts.unwrap_or_default(), "AccountIds") {
        all.extend(assignments(set, account, answers)?.unwrap_or_default());
    }
    found.insert("assignment".to_owned(), all.into());
    Ok(State::Is(found.into()))
}

/// What AWS says of its own request. That it lists the accounts as up to date is no proof: nobody says how soon an edit shows there.
fn provisioned(set: &Set, request: &str, answers: &mut Answers<'_>) -> Looked {
    let input = json!({ "InstanceArn": set.instance, "ProvisionPermissionSetRequestId": request });
    let answer = answers.ask(Call::sso("DescribePermissionSetProvisioningStatus", input), &[ABSENT])?;
    let told = |name: &str| {
        let told =
            answer.and_then(|answer| answer.pointer(&format!("/PermissionSetProvisioningStatus/{name}")));
        told.and_then(Value::as_str).unwrap_or_default()
    };
    Ok(match told("Status") {
        "SUCCEEDED" => State::Is(json!({ PROVISIONED: true })),
        "FAILED" => State::Other(format!("AWS could not provision it: {}", told("FailureReason"))),
        "IN_PROGRESS" => State::Other(format!("AWS is at provisioning it still (request {request})")),
        _ => State::Other(format!("AWS does not say what came of provisioning it (request {request})")),
    })
}
