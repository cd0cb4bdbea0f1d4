//! `kagimori trail console`: sign-ins to the console, with MFA and without.

use kagimori_trail::Usage;
use kagimori_trail::usage::SignIns;
use serde_json::Value;

use super::table::Table;

/// One row per user and root, and per name that no event tells the ARN of.
pub(super) fn table(usage: &Usage) -> Table {
    let named = usage.sign_ins.iter().map(|(arn, sum)| (arn.to_string(), sum));
    let unnamed =
        usage.unnamed_sign_ins.iter().map(|((account, name), sum)| (format!("{account}:user/{name}"), sum));
    let rows = named.chain(unnamed).map(|(name, sum)| row(&name, sum));
    Table {
        question: "console",
        columns: vec!["who", "succeeded", "without_mfa", "failed", "last_success", "last_without_mfa"],
        rows: rows.collect(),
        summary: None,
        nothing: "nobody signed in to the console as a user or root",
    }
}

fn row(name: &str, sum: &SignIns) -> Vec<Value> {
    let time = |at: Option<jiff::Timestamp>| at.map_or(Value::Null, |at| Value::from(at.to_string()));
    vec![
        Value::from(name),
        Value::from(sum.succeeded),
        Value::from(sum.without_mfa),
        Value::from(sum.failed),
        time(sum.last_success),
        time(sum.last_without_mfa),
    ]
}
