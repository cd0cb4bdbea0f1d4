//! `--against`: the findings of an earlier review, from its `findings.json`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kagimori_lake::private::is_unfinished;
use kagimori_plan::review::compared::Earlier;
use serde::Deserialize;

use crate::error::AppError;
use crate::given;
use crate::show::report::PAGE;

/// An earlier review.
pub(crate) struct EarlierReview {
    /// Where it was read from.
    pub(crate) path: PathBuf,
    /// The instant it speaks of.
    pub(crate) now: Timestamp,
    /// Its findings, waived ones too.
    pub(crate) findings: Vec<Earlier>,
}

#[derive(Deserialize)]
struct Document {
    schema: Schema,
    now: Timestamp,
    findings: Vec<Earlier>,
}

#[derive(Deserialize)]
struct Schema {
    name: String,
    version: u32,
}

/// Reads a `findings.json`, or that of a report's folder, or that of a kagimori directory.
pub(crate) fn read(given: &Path) -> Result<EarlierReview, AppError> {
    let path = find(given)?;
    let page = path.with_file_name(PAGE);
    if is_unfinished(&page) {
        return Err(AppError::Argument {
            message: format!("`{}` was cut off while its files were put in place", page.display()),
            hint: "run the review that wrote it again, or name an earlier one".to_owned(),
        });
    }
    let bytes = given::bytes(&path).map_err(|source| AppError::read(&path, source))?;
    let refused = |message: String| AppError::Argument {
        message: format!("`{}` holds no earlier review: {message}", path.display()),
        hint: "name the findings.json that `kagimori review` wrote, or the folder it stands in".to_owned(),
    };
    let document: Document = serde_json::from_slice(&bytes).map_err(|error| refused(error.to_string()))?;
    if (document.schema.name.as_str(), document.schema.version) != ("kagimori.review", 1) {
        return Err(refused(format!("its schema is {} {}", document.schema.name, document.schema.version)));
    }
    Ok(EarlierReview { now: document.now, findings: document.findings, path })
}

fn find(given: &Path) -> Result<PathBuf, AppError> {
    if !given.is_dir() {
        return Ok(given.to_owned());
    }
    let candidates = [given.join("findings.json"), given.join("report/findings.json")];
    candidates.into_iter().find(|path| path.is_file()).ok_or_else(|| AppError::Argument {
        message: format!("there is no findings.json in `{}` nor in its report/", given.display()),
        hint: "name the findings.json that an earlier `kagimori review` wrote".to_owned(),
    })
}
