//! The command line, exactly as typed; nothing is opened or resolved here.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

const EXIT_CODES: &str = "Exit codes: 0 clean, 1 findings, 2 failed, 3 incomplete (part of what was given could not \
                          be read, was denied or torn; wins over 1).";

/// AWS identities from keys everywhere to short-lived, least-privileged, approved and provable.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Review(Review),
    Explain(Explain),
    Checks(Checks),
    #[command(subcommand)]
    Ask(AskCommand),
    #[command(subcommand)]
    Policy(PolicyCommand),
}

/// Ask what the principals of a directory may do, decided by the policy engine
#[derive(Debug, Subcommand)]
pub(crate) enum AskCommand {
    Can(Can),
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

/// Questions about policy files: what they decide
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    Eval(Eval),
    Compare(Compare),
}

/// Does a new identity policy grant anything the old one does not? Proves it, or shows a request.
///
/// A witness is a request that only one of them allows, as the evaluator says; a condition key that it does not list is
/// absent. Where neither a proof nor a witness is found, the answer is "not proved".
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 nothing new is granted (proved), 1 something new is granted, 2 not proved, or failed."
)]
pub(crate) struct Compare {
    /// The old policy document
    pub(crate) old: PathBuf,
    /// The new policy document
    pub(crate) new: PathBuf,
    /// For people, or as JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Run scenario files: requests with the policies in effect and the answer they must get.
///
/// A file is a JSON array of cases. Prints one JSON line per case, in order; a summary goes to stderr. A case states
/// `request`, policies and `expected`; or policies and a list of requests under `must_allow` or `must_deny`. Where a
/// policy is expected, the name of a file beside the cases will do.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 every case as expected, 1 some differ, 2 a file could not be read.")]
pub(crate) struct Eval {
    /// A file of cases, or a folder whose `.json` files are run, recursively
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) cases: PathBuf,
    /// Where the results are written [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Review the AWS identities of a directory of files; needs no AWS account, no server, no network.
///
/// DIR holds what the AWS CLI writes: `snapshots/<account>/authorization-details.json`, `credential-report.json`
/// (or `.csv`), `account-summary.json`, … or the same files directly in DIR for one account; CloudTrail files in
/// `trail/`; the company's own facts in `kagimori.toml`. What a file is, is told by its content, not by its name.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Review {
    /// The directory (or one file of it)
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Where CloudTrail files lie, when not in DIR/trail
    #[arg(long, value_name = "PATH")]
    pub(crate) trail: Option<PathBuf>,
    /// Leave the trail out: only what the snapshots say
    #[arg(long, conflicts_with = "trail")]
    pub(crate) no_trail: bool,
    /// The instant the review speaks of [default: `as_of` of kagimori.toml, else the clock]
    #[arg(long, value_name = "RFC3339")]
    pub(crate) now: Option<Timestamp>,
    /// Where the report is written [default: DIR/report]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write no report, only print
    #[arg(long, conflicts_with = "out")]
    pub(crate) no_report: bool,
    /// Begin the CSV files with a byte order mark, as Japanese Excel wants it
    #[arg(long)]
    pub(crate) csv_bom: bool,
    /// What to print: a summary for people, or the findings as JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Explain a check: what it looks at, when it fails, what to do, what others call it
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The check's id, for instance `mfa-console-user`
    pub(crate) id: String,
    /// The language of the text
    #[arg(long, value_enum, default_value_t = LanguageArg::En)]
    pub(crate) language: LanguageArg,
    /// For people, or as JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// List the checks, worst first
#[derive(Debug, clap::Args)]
pub(crate) struct Checks {
    /// For people, or as JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// The language of the text
    #[arg(long, value_enum, default_value_t = LanguageArg::En)]
    pub(crate) language: LanguageArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// JSON with a versioned schema
    Json,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LanguageArg {
    /// English
    En,
    /// 日本語
    Ja,
}
