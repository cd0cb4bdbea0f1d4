//! AWS Signature Version 4 (IAM User Guide, "Create a signed AWS API request").

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use kagimori_id::hex;
use kagimori_session::credentials::Signer;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The media type of the query protocol, which is signed.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// What is signed.
pub(crate) struct Message<'a> {
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    /// As it is sent.
    pub(crate) path: &'a str,
    /// Neither sorted nor encoded.
    pub(crate) query: &'a [(String, String)],
    /// Those that are signed beside the host and the date, names in small letters.
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a [u8],
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    pub(crate) at: Timestamp,
    /// S3 signs the path as it is sent; all others encode it once more.
    pub(crate) signs_path_once: bool,
}

/// The headers that carry the signature: `x-amz-date`, `authorization`.
pub(crate) struct Signature {
    pub(crate) date: String,
    pub(crate) authorization: String,
}

/// Signs a message.
pub(crate) fn sign(message: &Message<'_>, signer: &Signer<'_>) -> Signature {
    let date = basic_time(message.at);
    let day = date.get(..8).unwrap_or_default();
    let scope = format!("{day}/{}/{}/aws4_request", message.region, message.service);
    let (request, signed_headers) = canonical_request(message, signer.session_token(), &date);
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(request.as_bytes())));
    let secret = Zeroizing::new(format!("AWS4{}", signer.secret_access_key()));
    let mut key = hmac(secret.as_bytes(), day);
    for part in [message.region, message.service, "aws4_request"] {
        key = hmac(&*key, part);
    }
    let signature = hex(&*hmac(&*key, &text));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={signed_headers}, Signature={signature}",
        signer.access_key_id()
    );
    Signature { date, authorization }
}

fn canonical_request(message: &Message<'_>, token: Option<&str>, date: &str) -> (Zeroizing<String>, String) {
    let own = [("host", message.host), ("x-amz-date", date)];
    let given = message.headers.iter().map(|(name, value)| (name.as_str(), value.trim()));
    let token = token.map(|token| ("x-amz-security-token", token));
    let mut headers: Vec<(&str, &str)> = own.into_iter().chain(given).chain(token).collect();
    headers.sort_unstable();
    let signed = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let path = if message.path.is_empty() { "/" } else { message.path };
    let mut request = Zeroizing::new(format!("{}\n", message.method));
    if message.signs_path_once {
        request.push_str(path);
    } else {
        for (index, part) in path.split('/').enumerate() {
            if index > 0 {
                request.push('/');
            }
            escape(part, &mut request);
        }
    }
    request.push_str(&format!("\n{}\n", query(message.query)));
    for (name, value) in headers {
        request.push_str(&format!("{name}:{value}\n"));
    }
    request.push_str(&format!("\n{signed}\n{}", hex(&Sha256::digest(message.body))));
    (request, signed)
}

/// A query as it is signed and sent: encoded, then sorted.
pub(crate) fn query(pairs: &[(String, String)]) -> String {
    let encoded = |text: &str| {
        let mut out = String::new();
        escape(text, &mut out);
        out
    };
    let mut pairs: Vec<_> = pairs.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn hmac(key: &[u8], text: &str) -> Zeroizing<[u8; 32]> {
    // HMAC takes keys of any length (RFC 2104, section 2); the other arm is never taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Zeroizing::new([0; 32]) };
    mac.update(text.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// `20150830T123600Z`
fn basic_time(at: Timestamp) -> String {
    let seconds = Timestamp::from_second(at.as_second()).unwrap_or(at);
    seconds.to_string().chars().filter(|letter| !matches!(letter, '-' | ':')).collect()
}

/// `key=value&…` with everything but RFC 3986's unreserved characters escaped.
pub(crate) fn form(fields: &[(String, String)]) -> Zeroizing<String> {
    let mut body = Zeroizing::new(String::new());
    for (key, value) in fields {
        if !body.is_empty() {
            body.push('&');
        }
        escape(key, &mut body);
        body.push('=');
        escape(value, &mut body);
    }
    body
}

/// Escapes everything but RFC 3986's unreserved characters.
pub(crate) fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex(&[byte]).to_uppercase());
        }
    }
}

#[cfg(test)]
mod tests {
    use kagimori_session::credentials::{LongTermKey, SessionCredentials};

    use super::*;

    /// The expectations were signed by botocore 1.43.11's `SigV4Auth` with the same values.
    #[test]
    fn signs_as_botocore_does() {
        let key = LongTermKey {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
        };
        let at: Timestamp = "2015-08-30T12:36:00Z".parse().unwrap();
        let headers = [("content-type".to_owned(), FORM.to_owned())];
        let post = Message {
            method: "POST",
            host: "sts.amazonaws.com",
            path: "/",
            query: &[],
            headers: &headers,
            body: b"Action=GetCallerIdentity&Version=2011-06-15",
            region: "us-east-1",
            service: "sts",
            at,
            signs_path_once: false,
        };
        let signature = sign(&post, &Signer::LongTerm(&key));
        assert_eq!(signature.date, "20150830T123600Z");
        assert_eq!(
            signature.authorization.rsplit_once("Signature=").unwrap().1,
            include_str!("sign/long-term.txt").trim()
        );
        let session = SessionCredentials {
            access_key_id: "ASIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: key.secret_access_key.clone(),
            session_token: "FwoGZXIvYXdzEXAMPLE//token==".into(),
            expiration: at,
        };
        let signature = sign(&post, &Signer::Session(&session));
        assert_eq!(
            signature.authorization.rsplit_once("Signature=").unwrap().1,
            include_str!("sign/session.txt").trim()
        );
    }

    #[test]
    fn forms_are_escaped() {
        let fields = [("A b".to_owned(), "arn:aws:iam::1:role/x&y=鍵".to_owned())];
        assert_eq!(*form(&fields), "A%20b=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx%26y%3D%E9%8D%B5");
    }
}
