//! What kind of caller is behind a call?

mod agent;
mod credential;
mod host;

use std::net::IpAddr;

use serde::Serialize;

pub use agent::{Agent, ClientFamily};
pub use credential::CredentialSource;
pub use host::Host;

/// The kinds of caller that a user agent, a source address and a VPC endpoint betray.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CallerKind {
    /// A person in the AWS console.
    Console,
    /// A person in CloudShell.
    CloudShell,
    /// The AWS CLI from outside AWS, or an SDK on macOS, WSL or Docker Desktop: mostly a person's computer.
    CommandLine,
    /// Code in Lambda.
    Lambda,
    /// Code in an ECS task or Fargate.
    Ecs,
    /// Code on EC2, in containers on it, too: an instance's session, a kernel of Amazon Linux or Ubuntu for AWS.
    Ec2,
    /// Code on another compute service of AWS (App Runner, SageMaker, CodeBuild …).
    OtherAwsCompute,
    /// Terraform, CloudFormation, Pulumi and the like.
    InfrastructureAsCode,
    /// A CI service (GitHub Actions, GitLab, CircleCI, Jenkins …), by its name, or a command line on a kernel for Azure: that is
    /// where the hosted runners of GitHub and Azure DevOps are.
    ContinuousIntegration,
    /// An SDK inside one of the company's own VPCs (a VPC endpoint was used).
    InsideVpc,
    /// An SDK at a public address, or anything on a kernel for another cloud: an outside workload.
    OutsideWorkload,
    /// An AWS service on the caller's behalf.
    AwsService,
    /// None of these can be told.
    Unknown,
}

impl CallerKind {
    /// Its name in outputs: `command-line`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::CloudShell => "cloud-shell",
            Self::CommandLine => "command-line",
            Self::Lambda => "lambda",
            Self::Ecs => "ecs",
            Self::Ec2 => "ec2",
            Self::OtherAwsCompute => "other-aws-compute",
            Self::InfrastructureAsCode => "infrastructure-as-code",
            Self::ContinuousIntegration => "continuous-integration",
            Self::InsideVpc => "inside-vpc",
            Self::OutsideWorkload => "outside-workload",
            Self::AwsService => "aws-service",
            Self::Unknown => "unknown",
        }
    }

    /// Code that runs on AWS: an access key is the wrong credential for it.
    pub fn is_aws_workload(self) -> bool {
        matches!(self, Self::Lambda | Self::Ecs | Self::Ec2 | Self::OtherAwsCompute | Self::InsideVpc)
    }
}

/// What a source address tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressKind {
    /// Of AWS itself: `AWS Internal`, `ec2.amazonaws.com`.
    Service,
    /// Of a private network: such a caller came through a VPC endpoint.
    Private,
    /// Of the Internet.
    Public,
    /// None, or no address.
    #[default]
    Unknown,
}

impl AddressKind {
    /// The kind of a `sourceIPAddress`.
    pub fn of(address: &str) -> Self {
        if is_service(address) {
            return Self::Service;
        }
        match address.parse() {
            Ok(IpAddr::V4(v4)) if v4.is_private() => Self::Private,
            Ok(IpAddr::V6(v6)) if v6.is_unique_local() => Self::Private,
            Ok(_) => Self::Public,
            Err(_) => Self::Unknown,
        }
    }
}

/// What an event tells about its caller, beside the agent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signals {
    /// Of `sourceIPAddress`.
    pub address: AddressKind,
    /// A `vpcEndpointId` is there.
    pub through_endpoint: bool,
    /// `userIdentity.invokedBy` is there.
    pub invoked_by_aws: bool,
    /// `sessionCredentialFromConsole`, or a console sign-in.
    pub from_console: bool,
    /// The role session is named as an EC2 instance names it (`i-…`).
    pub instance_session: bool,
}

