//! The outbox: what people are to be told of an entry, written with it, so that neither a crash nor a deaf receiver loses it.
//!
//! Every attempt is written down before it is made; what was not confirmed is tried again. Whoever delivers chooses when, and holds no
//! journal meanwhile: letters are claimed one by one, so that whoever acts is never kept waiting by a slow receiver.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::Transaction;

use crate::error::JournalError;
use crate::{Journal, file};

/// When a letter is due that is not tried again by itself.
const NEVER: i64 = i64::MAX;

/// What is to be told, and by which channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a channel and a text")]
pub struct Message<'a> {
    /// The name of a channel of the settings.
    pub channel: &'a str,
    /// What the channel's template is filled with: JSON.
    pub body: &'a str,
}

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Letter {
    /// Its number.
    pub id: i64,
    /// The entry it is about.
    pub leaf: u64,
    /// That entry: its hash, with the number, is a name that no other letter of any journal has.
    pub entry: Vec<u8>,
    /// The name of a channel of the settings.
    pub channel: String,
    /// What the channel's template is filled with.
    pub body: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is due; `None`: it was given up, and is kept.
    pub next: Option<Timestamp>,
    /// When it was last tried.
    pub tried: Option<Timestamp>,
    /// What became of the last attempt; `None`: nobody tried, or nobody knows.
    pub error: Option<String>,
    /// When it was taken; `None`: it waits.
    pub sent: Option<Timestamp>,
}

/// A channel that is sent nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// Its name.
    pub channel: String,
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub why: String,
}

pub(crate) fn put(
    transaction: &Transaction<'_>,
    leaf: u64,
    message: &Message<'_>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let row = (leaf, message.channel, message.body, now.as_second());
    transaction.execute("INSERT INTO outbox (leaf, channel, body, next_at) VALUES (?1, ?2, ?3, ?4)", row)?;
    Ok(())
}

impl Journal {
    /// The messages that wait and are due, the oldest first.
    ///
    /// # Errors
    /// [`JournalError`] when the file cannot be read.
    pub fn due(&self, now: Timestamp) -> Result<Vec<Letter>, JournalError> {
        self.unsent_until(now.as_second())
    }

    /// All messages that were not taken, due or not, given up or not; the oldest first.
    ///
    /// # Errors
    /// [`JournalError`] when the file cannot be read.
    pub fn waiting(&self) -> Result<Vec<Letter>, JournalError> {
        self.unsent_until(NEVER)
    }

    /// The channels that are sent nothing.
    ///
    /// # Errors
    /// [`JournalError`] when the file cannot be read.
    pub fn closed(&self) -> Result<Vec<Closed>, JournalError> {
        // A journal that nobody delivered from yet may be older than the table.
        let query = "SELECT count(*) FROM sqlite_schema WHERE name = 'closed'";
        let tables: i64 = self.connection.query_row(query, [], |row| row.get(0)).map_err(self.told())?;
        if tables == 0 {
            return Ok(Vec::new());
        }
        let query = "SELECT channel, since, why FROM closed ORDER BY channel";
        let mut statement = self.connection.prepare(query).map_err(self.told())?;
        let rows = statement
            .query_map([], |row| {
                Ok(Closed { channel: row.get(0)?, since: instant(row.get(1)?), why: row.get(2)? })
            })
            .map_err(self.told())?;
        rows.collect::<Result<_, _>>().map_err(self.told())
    }

    /// The latest letters, sent or not; the latest first.
    ///
    /// # Errors
    /// [`JournalError`] when the file cannot be read.
    pub fn letters(&self, most: usize) -> Result<Vec<Letter>, JournalError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.read_letters("ORDER BY id DESC LIMIT ?1", most)
    }

    fn unsent_until(&self, until: i64) -> Result<Vec<Letter>, JournalError> {
        self.read_letters("WHERE sent_at IS NULL AND next_at <= ?1 ORDER BY id", until)
    }

    fn read_letters(&self, which: &str, value: i64) -> Result<Vec<Letter>, JournalError> {
        let columns = "id, leaf, entry, channel, body, attempts, next_at, started_at, error, sent_at";
        let query = format!("SELECT {columns} FROM outbox JOIN leaf ON leaf.idx = outbox.leaf {which}");
        let mut statement = self.connection.prepare(&query).map_err(self.told())?;
        let rows = statement
            .query_map([value], |row| {
                let next: i64 = row.get(6)?;
                Ok(Letter {
                    id: row.get(0)?,
                    leaf: row.get(1)?,
                    entry: row.get(2)?,
                    channel: row.get(3)?,
                    body: row.get(4)?,
                    attempts: row.get(5)?,
                    next: (next != NEVER).then(|| instant(next)),
                    tried: row.get::<_, Option<i64>>(7)?.map(instant),
                    error: row.get(8)?,
                    sent: row.get::<_, Option<i64>>(9)?.map(instant),
                })
            })
            .map_err(self.told())?;
        rows.collect::<Result<_, _>>().map_err(self.told())
    }
}

