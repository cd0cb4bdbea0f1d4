//! AWS Signature Version 4 of one POST of a form (IAM User Guide, "Create a signed AWS API request").

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use kagimori_id::hex;
use kagimori_session::credentials::Signer;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The media type of the query protocol, which is signed.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// What is signed.
pub(crate) struct Post<'a> {
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    pub(crate) at: Timestamp,
}

/// The headers that carry the signature: `x-amz-date`, `authorization`.
pub(crate) struct Signature {
    pub(crate) date: String,
    pub(crate) authorization: String,
}

/// Signs a POST.
pub(crate) fn sign(post: &Post<'_>, signer: &Signer<'_>) -> Signature {
    let date = basic_time(post.at);
    let day = date.get(..8).unwrap_or_default();
    let scope = format!("{day}/{}/{}/aws4_request", post.region, post.service);
    let (request, signed_headers) = canonical_request(post, signer.session_token(), &date);
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(request.as_bytes())));
    let secret = Zeroizing::new(format!("AWS4{}", signer.secret_access_key()));
    let mut key = hmac(secret.as_bytes(), day);
    for part in [post.region, post.service, "aws4_request"] {
        key = hmac(&*key, part);
    }
    let signature = hex(&*hmac(&*key, &text));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={signed_headers}, Signature={signature}",
        signer.access_key_id()
    );
    Signature { date, authorization }
}

fn canonical_request(post: &Post<'_>, token: Option<&str>, date: &str) -> (Zeroizing<String>, &'static str) {
    let (token, signed) = match token {
        Some(token) => {
            (format!("x-amz-security-token:{token}\n"), "content-type;host;x-amz-date;x-amz-security-token")
        }
        None => (String::new(), "content-type;host;x-amz-date"),
    };
    let path = if post.path.is_empty() { "/" } else { post.path };
    let request = format!(
        "POST\n{path}\n\ncontent-type:{FORM}\nhost:{}\nx-amz-date:{date}\n{token}\n{signed}\n{}",
        post.host,
        hex(&Sha256::digest(post.body.as_bytes()))
    );
    (Zeroizing::new(request), signed)
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

fn escape(text: &str, out: &mut String) {
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
        let post = Post {
            host: "sts.amazonaws.com",
            path: "/",
            body: "Action=GetCallerIdentity&Version=2011-06-15",
            region: "us-east-1",
            service: "sts",
            at,
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
