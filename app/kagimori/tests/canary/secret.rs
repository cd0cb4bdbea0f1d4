//! Made-up secrets, and how they are written.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Two secrets: one that looks like an access key's, and words that only their name gives away.
pub(crate) struct Secrets {
    pub(crate) seed: u64,
    pub(crate) key: String,
    pub(crate) word: String,
}

impl Secrets {
    pub(crate) fn make() -> Self {
        let seed = std::env::var("KAGIMORI_CANARY").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
        let mut numbers = Numbers(seed);
        let letters = ["ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789"];
        let all = letters.concat();
        // All three kinds are in it, as in any that AWS makes but one in thousands; and a slash, as in every second.
        let mut key: String = letters.iter().map(|kind| numbers.pick(kind)).collect();
        (0..16).for_each(|_| key.push(numbers.pick(&all)));
        key.push('/');
        (0..20).for_each(|_| key.push(numbers.pick(&all)));
        let word = (0..18).map(|_| numbers.pick(letters[1])).collect();
        Self { seed, key, word }
    }
}

/// Numbers that look random and are the same on every run (Steele and others, SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn pick(&mut self, of: &str) -> char {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let at = (mixed ^ (mixed >> 31)) % of.chars().count() as u64;
        of.chars().nth(at as usize).unwrap()
    }
}

/// One way to write a secret.
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) text: String,
    /// Written in JSON as `\u0041` and so on.
    pub(crate) is_escaped: bool,
}

/// The ways, twelve and what joins.
pub(crate) fn forms(secret: &str) -> Vec<Form> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percents: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let inner = serde_json::json!({ "note": secret }).to_string();
    let inner = serde_json::Value::from(inner).to_string();
    [
        ("plain", secret.to_owned()),
        ("base64", STANDARD.encode(secret)),
        ("base64url", URL_SAFE_NO_PAD.encode(secret)),
        ("hex", hex.clone()),
        ("HEX", hex.to_ascii_uppercase()),
        ("percents", percents),
        ("json-escapes", secret.to_owned()),
        ("json-in-json", serde_json::Value::from(inner).to_string()),
        ("base32", base32(secret.as_bytes())),
        ("utf-16", STANDARD.encode(wide)),
        ("gzip", STANDARD.encode(gzip(secret.as_bytes()))),
        ("joined_", format!("prod_{secret}")),
        ("joined-", format!("a-{secret}-b")),
        ("joined/", format!("a/{secret}/b")),
        ("joined=", format!("key={secret}")),
    ]
    .map(|(name, text)| Form { name, text, is_escaped: name == "json-escapes" })
    .into()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// RFC 4648, section 6, without padding.
fn base32(bytes: &[u8]) -> String {
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let groups = bits.as_bytes().chunks(5).map(|group| {
        let group = format!("{:0<5}", String::from_utf8_lossy(group));
        char::from(digits[usize::from_str_radix(&group, 2).unwrap()])
    });
    groups.collect()
}
