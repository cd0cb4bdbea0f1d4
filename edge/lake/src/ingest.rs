//! CloudTrail files into the lake: incremental, and whole wherever it is cut off.
//!
//! New files are dealt out to batches by the day of their delivery. A batch writes down what it will read, reads it, writes
//! its parts and writes down that it is done ([`crate::manifest`]). Batches run at the same time, one thread each.

pub(crate) mod batch;
mod work;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use kagimori_estate::model::Problem;
use kagimori_trail::selection::Selection;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::compact;
use crate::coverage::{Coverage, coverage};
use crate::digest::{Digests, Validation};
use crate::error::LakeError;
use crate::files::{Known, Listing, Progress, TrailFile, content_hash, is_remote, problem};
use crate::ids::{DayIds, locked};
use crate::manifest::{Counts, Done, Manifest, Plan, PlanHeader, PlanKind, Wrong, file_key};
use crate::parquet_file::Cells;
use crate::parts::Part;
use crate::remote::{Remote, S3, parted};
use crate::rows::Rows;
use crate::schema::SCHEMA_VERSION;
use work::Work;

/// The stored bytes of a batch, at most, unless one file is larger.
const BATCH_BYTES_MAX: u64 = 16 << 20;
/// The stored bytes of a batch, at least, while there is more to read.
const BATCH_BYTES_MIN: u64 = 2 << 20;
/// Files of a batch, at most.
const BATCH_FILES_MAX: usize = 20_000;

/// How to ingest.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by callers")]
pub struct Options {
    /// Write the redacted bodies, too.
    pub bodies: bool,
    /// The output of `aws cloudtrail list-public-keys`, to check the signatures of digest files.
    pub public_keys: Option<PathBuf>,
    /// Somebody named the sources: where nothing is found in them, that is a failure.
    pub is_named: bool,
    /// Files that are read again, whatever was read of them before.
    pub again: Vec<PathBuf>,
    /// Directories whose lakes are joined to this one, or the folders of the lakes themselves.
    pub from_lakes: Vec<PathBuf>,
    /// Who reads from S3; whoever the environment names when nothing is said.
    pub s3: Option<S3>,
    /// The stored bytes of a batch, instead of what fits the trail; for tests.
    pub batch_bytes: Option<u64>,
}

impl Options {
    fn is_of_sources_alone(&self) -> bool {
        self.again.is_empty() && self.from_lakes.is_empty()
    }
}

/// What an ingest did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// What this run counted.
    pub counts: Counts,
    /// Files that were there and had been read before.
    pub known_files: u64,
    /// Insight files that were passed over.
    pub insights: u64,
    /// What log file validation said.
    pub validation: Validation,
    /// What the whole lake holds.
    pub lake: Counts,
    /// What the whole lake covers.
    pub coverage: Coverage,
    /// Bytes of the lake's files, roll-ups included, bodies not.
    pub lake_bytes: u64,
    /// Files and folders that were damaged or could not be read, of every run so far.
    pub problems: Vec<Problem>,
}

