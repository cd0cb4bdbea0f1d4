//! The rows of AWS's APIs: services, operations, shapes, errors and addresses, as `cargo xtask gen aws` cut them from the
//! models of botocore, in botocore's own words. A service is read when it is first called.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../data/", $name, ".json")))),*]
    };
}

/// Services by the names that botocore and the AWS CLI call them by.
const FILES: [(&str, &str); 23] = files![
    "account",
    "account-access",
    "accessanalyzer",
    "athena",
    "cloudtrail",
    "config",
    "ecr",
    "events",
    "iam",
    "identitystore",
    "kms",
    "lambda",
    "organizations",
    "s3",
    "secretsmanager",
    "securityhub",
    "ses",
    "sesv2",
    "sns",
    "sqs",
    "ssm",
    "sso-admin",
    "sts",
];

static MODELS: [OnceLock<Option<Model>>; FILES.len()] = [const { OnceLock::new() }; FILES.len()];

/// The rows of a service.
pub(crate) fn model(service: &str) -> Option<&'static Model> {
    let (index, (_, text)) = FILES.iter().enumerate().find(|(_, (name, _))| *name == service)?;
    // That every file can be read is tested.
    MODELS.get(index)?.get_or_init(|| serde_json::from_str(text).ok()).as_ref()
}

/// The names of the services in `AWS_ENDPOINT_URL_<SERVICE>`, in small letters: without reading their rows.
pub(crate) fn ids() -> impl Iterator<Item = &'static str> {
    FILES.iter().filter_map(|(_, text)| {
        let (_, rest) = text.split_once("\"id\":\"")?;
        rest.split_once('"').map(|(id, _)| id)
    })
}

/// Every service.
pub(crate) fn services() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// Every service and its operations, for tests and scripts.
pub fn operations() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.iter().flat_map(|(name, _)| {
        let operations = model(name).into_iter().flat_map(|model| model.operations.keys());
        operations.map(move |operation| (*name, operation.as_str()))
    })
}

