//! Bytes with a few of them changed, as disks, transfers and people change them; the same on every run.

/// Numbers that look random and are the same on every run (Steele and others, SplitMix64).
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a seed")]
pub struct Numbers(pub u64);

impl Numbers {
    /// The next number below another.
    pub fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % below.max(1) as u64) as usize
    }
}

/// The bytes with a few of them changed, cut out, doubled or cut off, or with brackets and quotation marks in between.
pub fn mutant(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const BRACKETS: [u8; 4] = [b'[', b'{', b'"', 0xff];
    let mut mutant = bytes.to_vec();
    for _ in 0..=numbers.next(4) {
        let at = numbers.next(mutant.len());
        let end = (at + numbers.next(16)).min(mutant.len());
        match numbers.next(6) {
            0 => mutant.truncate(at),
            1 => drop(mutant.drain(at..end)),
            2 => {
                let copy = mutant.get(at..end).unwrap_or_default().to_vec();
                mutant.splice(at..at, copy);
            }
            3 => {
                let some = BRACKETS.into_iter().take(1 + numbers.next(4));
                mutant.splice(at..at, some);
            }
            _ => {
                let byte = numbers.next(256) as u8;
                let place = at.min(end.saturating_sub(1));
                mutant.get_mut(place).map(|place| *place = byte).unwrap_or_default();
            }
        }
    }
    mutant
}

/// So many mutants a test looks at: what `KAGIMORI_MUTANTS` says, or so many.
pub fn count(usually: u64) -> u64 {
    std::env::var("KAGIMORI_MUTANTS").ok().and_then(|count| count.parse().ok()).unwrap_or(usually)
}

/// The seed that `KAGIMORI_SEED` says, or 1.
pub fn seed() -> u64 {
    std::env::var("KAGIMORI_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}