/// Reads the trail files in `sources` that were not read before, and those again that could not be read then, into the lake in
/// `lake`. Names in messages are relative to `relative_to`.
pub fn ingest(
    lake: &Path,
    sources: &[PathBuf],
    relative_to: &Path,
    options: &Options,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Report, LakeError> {
    let mut remote = Remote::of(options.s3.as_ref());
    let places = Places::of(sources, relative_to)?;
    let again = Places::of(&options.again, relative_to)?;
    let _lock = Manifest::lock(lake)?;
    let mut manifest = Manifest::open(lake)?;
    let failed = manifest.failed()?;
    let changed = manifest.changed();
    let looked_at_again = failed.keys().chain(&changed).cloned().collect();
    let mut listing = places.list(known(&manifest, looked_at_again)?, &mut remote)?;
    let is_idle = listing.is_empty() && manifest.unfinished.is_empty() && options.is_of_sources_alone();
    if is_idle && (options.is_named || manifest.is_empty()) {
        return Err(nothing_found(sources));
    }
    manifest.sweep()?;
    let digests = Digests::read(&listing.digests, &remote, options.public_keys.as_deref())?;
    let mut work = Work::of(&manifest)?;
    work.join(lake, &options.from_lakes, &manifest, &failed)?;
    let seen = if changed.is_empty() { FxHashSet::default() } else { manifest.seen()? };
    for file in std::mem::take(&mut listing.files) {
        if failed.contains_key(&file.name) {
            work.again.extend(is_worth_reading(&file, &failed).then_some(file));
        } else if changed.contains(&file.name) && seen.contains(&file_key(&file)) {
            // It is not what was delivered, and perhaps somebody has fetched it again.
            let is_mended = !file.is_remote() && digests.is_valid(&file);
            listing.known_files += u64::from(!is_mended);
            work.again.extend(is_mended.then_some(file));
        } else {
            work.new.push(file);
        }
    }
    work.again.extend(again.list(Known::default(), &mut remote)?.files);
    work.again.sort();
    work.again.dedup();
    remote.open_all(work.interrupted.iter().flat_map(|plan| &plan.files))?;
    let run = Run::new(lake, &manifest, work.files(), (&digests, &remote), &failed, progress);
    let lost = work.run(&run, manifest.next_sequence(), options)?;
    let counts = run.finish();
    manifest = Manifest::open(lake)?;
    if compact::compact(lake, &manifest)? | clear(lake, &manifest, &failed, relative_to)? {
        manifest = Manifest::open(lake)?;
    }
    if !digests.is_empty() {
        let known = Known { wanted: true, ..known(&manifest, BTreeSet::new())? };
        let known = places.list(known, &mut remote)?.files;
        if judge_late(lake, &manifest, &digests, &remote, &known)? {
            manifest = Manifest::open(lake)?;
        }
    }
    let names = if digests.is_empty() { BTreeSet::new() } else { manifest.base_names()? };
    let validation =
        digests.validation(&manifest.verdicts(), manifest.counts().files, |name| names.contains(name));
    let mut problems = listing.problems;
    problems.extend(lost);
    problems.extend(manifest.problems()?);
    problems.extend(strays(&manifest)?);
    problems.extend(digests.problems());
    problems.sort();
    Ok(Report {
        counts,
        known_files: listing.known_files,
        insights: listing.insights,
        validation,
        lake: manifest.counts(),
        coverage: coverage(manifest.cover(), &Selection::default()),
        lake_bytes: manifest.parts().iter().filter(|part| !part.is_of("bodies")).map(|part| part.bytes).sum(),
        problems,
    })
}

/// What was read before.
fn known(manifest: &Manifest, failed: BTreeSet<String>) -> Result<Known, LakeError> {
    let planned = manifest.unfinished.values().flat_map(|plan| &plan.files).map(file_key).collect();
    Ok(Known { done: manifest.seen()?, planned, failed, wanted: false })
}

/// Whether a file that could not be read to its end has another content now, or can be read at all.
fn is_worth_reading(file: &TrailFile, failed: &BTreeMap<String, Wrong>) -> bool {
    let was = failed.get(&file.name).and_then(|wrong| wrong.content.as_deref());
    if file.is_remote() {
        return was != Some(&*file.version);
    }
    content_hash(&file.path).is_ok_and(|is| was != Some(&*is))
}

/// Parts that lie in the lake's folders and that nothing lists.
fn strays(manifest: &Manifest) -> Result<Option<Problem>, LakeError> {
    let strays = manifest.strays()?;
    let Some(first) = strays.first() else { return Ok(None) };
    let message = format!(
        "{} in the lake's folders that the lake does not list",
        match strays.len() {
            1 => "there is a part".to_owned(),
            count => format!("this and {} more are parts", count - 1),
        }
    );
    let hint = "`kagimori lake repair` takes in what they hold".to_owned();
    Ok(Some(problem(&format!("lake/{first}"), message, hint)))
}

/// Forgets what was wrong with files that somebody took away; whether there were any.
fn clear(
    lake: &Path,
    manifest: &Manifest,
    failed: &BTreeMap<String, Wrong>,
    relative_to: &Path,
) -> Result<bool, LakeError> {
    let is_gone = |name: &&String| !is_remote(name) && !relative_to.join(name).exists();
    let cleared: Vec<String> = failed.keys().filter(is_gone).cloned().collect();
    if cleared.is_empty() {
        return Ok(false);
    }
    let sequence = manifest.next_sequence();
    let header = PlanHeader { attempt: sequence + 1, ..PlanHeader::of(PlanKind::Validate) };
    let id = Manifest::intend(lake, &Plan { header, files: Vec::new() })?;
    Manifest::commit(lake, &id, &Done { cleared, sequence, ..done(Counts::default()) })?;
    Ok(true)
}

fn nothing_found(sources: &[PathBuf]) -> LakeError {
    let named: Vec<String> = sources.iter().take(5).map(|source| format!("`{}`", source.display())).collect();
    LakeError::Source {
        message: format!("found no CloudTrail file in {}", named.join(", ")),
        hint: "fetch them: `aws s3 sync s3://BUCKET/AWSLogs/ DIR/trail/AWSLogs/`; docs/lake.md lists the forms that are read"
            .to_owned(),
    }
}

/// Judges files that were read before their digest was there; whether there were any.
fn judge_late(
    lake: &Path,
    manifest: &Manifest,
    digests: &Digests,
    remote: &Remote,
    known: &[TrailFile],
) -> Result<bool, LakeError> {
    let (files, verdicts) = digests.late_verdicts(known, remote, &manifest.verdicts());
    if files.is_empty() {
        return Ok(false);
    }
    let header = PlanHeader::of(PlanKind::Validate);
    let id = Manifest::intend(lake, &Plan { header, files })?;
    let sequence = manifest.next_sequence();
    Manifest::commit(lake, &id, &Done { verdicts, sequence, ..done(Counts::default()) })?;
    Ok(true)
}

/// Where files are looked for.
struct Places {
    local: Vec<PathBuf>,
    elsewhere: Vec<String>,
    relative_to: PathBuf,
}

impl Places {
    fn of(sources: &[PathBuf], relative_to: &Path) -> Result<Self, LakeError> {
        let absolute =
            |path: &Path| std::fs::canonicalize(path).map_err(|error| LakeError::read(path, error));
        let relative_to = absolute(relative_to)?;
        let (local, elsewhere) = parted(sources);
        let local = local.into_iter().map(|source| absolute(source)).collect::<Result<_, _>>()?;
        Ok(Self { local, elsewhere, relative_to })
    }

    /// The files there, by the day of their delivery and name.
    fn list(&self, known: Known, remote: &mut Remote) -> Result<Listing, LakeError> {
        let mut listing = Listing { known, ..Listing::default() };
        for source in &self.local {
            listing.walk(source, &self.relative_to);
        }
        for source in &self.elsewhere {
            remote.list(source, &mut listing)?;
        }
        // A name that no plan holds could not be found again.
        let (files, nameless): (Vec<_>, Vec<_>) =
            listing.files.into_iter().partition(|file| !file.is_nameless());
        listing.files = files;
        for file in nameless {
            let hint = "give it a name in UTF-8".to_owned();
            listing.problems.push(problem(
                &file.name,
                "its name is not UTF-8; it was left out".to_owned(),
                hint,
            ));
        }
        listing.files.sort_by_cached_key(|file| (delivery_day(&file.name).to_owned(), file.clone()));
        listing.files.dedup();
        Ok(listing)
    }
}

/// `yyyymmdd` of the time in the name of a log file, `<account>_CloudTrail_<region>_<yyyymmddThhmmZ>_<16>.json.gz`; empty
/// when it has none. In old names the last underscore is missing, so the name is read from the left.
fn delivery_day(name: &str) -> &str {
    let file = name.rsplit('/').next().unwrap_or_default();
    let day = file
        .split("_CloudTrail_")
        .nth(1)
        .and_then(|rest| rest.split('_').nth(1))
        .and_then(|time| time.get(..8));
    day.filter(|day| day.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or_default()
}

/// Deals files out to batches: enough for every thread, and not so many that every part is small.
fn deal(files: Vec<TrailFile>, header: &PlanHeader, options: &Options) -> Vec<Plan> {
    let total: u64 = files.iter().map(|file| file.bytes).sum();
    let threads = rayon::current_num_threads() as u64;
    let fitting = (total / (4 * threads)).clamp(BATCH_BYTES_MIN, BATCH_BYTES_MAX);
    let limit = options.batch_bytes.unwrap_or(fitting);
    let mut plans: Vec<Plan> = Vec::new();
    let mut bytes = 0;
    for file in files {
        match plans.last_mut() {
            Some(plan) if bytes + file.bytes <= limit && plan.files.len() < BATCH_FILES_MAX => {
                bytes += file.bytes;
                plan.files.push(file);
            }
            _ => {
                bytes = file.bytes;
                plans.push(Plan { header: header.clone(), files: vec![file] });
            }
        }
    }
    plans
}

/// What the batches share.
pub(crate) struct Run<'a> {
    lake: &'a Path,
    ids: DayIds,
    /// The parts of bodies in the lake, by day.
    bodies: Mutex<BTreeMap<i32, Vec<PathBuf>>>,
    /// Rows and cells that no batch is at work on: the next one knows what was seen before, and has its memory.
    hands: Mutex<Vec<(Rows, Cells)>>,
    digests: &'a Digests,
    remote: &'a Remote,
    /// What was wrong with files before.
    failed: &'a BTreeMap<String, Wrong>,
    /// The batches that are done.
    done: BTreeSet<String>,
    sequence: AtomicU64,
    counts: Mutex<Counts>,
    bytes: AtomicU64,
    bytes_total: u64,
    files: AtomicUsize,
    files_total: usize,
    events: AtomicU64,
    progress: &'a (dyn Fn(Progress) + Sync),
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        lake: &'a Path,
        manifest: &Manifest,
        (files_total, bytes_total): (usize, u64),
        (digests, remote): (&'a Digests, &'a Remote),
        failed: &'a BTreeMap<String, Wrong>,
        progress: &'a (dyn Fn(Progress) + Sync),
    ) -> Self {
        let run = Self {
            lake,
            ids: DayIds::new(lake, manifest.parts().into_iter()),
            bodies: Mutex::default(),
            hands: Mutex::default(),
            digests,
            remote,
            failed,
            done: manifest.done.keys().cloned().collect(),
            sequence: AtomicU64::new(manifest.next_sequence()),
            counts: Mutex::default(),
            bytes: AtomicU64::new(0),
            bytes_total,
            files: AtomicUsize::new(0),
            files_total,
            events: AtomicU64::new(0),
            progress,
        };
        run.add_bodies(manifest.parts().into_iter());
        run
    }

    fn add_bodies<'p>(&self, parts: impl Iterator<Item = &'p Part>) {
        let mut bodies = locked(&self.bodies);
        for part in parts.filter(|part| part.is_of("bodies")) {
            bodies.entry(part.day).or_default().push(self.lake.join(&part.file));
        }
    }

    /// The parts of bodies in the lake, by day.
    fn held_bodies(&self) -> BTreeMap<i32, Vec<PathBuf>> {
        locked(&self.bodies).clone()
    }

    /// Runs batches, several at once.
    fn all(&self, plans: Vec<Plan>) -> Result<(), LakeError> {
        plans.into_par_iter().with_max_len(1).try_for_each(|plan| self.one(&plan))
    }

    pub(crate) fn one(&self, plan: &Plan) -> Result<(), LakeError> {
        if !matches!(plan.header.kind, PlanKind::Ingest | PlanKind::Join) {
            // A compaction or repair that was cut off is planned again from what is in the lake.
            return Manifest::forget(self.lake, &plan.id()?);
        }
        let mut plan = Cow::Borrowed(plan);
        if self.done.contains(&plan.id()?) {
            // Its plan was lost, so its files seem new. What it wrote is in the lake, under its name.
            plan.to_mut().header.attempt = 3 * self.sequence.load(Ordering::Relaxed) + 1;
        }
        let id = Manifest::intend(self.lake, &plan)?;
        let ran = batch::run(self, &plan, &id)?;
        self.commit(&id, ran)
    }

    /// Writes down what a batch did: it is in the lake.
    pub(crate) fn commit(&self, id: &str, ran: batch::Ran) -> Result<(), LakeError> {
        let batch::Ran { mut done, counts, days } = ran;
        done.sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        done.needs = batch::needs(&days, id);
        Manifest::commit(self.lake, id, &done)?;
        self.ids.add_parts(done.parts.iter());
        self.add_bodies(done.parts.iter());
        days.iter().for_each(|(day, _)| day.end(id));
        locked(&self.counts).add(&counts);
        Ok(())
    }

    /// Takes note of a step of a batch.
    fn step(&self, bytes: u64, files: usize, events: u64) {
        let add = |counter: &AtomicU64, more: u64| counter.fetch_add(more, Ordering::Relaxed) + more;
        (self.progress)(Progress {
            bytes: add(&self.bytes, bytes),
            bytes_total: self.bytes_total,
            files: self.files.fetch_add(files, Ordering::Relaxed) + files,
            files_total: self.files_total,
            events: add(&self.events, events),
        });
    }

    fn finish(self) -> Counts {
        self.counts.into_inner().unwrap_or_default()
    }
}

