//! What is in a journal.

use std::path::Path;

use kagimori_ledger::Hash;
use rusqlite::OptionalExtension;

use crate::error::JournalError;
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
    /// All entries, in order.
    ///
    /// # Errors
    /// [`JournalError`] when the file cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>, JournalError> {
        let mut statement =
            self.connection.prepare("SELECT idx, entry FROM leaf ORDER BY idx").map_err(self.told())?;
        let rows = statement
            .query_map([], |row| Ok(Entry { index: row.get(0)?, bytes: row.get(1)? }))
            .map_err(self.told())?;
        rows.collect::<Result<_, _>>().map_err(self.told())
    }

    /// Copies the journal into a new file, as it is at one moment: somebody may write it meanwhile.
    ///
    /// # Errors
    /// [`JournalError`] when the copy cannot be written, or a file is there.
    pub fn copy(&self, to: &Path) -> Result<(), JournalError> {
        if to.exists() {
            let why = "there is a file of that name".to_owned();
            return Err(JournalError::ReadOnly { path: to.to_owned(), why });
        }
        let path = to.to_string_lossy();
        self.connection
            .execute("VACUUM INTO ?1", [&*path])
            .map_err(|error| JournalError::sqlite(to, &error))?;
        Ok(())
    }

    /// A document that an entry names by its SHA-256.
    ///
    /// # Errors
    /// [`JournalError`] when the file cannot be read.
    pub fn document(&self, sha256: &[u8; 32]) -> Result<Option<Vec<u8>>, JournalError> {
        let query = "SELECT bytes FROM document WHERE sha256 = ?1";
        self.connection.query_row(query, [sha256], |row| row.get(0)).optional().map_err(self.told())
    }

    /// The size and root of the log.
    ///
    /// # Errors
    /// [`JournalError`] when the file cannot be read.
    pub fn head(&self) -> Result<Head, JournalError> {
        let query = "SELECT size, root FROM head ORDER BY size DESC LIMIT 1";
        let row = self.connection.query_row(query, [], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)));
        let Some((size, root)) = row.optional().map_err(self.told())? else {
            return Ok(Head { size: 0, root: Hash::empty() });
        };
        let root = Hash::from_slice(&root).ok_or_else(|| self.damaged("the root of its head is no hash"))?;
        Ok(Head { size, root })
    }

    pub(crate) fn damaged(&self, what: impl Into<String>) -> JournalError {
        JournalError::damaged(&self.path, what)
    }
}
