//! Secrets are taken out before anything is counted, kept, written or shown: the one gate, whether events come from files or go
//! into a lake.
//!
//! CloudTrail masks some values itself, and not all: the answer of `AssumeRole` holds the session token, request bodies
//! hold environments and user data, and callers choose their user agents and session names. Here three rules meet: fields that
//! are named like secrets lose their value, values that look like secrets are masked wherever they stand ([`shape`]), and what
//! stands inside other text (JSON in JSON, base64, a percent-encoded address) is looked at, too. An access key *id* is no
//! secret; it joins a session to its calls and stays.

mod encoded;
mod named;
mod shape;

use std::borrow::Cow;

use kagimori_policy::request::Fact;
use serde_json::{Map, Value};

use crate::call::{Check, CheckedResource};
use crate::event::Identity;

use shape::Kind;

/// What stands where a secret was.
pub const MASK: &str = "[redacted]";

/// JSON inside JSON, at most.
const LAYERS_MAX: usize = 8;

/// Words in the name of a field whose value is a secret; `_`, `-`, `.` and blanks do not count.
const SECRET_WORDS: [&str; 13] = [
    "secret",
    "password",
    "passwd",
    "passphrase",
    "token",
    "credential",
    "privatekey",
    "authorization",
    "apikey",
    "authenticationcode",
    "stringseed",
    "qrcodepng",
    "totp",
];

/// Words that say so only as the last of a name: `dbPass`, `DB_PWD`, `pin`.
const LAST_WORDS: [&str; 5] = ["pass", "pwd", "pin", "otp", "passcode"];

/// Fields that are named like that and hold none: names, ids, switches (counted in real trails).
const HARMLESS: [&str; 12] = [
    "secretid",
    "secretarn",
    "secretversionid",
    "clienttoken",
    "clientrequesttoken",
    "nexttoken",
    "passwordresetrequired",
    "forceoverwritereplicasecret",
    "httptokens",
    "continuationtoken",
    "pagetoken",
    "xamzcredential",
];

/// A body as JSON text without secrets. Text that is no JSON is masked as a whole.
pub fn body(json: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(json) else { return MASK.to_owned() };
    walk(&mut value, LAYERS_MAX);
    value.to_string()
}

fn walk(value: &mut Value, layers: usize) {
    match value {
        Value::String(held) => walk_text(held, layers),
        Value::Array(values) => walk_list(values, layers),
        Value::Object(fields) => walk_fields(fields, layers),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A command may be a list of words: `["--password", "…"]`.
fn walk_list(values: &mut [Value], layers: usize) {
    let mut is_next = false;
    for value in values {
        let is_option =
            |word: &str| word.starts_with('-') && !word.contains(['=', ' ']) && names_a_secret(word);
        let names_next = value.as_str().is_some_and(is_option);
        if is_next && !names_next {
            mask(value);
        } else {
            walk(value, layers);
        }
        is_next = names_next;
    }
}

/// A text may be a document inside a document: a policy, an environment, once more as text.
fn walk_text(held: &mut String, layers: usize) {
    let is_json = held.trim_start().starts_with(['{', '[', '"']);
    match is_json.then(|| serde_json::from_str::<Value>(held)) {
        Some(Ok(_)) if layers == 0 => *held = MASK.to_owned(),
        Some(Ok(mut inner)) => {
            walk(&mut inner, layers - 1);
            *held = inner.to_string();
        }
        _ => {
            if let Cow::Owned(masked) = text(held) {
                *held = masked;
            }
        }
    }
}

fn walk_fields(fields: &mut Map<String, Value>, layers: usize) {
    let is_named = pair_names_a_secret(fields);
    for (key, value) in fields.iter_mut() {
        if names_a_secret(key) || is_named && is_value(key) {
            mask(value);
        } else {
            walk(value, layers);
        }
    }
    if fields.keys().any(|key| matches!(text(key), Cow::Owned(_))) {
        // Whoever uses a secret as a key: it goes, and what it held stays.
        let told = std::mem::take(fields);
        fields.extend(told.into_iter().map(|(key, value)| (text(&key).into_owned(), value)));
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

/// Whether what has this name is a secret.
pub fn names_a_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    if HARMLESS.contains(&plain.as_str()) {
        return false;
    }
    SECRET_WORDS.iter().any(|word| plain.contains(word)) || LAST_WORDS.contains(&last_word(name).as_str())
}

/// The last word of a name, in lower case: `dbPass`, `DB_PASS` and `db-pass` end in `pass`.
fn last_word(name: &str) -> String {
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let last = name.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let is_mixed = last.bytes().any(|byte| byte.is_ascii_lowercase());
    let begin = if is_mixed { last.rfind(|c: char| c.is_ascii_uppercase()) } else { None };
    last.get(begin.unwrap_or_default()..).unwrap_or_default().to_ascii_lowercase()
}

fn is_value(key: &str) -> bool {
    ["value", "values", "parametervalue", "defaultvalue"].contains(&key.to_ascii_lowercase().as_str())
}

/// `{"name": "DB_PASSWORD", "value": "…"}`, as containers' environments, tags and stacks' parameters are written; a parameter of
/// the type `SecureString`.
fn pair_names_a_secret(fields: &Map<String, Value>) -> bool {
    const NAMES: [&str; 6] = ["name", "key", "parametername", "parameterkey", "tagkey", "type"];
    let names = fields.iter().filter(|(key, _)| NAMES.contains(&key.to_ascii_lowercase().as_str()));
    names.filter_map(|(_, name)| name.as_str()).any(|name| name == "SecureString" || names_a_secret(name))
}

/// A text without what looks like a secret.
pub fn text(text: &str) -> Cow<'_, str> {
    shape::masked(text, Kind::Words)
}

/// A text that is or becomes a part of a resource's name, without what is surely a secret: names are as restless as they like.
pub fn name(text: &str) -> Cow<'_, str> {
    shape::masked(text, Kind::Name)
}

/// A policy, or a condition of one, as it is shown to people. What is written to be applied stays as it is: it would be another
/// policy.
pub fn policy(text: &str) -> Cow<'_, str> {
    shape::masked(text, Kind::Policy)
}

