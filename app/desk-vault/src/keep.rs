//! The seeds on the disk, all of them sealed: `seeds/` those in custody, `prepared/` those of ceremonies that are under way, `aside/` those
//! that count no more.

use std::collections::BTreeMap;
use std::io;

use kagimori_custody::{Digest, PersonId, RequestId, SeedId, Tier};
use kagimori_sealing::SealedSeed;
use kagimori_sealing::boxed::Sealed;
use kagimori_sealing::seal::WrappedKey;
use serde::{Deserialize, Serialize};

use crate::disk::Disk;

/// A seed, sealed, and how its key lies beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the fields of a file")]
pub struct Record {
    /// Of this form: 1.
    pub version: u16,
    /// The seed.
    pub sealed: SealedSeed,
    /// Its key.
    pub lock: Lock,
    /// By which the same seed is known again.
    pub fingerprint: Digest,
}

/// How the key of a seed lies beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "opens", rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "the tiers")]
pub enum Lock {
    /// Tier T0: wrapped by the key of the host.
    Host {
        /// Wrapped.
        key: WrappedKey,
    },
    /// Tiers T1 and T2: in shares.
    Shares {
        /// T1 or T2.
        tier: Tier,
        /// So many open it.
        threshold: u8,
        /// Who has one.
        holders: Vec<Held>,
    },
}

/// A share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the fields of a file")]
pub struct Held {
    /// Whose.
    pub person: PersonId,
    /// Sealed to this (an age recipient).
    pub recipient: String,
    /// The share.
    pub share: Sealed,
}

impl Lock {
    /// The tier.
    pub fn tier(&self) -> Tier {
        match self {
            Self::Host { .. } => Tier::T0,
            Self::Shares { tier, .. } => *tier,
        }
    }
}

/// All records in custody, by seed and generation.
pub type Records = BTreeMap<(SeedId, u32), Record>;

/// Reads the records in custody.
///
/// # Errors
/// The disk's, or that a file is no record.
pub fn all(disk: &Disk) -> io::Result<Records> {
    let mut records = Records::new();
    for name in disk.list("seeds")? {
        let bytes = disk.read(&format!("seeds/{name}"))?.unwrap_or_default();
        let record = read(&bytes).filter(|record| named(record).as_deref() == Some(&name));
        let record = record
            .ok_or_else(|| io::Error::other(format!("`seeds/{name}` is damaged, or of another name")))?;
        let label = record.sealed.label();
        if let Ok(seed) = SeedId::parse(&label.seed) {
            records.insert((seed, label.generation), record);
        }
    }
    Ok(records)
}

/// Puts a seed down that is being enrolled.
///
/// # Errors
/// The disk's.
pub fn prepare(disk: &mut Disk, request: &RequestId, record: &Record) -> io::Result<()> {
    disk.write(&prepared(request), &serde_json::to_vec_pretty(record)?)
}

/// The seed that a request has prepared.
///
/// # Errors
/// The disk's.
pub fn prepared_of(disk: &Disk, request: &RequestId) -> io::Result<Option<Record>> {
    Ok(disk.read(&prepared(request))?.as_deref().and_then(read))
}

/// Takes what was prepared into custody.
///
/// # Errors
/// The disk's.
pub fn promote(disk: &mut Disk, request: &RequestId, record: &Record) -> io::Result<()> {
    let name = named(record).ok_or_else(|| io::Error::other("the record has no name"))?;
    disk.rename(&prepared(request), &format!("seeds/{name}"))
}

/// Puts aside what a request has prepared; whether there was something.
///
/// # Errors
/// The disk's.
pub fn abandon(disk: &mut Disk, request: &RequestId) -> io::Result<bool> {
    if disk.read(&prepared(request))?.is_none() {
        return Ok(false);
    }
    disk.rename(&prepared(request), &format!("aside/{request}.prepared.json")).map(|()| true)
}

/// A seed that was promoted already, when nobody could say so.
///
/// # Errors
/// The disk's.
pub fn in_custody(disk: &Disk, seed: &SeedId, generation: u32) -> io::Result<Option<Record>> {
    Ok(disk.read(&format!("seeds/{seed}.{generation}.json"))?.as_deref().and_then(read))
}

/// Puts aside a seed that counts no more; one that is not there was put aside before.
///
/// # Errors
/// The disk's.
pub fn put_aside(disk: &mut Disk, record: &Record) -> io::Result<()> {
    let name = named(record).ok_or_else(|| io::Error::other("the record has no name"))?;
    if disk.read(&format!("seeds/{name}"))?.is_none() {
        return Ok(());
    }
    disk.rename(&format!("seeds/{name}"), &format!("aside/{name}"))
}

/// Reads a record.
pub fn read(bytes: &[u8]) -> Option<Record> {
    serde_json::from_slice(bytes).ok().filter(|record: &Record| record.version == 1)
}

fn prepared(request: &RequestId) -> String {
    format!("prepared/{request}.json")
}

fn named(record: &Record) -> Option<String> {
    let label = record.sealed.label();
    // A name has no slash: it is one of a file.
    SeedId::parse(&label.seed).ok().map(|seed| format!("{seed}.{}.json", label.generation))
}
