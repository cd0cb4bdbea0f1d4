//! `kagimori plan`, `apply`, `undo` and `journal`, as typed.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Format, LanguageArg};

/// The plans of a directory: what each changes, what the trail says of it, and how far it is applied
#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// The stored plans, and how far each is applied
    #[command(after_help = "Exit codes: 0 told, 2 failed, 3 a file in plans/ is no plan.")]
    List(PlanList),
    /// One plan: its steps, what undoes them, and what the replay showed
    #[command(after_help = "Exit codes: 0 told, 2 failed.")]
    Show(PlanShow),
}

#[derive(Debug, clap::Args)]
pub(crate) struct PlanList {
    /// The kagimori directory; plans lie in DIR/plans
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PlanShow {
    /// The plan's id, or the beginning of it
    pub(crate) id: String,
    /// The kagimori directory; plans lie in DIR/plans
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The language of the text
    #[arg(long, visible_alias = "lang", value_enum, default_value_t = LanguageArg::En)]
    pub(crate) language: LanguageArg,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Which plan is followed, and on what terms.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 done, or nothing to do; 1 nothing was changed, because what the plan is about is not as it was; 2 failed, refused or stopped."
)]
pub(crate) struct Follow {
    /// The plan's id, or the beginning of it
    pub(crate) id: String,
    /// Look at everything, say what would be called, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Make steps that nothing takes back
    #[arg(long)]
    pub(crate) irreversible: bool,
    /// The alias of an account that would have to be typed (many steps, something protected, production)
    #[arg(long, value_name = "ALIAS")]
    pub(crate) alias: Vec<String>,
    #[command(flatten)]
    pub(crate) way: Way,
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// The way to the accounts.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Way {
    /// The role that is assumed in other accounts than that of the credentials
    #[arg(long, value_name = "NAME")]
    pub(crate) role: Option<String>,
    /// The external id that the role asks for
    #[arg(long, value_name = "ID", requires = "role")]
    pub(crate) external_id: Option<String>,
    /// The profile whose credentials are used
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// How long AWS is given to show a change, or what came of a call whose answer was lost
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=3600), hide_short_help = true)]
    pub(crate) patience: u32,
}

/// What was done: every turn of every plan that was applied or taken back, in a log that cannot be altered unnoticed
#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Recompute all of it: is it what was written?
    #[command(after_help = "Exit codes: 0 it is what was written, 2 it is not, or cannot be read.")]
    Verify(JournalVerify),
    /// What happened, in order
    #[command(after_help = "Exit codes: 0 told, 2 failed.")]
    Show(JournalShow),
}

#[derive(Debug, clap::Args)]
pub(crate) struct JournalVerify {
    /// A size that was noted before, with its root: the journal must begin as it was then
    #[arg(long, value_name = "N", requires = "root")]
    pub(crate) size: Option<u64>,
    /// The root that was noted before: 64 hexadecimal digits
    #[arg(long, value_name = "HEX", requires = "size")]
    pub(crate) root: Option<String>,
    /// The kagimori directory; the journal is DIR/journal.db
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct JournalShow {
    /// Of this plan alone: its id, or the beginning of it
    #[arg(long, value_name = "ID")]
    pub(crate) plan: Option<String>,
    /// The kagimori directory; the journal is DIR/journal.db
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}
