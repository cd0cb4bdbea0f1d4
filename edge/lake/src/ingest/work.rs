//! What a run has to do, and in which order, so that nothing is lost wherever it is cut off.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kagimori_estate::model::Problem;

use super::{Options, Run, deal};
use crate::error::LakeError;
use crate::files::{TrailFile, problem};
use crate::manifest::{Manifest, Plan, PlanHeader, PlanKind, Wrong, file_key};
use crate::parts::Part;

/// What is read, by why.
#[derive(Default)]
pub(super) struct Work {
    /// Files of batches that left out what came in others that were cut off.
    in_need: Vec<TrailFile>,
    /// Plans that were cut off, and whose files are all there.
    pub(super) interrupted: Vec<Plan>,
    /// Plans that were cut off, and some of whose files are gone.
    torn: Vec<Plan>,
    /// Parts of other lakes, and those that could not be read before.
    joined: Joined,
    joined_again: Joined,
    /// Files that could not be read before, or that somebody wants to be read again.
    pub(super) again: Vec<TrailFile>,
    pub(super) new: Vec<TrailFile>,
}

/// Parts of other lakes.
#[derive(Default)]
struct Joined {
    events: Vec<TrailFile>,
    bodies: Vec<TrailFile>,
}

impl Joined {
    /// Events many at once; bodies one batch behind the other, so that each knows which are there.
    fn run(self, run: &Run<'_>, header: &PlanHeader, options: &Options) -> Result<(), LakeError> {
        run.all(deal(self.events, header, options))?;
        let with_bodies = PlanHeader { bodies: true, ..header.clone() };
        deal(self.bodies, &with_bodies, options).iter().try_for_each(|plan| run.one(plan))
    }
}

impl Work {
    pub(super) fn of(manifest: &Manifest) -> Result<Self, LakeError> {
        let mut work = Self::default();
        for id in manifest.in_need() {
            work.in_need.extend(manifest.files(id)?.into_iter().filter(TrailFile::is_there));
        }
        (work.interrupted, work.torn) =
            manifest.unfinished.values().cloned().partition(|plan| plan.is_there());
        Ok(work)
    }

    /// Adds the parts of other lakes that were not joined before, and those again that could not be read then.
    pub(super) fn join(
        &mut self,
        lake: &Path,
        others: &[PathBuf],
        manifest: &Manifest,
        failed: &BTreeMap<String, Wrong>,
    ) -> Result<(), LakeError> {
        if others.is_empty() {
            return Ok(());
        }
        let own = std::fs::canonicalize(lake).map_err(|error| LakeError::read(lake, error))?;
        let seen = manifest.seen()?;
        for other in others {
            let folder =
                Some(other.join("lake")).filter(|lake| lake.is_dir()).unwrap_or_else(|| other.clone());
            let folder = std::fs::canonicalize(&folder).map_err(|error| LakeError::read(&folder, error))?;
            let theirs = Manifest::open(&folder)?;
            if folder.to_str().is_none() {
                return Err(LakeError::Source {
                    message: format!("the name of `{}` is not UTF-8, and plans are", folder.display()),
                    hint: "join it under another name".to_owned(),
                });
            }
            if theirs.is_empty() || folder == own {
                return Err(LakeError::Source {
                    message: format!("`{}` holds no other lake", other.display()),
                    hint: "name a directory with a `lake/` that `kagimori ingest` made".to_owned(),
                });
            }
            let is_wanted = |part: &&Part| part.is_of("events") || part.is_of("bodies");
            for part in theirs.parts().into_iter().filter(is_wanted) {
                let path = folder.join(&part.file);
                let name = path.to_string_lossy().into_owned();
                let version = part.sum.clone().unwrap_or_else(|| "part".to_owned());
                let file = TrailFile { name, path, bytes: part.bytes, version };
                let joined = match (seen.contains(&file_key(&file)), failed.contains_key(&file.name)) {
                    (_, true) => &mut self.joined_again,
                    (false, false) => &mut self.joined,
                    (true, false) => continue,
                };
                let parts = if part.is_of("bodies") { &mut joined.bodies } else { &mut joined.events };
                parts.push(file);
            }
        }
        Ok(())
    }

    /// How many files there are, and how many bytes.
    pub(super) fn files(&self) -> (usize, u64) {
        let plans = self.interrupted.iter().chain(&self.torn).flat_map(|plan| &plan.files);
        let lists = [&self.in_need, &self.again, &self.new];
        let joined = [&self.joined, &self.joined_again].into_iter();
        let joined = joined.flat_map(|joined| joined.events.iter().chain(&joined.bodies));
        let all = plans.chain(joined).chain(lists.into_iter().flatten());
        all.fold((0, 0), |(files, bytes), file| (files + 1, bytes + file.bytes))
    }

    /// Does it. Returns what cannot be done any more.
    ///
    /// Those in need come first: should this run be cut off, they are in need still. Then what was cut off: its files were told
    /// apart from what was in the lake then.
    pub(super) fn run(
        self,
        run: &Run<'_>,
        sequence: u64,
        options: &Options,
    ) -> Result<Vec<Problem>, LakeError> {
        let plain = PlanHeader { bodies: options.bodies, ..PlanHeader::of(PlanKind::Ingest) };
        // Other than every plan before it.
        let again = |kind: u64| PlanHeader { attempt: 3 * sequence + kind, ..plain.clone() };
        run.all(deal(self.in_need, &again(1), options))?;
        run.all(self.interrupted)?;
        let mut lost = Vec::new();
        for plan in self.torn {
            let id = plan.id()?;
            let (there, gone): (Vec<_>, Vec<_>) = plan.files.into_iter().partition(TrailFile::is_there);
            run.all(deal(there, &again(2), options))?;
            Manifest::forget(run.lake, &id)?;
            lost.extend(gone.iter().map(never_read));
        }
        let join = PlanHeader::of(PlanKind::Join);
        self.joined_again.run(run, &PlanHeader { attempt: 3 * sequence + 1, ..join.clone() }, options)?;
        self.joined.run(run, &join, options)?;
        run.all(deal(self.again, &again(3), options))?;
        run.all(deal(self.new, &plain, options))?;
        Ok(lost)
    }
}

fn never_read(file: &TrailFile) -> Problem {
    let message =
        "the ingest before was cut off while it read this file, and now the file is gone".to_owned();
    problem(&file.name, message, "fetch it again from the bucket, while it is there".to_owned())
}
