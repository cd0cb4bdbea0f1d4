//! Parquet files: cells in, a durable file out.

mod cells;
mod encode;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use sha2::{Digest as _, Sha256};

pub(crate) use cells::Cells;

use crate::numbers::Numbers;
use crate::private;
use crate::regular;
use crate::schema::{Column, message, properties};
use kagimori_id::hex;

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Parquet(#[from] ParquetError),
}

/// Writes a file of `rows` rows: into a `.tmp` beside it, to the disk, then under its name. `fill` gives the cells of a
/// column for some of the rows; `texts` has the texts of their numbers. Returns what was written.
pub(crate) fn write(
    cells: &mut Cells,
    path: &Path,
    columns: &[Column],
    (rows, group_rows): (usize, usize),
    texts: &Numbers<u8>,
    fill: impl Fn(&mut Cells, usize, std::ops::Range<usize>),
) -> Result<Written, WriteError> {
    summed(path, |out| {
        let mut writer = SerializedFileWriter::new(out, message(columns)?, Arc::new(properties(columns)?))?;
        let descriptors = writer.schema_descr().columns().to_vec();
        for begin in (0..rows).step_by(group_rows) {
            let range = begin..rows.min(begin + group_rows);
            let mut group = writer.next_row_group()?;
            for (at, (column, descriptor)) in columns.iter().zip(&descriptors).enumerate() {
                cells.begin(column);
                fill(cells, at, range.clone());
                cells.write(column, descriptor, texts, &mut group)?;
            }
            group.close()?;
        }
        Ok(writer.into_inner()?)
    })
}

/// Writes a file of the row groups of others, one behind another and as they are. Returns what was written.
pub(crate) fn join(path: &Path, columns: &[Column], sources: &[PathBuf]) -> Result<Written, WriteError> {
    summed(path, |out| {
        let mut writer = SerializedFileWriter::new(out, message(columns)?, Arc::new(properties(columns)?))?;
        for source in sources {
            let source = regular::open(source)?;
            let reader = SerializedFileReader::new(source.try_clone()?)?;
            for group in reader.metadata().row_groups() {
                let mut joined = writer.next_row_group()?;
                for column in group.columns() {
                    let close = ColumnCloseResult {
                        bytes_written: column.compressed_size().cast_unsigned(),
                        rows_written: group.num_rows().cast_unsigned(),
                        metadata: column.clone(),
                        bloom_filter: None,
                        column_index: None,
                        offset_index: None,
                    };
                    joined.append_column(&source, close)?;
                }
                joined.close()?;
            }
        }
        Ok(writer.into_inner()?)
    })
}

/// What a file was when it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    /// SHA-256 of all of it.
    pub(crate) sum: String,
}

type Out = io::BufWriter<Summing>;

/// A file of which every byte goes into a hash, too: times and counts as well as the pages that have a checksum of their own.
#[derive(Debug)]
struct Summing {
    file: File,
    hash: Sha256,
}

impl Write for Summing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn summed(path: &Path, fill: impl FnOnce(Out) -> Result<Out, WriteError>) -> Result<Written, WriteError> {
    let mut sum = String::new();
    let bytes = durably(path, |file| {
        let out = io::BufWriter::with_capacity(1 << 18, Summing { file, hash: Sha256::new() });
        let summing = fill(out)?.into_inner().map_err(io::IntoInnerError::into_error)?;
        sum = hex(&summing.hash.finalize());
        Ok(summing.file)
    })?;
    Ok(Written { bytes, sum })
}

