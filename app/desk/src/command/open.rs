//! A desk from its settings: the log's key, the journal, the vault's socket, the witness.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use kagimori_id::hex;
use kagimori_journal::{Held, Holder};
use kagimori_ledger::VerifyingKey;
use kagimori_ledger::key::SigningKey;
use zeroize::Zeroizing;

use super::told;
use crate::clock::Clock;
use crate::desk::{Desk, DeskError};
use crate::hints;
use crate::publish::{Cosigner, Publisher};
use crate::random;
use crate::settings::Settings;
use crate::vault::Vault;

/// Reads the settings.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn settings(path: &Path) -> Result<Settings, (String, String)> {
    Settings::read(path).map_err(|error| (error.to_string(), error.hint().to_owned()))
}

/// The desk of the settings, to be written by this process alone.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn desk(settings: Settings, purpose: &str) -> Result<Desk, (String, String)> {
    let publisher = publisher(&settings)?;
    let clock = Clock::system();
    let held = held(&settings, purpose)?;
    let vault = Vault::there(settings.vault.clone());
    Desk::open(settings, clock, held, publisher, vault, None)
        .map_err(|error| (error.to_string(), hint_of(&error)))
}

/// The log of the settings, to be written by this process alone.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn held(settings: &Settings, purpose: &str) -> Result<Held, (String, String)> {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let holder = Holder { name: format!("kagimori-desk {purpose}"), host: host.trim().to_owned() };
    let held = Held::take(&settings.store, holder, Clock::system().now());
    held.map_err(|error| (error.to_string(), hint_of(&DeskError::Journal(error))))
}

/// The keys of the log and the witness.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn publisher(settings: &Settings) -> Result<Publisher, (String, String)> {
    let path = settings.data.join("log.key");
    let secret = read_key(&path).map_err(|error| {
        told(error, "make it with `kagimori-desk init`, or put it back from where it is kept")
    })?;
    let key = SigningKey::from_seed(&settings.log_name(), &secret)
        .map_err(|error| told(error, "look at `origin` in desk.toml"))?;
    let Some(witness) = &settings.witness else {
        return Err(told("there is no witness", "name one in desk.toml"));
    };
    let public = VerifyingKey::parse(&witness.key).map_err(|error| {
        told(
            format!("`witness.key`: {error}"),
            "copy the line that `kagimori-desk witness` prints when it starts",
        )
    })?;
    let address = witness.address.trim_end_matches('/').to_owned();
    Ok(Publisher::new(key, Cosigner::There(address, Box::new(public))))
}

/// The 32 bytes of a key's file, which is 64 hexadecimal digits.
pub(crate) fn read_key(path: &Path) -> Result<Zeroizing<[u8; 32]>, String> {
    let text = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| format!("`{}`: {error}", path.display()))?;
    bytes_of(&text)
        .ok_or_else(|| format!("`{}` is no key: it has to be 64 hexadecimal digits", path.display()))
}

/// The bytes of 64 hexadecimal digits.
pub(crate) fn bytes_of(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let digits: Option<Vec<u8>> = text
        .trim()
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let bytes = digits.map(Zeroizing::new).and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
    bytes.map(Zeroizing::new)
}

/// Makes a key's file for its owner alone; one that is there stays.
pub(crate) fn make_key(path: &Path) -> Result<(), String> {
    let secret = Zeroizing::new(random::bytes::<32>().map_err(|error| error.to_string())?);
    let text = Zeroizing::new(hex(secret.as_slice()) + "\n");
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| format!("`{}`: {error}", path.display()))
}

fn hint_of(error: &DeskError) -> String {
    match error {
        DeskError::Journal(error) => hints::of_journal(error).to_owned(),
        DeskError::Log(_) => {
            "release nothing; put the last good copy aside and in its place, and run `kagimori-desk restore-check` on it".to_owned()
        }
        _ => "run `kagimori-desk doctor`".to_owned(),
    }
}
