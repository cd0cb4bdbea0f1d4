//! A journal that one process writes.

use std::fs::{self, TryLockError};
use std::ops::Deref;
use std::path::Path;

use jiff::Timestamp;
use kagimori_ledger::tile::ENTRY_MAX;
use kagimori_ledger::{Frontier, Hash};
use sha2::{Digest, Sha256};

use crate::error::JournalError;
use crate::file::{self, File};
use crate::outbox::{self, Message};
#[cfg(feature = "postgres")]
use crate::postgres::Server;
use crate::store::{Odd, Purpose, Row, Store, Value, Within, number};
use crate::{Head, Journal, Place, transfer};

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
    /// What the next entry comes after. In a log that has another head somebody else has written.
    head: Head,
    /// A file's lock, until this is let go; a server's is its session's.
    pub(crate) lock: Option<fs::File>,
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
    pub fn take(place: impl Into<Place>, holder: Holder, now: Timestamp) -> Result<Self, JournalError> {
        let place = place.into();
        let (store, holder, lock) = match &place {
            Place::File(path) => {
                let lock = file::lock(path)?;
                match lock.try_lock() {
                    Ok(()) => {}
                    Err(TryLockError::WouldBlock) => return Err(busy(&place, now)),
                    Err(TryLockError::Error(error)) => return Err(JournalError::io(path, &error)),
                }
                (Store::File(File::write(path)?), holder, Some(lock))
            }
            #[cfg(feature = "postgres")]
            Place::Database(database) => {
                let Some((server, turn)) = Server::hold((**database).clone())? else {
                    return Err(busy(&place, now));
                };
                // Two processes of one name on one host are two all the same.
                let name = format!("{}, turn {turn}", holder.name);
                (Store::Server(Box::new(server)), Holder { name, ..holder }, None)
            }
        };
        let nothing = Head { size: 0, root: Hash::empty() };
        let mut held = Self { journal: Journal { store }, holder, head: nothing, lock };
        held.lease(now)?;
        held.know()?;
        Ok(held)
    }

    /// Writes an entry and what belongs to it, or nothing; it is on the disk when this returns.
    ///
    /// # Errors
    /// [`JournalError`]; the journal is then as it was, except after [`JournalError::Unknown`], which says that nobody can tell yet.
    pub fn append(&mut self, append: &Append<'_>, now: Timestamp) -> Result<Head, JournalError> {
        if append.entry.len() > ENTRY_MAX {
            return Err(JournalError::EntryTooLong(append.entry.len()));
        }
        let (holder, here) = (&self.holder, self.head.size);
        let mut would = None;
        let done = self.journal.store.within(Purpose::Append, |within| {
            must_hold(within, holder)?;
            let mut frontier = edge(within)?;
            let index = frontier.size();
            if index != here {
                return Err(JournalError::Moved { here, there: index });
            }
            frontier.append(Hash::leaf(append.entry));
            let head = head_of(&frontier);
            would = Some(head);
            write(within, append, index, &frontier, now)?;
            renew(within, holder, now)?;
            Ok(head)
        });
        let head = match done {
            Err(unknown @ JournalError::Unknown { .. }) => self.looked(would, unknown)?,
            done => done?,
        };
        self.head = head;
        Ok(head)
    }

    /// Looks where the log is. Nobody writes meanwhile; from now on the next entry comes after that.
    ///
    /// # Errors
    /// [`JournalError::Lost`] when somebody else took over, others when it cannot be read.
    pub fn know(&mut self) -> Result<Head, JournalError> {
        self.head = self.there()?;
        Ok(self.head)
    }

    /// Whether this process still holds the journal. A file cannot be taken from a process that lives.
    ///
    /// # Errors
    /// As of [`Held::know`]. [`JournalError::Moved`]: an entry of this process is there of which nobody could tell it; then ask [`Held::know`].
    pub fn keep(&mut self) -> Result<(), JournalError> {
        if self.lock.is_some() {
            return Ok(());
        }
        let (here, there) = (self.head.size, self.there()?.size);
        if here == there { Ok(()) } else { Err(JournalError::Moved { here, there }) }
    }

    /// Fills an empty journal with everything of a file: entries, documents, letters.
    ///
    /// # Errors
    /// [`JournalError`] when it is not empty, or the file is no whole journal; nothing is written then.
    pub fn fill(&mut self, from: &Path) -> Result<Head, JournalError> {
        let (holder, here) = (&self.holder, self.head.size);
        self.journal.store.within(Purpose::Append, |within| {
            must_hold(within, holder)?;
            match edge(within)?.size().max(here) {
                0 => transfer::from_file(from, within),
                there => Err(JournalError::Moved { here: 0, there }),
            }
        })?;
        self.know()
    }

    /// The head as it is written. The transaction of an entry holds the same lock, so that one whose end nobody saw is over.
    fn there(&self) -> Result<Head, JournalError> {
        let holder = &self.holder;
        self.journal.store.within(Purpose::Append, |within| {
            must_hold(within, holder)?;
            edge(within).map(|frontier| head_of(&frontier))
        })
    }

    /// What became of an entry whose end nobody saw.
    fn looked(&self, would: Option<Head>, unknown: JournalError) -> Result<Head, JournalError> {
        match self.there() {
            Ok(there) if Some(there) == would => Ok(there),
            Ok(there) if there == self.head => Err(unknown.not_written()),
            Ok(there) => Err(JournalError::Moved { here: self.head.size, there: there.size }),
            Err(lost @ JournalError::Lost { .. }) => Err(lost),
            Err(_) => Err(unknown),
        }
    }

    fn lease(&self, now: Timestamp) -> Result<(), JournalError> {
        let holder = &self.holder;
        self.journal.store.within(Purpose::Append, |within| {
            // Whoever held it on this host is gone: the lock was free.
            let elsewhere = leased(within)?.filter(|lease| lease.holder.host != holder.host);
            if let Some(lease) = elsewhere.filter(|lease| lease.until > now) {
                return Err(JournalError::Busy { until: lease.until, holder: lease.told() });
            }
            renew(within, holder, now)
        })
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
        let holder = [Value::Text(&self.holder.name), Value::Text(&self.holder.host)];
        let delete = "DELETE FROM lease WHERE holder = $1 AND host = $2";
        // A lease that stays ends by itself.
        let _ = self.journal.store.within(Purpose::Write, |within| within.execute(delete, &holder));
        // Said, not left to the closing: a child that is being started by another thread has the file open until it runs its program.
        let _ = self.lock.as_ref().map(fs::File::unlock);
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
fn busy(place: &Place, now: Timestamp) -> JournalError {
    let read = || Journal::open(place).ok()?.store.within(Purpose::Read, leased).ok().flatten();
    match read() {
        Some(lease) => JournalError::Busy { until: lease.until, holder: lease.told() },
        None => JournalError::Busy { until: after(now), holder: "another process".to_owned() },
    }
}

fn leased(within: &mut Within<'_>) -> Result<Option<Lease>, JournalError> {
    within.row("SELECT holder, host, until FROM lease", &[], read_lease)
}

fn read_lease(row: &Row) -> Result<Lease, Odd> {
    let until = Timestamp::from_second(row.whole(2)?).unwrap_or(Timestamp::MIN);
    Ok(Lease { holder: Holder { name: row.text(0)?, host: row.text(1)? }, until })
}

/// The fence: looked at in the transaction that writes.
fn must_hold(within: &mut Within<'_>, holder: &Holder) -> Result<(), JournalError> {
    match leased(within)?.filter(|lease| lease.holder != *holder) {
        Some(lease) => Err(JournalError::Lost { holder: lease.told() }),
        None => Ok(()),
    }
}

fn renew(within: &mut Within<'_>, holder: &Holder, now: Timestamp) -> Result<(), JournalError> {
    let row = [Value::Text(&holder.name), Value::Text(&holder.host), Value::Whole(after(now).as_second())];
    let upsert = "INSERT INTO lease VALUES (0, $1, $2, $3) \
                  ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, host = excluded.host, until = excluded.until";
    within.execute(upsert, &row).map(drop)
}

fn after(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second().saturating_add(LEASE_SECONDS)).unwrap_or(Timestamp::MAX)
}

