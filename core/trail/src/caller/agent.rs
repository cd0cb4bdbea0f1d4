//! User agents: which client, where it runs, which application it says it is.

use serde::Serialize;

use super::{CallerKind, CredentialSource, Host, host};

/// A user agent, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agent<'a> {
    /// The agent without the brackets that S3 puts around it.
    pub text: &'a str,
    /// The client.
    pub family: ClientFamily,
    /// The application, as it names itself (`app/NAME`, set by `AWS_SDK_UA_APP_ID`).
    pub app: Option<&'a str>,
    /// The kind of caller, as far as the agent alone tells where it runs (`exec-env/…`, the name of a CI service …).
    pub environment: Option<CallerKind>,
    /// Where the program runs, by its kernel.
    pub host: Option<Host>,
    /// Where the program found its credentials.
    pub credential: Option<CredentialSource>,
}

macro_rules! families {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// The client behind a user agent: an SDK, a tool, a browser.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum ClientFamily {
            $($(#[doc = $doc])* #[serde(rename = $text)] $name,)*
        }

        impl ClientFamily {
            /// Its name in outputs.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

families! {
    /// The AWS console's own servers.
    Console = "console",
    /// A web browser.
    Browser = "browser",
    /// An AWS service.
    AwsService = "aws-service",
    /// AWS CLI.
    AwsCli = "aws-cli",
    /// AWS Tools for PowerShell.
    PowerShell = "powershell",
    /// Terraform and OpenTofu.
    Terraform = "terraform",
    /// Pulumi.
    Pulumi = "pulumi",
    /// CloudFormation.
    CloudFormation = "cloudformation",
    /// AWS CDK.
    Cdk = "cdk",
    /// Ansible.
    Ansible = "ansible",
    /// Serverless Framework.
    Serverless = "serverless",
    /// Boto3 and botocore (Python).
    Boto3 = "boto3",
    /// AWS SDK for Java, versions 1 and 2.
    Java = "java",
    /// AWS SDK for JavaScript, in Node.js or a browser.
    JavaScript = "javascript",
    /// AWS SDK for Go, versions 1 and 2.
    Go = "go",
    /// AWS SDK for Ruby.
    Ruby = "ruby",
    /// AWS SDK for PHP.
    Php = "php",
    /// AWS SDK for .NET.
    DotNet = "dotnet",
    /// AWS SDK for Rust.
    Rust = "rust",
    /// AWS SDK for C++.
    Cpp = "cpp",
    /// AWS SDK for Kotlin.
    Kotlin = "kotlin",
    /// AWS SDK for Swift.
    Swift = "swift",
    /// s3cmd, rclone, Cyberduck and other clients of S3.
    S3Tool = "s3-tool",
    /// Datadog, Grafana, Prometheus exporters and other monitoring.
    Monitoring = "monitoring",
    /// Another client.
    Other = "other",
    /// No agent was told.
    Unknown = "unknown",
}

/// Words of an agent that name its client, the telling ones first: Terraform's agent also names the Go SDK, the CLI's
/// also Python. In lower case; matched at the start of a word.
const FAMILIES: &[(&str, ClientFamily)] = &[
    ("terraform", ClientFamily::Terraform),
    ("opentofu", ClientFamily::Terraform),
    ("pulumi", ClientFamily::Pulumi),
    ("aws-cdk", ClientFamily::Cdk),
    ("cdk/", ClientFamily::Cdk),
    ("ansible", ClientFamily::Ansible),
    ("serverless", ClientFamily::Serverless),
    ("s3console", ClientFamily::Console),
    ("aws-internal", ClientFamily::AwsService),
    ("datadog", ClientFamily::Monitoring),
    ("grafana", ClientFamily::Monitoring),
    ("yet-another-cloudwatch-exporter", ClientFamily::Monitoring),
    ("cloudwatch_exporter", ClientFamily::Monitoring),
    ("newrelic", ClientFamily::Monitoring),
    ("s3cmd", ClientFamily::S3Tool),
    ("s3fs", ClientFamily::S3Tool),
    ("s5cmd", ClientFamily::S3Tool),
    ("rclone", ClientFamily::S3Tool),
    ("cyberduck", ClientFamily::S3Tool),
    ("winscp", ClientFamily::S3Tool),
    ("minio", ClientFamily::S3Tool),
    ("aws-cli/", ClientFamily::AwsCli),
    ("awspowershell", ClientFamily::PowerShell),
    ("aws-tools-for-powershell", ClientFamily::PowerShell),
    ("boto3/", ClientFamily::Boto3),
    ("botocore/", ClientFamily::Boto3),
    ("boto/", ClientFamily::Boto3),
    ("aws-sdk-java", ClientFamily::Java),
    ("aws-sdk-nodejs", ClientFamily::JavaScript),
    ("aws-sdk-js", ClientFamily::JavaScript),
    ("aws-sdk-go", ClientFamily::Go),
    ("aws-sdk-ruby", ClientFamily::Ruby),
    ("aws-sdk-php", ClientFamily::Php),
    ("aws-sdk-dotnet", ClientFamily::DotNet),
    ("aws-sdk-net", ClientFamily::DotNet),
    ("aws-sdk-rust", ClientFamily::Rust),
    ("aws-sdk-cpp", ClientFamily::Cpp),
    ("aws-sdk-kotlin", ClientFamily::Kotlin),
    ("aws-sdk-swift", ClientFamily::Swift),
    ("mozilla/", ClientFamily::Browser),
];

/// Words that name a CI service, in lower case; matched anywhere.
const CI: &[&str] = &[
    "github-actions",
    "githubactions",
    "gitlab",
    "circleci",
    "jenkins",
    "bitbucket-pipelines",
    "buildkite",
    "azure-pipelines",
    "vststask",
    "travis-ci",
    "drone-ci",
    "semaphoreci",
];

impl<'a> Agent<'a> {
    /// Takes an agent apart.
    pub fn parse(text: &'a str) -> Self {
        let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text).trim();
        let family = family(text);
        Self {
            text,
            family,
            app: token(text, "app/"),
            environment: environment(text, family),
            host: Host::of(text),
            credential: feature_ids(text).and_then(CredentialSource::of),
        }
    }

    /// The kernel that the agent tells: `6.8.0-1021-azure`.
    pub fn kernel(&self) -> Option<&'a str> {
        host::system(self.text).map(|(_, kernel)| kernel).filter(|kernel| !kernel.is_empty())
    }

    /// Whether the distribution is Ubuntu, as the AWS CLI tells it: `exe/x86_64.ubuntu.24`, `md/distrib#ubuntu.24`.
    pub(super) fn is_ubuntu(&self) -> bool {
        self.text.contains(".ubuntu.") || self.text.contains("#ubuntu.")
    }
}

fn environment(text: &str, family: ClientFamily) -> Option<CallerKind> {
    match token(text, "exec-env/") {
        Some("CloudShell") => return Some(CallerKind::CloudShell),
        Some(env) if env.starts_with("AWS_Lambda") => return Some(CallerKind::Lambda),
        Some(env) if env.starts_with("AWS_ECS") => return Some(CallerKind::Ecs),
        Some(env) if env.starts_with("EC2") || env.starts_with("AWS_EC2") => return Some(CallerKind::Ec2),
        Some(env) if env.starts_with("AWS_") => return Some(CallerKind::OtherAwsCompute),
        _ => {}
    }
    let lower = text.to_ascii_lowercase();
    if CI.iter().any(|word| lower.contains(word)) {
        return Some(CallerKind::ContinuousIntegration);
    }
    if ["amazon-ssm-agent", "cloudwatchagent", "ec2-instance-connect"].iter().any(|word| lower.contains(word))
    {
        return Some(CallerKind::Ec2);
    }
    (family == ClientFamily::CloudFormation).then_some(CallerKind::InfrastructureAsCode)
}

impl ClientFamily {
    /// Whether it is a tool that builds infrastructure from text.
    pub fn is_infrastructure_as_code(self) -> bool {
        matches!(
            self,
            Self::Terraform
                | Self::Pulumi
                | Self::CloudFormation
                | Self::Cdk
                | Self::Ansible
                | Self::Serverless
        )
    }
}

fn family(text: &str) -> ClientFamily {
    match text {
        "" => return ClientFamily::Unknown,
        "cloudformation.amazonaws.com" => return ClientFamily::CloudFormation,
        "signin.amazonaws.com" | "console.amazonaws.com" | "console.ec2.amazonaws.com" => {
            return ClientFamily::Console;
        }
        service if service.starts_with("AWS Internal") => return ClientFamily::AwsService,
        host if host.ends_with(".amazonaws.com") && host.starts_with("console.") => {
            return ClientFamily::Console;
        }
        host if host.ends_with(".amazonaws.com") && !host.contains(' ') => return ClientFamily::AwsService,
        _ => {}
    }
    let lower = text.to_ascii_lowercase();
    FAMILIES
        .iter()
        .find(|(word, _)| has_word_start(&lower, word))
        .map_or(ClientFamily::Other, |&(_, family)| family)
}

/// Whether `word` occurs in `text` at its start or after something that is no letter or digit.
fn has_word_start(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        text.as_bytes().get(..at).and_then(<[u8]>::last).is_none_or(|before| !before.is_ascii_alphanumeric())
    })
}

