//! A day written anew.

use std::collections::BTreeMap;
use std::path::Path;

use kagimori_estate::model::Problem;
use serde::Serialize;

use super::verify::{Depth, files_of, look, strays};
use crate::coverage::day_of;
use crate::digest::Digests;
use crate::error::LakeError;
use crate::files::{Progress, TrailFile, problem};
use crate::ingest::Run;
use crate::ingest::batch::{Batch, Told};
use crate::manifest::{Manifest, Plan, PlanHeader, PlanKind};
use crate::parts::Part;
use crate::remote::Remote;

/// What became of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Mended {
    /// `2026-03-01`
    pub day: String,
    /// Events that were counted before.
    pub before: u64,
    /// Events that it holds now.
    pub after: u64,
    /// Trail files that were read for it.
    pub files_read: u64,
    /// Trail files that are gone. Where the day holds fewer events now than were counted, these held the others.
    pub files_gone: u64,
}

impl Mended {
    /// Whether it may have held more.
    pub fn is_less(&self) -> bool {
        self.after < self.before
    }
}

/// Mends the days with which something is wrong. What could not be read for it is told, too.
pub fn repair(lake: &Path) -> Result<(Vec<Mended>, Vec<Problem>), LakeError> {
    let _lock = Manifest::lock(lake)?;
    Manifest::open(lake)?.sweep()?;
    let state = look(lake, Depth::Parts)?;
    let (mut mended, mut problems) = (Vec::new(), Vec::new());
    for day in state.days.iter().filter(|day| !day.wrong.is_empty()) {
        let date = day.day.parse::<jiff::Timestamp>().ok();
        let at = date.or_else(|| format!("{}T00:00:00Z", day.day).parse().ok());
        let Some(at) = at else { continue };
        let (one, told) = mend(lake, day_of(at.as_second()), &day.day, day.events)?;
        mended.push(one);
        problems.extend(told);
    }
    for path in Manifest::open(lake)?.damaged {
        std::fs::remove_file(&path).map_err(|error| LakeError::write(&path, error))?;
    }
    Ok((mended, problems))
}

fn mend(lake: &Path, day: i32, name: &str, before: u64) -> Result<(Mended, Vec<Problem>), LakeError> {
    let manifest = Manifest::open(lake)?;
    let strays = strays(&manifest)?.remove(&day).unwrap_or_default();
    let old: Vec<&Part> = manifest.parts().into_iter().filter(|part| part.day == day).collect();
    let files = files_of(&manifest, day)?;
    let (there, gone): (Vec<TrailFile>, Vec<TrailFile>) = files.into_iter().partition(TrailFile::is_there);
    let replaces = replaced(&old, &strays);
    let header = PlanHeader {
        replaces: replaces.clone(),
        attempt: manifest.next_sequence() + 1,
        ..PlanHeader::of(PlanKind::Repair)
    };
    let plan = Plan { header, files: Vec::new() };
    let id = Manifest::intend(lake, &plan)?;
    let (digests, failed, remote) = (Digests::default(), BTreeMap::new(), Remote::default());
    // What the day holds is what is put into it here: nothing of it is known before.
    let empty = Manifest::none(lake, manifest.next_sequence());
    let silent = |_: Progress| ();
    let run = Run::new(lake, &empty, (0, 0), (&digests, &remote), &failed, &silent);
    let mut batch = Batch::new(&run, &plan, &id, Some(day))?;
    let mut told = Told::default();
    let parts = old.iter().filter(|part| part.is_of("events")).map(|part| part.file.as_str());
    let parts: Vec<TrailFile> =
        parts.chain(strays.iter().map(String::as_str)).map(|file| of_part(lake, file)).collect();
    batch.read_parts(&parts, &mut told)?;
    // What parts do not give is looked for in the files, so it is not wrong any more.
    told.problems.clear();
    let (elsewhere, local) = there.into_iter().partition::<Vec<_>, _>(TrailFile::is_remote);
    batch.read_files(&local, &mut told)?;
    let problems =
        told.problems.drain(..).map(|wrong| problem(&wrong.file, wrong.message, wrong.hint)).collect();
    let mut ran = batch.finish(&plan, Told::default())?;
    let after = ran.done.cover.iter().map(|cover| cover.events).sum();
    (ran.done.replaces, ran.done.recounts) = (replaces, vec![day]);
    // Files, bytes and duplicates were counted when they were read.
    ran.done.counts = crate::manifest::Counts::default();
    run.commit(&id, ran)?;
    let files_gone = (gone.len() + elsewhere.len()) as u64;
    let files_read = local.len() as u64;
    Ok((Mended { day: name.to_owned(), before, after, files_read, files_gone }, problems))
}

/// All parts of a day but its bodies, and stray ones with their roll-ups.
fn replaced(old: &[&Part], strays: &[String]) -> Vec<String> {
    let of_stray = |name: &String| {
        ["events", "daily_actions", "daily_places"].map(|set| name.replacen("events/", &format!("{set}/"), 1))
    };
    let old = old.iter().filter(|part| !part.is_of("bodies")).map(|part| part.file.clone());
    old.chain(strays.iter().flat_map(of_stray)).collect()
}

fn of_part(lake: &Path, file: &str) -> TrailFile {
    TrailFile { name: format!("lake/{file}"), path: lake.join(file), bytes: 0, version: String::new() }
}
