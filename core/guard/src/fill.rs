//! A template with its holes filled.

use std::collections::BTreeMap;

use kagimori_policy::document::Document;
use kagimori_policy::parse::{Strictness, parse};
use kagimori_policy::print::{print, print_pretty};
use serde_json::{Map, Value};

use crate::parameter::{GuardError, Settings};
use crate::template::Template;

/// A template with its holes filled.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Guard {
    /// What it was made of.
    pub template: &'static Template,
    /// The values of all parameters.
    pub values: BTreeMap<String, Vec<String>>,
    /// The parameters that were set.
    pub(crate) set: Vec<String>,
    /// The policy.
    pub document: Document,
}

impl Guard {
    /// Fills a template.
    ///
    /// # Errors
    /// When a parameter is not known or not set, or a value is none of its kind.
    pub fn new(template: &'static Template, settings: &Settings) -> Result<Self, GuardError> {
        for name in settings.keys() {
            template.parameter(name)?;
        }
        let mut values = BTreeMap::new();
        for parameter in &template.parameters {
            values.insert(parameter.name.clone(), parameter.values(template, settings)?);
        }
        let internal = |what: String| GuardError::Internal { template: template.name, what };
        let holed: Value =
            serde_json::from_str(&template.document).map_err(|error| internal(error.to_string()))?;
        let filled = fill(&holed, &values).map_err(|name| internal(format!("no value for {name}")))?;
        let document =
            parse(&filled.to_string(), Strictness::Strict).map_err(|error| internal(error.to_string()))?;
        Ok(Self { template, values, set: settings.keys().cloned().collect(), document })
    }

    /// The policy as it is best sent: without white space, which counts when it comes through the API (Organizations User Guide,
    /// `orgs_reference_limits`).
    pub fn minified(&self) -> String {
        print(&self.document)
    }

    /// The policy for people.
    pub fn pretty(&self) -> String {
        print_pretty(&self.document)
    }

    /// The same guard with another policy: what somebody made of it by hand.
    #[must_use]
    pub fn with(self, document: Document) -> Self {
        Self { document, ..self }
    }
}

/// The name of a hole, when a text is one and nothing else.
fn hole(text: &str) -> Option<&str> {
    let name = text.strip_prefix("<<")?.strip_suffix(">>")?;
    (!name.contains("<<")).then_some(name)
}

type Values = BTreeMap<String, Vec<String>>;

fn fill(value: &Value, values: &Values) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => match hole(text) {
            Some(name) => match values.get(name).ok_or(name)?.as_slice() {
                [only] => Value::String(only.clone()),
                many => many.iter().cloned().map(Value::String).collect(),
            },
            None => Value::String(fill_text(text, values, &first)?),
        },
        Value::Array(all) => Value::Array(all.iter().map(|one| fill(one, values)).collect::<Result<_, _>>()?),
        Value::Object(all) => {
            let mut filled = Map::new();
            for (key, value) in all {
                filled.insert(fill_text(key, values, &first)?, fill(value, values)?);
            }
            Value::Object(filled)
        }
        other => other.clone(),
    })
}

fn first(values: &[String]) -> String {
    values.first().cloned().unwrap_or_default()
}

/// Puts what `chosen` makes of a parameter's values in the place of each of its holes.
pub(crate) fn fill_text(
    text: &str,
    values: &Values,
    chosen: &dyn Fn(&[String]) -> String,
) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("<<") {
        let (name, after) = behind.split_once(">>").ok_or_else(|| text.to_owned())?;
        filled.push_str(before);
        filled.push_str(&chosen(values.get(name).ok_or_else(|| name.to_owned())?));
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}
