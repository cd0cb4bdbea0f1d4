//! Codes of a second factor (HOTP, RFC 4226; TOTP, RFC 6238).

use std::fmt;

use ring::hmac;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The bytes of a secret: RFC 4226 §4 asks for 16 at least, and AWS's have 40. Some issuers have 10.
pub const SECRET_BYTES: std::ops::RangeInclusive<usize> = 10..=128;

/// The hash of the codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(clippy::exhaustive_enums, reason = "those of RFC 6238")]
pub enum Algorithm {
    /// SHA-1: AWS's, and almost everybody's.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How codes are made of a secret: what everybody may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Form {
    algorithm: Algorithm,
    digits: u8,
    period: u32,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    algorithm: Algorithm,
    digits: u8,
    period: u32,
}

/// Why there is no such seed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum SeedError {
    /// Digits.
    #[error("a code has 6, 7 or 8 digits")]
    Digits,
    /// Period.
    #[error("a code lasts from 15 to 300 seconds")]
    Period,
    /// Length.
    #[error("a secret has {} to {} bytes", SECRET_BYTES.start(), SECRET_BYTES.end())]
    Length,
}

/// The secret of a second factor. There is no way out of it: it cannot be printed, copied, compared or written. It makes a code against a
/// [`GrantProof`], and is sealed by [`crate::SealedSeed`].
///
/// ```compile_fail
/// fn printed(seed: &kagimori_sealing::Seed) -> String { format!("{seed:?}") }
/// ```
/// ```compile_fail
/// fn copied(seed: &kagimori_sealing::Seed) -> kagimori_sealing::Seed { seed.clone() }
/// ```
/// ```compile_fail
/// fn shown(seed: &kagimori_sealing::Seed) -> String { seed.to_string() }
/// ```
/// ```compile_fail
/// fn granted() -> kagimori_sealing::GrantProof { kagimori_sealing::GrantProof { step: 1 } }
/// ```
#[expect(missing_debug_implementations, reason = "it must not be printed, not even as nothing")]
pub struct Seed {
    secret: Zeroizing<Vec<u8>>,
    form: Form,
}

/// That a code of one seed may be made, for one step: only what checked it all makes one, and it is used up.
#[derive(Debug)]
pub struct GrantProof {
    step: u64,
}

/// A code. It is not printed by accident: whoever shows it says so.
#[expect(missing_debug_implementations, reason = "a code is shown to one person")]
pub struct Code(Zeroizing<String>);

impl Algorithm {
    fn of_hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }
}

impl Form {
    /// What AWS has: SHA-1, 6 digits, 30 seconds.
    pub const AWS: Self = Self { algorithm: Algorithm::Sha1, digits: 6, period: 30 };

    /// Another.
    ///
    /// # Errors
    /// [`SeedError`].
    pub fn new(algorithm: Algorithm, digits: u8, period: u32) -> Result<Self, SeedError> {
        match (digits, period) {
            (6..=8, 15..=300) => Ok(Self { algorithm, digits, period }),
            (6..=8, _) => Err(SeedError::Period),
            _ => Err(SeedError::Digits),
        }
    }

    /// Its hash.
    pub fn algorithm(self) -> Algorithm {
        self.algorithm
    }

    /// How many digits.
    pub fn digits(self) -> u8 {
        self.digits
    }

    /// How long a code lasts, in seconds.
    pub fn period(self) -> u32 {
        self.period
    }

    /// The step of a second since 1970 (RFC 6238 §4.2).
    pub fn step_at(self, unix_seconds: u64) -> u64 {
        // A period is never 0.
        unix_seconds.checked_div(self.period.into()).unwrap_or_default()
    }
}

impl Seed {
    /// A secret that has just come in.
    ///
    /// # Errors
    /// [`SeedError::Length`].
    pub fn new(secret: Zeroizing<Vec<u8>>, form: Form) -> Result<Self, SeedError> {
        if SECRET_BYTES.contains(&secret.len()) { Ok(Self { secret, form }) } else { Err(SeedError::Length) }
    }

