//! The vault: sealed files under one key, which is wrapped by a passphrase and waits unlocked where [`unlocked`] says.
//!
//! ```text
//! vault.json          the key, wrapped by the passphrase
//! keys/NAME.key       long-term keys                 NAME = HMAC(key, kind, profile or cache key)
//! sessions/NAME.session  sessions and roles
//! ledger/NAME.used    used codes of a device
//! backup/*.backup     profile files as they were before kagi edited them
//! locks/, log.jsonl
//! ```

mod item;
mod passphrase;
mod seal;
mod unlocked;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kagimori_id::hex;
use kagimori_session::key::CacheKey;
use kagimori_session::ledger::Ledger;
use kagimori_terminal::printer;
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

pub(crate) use self::item::{StoredKey, StoredSession, account_of};
pub(crate) use self::seal::VaultKey;
pub(crate) use self::unlocked::Keeper;
use crate::error::KagiError;
use crate::files::{self, random};

/// A vault that can be read and written.
#[derive(Clone)]
pub(crate) struct Vault {
    home: PathBuf,
    key: VaultKey,
}

/// The long-term keys of a vault.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// Those that can be opened, by profile.
    pub(crate) whole: Vec<StoredKey>,
    /// The files of the others.
    pub(crate) damaged: Vec<PathBuf>,
}

impl Keys {
    /// Names the files that cannot be opened.
    pub(crate) fn warn_of_damage(&self) {
        for path in &self.damaged {
            printer::warning(&format!(
                "`{}` is damaged: the key of some profile is lost here; bring the file back from a backup, or `kagi add` it \
                 with a new key",
                path.display()
            ));
        }
    }
}

/// A vault as it lies there.
pub(crate) struct Locked {
    home: PathBuf,
    wrapped: passphrase::Wrapped,
}

impl Locked {
    /// Finds the vault of a home; `None` when there is none. Where keys are sealed by one there was one.
    pub(crate) fn find(home: &Path) -> Result<Option<Self>, KagiError> {
        let path = home.join("vault.json");
        let Some(bytes) = files::read_own(&path)? else {
            return match files::list(&home.join("keys"), "key")?.len() {
                0 => Ok(None),
                sealed => Err(KagiError::VaultIsGone { home: home.to_owned(), sealed }),
            };
        };
        let wrapped = serde_json::from_slice(&bytes).map_err(|_| KagiError::Damaged(path))?;
        Ok(Some(Self { home: home.to_owned(), wrapped }))
    }

    /// Opens it with the key its keeper has. A damaged or foreign one is none: under it every name is another, so that
    /// this vault would seem empty and be filled anew beside the old.
    pub(crate) fn unlocked(&self, keeper: &Keeper, now: Timestamp) -> Option<Vault> {
        let key = keeper.get(&self.wrapped.id, now)?;
        let vault = Vault { home: self.home.clone(), key };
        self.wrapped.is_of(&vault.key).unwrap_or_else(|| vault.opens_a_key()).then_some(vault)
    }

    /// Opens it with the passphrase.
    pub(crate) fn open(&self, passphrase: &SecretString) -> Result<Vault, KagiError> {
        let key = passphrase::unwrap(&self.wrapped, passphrase)?;
        if let Some(wrapped) = self.wrapped.checked(&key) {
            // Where it cannot be written the keys themselves tell.
            let _ = write_wrapped(&self.home, &wrapped);
        }
        Ok(Vault { home: self.home.clone(), key })
    }

    /// Leaves the key with the keeper.
    pub(crate) fn keep(
        &self,
        vault: &Vault,
        keeper: &Keeper,
        seconds: u32,
        now: Timestamp,
    ) -> Result<(), String> {
        keeper.put(&self.wrapped.id, &vault.key, seconds, now)
    }

    /// Takes the key from the keeper.
    pub(crate) fn lock(&self, keeper: &Keeper) -> Result<(), KagiError> {
        keeper.forget(&self.wrapped.id)
    }
}

impl Vault {
    /// Makes a new vault, never over what an old one has sealed.
    pub(crate) fn create(home: &Path, passphrase: &SecretString) -> Result<(Locked, Self), KagiError> {
        let sealed = files::list(&home.join("keys"), "key")?.len();
        if sealed > 0 || home.join("vault.json").exists() {
            return Err(KagiError::VaultIsGone { home: home.to_owned(), sealed });
        }
        let key = VaultKey::new()?;
        let wrapped = passphrase::wrap(&key, &hex(&random::<16>()?), passphrase)?;
        write_wrapped(home, &wrapped)?;
        Ok((Locked { home: home.to_owned(), wrapped }, Self { home: home.to_owned(), key }))
    }

