//! Whether AWS says that something is protected: by a tag of it, or by the organizational unit that the account is in.
//!
//! What cannot be told is told as protected: a person then has to look.

use kagimori_id::{AccountId, Arn};
use kagimori_policy::pattern::matches_ignoring_case;
use serde_json::{Value, json};

use super::super::call::Call;
use super::{Answers, Reading, kind_of, listed, member, named};
use crate::settings::apply::Apply;

/// An account is in a unit of a unit …, five deep at most (Organizations User Guide, `orgs_reference_limits`).
const UNITS_MAX: usize = 8;

/// What of these users and roles of an account is protected, in words.
pub(super) fn protected(
    account: Option<AccountId>,
    identities: &[Arn],
    care: &Apply,
    answers: &mut Answers<'_>,
) -> Result<Vec<String>, Box<Reading>> {
    let mut found = Vec::new();
    if !care.protected_tags.is_empty() {
        for identity in identities {
            let operation = format!("List{}Tags", kind_of(identity));
            let call = Call::iam(identity.account(), operation, named(identity));
            match told(answers.iam_pages(call))? {
                Ok(pages) => {
                    let pages = pages.unwrap_or_default();
                    let tag = listed(&pages, "Tags").find_map(|tag| is_protected(tag, care));
                    found.extend(tag.map(|tag| format!("{identity} (tag {tag})")));
                }
                Err(why) => found.push(format!("{identity}, perhaps: {why}")),
            }
        }
    }
    if let (Some(account), false) = (account, care.protected_units.is_empty()) {
        found.extend(unit(account, care, answers)?);
    }
    Ok(found)
}

fn is_protected(tag: &Value, care: &Apply) -> Option<String> {
    let (key, value) = (member(tag, "Key"), member(tag, "Value"));
    let (key, value) = (key.as_str()?, value.as_str().unwrap_or_default());
    let is_it = |pattern: &String| match pattern.split_once('=') {
        Some((of_key, of_value)) => {
            matches_ignoring_case(of_key, key) && matches_ignoring_case(of_value, value)
        }
        None => matches_ignoring_case(pattern, key),
    };
    care.protected_tags.iter().any(is_it).then(|| key.to_owned())
}

/// The protected unit that an account is in, or why that is not known.
fn unit(account: AccountId, care: &Apply, answers: &mut Answers<'_>) -> Result<Option<String>, Box<Reading>> {
    let mut child = account.to_string();
    for _ in 0..UNITS_MAX {
        let call = Call::organizations("ListParents", json!({ "ChildId": child }));
        // Whoever is in no organization is in no unit of one.
        let parent = match told(answers.ask(call, &["AWSOrganizationsNotInUseException"]))? {
            Ok(answer) => answer.and_then(|answer| answer.pointer("/Parents/0/Id")?.as_str()),
            Err(why) => return Ok(Some(format!("the account {account}, perhaps: {why}"))),
        };
        let Some(parent) = parent else { return Ok(None) };
        if care.protected_units.iter().any(|pattern| matches_ignoring_case(pattern, parent)) {
            return Ok(Some(format!("the account {account} (in {parent})")));
        }
        parent.clone_into(&mut child);
    }
    Ok(None)
}

/// What an answer says, or why it says nothing; what is not answered yet is asked.
fn told<T>(answer: Result<T, Box<Reading>>) -> Result<Result<T, String>, Box<Reading>> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(reading) => match *reading {
            Reading::Failed(why) => Ok(Err(why)),
            other => Err(Box::new(other)),
        },
    }
}
