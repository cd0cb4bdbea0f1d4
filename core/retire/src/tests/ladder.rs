//! Settings: ladders, lengths, windows.

use jiff::tz::TimeZone;

use super::{at, lasting, rung};
use crate::{Ladder, Lasting, Settings, ZoneName};

fn settings(text: &str) -> Result<Settings, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
}

#[test]
fn what_is_left_out_has_its_default() {
    let settings = settings("").unwrap();
    assert_eq!(settings, Settings::default());
    let told: Vec<String> = settings
        .ladder
        .rungs()
        .iter()
        .map(|rung| format!("{} {}", rung.off, rung.wait.map(|wait| wait.to_string()).unwrap_or_default()))
        .collect();
    assert_eq!(told, ["10min 3d", "1d 3d", "30d "]);
}

#[test]
fn a_ladder_is_refused_that_is_none() {
    for (text, why) in [
        ("ladder = []", "the ladder has no rung"),
        ("ladder = [{ off = \"0s\" }]", "`0s` is no length of time"),
        ("ladder = [{ off = \"-10min\" }]", "`-10min` is no length of time"),
        ("ladder = [{ off = \"10\" }]", "`10` is no length of time"),
        ("ladder = [{ off = \"1week\" }]", "`1week` is no length of time"),
        ("ladder = [{ off = \"99999999999999999999d\" }]", "is no length of time"),
        ("ladder = [{ off = \"4000d\" }]", "`4000d` is no length of time"),
        ("ladder = [{ off = 10 }]", "invalid type"),
        ("ladder = [{ off = \"1d\", wait = \"3d\" }]", "the last rung of the ladder has a `wait`"),
        ("ladder = [{ off = \"1h\" }, { off = \"1d\" }]", "rung 1 of the ladder has no `wait`"),
        (
            "ladder = [{ off = \"1d\", wait = \"1d\" }, { off = \"1h\", wait = \"1d\" }, { off = \"30d\" }]",
            "rung 2 of the ladder is not longer off than the one before it",
        ),
        ("ladder = [{ off = \"1d\", rest = \"1d\" }]", "unknown field `rest`"),
        ("notice = \"0d\"", "`0d` is no length of time"),
        ("hours = \"17:00-09:00\"", "`hours` is `17:00-09:00`"),
        ("hours = \"09:00\"", "`hours` is `09:00`"),
        ("hours = \"09:00-25:00\"", "`hours` is `09:00-25:00`"),
        ("days = []", "`days` is empty"),
        ("days = [\"friday\"]", "`friday` is no day of the week"),
        ("holidays = [\"1 January\"]", "the holiday `1 January` is no day"),
        ("zone = \"../etc/passwd\"", "names no zone"),
        ("zone = \"/etc\"", "names no zone"),
        ("enough_calls = 0.0", "`enough_calls` is 0"),
        ("enough_calls = nan", "`enough_calls` is NaN"),
        ("enough_power = 2.0", "`enough_power` is 2"),
        ("unused = -1", "`unused` is -1"),
        ("recent_writes = 0", "`recent_writes` is 0"),
        ("protected_tag = \" \"", "`protected_tag` is empty"),
        ("laddr = []", "unknown field `laddr`"),
    ] {
        let error = settings(text).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn a_length_is_written_as_it_is_read() {
    for (text, seconds, again) in [
        ("10s", 10, "10s"),
        ("60s", 60, "1min"),
        ("90min", 5400, "90min"),
        ("24h", 86_400, "1d"),
        ("30d", 2_592_000, "30d"),
    ] {
        let lasting: Lasting = text.parse().unwrap();
        assert_eq!((lasting.seconds(), lasting.to_string().as_str()), (seconds, again));
    }
    let ladder = Ladder::try_from(vec![rung("1h", Some("1d")), rung("2d", None)]).unwrap();
    let text = serde_json::to_string(&ladder).unwrap();
    assert_eq!(text, r#"[{"off":"1h","wait":"1d"},{"off":"2d"}]"#);
    assert_eq!(serde_json::from_str::<Ladder>(&text).unwrap(), ladder);
    assert!(serde_json::from_str::<Ladder>("[]").is_err());
}

/// Monday 2 November 2026.
#[test]
fn windows_are_hours_of_a_zone() {
    let settings = settings("zone = \"+09:00\"\nholidays = [\"2026-11-03\"]").unwrap();
    let windows = settings.windows(settings.zone.as_ref().unwrap().known().unwrap());
    let ten = lasting("10min");
    for (instant, open) in [
        ("2026-11-01T23:59:59Z", false),
        ("2026-11-02T00:00:00Z", true),
        ("2026-11-02T07:50:00Z", true),
        ("2026-11-02T07:50:01Z", false),
        // A holiday, a Friday, a Saturday.
        ("2026-11-03T01:00:00Z", false),
        ("2026-11-06T01:00:00Z", false),
        ("2026-11-07T01:00:00Z", false),
    ] {
        assert_eq!(windows.is_open(at(instant), ten), open, "{instant}");
    }
    // What lasts longer than a working day may begin until its end.
    assert!(windows.is_open(at("2026-11-02T08:00:00Z"), lasting("1d")));
    for (from, opens) in [
        ("2026-11-02T03:00:00Z", "2026-11-02T03:00:00Z"),
        ("2026-11-02T07:55:00Z", "2026-11-04T00:00:00Z"),
        ("2026-11-05T08:00:00Z", "2026-11-09T00:00:00Z"),
    ] {
        let found = windows.opens(at(from), ten).unwrap();
        assert_eq!(found, at(opens));
        assert!(windows.is_open(found, ten));
    }
}

/// Days without a break are one window: midnight is no end of it. Saturday is.
#[test]
fn an_off_may_run_over_midnight_where_hours_go_on() {
    let days = "days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]\nholidays = [\"2026-11-04\"]";
    let windows = settings(&format!("hours = \"00:00-24:00\"\n{days}")).unwrap().windows(TimeZone::UTC);
    for (instant, off, open) in [
        ("2026-11-02T23:59:59Z", "1h", true),
        ("2026-11-03T00:00:00Z", "1h", true),
        ("2026-11-02T12:00:00Z", "23h", true),
        // Before the holiday, and before the end of the week.
        ("2026-11-03T23:00:00Z", "1h", true),
        ("2026-11-03T23:00:01Z", "1h", false),
        ("2026-11-06T23:30:00Z", "1h", false),
        ("2026-11-06T23:30:00Z", "1d", true),
    ] {
        assert_eq!(windows.is_open(at(instant), lasting(off)), open, "{instant} {off}");
    }
    // Hours that end before midnight, or begin after it, do not go on.
    for hours in ["00:00-23:59", "00:01-24:00"] {
        let windows = settings(&format!("hours = \"{hours}\"\n{days}")).unwrap().windows(TimeZone::UTC);
        assert!(!windows.is_open(at("2026-11-02T23:30:00Z"), lasting("1h")), "{hours}");
    }
    // Every second of a year without a break, whatever the clocks do.
    let week = "days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]";
    let settings = settings(&format!("hours = \"00:00-24:00\"\n{week}")).unwrap();
    let windows = settings.windows(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
    let (from, until) = (at("2026-01-01T12:00:00Z"), at("2026-12-31T12:00:00Z"));
    for off in ["10min", "1h", "23h", "1d", "30d"] {
        assert_eq!(windows.spans((from, until), lasting(off)), [(from, until)], "{off}");
    }
}

#[test]
fn clocks_that_are_changed_change_the_window() {
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let windows = settings("").unwrap().windows(zone);
    let opens = |from: &str| windows.opens(at(from), lasting("10min")).unwrap().to_string();
    assert_eq!(opens("2026-03-26T20:00:00Z"), "2026-03-30T07:00:00Z");
    assert_eq!(opens("2026-10-22T20:00:00Z"), "2026-10-26T08:00:00Z");
}

#[test]
fn nothing_ever_opens_on_holidays_alone() {
    let days: Vec<String> = (1..=31).map(|day| format!("\"2026-12-{day:02}\"")).collect();
    let settings = settings(&format!("hours = \"00:00-24:00\"\nholidays = [{}]", days.join(","))).unwrap();
    let windows = settings.windows(TimeZone::UTC);
    assert_eq!(
        windows.opens(at("2026-12-01T00:00:00Z"), lasting("1d")).unwrap().to_string(),
        "2027-01-04T00:00:00Z"
    );
}

#[test]
fn zones_are_names_or_offsets() {
    for (text, seconds) in [("+09:00", 32_400), ("-03:30", -12_600), ("UTC", 0)] {
        let zone = ZoneName::parse(text).unwrap().known().unwrap();
        assert_eq!(zone.to_offset(at("2026-11-01T00:00:00Z")).seconds(), seconds);
    }
    assert!(ZoneName::parse("Asia/Tokyo").unwrap().known().is_none());
    assert!(ZoneName::parse("+99:00").unwrap().known().is_none());
    assert!(ZoneName::parse("Asia//Tokyo").is_err());
}
