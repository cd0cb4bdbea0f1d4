//! Where files lie while they are made: a hidden folder beside where they will stand, so that a rename puts them there. Whoever
//! makes files holds its lock; a folder whose lock nobody holds is what a run left that was cut off, and the next one takes it away.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::{folder, lasting, new};

const BEGIN: &str = ".kagimori-";
const END: &str = ".tmp";
const LOCK: &str = "lock";
/// So many runs at once find a name.
const TRIES: u32 = 1_000;

/// The folder of one run.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) path: PathBuf,
    lock: Option<File>,
}

impl Stage {
    /// Makes one in a folder, after taking away what runs left there that were cut off.
    pub(super) fn new(beside: &Path) -> io::Result<Self> {
        folder(beside)?;
        sweep(beside);
        for number in 0..TRIES {
            let path = beside.join(format!("{BEGIN}{}-{number}{END}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            }
            super::restrict_folder(&path)?;
            if let Some(lock) = claim(&path)? {
                return Ok(Self { path, lock: Some(lock) });
            }
        }
        Err(io::Error::other("too many runs write there at once"))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Not every system takes away what is open.
        drop(self.lock.take());
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Locks a folder that was just made; `None` when another run took it for one that was left, and away.
fn claim(path: &Path) -> io::Result<Option<File>> {
    let lock = match new(&path.join(LOCK)) {
        Ok(lock) => lock,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        // Where there are no locks nobody takes anything away either.
        Err(TryLockError::Error(_)) => return Ok(Some(lock)),
    }
    Ok(path.join(LOCK).exists().then_some(lock))
}

/// Takes away what runs left that were cut off. What cannot be taken away stays for the next one.
fn sweep(beside: &Path) {
    for entry in fs::read_dir(beside).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(|name| name.starts_with(BEGIN) && name.ends_with(END));
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let _ = take_away(&entry.path());
        }
    }
}

/// Takes a folder away whose lock nobody holds. One without a lock is claimed first: somebody may just be making it.
fn take_away(path: &Path) -> io::Result<()> {
    let lock = lasting(&path.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) if cfg!(windows) => drop(lock),
        Ok(()) => return fs::remove_dir_all(path),
        Err(_) => return Ok(()),
    }
    fs::remove_dir_all(path)
}
