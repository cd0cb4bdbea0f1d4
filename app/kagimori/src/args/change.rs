//! `kagimori whatif` and `kagimori tighten`, as typed.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{Bounds, Format, IdentityWishes, PageRoom};

/// What would changes have broken? Replays the trail over the estate as it is and as it would be.
///
/// Says which calls would have been denied, whose, how often, when last, and one event as witness. Changes given together are
/// made together. A PRINCIPAL is an ARN, or a name that only one user or role has.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 nothing would break, 1 something would, 2 could not tell or failed, 3 part of the directory could not be read."
)]
pub(crate) struct WhatIf {
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Where CloudTrail files lie, when not in DIR/trail
    #[arg(long, value_name = "PATH")]
    pub(crate) trail: Option<PathBuf>,
    /// Replay the calls of the last N days
    #[arg(long, default_value_t = 90, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(1..=3660))]
    pub(crate) days: i64,
    /// The changes of a stored plan
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// Changes written by hand: a JSON list, each as a stored plan has it under `change`
    #[arg(long, value_name = "FILE")]
    pub(crate) changes: Option<PathBuf>,
    /// This policy in place of every identity policy of the principal
    #[arg(long, value_name = "PRINCIPAL=FILE")]
    pub(crate) policy: Vec<String>,
    /// Attach a managed policy
    #[arg(long, value_name = "PRINCIPAL=ARN")]
    pub(crate) add: Vec<String>,
    /// Detach a managed policy
    #[arg(long, value_name = "PRINCIPAL=ARN")]
    pub(crate) detach: Vec<String>,
    /// Bound a user or role by this policy (a file, or the ARN of one that is there)
    #[arg(long, value_name = "PRINCIPAL=FILE")]
    pub(crate) boundary: Vec<String>,
    #[command(flatten)]
    pub(crate) identities: IdentityWishes,
    /// Ask for MFA in the trust policies of these roles
    #[arg(long, value_name = "ROLE", num_args = 1..)]
    pub(crate) require_mfa: Vec<String>,
    /// Deactivate these access keys
    #[arg(long, value_name = "KEY", num_args = 1..)]
    pub(crate) key_off: Vec<String>,
    /// Attach this service control policy to a root (the default), organizational unit or account
    #[arg(long, value_name = "FILE[@TARGET]")]
    pub(crate) scp: Vec<String>,
    /// Count only the calls of these origins, by the ids that the output gives them
    #[arg(long, value_name = "ID", num_args = 1..)]
    pub(crate) origin: Vec<String>,
    /// Count what may be an intruder's, too
    #[arg(long)]
    pub(crate) include_suspected: bool,
    /// The trail logs data events of this kind of every resource (`AWS::S3::Object`), as its selectors say
    #[arg(long, value_name = "KIND", num_args = 1..)]
    pub(crate) logged: Vec<String>,
    /// Store the changes and what they would break as DIR/plans/ID.json
    #[arg(long)]
    pub(crate) save: bool,
    /// Write the result as one HTML page
    #[arg(long, value_name = "FILE")]
    pub(crate) page: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) room: PageRoom,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) bounds: Bounds,
}

/// Propose least privilege from real use: to action, resource and condition, with proof and evidence.
///
/// What a user or role did in the trail becomes the policy it needs. The new policy is proved to grant nothing that the old did
/// not, replayed over every call it is drawn from, and holds nothing that no call needs. Nothing is changed in AWS: plans
/// with their way back, policies as JSON and Terraform, and a page for reviewers are written.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 proposed, 1 a person must look (denied on the holdout, not proved, not sufficient, a suspected origin, a call that the snapshot contradicts), 2 nothing could be proposed or failed, 3 part of the directory could not be read."
)]
#[command(group(clap::ArgGroup::new("whose").required(true).args(["principal", "account", "all"])))]
pub(crate) struct Tighten {
    /// The ARN of a user or role, or a name that only one of them has
    pub(crate) principal: Option<String>,
    /// Every user and role of an account
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Every user and role of the directory
    #[arg(long)]
    pub(crate) all: bool,
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Where CloudTrail files lie, when not in DIR/trail
    #[arg(long, value_name = "PATH")]
    pub(crate) trail: Option<PathBuf>,
    /// Draw it from the calls of the last N days
    #[arg(long, default_value_t = 90, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(1..=3660))]
    pub(crate) days: i64,
    /// Hold the last N of these days back, and say which of their calls would be denied
    #[arg(long, default_value_t = 0, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(0..=3659))]
    pub(crate) holdout: i64,
    /// Refuse when there are fewer days of trail
    #[arg(long, default_value_t = 30, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(1..=3660))]
    pub(crate) floor: i64,
    /// How resources are named: each, by common beginnings, or all of a type in account and region
    #[arg(long, value_enum, default_value_t = ResourcesArg::Prefix)]
    pub(crate) resources: ResourcesArg,
    /// So many names with a common beginning become a prefix
    #[arg(long, default_value_t = 4, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(2..))]
    pub(crate) prefix_from: u16,
    /// The conditions to draw from the calls
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND", default_values_t = [
        ConditionArg::Region, ConditionArg::PassedTo, ConditionArg::Via, ConditionArg::Endpoint, ConditionArg::Mfa,
    ])]
    pub(crate) conditions: Vec<ConditionArg>,
    /// Keep these actions as they are granted (patterns, such as `s3:Get*`)
    #[arg(long, value_name = "ACTION", num_args = 1.., value_parser = action_pattern)]
    pub(crate) keep: Vec<String>,
    /// What CloudTrail does not show: keep it for services in use, or only list it
    #[arg(long, value_enum, default_value_t = UnseenArg::Keep)]
    pub(crate) unseen: UnseenArg,
    /// Count only the calls of these origins, by the ids that the output gives them
    #[arg(long, value_name = "ID", num_args = 1..)]
    pub(crate) origin: Vec<String>,
    /// Count what may be an intruder's, too
    #[arg(long)]
    pub(crate) include_suspected: bool,
    /// The trail logs data events of this kind of every resource (`AWS::S3::Object`), as its selectors say
    #[arg(long, value_name = "KIND", num_args = 1..)]
    pub(crate) logged: Vec<String>,
    /// Where policies, Terraform and the page are written [default: DIR/tighten]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write no files, only print
    #[arg(long, conflicts_with = "out")]
    pub(crate) no_files: bool,
    #[command(flatten)]
    pub(crate) room: PageRoom,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) bounds: Bounds,
}

/// An action as policies write it; anything else would keep nothing, and nobody would notice.
fn action_pattern(text: &str) -> Result<String, String> {
    let is_action = text == "*"
        || text.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
    if is_action { Ok(text.to_owned()) } else { Err("write `service:Action`, such as `s3:Get*`".to_owned()) }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResourcesArg {
    /// Each by its name
    Exact,
    /// Many with a common beginning by that
    Prefix,
    /// All of a type in the account and region; of a bucket all its objects
    Type,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConditionArg {
    /// aws:RequestedRegion, where the resources name no region
    Region,
    /// iam:PassedToService
    PassedTo,
    /// kms:ViaService
    Via,
    /// aws:SourceVpce
    Endpoint,
    /// aws:MultiFactorAuthPresent
    Mfa,
    /// aws:SourceIp
    Address,
    /// None
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum UnseenArg {
    /// Keep it for services in use, at the access levels in use
    Keep,
    /// Leave it out of the policy and list it
    List,
}
