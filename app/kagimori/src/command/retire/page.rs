//! The page of `retire status`.

use std::path::Path;

use jiff::Timestamp;
use kagimori_retire::Book;

use crate::error::AppError;

pub(super) fn write(_path: &Path, _room: usize, _book: &Book, _now: Timestamp) -> Result<(), AppError> {
    Ok(())
}
