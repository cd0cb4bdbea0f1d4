//! Cookies, read and written.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

/// The language that a visitor chose.
pub(crate) const LANGUAGE: &str = "__Host-kagimori-language";
/// A browser that is at the identity provider.
pub(crate) const PROVIDER: &str = "__Host-kagimori-provider";
/// A browser that is about to sign in.
pub(crate) const DOOR: &str = "__Host-kagimori-door";

/// The value of a cookie. One that comes twice is none: nobody knows which of them this host has set.
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(found, _)| *found == name).map(|(_, value)| value);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// Sets a cookie that no script reads and no other site sends.
pub(crate) fn set(name: &str, value: &str, seconds: i64) -> String {
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}")
}

/// The same, sent also when a browser comes back from another site by a link of it.
pub(crate) fn set_for_the_way_back(name: &str, value: &str, seconds: i64) -> String {
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}")
}

/// Takes a cookie away.
pub(crate) fn unset(name: &str) -> String {
    set(name, "", 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_read_by_its_name_and_once() {
        let read = |line: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, line.parse().unwrap());
            read(&headers, DOOR).map(str::to_owned)
        };
        assert_eq!(read("a=b; __Host-kagimori-door=x; c=d").as_deref(), Some("x"));
        assert_eq!(read("__Host-kagimori-doors=x"), None);
        assert_eq!(read("__Host-kagimori-door=x; __Host-kagimori-door=y"), None);
    }
}
