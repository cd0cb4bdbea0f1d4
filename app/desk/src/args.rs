//! The command line, as it is typed.

use clap::{Parser, Subcommand};

/// Root's second factor in custody: requests, approvals, one code, and a record that nobody can change.
#[derive(Debug, Parser)]
#[command(name = "kagimori-desk", version, about)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Opens a play desk of a fictional company on this machine: no set-up, nothing is sent, nothing is kept.
    Dev(DevArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct DevArgs {
    /// The port on this machine; 0 takes a free one.
    #[arg(long, default_value_t = 8440)]
    pub(crate) port: u16,
}