/// What a batch has to say when it is done.
pub(crate) fn done(counts: Counts) -> Done {
    Done { schema: SCHEMA_VERSION, counts, ..Done::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_delivery() {
        let rows = [
            ("a/111122223333_CloudTrail_us-east-1_20260301T0005Z_AbCdEfGhIjKlMnOp.json.gz", "20260301"),
            ("111122223333_CloudTrail_us-east-2_20150801T0210ZHdkvFTXOA3Vnhbc.json.gz", "20150801"),
            ("trail/events.json", ""),
            ("x_CloudTrail_us-east-1_yesterday", ""),
        ];
        for (name, expected) in rows {
            assert_eq!(delivery_day(name), expected, "{name}");
        }
    }

    #[test]
    fn files_are_dealt_out_to_batches_of_bounded_size() {
        let file = |n: u64, bytes| TrailFile {
            name: n.to_string(),
            path: PathBuf::from(n.to_string()),
            bytes,
            version: String::new(),
        };
        let header = PlanHeader::of(PlanKind::Ingest);
        let files = (0..10).map(|n| file(n, 1 << 20)).chain([file(10, 100 << 20)]).collect();
        let plans = deal(files, &header, &Options::default());
        assert_eq!(plans.iter().map(|plan| plan.files.len()).sum::<usize>(), 11);
        assert!(plans.len() >= 2);
        assert_eq!(plans.last().map(|plan| plan.files.len()), Some(1));
    }
}
