//! What was applied: `journal.db` of a kagimori directory, a SQLite file whose rows are the leaves of a Merkle log.
//!
//! * An [`Append`] is one transaction: the entry, the documents it names by their hash, the messages for the outbox, and the new head of
//!   the log. The file is synced before it returns, so what was journalled is there after a power cut.
//! * One process at a time writes ([`Held`]): a lock that ends with the process, and a lease with a holder and an end for hosts that share
//!   a disk.
//! * [`Outbox`]: letters are delivered without holding the journal.
//! * [`Journal::verify`] recomputes everything.
//!
//! What an entry says is its writer's matter; time is an argument.

mod error;
mod file;
mod held;
mod outbox;
mod read;
#[cfg(test)]
mod tests;
mod verify;

use std::path::{Path, PathBuf};

use rusqlite::Connection;

pub use error::JournalError;
pub use held::{Append, Held, Holder, LEASE_SECONDS, document_name};
pub use kagimori_ledger::Hash;
pub use outbox::{Closed, Letter, Message, Outbox};
pub use read::Entry;
pub use verify::{Head, Verified};

/// A journal that is read.
#[derive(Debug)]
pub struct Journal {
    connection: Connection,
    path: PathBuf,
}

impl Journal {
    /// The file of a kagimori directory.
    pub fn path_in(directory: &Path) -> PathBuf {
        directory.join("journal.db")
    }

    /// Opens a journal that is there, to read it; somebody may write it meanwhile.
    ///
    /// # Errors
    /// [`JournalError`] when there is none, or it is not one that this program can read.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        Ok(Self { connection: file::read(path)?, path: path.to_owned() })
    }

    fn told(&self) -> impl Fn(rusqlite::Error) -> JournalError + '_ {
        |error| JournalError::sqlite(&self.path, &error)
    }
}
