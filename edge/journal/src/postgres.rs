//! A PostgreSQL database as a journal: the same tables and the same statements as in a file.
//!
//! One session holds the log by an advisory lock, which ends with the session, so that a second process is told at once. That alone is no
//! fence: a session may be lost without its process knowing. So each entry's transaction takes the lease's table for itself, and looks
//! whether the lease is still this process's and the log where this process left it.

mod address;
mod made;
mod tls;

use std::cell::RefCell;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use postgres::error::{Severity, SqlState};
use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, IsolationLevel, Transaction};

pub use address::{AddressError, Database, Password};

use crate::error::JournalError;
use crate::store::{Cell, Purpose, Row, Value, Within};

/// How long a session of before may take to end at the server, until another takes the log for this process.
const PATIENCE: Duration = Duration::from_secs(8);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// A database, and a session of it.
pub(crate) struct Server {
    database: Database,
    /// The turn of whoever holds the log by this session.
    turn: Option<i64>,
    client: RefCell<Option<Client>>,
}

/// A transaction.
pub(crate) struct Session<'a> {
    transaction: Transaction<'a>,
    pub(crate) server: &'a str,
}

impl Server {
    /// A session that reads, and tells what became of letters.
    pub(crate) fn read(database: Database) -> Result<Self, JournalError> {
        let client = apart(|| {
            let mut client = made::session(&database)?;
            made::must_be_ours(&mut client, &database)?;
            Ok(client)
        })?;
        Ok(Self { database, turn: None, client: RefCell::new(Some(client)) })
    }

    /// The session that writes the log, and its turn; `None`: another session does.
    pub(crate) fn hold(database: Database) -> Result<Option<(Self, i64)>, JournalError> {
        let held = apart(|| {
            let mut client = made::session(&database)?;
            if !made::locked(&mut client, &database)? {
                return Ok(None);
            }
            made::made(&mut client, &database)?;
            made::must_be_ours(&mut client, &database)?;
            made::must_be_kept(&mut client, &database)?;
            let turn = made::turn(&mut client, &database)?;
            Ok(Some((client, turn)))
        })?;
        Ok(held.map(|(client, turn)| {
            (Self { database, turn: Some(turn), client: RefCell::new(Some(client)) }, turn)
        }))
    }

    /// Does something in one transaction.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when the connection broke at its end; every other error means that nothing was kept.
    pub(crate) fn within<T: Send>(
        &self,
        purpose: Purpose,
        what: impl FnOnce(&mut Within<'_>) -> Result<T, JournalError> + Send,
    ) -> Result<T, JournalError> {
        let mut client = self.client.borrow_mut();
        let (client, database, turn) = (&mut *client, &self.database, self.turn);
        apart(move || {
            let server = database.to_string();
            let told = |error: postgres::Error| told(&server, &error);
            let mut transaction = begun(ready(client, database, turn)?, purpose).map_err(told)?;
            if purpose == Purpose::Append {
                transaction.batch_execute("LOCK TABLE lease IN EXCLUSIVE MODE").map_err(told)?;
            }
            let mut within = Within::Server(Session { transaction, server: &server });
            let done = what(&mut within)?;
            match within {
                Within::Server(session) => {
                    session.transaction.commit().map_err(|error| ended(&server, purpose, &error))?;
                }
                Within::File(..) => {}
            }
            Ok(done)
        })
    }
}

/// The session, which was begun anew if it had ended. Whoever holds the log holds it by the new one, too, or it is nobody's to use.
fn ready<'a>(
    client: &'a mut Option<Client>,
    database: &Database,
    turn: Option<i64>,
) -> Result<&'a mut Client, JournalError> {
    if client.as_mut().is_some_and(|client| client.batch_execute("").is_err()) {
        *client = None;
    }
    if client.is_none() {
        let mut fresh = made::session(database)?;
        made::must_be_ours(&mut fresh, database)?;
        if let Some(turn) = turn {
            again(&mut fresh, database, turn)?;
        }
        *client = Some(fresh);
    }
    client.as_mut().ok_or_else(|| server(database, "there is no session"))
}

/// Holds the log by a new session. The server may still think that the one of before lives.
fn again(client: &mut Client, database: &Database, turn: i64) -> Result<(), JournalError> {
    let mut waited = Duration::ZERO;
    while !made::locked(client, database)? {
        if waited >= PATIENCE {
            return Err(match made::holder(client, database)? {
                Some(holder) if !made::is_of_turn(&holder, turn) => JournalError::Lost { holder },
                _ => server(database, "another session holds the log, perhaps this process's of before"),
            });
        }
        std::thread::sleep(PAUSE);
        waited = waited.saturating_add(PAUSE);
    }
    made::must_be_kept(client, database)
}

