//! Bounded inflation: a file's bytes in blocks, without what it is packed in ([`super::unpack`]), told by its first bytes.
//!
//! Most files are small and gzip of one member: those are inflated as a whole by libdeflate, twice as fast as a stream.
//! Whatever else a file may be, and every damaged one, goes through the stream, which knows members and layers and keeps what
//! comes before the damage.

use std::fs::File;
use std::io::{self, BufRead, Cursor, Read, Seek};
use std::path::Path;

use super::Content;
use super::unpack::{Form, Unreadable, is_tail, unpack};
use super::zip;
use flate2::bufread::GzDecoder;
use libdeflater::Decompressor;
use memchr::memmem;
use sha2::{Digest as _, Sha256};

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
pub(crate) struct Blocks {
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
    #[error("{0}")]
    Damaged(io::Error),
    #[error("{0}")]
    Foreign(io::Error),
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
            Content::Disk(path) => crate::regular::open(path)
                .map_err(InflateError::Read)
                .and_then(|file| self.disk(file, &mut bytes, hash, &mut take)),
            #[cfg(feature = "s3")]
            Content::Fetched(fetched) => fetched
                .map_err(InflateError::Read)
                .and_then(|fetched| self.content(&fetched, io::empty(), &mut bytes, hash, &mut take)),
        };
        let error = error.err();
        Inflated { bytes, error }
    }

    fn disk(
        &mut self,
        mut file: File,
        bytes: &mut u64,
        hash: Option<&mut Sha256>,
        take: &mut impl FnMut(&[u8], bool) -> usize,
    ) -> Result<(), InflateError> {
        let mut head = std::mem::take(&mut self.file);
        head.clear();
        let read = file.by_ref().take(WHOLE_FILE_MAX).read_to_end(&mut head).map_err(InflateError::Read);
        let read = read.and_then(|_| match Form::of(&head) {
            Form::Zip => self.zip(file, bytes, take),
            _ => self.content(&head, file, bytes, hash, take),
        });
        self.file = head;
        read
    }

    /// The members of a zip one after another. Digests name no such file, so it needs no hash.
    fn zip(
        &mut self,
        file: impl Read + Seek,
        bytes: &mut u64,
        take: &mut impl FnMut(&[u8], bool) -> usize,
    ) -> Result<(), InflateError> {
        self.buffer.clear();
        zip::members(file, |member| {
            self.pump(&mut unpack(member)?, bytes, None, take)?;
            self.buffer.push(b'\n');
            Ok(())
        })
        .or_else(|error| self.before_tail(error, take))?;
        take(&self.buffer, true);
        Ok(())
    }

    /// What came before something that follows the end of what is packed is whole, and is used; what follows is told.
    fn before_tail(
        &self,
        error: io::Error,
        take: &mut impl FnMut(&[u8], bool) -> usize,
    ) -> Result<(), InflateError> {
        if is_tail(&error) {
            take(&self.buffer, true);
        }
        Err(InflateError::of(error))
    }

    /// What was read of a file, and the rest of it.
    fn content(
        &mut self,
        head: &[u8],
        rest: impl Read,
        bytes: &mut u64,
        hash: Option<&mut Sha256>,
        take: &mut impl FnMut(&[u8], bool) -> usize,
    ) -> Result<(), InflateError> {
        if Form::of(head) == Form::Zip {
            return self.zip(Cursor::new(head), bytes, take);
        }
        let length = self.whole(head);
        let inflated = length.and_then(|length| self.buffer.get(..length)).unwrap_or_default();
        let Some(length) = length.filter(|_| Form::of(inflated) == Form::Plain) else {
            return self.stream(head.chain(rest), bytes, hash, take);
        };
        let inflated = self.buffer.get(..length).unwrap_or_default();
        *bytes = length as u64;
        if let Some(hash) = hash {
            hash.update(inflated);
        }
        take(inflated, true);
        Ok(())
    }

    /// Inflates a file, if it is small, all there, and surely one member; how long it is.
    fn whole(&mut self, file: &[u8]) -> Option<usize> {
        if !file.starts_with(&[0x1f, 0x8b]) || file.len() as u64 >= WHOLE_FILE_MAX {
            return None;
        }
        let length = u32::from_le_bytes(*file.last_chunk()?);
        if may_go_on(file, length) {
            return None;
        }
        let length = length as usize;
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

    fn stream(
        &mut self,
        source: impl Read,
        bytes: &mut u64,
        hash: Option<&mut Sha256>,
        take: &mut impl FnMut(&[u8], bool) -> usize,
    ) -> Result<(), InflateError> {
        self.buffer.clear();
        let pumped = unpack(source).and_then(|mut source| self.pump(&mut source, bytes, hash, take));
        pumped.or_else(|error| self.before_tail(error, take))?;
        take(&self.buffer, true);
        Ok(())
    }

    /// Hands out what a source holds, but for what is left of it: nothing is said to be the last.
    fn pump(
        &mut self,
        source: &mut impl Read,
        bytes: &mut u64,
        mut hash: Option<&mut Sha256>,
        take: &mut impl FnMut(&[u8], bool) -> usize,
    ) -> io::Result<()> {
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
            if got == 0 {
                return Ok(());
            }
            let used = take(&self.buffer, false).min(self.buffer.len());
            self.buffer.drain(..used);
        }
    }
}

