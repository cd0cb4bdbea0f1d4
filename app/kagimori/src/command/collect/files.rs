//! The files of a snapshot: each whole, for their owner alone, and `collected.json` last.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use kagimori_lake::private;
use serde_json::Value;

use crate::directory::COLLECTED;
use crate::error::AppError;

/// `--resume` leaves what was collected since then.
const FRESH: SignedDuration = SignedDuration::from_hours(24);

/// Writes the files of a snapshot, and what became of the calls. Until the last is written the snapshot counts as not collected.
pub(super) fn write(folder: &Path, files: &[(String, Vec<u8>)], record: &Value) -> Result<(), AppError> {
    begin(folder)?;
    for (name, bytes) in files {
        put(&folder.join(name), bytes)?;
    }
    put_record(folder, record)
}

/// Of an account that was not entered everything is unknown, whatever was known of it before.
pub(super) fn write_refusal(folder: &Path, message: &str, record: &Value) -> Result<(), AppError> {
    begin(folder)?;
    let text = format!("Could not connect to the endpoint URL: {}\n", message.replace(['\n', '\r'], " "));
    for name in ["authorization-details.json", "credential-report.json", "account-summary.json"] {
        put(&folder.join(name), text.as_bytes())?;
    }
    put_record(folder, record)
}

fn begin(folder: &Path) -> Result<(), AppError> {
    private::folder(folder).map_err(|source| AppError::write(folder, source))?;
    let record = folder.join(COLLECTED);
    match std::fs::remove_file(&record) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(AppError::write(&record, source)),
        _ => Ok(()),
    }
}

fn put_record(folder: &Path, record: &Value) -> Result<(), AppError> {
    let text = serde_json::to_vec_pretty(record).map_err(AppError::Encode)?;
    put(&folder.join(COLLECTED), &text)
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), AppError> {
    if let Some(above) = path.parent() {
        private::folder(above).map_err(|source| AppError::write(above, source))?;
    }
    private::write(path, |out| out.write_all(bytes)).map_err(|source| AppError::write(path, source))
}

/// Whether an account was collected whole, and lately.
pub(super) fn was_collected(folder: &Path, now: Timestamp) -> bool {
    let read = || -> Option<bool> {
        let text = std::fs::read(folder.join(COLLECTED)).ok()?;
        let value: Value = serde_json::from_slice(&text).ok()?;
        let record = value.get("record")?;
        let ended: Timestamp = record.get("ended")?.as_str()?.parse().ok()?;
        let is_whole = record.get("missing")?.as_array()?.is_empty();
        Some(is_whole && now.duration_since(ended) < FRESH)
    };
    read().unwrap_or_default()
}
