//! Files: bounded reads, and writes that are whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use kagimori_id::hex;
use zeroize::Zeroizing;

use crate::error::KagiError;

/// A profile file of 2,000 profiles has 300 KB.
const MOST_PROFILE_BYTES: u64 = 16 * 1024 * 1024;
/// Everything of our own is small.
const MOST_OWN_BYTES: u64 = 1024 * 1024;
/// A sealed profile file: as JSON a character can take six bytes.
const MOST_BACKUP_BYTES: u64 = 6 * MOST_PROFILE_BYTES + MOST_OWN_BYTES;

/// Reads a profile file; an absent one is empty.
pub(crate) fn read_profiles(path: &Path) -> Result<String, KagiError> {
    let Some(bytes) = read_bounded(path, MOST_PROFILE_BYTES)? else { return Ok(String::new()) };
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        KagiError::NotText { path: path.to_owned(), line }
    })
}

/// Reads a file of our own; `None` when it is not there.
pub(crate) fn read_own(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, KagiError> {
    Ok(read_bounded(path, MOST_OWN_BYTES)?.map(Zeroizing::new))
}

/// Reads a backup, which may be as long as what it is of; `None` when it is not there.
pub(crate) fn read_backup(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, KagiError> {
    Ok(read_bounded(path, MOST_BACKUP_BYTES)?.map(Zeroizing::new))
}

fn read_bounded(path: &Path, most: u64) -> Result<Option<Vec<u8>>, KagiError> {
    let failed = |source| KagiError::read(path, source);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let length = file.metadata().map_err(failed)?.len();
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(most)).unwrap_or_default() + 1);
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(KagiError::TooLong { path: path.to_owned(), most });
    }
    Ok(Some(bytes))
}

/// Whether a file or directory, itself and not what a link leads to, is this user's and nobody else can write it.
pub(crate) fn is_only_ours(path: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    fs::symlink_metadata(path).is_ok_and(|it| !it.is_symlink() && it.uid() == own && it.mode() & 0o022 == 0)
}

/// Makes a directory and its parents, only ours to enter.
pub(crate) fn make_directory(path: &Path) -> Result<(), KagiError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_directory(above)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(path) {
        // A umask may have taken our own rights away, too.
        Ok(()) => fs::set_permissions(path, fs::Permissions::from_mode(0o700)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
    .map_err(|source| KagiError::write(path, source))
}

/// Writes a file of our own: mode 0600, whole or not at all, on the disk when this returns.
pub(crate) fn write_own(path: &Path, bytes: &[u8]) -> Result<(), KagiError> {
    if let Some(folder) = path.parent() {
        make_directory(folder)?;
    }
    replace(path, bytes, 0o600)
}

/// Rewrites a person's file: through symlinks, its mode kept (0600 if it is new).
pub(crate) fn rewrite(path: &Path, text: &str) -> Result<(), KagiError> {
    let target = resolve_link(path)?;
    if let Some(folder) = target.parent() {
        make_directory(folder)?;
    }
    let mode = fs::metadata(&target).map_or(0o600, |metadata| metadata.mode() & 0o7777);
    replace(&target, text.as_bytes(), mode)
}

/// The file at the end of a chain of links, also when that file is not there yet.
fn resolve_link(path: &Path) -> Result<PathBuf, KagiError> {
    let mut at = path.to_owned();
    for _ in 0..40 {
        match fs::read_link(&at) {
            Ok(link) => at = at.parent().unwrap_or(Path::new("")).join(link),
            Err(_) => return Ok(at),
        }
    }
    Err(KagiError::write(path, io::Error::new(io::ErrorKind::InvalidInput, "too many symbolic links")))
}

fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), KagiError> {
    let failed = |source| KagiError::write(path, source);
    // Whoever is root could put a file in the place of `/dev/null`, which people name where they want no profile file.
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        let what = "a file is not put in the place of a device, a pipe or a folder";
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, what)));
    }
    let temporary = beside(path)?;
    let written = (|| -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        if file.metadata()?.mode() & 0o7777 != mode {
            file.set_permissions(fs::Permissions::from_mode(mode))?;
        }
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        // The name is in the directory; without this a crash could bring the old file back.
        match path.parent().map(File::open) {
            Some(Ok(folder)) => folder.sync_all(),
            _ => Ok(()),
        }
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(failed)
}

/// Opens a file of our own that is written on, and makes it where it is not there: mode 0600 whatever the umask.
pub(crate) fn open_own(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = options.create(true).mode(0o600).open(path)?;
    if file.metadata()?.mode() & 0o600 != 0o600 {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

fn beside(path: &Path) -> Result<PathBuf, KagiError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(path.with_file_name(format!(".{name}.{}.tmp", hex(&random::<8>()?))))
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], KagiError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| KagiError::NoEntropy)?;
    Ok(bytes)
}

/// Removes a file; one that is not there is removed already.
pub(crate) fn remove(path: &Path) -> Result<(), KagiError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(KagiError::write(path, error)),
        _ => Ok(()),
    }
}

/// The files of a directory with this ending, sorted; an absent directory has none.
pub(crate) fn list(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, KagiError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(KagiError::read(folder, error)),
    };
    let mut paths: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|kind| kind == ending))
        .collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `AWS_CONFIG_FILE=/dev/null` under root: the device stays, also at the end of a link.
    #[test]
    fn a_file_is_not_put_in_the_place_of_what_is_none() {
        let folder = std::env::temp_dir().join(format!("kagi-files-{}", hex(&random::<8>().unwrap())));
        fs::create_dir_all(folder.join("folder")).unwrap();
        let (pipe, link) = (folder.join("pipe"), folder.join("link"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        for refused in [rewrite(&pipe, "x"), rewrite(&link, "x"), write_own(&folder.join("folder"), b"x")] {
            assert!(
                matches!(refused, Err(KagiError::Write { source, .. }) if source.kind() == io::ErrorKind::InvalidInput)
            );
        }
        assert!(!fs::metadata(&pipe).unwrap().is_file());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 3, "nothing is left beside it");
        fs::remove_dir_all(&folder).unwrap();
    }
}
