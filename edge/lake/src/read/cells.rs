//! The rows of a roll-up, cell by cell.

use std::path::Path;

use parquet::data_type::Int64Type;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader};

use super::{FlagColumn, TextColumn, TextCursor, open, short, typed};
use crate::error::LakeError;
use crate::schema::{Column, Kind};

/// A cell of a roll-up. An absent text is empty.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell<'a> {
    Text(&'a str),
    Flag(Option<bool>),
    Number(i64),
}

/// The cells of one column of a roll-up.
enum CellColumn {
    Text(TextColumn),
    Flag(FlagColumn),
    Number(Vec<i64>),
}

/// Hands out the rows of a roll-up; `false` when it has fewer columns: an earlier version wrote it.
pub(crate) fn roll_up(
    path: &Path,
    columns: &[Column],
    mut each: impl FnMut(&[Cell<'_>]),
) -> Result<bool, LakeError> {
    let reader = open(path)?;
    if reader.metadata().file_metadata().schema_descr().num_columns() < columns.len() {
        return Ok(false);
    }
    for index in 0..reader.num_row_groups() {
        let group = reader.get_row_group(index).map_err(|error| LakeError::damaged(path, &error))?;
        roll_up_group(&*group, columns, &mut each).map_err(|error| LakeError::damaged(path, &error))?;
    }
    Ok(true)
}

fn roll_up_group(
    group: &dyn RowGroupReader,
    columns: &[Column],
    each: &mut impl FnMut(&[Cell<'_>]),
) -> Result<(), ParquetError> {
    let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
    let read = |(at, column): (usize, &Column)| CellColumn::read(group, at, column, rows);
    let read: Vec<CellColumn> = columns.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    let mut texts: Vec<TextCursor<'_>> = read
        .iter()
        .filter_map(|column| if let CellColumn::Text(texts) = column { Some(texts.cursor()) } else { None })
        .collect();
    let mut flags = vec![0; read.len()];
    let mut cells: Vec<Cell<'_>> = Vec::with_capacity(read.len());
    for row in 0..rows {
        cells.clear();
        let mut texts = texts.iter_mut();
        for (column, flag) in read.iter().zip(&mut flags) {
            cells.push(match column {
                CellColumn::Text(_) => Cell::Text(texts.next().ok_or_else(short)?.next()?),
                CellColumn::Number(numbers) => Cell::Number(*numbers.get(row).ok_or_else(short)?),
                CellColumn::Flag(column) if column.levels.get(row) == Some(&1) => {
                    *flag += 1;
                    Cell::Flag(column.values.get(*flag - 1).copied())
                }
                CellColumn::Flag(_) => Cell::Flag(None),
            });
        }
        each(&cells);
    }
    Ok(())
}

impl CellColumn {
    fn read(
        group: &dyn RowGroupReader,
        at: usize,
        column: &Column,
        rows: usize,
    ) -> Result<Self, ParquetError> {
        Ok(match column.kind {
            Kind::Text | Kind::List => {
                let reader = typed(group, at)?;
                let (values, levels) = (Vec::new(), Vec::new());
                let mut texts = TextColumn { reader, required: column.required, values, levels };
                texts.read(rows)?;
                Self::Text(texts)
            }
            Kind::Flag => {
                let mut flags =
                    FlagColumn { reader: typed(group, at)?, values: Vec::new(), levels: Vec::new() };
                flags.reader.read_records(rows, Some(&mut flags.levels), None, &mut flags.values)?;
                Self::Flag(flags)
            }
            Kind::Time | Kind::Number => {
                let mut numbers = Vec::new();
                typed::<Int64Type>(group, at)?.read_records(rows, None, None, &mut numbers)?;
                Self::Number(numbers)
            }
        })
    }
}
