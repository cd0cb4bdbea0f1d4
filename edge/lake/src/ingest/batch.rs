//! One batch: its files into rows, its rows into parts.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_trail::event::{Event, Reader, Reading};
use kagimori_trail::selection::Selection;
use kagimori_trail::usage::{EventKey, Met, content, event_key};
use rustc_hash::FxHashMap;

use super::{Run, done};
use crate::bodies::Bodies;
use crate::coverage::{CoverSum, day_of};
use crate::error::LakeError;
use crate::files::{Blocks, Content, InflateError, TrailFile, broken, content_hash, damaged};
use crate::ids::{Day, locked};
use crate::manifest::{Counts, Done, Plan, PlanKind, Wrong};
use crate::parquet_file::{Cells, WriteError};
use crate::parts::{Part, part_is_of, write_day};
use crate::read::{RowView, Want, scan};
use crate::remote::windows;
use crate::rows::Rows;
use crate::schema::{Flag, Text};

/// What a batch came to.
pub(crate) struct Ran {
    /// What it has to write down.
    pub(crate) done: Done,
    /// What it counted.
    pub(crate) counts: Counts,
    /// The days it touched, and whether something came there that had come before.
    pub(crate) days: Vec<(Day, bool)>,
}

/// Runs a batch; nothing of it is in the lake until its result is written down.
pub(crate) fn run(run: &Run<'_>, plan: &Plan, id: &str) -> Result<Ran, LakeError> {
    let mut batch = Batch::new(run, plan, id, None)?;
    let mut told = Told::default();
    match plan.header.kind {
        PlanKind::Join => {
            let (bodies, events): (Vec<_>, Vec<_>) =
                plan.files.iter().cloned().partition(|part| part_is_of(&part.path, "bodies"));
            batch.read_parts(&events, &mut told)?;
            batch.join_bodies(&bodies, &mut told)?;
        }
        _ => batch.read_files(&plan.files, &mut told)?,
    }
    batch.finish(plan, told)
}

/// What files told beside their events.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) problems: Vec<Wrong>,
    verdicts: BTreeMap<String, String>,
}

pub(crate) struct Batch<'a, 'r> {
    run: &'a Run<'r>,
    id: &'a str,
    rows: Rows,
    cells: Cells,
    bodies: Option<Bodies>,
    /// The files that are read were read without their bodies.
    leaves_bodies: bool,
    /// Only events of this day are taken.
    only: Option<i32>,
    /// The days that were touched, held until the batch is in the lake, and whether something came there again.
    days: FxHashMap<i32, (Day, bool)>,
    cover: CoverSum,
    parts: Vec<Part>,
    /// How often rows were written so far.
    writings: u32,
    counts: Counts,
    /// What went wrong while events were handed over.
    failure: Option<LakeError>,
}

impl<'a, 'r> Batch<'a, 'r> {
    pub(crate) fn new(
        run: &'a Run<'r>,
        plan: &Plan,
        id: &'a str,
        only: Option<i32>,
    ) -> Result<Self, LakeError> {
        let hand = locked(&run.hands).pop();
        let hand = hand.map_or_else(|| Ok((Rows::default(), Cells::new()?)), Ok);
        let (rows, cells) = hand.map_err(|error| LakeError::of_write(run.lake, WriteError::Io(error)))?;
        Ok(Self {
            run,
            id,
            rows,
            cells,
            bodies: plan.header.bodies.then(|| match (only, plan.header.kind) {
                (Some(_), _) => Bodies::anew(),
                (None, PlanKind::Join) => Bodies::beside(run.held_bodies()),
                (None, _) => Bodies::default(),
            }),
            leaves_bodies: false,
            only,
            days: FxHashMap::default(),
            cover: CoverSum::default(),
            parts: Vec::new(),
            writings: 0,
            counts: Counts::default(),
            failure: None,
        })
    }

    /// Takes in the events of trail files.
    pub(crate) fn read_files(&mut self, files: &[TrailFile], told: &mut Told) -> Result<(), LakeError> {
        let mut blocks = Blocks::default();
        for window in windows(files) {
            for (file, content) in window.iter().zip(self.run.remote.contents(window)) {
                told.problems.extend(self.read(file, content, &mut blocks, &mut told.verdicts));
                self.failed()?;
            }
        }
        Ok(())
    }

    /// Takes in the events of parts. One that is damaged costs what it held.
    pub(crate) fn read_parts(&mut self, parts: &[TrailFile], told: &mut Told) -> Result<(), LakeError> {
        for part in parts {
            let before = self.counts.events;
            let read = scan(&part.path, &Selection::default(), Want::Calls, |row| {
                if self.failure.is_none() {
                    self.failure = self.take_row(row).err();
                }
            });
            self.failed()?;
            self.run.step(part.bytes, 1, self.counts.events - before);
            told.problems.extend(read.err().map(|error| not_joined(part, &error)));
        }
        Ok(())
    }

