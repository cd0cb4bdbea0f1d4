//! All rows of a journal, from one place into another that is empty.

use std::path::Path;

use crate::error::JournalError;
use crate::file::File;
use crate::outbox::has_closed;
#[cfg(feature = "postgres")]
use crate::store::Store;
use crate::store::{Cell, Purpose, Value, Within};

/// So many rows at once.
const ROWS: usize = 500;

/// The tables, in an order in which what is referred to comes first; each row is found by its first column.
const TABLES: [(&str, &str); 6] = [
    ("leaf", "idx, entry"),
    ("head", "size, root"),
    ("edge", "id, size, subtrees"),
    ("document", "sha256, bytes"),
    ("outbox", "id, leaf, channel, body, attempts, next_at, started_at, sent_at, error"),
    ("closed", "channel, since, why"),
];

/// Into a new file, as it is at one moment.
#[cfg(feature = "postgres")]
pub(crate) fn to_file(from: &Store, to: &Path) -> Result<(), JournalError> {
    let done = from.within(Purpose::Read, |from| {
        let file = File::write(to)?;
        file.within(Purpose::Append, |to| all(from, to))?;
        file.closed_for_good()
    });
    if done.is_err() {
        // Half a copy is none.
        let _ = std::fs::remove_file(to);
    }
    done
}

/// Out of a file.
pub(crate) fn from_file(from: &Path, to: &mut Within<'_>) -> Result<(), JournalError> {
    File::read(from)?.within(Purpose::Read, |from| all(from, to))
}

fn all(from: &mut Within<'_>, to: &mut Within<'_>) -> Result<(), JournalError> {
    for (table, columns) in TABLES {
        if table != "closed" || has_closed(from)? {
            rows(from, to, table, columns)?;
        }
    }
    match to {
        Within::File(..) => Ok(()),
        #[cfg(feature = "postgres")]
        Within::Server(session) => session.letters_go_on(),
    }
}

fn rows(from: &mut Within<'_>, to: &mut Within<'_>, table: &str, columns: &str) -> Result<(), JournalError> {
    let key = columns.split(',').next().unwrap_or_default();
    let places: Vec<String> = (1..=columns.split(',').count()).map(|place| format!("${place}")).collect();
    let insert = format!("INSERT INTO {table} ({columns}) VALUES ({})", places.join(", "));
    let mut last: Option<Cell> = None;
    loop {
        let which = if last.is_some() { format!("WHERE {key} > $1") } else { String::new() };
        let query = format!("SELECT {columns} FROM {table} {which} ORDER BY {key} LIMIT {ROWS}");
        let values: Vec<Value<'_>> = last.iter().map(Cell::value).collect();
        let rows = from.rows(&query, &values, |row| Ok(row.clone()))?;
        for row in &rows {
            let values: Vec<Value<'_>> = row.0.iter().map(Cell::value).collect();
            to.execute(&insert, &values)?;
        }
        if rows.len() < ROWS {
            return Ok(());
        }
        last = rows.last().and_then(|row| row.0.first().cloned());
    }
}
