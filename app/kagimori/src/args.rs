//! The command line, exactly as typed; nothing is opened or resolved here.

mod apply;
mod ask;
mod bastion;
mod change;
mod collect;
mod guard;
mod identity;
mod lake;
mod leaked;
mod limit;
mod migrate;
mod moment;
#[cfg(feature = "needs")]
mod needs;
mod notify;
mod page;
mod policy;
mod retire;
mod scan;
mod trail;

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use kagimori_plan::sentence::Language;
use kagimori_terminal::printer::ColorChoice;

pub(crate) use apply::{
    Follow, JournalCommand, JournalShow, JournalVerify, PlanCommand, PlanList, PlanShow, Way,
};
pub(crate) use ask::{AskCommand, Can, Circumstances, Paths, PathsFormat, WhatCan, WhoCan};
pub(crate) use bastion::{BastionCheck, BastionCommand, BastionPlan};
pub(crate) use change::{ConditionArg, ResourcesArg, Tighten, UnseenArg, WhatIf};
pub(crate) use collect::Collect;
pub(crate) use guard::{
    GuardBudget, GuardCommand, GuardExplain, GuardKind, GuardList, GuardNew, GuardPlan, GuardProve,
    GuardShow, Made,
};
pub(crate) use identity::IdentityWishes;
pub(crate) use lake::{LakeCommand, LakeQuestion};
pub(crate) use leaked::Leaked;
pub(crate) use limit::{Bounds, Voice};
pub(crate) use migrate::Migrate;
#[cfg(feature = "needs")]
pub(crate) use needs::{Needs, NeedsFormat};
pub(crate) use notify::{NotifyCommand, NotifyDeliver, NotifyStatus, NotifyTest};
pub(crate) use page::PageRoom;
pub(crate) use policy::{Check, CheckFormat, Compare, Eval, KindArg, Minimise, PolicyCommand, SeverityArg};
pub(crate) use retire::{
    RetireCommand, RetirePanic, RetireStart, RetireStatus, RetireStop, RetireSuggest, RetireTick,
};
pub(crate) use scan::{Scan, ScanFormat};
pub(crate) use trail::{
    Ingest, SqlEngine, TableFormat, TrailCommand, TrailPlace, TrailQuestion, TrailSource, TrailTables,
    TrailWho,
};

const EXIT_CODES: &str = "Exit codes: 0 clean, 1 findings, 2 failed, 3 incomplete (part of what was given could not \
                          be read, was denied or torn; wins over 1).";

/// AWS identities from keys everywhere to short-lived, least-privileged, approved and provable.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 clean, allowed or done; 1 findings, denied or different; 2 failed or could not tell; 3 part \
                  of what was given could not be read. `kagimori COMMAND --help` says what they mean there."
)]
pub(crate) struct Args {
    /// Colours: when the output is a terminal, always, or never
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, hide_short_help = true)]
    pub(crate) color: Color,
    /// Say nothing beside the data: no notes, no warnings; errors stay
    #[arg(long, short, global = true, hide_short_help = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Review(Review),
    Collect(Collect),
    Explain(Explain),
    Checks(Checks),
    #[command(subcommand)]
    Ask(AskCommand),
    Ingest(Ingest),
    #[command(subcommand)]
    Lake(LakeCommand),
    #[command(subcommand)]
    Trail(TrailCommand),
    Whatif(Box<WhatIf>),
    Tighten(Tighten),
    Migrate(Migrate),
    #[cfg(feature = "needs")]
    Needs(Needs),
    #[command(subcommand)]
    Plan(PlanCommand),
    /// Apply a stored plan to live AWS accounts: look, write down, change, look again
    ///
    /// Everything that the plan is about is looked at before the first change; when something is not as it was when the plan was made,
    /// nothing is changed. Each call is written to DIR/journal.db before it is made, and looked at afterwards. A run that was
    /// killed, or lost an answer, is taken up by the same command, or taken back by `kagimori undo`.
    Apply(Follow),
    /// Take back what a plan has changed
    ///
    /// The steps that were made are taken back, the last first, each after looking whether it is as the plan left it.
    Undo(Follow),
    Scan(Scan),
    Leaked(Leaked),
    #[command(subcommand)]
    Bastion(BastionCommand),
    #[command(subcommand)]
    Guard(GuardCommand),
    #[command(subcommand)]
    Retire(RetireCommand),
    #[command(subcommand)]
    Journal(JournalCommand),
    #[command(subcommand)]
    Notify(NotifyCommand),
    #[command(subcommand)]
    Policy(PolicyCommand),
    Completions(Completions),
    Man(Man),
    #[command(hide = true)]
    Complete(Complete),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// When the output is a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// Print the completion script of a shell: `source <(kagimori completions bash)`
