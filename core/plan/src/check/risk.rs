//! What a grant could be abused for: escalation, exfiltration, exposure, destruction.
//!
//! The risk families are cloudsplaining's; the escalation paths are those of pathfinding.cloud (Datadog, Apache-2.0)
//! that the policies of one identity can show. Both lists are data: a later policy engine decides over them.

use kagimori_estate::fact::Gap;
use kagimori_estate::model::{Account, Listing};
use kagimori_policy::document::{Effect, Statement};

use super::{Context, Identity, Judged, Missing, Placed, Rule, Ruling, is_aws_owned, policy};
use crate::escalation::catalogue;
use crate::privilege;
use crate::verdict::ResourceKind;

pub(super) const RULES: &[(&str, Rule)] = &[
    ("privesc", Rule::Identity(escalation)),
    ("data-exfil", Rule::Document(exfiltration)),
    ("cred-exposure", Rule::Document(credentials)),
    ("resource-exposure", Rule::Document(exposure)),
    ("infra-mod", Rule::Document(modification)),
    ("kms-decrypt-all", Rule::Document(decrypt_all)),
    ("resource-wildcard", Rule::Document(resource_wildcard)),
    ("iam-writer-count", Rule::Account(iam_writers)),
];

const EXFILTRATION: [&str; 9] = [
    "s3:GetObject",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
    "secretsmanager:GetSecretValue",
    "rds:CopyDBSnapshot",
    "rds:CreateDBSnapshot",
    "dynamodb:Scan",
    "ec2:CreateSnapshot",
];

const CREDENTIALS: [&str; 12] = [
    "iam:CreateAccessKey",
    "iam:UpdateAccessKey",
    "iam:CreateLoginProfile",
    "iam:UpdateLoginProfile",
    "iam:CreateServiceSpecificCredential",
    "iam:ResetServiceSpecificCredential",
    "cognito-identity:GetCredentialsForIdentity",
    "cognito-identity:GetOpenIdTokenForDeveloperIdentity",
    "ec2:GetPasswordData",
    "lightsail:DownloadDefaultKeyPair",
    "redshift:GetClusterCredentials",
    "sts:GetFederationToken",
];

const EXPOSURE: [&str; 18] = [
    "s3:PutBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutObjectAcl",
    "s3:PutBucketPublicAccessBlock",
    "s3:DeleteBucketPolicy",
    "kms:PutKeyPolicy",
    "kms:CreateGrant",
    "lambda:AddPermission",
    "sns:AddPermission",
    "sqs:AddPermission",
    "ecr:SetRepositoryPolicy",
    "secretsmanager:PutResourcePolicy",
    "ec2:ModifySnapshotAttribute",
    "ec2:ModifyImageAttribute",
    "rds:ModifyDBSnapshotAttribute",
    "iam:UpdateAssumeRolePolicy",
    "backup:PutBackupVaultAccessPolicy",
    "glue:PutResourcePolicy",
];

const MODIFICATION: [&str; 16] = [
    "ec2:RunInstances",
    "ec2:TerminateInstances",
    "ec2:AuthorizeSecurityGroupIngress",
    "s3:DeleteBucket",
    "s3:DeleteObject",
    "s3:PutObject",
    "rds:DeleteDBInstance",
    "dynamodb:DeleteTable",
    "lambda:CreateFunction",
    "lambda:UpdateFunctionCode",
    "kms:ScheduleKeyDeletion",
    "cloudtrail:StopLogging",
    "cloudtrail:DeleteTrail",
    "cloudformation:DeleteStack",
    "route53:ChangeResourceRecordSets",
    "ecs:UpdateService",
];

/// Frequent actions that support resource-level permissions: a program that needs them knows which resource it means.
const RESOURCE_LEVEL: [&str; 20] = [
    "ses:SendEmail",
    "ses:SendRawEmail",
    "s3:GetObject",
    "s3:PutObject",
    "s3:ListBucket",
    "sqs:SendMessage",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sns:Publish",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "lambda:InvokeFunction",
    "kinesis:PutRecord",
    "kinesis:PutRecords",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "states:StartExecution",
    "events:PutEvents",
    "iam:PassRole",
];

/// The actions that an unconditional Allow grants on every resource.
pub(super) fn granted_on_everything(placed: &Placed<'_>, actions: &[&str]) -> Vec<String> {
    let open = |statement: &&Statement| {
        statement.effect == Effect::Allow
            && statement.conditions.is_empty()
            && privilege::is_about_everything(statement)
    };
    let statements: Vec<&Statement> = placed.document.statements.iter().filter(open).collect();
    let granted =
        |action: &&&str| statements.iter().any(|statement| privilege::reaches_action(statement, action));
    let undenied = |action: &&&str| !privilege::denies(placed.document, action, "*");
    actions.iter().filter(granted).filter(undenied).map(|action| (*action).to_owned()).collect()
}

