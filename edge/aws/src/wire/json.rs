//! JSON 1.0 and 1.1 (`X-Amz-Target`), and the JSON bodies of REST-JSON.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::check::Wrong;
use super::{Outgoing, given, time};
use crate::model::{At, Kind, Model, TimestampFormat};

pub(super) fn outgoing(
    model: &Model,
    name: &str,
    shape: Option<At<'_>>,
    input: &Value,
) -> Result<Outgoing, Wrong> {
    let metadata = &model.metadata;
    let version = metadata.json_version.as_deref().unwrap_or("1.1");
    let mut headers = vec![
        ("content-type".to_owned(), format!("application/x-amz-json-{version}")),
        ("x-amz-target".to_owned(), format!("{}.{name}", metadata.target.as_deref().unwrap_or_default())),
    ];
    if metadata.query_compatible {
        headers.push(("x-amzn-query-mode".to_owned(), "true".to_owned()));
    }
    let body = shape.map_or_else(|| Value::Object(Map::new()), |shape| body_of(shape, input));
    Ok(Outgoing {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        headers,
        body: Zeroizing::new(body.to_string().into_bytes()),
        ..Outgoing::default()
    })
}

/// A value as a body has it.
pub(super) fn body_of(at: At<'_>, value: &Value) -> Value {
    match (at.shape.kind, value) {
        (Kind::Structure, _) if !at.shape.document => {
            let members = given(at, value);
            let written = members.map(|(name, member, value)| {
                (member.name().unwrap_or(name).to_owned(), body_of(member, value))
            });
            Value::Object(written.collect())
        }
        (Kind::List, Value::Array(items)) => match at.item() {
            Some(item) => Value::Array(items.iter().map(|value| body_of(item, value)).collect()),
            None => value.clone(),
        },
        (Kind::Map, Value::Object(fields)) => match at.value() {
            Some(item) => {
                Value::Object(fields.iter().map(|(key, value)| (key.clone(), body_of(item, value))).collect())
            }
            None => value.clone(),
        },
        (Kind::Timestamp, _) => {
            time::sent(value, at.timestamp_format().unwrap_or(TimestampFormat::Unix)).unwrap_or_default()
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::model;

    #[test]
    fn a_call_names_its_target() {
        let model = model("cloudtrail").unwrap();
        let shape = model.operations["LookupEvents"].input.as_deref().and_then(|shape| model.shape(shape));
        let input = json!({"StartTime": "2025-01-02T03:04:05Z", "NextToken": null, "LookupAttributes": [
            {"AttributeKey": "EventName", "AttributeValue": "x"}]});
        let sent = outgoing(model, "LookupEvents", shape, &input).unwrap();
        let header = |name| sent.headers.iter().find(|(header, _)| header == name).unwrap().1.clone();
        assert_eq!(
            header("x-amz-target"),
            "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
        );
        assert_eq!(header("content-type"), "application/x-amz-json-1.1");
        let body: Value = serde_json::from_slice(&sent.body).unwrap();
        let expected = json!({"StartTime": 1_735_787_045, "LookupAttributes": input["LookupAttributes"]});
        assert_eq!(body, expected);
    }
}
