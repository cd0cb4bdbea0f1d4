//! Bounded inflation: a file's bytes in blocks, gzip (of several members) or plain, told apart by the first two bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

/// What is read at a time.
const BLOCK_BYTES: usize = 1 << 20;
/// The largest file, uncompressed. CloudTrail's are at most 50 MB compressed, about 430 MB raw.
const FILE_BYTES_MAX: u64 = 4 << 30;

/// A buffer that serves file after file.
#[derive(Default)]
pub(crate) struct Blocks {
    buffer: Vec<u8>,
}

/// What reading a file came to.
pub(crate) struct Inflated {
    /// Uncompressed bytes.
    pub(crate) bytes: u64,
    /// Why reading ended too early.
    pub(crate) error: Option<InflateError>,
}

/// Why a file could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InflateError {
    #[error("cannot be read: {0}")]
    Read(io::Error),
    #[error("the gzip data is damaged: {0}")]
    Gzip(io::Error),
    #[error("inflates to more than {} GiB", FILE_BYTES_MAX >> 30)]
    TooLarge,
}

impl Blocks {
    /// Hands a file to `take` block by block. `take` says how many bytes of the block it used (the rest comes again in
    /// front of the next) and is told which block is the last. After an error there is no last block: what was taken
    /// before stands.
    pub(crate) fn read(&mut self, path: &Path, mut take: impl FnMut(&[u8], bool) -> usize) -> Inflated {
        let mut bytes = 0;
        let error = self.stream(path, &mut bytes, &mut take).err();
        Inflated { bytes, error }
    }

    fn stream(
        &mut self,
        path: &Path,
        bytes: &mut u64,
        take: &mut impl FnMut(&[u8], bool) -> usize,
    ) -> Result<(), InflateError> {
        let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(InflateError::Read)?);
        let is_gzip = file.fill_buf().map_err(InflateError::Read)?.starts_with(&[0x1f, 0x8b]);
        if is_gzip {
            self.blocks(&mut MultiGzDecoder::new(file), bytes, take).map_err(InflateError::of_gzip)
        } else {
            self.blocks(&mut file, bytes, take).map_err(InflateError::of_plain)
        }
    }

    fn blocks(
        &mut self,
        source: &mut impl Read,
        bytes: &mut u64,
        take: &mut impl FnMut(&[u8], bool) -> usize,
    ) -> io::Result<()> {
        self.buffer.clear();
        loop {
            let kept = self.buffer.len();
            let got = source.by_ref().take(BLOCK_BYTES as u64).read_to_end(&mut self.buffer)?;
            *bytes += got as u64;
            if *bytes > FILE_BYTES_MAX {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            let last = got == 0;
            let used = take(&self.buffer, last).min(self.buffer.len());
            self.buffer.drain(..used);
            if last {
                return Ok(());
            }
            debug_assert!(self.buffer.len() <= kept + got);
        }
    }
}

impl InflateError {
    fn of_gzip(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::FileTooLarge => Self::TooLarge,
            _ => Self::Gzip(error),
        }
    }

    fn of_plain(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::FileTooLarge => Self::TooLarge,
            _ => Self::Read(error),
        }
    }
}
