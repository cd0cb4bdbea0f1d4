//! `kagimori policy …`, as typed.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use kagimori_policy::quota;

use super::{Bounds, Format};

/// Check, test, compare and shorten policy files
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    Check(Check),
    Eval(Eval),
    Compare(Compare),
    #[command(visible_alias = "minimize")]
    Minimise(Minimise),
}

/// What is doubtful in policy documents? Over 150 rules; findings about grants carry a request that shows them.
///
/// A file holds a document, or what the AWS CLI prints around one (`get-policy-version`, `get-bucket-policy`,
/// `get-account-authorization-details` …). Waivers stand in `NAME.waivers.toml` beside `NAME.json`, or in `kagimori.toml`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 clean, 1 findings of --fail-on or worse, 2 failed, 3 part of what was given could not be read."
)]
pub(crate) struct Check {
    /// Policy files, folders (their `.json` files, recursively), or `-` for standard input
    #[arg(required_unless_present_any = ["list_rules", "explain"], value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What the documents are attached to [default: guessed from their text and the file's name]
    #[arg(long, value_enum)]
    pub(crate) kind: Option<KindArg>,
    /// Only these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Not these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) skip: Vec<String>,
    /// Show findings of this severity and worse
    #[arg(long, value_enum, default_value_t = SeverityArg::Suggestion, value_name = "LEVEL")]
    pub(crate) severity: SeverityArg,
    /// Findings of this severity and worse make the exit code 1
    #[arg(long, value_enum, default_value_t = SeverityArg::Warning, value_name = "LEVEL")]
    pub(crate) fail_on: SeverityArg,
    /// Where `kagimori.toml` is looked for
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The instant at which waivers are judged [default: the clock]
    #[arg(long, value_name = "INSTANT", value_parser = super::moment::moment)]
    pub(crate) now: Option<Timestamp>,
    /// For people, as JSON, or as SARIF 2.1.0 for code hosts
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    pub(crate) format: CheckFormat,
    /// List the rules
    #[arg(long, conflicts_with_all = ["files", "explain"])]
    pub(crate) list_rules: bool,
    /// Explain a rule
    #[arg(long, value_name = "RULE", conflicts_with = "files")]
    pub(crate) explain: Option<String>,
}

/// What a policy is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    /// A user, group or role
    Identity,
    /// A resource: bucket, key, queue …
    Resource,
    /// A role, to say who may assume it
    Trust,
    /// A permissions boundary
    Boundary,
    /// A service control policy
    Scp,
    /// A resource control policy
    Rcp,
    /// Passed when a session is made
    Session,
    /// A VPC endpoint
    Endpoint,
}

/// How bad a finding is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SeverityArg {
    /// AWS refuses it, or part of it never works
    Error,
    /// It grants or lets through more than it seems to
    Security,
    /// It probably does not do what was meant
    Warning,
    /// It could be written better
    Suggestion,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people
    Human,
    /// JSON with a versioned schema
    Json,
    /// SARIF 2.1.0
    Sarif,
}

/// Does a new identity policy grant anything the old one does not? Proves it, or shows a request.
///
/// A witness is a request that only one side allows, as both evaluators say, with the statement that allows it and what
/// keeps the other side from it; a condition key that it does not list is absent. Where a policy variable or an unknown
/// operator leaves the question open, the answer is "not proved". An action that AWS may add counts: `s3:Get*` is wider
/// than the list of today's actions, unless `--known-actions` is given.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 nothing new is granted (proved), 1 something new is granted, 2 not proved, or failed."
)]
pub(crate) struct Compare {
    /// The old policy document
    pub(crate) old: PathBuf,
    /// The new policy document
    pub(crate) new: PathBuf,
    /// A further document of the old side
    #[arg(long, value_name = "FILE")]
    pub(crate) with_old: Vec<PathBuf>,
    /// A further document of the new side
    #[arg(long, value_name = "FILE")]
    pub(crate) with_new: Vec<PathBuf>,
    /// Compare only the actions that the service reference knows
    #[arg(long)]
    pub(crate) known_actions: bool,
    /// For people, or as JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) bounds: Bounds,
}

/// Write identity policies shorter, with the same meaning, and prove it.
///
/// Merges statements and leaves out what lies inside the rest: statements, actions, resources, values of conditions. What
/// is denied stays denied, whoever else allows it. The documents fit the limit of managed policies; what does not fit one
/// is spread over several. The policy goes to standard output, what was done to standard error.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 the same meaning is proved, 1 it does not fit the limits, 2 not proved (given back as it was), or failed."
)]
pub(crate) struct Minimise {
    /// The policy documents of one principal
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Introduce wildcards that name no other action of today's service reference; AWS may add one that they name
    #[arg(long)]
    pub(crate) wildcards: bool,
    /// Leave action names as they are written (the default, said out loud)
    #[arg(long, conflicts_with = "wildcards")]
    pub(crate) no_new_wildcards: bool,
    /// Leave the Sids out
    #[arg(long)]
    pub(crate) drop_sids: bool,
    /// Most characters of one document
    #[arg(long, value_name = "CHARACTERS", default_value_t = quota::MANAGED.most, value_parser = size)]
    pub(crate) size: usize,
    /// Most documents
    #[arg(long, value_name = "NUMBER", default_value_t = quota::ATTACHED.most)]
    pub(crate) documents: usize,
    /// The policy alone, or JSON with the sizes and the proof
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) bounds: Bounds,
}

/// Below this no statement fits.
fn size(text: &str) -> Result<usize, String> {
    let size: usize = text.parse().map_err(|_| "not a number of characters".to_owned())?;
    if size >= 256 { Ok(size) } else { Err("a document needs at least 256 characters".to_owned()) }
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
