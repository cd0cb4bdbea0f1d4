//! The command line, exactly as typed; nothing is opened or resolved here.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

const EXIT_CODES: &str = "Exit codes: 0 clean, 1 findings, 2 failed, 3 incomplete (part of what was given could not \
                          be read, was denied or torn; wins over 1).";

/// AWS identities from keys everywhere to short-lived, least-privileged, approved and provable.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 clean, allowed or done; 1 findings, denied or different; 2 failed or could not tell; 3 part \
                  of what was given could not be read. `kagimori COMMAND --help` says what they mean there."
)]
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
    Ingest(Ingest),
    #[command(subcommand)]
    Trail(TrailCommand),
    Whatif(WhatIf),
    Tighten(Tighten),
    #[command(subcommand)]
    Policy(PolicyCommand),
}

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
    #[arg(long, value_name = "RFC3339")]
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
    #[arg(long, value_name = "CHARACTERS", default_value_t = 6_144, value_parser = size)]
    pub(crate) size: usize,
    /// Most documents
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    pub(crate) documents: usize,
    /// The policy alone, or JSON with the sizes and the proof
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
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

/// Read CloudTrail files into the lake: Parquet that this program, DuckDB, Athena, Spark and Trino read.
///
/// Only files that were not read before are read. It can be stopped at any time and goes on where it was: nothing is lost,
/// nothing counted twice. Secrets in events are taken out before anything is written. Damaged files are named and left out.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 done, 1 log file validation found changed or missing files, 2 failed, 3 some files were damaged or could not be read (wins over 1)."
)]
pub(crate) struct Ingest {
    /// Folders or files of the trail, in any layout [default: DIR/trail]
    #[arg(value_name = "SOURCE")]
    pub(crate) sources: Vec<PathBuf>,
    /// The kagimori directory; the lake is DIR/lake
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Write the request and response bodies, too, without secrets, into a file set of their own
    #[arg(long)]
    pub(crate) bodies: bool,
    /// What `aws cloudtrail list-public-keys` printed: the signatures of digest files are checked with it
    #[arg(long, value_name = "FILE")]
    pub(crate) public_keys: Option<PathBuf>,
    /// The stored bytes of a batch; for tests that stop it half way
    #[arg(long, hide = true)]
    pub(crate) batch_bytes: Option<u64>,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Questions about what happened, from the lake when there is one, else from the trail's files
#[derive(Debug, Subcommand)]
pub(crate) enum TrailCommand {
    Usage(TrailUsage),
    Denied(TrailDenied),
    Root(TrailRoot),
    Key(TrailKey),
    Console(TrailConsole),
    Coverage(TrailCoverage),
}

const TRAIL_EXIT_CODES: &str = "Exit codes: 0 answered, 2 failed, 3 part of the trail could not be read.";

/// What did principals do: which actions, how often, from where, and is it real use?
///
/// Without --principal, --role or --key one row per principal; with one of them one row per action, and where the calls
/// came from. "noise" is use of which nothing came: only errors, or a heartbeat of listing calls.
#[derive(Debug, clap::Args)]
#[command(after_help = TRAIL_EXIT_CODES)]
pub(crate) struct TrailUsage {
    /// A user or role: its ARN, or its name
    #[arg(long, value_name = "ARN|NAME", conflicts_with_all = ["role", "key"])]
    pub(crate) principal: Option<String>,
    /// A role: its ARN, or its name
    #[arg(long, value_name = "ARN|NAME", conflicts_with = "key")]
    pub(crate) role: Option<String>,
    /// An access key
    #[arg(long, value_name = "AKIA…")]
    pub(crate) key: Option<String>,
    #[command(flatten)]
    pub(crate) from: TrailSource,
}

/// Which calls were refused for want of a permission?
#[derive(Debug, clap::Args)]
#[command(after_help = TRAIL_EXIT_CODES)]
pub(crate) struct TrailDenied {
    #[command(flatten)]
    pub(crate) from: TrailSource,
}

/// What did root users do?
#[derive(Debug, clap::Args)]
#[command(after_help = TRAIL_EXIT_CODES)]
pub(crate) struct TrailRoot {
    #[command(flatten)]
    pub(crate) from: TrailSource,
}

/// What did an access key do, and from where?
#[derive(Debug, clap::Args)]
#[command(after_help = TRAIL_EXIT_CODES)]
pub(crate) struct TrailKey {
    /// The key's id
    #[arg(value_name = "AKIA…")]
    pub(crate) key: String,
    #[command(flatten)]
    pub(crate) from: TrailSource,
}

/// Who signed in to the console, with MFA or without?
#[derive(Debug, clap::Args)]
#[command(after_help = TRAIL_EXIT_CODES)]
pub(crate) struct TrailConsole {
    #[command(flatten)]
    pub(crate) from: TrailSource,
}

/// Which accounts, regions and days are there, and where are holes?
#[derive(Debug, clap::Args)]
#[command(after_help = TRAIL_EXIT_CODES)]
pub(crate) struct TrailCoverage {
    #[command(flatten)]
    pub(crate) from: TrailSource,
}

/// Where the trail is, and which part of it.
#[derive(Debug, clap::Args)]
pub(crate) struct TrailSource {
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Read these CloudTrail files, even when there is a lake
    #[arg(long, value_name = "PATH")]
    pub(crate) trail: Option<PathBuf>,
    /// Only events that this account got
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// From this day or instant on (UTC)
    #[arg(long, value_name = "DAY|RFC3339")]
    pub(crate) since: Option<String>,
    /// Before this day or instant (UTC)
    #[arg(long, value_name = "DAY|RFC3339")]
    pub(crate) until: Option<String>,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
    /// Print the SQL of this question for another engine over the lake's files, instead of answering it
    #[arg(long, value_enum, value_name = "ENGINE")]
    pub(crate) sql: Option<SqlEngine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// For people
    Table,
    /// For spreadsheets
    Csv,
    /// JSON with a versioned schema
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SqlEngine {
    /// DuckDB, over the files
    Duckdb,
    /// Athena, over a table
    Athena,
    /// Trino, over a table
    Trino,
}

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
    /// Ask for MFA in the trust policies of these roles
    #[arg(long, value_name = "ROLE", num_args = 1..)]
    pub(crate) require_mfa: Vec<String>,
    /// Deactivate these access keys
    #[arg(long, value_name = "KEY", num_args = 1..)]
    pub(crate) key_off: Vec<String>,
    /// Attach this service control policy to a root (the default), organizational unit or account
    #[arg(long, value_name = "FILE[@TARGET]")]
    pub(crate) scp: Vec<String>,
    /// Store the changes and what they would break as DIR/plans/ID.json
    #[arg(long)]
    pub(crate) save: bool,
    /// Write the result as one HTML page
    #[arg(long, value_name = "FILE")]
    pub(crate) page: Option<PathBuf>,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Propose least privilege from real use: to action, resource and condition, with proof and evidence.
///
/// What a user or role did in the trail becomes the policy it needs. The new policy is proved to grant nothing that the old did
/// not, replayed over every call it is drawn from, and holds nothing that no call needs. Nothing is changed in AWS: plans
/// with their way back, policies as JSON and Terraform, and a page for reviewers are written.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 proposed, 1 a person must look (denied on the holdout, not proved, not sufficient), 2 nothing could be proposed or failed, 3 part of the directory could not be read."
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
    /// Where policies, Terraform and the page are written [default: DIR/tighten]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write no files, only print
    #[arg(long, conflicts_with = "out")]
    pub(crate) no_files: bool,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
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

const TEXT_EXIT_CODES: &str = "Exit codes: 0 done, 2 failed.";

/// Explain a check: what it looks at, when it fails, what to do, what others call it
#[derive(Debug, clap::Args)]
#[command(after_help = TEXT_EXIT_CODES)]
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
#[command(after_help = TEXT_EXIT_CODES)]
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
