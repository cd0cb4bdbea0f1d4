//! Bounded inflation: a file's bytes in blocks, gzip (of several members) or plain, told apart by the first two bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::Content;
use flate2::bufread::GzDecoder;
use sha2::{Digest as _, Sha256};

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
        self.read_hashed(Content::Disk(path), None, &mut take)
    }

    /// The same, and the uncompressed bytes go into a hash as well.
    pub(crate) fn read_hashed(
        &mut self,
        content: Content<'_>,
        hash: Option<&mut Sha256>,
        mut take: impl FnMut(&[u8], bool) -> usize,
    ) -> Inflated {
        let mut bytes = 0;
        let error = match content {
            Content::Disk(path) => File::open(path).map_err(InflateError::Read).and_then(|file| {
                self.stream(BufReader::with_capacity(1 << 16, file), &mut bytes, hash, &mut take)
            }),
            #[cfg(feature = "s3")]
            Content::Fetched(fetched) => fetched
                .map_err(InflateError::Read)
                .and_then(|fetched| self.stream(&*fetched, &mut bytes, hash, &mut take)),
        };
        let error = error.err();
        Inflated { bytes, error }
    }

    fn stream(
        &mut self,
        source: impl BufRead,
        bytes: &mut u64,
        hash: Option<&mut Sha256>,
        take: &mut impl FnMut(&[u8], bool) -> usize,
    ) -> Result<(), InflateError> {
        let mut file = source;
        let is_gzip = file.fill_buf().map_err(InflateError::Read)?.starts_with(&[0x1f, 0x8b]);
        if is_gzip {
            self.blocks(&mut Members::new(file), bytes, hash, take).map_err(InflateError::of_gzip)
        } else {
            self.blocks(&mut file, bytes, hash, take).map_err(InflateError::of_plain)
        }
    }

    fn blocks(
        &mut self,
        source: &mut impl Read,
        bytes: &mut u64,
        mut hash: Option<&mut Sha256>,
        take: &mut impl FnMut(&[u8], bool) -> usize,
    ) -> io::Result<()> {
        self.buffer.clear();
        loop {
            let kept = self.buffer.len();
            let got = source.by_ref().take(BLOCK_BYTES as u64).read_to_end(&mut self.buffer)?;
            *bytes += got as u64;
            if let (Some(hash), Some(new)) = (&mut hash, self.buffer.get(kept..)) {
                hash.update(new);
            }
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

/// Gzip members one after another. Zeroes behind the last one are padding (RFC 1952 does not speak of it, tools write it);
/// anything else there is damage.
struct Members<R> {
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    fn new(source: R) -> Self {
        Self { member: Some(GzDecoder::new(source)) }
    }

    /// Goes on behind a member that is at its end.
    fn next(source: R) -> io::Result<Option<GzDecoder<R>>> {
        let mut source = source;
        loop {
            let held = source.fill_buf()?;
            let zeroes = held.iter().take_while(|byte| **byte == 0).count();
            match held.get(zeroes) {
                None if held.is_empty() => return Ok(None),
                None => source.consume(zeroes),
                Some(0x1f) => {
                    source.consume(zeroes);
                    return Ok(Some(GzDecoder::new(source)));
                }
                Some(_) => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "something follows its end"));
                }
            }
        }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let got = member.read(into)?;
            if got > 0 || into.is_empty() {
                return Ok(got);
            }
            let ended = self.member.take().map(GzDecoder::into_inner);
            self.member = ended.map(Self::next).transpose()?.flatten();
        }
        Ok(0)
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
