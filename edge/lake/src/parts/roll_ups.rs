//! The roll-ups of a day: who did what, who called from where, and who did what from where, how often.
//!
//! Most of what is counted by is told by the request and the identity. So each of these is made a class once, and rows are
//! counted by the numbers of classes.

use std::path::Path;

use rustc_hash::FxHashMap;

use super::micros;
use crate::numbers::Numbers;
use crate::parquet_file::{Cells, WriteError, Written, write};
use crate::rows::{Rows, WholeRow};
use crate::schema::{ACTIONS, Flag, ORIGINS, PLACES, ROW_GROUP_ROWS, Text};

/// How often and when.
#[derive(Clone, Copy)]
struct Count {
    n: i64,
    errors: i64,
    first: i64,
    last: i64,
}

/// What rows are counted by: classes of identities and requests, texts and flags of the events.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    identity: u32,
    request: u32,
    texts: [u32; 3],
    flags: [Option<bool>; 3],
}

/// Identities or requests that a roll-up does not tell apart.
struct Classes {
    /// For each number its class; 0 is not looked at yet.
    classes: Vec<u32>,
    /// What a roll-up tells of each class.
    told: Numbers<u32>,
}

impl Classes {
    fn new() -> Self {
        Self { classes: Vec::new(), told: Numbers::default() }
    }

    /// The class of what has this number, which tells what `told` says.
    fn class<const N: usize>(&mut self, number: u32, told: impl FnOnce() -> [u32; N]) -> u32 {
        let at = number as usize;
        if self.classes.len() <= at {
            self.classes.resize((at + 1).next_power_of_two(), 0);
        }
        let Some(class) = self.classes.get_mut(at) else { return 0 };
        if *class == 0 {
            *class = self.told.number(&told());
        }
        *class
    }

    fn told(&self, class: u32, at: usize) -> u32 {
        self.told.get(class).get(at).copied().unwrap_or_default()
    }
}

/// Rows by key, in the order in which each key comes first. An event that repeats another with other fields is not counted
/// again.
fn count(sorted: &[WholeRow<'_>], mut key: impl FnMut(&WholeRow<'_>) -> Key) -> Vec<(Key, Count)> {
    let mut counted = Vec::new();
    let mut slots: FxHashMap<Key, usize> = FxHashMap::default();
    for row in sorted.iter().filter(|row| row.row.flag(Flag::IsUpdate) != Some(true)) {
        let key = key(row);
        let slot = *slots.entry(key).or_insert_with(|| {
            counted.push((key, Count { n: 0, errors: 0, first: row.row.time, last: row.row.time }));
            counted.len() - 1
        });
        if let Some((_, count)) = counted.get_mut(slot) {
            count.n += 1;
            count.errors += i64::from(row.text(Text::Error) != 0);
            count.first = count.first.min(row.row.time);
            count.last = count.last.max(row.row.time);
        }
    }
    counted
}

/// The long-term key of a row; those of sessions are too many to count by.
fn long_term_key(rows: &Rows, row: &WholeRow<'_>) -> u32 {
    let number = row.text(Text::AccessKey);
    if rows.strings.get(number).starts_with(b"AKIA") { number } else { 0 }
}

