//! The operations that take an IAM role: parameters from the models of botocore, who asks `iam:PassRole` for it from the
//! service reference.
//!
//! `core/trail/src/actions/role_passing.rs` reads the file and describes it. A parameter is one when its name, the structure
//! it is in, or the pattern of its value says so; what only looks like one is in the tables below.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use crate::botocore::{Metadata, models};
use crate::privileges::Privileges;

#[derive(Debug, Deserialize)]
struct Model {
    metadata: Metadata,
    operations: BTreeMap<String, Operation>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Debug, Deserialize)]
struct Operation {
    input: Option<Reference>,
}

#[derive(Debug, Deserialize)]
struct Reference {
    shape: String,
}

#[derive(Debug, Deserialize)]
struct Shape {
    r#type: String,
    #[serde(default)]
    members: BTreeMap<String, Reference>,
    member: Option<Reference>,
    value: Option<Reference>,
    pattern: Option<String>,
    r#enum: Option<serde_json::Value>,
}

/// Services whose parameters name roles without handing them to anybody: IAM works on them, STS assumes them, Security Hub
/// describes them, and the sign-in service lists sessions.
const NO_PASSING: [&str; 4] = ["iam", "sts", "securityhub", "signin"];

/// The ends of names that are IAM roles.
const ROLES: [&str; 9] = [
    "role",
    "roles",
    "rolearn",
    "rolearns",
    "rolename",
    "rolenames",
    "roleidentifier",
    "roleoverride",
    "roleupdate",
];

/// Names of IAM roles without the word (*Amazon Cognito*, `SmsConfiguration`; *EC2*, `CreateFlowLogs`; *API Gateway*,
/// `CreateAuthorizer` and `CreateIntegration`).
const OTHER_WORDS: [&str; 5] = [
    "snscallerarn",
    "deliverlogspermissionarn",
    "authorizercredentials",
    "authorizercredentialsarn",
    "credentialsarn",
];

/// The ends of names that hold "role" and are no IAM role: another system's roles, and things about a role.
const NO_ROLES: [&str; 12] = [
    "sessionname",
    "rolealias",
    "rolealiasarn",
    "backendrole",
    "geographicrole",
    "databaseaccesscontrolrole",
    "removeiamroles",
    "roleskey",
    "userrolename",
    "custompermissionsname",
    "impersonationroleid",
    "impersonationroleids",
];

/// Parameters that are called like one and are none: names of roles in a directory (Amazon MQ) or still to be made
/// (Organizations), instance profiles of DMS, a role that is looked at (IoT) or let in (IoT SiteWise).
const NO_PARAMETERS: [(&str, &str); 6] = [
    ("iotsitewise", "accessPolicyIdentity"),
    ("mq", "RoleName"),
    ("organizations", "RoleName"),
    ("dms", "InstanceProfileName"),
    ("dms", "InstanceProfileIdentifier"),
    ("iot", "iamRoleArn"),
];

/// Operations whose action has another name (service reference): S3's replication, DMS's schema conversion.
const OTHER_ACTIONS: [(&str, &str, &str); 6] = [
    ("s3", "PutBucketReplication", "PutReplicationConfiguration"),
    ("s3", "CreateBucketMetadataConfiguration", "CreateBucketMetadataTableConfiguration"),
    ("s3", "PutBucketNotificationConfiguration", "PutBucketNotification"),
    ("s3-outposts", "PutBucketReplication", "PutReplicationConfiguration"),
    ("dms", "ModifyDataProvider", "UpdateDataProvider"),
    ("dms", "ModifyMigrationProject", "UpdateMigrationProject"),
];

/// Cloud Control's operations are actions of CloudFormation.
const OTHER_PREFIXES: [(&str, &str); 1] = [("cloudcontrol", "cloudformation")];

/// One operation's row: its action, whether IAM is said to ask for `iam:PassRole`, the parameters.
#[derive(Debug, Default)]
struct Row {
    action: String,
    is_documented: bool,
    parameters: BTreeSet<String>,
}

/// Service prefix → operation → row.
type Rows = BTreeMap<String, BTreeMap<String, Row>>;

/// The file: a line of sources, `>prefix` for each service, and a line for each operation.
pub(crate) fn list(data: &Path, privileges: &Privileges, sources: &str) -> anyhow::Result<String> {
    let mut rows = Rows::new();
    for model in models::<Model>(data)? {
        let (name, model) = model?;
        model.add_to(&mut rows, &name, privileges);
    }
    add_documented(&mut rows, privileges);
    let mut text = format!("{sources}\n");
    for (service, operations) in rows {
        writeln!(text, ">{service}")?;
        for (operation, row) in operations {
            text.push_str(&operation);
            if row.action != operation {
                write!(text, " as {}", row.action)?;
            }
            if row.is_documented {
                text.push_str(" documented");
            }
            row.parameters.iter().try_for_each(|parameter| write!(text, " {parameter}"))?;
            text.push('\n');
        }
    }
    Ok(text)
}