/// Whether there may be a second member behind a first one of this length, uncompressed. libdeflate reads the first member
/// only, and is silent about what follows.
///
/// A member begins with two magic bytes and deflate, the only method, and the one before it ends with its length (RFC 1952,
/// section 2.3.1), then perhaps with zeroes as padding.
fn may_go_on(file: &[u8], length: u32) -> bool {
    let length = length.to_le_bytes();
    memmem::find_iter(file, &[0x1f, 0x8b, 0x08]).filter(|at| *at > 0).any(|at| {
        file.get(..at).is_none_or(|before| without_zeroes(before).ends_with(without_zeroes(&length)))
    })
}

fn without_zeroes(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    bytes.get(..end).unwrap_or_default()
}

/// Something follows the last member, and is none.
#[derive(Debug, thiserror::Error)]
#[error("something follows its end, and what came before is used")]
pub(super) struct Tail;

/// Gzip members one after another. Zeroes behind the last one are padding (RFC 1952 does not speak of it, tools write it);
/// anything else there is damage.
pub(super) struct Members<R> {
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    pub(super) fn new(source: R) -> Self {
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
                Some(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, Tail)),
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
    fn of(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::FileTooLarge {
            return Self::TooLarge;
        }
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Unreadable>()) {
            Some(told) if told.is_foreign => Self::Foreign(error),
            Some(_) => Self::Damaged(error),
            None => Self::Read(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(file: &[u8]) -> Vec<u8> {
        let mut read = Vec::new();
        let mut take = |block: &[u8], last: bool| {
            if last {
                read.extend_from_slice(block);
            }
            0
        };
        Blocks::default().content(file, io::empty(), &mut 0, None, &mut take).unwrap();
        read
    }

    proptest! {
        /// Members of the same length, too, and with zeroes between them, and with the magic bytes inside.
        #[test]
        fn no_member_is_left_out(
            members in proptest::collection::vec((0_usize..4, 0_usize..3), 1..4),
            padding in 0_usize..6,
        ) {
            let contents = ["", "0123456789", "abcdefghij", "\u{1f}\u{8}"];
            let (mut file, mut expected) = (Vec::new(), Vec::new());
            for (content, times) in members {
                let content = contents[content].repeat(times + 1);
                file.extend(gzip(content.as_bytes()));
                file.extend(std::iter::repeat_n(0, padding));
                expected.extend_from_slice(content.as_bytes());
            }
            prop_assert_eq!(read(&file), expected);
        }
    }

    /// Told, and what came before it is read, however long that is.
    #[test]
    fn what_follows_the_last_member_costs_nothing_else() {
        for length in [10, 20_000, 3_000_000] {
            let text: String = (0..length).map(|n| char::from(b'a' + (n % 26) as u8)).collect();
            let members = [gzip(text.as_bytes()), gzip(b"and more")].concat();
            for tail in [&b"garbage"[..], b"\x1e", b"\0\0\0{}"] {
                let file = [&members, tail].concat();
                let mut whole = None;
                let mut take = |block: &[u8], last: bool| {
                    if last {
                        whole = Some(block.to_vec());
                    }
                    0
                };
                let error =
                    Blocks::default().content(&file, io::empty(), &mut 0, None, &mut take).unwrap_err();
                assert!(error.to_string().contains("something follows its end"), "{error}");
                assert_eq!(whole.map(|bytes| bytes.len()), Some(text.len() + "and more".len()));
            }
        }
    }

    #[test]
    fn magic_bytes_inside_are_no_member() {
        let noise: Vec<u8> =
            (0..200_u8).map(|n| n.wrapping_mul(151)).chain([0x1f, 0x8b, 0x08, 7, 9]).collect();
        let mut stored = GzEncoder::new(Vec::new(), Compression::none());
        stored.write_all(&noise).unwrap();
        let file = stored.finish().unwrap();
        assert!(memmem::find(&file[1..], &[0x1f, 0x8b, 0x08]).is_some());
        assert!(!may_go_on(&file, noise.len() as u32));
        assert_eq!(Blocks::default().whole(&file), Some(noise.len()));
    }
}
