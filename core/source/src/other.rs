//! Credentials that are no key id with a secret: signed URLs, seeds, service-specific passwords, API keys, tokens. And what stands around an id.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use kagimori_id::AccountId;

use crate::decode;
use crate::held::{Claim, Signing};
use crate::proof::{Signed, sha256_hex};
use crate::view::unescaped;

/// What stands around an id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Around {
    /// It signed a URL, not a header.
    pub(crate) is_url: bool,
    pub(crate) signing: Option<Signing>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) claims: Vec<Claim>,
}

/// How far a URL goes from a place, each way.
const URL_BYTES_MAX: usize = 4096;

/// What stands around the id at `(start, end)`.
pub(crate) fn around(text: &[u8], start: usize, end: usize) -> Around {
    let name = crate::name::name_before(text, start);
    let mut around = Around { signing: signing(text, end), ..Around::default() };
    if name.ends_with("awsaccesskeyid") && url(text, start).contains("Signature=") {
        version_2(&url(text, start), &mut around);
    } else if around.signing.is_some() && name.ends_with("xamzcredential") {
        version_4(&url(text, start), &mut around);
    }
    if text.get(start..start + 4) == Some(b"ASIA") && around.expires.is_none() {
        around.expires = expiration(text, start);
    }
    around
}

/// `/YYYYMMDD/REGION/SERVICE/aws4_request` after an id, percent-encoded or not.
fn signing(text: &[u8], end: usize) -> Option<Signing> {
    let rest = text.get(end..text.len().min(end + 120))?;
    let plain = unescaped(rest).map_or_else(|| rest.to_vec(), |view| view.text);
    let plain = String::from_utf8_lossy(&plain).into_owned();
    let mut parts = plain.strip_prefix('/')?.split('/');
    let (date, region, service, last) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_date = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let is_scope = is_date && is_name(region) && is_name(service) && last.starts_with("aws4_request");
    is_scope.then(|| Signing {
        date: date.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
    })
}

/// The URL around a place.
fn url(text: &[u8], at: usize) -> String {
    let is_url = |byte: &u8| byte.is_ascii_graphic() && !b"\"'<>`\\(){}|^".contains(byte);
    let before = text.get(at.saturating_sub(URL_BYTES_MAX)..at).unwrap_or_default();
    let left = before.iter().rev().take_while(|byte| is_url(byte)).count();
    let after = text.get(at..).unwrap_or_default();
    let right = after.iter().take(URL_BYTES_MAX).take_while(|byte| is_url(byte)).count();
    String::from_utf8_lossy(text.get(at - left..at + right).unwrap_or_default()).replace("&amp;", "&")
}

fn parameter<'u>(url: &'u str, name: &str) -> Option<&'u str> {
    let query = url.split_once('?').map_or(url, |(_, query)| query);
    query
        .split('&')
        .find_map(|part| part.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
}

/// `20130524T000000Z`.
fn basic_time(text: &str) -> Option<Timestamp> {
    let time = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    TimeZone::UTC.to_timestamp(time).ok()
}

fn version_4(url: &str, around: &mut Around) {
    around.is_url = true;
    let begins = parameter(url, "X-Amz-Date").and_then(basic_time);
    let seconds: Option<i64> = parameter(url, "X-Amz-Expires").and_then(|text| text.parse().ok());
    if let (Some(begins), Some(seconds)) = (begins, seconds) {
        let seconds = seconds.clamp(0, 604_800);
        around.expires = Timestamp::from_second(begins.as_second() + seconds).ok();
    }
    if let Some(claim) = around.signing.clone().and_then(|signing| claim_4(url, signing)) {
        around.claims.push(claim);
    }
}

/// What a presigned URL was signed over: a GET with the host as its only header, as all SDKs presign it.
fn claim_4(url: &str, signing: Signing) -> Option<Claim> {
    let (place, query) = url.split_once('?')?;
    let (_, place) = place.split_once("://")?;
    let (host, path) = place.find('/').map_or((place, "/"), |at| place.split_at(at));
    let mut parts: Vec<&str> =
        query.split('&').filter(|part| !part.starts_with("X-Amz-Signature=")).collect();
    parts.sort_unstable();
    let signature = parameter(url, "X-Amz-Signature")?.to_owned();
    let payload = if signing.service == "s3" { "UNSIGNED-PAYLOAD".to_owned() } else { sha256_hex(b"") };
    let canonical = format!("GET\n{path}\n{}\nhost:{host}\n\nhost\n{payload}", parts.join("&"));
    let (date, region, service) = (signing.date, signing.region, signing.service);
    let string_to_sign = format!(
        "AWS4-HMAC-SHA256\n{}\n{date}/{region}/{service}/aws4_request\n{}",
        parameter(url, "X-Amz-Date")?,
        sha256_hex(canonical.as_bytes())
    );
    Some(Claim::V4(Signed { date, region, service, string_to_sign, signature }))
}

