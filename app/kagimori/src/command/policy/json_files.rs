//! The JSON files of a path that was given.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::directory::OUTPUT_FOLDERS;
use crate::error::AppError;

/// The file itself, or every `.json` file below the folder, sorted. What the program itself wrote into a kagimori directory is
/// passed over.
pub(super) fn json_files(path: &Path) -> Result<Vec<PathBuf>, AppError> {
    let unreadable = |source: io::Error| AppError::read(path, source);
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|source| AppError::read(&folder, source))? {
            let entry = entry.map_err(|source| AppError::read(&folder, source))?;
            let kind = entry.file_type().map_err(|source| AppError::read(&entry.path(), source))?;
            if kind.is_dir() {
                let is_output =
                    || OUTPUT_FOLDERS.iter().any(|name| *entry.file_name() == **name) && is_kagimori(&folder);
                if !is_output() {
                    folders.push(entry.path());
                }
            } else if entry.path().extension().is_some_and(|extension| extension == "json") {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

fn is_kagimori(folder: &Path) -> bool {
    folder.join("kagimori.toml").is_file() || folder.join("snapshots").is_dir()
}
