//! Words of user agents that name a program, and what homes such a program has.
//!
//! A word says what kind of program it is; where it runs it mostly does not say, so a row allows several homes. Matched in lower case, at
//! the start of a word.

use crate::class::{Class, Classes};
use crate::piece::Strength;

/// What a word says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool {
    pub(crate) word: &'static str,
    /// Its name for people.
    pub(crate) name: &'static str,
    /// The homes it may have; others are ruled out.
    pub(crate) allows: &'static [Class],
    /// Those it speaks for: without a row like this nobody has these.
    pub(crate) names: &'static [Class],
    pub(crate) strength: Strength,
}

use Class::{
    AwsEc2, AwsEks, CiAzure, CiBitbucket, CiBuildkite, CiCircleci, CiGithub, CiGitlab, CiJenkins, CiOther,
    CiTerraform, Device, OutsideKubernetes, OutsideServer, PersonTool, Saas,
};

const DESKTOP: &[Class] = &[PersonTool];
const CLUSTER: &[Class] = &[AwsEks, OutsideKubernetes];
const AGENT: &[Class] = &[
    AwsEc2,
    AwsEks,
    Class::AwsEcs,
    OutsideServer,
    OutsideKubernetes,
    Class::OutsideGcp,
    Class::OutsideAzure,
    Saas,
];
const BOX: &[Class] = &[Device, OutsideServer];
const VENDOR: &[Class] = &[Saas];

const fn tool(
    word: &'static str,
    name: &'static str,
    allows: &'static [Class],
    names: &'static [Class],
    strength: Strength,
) -> Tool {
    Tool { word, name, allows, names, strength }
}

const fn ci(word: &'static str, name: &'static str, class: &'static [Class]) -> Tool {
    tool(word, name, class, class, Strength::Strong)
}

const fn desktop(word: &'static str, name: &'static str) -> Tool {
    tool(word, name, DESKTOP, DESKTOP, Strength::Strong)
}

const fn cluster(word: &'static str, name: &'static str) -> Tool {
    tool(word, name, CLUSTER, CLUSTER, Strength::Strong)
}

const fn vendor(word: &'static str, name: &'static str) -> Tool {
    tool(word, name, VENDOR, VENDOR, Strength::Strong)
}

