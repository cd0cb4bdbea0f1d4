//! The permissions of a call as columns, and back: five lists of text, one entry per check.

use std::borrow::Cow;
use std::collections::BTreeMap;

use kagimori_id::AccountId;
use kagimori_policy::request::Fact;
use kagimori_trail::call::{Certainty, Check, CheckedResource, MapGap, Outcome};
use kagimori_trail::sight::container;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::schema::List;

/// Between the checks of a text of work: no action and no ARN has it.
const BETWEEN: char = '\u{1f}';

/// Adds a check to the text of a work: its action, and the place of its resource.
pub(crate) fn write_work(work: &mut String, action: &[u8], resource: &[u8]) {
    let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
    let resource = text(resource);
    if !work.is_empty() {
        work.push(BETWEEN);
    }
    work.push_str(text(action));
    work.push(' ');
    work.push_str(container(resource).unwrap_or(resource));
}

/// The checks of a text of work, as far as a history looks at them.
pub(crate) fn checks_of_work(work: &str) -> Vec<Check> {
    let checks = work.split(BETWEEN).filter_map(|check| check.split_once(' '));
    let check = |(action, place): (&str, &str)| {
        let resource = match place {
            "*" => CheckedResource::None,
            "" => CheckedResource::Unknown,
            place => CheckedResource::Pattern(place.into()),
        };
        Check::certain(action, resource)
    };
    checks.map(check).collect()
}

/// How a call ended, in the column `outcome`.
pub(crate) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Denied => "denied",
        Outcome::Throttled => "throttled",
        Outcome::Failed => "failed",
    }
}

/// The outcome that [`outcome`] wrote.
pub(crate) fn outcome_of(text: &str) -> Outcome {
    match text {
        "succeeded" => Outcome::Succeeded,
        "denied" => Outcome::Denied,
        "throttled" => Outcome::Throttled,
        _ => Outcome::Failed,
    }
}

/// Why the checks may not be all, in the column `iam_gap`.
pub(crate) fn gap(gap: MapGap) -> &'static str {
    match gap {
        MapGap::NotAuthorized => "not-authorized",
        MapGap::BodyMissing => "body-missing",
        _ => "unknown-event",
    }
}

/// The gap that [`gap`] wrote.
pub(crate) fn gap_of(text: &str) -> Option<MapGap> {
    match text {
        "" => None,
        "not-authorized" => Some(MapGap::NotAuthorized),
        "body-missing" => Some(MapGap::BodyMissing),
        _ => Some(MapGap::UnknownEvent),
    }
}

/// The entry of a check in one of the `iam_` lists.
pub(crate) fn field(check: &Check, list: List) -> Cow<'_, str> {
    match list {
        List::Resources => Cow::Borrowed(""),
        List::Actions => Cow::Borrowed(&check.action),
        List::CheckedResources => Cow::Borrowed(match &check.resource {
            CheckedResource::Arn(text) | CheckedResource::Pattern(text) => text,
            CheckedResource::None => "*",
            CheckedResource::Unknown => "",
        }),
        List::Forms => Cow::Borrowed(form(check)),
        List::ResourceAccounts => {
            check.resource_account.map_or(Cow::Borrowed(""), |account| Cow::Owned(account.to_string()))
        }
        List::Contexts if check.context.is_empty() => Cow::Borrowed(""),
        List::Contexts => Cow::Owned(context(&check.context)),
    }
}

/// What the resource is, and `?` behind it where the check is only possible.
fn form(check: &Check) -> &'static str {
    let sure = check.certainty == Certainty::Certain;
    match (&check.resource, sure) {
        (CheckedResource::Arn(_), true) => "arn",
        (CheckedResource::Arn(_), false) => "arn?",
        (CheckedResource::Pattern(_), true) => "pattern",
        (CheckedResource::Pattern(_), false) => "pattern?",
        (CheckedResource::None, true) => "none",
        (CheckedResource::None, false) => "none?",
        (CheckedResource::Unknown, true) => "unknown",
        (CheckedResource::Unknown, false) => "unknown?",
    }
}

