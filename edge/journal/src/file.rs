//! The file: how it is made, opened, and told from others.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::error::JournalError;
use crate::store::{Cell, Purpose, Row, Value, Within};

/// `kgmr`: how SQLite's own tools tell it from other databases (sqlite.org, `fileformat2.html`).
const APPLICATION: i64 = 0x6b67_6d72;
/// The version of the tables.
const VERSION: i64 = 1;

/// How long a reader waits for a writer's transaction, which takes milliseconds.
const BUSY: Duration = Duration::from_secs(10);

/// Rows of `leaf`, `head` and `document` stay as they were written, even for whoever opens the file by hand.
const TABLES: &str = "
CREATE TABLE leaf (idx INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT;
CREATE TABLE head (size INTEGER PRIMARY KEY, root BLOB NOT NULL) STRICT;
CREATE TABLE edge (id INTEGER PRIMARY KEY CHECK (id = 0), size INTEGER NOT NULL, subtrees BLOB NOT NULL) STRICT;
CREATE TABLE document (sha256 BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE lease (id INTEGER PRIMARY KEY CHECK (id = 0), holder TEXT NOT NULL, host TEXT NOT NULL, until INTEGER NOT NULL) STRICT;
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, leaf INTEGER NOT NULL REFERENCES leaf (idx), channel TEXT NOT NULL, body TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, next_at INTEGER NOT NULL, started_at INTEGER, sent_at INTEGER, error TEXT
) STRICT;
CREATE INDEX outbox_due ON outbox (next_at) WHERE sent_at IS NULL;
CREATE TRIGGER leaf_stays BEFORE UPDATE ON leaf BEGIN SELECT RAISE(ABORT, 'an entry stays as it was written'); END;
CREATE TRIGGER leaf_remains BEFORE DELETE ON leaf BEGIN SELECT RAISE(ABORT, 'an entry stays as it was written'); END;
CREATE TRIGGER head_stays BEFORE UPDATE ON head BEGIN SELECT RAISE(ABORT, 'a head stays as it was written'); END;
CREATE TRIGGER head_remains BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'a head stays as it was written'); END;
CREATE TRIGGER document_stays BEFORE UPDATE ON document BEGIN SELECT RAISE(ABORT, 'a document stays as it was written'); END;
CREATE TRIGGER document_remains BEFORE DELETE ON document BEGIN SELECT RAISE(ABORT, 'a document stays as it was written'); END;
";

/// Came after the first journals; whoever reads one without it finds no channel closed.
const CLOSED: &str = "CREATE TABLE IF NOT EXISTS closed (channel TEXT PRIMARY KEY, since INTEGER NOT NULL, why TEXT NOT NULL) STRICT;";

/// A SQLite file.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) connection: Connection,
    pub(crate) path: PathBuf,
}

impl File {
    /// Opens a journal to read it.
    pub(crate) fn read(path: &Path) -> Result<Self, JournalError> {
        Ok(Self { connection: read(path)?, path: path.to_owned() })
    }

    /// Opens a journal to write it, making it where it is not there.
    pub(crate) fn write(path: &Path) -> Result<Self, JournalError> {
        Ok(Self { connection: write(path)?, path: path.to_owned() })
    }

