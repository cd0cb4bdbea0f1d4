//! Values that are named like secrets where they stand in a text: `password=…` of a connection string, `"pwd": "…"` of JSON
//! behind something else, `--token …` of a command, `Authorization: Bearer …`, `ann:…@host` of an address.

use super::names_a_secret;

/// Shorter values are none.
const VALUE_MIN: usize = 3;

/// Where they stand.
pub(super) fn values(text: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, mark) in text.match_indices(['=', ':', ' ']) {
        let Some(before) = text.get(..at) else { continue };
        if is_name_of_secret(before, mark) {
            found.extend(value(text, at.saturating_add(1), mark));
        } else if mark == " " && ["-u", "--user"].iter().any(|option| ends_in_word(before, option)) {
            found.extend(of_user(text, at.saturating_add(1)));
        }
    }
    found
}

fn ends_in_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word).is_some_and(|rest| rest.is_empty() || rest.ends_with(char::is_whitespace))
}

/// Whether what stands before `=`, `:` or a blank is the name of a secret; before a blank only an option's.
fn is_name_of_secret(before: &str, mark: &str) -> bool {
    let before = if mark == ":" { before.trim_end_matches(['"', '\'', '\\']) } else { before };
    let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let length = before.bytes().rev().take_while(of_name).count();
    let name = before.get(before.len().saturating_sub(length)..).unwrap_or_default();
    let is_signature = mark == "=" && name.eq_ignore_ascii_case("X-Amz-Signature");
    (mark != " " || name.starts_with('-')) && (is_signature || names_a_secret(name))
}

/// The value that begins at a place, or behind blanks and a quotation mark there.
fn value(text: &str, from: usize, mark: &str) -> Option<(usize, usize)> {
    let rest = text.get(from..)?;
    // `secret:prod/db` is a part of an ARN.
    if mark == ":" && !rest.starts_with([' ', '"', '\'', '\\', '\t']) {
        return None;
    }
    let opening = [' ', '\t', '"', '\'', '\\'];
    let mut inner = rest.trim_start_matches(opening);
    for scheme in ["Bearer ", "Basic ", "bearer ", "basic "] {
        inner = inner.strip_prefix(scheme).map_or(inner, |credential| credential.trim_start_matches(opening));
    }
    let begin = from.saturating_add(rest.len().saturating_sub(inner.len()));
    let is_quoted = text.get(..begin).is_some_and(|before| before.ends_with(['"', '\'']));
    // JSON in JSON: all of it.
    if inner.starts_with(['{', '[']) {
        return Some((begin, begin.saturating_add(inner.trim_end().len())));
    }
    let ends = |c: char| match c {
        '"' | '\'' | '\\' => true,
        '&' | ';' | ',' | ')' | '}' => !is_quoted,
        _ => c.is_whitespace() && !is_quoted,
    };
    let length = inner.find(ends).unwrap_or(inner.len());
    (length >= VALUE_MIN).then(|| (begin, begin.saturating_add(length)))
}

/// The password of `-u ann:…`.
fn of_user(text: &str, from: usize) -> Option<(usize, usize)> {
    let word = text.get(from..)?.split_whitespace().next()?;
    let (user, password) = word.split_once(':')?;
    let begin = from.saturating_add(user.len()).saturating_add(1);
    (password.len() >= VALUE_MIN).then(|| (begin, begin.saturating_add(password.len())))
}

/// The password of `user:password@host`.
pub(super) fn password(text: &str) -> Option<(usize, usize)> {
    if let Some((before, rest)) = text.split_once("://") {
        return of_authority(rest, before.len().saturating_add(3));
    }
    let at = text.find('@').filter(|at| is_host(text, *at))?;
    let before = text.get(..at)?;
    let begin = before
        .rfind(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '(' | '\''))
        .map_or(0, |at| at.saturating_add(1));
    let (user, password) = before.get(begin..)?.split_once(':')?;
    let is_one = !user.is_empty() && password.len() >= VALUE_MIN && !password.contains(':');
    is_one.then_some((begin.saturating_add(user.len()).saturating_add(1), at))
}

/// The password of an address. One with a slash ought to be encoded (RFC 3986) and often is not.
fn of_authority(rest: &str, from: usize) -> Option<(usize, usize)> {
    let at = rest.find('@').filter(|at| is_host(rest, *at))?;
    let (user, password) = rest.get(..at)?.split_once(':')?;
    let is_port =
        password.split(['/', '?']).next().is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    let is_one = !user.is_empty() && !user.contains(['/', ' ']) && password.len() >= VALUE_MIN;
    // A quotation mark ends the address, unless it is the password's own.
    let is_told = password.starts_with(['"', '\'', '\\']) || !password.contains([' ', '"', '\'']);
    let is_bare_port = is_port && password.contains(['/', '?']);
    (is_one && is_told && !is_bare_port).then(|| {
        let begin = from.saturating_add(user.len()).saturating_add(1);
        (begin, from.saturating_add(at))
    })
}

fn is_host(text: &str, at: usize) -> bool {
    text.get(at.saturating_add(1)..).is_some_and(|host| host.contains(['.', ':']))
}