    /// How its codes are made.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The code of the step that was granted.
    #[expect(clippy::needless_pass_by_value, reason = "a grant is used up")]
    pub fn code_at(&self, step: u64, grant: GrantProof) -> Option<Code> {
        (grant.step == step).then(|| Code(code(&self.secret, step, self.form)))
    }

    /// A keyed digest, by which the same secret is known when it comes twice. Without the key it tells nothing.
    pub fn fingerprint(&self, key: &[u8; 32]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let tag = hmac::sign(&key, &[b"kagimori/fingerprint/1\n".as_slice(), &self.secret].concat());
        first_32(tag.as_ref())
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }
}

pub(crate) fn first_32(bytes: &[u8]) -> [u8; 32] {
    bytes.first_chunk::<32>().copied().unwrap_or_default()
}

impl GrantProof {
    /// Only what has checked everything calls this.
    pub(crate) fn of(step: u64) -> Self {
        Self { step }
    }
}

impl Code {
    /// Its digits, to be shown to one person.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// HOTP of RFC 4226 §5.3, with the hash of RFC 6238 §1.2.
fn code(secret: &[u8], step: u64, form: Form) -> Zeroizing<String> {
    let tag = hmac::sign(&hmac::Key::new(form.algorithm.of_hmac(), secret), &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag.last().copied().unwrap_or_default() & 0x0f);
    // The shortest tag has 20 bytes, and the offset is 15 at most.
    let truncated = tag.get(offset..).and_then(<[u8]>::first_chunk::<4>).copied().unwrap_or_default();
    let number = u32::from_be_bytes(truncated) & 0x7fff_ffff;
    let digits = usize::from(form.digits);
    let modulus = 10_u32.pow(form.digits.into());
    Zeroizing::new(format!("{:0digits$}", number.checked_rem(modulus).unwrap_or_default()))
}

impl From<Form> for Written {
    fn from(form: Form) -> Self {
        Self { algorithm: form.algorithm, digits: form.digits, period: form.period }
    }
}

impl TryFrom<Written> for Form {
    type Error = SeedError;

    fn try_from(written: Written) -> Result<Self, SeedError> {
        Self::new(written.algorithm, written.digits, written.period)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        })
    }
}

