//! Signature Version 4: reads the `Authorization` header and computes what the signature ought to be.
//!
//! IAM User Guide, `reference_sigv-create-signed-request` ("Create a signed AWS API request").

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use kagimori_id::hex;
use sha2::{Digest, Sha256};

use crate::fault::Fault;
use crate::message::Request;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What the `Authorization` header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authorization {
    pub(crate) access_key_id: String,
    /// `20261125`.
    pub(crate) date: String,
    pub(crate) region: String,
    pub(crate) service: String,
    /// In lower case, in their order.
    signed_headers: Vec<String>,
    signature: String,
    /// The time it was signed at, as sent and read.
    time_text: String,
    pub(crate) time: Timestamp,
}

impl Authorization {
    /// Reads the header of a request.
    pub(crate) fn read(request: &Request) -> Result<Self, Fault> {
        let header = request.header("authorization").ok_or_else(Fault::unsigned)?;
        let fields = header.strip_prefix(ALGORITHM).ok_or_else(|| unreadable(header, "Credential"))?;
        let field = |name: &str| {
            let found =
                fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
            found.ok_or_else(|| unreadable(header, name))
        };
        let scope: Vec<&str> = field("Credential")?.split('/').collect();
        let [access_key_id, date, region, service, "aws4_request"] = scope[..] else {
            return Err(Fault::incomplete_signature(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term",
            ));
        };
        let time_text = request.header("x-amz-date").or_else(|| request.header("date"));
        let time_text = time_text.ok_or_else(|| {
            Fault::incomplete_signature(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            )
        })?;
        let time = compact_time(time_text)
            .ok_or_else(|| Fault::incomplete_signature("Date must be in ISO-8601 'basic format'."))?;
        if !time_text.starts_with(date) {
            return Err(wrong_scope(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP",
            ));
        }
        let signed_headers = field("SignedHeaders")?.split(';').map(str::to_ascii_lowercase).collect();
        let read = Self {
            access_key_id: access_key_id.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers,
            signature: field("Signature")?.to_owned(),
            time_text: time_text.to_owned(),
            time,
        };
        read.covers(request)?;
        Ok(read)
    }

    /// `host` and every `x-amz-` header must be signed.
    fn covers(&self, request: &Request) -> Result<(), Fault> {
        let must = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
        let mut must = must.filter(|name| name == "host" || name.starts_with("x-amz-"));
        match must.find(|name| !self.signed_headers.contains(name)) {
            Some(name) => Err(Fault::new(
                403,
                "SignatureDoesNotMatch",
                format!("'{name}' must be a 'SignedHeader' in the AWS Authorization."),
            )),
            None => Ok(()),
        }
    }

    /// Whether the request was signed with a secret.
    pub(crate) fn is_of(&self, secret: &str, request: &Request) -> bool {
        let hash = hex(&Sha256::digest(&request.body));
        let claimed = request.header("x-amz-content-sha256");
        claimed.is_none_or(|claimed| claimed == hash)
            && self.expected(secret, request, &hash) == self.signature
    }

    fn expected(&self, secret: &str, request: &Request, body_hash: &str) -> String {
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let canonical = hex(&Sha256::digest(self.canonical(request, body_hash)));
        let to_sign = format!("{ALGORITHM}\n{}\n{scope}\n{canonical}", self.time_text);
        let parts = [self.date.as_str(), &self.region, &self.service, "aws4_request"];
        let first = format!("AWS4{secret}").into_bytes();
        let key = parts.iter().fold(first, |key, part| hmac(&key, part));
        hex(&hmac(&key, &to_sign))
    }

    fn canonical(&self, request: &Request, body_hash: &str) -> String {
        let headers: String = self
            .signed_headers
            .iter()
            .map(|name| format!("{name}:{}\n", header_values(request, name)))
            .collect();
        let (method, path) = (&request.method, canonical_path(&request.path));
        let (query, names) = (canonical_query(&request.query), self.signed_headers.join(";"));
        format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{body_hash}")
    }
}

/// The service in the scope is not the one that was called.
pub(crate) fn wrong_service(expected: &str) -> Fault {
    wrong_scope(&format!("Credential should be scoped to correct service: '{expected}'."))
}

fn wrong_scope(message: &str) -> Fault {
    Fault::new(403, "SignatureDoesNotMatch", message)
}

fn unreadable(header: &str, missing: &str) -> Fault {
    if !header.starts_with(ALGORITHM) {
        return Fault::incomplete_signature(
            "Unsupported AWS 'algorithm' in the Authorization header; only AWS4-HMAC-SHA256 is known.",
        );
    }
    Fault::incomplete_signature(format!("Authorization header requires '{missing}' parameter."))
}

