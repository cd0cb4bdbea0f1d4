//! Rows out of a part: only the columns and the rows that a question needs.
//!
//! Row groups whose statistics exclude the question are passed over; in the others the columns that the question looks at
//! are read first, and of all other columns only the rows that it wants.

#[cfg(test)]
mod agreement;
mod cells;
mod columns;
mod guard;
mod library;
mod pages;
mod runs;
mod selected;
mod texts;
mod wanted;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

use kagimori_trail::selection::Selection;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{BoolType, ByteArray, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, RowGroupReader};

pub(crate) use cells::{Flags, Group, roll_up};
pub(crate) use columns::{Columns, scan_columns, scan_columns_of_copies};
pub(crate) use texts::Texts;

use guard::{guarded, ours};
use library::{FlagColumn, ListColumn, TextColumn, TextCursor, short, typed};
use pages::PartFile;
use selected::{has_any, matching, may_hold, wanted};

use crate::error::LakeError;
use crate::regular;
use crate::schema::{
    CONTENT_COLUMN, FLAG_COLUMNS, FLAGS, Flag, LIST_COLUMNS, LISTS, List, SCHEMA_KEY, SCHEMA_VERSION,
    TEXT_COLUMNS, TEXTS, Text, content_of,
};

/// Rows that are held at a time.
const CHUNK_ROWS: usize = 8 << 10;

/// Which columns beside the texts and flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// What usage is made of: no lists, none of [`NOT_IN_USAGE`], and no ids where no event has copies.
    Events,
    /// What the roll-ups do not tell of a console sign-in: who it was, and how it ended.
    SignIns,
    /// All.
    Calls,
}

/// Texts that say nothing of who used what; where only usage is asked for they are absent.
const NOT_IN_USAGE: [Text; 10] = [
    Text::Category,
    Text::Message,
    Text::PrincipalId,
    Text::Provider,
    Text::UpdatedId,
    Text::Outcome,
    Text::Gap,
    Text::Issued,
    Text::SourceIdentity,
    Text::Delegate,
];

/// Who a row is of, and of what kind.
const TELL_A_SIGN_IN: [Text; 10] = [
    Text::EventType,
    Text::Principal,
    Text::IdType,
    Text::Arn,
    Text::Issuer,
    Text::CallerAccount,
    Text::AccessKey,
    Text::UserName,
    Text::InvokedBy,
    Text::OnBehalfOf,
];

impl Want {
    fn has_text(self, column: usize) -> bool {
        let is_of = |texts: &[Text]| texts.iter().any(|text| text.column() == column);
        match self {
            Self::Events => !is_of(&NOT_IN_USAGE),
            Self::SignIns => is_of(&TELL_A_SIGN_IN),
            Self::Calls => true,
        }
    }

    fn has_flag(self, column: usize) -> bool {
        let not_of_sign_ins = [Flag::ReadOnly, Flag::FromConsole];
        self != Self::SignIns || !not_of_sign_ins.iter().any(|flag| flag.column() == column)
    }
}

/// One row, borrowed. An absent text is empty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowView<'a> {
    pub(crate) time: i64,
    pub(crate) id: &'a str,
    /// The event's content in few bits; 0 where it is not told.
    pub(crate) content: u16,
    texts: [&'a str; TEXTS],
    flags: [Option<bool>; FLAGS],
    lists: [&'a [ByteArray]; LISTS],
}

impl<'a> RowView<'a> {
    /// A text; `None` when it is absent.
    pub(crate) fn text(&self, text: Text) -> Option<&'a str> {
        self.texts.get(text as usize).copied().filter(|text| !text.is_empty())
    }

    pub(crate) fn flag(&self, flag: Flag) -> Option<bool> {
        self.flags.get(flag as usize).copied().flatten()
    }

    /// All texts, in the order of the columns; absent ones are empty.
    pub(crate) fn texts(&self) -> &[&'a str; TEXTS] {
        &self.texts
    }

    /// All truth values, in the order of the columns.
    pub(crate) fn flags(&self) -> &[Option<bool>; FLAGS] {
        &self.flags
    }

    /// The entries of a list.
    pub(crate) fn list(&self, list: List) -> impl Iterator<Item = &'a str> + use<'a> {
        let entries: &'a [ByteArray] = self.lists.get(list as usize).copied().unwrap_or_default();
        entries.iter().map(|entry| std::str::from_utf8(entry.data()).unwrap_or_default())
    }
}