    /// Wraps the same key by another passphrase.
    pub(crate) fn rewrap(&self, locked: &Locked, passphrase: &SecretString) -> Result<(), KagiError> {
        write_wrapped(&self.home, &passphrase::wrap(&self.key, &locked.wrapped.id, passphrase)?)
    }

    /// Whether some long-term key is sealed by this vault's key.
    fn opens_a_key(&self) -> bool {
        let paths = files::list(&self.home.join("keys"), "key").unwrap_or_default();
        paths.iter().any(|path| self.load::<StoredKey>(path).is_ok_and(|key| key.is_some()))
    }

    fn item(&self, folder: &str, kind: &'static str, of: &str) -> PathBuf {
        self.home.join(folder).join(format!("{}.{kind}", self.key.name(kind, of)))
    }

    fn load<T: DeserializeOwned>(&self, path: &Path) -> Result<Option<T>, KagiError> {
        let Some(bytes) = files::read_own(path)? else { return Ok(None) };
        self.opened(path, &bytes).map(Some)
    }

    fn opened<T: DeserializeOwned>(&self, path: &Path, bytes: &[u8]) -> Result<T, KagiError> {
        let damaged = || KagiError::Damaged(path.to_owned());
        let plain = self.key.open(&name_of(path), bytes).ok_or_else(damaged)?;
        serde_json::from_slice(&plain).map_err(|_| damaged())
    }

    fn store(&self, path: &Path, value: &impl Serialize) -> Result<(), KagiError> {
        let plain = serde_json::to_vec(value).map_err(|error| KagiError::Form(error.to_string()))?;
        let plain = Zeroizing::new(plain);
        files::write_own(path, &self.key.seal(&name_of(path), &plain)?)
    }

    /// The long-term key of a profile.
    pub(crate) fn key(&self, profile: &str) -> Result<Option<StoredKey>, KagiError> {
        let path = self.item("keys", "key", profile);
        self.load(&path).map_err(|error| match error {
            KagiError::Damaged(path) => KagiError::DamagedKey { path, profile: profile.to_owned() },
            other => other,
        })
    }

    /// Every name under which a key is kept.
    pub(crate) fn names_of(&self, access_key_id: &str) -> Result<Vec<StoredKey>, KagiError> {
        let whole = self.keys()?.whole;
        Ok(whole.into_iter().filter(|key| key.access_key_id == access_key_id).collect())
    }

    /// Keeps a long-term key.
    pub(crate) fn put_key(&self, key: &StoredKey) -> Result<(), KagiError> {
        self.store(&self.item("keys", "key", &key.profile), key)
    }

    /// Removes the long-term key of a profile.
    pub(crate) fn remove_key(&self, profile: &str) -> Result<(), KagiError> {
        files::remove(&self.item("keys", "key", profile))
    }

    /// Every long-term key, by profile, and the files of those that cannot be opened: whose they are is not told by their
    /// names.
    pub(crate) fn keys(&self) -> Result<Keys, KagiError> {
        let mut keys = Keys::default();
        for path in files::list(&self.home.join("keys"), "key")? {
            match self.load::<StoredKey>(&path) {
                Ok(key) => keys.whole.extend(key),
                Err(_) => keys.damaged.push(path),
            }
        }
        keys.whole.sort_by(|a, b| a.profile.cmp(&b.profile));
        Ok(keys)
    }

    /// A session. A damaged one is no session: it is made anew.
    pub(crate) fn session(&self, key: &CacheKey) -> Option<StoredSession> {
        let hex = key.hex();
        let found: Option<StoredSession> = self.load(&self.item("sessions", "session", &hex)).ok()?;
        found.filter(|session| session.key == hex)
    }

    /// Keeps a session.
    pub(crate) fn put_session(&self, session: &StoredSession) -> Result<(), KagiError> {
        self.store(&self.item("sessions", "session", &session.key), session)
    }

    /// Removes a session.
    pub(crate) fn remove_session(&self, key: &CacheKey) -> Result<(), KagiError> {
        files::remove(&self.item("sessions", "session", &key.hex()))
    }

    /// Removes the file of a session that was read.
    pub(crate) fn remove_session_file(&self, session: &StoredSession) -> Result<(), KagiError> {
        files::remove(&self.item("sessions", "session", &session.key))
    }

    /// Every session that can be read. A damaged one is no session: it is made anew.
    pub(crate) fn sessions(&self) -> Result<Vec<StoredSession>, KagiError> {
        let paths = files::list(&self.home.join("sessions"), "session")?;
        Ok(paths.iter().filter_map(|path| self.load(path).ok().flatten()).collect())
    }

    /// The used codes of a device.
    pub(crate) fn ledger(&self, serial: &str) -> Result<Ledger, KagiError> {
        Ok(self.load(&self.item("ledger", "used", serial))?.unwrap_or_default())
    }

