//! A journal that one process writes.

use std::fs::{File, TryLockError};
use std::ops::Deref;
use std::path::Path;

use jiff::Timestamp;
use kagimori_ledger::tile::ENTRY_MAX;
use kagimori_ledger::{Frontier, Hash};
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior};
use sha2::{Digest, Sha256};

use crate::error::JournalError;
use crate::outbox::{self, Message};
use crate::{Head, Journal, file};

/// How long a journal is held after its last entry by a process on another host, of which nobody here can tell whether it lives.
pub const LEASE_SECONDS: i64 = 300;

/// Who writes, for whoever finds the journal held.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a name and a place")]
pub struct Holder {
    /// The person, the process and what it does.
    pub name: String,
    /// The host: of its own processes it knows which are gone.
    pub host: String,
}

/// A journal that this process writes. Letting it go lets others write.
#[derive(Debug)]
pub struct Held {
    journal: Journal,
    holder: Holder,
    /// Locked until this is let go.
    pub(crate) lock: File,
}

/// What is written in one transaction.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "an entry and what belongs to it")]
pub struct Append<'a> {
    /// The leaf.
    pub entry: &'a [u8],
    /// What the entry names by its SHA-256.
    pub documents: &'a [&'a [u8]],
    /// What people are told of it.
    pub messages: &'a [Message<'a>],
}

/// The SHA-256 by which an entry names a document.
pub fn document_name(document: &[u8]) -> [u8; 32] {
    Sha256::digest(document).into()
}

impl Held {
    /// Takes a journal to write it, making it where it is not there.
    ///
    /// # Errors
    /// [`JournalError::Busy`] when somebody else holds it, others when it cannot be written.
    pub fn take(path: &Path, holder: Holder, now: Timestamp) -> Result<Self, JournalError> {
        let lock = file::lock(path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy(path, now)),
            Err(TryLockError::Error(error)) => return Err(JournalError::io(path, &error)),
        }
        let connection = file::write(path)?;
        let journal = Journal { connection, path: path.to_owned() };
        let mut held = Self { journal, holder, lock };
        held.lease(now)?;
        Ok(held)
    }

    /// Writes an entry and what belongs to it, or nothing; it is on the disk when this returns.
    ///
    /// # Errors
    /// [`JournalError`]; the journal is then as it was.
    pub fn append(&mut self, append: &Append<'_>, now: Timestamp) -> Result<Head, JournalError> {
        if append.entry.len() > ENTRY_MAX {
            return Err(JournalError::EntryTooLong(append.entry.len()));
        }
        let path = self.journal.path.clone();
        let told = |error: rusqlite::Error| JournalError::sqlite(&path, &error);
        let transaction = begin(&mut self.journal).map_err(told)?;
        let lease = leased(&transaction).map_err(told)?;
        if let Some(lease) = lease.filter(|lease| lease.holder != self.holder) {
            return Err(JournalError::Lost { holder: lease.told() });
        }
        let edge = edge(&transaction).map_err(told)?;
        let mut frontier =
            edge.ok_or_else(|| JournalError::damaged(&path, "the edge of its tree is no edge"))?;
        let index = frontier.size();
        frontier.append(Hash::leaf(append.entry));
        let head = Head { size: frontier.size(), root: frontier.root() };
        write(&transaction, append, index, &frontier, now).map_err(told)?;
        renew(&transaction, &self.holder, now).map_err(told)?;
        transaction.commit().map_err(told)?;
        Ok(head)
    }

    fn lease(&mut self, now: Timestamp) -> Result<(), JournalError> {
        let path = self.journal.path.clone();
        let told = |error: rusqlite::Error| JournalError::sqlite(&path, &error);
        let transaction = begin(&mut self.journal).map_err(told)?;
        // Whoever held it on this host is gone: the lock was free.
        let elsewhere =
            leased(&transaction).map_err(told)?.filter(|lease| lease.holder.host != self.holder.host);
        if let Some(lease) = elsewhere.filter(|lease| lease.until > now) {
            return Err(JournalError::Busy { until: lease.until, holder: lease.told() });
        }
        renew(&transaction, &self.holder, now).map_err(told)?;
        transaction.commit().map_err(told)
    }
}

