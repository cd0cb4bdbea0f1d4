//! The generator's randomness: SplitMix64, one stream per label.
//!
//! A stream depends on the seed and its label only, so adding a person to the cast does not reshuffle everybody else.
//! SplitMix64 is Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014); public domain.

use std::collections::VecDeque;

/// One stream of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
    /// Numbers to give out first.
    tape: VecDeque<u8>,
}

/// The alphabet of AWS's unique ids and key ids.
const BASE32: [char; 32] = [
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U',
    'V', 'W', 'X', 'Y', 'Z', '2', '3', '4', '5', '6', '7',
];

impl Random {
    /// The stream of a label. The label is mixed in by FNV-1a.
    pub(crate) fn new(seed: u64, label: &str) -> Self {
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        let hash = label.bytes().fold(0xCBF2_9CE4_8422_2325, mix);
        let mut random = Self { state: seed ^ hash, tape: VecDeque::new() };
        random.next();
        random
    }

    /// The stream that gives out these bytes one by one, and then goes on by itself: a fuzzer leads it.
    pub(crate) fn led_by(bytes: &[u8]) -> Self {
        Self { tape: bytes.iter().copied().collect(), ..Self::new(0, "led") }
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        if let Some(byte) = self.tape.pop_front() {
            return u64::from(byte);
        }
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `low..high`; `low` when the range is empty.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.saturating_sub(low).max(1).unsigned_abs();
        low.saturating_add_unsigned(self.next() % span)
    }

    /// True in `percent` of cases.
    pub(crate) fn chance(&mut self, percent: i64) -> bool {
        self.between(0, 100) < percent
    }

    /// One of several. `None` when there are none.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let index = self.between(0, i64::try_from(from.len()).unwrap_or(i64::MAX));
        usize::try_from(index).ok().and_then(|index| from.get(index))
    }

    /// One of several texts; empty when there are none.
    pub(crate) fn word(&mut self, from: &[&'static str]) -> &'static str {
        self.pick(from).copied().unwrap_or_default()
    }

    /// Letters and digits of AWS's ids.
    pub(crate) fn base32(&mut self, length: usize) -> String {
        (0..length).filter_map(|_| self.pick(&BASE32)).collect()
    }

    /// A version 4 UUID, as event ids are.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFF,
            ((low >> 48) & 0x3FFF) | 0x8000,
            low & 0xFFFF_FFFF_FFFF
        )
    }
}