    /// Writes the used codes of a device.
    pub(crate) fn put_ledger(&self, serial: &str, ledger: &Ledger) -> Result<(), KagiError> {
        self.store(&self.item("ledger", "used", serial), ledger)
    }

    /// The fingerprint of a code.
    pub(crate) fn fingerprint(&self, code: &kagimori_session::value::Code) -> String {
        kagimori_session::ledger::fingerprint(self.key.expose(), code)
    }

    /// The file of a lock.
    pub(crate) fn lock_path(&self, of: &str) -> PathBuf {
        self.home.join("locks").join(self.key.name("lock", of))
    }

    /// Any other value of ours.
    pub(crate) fn note<T: DeserializeOwned>(
        &self,
        kind: &'static str,
        of: &str,
    ) -> Result<Option<T>, KagiError> {
        self.load(&self.item("notes", kind, of))
    }

    /// Keeps any other value of ours.
    pub(crate) fn put_note(
        &self,
        kind: &'static str,
        of: &str,
        value: &impl Serialize,
    ) -> Result<(), KagiError> {
        self.store(&self.item("notes", kind, of), value)
    }

    /// Removes any other value of ours.
    pub(crate) fn remove_note(&self, kind: &'static str, of: &str) -> Result<(), KagiError> {
        files::remove(&self.item("notes", kind, of))
    }

    /// A code of authenticity for a line of the log.
    pub(crate) fn stamp(&self, text: &str) -> String {
        hex(&kagimori_session::key::keyed(self.key.expose(), "kagi log", &[text]))
    }

    /// Seals the text of a profile file; returns where.
    pub(crate) fn back_up(
        &self,
        of: &Path,
        text: &str,
        after: &str,
        now: Timestamp,
    ) -> Result<PathBuf, KagiError> {
        // With its fraction: both files are often edited in one second, and the names are listed in order.
        let stamp = now.strftime("%Y%m%dT%H%M%S%.6fZ");
        let name = of.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = self.home.join("backup").join(format!("{stamp}-{name}-{}.backup", hex(&random::<2>()?)));
        let before = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
        self.store(
            &path,
            &Backup {
                path: of.to_string_lossy().into_owned(),
                text: text.to_owned(),
                added: added(text, after),
                before: before.collect::<Vec<_>>().join(" "),
            },
        )?;
        Ok(path)
    }

    /// Writes a backup anew.
    pub(crate) fn replace_backup(&self, path: &Path, backup: &Backup) -> Result<(), KagiError> {
        self.store(path, backup)
    }

    /// Opens a backup.
    pub(crate) fn backup(&self, path: &Path) -> Result<Backup, KagiError> {
        let bytes = files::read_backup(path)?
            .ok_or_else(|| KagiError::read(path, std::io::ErrorKind::NotFound.into()))?;
        self.opened(path, &bytes)
    }

    /// Removes what no one will ask for again: sessions longer dead than AWS lets any live, files of exec long not used,
    /// halves of writes that were killed. Done after a call to AWS, never on the cached path.
    pub(crate) fn sweep(&self) {
        const DAY: u64 = 86_400;
        for (folder, ending, days) in [
            ("sessions", "session", 2),
            ("run", "config", 30),
            ("run", "token", 8),
            ("sessions", "tmp", 1),
            ("run", "tmp", 1),
        ] {
            for path in files::list(&self.home.join(folder), ending).unwrap_or_default() {
                let age = std::fs::metadata(&path)
                    .and_then(|it| it.modified())
                    .ok()
                    .and_then(|at| at.elapsed().ok());
                if age.is_some_and(|age| age.as_secs() > days * DAY) {
                    let _ = files::remove(&path);
                }
            }
        }
    }

    /// Where the vault lies.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }
}

/// A profile file as it was before kagi edited it.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Backup {
    pub(crate) path: String,
    pub(crate) text: String,
    /// The lines that kagi wrote then: what else stands there now came from somebody else.
    #[serde(default)]
    pub(crate) added: Vec<String>,
    /// The arguments of the kagi that made it.
    #[serde(default)]
    pub(crate) before: String,
}

/// The lines of a text that an older one has not.
fn added(before: &str, after: &str) -> Vec<String> {
    let old: std::collections::HashSet<_> = before.lines().map(str::trim).collect();
    after.lines().map(str::trim).filter(|line| !old.contains(line)).map(str::to_owned).collect()
}

fn write_wrapped(home: &Path, wrapped: &passphrase::Wrapped) -> Result<(), KagiError> {
    let text = serde_json::to_vec_pretty(wrapped).map_err(|error| KagiError::Form(error.to_string()))?;
    files::write_own(&home.join("vault.json"), &text)
}

/// What a sealed file is bound to: its name.
fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
