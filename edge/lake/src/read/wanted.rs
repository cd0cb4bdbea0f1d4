//! The rows of a row group that are wanted, walked through column by column.

use std::ops::Range;

/// A walk through the rows, from the first on.
pub(super) struct Wanted<'r> {
    /// In order.
    ranges: &'r [Range<usize>],
    at: usize,
}

impl<'r> Wanted<'r> {
    pub(super) fn of(ranges: &'r [Range<usize>]) -> Self {
        Self { ranges, at: 0 }
    }

    /// Goes on by at most so many rows, all of them wanted or none; how many, and which.
    pub(super) fn step(&mut self, most: usize) -> (usize, bool) {
        while let Some((_, rest)) = self.ranges.split_first().filter(|(range, _)| range.end <= self.at) {
            self.ranges = rest;
        }
        let (rows, is_wanted) = match self.ranges.first() {
            None => (most, false),
            Some(range) if self.at < range.start => (most.min(range.start - self.at), false),
            Some(range) => (most.min(range.end - self.at), true),
        };
        self.at += rows;
        (rows, is_wanted)
    }

    /// Passes over so many rows if none of them is wanted.
    pub(super) fn pass(&mut self, rows: usize) -> bool {
        let (at, ranges) = (self.at, self.ranges);
        if self.step(rows) == (rows, false) {
            return true;
        }
        (self.at, self.ranges) = (at, ranges);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps() {
        let ranges = [2..4, 4..5, 9..10];
        let mut wanted = Wanted::of(&ranges);
        assert_eq!(wanted.step(1), (1, false));
        assert!(!wanted.pass(2));
        assert_eq!(wanted.step(9), (1, false));
        assert_eq!(wanted.step(1), (1, true));
        assert_eq!(wanted.step(9), (1, true));
        assert_eq!(wanted.step(9), (1, true));
        assert!(wanted.pass(4));
        assert_eq!(wanted.step(9), (1, true));
        assert_eq!(wanted.step(9), (9, false));
    }
}
