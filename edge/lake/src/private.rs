//! Files and folders that only their owner may read, whatever the umask says: a trail tells who does what, and from where.
//!
//! What a command writes for people goes through [`write`] or, where files belong together, an [`Edition`]: nobody sees half of it.

mod edition;
mod places;
mod stage;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

pub use edition::{Edition, is_unfinished};

/// Makes a folder and those above it that are not there.
///
/// # Errors
/// When one of them cannot be made, or is there and no folder.
pub fn folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        folder(above)?;
    }
    match fs::create_dir(path) {
        Ok(()) => restrict_folder(path),
        // another run was faster
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes a file that speaks for itself. Until it is whole, what was there before stays.
///
/// # Errors
/// As [`Edition`].
pub fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let (edition, name) = begin(path)?;
    edition.write(name, fill)?;
    edition.publish()
}

/// Begins an edition of the folder of a file, which is given back by its name there.
///
/// # Errors
/// As [`Edition`]; or there is something else under the name than a file.
pub fn begin(path: &Path) -> io::Result<(Edition, &Path)> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it names no file"));
    };
    edition::is_free(path)?;
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    Ok((Edition::begin(above.unwrap_or(Path::new(".")))?, Path::new(name)))
}

/// Makes a file that is not there: whatever is there under its name is nothing that may be written into, not a link, not a pipe.
pub(crate) fn new(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create_new(true).write(true).read(true);
    opened(&mut options, path)
}

/// As [`new`], in place of what is there.
pub(crate) fn anew(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => new(path),
    }
}

/// Opens a file that stays as it is, making it where it is not there.
pub(crate) fn lasting(path: &Path) -> io::Result<File> {
    match fs::symlink_metadata(path) {
        Ok(there) if !there.is_file() => Err(io::Error::other("it is there and no regular file")),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => opened(File::options().create(true).truncate(false).write(true), path),
    }
}

fn opened(options: &mut fs::OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    let file = options.open(path)?;
    restrict(&file)?;
    Ok(file)
}

#[cfg(unix)]
fn restrict(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let now = file.metadata()?.permissions();
    if now.mode() & 0o777 == 0o600 {
        return Ok(());
    }
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn restrict(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn restrict_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let now = fs::symlink_metadata(path)?.permissions();
    if now.mode() & 0o777 == 0o700 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn restrict_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A name is on the disk when its folder is. Not every system can open a folder; where it cannot, renames are ordered.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        Err(error) if cfg!(windows) => {
            drop(error);
            Ok(())
        }
        Err(error) => Err(error),
    }
}