    /// Takes in bodies of another lake. A part that is damaged costs what it held.
    fn join_bodies(&mut self, parts: &[TrailFile], told: &mut Told) -> Result<(), LakeError> {
        for part in parts {
            let Some(bodies) = &mut self.bodies else { return Ok(()) };
            match bodies.read_part(None, &part.path) {
                // This lake's own part: nothing is known of what it holds.
                Err(error) if !error.is_of(&part.path) => return Err(error),
                read => told.problems.extend(read.err().map(|error| not_joined(part, &error))),
            }
            self.run.step(part.bytes, 1, 0);
            self.write_when_full()?;
        }
        Ok(())
    }

    /// Takes in the events of trail files that were read without their bodies.
    pub(crate) fn read_files_without_bodies(
        &mut self,
        files: &[TrailFile],
        told: &mut Told,
    ) -> Result<(), LakeError> {
        self.leaves_bodies = true;
        let read = self.read_files(files, told);
        self.leaves_bodies = false;
        read
    }

    /// Takes in parts of bodies, of the day that is written anew. One that is damaged costs what it held.
    pub(crate) fn read_bodies(&mut self, parts: &[TrailFile]) -> Result<(), LakeError> {
        for part in parts {
            let Some((bodies, day)) = self.bodies.as_mut().zip(self.only) else { return Ok(()) };
            // What it does not give is looked for in the files.
            let _ = bodies.read_part(Some(day), &part.path);
            self.write_when_full()?;
        }
        Ok(())
    }

    /// How many events have bodies.
    pub(crate) fn bodies(&self) -> u64 {
        self.bodies.as_ref().map_or(0, Bodies::count)
    }

