//! What lies below a folder: regular files and the targets of links, in the order of their names.
//!
//! Links are not followed, so nothing is read twice and no loop is walked; where a link leads is itself text that may hold a key. Pipes,
//! sockets and devices are counted and never opened.

use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use crate::problem::Problem;

/// A regular file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// Where it is opened.
    pub path: PathBuf,
    /// What it is called in an answer: the root as it was given, and the way down from there.
    pub name: String,
    /// Its length when it was listed.
    pub bytes: u64,
}

/// A symbolic link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// What it is called in an answer.
    pub name: String,
    /// Where it leads, as written.
    pub target: Vec<u8>,
}

/// What a walk found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Listing {
    /// Regular files.
    pub files: Vec<File>,
    /// Symbolic links.
    pub links: Vec<Link>,
    /// Folders that hold a `.git`: work trees. What lies in the `.git` is not listed.
    pub repositories: Vec<PathBuf>,
    /// Repositories without a work tree, and a `.git` that was named itself: nothing of them is listed.
    pub bare: Vec<PathBuf>,
    /// How many pipes, sockets and devices were passed over.
    pub passed_over: usize,
    /// What could not be listed.
    pub problems: Vec<Problem>,
}

/// Lists a file, or all that lies below a folder.
pub fn list(root: &Path) -> Listing {
    let mut listing = Listing::default();
    // the root is followed, as everybody expects who names a link
    match fs::metadata(root) {
        Ok(found) if found.is_dir() => listing.folders(root, false),
        Ok(found) if found.is_file() => {
            listing.files.push(File { path: root.to_owned(), name: shown(root), bytes: found.len() });
        }
        Ok(_) => {
            let hint = "name a folder or a regular file";
            listing.problems.push(Problem::new(&shown(root), "it is neither a file nor a folder", hint));
        }
        Err(error) => listing.lose(root, &error),
    }
    listing
}

/// Lists the files of a repository's own folder, those of its submodules too.
pub(crate) fn list_own(folder: &Path) -> Listing {
    let mut listing = Listing::default();
    listing.folders(folder, true);
    listing
}

/// Whether a folder is a repository's own: what lies in it is packed, and read by `git` alone.
fn is_git_folder(folder: &Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

/// A path in an answer.
pub fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

impl Listing {
    /// The folders below a root, each after its own files; a list instead of a recursion, so that no depth is too much.
    fn folders(&mut self, root: &Path, is_own: bool) {
        let mut waiting = vec![root.to_owned()];
        while let Some(folder) = waiting.pop() {
            let mut below = self.folder(&folder, is_own);
            below.reverse();
            waiting.append(&mut below);
        }
    }

    fn folder(&mut self, folder: &Path, is_own: bool) -> Vec<PathBuf> {
        let mut below = Vec::new();
        if !is_own && is_git_folder(folder) {
            self.bare.push(folder.to_owned());
            return below;
        }
        for entry in self.entries(folder) {
            if entry.file_name() == OsStr::new(".git") {
                self.repositories.push(folder.to_owned());
                continue;
            }
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => below.push(path),
                Ok(kind) if kind.is_symlink() => self.link(&path),
                Ok(kind) if kind.is_file() => {
                    let bytes = entry.metadata().map_or(0, |found| found.len());
                    self.files.push(File { name: shown(&path), path, bytes });
                }
                Ok(_) => self.passed_over += 1,
                Err(error) => self.lose(&path, &error),
            }
        }
        below
    }

    fn entries(&mut self, folder: &Path) -> Vec<DirEntry> {
        let mut entries = Vec::new();
        match fs::read_dir(folder) {
            Ok(found) => {
                for entry in found {
                    match entry {
                        Ok(entry) => entries.push(entry),
                        Err(error) => self.lose(folder, &error),
                    }
                }
            }
            Err(error) => self.lose(folder, &error),
        }
        entries.sort_by_key(DirEntry::file_name);
        entries
    }

    fn link(&mut self, path: &Path) {
        match fs::read_link(path) {
            Ok(target) => {
                let target = target.into_os_string().into_encoded_bytes();
                self.links.push(Link { name: shown(path), target });
            }
            Err(error) => self.lose(path, &error),
        }
    }

    fn lose(&mut self, path: &Path, error: &io::Error) {
        let hint = "check the path, and that you may read it (`ls -ld`)";
        self.problems.push(Problem::new(&shown(path), format!("cannot be read: {error}"), hint));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::open::tests::folder;

    #[test]
    fn links_are_told_and_not_followed_and_git_is_left_to_its_reader() {
        let root = folder("walk");
        fs::create_dir_all(root.join("a/.git")).unwrap();
        fs::write(root.join("a/.git/config"), "x").unwrap();
        fs::write(root.join("a/file"), "abc").unwrap();
        symlink("..", root.join("a/loop")).unwrap();
        let listing = list(&root);
        assert_eq!(listing.files.iter().map(|file| file.bytes).collect::<Vec<_>>(), [3]);
        assert_eq!(listing.links.iter().map(|link| link.target.as_slice()).collect::<Vec<_>>(), [b".."]);
        assert_eq!(listing.repositories, [root.join("a")]);
        assert_eq!(listing.problems, []);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_repository_without_a_work_tree_is_told() {
        let root = folder("bare");
        for below in ["x.git/objects", "x.git/refs", "refs"] {
            fs::create_dir_all(root.join(below)).unwrap();
        }
        fs::write(root.join("x.git/HEAD"), "ref: refs/heads/main\n").unwrap();
        fs::write(root.join("x.git/config"), "x").unwrap();
        let listing = list(&root);
        assert_eq!((listing.bare, listing.files), (vec![root.join("x.git")], Vec::new()));
        assert_eq!(list(&root.join("x.git")).bare, [root.join("x.git")], "named itself");
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn what_is_not_there_is_said() {
        let listing = list(Path::new("/nowhere/at/all"));
        assert_eq!(listing.problems.len(), 1);
    }
}
