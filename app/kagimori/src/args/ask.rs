//! `kagimori ask …`, as typed.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::{Bounds, Format};

/// Ask what the principals of a directory may do, decided by the policy engine
#[derive(Debug, Subcommand)]
pub(crate) enum AskCommand {
    Can(Can),
    /// Why can a principal do something, or not? Quotes the statements, and says what would have to change
    Why(Can),
    WhoCan(WhoCan),
    WhatCan(WhatCan),
    Paths(Paths),
}

const ASK_EXIT_CODES: &str =
    "Exit codes: 0 allowed, 1 denied, 2 could not tell or failed, 3 part of the directory could not be read.";

/// Can a principal do something? Says what the answer depends on.
///
/// `can` prints the answer and the statements that decided; `why` quotes them and says what would have to change. A
/// condition key that is not given with `--context` and not known from the estate is unknown, never absent: the answer
/// is then "allowed if …". With `--strict` it is absent.
#[derive(Debug, clap::Args)]
#[command(after_help = ASK_EXIT_CODES)]
pub(crate) struct Can {
    /// The ARN of a user, role or role session, or a name that only one of them has
    pub(crate) principal: String,
    /// The action, `service:Action`
    pub(crate) action: String,
    /// The resource's ARN, or `*`
    pub(crate) resource: String,
    #[command(flatten)]
    pub(crate) circumstances: Circumstances,
}

/// Who can do something, over every account of the directory?
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 somebody can, 1 nobody can, 2 could not tell or failed, 3 part of the directory could not be read."
)]
pub(crate) struct WhoCan {
    /// The action, `service:Action`
    pub(crate) action: String,
    /// The resource's ARN, or `*`
    pub(crate) resource: String,
    #[command(flatten)]
    pub(crate) bounds: Bounds,
    #[command(flatten)]
    pub(crate) circumstances: Circumstances,
}

/// What can a principal do? Every action of the service reference, asked on any resource or on one.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 something, 1 nothing, 2 failed, 3 part of the directory could not be read."
)]
pub(crate) struct WhatCan {
    /// The ARN of a user, role or role session, or a name that only one of them has
    pub(crate) principal: String,
    /// Only the actions of this service, each on its own line
    #[arg(long, value_name = "PREFIX")]
    pub(crate) service: Option<String>,
    /// On this resource [default: on any]
    #[arg(long, value_name = "ARN")]
    pub(crate) resource: Option<String>,
    #[command(flatten)]
    pub(crate) circumstances: Circumstances,
}

/// Who can become an administrator, or act as somebody, and by which steps?
///
/// Privilege escalation as reachability: every step is a path of the catalogue (ids of pathfinding.cloud), with the
/// requests that make it possible, each decided by the policy engine with SCPs, RCPs, boundaries and conditions. For each
/// principal the surest way is shown, and of these a shortest.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 nobody can, 1 somebody can, 2 could not tell or failed, 3 part of the directory could not be read."
)]
pub(crate) struct Paths {
    /// Only this user or role: an ARN, or a name that only one has [default: everybody]
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) from: Option<String>,
    /// What is to be reached: `admin`, or a user or role
    #[arg(long, value_name = "admin|PRINCIPAL", default_value = "admin")]
    pub(crate) to: String,
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, JSON, or a graph for Graphviz
    #[arg(long, value_enum, default_value_t = PathsFormat::Human)]
    pub(crate) format: PathsFormat,
    #[command(flatten)]
    pub(crate) bounds: Bounds,
}

/// What is known beside the question itself.
#[derive(Debug, clap::Args)]
pub(crate) struct Circumstances {
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// A condition key of the request, `key=value`; twice for two values; `key=` for an absent key
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) context: Vec<String>,
    /// Condition keys that are not given are absent, not unknown
    #[arg(long)]
    pub(crate) strict: bool,
    /// The account that owns the resource [default: the one in its ARN, else the principal's own]
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) resource_account: Option<String>,
    /// The resource's own policy, as a file
    #[arg(long, value_name = "FILE")]
    pub(crate) resource_policy: Option<PathBuf>,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PathsFormat {
    /// For people
    Human,
    /// JSON with a versioned schema
    Json,
    /// A graph in the language of Graphviz
    Dot,
}