fn version_2(url: &str, around: &mut Around) {
    around.is_url = true;
    let Some(expires) = parameter(url, "Expires") else { return };
    around.expires = expires.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
    let signature = parameter(url, "Signature").and_then(|text| {
        unescaped(text.as_bytes())
            .map_or_else(|| Some(text.to_owned()), |view| String::from_utf8(view.text).ok())
    });
    let place = url
        .split_once("://")
        .map(|(_, rest)| rest)
        .and_then(|rest| rest.split_once('?'))
        .map(|(place, _)| place);
    let (Some(signature), Some(place)) = (signature, place) else { return };
    let (host, path) = place.find('/').map_or((place, "/"), |at| place.split_at(at));
    let bucket = host.split_once(".s3").map(|(bucket, _)| format!("/{bucket}")).unwrap_or_default();
    around.claims.push(Claim::V2(format!("GET\n\n\n{expires}\n{bucket}{path}"), signature));
}

/// `"Expiration": "2026-11-29T00:00:00Z"` near a session's key.
fn expiration(text: &[u8], at: usize) -> Option<Timestamp> {
    let from = at.saturating_sub(2500);
    let part = text.get(from..text.len().min(at + 4000))?;
    let word = [&b"xpiration"[..], b"xpiresAt", b"XPIRATION"];
    let found = word
        .iter()
        .filter_map(|word| memchr::memmem::find(part, word).map(|found| found + word.len()))
        .min()?;
    let rest = String::from_utf8_lossy(part.get(found..part.len().min(found + 60))?).into_owned();
    let begins = rest.find(|letter: char| letter.is_ascii_digit())?;
    let time = rest.get(begins..)?;
    let length = time
        .find(|letter: char| !(letter.is_ascii_alphanumeric() || "-:.+".contains(letter)))
        .unwrap_or(time.len());
    time.get(..length)?.parse().ok()
}

/// A string to sign in a log, with the signature that follows it.
pub(crate) fn to_sign(text: &[u8], at: usize) -> Option<Claim> {
    let part = String::from_utf8_lossy(text.get(at..text.len().min(at + 1200))?).into_owned();
    let mut lines = part.lines();
    let (algorithm, time, scope, hash) = (lines.next()?, lines.next()?, lines.next()?, lines.next()?);
    basic_time(time.trim())?;
    let mut parts = scope.trim().split('/');
    let (date, region, service) =
        (parts.next()?.to_owned(), parts.next()?.to_owned(), parts.next()?.to_owned());
    let hash = hash.trim().get(..64).filter(|hash| is_hex(hash))?;
    let string_to_sign = format!("{}\n{}\n{}\n{hash}", algorithm.trim(), time.trim(), scope.trim());
    let rest = part.split_once(hash)?.1;
    let begins = rest.find("ignature")?;
    let rest = rest.get(begins..)?;
    let signature =
        rest.split(|letter: char| !letter.is_ascii_hexdigit()).find(|word| word.len() == 64)?.to_owned();
    Some(Claim::V4(Signed { date, region, service, string_to_sign, signature }))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A name that is no id of a key, and the secret that belongs to it.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) account: Option<AccountId>,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) expires: Option<Timestamp>,
}

/// `NAME-at-ACCOUNT`, and the password after it (IAM User Guide, "service-specific credentials").
pub(crate) fn service_password(text: &[u8], at: usize) -> Option<Named> {
    let before = text.get(..at)?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(byte);
    let left = before.iter().rev().take(64).take_while(|byte| is_name(byte)).count();
    let digits = text.get(at + 4..at + 16)?;
    let follows = text.get(at + 16).copied();
    if left == 0 || follows.is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let account = AccountId::parse(std::str::from_utf8(digits).ok()?).ok()?;
    // `user=NAME-at-…` is a name with its key: what is before `=` is none of it
    let name = text.get(at - left..at + 16)?;
    let name = name.rsplit(|byte| *byte == b'=').next()?;
    let start = at + 16 - name.len();
    let name = String::from_utf8_lossy(name).into_owned();
    let value = password(text, at + 16);
    Some(Named { name, account: Some(account), start, end: at + 16, value, expires: None })
}

/// The first word after a user's name that is as long as the passwords of AWS.
fn password(text: &[u8], from: usize) -> Option<Vec<u8>> {
    let part = text.get(from..text.len().min(from + 160))?;
    let part = unescaped(part).map_or_else(|| part.to_vec(), |view| view.text);
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let mut words = part.split(|byte| !is_letter(byte));
    words.find(|word| word.len() >= 40 && word.len() <= 128).map(<[u8]>::to_vec)
}

