//! `kagimori guard`, as typed.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::{Format, LanguageArg};

/// Guardrails: SCPs, RCPs and boundaries as templates, proved on the estate's own principals before anybody attaches one
#[derive(Debug, Subcommand)]
pub(crate) enum GuardCommand {
    /// The templates, in the order in which they are best attached: the one that is regretted least first
    #[command(visible_alias = "order")]
    List(GuardList),
    Show(GuardShow),
    Prove(GuardProve),
    New(GuardNew),
    Plan(GuardPlan),
    Budget(GuardBudget),
    Explain(GuardExplain),
}

#[derive(Debug, clap::Args)]
#[command(after_help = super::TEXT_EXIT_CODES)]
pub(crate) struct GuardList {
    /// The language of the text
    #[arg(long, visible_alias = "lang", value_enum, default_value_t = LanguageArg::En)]
    pub(crate) language: LanguageArg,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Which guard, with what.
#[derive(Debug, clap::Args)]
pub(crate) struct Made {
    /// The name of the template: `kagimori guard list` shows them
    pub(crate) name: String,
    /// A parameter of the template: `--set keepers=arn:aws:iam::*:role/ci/*`; several values are separated by commas
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
}

/// One template: what it is for, what can be set, its policy, what it must deny and must still allow
#[derive(Debug, clap::Args)]
#[command(after_help = super::TEXT_EXIT_CODES)]
pub(crate) struct GuardShow {
    #[command(flatten)]
    pub(crate) made: Made,
    /// The language of the text
    #[arg(long, visible_alias = "lang", value_enum, default_value_t = LanguageArg::En)]
    pub(crate) language: LanguageArg,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Does a guard deny what it must, and let be what it must, for every principal of the estate?
///
/// Each obligation is decided by both evaluators for all users and roles that it is about, and for somebody made up where there are none.
/// Over all requests it is proved that nothing else is touched, and that whoever is exempt loses nothing.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 proved; 1 an obligation is broken; 2 failed, or not proved; 3 part of the directory could not be read."
)]
pub(crate) struct GuardProve {
    #[command(flatten)]
    pub(crate) made: Made,
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Prove this policy, edited by hand, against the template's obligations
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// The language of the text
    #[arg(long, visible_alias = "lang", value_enum, default_value_t = LanguageArg::En)]
    pub(crate) language: LanguageArg,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Write a guard down: its policy, the smallest as AWS counts it, and Terraform
///
/// FOLDER/NAME.json is the policy, FOLDER/NAME.tf the same for Terraform; with `--on`, FOLDER/NAME.changes.json is what `kagimori whatif
/// --changes` replays. Nothing is written unless the guard is proved.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 written; 1 an obligation is broken; 2 failed, or not proved; 3 part of the directory could not be read."
)]
pub(crate) struct GuardNew {
    #[command(flatten)]
    pub(crate) made: Made,
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// A root (`r-…`), a unit (`ou-…`) or an account to attach it to
    #[arg(long, value_name = "TARGET")]
    pub(crate) on: Option<String>,
    /// Where to write [default: DIR/guard]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
}

/// What attaching a guard would have broken, replayed over the trail, as a stored plan
///
/// It is proved first. The answer is that of `kagimori whatif`, whose plan `kagimori apply` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: as `kagimori whatif`; 1 also when an obligation is broken: nothing is planned then."
)]
pub(crate) struct GuardPlan {
    #[command(flatten)]
    pub(crate) made: Made,
    /// The kagimori directory; the plan goes to DIR/plans
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// A root (`r-…`), a unit (`ou-…`) or an account to attach it to; a sandbox first
    #[arg(long, value_name = "TARGET")]
    pub(crate) on: String,
    /// Days of trail to replay
    #[arg(long, default_value_t = 90, value_name = "DAYS")]
    pub(crate) days: u16,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// How much room there is for SCPs and RCPs, and where: used, free, and which could be one
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 told; 1 something is over its quota; 2 failed, or could not tell; 3 part of the directory could not be read."
)]
pub(crate) struct GuardBudget {
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// What an SCP or RCP that somebody wrote denies, and to whom: a table over the estate's own principals
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 told; 2 failed; 3 part of the directory could not be read.")]
pub(crate) struct GuardExplain {
    /// A policy file, or the id of a policy that the snapshots hold (`p-…`)
    pub(crate) policy: PathBuf,
    /// What a file is [default: an RCP where its statements have a `Principal`, else an SCP]
    #[arg(long, value_enum)]
    pub(crate) kind: Option<GuardKind>,
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GuardKind {
    /// A service control policy
    Scp,
    /// A resource control policy
    Rcp,
}