/// An error message: what is encoded for `sts:DecodeAuthorizationMessage` is long, and says nothing here.
pub fn message(message: &str) -> Cow<'_, str> {
    const ENCODED: &str = "Encoded authorization failure message:";
    match message.split_once(ENCODED) {
        Some((before, _)) => Cow::Owned(format!("{}{ENCODED} {MASK}", text(before))),
        None => text(message),
    }
}

/// An identity: callers choose the names of their sessions.
pub fn identity(identity: Identity<'_>) -> Identity<'_> {
    identity.with_texts(|told| match text(&told) {
        Cow::Owned(masked) => Cow::Owned(masked),
        Cow::Borrowed(_) => told,
    })
}

/// What a check tells of resources and condition keys: tags, encryption contexts, external ids, prefixes and names are the
/// caller's own words. A key whose value is taken out is there, with a value that is not known.
pub fn check(check: &mut Check) {
    if let CheckedResource::Arn(told) | CheckedResource::Pattern(told) = &mut check.resource {
        let masked = text(told);
        if masked.contains(MASK) {
            // What is not known of it is a part of its name.
            check.resource = CheckedResource::Pattern(masked.replace(MASK, "*").replace("**", "*").into());
        }
    }
    for (key, fact) in &mut check.context {
        let name = key.rsplit(['/', ':']).next().unwrap_or_default();
        let is_secret = |value: &String| text(value).contains(MASK);
        let is_told = match &*fact {
            Fact::One(value) => names_a_secret(name) || is_secret(value),
            Fact::Many(values) => values.iter().any(is_secret),
            Fact::Absent | Fact::Present | Fact::Unknown => false,
        };
        if is_told {
            *fact = Fact::Present;
        }
        if let Cow::Owned(masked) = text(key) {
            *key = masked.into();
        }
    }
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
            (
                r#"{"env":" {\"api_key\":\"x\",\"dbPass\":\"y\"}","twice":"\"{\\\"pwd\\\":\\\"z\\\"}\""}"#.to_owned(),
                r#"{"env":"{\"api_key\":\"[redacted]\",\"dbPass\":\"[redacted]\"}","twice":"\"{\\\"pwd\\\":\\\"[redacted]\\\"}\""}"#,
            ),
            (
                r#"{"parameters":[{"parameterKey":"DbPassword","parameterValue":"x"},{"parameterKey":"Mode","parameterValue":"y"}],"a":{"name":"/x","type":"SecureString","value":"z"}}"#.to_owned(),
                r#"{"a":{"name":"/x","type":"SecureString","value":"[redacted]"},"parameters":[{"parameterKey":"DbPassword","parameterValue":"[redacted]"},{"parameterKey":"Mode","parameterValue":"y"}]}"#,
            ),
            (
                r#"{"authenticationCode1":"123456","base32StringSeed":"x","pin":1234,"passRole":"r","spin":"s"}"#.to_owned(),
                r#"{"authenticationCode1":"[redacted]","base32StringSeed":"[redacted]","passRole":"r","pin":"[redacted]","spin":"s"}"#,
            ),
            (format!(r#"{{"{SECRET}":"x"}}"#), r#"{"[redacted]":"x"}"#),
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
            "100 % of it; 50%25",
            "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ann@example.com",
            "arn:aws:iam::111122223333:role/ApplicationTeamAlpha/DeployRoleNumber1234567",
            "s3://bucket/2026/03/01/11112222333344445555666677778888-report.json.gz",
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
        // joined, encoded, of others
        let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        let hidden = [
            format!("prefix_{SECRET}"),
            format!("a-{SECRET}-b"),
            format!("key={SECRET}"),
            format!("bucket/{SECRET}/x"),
            SECRET.replace('/', "%2F"),
            "d0phbHJYVXRuRkVNSS9LN01ERU5HL2JQeFJmaUNZRVhBTVBMRUtFWQ==".to_owned(),
            hex(SECRET),
            hex(SECRET).to_ascii_uppercase(),
            format!("gh{}_{}", "p", "a1B2".repeat(9)),
            format!("xox{}-123456789012-abcdefABCDEF", "b"),
            format!("sk_{}_abcdefghijklmnop", "live"),
        ];
        for secret in hidden {
            assert!(!text(&secret).contains(&*secret), "{secret}");
            assert!(text(&secret).contains(MASK), "{secret}");
        }
        assert_eq!(text("https://ann:hunter2@db.example.com/x"), "https://ann:[redacted]@db.example.com/x");
        for (told, masked) in [
            (
                "jdbc:mysql://h/db?user=a&password=hunter2&x=1",
                "jdbc:mysql://h/db?user=a&password=[redacted]&x=1",
            ),
            ("Server=db;Pwd=hunter2;Database=d", "Server=db;Pwd=[redacted];Database=d"),
            (
                "arn:aws:s3:::b/k?X-Amz-Security-Token=abcdef",
                "arn:aws:s3:::b/k?X-Amz-Security-Token=[redacted]",
            ),
            ("k?X-Amz-Signature=abcdef", "k?X-Amz-Signature=[redacted]"),
            ("nextToken=abcdef&maxResults=5", "nextToken=abcdef&maxResults=5"),
            ("X-Amz-Credential=AKIAIOSFODNN7EXAMPLE", "X-Amz-Credential=AKIAIOSFODNN7EXAMPLE"),
            ("password=", "password="),
            ("mysql --password hunter2 -h db", "mysql --password [redacted] -h db"),
            ("curl -u ann:hunter2 https://x", "curl -u ann:[redacted] https://x"),
            ("-H 'Authorization: Bearer abcdef' x", "-H 'Authorization: Bearer [redacted]' x"),
            (r#"body: {"pwd": "hunter2", "a": 1}"#, r#"body: {"pwd": "[redacted]", "a": 1}"#),
            ("https://host.example.com:8443/a/b@c.d", "https://host.example.com:8443/a/b@c.d"),
            (
                "arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/db-AbCdEf",
                "arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/db-AbCdEf",
            ),
        ] {
            assert_eq!(text(told), masked);
        }
        let policy_text = r#""Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}}"#;
        assert_eq!(policy(policy_text), policy_text);
        assert_eq!(
            policy(&format!("\"sts:ExternalId\": \"{SECRET}\"")),
            "\"sts:ExternalId\": \"[redacted]\""
        );
        // A name is as restless as it likes; a parameter is looked at whole.
        let restless = "aB3".repeat(25);
        assert_eq!(name(&format!("data/{restless}")), format!("data/{restless}"));
        assert_eq!(name(&format!("backup/{}", hex(SECRET))), MASK);
        assert_eq!(text("x -----BEGIN RSA PRIVATE KEY-----\nMII"), "x [redacted]");
        assert_eq!(
            message("You are not authorized. Encoded authorization failure message: abcdef"),
            "You are not authorized. Encoded authorization failure message: [redacted]"
        );
    }
}
