//! Files and folders that only their owner may read, whatever the umask says: a trail tells who does what, and from where.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Makes a folder and those above it that are not there.
///
/// # Errors
/// When one of them cannot be made.
pub fn folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        folder(above)?;
    }
    match fs::create_dir(path) {
        Ok(()) => restrict(path, 0o700),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes a file, or opens one to write it anew.
///
/// # Errors
/// When it cannot be opened, or not be kept from others.
pub fn file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(true).write(true).read(true);
    opened(path, &mut options)
}

/// Writes a file.
///
/// # Errors
/// As [`file`], and when it cannot be written.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    file(path)?.write_all(content)
}

/// Opens a file that stays as it is, making it where it is not there.
pub(crate) fn lasting(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    opened(path, &mut options)
}

fn opened(path: &Path, options: &mut fs::OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    let file = options.open(path)?;
    restrict(path, 0o600)?;
    Ok(file)
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let now = fs::metadata(path)?.permissions();
    if now.mode() & 0o777 == mode {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}
