//! Rows out of a part: only the columns and the rows that a question needs.
//!
//! Row groups whose statistics exclude the question are passed over; in the others the columns that the question looks at
//! are read first, and of all other columns only the rows that it wants.

#[cfg(test)]
mod agreement;
mod cells;
mod columns;
mod pages;
mod runs;
mod texts;
mod wanted;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

use kagimori_trail::selection::{Only, Selection, Who};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_typed_column_reader};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{ChunkReader, RowGroupReader};
use parquet::file::statistics::Statistics;

pub(crate) use cells::{Flags, Group, roll_up};
pub(crate) use columns::{Columns, scan_columns};
pub(crate) use texts::Texts;

use pages::PartFile;

use crate::error::LakeError;
use crate::schema::{
    EVENTS, FLAG_AT, FLAGS, Flag, LIST_AT, LISTS, List, SCHEMA_KEY, SCHEMA_VERSION, TEXT_AT, TEXTS, Text,
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
const NOT_IN_USAGE: [Text; 8] = [
    Text::Category,
    Text::Message,
    Text::PrincipalId,
    Text::Provider,
    Text::UpdatedId,
    Text::Outcome,
    Text::Gap,
    Text::Issued,
];

/// Who a row is of, and of what kind.
const TELL_A_SIGN_IN: [Text; 8] = [
    Text::EventType,
    Text::IdType,
    Text::Arn,
    Text::Issuer,
    Text::CallerAccount,
    Text::AccessKey,
    Text::UserName,
    Text::InvokedBy,
];

impl Want {
    fn has_text(self, column: usize) -> bool {
        let is_of = |texts: &[Text]| texts.iter().any(|text| TEXT_AT + *text as usize == column);
        match self {
            Self::Events => !is_of(&NOT_IN_USAGE),
            Self::SignIns => is_of(&TELL_A_SIGN_IN),
            Self::Calls => true,
        }
    }

    fn has_flag(self, column: usize) -> bool {
        let not_of_sign_ins = [Flag::ReadOnly, Flag::FromConsole];
        self != Self::SignIns || !not_of_sign_ins.iter().any(|flag| FLAG_AT + *flag as usize == column)
    }
}

/// One row, borrowed. An absent text is empty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowView<'a> {
    pub(crate) time: i64,
    pub(crate) id: &'a str,
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
    checked(path, File::open(path).map_err(|error| unreadable(path, error))?)
}