/// The rows, what says more first: `datadog-agent` runs on the company's own hosts, `datadog` is the vendor.
pub(crate) const TOOLS: &[Tool] = &[
    // The action's own calls (its source sets the agent); those of the job after it do not say so.
    tool(
        "configure-aws-credentials-for-github-actions",
        "configure-aws-credentials",
        &[CiGithub],
        &[CiGithub],
        Strength::Certain,
    ),
    tool("exec-env/githubactions", "exec-env/GitHubActions", &[CiGithub], &[CiGithub], Strength::Certain),
    ci("github-actions", "GitHub Actions", &[CiGithub]),
    ci("gitlab-runner", "GitLab Runner", &[CiGitlab]),
    ci("gitlab-ci", "GitLab CI", &[CiGitlab]),
    ci("circleci", "CircleCI", &[CiCircleci]),
    ci("bitbucket-pipelines", "Bitbucket Pipelines", &[CiBitbucket]),
    ci("buildkite", "Buildkite", &[CiBuildkite]),
    ci("hcp-terraform", "HCP Terraform", &[CiTerraform]),
    ci("terraform-cloud", "Terraform Cloud", &[CiTerraform]),
    ci("tfc-agent", "the agent of HCP Terraform", &[CiTerraform]),
    ci("jenkins", "Jenkins", &[CiJenkins]),
    ci("azure-pipelines", "Azure Pipelines", &[CiAzure]),
    ci("vststask", "a task of Azure DevOps", &[CiAzure]),
    ci("awsvststoolkit", "the AWS toolkit for Azure DevOps", &[CiAzure]),
    ci("travis-ci", "Travis CI", &[CiOther]),
    ci("drone-ci", "Drone", &[CiOther]),
    ci("semaphoreci", "Semaphore", &[CiOther]),
    ci("teamcity", "TeamCity", &[CiOther]),
    ci("octopus", "Octopus Deploy", &[CiOther]),
    // Programs with a window.
    desktop("cyberduck", "Cyberduck"),
    desktop("mountainduck", "Mountain Duck"),
    desktop("winscp", "WinSCP"),
    desktop("s3 browser", "S3 Browser"),
    desktop("s3browser", "S3 Browser"),
    desktop("cloudberry", "CloudBerry Explorer"),
    desktop("transmit", "Transmit"),
    desktop("forklift", "ForkLift"),
    desktop("commander one", "Commander One"),
    desktop("expandrive", "ExpanDrive"),
    desktop("dbeaver", "DBeaver"),
    desktop("datagrip", "DataGrip"),
    desktop("intellij", "an IDE of JetBrains"),
    desktop("aws-toolkit-for-vscode", "AWS Toolkit for VS Code"),
    desktop("aws-toolkit-for-jetbrains", "AWS Toolkit for JetBrains"),
    desktop("aws-toolkit-for-visualstudio", "AWS Toolkit for Visual Studio"),
    desktop("nosql workbench", "NoSQL Workbench"),
    // Add-ons of clusters: IRSA or Pod Identity.
    cluster("external-dns", "external-dns"),
    cluster("externaldns", "external-dns"),
    cluster("cluster-autoscaler", "cluster-autoscaler"),
    cluster("karpenter", "Karpenter"),
    cluster("velero", "Velero"),
    cluster("cert-manager", "cert-manager"),
    cluster("external-secrets", "external-secrets"),
    cluster("aws-load-balancer-controller", "AWS Load Balancer Controller"),
    cluster("elbv2.k8s.aws", "AWS Load Balancer Controller"),
    cluster("aws-ebs-csi-driver", "the EBS CSI driver"),
    cluster("aws-efs-csi-driver", "the EFS CSI driver"),
    cluster("kubernetes", "a client in Kubernetes"),
    cluster("argocd", "Argo CD"),
    cluster("crossplane", "Crossplane"),
    // On hosts of the company, wherever these are.
    tool("datadog-agent", "the Datadog agent", AGENT, &[], Strength::Strong),
    tool("datadog agent", "the Datadog agent", AGENT, &[], Strength::Strong),
    tool("fluent-bit", "Fluent Bit", AGENT, &[], Strength::Strong),
    tool("fluentd", "Fluentd", AGENT, &[], Strength::Strong),
    tool("logstash", "Logstash", AGENT, &[], Strength::Strong),
    tool("filebeat", "Filebeat", AGENT, &[], Strength::Strong),
    tool("telegraf", "Telegraf", AGENT, &[], Strength::Strong),
    tool("veeam", "Veeam", &[OutsideServer, AwsEc2], &[OutsideServer], Strength::Strong),
    // What stands in a room and cannot hold a session that ends.
    tool("hyper backup", "Synology Hyper Backup", BOX, &[Device], Strength::Strong),
    tool("hyperbackup", "Synology Hyper Backup", BOX, &[Device], Strength::Strong),
    tool("synology", "Synology", BOX, &[Device], Strength::Strong),
    tool("cloudsync", "Synology Cloud Sync", BOX, &[Device], Strength::Strong),
    tool("qnap", "QNAP", BOX, &[Device], Strength::Strong),
    tool("truenas", "TrueNAS", BOX, &[Device], Strength::Strong),
    tool("axis-", "a camera of Axis", &[Device], &[Device], Strength::Strong),
    // Vendors.
    vendor("datadog", "Datadog"),
    vendor("fivetran", "Fivetran"),
    vendor("snowflake", "Snowflake"),
    vendor("segment", "Segment"),
    vendor("newrelic", "New Relic"),
    vendor("new relic", "New Relic"),
    vendor("mackerel", "Mackerel"),
    vendor("sumologic", "Sumo Logic"),
    vendor("cloudhealth", "CloudHealth"),
    vendor("prisma cloud", "Prisma Cloud"),
    vendor("prismacloud", "Prisma Cloud"),
    vendor("wiz", "Wiz"),
    vendor("lacework", "Lacework"),
    vendor("stitchdata", "Stitch"),
    vendor("airbyte cloud", "Airbyte Cloud"),
    vendor("treasuredata", "Treasure Data"),
    vendor("trocco", "trocco"),
    vendor("domo", "Domo"),
    vendor("databricks", "Databricks"),
    vendor("mixpanel", "Mixpanel"),
    vendor("amplitude", "Amplitude"),
    vendor("hightouch", "Hightouch"),
    vendor("censys", "Censys"),
];

/// The row of an agent's word; what it calls itself (`app/NAME`) is not looked at: anybody writes there what he likes.
pub(crate) fn of(agent: &str) -> Option<&'static Tool> {
    let lower = agent.to_ascii_lowercase();
    let words: String =
        lower.split(' ').filter(|word| !word.starts_with("app/")).collect::<Vec<_>>().join(" ");
    TOOLS.iter().find(|tool| has_word_start(&words, tool.word))
}

impl Tool {
    pub(crate) fn allows(&self) -> Classes {
        Classes::of(self.allows)
    }

    pub(crate) fn names(&self) -> Classes {
        Classes::of(self.names)
    }
}

/// Whether `word` occurs in `text` at its start or after something that is no letter or digit.
fn has_word_start(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        text.as_bytes().get(..at).and_then(<[u8]>::last).is_none_or(|before| !before.is_ascii_alphanumeric())
    })
}
