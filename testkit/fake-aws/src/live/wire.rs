//! Between the JSON of the AWS CLI and the wire: forms in and XML out for IAM and STS, JSON for the others.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::OWN;
use super::answers::Refused;
use crate::message::{Request, Response};

/// A call as it came.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) operation: String,
    pub(super) input: BTreeMap<String, String>,
    /// Whose credentials signed it.
    pub(super) account: String,
    /// The headers that were signed, as they came.
    pub(super) headers: String,
    is_json: bool,
}

impl Call {
    pub(super) fn beside_the_wire(account: &str, operation: &str, input: BTreeMap<String, String>) -> Self {
        let (operation, account, headers) = (operation.to_owned(), account.to_owned(), String::new());
        Self { operation, input, account, headers, is_json: true }
    }

    pub(super) fn of(request: &Request) -> Self {
        let account = request
            .header("authorization")
            .and_then(|value| value.split_once("Credential=ASIA"))
            .and_then(|(_, rest)| rest.get(..12))
            .unwrap_or(OWN)
            .to_owned();
        let headers = ["authorization", "x-amz-date", "x-amz-security-token"].into_iter();
        let headers =
            headers.filter_map(|name| Some(format!("{name}:{}\n", request.header(name)?))).collect();
        if let Some(target) = request.header("x-amz-target") {
            let body: Map<String, Value> = serde_json::from_slice(&request.body).unwrap_or_default();
            let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let input = body.into_iter().map(|(name, value)| (name, text(value))).collect();
            let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
            return Self { operation, input, account, headers, is_json: true };
        }
        if request.path == "/listRegions" {
            // Account Management speaks REST.
            let (operation, input) = ("ListRegions".to_owned(), BTreeMap::new());
            return Self { operation, input, account, headers, is_json: true };
        }
        let parameters = request.parameters();
        let input: BTreeMap<_, _> =
            parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let operation = input.get("Action").cloned().unwrap_or_default();
        Self { operation, input, account, headers, is_json: false }
    }
}

pub(super) fn response(call: &Call, answer: Result<Value, Refused>) -> Response {
    match (call.is_json, answer) {
        (true, Ok(value)) => {
            Response::json(200, &value).with_header("x-amzn-RequestId", "req-live".to_owned())
        }
        (true, Err(refused)) => {
            let code = if refused.code == "AccessDenied" { "AccessDeniedException" } else { &refused.code };
            Response::json(refused.status, &serde_json::json!({ "__type": code, "message": refused.message }))
        }
        (false, Ok(value)) => {
            let mut body = String::new();
            let name = &call.operation;
            element(&mut body, &format!("{name}Result"), &value);
            let text = format!(
                "<{name}Response>{body}<ResponseMetadata><RequestId>req-live</RequestId></ResponseMetadata></{name}Response>"
            );
            Response::new(200, "text/xml", text)
        }
        (false, Err(refused)) => {
            let mut body = String::new();
            element(&mut body, "Code", &Value::from(refused.code));
            element(&mut body, "Message", &Value::from(refused.message));
            let text = format!(
                "<ErrorResponse><Error><Type>Sender</Type>{body}</Error><RequestId>req-live</RequestId></ErrorResponse>"
            );
            Response::new(refused.status, "text/xml", text)
        }
    }
}

fn element(out: &mut String, name: &str, value: &Value) {
    out.push_str(&format!("<{name}>"));
    match value {
        Value::Null => {}
        // IAM sends documents as URL-encoded text.
        Value::Object(_) if name.ends_with("PolicyDocument") || name == "Document" => {
            out.extend(
                form_urlencoded::byte_serialize(value.to_string().as_bytes())
                    .map(|part| part.replace('+', "%20")),
            );
        }
        Value::Object(fields) if name == "SummaryMap" => {
            for (key, value) in fields {
                out.push_str(&format!("<entry><key>{key}</key><value>{value}</value></entry>"));
            }
        }
        Value::Object(fields) => fields.iter().for_each(|(name, value)| element(out, name, value)),
        Value::Array(items) => items.iter().for_each(|value| element(out, "member", value)),
        Value::String(text) => {
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            out.push_str(&escaped);
        }
        other => out.push_str(&other.to_string()),
    }
    out.push_str(&format!("</{name}>"));
}
