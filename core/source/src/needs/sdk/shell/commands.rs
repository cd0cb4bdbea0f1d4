//! Commands of the AWS CLI that are no operation of a service (AWS CLI command reference, and its `customizations`).

use super::{Command, Fields};
use crate::needs::sdk::Made;
use crate::needs::table::Sdk;

/// A service and a command of it, with the services and operations that it calls.
type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What a command calls.
const COMMANDS: [Row; 24] = [
    ("ecr", "get-login-password", &[("ecr", "GetAuthorizationToken")]),
    ("ecr", "get-login", &[("ecr", "GetAuthorizationToken")]),
    ("ecr-public", "get-login-password", &[("ecr-public", "GetAuthorizationToken")]),
    ("eks", "update-kubeconfig", &[("eks", "DescribeCluster")]),
    ("logs", "tail", &[("logs", "FilterLogEvents")]),
    (
        "cloudformation",
        "deploy",
        &[
            ("cloudformation", "DescribeStacks"),
            ("cloudformation", "CreateChangeSet"),
            ("cloudformation", "DescribeChangeSet"),
            ("cloudformation", "ExecuteChangeSet"),
        ],
    ),
    ("emr", "create-cluster", &[("emr", "RunJobFlow")]),
    ("emr", "terminate-clusters", &[("emr", "TerminateJobFlows")]),
    ("emr", "add-steps", &[("emr", "AddJobFlowSteps")]),
    (
        "emr",
        "modify-cluster-attributes",
        &[("emr", "SetTerminationProtection"), ("emr", "SetVisibleToAllUsers")],
    ),
    ("emr", "add-instance-groups", &[("emr", "AddInstanceGroups")]),
    (
        "emr",
        "describe-cluster",
        &[("emr", "DescribeCluster"), ("emr", "ListInstanceGroups"), ("emr", "ListBootstrapActions")],
    ),
    ("emr", "ssh", &[("emr", "DescribeCluster"), ("emr", "ListInstances")]),
    (
        "codeartifact",
        "login",
        &[("codeartifact", "GetAuthorizationToken"), ("codeartifact", "GetRepositoryEndpoint")],
    ),
    ("deploy", "push", &[("codedeploy", "RegisterApplicationRevision"), ("s3", "PutObject")]),
    (
        "deploy",
        "register",
        &[("codedeploy", "RegisterOnPremisesInstance"), ("codedeploy", "AddTagsToOnPremisesInstances")],
    ),
    ("deploy", "deregister", &[("codedeploy", "DeregisterOnPremisesInstance")]),
    (
        "configservice",
        "subscribe",
        &[
            ("config", "PutConfigurationRecorder"),
            ("config", "PutDeliveryChannel"),
            ("config", "StartConfigurationRecorder"),
        ],
    ),
    (
        "ecs",
        "deploy",
        &[("ecs", "RegisterTaskDefinition"), ("ecs", "DescribeServices"), ("codedeploy", "CreateDeployment")],
    ),
    (
        "ec2-instance-connect",
        "ssh",
        &[("ec2", "DescribeInstances"), ("ec2-instance-connect", "SendSSHPublicKey")],
    ),
    ("gamelift", "upload-build", &[("gamelift", "CreateBuild"), ("gamelift", "RequestUploadCredentials")]),
    ("ddb", "put", &[("dynamodb", "PutItem")]),
    ("ddb", "select", &[("dynamodb", "Scan")]),
    ("rds", "add-option-to-option-group", &[("rds", "ModifyOptionGroup")]),
];

/// Commands that work on files of this machine, or are a sign-in of a person.
pub(super) fn is_of_the_machine(service: &str, name: &str) -> bool {
    matches!(service, "configure" | "history" | "cli-dev")
        || matches!(
            (service, name),
            ("sso", "login" | "logout")
                | ("eks", "get-token")
                | ("emr", "ssh-keygen")
                | ("login" | "logout", _)
        )
}

/// The calls of a command that is no operation.
pub(super) fn of(service: &str, name: &str, command: &Command, fields: &Fields) -> Option<Vec<Made>> {
    let sdk = Sdk::get();
    let because = "what this command of the AWS CLI calls";
    let bucket = |from: &str| {
        let entries = command.value(from).map(|bucket| ("Bucket".into(), bucket)).into_iter().collect();
        Fields { entries, open: None }
    };
    if (service, name) == ("cloudformation", "package") {
        let s3 = sdk.service("s3")?;
        let put = Made::new(s3, "PutObject", bucket("--s3-bucket")).because(because);
        return Some(vec![put, Made::new(s3, "HeadObject", bucket("--s3-bucket")).because(because)]);
    }
    let (.., calls) = COMMANDS.iter().find(|(known, command, _)| (*known, *command) == (service, name))?;
    let mut made: Vec<Made> = calls
        .iter()
        .filter_map(|(service, operation)| {
            let service = sdk.service(service)?;
            let fields = if *operation == "PutObject" { location(command) } else { fields.clone() };
            Some(Made::new(service, operation, fields).because(because))
        })
        .collect();
    if command.option("--s3-bucket").is_some() {
        made.push(Made::new(sdk.service("s3")?, "PutObject", bucket("--s3-bucket")).because(because));
    }
    Some(made)
}

/// `--s3-location s3://bucket/key`.
fn location(command: &Command) -> Fields {
    let values = command.value("--s3-location");
    let place = values.and_then(|values| values.first().and_then(super::s3::place));
    place.map(|(bucket, key)| super::s3::object(bucket, key)).unwrap_or_default()
}
