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
            Value::from(region.days),
            Value::from(region.events),
            Value::from(region.holes.iter().map(|hole| i64::from(hole.days)).sum::<i64>()),
            Value::from(holes),
        ]
    });
    let summary = coverage.first.as_ref().zip(coverage.last.as_ref()).map(|(first, last)| {
        let text = format!("{first} to {last}\n\n{}", map.text());
        (text, json!({ "first": first, "last": last, "map": map.json() }))
    });
    Table {
        question: "coverage",
        columns: vec!["account", "region", "first", "last", "days", "events", "days_without", "without"],
        rows: rows.collect(),
        summary,
        nothing: "there are no events",
    }
}
