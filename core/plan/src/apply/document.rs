//! Whether two policy documents are the same to AWS: the text is written down in one form, and forms are compared.
//!
//! AWS gives back what it was given, but for this: one value may come back as a list and a list in another order, and a trusted
//! account number comes back as the ARN of its root (IAM User Guide, `reference_policies_elements_principal`).

use kagimori_estate::change::WireDocument;
use kagimori_id::AccountId;
use serde_json::{Map, Value};

/// The one form of a document that a change holds.
pub(super) fn written(document: &WireDocument) -> Value {
    serde_json::to_value(document).map_or(Value::Null, |value| canonical(&value))
}

/// The text of a document as AWS is given it.
pub(super) fn text(document: &WireDocument) -> String {
    kagimori_policy::print::print(&document.0)
}

/// The one form of a document as AWS gives it: an object, or its JSON as a string, that IAM may have percent-encoded.
pub(super) fn found(answer: &Value) -> Value {
    let Value::String(text) = answer else { return canonical(answer) };
    let read = |text: &str| serde_json::from_str(text).ok();
    let value = read(text).or_else(|| read(&percent_decoded(text)?));
    value.map_or_else(|| answer.clone(), |value: Value| canonical(&value))
}

fn canonical(document: &Value) -> Value {
    let Value::Object(members) = document else { return document.clone() };
    let member = |(name, value): (&String, &Value)| {
        let value = match (name.as_str(), value) {
            ("Statement", Value::Array(statements)) => statements.iter().map(statement).collect(),
            ("Statement", one) => Value::Array(vec![statement(one)]),
            (_, value) => value.clone(),
        };
        (name.clone(), value)
    };
    Value::Object(members.iter().map(member).collect())
}

fn statement(statement: &Value) -> Value {
    let Value::Object(members) = statement else { return statement.clone() };
    let member = |(name, value): (&String, &Value)| {
        let value = match name.as_str() {
            "Action" | "NotAction" | "Resource" | "NotResource" => list(value, str::to_owned),
            "Principal" | "NotPrincipal" => lists(value, |value| list(value, principal)),
            "Condition" => lists(value, |keys| lists(keys, |value| list(value, str::to_owned))),
            _ => value.clone(),
        };
        (name.clone(), value)
    };
    Value::Object(members.iter().map(member).collect())
}

fn lists(value: &Value, of: impl Fn(&Value) -> Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), of(value))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// One or many values, in order, each once. What is no text (`true`, `3600`) means the same as its text.
fn list(value: &Value, of: impl Fn(&str) -> String) -> Value {
    let text = |value: &Value| match value {
        Value::String(text) => of(text),
        other => of(&other.to_string()),
    };
    let mut values: Vec<String> = match value {
        Value::Array(values) => values.iter().map(text).collect(),
        one => vec![text(one)],
    };
    values.sort();
    values.dedup();
    values.into()
}

/// The root of an account as its number.
fn principal(text: &str) -> String {
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", account, "root"] if AccountId::parse(account).is_ok() => (*account).to_owned(),
        _ => text.to_owned(),
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}
