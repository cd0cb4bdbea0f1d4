//! Files that belong together and appear together.
//!
//! They are made aside ([`Stage`]), all of them, and brought to the disk; only then are they put where they belong, each by a rename.
//! Should the disk refuse one of these, what was there before comes back ([`Places`]). Where a page speaks of the files, a notice
//! stands in its place meanwhile: should it be cut off, whoever opens the page reads that, and the next run puts everything right. So
//! nobody sees half a file, nobody takes old and new files for one answer, and a disk that fails leaves what was there as it was.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use kagimori_id::hex;
use sha2::{Digest, Sha256};

use super::places::{Permit, Places};
use super::stage::Stage;
use super::{folder, new};

/// What a page says while the files beside it are put in place. It begins with [`MARK`].
const NOTICE: &str = include_str!("notice.html");
const MARK: &str = "<!doctype html><!-- kagimori: unfinished -->";
/// Bytes that wait to be written.
const BUFFER: usize = 1 << 18;
/// So many files are brought to the disk at once: the disk joins what comes together.
const SYNCS: usize = 16;
/// So long a run waits while another puts its files in place, which is done in a moment.
const PATIENCE: Duration = Duration::from_secs(30);

/// Files of one folder, in the making. What is dropped was never there.
#[derive(Debug)]
pub struct Edition {
    folder: PathBuf,
    stage: Stage,
    /// How many were begun.
    begun: AtomicUsize,
    made: Mutex<Made>,
}

#[derive(Debug, Default)]
struct Made {
    /// Where each file lies, and where it belongs.
    files: Vec<(PathBuf, PathBuf)>,
    /// What goes when they are there.
    retired: Vec<PathBuf>,
}

