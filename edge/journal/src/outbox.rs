//! The outbox: what people are to be told of an entry, written with it, so that neither a crash nor a deaf receiver loses it.
//!
//! Every attempt is written down before it is made; what was not confirmed is tried again. Whoever delivers chooses when.

use jiff::Timestamp;
use rusqlite::Transaction;

use crate::error::JournalError;
use crate::{Held, Journal};

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
    /// The name of a channel of the settings.
    pub channel: String,
    /// What the channel's template is filled with.
    pub body: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What became of the last attempt; `None`: nobody tried, or nobody knows.
    pub error: Option<String>,
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
        let query = "SELECT id, leaf, channel, body, attempts, error FROM outbox \
                     WHERE sent_at IS NULL AND next_at <= ?1 ORDER BY id";
        let mut statement = self.connection.prepare(query).map_err(self.told())?;
        let rows = statement
            .query_map([now.as_second()], |row| {
                Ok(Letter {
                    id: row.get(0)?,
                    leaf: row.get(1)?,
                    channel: row.get(2)?,
                    body: row.get(3)?,
                    attempts: row.get(4)?,
                    error: row.get(5)?,
                })
            })
            .map_err(self.told())?;
        rows.collect::<Result<_, _>>().map_err(self.told())
    }
}

impl Held {
    /// Writes down that a message is about to be sent; unless it is told what became of it, it is due again at `next`.
    ///
    /// # Errors
    /// [`JournalError`]; then it must not be sent.
    pub fn sending(&mut self, id: i64, now: Timestamp, next: Timestamp) -> Result<(), JournalError> {
        let set = "attempts = attempts + 1, started_at = ?2, next_at = ?3, error = NULL";
        self.letter(set, (id, now.as_second(), next.as_second()))
    }

    /// Writes down that a message was taken.
    ///
    /// # Errors
    /// [`JournalError`]; it may then be sent again.
    pub fn sent(&mut self, id: i64, now: Timestamp) -> Result<(), JournalError> {
        self.letter("sent_at = ?2", (id, now.as_second()))
    }

    /// Writes down why a message was not taken.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn unsent(&mut self, id: i64, why: &str, next: Timestamp) -> Result<(), JournalError> {
        self.letter("error = ?2, next_at = ?3", (id, why, next.as_second()))
    }

    fn letter(&self, set: &str, values: impl rusqlite::Params) -> Result<(), JournalError> {
        let update = format!("UPDATE outbox SET {set} WHERE id = ?1 AND sent_at IS NULL");
        self.connection.execute(&update, values).map_err(self.told())?;
        Ok(())
    }
}
