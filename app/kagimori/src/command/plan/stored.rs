//! Plans as they lie in `plans/`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use kagimori_lake::regular;
use kagimori_plan::Plan;
use kagimori_plan::plan::PlanError;

use crate::error::AppError;

/// Fewer digits of an id name a plan by chance.
const DIGITS_MIN: usize = 4;

/// What lies in `plans/`.
#[derive(Default)]
pub(super) struct Stored {
    /// By id.
    pub(super) plans: Vec<Plan>,
    /// The files that are no plans.
    pub(super) damaged: Vec<(PathBuf, PlanError)>,
}

/// All plans of a directory.
pub(super) fn all(dir: &Path) -> Result<Stored, AppError> {
    let mut stored = Stored::default();
    for path in files(dir)? {
        let text = regular::text(&path).map_err(|source| AppError::read(&path, source))?;
        match Plan::read(&text) {
            Ok(plan) => stored.plans.push(plan),
            Err(error) => stored.damaged.push((path, error)),
        }
    }
    Ok(stored)
}

/// The plan that an id, or the beginning of one, names.
pub(crate) fn find(dir: &Path, id: &str) -> Result<Plan, AppError> {
    let wrong = |message: String, hint: &str| AppError::Argument { message, hint: hint.to_owned() };
    let is_id = id.len() >= DIGITS_MIN && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_id {
        let message = format!("`{}` is no plan's id", id.chars().take(70).collect::<String>());
        return Err(wrong(
            message,
            "an id is 64 hexadecimal digits, of which the first few are enough; `kagimori plan list` shows them",
        ));
    }
    let id = id.to_ascii_lowercase();
    let stem =
        |path: &PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut found: Vec<PathBuf> =
        files(dir)?.into_iter().filter(|path| stem(path).starts_with(&id)).collect();
    let path = match (found.pop(), found.is_empty()) {
        (Some(path), true) => path,
        (Some(_), false) => {
            let message = format!("several plans begin with `{id}`");
            return Err(wrong(message, "write more of its digits; `kagimori plan list` shows them"));
        }
        (None, _) => {
            let message = format!("there is no plan `{id}` in `{}`", dir.join("plans").display());
            return Err(wrong(
                message,
                "`kagimori plan list` shows them; `kagimori whatif --save` and `kagimori tighten` make them",
            ));
        }
    };
    let text = regular::text(&path).map_err(|source| AppError::read(&path, source))?;
    match Plan::read(&text) {
        Ok(plan) if plan.id == stem(&path) => Ok(plan),
        Ok(plan) => Err(AppError::Plan { source: PlanError::Edited(plan.id), path }),
        Err(source) => Err(AppError::Plan { path, source }),
    }
}

fn files(dir: &Path) -> Result<Vec<PathBuf>, AppError> {
    let folder = dir.join("plans");
    let read = match fs::read_dir(&folder) {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::NotFound && dir.is_dir() => return Ok(Vec::new()),
        Err(source) => return Err(AppError::read(&folder, source)),
    };
    let mut files = Vec::new();
    for entry in read {
        let path = entry.map_err(|source| AppError::read(&folder, source))?.path();
        if path.extension().is_some_and(|extension| extension == "json") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