    pub(crate) fn within<T>(
        &self,
        purpose: Purpose,
        what: impl FnOnce(&mut Within<'_>) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let told = |error: rusqlite::Error| JournalError::sqlite(&self.path, &error);
        let behaviour = match purpose {
            Purpose::Read => TransactionBehavior::Deferred,
            Purpose::Write | Purpose::Append => TransactionBehavior::Immediate,
        };
        let transaction = Transaction::new_unchecked(&self.connection, behaviour).map_err(told)?;
        let mut within = Within::File(transaction, &self.path);
        let done = what(&mut within)?;
        match within {
            Within::File(transaction, _) => transaction.commit().map_err(told)?,
            #[cfg(feature = "postgres")]
            Within::Server(_) => {}
        }
        Ok(done)
    }

    /// Leaves one file, which is read where nothing can be written, too.
    #[cfg(feature = "postgres")]
    pub(crate) fn closed_for_good(&self) -> Result<(), JournalError> {
        let closed = self.connection.pragma_update(None, "journal_mode", "DELETE");
        closed.map_err(|error| JournalError::sqlite(&self.path, &error))
    }

    /// Copies it into a new file, as it is at one moment.
    pub(crate) fn copy(&self, to: &Path) -> Result<(), JournalError> {
        let path = to.to_string_lossy();
        let copied = self.connection.execute("VACUUM INTO ?1", [&*path]);
        copied.map(drop).map_err(|error| JournalError::sqlite(to, &error))
    }
}

/// All rows of a statement.
pub(crate) fn rows(
    transaction: &Transaction<'_>,
    path: &Path,
    statement: &str,
    values: &[Value<'_>],
) -> Result<Vec<Row>, JournalError> {
    let read = || -> rusqlite::Result<Vec<Row>> {
        let mut statement = transaction.prepare(statement)?;
        let columns = statement.column_count();
        let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
            let cells: rusqlite::Result<_> = (0..columns).map(|place| row.get_ref(place).map(cell)).collect();
            cells.map(Row)
        })?;
        rows.collect()
    };
    read().map_err(|error| JournalError::sqlite(path, &error))
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Integer(number) => Cell::Whole(number),
        // What is no text is no column of ours either.
        ValueRef::Text(text) => {
            std::str::from_utf8(text).map_or(Cell::Bytes(text.to_owned()), |text| Cell::Text(text.to_owned()))
        }
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_owned()),
        ValueRef::Null | ValueRef::Real(_) => Cell::Nothing,
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Nothing => ValueRef::Null,
            Self::Whole(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Opens a journal to read it.
fn read(path: &Path) -> Result<Connection, JournalError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(JournalError::NotThere(path.to_owned()));
        }
        Err(error) => return Err(JournalError::io(path, &error)),
        Ok(there) if !there.is_file() => return Err(JournalError::NotOurs(path.to_owned())),
        Ok(_) => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    must_be_ours(&connection, path)?;
    Ok(connection)
}

/// Opens a journal to write it, making it where it is not there.
fn write(path: &Path) -> Result<Connection, JournalError> {
    private(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = open(path, flags)?;
    let told = |error: rusqlite::Error| JournalError::sqlite(path, &error);
    // A file of nobody's is empty.
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(told)?;
    if tables == 0 && pragma(&connection, path, "application_id")? == 0 {
        made(&mut connection).map_err(told)?;
    }
    must_be_ours(&connection, path)?;
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(told)?;
    if mode != "wal" {
        let why = format!("SQLite cannot keep a write-ahead log beside it (it keeps `{mode}`)");
        return Err(JournalError::Broken { path: path.to_owned(), why });
    }
    // `fullfsync` is what a Mac needs to reach the disk itself.
    let settings = "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA foreign_keys = ON;";
    connection.execute_batch(settings).map_err(told)?;
    connection.execute_batch(CLOSED).map_err(told)?;
    Ok(connection)
}

/// Opens the file that says, by its lock, that a process writes the journal.
pub(crate) fn lock(path: &Path) -> Result<fs::File, JournalError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let path = path.with_file_name(format!("{name}-lock"));
    private(&path)
}

/// Makes a file that only its owner may read, or sees to it that it is so. SQLite gives the files beside it the same mode.
fn private(path: &Path) -> Result<fs::File, JournalError> {
    if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(JournalError::NotOurs(path.to_owned()));
    }
    let mut options = fs::File::options();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|error| JournalError::io(path, &error))?;
    #[cfg(unix)]
    restrict(&file).map_err(|error| JournalError::io(path, &error))?;
    Ok(file)
}

#[cfg(unix)]
fn restrict(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if file.metadata()?.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, JournalError> {
    let told = |error: rusqlite::Error| JournalError::sqlite(path, &error);
    let connection = Connection::open_with_flags(path, flags).map_err(told)?;
    connection.busy_timeout(BUSY).map_err(told)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF;").map_err(told)?;
    Ok(connection)
}

fn made(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

fn must_be_ours(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    if pragma(connection, path, "application_id")? != APPLICATION {
        return Err(JournalError::NotOurs(path.to_owned()));
    }
    let version = pragma(connection, path, "user_version")?;
    if version != VERSION {
        return Err(JournalError::Newer { path: path.to_owned(), version, ours: VERSION });
    }
    Ok(())
}

fn pragma(connection: &Connection, path: &Path, name: &str) -> Result<i64, JournalError> {
    connection
        .pragma_query_value(None, name, |row| row.get(0))
        .map_err(|error| JournalError::sqlite(path, &error))
}
