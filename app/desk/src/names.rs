//! The names of requests: they sort by time, and can be read out at night.

use jiff::Timestamp;
use kagimori_custody::RequestId;

use crate::random::{self, NoRandom};

/// Crockford's letters: none is taken for another.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A name for a request of now: seven letters of the second, five that nobody knows before.
///
/// # Errors
/// [`NoRandom`].
pub(crate) fn request(now: Timestamp) -> Result<RequestId, NoRandom> {
    let second = u64::try_from(now.as_second()).unwrap_or(0);
    let other = u64::from(u32::from_be_bytes(random::bytes::<4>()?));
    let text = format!("r{}-{}", letters(second, 7), letters(other, 5));
    RequestId::parse(&text).map_err(|_| NoRandom)
}

fn letters(number: u64, count: u32) -> String {
    let letter = |place: u32| {
        let index = usize::try_from(number >> place.saturating_mul(5) & 31).unwrap_or(0);
        LETTERS.get(index).copied().map_or('0', char::from)
    };
    (0..count).rev().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_differ() {
        let at = |second: i64| request(Timestamp::from_second(second).unwrap()).unwrap();
        assert!(at(1_800_000_000) < at(1_800_000_001));
        assert_ne!(at(1_800_000_000), at(1_800_000_000));
        assert_eq!(at(1_800_000_000).as_str().len(), 14);
    }
}
