//! The JSON files of a path that was given.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::directory::OUTPUT_FOLDERS;
use crate::error::AppError;

/// What a path holds.
#[derive(Debug, Default)]
pub(super) struct JsonFiles {
    /// The files, sorted.
    pub(super) files: Vec<PathBuf>,
    /// What could not be looked at, and why.
    pub(super) passed_over: Vec<(PathBuf, String)>,
    /// The folders that were looked into, by their real paths.
    seen: BTreeSet<PathBuf>,
}

/// The file itself, or every `.json` file below the folder, sorted. Links are followed, each folder once. What the program itself wrote
/// into a kagimori directory is passed over, and so is what is hidden.
pub(super) fn json_files(path: &Path) -> Result<JsonFiles, AppError> {
    let unreadable = |source: io::Error| AppError::read(path, source);
    let mut found = JsonFiles::default();
    if fs::metadata(path).map_err(unreadable)?.is_dir() {
        fs::read_dir(path).map_err(unreadable)?;
        found.folder(path);
        found.files.sort();
        found.passed_over.sort();
    } else {
        found.files.push(path.to_owned());
    }
    Ok(found)
}

impl JsonFiles {
    /// A folder that cannot be read costs itself alone.
    fn folder(&mut self, folder: &Path) {
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let is_new = fs::canonicalize(&folder).map(|real| self.seen.insert(real));
            let looked =
                is_new.and_then(|is_new| if is_new { self.entries(&folder, &mut folders) } else { Ok(()) });
            if let Err(error) = looked {
                self.pass_over(&folder, &error);
            }
        }
    }

    fn entries(&mut self, folder: &Path, folders: &mut Vec<PathBuf>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_output = || OUTPUT_FOLDERS.contains(&name.as_str()) && is_kagimori(folder);
            let is_json = path.extension().is_some_and(|extension| extension == "json");
            // A link is what it leads to.
            match fs::metadata(&path) {
                _ if name.starts_with('.') => {}
                Ok(kind) if kind.is_dir() && !is_output() => folders.push(path),
                Ok(kind) if kind.is_file() && is_json => self.files.push(path),
                Ok(kind) if !kind.is_dir() && !kind.is_file() && is_json => {
                    self.passed_over.push((path, "it is no regular file".to_owned()));
                }
                Ok(_) => {}
                Err(error) => self.pass_over(&path, &error),
            }
        }
        Ok(())
    }

    fn pass_over(&mut self, path: &Path, error: &io::Error) {
        let is_link = fs::symlink_metadata(path).is_ok_and(|kind| kind.is_symlink());
        let message = match (error.kind(), is_link) {
            (io::ErrorKind::NotFound, true) => "the link leads nowhere".to_owned(),
            _ => error.to_string(),
        };
        self.passed_over.push((path.to_owned(), message));
    }
}

fn is_kagimori(folder: &Path) -> bool {
    folder.join("kagimori.toml").is_file() || folder.join("snapshots").is_dir()
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::json_files;

    #[test]
    fn links_are_followed_once_or_named() {
        let root = std::env::temp_dir().join(format!("kagimori-links-{}", std::process::id()));
        let (given, other) = (root.join("given"), root.join("other"));
        for folder in [&given.join("inner"), &given.join(".git"), &other] {
            fs::create_dir_all(folder).unwrap();
        }
        for file in [
            given.join("a.json"),
            given.join("inner/b.json"),
            given.join(".git/c.json"),
            other.join("d.json"),
        ] {
            fs::write(file, "{}").unwrap();
        }
        symlink(&other, given.join("linked")).unwrap();
        symlink(&given, given.join("inner/again")).unwrap();
        symlink(root.join("nowhere"), given.join("dangling.json")).unwrap();
        symlink(other.join("d.json"), given.join("e.json")).unwrap();
        let found = json_files(&given).unwrap();
        let names: Vec<String> =
            found.files.iter().map(|file| file.strip_prefix(&given).unwrap().display().to_string()).collect();
        assert_eq!(names, ["a.json", "e.json", "inner/b.json", "linked/d.json"]);
        assert_eq!(found.passed_over, [(given.join("dangling.json"), "the link leads nowhere".to_owned())]);
        fs::remove_dir_all(root).unwrap();
    }
}
