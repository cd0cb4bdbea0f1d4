//! The policy documents of a JSON text: the text itself, or inside what the AWS CLI prints.
//!
//! `get-policy-version` wraps a document in `PolicyVersion`, `get-bucket-policy` and `get-key-policy` give it as a string,
//! `get-account-authorization-details` holds hundreds. One rule serves them all: an object with `Statement` is a document,
//! and so is a string under one of AWS's names that holds such an object, plain or percent-encoded (as the API gives it).

use super::spans::{Node, Value, read, too_deep};
use crate::validate::PolicyKind;

/// The members under which AWS gives documents as strings.
const STRINGS: [&str; 8] = [
    "Policy",
    "PolicyDocument",
    "AssumeRolePolicyDocument",
    "Document",
    "Content",
    "ResourcePolicy",
    // The output of `terraform show -json`.
    "policy",
    "assume_role_policy",
];

/// The members that name their object.
const NAMES: [&str; 7] =
    ["address", "UserName", "RoleName", "GroupName", "PolicyName", "VpcEndpointId", "Name"];

/// A document and where it was found.
pub(super) struct Found<'t> {
    /// Of whom or what it is; empty when the text is the document.
    pub(super) name: String,
    /// The kind that the wrapping tells.
    pub(super) kind: Option<PolicyKind>,
    pub(super) holder: Holder<'t>,
}

pub(super) enum Holder<'t> {
    /// A part of the text.
    Node(&'t Node<'t>),
    /// The content of a string: its text, and for each byte the place in the outer text it comes from.
    Inner(String, Vec<usize>),
}

/// What a text holds.
pub(super) struct Documents<'t> {
    pub(super) found: Vec<Found<'t>>,
    /// How many of AWS's own managed policies were left out: nobody here can change them.
    pub(super) of_aws: usize,
}

/// Every document of a text.
pub(super) fn documents<'t>(root: &'t Node<'t>, text: &str) -> Documents<'t> {
    let mut walk = Walk { text, documents: Documents { found: Vec::new(), of_aws: 0 } };
    walk.visit(root, "", &[], None);
    walk.documents
}

struct Walk<'t, 's> {
    text: &'s str,
    documents: Documents<'t>,
}

impl<'t> Walk<'t, '_> {
    fn visit(&mut self, node: &'t Node<'t>, key: &str, names: &[String], kind: Option<PolicyKind>) {
        if is_document(node) {
            let holder = Holder::Node(node);
            self.documents.found.push(Found { name: names.join(" / "), kind, holder });
            return;
        }
        match &node.value {
            Value::Object(_) => self.object(node, names, kind),
            Value::List(items) => items.iter().for_each(|item| self.visit(item, key, names, kind)),
            Value::Text(_) if STRINGS.contains(&key) => self.string(node, names, kind),
            _ => {}
        }
    }

    fn object(&mut self, node: &'t Node<'t>, names: &[String], kind: Option<PolicyKind>) {
        let is_old = node.get("IsDefaultVersion").is_some_and(|flag| self.slice(flag) == "false");
        if is_old {
            return;
        }
        let arn = node.get("Arn").and_then(Node::text).unwrap_or_default();
        if arn.contains(":iam::aws:policy/") && node.get("PolicyVersionList").is_some() {
            self.documents.of_aws = self.documents.of_aws.saturating_add(1);
            return;
        }
        let mut names = names.to_vec();
        // Organizations puts the name beside the document, in a summary.
        let held = |name: &&str| node.get(name).or_else(|| node.get("PolicySummary")?.get(name));
        names.extend(NAMES.iter().filter_map(held).filter_map(Node::text).map(str::to_owned));
        for (key, member) in node.members() {
            let kind = wrapped_kind(node, &key.text).or(kind);
            let mut names = names.clone();
            if key.text == "AssumeRolePolicyDocument" {
                names.push("trust policy".to_owned());
            }
            self.visit(member, &key.text, &names, kind);
        }
    }

    fn string(&mut self, node: &'t Node<'t>, names: &[String], kind: Option<PolicyKind>) {
        let (text, places) = content(self.slice(node), node.span.start);
        // One that is nested too deep is told, not taken for no document.
        let is_deep = || text.contains("\"Statement\"") && too_deep(&text).is_some();
        let is_it = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok()
            && (read(&text).is_some_and(|inner| is_document(&inner)) || is_deep());
        if is_it {
            self.documents.found.push(Found {
                name: names.join(" / "),
                kind,
                holder: Holder::Inner(text, places),
            });
        }
    }

    fn slice(&self, node: &Node<'_>) -> &str {
        self.text.get(node.span.start..node.span.end).unwrap_or_default()
    }
}

fn is_document(node: &Node<'_>) -> bool {
    node.get("Statement")
        .is_some_and(|statement| matches!(statement.value, Value::List(_) | Value::Object(_)))
}

