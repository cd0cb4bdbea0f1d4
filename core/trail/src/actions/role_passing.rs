//! Which operations take an IAM role, by which parameter.
//!
//! `data/role-passing.txt` is made by `cargo xtask gen operations` from the models of botocore and the service reference. Its
//! lines: the packages; then for each service `>` and its prefix in IAM, and its operations: `CreateFunction`, `as` and the
//! action when that is called otherwise, `documented` when AWS's reference lists `iam:PassRole` among what the operation needs,
//! the parameters (members of lists have no name of their own, those of maps are `*`; `profile:` before an instance profile).
//! `data/parameters.toml` adds who is handed the role, and roles in texts and maps that no model tells.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::table::{PassedRole, Tables};

/// An operation that takes an IAM role. Who may call it and pass the role hands the role's permissions to the service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RolePassing {
    /// The service's prefix in IAM: `lambda`.
    pub service: &'static str,
    /// The operation: `CreateFunction`.
    pub operation: &'static str,
    /// The action of the operation, without the prefix: the operation's own name but for a few.
    pub action: &'static str,
    /// The parameters that name the role; none where it is told in a document, in a map of attributes, or by what is started.
    pub parameters: Vec<RoleParameter>,
    /// Whether AWS's Service Authorization Reference lists `iam:PassRole` among the dependent actions. Where it does not, the
    /// service's own page may still say so: the reference is known to be incomplete (`ecs:RegisterTaskDefinition`).
    pub is_documented: bool,
    /// The services that are handed the role (`iam:PassedToService`), as far as the project's table knows them.
    pub receivers: Vec<&'static str>,
}

/// A parameter that takes a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "a row of the data")]
pub struct RoleParameter {
    /// Its path in the request: `TargetParameters.EcsTaskParameters.Overrides.TaskRoleArn`.
    pub path: &'static str,
    /// It names an instance profile, whose role is passed.
    pub by_profile: bool,
}

impl RolePassing {
    /// What IAM asks of the caller: the operation's own action, and `iam:PassRole` on the role.
    pub fn actions(&self) -> [String; 2] {
        [format!("{}:{}", self.service, self.action), "iam:PassRole".to_owned()]
    }
}

/// Every operation that takes a role, in order of service and operation.
///
/// ```
/// use kagimori_trail::actions::role_passing;
///
/// let create = role_passing().find(|row| row.service == "lambda" && row.operation == "CreateFunction");
/// assert_eq!(create.map(|row| row.actions()), Some(["lambda:CreateFunction".into(), "iam:PassRole".into()]));
/// ```
pub fn role_passing() -> impl Iterator<Item = &'static RolePassing> {
    ROWS.iter()
}

/// What the table is made from: `botocore==1.44.8 …`.
pub fn role_passing_sources() -> &'static str {
    TEXT.lines().next().unwrap_or(TEXT)
}

const TEXT: &str = include_str!("../../data/role-passing.txt");

static ROWS: LazyLock<Vec<RolePassing>> = LazyLock::new(|| {
    let mut rows: BTreeMap<(&str, &str), RolePassing> =
        generated().map(|row| ((row.service, row.operation), row)).collect();
    for (event, passed) in Tables::get().passed_roles() {
        let Some((service, operation)) = event.split_once(':') else { continue };
        let row = rows.entry((service, operation)).or_insert_with(|| RolePassing::new(service, operation));
        row.add(&passed);
    }
    rows.into_values().collect()
});

fn generated() -> impl Iterator<Item = RolePassing> {
    let mut service = "";
    TEXT.lines().skip(1).filter_map(move |line| match line.strip_prefix('>') {
        Some(prefix) => {
            service = prefix;
            None
        }
        None => RolePassing::read(service, line),
    })
}

impl RolePassing {
    const fn new(service: &'static str, operation: &'static str) -> Self {
        Self {
            service,
            operation,
            action: operation,
            parameters: Vec::new(),
            is_documented: false,
            receivers: Vec::new(),
        }
    }

    fn read(service: &'static str, line: &'static str) -> Option<Self> {
        let mut words = line.split(' ').peekable();
        let mut row = Self::new(service, words.next()?);
        if words.next_if_eq(&"as").is_some() {
            row.action = words.next()?;
        }
        row.is_documented = words.next_if_eq(&"documented").is_some();
        row.parameters = words.map(RoleParameter::read).collect();
        Some(row)
    }

