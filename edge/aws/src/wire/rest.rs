//! REST-JSON and REST-XML: parts of the input stand in the path, the query, the headers and the body.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::check::Wrong;
use super::{Incoming, Outgoing, Unreadable, given, json, read_json, read_xml, time, xml};
use crate::model::{At, Kind, Location, Model, Operation, Protocol, TimestampFormat};
use crate::sign::escape;

pub(super) fn outgoing(
    model: &Model,
    operation: &Operation,
    shape: Option<At<'_>>,
    input: &Value,
) -> Result<Outgoing, Wrong> {
    let (path, fixed) = operation.uri.split_once('?').unwrap_or((&operation.uri, ""));
    let mut out = Outgoing { method: operation.method.clone(), path: path.to_owned(), ..Outgoing::default() };
    for part in fixed.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        out.query.push((name.to_owned(), value.to_owned()));
    }
    let Some(shape) = shape else { return Ok(out) };
    let mut body = Map::new();
    for (name, member, value) in given(shape, input) {
        let key = member.name().unwrap_or(name);
        match member.location() {
            Some(Location::Uri) => out.path = in_path(&out.path, key, name, &text_of(member, value))?,
            Some(Location::QueryString) => in_query(&mut out.query, key, member, value),
            Some(Location::Header) => out.headers.push((key.to_ascii_lowercase(), in_header(member, value))),
            Some(Location::Headers) => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    out.headers.push((format!("{key}{name}").to_ascii_lowercase(), plain(value)));
                }
            }
            Some(Location::StatusCode) => {}
            None => drop(body.insert(name.to_owned(), value.clone())),
        }
    }
    write_body(model.metadata.protocol, operation, shape, Value::Object(body), &mut out);
    Ok(out)
}

fn write_body(protocol: Protocol, operation: &Operation, shape: At<'_>, body: Value, out: &mut Outgoing) {
    let payload = shape.shape.payload.as_deref();
    let (of, value) = match payload.and_then(|name| Some((name, shape.named(name)?))) {
        Some((name, member)) => (member, body.get(name).cloned()),
        None => (shape, body.as_object().is_some_and(|fields| !fields.is_empty()).then_some(body)),
    };
    let has_body = payload.is_some() || shape.members().any(|(_, member)| member.location().is_none());
    let written = match (protocol, value) {
        (Protocol::RestXml, Some(value)) => {
            let name = operation.input_name.as_deref().filter(|_| payload.is_none());
            let name = name.or_else(|| of.name()).unwrap_or(of.shape_name);
            xml::written(of, &value, name)
        }
        (Protocol::RestXml, None) => return,
        (_, Some(value)) => json::body_of(of, &value).to_string(),
        (_, None) if has_body => "{}".to_owned(),
        (_, None) => return,
    };
    if protocol == Protocol::RestJson {
        out.headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    out.body = Zeroizing::new(written.into_bytes());
}

/// `{Bucket}`; `{Key+}` may hold slashes. An empty part would be another address.
fn in_path(path: &str, key: &str, name: &str, value: &str) -> Result<String, Wrong> {
    if value.is_empty() {
        return Err(Wrong { place: name.to_owned(), what: "is empty, and part of the address".to_owned() });
    }
    let mut encoded = String::new();
    escape(value, &mut encoded);
    let greedy = encoded.replace("%2F", "/");
    Ok(path.replace(&format!("{{{key}+}}"), &greedy).replace(&format!("{{{key}}}"), &encoded))
}

fn in_query(query: &mut Vec<(String, String)>, key: &str, member: At<'_>, value: &Value) {
    match (value, member.item()) {
        (Value::Array(items), Some(item)) => {
            query.extend(items.iter().map(|value| (key.to_owned(), text_of(item, value))));
        }
        (Value::Object(fields), _) => {
            query.extend(fields.iter().map(|(name, value)| (name.clone(), plain(value))));
        }
        _ => query.push((key.to_owned(), text_of(member, value))),
    }
}

fn in_header(member: At<'_>, value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        _ if member.shape.kind == Kind::Timestamp => {
            let format = member.timestamp_format().unwrap_or(TimestampFormat::Rfc822);
            plain(&time::sent(value, format).unwrap_or_default())
        }
        _ => plain(value),
    }
}

