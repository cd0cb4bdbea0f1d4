//! How fast usage is drawn from CloudTrail files, beside libdeflate inflating the same files alone in the same run.
//!
//! `KAGIMORI_BENCH_TRAIL` names a folder of `.json.gz` files; a `truth.json` in it (see the generator's `used`) is
//! compared with the usage, row by row.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use kagimori_trail::Usage;
use kagimori_trail::event::Reader;
use kagimori_trail::usage::{Activity, EventIds, Fold, Seen, event_key};
use libdeflater::Decompressor;

const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = String::new();
    match env::var_os("KAGIMORI_BENCH_TRAIL") {
        Some(folder) => measure(Path::new(&folder), &mut out)?,
        None => out.push_str(
            "set KAGIMORI_BENCH_TRAIL to a folder of CloudTrail files (`.json.gz`), such as the trail of a company \
             that the testkit's generator scaled up; nothing was measured\n",
        ),
    }
    io::stdout().write_all(out.as_bytes())?;
    Ok(())
}

fn measure(folder: &Path, out: &mut String) -> Result<(), Box<dyn Error>> {
    let mut paths = Vec::new();
    walk(folder, &mut paths)?;
    paths.sort();
    let files: Vec<Vec<u8>> = paths.iter().map(fs::read).collect::<io::Result<_>>()?;
    let inflated: u64 = files.iter().map(|file| inflate(file)).sum();
    let megabytes = inflated as f64 / 1e6;
    writeln!(out, "{} files, {megabytes:.1} MB of JSON", files.len())?;
    for threads in [1, 2] {
        let alone =
            median(|| split(&files, threads, |part| part.iter().map(|file| inflate(file)).sum::<u64>()));
        let usage = median(|| split(&files, threads, fold));
        let rate = |time: Duration| megabytes / time.as_secs_f64() / threads as f64;
        writeln!(
            out,
            "{threads} thread(s), MB/s a core: inflate alone {:.0}, usage {:.0} ({:.2} times the time)",
            rate(alone),
            rate(usage),
            usage.as_secs_f64() / alone.as_secs_f64()
        )?;
    }
    if let Ok(truth) = fs::read(folder.join("truth.json")) {
        let files: Vec<&Vec<u8>> = files.iter().collect();
        writeln!(out, "{}", compare(&fold(&files).finish(), &truth)?)?;
    }
    Ok(())
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, paths)?;
        } else if path.extension().is_some_and(|ending| ending == "gz") {
            paths.push(path);
        }
    }
    Ok(())
}

/// Does the work with every n-th file per thread.
fn split<T: Send>(files: &[Vec<u8>], threads: usize, work: impl Fn(&[&Vec<u8>]) -> T + Sync) {
    thread::scope(|scope| {
        for thread in 0..threads {
            let work = &work;
            scope.spawn(move || work(&files.iter().skip(thread).step_by(threads).collect::<Vec<_>>()));
        }
    });
}

fn median(run: impl Fn()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let begin = Instant::now();
            run();
            begin.elapsed()
        })
        .collect();
    times.sort_unstable();
    times.get(RUNS / 2).copied().unwrap_or_default()
}

/// Inflates a file and forgets it; how long it was.
fn inflate(file: &[u8]) -> u64 {
    INFLATER.with_borrow_mut(|inflater| inflater.inflate(file).len() as u64)
}

fn fold(files: &[&Vec<u8>]) -> Fold {
    let (mut fold, mut ids) = (Fold::default(), EventIds::default());
    for file in files {
        let mut reader = Reader::default();
        let bytes = INFLATER.with_borrow_mut(|inflater| {
            let whole = inflater.inflate(file);
            reader.read(whole, true, |event| {
                let fresh = event_key(&event).is_none_or(|key| ids.insert(key).counts());
                fold.add(&event, fresh);
            });
            whole.len() as u64
        });
        fold.add_file(bytes, &reader.finish());
    }
    fold
}

thread_local! {
    static INFLATER: RefCell<Inflater> = RefCell::new(Inflater { buffer: Vec::new(), libdeflate: Decompressor::new() });
}

/// libdeflate over files of one member.
struct Inflater {
    buffer: Vec<u8>,
    libdeflate: Decompressor,
}

impl Inflater {
    fn inflate(&mut self, file: &[u8]) -> &[u8] {
        let length = file.last_chunk().map_or(0, |length| u32::from_le_bytes(*length)) as usize;
        if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
        let Some(out) = self.buffer.get_mut(..length) else { return &[] };
        let done = self.libdeflate.gzip_decompress(file, out).unwrap_or_default();
        self.buffer.get(..done).unwrap_or_default()
    }
}

/// Who, source, name, error or nothing, calls, first, last.
type Row = (String, String, String, String, u64, String, String);

fn compare(usage: &Usage, truth: &[u8]) -> Result<String, Box<dyn Error>> {
    #[derive(serde::Deserialize)]
    struct Truth {
        used: Vec<Row>,
        events: u64,
    }
    let truth: Truth = serde_json::from_slice(truth)?;
    let right: BTreeSet<Row> = truth.used.into_iter().collect();
    let mut ours = BTreeSet::new();
    for (arn, activity) in usage.users.iter().chain(&usage.roles) {
        rows(arn.as_str(), activity, &mut ours);
    }
    let (missing, wrong) = (right.difference(&ours).count(), ours.difference(&right).count());
    Ok(format!(
        "truth.json: {} rows, {missing} of them missing, {wrong} rows that are not there; {} of {} events",
        right.len(),
        usage.totals.events,
        truth.events
    ))
}

fn rows(who: &str, activity: &Activity, rows: &mut BTreeSet<Row>) {
    for (action, used) in &activity.actions {
        let failed = used.errors.iter().map(|(error, seen)| (error.as_str(), seen));
        for (error, Seen { calls, first, last }) in used.success.iter().map(|seen| ("", seen)).chain(failed) {
            let source = format!("{}.amazonaws.com", action.service);
            let (who, name, error) = (who.to_owned(), action.name.clone(), error.to_owned());
            rows.insert((who, source, name, error, *calls, first.to_string(), last.to_string()));
        }
    }
}
