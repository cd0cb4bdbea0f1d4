//! The elements of the language, judged on the tree of the text: everything that is wrong, not only the first thing. What
//! is well formed is then read by [`crate::parse`], so that the rules and the evaluators see the same document.

use super::rule::RuleId;
use super::spans::{Key, Node, Value};
use super::subject::{Path, Sink, shortened};
use crate::document::{Document, Statement, Version};
use crate::operator::{Operator, Qualifier};
use crate::parse;

/// The well-formed part of a document.
pub(super) struct Parsed {
    pub(super) document: Document,
    /// The place of each statement in the text.
    pub(super) numbers: Vec<usize>,
}

/// Reads a document; faults go into the sink.
pub(super) fn document(node: &Node<'_>, text: &str, sink: &mut Sink<'_>) -> Parsed {
    duplicates(node, &Path::default(), sink);
    let mut document = Document { version: None, id: None, statements: Vec::new() };
    let mut numbers = Vec::new();
    if !matches!(node.value, Value::Object(_)) {
        let message = format!("a policy document is a JSON object, not {}", node.kind());
        sink.add(RuleId::DataTypeMismatch, Path::default(), message);
        return Parsed { document, numbers };
    }
    for (key, member) in node.members() {
        let path = Path::default().key(&key.text);
        match key.text.as_ref() {
            "Version" => document.version = version(member, path, sink),
            "Id" => document.id = text_element(member, path, sink),
            "Statement" => {}
            other => unknown(other, &["Version", "Id", "Statement"], path, sink),
        }
    }
    if node.get("Version").is_none() {
        let message = "the document has no `Version` and is read as 2008-10-17".to_owned();
        sink.add(RuleId::MissingVersion, Path::default(), message);
    }
    let statements = match node.get("Statement") {
        Some(Node { value: Value::List(items), .. }) if !items.is_empty() => items.as_slice(),
        Some(Node { value: Value::List(_), .. }) => {
            let path = Path::default().key("Statement");
            sink.add(RuleId::MissingStatement, path, "the list of statements is empty".to_owned());
            &[]
        }
        Some(one) => std::slice::from_ref(one),
        None => {
            sink.add(RuleId::MissingStatement, Path::default(), "the document has no `Statement`".to_owned());
            &[]
        }
    };
    for (number, statement) in statements.iter().enumerate() {
        if let Some(read) = self::statement(statement, number, text, sink) {
            document.statements.push(read);
            numbers.push(number);
        }
    }
    Parsed { document, numbers }
}

fn version(node: &Node<'_>, path: Path, sink: &mut Sink<'_>) -> Option<Version> {
    match text_element(node, path.clone(), sink)?.as_str() {
        "2012-10-17" => Some(Version::V2012),
        "2008-10-17" => Some(Version::V2008),
        other => {
            sink.add(RuleId::InvalidVersion, path, format!("`{}` is no version", shortened(other)));
            None
        }
    }
}

/// An element that is one string.
fn text_element(node: &Node<'_>, path: Path, sink: &mut Sink<'_>) -> Option<String> {
    let text = node.text().map(str::to_owned);
    if text.is_none() {
        sink.add(RuleId::DataTypeMismatch, path, format!("a string is wanted here, not {}", node.kind()));
    }
    text
}

fn unknown(key: &str, known: &[&str], path: Path, sink: &mut Sink<'_>) {
    let meant = known.iter().find(|known| known.eq_ignore_ascii_case(key)).copied();
    let meant = meant.or_else(|| kagimori_id::nearest(key, known.iter().copied()));
    let hint = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
    let message = format!("`{}` is not an element of the policy language{hint}", shortened(key));
    sink.add(RuleId::InvalidPolicyElement, path, message);
}

const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// One statement, when it is well formed.
fn statement(node: &Node<'_>, number: usize, text: &str, sink: &mut Sink<'_>) -> Option<Statement> {
    let path = Path::default().key("Statement").item(number);
    if !matches!(node.value, Value::Object(_)) {
        let message = format!("a statement is a JSON object, not {}", node.kind());
        sink.add(RuleId::DataTypeMismatch, path, message);
        return None;
    }
    let before = sink.drafts.len();
    let mut is_sound = true;
    for (key, member) in node.members() {
        is_sound &= element(&key.text, member, &path, sink);
    }
    is_sound &= presence(node, &path, sink);
    let slice = text.get(node.span.start..node.span.end)?;
    match parse::statement(slice) {
        Ok(statement) if is_sound => Some(statement),
        // A key that stands twice is told of the document, with its place.
        Err(error) if sink.drafts.len() == before && !has_twice(node) => {
            sink.add(RuleId::DataTypeMismatch, path, error.message().to_owned());
            None
        }
        _ => None,
    }
}

