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

/// The name that a form of ours carries; another is none.
pub(crate) fn of_form(text: &str) -> Option<RequestId> {
    let (second, other) = text.strip_prefix('r')?.split_once('-')?;
    let is_ours = |part: &str, count: usize| {
        part.len() == count && part.bytes().all(|letter| LETTERS.contains(&letter))
    };
    (is_ours(second, 7) && is_ours(other, 5)).then(|| RequestId::parse(text).ok()).flatten()
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

    #[test]
    fn a_form_carries_a_name_of_ours_or_none() {
        let own = request(Timestamp::from_second(1_800_000_000).unwrap()).unwrap();
        assert_eq!(of_form(own.as_str()), Some(own.clone()));
        for other in [
            "",
            "r",
            "p-0123456789abcdef01234567",
            "r0000000-0000",
            "r0000000-0000l",
            "r0000000_00000",
            "R0000000-00000",
            "../../etc",
        ] {
            assert_eq!(of_form(other), None, "{other}");
        }
    }
}