/// The ids of `m/…`: commas stand between them.
fn feature_ids(text: &str) -> Option<&str> {
    text.split(' ').find_map(|word| word.strip_prefix("m/"))
}

/// The rest of the first word that starts with `prefix`.
fn token<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.split([' ', ';', ',']).find_map(|word| word.strip_prefix(prefix)).filter(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families() {
        let rows = [
            ("", "unknown"),
            ("APN/1.0 HashiCorp/1.0 Terraform/1.5 terraform-provider-aws/5 aws-sdk-go-v2/1", "terraform"),
            ("aws-cli/2.15.0 Python/3.11 Botocore/1.3", "aws-cli"),
            ("[Boto3/1.26 Python/3.9 Botocore/1.29]", "boto3"),
            ("Botocore/1.29", "boto3"),
            ("aws-sdk-go/1.44 (go1.20; linux; amd64) S3Manager", "go"),
            ("aws-sdk-java/2.20 Linux/5.10 OpenJDK_64", "java"),
            ("aws-sdk-js/3.4 os/linux lang/js md/nodejs#18", "javascript"),
            ("aws-sdk-nodejs/2.1 linux/v18", "javascript"),
            ("aws-sdk-ruby3/3.1 ruby/3.2", "ruby"),
            ("aws-sdk-php/3.2 OS/Linux", "php"),
            ("aws-sdk-dotnet-coreclr/3.7", "dotnet"),
            ("aws-sdk-rust/1.0", "rust"),
            ("rclone/v1.65", "s3-tool"),
            ("S3Console/0.4, aws-internal/3 aws-sdk-java/1.11", "console"),
            ("aws-internal/3 aws-sdk-java/1.12", "aws-service"),
            ("Mozilla/5.0 (X11; Linux)", "browser"),
            ("lambda.amazonaws.com", "aws-service"),
            ("cloudformation.amazonaws.com", "cloudformation"),
            ("console.s3.amazonaws.com", "console"),
            ("curl/8.0", "other"),
        ];
        for (agent, expected) in rows {
            assert_eq!(Agent::parse(agent).family.as_str(), expected, "{agent}");
        }
    }

    #[test]
    fn parts() {
        let agent =
            Agent::parse("[Boto3/1.34.0 md/Botocore#1.34 exec-env/AWS_ECS_FARGATE app/nightly-batch cfg/x]");
        assert_eq!((agent.app, agent.environment), (Some("nightly-batch"), Some(CallerKind::Ecs)));
        assert_eq!(
            agent.text,
            "Boto3/1.34.0 md/Botocore#1.34 exec-env/AWS_ECS_FARGATE app/nightly-batch cfg/x"
        );
        assert_eq!(Agent::parse("webapp/2 app/").app, None);
        let agent =
            Agent::parse("Boto3/1.44.8 ua/2.1 os/linux#6.8.0-1021-azure md/arch#x86_64 m/E,n,Z cfg/x");
        assert_eq!(
            (agent.host, agent.kernel(), agent.credential),
            (Some(Host::Azure), Some("6.8.0-1021-azure"), Some(CredentialSource::SharedFile))
        );
    }
}
