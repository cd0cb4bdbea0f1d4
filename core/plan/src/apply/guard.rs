//! What a move rests on beside what it touches: who it is about, and what comes with what it attaches.
//!
//! It is looked at right before the call, and not after it: what was made stands, whatever somebody does to it then.

use kagimori_estate::change::WireDocument;
use kagimori_id::{AccountId, Arn};
use serde_json::{Value, json};

use super::call::Call;
use super::document;
use super::look::{Answers, Look, Reading, id_of, kind_of, listed, managed_policy, named, with};
use super::state::State;
use crate::plan::GroupPolicies;

/// What has to be in AWS as it was when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// A user, group or role is the one of the plan: its unique id.
    Id { identity: Arn, id: String },
    /// A customer's managed policy has this text.
    Text { policy: Arn, document: WireDocument },
    /// A managed policy is there, whatever it says; it is looked at in this account.
    There { account: Option<AccountId>, policy: Arn },
    /// A group has just these policies.
    Group { group: Arn, policies: GroupPolicies },
}

impl Guard {
    /// What a change before this one may have touched.
    pub(super) fn look(&self) -> Look {
        match self {
            Self::Text { policy, .. } | Self::There { policy, .. } => Look::Policy { policy: policy.clone() },
            Self::Id { identity: subject, .. } | Self::Group { group: subject, .. } => {
                Look::Boundary { identity: subject.clone() }
            }
        }
    }

    /// Why it does not hold; `None`: it does.
    pub(super) fn broken(&self, answers: &mut Answers<'_>) -> Result<Option<String>, Box<Reading>> {
        match self {
            Self::Id { identity, id } => {
                let told = answers.identity(identity)?.map(|held| id_of(identity, held));
                Ok(match told {
                    Some(Some(told)) if told == id => None,
                    Some(Some(told)) => Some(format!(
                        "it is another {} of the same name: the id of {identity} is `{told}`, and was `{id}`",
                        kind_of(identity).to_lowercase()
                    )),
                    Some(None) => Some(format!("AWS does not tell the id of {identity}, which was `{id}`")),
                    None => Some(format!("there is no {identity}")),
                })
            }
            Self::Text { policy, document } => Ok(match managed_policy(policy, answers)? {
                State::Is(found) if found.get("document") == Some(&document::written(document)) => None,
                State::Is(_) => Some(format!("the text of {policy} is another one")),
                State::Absent | State::Gone(_) | State::Other(_) => Some(format!("there is no {policy}")),
            }),
            Self::There { account, policy } => {
                let call = Call::iam(*account, "GetPolicy", json!({ "PolicyArn": policy }));
                let is_there = answers.iam(call)?.is_some();
                Ok((!is_there).then(|| format!("there is no {policy}")))
            }
            Self::Group { group, policies } => group_differs(group, policies, answers),
        }
    }
}

fn group_differs(
    group: &Arn,
    policies: &GroupPolicies,
    answers: &mut Answers<'_>,
) -> Result<Option<String>, Box<Reading>> {
    let call = |operation: &str, input: Value| Call::iam(group.account(), operation, input);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let pages = answers.iam_pages(call("ListAttachedGroupPolicies", named(group)))?;
    let Some(pages) = pages else { return Ok(Some(format!("there is no {group}"))) };
    let attached = listed(&pages, "AttachedPolicies").filter_map(|held| held.get("PolicyArn")).map(text);
    let known = policies.attached.iter().map(ToString::to_string);
    if let Some(told) = differ("policy", group, &attached.collect::<Vec<_>>(), &known.collect::<Vec<_>>()) {
        return Ok(Some(told));
    }
    let pages = answers.iam_pages(call("ListGroupPolicies", named(group)))?.unwrap_or_default();
    let lists = pages.iter().filter_map(|page| page.get("PolicyNames").and_then(Value::as_array));
    let known = policies.inline.iter().map(|held| held.name.clone());
    if let Some(told) = differ(
        "inline policy",
        group,
        &lists.flatten().map(text).collect::<Vec<_>>(),
        &known.collect::<Vec<_>>(),
    ) {
        return Ok(Some(told));
    }
    for held in &policies.inline {
        let input = with(named(group), &[("PolicyName", held.name.as_str().into())]);
        let answer = answers.iam(call("GetGroupPolicy", input))?;
        let found = answer.and_then(|answer| answer.get("PolicyDocument")).map(document::found);
        if found != Some(document::written(&held.document)) {
            return Ok(Some(format!(
                "the text of the inline policy `{}` of {group} is another one",
                held.name
            )));
        }
    }
    Ok(None)
}

/// What the group has more or less, in words.
fn differ(what: &str, group: &Arn, found: &[String], known: &[String]) -> Option<String> {
    if let Some(more) = found.iter().find(|name| !known.contains(name)) {
        return Some(format!("{group} has the {what} `{more}`, which it had not"));
    }
    let less = known.iter().find(|name| !found.contains(name))?;
    Some(format!("{group} has no {what} `{less}` any more"))
}