#[derive(Debug, clap::Args)]
#[command(after_help = TEXT_EXIT_CODES)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Print the manual page, or write the pages of all commands into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = TEXT_EXIT_CODES)]
pub(crate) struct Man {
    /// The folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// What the completion scripts ask
#[derive(Debug, clap::Args)]
pub(crate) struct Complete {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) words: Vec<String>,
}

/// Review the AWS identities of a directory of files; needs no AWS account, no server, no network.
///
/// DIR holds what the AWS CLI writes: `snapshots/<account>/authorization-details.json`, `credential-report.json`
/// (or `.csv`), `account-summary.json`, … or the same files directly in DIR for one account; CloudTrail files in
/// `trail/`; the company's own facts in `kagimori.toml`. What a file is, is told by its content, not by its name.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Review {
    /// The directory (or one file of it)
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The same as DIR, as the other commands take it
    #[arg(long = "dir", value_name = "DIR", conflicts_with = "dir")]
    dir_option: Option<PathBuf>,
    /// Where CloudTrail files lie, when not in DIR/trail
    #[arg(long, value_name = "PATH")]
    pub(crate) trail: Option<PathBuf>,
    /// Leave the trail out: only what the snapshots say
    #[arg(long, conflicts_with = "trail")]
    pub(crate) no_trail: bool,
    /// The instant the review speaks of, or a day (its beginning, UTC) [default: `as_of` of kagimori.toml, else the clock]
    #[arg(long, value_name = "INSTANT", value_parser = moment::moment)]
    pub(crate) now: Option<Timestamp>,
    /// Where the report is written [default: DIR/report]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write no report, only print
    #[arg(long, conflicts_with = "out")]
    pub(crate) no_report: bool,
    /// The log of a desk as `kagimori-desk log export` wrote it: was every use of root asked for?
    #[arg(long, value_name = "PATH", requires = "desk_trust")]
    pub(crate) desk_log: Option<PathBuf>,
    /// Whose signatures are believed of it: the trust policy that the auditors keep
    #[arg(long, value_name = "FILE", requires = "desk_log")]
    pub(crate) desk_trust: Option<PathBuf>,
    /// Compare with an earlier review: its findings.json, or the folder it stands in
    #[arg(long, value_name = "PATH")]
    pub(crate) against: Option<PathBuf>,
    /// The answer of `kagimori scan --format json`: the page draws which credential lies in which system
    #[arg(long, value_name = "FILE", conflicts_with = "no_report")]
    pub(crate) scan: Option<PathBuf>,
    /// Begin the CSV files with a byte order mark, as Japanese Excel wants it
    #[arg(long)]
    pub(crate) csv_bom: bool,
    #[command(flatten)]
    pub(crate) room: PageRoom,
    /// The language of the summary; the page has both
    #[arg(long, visible_alias = "lang", value_enum, default_value_t = LanguageArg::En)]
    pub(crate) language: LanguageArg,
    /// What to print: a summary for people, or the findings as JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

impl Review {
    /// The directory, however it was named.
    pub(crate) fn directory(&self) -> &Path {
        self.dir_option.as_deref().unwrap_or(&self.dir)
    }
}

const TEXT_EXIT_CODES: &str = "Exit codes: 0 done, 2 failed.";

/// Explain a check: what it looks at, when it fails, what to do, what others call it
#[derive(Debug, clap::Args)]
#[command(after_help = TEXT_EXIT_CODES)]
pub(crate) struct Explain {
    /// The check's id, for instance `mfa-console-user`
    pub(crate) id: String,
    /// The language of the text
    #[arg(long, visible_alias = "lang", value_enum, default_value_t = LanguageArg::En)]
    pub(crate) language: LanguageArg,
    /// For people, or as JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// List the checks, worst first
#[derive(Debug, clap::Args)]
#[command(after_help = TEXT_EXIT_CODES)]
pub(crate) struct Checks {
    /// For people, or as JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// The language of the text
    #[arg(long, visible_alias = "lang", value_enum, default_value_t = LanguageArg::En)]
    pub(crate) language: LanguageArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// JSON with a versioned schema
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LanguageArg {
    /// English
    En,
    /// 日本語
    Ja,
}

impl From<LanguageArg> for Language {
    fn from(argument: LanguageArg) -> Self {
        match argument {
            LanguageArg::En => Self::En,
            LanguageArg::Ja => Self::Ja,
        }
    }
}
