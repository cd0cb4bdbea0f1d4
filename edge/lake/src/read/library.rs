//! Columns by the library's column readers, so many rows at a time.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_typed_column_reader};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType};
use parquet::errors::ParquetError;
use parquet::file::reader::RowGroupReader;

use crate::schema::EVENTS;

pub(super) fn typed<T: DataType>(
    group: &dyn RowGroupReader,
    column: usize,
) -> Result<ColumnReaderImpl<T>, ParquetError> {
    let reader: ColumnReader = group.get_column_reader(column)?;
    Ok(get_typed_column_reader::<T>(reader))
}

/// A column of texts, and the rows of it that are at hand.
pub(super) struct TextColumn {
    pub(super) reader: ColumnReaderImpl<ByteArrayType>,
    pub(super) required: bool,
    pub(super) values: Vec<ByteArray>,
    pub(super) levels: Vec<i16>,
}

impl TextColumn {
    /// A column of `events/`.
    pub(super) fn open(group: &dyn RowGroupReader, column: usize) -> Result<Self, ParquetError> {
        Self::of(group, column, EVENTS.get(column).is_some_and(|column| column.required))
    }

    pub(super) fn of(
        group: &dyn RowGroupReader,
        column: usize,
        required: bool,
    ) -> Result<Self, ParquetError> {
        Ok(Self { reader: typed(group, column)?, required, values: Vec::new(), levels: Vec::new() })
    }

    pub(super) fn skip(&mut self, rows: usize) -> Result<(), ParquetError> {
        if rows > 0 {
            self.reader.skip_records(rows)?;
        }
        Ok(())
    }

    pub(super) fn read(&mut self, rows: usize) -> Result<(), ParquetError> {
        self.values.clear();
        self.levels.clear();
        let (records, ..) = self.reader.read_records(rows, Some(&mut self.levels), None, &mut self.values)?;
        if records < rows {
            return Err(short());
        }
        Ok(())
    }

    pub(super) fn cursor(&self) -> TextCursor<'_> {
        TextCursor {
            values: self.values.iter(),
            levels: if self.required { None } else { Some(self.levels.iter()) },
            last: "",
        }
    }
}

pub(super) fn short() -> ParquetError {
    ParquetError::General("a column has fewer rows than the file says".to_owned())
}

/// The texts of a column one after another.
pub(super) struct TextCursor<'a> {
    pub(super) values: std::slice::Iter<'a, ByteArray>,
    pub(super) levels: Option<std::slice::Iter<'a, i16>>,
    pub(super) last: &'a str,
}

impl<'a> TextCursor<'a> {
    /// The next text; empty when it is absent. A text that is the one before it, in memory, is not checked again.
    pub(super) fn next(&mut self) -> Result<&'a str, ParquetError> {
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

pub(super) struct FlagColumn {
    pub(super) reader: ColumnReaderImpl<BoolType>,
    pub(super) values: Vec<bool>,
    pub(super) levels: Vec<i16>,
}

impl FlagColumn {
    pub(super) fn open(group: &dyn RowGroupReader, column: usize) -> Result<Self, ParquetError> {
        Ok(Self { reader: typed(group, column)?, values: Vec::new(), levels: Vec::new() })
    }

    pub(super) fn read(&mut self, rows: usize) -> Result<(), ParquetError> {
        self.values.clear();
        self.levels.clear();
        self.reader.read_records(rows, Some(&mut self.levels), None, &mut self.values)?;
        Ok(())
    }
}

pub(super) struct ListColumn {
    pub(super) reader: ColumnReaderImpl<ByteArrayType>,
    pub(super) values: Vec<ByteArray>,
    pub(super) levels: Vec<i16>,
    pub(super) repetitions: Vec<i16>,
    /// Where the entries of each row end.
    pub(super) ends: Vec<usize>,
}

impl ListColumn {
    pub(super) fn open(group: &dyn RowGroupReader, column: usize) -> Result<Self, ParquetError> {
        let reader = typed(group, column)?;
        Ok(Self { reader, values: Vec::new(), levels: Vec::new(), repetitions: Vec::new(), ends: Vec::new() })
    }

    pub(super) fn read(&mut self, rows: usize) -> Result<(), ParquetError> {
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

    pub(super) fn entries(&self, row: usize) -> Option<&[ByteArray]> {
        let begin = row.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.values.get(begin..*self.ends.get(row)?)
    }
}
