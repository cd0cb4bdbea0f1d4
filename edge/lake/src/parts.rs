//! The files that some rows of one day become: events, and the two roll-ups.

use std::path::Path;

use bytes::Bytes;
use parquet::data_type::ByteArray;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::parquet_file::{Cells, WriteError, write};
use crate::rows::{Row, Rows};
use crate::schema::{ACTIONS, EVENTS, FLAG_AT, Flag, LIST_AT, PLACES, ROW_GROUP_ROWS, TEXT_AT, Text};

/// The folder names of the file sets.
pub(crate) const SETS: [&str; 4] = ["events", "daily_actions", "daily_places", "bodies"];

/// A file of the lake, as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Part {
    /// Relative to the lake: `events/day=2026-03-01/part-….parquet`.
    pub(crate) file: String,
    /// Days since 1970-01-01 UTC.
    pub(crate) day: i32,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

impl Part {
    /// Whether it belongs to a file set.
    pub(crate) fn is_of(&self, set: &str) -> bool {
        self.file.strip_prefix(set).is_some_and(|rest| rest.starts_with('/'))
    }
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

/// Writes the rows of one day; `name` tells the batch and which of its writings this is.
pub(crate) fn write_day(
    lake: &Path,
    rows: &Rows,
    mut order: Vec<u32>,
    ranks: &[u32],
    day: i32,
    name: &str,
) -> Result<Vec<Part>, WriteError> {
    let rank = |number: u32| ranks.get(number as usize).copied().unwrap_or_default();
    let row = |at: &u32| rows.rows.get(*at as usize);
    order.sort_by_cached_key(|at| {
        row(at).map(|row| (rank(row.text(Text::Account)), rank(row.text(Text::Principal)), row.time))
    });
    let sorted: Vec<&Row> = order.iter().filter_map(row).collect();
    let mut parts = Vec::new();
    let mut add = |set: &str, written: (usize, u64)| {
        let file = part_name(set, day, name);
        parts.push(Part { file, day, rows: written.0 as u64, bytes: written.1 });
    };
    let path = |set: &str| lake.join(part_name(set, day, name));
    let bytes = write(&path("events"), &EVENTS, sorted.len(), ROW_GROUP_ROWS, |column, range| {
        cells(rows, sorted.get(range).unwrap_or_default(), column)
    })?;
    add("events", (sorted.len(), bytes));
    add("daily_actions", write_actions(&path("daily_actions"), rows, &sorted)?);
    add("daily_places", write_places(&path("daily_places"), rows, &sorted)?);
    Ok(parts)
}

fn micros(seconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000)
}

/// The cells of a column of [`EVENTS`].
fn cells(rows: &Rows, sorted: &[&Row], column: usize) -> Cells {
    let text = |number: u32| ByteArray::from(rows.strings.text(number).clone());
    match column {
        0 => Cells::Numbers(sorted.iter().map(|row| micros(row.time)).collect()),
        1 => Cells::of_texts(
            sorted.iter().map(|row| ByteArray::from(Bytes::copy_from_slice(rows.event_id(row)))),
        ),
        _ if column < FLAG_AT => {
            let at = column - TEXT_AT;
            let numbers = sorted.iter().map(|row| row.texts.get(at).copied().unwrap_or_default());
            Cells::of_numbers(numbers, text)
        }
        _ if column < LIST_AT => {
            let at = column - FLAG_AT;
            Cells::of_flags(sorted.iter().map(|row| row.flags.get(at).copied().flatten()))
        }
        _ => {
            let at = column - LIST_AT;
            Cells::of_lists(sorted.iter().map(|row| {
                rows.lists
                    .list(row.lists.get(at).copied().unwrap_or_default())
                    .iter()
                    .map(|number| text(*number))
            }))
        }
    }
}

/// How often and when.
#[derive(Clone, Copy)]
struct Count {
    n: i64,
    errors: i64,
    first: i64,
    last: i64,
}

/// The texts and flags that a roll-up counts by.
type Key<const T: usize, const F: usize> = ([u32; T], [Option<bool>; F]);

/// Counts rows by key. An event that repeats another with other fields is not counted again.
fn count<const T: usize, const F: usize>(
    sorted: &[&Row],
    key: impl Fn(&Row) -> Key<T, F>,
) -> Vec<(Key<T, F>, Count)> {
    let mut order = Vec::new();
    let mut counts: FxHashMap<Key<T, F>, usize> = FxHashMap::default();
    for row in sorted.iter().filter(|row| row.flag(Flag::IsUpdate) != Some(true)) {
        let key = key(row);
        let slot = *counts.entry(key).or_insert_with(|| {
            order.push((key, Count { n: 0, errors: 0, first: row.time, last: row.time }));
            order.len() - 1
        });
        if let Some((_, count)) = order.get_mut(slot) {
            count.n += 1;
            count.errors += i64::from(row.text(Text::Error) != 0);
            count.first = count.first.min(row.time);
            count.last = count.last.max(row.time);
        }
    }
    order
}

