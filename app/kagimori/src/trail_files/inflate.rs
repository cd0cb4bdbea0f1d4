//! Bounded inflation: a file's bytes in blocks, gzip (of several members) or plain, told apart by the first two bytes.
//!
//! Most files are small and of one member: those are inflated as a whole by libdeflate, twice as fast as a stream. Whatever
//! else a file may be, and every damaged one, goes through the stream, which knows members and keeps what comes before the
//! damage.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use libdeflater::Decompressor;
use memchr::memmem;

/// What is read at a time.
const BLOCK_BYTES: usize = 1 << 20;
/// The largest file, uncompressed. CloudTrail's are at most 50 MB compressed, about 430 MB raw.
const FILE_BYTES_MAX: u64 = 4 << 30;

/// The largest file that is read as a whole, compressed and inflated: with what a thread needs beside, two threads stay
/// below 200 MiB.
const WHOLE_FILE_MAX: u64 = 16 << 20;
const WHOLE_INFLATED_MAX: usize = 64 << 20;
/// No deflate stream inflates to more than this many times its length (zlib's technical details).
const DEFLATE_RATIO_MAX: usize = 1032;

/// Buffers that serve file after file.
pub(super) struct Blocks {
    file: Vec<u8>,
    buffer: Vec<u8>,
    decompressor: Decompressor,
}

impl Default for Blocks {
    fn default() -> Self {
        Self { file: Vec::new(), buffer: Vec::new(), decompressor: Decompressor::new() }
    }
}

/// What reading a file came to.
pub(super) struct Inflated {
    /// Uncompressed bytes.
    pub(super) bytes: u64,
    /// Why reading ended too early.
    pub(super) error: Option<InflateError>,
}

/// Why a file could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum InflateError {
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
    pub(super) fn read(&mut self, path: &Path, mut take: impl FnMut(&[u8], bool) -> usize) -> Inflated {
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
        let mut file = File::open(path).map_err(InflateError::Read)?;
        self.file.clear();
        file.by_ref().take(WHOLE_FILE_MAX).read_to_end(&mut self.file).map_err(InflateError::Read)?;
        if let Some(length) = self.whole() {
            *bytes = length as u64;
            take(self.buffer.get(..length).unwrap_or_default(), true);
            return Ok(());
        }
        let head = std::mem::take(&mut self.file);
        let mut source = BufReader::with_capacity(1 << 16, head.as_slice().chain(file));
        let read = if is_gzip(&head) {
            self.blocks(&mut MultiGzDecoder::new(&mut source), bytes, take).map_err(InflateError::of_gzip)
        } else {
            self.blocks(&mut source, bytes, take).map_err(InflateError::of_plain)
        };
        self.file = head;
        read
    }

    /// Inflates the file at hand, if it is all there is and surely one member; how long it is.
    fn whole(&mut self) -> Option<usize> {
        let file = self.file.as_slice();
        if !is_gzip(file) || file.len() as u64 >= WHOLE_FILE_MAX {
            return None;
        }
        // libdeflate reads the first member only and is silent about what follows: a second one would begin like the first
        // (RFC 1952, section 2.3.1; deflate is the only method), and its length would stand at the end of the file.
        let (_, behind) = file.split_at_checked(1)?;
        if memmem::find(behind, &[0x1f, 0x8b, 0x08]).is_some() {
            return None;
        }
        let length = u32::from_le_bytes(*file.last_chunk()?) as usize;
        if length > WHOLE_INFLATED_MAX.min(file.len().saturating_mul(DEFLATE_RATIO_MAX)) {
            return None;
        }
        if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
        let out = self.buffer.get_mut(..length)?;
        let inflated = self.decompressor.gzip_decompress(file, out).ok()?;
        (inflated == length).then_some(length)
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

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
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
