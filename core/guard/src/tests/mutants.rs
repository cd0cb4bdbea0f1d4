//! A guard that was written down wrongly is noticed by its obligations: each condition key, each value, each action, each
//! statement is taken out in turn, and each pattern made wider or narrower.

use kagimori_policy::document::Document;
use kagimori_policy::parse::{Strictness, parse};
use serde_json::Value;

use super::guard;
use crate::proof::is_proved;
use crate::templates;

/// Mutants that mean the same, or that no obligation can know of: what is wrong with each is said.
const ACCEPTED: [(&str, &str); 0] = [];

#[test]
fn mutants_of_every_template_are_noticed() {
    let (mut all, mut lived) = (0_usize, Vec::new());
    for template in templates() {
        let guard = guard(template);
        let whole: Value = serde_json::from_str(&guard.minified()).unwrap();
        for (what, mutant) in mutants(&whole) {
            let Some(document) = document(&mutant).filter(|document| *document != guard.document) else {
                continue;
            };
            all += 1;
            if is_proved(&guard.clone().with(document)) && !ACCEPTED.contains(&(template.name, what.as_str()))
            {
                lived.push(format!("{}: {what}", template.name));
            }
        }
    }
    eprintln!("FIGURE {} of {all} noticed; {lived:?}", all - lived.len());
    assert!(all > 300, "{all}");
    assert!(lived.len() * 20 <= all, "{} of {all} live: {lived:#?}", lived.len());
}

fn document(value: &Value) -> Option<Document> {
    parse(&value.to_string(), Strictness::Strict).ok()
}

/// Every policy that lacks one thing, or has one thing otherwise.
fn mutants(whole: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let statements = whole["Statement"].as_array().unwrap();
    for (number, statement) in statements.iter().enumerate() {
        let mut put = |what: String, changed: Value| {
            let mut mutant = whole.clone();
            mutant["Statement"][number] = changed;
            found.push((format!("{number} {what}"), mutant));
        };
        let mut other = statement.clone();
        other["Effect"] = Value::from(if statement["Effect"] == "Deny" { "Allow" } else { "Deny" });
        put("effect".to_owned(), other);
        for element in ["Action", "NotAction", "Resource", "NotResource"] {
            for (what, changed) in lists(&statement[element]) {
                let mut mutant = statement.clone();
                mutant[element] = changed;
                put(format!("{element} {what}"), mutant);
            }
        }
        for (what, changed) in conditions(&statement["Condition"]) {
            let mut mutant = statement.clone();
            mutant["Condition"] = changed;
            put(what, mutant);
        }
    }
    if statements.len() > 1 {
        for number in 0..statements.len() {
            let mut mutant = whole.clone();
            mutant["Statement"].as_array_mut().unwrap().remove(number);
            found.push((format!("without statement {number}"), mutant));
        }
    }
    found
}

/// A list without one of its values; a value without its end.
fn lists(value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Array(values) if values.len() > 1 => (0..values.len())
            .map(|place| {
                let mut rest = values.clone();
                let gone = rest.remove(place);
                (format!("without {gone}"), Value::Array(rest))
            })
            .collect(),
        Value::String(text) if text != "*" => {
            let last = text.rsplit(['/', ':']).next().unwrap();
            let wider = format!("{}*", text.strip_suffix(last).unwrap());
            (wider != *text).then(|| (format!("as {wider}"), Value::String(wider))).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn conditions(value: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let Some(operators) = value.as_object() else { return found };
    for (operator, keys) in operators {
        for (key, values) in keys.as_object().unwrap() {
            let mut without = value.clone();
            without[operator].as_object_mut().unwrap().remove(key);
            if without[operator].as_object().unwrap().is_empty() {
                without.as_object_mut().unwrap().remove(operator);
            }
            found.push((format!("without {operator} {key}"), without.clone()));
            let mut turned = without;
            let other = turned_operator(operator);
            if turned.get(&other).is_none() {
                turned[other.as_str()] = serde_json::json!({});
            }
            turned[other.as_str()][key] = values.clone();
            found.push((format!("{key} by {other}"), turned));
            for (what, changed) in lists(values) {
                let mut mutant = value.clone();
                mutant[operator][key] = changed;
                found.push((format!("{key} {what}"), mutant));
            }
        }
    }
    found
}

/// The operator that says the opposite.
fn turned_operator(operator: &str) -> String {
    match operator.strip_suffix("IfExists").unwrap_or(operator) {
        "ArnNotLike" => "ArnLike",
        "ArnLike" => "ArnNotLike",
        "StringNotLike" => "StringLike",
        "StringLike" => "StringNotLike",
        "StringNotEquals" => "StringEquals",
        "StringEquals" => "StringNotEquals",
        "NotIpAddress" => "IpAddress",
        // The value is what can be wrong.
        "Bool" | "Null" => "Bool",
        other => panic!("{other}"),
    }
    .to_owned()
}
