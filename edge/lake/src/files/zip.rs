//! A zip of trail files: its members one after another, hidden ones and folders passed over.

use std::io::{self, Read, Seek};

use super::unpack::Unreadable;

/// Hands the content of each member to `each`.
pub(super) fn members(
    file: impl Read + Seek,
    mut each: impl FnMut(&mut dyn Read) -> io::Result<()>,
) -> io::Result<()> {
    let damaged = |error: zip::result::ZipError| match error {
        zip::result::ZipError::Io(error) if error.raw_os_error().is_some() => error,
        error => Unreadable::damaged("zip", &error),
    };
    let mut archive = zip::ZipArchive::new(file).map_err(damaged)?;
    for at in 0..archive.len() {
        let mut member = archive.by_index(at).map_err(damaged)?;
        let name = member.name().map_err(damaged)?.into_owned();
        let is_hidden = name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
        if member.is_file() && !is_hidden {
            each(&mut member)?;
        }
    }
    Ok(())
}
