//! The two ways to a row, by the library's column reader and by places, on the same file: one with dictionaries that became
//! too large, with columns that are the same or absent in all rows, and with ranges of rows that begin anywhere.

use std::ops::Range;

use parquet::basic::Encoding;
use parquet::column::page::Page;
use parquet::data_type::ByteArray;
use parquet::file::reader::RowGroupReader;

use super::columns::{Columns, NOT_IN_CALLS};
use super::{RowView, Want, open, read_ranges};
use crate::parquet_file::{Cells, write};
use crate::schema::{EVENTS, Flag, Kind, LIST_AT, LISTS, List, TEXT_AT, TEXTS, Text};

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

fn cells(column: usize, rows: Range<usize>) -> Cells {
    match EVENTS[column].kind {
        Kind::Time | Kind::Number => Cells::Numbers(rows.map(|row| row as i64 * 1_000_000).collect()),
        Kind::Text => Cells::of_texts(
            rows.map(|row| ByteArray::from(text(column, row).unwrap_or_default().into_bytes())),
        ),
        Kind::Flag => Cells::of_flags(rows.map(|row| flag(column, row))),
        Kind::List => Cells::of_lists(
            rows.map(|row| list(column, row).into_iter().map(|entry| ByteArray::from(entry.into_bytes()))),
        ),
    }
}

/// What a call has.
fn texts_of_calls() -> impl Iterator<Item = Text> {
    (0..TEXTS).map(text_at).filter(|text| !NOT_IN_CALLS.contains(text))
}

fn by_view(view: &RowView<'_>) -> String {
    let texts: Vec<Option<&str>> = texts_of_calls().map(|text| view.text(text)).collect();
    let flags = [Flag::Mfa, Flag::IsUpdate].map(|flag| view.flag(flag));
    let lists: Vec<Vec<&str>> = LISTS_OF_CHECKS.iter().map(|list| view.list(*list).collect()).collect();
    format!("{} {} {texts:?} {flags:?} {lists:?}", view.time, view.id)
}

fn by_columns(columns: &Columns, row: usize) -> String {
    let texts: Vec<Option<&str>> = texts_of_calls().map(|text| columns.text(text, row)).collect();
    let flags = [Flag::Mfa, Flag::IsUpdate].map(|flag| columns.flag(flag, row));
    let entries = |list| columns.list(list, row).iter().map(move |place| columns.entry(list, *place));
    let lists: Vec<Vec<&str>> = LISTS_OF_CHECKS.iter().map(|list| entries(*list).collect()).collect();
    format!("{} {} {texts:?} {flags:?} {lists:?}", columns.time(row), columns.id(row).unwrap_or_default())
}

const LISTS_OF_CHECKS: [List; LISTS - 1] =
    [List::Actions, List::CheckedResources, List::Forms, List::ResourceAccounts, List::Contexts];

fn text_at(at: usize) -> Text {
    use Text::*;
    [
        Account,
        Region,
        Source,
        Name,
        EventType,
        Category,
        Error,
        Message,
        IdType,
        PrincipalId,
        Arn,
        Issuer,
        Principal,
        CallerAccount,
        AccessKey,
        UserName,
        Provider,
        InvokedBy,
        Address,
        Agent,
        VpcEndpoint,
        SharedId,
        UpdatedId,
        Outcome,
        Gap,
        Issued,
    ][at]
}

#[test]
fn rows_are_the_same_by_places() {
    let folder = std::env::temp_dir().join(format!("kagimori-agreement-{}", std::process::id()));
    let path = folder.join("part.parquet");
    write(&path, &EVENTS, ROWS, ROWS / 2 + 1, cells).unwrap();
    let file = open(&path).unwrap();
    let whole = [Range { start: 0, end: ROWS / 2 - 1 }];
    let some = [1..2, 2..5, 703..3_000, 3_001..3_002, 5_000..5_600];
    assert_eq!(file.groups().count(), 2);
    for group in file.groups() {
        for column in [TEXT_AT + Text::Agent as usize, LIST_AT + List::CheckedResources as usize] {
            let pages: Vec<Page> =
                group.get_column_page_reader(column).unwrap().map(Result::unwrap).collect();
            let of = |wanted| pages.iter().any(|page| page.is_data_page() && page.encoding() == wanted);
            assert!(of(Encoding::RLE_DICTIONARY) && of(Encoding::PLAIN), "{}", EVENTS[column].name);
        }
        for ranges in [&whole[..], &some] {
            let mut viewed = Vec::new();
            read_ranges(&group, ranges.to_vec(), Want::Calls, &mut |view| viewed.push(by_view(view)))
                .unwrap();
            let columns = Columns::read(&group, ranges).unwrap();
            let read: Vec<String> = (0..columns.rows()).map(|row| by_columns(&columns, row)).collect();
            assert_eq!(viewed.len(), read.len());
            assert!(viewed == read, "{:?}", viewed.iter().zip(&read).find(|(a, b)| a != b));
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}
