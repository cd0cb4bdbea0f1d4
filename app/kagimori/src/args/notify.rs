//! `kagimori notify`, as typed.

use std::path::PathBuf;

use clap::Subcommand;

use super::Format;

/// Where people are told what is done: Slack, Backlog, webhooks, mail, Teams; what waits there, and what is due
#[derive(Debug, Subcommand)]
pub(crate) enum NotifyCommand {
    /// Send a test to a channel of kagimori.toml, at once
    ///
    /// What comes back says whether the address, the secret and the rights are right. A channel whose receiver wanted no more is opened
    /// again when it takes the test.
    #[command(after_help = "Exit codes: 0 it was taken, 2 it was not.")]
    Test(NotifyTest),
    /// The channels, and the letters that were not taken yet: attempts, the next one, the last error
    #[command(
        after_help = "Exit codes: 0 nothing failed, 1 a letter was not taken or a channel is closed, 2 failed."
    )]
    Status(NotifyStatus),
    /// Send what is due now
    ///
    /// Each attempt is written to DIR/journal.db before it is made. A letter that is not taken is tried again later, nine times over some
    /// three days, and then kept. Run it every few minutes, by cron or a timer; several at once do not send twice.
    #[command(
        after_help = "Exit codes: 0 everything that was due was taken, 1 something was not and waits, 2 failed."
    )]
    Deliver(NotifyDeliver),
}

#[derive(Debug, clap::Args)]
pub(crate) struct NotifyTest {
    /// The channel's name: NAME of [channels.NAME]
    pub(crate) channel: String,
    /// Show what would be sent, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How long it may take
    #[arg(long, default_value_t = 15, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=300))]
    pub(crate) each: u32,
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct NotifyStatus {
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct NotifyDeliver {
    /// Also what waits for its time, and what was given up
    #[arg(long)]
    pub(crate) all: bool,
    /// How long all letters may take together
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(crate) within: u32,
    /// How long one letter may take
    #[arg(long, default_value_t = 15, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=300))]
    pub(crate) each: u32,
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}
