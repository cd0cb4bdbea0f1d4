//! `iam get-service-last-accessed-details`: which services AWS saw a user or role try to use.
//!
//! The answer does not name whom it is about; its place does (`last-accessed/ACCOUNT/user/NAME.json`, or `role/`).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::content::Content;
use super::fault::{Fault, quote};
use super::object::{Object, Reading, place};
use super::wire::{Instant, list};
use crate::fact::{Gap, Known, SourceId};
use crate::model::LastAccessed;

/// Whom an answer is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    User(String),
    Role(String),
}

/// What an answer tells of somebody.
#[derive(Clone, Debug)]
pub(super) struct Accessed {
    pub(super) whose: Whose,
    /// When the job was done.
    pub(super) told_at: Option<Timestamp>,
    pub(super) services: Known<LastAccessed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireAnswer {
    job_status: String,
    job_completion_date: Option<Instant>,
    #[serde(default, deserialize_with = "list")]
    services_last_accessed: Vec<WireService>,
    #[serde(default)]
    is_truncated: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireService {
    service_namespace: String,
    last_authenticated: Option<Instant>,
}

/// Reads the answer.
pub(super) fn read(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireAnswer = object.parse()?;
    let (stem, folders) = object.named_after();
    let Some(whose) = whose(stem, folders) else {
        return Err(Fault::new("the answer does not name whose it is")
            .hint("put it into a folder `user` or `role` under the name of the user or role, as in `last-accessed/111122223333/user/alice.json`"));
    };
    if wire.job_status != "COMPLETED" {
        return Err(Fault::new(format!("its job is {}", quote(&wire.job_status)))
            .hint("run `aws iam get-service-last-accessed-details` again when the job is done"));
    }
    let service = |service: WireService| {
        let last = service.last_authenticated.map(|at| at.0);
        (service.service_namespace.to_ascii_lowercase(), last)
    };
    // pages of a list of services: one that is named twice was used when it was used last
    let mut services: BTreeMap<String, Option<Timestamp>> = BTreeMap::new();
    for (name, last) in wire.services_last_accessed.into_iter().map(service) {
        let known = services.entry(name).or_default();
        *known = (*known).max(last);
    }
    let told_at = wire.job_completion_date.map(|at| at.0);
    let told = LastAccessed { services, is_whole: !wire.is_truncated, told_at };
    let accessed = Accessed { whose, told_at, services: Known::new(told, SourceId::UNPLACED) };
    Ok(Reading::page(Content::LastAccessed(accessed), wire.is_truncated))
}

/// What a file would have told that cannot be read.
pub(super) fn lost(path: &str, gap: Gap) -> Option<Accessed> {
    let (stem, folders) = place(path);
    Some(Accessed { whose: whose(stem, folders)?, told_at: None, services: Known::Unknown(gap) })
}

fn whose<'a>(name: &str, mut folders: impl Iterator<Item = &'a str>) -> Option<Whose> {
    match folders.next()? {
        "user" => Some(Whose::User(name.to_owned())),
        "role" => Some(Whose::Role(name.to_owned())),
        _ => None,
    }
}