/// Opens a part and checks its schema.
fn open(path: &Path) -> Result<PartFile<File>, LakeError> {
    checked(path, regular::open(path).map_err(|error| unreadable(path, error))?)
}

fn unreadable(path: &Path, error: io::Error) -> LakeError {
    match error.kind() {
        // The manifest says it is there.
        io::ErrorKind::NotFound => LakeError::Gone(path.to_owned()),
        _ => LakeError::read(path, error),
    }
}

/// A part whose schema is the one that is known.
fn checked<R: ChunkReader>(path: &Path, file: R) -> Result<PartFile<R>, LakeError> {
    let reader = PartFile::open(file).map_err(|error| LakeError::damaged(path, &error))?;
    let metadata = reader.metadata().file_metadata();
    let schema = metadata.key_value_metadata().into_iter().flatten().find(|entry| entry.key == SCHEMA_KEY);
    let schema = schema.and_then(|entry| entry.value.as_deref()?.parse().ok()).unwrap_or_default();
    if schema != SCHEMA_VERSION {
        return Err(LakeError::OtherSchema { path: path.to_owned(), schema });
    }
    Ok(reader)
}

/// Hands out the rows of a part of `events/` that a question wants.
pub(crate) fn scan(
    path: &Path,
    selection: &Selection,
    columns: Want,
    mut each: impl FnMut(&RowView<'_>),
) -> Result<(), LakeError> {
    guarded(path, || {
        for group in open(path)?.groups() {
            scan_group(&group, selection, columns, &mut each)
                .map_err(|error| LakeError::damaged(path, &error))?;
        }
        Ok(())
    })
}

/// The ids of a part, whose copies the events are, and their contents: (`event_id`, `account`, `content`).
pub(crate) fn ids(path: &Path, each: impl FnMut(&str, Option<&str>, u16)) -> Result<(), LakeError> {
    guarded(path, || ids_of(path, each))
}

fn ids_of(path: &Path, mut each: impl FnMut(&str, Option<&str>, u16)) -> Result<(), LakeError> {
    let reader = open(path)?;
    let damaged = |error: ParquetError| LakeError::damaged(path, &error);
    for group in reader.groups() {
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        let mut ids = TextColumn::open(&group, 1).map_err(damaged)?;
        let mut accounts = TextColumn::open(&group, Text::Account.column()).map_err(damaged)?;
        let mut contents = contents(&group).map_err(damaged)?;
        let mut left = rows;
        while left > 0 {
            let chunk = left.min(CHUNK_ROWS);
            ids.read(chunk).map_err(damaged)?;
            accounts.read(chunk).map_err(damaged)?;
            contents.iter_mut().try_for_each(|contents| contents.read(chunk)).map_err(damaged)?;
            let mut contents = contents.as_ref().map(TextColumn::cursor);
            let (mut ids, mut accounts) = (ids.cursor(), accounts.cursor());
            for _ in 0..chunk {
                let (id, account) = (ids.next().map_err(damaged)?, accounts.next().map_err(damaged)?);
                let content = contents.as_mut().map_or(Ok(0), content).map_err(damaged)?;
                if !id.is_empty() {
                    let account = Some(account).filter(|account| !account.is_empty());
                    ours(|| each(id, account, content));
                }
            }
            left -= chunk;
        }
    }
    Ok(())
}

/// Hands out the rows of a part of `bodies/`: the time in seconds, and the texts.
pub(crate) fn bodies(path: &Path, mut each: impl FnMut(i64, [&str; 5])) -> Result<(), LakeError> {
    guarded(path, || {
        let damaged = |error: ParquetError| LakeError::damaged(path, &error);
        for group in open(path)?.groups() {
            let mut left = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
            let mut times = typed::<Int64Type>(&group, 0).map_err(damaged)?;
            let mut columns: Vec<TextColumn> = (1..=5)
                .map(|at| TextColumn::of(&group, at, false))
                .collect::<Result<_, _>>()
                .map_err(damaged)?;
            while left > 0 {
                let (chunk, mut values) = (left.min(CHUNK_ROWS), Vec::new());
                times.read_records(chunk, None, None, &mut values).map_err(damaged)?;
                columns.iter_mut().try_for_each(|column| column.read(chunk)).map_err(damaged)?;
                let mut cursors: Vec<TextCursor<'_>> = columns.iter().map(TextColumn::cursor).collect();
                for row in 0..chunk {
                    let time = values.get(row).ok_or_else(short).map_err(damaged)?.div_euclid(1_000_000);
                    let mut texts = [""; 5];
                    for (text, cursor) in texts.iter_mut().zip(&mut cursors) {
                        *text = cursor.next().map_err(damaged)?;
                    }
                    ours(|| each(time, texts));
                }
                left -= chunk;
            }
        }
        Ok(())
    })
}

/// The contents of the events of a row group; parts of earlier versions have none.
fn contents(group: &dyn RowGroupReader) -> Result<Option<TextColumn>, ParquetError> {
    let is_there = group.metadata().num_columns() > CONTENT_COLUMN;
    is_there.then(|| TextColumn::open(group, CONTENT_COLUMN)).transpose()
}

fn content(contents: &mut TextCursor<'_>) -> Result<u16, ParquetError> {
    Ok(content_of(contents.next()?))
}

/// Hands out the rows of a part of `events/` that the roll-ups do not tell all of: console sign-ins, and calls of which
/// several accounts got a copy.
pub(crate) fn scan_told(path: &Path, mut each: impl FnMut(&RowView<'_>)) -> Result<(), LakeError> {
    guarded(path, || {
        for group in open(path)?.groups() {
            scan_group_told(&group, &mut each).map_err(|error| LakeError::damaged(path, &error))?;
        }
        Ok(())
    })
}

/// Hands out the rows of a part of `events/` of which several accounts got a copy.
pub(crate) fn scan_copies(path: &Path, mut each: impl FnMut(&RowView<'_>)) -> Result<(), LakeError> {
    guarded(path, || {
        for group in open(path)?.groups() {
            copies(&group)
                .and_then(|copies| read_ranges(&group, copies, Want::Events, &mut each))
                .map_err(|error| LakeError::damaged(path, &error))?;
        }
        Ok(())
    })
}

/// The rows of which several accounts got a copy.
fn copies(group: &dyn RowGroupReader) -> Result<Vec<Range<usize>>, ParquetError> {
    if !has_any(group.metadata(), Text::SharedId.column()) {
        return Ok(Vec::new());
    }
    let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
    matching(group, Text::SharedId, &[Range { start: 0, end: rows }], &|text| !text.is_empty())
}

fn scan_group_told(
    group: &dyn RowGroupReader,
    each: &mut impl FnMut(&RowView<'_>),
) -> Result<(), ParquetError> {
    let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
    let copies = copies(group)?;
    let signed_in = Flag::SignedIn.column();
    if has_any(group.metadata(), signed_in) {
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        typed::<BoolType>(group, signed_in)?.read_records(rows, Some(&mut levels), None, &mut values)?;
        let mut among = copies.iter().peekable();
        let mut is_copy = |row| {
            while among.next_if(|copies| copies.end <= row).is_some() {}
            among.peek().is_some_and(|copies| copies.contains(&row))
        };
        let told = levels.iter().enumerate().filter(|(row, level)| **level == 1 && !is_copy(*row));
        let sign_ins = told.map(|(row, _)| Range { start: row, end: row + 1 }).collect();
        read_ranges(group, sign_ins, Want::SignIns, each)?;
    }
    read_ranges(group, copies, Want::Events, each)
}

fn scan_group(
    group: &dyn RowGroupReader,
    selection: &Selection,
    columns: Want,
    each: &mut impl FnMut(&RowView<'_>),
) -> Result<(), ParquetError> {
    if !may_hold(group.metadata(), selection) {
        return Ok(());
    }
    let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
    let ranges = wanted(group, selection, rows)?;
    read_ranges(group, ranges, columns, each)
}

/// Hands out the rows in `ranges`, which are in order.
fn read_ranges(
    group: &dyn RowGroupReader,
    ranges: Vec<Range<usize>>,
    columns: Want,
    each: &mut impl FnMut(&RowView<'_>),
) -> Result<(), ParquetError> {
    if ranges.is_empty() {
        return Ok(());
    }
    let mut open = Open::new(group, columns)?;
    let mut at = 0;
    for range in ranges {
        open.skip(range.start - at)?;
        at = range.start;
        while at < range.end {
            let chunk = CHUNK_ROWS.min(range.end - at);
            open.read(chunk)?;
            open.rows(chunk, each)?;
            at += chunk;
        }
    }
    Ok(())
}

/// The columns of a row group, all at the same row.
struct Open {
    times: ColumnReaderImpl<Int64Type>,
    time_values: Vec<i64>,
    id: Option<TextColumn>,
    content: Option<TextColumn>,
    /// `None` for columns that are not read.
    texts: Vec<Option<TextColumn>>,
    flags: Vec<Option<FlagColumn>>,
    lists: Vec<ListColumn>,
}

impl Open {
    fn new(group: &dyn RowGroupReader, columns: Want) -> Result<Self, ParquetError> {
        // What no row has, needs no reading.
        let there = |column: &usize| has_any(group.metadata(), *column);
        let texts = TEXT_COLUMNS.into_iter().map(|column| {
            let read = Some(column).filter(|column| columns.has_text(*column)).filter(there);
            read.map(|column| TextColumn::open(group, column)).transpose()
        });
        let flags = FLAG_COLUMNS.into_iter().map(|column| {
            let read = Some(column).filter(|column| columns.has_flag(*column)).filter(there);
            read.map(|column| FlagColumn::open(group, column)).transpose()
        });
        let (texts, flags) = (texts.collect::<Result<_, _>>()?, flags.collect::<Result<_, _>>()?);
        // Which of the copies counts hangs on their ids and contents.
        let with_id = match columns {
            Want::Events => there(&(Text::SharedId.column())),
            Want::SignIns => false,
            Want::Calls => true,
        };
        let lists = if columns == Want::Calls { &LIST_COLUMNS[..] } else { &[] };
        let lists = lists.iter().map(|column| ListColumn::open(group, *column)).collect::<Result<_, _>>()?;
        Ok(Self {
            times: typed(group, 0)?,
            time_values: Vec::new(),
            id: with_id.then(|| TextColumn::open(group, 1)).transpose()?,
            content: if with_id { contents(group)? } else { None },
            texts,
            flags,
            lists,
        })
    }

    fn skip(&mut self, rows: usize) -> Result<(), ParquetError> {
        if rows == 0 {
            return Ok(());
        }
        self.times.skip_records(rows)?;
        for column in self.id.iter_mut().chain(&mut self.content).chain(self.texts.iter_mut().flatten()) {
            column.skip(rows)?;
        }
        for column in self.flags.iter_mut().flatten() {
            column.reader.skip_records(rows)?;
        }
        for column in &mut self.lists {
            column.reader.skip_records(rows)?;
        }
        Ok(())
    }

    fn read(&mut self, rows: usize) -> Result<(), ParquetError> {
        self.time_values.clear();
        let (times, ..) = self.times.read_records(rows, None, None, &mut self.time_values)?;
        if times < rows {
            return Err(short());
        }
        for column in self.id.iter_mut().chain(&mut self.content).chain(self.texts.iter_mut().flatten()) {
            column.read(rows)?;
        }
        for column in self.flags.iter_mut().flatten() {
            column.read(rows)?;
        }
        for column in &mut self.lists {
            column.read(rows)?;
        }
        Ok(())
    }

    /// Hands out the rows at hand.
    fn rows(&self, rows: usize, each: &mut impl FnMut(&RowView<'_>)) -> Result<(), ParquetError> {
        let mut id = self.id.as_ref().map(TextColumn::cursor);
        let mut contents = self.content.as_ref().map(TextColumn::cursor);
        let mut texts: Vec<Option<TextCursor<'_>>> =
            self.texts.iter().map(|column| column.as_ref().map(TextColumn::cursor)).collect();
        let mut flags: Vec<_> = self
            .flags
            .iter()
            .map(|column| column.as_ref().map(|column| (column.values.iter(), column.levels.iter())))
            .collect();
        let mut view = RowView {
            time: 0,
            id: "",
            content: 0,
            texts: [""; TEXTS],
            flags: [None; FLAGS],
            lists: [&[]; LISTS],
        };
        for (row, time) in self.time_values.iter().take(rows).enumerate() {
            view.time = time.div_euclid(1_000_000);
            if let Some(id) = &mut id {
                view.id = id.next()?;
            }
            view.content = contents.as_mut().map_or(Ok(0), content)?;
            for (place, column) in view.texts.iter_mut().zip(&mut texts) {
                if let Some(column) = column {
                    *place = column.next()?;
                }
            }
            for (place, column) in view.flags.iter_mut().zip(&mut flags) {
                let Some((values, levels)) = column else { continue };
                let there = levels.next().ok_or_else(short)? == &1;
                *place = if there { Some(*values.next().ok_or_else(short)?) } else { None };
            }
            for (place, column) in view.lists.iter_mut().zip(&self.lists) {
                *place = column.entries(row).ok_or_else(short)?;
            }
            ours(|| each(&view));
        }
        Ok(())
    }
}
