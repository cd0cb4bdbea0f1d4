//! The command line, as it is typed.

mod decide;
mod seen;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub(crate) use decide::{
    ApproveArgs, ClientArgs, KeyArgs, ListCommand, OneArgs, RequestArgs, StatusArgs, StopArgs,
};
pub(crate) use seen::{Format, ReportArgs, SeenArgs, WatchArgs};

/// Root's second factor in custody: requests, approvals, one code, and a record that nobody can change.
#[derive(Debug, Parser)]
#[command(name = "kagimori-desk", version, about)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Opens a play desk of a fictional company on this machine: no set-up, nothing is sent, nothing is kept
    Dev(DevArgs),
    /// Makes a desk: asks, writes desk.toml, tests what it can, says what is left to do
    Init(InitArgs),
    /// Writes the first entry of the log: the policy that the desk begins with
    Found {
        /// The settings.
        #[arg(long, value_name = "FILE", default_value = "desk.toml")]
        settings: PathBuf,
        /// The policy.
        #[arg(long, value_name = "FILE", default_value = "policy.toml")]
        policy: PathBuf,
    },
    /// Runs the desk
    Serve {
        /// The settings.
        #[arg(long, value_name = "FILE", default_value = "desk.toml")]
        settings: PathBuf,
    },
    /// Runs the witness, on a machine of the auditors; prints its key
    Witness(WitnessArgs),
    /// Looks at log, witness, clock and vault
    Doctor {
        /// The settings.
        #[arg(long, value_name = "FILE", default_value = "desk.toml")]
        settings: PathBuf,
    },
    /// Copies the log while the desk runs, and reads the copy again
    Backup {
        /// The settings.
        #[arg(long, value_name = "FILE", default_value = "desk.toml")]
        settings: PathBuf,
        /// Where the copy goes.
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
    /// Says whether a copy is the whole log: the witness knows how long it was
    RestoreCheck {
        /// The settings.
        #[arg(long, value_name = "FILE", default_value = "desk.toml")]
        settings: PathBuf,
        /// The copy.
        copy: PathBuf,
    },
    /// Makes a key for this command line, and prints the line of the policy that lets it count
    Key(KeyArgs),
    /// Asks for a code of a root, or for a drill
    Request(RequestArgs),
    /// Says how a request stands, or lists them
    Status(StatusArgs),
    /// Approves, by your key; a code whose share you hold is approved on the page
    Approve(ApproveArgs),
    /// Says no, whenever it is not over
    Deny(StopArgs),
    /// Stops a request at once
    Kill(StopArgs),
    /// Takes your own request back
    Cancel(OneArgs),
    /// Says where a request is carried out: that needs a page
    Claim(OneArgs),
    /// Says where a code is released: that needs a page
    Release(OneArgs),
    /// Says where a request is reviewed: that needs a page
    Review(OneArgs),
    /// The seeds in custody
    Custody {
        #[command(subcommand)]
        command: ListCommand,
    },
    /// The people of the policy
    People {
        #[command(subcommand)]
        command: ListCommand,
    },
    /// Lays CloudTrail beside the log: who was root without a request, and which code was for nothing
    Watch(WatchArgs),
    /// Says what a request led to: all that root did in its window
    Report(ReportArgs),
    /// Gives the log to others
    Log {
        #[command(subcommand)]
        command: LogCommand,
    },
    /// Looks at policies
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Writes the log's files, as far as the witness has cosigned them, for `kagimori-log-verify`
    Export {
        /// The settings.
        #[arg(long, value_name = "FILE", default_value = "desk.toml")]
        settings: PathBuf,
        /// Where they go.
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
    /// Fills the empty place that desk.toml names with a copy of the log: into a database and back, or after the loss of one
    Import {
        /// The settings.
        #[arg(long, value_name = "FILE", default_value = "desk.toml")]
        settings: PathBuf,
        /// The copy, as `kagimori-desk backup` makes it.
        copy: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Says everything that is wrong with a policy, or its version
    Check {
        /// The policy.
        file: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct DevArgs {
    /// The port on this machine; 0 takes a free one.
    #[arg(long, default_value_t = 8440)]
    pub(crate) port: u16,
}

/// What is not given is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// The folder that is made.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Whose desk it is.
    #[arg(long)]
    pub(crate) company: Option<String>,
    /// The address that people open.
    #[arg(long, value_name = "URL")]
    pub(crate) origin: Option<String>,
    /// Where it listens.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// The network of the proxy before it; empty: none.
    #[arg(long, value_name = "NETWORK")]
    pub(crate) proxy: Option<String>,
    /// The socket of the vault.
    #[arg(long, value_name = "PATH")]
    pub(crate) vault: Option<String>,
    /// The address of the witness.
    #[arg(long, value_name = "URL")]
    pub(crate) witness: Option<String>,
    /// The key of the witness.
    #[arg(long, value_name = "KEY")]
    pub(crate) witness_key: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct WitnessArgs {
    /// Where it listens; TLS ends at a proxy before it.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8450")]
    pub(crate) listen: SocketAddr,
    /// Its folder: its key, and what it has seen.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What it is called: its address without the scheme.
    #[arg(long)]
    pub(crate) name: String,
    /// The key of a log that it cosigns, as `kagimori-desk init` prints it; may come more than once.
    #[arg(long, value_name = "KEY")]
    pub(crate) log: Vec<String>,
}
