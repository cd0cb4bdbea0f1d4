//! What the lake holds, and what was being done to it: one plan and one result per batch, under `_kagimori/`.
//!
//! ```text
//! _kagimori/lock                  held while an ingest runs; the system lets go of it when the process dies
//! _kagimori/batches/<id>.plan     written before: what the batch will read, one JSON line per file
//! _kagimori/batches/<id>.done     written after: the parts that hold it, what was counted, what was wrong
//! ```
//! A part is in the lake when a `.done` lists it and no later one replaces it. A plan without a result is repeated: the
//! parts that carry its name are taken away first, so nothing is lost and nothing doubled, wherever a run was killed.
//! Which files were read is the union of the plans: a set of files, never "the last one", because files come late.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use kagimori_estate::model::Problem;
use kagimori_id::hex;
use kagimori_trail::usage::Totals;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::coverage::Cover;
use crate::digest::base_name;
use crate::error::LakeError;
use crate::files::TrailFile;
use crate::parquet_file::{WriteError, durably};
use crate::parts::{Part, SETS};
use crate::schema::SCHEMA_VERSION;

/// What a batch will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) header: PlanHeader,
    /// The files it reads.
    pub(crate) files: Vec<TrailFile>,
}

/// The first line of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlanHeader {
    /// The version of the columns that its parts are written in.
    pub(crate) schema: u32,
    pub(crate) kind: PlanKind,
    /// Bodies are written, too.
    pub(crate) bodies: bool,
    /// The parts that are replaced by one, for [`PlanKind::Compact`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) replaces: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PlanKind {
    /// Trail files become parts.
    Ingest,
    /// Parts of a day become one.
    Compact,
    /// Log files that were read before their digest was there are hashed.
    Validate,
}

/// A file in a plan: name, place, size, version.
type FileLine = (String, PathBuf, u64, String);

/// What a batch did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) schema: u32,
    /// Its place among the batches.
    pub(crate) sequence: u64,
    pub(crate) parts: Vec<Part>,
    /// Parts of earlier batches that are not in the lake any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) replaces: Vec<String>,
    pub(crate) counts: Counts,
    /// Events by account, region and day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) cover: Vec<Cover>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) problems: Vec<Wrong>,
    /// What log file validation said of the files, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) verdicts: BTreeMap<String, String>,
}

/// What was counted while reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "a tally, printed by the caller")]
pub struct Counts {
    /// Files that were read.
    pub files: u64,
    /// Their bytes, as stored.
    pub stored_bytes: u64,
    /// Their bytes, uncompressed.
    pub bytes: u64,
    /// Events that were written.
    pub events: u64,
    /// Events that had come before.
    pub duplicates: u64,
    /// Events that repeat an earlier one with other fields; written and marked.
    pub updates: u64,
    /// Records that were set aside.
    pub damaged_events: u64,
    /// Insight and other events that are no calls.
    pub not_calls: u64,
    /// Fields of another type than they should be; taken as absent.
    pub odd_types: u64,
}

/// Something wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wrong {
    pub(crate) file: String,
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.stored_bytes += other.stored_bytes;
        self.bytes += other.bytes;
        self.events += other.events;
        self.duplicates += other.duplicates;
        self.updates += other.updates;
        self.damaged_events += other.damaged_events;
        self.not_calls += other.not_calls;
        self.odd_types += other.odd_types;
    }

    /// What the events themselves do not tell any more.
    pub(crate) fn totals(&self) -> Totals {
        Totals {
            files: self.files,
            bytes: self.bytes,
            damaged_events: self.damaged_events,
            duplicates: self.duplicates,
            not_calls: self.not_calls,
            odd_types: self.odd_types,
            ..Totals::default()
        }
    }
}

impl Plan {
    /// The lines of its file.
    fn text(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string(&self.header)?;
        text.push('\n');
        for file in &self.files {
            text += &serde_json::to_string(&(&file.name, &file.path, file.bytes, &file.version))?;
            text.push('\n');
        }
        Ok(text)
    }

    /// The batch's id: the hash of what it will do.
    pub(crate) fn id(&self) -> Result<String, LakeError> {
        let text = self.text().map_err(LakeError::defect)?;
        let hash = Sha256::digest(text.as_bytes());
        Ok(hex(hash.get(..8).unwrap_or(&hash)))
    }

