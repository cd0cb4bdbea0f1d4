//! A log and a trail, both read and found right: what `watch` and `report` stand on. A log that cannot be verified explains nothing.

use std::path::Path;

use kagimori_custody::{Grants, RootTrail, State};
use kagimori_id::AccountId;
use kagimori_journal::Journal;
use kagimori_lake::{Lake, RootReading, read_roots, regular};
use kagimori_ledger::TrustPolicy;
use kagimori_ledger::epoch::Head;
use kagimori_ledger::epoch::origin_of;
use kagimori_sealing::record;
use kagimori_terminal::{printer, tame};

use super::{doctor, open, told};
use crate::args::SeenArgs;
use crate::hints;

/// What was read.
pub(crate) struct Seen {
    /// What the log is called.
    pub(crate) origin: String,
    /// How long it is.
    pub(crate) head: Head,
    /// What it lets anybody be root by.
    pub(crate) grants: Grants,
    /// What it says at its end.
    pub(crate) state: State,
    /// What the trail tells.
    pub(crate) trail: RootTrail,
    /// Part of the trail could not be read.
    pub(crate) is_incomplete: bool,
}

type Failed = (String, String);

impl Seen {
    /// Reads both.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub(crate) fn read(args: &SeenArgs) -> Result<Self, Failed> {
        let (origin, head, leaves) = match (&args.log, &args.trust) {
            (Some(log), Some(trust)) => published(log, trust)?,
            _ => own(&args.settings)?,
        };
        let (grants, state) = Grants::of(&leaves)
            .map_err(|error| told(error, "release nothing, and run `kagimori-desk doctor`"))?;
        let reading = match (&args.trail, &args.lake) {
            (_, Some(lake)) => of_lake(lake)?,
            (Some(trail), None) => of_files(trail)?,
            (None, None) => return Err(told("there is no trail", "name one with `--trail` or `--lake`")),
        };
        for problem in &reading.problems {
            printer::warning(&format!("`{}`: {}", tame::tame_line(&problem.file), problem.message));
        }
        let is_incomplete = !reading.problems.is_empty();
        Ok(Self { origin, head, grants, state, trail: reading.trail, is_incomplete })
    }

    /// What an account is called.
    pub(crate) fn account(&self, id: AccountId) -> String {
        let found = self.state.policy().and_then(|policy| policy.account(id));
        found.map_or_else(|| id.to_string(), |account| format!("{} ({id})", account.name))
    }

    /// What a person is called.
    pub(crate) fn person(&self, id: &kagimori_custody::PersonId) -> String {
        let found = self.state.policy().and_then(|policy| policy.person(id));
        found.map_or_else(|| id.to_string(), |person| person.name.clone())
    }
}

type Log = (String, Head, Vec<kagimori_custody::Leaf>);

/// The log as it was published.
fn published(log: &Path, trust: &Path) -> Result<Log, Failed> {
    let text = std::fs::read_to_string(trust).map_err(|error| {
        told(format!("`{}`: {error}", trust.display()), "name the auditors' trust policy")
    })?;
    let parsed: Result<TrustPolicy, _> = text.parse();
    let trust = parsed.map_err(|error| told(format!("`{}`: {error}", trust.display()), error.hint()))?;
    // The folder, or the checkpoint in it.
    let folder = if log.is_file() { log.parent().unwrap_or(log) } else { log };
    let record = record::record(&trust, |path| {
        let path = folder.join(path);
        regular::found(&path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))
    });
    let record = record.map_err(|error| told(&error, error.hint()))?;
    Ok((record.origin, record.head, record.leaves))
}

/// The log of this machine's desk, which the witness has to know.
fn own(settings: &Path) -> Result<Log, Failed> {
    let settings = open::settings(settings)?;
    let read = doctor::read(&settings.store).map_err(|error| told(error, "run `kagimori-desk doctor`"))?;
    let seen = doctor::seen(&settings, &read).map_err(|error| {
        let why = format!("nobody knows whether it is the whole log: the witness does not tell: {error}");
        told(why, "try again when it answers, or give what it has cosigned with `--log` and `--trust`")
    })?;
    doctor::compared(&read, seen.as_ref())
        .map_err(|error| told(error, "release nothing, and run `kagimori-desk doctor`"))?;
    let entries = Journal::open(&settings.store).and_then(|journal| journal.entries());
    let entries = entries.map_err(|error| told(&error, hints::of_journal(&error)))?;
    let entries: Vec<Vec<u8>> = entries.into_iter().map(|entry| entry.bytes).collect();
    let origin = origin_of(&settings.log_name(), read.state.epoch());
    let (leaves, head) = record::followed(&origin, &entries).map_err(|error| told(&error, error.hint()))?;
    Ok((origin, head, leaves))
}

fn of_files(trail: &Path) -> Result<RootReading, Failed> {
    std::fs::metadata(trail).map_err(|error| {
        told(format!("`{}`: {error}", trail.display()), "name the folder of CloudTrail's files")
    })?;
    // Names of files begin with the trail's own.
    Ok(read_roots(trail, trail.parent().unwrap_or(trail), &|_| ()))
}

fn of_lake(folder: &Path) -> Result<RootReading, Failed> {
    let hint = "name the folder that `kagimori ingest` has made, or give the files with `--trail`";
    let lake = Lake::open(folder).map_err(|error| told(error, hint))?;
    let lake = lake.ok_or_else(|| told(format!("there is no lake in `{}`", folder.display()), hint))?;
    if lake.is_unfinished() {
        let why = "the last ingest was cut off, so that part of the trail is not in the lake";
        return Err(told(why, "run `kagimori ingest` again"));
    }
    lake.roots().map_err(|error| told(error, hint))
}
