//! `1 file`, `1,482 calls`, an instant, a day: numbers as people write them.

use std::fmt::Display;

use jiff::Timestamp;

/// A count with what is counted; the word takes an `s` unless there is one of it.
pub(crate) fn counted(count: impl Display, thing: &str) -> String {
    let count = count.to_string();
    if count == "1" { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// `1,482 calls`.
pub(crate) fn calls(count: u64) -> String {
    counted(thousands(count), "call")
}

/// Digits in groups of three.
pub(crate) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len().saturating_sub(place)).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Seconds since 1970 as an instant of UTC.
pub(crate) fn instant(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// The day of it.
pub(crate) fn day(seconds: i64) -> String {
    instant(seconds).chars().take(10).collect()
}

/// From an instant up to another: `2026-08-03 00:00 – 2026-11-01 00:00 UTC`.
pub(crate) fn span(from: i64, until: i64) -> String {
    let minute = |seconds: i64| instant(seconds).chars().take(16).collect::<String>().replace('T', " ");
    format!("{} – {} UTC", minute(from), minute(until))
}

#[cfg(test)]
mod tests {
    use super::{counted, span};

    #[test]
    fn a_span_is_told_to_the_minute() {
        assert_eq!(span(0, 86_459), "1970-01-01 00:00 – 1970-01-02 00:00 UTC");
    }

    #[test]
    fn one_is_not_several() {
        assert_eq!(counted(1, "file"), "1 file");
        assert_eq!(counted(0, "file"), "0 files");
        assert_eq!(counted(11_usize, "more account"), "11 more accounts");
        assert_eq!(counted("1,001", "call"), "1,001 calls");
    }
}
