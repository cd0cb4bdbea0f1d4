//! `kagimori trail coverage`: which accounts, regions and days are there, and the holes.

use kagimori_lake::Coverage;
use serde_json::{Value, json};

use super::denied::MapTest;
use super::table::Table;

/// One row per account and region; with how the map from events to permissions did beside AWS's refusals.
pub(super) fn table(coverage: &Coverage, map: MapTest) -> Table {
    let rows = coverage.regions.iter().map(|region| {
        let holes: Vec<String> =
            region
                .holes
                .iter()
                .map(|hole| {
                    if hole.days == 1 { hole.first.clone() } else { format!("{}..{}", hole.first, hole.last) }
                })
                .collect();
        vec![
            Value::from(region.account.as_str()),
            Value::from(region.region.as_str()),
            Value::from(region.first.as_str()),
            Value::from(region.last.as_str()),
            Value::from(region.first_event.to_string()),
            Value::from(region.last_event.to_string()),
            Value::from(region.days),
            Value::from(region.events),
            Value::from(region.holes.iter().map(|hole| i64::from(hole.days)).sum::<i64>()),
            Value::from(holes),
        ]
    });
    let silent = &coverage.silent;
    let silence = match silent.as_slice() {
        [] => String::new(),
        [one] => format!("no event of account {one} in these days, and some in others\n\n"),
        several => {
            format!("no event of accounts {} in these days, and some in others\n\n", several.join(", "))
        }
    };
    let days = coverage.first.as_ref().zip(coverage.last.as_ref());
    let text = days.map_or(String::new(), |(first, last)| format!("{first} to {last}\n\n"));
    let (first, last) = days.unzip();
    let summary = (days.is_some() || !silent.is_empty()).then(|| {
        let value = json!({ "first": first, "last": last, "silent": silent, "map": map.json() });
        (text + &silence + &map.text(), value)
    });
    Table {
        question: "coverage",
        columns: vec![
            "account",
            "region",
            "first",
            "last",
            "first_event",
            "last_event",
            "days",
            "events",
            "days_without",
            "without",
        ],
        rows: rows.collect(),
        summary,
        nothing: "there are no events",
    }
}
