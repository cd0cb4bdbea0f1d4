//! `log export`: the files of the log (C2SP `tlog-tiles`) as far as the witness has cosigned it, for the auditor's own program.

use std::fs;
use std::io;
use std::path::Path;

use kagimori_journal::Journal;
use kagimori_ledger::tile::{TileKind, WIDTH, bundle, bytes_of};
use kagimori_ledger::{Checkpoint, Tile, Tree};
use kagimori_terminal::printer;

use super::{Done, doctor, open, told};
use crate::hints;

/// Writes them into a folder.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn export(settings: &Path, folder: &Path) -> Done {
    let settings = open::settings(settings)?;
    let path = Journal::path_in(&settings.data);
    let log = doctor::read(&path).map_err(|error| told(error, "run `kagimori-desk doctor`"))?;
    let entries = Journal::open(&path).and_then(|journal| journal.entries());
    let entries: Vec<Vec<u8>> = entries
        .map_err(|error| told(&error, hints::of_journal(&error)))?
        .into_iter()
        .map(|entry| entry.bytes)
        .collect();
    let (note, checkpoint) = doctor::seen_note(&settings)
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

fn tiles(tree: &Tree, entries: &[Vec<u8>], checkpoint: &Checkpoint, folder: &Path) -> io::Result<()> {
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
