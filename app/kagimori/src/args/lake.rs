//! `kagimori lake …`, as typed.

use std::path::PathBuf;

use clap::Subcommand;

use super::Format;

/// Look after the lake: what it holds by day, whether that is what was written, and mending what is not
#[derive(Debug, Subcommand)]
pub(crate) enum LakeCommand {
    /// What does it hold, day by day, and are the trail files that it came from still there?
    #[command(after_help = "Exit codes: 0 told, 2 failed.")]
    Info(LakeQuestion),
    /// Is every part what was written? Sizes, checksums, all columns, counts, events that are there twice
    #[command(after_help = "Exit codes: 0 all is what was written, 1 something is not, 2 failed.")]
    Verify(LakeQuestion),
    /// Write the days anew with which something is wrong, of what their parts and the trail's files hold
    ///
    /// Nothing is taken away before what it held is written again. What neither a part nor a file holds any more is lost, and
    /// said.
    #[command(
        after_help = "Exit codes: 0 all days hold what they held, or there was nothing to mend; 2 failed; 3 a day holds less than it did, or a file could not be read."
    )]
    Repair(LakeQuestion),
}

/// Which lake, and how to print.
#[derive(Debug, clap::Args)]
pub(crate) struct LakeQuestion {
    /// The kagimori directory; the lake is DIR/lake
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// What to print: for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}
