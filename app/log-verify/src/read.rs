//! Files, bounded: a log's files are small, and what is not is none of them.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::Failure;

/// A full bundle of the longest entries has 16 MiB.
const BYTES_MAX: u64 = 17 * 1024 * 1024;

/// A file of the log; `None`: it is not there.
pub(crate) fn file(log: &Path, path: &str) -> Result<Option<Vec<u8>>, Failure> {
    // Paths are the program's own: numbers and a few words.
    match read(&log.join(path)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&log.join(path), &error)),
    }
}

pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    read(path).map_err(|error| failed(path, &error))
}

pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    let text = String::from_utf8(bytes(path)?);
    text.map_err(|_| {
        Failure(format!("`{}` is no text", path.display()), "give the file as it was published".to_owned())
    })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path)?.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if u64::try_from(read).is_ok_and(|read| read <= BYTES_MAX) {
        return Ok(bytes);
    }
    Err(io::Error::other(format!("it has more than {BYTES_MAX} bytes")))
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure(
        format!("`{}` cannot be read: {error}", path.display()),
        "look at the path, and at who may read it".to_owned(),
    )
}
