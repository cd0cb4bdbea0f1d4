//! One process at a time: `flock` on a file, which the kernel lets go when its holder dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::KagiError;
use crate::files::{make_directory, open_own};
use crate::place::variable;

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// What waiting ended with.
pub(crate) enum Waited<T> {
    /// The lock is held.
    Locked(Lock),
    /// What the lock was for is there already.
    Done(T),
}

/// Takes a lock, looking again and again whether somebody else has done the work meanwhile.
pub(crate) fn lock_or<T>(
    path: &Path,
    patience: Duration,
    mut done: impl FnMut() -> Option<T>,
) -> Result<Waited<T>, KagiError> {
    let failed = |source| KagiError::write(path, source);
    let file = open(path).or_else(|error| elsewhere(path).map_or(Err(error), |path| open(&path)))?;
    let begun = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        match file.try_lock() {
            Ok(()) => {
                // Looked at again under the lock: the holder before may have done the work.
                return Ok(done().map_or_else(|| Waited::Locked(Lock { _file: file }), Waited::Done));
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            Err(TryLockError::WouldBlock) => {}
        }
        if let Some(value) = done() {
            return Ok(Waited::Done(value));
        }
        if begun.elapsed() >= patience {
            return Err(KagiError::Busy);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

fn open(path: &Path) -> Result<File, KagiError> {
    if let Some(folder) = path.parent() {
        make_directory(folder)?;
    }
    open_own(path, OpenOptions::new().write(true).truncate(false))
        .map_err(|source| KagiError::write(path, source))
}

/// Where our home cannot be written all processes find each other in `XDG_RUNTIME_DIR`.
fn elsewhere(path: &Path) -> Option<PathBuf> {
    let runtime = variable("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute())?;
    Some(runtime.join("kagi/locks").join(path.file_name()?))
}

/// Takes a lock.
pub(crate) fn lock(path: &Path, patience: Duration) -> Result<Lock, KagiError> {
    match lock_or(path, patience, || None::<std::convert::Infallible>)? {
        Waited::Locked(lock) => Ok(lock),
        Waited::Done(never) => match never {},
    }
}