/// In paths and queries.
fn text_of(at: At<'_>, value: &Value) -> String {
    if at.shape.kind == Kind::Timestamp {
        let format = at.timestamp_format().unwrap_or(TimestampFormat::Iso8601);
        return plain(&time::sent(value, format).unwrap_or_default());
    }
    plain(value)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What an answer says.
pub(super) fn value(protocol: Protocol, shape: At<'_>, answer: &Incoming) -> Result<Value, Unreadable> {
    let mut read = Map::new();
    for (name, member) in shape.members() {
        let found = match member.location() {
            Some(Location::StatusCode) => Some(Value::from(answer.status)),
            Some(Location::Header) => of_header(member, name, answer)?,
            Some(Location::Headers) => Some(of_headers(member.name().unwrap_or_default(), answer)),
            _ => None,
        };
        read.extend(found.map(|value| (name.to_owned(), value)));
    }
    let body = |at: At<'_>| match protocol {
        Protocol::RestXml => read_xml::of_body(at, answer),
        _ => read_json::of_body(at, answer),
    };
    match shape.shape.payload.as_deref().and_then(|name| Some((name, shape.named(name)?))) {
        Some((name, member)) => {
            let value = match member.shape.kind {
                Kind::String | Kind::Blob => {
                    let text = str::from_utf8(&answer.body).map_err(|_| Unreadable("text in UTF-8"))?;
                    Value::from(text)
                }
                _ => body(member)?,
            };
            read.insert(name.to_owned(), value);
        }
        None => {
            if let Value::Object(fields) = body(shape)? {
                read.extend(fields);
            }
        }
    }
    Ok(Value::Object(read))
}

fn of_header(member: At<'_>, name: &str, answer: &Incoming) -> Result<Option<Value>, Unreadable> {
    let Some(text) = answer.header(&member.name().unwrap_or(name).to_ascii_lowercase()) else {
        return Ok(None);
    };
    if let (Kind::List, Some(item)) = (member.shape.kind, member.item()) {
        let items = text.split(',').map(|text| read_xml::of_text(item, text.trim()));
        return items.collect::<Result<Vec<_>, _>>().map(|items| Some(Value::Array(items)));
    }
    read_xml::of_text(member, text).map(Some)
}

fn of_headers(prefix: &str, answer: &Incoming) -> Value {
    let prefix = prefix.to_ascii_lowercase();
    let found = answer.headers.iter().filter_map(|(name, value)| {
        Some((name.strip_prefix(&prefix)?.to_owned(), Value::from(value.as_str())))
    });
    Value::Object(found.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::model;

    fn sent(service: &str, operation: &str, input: &Value) -> Outgoing {
        let model = model(service).unwrap();
        let operation = &model.operations[operation];
        let shape = operation.input.as_deref().and_then(|shape| model.shape(shape));
        outgoing(model, operation, shape, input).unwrap()
    }

    #[test]
    fn parts_stand_where_the_model_says() {
        let out = sent("lambda", "GetPolicy", &json!({"FunctionName": "a/b c", "Qualifier": "1"}));
        assert_eq!(
            (out.method.as_str(), out.path.as_str()),
            ("GET", "/2015-03-31/functions/a%2Fb%20c/policy")
        );
        assert_eq!(out.query, [("Qualifier".to_owned(), "1".to_owned())]);
        assert!(out.body.is_empty());
        let out = sent("s3", "GetBucketPolicy", &json!({"Bucket": "b"}));
        assert_eq!((out.path.as_str(), out.query), ("/b", vec![("policy".to_owned(), String::new())]));
        let out = sent("accessanalyzer", "ListFindingsV2", &json!({"analyzerArn": "a", "maxResults": 5}));
        assert_eq!((out.method.as_str(), out.path.as_str()), ("POST", "/findingv2"));
        assert_eq!(
            serde_json::from_slice::<Value>(&out.body).unwrap(),
            json!({"analyzerArn": "a", "maxResults": 5})
        );
        assert_eq!(out.headers, [("content-type".to_owned(), "application/json".to_owned())]);
        // All members optional, and none given: still a body.
        let out = sent("account", "ListRegions", &json!({}));
        assert_eq!(out.body.as_slice(), b"{}");
    }

    #[test]
    fn an_empty_part_of_an_address_is_refused() {
        let model = model("s3").unwrap();
        let operation = &model.operations["GetBucketPolicy"];
        let shape = operation.input.as_deref().and_then(|shape| model.shape(shape));
        let wrong = outgoing(model, operation, shape, &json!({"Bucket": ""})).unwrap_err();
        assert_eq!(wrong.place, "Bucket");
    }
}
