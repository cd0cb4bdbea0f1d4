//! The files that some rows of one day become: events, and the two roll-ups.

mod roll_ups;

use std::path::Path;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::parquet_file::{Cells, WriteError, Written, write};
use crate::rows::{Rows, WholeRow};
use crate::schema::{CONTENT_MARK, EVENTS, HELD, Place, ROW_GROUP_ROWS, Text};

/// The folder names of the file sets.
pub(crate) const SETS: [&str; 5] = ["events", "daily_actions", "daily_places", "daily_origins", "bodies"];
/// Events and their roll-ups, which are written together.
pub(crate) const EVENT_SETS: [&str; 4] = ["events", "daily_actions", "daily_places", "daily_origins"];

/// The names of all that is written with a part of events.
pub(crate) fn written_with(part: &str) -> [String; EVENT_SETS.len()] {
    EVENT_SETS.map(|set| part.replacen("events/", &format!("{set}/"), 1))
}

/// A file of the lake, as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Part {
    /// Relative to the lake: `events/day=2026-03-01/part-….parquet`.
    pub(crate) file: String,
    /// Days since 1970-01-01 UTC.
    pub(crate) day: i32,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// SHA-256 of the file; absent in what earlier versions wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sum: Option<String>,
}

impl Part {
    pub(crate) fn of(file: String, day: i32, rows: u64, written: Written) -> Self {
        Self { file, day, rows, bytes: written.bytes, sum: Some(written.sum) }
    }

    /// Whether it belongs to a file set.
    pub(crate) fn is_of(&self, set: &str) -> bool {
        self.file.strip_prefix(set).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// Whether a file is a part of a file set, of whatever lake.
pub(crate) fn part_is_of(path: &Path, set: &str) -> bool {
    path.ancestors().nth(2).and_then(Path::file_name).is_some_and(|folder| folder == set)
}

/// `2026-03-01`
pub(crate) fn day_text(day: i32) -> String {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.checked_add(jiff::Span::new().days(day)).unwrap_or(epoch).to_string()
}

/// The name of a part in its set.
pub(crate) fn part_name(set: &str, day: i32, name: &str) -> String {
    format!("{set}/day={}/part-{name}.parquet", day_text(day))
}

/// Writes the rows of one day, which `order` lists; `name` tells the batch and which of its writings this is.
pub(crate) fn write_day(
    lake: &Path,
    rows: &mut Rows,
    cells: &mut Cells,
    order: Vec<u32>,
    day: i32,
    name: &str,
) -> Result<Vec<Part>, WriteError> {
    let works = rows.works();
    let rows = &*rows;
    let sorted = sorted(rows, order);
    let mut parts = Vec::new();
    let mut add = |set: &str, (rows, written): (usize, Written)| {
        parts.push(Part::of(part_name(set, day, name), day, rows as u64, written));
    };
    let path = |set: &str| lake.join(part_name(set, day, name));
    let groups = (sorted.len(), ROW_GROUP_ROWS);
    let bytes = write(cells, &path("events"), &EVENTS, groups, &rows.strings, |cells, column, range| {
        fill(cells, rows, sorted.get(range).unwrap_or_default(), column);
    })?;
    add("events", (sorted.len(), bytes));
    add("daily_actions", roll_ups::write_actions(cells, &path("daily_actions"), rows, &sorted)?);
    add("daily_places", roll_ups::write_places(cells, &path("daily_places"), rows, &sorted)?);
    add("daily_origins", roll_ups::write_origins(cells, &path("daily_origins"), (rows, &works), &sorted)?);
    Ok(parts)
}

/// The rows by account, principal and time; what is equal there keeps its order.
fn sorted(rows: &Rows, order: Vec<u32>) -> Vec<WholeRow<'_>> {
    let mut groups: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    let mut seen = Vec::new();
    let mut keys: Vec<(u32, i64, u32)> = Vec::with_capacity(order.len());
    for at in order {
        let Some(row) = rows.rows.get(at as usize).map(|row| rows.whole(*row)) else { continue };
        let whose = (row.text(Text::Account), row.text(Text::Principal));
        let group = *groups.entry(whose).or_insert_with(|| {
            seen.push(whose);
            seen.len() as u32 - 1
        });
        keys.push((group, row.row.time, at));
    }
    let text = |number| rows.strings.get(number);
    let mut by_text: Vec<u32> = (0..seen.len() as u32).collect();
    by_text.sort_by_key(|group| {
        seen.get(*group as usize).map(|(account, principal)| (text(*account), text(*principal)))
    });
    let mut ranks = vec![0; seen.len()];
    for (rank, group) in by_text.into_iter().enumerate() {
        if let Some(place) = ranks.get_mut(group as usize) {
            *place = rank as u32;
        }
    }
    for (group, _, _) in &mut keys {
        *group = ranks.get(*group as usize).copied().unwrap_or_default();
    }
    keys.sort_unstable();
    keys.into_iter().filter_map(|(_, _, at)| Some(rows.whole(*rows.rows.get(at as usize)?))).collect()
}

fn micros(seconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000)
}

/// The cells of a column of [`EVENTS`].
fn fill(cells: &mut Cells, rows: &Rows, sorted: &[WholeRow<'_>], column: usize) {
    let Some(place) = HELD.get(column) else { return };
    match *place {
        Place::Time => sorted.iter().for_each(|row| cells.number(micros(row.row.time))),
        Place::Id => sorted.iter().for_each(|row| cells.own_text(rows.event_id(&row.row))),
        Place::Text(text) => {
            let teller = text.teller();
            sorted.iter().for_each(|row| cells.text(row.text_at(teller)));
        }
        Place::Flag(flag) => sorted.iter().for_each(|row| cells.flag(row.row.flag(flag))),
        Place::List(list) => sorted.iter().for_each(|row| cells.list(rows.list(row, list))),
        Place::Content => {
            sorted.iter().for_each(|row| cells.own_text(content_text(row.row.content).as_bytes()));
        }
    }
}

/// The content of an event as text; empty where it is not known.
fn content_text(content: u16) -> String {
    if content == 0 { String::new() } else { format!("{CONTENT_MARK}{content:04x}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days() {
        assert_eq!(day_text(0), "1970-01-01");
        assert_eq!(part_name("events", 20_513, "x"), "events/day=2026-03-01/part-x.parquet");
        assert_eq!(day_text(-1), "1969-12-31");
    }
}
