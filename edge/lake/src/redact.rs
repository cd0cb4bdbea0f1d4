//! Secrets are taken out before anything is written.
//!
//! CloudTrail masks some values itself, and not all: the answer of `AssumeRole` holds the session token, request bodies
//! hold environments and user data, and callers choose their user agents and session names. Here two rules meet: keys that
//! are named like secrets lose their value, and values that look like secrets are masked wherever they stand. An access key
//! *id* is no secret; it joins a session to its calls and stays.

use std::borrow::Cow;

use serde_json::Value;

/// What stands where a secret was.
pub const MASK: &str = "[redacted]";

/// Words in the name of a field whose value is a secret.
const SECRET_WORDS: [&str; 7] =
    ["secret", "password", "token", "credential", "privatekey", "private_key", "authorization"];

/// Fields that are named like that and hold none: names, ids, switches (counted in real trails).
const HARMLESS: [&str; 9] = [
    "secretid",
    "secretarn",
    "secretversionid",
    "clienttoken",
    "clientrequesttoken",
    "nexttoken",
    "passwordresetrequired",
    "forceoverwritereplicasecret",
    "httptokens",
];

/// The longest run of characters of a token that is let through.
const TOKEN_CHARACTERS_MAX: usize = 59;

/// A body as JSON text without secrets. Text that is no JSON is masked as a whole.
pub fn body(json: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(json) else { return MASK.to_owned() };
    walk(&mut value);
    value.to_string()
}

