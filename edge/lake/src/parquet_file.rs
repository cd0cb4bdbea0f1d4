//! Parquet files: cells in, a durable file out.

mod cells;
mod encode;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;

pub(crate) use cells::Cells;

use crate::numbers::Numbers;
use crate::schema::{Column, message, properties};

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Parquet(#[from] ParquetError),
}

/// Writes a file of `rows` rows: into a `.tmp` beside it, to the disk, then under its name. `fill` gives the cells of a
/// column for some of the rows; `texts` has the texts of their numbers. Returns the size of the file.
pub(crate) fn write(
    cells: &mut Cells,
    path: &Path,
    columns: &[Column],
    (rows, group_rows): (usize, usize),
    texts: &Numbers<u8>,
    fill: impl Fn(&mut Cells, usize, std::ops::Range<usize>),
) -> Result<u64, WriteError> {
    durably(path, |file| {
        let out = io::BufWriter::with_capacity(1 << 18, file);
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
