//! The query protocol: a form with `Action`, `Version` and the input in dotted names (IAM, STS, SES, SNS).

use serde_json::Value;
use zeroize::Zeroizing;

use super::check::Wrong;
use super::{Outgoing, given, time};
use crate::model::{At, Kind, Model, TimestampFormat};
use crate::sign::{FORM, form};

pub(super) fn outgoing(
    model: &Model,
    name: &str,
    shape: Option<At<'_>>,
    input: &Value,
) -> Result<Outgoing, Wrong> {
    let mut fields =
        vec![("Action".to_owned(), name.to_owned()), ("Version".to_owned(), model.metadata.version.clone())];
    if let Some(shape) = shape {
        write(&mut fields, shape, input, "");
    }
    Ok(Outgoing {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        headers: vec![("content-type".to_owned(), FORM.to_owned())],
        body: Zeroizing::new(form(&fields).as_bytes().to_vec()),
        ..Outgoing::default()
    })
}

fn write(fields: &mut Vec<(String, String)>, at: At<'_>, value: &Value, prefix: &str) {
    match at.shape.kind {
        Kind::Structure => {
            for (name, member, value) in given(at, value) {
                write(fields, member, value, &below(prefix, member.name().unwrap_or(name)));
            }
        }
        Kind::List => list(fields, at, value, prefix),
        Kind::Map => map(fields, at, value, prefix),
        Kind::Timestamp => {
            let format = at.timestamp_format().unwrap_or(TimestampFormat::Iso8601);
            fields.push((prefix.to_owned(), text(&time::sent(value, format).unwrap_or_default())));
        }
        _ => fields.push((prefix.to_owned(), text(value))),
    }
}

fn list(fields: &mut Vec<(String, String)>, at: At<'_>, value: &Value, prefix: &str) {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() {
        // An empty list is said, too.
        fields.push((prefix.to_owned(), String::new()));
    }
    let Some(item) = at.item() else { return };
    let prefix = match (at.is_flattened(), item.name()) {
        (true, None) => prefix.to_owned(),
        (true, Some(name)) => prefix.rsplit_once('.').map_or(name.to_owned(), |(head, _)| below(head, name)),
        (false, name) => below(prefix, name.unwrap_or("member")),
    };
    for (index, value) in items.iter().enumerate() {
        write(fields, item, value, &format!("{prefix}.{}", index + 1));
    }
}

fn map(fields: &mut Vec<(String, String)>, at: At<'_>, value: &Value, prefix: &str) {
    let (Some(key), Some(item)) = (at.key(), at.value()) else { return };
    let prefix = if at.is_flattened() { prefix.to_owned() } else { below(prefix, "entry") };
    for (index, (name, value)) in value.as_object().into_iter().flatten().enumerate() {
        let entry = format!("{prefix}.{}", index + 1);
        fields.push((below(&entry, key.name().unwrap_or("key")), name.clone()));
        write(fields, item, value, &below(&entry, item.name().unwrap_or("value")));
    }
}

/// Blobs are in base64 already.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn below(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::model;

    fn body(service: &str, operation: &str, input: &Value) -> String {
        let model = model(service).unwrap();
        let shape = model.operations[operation].input.as_deref().and_then(|shape| model.shape(shape));
        let sent = outgoing(model, operation, shape, input).unwrap();
        String::from_utf8(sent.body.to_vec()).unwrap()
    }

    /// Made with botocore 1.44.8's `QuerySerializer`.
    #[test]
    fn forms_as_botocore_writes_them() {
        for (service, operation, input, expected) in [
            ("iam", "GetAccountSummary", json!({}), "Action=GetAccountSummary&Version=2010-05-08"),
            (
                "iam",
                "TagUser",
                json!({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}], "UserName": "u"}),
                "Action=TagUser&Version=2010-05-08&Tags.member.1.Key=a&Tags.member.1.Value=1&Tags.member.2.Key=b&\
                 Tags.member.2.Value=&UserName=u",
            ),
            (
                "iam",
                "GetAccountAuthorizationDetails",
                json!({"Filter": ["User", "Role"], "MaxItems": 1000}),
                "Action=GetAccountAuthorizationDetails&Version=2010-05-08&Filter.member.1=User&Filter.member.2=Role&\
                 MaxItems=1000",
            ),
            (
                "iam",
                "UntagUser",
                json!({"TagKeys": [], "UserName": "u"}),
                "Action=UntagUser&Version=2010-05-08&TagKeys=&UserName=u",
            ),
            (
                "iam",
                "UpdateAccountPasswordPolicy",
                json!({"RequireSymbols": false}),
                "Action=UpdateAccountPasswordPolicy&Version=2010-05-08&RequireSymbols=false",
            ),
            (
                "sns",
                "Publish",
                json!({"Message": "m", "MessageAttributes": {"k": {"DataType": "String", "StringValue": "v"}}}),
                "Action=Publish&Version=2010-03-31&Message=m&MessageAttributes.entry.1.Name=k&\
                 MessageAttributes.entry.1.Value.DataType=String&MessageAttributes.entry.1.Value.StringValue=v",
            ),
        ] {
            assert_eq!(body(service, operation, &input), expected, "{operation}");
        }
    }
}
