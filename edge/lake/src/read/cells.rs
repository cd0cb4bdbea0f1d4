//! The columns of a roll-up.

use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use parquet::data_type::{BoolType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::RowGroupReader;
use parquet::file::statistics::Statistics;

use super::guard::{guarded, ours, reading};
use super::library::{short, typed};
use super::texts::Texts;
use super::wanted::Wanted;
use super::{checked, unreadable};
use crate::error::LakeError;
use crate::regular;
use crate::schema::{Column, Kind};

/// Hands out the row groups of a roll-up; `false` when it has fewer columns: an earlier version wrote it.
pub(crate) fn roll_up(
    path: &Path,
    columns: &[Column],
    mut each: impl FnMut(&Group<'_>) -> Result<(), ParquetError>,
) -> Result<bool, LakeError> {
    // Roll-ups are small, and read nearly as a whole.
    let bytes = regular::bytes(path).map_err(|error| unreadable(path, error))?;
    guarded(path, || {
        let reader = checked(path, Bytes::from(bytes))?;
        if reader.metadata().file_metadata().schema_descr().num_columns() < columns.len() {
            return Ok(false);
        }
        for group in reader.groups() {
            let group = Group { group: &group, columns };
            ours(|| each(&group)).map_err(|error| LakeError::damaged(path, &error))?;
        }
        Ok(true)
    })
}

/// A row group of a roll-up. Only the columns that are asked for are read, and of those only what their statistics do not
/// tell: in a small part many columns are the same in all rows.
pub(crate) struct Group<'g> {
    group: &'g dyn RowGroupReader,
    columns: &'g [Column],
}

/// A column of truth values.
#[derive(Debug)]
pub(crate) enum Flags {
    Same(Option<bool>),
    Rows(Vec<Option<bool>>),
}

impl Group<'_> {
    pub(crate) fn rows(&self) -> usize {
        usize::try_from(self.group.metadata().num_rows()).unwrap_or_default()
    }

    /// Reads every column to its end.
    pub(crate) fn read_all(&self) -> Result<(), ParquetError> {
        for column in self.columns {
            match column.kind {
                Kind::Text => drop(self.texts(column.name)?),
                Kind::Flag => drop(self.flags(column.name)?),
                Kind::Time | Kind::Number => drop(self.numbers(column.name)?),
                Kind::List => {}
            }
        }
        Ok(())
    }

    fn at(&self, name: &str) -> Result<(usize, &Column), ParquetError> {
        let found = self.columns.iter().enumerate().find(|(_, column)| column.name == name);
        found.ok_or_else(|| ParquetError::General(format!("there is no column `{name}`")))
    }

    pub(crate) fn texts(&self, name: &str) -> Result<Texts, ParquetError> {
        let (at, column) = self.at(name)?;
        let all = Range { start: 0, end: self.rows() };
        reading(|| texts(self.group, at, column, &[all]))
    }

    pub(crate) fn flags(&self, name: &str) -> Result<Flags, ParquetError> {
        let all = Range { start: 0, end: self.rows() };
        let (at, _) = self.at(name)?;
        reading(|| flags(self.group, at, &[all]))
    }

    pub(crate) fn numbers(&self, name: &str) -> Result<Vec<i64>, ParquetError> {
        let all = Range { start: 0, end: self.rows() };
        let (at, _) = self.at(name)?;
        reading(|| numbers(self.group, at, &[all]))
    }
}

/// A column of texts, of the rows in `ranges`.
pub(super) fn texts(
    group: &dyn RowGroupReader,
    at: usize,
    column: &Column,
    ranges: &[Range<usize>],
) -> Result<Texts, ParquetError> {
    match same(group.metadata(), at) {
        Some(Same::Absent) => return Ok(Texts::absent()),
        Some(Same::Text(text)) => return Texts::same(&text),
        _ => {}
    }
    let mut pages = group.get_column_page_reader(at)?;
    let texts = Texts::read(&mut *pages, column.required, Wanted::of(ranges))?;
    if texts.len() == Some(count(ranges)) { Ok(texts) } else { Err(short()) }
}

/// A column of truth values that may be absent, of the rows in `ranges`.
pub(super) fn flags(
    group: &dyn RowGroupReader,
    at: usize,
    ranges: &[Range<usize>],
) -> Result<Flags, ParquetError> {
    match same(group.metadata(), at) {
        Some(Same::Absent) => return Ok(Flags::Same(None)),
        Some(Same::Flag(flag)) => return Ok(Flags::Same(Some(flag))),
        _ => {}
    }
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    let mut reader = typed::<BoolType>(group, at)?;
    let mut wanted = Wanted::of(ranges);
    let mut left = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
    while left > 0 {
        let (rows, is_wanted) = wanted.step(left);
        left -= rows;
        if is_wanted {
            reader.read_records(rows, Some(&mut levels), None, &mut values)?;
        } else if left > 0 {
            reader.skip_records(rows)?;
        }
    }
    if levels.len() < count(ranges) {
        return Err(short());
    }
    let mut values = values.into_iter();
    Ok(Flags::Rows(levels.iter().map(|level| if *level == 1 { values.next() } else { None }).collect()))
}

/// A column of numbers, of the rows in `ranges`.
pub(super) fn numbers(
    group: &dyn RowGroupReader,
    at: usize,
    ranges: &[Range<usize>],
) -> Result<Vec<i64>, ParquetError> {
    let mut reader = typed::<Int64Type>(group, at)?;
    let (mut numbers, mut at) = (Vec::with_capacity(count(ranges)), 0);
    for range in ranges {
        if range.start > at {
            reader.skip_records(range.start - at)?;
        }
        reader.read_records(range.len(), None, None, &mut numbers)?;
        at = range.end;
    }
    if numbers.len() == count(ranges) { Ok(numbers) } else { Err(short()) }
}

pub(super) fn count(ranges: &[Range<usize>]) -> usize {
    ranges.iter().map(ExactSizeIterator::len).sum()
}

/// What all rows of a column have.
enum Same {
    Absent,
    Text(Bytes),
    Flag(bool),
}

/// What all rows of a column have, when its statistics tell.
fn same(group: &RowGroupMetaData, at: usize) -> Option<Same> {
    let statistics = group.columns().get(at)?.statistics()?;
    let nulls = statistics.null_count_opt()?;
    if nulls == u64::try_from(group.num_rows()).ok()? {
        return Some(Same::Absent);
    }
    if nulls > 0 || !statistics.min_is_exact() || !statistics.max_is_exact() {
        return None;
    }
    match statistics {
        Statistics::ByteArray(texts) => {
            let text = texts.min_opt().filter(|min| Some(*min) == texts.max_opt())?;
            Some(Same::Text(Bytes::copy_from_slice(text.data())))
        }
        Statistics::Boolean(flags) => {
            Some(Same::Flag(*flags.min_opt().filter(|min| Some(*min) == flags.max_opt())?))
        }
        _ => None,
    }
}

impl Flags {
    pub(crate) fn row(&self, row: usize) -> Option<bool> {
        match self {
            Self::Same(flag) => *flag,
            Self::Rows(rows) => rows.get(row).copied().flatten(),
        }
    }
}
