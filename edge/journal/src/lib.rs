//! What was applied: `journal.db` of a kagimori directory, a SQLite file whose rows are the leaves of a Merkle log; or, with the feature
//! `postgres`, a PostgreSQL database with the same rows.
//!
//! * An [`Append`] is one transaction: the entry, the documents it names by their hash, the messages for the outbox, and the new head of
//!   the log. The file is synced before it returns, so what was journalled is there after a power cut.
//! * One process at a time writes ([`Held`]): a lock that ends with the process, and a lease with a holder and an end for hosts that share
//!   a disk. Whoever was overtaken writes nothing: the lease and the size of the log are looked at in the transaction of each entry.
//! * [`Outbox`]: letters are delivered without holding the journal.
//! * [`Journal::verify`] recomputes everything.
//!
//! What an entry says is its writer's matter; time is an argument.

mod error;
mod file;
mod held;
mod outbox;
mod place;
#[cfg(feature = "postgres")]
mod postgres;
mod read;
mod store;
#[cfg(test)]
mod tests;
mod transfer;
mod verify;

use std::path::{Path, PathBuf};

use crate::file::File;
use crate::store::Store;

pub use error::JournalError;
pub use held::{Append, Held, Holder, LEASE_SECONDS, document_name};
pub use kagimori_ledger::Hash;
pub use outbox::{Closed, Letter, Message, Outbox};
pub use place::Place;
#[cfg(feature = "postgres")]
pub use postgres::{AddressError, Database, Password};
pub use read::Entry;
pub use verify::{Head, Verified};

/// A journal that is read.
#[derive(Debug)]
pub struct Journal {
    store: Store,
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
    pub fn open(place: impl Into<Place>) -> Result<Self, JournalError> {
        let store = match place.into() {
            Place::File(path) => Store::File(File::read(&path)?),
            #[cfg(feature = "postgres")]
            Place::Database(database) => Store::Server(Box::new(postgres::Server::read(*database)?)),
        };
        Ok(Self { store })
    }
}
