//! `kagimori scan`, as typed.

use std::path::PathBuf;

use clap::ValueEnum;
use jiff::Timestamp;

use super::moment;

/// Find AWS credentials in source trees, archives and git histories: one finding for each credential, with whose it is and whether it lives.
///
/// Nothing is asked of AWS, and no secret is ever printed. Keys are found in any file by their form: in archives, UTF-16, base64, with
/// escapes, and in pieces that a program puts together. With `--dir` each is joined with the snapshots of a kagimori directory. Links are
/// not followed, and what could not be read makes the answer incomplete.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 no live credential, 1 there are some, 2 failed, 3 part of what was given could not be read (wins over 1)."
)]
pub(crate) struct Scan {
    /// Files and folders; each is a system of its own in the answer
    #[arg(value_name = "PATH", required_unless_present_any = ["git", "staged"])]
    pub(crate) paths: Vec<PathBuf>,
    /// Repositories whose whole history is read: every object, whoever leads to it or nobody; a work tree, or a bare one
    #[arg(long, value_name = "REPO")]
    pub(crate) git: Vec<PathBuf>,
    /// Only what is staged in the repository of this folder and differs from HEAD: for a pre-commit hook
    #[arg(long, conflicts_with_all = ["paths", "git"])]
    pub(crate) staged: bool,
    /// The kagimori directory whose keys these may be; `waiver`s for `source-key` in its kagimori.toml count
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// An earlier answer as JSON: what it holds is not counted again
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,
    /// Accounts whose keys are laid out as bait, beside those that are known
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) canary_account: Vec<String>,
    /// The instant the answer speaks of, or a day (its beginning, UTC) [default: `as_of` of DIR/kagimori.toml, else the clock]
    #[arg(long, value_name = "INSTANT", value_parser = moment::moment)]
    pub(crate) now: Option<Timestamp>,
    /// What to print
    #[arg(long, value_enum, default_value_t = ScanFormat::Human)]
    pub(crate) format: ScanFormat,
}

/// How a scan answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScanFormat {
    /// For people
    Human,
    /// JSON with a versioned schema
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// CSV: a row for each place
    Csv,
}
