//! The literals that a scan looks for, all at once: nothing else of a text is looked at unless one of them is there.

use aho_corasick::packed::{Config, MatchKind, Searcher};
use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// What a literal is a sign of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// The prefix of an id.
    Id,
    /// A word of a telling name.
    Name,
    /// A telling label in Japanese.
    Label,
    /// A prefix in base64, once or twice.
    Base64,
    /// gzip in base64.
    Gzip,
    /// A prefix in UTF-16 amid other bytes.
    Utf16,
    /// `NAME-at-ACCOUNT`.
    At,
    /// A long-term key of Bedrock.
    Bedrock,
    /// A token that is a presigned URL.
    Token,
    /// The seed of an MFA device.
    Seed,
    /// A console's sign-in link.
    Console,
    /// A string that was signed.
    Signed,
    /// A token of Identity Center.
    Portal,
}

const PREFIXES: [&str; 5] = ["AKIA", "ASIA", "ABIA", "ACCA", "APKA"];

/// All literals at once.
#[derive(Debug)]
pub(crate) struct Anchors {
    signs: Vec<Sign>,
    packed: Option<Searcher>,
    automaton: AhoCorasick,
}

impl Anchors {
    pub(crate) fn new() -> Result<Self, aho_corasick::BuildError> {
        let literals = literals();
        let signs = literals.iter().map(|(sign, _)| *sign).collect();
        let texts = || literals.iter().map(|(_, text)| text.as_slice());
        let packed = Config::new().match_kind(MatchKind::LeftmostFirst).builder().extend(texts()).build();
        let automaton =
            AhoCorasickBuilder::new().match_kind(aho_corasick::MatchKind::LeftmostFirst).build(texts())?;
        Ok(Self { signs, packed, automaton })
    }

    /// The signs of a text and where they begin and end.
    pub(crate) fn find(&self, text: &[u8]) -> Vec<(Sign, usize, usize)> {
        let sign = |pattern: usize, start, end| self.signs.get(pattern).map(|sign| (*sign, start, end));
        match &self.packed {
            Some(packed) => packed
                .find_iter(text)
                .filter_map(|found| sign(found.pattern().as_usize(), found.start(), found.end()))
                .collect(),
            None => self
                .automaton
                .find_iter(text)
                .filter_map(|found| sign(found.pattern().as_usize(), found.start(), found.end()))
                .collect(),
        }
    }
}

fn literals() -> Vec<(Sign, Vec<u8>)> {
    let mut literals: Vec<(Sign, Vec<u8>)> =
        PREFIXES.iter().map(|text| (Sign::Id, text.as_bytes().to_vec())).collect();
    let others = [
        (Sign::Name, "ecret"),
        (Sign::Name, "ECRET"),
        (Sign::Label, "シークレット"),
        (Sign::Gzip, "H4sIA"),
        (Sign::Utf16, "A\0K\0I\0A"),
        (Sign::Utf16, "A\0S\0I\0A"),
        (Sign::At, "-at-"),
        (Sign::Bedrock, "ABSK"),
        (Sign::Token, "bedrock-api-key-"),
        (Sign::Token, "k8s-aws-v1."),
        (Sign::Seed, "otpauth://"),
        (Sign::Console, "signin.aws.amazon.com/console"),
        (Sign::Signed, "AWS4-HMAC-SHA256"),
        (Sign::Portal, "\"accessToken\""),
    ];
    literals.extend(others.map(|(sign, text)| (sign, text.as_bytes().to_vec())));
    let once: Vec<Vec<u8>> = ["AKIA", "ASIA"].iter().flat_map(|text| in_base64(text.as_bytes())).collect();
    let twice: Vec<Vec<u8>> = once.iter().flat_map(|text| in_base64(text)).collect();
    // UTF-16 in base64: what PowerShell takes as `-EncodedCommand`
    let wide = ["A\0K\0I\0A", "A\0S\0I\0A"].iter().flat_map(|text| in_base64(text.as_bytes()));
    literals.extend(once.into_iter().chain(twice).chain(wide).map(|text| (Sign::Base64, text)));
    literals
}

/// The letters that a text leaves in base64, however it is aligned: three spellings, without the letters that its neighbours share.
fn in_base64(text: &[u8]) -> Vec<Vec<u8>> {
    let spelling = |before: usize| {
        let padded = [vec![0; before], text.to_vec()].concat();
        let letters = STANDARD_NO_PAD.encode(&padded);
        // letters whose six bits lie wholly inside the text
        let first = (before * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        letters.as_bytes().get(first..last).unwrap_or_default().to_vec()
    };
    (0..3).map(spelling).filter(|letters| letters.len() >= 4).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_in_base64_have_three_spellings() {
        let spelled = |text: &str| -> Vec<String> {
            in_base64(text.as_bytes()).into_iter().map(|text| String::from_utf8(text).unwrap()).collect()
        };
        assert_eq!(spelled("AKIA"), ["QUtJQ", "FLSU", "BS0lB"]);
        assert_eq!(spelled("ASIA"), ["QVNJQ", "FTSU", "BU0lB"]);
    }

    #[test]
    fn each_sign_is_found_by_either_searcher() {
        let mut anchors = Anchors::new().unwrap();
        let text = "x AKIA y ecret QUtJQ シークレット";
        let found = anchors.find(text.as_bytes());
        assert_eq!(
            found.iter().map(|(sign, ..)| *sign).collect::<Vec<_>>(),
            [Sign::Id, Sign::Name, Sign::Base64, Sign::Label]
        );
        anchors.packed = None;
        assert_eq!(anchors.find(text.as_bytes()), found);
    }
}