/// What the service reference says needs `iam:PassRole`, and no parameter tells: the role is in a map of attributes, in a
/// document, or in what the operation starts.
fn add_documented(rows: &mut Rows, privileges: &Privileges) {
    for (service, action) in privileges.passing() {
        let operations = rows.entry(service.to_owned()).or_default();
        if operations.values().any(|row| row.action.eq_ignore_ascii_case(action)) {
            continue;
        }
        let row = Row { action: action.to_owned(), is_documented: true, parameters: BTreeSet::new() };
        operations.insert(action.to_owned(), row);
    }
}

impl Model {
    fn add_to(&self, rows: &mut Rows, name: &str, privileges: &Privileges) {
        for (operation, Operation { input }) in &self.operations {
            let Some(input) = input else { continue };
            let (service, action) = self.action(name, operation, privileges);
            let is_documented = privileges.passes_role(&service, &action);
            if !is_documented
                && (NO_PASSING.contains(&service.as_str()) || looks(&service, &action, privileges))
            {
                continue;
            }
            let mut parameters = BTreeSet::new();
            self.walk(&input.shape, &service, &mut Vec::new(), &mut Vec::new(), &mut parameters);
            if parameters.is_empty() {
                continue;
            }
            let row = rows.entry(service).or_default().entry(operation.clone()).or_default();
            row.action = action;
            row.is_documented |= is_documented;
            row.parameters.extend(parameters);
        }
    }

    /// The prefix and the action of an operation. An action that the reference does not have is taken to have the
    /// operation's name.
    fn action(&self, name: &str, operation: &str, privileges: &Privileges) -> (String, String) {
        let mut labels = self.metadata.labels(name);
        labels
            .extend(OTHER_PREFIXES.iter().filter(|(service, _)| *service == name).map(|(_, prefix)| *prefix));
        for label in &labels {
            let other = OTHER_ACTIONS.iter().find(|(service, of, _)| service == label && *of == operation);
            let action = other.map_or(operation, |(_, _, action)| action);
            if let Some(action) = privileges.name(label, action) {
                return ((*label).to_owned(), action.to_owned());
            }
        }
        let prefix = labels.iter().find(|label| privileges.has_service(label)).or(labels.first());
        (prefix.map_or(name, |prefix| prefix).to_owned(), operation.to_owned())
    }

    /// Collects the roles under a shape. A shape inside itself is not entered again.
    fn walk<'a>(
        &'a self,
        name: &'a str,
        service: &str,
        path: &mut Vec<&'a str>,
        inside: &mut Vec<&'a str>,
        roles: &mut BTreeSet<String>,
    ) {
        let Some(shape) = self.shapes.get(name) else { return };
        if inside.contains(&name) {
            return;
        }
        inside.push(name);
        match shape.r#type.as_str() {
            "structure" => {
                for (key, member) in &shape.members {
                    path.push(key);
                    self.walk(&member.shape, service, path, inside, roles);
                    path.pop();
                }
            }
            "list" => {
                if let Some(member) = &shape.member {
                    self.walk(&member.shape, service, path, inside, roles);
                }
            }
            "map" => {
                if let Some(value) = &shape.value {
                    path.push("*");
                    self.walk(&value.shape, service, path, inside, roles);
                    path.pop();
                }
            }
            "string" if shape.r#enum.is_none() => roles.extend(role(service, path, shape)),
            _ => {}
        }
        inside.pop();
    }
}

/// The parameter at a path, when it takes a role; `profile:` before it, when that is an instance profile.
fn role(service: &str, path: &[&str], shape: &Shape) -> Option<String> {
    let (last, before) = path.split_last()?;
    let is_none = |name: &&str| NO_PARAMETERS.contains(&(service, *name));
    let plain = |name: &str| name.replace('_', "").to_ascii_lowercase();
    let (name, holder) = (plain(last), before.last().map(|holder| plain(holder)).unwrap_or_default());
    if path.iter().any(is_none)
        || name.contains("principal")
        || NO_ROLES.iter().any(|end| name.ends_with(end))
    {
        return None;
    }
    let is_part = matches!(name.as_str(), "arn" | "name" | "*");
    let named = if is_part { &holder } else { &name };
    let text = path.join(".");
    if named.ends_with("instanceprofile")
        || named.contains("instanceprofilearn")
        || named.contains("instanceprofilename")
    {
        return Some(format!("profile:{text}"));
    }
    let is_named = ROLES.iter().any(|end| named.ends_with(end))
        || (named.contains("role") && named.contains("arn") && !is_part)
        || OTHER_WORDS.contains(&name.as_str())
        || (service == "apigateway" && name == "credentials");
    let is_pattern =
        named.contains("role") && shape.pattern.as_ref().is_some_and(|pattern| pattern.contains(":role"));
    (is_named || is_pattern).then_some(text)
}

/// Whether an operation only looks: by the reference's access level, else by its name.
fn looks(service: &str, action: &str, privileges: &Privileges) -> bool {
    let verbs =
        ["Get", "List", "Describe", "Search", "Head", "BatchGet", "Disassociate", "Remove", "Deregister"];
    privileges.only_looks(service, action) || verbs.iter().any(|verb| action.starts_with(verb))
}
