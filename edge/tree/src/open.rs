//! The bytes of a regular file, in blocks that overlap, so that a file of any size takes the memory of two blocks.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// How much is read at once. Nearly every file is one block.
pub(crate) const BLOCK_BYTES: usize = 16 << 20;
/// How much of a block the next one repeats: whatever lies within it is seen whole by one of the two.
pub(crate) const OVERLAP_BYTES: usize = 64 << 10;
/// How much of one file is read.
pub(crate) const FILE_BYTES_MAX: u64 = 1 << 30;

/// How reading a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It was read to its end.
    Whole,
    /// It is longer than what is read of one file.
    Cut,
    /// Its length or time changed while it was read.
    Changed,
}

/// Opens a regular file and nothing else. Whoever opened a pipe would wait for ever, so the kind is looked at after an open that does not wait.
///
/// # Errors
/// As [`File::open`], and when there is something else under the name.
pub(crate) fn regular(path: &Path) -> io::Result<File> {
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(nonblock).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file and was not read"))
}

/// Whether a program carries a zip at its end, as jars that start themselves and installers do.
pub(crate) fn carries_zip(file: &File, head: &[u8]) -> bool {
    const TAIL: usize = 66 << 10;
    let is_program = head.starts_with(b"#!") || head.starts_with(b"MZ") || head.starts_with(b"\x7fELF");
    let Ok(length) = file.metadata().map(|found| found.len()) else { return false };
    if !is_program {
        return false;
    }
    let tail = u64::try_from(TAIL).unwrap_or_default().min(length);
    let mut bytes = vec![0; usize::try_from(tail).unwrap_or_default()];
    file.read_exact_at(&mut bytes, length - tail).is_ok()
        && memchr::memmem::rfind(&bytes, b"PK\x05\x06").is_some()
}

/// Whether a file is as it was.
pub(crate) fn ending(file: &File, before: State) -> io::Result<Ending> {
    Ok(if state(file)? == before { Ending::Whole } else { Ending::Changed })
}

/// Length and time of a file.
pub(crate) type State = (u64, i64, i64);

pub(crate) fn state(file: &File) -> io::Result<State> {
    let found = file.metadata()?;
    Ok((found.len(), found.mtime(), found.mtime_nsec()))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A folder of its own.
    pub(crate) fn folder(name: &str) -> PathBuf {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("kagimori-tree-{}-{name}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn a_growing_file_is_told() {
        let root = folder("growing");
        let path = root.join("log");
        std::fs::write(&path, "").unwrap();
        let file = regular(&path).unwrap();
        let before = state(&file).unwrap();
        assert_eq!(ending(&file, before).unwrap(), Ending::Whole);
        std::fs::write(&path, "more").unwrap();
        assert_eq!(ending(&file, before).unwrap(), Ending::Changed);
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let root = folder("pipe");
        let path = root.join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(regular(&path).is_err());
        std::fs::remove_dir_all(root).unwrap();
    }
}