pub(super) fn write_actions(
    cells: &mut Cells,
    path: &Path,
    rows: &Rows,
    sorted: &[WholeRow<'_>],
) -> Result<(usize, Written), WriteError> {
    let (mut identities, mut requests) = (Classes::new(), Classes::new());
    let counted = count(sorted, |row| {
        let text = |text| row.text(text);
        let identity = || {
            let key = long_term_key(rows, row);
            [text(Text::Principal), key, text(Text::CallerAccount), text(Text::IdType), text(Text::InvokedBy)]
        };
        let request = || {
            [Text::Account, Text::Source, Text::Name, Text::Error, Text::EventType, Text::Category].map(text)
        };
        Key {
            identity: identities.class(row.row.identity, identity),
            request: requests.class(row.row.request, request),
            texts: [0; 3],
            flags: [row.row.flag(Flag::ReadOnly), Some(row.is_shared_copy()), None],
        }
    });
    let (groups, texts) = ((counted.len(), ROW_GROUP_ROWS), &rows.strings);
    let bytes = write(cells, path, &ACTIONS, groups, texts, |cells, column, range| {
        for (key, count) in counted.get(range).unwrap_or_default() {
            let by_identity = |at| identities.told(key.identity, at);
            let by_request = |at| requests.told(key.request, at);
            match column {
                0 => cells.text(by_request(0)),
                1 | 2 => cells.text(by_identity(column - 1)),
                3..8 => cells.text(by_request(column - 2)),
                8 | 9 => flag(cells, key, column - 8),
                10 => cells.number(count.n),
                11 => cells.number(micros(count.first)),
                12 => cells.number(micros(count.last)),
                _ => cells.text(by_identity(column - 11)),
            }
        }
    })?;
    Ok((counted.len(), bytes))
}

pub(super) fn write_places(
    cells: &mut Cells,
    path: &Path,
    rows: &Rows,
    sorted: &[WholeRow<'_>],
) -> Result<(usize, Written), WriteError> {
    let (mut identities, mut requests) = (Classes::new(), Classes::new());
    let counted = count(sorted, |row| {
        let text = |text| row.text(text);
        let identity = || {
            let (key, is_instance) = (long_term_key(rows, row), rows.is_instance_session(row));
            let texts = [Text::InvokedBy, Text::CallerAccount, Text::IdType].map(text);
            let [invoked_by, caller, kind] = texts;
            [text(Text::Principal), key, invoked_by, caller, kind, is_instance.into()]
        };
        let request = || {
            let is_service_event = rows.strings.get(text(Text::EventType)) == b"AwsServiceEvent";
            [text(Text::Account), text(Text::Region), is_service_event.into()]
        };
        let is_console =
            row.row.flag(Flag::FromConsole) == Some(true) || row.row.flag(Flag::SignedIn).is_some();
        Key {
            identity: identities.class(row.row.identity, identity),
            request: requests.class(row.row.request, request),
            texts: [Text::Address, Text::VpcEndpoint, Text::Agent].map(text),
            flags: [row.row.flag(Flag::Mfa), Some(row.is_shared_copy()), Some(is_console)],
        }
    });
    let (groups, texts) = ((counted.len(), ROW_GROUP_ROWS), &rows.strings);
    let bytes = write(cells, path, &PLACES, groups, texts, |cells, column, range| {
        for (key, count) in counted.get(range).unwrap_or_default() {
            let by_identity = |at| identities.told(key.identity, at);
            let by_request = |at| requests.told(key.request, at);
            match column {
                0 => cells.text(by_request(0)),
                1 | 2 => cells.text(by_identity(column - 1)),
                3 => cells.text(by_request(1)),
                4..7 => cells.text(key.texts.get(column - 4).copied().unwrap_or_default()),
                7 => cells.text(by_identity(2)),
                8 | 9 => flag(cells, key, column - 8),
                10 => cells.number(count.n),
                11 => cells.number(count.errors),
                12 => cells.number(micros(count.first)),
                13 => cells.number(micros(count.last)),
                14 | 15 => cells.text(by_identity(column - 11)),
                16 => flag(cells, key, 2),
                17 => cells.flag(Some(by_identity(5) != 0)),
                _ => cells.flag(Some(by_request(2) != 0)),
            }
        }
    })?;
    Ok((counted.len(), bytes))
}

/// `works`: the number of the text of what each request did, where.
pub(super) fn write_origins(
    cells: &mut Cells,
    path: &Path,
    (rows, works): (&Rows, &[u32]),
    sorted: &[WholeRow<'_>],
) -> Result<(usize, Written), WriteError> {
    let (mut identities, mut requests) = (Classes::new(), Classes::new());
    let is = |number: u32, word: &str| rows.strings.get(number) == word.as_bytes();
    let counted = count(sorted, |row| {
        let text = |text| row.text(text);
        let identity = || {
            let (key, is_instance) = (long_term_key(rows, row), rows.is_instance_session(row));
            let texts = [Text::CallerAccount, Text::IdType, Text::InvokedBy].map(text);
            let [caller, kind, invoked_by] = texts;
            [text(Text::Principal), key, caller, kind, invoked_by, is_instance.into()]
        };
        let request = || {
            let work = works.get(row.row.request as usize).copied().unwrap_or_default();
            let (denied, data) = (is(text(Text::Outcome), "denied"), is(text(Text::Category), "Data"));
            let [account, region, source, name] =
                [Text::Account, Text::Region, Text::Source, Text::Name].map(text);
            [account, region, source, name, work, denied.into(), data.into()]
        };
        let is_console =
            row.row.flag(Flag::FromConsole) == Some(true) || row.row.flag(Flag::SignedIn).is_some();
        Key {
            identity: identities.class(row.row.identity, identity),
            request: requests.class(row.row.request, request),
            texts: [Text::Address, Text::VpcEndpoint, Text::Agent].map(text),
            flags: [row.row.flag(Flag::ReadOnly), Some(row.is_shared_copy()), Some(is_console)],
        }
    });
    let (groups, texts) = ((counted.len(), ROW_GROUP_ROWS), &rows.strings);
    let bytes = write(cells, path, &ORIGINS, groups, texts, |cells, column, range| {
        for (key, count) in counted.get(range).unwrap_or_default() {
            let by_identity = |at| identities.told(key.identity, at);
            let by_request = |at| requests.told(key.request, at);
            match column {
                0 => cells.text(by_request(0)),
                1..6 => cells.text(by_identity(column - 1)),
                6..10 => cells.text(by_request(column - 5)),
                10..13 => cells.text(key.texts.get(column - 10).copied().unwrap_or_default()),
                13 | 14 => cells.flag(Some(by_request(column - 8) != 0)),
                15 => cells.flag(Some(by_identity(5) != 0)),
                16..19 => flag(cells, key, column - 16),
                19 => cells.number(count.n),
                20 => cells.number(micros(count.first)),
                _ => cells.number(micros(count.last)),
            }
        }
    })?;
    Ok((counted.len(), bytes))
}

fn flag(cells: &mut Cells, key: &Key, at: usize) {
    cells.flag(key.flags.get(at).copied().flatten());
}