/// What must be there, and what must not be there together.
fn presence(node: &Node<'_>, path: &Path, sink: &mut Sink<'_>) -> bool {
    let has = |key: &str| node.get(key).is_some();
    for (one, other) in [("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")]
    {
        if has(one) && has(other) {
            let message = format!("the statement has both `{one}` and `{other}`");
            sink.add(RuleId::UnsupportedElementCombination, path.clone().key(other), message);
        }
    }
    if !has("Effect") {
        sink.add(RuleId::MissingEffect, path.clone(), "the statement has no `Effect`".to_owned());
    }
    if !has("Action") && !has("NotAction") {
        let message = "the statement has neither `Action` nor `NotAction`".to_owned();
        sink.add(RuleId::MissingAction, path.clone(), message);
    }
    has("Effect") && (has("Action") || has("NotAction"))
}

/// Whether an element has the right type.
fn element(key: &str, node: &Node<'_>, statement: &Path, sink: &mut Sink<'_>) -> bool {
    let path = statement.clone().key(key);
    match key {
        "Sid" => sid(node, path, sink),
        "Effect" => effect(node, path, sink),
        "Action" | "NotAction" => {
            strings(node, &path, sink) && filled(node, RuleId::EmptyArrayAction, "action", path, sink)
        }
        "Resource" | "NotResource" => {
            strings(node, &path, sink) && filled(node, RuleId::EmptyArrayResource, "resource", path, sink)
        }
        "Principal" | "NotPrincipal" => principal(node, &path, sink),
        "Condition" => condition(node, &path, sink),
        other => {
            unknown(other, &ELEMENTS, path, sink);
            true
        }
    }
}

fn sid(node: &Node<'_>, path: Path, sink: &mut Sink<'_>) -> bool {
    let text = text_element(node, path.clone(), sink);
    if text.as_deref() == Some("") {
        sink.add(RuleId::EmptySid, path, "the Sid is empty".to_owned());
    }
    text.is_some()
}

fn effect(node: &Node<'_>, path: Path, sink: &mut Sink<'_>) -> bool {
    let Some(text) = text_element(node, path.clone(), sink) else { return false };
    let is_effect = matches!(text.as_str(), "Allow" | "Deny");
    if !is_effect {
        sink.add(RuleId::InvalidEffect, path, format!("`{}` is no effect", shortened(&text)));
    }
    is_effect
}

/// A string or a list of strings.
fn strings(node: &Node<'_>, path: &Path, sink: &mut Sink<'_>) -> bool {
    if !matches!(node.value, Value::Text(_) | Value::List(_)) {
        let message = format!("a string or a list of strings is wanted here, not {}", node.kind());
        sink.add(RuleId::DataTypeMismatch, path.clone(), message);
        return false;
    }
    let mut is_sound = true;
    for (number, item) in node.items().iter().enumerate().filter(|(_, item)| item.text().is_none()) {
        let message = format!("a string is wanted here, not {}", item.kind());
        sink.add(RuleId::DataTypeMismatch, path.clone().item(number), message);
        is_sound = false;
    }
    is_sound
}

/// A list with something in it.
fn filled(node: &Node<'_>, rule: RuleId, what: &str, path: Path, sink: &mut Sink<'_>) -> bool {
    let is_empty = matches!(&node.value, Value::List(items) if items.is_empty());
    if is_empty {
        sink.add(rule, path, format!("the list has no {what}"));
    }
    true
}

fn principal(node: &Node<'_>, path: &Path, sink: &mut Sink<'_>) -> bool {
    match &node.value {
        Value::Text(text) if text == "*" => true,
        Value::Text(text) => {
            let message = format!("`{0}` is no principal; write `{{\"AWS\": \"{0}\"}}`", shortened(text));
            sink.add(RuleId::InvalidPrincipalFormat, path.clone(), message);
            false
        }
        Value::Object(members) => {
            if members.is_empty() {
                sink.add(RuleId::EmptyObjectPrincipal, path.clone(), "the object names nobody".to_owned());
            }
            members.iter().fold(true, |is_sound, (key, member)| {
                let path = path.clone().key(&key.text);
                let is_list = strings(member, &path, sink);
                is_sound & (is_list && filled(member, RuleId::EmptyArrayPrincipal, "principal", path, sink))
            })
        }
        _ => {
            let message = format!("`\"*\"` or an object of principals is wanted here, not {}", node.kind());
            sink.add(RuleId::DataTypeMismatch, path.clone(), message);
            false
        }
    }
}

