//! Files put where they belong, all of them or none: what stands under their names is kept aside by a second name until the last is in
//! place, and comes back when one cannot be put there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::edition::of;
use super::sync_folder;

/// What is asked before each step on the disk: tests refuse one.
pub(super) type Permit<'a> = &'a dyn Fn() -> io::Result<()>;

/// The files of a folder that were put in place so far.
pub(super) struct Places<'a> {
    folder: &'a Path,
    /// Where files are kept aside: in the folder, so that a rename leads there and back.
    aside: &'a Path,
    permit: Permit<'a>,
    put: Vec<(PathBuf, Former)>,
}

/// What stood under a name.
enum Former {
    Nothing,
    /// It has a second name.
    Kept(PathBuf),
    /// It was given none: there is no way back. Not every file system knows second names.
    Lost,
}

impl<'a> Places<'a> {
    pub(super) fn new(folder: &'a Path, aside: &'a Path, permit: Permit<'a>) -> Self {
        Self { folder, aside, permit, put: Vec::new() }
    }

    /// Puts files under names relative to the folder.
    pub(super) fn put<'f>(
        &mut self,
        files: impl IntoIterator<Item = (&'f Path, &'f Path)>,
    ) -> io::Result<()> {
        files
            .into_iter()
            .try_for_each(|(draft, name)| self.one(draft, name).map_err(|error| of(name, &error)))
    }

    fn one(&mut self, draft: &Path, name: &Path) -> io::Result<()> {
        let former = self.keep_aside(name);
        // Also what is told to have failed may have been done.
        self.put.push((name.to_owned(), former));
        (self.permit)()?;
        fs::rename(draft, self.folder.join(name))
    }

    /// Brings the names of a folder to the disk.
    pub(super) fn sync(&self, folder: &Path) -> io::Result<()> {
        (self.permit)()?;
        sync_folder(folder)
    }

    /// Puts back what stood there, the last first; ends where there is no way back.
    pub(super) fn take_back(self) -> io::Result<()> {
        for (name, former) in self.put.into_iter().rev() {
            let path = self.folder.join(&name);
            match former {
                Former::Nothing => match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                },
                Former::Kept(kept) => fs::rename(kept, &path)?,
                Former::Lost => return Err(io::Error::other("there is no way back")),
            }
        }
        sync_folder(self.folder)
    }

    fn keep_aside(&self, name: &Path) -> Former {
        let kept = self.aside.join(format!("former-{}", self.put.len()));
        match (self.permit)().and_then(|()| fs::hard_link(self.folder.join(name), &kept)) {
            Ok(()) => Former::Kept(kept),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Former::Nothing,
            Err(_) => Former::Lost,
        }
    }
}
