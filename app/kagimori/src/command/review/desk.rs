//! The log of a desk, read and verified as its auditors do, beside what the trail tells of roots.

use std::path::Path;

use kagimori_custody::Grants;
use kagimori_lake::regular;
use kagimori_ledger::TrustPolicy;
use kagimori_plan::Beside;
use kagimori_sealing::record::{NoRecord, record};

use crate::args;
use crate::directory::Directory;
use crate::error::AppError;
use crate::source::Source;

/// Both; `None`: no log was given, and nobody asks. A log that cannot be verified is no answer, but an error.
pub(crate) fn beside(
    args: &args::Review,
    directory: &Directory,
    source: Option<&Source>,
) -> Result<Option<Beside>, AppError> {
    let (Some(log), Some(trust)) = (&args.desk_log, &args.desk_trust) else { return Ok(None) };
    let grants = grants(log, trust)?;
    let trail = source.map(|source| source.roots(directory)).transpose()?.map(|reading| reading.trail);
    Ok(Some(Beside::of(grants, trail)))
}

fn grants(log: &Path, trust: &Path) -> Result<Grants, AppError> {
    let text = std::fs::read_to_string(trust).map_err(|error| AppError::read(trust, error))?;
    let parsed: Result<TrustPolicy, _> = text.parse();
    let policy = parsed.map_err(|error| AppError::Argument {
        message: format!("`{}`: {error}", trust.display()),
        hint: error.hint().to_owned(),
    })?;
    // The folder, or the checkpoint in it.
    let folder = if log.is_file() { log.parent().unwrap_or(log) } else { log };
    let read = record(&policy, |path| {
        let path = folder.join(path);
        regular::found(&path).map_err(|error| AppError::read(&path, error))
    });
    let record = read.map_err(|error| match error {
        NoRecord::Read(error) => error,
        other => unverified(format!("`{}`: {other}", folder.display()), other.hint()),
    })?;
    let folded = Grants::of(&record.leaves);
    folded
        .map(|(grants, _)| grants)
        .map_err(|error| unverified(error.to_string(), "do not use it, and ask whoever runs the desk"))
}

fn unverified(message: String, hint: &str) -> AppError {
    AppError::Argument { message, hint: hint.to_owned() }
}
