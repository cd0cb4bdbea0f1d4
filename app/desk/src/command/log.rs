//! `log export`: the files of the log (C2SP `tlog-tiles`) as far as the witness has cosigned it, for the auditor's own program.

use std::fs;
use std::io;
use std::path::Path;

use kagimori_journal::{Journal, JournalError};
use kagimori_ledger::tile::{TileKind, WIDTH, bundle, bytes_of};
use kagimori_ledger::{Checkpoint, Tile, Tree};
use kagimori_terminal::printer;

use super::{Done, backup, doctor, open, told};
use crate::hints;

/// Writes them into a folder.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn export(settings: &Path, folder: &Path) -> Done {
    let settings = open::settings(settings)?;
    let log = doctor::read(&settings.store).map_err(|error| told(error, "run `kagimori-desk doctor`"))?;
    let entries = Journal::open(&settings.store).and_then(|journal| journal.entries());
    let entries: Vec<Vec<u8>> = entries
        .map_err(|error| told(&error, hints::of_journal(&error)))?
        .into_iter()
        .map(|entry| entry.bytes)
        .collect();
    let (note, checkpoint) = doctor::seen_note(&settings, &log)
        .and_then(|seen| seen.ok_or_else(|| "it has seen nothing of this log yet".to_owned()))
        .map_err(|error| {
            told(
                format!("the witness does not tell what it has cosigned: {error}"),
                "try again when it answers",
            )
        })?;
    doctor::compared(&log, Some(&checkpoint))
        .map_err(|error| told(error, "release nothing, and run `kagimori-desk doctor`"))?;
    let failed = |error: io::Error| {
        told(format!("`{}`: {error}", folder.display()), "name a folder that you may write")
    };
    tiles(&log.tree, &entries, &checkpoint, folder).map_err(failed)?;
    // The checkpoint last: whoever reads meanwhile has the files of the one before.
    fs::write(folder.join("checkpoint"), note).map_err(failed)?;
    printer::data(&format!("{}\n", folder.display()))
        .map_err(|error| told(error, "look at where it is printed to"))
}

/// Fills an empty log with a copy, when the copy is the whole log.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn import(settings: &Path, copy: &Path) -> Done {
    backup::restore_check(settings, copy)?;
    let settings = open::settings(settings)?;
    let mut held = open::held(&settings, "log import")?;
    let head = held.fill(copy).map_err(|error| match error {
        JournalError::Moved { there, .. } => told(
            format!("`{}` has {there} entries already", settings.store),
            "nothing was written: name a place in desk.toml that is empty",
        ),
        error => told(&error, hints::of_journal(&error)),
    })?;
    held.verify(Some(head)).map_err(|error| told(&error, hints::of_journal(&error)))?;
    printer::data(&format!("{} entries in {}\n", head.size, settings.store))
        .map_err(|error| told(error, "look at where it is printed to"))
}

pub(crate) fn tiles(
    tree: &Tree,
    entries: &[Vec<u8>],
    checkpoint: &Checkpoint,
    folder: &Path,
) -> io::Result<()> {
    for tile in Tile::all(checkpoint.size()) {
        let bytes = match tile.kind() {
            TileKind::Hashes(_) => tree.tile(&tile).map(|hashes| bytes_of(&hashes)),
            TileKind::Entries => {
                let start = usize::try_from(tile.index().saturating_mul(WIDTH)).unwrap_or(usize::MAX);
                let of_tile = entries.iter().skip(start).take(tile.width().into()).map(Vec::as_slice);
                bundle(of_tile).ok()
            }
        };
        let bytes = bytes.ok_or_else(|| io::Error::other(format!("`{tile}` cannot be made")))?;
        let path = folder.join(tile.to_string());
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, bytes)?;
    }
    Ok(())
}