    fn failed(&mut self) -> Result<(), LakeError> {
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Writes what is at hand, and says what there is to say.
    pub(crate) fn finish(mut self, plan: &Plan, told: Told) -> Result<Ran, LakeError> {
        self.write()?;
        locked(&self.run.hands).push((self.rows, self.cells));
        let again = plan.header.attempt > 0;
        // Files that were read before were counted then, and most of what came again came from themselves.
        let counted = if again {
            Counts { files: 0, stored_bytes: 0, bytes: 0, duplicates: 0, ..self.counts }
        } else {
            self.counts
        };
        let failed = |file: &TrailFile| self.run.failed.get(&file.name).map_or(0, |wrong| wrong.damaged);
        let done = Done {
            parts: self.parts,
            cover: self.cover.finish(),
            problems: told.problems,
            verdicts: told.verdicts,
            again,
            taken_back: if again { plan.files.iter().map(failed).sum() } else { 0 },
            ..done(counted)
        };
        Ok(Ran { done, counts: self.counts, days: self.days.into_values().collect() })
    }

    fn read(
        &mut self,
        file: &TrailFile,
        content: Content<'_>,
        blocks: &mut Blocks,
        verdicts: &mut BTreeMap<String, String>,
    ) -> Option<Wrong> {
        let before = self.counts.events;
        let mut reader = Reader::default();
        let mut hash = self.run.digests.hasher(&file.name);
        let inflated = blocks.read_hashed(content, hash.as_mut(), |block, last| {
            reader.read(block, last, |event| {
                if self.failure.is_none() {
                    self.failure = self.take(&event).err();
                }
            })
        });
        let reading = reader.finish();
        self.counts.files += 1;
        self.counts.stored_bytes += file.bytes;
        self.counts.bytes += inflated.bytes;
        self.counts.damaged_events += reading.damaged;
        self.counts.not_calls += reading.not_calls;
        self.counts.odd_types += reading.odd_types;
        self.run.step(file.bytes, 1, self.counts.events - before);
        if let Some(verdict) = self.run.digests.verdict(&file.name, hash, inflated.error.as_ref()) {
            verdicts.insert(file.name.clone(), verdict.to_owned());
        }
        wrong(file, inflated.error, &reading)
    }

    /// Whether an event counts. One without an id cannot be told from others.
    fn is_new(&mut self, key: Option<EventKey>, day: i32) -> Result<bool, LakeError> {
        let Some(key) = key else { return Ok(true) };
        if !self.days.contains_key(&day) {
            let known = self.run.ids.day(day)?;
            known.begin(self.id);
            self.days.insert(day, (known, false));
        }
        let Some((ids, came_again)) = self.days.get_mut(&day) else { return Ok(true) };
        let met = ids.insert(key);
        *came_again |= met != Met::First;
        self.counts.duplicates += u64::from(met == Met::Again);
        self.counts.contradicting += u64::from(met == Met::Other);
        Ok(met.counts())
    }

    fn count(&mut self, is_update: bool) {
        if is_update {
            self.counts.updates += 1;
        } else {
            self.counts.events += 1;
        }
    }

    fn take(&mut self, event: &Event<'_>) -> Result<(), LakeError> {
        let day = day_of(event.time);
        let key = event_key(event);
        if self.only.is_some_and(|only| only != day) {
            return Ok(());
        }
        let is_new = self.is_new(key, day)?;
        if let Some(bodies) = self.bodies.as_mut().filter(|bodies| is_new || bodies.is_anew())
            && !self.leaves_bodies
        {
            bodies.push(day, event);
        }
        if !is_new {
            return self.write_when_full();
        }
        self.count(event.updates_earlier);
        let (odd_types, account) =
            self.rows.push(event, key.map_or_else(|| content(event), EventKey::content));
        if !event.updates_earlier {
            self.counts.odd_types += u64::from(odd_types);
            let region = event.region.as_deref().unwrap_or_default();
            self.cover.add(account, region, event.time, event.is_data_event());
        }
        self.write_when_full()
    }

    fn take_row(&mut self, row: &RowView<'_>) -> Result<(), LakeError> {
        let (day, account) = (day_of(row.time), row.text(Text::Account));
        let key = (!row.id.is_empty()).then(|| EventKey::of(row.id, account, day, row.content));
        if self.only.is_some_and(|only| only != day) || !self.is_new(key, day)? {
            return Ok(());
        }
        let is_update = row.flag(Flag::IsUpdate) == Some(true);
        self.count(is_update);
        if !is_update {
            let account = account.or(row.text(Text::CallerAccount)).unwrap_or_default();
            let region = row.text(Text::Region).unwrap_or_default();
            self.cover.add(account, region, row.time, row.text(Text::Category) == Some("Data"));
        }
        self.rows.push_row(row);
        self.write_when_full()
    }

    fn write_when_full(&mut self) -> Result<(), LakeError> {
        if self.rows.is_full() || self.bodies.as_ref().is_some_and(Bodies::is_full) {
            self.write()?;
        }
        Ok(())
    }

    /// Writes the rows at hand, a part per day and file set.
    fn write(&mut self) -> Result<(), LakeError> {
        let mut days: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
        for (at, row) in self.rows.rows.iter().enumerate() {
            let day = day_of(row.time);
            days.entry(day).or_default().push(at as u32);
        }
        let name = format!("{}-{}", self.id, self.writings);
        self.writings += 1;
        for (day, order) in days {
            let written = write_day(self.run.lake, &mut self.rows, &mut self.cells, order, day, &name);
            self.parts.extend(written.map_err(|error| LakeError::of_write(self.run.lake, error))?);
        }
        self.rows.clear();
        if let Some(bodies) = &mut self.bodies {
            let written = bodies.write(self.run.lake, &mut self.cells, &name);
            self.parts.extend(written.map_err(|error| LakeError::of_write(self.run.lake, error))?);
        }
        Ok(())
    }
}

/// What was wrong with a part of another lake.
fn not_joined(part: &TrailFile, error: &LakeError) -> Wrong {
    let hint = "`kagimori lake verify` of that lake says what is wrong there, and `repair` mends it; then join it again: \
                `kagimori ingest --from-lake`";
    Wrong { file: part.name.clone(), message: error.to_string(), hint: hint.to_owned(), ..Wrong::default() }
}

/// What was wrong with a file, and which content it had then: another content is worth reading again.
fn wrong(file: &TrailFile, error: Option<InflateError>, reading: &Reading) -> Option<Wrong> {
    // What could not be read is no fault of its content: the same content is worth reading when the cause is gone.
    let is_of_content = !matches!(error, Some(InflateError::Read(_)));
    let problem = match error {
        Some(error) => broken(&file.name, &error),
        None => damaged(&file.name, reading)?,
    };
    let content = if file.is_remote() { Some(file.version.clone()) } else { content_hash(&file.path).ok() };
    let content = content.filter(|_| is_of_content);
    let (file, message, hint) = (problem.file, problem.message, problem.hint);
    Some(Wrong { file, message, hint, content, damaged: reading.damaged })
}

/// The batches that others wait for: those that had events first that came again here, and are not in the lake yet.
pub(crate) fn needs(days: &[(Day, bool)], id: &str) -> Vec<String> {
    let came_again = days.iter().filter(|(_, came_again)| *came_again);
    let needs: BTreeSet<String> =
        came_again.flat_map(|(day, _)| day.at_work()).filter(|other| other != id).collect();
    needs.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::io::Error;

    use super::*;

    /// A disk that gave nothing for a moment gives it later, and then the file is what it was.
    #[test]
    fn only_what_is_wrong_with_the_content_waits_for_another() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ingest/batch.rs");
        let file = TrailFile { name: "trail/a".to_owned(), path, bytes: 0, version: String::new() };
        let content = |error| wrong(&file, Some(error), &Reading::default()).unwrap().content;
        assert_eq!(content(InflateError::Read(Error::other("no answer"))), None);
        assert!(content(InflateError::Damaged(Error::other("cut off"))).is_some());
    }
}