/// The right edge of the tree.
fn edge(within: &mut Within<'_>) -> Result<Frontier, JournalError> {
    let query = "SELECT size, subtrees FROM edge";
    let row = within.row(query, &[], |row| Ok::<_, Odd>((row.count(0)?, row.bytes(1)?)))?;
    let Some((size, bytes)) = row else { return Ok(Frontier::new()) };
    let (hashes, rest) = bytes.as_chunks::<{ Hash::LEN }>();
    let hashes = hashes.iter().copied().map(Hash::from_bytes).collect();
    let frontier = Frontier::from_parts(size, hashes).ok().filter(|_| rest.is_empty());
    frontier.ok_or_else(|| within.damaged("the edge of its tree is no edge"))
}

fn head_of(frontier: &Frontier) -> Head {
    Head { size: frontier.size(), root: frontier.root() }
}

fn write(
    within: &mut Within<'_>,
    append: &Append<'_>,
    index: u64,
    frontier: &Frontier,
    now: Timestamp,
) -> Result<(), JournalError> {
    within.execute("INSERT INTO leaf VALUES ($1, $2)", &[number(index), Value::Bytes(append.entry)])?;
    for document in append.documents {
        let sha256 = document_name(document);
        let row = [Value::Bytes(&sha256), Value::Bytes(document)];
        within.execute("INSERT INTO document VALUES ($1, $2) ON CONFLICT DO NOTHING", &row)?;
    }
    for message in append.messages {
        outbox::put(within, index, message, now)?;
    }
    let (size, root) = (frontier.size(), frontier.root());
    within.execute("INSERT INTO head VALUES ($1, $2)", &[number(size), Value::Bytes(root.as_bytes())])?;
    let subtrees: Vec<u8> = frontier.subtrees().iter().flat_map(|hash| *hash.as_bytes()).collect();
    let upsert = "INSERT INTO edge VALUES (0, $1, $2) \
                  ON CONFLICT (id) DO UPDATE SET size = excluded.size, subtrees = excluded.subtrees";
    within.execute(upsert, &[number(size), Value::Bytes(&subtrees)]).map(drop)
}
