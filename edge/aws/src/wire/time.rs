//! Times on the wire: ISO 8601, seconds since 1970, RFC 822; as the AWS CLI prints them: ISO 8601 in UTC with `+00:00`.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use serde_json::{Number, Value};

use crate::model::TimestampFormat;

/// A time that somebody gives, or AWS sent: text in any of the forms, or seconds.
pub(crate) fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => of_seconds(number),
        Value::String(text) => of_text(text),
        _ => None,
    }
}

fn of_text(text: &str) -> Option<Timestamp> {
    let as_seconds =
        || text.parse::<f64>().ok().and_then(Number::from_f64).and_then(|number| of_seconds(&number));
    let as_day = || {
        let midnight = text.parse::<jiff::civil::Date>().ok()?.at(0, 0, 0, 0);
        TimeZone::UTC.to_timestamp(midnight).ok()
    };
    let as_mail = || rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    text.parse().ok().or_else(as_seconds).or_else(as_mail).or_else(as_day)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "whole microseconds of a time that jiff takes fit: it is asked at once"
)]
fn of_seconds(number: &Number) -> Option<Timestamp> {
    match number.as_i64() {
        Some(seconds) => Timestamp::from_second(seconds).ok(),
        // As Python's `datetime.fromtimestamp`: to the nearest microsecond.
        None => Timestamp::from_microsecond((number.as_f64()? * 1e6).round_ties_even() as i64).ok(),
    }
}

/// As the AWS CLI prints a time.
pub(crate) fn printed(at: Timestamp) -> String {
    let plain = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    match at.subsec_nanosecond() / 1000 {
        0 => format!("{plain}+00:00"),
        micros => format!("{plain}.{micros:06}+00:00"),
    }
}

/// As a request carries a time.
pub(crate) fn sent(value: &Value, format: TimestampFormat) -> Option<Value> {
    let at = moment(value)?;
    let micros = at.subsec_nanosecond() / 1000;
    Some(match format {
        TimestampFormat::Iso8601 => {
            let plain = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
            let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
            Value::String(format!("{plain}{fraction}Z"))
        }
        TimestampFormat::Unix if micros == 0 => Value::from(at.as_second()),
        TimestampFormat::Unix => Value::from(seconds_of(at)),
        TimestampFormat::Rfc822 => Value::String(at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()),
    })
}

#[expect(clippy::cast_precision_loss, reason = "microseconds since 1970 are below 2^53 until the year 2255")]
fn seconds_of(at: Timestamp) -> f64 {
    at.as_microsecond() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The expectations are botocore's `parse_timestamp(value).isoformat()` where `TZ=UTC`.
    #[test]
    fn times_as_the_cli_prints_them() {
        for (wire, expected) in [
            (json!("2025-01-02T03:04:05Z"), "2025-01-02T03:04:05+00:00"),
            (json!("2025-01-02T03:04:05.120Z"), "2025-01-02T03:04:05.120000+00:00"),
            (json!("2025-01-02T12:04:05+09:00"), "2025-01-02T03:04:05+00:00"),
            (json!(1_735_787_045), "2025-01-02T03:04:05+00:00"),
            (json!(1_735_787_045.25), "2025-01-02T03:04:05.250000+00:00"),
            (json!("1735787045.25"), "2025-01-02T03:04:05.250000+00:00"),
            (json!("Thu, 02 Jan 2025 03:04:05 GMT"), "2025-01-02T03:04:05+00:00"),
        ] {
            assert_eq!(printed(moment(&wire).unwrap()), expected, "{wire}");
        }
        for wrong in [json!("noon"), json!(true), json!("NaN"), json!(1e300), json!("")] {
            assert!(moment(&wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn times_as_requests_carry_them() {
        let at = json!("2025-01-02T03:04:05Z");
        for (format, expected) in [
            (TimestampFormat::Iso8601, json!("2025-01-02T03:04:05Z")),
            (TimestampFormat::Unix, json!(1_735_787_045)),
            (TimestampFormat::Rfc822, json!("Thu, 02 Jan 2025 03:04:05 GMT")),
        ] {
            assert_eq!(sent(&at, format).unwrap(), expected);
        }
        assert_eq!(
            sent(&json!("2025-01-02T03:04:05.5Z"), TimestampFormat::Unix).unwrap(),
            json!(1_735_787_045.5)
        );
    }
}
