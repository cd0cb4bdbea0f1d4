//! The form of SARIF 2.1.0 (OASIS), once: the review and `policy check` say what stands in it.

use std::borrow::Cow;
use std::path::Path;

use serde::Serialize;

/// A log of one run.
#[derive(Serialize)]
pub(crate) struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column_kind: Option<&'static str>,
    invocations: [Invocation; 1],
    results: Vec<SarifResult<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

/// Who speaks, and the rules that it speaks of.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Driver<'a> {
    pub(crate) name: &'static str,
    pub(crate) semantic_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) information_uri: Option<&'static str>,
    pub(crate) rules: Vec<Rule<'a>>,
}

/// What is wrong in general (3.49, reportingDescriptor).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule<'a> {
    pub(crate) id: &'a str,
    pub(crate) short_description: Message<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) full_description: Option<Message<'a>>,
    pub(crate) help: Message<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) help_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_configuration: Option<Configuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) properties: Option<Properties>,
}

/// How loud a rule is when nobody says otherwise.
#[derive(Serialize)]
pub(crate) struct Configuration {
    pub(crate) level: &'static str,
    pub(crate) enabled: bool,
}

/// What code hosts sort by.
#[derive(Serialize)]
pub(crate) struct Properties {
    pub(crate) tags: [String; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aws: Option<&'static str>,
    #[serde(rename = "security-severity", skip_serializing_if = "Option::is_none")]
    pub(crate) security_severity: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

/// What could not be looked at: no result, or code hosts would count it as a fault.
#[derive(Serialize)]
pub(crate) struct Notification {
    pub(crate) level: &'static str,
    pub(crate) message: Message<'static>,
}

/// What is wrong here (3.27).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SarifResult<'a> {
    pub(crate) rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule_index: Option<usize>,
    pub(crate) level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<&'static str>,
    pub(crate) message: Message<'a>,
    pub(crate) locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) related_locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) suppressions: Vec<Suppression>,
    pub(crate) partial_fingerprints: Fingerprints,
}

/// A waiver.
#[derive(Serialize)]
pub(crate) struct Suppression {
    kind: &'static str,
    justification: Message<'static>,
}

/// What makes a result the same as that of an earlier run.
#[derive(Serialize)]
pub(crate) struct Fingerprints {
    #[serde(rename = "kagimori/v1")]
    pub(crate) uid: String,
}

/// A place in a file, and the name of what lies there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Location {
    physical_location: Physical,
    logical_locations: [Logical; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

/// Lines and columns, from 1. GitHub and others refuse a location without `startLine` (GitHub, "SARIF support for code scanning").
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Region {
    pub(crate) start_line: usize,
    #[serde(flatten)]
    pub(crate) rest: Option<Extent>,
}

/// The rest of a region whose extent is known.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Extent {
    pub(crate) start_column: usize,
    pub(crate) end_line: usize,
    pub(crate) end_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    fully_qualified_name: String,
}

/// A text.
#[derive(Serialize)]
pub(crate) struct Message<'a> {
    text: Cow<'a, str>,
}

/// How columns are counted: by letters, where there are any columns.
pub(crate) const LETTERS: &str = "unicodeCodePoints";

/// The log of a run; it was successful when nothing was left out.
pub(crate) fn log<'a>(
    driver: Driver<'a>,
    column_kind: Option<&'static str>,
    (execution_successful, tool_execution_notifications): (bool, Vec<Notification>),
    results: Vec<SarifResult<'a>>,
) -> Log<'a> {
    let invocations = [Invocation { execution_successful, tool_execution_notifications }];
    let run = Run { tool: Tool { driver }, column_kind, invocations, results };
    Log { schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] }
}

/// A message.
pub(crate) fn message<'a>(text: impl Into<Cow<'a, str>>) -> Message<'a> {
    Message { text: text.into() }
}

/// A waiver with its reason.
pub(crate) fn suppression(reason: String) -> Suppression {
    Suppression { kind: "external", justification: message(reason) }
}

/// A place.
pub(crate) fn location(file: &str, region: Region, name: String) -> Location {
    let physical_location = Physical { artifact_location: Artifact { uri: uri(file) }, region };
    Location { physical_location, logical_locations: [Logical { fully_qualified_name: name }] }
}

/// A file's name as a URI reference (RFC 3986).
fn uri(file: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let path = file.strip_prefix("./").unwrap_or(file).replace('\\', "/");
    let encoded: String = path
        .bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    if Path::new(file).is_absolute() { format!("file://{encoded}") } else { encoded }
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn a_files_name_is_a_uri_reference() {
        assert_eq!(uri("./a b/鍵.json"), "a%20b/%E9%8D%B5.json");
        assert_eq!(uri("/etc/a#1.json"), "file:///etc/a%231.json");
    }
}