/// Writes a file so that after a crash it is there as a whole or not at all.
pub(crate) fn durably(
    path: &Path,
    fill: impl FnOnce(File) -> Result<File, WriteError>,
) -> Result<u64, WriteError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    private::folder(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let temporary = folder.join(name);
    let mut file = fill(private::anew(&temporary)?)?;
    file.flush()?;
    file.sync_all()?;
    let bytes = file.metadata()?.len();
    fs::rename(&temporary, path)?;
    private::sync_folder(folder)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use parquet::record::{Field, RowAccessor};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::schema::Kind;

    const COLUMNS: [Column; 6] = [
        Column { name: "time", kind: Kind::Time, required: true },
        Column { name: "text", kind: Kind::Text, required: false },
        Column { name: "name", kind: Kind::Text, required: true },
        Column { name: "flag", kind: Kind::Flag, required: false },
        Column { name: "list", kind: Kind::List, required: false },
        Column { name: "own", kind: Kind::Text, required: false },
    ];

    #[derive(Clone, Debug)]
    struct Row {
        time: i64,
        text: String,
        name: String,
        flag: Option<bool>,
        list: Vec<String>,
        own: String,
    }

    /// Texts of few kinds come in runs; those of many come once.
    fn row() -> impl Strategy<Value = Row> {
        let few =
            || prop_oneof![Just(String::new()), Just("a".to_owned()), Just("é".to_owned()), "[b-z]{0,3}"];
        let list = vec(few(), 0..4);
        (any::<i32>(), few(), few(), any::<Option<bool>>(), list, few()).prop_map(
            |(time, text, name, flag, list, own)| Row { time: time.into(), text, name, flag, list, own },
        )
    }

    fn written(rows: &[Row], group_rows: usize) -> Vec<Row> {
        let mut texts = Numbers::default();
        let mut number = |text: &String| texts.number(text.as_bytes());
        let numbers: Vec<(u32, u32, Vec<u32>)> = rows
            .iter()
            .map(|row| (number(&row.text), number(&row.name), row.list.iter().map(&mut number).collect()))
            .collect();
        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default().replace("::", "-");
        let path = std::env::temp_dir().join(format!("{name}-{}.parquet", std::process::id()));
        let mut cells = Cells::new().unwrap();
        let size =
            write(&mut cells, &path, &COLUMNS, (rows.len(), group_rows), &texts, |cells, column, range| {
                for (row, numbers) in rows[range.clone()].iter().zip(&numbers[range]) {
                    match column {
                        0 => cells.number(row.time),
                        1 => cells.text(numbers.0),
                        2 => cells.text(numbers.1),
                        3 => cells.flag(row.flag),
                        4 => cells.list(&numbers.2),
                        _ => cells.own_text(row.own.as_bytes()),
                    }
                }
            });
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(size.unwrap().bytes, fs::metadata(&path).unwrap().len());
        fs::remove_file(&path).unwrap();
        let text = |field: &Field| match field {
            Field::Str(text) => text.clone(),
            _ => String::new(),
        };
        let read = |row: parquet::record::Row| {
            let fields: Vec<&Field> = row.get_column_iter().map(|(_, field)| field).collect();
            Row {
                time: row.get_timestamp_micros(0).unwrap(),
                text: text(fields[1]),
                name: text(fields[2]),
                flag: row.get_bool(3).ok(),
                list: row.get_list(4).unwrap().elements().iter().map(text).collect(),
                own: text(fields[5]),
            }
        };
        reader.get_row_iter(None).unwrap().map(|row| read(row.unwrap())).collect()
    }

    fn same(one: &[Row], two: &[Row]) -> bool {
        format!("{one:?}") == format!("{two:?}")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_written_is_read(rows in vec((row(), 1_usize..20), 1..40), group_rows in 1_usize..200) {
            let rows: Vec<Row> = rows.into_iter().flat_map(|(row, count)| std::iter::repeat_n(row, count)).collect();
            let read = written(&rows, group_rows);
            prop_assert!(same(&rows, &read), "{:?}", read);
        }
    }

    /// More texts than two bytes can number, and more plain bytes than a page holds.
    #[test]
    fn many_different_texts() {
        let row = |at: i64| Row {
            time: at,
            text: format!("text {at}"),
            name: "x".repeat(at as usize % 7),
            flag: Some(at % 3 == 0),
            list: vec![format!("entry {}", at % 1000); at as usize % 3],
            own: if at % 5 == 0 { String::new() } else { "own ".repeat(at as usize % 40) },
        };
        let rows: Vec<Row> = (0..70_000).map(row).collect();
        assert!(same(&rows, &written(&rows, 70_000)));
    }
}
