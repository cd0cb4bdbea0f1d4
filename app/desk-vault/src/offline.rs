//! A code for the day on which there is no desk: the file of a seed, and the keys of as many holders as open it, on a machine without a
//! network. Nobody's rules are checked here but arithmetic's: that so many people agree is all that there is. What was made is written down,
//! so that the log of the desk can be told of it later.

use std::io;

use kagimori_custody::SeedId;
use kagimori_sealing::Code;
use kagimori_sealing::boxed::HolderKey;
use kagimori_sealing::protocol::{FOR_HELD_SHARE, about_held};
use zeroize::Zeroizing;

use crate::disk::Disk;
use crate::keep::{self, Lock, Record};
use crate::moment::Moment;
use crate::used::{Used, UsedError};

/// Why there is no code.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum OfflineError {
    /// The file.
    #[error("the file is no sealed seed of this program")]
    NoRecord,
    /// Tier T0.
    #[error("this seed is sealed by the key of its host (tier T0), and no holders have shares of it")]
    NoShares,
    /// Too few.
    #[error(
        "{needed} holders open this seed, and the keys of {found} of them were given; holders are {names}"
    )]
    TooFew {
        /// So many are needed.
        needed: u8,
        /// So many are here.
        found: usize,
        /// Whose shares there are.
        names: String,
    },
    /// The shares do not fit.
    #[error("the shares open nothing: the file is damaged, or they are of another one")]
    Unopened,
    /// A step.
    #[error(transparent)]
    Used(#[from] UsedError),
}

/// What was made.
#[expect(missing_debug_implementations, reason = "it holds a code")]
#[non_exhaustive]
pub struct Made {
    /// The code.
    pub code: Code,
    /// Of this seed.
    pub seed: SeedId,
    /// Of this step.
    pub step: u64,
    /// Until then it counts, in seconds since 1970.
    pub until: i64,
    /// Whose shares opened it.
    pub holders: Vec<String>,
}

/// Makes one code. `disk`: a folder in which used steps are written down, for this day.
///
/// # Errors
/// [`OfflineError`].
pub fn code(record: &[u8], keys: &[HolderKey], disk: &mut Disk, now: &Moment) -> Result<Made, OfflineError> {
    let record = keep::read(record).ok_or(OfflineError::NoRecord)?;
    let Lock::Shares { threshold, .. } = &record.lock else { return Err(OfflineError::NoShares) };
    let (holders, shares) = shares_of(&record, *threshold, keys)?;
    let name = SeedId::parse(&record.sealed.label().seed).map_err(|_| OfflineError::NoRecord)?;
    let unix = u64::try_from(now.unix_seconds).unwrap_or_default();
    let step = record.sealed.form().step_at(unix);
    let opened = record.sealed.open_by_holders(&shares, *threshold, step);
    let (seed, proof) = opened.map_err(|_| OfflineError::Unopened)?;
    let period = seed.form().period();
    // The file tells who looks at it later; whoever can write this folder can make codes anyway.
    let mut used = Used::open(disk, &[0; 32])?;
    used.spend(disk, &name, step, period, now)?;
    let code = seed.code_at(step, proof).ok_or(OfflineError::Unopened)?;
    let until = i64::try_from(step.saturating_add(1)).unwrap_or(i64::MAX).saturating_mul(period.into());
    Ok(Made { code, seed: name, step, until, holders })
}

type Shares = (Vec<String>, Vec<Zeroizing<Vec<u8>>>);

fn shares_of(record: &Record, threshold: u8, keys: &[HolderKey]) -> Result<Shares, OfflineError> {
    let Lock::Shares { holders, .. } = &record.lock else { return Err(OfflineError::NoShares) };
    let label = record.sealed.label();
    let seed = SeedId::parse(&label.seed).map_err(|_| OfflineError::NoRecord)?;
    let mut found: Vec<(String, Zeroizing<Vec<u8>>)> = Vec::new();
    for holder in holders {
        let about = about_held(&seed, label.generation, &holder.person);
        let share = keys.iter().find_map(|key| key.open(&holder.share, FOR_HELD_SHARE, &about).ok());
        found.extend(share.map(|share| (holder.person.to_string(), share)));
    }
    if found.len() < usize::from(threshold) {
        let names =
            holders.iter().map(|holder| holder.person.to_string()).collect::<Vec<String>>().join(", ");
        return Err(OfflineError::TooFew { needed: threshold, found: found.len(), names });
    }
    Ok(found.into_iter().unzip())
}

impl OfflineError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoRecord => "give the file from the vault's folder `seeds`, or its copy in the safe",
            Self::NoShares => "it opens on its host alone; use one of root's hardware keys",
            Self::TooFew { .. } => {
                "call more of the holders; each gives the file that `age-keygen` made for them"
            }
            Self::Unopened => "take the other copy of the file",
            Self::Used(_) => "wait for the next code, 30 seconds at most",
        }
    }
}

impl From<io::Error> for OfflineError {
    fn from(error: io::Error) -> Self {
        Self::Used(UsedError::Disk(error))
    }
}
