//! A git repository: every object once (blobs, not patches), whoever points to it or nobody; then the first commit and path of what was found.
//!
//! Nothing is fetched and no hook, filter or configured program is run. What a repository promises and does not hold (shallow, partial, damaged)
//! is a problem, and everything else is read.

mod history;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gix::ObjectId;
use gix::objs::Kind;
use gix::prelude::*;
use kagimori_source::{Held, Scanner};
use rustc_hash::FxHashSet;

use self::history::{Commit, History};
use crate::archive::{Form, Unpacking};
use crate::found::{Found, Place, Scanned, Where};
use crate::piece::{Blocks, Piece};
use crate::problem::Problem;
use crate::scan::{Hand, Progress};
use crate::walk;

/// Objects that a thread takes at a time, in the order of the pack, so that deltas find their bases at hand.
const CHUNK: usize = 1024;
/// Blobs beyond this are not read.
const BLOB_BYTES_MAX: u64 = 512 << 20;
/// Problems of one kind that are told one by one.
const TOLD_MAX: usize = 10;

/// Scans a repository, its submodules' repositories among it.
pub fn scan(scanner: &Scanner, path: &Path, system: usize, progress: &(dyn Fn(Progress) + Sync)) -> Scanned {
    let mut all = Scanned::default();
    match open(path) {
        Ok(repository) => {
            let modules = repository.common_dir().join("modules");
            Reading::of(scanner, system, walk::shown(path), repository).read(&mut all, progress);
            for module in modules_below(&modules) {
                let inner = scan(scanner, &module, system, progress);
                all.join(inner);
            }
        }
        Err(message) => {
            let hint = "name a work tree with its `.git`, or a bare repository";
            all.problems.push(Problem::new(&walk::shown(path), message, hint));
        }
    }
    all.settle();
    all
}

/// Opens a repository without asking the configuration of the machine or of the user.
pub(crate) fn open(path: &Path) -> Result<gix::Repository, String> {
    let options = gix::open::Options::isolated();
    let mut repository = options
        .open(path)
        .map_err(|error| format!("it is no git repository that can be read: {error}"))?
        .to_thread_local();
    // what a replacement hides is an object, too
    repository.objects.ignore_replacements = true;
    Ok(repository)
}

/// Repositories of submodules: folders with objects of their own.
fn modules_below(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut waiting) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = waiting.pop() {
        if folder.join("objects").is_dir() && folder.join("HEAD").is_file() {
            found.push(folder);
            continue;
        }
        let below = fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
        waiting.extend(
            below.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()),
        );
    }
    found.sort();
    found
}

struct Reading<'a> {
    reader: Reader<'a>,
    repository: gix::Repository,
}

/// What all threads read objects with.
struct Reader<'a> {
    scanner: &'a Scanner,
    system: usize,
    name: String,
    hash: gix::hash::Kind,
}

/// What one thread found in objects.
#[derive(Default)]
struct Objects {
    scanned: Scanned,
    /// What blobs hold: the way into an archive, and the thing.
    blobs: BTreeMap<ObjectId, Vec<(String, Held)>>,
    commits: Vec<Commit>,
    /// Blobs that stand for a file that LFS keeps elsewhere.
    pointers: BTreeSet<String>,
}

impl<'a> Reading<'a> {
    fn of(scanner: &'a Scanner, system: usize, name: String, repository: gix::Repository) -> Self {
        let hash = repository.object_hash();
        Self { reader: Reader { scanner, system, name, hash }, repository }
    }

    fn read(&self, all: &mut Scanned, progress: &(dyn Fn(Progress) + Sync)) {
        let ids = self.ids(&mut all.problems);
        let present: FxHashSet<ObjectId> = ids.iter().copied().collect();
        let (next, total) = (AtomicUsize::new(0), ids.len());
        let (shared, reader) = (self.repository.clone().into_sync(), &self.reader);
        let parts = Mutex::new(Vec::new());
        rayon::broadcast(|_| {
            let (repository, mut objects, mut buffer) =
                (shared.to_thread_local(), Objects::default(), Vec::new());
            loop {
                let from = next.fetch_add(CHUNK, Ordering::Relaxed);
                let Some(chunk) = ids.get(from..total.min(from + CHUNK)).filter(|chunk| !chunk.is_empty())
                else {
                    break;
                };
                for id in chunk {
                    reader.object(&repository, *id, &mut buffer, &mut objects);
                }
                progress(Progress { files: from, files_total: total });
            }
            if let Ok(mut parts) = parts.lock() {
                parts.push(objects);
            }
        });
        let mut objects = Objects::default();
        for part in parts.into_inner().unwrap_or_default() {
            objects.scanned.join(part.scanned);
            objects.blobs.extend(part.blobs);
            objects.commits.extend(part.commits);
            objects.pointers.extend(part.pointers);
        }
        objects.scanned.counts.commits = objects.commits.len();
        self.pointers(&objects.pointers, &mut all.problems);
        let history = History::of(
            &self.repository,
            &self.reader.name,
            objects.commits,
            &present,
            &objects.blobs,
            &mut all.problems,
        );
        for (blob, held) in objects.blobs {
            for (path, at) in history.places(blob) {
                for (inner, held) in &held {
                    let path = format!("{path}{inner}");
                    all.found.push(Found {
                        held: held.clone(),
                        place: Place { system: self.reader.system, path, at: at.clone() },
                    });
                }
            }
        }
        let problems = shortened(&self.reader.name, std::mem::take(&mut objects.scanned.problems));
        all.problems.extend(problems);
        all.join(objects.scanned);
        self.folder(all);
    }