/// A long-term API key of Bedrock: base64 of `ALIAS:SECRET`.
pub(crate) fn bedrock(text: &[u8], at: usize) -> Option<Named> {
    let before = at.checked_sub(1).and_then(|at| text.get(at)).copied();
    let rest = text.get(at + 4..)?;
    let length = rest
        .iter()
        .take(300)
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
        .count();
    if length < 60 || before.is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let run = rest.get(..length)?;
    let plain = decode::base64(run)?;
    let colon = memchr::memchr(b':', &plain)?;
    let alias = std::str::from_utf8(plain.get(..colon)?).ok()?;
    let is_alias =
        !alias.is_empty() && alias.len() <= 128 && alias.bytes().all(|byte| byte.is_ascii_graphic());
    let account =
        alias.rsplit_once("-at-").and_then(|(_, account)| AccountId::parse(account.get(..12)?).ok());
    let end = at + 4 + length;
    is_alias.then(|| Named {
        name: alias.to_owned(),
        account,
        start: at,
        end,
        value: Some(run.to_vec()),
        expires: None,
    })
}

/// The seed of a virtual MFA device of AWS: `otpauth://totp/Amazon%20Web%20Services:NAME@ACCOUNT?secret=…`.
pub(crate) fn seed(text: &[u8], at: usize) -> Option<Named> {
    if !text.get(at..)?.starts_with(b"otpauth://totp/") {
        return None;
    }
    let address = url(text, at);
    let begins = address.find("otpauth://totp/")?;
    let address = address.get(begins..)?;
    let plain = |text: &str| {
        unescaped(text.as_bytes())
            .map_or_else(|| text.to_owned(), |view| String::from_utf8_lossy(&view.text).into_owned())
    };
    let (label, _) = address.strip_prefix("otpauth://totp/")?.split_once('?')?;
    let label = plain(label);
    let issuer = parameter(address, "issuer").map(plain).unwrap_or_default();
    let value = parameter(address, "secret").filter(|value| value.len() >= 16)?;
    let is_ours = label.contains("Amazon")
        || label.contains("AWS")
        || issuer.contains("Amazon")
        || issuer.contains("AWS");
    let name = label.rsplit(':').next()?.trim().to_owned();
    let account = name.rsplit_once('@').and_then(|(_, account)| AccountId::parse(account).ok());
    let end = at + address.len();
    is_ours.then(|| Named {
        name,
        account,
        start: at,
        end,
        value: Some(value.as_bytes().to_vec()),
        expires: None,
    })
}

/// How long a row of a console's `credentials.csv` may be.
const ROW_BYTES_MAX: usize = 2048;

/// The row of a console's `credentials.csv`: user, password, link.
pub(crate) fn console(text: &[u8], at: usize) -> Option<Named> {
    let nearest = at.saturating_sub(ROW_BYTES_MAX);
    let begins = nearest + memchr::memrchr(b'\n', text.get(nearest..at)?)? + 1;
    let row = text.get(begins..text.len().min(at + 200))?.split(|byte| *byte == b'\n').next()?;
    let head_ends = begins.checked_sub(1)?;
    let nearest = head_ends.saturating_sub(ROW_BYTES_MAX);
    let head_begins =
        memchr::memrchr(b'\n', text.get(nearest..head_ends)?).map_or(nearest, |at| nearest + at + 1);
    let head = String::from_utf8_lossy(text.get(head_begins..head_ends)?).to_ascii_lowercase();
    let columns: Vec<&str> = head.trim_start_matches('\u{feff}').split(',').map(str::trim).collect();
    let row = String::from_utf8_lossy(row).into_owned();
    let cells: Vec<&str> = row.split(',').map(|cell| cell.trim().trim_matches('"')).collect();
    let cell =
        |name: &str| columns.iter().position(|column| *column == name).and_then(|at| cells.get(at).copied());
    let (user, password) = (cell("user name")?, cell("password")?);
    let link = String::from_utf8_lossy(text.get(at.saturating_sub(64)..at)?).into_owned();
    let alias = link.rsplit("https://").next()?.trim_end_matches('.').to_owned();
    let account = AccountId::parse(&alias).ok();
    let value = (!password.is_empty()).then(|| password.as_bytes().to_vec())?;
    Some(Named {
        name: format!("{user}@{alias}"),
        account,
        start: begins,
        end: begins + row.len(),
        value: Some(value),
        expires: None,
    })
}

/// A token of Identity Center in a cache of the CLI.
pub(crate) fn sign_in(text: &[u8], at: usize) -> Option<Named> {
    let from = at.saturating_sub(3000);
    let part = text.get(from..text.len().min(at + 6000))?;
    memchr::memmem::find(part, b"startUrl").or(memchr::memmem::find(part, b"awsapps.com"))?;
    let part = String::from_utf8_lossy(part).into_owned();
    let field = |name: &str| {
        let rest = part.split_once(&format!("\"{name}\""))?.1;
        rest.split('"').nth(1).map(str::to_owned)
    };
    let value = field("accessToken").filter(|value| value.len() >= 40)?;
    let expires = field("expiresAt").and_then(|time| time.parse().ok());
    let name = field("startUrl").unwrap_or_default();
    Some(Named { name, account: None, start: at, end: at + 13, value: Some(value.into_bytes()), expires })
}
