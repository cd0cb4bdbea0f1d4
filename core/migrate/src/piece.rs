//! Pieces of evidence: what one fact of a credential's calls says of its home.

use kagimori_trail::caller::{Agent, ClientFamily, CredentialSource, Host};
use serde::Serialize;

use crate::class::{Class, Classes, Kind};
use crate::seen::{Place, Signature, Tally};
use crate::tools;

/// How much a piece weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the judgement says what it does with each")]
pub enum Strength {
    /// A hint: a name, a tag. Never alone.
    Weak,
    /// Addresses, rhythm, kinds of work: it narrows what stronger pieces leave, and tells nothing alone.
    Medium,
    /// What the program says of itself and does not choose.
    Strong,
    /// What AWS says, or the platform puts there.
    Certain,
}

/// What kind of fact it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "each has its own words")]
pub enum Sort {
    /// What somebody of the company answered.
    Answer,
    /// The console.
    Console,
    /// `exec-env/…`
    Environment,
    /// A CI service or another tool, by its name.
    Tool,
    /// How the credentials reached the program (`m/…`).
    Source,
    /// The kernel.
    Kernel,
    /// A private address, an endpoint of a VPC.
    Network,
    /// One address, or many.
    Addresses,
    /// When it works.
    Rhythm,
    /// What it does.
    Work,
    /// Name, path, tags, password.
    Name,
}

/// One piece.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Piece {
    /// What kind of fact.
    pub sort: Sort,
    /// The fact: `6.8.0-1021-azure`, `exec-env/AWS_ECS_FARGATE`.
    pub says: String,
    /// How much it weighs.
    pub strength: Strength,
    /// The classes that it leaves.
    pub allows: Classes,
    /// Those that it speaks for: nobody is of a class that nothing speaks for.
    pub names: Classes,
    /// On how many calls it rests.
    pub calls: u64,
    /// The first of them.
    pub event: Option<String>,
}

impl Sort {
    /// In English and in Japanese.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Answer => ("answer", "回答"),
            Self::Console => ("console", "コンソール"),
            Self::Environment => ("environment", "実行環境"),
            Self::Tool => ("program", "プログラム"),
            Self::Source => ("credentials from", "認証情報の渡し方"),
            Self::Kernel => ("kernel", "カーネル"),
            Self::Network => ("network", "ネットワーク"),
            Self::Addresses => ("addresses", "送信元アドレス"),
            Self::Rhythm => ("rhythm", "時間帯"),
            Self::Work => ("work", "操作"),
            Self::Name => ("name", "名前・タグ"),
        }
    }
}

/// Homes that only a word of their own speaks for.
const BY_WORD: &[Kind] = &[Kind::Vendor, Kind::Device];

fn aws() -> Classes {
    Classes::of_kinds(&[Kind::Aws])
}

/// Runners of CI services that a company runs itself stand anywhere.
fn ci() -> Classes {
    Classes::of_kinds(&[Kind::Ci])
}

fn people() -> Classes {
    Classes::of_kinds(&[Kind::Person])
}

/// What one signature says of itself, its strong and certain pieces.
pub(crate) fn of(signature: &Signature, tally: &Tally) -> Vec<Piece> {
    let agent = Agent::parse(&signature.agent);
    let mut pieces = Vec::new();
    let mut say = |sort, says: String, strength, allows: Classes, names: Classes| {
        pieces.push(Piece {
            sort,
            says,
            strength,
            allows,
            names,
            calls: tally.calls,
            event: tally.first.1.as_deref().map(str::to_owned),
        });
    };
    if signature.is_console {
        let class = Classes::of(&[Class::PersonConsole]);
        say(Sort::Console, "made in the console".to_owned(), Strength::Certain, class, class);
        return pieces;
    }
    if let Some((says, allows, names)) = environment(&agent) {
        say(Sort::Environment, says, Strength::Certain, allows, names);
    }
    if let Some(tool) = tools::of(&signature.agent) {
        say(Sort::Tool, tool.name.to_owned(), tool.strength, tool.allows(), tool.names());
    }
    if let Some((says, allows, names)) = kernel(&agent) {
        say(Sort::Kernel, says, Strength::Strong, allows, names);
    }
    if let Some(source) = agent.credential {
        let (allows, names) = by_source(source);
        say(Sort::Source, source.as_str().to_owned(), Strength::Strong, allows, names);
    }
    if signature.place == Place::Inside {
        let inside = aws().or(ci()).or(Classes::of(&[Class::OutsideServer])).or(Classes::of_kinds(BY_WORD));
        let says = tally.addresses.iter().next().map_or("private", |address| address);
        let ec2 = Classes::of(&[Class::AwsEc2]);
        say(Sort::Network, format!("{says}, through a VPC endpoint"), Strength::Strong, inside, ec2);
    }
    pieces
}

/// What SDKs copy from `AWS_EXECUTION_ENV`.
fn environment(agent: &Agent<'_>) -> Option<(String, Classes, Classes)> {
    let word = agent.text.split(' ').find(|word| word.starts_with("exec-env/"))?;
    let name = word.trim_start_matches("exec-env/").trim_end_matches([']', ';', ',']);
    let starts = |beginning: &str| name.starts_with(beginning);
    let classes: &[Class] = match () {
        () if starts("AWS_Lambda_") => &[Class::AwsLambda],
        () if starts("AWS_ECS_FARGATE") => &[Class::AwsEcs],
        // CodeBuild's containers say so, too.
        () if starts("AWS_ECS_EC2") => &[Class::AwsEcs, Class::AwsCodeBuild],
        () if starts("AWS_ECS_") => &[Class::AwsEcs],
        () if starts("AWS_APP_RUNNER") => &[Class::AwsAppRunner],
        () if starts("AWS_CODEBUILD") || starts("CodeBuild") => &[Class::AwsCodeBuild],
        () if starts("CloudShell") => &[Class::PersonCli],
        () if starts("EKS") || starts("AWS_EKS") => &[Class::AwsEks],
        () if starts("EC2") || starts("AWS_EC2") => &[Class::AwsEc2],
        () if starts("AmazonSageMaker") || starts("AWS_") || starts("Amazon") => &[Class::AwsOther],
        () => return None,
    };
    let names: Classes = classes.iter().copied().take(1).collect();
    Some((word.to_owned(), Classes::of(classes), names))
}

