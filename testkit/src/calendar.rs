//! Instants of the company's calendar, and how AWS writes them.

use jiff::Timestamp;

/// The instant of the snapshot: 2026-11-01T00:00:00Z, in seconds since 1970.
pub(crate) const AS_OF: i64 = 1_793_491_200;
/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// The instant `days` before the snapshot.
pub(crate) fn days_ago(days: i64) -> i64 {
    AS_OF - days * DAY
}

fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// As the AWS CLI writes instants: `2026-10-31T04:05:06+00:00`.
pub(crate) fn cli(seconds: i64) -> String {
    timestamp(seconds).strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// As the credential report and CloudTrail write them: `2026-10-31T04:05:06Z`.
pub(crate) fn zulu(seconds: i64) -> String {
    timestamp(seconds).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The day folder of a trail: `2026/10/31`.
pub(crate) fn day_folder(seconds: i64) -> String {
    timestamp(seconds).strftime("%Y/%m/%d").to_string()
}

/// The minute in the name of a trail's file: `20261031T0405Z`.
pub(crate) fn file_minute(seconds: i64) -> String {
    timestamp(seconds).strftime("%Y%m%dT%H%MZ").to_string()
}

/// Is it Saturday or Sunday (UTC)? 1970-01-01 was a Thursday.
pub(crate) fn is_weekend(seconds: i64) -> bool {
    matches!(seconds.div_euclid(DAY).rem_euclid(7), 2 | 3)
}
