//! Everything of a journal, recomputed.

use kagimori_ledger::{Frontier, Hash};
use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256};

use crate::Journal;
use crate::error::JournalError;

/// The size and root of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a size and a root")]
pub struct Head {
    /// How many entries.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
}

/// What was found right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The size and root, recomputed.
    pub head: Head,
    /// How many documents.
    pub documents: u64,
}

impl Journal {
    /// Recomputes the tree from the entries, compares it with every head that was written, and the documents with their hashes.
    ///
    /// `known`: a head that was noted before, elsewhere: whoever can write the file can write all of it anew, and only that tells.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] with the first thing that is wrong.
    pub fn verify(&self, known: Option<Head>) -> Result<Verified, JournalError> {
        self.must_be_whole()?;
        let frontier = self.recomputed(known)?;
        let head = Head { size: frontier.size(), root: frontier.root() };
        self.must_end_with(head, &frontier)?;
        Ok(Verified { head, documents: self.checked_documents()? })
    }

    /// SQLite's own check of pages, indices and types.
    fn must_be_whole(&self) -> Result<(), JournalError> {
        let told: String = self
            .connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(self.told())?;
        if told == "ok" { Ok(()) } else { Err(self.damaged(format!("SQLite says: {told}"))) }
    }

    fn recomputed(&self, known: Option<Head>) -> Result<Frontier, JournalError> {
        let query =
            "SELECT idx, entry, root FROM leaf LEFT JOIN head ON head.size = leaf.idx + 1 ORDER BY idx";
        let mut statement = self.connection.prepare(query).map_err(self.told())?;
        let mut rows = statement.query([]).map_err(self.told())?;
        let mut frontier = Frontier::new();
        self.must_be_known(known, &frontier)?;
        while let Some(row) = rows.next().map_err(self.told())? {
            let index: u64 = row.get(0).map_err(self.told())?;
            let place = frontier.size();
            if index != place {
                return Err(self.damaged(format!("its entry {place} is missing")));
            }
            let entry: Vec<u8> = row.get(1).map_err(self.told())?;
            let root: Option<Vec<u8>> = row.get(2).map_err(self.told())?;
            frontier.append(Hash::leaf(&entry));
            if root.as_deref().and_then(Hash::from_slice) != Some(frontier.root()) {
                return Err(self.damaged(format!("its entry {place} is not the one that was written")));
            }
            self.must_be_known(known, &frontier)?;
        }
        match known {
            Some(known) if known.size > frontier.size() => {
                let now = frontier.size();
                Err(self.damaged(format!("it had {} entries, and has {now} now", known.size)))
            }
            _ => Ok(frontier),
        }
    }

    fn must_be_known(&self, known: Option<Head>, frontier: &Frontier) -> Result<(), JournalError> {
        let is_other = |known: &Head| known.size == frontier.size() && known.root != frontier.root();
        match known.filter(is_other) {
            Some(known) => {
                Err(self.damaged(format!("its first {} entries are not those of before", known.size)))
            }
            None => Ok(()),
        }
    }

    /// Nothing may stand behind the last entry, and the next one must find the edge of this tree.
    fn must_end_with(&self, head: Head, frontier: &Frontier) -> Result<(), JournalError> {
        if self.head()? != head {
            return Err(self.damaged("its last entries are missing"));
        }
        let query = "SELECT size, subtrees FROM edge";
        let row = self
            .connection
            .query_row(query, [], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, Vec<u8>>(1)?)));
        let (size, bytes) = row.optional().map_err(self.told())?.unwrap_or_default();
        let subtrees: Vec<u8> = frontier.subtrees().iter().flat_map(|hash| *hash.as_bytes()).collect();
        if (size, &bytes) == (head.size, &subtrees) {
            return Ok(());
        }
        Err(self.damaged("the edge of its tree is not that of its entries"))
    }

    fn checked_documents(&self) -> Result<u64, JournalError> {
        let mut statement =
            self.connection.prepare("SELECT sha256, bytes FROM document").map_err(self.told())?;
        let mut rows = statement.query([]).map_err(self.told())?;
        let mut count = 0_u64;
        while let Some(row) = rows.next().map_err(self.told())? {
            let (sha256, bytes): (Vec<u8>, Vec<u8>) =
                (row.get(0).map_err(self.told())?, row.get(1).map_err(self.told())?);
            if Sha256::digest(&bytes).as_slice() != sha256 {
                return Err(self.damaged("a document is not the one that was written"));
            }
            count = count.saturating_add(1);
        }
        Ok(count)
    }
}