/// `20261125T120000Z`.
fn compact_time(text: &str) -> Option<Timestamp> {
    let time = jiff::fmt::strtime::parse("%Y%m%dT%H%M%SZ", text).ok()?.to_datetime().ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(time).ok()
}

/// Values in their order, separated by commas; runs of blanks count as one.
fn header_values(request: &Request, name: &str) -> String {
    let of_name = request.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
    let values = of_name.map(|(_, value)| value.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
    values.collect::<Vec<_>>().join(",")
}

/// The path as sent, encoded once more (all services but S3).
fn canonical_path(path: &str) -> String {
    if path.is_empty() { "/".to_owned() } else { encoded(path.as_bytes(), b"/") }
}

/// Pairs by encoded name, then by encoded value.
fn canonical_query(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (encoded(&decoded(name), b""), encoded(&decoded(value), b""))
        })
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
fn encoded(bytes: &[u8], kept: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) || kept.contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// Undoes percent-encoding; a plus sign stands for itself.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let pair = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.filter(|_| *first == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    bytes
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::{Authorization, canonical_path, canonical_query};
    use crate::message::Request;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn request(query: &str, headers: &[(&str, &str)]) -> Request {
        Request {
            method: "GET".into(),
            path: "/".into(),
            query: query.into(),
            headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            body: Vec::new(),
            source_ip: [127, 0, 0, 1].into(),
        }
    }

    /// `get-vanilla` of AWS's published test suite for Signature Version 4.
    #[test]
    fn the_plainest_vector() {
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
            SignedHeaders=host;x-amz-date, \
            Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        let request = request(
            "",
            &[
                ("Host", "example.amazonaws.com"),
                ("X-Amz-Date", "20150830T123600Z"),
                ("Authorization", authorization),
            ],
        );
        let read = Authorization::read(&request).unwrap();
        assert!(read.is_of(SECRET, &request));
        assert!(!read.is_of("another", &request));
    }

    /// The example of AWS's page on signing: IAM ListUsers.
    #[test]
    fn the_example_of_the_documentation() {
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
            SignedHeaders=content-type;host;x-amz-date, \
            Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        let mut request = request(
            "Action=ListUsers&Version=2010-05-08",
            &[
                ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                ("host", "iam.amazonaws.com"),
                ("x-amz-date", "20150830T123600Z"),
                ("authorization", authorization),
            ],
        );
        let read = Authorization::read(&request).unwrap();
        assert!(read.is_of(SECRET, &request));
        request.query = "Action=ListRoles&Version=2010-05-08".into();
        assert!(!read.is_of(SECRET, &request));
    }

    #[test]
    fn what_was_not_signed_is_refused() {
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
            SignedHeaders=host;x-amz-date, Signature=0";
        let headers = [
            ("host", "iam.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
            ("x-amz-security-token", "t"),
            ("authorization", authorization),
        ];
        let fault = Authorization::read(&request("", &headers)).unwrap_err();
        assert_eq!(
            fault.message,
            "'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization."
        );
    }

    #[test]
    fn headers_that_are_none() {
        for (header, code) in [
            ("", "IncompleteSignature"),
            ("Bearer x", "IncompleteSignature"),
            ("AWS4-HMAC-SHA256", "IncompleteSignature"),
            ("AWS4-HMAC-SHA256 Credential=a/b/c", "IncompleteSignature"),
            ("AWS4-HMAC-SHA256 Credential=a/20150830/c/d/aws4_request", "IncompleteSignature"),
            (
                "AWS4-HMAC-SHA256 Credential=a/20150831/c/d/aws4_request, SignedHeaders=host, Signature=0",
                "SignatureDoesNotMatch",
            ),
        ] {
            let request = request("", &[("authorization", header), ("x-amz-date", "20150830T123600Z")]);
            assert_eq!(Authorization::read(&request).unwrap_err().code, code, "{header}");
        }
        assert_eq!(Authorization::read(&request("", &[])).unwrap_err().code, "MissingAuthenticationToken");
    }

    #[test]
    fn canonical_forms() {
        assert_eq!(canonical_query("b=2&a=%7e&a=1+1&c"), "a=1%2B1&a=~&b=2&c=");
        assert_eq!(canonical_path("/a%20b/c"), "/a%2520b/c");
        assert_eq!(canonical_path(""), "/");
    }
}
