//! What lies in the lake's folders, whether the manifest lists it or not.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Manifest;
use crate::error::LakeError;
use crate::parts::SETS;

impl Manifest {
    /// Takes away what lies in the lake's folders and can be made again, or is there a second time: halves of files, parts of
    /// batches that will be repeated, parts that were replaced. Parts of which nothing is known stay ([`Manifest::strays`]).
    pub(crate) fn sweep(&self) -> Result<(), LakeError> {
        let replaced: BTreeSet<&str> =
            self.done.values().flat_map(|done| &done.replaces).map(String::as_str).collect();
        let repeated: BTreeSet<&str> =
            self.unfinished.iter().filter(|(_, plan)| plan.is_there()).map(|(id, _)| id.as_str()).collect();
        for (name, file) in self.unlisted()? {
            let is_repeated = batch_of(&name).is_some_and(|id| repeated.contains(id));
            if name.ends_with(".tmp") || replaced.contains(&*name) || is_repeated {
                fs::remove_file(&file).map_err(|error| LakeError::write(&file, error))?;
            }
        }
        self.sweep_batches()
    }

    /// Files in the lake's folders that the lake does not list, by name.
    fn unlisted(&self) -> Result<Vec<(String, PathBuf)>, LakeError> {
        let parts: BTreeSet<&str> = self.parts().into_iter().map(|part| &*part.file).collect();
        let mut unlisted = Vec::new();
        for set in SETS {
            for folder in entries(&self.lake.join(set))?.iter().filter(|path| path.is_dir()) {
                for file in entries(folder)? {
                    let name =
                        file.strip_prefix(&self.lake).unwrap_or(&file).to_string_lossy().replace('\\', "/");
                    let is_ours = name.ends_with(".tmp") || name.ends_with(".parquet");
                    if is_ours && !parts.contains(&*name) {
                        unlisted.push((name, file));
                    }
                }
            }
        }
        unlisted.sort();
        Ok(unlisted)
    }

    /// Parts of events that nothing lists, replaces or will repeat: of a batch whose result was lost, or of another lake that
    /// was copied over this one.
    pub(crate) fn strays(&self) -> Result<Vec<String>, LakeError> {
        let replaced: BTreeSet<&String> = self.done.values().flat_map(|done| &done.replaces).collect();
        let names = self.unlisted()?.into_iter().map(|(name, _)| name);
        Ok(names
            .filter(|name| {
                name.starts_with("events/") && name.ends_with(".parquet") && !replaced.contains(name)
            })
            .filter(|name| {
                batch_of(name).is_none_or(|id| self.unfinished.get(id).is_none_or(|plan| !plan.is_there()))
            })
            .collect())
    }

    fn sweep_batches(&self) -> Result<(), LakeError> {
        for file in entries(&Self::batches(&self.lake))? {
            if file.extension().is_some_and(|ending| ending == "tmp") {
                fs::remove_file(&file).map_err(|error| LakeError::write(&file, error))?;
            }
        }
        Ok(())
    }
}

/// The id of the batch that wrote a part, by its name.
fn batch_of(name: &str) -> Option<&str> {
    let (_, name) = name.rsplit_once("/part-")?;
    Some(name.split_once('-')?.0)
}

pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(LakeError::read(folder, error)),
    };
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    paths.map_err(|error| LakeError::read(folder, error))
}
