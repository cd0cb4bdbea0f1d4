//! What is in a journal.

use std::path::Path;

use kagimori_ledger::{Frontier, Hash};

use crate::error::JournalError;
use crate::store::{Odd, Purpose, Store, Value, Within};
#[cfg(feature = "postgres")]
use crate::transfer;
use crate::{Head, Journal};

/// An entry and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a place and bytes")]
pub struct Entry {
    /// From 0.
    pub index: u64,
    /// As they were appended.
    pub bytes: Vec<u8>,
}

impl Journal {
    /// All entries, in order, which have to be those of the head: nobody acts on, or shows, what was altered.
    ///
    /// # Errors
    /// [`JournalError`] when they cannot be read; [`JournalError::Damaged`] when they are not those that were written, of which
    /// [`Journal::verify`] tells the first.
    pub fn entries(&self) -> Result<Vec<Entry>, JournalError> {
        self.store.within(Purpose::Read, |within| {
            let query = "SELECT idx, entry FROM leaf ORDER BY idx";
            let entries =
                within.rows(query, &[], |row| Ok(Entry { index: row.count(0)?, bytes: row.bytes(1)? }))?;
            let mut frontier = Frontier::new();
            for entry in &entries {
                if entry.index != frontier.size() {
                    return Err(within.damaged(format!("its entry {} is missing", frontier.size())));
                }
                frontier.append(Hash::leaf(&entry.bytes));
            }
            if head(within)? != (Head { size: frontier.size(), root: frontier.root() }) {
                return Err(within.damaged("its entries are not those that were written"));
            }
            Ok(entries)
        })
    }

    /// Copies the journal into a new SQLite file, as it is at one moment: somebody may write it meanwhile.
    ///
    /// # Errors
    /// [`JournalError`] when the copy cannot be written, or a file is there.
    pub fn copy(&self, to: &Path) -> Result<(), JournalError> {
        if to.exists() {
            let why = "there is a file of that name".to_owned();
            return Err(JournalError::ReadOnly { path: to.to_owned(), why });
        }
        match &self.store {
            Store::File(file) => file.copy(to),
            #[cfg(feature = "postgres")]
            Store::Server(_) => transfer::to_file(&self.store, to),
        }
    }

    /// A document that an entry names by its SHA-256.
    ///
    /// # Errors
    /// [`JournalError`] when it cannot be read.
    pub fn document(&self, sha256: &[u8; 32]) -> Result<Option<Vec<u8>>, JournalError> {
        let query = "SELECT bytes FROM document WHERE sha256 = $1";
        let rows = self.store.rows(query, &[Value::Bytes(sha256)], |row| row.bytes(0))?;
        Ok(rows.into_iter().next())
    }

    /// The size and root of the log.
    ///
    /// # Errors
    /// [`JournalError`] when they cannot be read.
    pub fn head(&self) -> Result<Head, JournalError> {
        self.store.within(Purpose::Read, head)
    }
}

/// The head that was written last.
pub(crate) fn head(within: &mut Within<'_>) -> Result<Head, JournalError> {
    let query = "SELECT size, root FROM head ORDER BY size DESC LIMIT 1";
    let row = within.row(query, &[], |row| Ok::<_, Odd>((row.count(0)?, row.bytes(1)?)))?;
    let Some((size, root)) = row else { return Ok(Head { size: 0, root: Hash::empty() }) };
    let root = Hash::from_slice(&root).ok_or_else(|| within.damaged("the root of its head is no hash"))?;
    Ok(Head { size, root })
}
