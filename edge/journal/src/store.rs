//! The rows, in a file or in a database. Both are asked the same statements in transactions; only how they are opened, held and copied
//! differs.
//!
//! Statements name their values `$1`, `$2` …, in the order in which they come first: so both read them.

use std::path::Path;

use crate::error::JournalError;
use crate::file::File;
#[cfg(feature = "postgres")]
use crate::postgres::{Server, Session};

/// Where the rows are.
#[derive(Debug)]
pub(crate) enum Store {
    File(File),
    #[cfg(feature = "postgres")]
    Server(Box<Server>),
}

/// A transaction of it.
#[derive(Debug)]
pub(crate) enum Within<'a> {
    File(rusqlite::Transaction<'a>, &'a Path),
    #[cfg(feature = "postgres")]
    Server(Session<'a>),
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Everything as it is at one moment.
    Read,
    /// A row or two.
    Write,
    /// An entry, a lease: one after the other.
    Append,
}

/// What a statement is given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Nothing,
    Whole(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// What it tells.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Nothing,
    Whole(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Cell {
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Nothing => Value::Nothing,
            Self::Whole(number) => Value::Whole(*number),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}

/// A row of it.
#[derive(Clone, Debug)]
pub(crate) struct Row(pub(crate) Vec<Cell>);

/// A row that no journal has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Odd;

impl Store {
    /// Does something in one transaction, which is kept when it went well.
    pub(crate) fn within<T: Send>(
        &self,
        purpose: Purpose,
        what: impl FnOnce(&mut Within<'_>) -> Result<T, JournalError> + Send,
    ) -> Result<T, JournalError> {
        match self {
            Self::File(file) => file.within(purpose, what),
            #[cfg(feature = "postgres")]
            Self::Server(server) => server.within(purpose, what),
        }
    }

    /// All rows of a statement.
    pub(crate) fn rows<T: Send>(
        &self,
        statement: &str,
        values: &[Value<'_>],
        read: impl Fn(&Row) -> Result<T, Odd> + Send,
    ) -> Result<Vec<T>, JournalError> {
        self.within(Purpose::Read, |within| within.rows(statement, values, read))
    }
}

impl Within<'_> {
    /// All rows of a statement.
    pub(crate) fn rows<T>(
        &mut self,
        statement: &str,
        values: &[Value<'_>],
        read: impl Fn(&Row) -> Result<T, Odd>,
    ) -> Result<Vec<T>, JournalError> {
        let rows = match self {
            Self::File(transaction, path) => crate::file::rows(transaction, path, statement, values)?,
            #[cfg(feature = "postgres")]
            Self::Server(session) => session.rows(statement, values)?,
        };
        let read: Result<Vec<T>, Odd> = rows.iter().map(read).collect();
        read.map_err(|Odd| self.damaged("a row is none of a journal"))
    }

    /// The first row.
    pub(crate) fn row<T>(
        &mut self,
        statement: &str,
        values: &[Value<'_>],
        read: impl Fn(&Row) -> Result<T, Odd>,
    ) -> Result<Option<T>, JournalError> {
        self.rows(statement, values, read).map(|rows| rows.into_iter().next())
    }

    /// Changes rows; how many.
    pub(crate) fn execute(&mut self, statement: &str, values: &[Value<'_>]) -> Result<usize, JournalError> {
        match self {
            Self::File(transaction, path) => transaction
                .prepare(statement)
                .and_then(|mut statement| statement.execute(rusqlite::params_from_iter(values)))
                .map_err(|error| JournalError::sqlite(path, &error)),
            #[cfg(feature = "postgres")]
            Self::Server(session) => session.execute(statement, values),
        }
    }

    /// Something is not what was written.
    pub(crate) fn damaged(&self, what: impl Into<String>) -> JournalError {
        match self {
            Self::File(_, path) => JournalError::damaged(path, what),
            #[cfg(feature = "postgres")]
            Self::Server(session) => JournalError::damaged(Path::new(session.server), what),
        }
    }
}

impl Row {
    pub(crate) fn whole(&self, place: usize) -> Result<i64, Odd> {
        self.maybe_whole(place)?.ok_or(Odd)
    }

    /// A number that cannot be negative.
    pub(crate) fn count(&self, place: usize) -> Result<u64, Odd> {
        u64::try_from(self.whole(place)?).map_err(|_| Odd)
    }

    pub(crate) fn maybe_whole(&self, place: usize) -> Result<Option<i64>, Odd> {
        match self.0.get(place) {
            Some(Cell::Whole(number)) => Ok(Some(*number)),
            Some(Cell::Nothing) => Ok(None),
            _ => Err(Odd),
        }
    }

    pub(crate) fn text(&self, place: usize) -> Result<String, Odd> {
        self.maybe_text(place)?.ok_or(Odd)
    }

    pub(crate) fn maybe_text(&self, place: usize) -> Result<Option<String>, Odd> {
        match self.0.get(place) {
            Some(Cell::Text(text)) => Ok(Some(text.clone())),
            Some(Cell::Nothing) => Ok(None),
            _ => Err(Odd),
        }
    }

    pub(crate) fn bytes(&self, place: usize) -> Result<Vec<u8>, Odd> {
        self.maybe_bytes(place)?.ok_or(Odd)
    }

    pub(crate) fn maybe_bytes(&self, place: usize) -> Result<Option<Vec<u8>>, Odd> {
        match self.0.get(place) {
            Some(Cell::Bytes(bytes)) => Ok(Some(bytes.clone())),
            Some(Cell::Nothing) => Ok(None),
            _ => Err(Odd),
        }
    }
}

/// A number, as both keep it: sizes of logs are far below.
pub(crate) fn number(count: u64) -> Value<'static> {
    Value::Whole(i64::try_from(count).unwrap_or(i64::MAX))
}