/// The long-term key of a row; those of sessions are too many to count by.
fn long_term_key(rows: &Rows, row: &Row) -> u32 {
    let number = row.text(Text::AccessKey);
    if rows.strings.text(number).starts_with(b"AKIA") { number } else { 0 }
}

fn write_actions(path: &Path, rows: &Rows, sorted: &[&Row]) -> Result<(usize, u64), WriteError> {
    let counted = count(sorted, |row| {
        let texts = [
            row.text(Text::Account),
            row.text(Text::Principal),
            long_term_key(rows, row),
            row.text(Text::Source),
            row.text(Text::Name),
            row.text(Text::Error),
            row.text(Text::EventType),
            row.text(Text::Category),
            row.text(Text::CallerAccount),
            row.text(Text::IdType),
            row.text(Text::InvokedBy),
        ];
        (texts, [row.flag(Flag::ReadOnly), Some(row.is_shared_copy())])
    });
    let bytes = write(path, &ACTIONS, counted.len(), ROW_GROUP_ROWS, |column, range| {
        let counted = counted.get(range).unwrap_or_default();
        match column {
            10 => Cells::Numbers(counted.iter().map(|(_, count)| count.n).collect()),
            11 => Cells::Numbers(counted.iter().map(|(_, count)| micros(count.first)).collect()),
            12 => Cells::Numbers(counted.iter().map(|(_, count)| micros(count.last)).collect()),
            8 | 9 => flag_cells(counted, column - 8),
            ..8 => text_cells(rows, counted, column),
            _ => text_cells(rows, counted, column - 5),
        }
    })?;
    Ok((counted.len(), bytes))
}

fn write_places(path: &Path, rows: &Rows, sorted: &[&Row]) -> Result<(usize, u64), WriteError> {
    let counted = count(sorted, |row| {
        let texts = [
            row.text(Text::Account),
            row.text(Text::Principal),
            long_term_key(rows, row),
            row.text(Text::Region),
            row.text(Text::Address),
            row.text(Text::VpcEndpoint),
            row.text(Text::Agent),
            row.text(Text::InvokedBy),
            row.text(Text::CallerAccount),
            row.text(Text::IdType),
        ];
        let is_console = row.flag(Flag::FromConsole) == Some(true) || row.flag(Flag::SignedIn).is_some();
        let is_service_event = rows.strings.text(row.text(Text::EventType)) == "AwsServiceEvent";
        let flags = [
            row.flag(Flag::Mfa),
            Some(row.is_shared_copy()),
            Some(is_console),
            Some(rows.is_instance_session(row)),
            Some(is_service_event),
        ];
        (texts, flags)
    });
    let bytes = write(path, &PLACES, counted.len(), ROW_GROUP_ROWS, |column, range| {
        let counted = counted.get(range).unwrap_or_default();
        match column {
            10 => Cells::Numbers(counted.iter().map(|(_, count)| count.n).collect()),
            11 => Cells::Numbers(counted.iter().map(|(_, count)| count.errors).collect()),
            12 => Cells::Numbers(counted.iter().map(|(_, count)| micros(count.first)).collect()),
            13 => Cells::Numbers(counted.iter().map(|(_, count)| micros(count.last)).collect()),
            8 | 9 => flag_cells(counted, column - 8),
            14 | 15 => text_cells(rows, counted, column - 6),
            ..8 => text_cells(rows, counted, column),
            _ => flag_cells(counted, column - 14),
        }
    })?;
    Ok((counted.len(), bytes))
}

/// The cells of a text that a roll-up counts by.
fn text_cells<const T: usize, const F: usize>(
    rows: &Rows,
    counted: &[(Key<T, F>, Count)],
    at: usize,
) -> Cells {
    let numbers = counted.iter().map(|(key, _)| key.0.get(at).copied().unwrap_or_default());
    Cells::of_numbers(numbers, |number| rows.strings.text(number).clone().into())
}

/// The cells of a flag that a roll-up counts by.
fn flag_cells<const T: usize, const F: usize>(counted: &[(Key<T, F>, Count)], at: usize) -> Cells {
    Cells::of_flags(counted.iter().map(|(key, _)| key.1.get(at).copied().flatten()))
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
