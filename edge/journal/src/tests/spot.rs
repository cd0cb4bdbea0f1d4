//! Places of journals that go with their tests.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;

use super::{append, at, holder};
use crate::{Held, Journal, Place};

/// A place of a test's own: a folder, and perhaps a database.
pub(super) struct Spot {
    pub(super) place: Place,
    pub(super) folder: PathBuf,
    #[cfg(feature = "postgres")]
    database: Option<super::server::Own>,
}

/// A file, and a database where there is a server.
pub(super) fn spots(name: &str) -> Vec<Spot> {
    let file = Spot::file(name);
    #[cfg(feature = "postgres")]
    if let Some(database) = super::server::Own::new() {
        return vec![file, Spot::database(name, database)];
    }
    vec![file]
}

impl Spot {
    pub(super) fn file(name: &str) -> Self {
        let folder = folder(name);
        Self {
            place: Place::from(&Journal::path_in(&folder)),
            folder,
            #[cfg(feature = "postgres")]
            database: None,
        }
    }

    #[cfg(feature = "postgres")]
    pub(super) fn database(name: &str, database: super::server::Own) -> Self {
        let place = Place::from(database.address());
        Self { place, folder: folder(&format!("{name}-database")), database: Some(database) }
    }

    pub(super) fn take(&self) -> Held {
        Held::take(&self.place, holder("mika (kagimori apply)", "desk-1"), at(0)).unwrap()
    }

    pub(super) fn written(&self, entries: &[&[u8]]) -> Held {
        let mut held = self.take();
        for entry in entries {
            append(&mut held, entry).unwrap();
        }
        held
    }

    /// What somebody with the place's own tool does.
    pub(super) fn by_hand(&self, statements: &str) -> Result<(), String> {
        match &self.place {
            Place::File(path) => {
                let connection = Connection::open(path).unwrap();
                connection.execute_batch(statements).map_err(|error| error.to_string())
            }
            #[cfg(feature = "postgres")]
            Place::Database(_) => {
                let zeroes = format!("'\\x{}'::bytea", "00".repeat(32));
                let statements =
                    statements.replace("zeroblob(32)", &zeroes).replace("x'00'", "'\\x00'::bytea");
                self.database.as_ref().unwrap().by_hand(&statements)
            }
        }
    }

    /// Without the triggers that keep what was written.
    pub(super) fn without_triggers(&self) {
        let names: &[(&str, &str)] = match &self.place {
            Place::File(_) => &[
                ("leaf_stays", ""),
                ("leaf_remains", ""),
                ("head_stays", ""),
                ("head_remains", ""),
                ("document_stays", ""),
            ],
            #[cfg(feature = "postgres")]
            Place::Database(_) => {
                &[("leaf_stays", " ON leaf"), ("head_stays", " ON head"), ("document_stays", " ON document")]
            }
        };
        for (name, table) in names {
            self.by_hand(&format!("DROP TRIGGER IF EXISTS {name}{table}")).unwrap();
        }
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("kagimori-journal-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

impl Drop for Spot {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
