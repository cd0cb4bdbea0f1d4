//! What is laid beside each other: a log and a trail.

use std::path::PathBuf;

use clap::ValueEnum;
use jiff::Timestamp;

use crate::language::Language;

/// The log and the trail.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("cloudtrail").required(true)))]
pub(crate) struct SeenArgs {
    /// CloudTrail files: a folder as S3 has them, or one file.
    #[arg(long, value_name = "PATH", group = "cloudtrail")]
    pub(crate) trail: Option<PathBuf>,
    /// A lake that `kagimori ingest` has made of them.
    #[arg(long, value_name = "DIR", group = "cloudtrail")]
    pub(crate) lake: Option<PathBuf>,
    /// The log as `kagimori-desk log export` wrote it, for whoever is not on the desk's machine.
    #[arg(long, value_name = "DIR", requires = "trust")]
    pub(crate) log: Option<PathBuf>,
    /// Whose signatures are believed: the trust policy that the auditors keep.
    #[arg(long, value_name = "FILE", requires = "log")]
    pub(crate) trust: Option<PathBuf>,
    /// The settings, on the desk's machine: its log is compared with what the witness has seen.
    #[arg(long, value_name = "FILE", default_value = "desk.toml", conflicts_with = "log")]
    pub(crate) settings: PathBuf,
    #[command(flatten)]
    pub(crate) answer: AnswerArgs,
}

/// How it is answered.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct AnswerArgs {
    /// The language of the answer.
    #[arg(long, visible_alias = "lang", value_enum, default_value_t = LanguageArg::En)]
    language: LanguageArg,
    /// For people, or as JSON with a versioned schema.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

impl AnswerArgs {
    pub(crate) fn language(self) -> Language {
        match self.language {
            LanguageArg::En => Language::En,
            LanguageArg::Ja => Language::Ja,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// JSON
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LanguageArg {
    /// English
    En,
    /// 日本語
    Ja,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 every sign-in of a root is explained; 1 an alarm; 2 it failed, or something could not be told; 3 part of the trail could not be read."
)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) seen: SeenArgs,
    /// Ask nothing about the time before: `2026-12-01T00:00:00Z`. [default: since the desk was founded]
    #[arg(long, value_name = "INSTANT")]
    pub(crate) since: Option<Timestamp>,
    /// So many seconds may lie between the clocks of AWS and of the desk.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=3600))]
    pub(crate) skew: u32,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 the trail tells all of it; 2 it failed, or the trail does not tell all; 3 part of the trail could not be read."
)]
pub(crate) struct ReportArgs {
    /// The request.
    pub(crate) request: String,
    #[command(flatten)]
    pub(crate) seen: SeenArgs,
}
