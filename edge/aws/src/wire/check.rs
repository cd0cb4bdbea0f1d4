//! An input against the shape of its operation: what AWS would not know is not sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::time;
use crate::model::{At, Kind, Model, Operation};

/// What is wrong with an input, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// `Tags[0].Key`; empty for the input itself.
    pub(crate) place: String,
    pub(crate) what: String,
}

/// Checks an input.
pub(crate) fn check(model: &Model, operation: &Operation, input: &Value) -> Result<(), Wrong> {
    match operation.input.as_deref().and_then(|shape| model.shape(shape)) {
        Some(shape) => check_at(shape, input, ""),
        None if input.as_object().is_some_and(Map::is_empty) => Ok(()),
        None => Err(Wrong { place: String::new(), what: "the operation takes no input".to_owned() }),
    }
}

/// The input with a token where the operation wants one and none was given: a call that is sent again is then one call.
pub(crate) fn with_tokens(
    model: &Model,
    operation: &Operation,
    mut input: Value,
    token: impl Fn() -> String,
) -> Value {
    let shape = operation.input.as_deref().and_then(|shape| model.shape(shape));
    if let (Some(shape), Value::Object(fields)) = (shape, &mut input) {
        for (name, _) in shape.members().filter(|(_, at)| at.is(|member| member.idempotency_token)) {
            fields.entry(name).or_insert_with(|| Value::String(token()));
        }
    }
    input
}

fn check_at(at: At<'_>, value: &Value, place: &str) -> Result<(), Wrong> {
    let wrong = |what: &str| Err(Wrong { place: place.to_owned(), what: what.to_owned() });
    match (at.shape.kind, value) {
        (Kind::Structure, _) if at.shape.document => Ok(()),
        (Kind::Structure, Value::Object(fields)) => structure(at, fields, place),
        (Kind::Structure, _) => wrong("is no object"),
        (Kind::List, Value::Array(items)) => {
            let Some(item) = at.item() else { return wrong("cannot be given") };
            let mut items = items.iter().enumerate();
            items.try_for_each(|(index, value)| check_at(item, value, &format!("{place}[{index}]")))
        }
        (Kind::List, _) => wrong("is no list"),
        (Kind::Map, Value::Object(fields)) => {
            let Some(item) = at.value() else { return wrong("cannot be given") };
            fields.iter().try_for_each(|(key, value)| check_at(item, value, &below(place, key)))
        }
        (Kind::Map, _) => wrong("is no object"),
        (Kind::String | Kind::Character, Value::String(_)) | (Kind::Boolean, Value::Bool(_)) => Ok(()),
        (Kind::String | Kind::Character, _) if at.is(|member| member.jsonvalue) => Ok(()),
        (Kind::String | Kind::Character, _) => wrong("is no text"),
        (Kind::Boolean, _) => wrong("is neither true nor false"),
        (Kind::Integer | Kind::Long, Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(()),
        (Kind::Integer | Kind::Long, _) => wrong("is no whole number"),
        (Kind::Float | Kind::Double, Value::Number(_)) => Ok(()),
        (Kind::Float | Kind::Double, _) => wrong("is no number"),
        (Kind::Timestamp, value) if time::moment(value).is_some() => Ok(()),
        (Kind::Timestamp, _) => wrong("is no time like `2026-11-29T12:00:00Z`"),
        (Kind::Blob, Value::String(text)) if STANDARD.decode(text).is_ok() => Ok(()),
        (Kind::Blob, _) => wrong("is not bytes in base64"),
    }
}

fn structure(at: At<'_>, fields: &Map<String, Value>, place: &str) -> Result<(), Wrong> {
    for (name, value) in fields {
        let Some(member) = at.named(name) else {
            let near = kagimori_id::nearest(name, at.shape.members.keys().map(String::as_str));
            let near = near.map_or(String::new(), |near| format!("; `{near}` is"));
            return Err(Wrong { place: below(place, name), what: format!("is not known{near}") });
        };
        if !value.is_null() {
            check_at(member, value, &below(place, name))?;
        }
    }
    let is_missing = |name: &&String| fields.get(name.as_str()).is_none_or(Value::is_null);
    match at.shape.required.iter().find(is_missing) {
        Some(name) => Err(Wrong { place: below(place, name), what: "is missing".to_owned() }),
        None => Ok(()),
    }
}

fn below(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::model;

    fn found(service: &str, operation: &str, input: &Value) -> Option<(String, String)> {
        let model = model(service).unwrap();
        check(model, &model.operations[operation], input).err().map(|wrong| (wrong.place, wrong.what))
    }

    #[test]
    fn what_aws_would_not_know_is_not_sent() {
        for (service, operation, input, expected) in [
            ("iam", "GetUser", json!({}), None),
            ("iam", "GetUser", json!({"UserName": null}), None),
            ("iam", "GetUser", json!({"Username": "a"}), Some(("Username", "is not known; `UserName` is"))),
            ("iam", "GetUser", json!([]), Some(("", "is no object"))),
            ("iam", "UpdateAccessKey", json!({"AccessKeyId": "a"}), Some(("Status", "is missing"))),
            (
                "iam",
                "UpdateAccessKey",
                json!({"AccessKeyId": 1, "Status": "x"}),
                Some(("AccessKeyId", "is no text")),
            ),
            (
                "iam",
                "TagUser",
                json!({"UserName": "a", "Tags": [{"Key": "k", "Value": "v"}, {"Key": "k"}]}),
                Some(("Tags[1].Value", "is missing")),
            ),
            ("iam", "TagUser", json!({"UserName": "a", "Tags": {}}), Some(("Tags", "is no list"))),
            ("iam", "ListUsers", json!({"MaxItems": 1.5}), Some(("MaxItems", "is no whole number"))),
            ("iam", "GetAccountSummary", json!({}), None),
            ("iam", "GetAccountSummary", json!({"A": 1}), Some(("", "the operation takes no input"))),
            ("cloudtrail", "LookupEvents", json!({"StartTime": "2026-11-29T12:00:00Z"}), None),
            ("cloudtrail", "LookupEvents", json!({"StartTime": 1_700_000_000.5}), None),
            (
                "cloudtrail",
                "LookupEvents",
                json!({"StartTime": "noon"}),
                Some(("StartTime", "is no time like `2026-11-29T12:00:00Z`")),
            ),
            (
                "ses",
                "SendRawEmail",
                json!({"RawMessage": {"Data": "not base64"}}),
                Some(("RawMessage.Data", "is not bytes in base64")),
            ),
        ] {
            let expected = expected.map(|(place, what)| (place.to_owned(), what.to_owned()));
            assert_eq!(found(service, operation, &input), expected, "{operation} {input}");
        }
    }

    #[test]
    fn a_token_is_given_once() {
        let model = model("athena").unwrap();
        let operation = &model.operations["StartQueryExecution"];
        let filled = |input| with_tokens(model, operation, input, || "token".to_owned());
        assert_eq!(filled(json!({}))["ClientRequestToken"], "token");
        assert_eq!(filled(json!({"ClientRequestToken": "mine"}))["ClientRequestToken"], "mine");
    }
}
