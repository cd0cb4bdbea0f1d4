//! `kagimori leaked`, as typed.

use std::path::PathBuf;

use super::{Format, LanguageArg};

/// A key leaked: whose it is, what it could do and did, where it lies, what breaks without it, what replaces it, and the steps in their order.
///
/// Everything is asked of the same engines as `ask what-can`, `ask paths`, `trail key`, `whatif --key-off` and `tighten`, over the files of a
/// kagimori directory; AWS is not asked, and nothing is changed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 the key does not live and nothing suspicious was seen, 1 it lives or was abused, 2 failed or whose it is cannot be told, 3 part of what was given could not be read (wins over 1)."
)]
pub(crate) struct Leaked {
    /// The key's id (`AKIA…`); never its secret
    pub(crate) key: String,
    /// Source trees in which it may lie
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub(crate) tree: Vec<PathBuf>,
    /// Repositories whose history is read
    #[arg(long, value_name = "REPO", num_args = 1..)]
    pub(crate) git: Vec<PathBuf>,
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Where CloudTrail files lie, when not in DIR/trail
    #[arg(long, value_name = "PATH")]
    pub(crate) trail: Option<PathBuf>,
    /// Days of trail before the directory's instant that are replayed
    #[arg(long, default_value_t = 90, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=3660))]
    pub(crate) days: i64,
    /// Write a page for printing, in English and Japanese
    #[arg(long, value_name = "FILE")]
    pub(crate) page: Option<PathBuf>,
    /// The language of the text
    #[arg(long, visible_alias = "lang", value_enum, default_value_t = LanguageArg::En)]
    pub(crate) language: LanguageArg,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}
