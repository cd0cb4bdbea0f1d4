//! The walk over the folders of a directory: only regular files, each folder once, and what cannot be opened is told.
//!
//! Links are followed. A link back to a folder that was seen leads nowhere new; nothing but a regular file is ever opened (a
//! named pipe would wait for ever).

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use kagimori_estate::read::{Part, unreadable};
use kagimori_id::AccountId;

use super::snapshot::{SnapshotFile, holds_an_answer, is_data};
use super::{BESIDE_SNAPSHOTS, OUTPUT_FOLDERS};

/// How far down an answer is looked for in a folder that is not called after an account, beside `snapshots/`.
const GUEST_DEPTH_MAX: usize = 2;
/// Folders of a directory that hold no answers, however many files.
const ELSEWHERE: [&str; 4] = ["trail", "AWSLogs", "node_modules", "target"];

/// How far a walk goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Every folder.
    Whole,
    /// Folders named by an account id, and not the folder's own files.
    Accounts,
    /// The folder's own files, folders named by an account id, and others that may hold answers.
    OwnAndOthers,
    /// A folder that may hold answers: so many folders down.
    Guest(usize),
}

/// What a walk found.
#[derive(Debug)]
pub(super) struct Walk<'r> {
    root: &'r Path,
    pub(super) files: Vec<SnapshotFile>,
    /// What is there and cannot be opened.
    pub(super) unreadable: Vec<Part>,
    /// The folders that were seen, by their real paths.
    seen: BTreeSet<PathBuf>,
    /// The name of the folder beside the account's in which the walk is.
    guest: Option<String>,
}

/// An entry of a folder.
struct Entry {
    path: PathBuf,
    name: String,
    is_link: bool,
}

impl<'r> Walk<'r> {
    pub(super) fn new(root: &'r Path) -> Self {
        let (files, unreadable) = (Vec::new(), Vec::new());
        Self { root, files, unreadable, seen: BTreeSet::new(), guest: None }
    }

    /// Collects what a folder holds.
    pub(super) fn collect(&mut self, folder: &Path, account: Option<AccountId>, depth: Depth) {
        let is_new = match fs::canonicalize(folder) {
            // its accounts alone: its own files are yet to come
            Ok(_) if depth == Depth::Accounts => true,
            Ok(real) => self.seen.insert(real),
            Err(error) => return self.lose(folder, account, &error),
        };
        let entries = match entries(folder) {
            Ok(entries) if is_new => entries,
            Ok(_) => return,
            Err(error) => return self.lose(folder, account, &error),
        };
        for entry in entries {
            if entry.name.starts_with('.') {
                self.pass_over(&entry, account);
            } else {
                self.entry(&entry, account, depth);
            }
        }
    }

    fn entry(&mut self, entry: &Entry, account: Option<AccountId>, depth: Depth) {
        let named = AccountId::parse(&entry.name).ok();
        let owner = account.or(named);
        let metadata = match fs::metadata(&entry.path) {
            Ok(metadata) => metadata,
            Err(error) if depth != Depth::Accounts || named.is_some() => {
                return self.lose(&entry.path, owner, &error);
            }
            Err(_) => return,
        };
        if metadata.is_dir() {
            match (depth, named) {
                (Depth::Whole, _) | (_, Some(_)) => self.collect(&entry.path, owner, Depth::Whole),
                (Depth::OwnAndOthers, None) => self.visit(entry),
                (Depth::Guest(left), None) if left > 0 => {
                    self.collect(&entry.path, None, Depth::Guest(left - 1));
                }
                _ => {}
            }
        } else if depth != Depth::Accounts {
            self.file(entry, account, metadata.is_file(), depth);
        }
    }

    /// Nothing hidden is read. A hidden folder with answers is told: whoever hid it may not know.
    fn pass_over(&mut self, entry: &Entry, account: Option<AccountId>) {
        if hides_answers(&entry.path, GUEST_DEPTH_MAX) {
            let text = "the folder is hidden, holds answers of AWS, and was passed over";
            let hint = "give it a name without the dot, or take it out of the directory";
            self.unreadable.push(unreadable(&self.relative(&entry.path), account, text, hint));
        }
    }

    /// A folder beside those of accounts: whether it belongs to the directory, its files tell.
    fn visit(&mut self, entry: &Entry) {
        let is_known = |names: &[&str]| names.contains(&entry.name.as_str());
        if is_known(&OUTPUT_FOLDERS) || is_known(&BESIDE_SNAPSHOTS) || is_known(&ELSEWHERE) {
            return;
        }
        self.guest = Some(entry.name.clone());
        self.collect(&entry.path, None, Depth::Guest(GUEST_DEPTH_MAX));
        self.guest = None;
    }

    fn file(&mut self, entry: &Entry, account: Option<AccountId>, is_regular: bool, depth: Depth) {
        let is_named = is_data(&entry.name);
        if !is_regular {
            if is_named {
                let text = "it is no regular file and was not opened";
                self.unreadable.push(unreadable(&self.relative(&entry.path), account, text, HINT));
            }
            return;
        }
        // among the snapshots a file counts whatever it is called
        if is_named || (depth == Depth::Whole && holds_an_answer(&entry.path)) {
            let relative = self.relative(&entry.path);
            let (path, guest) = (entry.path.clone(), self.guest.clone());
            self.files.push(SnapshotFile { path, relative, account, guest });
        }
    }

    fn lose(&mut self, path: &Path, account: Option<AccountId>, error: &io::Error) {
        let named = path.file_name().and_then(|name| AccountId::parse(&name.to_string_lossy()).ok());
        let part = unreadable(&self.relative(path), account.or(named), &cannot_read(error), HINT);
        self.unreadable.push(part);
    }

    fn relative(&self, path: &Path) -> String {
        path.strip_prefix(self.root).unwrap_or(path).to_string_lossy().replace('\\', "/")
    }
}

const HINT: &str = "check that it is there, that you may read it and that it is the AWS CLI's output, or take it out of the directory";

pub(super) fn cannot_read(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}

/// Whether a folder holds a file of AWS, so many folders down.
fn hides_answers(folder: &Path, depth: usize) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let path = entry.path();
        let is_named = is_data(&entry.file_name().to_string_lossy());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => depth > 0 && hides_answers(&path, depth - 1),
            Ok(kind) => kind.is_file() && is_named && holds_an_answer(&path),
            Err(_) => false,
        }
    })
}

/// The entries, in order of name; links come last, so that a folder keeps the name it has.
fn entries(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        entries.push(Entry { path: entry.path(), name, is_link: entry.file_type()?.is_symlink() });
    }
    entries.sort_by(|a, b| (a.is_link, &a.name).cmp(&(b.is_link, &b.name)));
    Ok(entries)
}