    /// All objects, those of alternates too, each once and in the order of the packs.
    fn ids(&self, problems: &mut Vec<Problem>) -> Vec<ObjectId> {
        let (mut ids, mut seen) = (Vec::new(), FxHashSet::default());
        let order = gix::odb::store::iter::Ordering::PackAscendingOffsetThenLooseLexicographical;
        match self.repository.objects.iter() {
            Ok(objects) => {
                for id in objects.with_ordering(order) {
                    match id {
                        Ok(id) if seen.insert(id) => ids.push(id),
                        Ok(_) => {}
                        Err(error) => {
                            problems.push(self.reader.damage(format!("an object cannot be listed: {error}")))
                        }
                    }
                }
            }
            Err(error) => problems.push(self.reader.damage(format!("its objects cannot be listed: {error}"))),
        }
        let packs = fs::read_dir(self.repository.common_dir().join("objects/pack"))
            .into_iter()
            .flatten()
            .filter_map(Result::ok);
        for pack in
            packs.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "pack"))
        {
            if !pack.with_extension("idx").is_file() {
                problems.push(
                    self.reader
                        .damage(format!("the pack `{}` has no index and was not read", walk::shown(&pack))),
                );
            }
        }
        ids
    }

    /// Files that LFS keeps: read where they are, missing where they are not.
    fn pointers(&self, pointers: &BTreeSet<String>, problems: &mut Vec<Problem>) {
        let store = self.repository.common_dir().join("lfs/objects");
        let is_here = |oid: &&String| match (oid.get(..2), oid.get(2..4)) {
            (Some(a), Some(b)) => store.join(a).join(b).join(oid.as_str()).is_file(),
            _ => false,
        };
        let missing = pointers.iter().filter(|oid| !is_here(oid)).count();
        if missing > 0 {
            let message = format!("{missing} files lie in LFS and are not here");
            problems.push(Problem::new(&self.reader.name, message, "fetch them: `git lfs fetch --all`"));
        }
    }

    /// What lies in the `.git` beside objects: configuration with its URLs, reflogs, messages, hooks, files of LFS.
    fn folder(&self, all: &mut Scanned) {
        let folder = self.repository.common_dir().to_owned();
        let listing = walk::list_own(&folder);
        let is_object = |path: &Path| {
            let rest = path.strip_prefix(&folder).unwrap_or(path);
            rest.starts_with("objects")
                || rest.starts_with("modules") && rest.components().any(|part| part.as_os_str() == "objects")
        };
        let files: Vec<walk::File> =
            listing.files.into_iter().filter(|file| !is_object(&file.path)).collect();
        let mut blocks = Blocks::default();
        for file in &files {
            let mut hand = Hand { scanner: self.reader.scanner, system: self.reader.system, scanned: all };
            hand.file(file, &Where::GitFolder, &mut blocks);
        }
        all.problems.extend(listing.problems);
    }
}

