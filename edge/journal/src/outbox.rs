//! The outbox: what people are to be told of an entry, written with it, so that neither a crash nor a deaf receiver loses it.
//!
//! Every attempt is written down before it is made; what was not confirmed is tried again. Whoever delivers chooses when, and holds no
//! journal meanwhile: letters are claimed one by one, so that whoever acts is never kept waiting by a slow receiver.

use jiff::Timestamp;

use crate::error::JournalError;
use crate::file::File;
#[cfg(feature = "postgres")]
use crate::postgres::Server;
use crate::store::{Purpose, Store, Value, Within, number};
use crate::{Journal, Place};

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
    within: &mut Within<'_>,
    leaf: u64,
    message: &Message<'_>,
    now: Timestamp,
) -> Result<(), JournalError> {
    let row = [
        number(leaf),
        Value::Text(message.channel),
        Value::Text(message.body),
        Value::Whole(now.as_second()),
    ];
    let insert = "INSERT INTO outbox (leaf, channel, body, next_at) VALUES ($1, $2, $3, $4)";
    within.execute(insert, &row).map(drop)
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
        self.store.within(Purpose::Read, |within| {
            if !has_closed(within)? {
                return Ok(Vec::new());
            }
            within.rows("SELECT channel, since, why FROM closed ORDER BY channel", &[], |row| {
                Ok(Closed { channel: row.text(0)?, since: instant(row.whole(1)?), why: row.text(2)? })
            })
        })
    }

    /// The latest letters, sent or not; the latest first.
    ///
    /// # Errors
    /// [`JournalError`] when the file cannot be read.
    pub fn letters(&self, most: usize) -> Result<Vec<Letter>, JournalError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.read_letters("ORDER BY id DESC LIMIT $1", most)
    }

    fn unsent_until(&self, until: i64) -> Result<Vec<Letter>, JournalError> {
        self.read_letters("WHERE sent_at IS NULL AND next_at <= $1 ORDER BY id", until)
    }

    fn read_letters(&self, which: &str, value: i64) -> Result<Vec<Letter>, JournalError> {
        let columns = "id, leaf, entry, channel, body, attempts, next_at, started_at, error, sent_at";
        let query = format!("SELECT {columns} FROM outbox JOIN leaf ON leaf.idx = outbox.leaf {which}");
        self.store.rows(&query, &[Value::Whole(value)], |row| {
            let next = row.whole(6)?;
            Ok(Letter {
                id: row.whole(0)?,
                leaf: row.count(1)?,
                entry: row.bytes(2)?,
                channel: row.text(3)?,
                body: row.text(4)?,
                attempts: u32::try_from(row.count(5)?).unwrap_or(u32::MAX),
                next: (next != NEVER).then(|| instant(next)),
                tried: row.maybe_whole(7)?.map(instant),
                error: row.maybe_text(8)?,
                sent: row.maybe_whole(9)?.map(instant),
            })
        })
    }
}

/// A file that nobody delivered from yet may be older than the table.
pub(crate) fn has_closed(within: &mut Within<'_>) -> Result<bool, JournalError> {
    match within {
        Within::File(..) => {}
        #[cfg(feature = "postgres")]
        Within::Server(_) => return Ok(true),
    }
    let query = "SELECT count(*) FROM sqlite_schema WHERE name = 'closed'";
    Ok(within.row(query, &[], |row| row.count(0))?.is_some_and(|tables| tables > 0))
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
    pub fn open(place: impl Into<Place>) -> Result<Self, JournalError> {
        // A journal is made by whoever writes its first entry.
        let store = match place.into() {
            Place::File(path) => {
                drop(File::read(&path)?);
                Store::File(File::write(&path)?)
            }
            #[cfg(feature = "postgres")]
            Place::Database(database) => Store::Server(Box::new(Server::read(*database)?)),
        };
        Ok(Self { journal: Journal { store } })
    }

    /// Writes down that a message is about to be sent; unless it is told what became of it, it is due again at `next`.
    ///
    /// Whether it is the caller's to send: not where it was sent meanwhile, or somebody else is about to.
    ///
    /// # Errors
    /// [`JournalError`]; then it must not be sent.
    pub fn claim(&mut self, id: i64, now: Timestamp, next: Timestamp) -> Result<bool, JournalError> {
        let set = "attempts = attempts + 1, started_at = $1, next_at = $2, error = NULL";
        let update = format!("UPDATE outbox SET {set} WHERE id = $3 AND sent_at IS NULL AND next_at <= $1");
        self.execute(&update, &[second(now), second(next), Value::Whole(id)]).map(|changed| changed == 1)
    }

    /// Writes down that a message was taken.
    ///
    /// # Errors
    /// [`JournalError`]; it may then be sent again.
    pub fn sent(&mut self, id: i64, now: Timestamp) -> Result<(), JournalError> {
        let update = "UPDATE outbox SET sent_at = $1, error = NULL WHERE id = $2 AND sent_at IS NULL";
        self.execute(update, &[second(now), Value::Whole(id)]).map(drop)
    }

    /// Writes down why a message was not taken, and when it is tried again; `None`: not by itself.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn unsent(&mut self, id: i64, why: &str, next: Option<Timestamp>) -> Result<(), JournalError> {
        let next = Value::Whole(next.map_or(NEVER, Timestamp::as_second));
        let update = "UPDATE outbox SET error = $1, next_at = $2 WHERE id = $3 AND sent_at IS NULL";
        self.execute(update, &[Value::Text(why), next, Value::Whole(id)]).map(drop)
    }

    /// Lets nothing of a channel be due before an instant, since its receiver asked for that.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn wait(&mut self, channel: &str, until: Timestamp) -> Result<(), JournalError> {
        let update = "UPDATE outbox SET next_at = $1 WHERE channel = $2 AND sent_at IS NULL AND next_at < $1";
        self.execute(update, &[second(until), Value::Text(channel)]).map(drop)
    }

    /// Lets everything be due that is not being sent: what waits for its time, and what was given up.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn again(&mut self, now: Timestamp) -> Result<usize, JournalError> {
        // An attempt that is under way has begun, and has no error yet.
        let update = "UPDATE outbox SET next_at = $1 WHERE sent_at IS NULL AND next_at > $1 \
                      AND (error IS NOT NULL OR started_at IS NULL)";
        self.execute(update, &[second(now)])
    }

    /// Sends a channel nothing more.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn close(&mut self, channel: &str, why: &str, now: Timestamp) -> Result<(), JournalError> {
        let insert = "INSERT INTO closed VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        self.execute(insert, &[Value::Text(channel), second(now), Value::Text(why)]).map(drop)
    }

    /// Opens a channel that was closed; whether it was.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn reopen(&mut self, channel: &str) -> Result<bool, JournalError> {
        self.execute("DELETE FROM closed WHERE channel = $1", &[Value::Text(channel)])
            .map(|changed| changed == 1)
    }

    fn execute(&self, statement: &str, values: &[Value<'_>]) -> Result<usize, JournalError> {
        self.journal.store.within(Purpose::Write, |within| within.execute(statement, values))
    }
}

fn second(at: Timestamp) -> Value<'static> {
    Value::Whole(at.as_second())
}

fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}
