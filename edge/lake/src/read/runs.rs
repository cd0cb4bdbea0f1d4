//! Numbers as Parquet packs them: runs of one number, and groups of eight with as many bits as the largest needs
//! (*Parquet encodings*, "Run Length Encoding / Bit-Packing Hybrid").

/// The numbers of a page, one after another.
pub(super) struct Runs<'p> {
    rest: &'p [u8],
    /// Bits of a number.
    width: u32,
    run: Run<'p>,
}

enum Run<'p> {
    /// One number, so often.
    Same { number: u32, left: u64 },
    /// Numbers side by side, and the bits that are read of the next bytes.
    Packed { bytes: &'p [u8], bits: u64, held: u32, left: u64 },
}

/// The bits of a number, as a page tells them; `None` when there are too many.
pub(super) fn bits_of(width: u8) -> Option<u32> {
    Some(u32::from(width)).filter(|width| *width <= 32)
}

impl<'p> Runs<'p> {
    pub(super) fn new(bytes: &'p [u8], width: u32) -> Self {
        Self { rest: bytes, width, run: Run::Same { number: 0, left: 0 } }
    }

    /// The next number; `None` when the page ends first.
    #[inline]
    pub(super) fn next(&mut self) -> Option<u32> {
        loop {
            match &mut self.run {
                Run::Same { number, left: left @ 1.. } => {
                    *left -= 1;
                    return Some(*number);
                }
                Run::Packed { bytes, bits, held, left: left @ 1.. } => {
                    while *held < self.width {
                        let (byte, rest) = bytes.split_first()?;
                        *bits |= u64::from(*byte) << *held;
                        (*held, *bytes) = (*held + 8, rest);
                    }
                    let number = *bits & ((1 << self.width) - 1);
                    (*bits, *held, *left) = (*bits >> self.width, *held - self.width, *left - 1);
                    return u32::try_from(number).ok();
                }
                _ => self.begin()?,
            }
        }
    }

    /// The sum of so many numbers.
    pub(super) fn sum(&mut self, count: usize) -> Option<usize> {
        let (mut sum, mut count) = (0_usize, count as u64);
        while count > 0 {
            match &mut self.run {
                Run::Same { number, left: left @ 1.. } => {
                    let some = count.min(*left);
                    sum = sum.checked_add(usize::try_from(some.checked_mul(u64::from(*number))?).ok()?)?;
                    (*left, count) = (*left - some, count - some);
                }
                _ => (sum, count) = (sum.checked_add(self.next()? as usize)?, count - 1),
            }
        }
        Some(sum)
    }

    /// Passes over so many numbers.
    pub(super) fn skip(&mut self, count: usize) -> Option<()> {
        let mut count = count as u64;
        while count > 0 {
            let some = match &mut self.run {
                Run::Same { left: left @ 1.., .. } => {
                    let some = count.min(*left);
                    *left -= some;
                    some
                }
                Run::Packed { bytes, bits, held, left: left @ 1.. } => {
                    let some = count.min(*left);
                    *left -= some;
                    let over = some.checked_mul(u64::from(self.width))?;
                    if over <= u64::from(*held) {
                        (*bits, *held) = (bits.checked_shr(over as u32).unwrap_or(0), *held - over as u32);
                    } else {
                        let over = over - u64::from(*held);
                        let (_, rest) = bytes.split_at_checked(usize::try_from(over / 8).ok()?)?;
                        (*bytes, *bits, *held) = (rest, 0, 0);
                        if over % 8 > 0 {
                            let (byte, rest) = bytes.split_first()?;
                            (*bytes, *bits, *held) =
                                (rest, u64::from(*byte) >> (over % 8), 8 - (over % 8) as u32);
                        }
                    }
                    some
                }
                _ => {
                    self.begin()?;
                    0
                }
            };
            count -= some;
        }
        Some(())
    }

    /// The next run.
    fn begin(&mut self) -> Option<()> {
        let header = self.header()?;
        let (count, is_packed) = (header >> 1, header & 1 == 1);
        // The last group may be longer than what is left of the page.
        let length = match is_packed {
            true => usize::try_from(count.checked_mul(u64::from(self.width))?).ok()?.min(self.rest.len()),
            false => self.width.div_ceil(8) as usize,
        };
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        self.run = match is_packed {
            true => Run::Packed { bytes, bits: 0, held: 0, left: count.checked_mul(8)? },
            false => {
                let number = bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte));
                Run::Same { number, left: count }
            }
        };
        Some(())
    }

    /// Seven bits a byte, the lowest first.
    fn header(&mut self) -> Option<u64> {
        let mut header = 0;
        for shift in (0..63).step_by(7) {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            header |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(header);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], width: u32) -> Vec<u32> {
        let mut runs = Runs::new(bytes, width);
        std::iter::from_fn(|| runs.next()).take(100).collect()
    }

    #[test]
    fn runs_and_groups() {
        // The example of *Parquet encodings*: 0 to 7 in three bits.
        let packed = [0b11, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        assert_eq!(all(&packed, 3), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(all(&[4 << 1, 9, 2 << 1, 1], 5), [9, 9, 9, 9, 1, 1]);
        assert_eq!(all(&[2 << 1, 0x34, 0x12], 13), [0x1234, 0x1234]);
        // 200 times, in a header of two bytes.
        assert_eq!(all(&[0x90, 0x03, 1], 1), [1; 100]);
        assert_eq!(all(&[3 << 1], 0), [0, 0, 0]);
    }

    #[test]
    fn skipping_and_summing_is_reading() {
        let bytes: Vec<u8> =
            [&[4 << 1, 5][..], &[0b101], &(0..6).map(|n| n * 37 + 11).collect::<Vec<u8>>(), &[3 << 1, 1]]
                .concat();
        let numbers = all(&bytes, 3);
        assert_eq!(numbers.len(), 4 + 16 + 3);
        for first in 0..numbers.len() {
            for over in 0..=numbers.len() - first {
                let (mut runs, mut sums) = (Runs::new(&bytes, 3), Runs::new(&bytes, 3));
                assert_eq!(runs.sum(first), Some(numbers[..first].iter().sum::<u32>() as usize));
                assert_eq!(runs.skip(over), Some(()));
                assert_eq!(runs.next(), numbers.get(first + over).copied(), "{first} {over}");
                let _ = (0..first).map(|_| sums.next()).count();
                let sum: u32 = numbers[first..first + over].iter().sum();
                assert_eq!(sums.sum(over), Some(sum as usize));
            }
        }
        assert_eq!(Runs::new(&bytes, 3).skip(numbers.len() + 1), None);
        assert_eq!(Runs::new(&bytes, 3).sum(numbers.len() + 1), None);
    }

    #[test]
    fn what_is_cut_off_ends() {
        assert_eq!(all(&[0b11, 0b1000_1000], 3), [0, 1]);
        assert!(all(&[0x80], 3).is_empty());
        assert!(all(&[0xff; 20], 3).is_empty());
        assert!(all(&[4 << 1], 9).is_empty());
        assert_eq!(bits_of(33), None);
    }
}