fn condition(node: &Node<'_>, path: &Path, sink: &mut Sink<'_>) -> bool {
    let Value::Object(operators) = &node.value else {
        let message = format!("an object of condition operators is wanted here, not {}", node.kind());
        sink.add(RuleId::DataTypeMismatch, path.clone(), message);
        return false;
    };
    if operators.is_empty() {
        sink.add(RuleId::EmptyObjectCondition, path.clone(), "the condition limits nothing".to_owned());
    }
    operators.iter().fold(true, |is_sound, (operator, keys)| {
        is_sound & operator_block(&operator.text, keys, &path.clone().key(&operator.text), sink)
    })
}

fn operator_block(operator: &str, node: &Node<'_>, path: &Path, sink: &mut Sink<'_>) -> bool {
    let Value::Object(keys) = &node.value else {
        let message = format!("an object of condition keys is wanted here, not {}", node.kind());
        sink.add(RuleId::DataTypeMismatch, path.clone(), message);
        return false;
    };
    if keys.is_empty() {
        sink.add(
            RuleId::EmptyObjectCondition,
            path.clone(),
            format!("`{}` limits nothing", shortened(operator)),
        );
    }
    keys.iter().fold(true, |is_sound, (key, value)| {
        is_sound & values(operator, value, &path.clone().key(&key.text), sink)
    })
}

fn values(operator: &str, node: &Node<'_>, path: &Path, sink: &mut Sink<'_>) -> bool {
    let is_scalar = |node: &Node<'_>| matches!(node.value, Value::Text(_) | Value::Number | Value::Bool);
    let items = match &node.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    if items.is_empty() {
        let message = "the condition has no value to compare with".to_owned();
        sink.add(empty_values(operator), path.clone(), message);
    }
    let mut is_sound = true;
    for (number, item) in items.iter().enumerate().filter(|(_, item)| !is_scalar(item)) {
        let message = format!("a string, number or boolean is wanted here, not {}", item.kind());
        sink.add(RuleId::DataTypeMismatch, path.clone().item(number), message);
        is_sound = false;
    }
    is_sound
}

fn empty_values(operator: &str) -> RuleId {
    match Operator::parse(operator) {
        Some(Operator { qualifier: Some(Qualifier::ForAllValues), .. }) => {
            RuleId::EmptyArrayConditionForAllValues
        }
        Some(Operator { qualifier: Some(Qualifier::ForAnyValue), .. }) => {
            RuleId::EmptyArrayConditionForAnyValue
        }
        Some(Operator { if_exists: true, .. }) => RuleId::EmptyArrayConditionIfExists,
        _ => RuleId::EmptyArrayCondition,
    }
}

/// Keys that stand twice, at every depth. Case makes no difference: element names and condition keys have none, and two
/// kinds of principal that differ in case are one of them wrong.
fn duplicates(node: &Node<'_>, path: &Path, sink: &mut Sink<'_>) {
    for (place, (key, member)) in node.members().iter().enumerate() {
        if let Some(twin) = twin(node, place) {
            twice(&key.text, &twin.text, path.clone().key(&key.text), sink);
        }
        if matches!(member.value, Value::Object(_) | Value::List(_)) {
            duplicates(member, &path.clone().key(&key.text), sink);
        }
    }
    for (place, item) in node.items().iter().enumerate() {
        if matches!(item.value, Value::Object(_)) {
            duplicates(item, &path.clone().item(place), sink);
        }
    }
}

/// The key before it that is the same as that of the member at a place.
fn twin<'n, 't>(node: &'n Node<'t>, place: usize) -> Option<&'n Key<'t>> {
    let (before, rest) = node.members().split_at_checked(place)?;
    let (key, _) = rest.first()?;
    before.iter().map(|(held, _)| held).find(|held| held.text.eq_ignore_ascii_case(&key.text))
}

/// Whether a key stands twice in it, at any depth.
fn has_twice(node: &Node<'_>) -> bool {
    (0..node.members().len()).any(|place| twin(node, place).is_some())
        || node.members().iter().any(|(_, member)| has_twice(member))
        || node.items().iter().any(has_twice)
}

fn twice(key: &str, twin: &str, path: Path, sink: &mut Sink<'_>) {
    if key == twin {
        sink.add(RuleId::DuplicateKey, path, format!("the key `{}` stands here twice", shortened(key)));
    } else {
        let message = format!("`{}` and `{}` are the same key", shortened(twin), shortened(key));
        sink.add(RuleId::DuplicateKeyCase, path, message);
    }
}
