//! Parquet files by their column writers: cells in, a durable file out.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};

use crate::schema::{Column, message, properties};

/// The cells of one column of a row group.
pub(crate) enum Cells {
    /// Numbers and times; never absent.
    Numbers(Vec<i64>),
    /// Texts; `levels` says for each row whether there is one.
    Texts { values: Vec<ByteArray>, levels: Vec<i16> },
    /// Truth values, likewise.
    Flags { values: Vec<bool>, levels: Vec<i16> },
    /// Lists of texts: for each entry its definition and repetition level.
    Lists { values: Vec<ByteArray>, levels: Vec<i16>, repetitions: Vec<i16> },
}

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Parquet(#[from] ParquetError),
}

impl Cells {
    /// No texts yet.
    pub(crate) fn texts(rows: usize) -> Self {
        Self::Texts { values: Vec::with_capacity(rows), levels: Vec::with_capacity(rows) }
    }

    /// A column of texts.
    pub(crate) fn of_texts(texts: impl Iterator<Item = ByteArray>) -> Self {
        let mut cells = Self::texts(texts.size_hint().0);
        if let Self::Texts { values, levels } = &mut cells {
            for text in texts {
                levels.push(i16::from(!text.is_empty()));
                if !text.is_empty() {
                    values.push(text);
                }
            }
        }
        cells
    }

    /// A column of texts by number, 0 for an absent one. Rows are sorted: the text before mostly comes again, and is not
    /// looked up.
    pub(crate) fn of_numbers(numbers: impl Iterator<Item = u32>, text: impl Fn(u32) -> ByteArray) -> Self {
        let mut cells = Self::texts(numbers.size_hint().0);
        if let Self::Texts { values, levels } = &mut cells {
            let mut last = (0, ByteArray::new());
            for number in numbers {
                levels.push(i16::from(number != 0));
                if number == 0 {
                    continue;
                }
                if last.0 != number {
                    last = (number, text(number));
                }
                values.push(last.1.clone());
            }
        }
        cells
    }

    /// A column of truth values.
    pub(crate) fn of_flags(flags: impl Iterator<Item = Option<bool>>) -> Self {
        let (mut values, mut levels) = (Vec::new(), Vec::new());
        for flag in flags {
            levels.push(i16::from(flag.is_some()));
            values.extend(flag);
        }
        Self::Flags { values, levels }
    }

    /// A column of lists. An empty list is written as an empty list, never as absent.
    pub(crate) fn of_lists<I: Iterator<Item = ByteArray>>(lists: impl Iterator<Item = I>) -> Self {
        let (mut values, mut levels, mut repetitions) = (Vec::new(), Vec::new(), Vec::new());
        for list in lists {
            let before = values.len();
            for text in list {
                levels.push(2);
                repetitions.push(i16::from(values.len() > before));
                values.push(text);
            }
            if values.len() == before {
                levels.push(1);
                repetitions.push(0);
            }
        }
        Self::Lists { values, levels, repetitions }
    }

    fn write(&self, column: &Column, writer: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let levels_of = |levels| Some(levels).filter(|_: &&[i16]| !column.required);
        match self {
            Self::Numbers(values) => writer.typed::<Int64Type>().write_batch(values, None, None)?,
            Self::Texts { values, levels } => {
                writer.typed::<ByteArrayType>().write_batch(values, levels_of(levels), None)?
            }
            Self::Flags { values, levels } => {
                writer.typed::<BoolType>().write_batch(values, levels_of(levels), None)?
            }
            Self::Lists { values, levels, repetitions } => {
                writer.typed::<ByteArrayType>().write_batch(values, Some(levels), Some(repetitions))?
            }
        };
        Ok(())
    }
}

/// Writes a file of `rows` rows: into a `.tmp` beside it, to the disk, then under its name. `cells` gives the cells of a
/// column for some of the rows. Returns the size of the file.
pub(crate) fn write(
    path: &Path,
    columns: &[Column],
    rows: usize,
    group_rows: usize,
    cells: impl Fn(usize, std::ops::Range<usize>) -> Cells,
) -> Result<u64, WriteError> {
    durably(path, |file| {
        let properties = Arc::new(properties(columns)?);
        let out = io::BufWriter::with_capacity(1 << 18, file);
        let mut writer = SerializedFileWriter::new(out, message(columns)?, properties)?;
        for begin in (0..rows).step_by(group_rows) {
            let range = begin..rows.min(begin + group_rows);
            let mut group = writer.next_row_group()?;
            for (index, column) in columns.iter().enumerate() {
                let Some(mut column_writer) = group.next_column()? else { break };
                cells(index, range.clone()).write(column, &mut column_writer)?;
                column_writer.close()?;
            }
            group.close()?;
        }
        Ok(writer.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?)
    })
}

/// Writes a file so that after a crash it is there as a whole or not at all.
pub(crate) fn durably(
    path: &Path,
    fill: impl FnOnce(File) -> Result<File, WriteError>,
) -> Result<u64, WriteError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let temporary = folder.join(name);
    let mut file = fill(File::create(&temporary)?)?;
    file.flush()?;
    file.sync_all()?;
    let bytes = file.metadata()?.len();
    fs::rename(&temporary, path)?;
    sync_folder(folder)?;
    Ok(bytes)
}

/// A name is on the disk when its folder is. Not every system can open a folder; where it cannot, renames are ordered.
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        Err(error) if cfg!(windows) => {
            drop(error);
            Ok(())
        }
        Err(error) => Err(error),
    }
}