/// The kind of caller. What runs where (`exec-env/…`) says more than which tool it is; a VPC endpoint says something
/// only of callers that are not AWS itself: console proxies and services call through endpoints of their own.
pub fn kind(agent: Option<&Agent<'_>>, signals: Signals) -> CallerKind {
    let family = agent.map_or(ClientFamily::Unknown, |agent| agent.family);
    let by_agent = agent.and_then(|agent| agent.environment);
    if let Some(kind @ (CallerKind::CloudShell | CallerKind::InfrastructureAsCode)) = by_agent {
        return kind;
    }
    if signals.from_console || family == ClientFamily::Console {
        return CallerKind::Console;
    }
    if signals.invoked_by_aws || family == ClientFamily::AwsService || signals.address == AddressKind::Service
    {
        return CallerKind::AwsService;
    }
    if let Some(kind) = by_agent {
        return kind;
    }
    match family {
        _ if signals.instance_session => CallerKind::Ec2,
        ClientFamily::Browser => CallerKind::Console,
        family if family.is_infrastructure_as_code() => CallerKind::InfrastructureAsCode,
        family if let Some(kind) = agent.and_then(|agent| by_host(family, agent)) => kind,
        _ if signals.through_endpoint || signals.address == AddressKind::Private => CallerKind::InsideVpc,
        ClientFamily::AwsCli | ClientFamily::PowerShell => CallerKind::CommandLine,
        _ if signals.address == AddressKind::Public => CallerKind::OutsideWorkload,
        _ => CallerKind::Unknown,
    }
}

/// What the kernel says of where a client runs, which is more than what kind of client it is.
fn by_host(family: ClientFamily, agent: &Agent<'_>) -> Option<CallerKind> {
    let is_command_line = matches!(family, ClientFamily::AwsCli | ClientFamily::PowerShell);
    match agent.host? {
        Host::Aws => Some(CallerKind::Ec2),
        Host::Azure if is_command_line || agent.is_ubuntu() => Some(CallerKind::ContinuousIntegration),
        Host::Azure | Host::GoogleCloud | Host::OtherCloud => Some(CallerKind::OutsideWorkload),
        Host::PersonalComputer => Some(CallerKind::CommandLine),
        Host::Windows => None,
    }
}

/// The workload as a label, when the caller is one: see [`Activity::workloads`](crate::usage::Activity::workloads).
pub fn workload(kind: CallerKind, agent: Option<&Agent<'_>>) -> Option<String> {
    if matches!(kind, CallerKind::Console | CallerKind::AwsService | CallerKind::Unknown) {
        return None;
    }
    let family = agent.map_or(ClientFamily::Unknown, |agent| agent.family);
    Some(match agent.and_then(|agent| agent.app) {
        Some(app) => format!("app/{app}"),
        None => format!("{}/{}", kind.as_str(), family.as_str()),
    })
}

