//! `kagimori ingest` and `kagimori trail …`, as typed.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::Format;

/// Read CloudTrail files into the lake: Parquet that this program, DuckDB, Athena, Spark and Trino read.
///
/// Only files that were not read before are read, and those that could not be read then. It can be stopped at any time and goes on where it was: nothing is lost,
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
    /// Read these files (or all below these folders) again, whatever was read of them before
    #[arg(long, value_name = "PATH")]
    pub(crate) again: Vec<PathBuf>,
    /// Join another lake to this one: a kagimori directory, or the folder of its lake
    #[arg(long, value_name = "DIR")]
    pub(crate) from_lake: Vec<PathBuf>,
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
    #[command(flatten)]
    Question(TrailQuestion),
    Who(TrailWho),
    Tables(TrailTables),
}

#[derive(Debug, Subcommand)]
pub(crate) enum TrailQuestion {
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
    /// One row per principal and action, for all of them
    #[arg(long)]
    pub(crate) actions: bool,
    #[command(flatten)]
    pub(crate) from: TrailSource,
}

/// Which permissions were refused, to whom, on what, and by which policies?
///
/// AWS's message is read where there is one: it names the permission (a refused GetObject may be a refused kms:Decrypt), the
/// resource, the kind of policy that refused it, and since 2026 the policy. Callers from outside (web identities, SAML, other
/// accounts) are told by their exact subject.
#[derive(Debug, clap::Args)]
#[command(after_help = TRAIL_EXIT_CODES)]
pub(crate) struct TrailDenied {
    /// Instead: the refusals by whose message the map from events to permissions was wrong
    #[arg(long, conflicts_with = "sql")]
    pub(crate) check_map: bool,
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

/// Who is behind the sessions of a role: which people and workloads assumed it, through which roles, from where?
///
/// A session's key joins the call of STS that handed it out to the calls made with it, so who is behind is AWS's own word, also
/// through several roles. Where the trail does not hold that call, the source identity, the user of IAM Identity Center or the
/// instance is told, else "not told". What a session is named its caller chose: it is shown, and no evidence. Refused
/// attempts to assume the role are told, too.
#[derive(Debug, clap::Args)]
#[command(after_help = TRAIL_EXIT_CODES)]
pub(crate) struct TrailWho {
    /// The role: its name, `ACCOUNT/NAME` or its ARN
    #[arg(value_name = "ROLE")]
    pub(crate) role: String,
    #[command(flatten)]
    pub(crate) from: TrailPlace,
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

/// Print the statements that make the lake's files tables of DuckDB, Athena or Trino
///
/// The tables are `kagimori_events`, `kagimori_daily_actions` and `kagimori_daily_places` (and `kagimori_bodies`, when they were
/// written): those that `--sql` of the questions asks. With --raw Athena also gets `cloudtrail_raw`, the trail's own files.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 printed, 2 failed.")]
pub(crate) struct TrailTables {
    /// The kagimori directory, with the lake that lies at --location, too
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// For which engine
    #[arg(long, value_enum, value_name = "ENGINE")]
    pub(crate) sql: SqlEngine,
    /// The folder in a bucket that the lake was copied to [DuckDB's default: DIR/lake]
    #[arg(long, value_name = "s3://BUCKET/PREFIX/")]
    pub(crate) location: Option<String>,
    /// Where the trail delivers: what lies before `AWSLogs/`
    #[arg(long, value_name = "s3://BUCKET/PREFIX/")]
    pub(crate) raw: Option<String>,
    /// The organization whose trail it is
    #[arg(long, value_name = "o-…", requires = "raw")]
    pub(crate) organization: Option<String>,
}

/// Where the trail is, and which part of it; also for other engines.
#[derive(Debug, clap::Args)]
pub(crate) struct TrailSource {
    #[command(flatten)]
    pub(crate) place: TrailPlace,
    /// Print the SQL of this question for another engine over the lake's files, instead of answering it
    #[arg(long, value_enum, value_name = "ENGINE", conflicts_with = "trail")]
    pub(crate) sql: Option<SqlEngine>,
}

/// Where the trail is, and which part of it.
#[derive(Debug, clap::Args)]
pub(crate) struct TrailPlace {
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
    /// DuckDB, over the lake's files
    Duckdb,
    /// Athena, over the tables of `kagimori trail tables`
    Athena,
    /// Trino, over the tables of `kagimori trail tables`
    Trino,
}
