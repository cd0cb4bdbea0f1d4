//! `kagimori trail console`: sign-ins to the console and to Identity Center, with MFA and without.

use kagimori_trail::Usage;
use kagimori_trail::usage::SignIns;
use serde_json::Value;

use super::table::Table;

/// One row per user and root, per session of a role or federated user, per name that no event tells the ARN of, and per person of
/// Identity Center.
pub(super) fn table(usage: &Usage) -> Table {
    let named = usage.sign_ins.iter().map(|(arn, sum)| (arn.to_string(), sum));
    let unnamed =
        usage.unnamed_sign_ins.iter().map(|((account, name), sum)| (format!("{account}:user/{name}"), sum));
    let persons = usage.person_sign_ins.iter();
    let persons = persons.map(|((account, name), sum)| (format!("{account}:identity-center/{name}"), sum));
    let rows = named.chain(unnamed).chain(persons).map(|(name, sum)| row(&name, sum));
    Table {
        question: "console",
        columns: vec!["who", "succeeded", "without_mfa", "failed", "last_success", "last_without_mfa"],
        rows: rows.collect(),
        summary: None,
        nothing: "nobody signed in to the console",
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