fn unreadable(path: &Path, error: io::Error) -> LakeError {
    match error.kind() {
        // The manifest says it is there.
        io::ErrorKind::NotFound => LakeError::damaged(path, &"it is gone"),
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
    let reader = open(path)?;
    for group in reader.groups() {
        scan_group(&group, selection, columns, &mut each)
            .map_err(|error| LakeError::damaged(path, &error))?;
    }
    Ok(())
}

/// The ids of a part and whose copies the events are: (`event_id`, `account`).
pub(crate) fn ids(path: &Path, mut each: impl FnMut(&str, Option<&str>)) -> Result<(), LakeError> {
    let reader = open(path)?;
    let damaged = |error: ParquetError| LakeError::damaged(path, &error);
    for group in reader.groups() {
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        let mut ids = TextColumn::open(&group, 1).map_err(damaged)?;
        let mut accounts = TextColumn::open(&group, TEXT_AT + Text::Account as usize).map_err(damaged)?;
        let mut left = rows;
        while left > 0 {
            let chunk = left.min(CHUNK_ROWS);
            ids.read(chunk).map_err(damaged)?;
            accounts.read(chunk).map_err(damaged)?;
            let (mut ids, mut accounts) = (ids.cursor(), accounts.cursor());
            for _ in 0..chunk {
                let (id, account) = (ids.next().map_err(damaged)?, accounts.next().map_err(damaged)?);
                if !id.is_empty() {
                    each(id, Some(account).filter(|account| !account.is_empty()));
                }
            }
            left -= chunk;
        }
    }
    Ok(())
}

/// Hands out the rows of a part of `events/` that the roll-ups do not tell all of: console sign-ins, and calls of which
/// several accounts got a copy.
pub(crate) fn scan_told(path: &Path, mut each: impl FnMut(&RowView<'_>)) -> Result<(), LakeError> {
    let reader = open(path)?;
    for group in reader.groups() {
        scan_group_told(&group, &mut each).map_err(|error| LakeError::damaged(path, &error))?;
    }
    Ok(())
}

fn scan_group_told(
    group: &dyn RowGroupReader,
    each: &mut impl FnMut(&RowView<'_>),
) -> Result<(), ParquetError> {
    let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
    let mut copies: Vec<Range<usize>> = Vec::new();
    if has_any(group.metadata(), TEXT_AT + Text::SharedId as usize) {
        let whole = Range { start: 0, end: rows };
        copies = matching(group, Text::SharedId, &[whole], &|text| !text.is_empty())?;
    }
    let signed_in = FLAG_AT + Flag::SignedIn as usize;
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

/// Whether the statistics of a column leave it possible that any row has it.
fn has_any(group: &RowGroupMetaData, column: usize) -> bool {
    let nulls = group.columns().get(column).and_then(|column| column.statistics()?.null_count_opt());
    nulls.is_none_or(|nulls| nulls < u64::try_from(group.num_rows()).unwrap_or_default())
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

/// Whether the statistics of a row group leave it possible that it holds what is asked for.
fn may_hold(group: &RowGroupMetaData, selection: &Selection) -> bool {
    let bounds = |column: usize| -> Option<(Vec<u8>, Vec<u8>)> {
        let statistics = group.columns().get(column)?.statistics()?;
        Some((statistics.min_bytes_opt()?.to_vec(), statistics.max_bytes_opt()?.to_vec()))
    };
    let holds = |text: Text, wanted: &str| {
        bounds(TEXT_AT + text as usize)
            .is_none_or(|(min, max)| *min <= *wanted.as_bytes() && *wanted.as_bytes() <= *max)
    };
    let times = match group.columns().first().and_then(|column| column.statistics()) {
        Some(Statistics::Int64(times)) => times.min_opt().copied().zip(times.max_opt().copied()),
        _ => None,
    };
    let in_time = times.is_none_or(|(first, last)| {
        selection.since.is_none_or(|since| last.div_euclid(1_000_000) >= since)
            && selection.until.is_none_or(|until| first.div_euclid(1_000_000) < until)
    });
    let principal = match &selection.who {
        Some(Who::Exactly(principal)) => holds(Text::Principal, principal),
        Some(Who::AnyOf(principals)) => principals.iter().any(|principal| holds(Text::Principal, principal)),
        _ => true,
    };
    let key = selection.access_key.as_deref().is_none_or(|key| holds(Text::AccessKey, key));
    let only = match selection.only {
        Only::Denied => has_any(group, TEXT_AT + Text::Error as usize),
        Only::SignIns => holds(Text::Name, "ConsoleLogin"),
        Only::All | Only::Root => true,
    };
    in_time && principal && key && only
}

/// The rows that a question wants, by the columns that it looks at. Times are looked at later, row by row.
fn wanted(
    group: &dyn RowGroupReader,
    selection: &Selection,
    rows: usize,
) -> Result<Vec<Range<usize>>, ParquetError> {
    let whole = Range { start: 0, end: rows };
    let mut ranges = vec![whole];
    let mut narrow = |text: Text, test: &dyn Fn(&str) -> bool| -> Result<(), ParquetError> {
        ranges = matching(group, text, &ranges, test)?;
        Ok(())
    };
    if selection.who.is_some() || selection.only == Only::Root {
        narrow(Text::Principal, &|text| selection.wants_principal(some(text)))?;
    }
    if selection.access_key.is_some() {
        narrow(Text::AccessKey, &|text| selection.wants_key(some(text)))?;
    }
    if selection.only == Only::SignIns {
        narrow(Text::Name, &|text| selection.only.wants_name(text))?;
    }
    if selection.only == Only::Denied {
        narrow(Text::Error, &|text| selection.only.wants_error(some(text)))?;
    }
    // Where the recipient is not told, the caller's account counts: such rows are looked at later.
    if selection.account.is_some() {
        narrow(Text::Account, &|text| text.is_empty() || selection.wants_account(some(text)))?;
    }
    Ok(ranges)
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// The rows within `ranges` whose text passes a test.
fn matching(
    group: &dyn RowGroupReader,
    text: Text,
    ranges: &[Range<usize>],
    test: &dyn Fn(&str) -> bool,
) -> Result<Vec<Range<usize>>, ParquetError> {
    let mut found: Vec<Range<usize>> = Vec::new();
    if ranges.is_empty() {
        return Ok(found);
    }
    let mut column = TextColumn::open(group, TEXT_AT + text as usize)?;
    let mut at = 0;
    for range in ranges {
        column.skip(range.start - at)?;
        at = range.start;
        while at < range.end {
            let chunk = CHUNK_ROWS.min(range.end - at);
            column.read(chunk)?;
            let mut cursor = column.cursor();
            let (mut last, mut answer) = (None::<&str>, false);
            for row in at..at + chunk {
                let text = cursor.next()?;
                if !last.is_some_and(|last| std::ptr::eq(last, text)) {
                    (last, answer) = (Some(text), test(text));
                }
                match found.last_mut() {
                    Some(range) if answer && range.end == row => range.end += 1,
                    _ if answer => found.push(Range { start: row, end: row + 1 }),
                    _ => {}
                }
            }
            at += chunk;
        }
    }
    Ok(found)
}

fn typed<T: DataType>(
    group: &dyn RowGroupReader,
    column: usize,
) -> Result<ColumnReaderImpl<T>, ParquetError> {
    let reader: ColumnReader = group.get_column_reader(column)?;
    Ok(get_typed_column_reader::<T>(reader))
}

/// A column of texts, and the rows of it that are at hand.
struct TextColumn {
    reader: ColumnReaderImpl<ByteArrayType>,
    required: bool,
    values: Vec<ByteArray>,
    levels: Vec<i16>,
}

impl TextColumn {
    fn open(group: &dyn RowGroupReader, column: usize) -> Result<Self, ParquetError> {
        let required = EVENTS.get(column).is_some_and(|column| column.required);
        Ok(Self { reader: typed(group, column)?, required, values: Vec::new(), levels: Vec::new() })
    }

    fn skip(&mut self, rows: usize) -> Result<(), ParquetError> {
        if rows > 0 {
            self.reader.skip_records(rows)?;
        }
        Ok(())
    }

    fn read(&mut self, rows: usize) -> Result<(), ParquetError> {
        self.values.clear();
        self.levels.clear();
        let (records, ..) = self.reader.read_records(rows, Some(&mut self.levels), None, &mut self.values)?;
        if records < rows {
            return Err(short());
        }
        Ok(())
    }

    fn cursor(&self) -> TextCursor<'_> {
        TextCursor {
            values: self.values.iter(),
            levels: if self.required { None } else { Some(self.levels.iter()) },
            last: "",
        }
    }
}

fn short() -> ParquetError {
    ParquetError::General("a column has fewer rows than the file says".to_owned())
}

/// The texts of a column one after another.
struct TextCursor<'a> {
    values: std::slice::Iter<'a, ByteArray>,
    levels: Option<std::slice::Iter<'a, i16>>,
    last: &'a str,
}

impl<'a> TextCursor<'a> {
    /// The next text; empty when it is absent. A text that is the one before it, in memory, is not checked again.
    fn next(&mut self) -> Result<&'a str, ParquetError> {
        if let Some(levels) = &mut self.levels
            && levels.next().ok_or_else(short)? == &0
        {
            return Ok("");
        }
        let bytes = self.values.next().ok_or_else(short)?.data();
        if !std::ptr::eq(bytes, self.last.as_bytes()) {
            let wrong = |_| ParquetError::General("a text is not UTF-8".to_owned());
            self.last = std::str::from_utf8(bytes).map_err(wrong)?;
        }
        Ok(self.last)
    }
}

struct FlagColumn {
    reader: ColumnReaderImpl<BoolType>,
    values: Vec<bool>,
    levels: Vec<i16>,
}

impl FlagColumn {
    fn open(group: &dyn RowGroupReader, column: usize) -> Result<Self, ParquetError> {
        Ok(Self { reader: typed(group, column)?, values: Vec::new(), levels: Vec::new() })
    }

    fn read(&mut self, rows: usize) -> Result<(), ParquetError> {
        self.values.clear();
        self.levels.clear();
        self.reader.read_records(rows, Some(&mut self.levels), None, &mut self.values)?;
        Ok(())
    }
}

struct ListColumn {
    reader: ColumnReaderImpl<ByteArrayType>,
    values: Vec<ByteArray>,
    levels: Vec<i16>,
    repetitions: Vec<i16>,
    /// Where the entries of each row end.
    ends: Vec<usize>,
}

/// The columns of a row group, all at the same row.
struct Open {
    times: ColumnReaderImpl<Int64Type>,
    time_values: Vec<i64>,
    id: Option<TextColumn>,
    /// `None` for columns that are not read.
    texts: Vec<Option<TextColumn>>,
    flags: Vec<Option<FlagColumn>>,
    lists: Vec<ListColumn>,
}

impl Open {
    fn new(group: &dyn RowGroupReader, columns: Want) -> Result<Self, ParquetError> {
        // What no row has, needs no reading.
        let there = |column: &usize| has_any(group.metadata(), *column);
        let texts = (TEXT_AT..FLAG_AT).map(|column| {
            let read = Some(column).filter(|column| columns.has_text(*column)).filter(there);
            read.map(|column| TextColumn::open(group, column)).transpose()
        });
        let flags = (FLAG_AT..LIST_AT).map(|column| {
            let read = Some(column).filter(|column| columns.has_flag(*column)).filter(there);
            read.map(|column| FlagColumn::open(group, column)).transpose()
        });
        let (texts, flags) = (texts.collect::<Result<_, _>>()?, flags.collect::<Result<_, _>>()?);
        let with_id = match columns {
            Want::Events => there(&(TEXT_AT + Text::SharedId as usize)),
            Want::SignIns => false,
            Want::Calls => true,
        };
        let lists = if columns == Want::Calls { LIST_AT..EVENTS.len() } else { 0..0 };
        let lists = lists.map(|column| ListColumn::open(group, column)).collect::<Result<_, _>>()?;
        Ok(Self {
            times: typed(group, 0)?,
            time_values: Vec::new(),
            id: with_id.then(|| TextColumn::open(group, 1)).transpose()?,
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
        for column in self.id.iter_mut().chain(self.texts.iter_mut().flatten()) {
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
        for column in self.id.iter_mut().chain(self.texts.iter_mut().flatten()) {
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
        let mut texts: Vec<Option<TextCursor<'_>>> =
            self.texts.iter().map(|column| column.as_ref().map(TextColumn::cursor)).collect();
        let mut flags: Vec<_> = self
            .flags
            .iter()
            .map(|column| column.as_ref().map(|column| (column.values.iter(), column.levels.iter())))
            .collect();
        let mut view =
            RowView { time: 0, id: "", texts: [""; TEXTS], flags: [None; FLAGS], lists: [&[]; LISTS] };
        for (row, time) in self.time_values.iter().take(rows).enumerate() {
            view.time = time.div_euclid(1_000_000);
            if let Some(id) = &mut id {
                view.id = id.next()?;
            }
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
            each(&view);
        }
        Ok(())
    }
}

impl ListColumn {
    fn open(group: &dyn RowGroupReader, column: usize) -> Result<Self, ParquetError> {
        let reader = typed(group, column)?;
        Ok(Self { reader, values: Vec::new(), levels: Vec::new(), repetitions: Vec::new(), ends: Vec::new() })
    }

    fn read(&mut self, rows: usize) -> Result<(), ParquetError> {
        self.values.clear();
        self.levels.clear();
        self.repetitions.clear();
        self.ends.clear();
        let (levels, repetitions) = (Some(&mut self.levels), Some(&mut self.repetitions));
        self.reader.read_records(rows, levels, repetitions, &mut self.values)?;
        let mut end = 0;
        for (level, repetition) in self.levels.iter().zip(&self.repetitions) {
            if *repetition == 0 {
                self.ends.push(end);
            }
            end += usize::from(*level == 2);
            if let Some(last) = self.ends.last_mut() {
                *last = end;
            }
        }
        Ok(())
    }

    fn entries(&self, row: usize) -> Option<&[ByteArray]> {
        let begin = row.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.values.get(begin..*self.ends.get(row)?)
    }
}
