//! A piece of what is scanned: a whole file mostly, a block of a large one.

use std::io::{self, Read};

use crate::open::{BLOCK_BYTES, OVERLAP_BYTES};

/// Bytes to scan, and where they stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    /// What holds them.
    pub(crate) name: &'a str,
    /// Where they begin in it.
    pub(crate) begins: u64,
    /// How many lines come before them.
    pub(crate) lines: usize,
    pub(crate) bytes: &'a [u8],
}

impl<'a> Piece<'a> {
    pub(crate) fn whole(name: &'a str, bytes: &'a [u8]) -> Self {
        Self { name, begins: 0, lines: 0, bytes }
    }
}

/// Reads in blocks that overlap, so that whatever is shorter than the overlap lies whole in one of them.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    buffer: Vec<u8>,
    begins: u64,
    lines: usize,
    /// How much of the buffer was there before.
    kept: usize,
    started: bool,
    ended: bool,
    failure: Option<io::Error>,
}

impl Blocks {
    /// Begins anew, with the same memory.
    pub(crate) fn reset(&mut self) {
        self.buffer.clear();
        (self.begins, self.lines, self.kept, self.started, self.ended) = (0, 0, 0, false, false);
        self.failure = None;
    }

    /// Reads the next block: how many bytes are new, nothing at the end. An empty file is one empty block.
    pub(crate) fn next(&mut self, from: &mut (impl Read + ?Sized)) -> io::Result<Option<u64>> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if self.ended {
            return Ok(None);
        }
        if self.started {
            let gone = self.buffer.len().saturating_sub(OVERLAP_BYTES);
            self.lines += self.buffer.iter().take(gone).filter(|byte| **byte == b'\n').count();
            self.begins += u64::try_from(gone).unwrap_or_default();
            self.buffer.drain(..gone);
        }
        self.kept = self.buffer.len();
        let wanted = u64::try_from(BLOCK_BYTES - self.kept).unwrap_or_default();
        let result = from.take(wanted).read_to_end(&mut self.buffer);
        // what came before damage is read; the damage is said with the next block
        self.failure = result.err();
        let read = u64::try_from(self.buffer.len() - self.kept).unwrap_or_default();
        self.ended = read < wanted && self.failure.is_none();
        let is_more = read > 0 || !self.started;
        self.started = true;
        Ok(is_more.then_some(read))
    }

    /// The bytes of the block that was read last.
    pub(crate) fn piece<'a>(&'a self, name: &'a str) -> Piece<'a> {
        Piece { name, begins: self.begins, lines: self.lines, bytes: &self.buffer }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    pub(crate) fn begins(&self) -> u64 {
        self.begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_in_a_block_and_blocks_overlap() {
        let length = BLOCK_BYTES * 2 + 5;
        let mut bytes = vec![b'x'; length];
        bytes[3] = b'\n';
        let (mut from, mut blocks, mut seen) = (bytes.as_slice(), Blocks::default(), Vec::new());
        while blocks.next(&mut from).unwrap().is_some() {
            let piece = blocks.piece("");
            seen.push((piece.begins, piece.lines, piece.bytes.len()));
        }
        let step = u64::try_from(BLOCK_BYTES - OVERLAP_BYTES).unwrap();
        assert_eq!(seen, [(0, 0, BLOCK_BYTES), (step, 1, BLOCK_BYTES), (2 * step, 1, 2 * OVERLAP_BYTES + 5)]);
    }

    #[test]
    fn nothing_is_one_empty_block() {
        let mut blocks = Blocks::default();
        assert_eq!(blocks.next(&mut io::empty()).unwrap(), Some(0));
        assert_eq!(blocks.next(&mut io::empty()).unwrap(), None);
    }
}