fn risky(placed: &Placed<'_>, actions: &[&str]) -> Judged {
    if policy::is_star_star(placed) {
        // `admin-…` says it all
        return Ok(Ruling::NotApplicable);
    }
    let granted = granted_on_everything(placed, actions);
    Ok(if granted.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("actions", granted.into())]) })
}

fn exfiltration(_: &Context<'_>, _: &Account, placed: &Placed<'_>) -> Judged {
    risky(placed, &EXFILTRATION)
}

fn credentials(_: &Context<'_>, _: &Account, placed: &Placed<'_>) -> Judged {
    risky(placed, &CREDENTIALS)
}

fn exposure(_: &Context<'_>, _: &Account, placed: &Placed<'_>) -> Judged {
    risky(placed, &EXPOSURE)
}

fn modification(_: &Context<'_>, _: &Account, placed: &Placed<'_>) -> Judged {
    risky(placed, &MODIFICATION)
}

/// Security Hub KMS.1 and KMS.2: `kms:Decrypt` or `kms:ReEncryptFrom` on all keys, conditions or not.
fn decrypt_all(_: &Context<'_>, _: &Account, placed: &Placed<'_>) -> Judged {
    if policy::is_star_star(placed) {
        return Ok(Ruling::NotApplicable);
    }
    const ALL_KEYS: &str = "arn:aws:kms:us-east-1:000000000000:key/probe";
    let every_key = ["kms:Decrypt", "kms:ReEncryptFrom"].iter().any(|action| {
        privilege::allows(placed.document, action, ALL_KEYS)
            && !privilege::denies(placed.document, action, ALL_KEYS)
    });
    Ok(if every_key { Ruling::Fail(Vec::new()) } else { Ruling::Pass })
}

/// Actions written out, on `*`, that could name their resource. Wildcards are `service-wildcard`'s business.
fn resource_wildcard(_: &Context<'_>, _: &Account, placed: &Placed<'_>) -> Judged {
    let mut found = Vec::new();
    for statement in &placed.document.statements {
        let (patterns, negated) = statement.action.patterns();
        let open = statement.effect == Effect::Allow
            && !negated
            && statement.conditions.is_empty()
            && privilege::is_about_everything(statement);
        if open {
            let known = patterns.iter().filter_map(|pattern| {
                RESOURCE_LEVEL.iter().find(|action| action.eq_ignore_ascii_case(pattern))
            });
            found.extend(known.map(|action| (*action).to_owned()));
        }
    }
    found.sort();
    found.dedup();
    Ok(if found.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("actions", found.into())]) })
}