/// Kernels of platforms, as distributions name them.
fn kernel(agent: &Agent<'_>) -> Option<(String, Classes, Classes)> {
    use Class::{
        AwsEc2, AwsEks, CiGithub, OutsideAzure, OutsideGcp, OutsideKubernetes, OutsideServer, PersonCli,
    };
    let by_word = Classes::of_kinds(BY_WORD);
    let told = |kernel: &str| kernel.to_owned();
    let kernel = agent.kernel();
    let is_command_line = matches!(agent.family, ClientFamily::AwsCli | ClientFamily::PowerShell);
    match agent.host {
        Some(Host::Aws) => {
            let kernel = kernel?;
            // Where the platform says so itself and SDKs copy it, silence means that it is another one.
            let saying = match copies_environment(agent) {
                true => Classes::of(&[Class::AwsLambda, Class::AwsEcs, Class::AwsAppRunner]),
                false => Classes::NONE,
            };
            let allows =
                if says_environment(agent) { aws() } else { aws().or(ci()).or(by_word).without(saying) };
            let names: &[Class] = match () {
                // Machines of CircleCI are Ubuntu's on EC2, too.
                () if kernel.ends_with("-aws") => &[AwsEc2, Class::CiCircleci],
                () => &[AwsEc2],
            };
            Some((told(kernel), allows, Classes::of(names)))
        }
        Some(Host::Azure) => {
            let allows = ci().or(by_word).or(Classes::of(&[OutsideAzure, OutsideKubernetes]));
            Some((told(kernel?), allows, Classes::of(&[CiGithub, OutsideAzure])))
        }
        Some(Host::GoogleCloud) => {
            let allows = ci().or(by_word).or(Classes::of(&[OutsideGcp, OutsideKubernetes]));
            Some((told(kernel?), allows, Classes::of(&[OutsideGcp, Class::CiGitlab])))
        }
        Some(Host::OtherCloud) => {
            let allows = ci().or(by_word).or(Classes::of(&[OutsideServer, OutsideKubernetes]));
            Some((told(kernel?), allows, Classes::of(&[OutsideServer])))
        }
        Some(Host::PersonalComputer) => {
            let is_mac = kernel.is_none_or(|kernel| !kernel.contains('-'));
            let says = match kernel {
                Some(kernel) if is_mac => format!("macOS {kernel}"),
                kernel => kernel.map_or_else(|| "macOS".to_owned(), told),
            };
            Some((says, people().or(ci()), Classes::of(&[PersonCli])))
        }
        Some(Host::Windows) => {
            let allows =
                people().or(ci()).or(by_word).or(Classes::of(&[OutsideServer, OutsideAzure, AwsEc2, AwsEks]));
            Some(("Windows".to_owned(), allows, Classes::of(&[PersonCli, OutsideServer])))
        }
        None => {
            // `v18.0.0` is a version of Node, and a bare `5.10.219` is of no distribution.
            let kernel = kernel.filter(|kernel| {
                kernel.contains('-') && kernel.starts_with(|first: char| first.is_ascii_digit())
            })?;
            // A kernel of a distribution: no platform that has kernels of its own.
            let allows = Classes::ALL.without(Classes::of(&[Class::AwsLambda, Class::AwsAppRunner]));
            let names: &[Class] = match () {
                // Debian has one for all clouds.
                () if kernel.contains("-cloud-") => &[AwsEc2, OutsideGcp, OutsideAzure],
                // Red Hat's family runs everywhere, on EC2 too.
                () if kernel.contains(".el") => &[OutsideServer, AwsEc2],
                () if is_command_line => &[PersonCli, OutsideServer],
                () => &[OutsideServer],
            };
            Some((told(kernel), allows, Classes::of(names)))
        }
        Some(_) => None,
    }
}

pub(crate) fn is_ubuntu(agent: &str) -> bool {
    agent.contains(".ubuntu.") || agent.contains("#ubuntu.")
}

/// A long-term key that came by a way that only people have.
fn by_source(source: CredentialSource) -> (Classes, Classes) {
    match source {
        CredentialSource::Login | CredentialSource::IdentityCenter => {
            (people(), Classes::of(&[Class::PersonCli]))
        }
        _ => (Classes::ALL, Classes::NONE),
    }
}

/// Whether a client of this agent would have told of an environment that AWS sets: ECS, App Runner and Lambda set it, and these
/// SDKs copy it.
fn copies_environment(agent: &Agent<'_>) -> bool {
    matches!(
        agent.family,
        ClientFamily::AwsCli
            | ClientFamily::Boto3
            | ClientFamily::Java
            | ClientFamily::JavaScript
            | ClientFamily::Go
            | ClientFamily::Ruby
            | ClientFamily::Php
            | ClientFamily::Rust
    )
}

/// Whether it tells of one.
fn says_environment(agent: &Agent<'_>) -> bool {
    agent.text.split(' ').any(|word| word.starts_with("exec-env/"))
}
