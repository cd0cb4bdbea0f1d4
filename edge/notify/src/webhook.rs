//! The signature of a Standard Webhook (Standard Webhooks 1.0.0, "Signature scheme").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use kagimori_notice::Reference;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::Unsent;
use crate::secret::Secrets;

/// How many bytes a secret has ("between 24 bytes (192 bits) and 64 bytes (512 bits)").
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The three headers: with a signature for each secret, so that the receiver may know the new one or the one before.
pub(crate) fn headers(
    references: &[Reference],
    secrets: &mut Secrets<'_>,
    id: &str,
    now: Timestamp,
    body: &str,
) -> Result<Vec<(&'static str, SecretString)>, Unsent> {
    let timestamp = now.as_second().to_string();
    let mut signatures = Vec::new();
    for reference in references {
        let key =
            key(&secrets.get(reference)?).map_err(|why| Unsent::channel(format!("`{reference}` {why}")))?;
        signatures.push(signature(&key, id, &timestamp, body));
    }
    Ok(vec![
        ("webhook-id", SecretString::from(id)),
        ("webhook-timestamp", SecretString::from(timestamp)),
        ("webhook-signature", SecretString::from(signatures.join(" "))),
    ])
}

/// The bytes behind `whsec_`.
fn key(secret: &SecretString) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let encoded = secret.expose_secret().strip_prefix("whsec_").ok_or("does not begin with `whsec_`")?;
    let key = BASE64.decode(encoded).map_err(|_| "is no base64 behind `whsec_`")?;
    let key = Zeroizing::new(key);
    if SECRET_BYTES.contains(&key.len()) { Ok(key) } else { Err("has not between 24 and 64 bytes") }
}

/// `v1,` and the HMAC of exactly what is sent.
fn signature(key: &[u8], id: &str, timestamp: &str, body: &str) -> String {
    // A key of any length makes an HMAC.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    for part in [id, ".", timestamp, ".", body] {
        mac.update(part.as_bytes());
    }
    format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn the_known_signature() {
        let key = key(&SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap();
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn only_secrets_of_the_standard_are_secrets() {
        let of = |bytes: usize| format!("whsec_{}", BASE64.encode(vec![7_u8; bytes]));
        for (text, is_one) in [
            (of(24), true),
            (of(64), true),
            (of(23), false),
            (of(65), false),
            ("whsec_***".to_owned(), false),
            (BASE64.encode([7; 32]), false),
            ("whsk_x".to_owned(), false),
        ] {
            assert_eq!(key(&SecretString::from(text.as_str())).is_ok(), is_one, "{text}");
        }
    }
}
