//! AWS managed policies that the company uses, with short documents.
//!
//! The documents of `AdministratorAccess` and `PowerUserAccess` are as AWS publishes them; the others are abbreviated to a few
//! typical statements, which the example's README says.

use crate::document::{Document, Statement};

/// The ARN of an AWS managed policy.
pub(crate) fn arn(name: &str) -> String {
    let path = match name {
        "AWSLambdaBasicExecutionRole" | "AmazonECSTaskExecutionRolePolicy" => "service-role/",
        "AWSSupportServiceRolePolicy"
        | "AWSTrustedAdvisorServiceRolePolicy"
        | "AWSOrganizationsServiceTrustPolicy"
        | "AmazonECSServiceRolePolicy"
        | "AWSSSOServiceRolePolicy"
        | "AmazonRDSServiceRolePolicy" => "aws-service-role/",
        "Billing" | "DataScientist" => "job-function/",
        _ => "",
    };
    format!("arn:aws:iam::aws:policy/{path}{name}")
}

/// The document of an AWS managed policy, and how many versions AWS has published (made up).
pub(crate) fn document(name: &str) -> (Document, u32) {
    let all = ["*"];
    match name {
        "AdministratorAccess" => (Document::allow(&["*"], &all), 1),
        "PowerUserAccess" => (power_user(), 6),
        "IAMUserChangePassword" => (change_password(), 2),
        _ => abbreviated(name),
    }
}

fn power_user() -> Document {
    Document::new(vec![
        Statement::allow_all_but(&["iam:*", "organizations:*", "account:*"]),
        Statement::allow(
            &[
                "account:GetAccountInformation",
                "account:GetPrimaryEmail",
                "account:ListRegions",
                "iam:CreateServiceLinkedRole",
                "iam:DeleteServiceLinkedRole",
                "iam:ListRoles",
                "organizations:DescribeEffectivePolicy",
                "organizations:DescribeOrganization",
            ],
            &["*"],
        ),
    ])
}

fn change_password() -> Document {
    Document::new(vec![
        Statement::allow(&["iam:ChangePassword"], &["arn:aws:iam::*:user/${aws:username}"]),
        Statement::allow(&["iam:GetAccountPasswordPolicy"], &["*"]),
    ])
}

/// Read actions that the abbreviated read-only documents list.
const READ: &[&str] = &[
    "cloudformation:Describe*",
    "cloudwatch:Describe*",
    "cloudwatch:Get*",
    "dynamodb:Describe*",
    "dynamodb:List*",
    "ec2:Describe*",
    "ecs:Describe*",
    "ecs:List*",
    "iam:Get*",
    "iam:List*",
    "lambda:Get*",
    "lambda:List*",
    "logs:Describe*",
    "logs:Get*",
    "rds:Describe*",
    "s3:Get*",
    "s3:List*",
    "sqs:Get*",
    "sqs:List*",
    "sts:GetCallerIdentity",
    "tag:Get*",
];

/// Actions of an abbreviated policy.
fn actions(name: &str) -> (&'static [&'static str], u32) {
    match name {
        "ReadOnlyAccess" => (READ, 154),
        "SecurityAudit" => (
            &[
                "cloudtrail:Describe*",
                "cloudtrail:Get*",
                "ec2:Describe*",
                "iam:Generate*",
                "iam:Get*",
                "iam:List*",
                "kms:List*",
                "s3:GetBucket*",
                "s3:ListAllMyBuckets",
            ],
            77,
        ),
        "ViewOnlyAccess" => {
            (&["ec2:Describe*", "ecs:List*", "iam:List*", "lambda:List*", "s3:ListAllMyBuckets"], 24)
        }
        "AWSSupportAccess" => (&["support:*", "supportapp:*"], 2),
        "AWSCloudShellFullAccess" => (&["cloudshell:*"], 1),
        "AmazonS3FullAccess" => (&["s3:*", "s3-object-lambda:*"], 3),
        "AmazonS3ReadOnlyAccess" => (&["s3:Get*", "s3:List*", "s3:Describe*"], 4),
        "AmazonSESFullAccess" => (&["ses:*"], 1),
        "CloudWatchAgentServerPolicy" => (
            &[
                "cloudwatch:PutMetricData",
                "ec2:DescribeTags",
                "logs:PutLogEvents",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
            ],
            3,
        ),
        "AmazonSSMManagedInstanceCore" => (
            &[
                "ssm:UpdateInstanceInformation",
                "ssm:GetParameter",
                "ssmmessages:CreateControlChannel",
                "ec2messages:GetMessages",
            ],
            2,
        ),
        "AWSLambdaBasicExecutionRole" => {
            (&["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], 1)
        }
        "AmazonECSTaskExecutionRolePolicy" => (
            &[
                "ecr:GetAuthorizationToken",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
            ],
            1,
        ),
        "Billing" => (&["budgets:*", "ce:Get*", "cur:DescribeReportDefinitions", "billing:Get*"], 6),
        "DataScientist" => (&["athena:*", "glue:Get*", "s3:GetObject", "s3:ListBucket", "sagemaker:*"], 5),
        "AWSSupportServiceRolePolicy" => (&["ec2:Describe*", "iam:Get*", "s3:GetBucketLocation"], 31),
        "AWSTrustedAdvisorServiceRolePolicy" => {
            (&["ec2:Describe*", "iam:GetAccountSummary", "support:DescribeTrustedAdvisorChecks"], 12)
        }
        "AWSOrganizationsServiceTrustPolicy" => (&["iam:CreateServiceLinkedRole", "iam:DeleteRole"], 2),
        "AmazonECSServiceRolePolicy" => (
            &[
                "ec2:DescribeNetworkInterfaces",
                "ec2:CreateNetworkInterface",
                "elasticloadbalancing:RegisterTargets",
            ],
            11,
        ),
        "AmazonRDSServiceRolePolicy" => {
            (&["ec2:DescribeSubnets", "ec2:CreateNetworkInterface", "logs:PutLogEvents"], 13)
        }
        "AWSSSOServiceRolePolicy" => {
            (&["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:ListRoles"], 17)
        }
        _ => (&["sts:GetCallerIdentity"], 1),
    }
}

fn abbreviated(name: &str) -> (Document, u32) {
    let (actions, version) = actions(name);
    (Document::allow(actions, &["*"]), version)
}
