//! What can go wrong with a journal, and what to do next.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::ErrorCode;

/// Why a journal cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "the hint differs")]
pub enum JournalError {
    /// There is none yet.
    #[error("there is no journal at `{0}`")]
    NotThere(PathBuf),
    /// Somebody else writes it.
    #[error("the journal is held by {holder}, until {until} at the latest")]
    Busy {
        /// Who.
        holder: String,
        /// When the lease ends.
        until: Timestamp,
    },
    /// Somebody else took over while this process slept.
    #[error("the journal was taken over by {holder}: this process was silent for too long")]
    Lost {
        /// Who.
        holder: String,
    },
    /// Nothing can be written there.
    #[error("`{path}` cannot be written: {why}")]
    ReadOnly {
        /// The file or its folder.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// No room.
    #[error("there is no room left on the disk of `{0}`")]
    Full(PathBuf),
    /// It is not what was written.
    #[error("the journal `{path}` is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, in a sentence without a beginning.
        what: String,
    },
    /// A file of another program.
    #[error("`{0}` is no journal of kagimori")]
    NotOurs(PathBuf),
    /// Written by a newer program.
    #[error("`{path}` is a journal of version {version}, and this program reads version {ours}")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i64,
        /// The version this program writes.
        ours: i64,
    },
    /// An entry that no log takes.
    #[error("an entry has {0} bytes, and the journal takes {max} at most", max = kagimori_ledger::tile::ENTRY_MAX)]
    EntryTooLong(usize),
    /// The log is not where this process left it.
    #[error("the journal has {there} entries, and this process knows of {here}")]
    Moved {
        /// As this process knows.
        here: u64,
        /// As it is.
        there: u64,
    },
    /// A database does not answer, or refuses.
    #[error("the database `{server}` cannot be used: {why}")]
    Server {
        /// Which.
        server: String,
        /// Its words.
        why: String,
    },
    /// The connection broke while an entry was being committed, and the database does not answer since.
    #[error("nobody knows whether the database `{server}` has kept an entry: {why}")]
    Unknown {
        /// Which.
        server: String,
        /// Its words.
        why: String,
    },
    /// The disk, or whatever holds the file.
    #[error("`{path}` cannot be used: {why}")]
    Broken {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
}

impl JournalError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotThere(_) => "the first `kagimori apply` makes it; name another directory with `--dir`",
            Self::Busy { .. } => {
                "let it finish, or wait for the end of its lease if it runs on a host that is gone"
            }
            Self::Lost { .. } => {
                "nothing more was changed; run the command again and it goes on where things stand"
            }
            Self::ReadOnly { .. } => {
                "nothing was changed in AWS; let this user write the file and its folder, or name another directory with `--dir`"
            }
            Self::Full(_) => {
                "nothing is changed in AWS without the journal; make room, then run the command again and it goes on where things stand"
            }
            Self::Damaged { .. } => {
                "do not apply anything and keep the file; a copy from before may not know what was switched off since: look at each key of a retirement (`kagimori plan list` names them) with `aws iam list-access-keys --user-name USER` and switch on what is off, then put the last good copy in its place and run `kagimori journal verify`"
            }
            Self::NotOurs(_) => "move the file away, or name another directory with `--dir`",
            Self::Newer { .. } => "use the newer program",
            Self::EntryTooLong(_) => "this is a defect of the program: please report it with the command",
            Self::Moved { .. } => "read the journal again before anything is written",
            Self::Server { .. } => {
                "nothing was written; look at the address, the server and its log, and try again"
            }
            Self::Unknown { .. } => {
                "when the server answers again, look what the log says before you try again"
            }
            Self::Broken { .. } => "look at the disk and the permissions of the file and its folder",
        }
    }

    /// Somebody looked: it is not there.
    pub(crate) fn not_written(self) -> Self {
        match self {
            Self::Unknown { server, why } => Self::Server { server, why },
            other => other,
        }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }

    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        let (path, why) = (path.to_owned(), error.to_string());
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(path),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path, why }
            }
            _ => Self::Broken { path, why },
        }
    }

    /// SQLite's codes (sqlite.org, `rescode.html`).
    pub(crate) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let (path, why) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(path),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly { path, why }
            }
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, what: why },
            Some(ErrorCode::NotADatabase) => Self::NotOurs(path),
            _ => Self::Broken { path, why },
        }
    }
}
