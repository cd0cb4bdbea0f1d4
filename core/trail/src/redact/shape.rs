//! What a secret looks like, wherever it stands: keys and tokens of AWS and of others, private keys, web tokens, any long run as
//! restless as base64; also joined to something by `_`, `-`, `/`, `=`, encoded ([`encoded`]) or by percents, and named ([`named`]).

use std::borrow::Cow;

use super::{MASK, encoded, named};

/// Digits in digits, at most.
const LAYERS_MAX: u32 = 2;

/// The longest run of characters of a token that is let through.
const TOKEN_CHARACTERS_MAX: usize = 59;
/// The shortest run that is looked at: no secret of AWS and no token is near that short.
const SECRET_CHARACTERS_MIN: usize = 20;
/// The shortest of [`TOKENS`].
const TOKEN_CHARACTERS_MIN: usize = 17;

/// What tokens of others begin with, and how many characters follow at least.
const TOKENS: [(&str, usize); 24] = [
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxb-", 12),
    ("xoxp-", 12),
    ("xoxa-", 12),
    ("xoxs-", 12),
    ("xapp-", 12),
    ("sk_live_", 12),
    ("rk_live_", 12),
    ("sk_test_", 12),
    ("whsec_", 16),
    ("sk-ant-", 16),
    ("sk-proj-", 16),
    ("npm_", 30),
    ("pypi-", 30),
    ("AIza", 30),
    ("hf_", 30),
    ("dop_v1_", 30),
    ("ABSK", 40),
];

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Anybody's words.
    Words,
    /// It is or becomes a part of a name, and only what is surely none is masked: an ARN, a parameter.
    Name,
    /// A policy, or a condition of one: made of names, and `aws:TokenIssueTime` names no token.
    Policy,
}

/// A text without what looks like a secret.
pub(super) fn masked(text: &str, kind: Kind) -> Cow<'_, str> {
    if let Some(at) = text.find("-----BEGIN ").filter(|_| text.contains("PRIVATE KEY")) {
        return Cow::Owned(format!("{}{MASK}", text.get(..at).unwrap_or_default()));
    }
    if text.len() < 8 {
        return Cow::Borrowed(text);
    }
    if text.contains('%')
        && let Some(decoded) = without_percents(text)
        && let Cow::Owned(masked) = masked_plain(&decoded, kind)
    {
        return Cow::Owned(masked);
    }
    masked_plain(text, kind)
}

fn masked_plain(text: &str, kind: Kind) -> Cow<'_, str> {
    let found = secrets(text, kind, LAYERS_MAX);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut out, mut kept) = (String::new(), 0);
    for (begin, end) in found {
        out.push_str(text.get(kept..begin).unwrap_or_default());
        out.push_str(MASK);
        kept = end;
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    Cow::Owned(out)
}

/// Where secrets stand, in order.
fn secrets(text: &str, kind: Kind, layers: u32) -> Vec<(usize, usize)> {
    let is_name = kind != Kind::Words || text.starts_with("arn:");
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((begin, run)) = text.get(at..).and_then(next_run) {
        let end = at + begin + run.len();
        if is_secret(run, is_name, layers) {
            found.push((at + begin, end));
        }
        at = end;
    }
    if !is_name {
        found.extend(named::password(text));
    }
    if kind != Kind::Policy {
        found.extend(named::values(text));
    }
    found.sort_unstable();
    found.dedup_by(|next, before| {
        let is_joined = next.0 < before.1;
        before.1 = if is_joined { before.1.max(next.1) } else { before.1 };
        is_joined
    });
    found
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

fn is_secret(run: &str, is_name: bool, layers: u32) -> bool {
    if run.len() < TOKEN_CHARACTERS_MIN {
        return false;
    }
    if run.len() < SECRET_CHARACTERS_MIN {
        return TOKENS.iter().any(|token| is_token(run, token));
    }
    if is_surely_secret(run) || has_secret_key(run, is_name) || is_encoded(run, layers) {
        return true;
    }
    !is_name && run.split('.').any(is_long_token)
}

/// Tokens that say themselves that they are some.
fn is_surely_secret(run: &str) -> bool {
    const STS: [&str; 4] = ["IQoJb3JpZ2lu", "FwoGZXIvYXdz", "AQoDYXdz", "AQoEXAMPLE"];
    let is_web_token = |run: &str| run.starts_with("eyJ") && run.matches('.').count() >= 2 && run.len() > 40;
    run.match_indices("eyJ").any(|(at, _)| run.get(at..).is_some_and(is_web_token))
        || STS.iter().any(|begin| run.contains(begin))
        || TOKENS.iter().any(|token| is_token(run, token))
}

fn is_token(run: &str, (begin, length): &(&str, usize)) -> bool {
    run.match_indices(begin).any(|(at, _)| {
        let is_start =
            run.get(..at).is_none_or(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()));
        let rest = run.get(at + begin.len()..).unwrap_or_default();
        let follow = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
            .count();
        is_start && follow >= *length
    })
}

/// Longer than any name or id, of all kinds of characters, and as restless as base64 is.
fn is_long_token(run: &str) -> bool {
    run.len() > TOKEN_CHARACTERS_MAX && is_restless(run)
}

/// Two neighbours of three are of different kinds in base64, in names made of words hardly one of five.
fn is_restless(run: &str) -> bool {
    let kind = |byte: &u8| match byte {
        b'A'..=b'Z' => 0,
        b'a'..=b'z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let kinds: Vec<u8> = run.as_bytes().iter().map(kind).collect();
    let changes = kinds.iter().zip(kinds.iter().skip(1)).filter(|(a, b)| a != b).count();
    (0..3).all(|kind| kinds.contains(&kind)) && changes * 5 >= run.len() * 2
}

/// Whether the secret of an access key stands in a run, by itself or joined to something.
fn has_secret_key(run: &str, is_name: bool) -> bool {
    let joint = |c: char| matches!(c, '=' | '_' | '-' | '.');
    run.split(joint).any(|piece| match piece.len() {
        40 => is_secret_key(piece) && (!is_name || is_restless(piece)),
        41.. => {
            let slashes = piece.match_indices('/').map(|(at, _)| at + 1);
            let begins = std::iter::once(0).chain(slashes);
            let whole = |at: usize| piece.get(at..at + 40).filter(|_| piece.get(at + 40..).is_some_and(ends));
            begins.filter_map(whole).any(|key| is_secret_key(key) && is_restless(key))
        }
        _ => false,
    })
}

fn ends(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

/// The secret of an access key: 40 characters of base64. A SHA-1 in hex is as long and has no capitals.
fn is_secret_key(run: &str) -> bool {
    let of = |test: fn(&u8) -> bool| run.as_bytes().iter().any(test);
    run.len() == 40
        && run.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'/' || byte == b'+')
        && run.matches('/').count() <= 3
        && of(u8::is_ascii_uppercase)
        && of(u8::is_ascii_lowercase)
        && of(u8::is_ascii_digit)
}

/// Whether a run is a secret in base64, base32 or hex, or packed.
fn is_encoded(run: &str, layers: u32) -> bool {
    encoded::is_packed(run)
        || layers > 0 && encoded::texts(run).any(|text| !secrets(&text, Kind::Words, layers - 1).is_empty())
}

/// A text with `%41` as `A`; `None` when there is none such, or it is no text then.
fn without_percents(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut out, mut at, mut found) = (Vec::with_capacity(bytes.len()), 0, false);
    while let Some(byte) = bytes.get(at) {
        let code = bytes
            .get(at + 1..at + 3)
            .filter(|_| *byte == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
                found = true;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).ok().filter(|_| found)
}
