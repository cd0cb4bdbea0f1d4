//! A panic that could not take the journal leaves a file, and whoever holds the journal asks for it before anything goes off.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use kagimori_lake::regular;

/// The file of a kagimori directory.
pub(super) fn path_in(dir: &Path) -> PathBuf {
    dir.join("retire-panic")
}

/// Why nothing may go off; `None`: nobody has asked for that. A file that cannot be read asks, too.
pub(super) fn asked(path: &Path) -> Option<String> {
    let by = match regular::text(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Ok(by) if !by.trim().is_empty() => by.trim().chars().take(200).collect(),
        Ok(_) | Err(_) => "somebody".to_owned(),
    };
    Some(format!(
        "{by} wants everything on: nothing goes off until `kagimori retire panic` has succeeded (`{}`)",
        path.display()
    ))
}

/// Asks.
pub(super) fn ask(dir: &Path, by: &str) -> io::Result<()> {
    let path = path_in(dir);
    // Whatever else has that name asks already, and a pipe would be waited for.
    if fs::symlink_metadata(&path).is_ok_and(|there| !there.is_file()) {
        return Ok(());
    }
    let mut options = fs::File::options();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    writeln!(options.open(path)?, "{by}")
}

/// Everything is on.
pub(super) fn done(dir: &Path) -> io::Result<()> {
    match fs::remove_file(path_in(dir)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_until_it_is_done() {
        let dir = std::env::temp_dir().join(format!("kagimori-panicking-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir(&dir).unwrap();
        assert_eq!(asked(&path_in(&dir)), None);
        ask(&dir, "mika@host").unwrap();
        assert!(asked(&path_in(&dir)).unwrap().starts_with("mika@host wants everything on"));
        fs::write(path_in(&dir), [0xff]).unwrap();
        assert!(asked(&path_in(&dir)).unwrap().starts_with("somebody"), "what cannot be read asks, too");
        done(&dir).unwrap();
        done(&dir).unwrap();
        assert_eq!(asked(&path_in(&dir)), None);
        fs::remove_dir(&dir).unwrap();
    }
}