/// A service.
#[derive(Debug, Deserialize)]
pub(crate) struct Model {
    pub(crate) metadata: Metadata,
    /// By partition or Region; `xtask/src/aws/endpoints.rs` describes a row.
    pub(crate) endpoints: BTreeMap<String, [Option<String>; 4]>,
    pub(crate) operations: BTreeMap<String, Operation>,
    pub(crate) errors: BTreeMap<String, ErrorRow>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Metadata {
    pub(crate) protocol: Protocol,
    pub(crate) signing_name: String,
    /// apiVersion
    pub(crate) version: String,
    /// The name in `AWS_ENDPOINT_URL_<SERVICE>`.
    pub(crate) id: String,
    /// targetPrefix
    pub(crate) target: Option<String>,
    pub(crate) json_version: Option<String>,
    #[serde(default)]
    pub(crate) query_compatible: bool,
    /// S3 signs the path as it is sent; all others encode it once more.
    #[serde(default)]
    pub(crate) signs_path_once: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Protocol {
    Query,
    Json,
    RestJson,
    RestXml,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Operation {
    #[serde(default = "post")]
    pub(crate) method: String,
    #[serde(default = "root")]
    pub(crate) uri: String,
    pub(crate) input: Option<String>,
    /// The name of the element around a body of XML.
    pub(crate) input_name: Option<String>,
    pub(crate) output: Option<String>,
    /// resultWrapper
    pub(crate) wrapper: Option<String>,
    #[serde(default)]
    pub(crate) unsigned: bool,
    pub(crate) pages: Option<Pages>,
    /// The codes that the model names for it.
    pub(crate) errors: Vec<String>,
}

fn post() -> String {
    "POST".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

/// How an answer goes on (botocore's paginators); paths with dots.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pages {
    /// input_token
    pub(crate) input: Vec<String>,
    /// output_token
    pub(crate) output: Vec<String>,
    /// more_results
    pub(crate) more: Option<String>,
    /// result_key
    pub(crate) results: Vec<String>,
    /// non_aggregate_keys
    #[serde(default)]
    pub(crate) keep: Vec<String>,
}

/// What the model says of a code; its HTTP status is for who plays AWS.
#[derive(Debug, Deserialize)]
pub(crate) struct ErrorRow {
    pub(crate) retry: Option<Retryable>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Retryable {
    Throttling,
    Transient,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) members: BTreeMap<String, Member>,
    #[serde(default)]
    pub(crate) required: Vec<String>,
    pub(crate) payload: Option<String>,
    member: Option<Member>,
    key: Option<Member>,
    value: Option<Member>,
    #[serde(default)]
    flattened: bool,
    location: Option<Location>,
    location_name: Option<String>,
    xml_namespace: Option<Namespace>,
    timestamp_format: Option<TimestampFormat>,
    #[serde(default)]
    pub(crate) document: bool,
    #[serde(default, rename = "union")]
    pub(crate) is_union: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Structure,
    List,
    Map,
    String,
    Character,
    Integer,
    Long,
    Float,
    Double,
    Boolean,
    Timestamp,
    Blob,
}

/// A shape's place in another.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Member {
    shape: String,
    location: Option<Location>,
    location_name: Option<String>,
    #[serde(default)]
    flattened: bool,
    xml_namespace: Option<Namespace>,
    #[serde(default)]
    pub(crate) xml_attribute: bool,
    timestamp_format: Option<TimestampFormat>,
    #[serde(default)]
    pub(crate) idempotency_token: bool,
    #[serde(default)]
    pub(crate) jsonvalue: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Location {
    Uri,
    #[serde(rename = "querystring")]
    QueryString,
    Header,
    Headers,
    StatusCode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum TimestampFormat {
    #[serde(rename = "iso8601")]
    Iso8601,
    #[serde(rename = "unixTimestamp", alias = "unixtimestamp")]
    Unix,
    #[serde(rename = "rfc822")]
    Rfc822,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Namespace {
    Uri(String),
    Prefixed { uri: String, prefix: Option<String> },
}

/// A shape where it stands: what the place says goes before what the shape says (botocore's `ShapeResolver`).
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'m> {
    pub(crate) model: &'m Model,
    pub(crate) shape: &'m Shape,
    pub(crate) shape_name: &'m str,
    pub(crate) member: Option<&'m Member>,
}

impl Model {
    /// The shape of this name, at no place.
    pub(crate) fn shape<'m>(&'m self, name: &'m str) -> Option<At<'m>> {
        Some(At { model: self, shape: self.shapes.get(name)?, shape_name: name, member: None })
    }
}

impl<'m> At<'m> {
    fn at(self, member: &'m Member) -> Option<Self> {
        let shape = self.model.shapes.get(&member.shape)?;
        Some(Self { model: self.model, shape, shape_name: &member.shape, member: Some(member) })
    }

    /// The members of a structure. That every shape is there is tested.
    pub(crate) fn members(self) -> impl Iterator<Item = (&'m str, Self)> {
        let all = self.shape.members.iter();
        all.filter_map(move |(name, member)| Some((name.as_str(), self.at(member)?)))
    }

    /// The member of this name.
    pub(crate) fn named(self, name: &str) -> Option<Self> {
        self.at(self.shape.members.get(name)?)
    }

    /// What a list holds.
    pub(crate) fn item(self) -> Option<Self> {
        self.at(self.shape.member.as_ref()?)
    }

    /// The keys of a map.
    pub(crate) fn key(self) -> Option<Self> {
        self.at(self.shape.key.as_ref()?)
    }

    /// The values of a map.
    pub(crate) fn value(self) -> Option<Self> {
        self.at(self.shape.value.as_ref()?)
    }

    /// locationName
    pub(crate) fn name(self) -> Option<&'m str> {
        let of_member = self.member.and_then(|member| member.location_name.as_deref());
        of_member.or(self.shape.location_name.as_deref())
    }

    /// Where it stands in a request or answer of HTTP; nowhere: in the body.
    pub(crate) fn location(self) -> Option<Location> {
        self.member.and_then(|member| member.location).or(self.shape.location)
    }

    pub(crate) fn is_flattened(self) -> bool {
        self.shape.flattened || self.member.is_some_and(|member| member.flattened)
    }

    pub(crate) fn timestamp_format(self) -> Option<TimestampFormat> {
        self.member.and_then(|member| member.timestamp_format).or(self.shape.timestamp_format)
    }

    pub(crate) fn namespace(self) -> Option<&'m Namespace> {
        self.member.and_then(|member| member.xml_namespace.as_ref()).or(self.shape.xml_namespace.as_ref())
    }

    pub(crate) fn is(self, trait_of_member: impl Fn(&Member) -> bool) -> bool {
        self.member.is_some_and(trait_of_member)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_can_be_read_and_holds_together() {
        for (service, text) in FILES {
            let model: Model =
                serde_json::from_str(text).unwrap_or_else(|error| panic!("{service}: {error}"));
            let mut reached = BTreeSet::new();
            for (name, operation) in &model.operations {
                for code in &operation.errors {
                    assert!(model.errors.contains_key(code), "{service} {name}: {code}");
                }
                for side in [&operation.input, &operation.output].into_iter().flatten() {
                    reach(
                        model.shape(side).unwrap_or_else(|| panic!("{service} {name}: {side}")),
                        &mut reached,
                    );
                }
                if let Some(pages) = &operation.pages {
                    assert_eq!(pages.input.len(), pages.output.len(), "{service} {name}");
                }
            }
            assert_eq!(reached.len(), model.shapes.len(), "{service} has shapes that nothing reaches");
            assert!(ids().any(|id| id == model.metadata.id), "{service}");
            for row in ["aws", "aws-cn", "aws-us-gov"] {
                assert!(model.endpoints.contains_key(row), "{service} {row}");
            }
        }
    }

    fn reach<'m>(at: At<'m>, reached: &mut BTreeSet<&'m str>) {
        if !reached.insert(at.shape_name) {
            return;
        }
        assert_eq!(at.members().count(), at.shape.members.len(), "{}", at.shape_name);
        for required in &at.shape.required {
            assert!(at.named(required).is_some(), "{} {required}", at.shape_name);
        }
        match at.shape.kind {
            Kind::List => reach(at.item().unwrap(), reached),
            Kind::Map => [at.key(), at.value()].into_iter().for_each(|at| reach(at.unwrap(), reached)),
            _ => at.members().for_each(|(_, at)| reach(at, reached)),
        }
    }

    #[test]
    fn every_service_is_listed_once() {
        let names: BTreeSet<&str> = FILES.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), FILES.len());
        assert!(operations().any(|row| row == ("iam", "UpdateAccessKey")));
        assert!(model("ec2").is_none());
    }
}
