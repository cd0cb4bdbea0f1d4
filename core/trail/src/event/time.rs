//! `eventTime` to seconds, without a date library on the usual path.

use jiff::Timestamp;

/// Seconds since 1970 of an ISO 8601 time; `2026-03-01T04:33:17Z` is what CloudTrail writes. Fractions are cut off.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let usual = usual(text.as_bytes()).filter(|seconds| *seconds <= LAST);
    usual.or_else(|| text.parse::<Timestamp>().ok().map(|time| time.as_second()))
}

/// The last second that the date library knows, 9999-12-30T22:00:00Z: a time behind it would be shown as another.
const LAST: i64 = 253_402_207_200;

/// `yyyy-mm-ddThh:mm:ssZ` and nothing else.
fn usual(bytes: &[u8]) -> Option<i64> {
    let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1, b'Z'] = bytes
    else {
        return None;
    };
    let year = two(y0, y1)? * 100 + two(y2, y3)?;
    let (month, day) = (two(m0, m1)?, two(d0, d1)?);
    let (hour, minute, second) = (two(h0, h1)?, two(n0, n1)?, two(s0, s1)?);
    let fits = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    fits.then(|| ((days_from_civil(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

fn two(tens: u8, ones: u8) -> Option<i64> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant, *chrono-compatible low-level date
/// algorithms*), for years that are not negative.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_times_agree_with_the_date_library() {
        for day in (0..30_000).step_by(7) {
            let text = Timestamp::from_second(day * 86_400 + 12_345).unwrap().to_string();
            assert_eq!(usual(text.as_bytes()), Some(day * 86_400 + 12_345), "{text}");
        }
    }

    #[test]
    fn the_last_time() {
        assert_eq!(Timestamp::MAX.as_second(), LAST);
    }

    #[test]
    fn odd_times() {
        assert_eq!(seconds("2026-03-01T09:33:17+09:00"), seconds("2026-03-01T00:33:17Z"));
        assert_eq!(seconds("2026-03-01T00:33:17.25Z"), seconds("2026-03-01T00:33:17Z"));
        assert_eq!(seconds("2024-02-29T00:00:00Z"), Some(1_709_164_800));
        for garbage in [
            "",
            "yesterday",
            "9999-12-31T23:59:59Z",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-03-01",
            "20260301T000000",
        ] {
            assert_eq!(seconds(garbage), None, "{garbage}");
        }
    }
}
