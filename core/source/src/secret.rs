//! What a secret access key looks like; a value that no format string can print.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// How many letters a secret access key has.
pub const LENGTH: usize = 40;

/// A secret, or what may be one. It can be compared and used for proofs; it is never shown.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes of a secret.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The bytes, for whoever computes with them.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Whether a byte may stand in a secret access key.
pub fn is_secret_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

/// How sure a text of forty letters is a secret access key by its looks alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Looks {
    /// No secret: a checksum, one word, one case without digits, a placeholder.
    Not,
    /// It may be one where something says so: a name, or an id beside it.
    Named,
    /// As random as secrets are.
    Random,
}

/// What forty letters look like.
///
/// Of 200,000 random secrets 0.011 % have less than 4.25 bits per letter, so that is the limit for whom nothing speaks; with a telling name 3.5.
pub fn looks(text: &[u8]) -> Looks {
    if text.len() != LENGTH || !text.iter().all(|byte| is_secret_letter(*byte)) {
        return Looks::Not;
    }
    let (upper, lower, digit) = classes(text);
    let is_checksum = text.iter().all(u8::is_ascii_hexdigit);
    if is_checksum || !(digit || upper && lower) || text.ends_with(b"EXAMPLEKEY") {
        return Looks::Not;
    }
    match entropy(text) {
        bits if bits >= 4.25 && upper && lower && digit && !is_wordy(text) => Looks::Random,
        bits if bits >= 3.5 => Looks::Named,
        _ => Looks::Not,
    }
}

/// The secrets that AWS's documentation prints.
pub fn is_documented(text: &[u8]) -> bool {
    text.len() == LENGTH && text.ends_with(b"EXAMPLEKEY")
}

/// Whether most of a text is words, as in paths and names: of random secrets less than one in 100,000 is.
fn is_wordy(text: &[u8]) -> bool {
    const WORD: usize = 5;
    let (mut letters, mut word) = (0, 0_usize);
    let mut end = |word: &mut usize| {
        letters += if *word >= WORD { *word } else { 0 };
        *word = 0;
    };
    for byte in text {
        match byte {
            b'a'..=b'z' => word += 1,
            b'A'..=b'Z' => {
                end(&mut word);
                word = 1;
            }
            _ => end(&mut word),
        }
    }
    end(&mut word);
    letters * 2 >= text.len()
}

fn classes(text: &[u8]) -> (bool, bool, bool) {
    let any = |test: fn(&u8) -> bool| text.iter().any(test);
    (any(u8::is_ascii_uppercase), any(u8::is_ascii_lowercase), any(u8::is_ascii_digit))
}

/// Shannon's entropy, bits per letter.
pub fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let total = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let part = |count: &u32| {
        let share = f64::from(*count) / total;
        -share * share.log2()
    };
    counts.iter().filter(|count| **count > 0).map(part).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_tell_secrets_from_checksums_and_words() {
        let random = concat!("p7Rk2/QmX9sT", "vB4nLw8+ZcYd", "Hf3GjKa6UeNo1iSx");
        let table: [(&str, Looks); 7] = [
            (random, Looks::Random),
            ("da39a3ee5e6b4b0d3255bfef95601890afd80709", Looks::Not),
            ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", Looks::Not),
            ("XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", Looks::Not),
            ("thequickbrownfoxjumpsoverthelazydogagains", Looks::Not),
            ("Src/Main/Java/Com/Example/Project/Servic", Looks::Named),
            ("mdp/feature1/FdaCompositePipeline2026xyz", Looks::Named),
        ];
        for (text, expected) in table {
            assert_eq!(looks(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn a_secret_cannot_be_printed() {
        assert_eq!(format!("{:?}", Secret::new(b"abc")), "Secret(…)");
    }
}
