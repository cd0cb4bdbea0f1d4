//! A day written anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kagimori_estate::model::Problem;
use serde::Serialize;

use super::verify::{Depth, Sources, look, sources_of, strays};
use crate::coverage::day_of;
use crate::digest::Digests;
use crate::error::LakeError;
use crate::files::{Progress, TrailFile, content_hash, problem};
use crate::ingest::Run;
use crate::ingest::batch::{Batch, Told};
use crate::manifest::{Manifest, Plan, PlanHeader, PlanKind};
use crate::parts::{Part, written_with};
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
    /// Events whose bodies were kept before.
    pub bodies_before: u64,
    /// Events whose bodies are kept now.
    pub bodies_after: u64,
    /// Trail files that were read for it.
    pub files_read: u64,
    /// Trail files that are gone. Where the day holds fewer events now than were counted, these held the others.
    pub files_gone: u64,
}

impl Mended {
    /// Whether it may have held more.
    pub fn is_less(&self) -> bool {
        self.after < self.before || self.bodies_after < self.bodies_before
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
    let bodies_before = old.iter().filter(|part| part.is_of("bodies")).map(|part| part.rows).sum();
    let sources = sources_of(&manifest, day)?;
    let replaces = replaced(&old, &strays);
    let header = PlanHeader {
        replaces: replaces.clone(),
        attempt: manifest.next_sequence() + 1,
        bodies: replaces.iter().any(|file| file.starts_with("bodies/") && lake.join(file).exists())
            || bodies_before > 0,
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
    let (read, problems) = fill(&mut batch, lake, (&old, &strays), &sources)?;
    let bodies_after = batch.bodies();
    let mut ran = batch.finish(&plan, Told::default())?;
    let after = ran.done.cover.iter().map(|cover| cover.events).sum();
    (ran.done.replaces, ran.done.recounts) = (replaces, vec![day]);
    // Files, bytes and duplicates were counted when they were read.
    ran.done.counts = crate::manifest::Counts::default();
    run.commit(&id, ran)?;
    let files_gone = (sources.files.len() + sources.parts.len() + sources.bodies.len()) as u64 - read;
    let mended = Mended {
        day: name.to_owned(),
        before,
        after,
        bodies_before,
        bodies_after,
        files_read: read,
        files_gone,
    };
    Ok((mended, problems))
}

/// Puts into a batch what the parts of a day and its sources hold: how many sources there were, and what could not be read of
/// them.
fn fill(
    batch: &mut Batch<'_, '_>,
    lake: &Path,
    (old, strays): (&[&Part], &[String]),
    sources: &Sources,
) -> Result<(u64, Vec<Problem>), LakeError> {
    // A part that was changed may still be read, and what it says is the last that is believed.
    let (whole, changed): (Vec<&Part>, Vec<&Part>) = old.iter().partition(|part| is_whole(lake, part));
    let of = |parts: &[&Part], set: &str| -> Vec<TrailFile> {
        let parts = parts.iter().filter(|part| part.is_of(set));
        parts.map(|part| of_part(lake, &part.file)).collect()
    };
    let stray = |set: &str| -> Vec<TrailFile> {
        strays.iter().map(|name| of_part(lake, &name.replacen("events/", &format!("{set}/"), 1))).collect()
    };
    let mut told = Told::default();
    for parts in [of(&whole, "events"), stray("events")] {
        batch.read_parts(&parts, &mut told)?;
    }
    for parts in [of(&whole, "bodies"), stray("bodies")] {
        batch.read_bodies(&parts)?;
    }
    // What parts do not give is looked for in the files, so it is not wrong any more.
    told.problems.clear();
    let there = |file: &&TrailFile| !file.is_remote() && file.is_there();
    let files = |with_bodies: bool| -> Vec<TrailFile> {
        let files = sources.files.iter().filter(|(_, bodies)| **bodies == with_bodies).map(|(file, _)| file);
        files.filter(there).cloned().collect()
    };
    let (with, without) = (files(true), files(false));
    let of_other = |parts: &BTreeSet<TrailFile>| parts.iter().filter(there).cloned().collect::<Vec<_>>();
    let (parts, bodies) = (of_other(&sources.parts), of_other(&sources.bodies));
    batch.read_files(&with, &mut told)?;
    batch.read_files_without_bodies(&without, &mut told)?;
    batch.read_parts(&parts, &mut told)?;
    batch.read_bodies(&bodies)?;
    let problems = std::mem::take(&mut told.problems).into_iter();
    let problems = problems.map(|wrong| problem(&wrong.file, wrong.message, wrong.hint)).collect();
    batch.read_parts(&of(&changed, "events"), &mut told)?;
    Ok(((with.len() + without.len() + parts.len() + bodies.len()) as u64, problems))
}

/// Whether a part is what was written, as far as that is known.
fn is_whole(lake: &Path, part: &Part) -> bool {
    part.sum.as_ref().is_none_or(|sum| content_hash(&lake.join(&part.file)).is_ok_and(|hash| hash == *sum))
}

/// All parts of a day, and stray ones with what belongs to them.
fn replaced(old: &[&Part], strays: &[String]) -> Vec<String> {
    let of_stray = |name: &String| {
        let bodies = name.replacen("events/", "bodies/", 1);
        written_with(name).into_iter().chain([bodies])
    };
    old.iter().map(|part| part.file.clone()).chain(strays.iter().flat_map(of_stray)).collect()
}

fn of_part(lake: &Path, file: &str) -> TrailFile {
    TrailFile { name: format!("lake/{file}"), path: lake.join(file), bytes: 0, version: String::new() }
}
