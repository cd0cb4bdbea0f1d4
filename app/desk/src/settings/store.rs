//! The database of the log, from three lines of `desk.toml`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kagimori_journal::Database;
use kagimori_notice::Reference;
use secrecy::ExposeSecret as _;

use super::File;

/// A command that tells a password may take so long.
const PATIENCE: Duration = Duration::from_secs(15);

/// The database; its password is fetched when a session begins, and stands nowhere.
pub(super) fn database(address: &str, file: &File, folder: &Path) -> Result<Database, (String, String)> {
    let mut database = Database::parse(address).map_err(|error| {
        let hint = "write `postgresql://USER@HOST/DATABASE`, or `postgresql:///DATABASE?host=/run/postgresql` for a socket; \
                    a password is named by `store_password`";
        (format!("`store`: {error}"), hint.to_owned())
    })?;
    if let Some(text) = &file.store_password {
        let reference = Reference::read(text).ok_or_else(|| {
            let hint =
                "write `env:NAME`, `file:PATH` or `exec:COMMAND`; if the password stood here, make a new one";
            ("`store_password` is a secret, and not where one is".to_owned(), hint.to_owned())
        })?;
        let folder = folder.to_owned();
        database = database.with_password(Arc::new(move || {
            kagimori_notify::secret(&reference, &folder, PATIENCE)
                .map(|secret| secret.expose_secret().to_owned())
        }));
    }
    if let Some(path) = &file.store_certificates {
        let path = folder.join(path);
        let pem = std::fs::read(&path).map_err(|error| {
            let hint = "name the file of the certificates (PEM) that the database's is signed by";
            (format!("`store_certificates`: `{}`: {error}", path.display()), hint.to_owned())
        })?;
        database = database.with_roots(pem);
    }
    Ok(database)
}