impl Reader<'_> {
    fn damage(&self, message: String) -> Problem {
        Problem::new(&self.name, message, "run `git fsck`, and fetch the repository again")
    }

    fn object(
        &self,
        repository: &gix::Repository,
        id: ObjectId,
        buffer: &mut Vec<u8>,
        objects: &mut Objects,
    ) {
        let damaged =
            |error: &dyn std::fmt::Display| self.damage(format!("the object {id} cannot be read: {error}"));
        let header = match repository.try_find_header(id) {
            Ok(Some(header)) => header,
            Ok(None) => return objects.scanned.problems.push(damaged(&"it is not here")),
            Err(error) => return objects.scanned.problems.push(damaged(&error)),
        };
        if header.size() > BLOB_BYTES_MAX {
            let message = format!("the blob {id} is larger than 512 MiB and was not read");
            return objects.scanned.problems.push(Problem::new(
                &self.name,
                message,
                "check it out, and scan the file",
            ));
        }
        let data = match repository.objects.try_find(&id, buffer) {
            Ok(Some(data)) => data,
            Ok(None) => return objects.scanned.problems.push(damaged(&"it is not here")),
            Err(error) => return objects.scanned.problems.push(damaged(&error)),
        };
        // An object's name is the hash of what it says: bytes that changed on the disk may still unpack to something.
        if data.verify_checksum(&id).is_err() {
            return objects.scanned.problems.push(damaged(&"it is not what its name says"));
        }
        match data.kind {
            Kind::Blob => self.blob(id, data.data, objects),
            Kind::Commit => {
                match Commit::read(id, data.data, self.hash) {
                    Some(commit) => objects.commits.push(commit),
                    None => objects.scanned.problems.push(damaged(&"it is no commit")),
                }
                let place = format!("commit {id}");
                self.text(&place, data.data, &Where::CommitMessage { commit: id.to_string() }, objects);
            }
            Kind::Tag => {
                let place = format!("tag {id}");
                self.text(&place, data.data, &Where::TagMessage, objects);
            }
            // Which paths it gives is asked later, of those that are wanted.
            Kind::Tree => {}
        }
    }

    fn text(&self, place: &str, bytes: &[u8], at: &Where, objects: &mut Objects) {
        let mut hand = Hand { scanner: self.scanner, system: self.system, scanned: &mut objects.scanned };
        hand.piece(Piece::whole(place, bytes), at);
    }

    fn blob(&self, id: ObjectId, bytes: &[u8], objects: &mut Objects) {
        objects.scanned.counts.blobs += 1;
        objects.scanned.counts.bytes += u64::try_from(bytes.len()).unwrap_or_default();
        if let Some(oid) = pointer(bytes) {
            objects.pointers.insert(oid);
            return;
        }
        let mut scanned = Scanned::default();
        let mut hand = Hand { scanner: self.scanner, system: self.system, scanned: &mut scanned };
        if let Some(form) = Form::of(bytes) {
            let mut problems = Vec::new();
            let mut each = |piece: Piece<'_>| hand.piece(piece, &Where::File);
            Unpacking::new(&mut each, &mut problems).open(form, "", &mut Cursor::new(bytes), 1);
            for mut problem in problems {
                problem.place = format!("{} blob {id}{}", self.name, problem.place);
                objects.scanned.problems.push(problem);
            }
        } else {
            let (mut blocks, mut rest) = (Blocks::default(), bytes);
            while let Ok(Some(_)) = blocks.next(&mut rest) {
                hand.piece(blocks.piece(""), &Where::File);
            }
        }
        let found = std::mem::take(&mut scanned.found);
        if !found.is_empty() {
            let held = found.into_iter().map(|found| (found.place.path, found.held));
            objects.blobs.insert(id, held.collect());
        }
        for problem in &mut scanned.problems {
            problem.place = format!("{} blob {id}{}", self.name, problem.place);
        }
        objects.scanned.join(scanned);
    }
}

/// Many problems of objects as a few and a count.
fn shortened(name: &str, mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort();
    let more = problems.len().saturating_sub(TOLD_MAX);
    problems.truncate(TOLD_MAX);
    if more > 0 {
        problems.push(Problem::new(
            name,
            format!("{more} more of its objects were not read"),
            "run `git fsck`",
        ));
    }
    problems
}

/// The name under which LFS keeps a file, when this blob stands for one (git-lfs, "spec.md").
fn pointer(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes.get(..bytes.len().min(1024))?).ok()?;
    let rest = text.strip_prefix("version https://git-lfs.github.com/spec/v1\n")?;
    let oid = rest.lines().find_map(|line| line.strip_prefix("oid sha256:"))?;
    Some(oid.trim().to_owned())
}

/// Scans what is staged and differs from `HEAD`: what the next commit would bring.
pub fn scan_staged(scanner: &Scanner, path: &Path, system: usize) -> Scanned {
    let mut all = Scanned::default();
    let name = walk::shown(path);
    let staged = open(path).and_then(|repository| {
        let index =
            repository.index_or_empty().map_err(|error| format!("its index cannot be read: {error}"))?;
        let before = history::head_blobs(&repository);
        let backing = index.path_backing();
        let mut entries = Vec::new();
        for entry in index.entries() {
            let path = String::from_utf8_lossy(entry.path_in(backing)).into_owned();
            if before.get(&path) != Some(&entry.id) && entry.mode != gix::index::entry::Mode::COMMIT {
                entries.push((path, entry.id));
            }
        }
        Ok((repository, entries))
    });
    let (repository, entries) = match staged {
        Ok(staged) => staged,
        Err(message) => {
            all.problems.push(Problem::new(&name, message, "name a work tree with its `.git`"));
            return all;
        }
    };
    let (mut buffer, mut objects) = (Vec::new(), Objects::default());
    let reading = Reading::of(scanner, system, name, repository);
    for (path, id) in entries {
        reading.reader.object(&reading.repository, id, &mut buffer, &mut objects);
        for (inner, held) in objects.blobs.remove(&id).unwrap_or_default() {
            let place = Place { system, path: format!("{path}{inner}"), at: Where::Index };
            all.found.push(Found { held, place });
        }
        all.counts.files += 1;
    }
    all.join(objects.scanned);
    all.settle();
    all
}