/// What AWS's own wrapping tells of the kind.
fn wrapped_kind(holder: &Node<'_>, key: &str) -> Option<PolicyKind> {
    if matches!(key, "AssumeRolePolicyDocument" | "assume_role_policy") {
        return Some(PolicyKind::Trust);
    }
    if holder.get("VpcEndpointId").is_some() {
        return Some(PolicyKind::Endpoint);
    }
    // Inline policies, and versions of managed ones.
    let is_inline = key == "PolicyDocument" && holder.get("PolicyName").is_some();
    if is_inline || (key == "Document" && holder.get("IsDefaultVersion").is_some()) {
        return Some(PolicyKind::Identity);
    }
    let summary = holder.get("PolicySummary").unwrap_or(holder);
    match summary.get("Type").and_then(Node::text)? {
        "SERVICE_CONTROL_POLICY" => Some(PolicyKind::ServiceControl),
        "RESOURCE_CONTROL_POLICY" => Some(PolicyKind::ResourceControl),
        _ => None,
    }
}

/// The content of a quoted string, with the outer place of each of its bytes.
fn content(quoted: &str, start: usize) -> (String, Vec<usize>) {
    let (mut text, mut places) = (String::new(), Vec::new());
    let mut push = |c: char, place: usize| {
        text.push(c);
        places.extend(std::iter::repeat_n(place, c.len_utf8()));
    };
    let inside = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let mut rest = inside;
    while let Some(c) = rest.chars().next() {
        let place = start.saturating_add(1).saturating_add(inside.len().saturating_sub(rest.len()));
        let length = if c == '\\' { escape_length(rest) } else { c.len_utf8() };
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if c == '\\' {
            let decoded: String = serde_json::from_str(&format!("\"{piece}\"")).unwrap_or_default();
            decoded.chars().for_each(|c| push(c, place));
        } else {
            push(c, place);
        }
        rest = after;
    }
    if text.starts_with("%7B") || text.starts_with("%7b") { decoded(&text, &places) } else { (text, places) }
}

/// `\n` is 2 bytes, `\u9375` 6, a pair of surrogates 12.
fn escape_length(text: &str) -> usize {
    let is_unicode = |at: usize| text.get(at..).is_some_and(|rest| rest.starts_with("\\u"));
    match (is_unicode(0), is_unicode(6)) {
        (false, _) => 2,
        (true, true) if text.get(2..3).is_some_and(|digit| digit.eq_ignore_ascii_case("d")) => 12,
        (true, _) => 6,
    }
}

/// Percent-decoding, the places kept.
fn decoded(text: &str, places: &[usize]) -> (String, Vec<usize>) {
    let (mut bytes, mut kept) = (Vec::new(), Vec::new());
    let mut at = 0_usize;
    while let Some(byte) = text.as_bytes().get(at) {
        let digits = text.get(at.saturating_add(1)..at.saturating_add(3)).filter(|_| *byte == b'%');
        let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(value.unwrap_or(*byte));
        kept.push(places.get(at).copied().unwrap_or_default());
        at = at.saturating_add(if value.is_some() { 3 } else { 1 });
    }
    (String::from_utf8_lossy(&bytes).into_owned(), kept)
}

#[cfg(test)]
mod tests {
    use super::{Holder, content, documents};
    use crate::lint::spans::read;
    use crate::validate::PolicyKind;

    #[test]
    fn strings_keep_their_places() {
        let quoted = r#""{\"a\":\n\"鍵\u9375\ud83d\ude00\"}""#;
        let (text, places) = content(quoted, 10);
        assert_eq!(text, "{\"a\":\n\"鍵鍵\u{1f600}\"}");
        assert_eq!(text.len(), places.len());
        assert_eq!((places[0], places[1], places[2]), (11, 12, 14));
        let (text, places) = content("\"%7B%22a%22%3A1%7D\"", 0);
        assert_eq!((text.as_str(), places[0], places[1], places[2]), ("{\"a\":1}", 1, 4, 7));
    }

    #[test]
    fn wrapped_documents_are_found_and_named() {
        let inner = r#"{"Statement":[]}"#;
        let text = format!(
            r#"{{"RoleDetailList":[{{"RoleName":"app","AssumeRolePolicyDocument":{inner},
                "RolePolicyList":[{{"PolicyName":"p","PolicyDocument":{inner}}}]}}],
              "Policies":[{{"PolicyName":"m","Arn":"arn:aws:iam::111122223333:policy/m","PolicyVersionList":[
                {{"Document":{inner},"IsDefaultVersion":true}},{{"Document":{inner},"IsDefaultVersion":false}}]}},
                {{"PolicyName":"ReadOnlyAccess","Arn":"arn:aws:iam::aws:policy/ReadOnlyAccess","PolicyVersionList":[
                {{"Document":{inner},"IsDefaultVersion":true}}]}}],
              "Policy":{{"PolicySummary":{{"Name":"scp","Type":"SERVICE_CONTROL_POLICY"}},"Content":"{}"}}}}"#,
            inner.replace('"', "\\\"")
        );
        let root = read(&text).unwrap();
        let found = documents(&root, &text);
        let names: Vec<_> = found.found.iter().map(|found| (found.name.as_str(), found.kind)).collect();
        assert_eq!(
            names,
            [
                ("app / trust policy", Some(PolicyKind::Trust)),
                ("app / p", Some(PolicyKind::Identity)),
                ("m", Some(PolicyKind::Identity)),
                ("scp", Some(PolicyKind::ServiceControl)),
            ]
        );
        assert_eq!(found.of_aws, 1);
        assert!(matches!(found.found[3].holder, Holder::Inner(..)));
    }
}
