//! Whether a secret belongs to an id, told by what else lies in the tree: an SMTP password of SES, a presigned URL, a logged string to sign.
//!
//! Nothing is asked of AWS: the same computation that the holder of the secret made is made again.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::secret::Secret;

/// Regions with an SMTP interface of SES (AWS General Reference, "Amazon SES endpoints"), and those that may get one.
pub const SMTP_REGIONS: [&str; 35] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-7",
    "ap-south-1",
    "ap-south-2",
    "ap-east-1",
    "eu-central-1",
    "eu-central-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "ca-central-1",
    "ca-west-1",
    "sa-east-1",
    "me-south-1",
    "me-central-1",
    "af-south-1",
    "il-central-1",
    "mx-central-1",
    "us-gov-west-1",
    "us-gov-east-1",
    "cn-north-1",
];

/// Which kind of SMTP password a secret makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Smtp {
    /// Version 4, of one Region.
    Region(&'static str),
    /// Version 2, of every Region; AWS makes no new ones, and takes the old ones.
    Old,
}

/// An HMAC with SHA-256.
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

fn hmac_sha1(key: &[u8], message: &[u8]) -> [u8; 20] {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key) else { return [0; 20] };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// The key of a day, Region and service (IAM User Guide, "Create a signed AWS API request", step 4).
fn signing_key(secret: &Secret, date: &str, region: &str, service: &str) -> [u8; 32] {
    let first = zeroize::Zeroizing::new([b"AWS4", secret.expose()].concat());
    let steps = [date, region, service, "aws4_request"];
    let (first_step, rest) = (hmac_sha256(&first, steps[0].as_bytes()), &steps[1..]);
    rest.iter().fold(first_step, |key, step| hmac_sha256(&key, step.as_bytes()))
}

/// The SMTP password of a secret (SES Developer Guide, "Obtaining Amazon SES SMTP credentials by converting existing AWS credentials").
fn smtp_password(secret: &Secret, kind: Smtp) -> String {
    let (version, signature) = match kind {
        Smtp::Region(region) => {
            (4, hmac_sha256(&signing_key(secret, "11111111", region, "ses"), b"SendRawEmail"))
        }
        Smtp::Old => (2, hmac_sha256(secret.expose(), b"SendRawEmail")),
    };
    STANDARD_NO_PAD.encode([&[version][..], &signature].concat())
}

/// The password of a secret in Tokyo.
#[cfg(test)]
pub(crate) fn smtp_password_for_tests(secret: &str) -> String {
    smtp_password(&Secret::new(secret.as_bytes()), Smtp::Region("ap-northeast-1"))
}

/// Which SMTP password this is of a secret, if it is one.
pub fn smtp(secret: &Secret, password: &Secret) -> Option<Smtp> {
    let kinds = SMTP_REGIONS.into_iter().map(Smtp::Region).chain([Smtp::Old]);
    let mut kinds = kinds.filter(|kind| same(smtp_password(secret, *kind).as_bytes(), password.expose()));
    kinds.next()
}

/// Whether text has the form of an SMTP password of SES: one version byte and 32 more, in base64 without padding.
pub fn is_smtp_password(text: &[u8]) -> bool {
    let begins = match text {
        [b'B', second, ..] => (b'A'..=b'P').contains(second),
        [b'A', second, ..] => (b'g'..=b'v').contains(second),
        _ => false,
    };
    begins && text.len() == 44 && text.iter().all(|byte| crate::secret::is_secret_letter(*byte))
}

/// What a request was signed with: the scope and the string that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the four parts of a signature of version 4")]
pub struct Signed {
    /// `YYYYMMDD`.
    pub date: String,
    /// The Region of the scope.
    pub region: String,
    /// The service of the scope.
    pub service: String,
    /// The string to sign.
    pub string_to_sign: String,
    /// The signature, in hexadecimal digits.
    pub signature: String,
}

/// Whether the secret made the signature (version 4).
pub fn signed(secret: &Secret, signed: &Signed) -> bool {
    let key = signing_key(secret, &signed.date, &signed.region, &signed.service);
    same(
        kagimori_id::hex(&hmac_sha256(&key, signed.string_to_sign.as_bytes())).as_bytes(),
        signed.signature.as_bytes(),
    )
}

/// What version 2 of S3's query authentication signs.
pub fn signed_v2(secret: &Secret, string_to_sign: &str, signature: &str) -> bool {
    let made = base64::engine::general_purpose::STANDARD
        .encode(hmac_sha1(secret.expose(), string_to_sign.as_bytes()));
    same(made.as_bytes(), signature.as_bytes())
}

fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// The SHA-256 of bytes, as signatures want it.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    kagimori_id::hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    #[test]
    fn smtp_passwords_are_told_by_their_secret() {
        // computed by the code that AWS prints (smtp_credentials_generate.py)
        let table = [
            ("some+secret+key", Smtp::Region("eu-central-1"), "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
            ("some+secret+key", Smtp::Region("us-west-1"), "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"),
            (EXAMPLE, Smtp::Region("us-east-1"), "BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9"),
            (EXAMPLE, Smtp::Old, "An60U4ZD3sd4fg+FvXUjayOipTt8LO4rUUmhpdX6ctDy"),
        ];
        for (secret, kind, password) in table {
            assert!(is_smtp_password(password.as_bytes()), "{password}");
            let password = Secret::new(password.as_bytes());
            assert_eq!(smtp(&Secret::new(secret.as_bytes()), &password), Some(kind));
            assert_eq!(smtp(&Secret::new(b"another+secret"), &password), None);
        }
    }

    #[test]
    fn a_signature_proves_the_secret() {
        // S3 API Reference, "Authenticating Requests: Using Query Parameters": the published example
        let canonical = "GET\n/test.txt\nX-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F\
                         us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\n\
                         host:examplebucket.s3.amazonaws.com\n\nhost\nUNSIGNED-PAYLOAD";
        let string_to_sign = format!(
            "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n{}",
            sha256_hex(canonical.as_bytes())
        );
        let given = Signed {
            date: "20130524".to_owned(),
            region: "us-east-1".to_owned(),
            service: "s3".to_owned(),
            string_to_sign,
            signature: "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404".to_owned(),
        };
        assert!(signed(&Secret::new(EXAMPLE.as_bytes()), &given));
        assert!(!signed(&Secret::new(b"another"), &given));
    }
}
