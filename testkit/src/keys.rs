//! Keys that look as AWS's do and are nobody's: made when a test runs, from a number, and written in no file of the repository.

/// The letters of ids.
const ID_LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The letters of secrets.
const SECRET_LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A mixture of a number (splitmix64).
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn letter(letters: &[u8], number: u64) -> char {
    let length = u64::try_from(letters.len()).unwrap_or(1);
    let at = usize::try_from(number % length).unwrap_or_default();
    letters.get(at).copied().map_or('A', char::from)
}

/// A key id (`AKIA…`, `ASIA…`) that holds its account, as ids made since 2019 do.
pub fn id(prefix: &str, account: u64, number: u64) -> String {
    let value = (1 << 59) | ((account & ((1 << 40) - 1)) << 19) | (mixed(number) & ((1 << 19) - 1));
    let inside = (0..12).rev().map(|at| letter(ID_LETTERS, value >> (5 * at) & 31));
    let rest = (0..4).map(|at| letter(ID_LETTERS, mixed(number ^ (at + 1) << 40)));
    prefix.chars().chain(inside).chain(rest).collect()
}

/// A secret of forty letters, with both cases, digits, `+` and `/`.
pub fn secret(number: u64) -> String {
    let mut text: Vec<char> =
        (0..40).map(|at| letter(SECRET_LETTERS, mixed(number.wrapping_mul(97) + at))).collect();
    for (at, sign) in [(5, '/'), (17, '+'), (23, '7'), (29, 'q'), (31, 'X')] {
        if let Some(place) = text.get_mut(at) {
            *place = sign;
        }
    }
    text.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_their_form_and_differ() {
        assert_eq!((id("AKIA", 444_455_556_666, 1).len(), secret(1).len()), (20, 40));
        assert_ne!(id("AKIA", 444_455_556_666, 1), id("AKIA", 444_455_556_666, 2));
        assert_ne!(secret(1), secret(2));
    }
}