impl Deref for Held {
    type Target = Journal;

    fn deref(&self) -> &Journal {
        &self.journal
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Holder { name, host } = &self.holder;
        // A lease that stays ends by itself.
        let _ = self
            .journal
            .connection
            .execute("DELETE FROM lease WHERE holder = ?1 AND host = ?2", [name, host]);
        // Said, not left to the closing: a child that is being started by another thread has the file open until it runs its program.
        let _ = self.lock.unlock();
    }
}

/// Who holds a journal, and until when.
struct Lease {
    holder: Holder,
    until: Timestamp,
}

impl Lease {
    fn told(&self) -> String {
        format!("{} on {}", self.holder.name, self.holder.host)
    }
}

/// The lock tells that somebody writes, the row who.
fn busy(path: &Path, now: Timestamp) -> JournalError {
    let lease = || {
        let connection = file::read(path).ok()?;
        let row = connection.query_row("SELECT holder, host, until FROM lease", [], read_lease);
        row.optional().ok().flatten()
    };
    match lease() {
        Some(lease) => JournalError::Busy { until: lease.until, holder: lease.told() },
        None => JournalError::Busy { until: after(now), holder: "another process on this host".to_owned() },
    }
}

fn begin(journal: &mut Journal) -> rusqlite::Result<Transaction<'_>> {
    journal.connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

fn leased(transaction: &Transaction<'_>) -> rusqlite::Result<Option<Lease>> {
    transaction.query_row("SELECT holder, host, until FROM lease", [], read_lease).optional()
}

fn read_lease(row: &rusqlite::Row<'_>) -> rusqlite::Result<Lease> {
    let until = Timestamp::from_second(row.get(2)?).unwrap_or(Timestamp::MIN);
    Ok(Lease { holder: Holder { name: row.get(0)?, host: row.get(1)? }, until })
}

fn renew(transaction: &Transaction<'_>, holder: &Holder, now: Timestamp) -> rusqlite::Result<()> {
    let row = (&holder.name, &holder.host, after(now).as_second());
    transaction.execute("INSERT OR REPLACE INTO lease VALUES (0, ?1, ?2, ?3)", row)?;
    Ok(())
}

fn after(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second().saturating_add(LEASE_SECONDS)).unwrap_or(Timestamp::MAX)
}

/// The right edge of the tree; `None`: what is stored is none.
fn edge(transaction: &Transaction<'_>) -> rusqlite::Result<Option<Frontier>> {
    let query = "SELECT size, subtrees FROM edge";
    let row = transaction.query_row(query, [], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, Vec<u8>>(1)?)));
    let Some((size, bytes)) = row.optional()? else { return Ok(Some(Frontier::new())) };
    let (hashes, rest) = bytes.as_chunks::<{ Hash::LEN }>();
    let hashes = hashes.iter().copied().map(Hash::from_bytes).collect();
    Ok(Frontier::from_parts(size, hashes).ok().filter(|_| rest.is_empty()))
}

fn write(
    transaction: &Transaction<'_>,
    append: &Append<'_>,
    index: u64,
    frontier: &Frontier,
    now: Timestamp,
) -> rusqlite::Result<()> {
    transaction.execute("INSERT INTO leaf VALUES (?1, ?2)", (index, append.entry))?;
    for document in append.documents {
        let sha256 = document_name(document);
        transaction.execute("INSERT OR IGNORE INTO document VALUES (?1, ?2)", (sha256, document))?;
    }
    for message in append.messages {
        outbox::put(transaction, index, message, now)?;
    }
    let (size, root) = (frontier.size(), frontier.root());
    transaction.execute("INSERT INTO head VALUES (?1, ?2)", (size, root.as_bytes()))?;
    let subtrees: Vec<u8> = frontier.subtrees().iter().flat_map(|hash| *hash.as_bytes()).collect();
    transaction.execute("INSERT OR REPLACE INTO edge VALUES (0, ?1, ?2)", (size, subtrees))?;
    Ok(())
}