    fn read(path: &Path) -> Result<Self, LakeError> {
        let damaged = |error: &dyn std::fmt::Display| LakeError::damaged(path, error);
        let file = File::open(path).map_err(|error| LakeError::read(path, error))?;
        let mut lines = BufReader::new(file).lines();
        let first =
            lines.next().unwrap_or(Ok(String::new())).map_err(|error| LakeError::read(path, error))?;
        let header: PlanHeader = serde_json::from_str(&first).map_err(|error| damaged(&error))?;
        let mut files = Vec::new();
        for line in lines {
            let line = line.map_err(|error| LakeError::read(path, error))?;
            let (name, path, bytes, version): FileLine =
                serde_json::from_str(&line).map_err(|error| damaged(&error))?;
            files.push(TrailFile { name, path, bytes, version });
        }
        Ok(Self { header, files })
    }
}

/// A file and its version in 64 bits: of ten million files two share it with a probability of three in a million.
pub(crate) fn file_key(file: &TrailFile) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hasher = rustc_hash::FxHasher::default();
    (&file.name, file.bytes, &file.version).hash(&mut hasher);
    hasher.finish()
}

/// The manifest of a lake.
#[derive(Debug)]
pub(crate) struct Manifest {
    lake: PathBuf,
    /// Batches that are done, by id.
    pub(crate) done: BTreeMap<String, Done>,
    /// Plans that have no result, by id.
    pub(crate) unfinished: BTreeMap<String, Plan>,
}