impl Edition {
    /// Begins one in a folder, making it where it is not there.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn begin(folder: &Path) -> io::Result<Self> {
        let stage = Stage::new(folder)?;
        Ok(Self { folder: folder.to_owned(), stage, begun: AtomicUsize::default(), made: Mutex::default() })
    }

    /// The folder that its files belong into.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes a file, streamed: `fill` writes it. `name` is relative to the folder. Several threads may do so at once.
    ///
    /// # Errors
    /// What `fill` says, or the disk.
    pub fn write(
        &self,
        name: impl AsRef<Path>,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let name = name.as_ref();
        let mut draft = self.draft().map_err(|error| of(name, &error))?;
        fill(&mut draft).map_err(|error| draft.failure(name, &error))?;
        self.keep(draft, name)
    }

    /// Makes a file named by its content, of which `name` is given 16 hexadecimal digits; returns the name. A page that was opened
    /// before never reads another's list.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_by_content(
        &self,
        name: impl FnOnce(&str) -> PathBuf,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<PathBuf> {
        let mut draft = self.draft()?;
        draft.sum = Some(Sha256::new());
        fill(&mut draft).map_err(|error| draft.failure(Path::new("a list"), &error))?;
        let sum = draft.sum.take().map(|sum| sum.finalize()).unwrap_or_default();
        let name = name(&hex(sum.get(..8).unwrap_or_default()));
        self.keep(draft, &name)?;
        Ok(name)
    }

    /// A file without a name, to be written beside others; [`Self::keep`] gives it one.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn draft(&self) -> io::Result<Draft> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let path = self.stage.path.join(number.to_string());
        let out = BufWriter::with_capacity(BUFFER, new(&path)?);
        Ok(Draft { out, path, sum: None, failed: None })
    }

    /// Gives a draft, which is whole now, its name relative to the folder.
    ///
    /// # Errors
    /// When the rest of it cannot be written, or the name leads out of the folder.
    pub fn keep(&self, mut draft: Draft, name: impl AsRef<Path>) -> io::Result<()> {
        let name = name.as_ref();
        draft.flush().map_err(|error| of(name, &error))?;
        if !name.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(of(name, &io::Error::new(io::ErrorKind::InvalidInput, "no name of a file here")));
        }
        self.made().files.push((draft.path, name.to_owned()));
        Ok(())
    }

    /// A file of an earlier edition that goes when this one is there, unless this one has it, too.
    pub fn retire(&self, name: impl Into<PathBuf>) {
        self.made().retired.push(name.into());
    }

    /// Puts files in place of which each speaks for itself.
    ///
    /// # Errors
    /// When they cannot be brought to the disk, or put in place: there is something else under a name than a file. What was there before
    /// is there again.
    pub fn publish(self) -> io::Result<()> {
        self.put(None, &|| Ok(()))
    }

    /// Puts files in place of which a page speaks, which is one of them.
    ///
    /// # Errors
    /// As [`Self::publish`]. Where what was there before cannot be put back, the notice stands where the page belongs.
    pub fn publish_with_page(self, page: impl AsRef<Path>) -> io::Result<()> {
        self.put(Some(page.as_ref()), &|| Ok(()))
    }

    fn made(&self) -> std::sync::MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(self, page: Option<&Path>, permit: Permit<'_>) -> io::Result<()> {
        let notice = match page {
            Some(_) => Some(self.notice()?),
            None => None,
        };
        let Made { mut files, retired } = std::mem::take(&mut *self.made());
        files.sort_by(|a, b| a.1.cmp(&b.1));
        sync(files.iter().map(|(draft, _)| draft).chain(&notice))?;
        let _turn = turn(&self.folder)?;
        let folders = self.ready(&files)?;
        let mut places = Places::new(&self.folder, &self.stage.path, permit);
        if let Err(error) = self.place(&mut places, &files, page.zip(notice.as_deref()), &folders) {
            // Where this fails, too, the notice says so.
            let _ = places.take_back();
            return Err(error);
        }
        let kept: BTreeSet<&Path> = files.iter().map(|(_, name)| &**name).collect();
        // What goes does not make the rest wrong: it is tried again by the next run.
        for name in retired.iter().filter(|name| !kept.contains(&***name)) {
            let _ = fs::remove_file(self.folder.join(name));
        }
        Ok(())
    }

    /// Puts the files in place, the page last; until then the notice stands for it.
    fn place(
        &self,
        places: &mut Places<'_>,
        files: &[(PathBuf, PathBuf)],
        page: Option<(&Path, &Path)>,
        folders: &BTreeSet<PathBuf>,
    ) -> io::Result<()> {
        if let Some((page, notice)) = page {
            places.put([(notice, page)])?;
            places.sync(&self.folder)?;
        }
        let files = files.iter().map(|(draft, name)| (&**draft, &**name));
        let is_page = |(_, name): &(&Path, &Path)| page.is_some_and(|(page, _)| page == *name);
        let (last, others): (Vec<_>, Vec<_>) = files.partition(is_page);
        places.put(others)?;
        folders.iter().try_for_each(|folder| places.sync(folder))?;
        places.put(last)?;
        places.sync(&self.folder)
    }

    fn notice(&self) -> io::Result<PathBuf> {
        let mut draft = self.draft()?;
        draft.write_all(NOTICE.as_bytes())?;
        draft.flush()?;
        Ok(draft.path)
    }

    /// Makes the folders that files belong into, and makes sure that under no name there is anything but a file.
    fn ready(&self, files: &[(PathBuf, PathBuf)]) -> io::Result<BTreeSet<PathBuf>> {
        let mut folders = BTreeSet::from([self.folder.clone()]);
        for (_, name) in files {
            let above: Vec<&Path> = name.ancestors().skip(1).filter(|above| **above != *"").collect();
            for above in above.into_iter().rev() {
                let path = self.folder.join(above);
                if !folders.contains(&path) {
                    let is_link = fs::symlink_metadata(&path).is_ok_and(|there| there.is_symlink());
                    let made = if is_link { Err(elsewhere()) } else { folder(&path) };
                    made.map_err(|error| of(above, &error))?;
                    folders.insert(path);
                }
            }
            is_free(&self.folder.join(name)).map_err(|error| of(name, &error))?;
        }
        Ok(folders)
    }
}

/// A file that is being written.
#[derive(Debug)]
pub struct Draft {
    out: BufWriter<File>,
    path: PathBuf,
    sum: Option<Sha256>,
    /// What the disk said; writers of formats wrap it.
    failed: Option<io::ErrorKind>,
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes).inspect_err(|error| self.failed = Some(error.kind()))?;
        if let Some(sum) = &mut self.sum {
            sum.update(bytes.get(..written).unwrap_or_default());
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush().inspect_err(|error| self.failed = Some(error.kind()))
    }
}

impl Draft {
    fn failure(&self, name: &Path, error: &io::Error) -> io::Error {
        let told = of(name, error);
        self.failed.map_or_else(
            || io::Error::new(told.kind(), told.to_string()),
            |kind| io::Error::new(kind, told.to_string()),
        )
    }
}

/// Whether the notice of an edition that was cut off stands where its page belongs.
pub fn is_unfinished(page: &Path) -> bool {
    let is_file = fs::metadata(page).is_ok_and(|there| there.is_file());
    let mut begin = Vec::new();
    let read = |file: File| file.take(MARK.len() as u64).read_to_end(&mut begin);
    is_file && File::open(page).and_then(read).is_ok() && begin == MARK.as_bytes()
}

