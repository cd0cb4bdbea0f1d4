//! Small parts of a day become one: late files and small runs leave many of them, and every reader pays for each.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::LakeError;
use crate::ingest::done;
use crate::manifest::{Counts, Done, Manifest, Plan, PlanHeader, PlanKind};
use crate::parts::{Part, write_day};
use crate::read::{Want, scan};
use crate::rows::Rows;
use crate::schema::{ROW_GROUP_ROWS, SCHEMA_VERSION};
use kagimori_trail::selection::Selection;

/// Small parts that a day may have.
const SMALL_PARTS_MAX: usize = 8;
/// A part with fewer rows is small, and no compacted one has more than twice as many.
const SMALL_ROWS: u64 = ROW_GROUP_ROWS as u64;

/// Compacts the days with many small parts; whether there were any.
pub(crate) fn compact(lake: &Path, manifest: &Manifest) -> Result<bool, LakeError> {
    let mut small: BTreeMap<i32, Vec<&Part>> = BTreeMap::new();
    for part in manifest.parts() {
        if part.is_of("events") && part.rows < SMALL_ROWS {
            small.entry(part.day).or_default().push(part);
        }
    }
    let mut sequence = manifest.next_sequence();
    let mut any = false;
    for (day, parts) in small.into_iter().filter(|(_, parts)| parts.len() > SMALL_PARTS_MAX) {
        for group in groups(&parts) {
            compact_group(lake, day, &group, sequence)?;
            sequence += 1;
            any = true;
        }
    }
    Ok(any)
}

/// Parts that fit into one, in order.
fn groups<'p>(parts: &[&'p Part]) -> Vec<Vec<&'p Part>> {
    let mut groups: Vec<Vec<&Part>> = Vec::new();
    let mut rows = 0;
    for part in parts {
        match groups.last_mut() {
            Some(group) if rows + part.rows <= 2 * SMALL_ROWS => {
                rows += part.rows;
                group.push(part);
            }
            _ => {
                rows = part.rows;
                groups.push(vec![part]);
            }
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

fn compact_group(lake: &Path, day: i32, group: &[&Part], sequence: u64) -> Result<(), LakeError> {
    // the roll-ups of the same writing go with the events
    let replaces: Vec<String> = group
        .iter()
        .flat_map(|part| {
            ["events", "daily_actions", "daily_places"]
                .map(|set| part.file.replacen("events/", &format!("{set}/"), 1))
        })
        .collect();
    let header = PlanHeader {
        schema: SCHEMA_VERSION,
        kind: PlanKind::Compact,
        bodies: false,
        replaces: replaces.clone(),
    };
    let id = Manifest::intend(lake, &Plan { header, files: Vec::new() })?;
    let mut rows = Rows::default();
    for part in group {
        scan(&lake.join(&part.file), &Selection::default(), Want::Calls, |row| rows.push_row(row))?;
    }
    let order = (0..rows.rows.len() as u32).collect();
    let ranks = rows.strings.ranks();
    let parts = write_day(lake, &rows, order, &ranks, day, &format!("{id}-0"));
    let parts = parts.map_err(|error| LakeError::of_write(lake, error))?;
    Manifest::commit(lake, &id, &Done { parts, replaces, sequence, ..done(Counts::default()) })
}
