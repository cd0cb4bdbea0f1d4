//! Whether the lake is what was written: every byte of every part, what parts count, events that are there twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kagimori_trail::selection::Selection;
use kagimori_trail::usage::{EventIds, EventKey, Met};
use rayon::prelude::*;

use super::{DayState, State};
use crate::error::LakeError;
use crate::files::{TrailFile, content_hash};
use crate::manifest::{Done, Manifest, Plan, PlanKind};
use crate::parts::{Part, day_text, part_is_of};
use crate::read::{self, Want, roll_up, scan};
use crate::schema::{ACTIONS, Flag, ORIGINS, PLACES};

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "two questions: what is there, and is it right")]
pub enum Depth {
    /// What the manifest says, and which files are there.
    Manifest,
    /// All of every part.
    Parts,
}

/// Looks at a lake.
pub fn look(lake: &Path, depth: Depth) -> Result<State, LakeError> {
    let manifest = Manifest::open(lake)?;
    let days = days(&manifest)?;
    let strays = strays(&manifest)?;
    let all: BTreeSet<i32> = days.keys().chain(strays.keys()).copied().collect();
    let looked = all.into_par_iter().map(|day| {
        let mut state = days.get(&day).cloned().unwrap_or_default();
        state.day = day_text(day);
        if depth == Depth::Parts {
            state.wrong = wrong(lake, &manifest, day, state.events)?;
            let of_day = strays.get(&day).into_iter().flatten();
            state
                .wrong
                .extend(of_day.map(|stray| format!("`{stray}` is there, and the lake does not list it")));
        }
        Ok(state)
    });
    let shown = |path: &std::path::PathBuf| path.strip_prefix(lake).unwrap_or(path).display().to_string();
    Ok(State {
        days: looked.collect::<Result<_, LakeError>>()?,
        damaged_plans: manifest.damaged.iter().map(shown).collect(),
        unfinished: manifest.unfinished.len(),
    })
}

/// The days of the manifest, and whether the files that they came from are there.
fn days(manifest: &Manifest) -> Result<BTreeMap<i32, DayState>, LakeError> {
    let mut days: BTreeMap<i32, DayState> = BTreeMap::new();
    for part in manifest.parts() {
        let day = days.entry(part.day).or_default();
        day.parts += u64::from(part.is_of("events"));
        day.bytes += part.bytes;
    }
    for cover in manifest.cover() {
        days.entry(cover.day).or_default().events += cover.events;
    }
    for (id, done) in &manifest.done {
        let touched: BTreeSet<i32> = done.cover.iter().map(|cover| cover.day).collect();
        if touched.is_empty() {
            continue;
        }
        let files = manifest.files(id)?;
        let there = files.iter().filter(|file| file.is_there()).count() as u64;
        for day in touched {
            let state = days.entry(day).or_default();
            state.files_there += there;
            state.files_gone += files.len() as u64 - there;
        }
    }
    Ok(days)
}

/// Stray parts of events, by day.
pub(super) fn strays(manifest: &Manifest) -> Result<BTreeMap<i32, Vec<String>>, LakeError> {
    let mut days: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    for name in manifest.strays()? {
        let day = name.split('/').nth(1).and_then(|folder| folder.strip_prefix("day="));
        let day = day.and_then(|day| day.parse::<jiff::civil::Date>().ok());
        let day = day.and_then(|day| (day - jiff::civil::date(1970, 1, 1)).get_days().into());
        if let Some(day) = day {
            days.entry(day).or_default().push(name);
        }
    }
    Ok(days)
}

/// What is wrong with the parts of a day.
fn wrong(lake: &Path, manifest: &Manifest, day: i32, events: u64) -> Result<Vec<String>, LakeError> {
    let (mut wrong, mut ids, mut held) = (Vec::new(), EventIds::default(), 0);
    for part in manifest.parts().into_iter().filter(|part| part.day == day) {
        match check(lake, part, &mut ids) {
            Ok(seen) => {
                held += seen.events;
                if seen.twice > 0 {
                    wrong.push(format!(
                        "`{}` holds {} events that another part holds, too",
                        part.file, seen.twice
                    ));
                }
            }
            Err(sentence) => wrong.push(sentence),
        }
    }
    if wrong.is_empty() && held != events {
        wrong.push(format!("its parts hold {held} events, and {events} were counted"));
    }
    Ok(wrong)
}

