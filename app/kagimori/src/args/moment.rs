//! An instant on the command line: RFC 3339, or a day, which is its beginning in UTC.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

/// Reads `2026-11-01T00:00:00Z` or `2026-11-01`.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let day: Date =
        text.parse().map_err(|_| "write it as `2026-11-01` or `2026-11-01T00:00:00Z`".to_owned())?;
    Offset::UTC.to_timestamp(day.to_datetime(Time::midnight())).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn a_day_is_its_beginning() {
        assert_eq!(moment("2026-11-01").unwrap(), moment("2026-11-01T00:00:00Z").unwrap());
        assert_eq!(moment("2026-11-01T09:00:00+09:00").unwrap(), moment("2026-11-01").unwrap());
        assert!(moment("yesterday").unwrap_err().contains("2026-11-01"));
    }
}
