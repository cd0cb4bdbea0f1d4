//! `backup` and `restore-check`: a copy of the log that is whole, and whether a copy is the whole log.

use std::path::Path;

use jiff::Timestamp;
use kagimori_journal::Journal;
use kagimori_terminal::printer;

use super::{Done, doctor, open, told};
use crate::hints;

/// Copies the log into a folder, as it is at one moment, while the desk runs; and reads the copy again.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn backup(settings: &Path, folder: &Path) -> Done {
    let settings = open::settings(settings)?;
    let from = Journal::open(&settings.store).map_err(|error| told(&error, hints::of_journal(&error)))?;
    let name = format!("desk-{}.db", Timestamp::now().as_second());
    let copy = folder.join(name);
    from.copy(&copy).map_err(|error| {
        told(&error, "name a folder that is there and that you may write, with room on its disk")
    })?;
    let read = doctor::read(&copy).map_err(|error| {
        told(format!("the copy is not whole: {error}"), "look at the disk, and make another")
    })?;
    printer::note(&format!(
        "{} entries, read again and folded. Keep log.key and the vault's folder apart from it.",
        read.tree.size()
    ));
    printer::data(&format!("{}\n", copy.display()))
        .map_err(|error| told(error, "look at where it is printed to"))
}

/// Whether a copy may take the place of the log: it is whole, and the witness has seen no more than it holds.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn restore_check(settings: &Path, copy: &Path) -> Done {
    let settings = open::settings(settings)?;
    let read = doctor::read(copy)
        .map_err(|error| told(format!("the copy is not whole: {error}"), "take another copy"))?;
    let seen = doctor::seen(&settings, &read).map_err(|error| {
        told(
            format!("nobody knows whether it is the whole log: the witness does not tell: {error}"),
            "do not start a desk with it before the witness has answered",
        )
    })?;
    let words = doctor::compared(&read, seen.as_ref()).map_err(|error| {
        told(error, "look for a later copy; when there is none, `kagimori-desk serve` takes nothing but a new epoch of the log, which a quorum begins on its page")
    })?;
    printer::note(&format!("The copy may take the place of the log: {words}."));
    Ok(())
}