/// Paths by which an identity gains what it lacks: id of pathfinding.cloud, and the actions needed.
///
/// `iam:PassRole` stands for "on a role that trusts the service": one must be there, but whether it is this role that may be
/// passed, and what it may do, is the business of [`crate::escalation`], which takes the credential report too and would let a
/// verdict hang on data that this check does not ask for.
const PATHS: [(&str, &[&str]); 33] = [
    ("iam-001", &["iam:CreatePolicyVersion"]),
    ("iam-005", &["iam:PutRolePolicy"]),
    ("iam-007", &["iam:PutUserPolicy"]),
    ("iam-008", &["iam:AttachUserPolicy"]),
    ("iam-009", &["iam:AttachRolePolicy"]),
    ("iam-010", &["iam:AttachGroupPolicy"]),
    ("iam-011", &["iam:PutGroupPolicy"]),
    ("iam-013", &["iam:AddUserToGroup"]),
    ("iam-002", &["iam:CreateAccessKey"]),
    ("iam-004", &["iam:CreateLoginProfile"]),
    ("iam-006", &["iam:UpdateLoginProfile"]),
    ("iam-012", &["iam:UpdateAssumeRolePolicy"]),
    ("ec2-001", &["iam:PassRole", "ec2:RunInstances"]),
    ("ec2-003", &["iam:PassRole", "ec2:RequestSpotInstances"]),
    ("lambda-001", &["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]),
    ("lambda-002", &["iam:PassRole", "lambda:CreateFunction", "lambda:CreateEventSourceMapping"]),
    ("lambda-006", &["iam:PassRole", "lambda:CreateFunction", "lambda:AddPermission"]),
    ("lambda-003", &["lambda:UpdateFunctionCode"]),
    ("cloudformation-001", &["iam:PassRole", "cloudformation:CreateStack"]),
    (
        "cloudformation-003",
        &["iam:PassRole", "cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"],
    ),
    ("codebuild-001", &["iam:PassRole", "codebuild:CreateProject", "codebuild:StartBuild"]),
    ("codebuild-002", &["codebuild:StartBuild"]),
    (
        "datapipeline-001",
        &[
            "iam:PassRole",
            "datapipeline:CreatePipeline",
            "datapipeline:PutPipelineDefinition",
            "datapipeline:ActivatePipeline",
        ],
    ),
    ("glue-001", &["iam:PassRole", "glue:CreateDevEndpoint"]),
    ("glue-003", &["iam:PassRole", "glue:CreateJob", "glue:StartJobRun"]),
    ("glue-002", &["glue:UpdateDevEndpoint"]),
    ("sagemaker-001", &["iam:PassRole", "sagemaker:CreateNotebookInstance"]),
    ("sagemaker-002", &["iam:PassRole", "sagemaker:CreateTrainingJob"]),
    ("sagemaker-003", &["iam:PassRole", "sagemaker:CreateProcessingJob"]),
    ("ecs-004", &["iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:RunTask"]),
    ("apprunner-001", &["iam:PassRole", "apprunner:CreateService"]),
    ("ssm-001", &["ssm:StartSession"]),
    ("ssm-002", &["ssm:SendCommand"]),
];

fn escalation(context: &Context<'_>, account: &Account, identity: &Identity<'_>) -> Judged {
    if identity.kind == ResourceKind::Group {
        // A group can do nothing by itself; its members are judged with its policies.
        return Ok(Ruling::NotApplicable);
    }
    let may = |action: &str, resource: &str| context.privileges.may(identity.arn, action, resource);
    let everything = format!("arn:aws:kagimori:us-east-1:{}:probe", account.id);
    if may("kagimori:Probe", &everything) == Ok(true) {
        // an administrator already: `admin-…` and `mfa-privileged-user` say so
        return Ok(Ruling::NotApplicable);
    }
    let mut open = Vec::new();
    for (path, actions) in PATHS {
        if may_all(&may, account, actions)? && has_victim(context, account, path, identity.arn) {
            open.push(path.to_owned());
        }
    }
    Ok(if open.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("paths", open.into())]) })
}

/// Where a service is to run as a role, whether another role of the account trusts that service.
fn has_victim(context: &Context<'_>, account: &Account, path: &str, caller: &str) -> bool {
    let found = catalogue::paths().iter().find(|known| known.id == path);
    let services = found.map(|path| path.services.as_slice()).unwrap_or_default();
    let mut roles = account.roles.values().filter(|role| role.arn.as_str() != caller && !is_aws_owned(role));
    services.is_empty()
        || roles
            .any(|role| services.iter().any(|service| context.privileges.trusts(role, account.id, service)))
}

fn may_all(
    may: &impl Fn(&str, &str) -> Result<bool, Gap>,
    account: &Account,
    actions: &[&str],
) -> Result<bool, Missing> {
    for action in actions {
        if !may(action, &somebody_elses(account, action)).map_err(Missing)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A resource that stands for "any other than one's own".
fn somebody_elses(account: &Account, action: &str) -> String {
    let kind = match action {
        "iam:CreatePolicyVersion" => "policy",
        "iam:PutUserPolicy"
        | "iam:AttachUserPolicy"
        | "iam:CreateAccessKey"
        | "iam:CreateLoginProfile"
        | "iam:UpdateLoginProfile" => "user",
        "iam:AttachGroupPolicy" | "iam:PutGroupPolicy" | "iam:AddUserToGroup" => "group",
        action if action.starts_with("iam:") => "role",
        _ => return format!("arn:aws:kagimori:us-east-1:{}:probe", account.id),
    };
    format!("arn:aws:iam::{}:{kind}/kagimori-probe", account.id)
}

fn iam_writers(context: &Context<'_>, account: &Account) -> Judged {
    account.listing(Listing::Users).known()?;
    account.listing(Listing::Roles).known()?;
    let mut writers = Vec::new();
    for user in account.users.values() {
        if context.privileges.user(account.id, &user.name).map_err(Missing)?.iam_writer {
            writers.push(user.name.clone());
        }
    }
    for role in account.roles.values().filter(|role| !super::is_aws_owned(role)) {
        if context.privileges.role(account.id, &role.name).map_err(Missing)?.iam_writer {
            writers.push(role.name.clone());
        }
    }
    let limit = context.settings.limits.iam_writers;
    if writers.len() <= limit {
        return Ok(Ruling::Pass);
    }
    let facts = vec![("count", writers.len().into()), ("limit", limit.into()), ("names", writers.into())];
    Ok(Ruling::Fail(facts))
}