/// Condition keys as a JSON object: a text, a list of texts, `null` for an absent key, `true` for one that is there with
/// a value that is not known, `false` for one of which nothing is known.
fn context(facts: &[(Box<str>, Fact)]) -> String {
    // an array of pairs would keep duplicates; keys are different, and an object is what SQL engines look into
    let told: BTreeMap<&str, Told<'_>> = facts.iter().map(|(key, fact)| (&**key, Told(fact))).collect();
    serde_json::to_string(&told).unwrap_or_default()
}

/// A fact as [`context`] writes it.
struct Told<'a>(&'a Fact);

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Fact::One(value) => serializer.serialize_str(value),
            Fact::Many(values) => values.serialize(serializer),
            Fact::Absent => serializer.serialize_unit(),
            Fact::Present => serializer.serialize_bool(true),
            Fact::Unknown => serializer.serialize_bool(false),
        }
    }
}

/// The facts that [`context`] wrote.
pub(crate) fn context_of(text: &str) -> Vec<(Box<str>, Fact)> {
    let Ok(Value::Object(object)) = serde_json::from_str(text) else { return Vec::new() };
    let fact = |value: Value| match value {
        Value::String(value) => Fact::One(value),
        Value::Array(values) => {
            Fact::Many(values.into_iter().filter_map(|value| value.as_str().map(str::to_owned)).collect())
        }
        Value::Null => Fact::Absent,
        Value::Bool(true) => Fact::Present,
        Value::Bool(false) | Value::Number(_) | Value::Object(_) => Fact::Unknown,
    };
    object.into_iter().map(|(key, value)| (key.into(), fact(value))).collect()
}

/// A check from its entries in the five lists.
pub(crate) fn check_of(action: &str, resource: &str, form: &str, account: &str, context: &str) -> Check {
    let (form, certainty) = match form.strip_suffix('?') {
        Some(form) => (form, Certainty::Possible),
        None => (form, Certainty::Certain),
    };
    Check {
        action: action.into(),
        resource: match form {
            "arn" => CheckedResource::Arn(resource.into()),
            "pattern" => CheckedResource::Pattern(resource.into()),
            "none" => CheckedResource::None,
            _ => CheckedResource::Unknown,
        },
        resource_account: AccountId::parse(account).ok(),
        context: context_of(context),
        certainty,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fact() -> impl Strategy<Value = Fact> {
        prop_oneof![
            Just(Fact::Absent),
            Just(Fact::Present),
            Just(Fact::Unknown),
            "[a-z\"]{0,6}".prop_map(Fact::One),
            proptest::collection::vec("[a-zé*]{0,4}", 0..3).prop_map(Fact::Many),
        ]
    }

    fn resource() -> impl Strategy<Value = CheckedResource> {
        prop_oneof![
            "arn:aws:s3:::[a-z*]{1,8}".prop_map(|arn| CheckedResource::Arn(arn.into())),
            "arn:aws:s3:::[a-z*]{1,8}".prop_map(|arn| CheckedResource::Pattern(arn.into())),
            Just(CheckedResource::None),
            Just(CheckedResource::Unknown),
        ]
    }

    proptest! {
        #[test]
        fn a_check_comes_back(
            action in "[a-z]{2,5}:[A-Z][a-z]{2,6}",
            resource in resource(),
            account in proptest::option::of(Just("012345678901")),
            context in proptest::collection::btree_map("[a-z]{2,4}:[a-z]{2,6}", fact(), 0..3),
            certain in any::<bool>(),
        ) {
            let check = Check {
                action: action.into(),
                resource,
                resource_account: account.and_then(|account| AccountId::parse(account).ok()),
                context: context.into_iter().map(|(key, fact)| (key.into(), fact)).collect(),
                certainty: if certain { Certainty::Certain } else { Certainty::Possible },
            };
            let of = |list| field(&check, list).into_owned();
            let back = check_of(
                &of(List::Actions),
                &of(List::CheckedResources),
                &of(List::Forms),
                &of(List::ResourceAccounts),
                &of(List::Contexts),
            );
            prop_assert_eq!(back, check);
        }
    }
}