fn begun(client: &mut Client, purpose: Purpose) -> Result<Transaction<'_>, postgres::Error> {
    let builder = client.build_transaction();
    match purpose {
        Purpose::Read => builder.isolation_level(IsolationLevel::RepeatableRead).read_only(true),
        // Whoever waited for the table has to see what was written meanwhile.
        Purpose::Write | Purpose::Append => builder.isolation_level(IsolationLevel::ReadCommitted),
    }
    .start()
}

/// On a thread of its own: the client runs an executor, which no thread of another executor may.
fn apart<T: Send>(what: impl FnOnce() -> Result<T, JournalError> + Send) -> Result<T, JournalError> {
    std::thread::scope(|scope| scope.spawn(what).join()).unwrap_or_else(|_| {
        Err(JournalError::Server { server: "?".to_owned(), why: "its client broke".to_owned() })
    })
}

impl Session<'_> {
    pub(crate) fn rows(&mut self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Row>, JournalError> {
        let rows = self.transaction.query_typed(statement, &typed(values));
        let rows = rows.map_err(|error| told(self.server, &error))?;
        let read = |row: &postgres::Row| (0..row.len()).map(|place| cell(row, place)).collect();
        let rows: Result<Vec<Vec<Cell>>, postgres::Error> = rows.iter().map(read).collect();
        Ok(rows.map_err(|error| told(self.server, &error))?.into_iter().map(Row).collect())
    }

    pub(crate) fn execute(&mut self, statement: &str, values: &[Value<'_>]) -> Result<usize, JournalError> {
        let changed = self.transaction.execute_typed(statement, &typed(values));
        let changed = changed.map_err(|error| told(self.server, &error))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// Letters that were brought have their numbers; the next one has the number after them.
    pub(crate) fn letters_go_on(&mut self) -> Result<(), JournalError> {
        let set = "SELECT setval(pg_get_serial_sequence('outbox', 'id'), coalesce(max(id), 0) + 1, false) FROM outbox";
        self.rows(set, &[]).map(drop)
    }
}

fn typed<'a>(values: &'a [Value<'a>]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    let kind = |value: &Value<'_>| match value {
        // Without a type of its own it is one of its column.
        Value::Nothing => Type::UNKNOWN,
        Value::Whole(_) => Type::INT8,
        Value::Text(_) => Type::TEXT,
        Value::Bytes(_) => Type::BYTEA,
    };
    values.iter().map(|value| (value as &(dyn ToSql + Sync), kind(value))).collect()
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Nothing => Ok(IsNull::Yes),
            Self::Whole(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn cell(row: &postgres::Row, place: usize) -> Result<Cell, postgres::Error> {
    let kind = row.columns().get(place).map(|column| column.type_().clone());
    Ok(match kind {
        Some(Type::INT8) => row.try_get::<_, Option<i64>>(place)?.map_or(Cell::Nothing, Cell::Whole),
        Some(Type::TEXT) => row.try_get::<_, Option<String>>(place)?.map_or(Cell::Nothing, Cell::Text),
        Some(Type::BYTEA) => row.try_get::<_, Option<Vec<u8>>>(place)?.map_or(Cell::Nothing, Cell::Bytes),
        _ => Cell::Nothing,
    })
}

/// How a transaction ended that was to be kept. Only a server that goes on says that it was not: one that ends the session with its words
/// may have kept it before.
fn ended(server: &str, purpose: Purpose, error: &postgres::Error) -> JournalError {
    let is_refused =
        error.as_db_error().is_some_and(|error| error.parsed_severity() == Some(Severity::Error));
    if purpose == Purpose::Read || is_refused {
        return told(server, error);
    }
    JournalError::Unknown { server: server.to_owned(), why: words(error) }
}

/// The classes of PostgreSQL's appendix A, "Error Codes".
fn told(server: &str, error: &postgres::Error) -> JournalError {
    let (path, why) = (PathBuf::from(server), words(error));
    match error.code() {
        Some(code) if *code == SqlState::DISK_FULL => JournalError::Full(path),
        Some(code)
            if [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::READ_ONLY_SQL_TRANSACTION].contains(code) =>
        {
            JournalError::ReadOnly { path, why }
        }
        Some(code) if [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED].contains(code) => {
            JournalError::Damaged { path, what: why }
        }
        _ => JournalError::Server { server: server.to_owned(), why },
    }
}

fn words(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => error.message().to_owned(),
        None => {
            let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
            format!("{error}{}", cause.unwrap_or_default())
        }
    }
}

fn server(database: &Database, why: &str) -> JournalError {
    JournalError::Server { server: database.to_string(), why: why.to_owned() }
}

impl Drop for Server {
    fn drop(&mut self) {
        let (client, holds) = (self.client.get_mut().take(), self.turn.is_some());
        let _ = apart(move || {
            if let Some(mut client) = client.filter(|_| holds) {
                // Said, not left to the end of the session, which the server sees to in its own time.
                let _ = client.batch_execute("SELECT pg_advisory_unlock_all()");
            }
            Ok(())
        });
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("database", &self.database).finish_non_exhaustive()
    }
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("server", &self.server).finish_non_exhaustive()
    }
}
