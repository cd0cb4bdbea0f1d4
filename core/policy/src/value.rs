//! The values conditions compare: numbers, points in time, addresses, bytes. Compared as values, never as text.

use std::cmp::Ordering;
use std::net::IpAddr;

use base64::Engine;
use ipnet::IpNet;

/// A decimal number of any length, compared exactly.
#[derive(Clone, Copy, Debug)]
pub struct Decimal<'a> {
    negative: bool,
    /// Without leading zeros.
    whole: &'a str,
    /// Without trailing zeros.
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Reads digits with an optional sign and fraction; IAM has no exponents.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || fraction.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        Some(Self { negative: negative && !(whole.is_empty() && fraction.is_empty()), whole, fraction })
    }

    fn size_cmp(&self, other: &Self) -> Ordering {
        let by_length = self.whole.len().cmp(&other.whole.len());
        by_length.then_with(|| self.whole.cmp(other.whole)).then_with(|| self.fraction.cmp(other.fraction))
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.size_cmp(other),
            (true, true) => other.size_cmp(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal<'_> {}

/// A point in time in nanoseconds since 1970: W3C ISO 8601 with an offset, or epoch seconds. Without dashes a text is a
/// number of seconds, so `2020` is 33 minutes and 40 seconds past midnight; a time without an offset is UTC.
pub fn instant(text: &str) -> Option<i128> {
    if let Some(seconds) = Decimal::parse(text) {
        return epoch_nanoseconds(&seconds);
    }
    let is_plain =
        text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b':' | b'.' | b'T' | b'Z'));
    if !is_plain {
        return None;
    }
    let completed = match (text.len(), text.contains('T')) {
        (7, _) => format!("{text}-01T00:00:00Z"),
        (_, false) => format!("{text}T00:00:00Z"),
        (_, true) => format!("{text}Z"),
    };
    let time = text.parse::<jiff::Timestamp>().or_else(|_| completed.parse::<jiff::Timestamp>()).ok()?;
    Some(time.as_nanosecond())
}

fn epoch_nanoseconds(seconds: &Decimal<'_>) -> Option<i128> {
    let whole: i128 = if seconds.whole.is_empty() { 0 } else { seconds.whole.parse().ok()? };
    let fraction = format!("{:0<9}", seconds.fraction);
    let fraction: i128 = fraction.get(..9)?.parse().ok()?;
    let size = whole.checked_mul(1_000_000_000)?.checked_add(fraction)?;
    Some(if seconds.negative { -size } else { size })
}

/// A range of addresses; a bare address is a range of one.
pub fn ip_range(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// `true` or `false`, in any case.
pub fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        text.eq_ignore_ascii_case("false").then_some(false)
    }
}

/// The bytes of a base64 text.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

/// Whether two texts are equal but for case, letter by letter (`ß` and `ss` differ).
pub fn equal_ignoring_case(a: &str, b: &str) -> bool {
    a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::{Decimal, boolean, bytes, equal_ignoring_case, instant, ip_range};

    #[test]
    fn decimals() {
        for (a, b, expected) in [
            ("10", "10.0", Ordering::Equal),
            ("-0", "0", Ordering::Equal),
            ("007", "7", Ordering::Equal),
            ("9.5", "10", Ordering::Less),
            ("-2", "-1", Ordering::Less),
            ("0.5", "0.25", Ordering::Greater),
            ("123456789012345678901234567890.1", "123456789012345678901234567890.2", Ordering::Less),
        ] {
            assert_eq!(Decimal::parse(a).unwrap().cmp(&Decimal::parse(b).unwrap()), expected, "{a} {b}");
        }
        for odd in ["", "-", "1e3", "1.", ".5", " 1", "0x1", "１"] {
            assert!(Decimal::parse(odd).is_none(), "{odd}");
        }
    }

    #[test]
    fn instants() {
        let second = 1_000_000_000;
        assert_eq!(instant("2020"), Some(2020 * second));
        assert_eq!(instant("1970-01-01T00:00:01.5Z"), Some(second * 3 / 2));
        assert_eq!(instant("1.5"), Some(second * 3 / 2));
        assert_eq!(instant("2026-01-01T09:00:00+09:00"), instant("2026-01-01T00:00:00Z"));
        assert_eq!(instant("2026-01-01"), instant("2026-01-01T00:00Z"));
        assert_eq!(instant("2026-01"), instant("2026-01-01"));
        assert_eq!(instant("2026-01-01T00:00:00"), instant("2026-01-01"));
        for odd in ["", "yesterday", "2026-13-01", "2026-01-01T00:00:00Z[Asia/Tokyo]", "2026/01/01"] {
            assert_eq!(instant(odd), None, "{odd}");
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(ip_range("203.0.113.5").unwrap().prefix_len(), 32);
        assert_eq!(ip_range("2001:db8::1").unwrap().prefix_len(), 128);
        assert!(
            ip_range("203.0.113.5/24")
                .unwrap()
                .contains(&"203.0.113.200".parse::<std::net::IpAddr>().unwrap())
        );
        assert!(ip_range("0.0.0.0/0").unwrap().contains(&"1.2.3.4".parse::<std::net::IpAddr>().unwrap()));
        assert_eq!(ip_range("203.0.113"), None);
    }

    #[test]
    fn the_rest() {
        assert_eq!((boolean("TRUE"), boolean("false"), boolean("yes")), (Some(true), Some(false), None));
        assert_eq!(bytes("aGk="), Some(b"hi".to_vec()));
        assert!(equal_ignoring_case("ÄB", "äb") && !equal_ignoring_case("ß", "ss"));
    }
}