impl SeedError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "begin the ceremony again with the QR code that the console shows"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(secret: &[u8], step: u64, algorithm: Algorithm, digits: u8) -> String {
        let form = Form::new(algorithm, digits, 30).unwrap();
        let seed = Seed::new(Zeroizing::new(secret.to_vec()), form).unwrap();
        seed.code_at(step, GrantProof::of(step)).unwrap().expose().to_owned()
    }

    /// RFC 4226, appendix D.
    #[test]
    fn hotp_is_that_of_the_rfc() {
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
            "520489",
        ];
        for (step, code) in (0..).zip(codes) {
            assert_eq!(told(b"12345678901234567890", step, Algorithm::Sha1, 6), code);
        }
    }

    /// RFC 6238, appendix B: each hash has a secret of its own length, as the erratum 2866 says.
    #[test]
    fn totp_is_that_of_the_rfc() {
        let long = b"1234567890".repeat(7);
        let secrets = [(Algorithm::Sha1, 20), (Algorithm::Sha256, 32), (Algorithm::Sha512, 64)];
        let rows = [
            (59, ["94287082", "46119246", "90693936"]),
            (1_111_111_109, ["07081804", "68084774", "25091201"]),
            (1_111_111_111, ["14050471", "67062674", "99943326"]),
            (1_234_567_890, ["89005924", "91819424", "93441116"]),
            (2_000_000_000, ["69279037", "90698825", "38618901"]),
            (20_000_000_000, ["65353130", "77737706", "47863826"]),
        ];
        for (second, codes) in rows {
            for ((algorithm, length), code) in secrets.into_iter().zip(codes) {
                let step = Form::new(algorithm, 8, 30).unwrap().step_at(second);
                assert_eq!(told(&long[..length], step, algorithm, 8), code, "{second} {algorithm}");
                assert_eq!(told(&long[..length], step, algorithm, 7), code.get(1..).unwrap());
                assert_eq!(told(&long[..length], step, algorithm, 6), code.get(2..).unwrap());
            }
        }
    }

    /// How many, when the one who runs the test says so.
    #[expect(clippy::disallowed_methods, reason = "a test asks how long it may take")]
    fn asked_for() -> u64 {
        std::env::var("KAGIMORI_CODES").ok().and_then(|count| count.parse().ok()).unwrap_or(500)
    }

    fn tag<M: hmac_of_others::Mac + hmac_of_others::KeyInit>(secret: &[u8], step: u64) -> Vec<u8> {
        let mut mac = <M as hmac_of_others::KeyInit>::new_from_slice(secret).unwrap();
        mac.update(&step.to_be_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    /// Random secrets, steps, hashes and digits beside another library's HMAC, and RFC 4226 §5.3 as it reads.
    #[test]
    fn codes_are_those_of_a_second_implementation() {
        use hmac_of_others::Hmac;
        let mut entropy = 0_u64;
        let mut draw = || {
            entropy = entropy.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = entropy;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        for _ in 0..asked_for() {
            let length = 10 + (draw() % 119) as usize;
            let secret: Vec<u8> = (0..length).map(|_| draw() as u8).collect();
            let (step, digits) = (draw() >> (draw() % 64), 6 + (draw() % 3) as u8);
            let (algorithm, tag) = match draw() % 3 {
                0 => (Algorithm::Sha1, tag::<Hmac<sha1::Sha1>>(&secret, step)),
                1 => (Algorithm::Sha256, tag::<Hmac<sha2::Sha256>>(&secret, step)),
                _ => (Algorithm::Sha512, tag::<Hmac<sha2::Sha512>>(&secret, step)),
            };
            let at = usize::from(tag[tag.len() - 1] & 15);
            let bits = u64::from(tag[at] & 0x7f) << 24
                | u64::from(tag[at + 1]) << 16
                | u64::from(tag[at + 2]) << 8
                | u64::from(tag[at + 3]);
            let expected = (bits % 10_u64.pow(digits.into())).to_string();
            let expected = "0".repeat(usize::from(digits) - expected.len()) + &expected;
            assert_eq!(told(&secret, step, algorithm, digits), expected, "{algorithm} {step} {secret:?}");
        }
    }

    #[test]
    fn a_grant_is_for_its_step_alone() {
        let seed = Seed::new(Zeroizing::new(vec![7; 20]), Form::AWS).unwrap();
        assert!(seed.code_at(5, GrantProof::of(4)).is_none());
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for (digits, period) in [(5, 30), (9, 30), (0, 30), (6, 0), (6, 14), (6, 301), (6, u32::MAX)] {
            assert!(Form::new(Algorithm::Sha1, digits, period).is_err(), "{digits} {period}");
        }
        for length in [0, 9, 129] {
            assert!(Seed::new(Zeroizing::new(vec![1; length]), Form::AWS).is_err());
        }
    }

    #[test]
    fn a_fingerprint_knows_the_secret_again_and_hangs_on_its_key() {
        let seed = |byte| Seed::new(Zeroizing::new(vec![byte; 20]), Form::AWS).unwrap();
        assert_eq!(seed(1).fingerprint(&[2; 32]), seed(1).fingerprint(&[2; 32]));
        assert_ne!(seed(1).fingerprint(&[2; 32]), seed(1).fingerprint(&[3; 32]));
        assert_ne!(seed(1).fingerprint(&[2; 32]), seed(2).fingerprint(&[2; 32]));
    }
}
