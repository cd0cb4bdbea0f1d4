//! The vault of `dev`: the same vault, without its walls, in this process.

use std::path::Path;

use jiff::Timestamp;
use kagimori_desk_vault::disk::Disk;
use kagimori_desk_vault::moment::Moment;
use kagimori_desk_vault::vault::{HostKey, Settings, Vault};
use kagimori_ledger::TrustPolicy;
use kagimori_passkey::RelyingParty;
use kagimori_sealing::protocol::{Answer, Call};
use ring::rand::SystemRandom;

use crate::random;

/// A vault in this process.
pub(crate) struct Here {
    vault: Vault,
    random: SystemRandom,
}

impl Here {
    /// In a new folder.
    ///
    /// # Errors
    /// A sentence.
    pub(crate) fn new(
        folder: &Path,
        trust: TrustPolicy,
        party: RelyingParty,
        now: Timestamp,
    ) -> Result<Self, String> {
        let disk = Disk::new(folder).map_err(|error| error.to_string())?;
        let settings = Settings { trust, party, founding: None, after_restore: false };
        let host = HostKey::new(&random::bytes().map_err(|error| error.to_string())?);
        let random = SystemRandom::new();
        let vault = Vault::start(disk, settings, host, &moment(now), &random);
        Ok(Self { vault: vault.map_err(|error| error.to_string())?, random })
    }

    pub(crate) fn answer(&mut self, call: Call, now: Timestamp) -> Answer {
        self.vault.answer(call, &moment(now), &self.random)
    }
}

impl std::fmt::Debug for Here {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Here").finish_non_exhaustive()
    }
}

/// The desk's own clock: nobody sets it while it runs.
fn moment(now: Timestamp) -> Moment {
    let up_seconds = u64::try_from(now.as_second()).unwrap_or(0);
    Moment { boot: "dev".to_owned(), up_seconds, unix_seconds: now.as_second() }
}
