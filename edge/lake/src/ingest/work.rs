//! What a run has to do, and in which order, so that nothing is lost wherever it is cut off.

use std::path::{Path, PathBuf};

use kagimori_estate::model::Problem;

use super::{Options, Run, deal};
use crate::error::LakeError;
use crate::files::{TrailFile, problem};
use crate::manifest::{Manifest, Plan, PlanHeader, PlanKind, file_key};

/// What is read, by why.
#[derive(Default)]
pub(super) struct Work {
    /// Files of batches that left out what came in others that were cut off.
    in_need: Vec<TrailFile>,
    /// Plans that were cut off, and whose files are all there.
    pub(super) interrupted: Vec<Plan>,
    /// Plans that were cut off, and some of whose files are gone.
    torn: Vec<Plan>,
    /// Parts of other lakes.
    joined: Vec<TrailFile>,
    /// Files that could not be read before, or that somebody wants to be read again.
    pub(super) again: Vec<TrailFile>,
    pub(super) new: Vec<TrailFile>,
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

    /// Adds the parts of other lakes that were not joined before.
    pub(super) fn join(
        &mut self,
        lake: &Path,
        others: &[PathBuf],
        manifest: &Manifest,
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
            if theirs.is_empty() || folder == own {
                return Err(LakeError::Source {
                    message: format!("`{}` holds no other lake", other.display()),
                    hint: "name a directory with a `lake/` that `kagimori ingest` made".to_owned(),
                });
            }
            for part in theirs.parts().into_iter().filter(|part| part.is_of("events")) {
                let path = folder.join(&part.file);
                let name = path.to_string_lossy().into_owned();
                let version = part.sum.clone().unwrap_or_else(|| "part".to_owned());
                let file = TrailFile { name, path, bytes: part.bytes, version };
                if !seen.contains(&file_key(&file)) {
                    self.joined.push(file);
                }
            }
        }
        Ok(())
    }

    /// How many files there are, and how many bytes.
    pub(super) fn files(&self) -> (usize, u64) {
        let plans = self.interrupted.iter().chain(&self.torn).flat_map(|plan| &plan.files);
        let lists = [&self.in_need, &self.joined, &self.again, &self.new];
        let all = plans.chain(lists.into_iter().flatten());
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
        run.all(deal(self.joined, &PlanHeader::of(PlanKind::Join), options))?;
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
