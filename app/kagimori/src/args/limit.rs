//! `--limit-seconds`, of the questions that may take long.

use super::{Args, AskCommand, Command, Format, PathsFormat, PolicyCommand};
use crate::limit::Limited;

/// How long a question may take.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Bounds {
    /// Answer "cannot tell" (exit code 3) when the answer is not found within N seconds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub(crate) limit_seconds: Option<u64>,
}

/// How an answer was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    /// For people.
    Human,
    /// JSON with a schema.
    Json,
    /// A document that another program reads: a policy, a graph.
    Document,
}

impl Args {
    /// The question that was typed, when it was given a limit.
    pub(crate) fn limited(&self) -> Option<Limited> {
        let (question, bounds, voice) = match &self.command {
            Command::Ask(AskCommand::Paths(args)) => ("ask paths", args.bounds, args.format.into()),
            Command::Ask(AskCommand::WhoCan(args)) => {
                ("ask who-can", args.bounds, args.circumstances.format.into())
            }
            Command::Whatif(args) => ("whatif", args.bounds, args.format.into()),
            Command::Tighten(args) => ("tighten", args.bounds, args.format.into()),
            Command::Policy(PolicyCommand::Compare(args)) => {
                ("policy compare", args.bounds, args.format.into())
            }
            Command::Policy(PolicyCommand::Minimise(args)) => {
                let voice = if args.format == Format::Json { Voice::Json } else { Voice::Document };
                ("policy minimise", args.bounds, voice)
            }
            _ => return None,
        };
        Some(Limited { question, seconds: bounds.limit_seconds?, voice })
    }
}

impl From<Format> for Voice {
    fn from(format: Format) -> Self {
        match format {
            Format::Human => Self::Human,
            Format::Json => Self::Json,
        }
    }
}

impl From<PathsFormat> for Voice {
    fn from(format: PathsFormat) -> Self {
        match format {
            PathsFormat::Human => Self::Human,
            PathsFormat::Json => Self::Json,
            PathsFormat::Dot => Self::Document,
        }
    }
}
