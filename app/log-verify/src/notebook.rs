//! The auditor's notebook: a folder of checkpoints that were right once. Whoever rewrites the log later cannot rewrite these.

use std::fs;
use std::path::Path;

use kagimori_ledger::{Checkpoint, Note};

use crate::{Failure, read};

/// Every checkpoint in it, in order.
pub(crate) fn all(folder: &Path) -> Result<Vec<(String, String)>, Failure> {
    let cannot = |error: std::io::Error| {
        Failure(
            format!("the notebook `{}` cannot be read: {error}", folder.display()),
            "make the folder first".to_owned(),
        )
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        paths.push(entry.map_err(cannot)?.path());
    }
    paths.sort();
    let is_one = |path: &&std::path::PathBuf| path.extension().is_some_and(|ending| ending == "checkpoint");
    paths.iter().filter(is_one).map(|path| Ok((path.display().to_string(), read::text(path)?))).collect()
}

/// Puts the log's checkpoint there, under its size and root.
pub(crate) fn keep(folder: &Path, log: &Path) -> Result<(), Failure> {
    let text = read::text(&log.join("checkpoint"))?;
    let note: Option<Note> = text.parse().ok();
    let Some(checkpoint) = note.and_then(|note| note.text().parse::<Checkpoint>().ok()) else {
        return Ok(());
    };
    let root = checkpoint.root().to_string();
    let name = format!("{:012}-{}.checkpoint", checkpoint.size(), root.get(..16).unwrap_or_default());
    let path = folder.join(name);
    if path.exists() {
        return Ok(());
    }
    let beside = path.with_extension("new");
    let written = fs::write(&beside, text)
        .and_then(|()| fs::File::open(&beside)?.sync_all())
        .and_then(|()| fs::rename(&beside, &path));
    written.map_err(|error| {
        Failure(
            format!("`{}` cannot be written: {error}", path.display()),
            "the log is right all the same; look at the folder".to_owned(),
        )
    })
}
