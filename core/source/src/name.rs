//! What a value is called: names that tell a secret of AWS, and what is left of a name that tells pairs apart.

use crate::key_id::Prefix;
use crate::token::{Span, runs};

/// How much a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Telling {
    /// `secret`: a secret, of whom it does not say.
    Somewhat,
    /// `aws_secret_access_key`, `secretKey`: a secret of an access key.
    Clearly,
}

/// A name that says that its value is a secret.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) telling: Telling,
    /// The name, in small letters and digits.
    pub(crate) name: String,
    /// Where the value begins and ends.
    pub(crate) value: Span,
    /// Who encrypted it, when somebody did.
    pub(crate) encrypted: Option<&'static str>,
}

/// How far after its name a value may begin: XML, ECS and CSV write something between.
const BETWEEN_BYTES_MAX: usize = 160;

fn is_name_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b':')
}

/// The name around a place, and where it ends.
fn name_around(text: &[u8], at: usize) -> (String, usize) {
    let before = text.get(..at).unwrap_or_default();
    let left = before.iter().rev().take(64).take_while(|byte| is_name_letter(**byte)).count();
    let after = text.get(at..).unwrap_or_default();
    let mut right = after.iter().take(64).take_while(|byte| is_name_letter(**byte)).count();
    // a column of a console's CSV, and a label: `Secret access key`
    if let Some(rest) = after.get(right..)
        && rest.get(..11).is_some_and(|words| words.eq_ignore_ascii_case(b" access key"))
    {
        right += 11;
    }
    (normal(text.get(at - left..at + right).unwrap_or_default()), at + right)
}

fn normal(name: &[u8]) -> String {
    name.iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect()
}

/// What the name says; nothing for secrets of others.
fn telling(name: &str) -> Option<Telling> {
    const CLEARLY: [&str; 6] =
        ["secretaccesskey", "awssecret", "secretkey", "accesssecret", "accesskeysecret", "sessecret"];
    const OTHERS: [&str; 9] = [
        "clientsecret",
        "secretarn",
        "secretid",
        "secretname",
        "consumersecret",
        "jwt",
        "webhook",
        "appsecret",
        "secretkeybase",
    ];
    if OTHERS.iter().any(|other| name.contains(other)) {
        return None;
    }
    if CLEARLY.iter().any(|word| name.contains(word)) {
        return Some(Telling::Clearly);
    }
    name.ends_with("secret").then_some(Telling::Somewhat)
}

/// The value of the name around `at` (a place inside the word *secret*), when the name tells of a secret and a value that may be one follows.
pub(crate) fn named(text: &[u8], at: usize) -> Option<Named> {
    let (name, end) = name_around(text, at);
    let telling = telling(&name)?;
    value(text, end).map(|(value, encrypted)| Named { telling, name, value, encrypted })
}

/// As [`named`], of a Japanese label (`シークレット`, `シークレットアクセスキー`).
pub(crate) fn labelled(text: &[u8], at: usize) -> Option<Named> {
    let (value, encrypted) = value(text, at)?;
    Some(Named { telling: Telling::Somewhat, name: "secret".to_owned(), value, encrypted })
}

/// The first word after a name that is long enough to be a value; ids between are passed over.
fn value(text: &[u8], from: usize) -> Option<(Span, Option<&'static str>)> {
    let to = text.len().min(from + BETWEEN_BYTES_MAX);
    let between = text.get(from..to)?;
    for (mark, by) in
        [(&b"{AQAA"[..], "Jenkins"), (b"ENC[AES256_GCM", "SOPS"), (b"$ANSIBLE_VAULT", "Ansible")]
    {
        if let Some(at) = memchr::memmem::find(between, mark)
            && at < 80
        {
            return Some(((from + at, from + at + mark.len()), Some(by)));
        }
    }
    let span = runs(text, (from, to), 12).into_iter().find(|span| !is_between(text, *span))?;
    Some((span, None))
}

/// Words that stand between a name and its value.
fn is_between(text: &[u8], (start, end): Span) -> bool {
    let word = text.get(start..end).unwrap_or_default();
    let is_id = Prefix::of(word).is_some() && word.len() <= 21;
    let is_plain = word.iter().all(u8::is_ascii_alphabetic) && word.len() < 32;
    is_id || is_plain || word.starts_with(b"//")
}

/// The name right before a value, in small letters and digits: `AWS_ACCESS_KEY_ID=`, `"accessKeyId": "`, `<accessKey>`.
pub(crate) fn name_before(text: &[u8], at: usize) -> String {
    let before = text.get(at.saturating_sub(96)..at).unwrap_or_default();
    let skip =
        before.iter().rev().take_while(|byte| !byte.is_ascii_alphanumeric() && **byte != b'\n').count();
    let before = before.get(..before.len() - skip).unwrap_or_default();
    let length = before.iter().rev().take_while(|byte| is_name_letter(**byte)).count();
    normal(before.get(before.len() - length..).unwrap_or_default())
}

/// What is left of a name without the words that all names of keys have: `PROD_AWS_ACCESS_KEY_ID` → `prod`.
pub(crate) fn stem(name: &str) -> String {
    let mut stem = name.to_owned();
    for word in ["aws", "secret", "access", "keyid", "key", "value", "password"] {
        stem = stem.replace(word, "");
    }
    stem.strip_suffix("id").map(str::to_owned).unwrap_or(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell() {
        let value = concat!("p7Rk2/QmX9sT", "vB4nLw8+ZcYd", "Hf3GjKa6UeNo1iSx");
        let table = [
            ("AWS_SECRET_ACCESS_KEY=", Some(Telling::Clearly)),
            ("\"secretAccessKey\": \"", Some(Telling::Clearly)),
            ("'secret' => '", Some(Telling::Somewhat)),
            ("cloud.aws.credentials.secret-key: ", Some(Telling::Clearly)),
            ("Access key ID,Secret access key\nAKIAIOSFODNN7EXAMPLE,", Some(Telling::Clearly)),
            ("{\"name\": \"AWS_SECRET_ACCESS_KEY\", \"value\": \"", Some(Telling::Clearly)),
            ("client_secret=", None),
            ("SECRET_KEY_BASE=", None),
        ];
        for (before, expected) in table {
            let text = format!("{before}{value}\n");
            let at = memchr::memmem::find(&text.as_bytes().to_ascii_lowercase(), b"ecret").unwrap();
            let found = named(text.as_bytes(), at);
            assert_eq!(found.as_ref().map(|named| named.telling), expected, "{before}");
            if let Some(found) = found {
                assert_eq!(found.value, (before.len(), before.len() + 40), "{before}");
            }
        }
    }

    #[test]
    fn stems_tell_pairs_apart() {
        assert_eq!(stem("prodawsaccesskeyid"), "prod");
        assert_eq!(stem("prodawssecretaccesskey"), "prod");
        assert_eq!(stem("accesskey"), "");
    }
}
