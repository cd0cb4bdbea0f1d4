//! One batch: its files into rows, its rows into parts.

use std::collections::BTreeMap;

use kagimori_trail::event::{Event, Reader};
use kagimori_trail::usage::event_key;
use rustc_hash::FxHashMap;

use super::{Run, done};
use crate::bodies::Bodies;
use crate::coverage::{CoverSum, day_of};
use crate::error::LakeError;
use crate::files::{Blocks, Content, TrailFile, broken, damaged};
use crate::ids::{Day, locked};
use crate::manifest::{Counts, Done, Plan, Wrong};
use crate::parquet_file::{Cells, WriteError};
use crate::parts::{Part, write_day};
use crate::remote::windows;
use crate::rows::Rows;

/// Runs a batch; nothing of it is in the lake until its result is written down.
pub(super) fn run(run: &Run<'_>, plan: &Plan, id: &str) -> Result<Done, LakeError> {
    let hand = locked(&run.hands).pop();
    let hand = hand.map_or_else(|| Ok((Rows::default(), Cells::new()?)), Ok);
    let (rows, cells) = hand.map_err(|error| LakeError::of_write(run.lake, WriteError::Io(error)))?;
    let mut batch = Batch {
        run,
        id,
        rows,
        cells,
        bodies: plan.header.bodies.then(Bodies::default),
        days: FxHashMap::default(),
        cover: CoverSum::default(),
        parts: Vec::new(),
        writings: 0,
        counts: Counts::default(),
        failure: None,
    };
    let mut blocks = Blocks::default();
    let (mut problems, mut verdicts) = (Vec::new(), BTreeMap::new());
    for window in windows(&plan.files) {
        for (file, content) in window.iter().zip(run.remote.contents(window)) {
            problems.extend(batch.read(file, content, &mut blocks, &mut verdicts));
            if let Some(failure) = batch.failure.take() {
                return Err(failure);
            }
        }
    }
    batch.write()?;
    locked(&run.hands).push((batch.rows, batch.cells));
    let cover = batch.cover.finish();
    Ok(Done { parts: batch.parts, cover, problems, verdicts, ..done(batch.counts) })
}

struct Batch<'a, 'r> {
    run: &'a Run<'r>,
    id: &'a str,
    rows: Rows,
    cells: Cells,
    bodies: Option<Bodies>,
    /// The ids of the days that were touched, held until the batch is in the lake.
    days: FxHashMap<i32, Day>,
    cover: CoverSum,
    parts: Vec<Part>,
    /// How often rows were written so far.
    writings: u32,
    counts: Counts,
    /// What went wrong while events were handed over.
    failure: Option<LakeError>,
}

impl Batch<'_, '_> {
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
        if let Some(verdict) = self.run.digests.verdict(&file.name, hash) {
            verdicts.insert(file.name.clone(), verdict.to_owned());
        }
        let problem = match inflated.error {
            Some(error) => Some(broken(&file.name, &error)),
            None => damaged(&file.name, &reading),
        };
        problem.map(|problem| Wrong { file: problem.file, message: problem.message, hint: problem.hint })
    }

    fn take(&mut self, event: &Event<'_>) -> Result<(), LakeError> {
        let day = day_of(event.time);
        if let Some(key) = event_key(event) {
            if !self.days.contains_key(&day) {
                self.days.insert(day, self.run.ids.day(day)?);
            }
            if self.days.get(&day).is_some_and(|ids| !locked(ids).insert(key)) {
                self.counts.duplicates += 1;
                return Ok(());
            }
        }
        if event.updates_earlier {
            self.counts.updates += 1;
        } else {
            self.counts.events += 1;
        }
        let (odd_types, account) = self.rows.push(event);
        if !event.updates_earlier {
            self.counts.odd_types += u64::from(odd_types);
            let region = event.region.as_deref().unwrap_or_default();
            self.cover.add(account, region, event.time, event.is_data_event());
        }
        if let Some(bodies) = &mut self.bodies {
            bodies.push(day, event);
        }
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
            let written = write_day(self.run.lake, &self.rows, &mut self.cells, order, day, &name);
            self.parts.extend(written.map_err(|error| LakeError::of_write(self.run.lake, error))?);
        }
        self.rows.clear();
        if let Some(bodies) = &mut self.bodies {
            let written = std::mem::take(bodies).write(self.run.lake, &mut self.cells, &name);
            self.parts.extend(written.map_err(|error| LakeError::of_write(self.run.lake, error))?);
        }
        Ok(())
    }
}
