//! What the lake holds, and what was being done to it: one plan and one result per batch, under `_kagimori/`.
//!
//! ```text
//! _kagimori/lock                  held while an ingest runs; the system lets go of it when the process dies
//! _kagimori/batches/<id>.plan     written before: what the batch will read, one JSON line per file
//! _kagimori/batches/<id>.done     written after: the parts that hold it, what was counted, what was wrong
//! ```
//! A part is in the lake when a `.done` lists it and no later one replaces it. A plan without a result is repeated while its
//! files are there: the parts that carry its name are taken away first, so nothing is lost and nothing doubled, wherever a run
//! was killed. Parts that were replaced live until the next ingest: somebody may be reading them.
//!
//! Which files were read is the union of the plans: a set of files, never "the last one", because files come late. What became
//! of them is told by the results: a file that could not be read, or not all of it, is read again when it can be, or when its
//! content is another ([`Manifest::failed`]).
//!
//! Nothing here needs a file to be whole: a result that cannot be read is none, a plan that cannot be read names no files.

mod folders;

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
use crate::parts::Part;
use crate::private;
use crate::regular;
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
    /// Not 0 where files are read that were read before, so that the plan is not the earlier one: the number of the batch.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) attempt: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl PlanHeader {
    pub(crate) fn of(kind: PlanKind) -> Self {
        Self { schema: SCHEMA_VERSION, kind, bodies: false, replaces: Vec::new(), attempt: 0 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PlanKind {
    /// Trail files become parts.
    Ingest,
    /// Parts of another lake become parts of this one.
    Join,
    /// A day is written anew, of what its parts and the trail's files still hold.
    Repair,
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
    /// Batches that were not done when this one was, and that had events that came again here: should they never be done, its
    /// files are read again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) needs: Vec<String>,
    /// It read files that were read before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) again: bool,
    /// Damaged records that were counted when its files were read before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) taken_back: u64,
    /// Files of which earlier batches said something wrong, and that are not there any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) cleared: Vec<String>,
    /// Days whose events are counted here anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) recounts: Vec<i32>,
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
    /// Events with the id of another and other content; written.
    #[serde(default)]
    pub contradicting: u64,
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wrong {
    pub(crate) file: String,
    pub(crate) message: String,
    pub(crate) hint: String,
    /// SHA-256 of the file as stored, where it could be read: whether it is worth reading again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<String>,
    /// Records of it that were set aside.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) damaged: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.stored_bytes += other.stored_bytes;
        self.bytes += other.bytes;
        self.events += other.events;
        self.duplicates += other.duplicates;
        self.contradicting += other.contradicting;
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

    /// Whether all its files are still there: those elsewhere are taken to be.
    pub(crate) fn is_there(&self) -> bool {
        self.files.iter().all(TrailFile::is_there)
    }

    fn read(path: &Path) -> Result<Self, LakeError> {
        let damaged = |error: &dyn std::fmt::Display| LakeError::damaged(path, error);
        let file = regular::open(path).map_err(|error| LakeError::read(path, error))?;
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
    /// Plans and results that cannot be read.
    pub(crate) damaged: Vec<PathBuf>,
}

/// What could be read; `None` where the file is damaged or gone. What the system refuses stays an error.
fn tolerant<T>(read: Result<T, LakeError>) -> Result<Option<T>, LakeError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(LakeError::Damaged { .. }) => Ok(None),
        Err(LakeError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(LakeError::Read { source, .. }) if source.kind() == io::ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(error),
    }
}

/// The right to write to a lake.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Drop for Lock {
    /// By name, and not by closing the file alone: a process that this one is just starting has it open for a moment, too.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl Manifest {
    fn batches(lake: &Path) -> PathBuf {
        lake.join("_kagimori").join("batches")
    }

    /// Reads the manifest of a lake; an empty one when there is no lake.
    pub(crate) fn open(lake: &Path) -> Result<Self, LakeError> {
        let mut manifest = Self {
            lake: lake.to_owned(),
            done: BTreeMap::new(),
            unfinished: BTreeMap::new(),
            damaged: Vec::new(),
        };
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
        for name in &names {
            let path = folder.join(name);
            if let Some(id) = name.strip_suffix(".done") {
                match tolerant(read_done(&path))? {
                    Some(done) => drop(manifest.done.insert(id.to_owned(), done)),
                    None => manifest.damaged.push(path),
                }
            }
        }
        for name in &names {
            let Some(id) = name.strip_suffix(".plan").filter(|id| !manifest.done.contains_key(*id)) else {
                continue;
            };
            let path = folder.join(name);
            match tolerant(Plan::read(&path))? {
                Some(plan) => drop(manifest.unfinished.insert(id.to_owned(), plan)),
                None if path.exists() => manifest.damaged.push(path),
                None => {}
            }
        }
        Ok(manifest)
    }

    /// Takes the lock of a lake, making its folder.
    pub(crate) fn lock(lake: &Path) -> Result<Lock, LakeError> {
        let folder = Self::batches(lake);
        private::folder(&folder).map_err(|error| LakeError::write(&folder, error))?;
        let path = lake.join("_kagimori").join("lock");
        let file = private::lasting(&path).map_err(|error| LakeError::write(&path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { file }),
            Err(fs::TryLockError::WouldBlock) => Err(LakeError::Locked(lake.to_owned())),
            Err(fs::TryLockError::Error(error)) => Err(LakeError::write(&path, error)),
        }
    }

    /// The manifest of a lake of which nothing is known but where its next batch stands.
    pub(crate) fn none(lake: &Path, sequence: u64) -> Self {
        let before = Done { sequence: sequence.saturating_sub(1), ..Done::default() };
        let done = BTreeMap::from([(String::new(), before)]);
        Self { lake: lake.to_owned(), done, unfinished: BTreeMap::new(), damaged: Vec::new() }
    }

    /// What a batch was to do; `None` where its plan is gone or damaged.
    pub(crate) fn plan(&self, id: &str) -> Result<Option<Plan>, LakeError> {
        tolerant(Plan::read(&Self::batches(&self.lake).join(format!("{id}.plan"))))
    }

    /// Whether anything was ever read into it.
    /// Whether another part took the place of one.
    pub(crate) fn has_replaced(&self, part: &Path) -> bool {
        let mut replaced = self.done.values().flat_map(|done| &done.replaces);
        replaced.any(|file| self.lake.join(file) == *part)
    }

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
        let taken_back = self.done.values().map(|done| done.taken_back).sum();
        counts.damaged_events = counts.damaged_events.saturating_sub(taken_back);
        counts.events = self.cover().map(|cover| cover.events).sum();
        counts
    }

    /// What the batches cover. Where a day was counted anew, what was said of it before is void.
    pub(crate) fn cover(&self) -> impl Iterator<Item = &Cover> {
        let mut anew: BTreeMap<i32, u64> = BTreeMap::new();
        for done in self.done.values() {
            for day in &done.recounts {
                let since = anew.entry(*day).or_default();
                *since = (*since).max(done.sequence);
            }
        }
        let told = self.done.values().flat_map(|done| done.cover.iter().map(|cover| (done.sequence, cover)));
        told.filter(move |(sequence, cover)| anew.get(&cover.day).is_none_or(|since| sequence >= since))
            .map(|(_, cover)| cover)
    }

    /// The files of a batch; none where its plan is gone or damaged.
    pub(crate) fn files(&self, id: &str) -> Result<Vec<TrailFile>, LakeError> {
        Ok(self.plan(id)?.map_or_else(Vec::new, |plan| plan.files))
    }

    /// What is wrong with the files that were read, for people.
    pub(crate) fn problems(&self) -> Result<Vec<Problem>, LakeError> {
        let wrong = self.failed()?.into_values();
        let wrong = wrong.map(|wrong| crate::files::problem(&wrong.file, wrong.message, wrong.hint));
        Ok(wrong.chain(crate::files::contradicting(self.counts().contradicting)).collect())
    }

    /// What is wrong with the files that were read, by name. A file that was read again speaks for itself.
    pub(crate) fn failed(&self) -> Result<BTreeMap<String, Wrong>, LakeError> {
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
                if done.counts.files == 0 && !done.again && done.cleared.is_empty() {
                    continue;
                }
                let bad: BTreeSet<&str> = done.problems.iter().map(|wrong| &*wrong.file).collect();
                let read = self.files(id)?.into_iter().map(|file| file.name);
                for name in read.chain(done.cleared.iter().cloned()) {
                    if let Some(place) = latest.get_mut(&*name)
                        && place.0 < done.sequence
                        && !bad.contains(&*name)
                    {
                        *place = (done.sequence, None);
                    }
                }
            }
        }
        let wrong =
            latest.into_iter().filter_map(|(name, (_, wrong))| Some((name.to_owned(), wrong?.clone())));
        Ok(wrong.collect())
    }

    /// The batches whose events are not all in the lake, because they left out what came in others that were never done.
    pub(crate) fn in_need(&self) -> impl Iterator<Item = &String> {
        let is_in_need = |done: &Done| done.needs.iter().any(|id| self.unfinished.contains_key(id));
        self.done.iter().filter(move |(_, done)| is_in_need(done)).map(|(id, _)| id)
    }

    /// The files of every plan, by [`file_key`].
    pub(crate) fn seen(&self) -> Result<FxHashSet<u64>, LakeError> {
        let mut seen = FxHashSet::default();
        for id in self.done.keys() {
            seen.extend(self.files(id)?.iter().map(file_key));
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

    /// Log files that were not what their digest says when they were read.
    pub(crate) fn changed(&self) -> BTreeSet<String> {
        let changed = self.verdicts().into_iter().filter(|(_, verdict)| *verdict == "changed");
        changed.map(|(name, _)| name.clone()).collect()
    }

    /// The names of all log files that were ever read, as digests know them.
    pub(crate) fn base_names(&self) -> Result<BTreeSet<String>, LakeError> {
        let mut names = BTreeSet::new();
        for id in self.done.keys() {
            names.extend(self.files(id)?.iter().map(|file| base_name(&file.name).to_owned()));
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
}

fn read_done(path: &Path) -> Result<Done, LakeError> {
    let text = regular::text(path).map_err(|error| LakeError::read(path, error))?;
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
