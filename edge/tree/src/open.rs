//! The bytes of a regular file, in blocks that overlap, so that a file of any size takes the memory of two blocks.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// How much is read at once. Nearly every file is one block.
pub const BLOCK_BYTES: usize = 16 << 20;
/// How much of a block the next one repeats: whatever lies within it is seen whole by one of the two.
pub const OVERLAP_BYTES: usize = 64 << 10;
/// How much of one file is read.
pub const FILE_BYTES_MAX: u64 = 1 << 30;

/// How reading a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
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
pub fn regular(path: &Path) -> io::Result<File> {
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(nonblock).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file and was not read"))
}

/// Hands the blocks of a file to `each`, with where they begin. The buffer is the caller's, so that it is made once a thread.
///
/// # Errors
/// What opening or reading says.
pub fn blocks(path: &Path, buffer: &mut Vec<u8>, mut each: impl FnMut(u64, &[u8])) -> io::Result<Ending> {
    let mut file = regular(path)?;
    let before = state(&file)?;
    let (mut begins, mut kept) = (0_u64, 0_usize);
    buffer.clear();
    loop {
        let wanted = u64::try_from(BLOCK_BYTES - kept).unwrap_or_default();
        let read = file.by_ref().take(wanted).read_to_end(buffer)?;
        if read == 0 && begins > 0 {
            break;
        }
        each(begins, buffer);
        if buffer.len() < BLOCK_BYTES {
            break;
        }
        let gone = buffer.len() - OVERLAP_BYTES;
        begins += u64::try_from(gone).unwrap_or_default();
        if begins >= FILE_BYTES_MAX {
            return Ok(Ending::Cut);
        }
        buffer.drain(..gone);
        kept = buffer.len();
    }
    Ok(if state(&file)? == before { Ending::Whole } else { Ending::Changed })
}

fn state(file: &File) -> io::Result<(u64, i64, i64)> {
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
    fn every_byte_is_in_a_block_and_blocks_overlap() {
        let root = folder("blocks");
        let path = root.join("large");
        let length = BLOCK_BYTES * 2 + 5;
        std::fs::write(&path, vec![7_u8; length]).unwrap();
        let mut seen = Vec::new();
        let ending =
            blocks(&path, &mut Vec::new(), |begins, block| seen.push((begins, block.len()))).unwrap();
        assert_eq!(ending, Ending::Whole);
        let step = u64::try_from(BLOCK_BYTES - OVERLAP_BYTES).unwrap();
        assert_eq!(seen, [(0, BLOCK_BYTES), (step, BLOCK_BYTES), (2 * step, 2 * OVERLAP_BYTES + 5)]);
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn an_empty_file_is_one_block_and_a_growing_one_is_told() {
        let root = folder("growing");
        let path = root.join("log");
        std::fs::write(&path, "").unwrap();
        let grow = |_: u64, _: &[u8]| std::fs::write(&path, "more").unwrap();
        assert_eq!(blocks(&path, &mut Vec::new(), grow).unwrap(), Ending::Changed);
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let root = folder("pipe");
        let path = root.join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(blocks(&path, &mut Vec::new(), |_, _| ()).is_err());
        std::fs::remove_dir_all(root).unwrap();
    }
}
