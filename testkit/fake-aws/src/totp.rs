//! One-time codes: RFC 6238 with SHA-1, six digits, steps of 30 seconds, as AWS's virtual MFA devices have them.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha1::Sha1;

/// The length of a step (RFC 6238, section 5.2).
pub(crate) const STEP_SECONDS: i64 = 30;

/// The step a moment is in.
pub(crate) fn step(now: Timestamp) -> i64 {
    now.as_second().div_euclid(STEP_SECONDS)
}

/// The code of a step, with its leading zeroes.
pub(crate) fn code(seed: &[u8], step: i64) -> String {
    format!("{:06}", truncated(seed, step) % 1_000_000)
}

/// The 31 bits of which a code's digits are taken (RFC 4226, section 5.3).
fn truncated(seed: &[u8], step: i64) -> u32 {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha1>::new_from_slice(seed).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest.last().copied().unwrap_or_default() & 0x0f);
    let four = digest.get(offset..offset + 4).unwrap_or_default();
    four.iter().fold(0, |bits, byte| (bits << 8) | u32::from(*byte)) & 0x7fff_ffff
}

/// Base32 without padding (RFC 4648, section 6); the seeds have whole groups of five bytes.
pub(crate) fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for group in bytes.chunks(5) {
        let bits =
            group.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte)) << (8 * (5 - group.len()));
        let letters = (group.len() * 8).div_ceil(5);
        for place in 0..letters {
            let index = usize::try_from((bits >> (35 - 5 * place)) & 31).unwrap_or_default();
            text.push(LETTERS.get(index).copied().map_or('A', char::from));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{base32, code, truncated};

    /// RFC 6238, appendix B, the rows of SHA-1.
    #[test]
    fn the_vectors_of_the_rfc() {
        let seed = b"12345678901234567890";
        for (seconds, expected) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let step = seconds / super::STEP_SECONDS;
            assert_eq!(format!("{:08}", truncated(seed, step) % 100_000_000), expected, "{seconds}");
            assert_eq!(Some(code(seed, step).as_str()), expected.get(2..), "{seconds}");
        }
    }

    /// RFC 4648, section 10.
    #[test]
    fn base32_of_the_rfc() {
        for (bytes, expected) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), expected);
        }
    }
}
