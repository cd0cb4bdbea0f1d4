//! Opening what is a regular file, and nothing else: whoever opened a pipe would wait for ever.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Opens a regular file, or one that a link leads to.
///
/// # Errors
/// As [`File::open`], and when there is something else under the name.
pub fn open(path: &Path) -> io::Result<File> {
    if fs::metadata(path)?.is_file() {
        return File::open(path);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file and was not opened"))
}

/// Reads the text of a regular file.
///
/// # Errors
/// As [`open`], and when it is not UTF-8.
pub fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Reads a regular file; `None`: there is none.
///
/// # Errors
/// As [`open`], but for what is not there.
pub fn found(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match bytes(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// Reads a regular file.
///
/// # Errors
/// As [`open`].
pub fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    let mut bytes =
        Vec::with_capacity(file.metadata().map_or(0, |file| file.len().try_into().unwrap_or_default()));
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
