//! What makes work on a lake fail as a whole. Damage inside trail files is not here: it is reported beside the result.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

/// Why an ingest or a question failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// A file or folder could not be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file or folder could not be written.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the lake is not what was written.
    #[error("`{path}` is damaged: {message}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A part that the lake lists is not there.
    #[error("`{0}` is gone, and the lake lists it")]
    Gone(PathBuf),
    /// The lake was written with other columns.
    #[error(
        "`{path}` is of schema {schema}, and this kagimori writes and reads schema {}",
        crate::SCHEMA_VERSION
    )]
    OtherSchema {
        /// The file that says so.
        path: PathBuf,
        /// Its schema.
        schema: u32,
    },
    /// Another ingest is at work.
    #[error("another `kagimori ingest` is writing to `{0}`")]
    Locked(PathBuf),
    /// A source cannot be read by this build, or is none.
    #[error("{message}")]
    Source {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// Something that cannot happen did.
    #[error("a defect: {0}")]
    Defect(String),
}

impl LakeError {
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path, error: &dyn Display) -> Self {
        Self::Damaged { path: path.to_owned(), message: error.to_string() }
    }

    pub(crate) fn defect(error: impl Display) -> Self {
        Self::Defect(error.to_string())
    }

    /// Whether it is about a file.
    pub(crate) fn is_of(&self, file: &Path) -> bool {
        match self {
            Self::Read { path, .. }
            | Self::Write { path, .. }
            | Self::Damaged { path, .. }
            | Self::OtherSchema { path, .. }
            | Self::Gone(path) => path == file,
            Self::Locked(_) | Self::Source { .. } | Self::Defect(_) => false,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Read { .. } => "check that it exists and that you may read it (`ls -ld`)".to_owned(),
            Self::Write { .. } => "check that you may write there and that the disk is not full, then run \
                                   `kagimori ingest` again: it goes on where it stopped"
                .to_owned(),
            Self::Damaged { .. } | Self::Gone(_) => {
                "`kagimori lake verify` says which days are concerned and whether the trail files they came from are still \
                 there; `kagimori lake repair` mends what they hold"
                    .to_owned()
            }
            Self::OtherSchema { .. } => {
                "read it with the kagimori that wrote it; or ingest the trail into another directory, while its files are there"
                    .to_owned()
            }
            Self::Locked(_) => {
                "wait until it is done; a lock of a process that died does not count".to_owned()
            }
            Self::Source { hint, .. } => hint.clone(),
            Self::Defect(_) => "please report it with what you ran".to_owned(),
        }
    }
}
