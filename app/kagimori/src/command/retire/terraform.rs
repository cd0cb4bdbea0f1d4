//! States of Terraform: files, or folders of them.

use std::fs;
use std::path::{Path, PathBuf};

use kagimori_retire::Managed;
use kagimori_terminal::printer;

use crate::error::AppError;
use crate::given;

/// Folders within folders, as deep as they are looked into.
const DEPTH_MAX: usize = 8;

/// The keys that Terraform manages, each with the file that says so.
pub(super) fn managed(paths: &[PathBuf]) -> Result<Vec<(Managed, String)>, AppError> {
    let mut found = Vec::new();
    for path in paths {
        let there = fs::metadata(path).map_err(|source| AppError::read(path, source))?;
        if there.is_dir() {
            let mut files = Vec::new();
            walk(path, 0, &mut files)?;
            if files.is_empty() {
                return Err(AppError::Argument {
                    message: format!("there is no state of Terraform in `{}`", path.display()),
                    hint: "`terraform state pull > FILE.tfstate` writes it, wherever it is kept".to_owned(),
                });
            }
            for file in files {
                // Among many files some are others.
                match read(&file) {
                    Ok(keys) => found.extend(keys),
                    Err(error) => printer::warning(&format!("left out: {error}")),
                }
            }
        } else {
            found.extend(read(path)?);
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<(Managed, String)>, AppError> {
    let text = given::text(path).map_err(|source| AppError::read(path, source))?;
    let keys = Managed::read(&text).map_err(|error| AppError::Argument {
        message: format!("`{}` cannot be used: {error}", path.display()),
        hint: "give what `terraform state pull` or `terraform show -json` writes".to_owned(),
    })?;
    Ok(keys.into_iter().map(|managed| (managed, path.display().to_string())).collect())
}

/// `*.tfstate`, and JSON.
fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), AppError> {
    let failed = |source| AppError::read(folder, source);
    let mut entries: Vec<_> =
        fs::read_dir(folder).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        // Providers and modules are Terraform's own, and many.
        let is_own = entry.file_name() == "providers" || entry.file_name() == "modules";
        if kind.is_dir() && depth < DEPTH_MAX && !is_own {
            walk(&path, depth.saturating_add(1), files)?;
        } else if kind.is_file() && matches!(ending, "tfstate" | "json") {
            files.push(path);
        }
    }
    Ok(())
}