/// The right to write to a lake.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Manifest {
    fn batches(lake: &Path) -> PathBuf {
        lake.join("_kagimori").join("batches")
    }

    /// Reads the manifest of a lake; an empty one when there is no lake.
    pub(crate) fn open(lake: &Path) -> Result<Self, LakeError> {
        let mut manifest = Self { lake: lake.to_owned(), done: BTreeMap::new(), unfinished: BTreeMap::new() };
        let folder = Self::batches(lake);
        let names = match fs::read_dir(&folder) {
            Ok(entries) => {
                entries.collect::<io::Result<Vec<_>>>().map_err(|error| LakeError::read(&folder, error))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(LakeError::read(&folder, error)),
        };
        let names: BTreeSet<String> =
            names.iter().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        for id in names.iter().filter_map(|name| name.strip_suffix(".done")) {
            manifest.done.insert(id.to_owned(), read_done(&folder.join(format!("{id}.done")))?);
        }
        for id in names.iter().filter_map(|name| name.strip_suffix(".plan")) {
            if !manifest.done.contains_key(id) {
                manifest.unfinished.insert(id.to_owned(), Plan::read(&folder.join(format!("{id}.plan")))?);
            }
        }
        Ok(manifest)
    }

    /// Takes the lock of a lake, making its folder.
    pub(crate) fn lock(lake: &Path) -> Result<Lock, LakeError> {
        let folder = Self::batches(lake);
        fs::create_dir_all(&folder).map_err(|error| LakeError::write(&folder, error))?;
        let path = lake.join("_kagimori").join("lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| LakeError::write(&path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(LakeError::Locked(lake.to_owned())),
            Err(fs::TryLockError::Error(error)) => Err(LakeError::write(&path, error)),
        }
    }

    /// Whether anything was ever read into it.
    pub(crate) fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    /// The parts of the lake, each file set, sorted.
    pub(crate) fn parts(&self) -> Vec<&Part> {
        let replaced: BTreeSet<&str> =
            self.done.values().flat_map(|done| &done.replaces).map(String::as_str).collect();
        let mut parts: Vec<&Part> = self
            .done
            .values()
            .flat_map(|done| &done.parts)
            .filter(|part| !replaced.contains(&*part.file))
            .collect();
        parts.sort();
        parts
    }

    /// What was counted over all batches.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.done.values().for_each(|done| counts.add(&done.counts));
        counts
    }

    /// What is wrong with the files that were read. A file that was read again in a newer version speaks for itself.
    pub(crate) fn problems(&self) -> Result<Vec<Problem>, LakeError> {
        let mut latest: BTreeMap<&str, (u64, Option<&Wrong>)> = BTreeMap::new();
        for done in self.done.values() {
            for wrong in &done.problems {
                let place = latest.entry(&wrong.file).or_insert((done.sequence, Some(wrong)));
                if place.0 <= done.sequence {
                    *place = (done.sequence, Some(wrong));
                }
            }
        }
        if !latest.is_empty() {
            for (id, done) in &self.done {
                // only reading a file again says something new of it
                if done.counts.files == 0 {
                    continue;
                }
                let bad: BTreeSet<&str> = done.problems.iter().map(|wrong| &*wrong.file).collect();
                for file in Plan::read(&Self::batches(&self.lake).join(format!("{id}.plan")))?.files {
                    if let Some(place) = latest.get_mut(&*file.name)
                        && place.0 < done.sequence
                        && !bad.contains(&*file.name)
                    {
                        *place = (done.sequence, None);
                    }
                }
            }
        }
        let wrong = latest.values().filter_map(|(_, wrong)| *wrong);
        Ok(wrong
            .map(|wrong| crate::files::problem(&wrong.file, wrong.message.clone(), wrong.hint.clone()))
            .collect())
    }

    /// The files of every plan, by [`file_key`].
    pub(crate) fn seen(&self) -> Result<FxHashSet<u64>, LakeError> {
        let mut seen = FxHashSet::default();
        for id in self.done.keys() {
            let plan = Plan::read(&Self::batches(&self.lake).join(format!("{id}.plan")))?;
            seen.extend(plan.files.iter().map(file_key));
        }
        seen.extend(self.unfinished.values().flat_map(|plan| &plan.files).map(file_key));
        Ok(seen)
    }

    /// Verdicts of log file validation, by file.
    pub(crate) fn verdicts(&self) -> BTreeMap<&String, &String> {
        let mut done: Vec<&Done> = self.done.values().collect();
        done.sort_by_key(|done| done.sequence);
        done.iter().flat_map(|done| &done.verdicts).collect()
    }

    /// The names of all log files that were ever read, as digests know them.
    pub(crate) fn base_names(&self) -> Result<BTreeSet<String>, LakeError> {
        let mut names = BTreeSet::new();
        for id in self.done.keys() {
            let plan = Plan::read(&Self::batches(&self.lake).join(format!("{id}.plan")))?;
            names.extend(plan.files.iter().map(|file| base_name(&file.name).to_owned()));
        }
        Ok(names)
    }

    /// Takes back a plan that will not be carried out.
    pub(crate) fn forget(lake: &Path, id: &str) -> Result<(), LakeError> {
        let path = Self::batches(lake).join(format!("{id}.plan"));
        fs::remove_file(&path).map_err(|error| LakeError::write(&path, error))
    }

    /// The number of the next batch.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.done.values().map(|done| done.sequence + 1).max().unwrap_or_default()
    }

    /// Writes down what a batch will do, before it does it.
    pub(crate) fn intend(lake: &Path, plan: &Plan) -> Result<String, LakeError> {
        let id = plan.id()?;
        let text = plan.text().map_err(LakeError::defect)?;
        write_text(&Self::batches(lake).join(format!("{id}.plan")), &text)?;
        Ok(id)
    }

    /// Writes down what a batch did: from here on its parts are in the lake.
    pub(crate) fn commit(lake: &Path, id: &str, done: &Done) -> Result<(), LakeError> {
        let text = serde_json::to_string(done).map_err(LakeError::defect)?;
        write_text(&Self::batches(lake).join(format!("{id}.done")), &text)
    }

    /// Takes away what lies in the lake's folders and is not in the lake: halves of files, parts of batches without a
    /// result, parts that were replaced.
    pub(crate) fn sweep(&self) -> Result<(), LakeError> {
        let parts: BTreeSet<&str> = self.parts().into_iter().map(|part| &*part.file).collect();
        for set in SETS {
            for folder in entries(&self.lake.join(set))?.iter().filter(|path| path.is_dir()) {
                for file in entries(folder)? {
                    let name =
                        file.strip_prefix(&self.lake).unwrap_or(&file).to_string_lossy().replace('\\', "/");
                    let ours = name.ends_with(".tmp") || name.ends_with(".parquet");
                    if ours && !parts.contains(&*name) {
                        fs::remove_file(&file).map_err(|error| LakeError::write(&file, error))?;
                    }
                }
            }
        }
        for file in entries(&Self::batches(&self.lake))? {
            if file.extension().is_some_and(|ending| ending == "tmp") {
                fs::remove_file(&file).map_err(|error| LakeError::write(&file, error))?;
            }
        }
        Ok(())
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(LakeError::read(folder, error)),
    };
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    paths.map_err(|error| LakeError::read(folder, error))
}

fn read_done(path: &Path) -> Result<Done, LakeError> {
    let text = fs::read_to_string(path).map_err(|error| LakeError::read(path, error))?;
    let done: Done = serde_json::from_str(&text).map_err(|error| LakeError::damaged(path, &error))?;
    if done.schema != SCHEMA_VERSION {
        return Err(LakeError::OtherSchema { path: path.to_owned(), schema: done.schema });
    }
    Ok(done)
}

fn write_text(path: &Path, text: &str) -> Result<(), LakeError> {
    let written = durably(path, |mut file| {
        file.write_all(text.as_bytes())?;
        Ok(file)
    });
    written.map(drop).map_err(|error| LakeError::of_write(path, error))
}

impl LakeError {
    pub(crate) fn of_write(path: &Path, error: WriteError) -> Self {
        match error {
            WriteError::Io(error) => Self::write(path, error),
            WriteError::Parquet(error) => Self::write(path, io::Error::other(error)),
        }
    }
}