/// Whether nothing but a file is there under a name.
pub(super) fn is_free(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(there) if !there.is_file() => Err(elsewhere()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn elsewhere() -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        "there is a link, a pipe or a folder under this name, and nothing is written through it",
    )
}

/// An error with the name of the file that it is of.
pub(super) fn of(name: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", name.display()))
}

/// Brings files to the disk.
fn sync<'a>(files: impl Iterator<Item = &'a PathBuf>) -> io::Result<()> {
    let files: Vec<&PathBuf> = files.collect();
    let one = |path: &Path| File::options().write(true).open(path)?.sync_all();
    thread::scope(|scope| {
        let chunk = files.len().div_ceil(SYNCS).max(1);
        let threads: Vec<_> = files
            .chunks(chunk)
            .map(|files| scope.spawn(move || files.iter().try_for_each(|path| one(path))))
            .collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread ended without a word")))
        })
    })
}

/// Waits for the turn to put files in place; where a system knows no such lock, there is no waiting.
fn turn(folder: &Path) -> io::Result<Option<File>> {
    let Ok(lock) = File::open(folder) else { return Ok(None) };
    let begin = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(Some(lock)),
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) if begin.elapsed() > PATIENCE => {
                return Err(io::Error::other("another program has locked the folder"));
            }
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;

    use super::*;

    const PAGE: &str = "index.html";

    fn held(folder: &Path, below: &Path, files: &mut BTreeMap<PathBuf, String>) {
        for entry in fs::read_dir(folder.join(below)).unwrap() {
            let name = below.join(entry.unwrap().file_name());
            match fs::read_to_string(folder.join(&name)) {
                Ok(text) => drop(files.insert(name, text)),
                Err(_) => held(folder, &name, files),
            }
        }
    }

    fn all(folder: &Path) -> BTreeMap<PathBuf, String> {
        let mut files = BTreeMap::new();
        held(folder, Path::new(""), &mut files);
        files
    }

    fn begun(folder: &Path, files: &[(&str, &str)]) -> Edition {
        let edition = Edition::begin(folder).unwrap();
        for (name, text) in files {
            edition.write(name, |out| out.write_all(text.as_bytes())).unwrap();
        }
        edition
    }

    /// The second answer lacks a file of the first, and has two that it has not.
    const FIRST: [(&str, &str); 4] = [(PAGE, "1"), ("a.csv", "1"), ("a/b.json", "1"), ("z.csv", "1")];
    const SECOND: [(&str, &str); 5] =
        [(PAGE, "2"), ("a.csv", "2"), ("a/b.json", "2"), ("a/c.json", "2"), ("new/d.json", "2")];

    /// Refuses the step with a number, and every later one where `for_good`.
    fn refusing(at: usize, for_good: bool, asked: &Cell<usize>) -> impl Fn() -> io::Result<()> {
        move || {
            let number = asked.replace(asked.get() + 1);
            let is_refused = number == at || for_good && number > at;
            if is_refused { Err(io::Error::other("refused")) } else { Ok(()) }
        }
    }

    #[test]
    fn a_disk_that_fails_once_leaves_all_of_the_old_or_all_of_the_new() {
        let folder = std::env::temp_dir().join(format!("kagimori-edition-{}", std::process::id()));
        for page in [Some(Path::new(PAGE)), None] {
            for (at, for_good) in (0..).flat_map(|at| [(at, false), (at, true)]) {
                let _ = fs::remove_dir_all(&folder);
                begun(&folder, &FIRST).publish_with_page(PAGE).unwrap();
                let old = all(&folder);
                let edition = begun(&folder, &SECOND);
                edition.retire("z.csv");
                let asked = Cell::new(0);
                let done = edition.put(page, &refusing(at, for_good, &asked));
                let (seen, again) = (all(&folder), begun(&folder, &SECOND));
                again.retire("z.csv");
                again.publish_with_page(PAGE).unwrap();
                let new = all(&folder);
                assert_eq!(new.len(), SECOND.len());
                // Whoever keeps aside tells no refusal: the way back is lost, and it goes on.
                match done {
                    Ok(()) => assert_eq!(seen, new, "{at}"),
                    Err(_) if !for_good => assert_eq!(seen, old, "{at}"),
                    Err(_) if page.is_some() => {
                        let is_told = seen.get(Path::new(PAGE)).is_some_and(|text| text.starts_with(MARK));
                        assert!(is_told || seen == old, "{at}: {seen:?}");
                    }
                    Err(_) => {}
                }
                if asked.get() <= at {
                    assert!(at > 10, "{at} steps");
                    break;
                }
            }
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