fn walk(value: &mut Value) {
    match value {
        Value::String(held) => {
            // documents inside documents: policies, environments
            let inner =
                (held.starts_with('{') || held.starts_with('[')).then(|| serde_json::from_str::<Value>(held));
            match inner {
                Some(Ok(mut inner)) => {
                    walk(&mut inner);
                    *held = inner.to_string();
                }
                _ => {
                    if let Cow::Owned(masked) = text(held) {
                        *held = masked;
                    }
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(walk),
        Value::Object(fields) => {
            let named = pair_names_a_secret(fields);
            for (key, value) in fields.iter_mut() {
                if named && key.eq_ignore_ascii_case("value") {
                    *value = Value::from(MASK);
                } else if names_a_secret(key) {
                    mask(value);
                } else {
                    walk(value);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Masks what a field named like a secret holds. Of an object the fields are looked at one by one: `credentials` holds the
/// access key's id beside its secret.
fn mask(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                let kept = ["accesskeyid", "expiration"].contains(&key.to_ascii_lowercase().as_str());
                if !kept {
                    mask(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(mask),
        Value::String(_) | Value::Number(_) => *value = Value::from(MASK),
        Value::Null | Value::Bool(_) => {}
    }
}

fn names_a_secret(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    let plain = lower.replace(['-', ' '], "");
    SECRET_WORDS.iter().any(|word| plain.contains(word)) && !HARMLESS.contains(&plain.as_str())
}

/// `{"name": "DB_PASSWORD", "value": "…"}`, as containers' environments and tags are written.
fn pair_names_a_secret(fields: &serde_json::Map<String, Value>) -> bool {
    fields
        .iter()
        .filter(|(key, _)| {
            ["name", "key", "parametername", "parameterkey"].contains(&key.to_ascii_lowercase().as_str())
        })
        .any(|(_, name)| name.as_str().is_some_and(names_a_secret))
}

/// A text without what looks like a secret: keys and tokens of AWS, PEM private keys, JSON web tokens, and any other long
/// run of base64.
pub fn text(text: &str) -> Cow<'_, str> {
    if let Some(at) = text.find("-----BEGIN ").filter(|_| text.contains("PRIVATE KEY")) {
        return Cow::Owned(format!("{}{MASK}", text.get(..at).unwrap_or_default()));
    }
    // An ARN is made of names; only a web token or a token of STS in the name of a session is none.
    let is_arn = text.starts_with("arn:");
    let mut out: Option<String> = None;
    let mut rest = text;
    let mut kept = 0;
    while let Some((begin, run)) = next_run(rest) {
        let end = begin + run.len();
        let base = text.len() - rest.len();
        if is_secret(run, is_arn) {
            let out = out.get_or_insert_default();
            out.push_str(text.get(kept..base + begin).unwrap_or_default());
            out.push_str(MASK);
            kept = base + end;
        }
        rest = rest.get(end..).unwrap_or_default();
    }
    match out {
        None => Cow::Borrowed(text),
        Some(mut out) => {
            out.push_str(text.get(kept..).unwrap_or_default());
            Cow::Owned(out)
        }
    }
}

/// An error message: what is encoded for `sts:DecodeAuthorizationMessage` is long, and says nothing here.
pub fn message(message: &str) -> Cow<'_, str> {
    const ENCODED: &str = "Encoded authorization failure message:";
    match message.split_once(ENCODED) {
        Some((before, _)) => Cow::Owned(format!("{}{ENCODED} {MASK}", text(before))),
        None => text(message),
    }
}

/// The next run of characters that tokens are made of: where it begins, and the run.
fn next_run(text: &str) -> Option<(usize, &str)> {
    let of_token =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-' | b'.');
    let begin = text.as_bytes().iter().position(of_token)?;
    let rest = text.get(begin..)?;
    let length = rest.as_bytes().iter().position(|byte| !of_token(byte)).unwrap_or(rest.len());
    Some((begin, rest.get(..length)?))
}

/// The shortest run that is looked at: no secret of AWS and no web token is near that short.
const SECRET_CHARACTERS_MIN: usize = 20;

fn is_secret(run: &str, is_arn: bool) -> bool {
    if run.len() < SECRET_CHARACTERS_MIN {
        return false;
    }
    const STS: [&str; 4] = ["IQoJb3JpZ2lu", "FwoGZXIvYXdz", "AQoDYXdz", "AQoEXAMPLE"];
    let starts = run.rsplit_once('/').map_or(run, |(_, last)| last);
    let is_web_token = |run: &str| run.starts_with("eyJ") && run.matches('.').count() >= 2 && run.len() > 40;
    if is_web_token(run) || is_web_token(starts) || STS.iter().any(|begin| run.contains(begin)) {
        return true;
    }
    !is_arn && run.split('.').any(|part| is_long_token(part) || is_secret_key(part))
}

/// Longer than any name or id, of all kinds of characters, and as restless as base64 is: there two neighbours of three are
/// of different kinds, in names made of words hardly one of five.
fn is_long_token(run: &str) -> bool {
    if run.len() <= TOKEN_CHARACTERS_MAX {
        return false;
    }
    let kind = |byte: &u8| match byte {
        b'A'..=b'Z' => 0,
        b'a'..=b'z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let kinds: Vec<u8> = run.as_bytes().iter().map(kind).collect();
    let changes = kinds.iter().zip(kinds.iter().skip(1)).filter(|(a, b)| a != b).count();
    (0..3).all(|kind| kinds.contains(&kind)) && changes * 5 > run.len() * 2
}

/// The secret of an access key: 40 characters of base64. A SHA-1 in hex is as long and has no capitals.
fn is_secret_key(run: &str) -> bool {
    let exact = |run: &str| {
        let of = |test: fn(&u8) -> bool| run.as_bytes().iter().any(test);
        run.len() == 40
            && run.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'/' || byte == b'+')
            && run.matches('/').count() <= 3
            && of(u8::is_ascii_uppercase)
            && of(u8::is_ascii_lowercase)
            && of(u8::is_ascii_digit)
    };
    exact(run)
        || run.split_once('=').is_some_and(|(_, value)| exact(value))
        || run.rsplit_once('/').is_some_and(|(_, value)| exact(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    #[test]
    fn bodies() {
        let token = "A1b2".repeat(20);
        let rows = [
            (
                format!(
                    r#"{{"credentials":{{"accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionToken":"{token}","expiration":"Mar 1, 2026"}},"assumedRoleUser":{{"arn":"arn:aws:sts::111122223333:assumed-role/app/s"}}}}"#
                ),
                r#"{"assumedRoleUser":{"arn":"arn:aws:sts::111122223333:assumed-role/app/s"},"credentials":{"accessKeyId":"ASIAIOSFODNN7EXAMPLE","expiration":"Mar 1, 2026","sessionToken":"[redacted]"}}"#,
            ),
            (
                r#"{"secretId":"prod/db","clientRequestToken":"x","SecretString":"hunter2","passwordResetRequired":true}"#.to_owned(),
                r#"{"SecretString":"[redacted]","clientRequestToken":"x","passwordResetRequired":true,"secretId":"prod/db"}"#,
            ),
            (
                r#"{"environment":[{"name":"DB_PASSWORD","value":"hunter2"},{"name":"MODE","value":"fast"}]}"#.to_owned(),
                r#"{"environment":[{"name":"DB_PASSWORD","value":"[redacted]"},{"name":"MODE","value":"fast"}]}"#,
            ),
            (format!(r#"{{"userData":"export X={SECRET}"}}"#), r#"{"userData":"export [redacted]"}"#),
            (
                r#"{"document":"{\"password\":\"hunter2\",\"a\":1}"}"#.to_owned(),
                r#"{"document":"{\"a\":1,\"password\":\"[redacted]\"}"}"#,
            ),
            ("not json".to_owned(), MASK),
            ("null".to_owned(), "null"),
        ];
        for (json, expected) in rows {
            assert_eq!(body(&json), expected, "{json}");
        }
    }

    #[test]
    fn texts() {
        let web_token = format!("eyJhbGciOi.eyJzdWIiOi.{}", "x".repeat(30));
        let unchanged = [
            "aws-cli/2.15.0 Python/3.11.6 Linux/5.10 exe/x86_64",
            "AKIAIOSFODNN7EXAMPLE",
            "arn:aws:iam::111122223333:role/ApplicationTeamAlpha/DeployRole12345",
            "assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/Taro.Yamada-of-the-platform",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "User: arn:aws:iam::111122223333:user/a is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b",
            "",
            "日本語",
        ];
        for same in unchanged {
            assert_eq!(text(same), same);
        }
        assert_eq!(text(&format!("agent key={SECRET} end")), "agent [redacted] end");
        assert_eq!(text(&format!("é {web_token}")), "é [redacted]");
        assert_eq!(text(&format!("{} b", "aB3".repeat(25))), "[redacted] b");
        let slashes = "u8jzPde0IgxLd6GncfBAep/fJBd0Kh8oOOL8dKLzdocJ2is/AjIhKtJ0Rlg/LKOmxg";
        assert_eq!(text(slashes), MASK);
        assert_eq!(text("x -----BEGIN RSA PRIVATE KEY-----\nMII"), "x [redacted]");
        assert_eq!(
            message("You are not authorized. Encoded authorization failure message: abcdef"),
            "You are not authorized. Encoded authorization failure message: [redacted]"
        );
    }
}
