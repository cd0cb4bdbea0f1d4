//! A service's model, cut down to what some of its operations need: botocore's own words, without what is only for readers.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use super::{at, member};

/// What of a shape says how its values look on the wire.
const OF_SHAPE: [&str; 14] = [
    "type",
    "members",
    "required",
    "payload",
    "member",
    "key",
    "value",
    "flattened",
    "location",
    "locationName",
    "xmlNamespace",
    "timestampFormat",
    "document",
    "union",
];
/// What of a member does.
const OF_MEMBER: [&str; 9] = [
    "shape",
    "location",
    "locationName",
    "flattened",
    "xmlNamespace",
    "xmlAttribute",
    "timestampFormat",
    "idempotencyToken",
    "jsonvalue",
];
/// What of a member only warns readers, or narrows what AWS itself checks.
const NOT_OF_MEMBER: [&str; 7] = [
    "documentation",
    "deprecated",
    "deprecatedMessage",
    "deprecatedSince",
    "box",
    "contextParam",
    "streaming",
];

/// The cut.
pub(super) struct Cut {
    pub(super) operations: BTreeMap<String, Value>,
    pub(super) shapes: BTreeMap<String, Value>,
    /// Codes with the HTTP status and, where the model says so, how they are tried again.
    pub(super) errors: BTreeMap<String, Value>,
}

/// Cuts a model.
pub(super) fn cut(model: &Value, paginators: &Value, wanted: &[&str]) -> anyhow::Result<Cut> {
    let mut cut = Cut { operations: BTreeMap::new(), shapes: BTreeMap::new(), errors: BTreeMap::new() };
    for name in wanted {
        let operation = member(at(model, "/operations"), name);
        if operation.is_null() {
            bail!("the model has no operation {name}");
        }
        let row =
            cut.operation(model, operation, member(paginators, name)).with_context(|| (*name).to_owned())?;
        if cut.operations.insert((*name).to_owned(), row).is_some() {
            bail!("{name} is listed twice");
        }
    }
    Ok(cut)
}

impl Cut {
    fn operation(&mut self, model: &Value, operation: &Value, pages: &Value) -> anyhow::Result<Value> {
        for key in ["endpoint", "endpointdiscovery", "requestcompression"] {
            if !member(operation, key).is_null() {
                bail!("`{key}` is not known to the client");
            }
        }
        if *at(operation, "/httpChecksumRequired") == json!(true)
            || *at(operation, "/httpChecksum/requestChecksumRequired") == json!(true)
        {
            bail!("a checksum of the body is not known to the client");
        }
        let mut row = Map::new();
        let http = at(operation, "/http");
        if at(http, "/method") != "POST" {
            row.insert("method".to_owned(), at(http, "/method").clone());
        }
        if at(http, "/requestUri") != "/" {
            row.insert("uri".to_owned(), at(http, "/requestUri").clone());
        }
        for side in ["input", "output"] {
            if let Some(shape) = at(member(operation, side), "/shape").as_str() {
                row.insert(side.to_owned(), json!(shape));
                self.shape(model, shape)?;
            }
        }
        if let Some(name) = at(operation, "/input/locationName").as_str() {
            row.insert("inputName".to_owned(), json!(name));
        }
        if let Some(wrapper) = at(operation, "/output/resultWrapper").as_str() {
            row.insert("wrapper".to_owned(), json!(wrapper));
        }
        if at(operation, "/authtype") == "none" {
            row.insert("unsigned".to_owned(), json!(true));
        }
        if !pages.is_null() {
            row.insert("pages".to_owned(), pages_of(pages)?);
        }
        let mut errors = BTreeSet::new();
        for error in at(operation, "/errors").as_array().into_iter().flatten() {
            errors.insert(self.error(model, at(error, "/shape").as_str().context("an error has no shape")?)?);
        }
        row.insert("errors".to_owned(), json!(errors));
        Ok(Value::Object(row))
    }

    fn error(&mut self, model: &Value, name: &str) -> anyhow::Result<String> {
        let shape = member(at(model, "/shapes"), name);
        let code = at(shape, "/error/code").as_str().unwrap_or(name).to_owned();
        let mut row = Map::new();
        if let Some(status) = at(shape, "/error/httpStatusCode").as_u64() {
            row.insert("status".to_owned(), json!(status));
        }
        if at(shape, "/retryable").is_object() {
            let throttles = *at(shape, "/retryable/throttling") == json!(true);
            row.insert("retry".to_owned(), json!(if throttles { "throttling" } else { "transient" }));
        }
        let row = Value::Object(row);
        match self.errors.insert(code.clone(), row.clone()) {
            Some(other) if other != row => bail!("two shapes of the error {code} say different things"),
            _ => Ok(code),
        }
    }

    fn shape(&mut self, model: &Value, name: &str) -> anyhow::Result<()> {
        if self.shapes.contains_key(name) {
            return Ok(());
        }
        let shape = member(at(model, "/shapes"), name)
            .as_object()
            .with_context(|| format!("there is no shape {name}"))?;
        if shape.contains_key("eventstream") {
            bail!("{name} is a stream of events");
        }
        let mut row: Map<String, Value> = shape
            .iter()
            .filter(|(key, _)| OF_SHAPE.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        // A shape that holds itself ends here.
        self.shapes.insert(name.to_owned(), Value::Null);
        for key in ["member", "key", "value"] {
            if let Some(member) = row.get_mut(key) {
                self.member(model, member)?;
            }
        }
        if let Some(Value::Object(members)) = row.get_mut("members") {
            for member in members.values_mut() {
                self.member(model, member)?;
            }
        }
        self.shapes.insert(name.to_owned(), Value::Object(row));
        Ok(())
    }

    fn member(&mut self, model: &Value, member: &mut Value) -> anyhow::Result<()> {
        let Value::Object(keys) = member else { bail!("a member is no object") };
        keys.retain(|key, _| !NOT_OF_MEMBER.contains(&key.as_str()));
        if let Some(unknown) = keys.keys().find(|key| !OF_MEMBER.contains(&key.as_str())) {
            bail!("a member says `{unknown}`, which the client does not know");
        }
        let shape = keys.get("shape").and_then(Value::as_str).context("a member has no shape")?.to_owned();
        self.shape(model, &shape)
    }
}

fn pages_of(pages: &Value) -> anyhow::Result<Value> {
    let mut row = Map::new();
    for (ours, theirs) in [
        ("input", "input_token"),
        ("output", "output_token"),
        ("results", "result_key"),
        ("keep", "non_aggregate_keys"),
    ] {
        let paths = match member(pages, theirs) {
            Value::Null => continue,
            Value::String(path) => vec![path.clone()],
            other => serde_json::from_value(other.clone())?,
        };
        if let Some(path) = paths.iter().find(|path| !is_plain(path)) {
            bail!("`{path}` of the paginator is more than a path");
        }
        row.insert(ours.to_owned(), json!(paths));
    }
    if let Some(path) = pages["more_results"].as_str() {
        row.insert("more".to_owned(), json!(path));
    }
    if row.get("input").is_none() || row.get("results").is_none() {
        bail!("the paginator has no token or no result");
    }
    Ok(Value::Object(row))
}

fn is_plain(path: &str) -> bool {
    path.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}
