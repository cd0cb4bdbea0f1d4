//! The files of a snapshot: each whole, for their owner alone, and `collected.json` last.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use kagimori_estate::collect::{Earlier, Record};
use kagimori_id::AccountId;
use kagimori_lake::{private, regular};
use kagimori_terminal::schema::Schema;
use serde::Serialize;
use serde_json::Value;

use crate::directory::{BESIDE_SNAPSHOTS, COLLECTED};
use crate::error::AppError;

/// What was collected since then `--resume` does not ask again.
const FRESH: SignedDuration = SignedDuration::from_hours(24);

/// `collected.json`
#[derive(Serialize)]
pub(super) struct Collected<'a> {
    schema: Schema,
    /// The account; nothing for the organization.
    #[serde(skip_serializing_if = "str::is_empty")]
    account: &'a str,
    /// Whose credentials began it.
    caller: &'a str,
    /// Why the account could not be entered.
    #[serde(skip_serializing_if = "str::is_empty")]
    why: &'a str,
    record: &'a Record,
}

impl<'a> Collected<'a> {
    pub(super) fn new(account: &'a str, caller: &'a str, why: &'a str, record: &'a Record) -> Self {
        Self { schema: Schema { name: "kagimori.collected", version: 1 }, account, caller, why, record }
    }
}

/// The folder of an account or the organization, and what an earlier run left there.
pub(super) struct Folder {
    /// The kagimori directory.
    dir: PathBuf,
    /// What the folder is called: the account, or `organization`.
    name: String,
    path: PathBuf,
    /// `collected.json` of an earlier run.
    record: Option<Vec<u8>>,
}

impl Folder {
    pub(super) fn of(dir: &Path, name: &str) -> Self {
        let path = dir.join("snapshots").join(name);
        let record = regular::bytes(&path.join(COLLECTED)).ok();
        Self { dir: dir.to_owned(), name: name.to_owned(), path, record }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where a file lies: some beside the snapshots, in the account's folder there.
    fn place(&self, name: &str) -> PathBuf {
        match name.split_once('/') {
            Some((beside, rest)) if BESIDE_SNAPSHOTS.contains(&beside) => {
                self.dir.join(beside).join(&self.name).join(rest)
            }
            _ => self.path.join(name),
        }
    }

    /// Writes the files of a snapshot, and what became of the calls. What an earlier run wrote and this one does not goes: it would
    /// speak of another day. Until the last is written the snapshot counts as not collected.
    pub(super) fn write(&self, files: &[(String, Vec<u8>)], record: &Collected<'_>) -> Result<(), AppError> {
        // Folder and files are called as AWS's answers say, and whoever answers may not be AWS.
        let all = std::iter::once(self.name.as_str()).chain(files.iter().map(|(name, _)| name.as_str()));
        if let Some(name) = all.into_iter().find(|name| !stays_inside(name)) {
            return Err(AppError::NoName(name.to_owned()));
        }
        private::folder(&self.path).map_err(|source| AppError::write(&self.path, source))?;
        self.remove(COLLECTED)?;
        let names: BTreeSet<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        for old in self.written().iter().filter(|old| !names.contains(old.as_str())) {
            self.remove(old)?;
        }
        for (name, bytes) in files {
            self.put(name, bytes)?;
        }
        let text = serde_json::to_vec_pretty(record).map_err(AppError::Encode)?;
        self.put(COLLECTED, &text)
    }

    /// Takes away what an earlier run wrote: the account is closed, and its files would speak of another day.
    pub(super) fn clear(&self) -> Result<(), AppError> {
        self.remove(COLLECTED)?;
        self.written().iter().try_for_each(|old| self.remove(old))
    }

    /// The files that an earlier run wrote.
    fn written(&self) -> BTreeSet<String> {
        let calls = self.earlier_record().and_then(|record| record.get("calls")?.as_array().cloned());
        let file = |call: &Value| call.get("file")?.as_str().map(str::to_owned);
        let names = calls.iter().flatten().filter_map(file);
        // A file of somebody else's making may say what it likes.
        names.filter(|name| stays_inside(name)).collect()
    }

    fn earlier_record(&self) -> Option<Value> {
        let value: Value = serde_json::from_slice(self.record.as_ref()?).ok()?;
        value.get("record").cloned()
    }

    /// Whether the account was collected whole, and lately.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        let fresh = || -> Option<bool> {
            let record = self.earlier_record()?;
            let ended: Timestamp = record.get("ended")?.as_str()?.parse().ok()?;
            let is_whole = record.get("missing")?.as_array()?.is_empty();
            Some(is_whole && now.duration_since(ended) < FRESH)
        };
        fresh().unwrap_or_default()
    }

    /// What an earlier run was answered lately.
    pub(super) fn earlier(&self, now: Timestamp) -> Earlier {
        let Some(record) = &self.record else { return Earlier::default() };
        Earlier::of(record, now - FRESH, |name| regular::bytes(&self.place(name)).ok())
    }

    fn remove(&self, name: &str) -> Result<(), AppError> {
        let path = self.place(name);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(AppError::write(&path, source))
            }
            _ => Ok(()),
        }
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), AppError> {
        let path = self.place(name);
        if let Some(above) = path.parent() {
            private::folder(above).map_err(|source| AppError::write(above, source))?;
        }
        private::write(&path, |out| out.write_all(bytes)).map_err(|source| AppError::write(&path, source))
    }
}

/// The accounts of which a directory holds snapshots.
pub(super) fn accounts(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir.join("snapshots")).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut accounts: Vec<String> = names.filter(|name| AccountId::parse(name).is_ok()).collect();
    accounts.sort_unstable();
    accounts
}

/// Whether a name leads nowhere but down.
fn stays_inside(name: &str) -> bool {
    let is_plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
    name.split('/').all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::stays_inside;

    #[test]
    fn names_lead_down_only() {
        for name in ["access-keys.json", "last-accessed/user/a.b@c,d.json", "...json", "organization"] {
            assert!(stays_inside(name), "{name}");
        }
        for name in ["", "..", "../x", "/etc/x", "a//b", "a/../../b", "a/.", "a\\b"] {
            assert!(!stays_inside(name), "{name}");
        }
    }
}
