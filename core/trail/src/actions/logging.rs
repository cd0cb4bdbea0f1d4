//! Whether the use of an action would have been seen in a trail.
//!
//! "Unused" is only said of what would have been seen: of an action logged as a management event when the trail has
//! those, of an action logged as a data event when the trail selects its resource type, and never of an action that is not
//! logged.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kagimori_policy::catalogue::{ActionId, Catalogue};
use serde::Deserialize;

use super::operations;
use super::plan::{Found, find};
use super::table::{Entry, Row, Words};

/// How CloudTrail logs the use of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "whoever says `unused` must say what it does for each")]
pub enum Logging {
    /// By calls that are management events.
    Management,
    /// By calls of which some are data events: only a trail that selects this resource type shows them all.
    Data(&'static str),
    /// Not, or not by every call: its use may be unseen in any trail.
    Never,
}

/// How CloudTrail logs the use of an action, `service:Action` in any case.
pub fn logging(action: &str) -> Logging {
    Catalogue::embedded().action(action).map_or(Logging::Never, logging_of)
}

/// The same of an action by its number.
pub fn logging_of(action: ActionId) -> Logging {
    CLASSES.get(&action).copied().unwrap_or(Logging::Never)
}

/// `data-events.toml`.
#[derive(Deserialize)]
struct Table {
    data: BTreeMap<String, Vec<String>>,
    never: Never,
    unseen: Unseen,
    inferred: Unseen,
}

#[derive(Deserialize)]
struct Never {
    events: Vec<String>,
}

#[derive(Deserialize)]
struct Unseen {
    actions: Vec<String>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a test reads the committed table")]
    toml::from_str(include_str!("../../data/data-events.toml")).expect("the committed table is whole")
});

static CLASSES: LazyLock<BTreeMap<ActionId, Logging>> = LazyLock::new(classes);

/// An operation by whose events the use of an action is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    /// What its service may be called in `eventSource`.
    pub(crate) labels: Vec<&'static str>,
    /// Its name.
    pub(crate) name: &'static str,
}

/// The operations that ask an action; none: it has no event of its own.
pub(crate) fn operations_of(action: &str) -> &'static [Operation] {
    let found = Catalogue::embedded().action(action).and_then(|id| OPERATIONS.get(&id));
    found.map_or(&[], Vec::as_slice)
}

static OPERATIONS: LazyLock<BTreeMap<ActionId, Vec<Operation>>> = LazyLock::new(|| {
    let mut all: BTreeMap<ActionId, Vec<Operation>> = BTreeMap::new();
    for operation in operations::all() {
        let labels: Vec<&str> = operation.labels.split(' ').collect();
        let one = Operation { labels: labels.clone(), name: operation.name };
        for label in labels {
            let Some((prefix, _, found)) = find(label, operation.name) else { continue };
            for id in asked(prefix, found) {
                let known = all.entry(id).or_default();
                if !known.contains(&one) {
                    known.push(one.clone());
                }
            }
        }
    }
    all
});

/// The class of each action that an operation asks: the worst of its operations'.
fn classes() -> BTreeMap<ActionId, Logging> {
    let catalogue = Catalogue::embedded();
    let events = TABLE.data.iter().flat_map(|(kind, events)| {
        events.iter().map(move |event| (event.as_str(), Logging::Data(kind.as_str())))
    });
    let mut special: BTreeMap<&str, Logging> = events.collect();
    special.extend(TABLE.never.events.iter().map(|event| (event.as_str(), Logging::Never)));
    let mut classes: BTreeMap<ActionId, Logging> = BTreeMap::new();
    for operation in operations::all() {
        for label in operation.labels.split(' ') {
            let Some((prefix, name, found)) = find(label, operation.name) else { continue };
            let event = format!("{prefix}:{name}");
            let class = special.get(event.as_str()).copied().unwrap_or(Logging::Management);
            for id in asked(prefix, found) {
                let known = classes.entry(id).or_insert(class);
                *known = class.max(*known);
            }
        }
    }
    let unseen = TABLE.unseen.actions.iter().filter_map(|action| catalogue.action(action));
    classes.extend(unseen.map(|id| (id, Logging::Never)));
    let inferred = TABLE.inferred.actions.iter().filter_map(|action| catalogue.action(action));
    classes.extend(inferred.map(|id| (id, Logging::Management)));
    classes
}

/// The actions an event asks of its own service; those of others have events of their own.
fn asked(prefix: &str, found: Found) -> Vec<ActionId> {
    let row = match found {
        Found::Action(id) => return vec![id],
        Found::Entry(Entry::Row(row)) => row,
        Found::Entry(_) => return Vec::new(),
    };
    let actions =
        |row: &'static Words| row.as_slice().iter().filter_map(|text| Some(Row::read(text)?.action));
    let is_own = |action: &str| action.split_once(':').is_some_and(|(service, _)| service == prefix);
    let has_own = actions(row).any(is_own);
    let catalogue = Catalogue::embedded();
    actions(row)
        .filter(|action| !has_own || is_own(action))
        .filter_map(|action| catalogue.action(action))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_actions() {
        let data = |kind| Logging::Data(kind);
        for (action, expected) in [
            ("iam:CreateUser", Logging::Management),
            ("kms:Decrypt", Logging::Management),
            ("sts:AssumeRole", Logging::Management),
            ("s3:PutBucketPolicy", Logging::Management),
            ("s3:PutLifecycleConfiguration", Logging::Management),
            ("s3:ListAllMyBuckets", Logging::Management),
            ("secretsmanager:GetSecretValue", Logging::Management),
            ("apigateway:GET", Logging::Management),
            ("S3:getobject", data("AWS::S3::Object")),
            ("s3:GetObjectVersion", data("AWS::S3::Object")),
            ("s3:ListBucket", data("AWS::S3::Object")),
            ("lambda:InvokeFunction", data("AWS::Lambda::Function")),
            ("dynamodb:GetItem", data("AWS::DynamoDB::Table")),
            ("dynamodb:PartiQLSelect", data("AWS::DynamoDB::Table")),
            ("sqs:SendMessage", data("AWS::SQS::Queue")),
            ("sns:Publish", data("AWS::SNS::Topic")),
            ("cloudwatch:PutMetricData", data("AWS::CloudWatch::Metric")),
            // No event of its own (IAM User Guide, `id_roles_use_passrole`); seen in the calls that pass a role.
            ("iam:PassRole", Logging::Management),
            ("execute-api:Invoke", Logging::Never),
            ("rds-db:connect", Logging::Never),
            ("es:ESHttpGet", Logging::Never),
            ("logs:PutLogEvents", Logging::Never),
            ("no:Such", Logging::Never),
        ] {
            assert_eq!(logging(action), expected, "{action}");
        }
    }

    #[test]
    fn every_event_of_the_table_is_known() {
        let events = TABLE.data.values().flatten().chain(&TABLE.never.events);
        for event in events {
            let (prefix, name) = event.split_once(':').unwrap();
            let found = find(prefix, name).unwrap_or_else(|| panic!("{event} is no event"));
            assert_eq!(found.1, name, "{event} has a version in its name");
            assert!(!asked(found.0, found.2).is_empty(), "{event} asks nothing");
        }
        for action in TABLE.unseen.actions.iter().chain(&TABLE.inferred.actions) {
            assert!(Catalogue::embedded().action(action).is_some(), "{action}");
        }
    }
}
