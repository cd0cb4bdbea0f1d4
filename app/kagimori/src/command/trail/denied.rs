//! `kagimori trail denied`: calls that were refused for want of a permission.

use kagimori_trail::Usage;
use kagimori_trail::usage::Activity;
use serde_json::Value;

use super::table::Table;

/// One row per principal, action and error, most calls first.
pub(super) fn table(usage: &Usage) -> Table {
    let users = usage.users.iter().chain(&usage.roles).map(|(arn, activity)| (arn.to_string(), activity));
    let roots = usage.roots.iter().map(|(account, activity)| (format!("{account}:root"), activity));
    let mut rows: Vec<Vec<Value>> =
        users.chain(roots).flat_map(|(name, activity)| of(&name, activity)).collect();
    let order = |row: &Vec<Value>| {
        let calls = row.get(3).and_then(Value::as_u64).unwrap_or_default();
        let text = |at: usize| row.get(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        (std::cmp::Reverse(calls), text(0), text(1), text(2))
    };
    rows.sort_by_cached_key(order);
    Table {
        question: "denied",
        columns: vec!["principal", "action", "error", "calls", "first", "last"],
        rows,
        summary: None,
        nothing: "no call of a user, role or root was refused",
    }
}

fn of(name: &str, activity: &Activity) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for (action, used) in &activity.actions {
        for (error, seen) in &used.errors {
            rows.push(vec![
                Value::from(name),
                Value::from(format!("{}:{}", action.service, action.name)),
                Value::from(error.as_str()),
                Value::from(seen.calls),
                Value::from(seen.first.to_string()),
                Value::from(seen.last.to_string()),
            ]);
        }
    }
    rows
}
