//! What kind of caller is behind a call?

use serde::Serialize;

/// The kinds of caller that a user agent, a source address and a VPC endpoint betray.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CallerKind {
    /// A person in the AWS console.
    Console,
    /// A person in CloudShell.
    CloudShell,
    /// The AWS CLI from outside AWS: mostly a person's computer.
    CommandLine,
    /// Code in Lambda.
    Lambda,
    /// Code in an ECS task or Fargate.
    Ecs,
    /// Code on EC2.
    Ec2,
    /// Terraform, CloudFormation, Pulumi and the like.
    InfrastructureAsCode,
    /// A CI service (GitHub Actions, GitLab, CircleCI, Jenkins …).
    ContinuousIntegration,
    /// An SDK inside one of the company's own VPCs (a VPC endpoint was used).
    InsideVpc,
    /// An SDK at a public address: an outside workload.
    OutsideWorkload,
    /// An AWS service on the caller's behalf.
    AwsService,
    /// None of these can be told.
    Unknown,
}
