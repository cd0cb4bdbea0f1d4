//! The two ways to a row, by the library's column reader and by places, on the same file: one with dictionaries that became
//! too large, with columns that are the same or absent in all rows, and with ranges of rows that begin anywhere.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Encoding;
use parquet::column::page::Page;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use parquet::file::reader::RowGroupReader;
use parquet::file::writer::SerializedFileWriter;

use super::columns::{Columns, FLAGS_OF_CALLS, NOT_IN_CALLS};
use super::selected::some;
use super::{RowView, Want, ids, open, read_ranges};
use crate::numbers::Numbers;
use crate::parquet_file::{Cells, write};
use crate::schema::{Column, EVENTS, Kind, LIST_COLUMNS, LISTS, List, TEXTS, Text, message, properties};

const ROWS: usize = 12_000;

/// A number that looks random.
fn mixed(row: usize, column: usize) -> usize {
    (row * 64 + column + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23) % 1_000_003
}

fn text(column: usize, row: usize) -> Option<String> {
    let of = |number: usize| Some(format!("text {number}"));
    let is_there = !mixed(row, column).is_multiple_of(3);
    match column % 5 {
        // In runs.
        0 => of(row / 700),
        // Never twice: no dictionary holds them.
        1 => Some(format!("{:0>300}", row * 64 + column)).filter(|_| is_there || EVENTS[column].required),
        2 => of(mixed(row, column) % 300).filter(|_| is_there || EVENTS[column].required),
        3 => Some("the same".to_owned()),
        _ => of(row % 9).filter(|_| EVENTS[column].required),
    }
}

fn list(column: usize, row: usize) -> Vec<String> {
    // An entry may be empty; the lists of one row are as long as each other.
    let entries = mixed(row, 0) % 4;
    (0..entries)
        .map(|entry| match column % 3 {
            0 => format!("{:0>200}", row * 64 + column * 4 + entry),
            1 => String::new(),
            _ => format!("entry {}", mixed(row + entry, column) % 50),
        })
        .collect()
}

fn flag(column: usize, row: usize) -> Option<bool> {
    match column % 3 {
        0 => Some(true),
        1 => None,
        _ => [None, Some(true), Some(false)][mixed(row, column) % 3],
    }
}

/// As the lake writes.
fn write_as_ever(path: &Path) {
    let mut texts = Numbers::default();
    let mut number = |text: &str| texts.number(text.as_bytes());
    let numbers: Vec<Vec<Vec<u32>>> = (0..EVENTS.len())
        .map(|column| {
            let of_row = |row: usize| match EVENTS[column].kind {
                Kind::Text => vec![number(&text(column, row).unwrap_or_default())],
                Kind::List => list(column, row).iter().map(|entry| number(entry)).collect(),
                _ => Vec::new(),
            };
            (0..ROWS).map(of_row).collect()
        })
        .collect();
    let mut cells = Cells::new().unwrap();
    write(&mut cells, path, &EVENTS, (ROWS, ROWS / 2 + 1), &texts, |cells, column, rows| {
        rows.for_each(|row| match EVENTS[column].kind {
            Kind::Time | Kind::Number => cells.number(row as i64 * 1_000_000),
            Kind::Text if column == 1 => cells.own_text(text(column, row).unwrap_or_default().as_bytes()),
            Kind::Text => cells.text(numbers[column][row][0]),
            Kind::Flag => cells.flag(flag(column, row)),
            Kind::List => cells.list(&numbers[column][row]),
        });
    })
    .unwrap();
}

