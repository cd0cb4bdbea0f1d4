//! `kagimori retire …`, as typed.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Format, PageRoom, Way};

/// Retire access keys in stages: off for ten minutes and on again, days later for a day, then for a month, then deleted
///
/// The ladder, its windows and who is told stand under `[retire]` in kagimori.toml. What was begun stands in DIR/journal.db alone: `tick`
/// does what is due, `panic` switches everything on.
#[derive(Debug, Subcommand)]
pub(crate) enum RetireCommand {
    Suggest(RetireSuggest),
    Start(RetireStart),
    Tick(RetireTick),
    Status(RetireStatus),
    Stop(RetireStop),
    Panic(RetirePanic),
}

/// Which active keys could go, the safest first, and what each rung of the ladder could tell of them
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 told, 2 failed, 3 part of what was given could not be read.")]
pub(crate) struct RetireSuggest {
    /// Days: keys that were used within these are left out [default: `unused` of [retire], 90]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=3660))]
    pub(crate) unused: Option<i64>,
    #[command(flatten)]
    pub(crate) from: RetireFrom,
}

/// Begin to retire keys, after showing what is known of each
///
/// Nothing is changed in AWS: the plans of all offs and of the deletion are stored and written to the journal, and `kagimori retire tick`
/// takes it from there. A protected key is refused; one whose owner is unknown needs --owner; one that something speaks
/// against needs --reason.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 begun, 1 not begun because something speaks against it, 2 failed or not confirmed."
)]
pub(crate) struct RetireStart {
    /// Access keys
    #[arg(required = true, value_name = "AKIA…")]
    pub(crate) keys: Vec<String>,
    /// Whose they are, where no tag says it
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: Option<String>,
    /// Why they may go although something speaks against it
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) from: RetireFrom,
}

/// What is looked at before a key is retired.
#[derive(Debug, clap::Args)]
pub(crate) struct RetireFrom {
    /// Days of the trail that are looked at
    #[arg(long, default_value_t = 90, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=3660))]
    pub(crate) days: i64,
    /// Terraform's state, or what `terraform show -json` printed: a file, or a folder of them
    #[arg(long, value_name = "PATH")]
    pub(crate) terraform_state: Vec<PathBuf>,
    /// Where CloudTrail files lie, when not in DIR/trail
    #[arg(long, value_name = "PATH")]
    pub(crate) trail: Option<PathBuf>,
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Do what is due: what is overdue comes on first
///
/// Made for cron, every few minutes: a tick that was killed is taken up by the next one, and a second tick at the same time is refused.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 done, or nothing is due; 1 something drifted or is protected, and is left alone; 2 failed: something could not be done and is tried again."
)]
pub(crate) struct RetireTick {
    /// Delete what has been off for as long as the last rung says; nothing takes that back
    #[arg(long)]
    pub(crate) irreversible: bool,
    /// Print the IAM policy of the role that ticks, and do nothing
    #[arg(long)]
    pub(crate) print_policy: bool,
    #[command(flatten)]
    pub(crate) way: Way,
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Where each retirement stands, and what comes next; asks nothing of AWS
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 told, 1 something has to come on now, 2 failed.")]
pub(crate) struct RetireStatus {
    /// Of these keys alone
    #[arg(value_name = "AKIA…")]
    pub(crate) keys: Vec<String>,
    /// Write a page with the time lines, in English and Japanese
    #[arg(long, value_name = "FILE")]
    pub(crate) page: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) room: PageRoom,
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// End the retirement of a key; what is off comes on at once
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 it is on, 2 failed: run it again.")]
pub(crate) struct RetireStop {
    /// The access key
    #[arg(value_name = "AKIA…")]
    pub(crate) key: String,
    /// Somebody needs it: what for. The verdict of its retirement is then *needed*
    #[arg(long, value_name = "REASON")]
    pub(crate) needed: Option<String>,
    /// Why it is ended
    #[arg(long, value_name = "TEXT", conflicts_with = "needed")]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) way: Way,
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Switch everything on that is off, and end all retirements; needs the journal alone
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 everything is on, 2 failed: run it again, or switch on by hand what it names."
)]
pub(crate) struct RetirePanic {
    #[command(flatten)]
    pub(crate) way: Way,
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}