/// The outbox of a journal, for whoever delivers; others may write the journal meanwhile.
#[derive(Debug)]
pub struct Outbox {
    journal: Journal,
}

impl std::ops::Deref for Outbox {
    type Target = Journal;

    fn deref(&self) -> &Journal {
        &self.journal
    }
}

impl Outbox {
    /// Opens the outbox of a journal that is there.
    ///
    /// # Errors
    /// [`JournalError`] when there is no journal, or it cannot be written.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        // A journal is made by whoever writes its first entry.
        drop(file::read(path)?);
        Ok(Self { journal: Journal { connection: file::write(path)?, path: path.to_owned() } })
    }

    /// Writes down that a message is about to be sent; unless it is told what became of it, it is due again at `next`.
    ///
    /// Whether it is the caller's to send: not where it was sent meanwhile, or somebody else is about to.
    ///
    /// # Errors
    /// [`JournalError`]; then it must not be sent.
    pub fn claim(&mut self, id: i64, now: Timestamp, next: Timestamp) -> Result<bool, JournalError> {
        let set = "attempts = attempts + 1, started_at = ?2, next_at = ?3, error = NULL";
        let update = format!("UPDATE outbox SET {set} WHERE id = ?1 AND sent_at IS NULL AND next_at <= ?2");
        self.execute(&update, (id, now.as_second(), next.as_second())).map(|changed| changed == 1)
    }

    /// Writes down that a message was taken.
    ///
    /// # Errors
    /// [`JournalError`]; it may then be sent again.
    pub fn sent(&mut self, id: i64, now: Timestamp) -> Result<(), JournalError> {
        let update = "UPDATE outbox SET sent_at = ?2, error = NULL WHERE id = ?1 AND sent_at IS NULL";
        self.execute(update, (id, now.as_second())).map(drop)
    }

    /// Writes down why a message was not taken, and when it is tried again; `None`: not by itself.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn unsent(&mut self, id: i64, why: &str, next: Option<Timestamp>) -> Result<(), JournalError> {
        let next = next.map_or(NEVER, Timestamp::as_second);
        let update = "UPDATE outbox SET error = ?2, next_at = ?3 WHERE id = ?1 AND sent_at IS NULL";
        self.execute(update, (id, why, next)).map(drop)
    }

    /// Lets nothing of a channel be due before an instant, since its receiver asked for that.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn wait(&mut self, channel: &str, until: Timestamp) -> Result<(), JournalError> {
        let update = "UPDATE outbox SET next_at = ?2 WHERE channel = ?1 AND sent_at IS NULL AND next_at < ?2";
        self.execute(update, (channel, until.as_second())).map(drop)
    }

    /// Lets everything be due that is not being sent: what waits for its time, and what was given up.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn again(&mut self, now: Timestamp) -> Result<usize, JournalError> {
        // An attempt that is under way has begun, and has no error yet.
        let update = "UPDATE outbox SET next_at = ?1 WHERE sent_at IS NULL AND next_at > ?1 \
                      AND (error IS NOT NULL OR started_at IS NULL)";
        self.execute(update, (now.as_second(),))
    }

    /// Sends a channel nothing more.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn close(&mut self, channel: &str, why: &str, now: Timestamp) -> Result<(), JournalError> {
        self.execute("INSERT OR IGNORE INTO closed VALUES (?1, ?2, ?3)", (channel, now.as_second(), why))
            .map(drop)
    }

    /// Opens a channel that was closed; whether it was.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn reopen(&mut self, channel: &str) -> Result<bool, JournalError> {
        self.execute("DELETE FROM closed WHERE channel = ?1", (channel,)).map(|changed| changed == 1)
    }

    fn execute(&self, statement: &str, values: impl rusqlite::Params) -> Result<usize, JournalError> {
        self.journal.connection.execute(statement, values).map_err(self.journal.told())
    }
}

fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}