/// As the library writes, and earlier versions did: a dictionary that became too large goes on as plain texts.
fn write_by_library(path: &Path, columns: &[Column]) {
    let file = std::fs::File::create(path).unwrap();
    let properties = Arc::new(properties(columns).unwrap());
    let mut writer = SerializedFileWriter::new(file, message(columns).unwrap(), properties).unwrap();
    for rows in [0..ROWS / 2 + 1, ROWS / 2 + 1..ROWS] {
        let mut group = writer.next_row_group().unwrap();
        for (column, Column { kind, required, .. }) in columns.iter().enumerate() {
            let mut writer = group.next_column().unwrap().unwrap();
            let bytes = |text: String| ByteArray::from(text.into_bytes());
            match kind {
                Kind::Time | Kind::Number => {
                    let numbers: Vec<i64> = rows.clone().map(|row| row as i64 * 1_000_000).collect();
                    writer.typed::<Int64Type>().write_batch(&numbers, None, None).unwrap();
                }
                Kind::Text => {
                    let texts: Vec<Option<String>> = rows.clone().map(|row| text(column, row)).collect();
                    let levels: Vec<i16> = texts.iter().map(|text| text.is_some().into()).collect();
                    let texts: Vec<ByteArray> = texts.into_iter().flatten().map(bytes).collect();
                    let levels = (!required).then_some(&levels[..]);
                    writer.typed::<ByteArrayType>().write_batch(&texts, levels, None).unwrap();
                }
                Kind::Flag => {
                    let flags: Vec<Option<bool>> = rows.clone().map(|row| flag(column, row)).collect();
                    let levels: Vec<i16> = flags.iter().map(|flag| flag.is_some().into()).collect();
                    let flags: Vec<bool> = flags.into_iter().flatten().collect();
                    writer.typed::<BoolType>().write_batch(&flags, Some(&levels), None).unwrap();
                }
                Kind::List => {
                    let (mut texts, mut levels, mut repetitions) = (Vec::new(), Vec::new(), Vec::new());
                    for row in rows.clone() {
                        let entries = list(column, row);
                        repetitions.extend((0..entries.len().max(1)).map(|at| i16::from(at > 0)));
                        levels.extend((0..entries.len().max(1)).map(|_| 1 + i16::from(!entries.is_empty())));
                        texts.extend(entries.into_iter().map(bytes));
                    }
                    let (levels, repetitions) = (Some(&levels[..]), Some(&repetitions[..]));
                    writer.typed::<ByteArrayType>().write_batch(&texts, levels, repetitions).unwrap();
                }
            }
            writer.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

/// What a call has.
fn texts_of_calls() -> impl Iterator<Item = usize> {
    (0..TEXTS).filter(|at| NOT_IN_CALLS.iter().all(|text| *text as usize != *at))
}

fn by_view(view: &RowView<'_>) -> String {
    let texts: Vec<Option<&str>> = texts_of_calls().map(|at| some(view.texts()[at])).collect();
    let flags = FLAGS_OF_CALLS.map(|flag| view.flag(flag));
    let lists: Vec<Vec<&str>> = LISTS_OF_CHECKS.iter().map(|list| view.list(*list).collect()).collect();
    format!("{} {} {texts:?} {flags:?} {lists:?}", view.time, view.id)
}

fn by_columns(columns: &Columns, row: usize) -> String {
    let texts: Vec<Option<&str>> = texts_of_calls().map(|at| columns.text_at(at, row)).collect();
    let flags = FLAGS_OF_CALLS.map(|flag| columns.flag(flag, row));
    let entries = |list| columns.list(list, row).iter().map(move |place| columns.entry(list, *place));
    let lists: Vec<Vec<&str>> = LISTS_OF_CHECKS.iter().map(|list| entries(*list).collect()).collect();
    format!("{} {} {texts:?} {flags:?} {lists:?}", columns.time(row), columns.id(row).unwrap_or_default())
}

const LISTS_OF_CHECKS: [List; LISTS - 1] =
    [List::Actions, List::CheckedResources, List::Forms, List::ResourceAccounts, List::Contexts];

#[test]
fn rows_are_the_same_by_places() {
    let folder = std::env::temp_dir().join(format!("kagimori-agreement-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (ours, librarys) = (folder.join("ours.parquet"), folder.join("library.parquet"));
    write_as_ever(&ours);
    write_by_library(&librarys, &EVENTS);
    for group in open(&librarys).unwrap().groups() {
        for column in [Text::Agent.column(), LIST_COLUMNS[List::CheckedResources as usize]] {
            let pages: Vec<Page> =
                group.get_column_page_reader(column).unwrap().map(Result::unwrap).collect();
            let of = |wanted| pages.iter().any(|page| page.is_data_page() && page.encoding() == wanted);
            assert!(of(Encoding::RLE_DICTIONARY) && of(Encoding::PLAIN), "{}", EVENTS[column].name);
        }
    }
    assert!(rows_of(&ours) == rows_of(&librarys));
    // Parts of earlier versions lack the last columns: their texts are absent, whichever way they are read.
    let earlier = folder.join("earlier.parquet");
    write_by_library(&earlier, &EVENTS[..EVENTS.len() - 3]);
    assert!(rows_of(&earlier) != rows_of(&ours));
    let mut contents = BTreeSet::new();
    ids(&earlier, |_, _, content| contents.extend([content])).unwrap();
    assert_eq!(contents, BTreeSet::from([0]));
    std::fs::remove_dir_all(folder).unwrap();
}

/// The rows of a file, which are the same both ways.
fn rows_of(path: &Path) -> Vec<String> {
    let file = open(path).unwrap();
    assert_eq!(file.groups().count(), 2);
    let whole = [Range { start: 0, end: ROWS / 2 - 1 }];
    let some = [1..2, 2..5, 703..3_000, 3_001..3_002, 5_000..5_600];
    let mut all = Vec::new();
    for group in file.groups() {
        for ranges in [&whole[..], &some] {
            let mut viewed = Vec::new();
            read_ranges(&group, ranges.to_vec(), Want::Calls, &mut |view| viewed.push(by_view(view)))
                .unwrap();
            let columns = Columns::read(&group, ranges).unwrap();
            let read: Vec<String> = (0..columns.rows()).map(|row| by_columns(&columns, row)).collect();
            assert_eq!(viewed.len(), read.len());
            assert!(viewed == read, "{:?}", viewed.iter().zip(&read).find(|(a, b)| a != b));
            all.extend(read);
        }
    }
    all
}
