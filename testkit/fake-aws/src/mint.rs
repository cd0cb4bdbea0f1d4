//! Deals out ids, secrets, tokens and seeds from a number. Nothing here is random, and everything looks it: two fakes with
//! one seed deal out the same in the same order.

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub(crate) struct Mint {
    state: u64,
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// What every secret access key of the fake begins with, so that nobody takes one for real.
const SECRET_MARK: &str = "fictional/";
/// What every session token begins with.
const TOKEN_MARK: &str = "FictionalSessionToken//";

impl Mint {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn text(&mut self, letters: &[u8], length: usize) -> String {
        let count = letters.len() as u64;
        let letter = |number: u64| {
            let place = usize::try_from(number % count).unwrap_or_default();
            letters.get(place).copied().map_or('A', char::from)
        };
        (0..length).map(|_| letter(self.next() >> 8)).collect()
    }

    /// `AKIA…`, `ASIA…`, `AIDA…`, `AROA…`: 20 letters (AKIA) or 21 (AIDA, AROA), as AWS's are.
    pub(crate) fn id(&mut self, prefix: &str, length: usize) -> String {
        let head = format!("{prefix}FAKE");
        let rest = length.saturating_sub(head.len());
        head + &self.text(BASE32, rest)
    }

    /// 40 letters.
    pub(crate) fn secret(&mut self) -> String {
        SECRET_MARK.to_owned() + &self.text(BASE64, 40 - SECRET_MARK.len())
    }

    /// A session token of a length.
    pub(crate) fn token(&mut self, length: usize) -> String {
        TOKEN_MARK.to_owned() + &self.text(BASE64, length.saturating_sub(TOKEN_MARK.len()))
    }

    /// The 40 bytes of an MFA device: AWS's seeds are 64 letters of base32.
    pub(crate) fn mfa_seed(&mut self) -> Vec<u8> {
        (0..40).map(|_| (self.next() >> 8).to_le_bytes()[0]).collect()
    }

    /// The shape of a UUID.
    pub(crate) fn request_id(&mut self) -> String {
        let parts: Vec<String> = [8, 4, 4, 4, 12].iter().map(|length| self.text(HEX, *length)).collect();
        parts.join("-")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Mint;

    #[test]
    fn shapes() {
        let mut mint = Mint::new(7);
        let id = mint.id("ASIA", 20);
        assert!(id.len() == 20 && id.starts_with("ASIAFAKE"), "{id}");
        assert_eq!(mint.secret().len(), 40);
        assert_eq!(mint.token(356).len(), 356);
        assert_eq!(mint.mfa_seed().len(), 40);
        assert_eq!(mint.request_id().len(), 36);
    }

    #[test]
    fn a_seed_deals_out_the_same_and_no_id_twice() {
        let ids = |seed| (0..10_000).scan(Mint::new(seed), |mint, _| Some(mint.id("ASIA", 20))).collect();
        let first: BTreeSet<String> = ids(3);
        assert_eq!(first.len(), 10_000);
        assert_eq!(first, ids(3));
        assert_ne!(first, ids(4));
    }
}
