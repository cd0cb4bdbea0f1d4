//! A row of a query's answer, as lists of cells: CloudTrail Lake's `get-query-results` and the results of CloudWatch Logs
//! Insights.
//!
//! A cell is `{"eventJson": "…"}` there and `{"field": "@message", "value": "…"}` here; the one that holds a record as text is
//! wanted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer};

use super::record::Text;

/// What a row holds.
pub(super) struct Row {
    /// The record, as text.
    pub(super) record: Option<String>,
}

type Cell<'a> = BTreeMap<Cow<'a, str>, Text<'a>>;

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let cells: Vec<Cell<'de>> = Vec::deserialize(deserializer)?;
        Ok(Self { record: cells.into_iter().find_map(record) })
    }
}

fn record(mut cell: Cell<'_>) -> Option<String> {
    let is_message = cell.get("field").is_some_and(|field| field.value.as_deref() == Some("@message"));
    let key = if is_message { "value" } else { "eventJson" };
    cell.remove(key)?.value.map(Cow::into_owned)
}