    /// What the project's own table says besides.
    fn add(&mut self, passed: &PassedRole) {
        if !self.receivers.contains(&passed.service) {
            self.receivers.push(passed.service);
        }
        // A pattern (`**.roleArn`) stands for paths that the models write out.
        let is_new = |known: &RoleParameter| !known.path.eq_ignore_ascii_case(passed.path);
        if self.parameters.iter().all(is_new)
            && (self.parameters.is_empty() || !passed.path.starts_with("**."))
        {
            self.parameters.push(RoleParameter { path: passed.path, by_profile: passed.by_profile });
        }
    }
}

impl RoleParameter {
    fn read(word: &'static str) -> Self {
        match word.strip_prefix("profile:") {
            Some(path) => Self { path, by_profile: true },
            None => Self { path: word, by_profile: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use kagimori_policy::catalogue::Catalogue;

    use super::{RolePassing, role_passing};

    fn row(name: &str) -> &'static RolePassing {
        role_passing()
            .find(|row| format!("{}:{}", row.service, row.operation) == name)
            .unwrap_or_else(|| panic!("{name}"))
    }

    /// The services that the field's catalogues pass a role to (Prowler, pathfinding.cloud), with a parameter each.
    #[test]
    fn services_that_take_a_role_are_there() {
        for (name, parameter) in [
            ("lambda:CreateFunction", "Role"),
            ("batch:RegisterJobDefinition", "containerProperties.jobRoleArn"),
            ("elasticmapreduce:RunJobFlow", "JobFlowRole"),
            ("emr-serverless:StartJobRun", "executionRoleArn"),
            ("gamelift:CreateFleet", "InstanceRoleArn"),
            ("imagebuilder:CreateInfrastructureConfiguration", "instanceProfileName"),
            ("states:CreateStateMachine", "roleArn"),
            ("states:TestState", "roleArn"),
            ("scheduler:CreateSchedule", "Target.RoleArn"),
            ("ssm:StartAutomationExecution", "parameters.automationAssumeRole"),
            ("cognito-identity:SetIdentityPoolRoles", "Roles.*"),
            ("bedrock-agentcore:CreateAgentRuntime", "roleArn"),
            ("bedrock-agentcore:CreateCodeInterpreter", "executionRoleArn"),
            ("omics:StartRun", "roleArn"),
            ("braket:CreateJob", "roleArn"),
            ("codedeploy:CreateDeploymentGroup", "serviceRoleArn"),
            ("account-access:CreateEntitlement", "entitlement.principalRole.roleArn"),
            ("rolesanywhere:CreateProfile", "roleArns"),
            ("ec2:RunInstances", "IamInstanceProfile.Arn"),
            ("codebuild:StartBuild", "serviceRoleOverride"),
            ("cloudformation:CreateResource", "RoleArn"),
        ] {
            assert!(
                row(name).parameters.iter().any(|held| held.path == parameter),
                "{name}: {:?}",
                row(name)
            );
        }
    }

    #[test]
    fn what_only_looks_like_one_is_not() {
        for name in
            ["iam:AttachRolePolicy", "iam:PassRole", "sts:AssumeRole", "securityhub:BatchImportFindings"]
        {
            assert!(role_passing().all(|row| format!("{}:{}", row.service, row.operation) != name), "{name}");
        }
    }

    #[test]
    fn rows_say_who_asks_for_what() {
        let replication = row("s3:PutBucketReplication");
        assert_eq!(replication.actions(), ["s3:PutReplicationConfiguration", "iam:PassRole"]);
        assert!(replication.is_documented);
        assert_eq!(row("lambda:CreateFunction").receivers, ["lambda.amazonaws.com"]);
        let profiles = row("ec2:RunInstances");
        assert!(profiles.parameters.iter().all(|held| held.by_profile), "{profiles:?}");
        // In a map of attributes: no model tells.
        assert!(row("sns:SetTopicAttributes").parameters.is_empty());
    }

    /// Most actions are in the service reference; the others are newer than it, or retired.
    #[test]
    fn actions_are_those_of_the_reference() {
        let catalogue = Catalogue::embedded();
        let unknown: Vec<String> = role_passing()
            .map(|row| row.actions()[0].clone())
            .filter(|action| catalogue.action(action).is_none())
            .collect();
        assert!(unknown.len() < 30, "{unknown:?}");
        assert!(role_passing().count() > 900);
    }
}