/// What a part holds.
#[derive(Default)]
struct Seen {
    events: u64,
    /// Events that came before, in this part or another.
    twice: u64,
}

/// Whether a part is what was written: its size, its checksum, all its columns, how many rows there are.
fn check(lake: &Path, part: &Part, ids: &mut EventIds) -> Result<Seen, String> {
    let (path, name) = (lake.join(&part.file), &part.file);
    let told = |error: &dyn std::fmt::Display| format!("`{name}`: {error}");
    let bytes = std::fs::metadata(&path).map_err(|error| told(&error))?.len();
    if bytes != part.bytes {
        return Err(format!("`{name}` has {bytes} bytes, and {} were written", part.bytes));
    }
    if let Some(sum) = &part.sum
        && content_hash(&path).map_err(|error| told(&error))? != *sum
    {
        return Err(format!("`{name}` is not what was written: its checksum is another"));
    }
    let (seen, rows) = rows_of(&path, part, ids).map_err(|error| told(&error))?;
    if rows != part.rows {
        return Err(format!("`{name}` has {rows} rows, and {} were written", part.rows));
    }
    Ok(seen)
}

fn rows_of(path: &Path, part: &Part, ids: &mut EventIds) -> Result<(Seen, u64), LakeError> {
    let (mut seen, mut rows) = (Seen::default(), 0);
    let columns: &[_] = match part.file.split('/').next() {
        Some("events") => {
            scan(path, &Selection::default(), Want::Calls, |row| {
                rows += 1;
                seen.events += u64::from(row.flag(Flag::IsUpdate) != Some(true));
            })?;
            read::ids(path, |id, account, content| {
                let met = ids.insert(EventKey::of(id, account, part.day, content));
                seen.twice += u64::from(met == Met::Again);
            })?;
            return Ok((seen, rows));
        }
        Some("daily_actions") => &ACTIONS,
        Some("daily_places") => &PLACES,
        Some("daily_origins") => &ORIGINS,
        _ => {
            read::bodies(path, |_, _| rows += 1)?;
            return Ok((seen, rows));
        }
    };
    roll_up(path, columns, |group| {
        rows += group.rows() as u64;
        group.read_all()
    })?;
    Ok((seen, rows))
}

/// What the batches read that touched a day.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// Trail files, and whether they were read with their bodies.
    pub(super) files: BTreeMap<TrailFile, bool>,
    /// Parts of other lakes: events.
    pub(super) parts: BTreeSet<TrailFile>,
    /// Parts of other lakes: bodies.
    pub(super) bodies: BTreeSet<TrailFile>,
}

/// The sources of a day.
pub(super) fn sources_of(manifest: &Manifest, day: i32) -> Result<Sources, LakeError> {
    let mut sources = Sources::default();
    let touches = |done: &Done| {
        // Bodies alone cover nothing.
        done.cover.iter().any(|cover| cover.day == day) || done.parts.iter().any(|part| part.day == day)
    };
    for (id, _) in manifest.done.iter().filter(|(_, done)| touches(done)) {
        let Some(Plan { header, files }) = manifest.plan(id)? else { continue };
        match header.kind {
            PlanKind::Ingest => {
                for file in files {
                    *sources.files.entry(file).or_default() |= header.bodies;
                }
            }
            PlanKind::Join => {
                let (bodies, parts): (Vec<_>, Vec<_>) =
                    files.into_iter().partition(|file| part_is_of(&file.path, "bodies"));
                sources.parts.extend(parts);
                sources.bodies.extend(bodies);
            }
            PlanKind::Repair | PlanKind::Compact | PlanKind::Validate => {}
        }
    }
    Ok(sources)
}
