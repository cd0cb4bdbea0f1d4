//! The vault's files. Each step on the disk is a point at which everything can end; the tests let it end at every one of them.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// A folder that is the vault's own. Files are for their owner alone.
#[derive(Debug)]
pub struct Disk {
    root: PathBuf,
    /// Steps so far.
    steps: u32,
    trouble: Option<Trouble>,
    is_dead: bool,
}

/// Takes the folder for this process: two vaults on one folder would each know of the codes of one alone. Held until the file is let go.
///
/// # Errors
/// Of the system; `WouldBlock`: another process has it.
pub fn lock(root: &Path) -> io::Result<File> {
    use rustix::fs::{FlockOperation, flock};
    let file = options().write(true).create(true).truncate(false).open(root.join("lock"))?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    Ok(file)
}

/// What happens at a step, in tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "where, and what")]
pub struct Trouble {
    /// At which step, from 0.
    pub at: u32,
    /// What.
    pub what: What,
}

/// Kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each is tried")]
pub enum What {
    /// The process is killed before it.
    Kill,
    /// The process is killed after it.
    KillAfter,
    /// The disk fails (`EIO`).
    Broken,
    /// The disk is full (`ENOSPC`).
    Full,
    /// Of what is written the first half is, and the machine stops.
    Torn,
}

impl Disk {
    /// In a folder, which is made where it is not there.
    ///
    /// # Errors
    /// Of the system.
    pub fn new(root: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(root)?;
        Ok(Self { root: root.to_owned(), steps: 0, trouble: None, is_dead: false })
    }

    /// With trouble at a step, for tests.
    #[must_use]
    pub fn with_trouble(mut self, trouble: Option<Trouble>) -> Self {
        self.trouble = trouble;
        self
    }

    /// How many steps there were.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file; `None`: it is not there.
    ///
    /// # Errors
    /// Of the system.
    pub fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.root.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The names of the files in a folder, in order; what is half written is none.
    ///
    /// # Errors
    /// Of the system.
    pub fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.root.join(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if !name.ends_with(".new") {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Writes a file whole: beside it, synced, and put in its place.
    ///
    /// # Errors
    /// Of the system; then the old one, or none, is there.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.root.join(name);
        self.folder(&path)?;
        let beside = self.root.join(format!("{name}.new"));
        let mut file = self.step(None, || options().write(true).create(true).truncate(true).open(&beside))?;
        self.write_all(&mut file, bytes)?;
        self.step(None, || synced(&file))?;
        self.step(None, || fs::rename(&beside, &path))?;
        self.synced(&path)
    }

    /// Puts a line at the end of a file, and returns when it is on the disk.
    ///
    /// # Errors
    /// Of the system; then nobody knows whether it is there.
    pub fn append(&mut self, name: &str, line: &[u8]) -> io::Result<()> {
        let path = self.root.join(name);
        let is_new = !path.exists();
        let mut file = self.step(None, || options().append(true).create(true).open(&path))?;
        self.write_all(&mut file, line)?;
        self.step(None, || synced(&file))?;
        if is_new { self.synced(&path) } else { Ok(()) }
    }

    /// Moves a file.
    ///
    /// # Errors
    /// Of the system.
    pub fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let (from, to) = (self.root.join(from), self.root.join(to));
        self.folder(&to)?;
        self.step(None, || fs::rename(&from, &to))?;
        self.synced(&to)?;
        self.synced(&from)
    }

    fn folder(&mut self, path: &Path) -> io::Result<()> {
        let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) else { return Ok(()) };
        self.step(None, || fs::DirBuilder::new().recursive(true).mode(0o700).create(folder))?;
        self.synced(folder)
    }

    /// The name of a file is on the disk when its folder is.
    fn synced(&mut self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(path).to_owned();
        self.step(None, || synced(&File::open(&folder)?))
    }

    fn write_all(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        self.step(Some((&mut file.try_clone()?, bytes)), || file.write_all(bytes))
    }

    fn step<T>(
        &mut self,
        written: Option<(&mut File, &[u8])>,
        doing: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        if self.is_dead {
            return Err(io::Error::other("the process was killed"));
        }
        let at = self.steps;
        self.steps = at.saturating_add(1);
        let Some(trouble) = self.trouble.filter(|trouble| trouble.at == at) else { return doing() };
        match trouble.what {
            What::Broken => return Err(io::Error::from_raw_os_error(5)),
            What::Full => return Err(io::Error::from_raw_os_error(28)),
            What::Kill => {}
            What::KillAfter => drop(doing()?),
            What::Torn => {
                if let Some((file, bytes)) = written {
                    let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
                    file.write_all(half)?;
                }
            }
        }
        self.is_dead = true;
        Err(io::Error::other("the process was killed"))
    }
}

/// The tests count these steps, and need no disk that turns.
fn synced(file: &File) -> io::Result<()> {
    if cfg!(test) { Ok(()) } else { file.sync_all() }
}

fn options() -> fs::OpenOptions {
    let mut options = File::options();
    options.mode(0o600);
    options
}