/// `AWS Internal`, `AWS Internal/3`, `ec2.amazonaws.com`.
fn is_service(address: &str) -> bool {
    address.starts_with("AWS Internal")
        || address.ends_with(".amazonaws.com")
        || address.ends_with(".amazonaws.com.cn")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: Signals = Signals {
        address: AddressKind::Public,
        through_endpoint: false,
        invoked_by_aws: false,
        from_console: false,
        instance_session: false,
    };

    #[test]
    fn kinds() {
        let endpoint = Signals { address: AddressKind::of("10.0.3.4"), through_endpoint: true, ..PUBLIC };
        let service = |address| Signals { address: AddressKind::of(address), ..PUBLIC };
        let console = Signals { from_console: true, ..PUBLIC };
        let behalf = Signals { invoked_by_aws: true, ..PUBLIC };
        let instance = Signals { instance_session: true, ..PUBLIC };
        let rows: &[(&str, Signals, CallerKind)] = &[
            (
                "aws-cli/2.15.0 Python/3.11 Linux/6.1 exec-env/CloudShell exe/x86_64",
                PUBLIC,
                CallerKind::CloudShell,
            ),
            ("aws-cli/1.45.11 md/Botocore#1.45.11 exec-env/CloudShell", endpoint, CallerKind::CloudShell),
            (
                "aws-cli/2.15.0 Python/3.11.6 Darwin/23.1.0 exe/x86_64 prompt/off command/s3.ls",
                PUBLIC,
                CallerKind::CommandLine,
            ),
            ("aws-cli/2.15.0 Python/3.11.6 Linux/5.10 exe/x86_64", endpoint, CallerKind::InsideVpc),
            ("aws-cli/2.15.0 Python/3.11.6 Linux/5.10 exec-env/EC2 exe/x86_64", PUBLIC, CallerKind::Ec2),
            (
                "Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0 os/linux#5.10 exec-env/AWS_ECS_FARGATE",
                PUBLIC,
                CallerKind::Ecs,
            ),
            ("Boto3/1.34.0 Python/3.11 exec-env/AWS_ECS_EC2 Botocore/1.34.0", PUBLIC, CallerKind::Ecs),
            ("Boto3/1.34.0 exec-env/AWS_Lambda_python3.12", PUBLIC, CallerKind::Lambda),
            (
                "aws-sdk-nodejs/2.1000.0 linux/v18.0.0 exec-env/AWS_Lambda_nodejs18.x promise",
                endpoint,
                CallerKind::Lambda,
            ),
            ("aws-sdk-java/2.20.0 exec-env/AWS_APP_RUNNER", PUBLIC, CallerKind::OtherAwsCompute),
            (
                "APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+https://www.terraform.io) terraform-provider-aws/5.100.0 aws-sdk-go-v2/1.36.3",
                PUBLIC,
                CallerKind::InfrastructureAsCode,
            ),
            (
                "[APN/1.0 HashiCorp/1.0 Terraform/1.5.0 aws-sdk-go/1.44.0]",
                PUBLIC,
                CallerKind::InfrastructureAsCode,
            ),
            ("APN/1.0 Pulumi/1.0 PulumiAWS/6.0 aws-sdk-go/1.50", PUBLIC, CallerKind::InfrastructureAsCode),
            (
                "cloudformation.amazonaws.com",
                service("cloudformation.amazonaws.com"),
                CallerKind::InfrastructureAsCode,
            ),
            ("configure-aws-credentials-for-github-actions", PUBLIC, CallerKind::ContinuousIntegration),
            (
                "aws-sdk-js/3.400.0 ua/2.0 configure-aws-credentials-for-github-actions",
                PUBLIC,
                CallerKind::ContinuousIntegration,
            ),
            ("aws-cli/2.15 Python/3.11 circleci/orb", PUBLIC, CallerKind::ContinuousIntegration),
            ("gitlab-runner 16.0 linux/amd64", PUBLIC, CallerKind::ContinuousIntegration),
            (
                "aws-cli/2.4.7 Python/3.8.8 Linux/5.8.0-1040-azure exe/x86_64.ubuntu.20 prompt/off command/s3.sync",
                PUBLIC,
                CallerKind::ContinuousIntegration,
            ),
            (
                "aws-cli/2.31.4 md/awscrt#0.27 ua/2.1 os/linux#6.8.0-1021-azure md/distrib#ubuntu.24",
                PUBLIC,
                CallerKind::ContinuousIntegration,
            ),
            (
                "Boto3/1.40 ua/2.1 os/linux#6.8.0-1021-azure md/arch#x86_64",
                PUBLIC,
                CallerKind::OutsideWorkload,
            ),
            ("aws-cli/2.31.4 ua/2.1 os/linux#6.1.112+ md/arch#x86_64", PUBLIC, CallerKind::OutsideWorkload),
            (
                "Boto3/1.40 ua/2.1 os/linux#6.1.119-129.201.amzn2023.x86_64 md/arch#x86_64",
                PUBLIC,
                CallerKind::Ec2,
            ),
            ("aws-cli/2.15.0 Python/3.11 Linux/6.5.0-1014-aws exe/x86_64.ubuntu.22", PUBLIC, CallerKind::Ec2),
            ("Boto3/1.40 ua/2.1 os/macos#24.5.0 md/arch#arm64", PUBLIC, CallerKind::CommandLine),
            ("Boto3/1.40 ua/2.1 os/linux#5.15.0-94-generic", PUBLIC, CallerKind::OutsideWorkload),
            (
                "Terraform/1.11 aws-sdk-js/3.4 os/linux#6.8.0-1021-azure",
                PUBLIC,
                CallerKind::InfrastructureAsCode,
            ),
            ("Boto3/1.40 os/linux#6.1.amzn2023.x86_64 exec-env/AWS_ECS_FARGATE", PUBLIC, CallerKind::Ecs),
            ("signin.amazonaws.com", PUBLIC, CallerKind::Console),
            ("console.amazonaws.com", service("AWS Internal"), CallerKind::Console),
            (
                "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.11]",
                service("AWS Internal"),
                CallerKind::Console,
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36",
                PUBLIC,
                CallerKind::Console,
            ),
            ("Mozilla/5.0 (Macintosh) CloudShell", console, CallerKind::Console),
            ("aws-internal/3 aws-sdk-java/1.12.500 Linux/5.10", console, CallerKind::Console),
            ("AWS Internal", console, CallerKind::Console),
            ("AWS Internal", service("AWS Internal"), CallerKind::AwsService),
            ("AWS Internal", service("AWS Internal/3"), CallerKind::AwsService),
            ("secretsmanager.amazonaws.com", endpoint, CallerKind::AwsService),
            ("Boto3/1.34.0 md/Botocore#1.34.0", behalf, CallerKind::AwsService),
            ("rds.amazonaws.com", service("rds.amazonaws.com"), CallerKind::AwsService),
            ("[Boto3/1.26.0 Python/3.9 Botocore/1.29]", PUBLIC, CallerKind::OutsideWorkload),
            (
                "aws-sdk-go-v2/1.30.0 os/linux lang/go#1.22 app/nightly-batch",
                PUBLIC,
                CallerKind::OutsideWorkload,
            ),
            ("aws-sdk-go-v2/1.30.0 os/linux lang/go#1.22", endpoint, CallerKind::InsideVpc),
            ("aws-sdk-go-v2/1.30.0 os/linux", service("10.1.2.3"), CallerKind::InsideVpc),
            ("amazon-ssm-agent/3.2 aws-sdk-go/1.44", PUBLIC, CallerKind::Ec2),
            ("aws-sdk-go/1.44", instance, CallerKind::Ec2),
            ("Datadog/7.0", PUBLIC, CallerKind::OutsideWorkload),
            ("something-nobody-knows/1.0", PUBLIC, CallerKind::OutsideWorkload),
            ("something-nobody-knows/1.0", Signals::default(), CallerKind::Unknown),
        ];
        for (agent, signals, expected) in rows {
            assert_eq!(kind(Some(&Agent::parse(agent)), *signals), *expected, "{agent}");
        }
        assert_eq!(kind(None, PUBLIC), CallerKind::OutsideWorkload);
        assert_eq!(kind(None, Signals::default()), CallerKind::Unknown);
    }

    #[test]
    fn addresses() {
        let rows = [
            ("203.0.113.7", AddressKind::Public),
            ("2001:db8::1", AddressKind::Public),
            ("10.0.3.4", AddressKind::Private),
            ("fd00::1", AddressKind::Private),
            ("AWS Internal/3", AddressKind::Service),
            ("ec2.amazonaws.com", AddressKind::Service),
            ("somewhere", AddressKind::Unknown),
        ];
        for (address, kind) in rows {
            assert_eq!(AddressKind::of(address), kind, "{address}");
        }
    }

    #[test]
    fn workloads() {
        let label = |agent: &str| {
            let agent = Agent::parse(agent);
            workload(kind(Some(&agent), PUBLIC), Some(&agent))
        };
        assert_eq!(label("Boto3/1.34.0 exec-env/AWS_Lambda_python3.12").as_deref(), Some("lambda/boto3"));
        assert_eq!(label("Boto3/1.34.0 app/nightly-batch").as_deref(), Some("app/nightly-batch"));
        assert_eq!(label("Mozilla/5.0 (X11)"), None);
        assert_eq!(label("rds.amazonaws.com"), None);
    }
}
