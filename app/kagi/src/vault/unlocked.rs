//! Where the vault's key waits while it is unlocked: the Linux kernel's user keyring with a timeout, else nowhere, or,
//! if the person chose so, a file in `XDG_RUNTIME_DIR`.
//!
//! The kernel keyring is memory of the kernel, is never swapped or written, and forgets by itself. In most containers
//! the system call is forbidden; then every cold use asks for the passphrase, and `kagi unlock` says why.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kagimori_id::hex;
use sha2::{Digest, Sha256};

use super::seal::VaultKey;
use crate::error::KagiError;
use crate::files;

/// Where an unlocked key is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keeper {
    /// The kernel's user keyring.
    Kernel,
    /// A file in a directory that is in memory and ends with the login.
    RuntimeFile(PathBuf),
    /// Nowhere: the passphrase is asked for every time.
    Nowhere,
}

impl Keeper {
    /// The keeper a setting names: `kernel`, `runtime-dir`, `never`.
    pub(crate) fn named(name: Option<&str>, runtime: Option<&Path>) -> Result<Self, KagiError> {
        match (name.unwrap_or("kernel"), runtime) {
            ("kernel", _) => Ok(Self::Kernel),
            ("never", _) => Ok(Self::Nowhere),
            ("runtime-dir", Some(folder)) => Ok(Self::RuntimeFile(folder.join("kagi"))),
            ("runtime-dir", None) => Err(KagiError::argument(
                "`unlock = runtime-dir` is set and `XDG_RUNTIME_DIR` is not",
                "log in through a session manager, or write `unlock = kernel`",
            )),
            (other, _) => Err(KagiError::argument(
                format!("`unlock` cannot be `{}`", kagimori_session::value::shown(other)),
                "write `kernel`, `runtime-dir` or `never`",
            )),
        }
    }

    /// The key, if the vault of this id is unlocked.
    pub(crate) fn get(&self, id: &str, now: Timestamp) -> Option<VaultKey> {
        match self {
            Self::Kernel => kernel::get(&description(id)),
            Self::RuntimeFile(folder) if !files::is_only_ours(folder) => None,
            Self::RuntimeFile(folder) => from_file(&folder.join(description(id)), now),
            Self::Nowhere => None,
        }
    }

    /// Keeps the key for so many seconds. The error says in words why it cannot.
    pub(crate) fn put(&self, id: &str, key: &VaultKey, seconds: u32, now: Timestamp) -> Result<(), String> {
        match self {
            Self::Kernel => kernel::put(&description(id), key, seconds),
            Self::RuntimeFile(folder) => {
                let until = now.as_second() + i64::from(seconds);
                let bytes = [until.to_be_bytes().as_slice(), key.expose()].concat();
                let bytes = zeroize::Zeroizing::new(bytes);
                files::make_directory(folder).map_err(|error| error.to_string())?;
                if !files::is_only_ours(folder) {
                    return Err(format!("`{}` is another user's or open to others", folder.display()));
                }
                files::write_own(&folder.join(description(id)), &bytes).map_err(|error| error.to_string())
            }
            Self::Nowhere => Err("`unlock = never` is set".to_owned()),
        }
    }

    /// Forgets the key.
    pub(crate) fn forget(&self, id: &str) -> Result<(), KagiError> {
        match self {
            Self::Kernel => {
                kernel::forget(&description(id));
                Ok(())
            }
            Self::RuntimeFile(folder) => files::remove(&folder.join(description(id))),
            Self::Nowhere => Ok(()),
        }
    }
}

fn description(id: &str) -> String {
    let digest = Sha256::digest(id.as_bytes());
    format!("kagi:{}", hex(digest.get(..8).unwrap_or_default()))
}

fn from_file(path: &Path, now: Timestamp) -> Option<VaultKey> {
    if !files::is_only_ours(path) {
        return None;
    }
    let bytes = files::read_own(path).ok()??;
    let (until, key) = bytes.split_at_checked(8)?;
    let until = i64::from_be_bytes(until.try_into().ok()?);
    if until <= now.as_second() {
        let _ = files::remove(path);
        return None;
    }
    VaultKey::from_slice(key)
}

#[cfg(target_os = "linux")]
mod kernel {
    //! `keyctl` by system calls.

    use linux_keyutils::{Key, KeyError, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission};
    use zeroize::Zeroizing;

    use super::VaultKey;

    fn ring() -> Result<KeyRing, KeyError> {
        KeyRing::from_special_id(KeyRingIdentifier::User, false)
    }

    fn find(description: &str) -> Option<Key> {
        ring().ok()?.search(description).ok()
    }

    pub(super) fn get(description: &str) -> Option<VaultKey> {
        let mut bytes = Zeroizing::new([0; 32]);
        let length = find(description)?.read(&mut *bytes).ok()?;
        (length == 32).then(|| VaultKey::from_slice(&*bytes)).flatten()
    }

    pub(super) fn put(description: &str, key: &VaultKey, seconds: u32) -> Result<(), String> {
        let why = |error: KeyError| match error {
            KeyError::AccessDenied | KeyError::PermissionDenied | KeyError::OperationNotSupported => {
                "this system does not let kagi use the kernel keyring (usual in containers)".to_owned()
            }
            other => format!("the kernel keyring: {other:?}"),
        };
        let kept = ring().and_then(|ring| ring.add_key(description, key.expose())).map_err(why)?;
        // A shell opened by SSH may not possess the user keyring: the owner alone must be enough.
        let owner = Permission::VIEW
            | Permission::READ
            | Permission::SEARCH
            | Permission::WRITE
            | Permission::SETATTR;
        let permissions = KeyPermissionsBuilder::builder().posessor(Permission::ALL).user(owner).build();
        kept.set_perms(permissions).map_err(why)?;
        kept.set_timeout(usize::try_from(seconds).unwrap_or(usize::MAX)).map_err(why)
    }

    pub(super) fn forget(description: &str) {
        if let Some(key) = find(description) {
            let _ = key.invalidate().or_else(|_| key.revoke());
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod kernel {
    //! There is no kernel keyring here.

    use super::VaultKey;

    pub(super) fn get(_: &str) -> Option<VaultKey> {
        None
    }

    pub(super) fn put(_: &str, _: &VaultKey, _: u32) -> Result<(), String> {
        Err("the kernel keyring is Linux's alone".to_owned())
    }

    pub(super) fn forget(_: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_000_000).unwrap()
    }

    #[test]
    fn a_file_is_good_until_its_time() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tmp/kagi-keeper");
        let keeper = Keeper::RuntimeFile(folder);
        let key = VaultKey::new().unwrap();
        keeper.put("id", &key, 60, now()).unwrap();
        assert_eq!(keeper.get("id", now()).unwrap().expose(), key.expose());
        assert!(keeper.get("another", now()).is_none());
        let later = Timestamp::from_second(1_000_060).unwrap();
        assert!(keeper.get("id", later).is_none());
        assert!(keeper.get("id", now()).is_none(), "what is over is removed");
    }

    #[test]
    fn what_others_can_write_is_not_believed() {
        use std::os::unix::fs::PermissionsExt;

        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tmp/kagi-keeper-open");
        let keeper = Keeper::RuntimeFile(folder.clone());
        let key = VaultKey::new().unwrap();
        let set = |mode| {
            files::make_directory(&folder).unwrap();
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        set(0o700);
        keeper.put("id", &key, 60, now()).unwrap();
        set(0o777);
        assert!(keeper.get("id", now()).is_none());
        assert!(keeper.put("id", &key, 60, now()).unwrap_err().contains("open to others"));
        set(0o700);
        assert!(keeper.get("id", now()).is_some());
    }

    /// Where the kernel keyring cannot be used there is nothing to test but that it says so.
    #[test]
    fn the_kernel_forgets_by_itself() {
        let id = kagimori_id::hex(&files::random::<8>().unwrap());
        let key = VaultKey::new().unwrap();
        if let Err(why) = Keeper::Kernel.put(&id, &key, 60, now()) {
            assert!(why.contains("keyring"), "{why}");
            assert!(Keeper::Kernel.get(&id, now()).is_none());
            return;
        }
        assert_eq!(Keeper::Kernel.get(&id, now()).unwrap().expose(), key.expose());
        Keeper::Kernel.forget(&id).unwrap();
        assert!(Keeper::Kernel.get(&id, now()).is_none());
        Keeper::Kernel.put(&id, &key, 1, now()).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1500));
        assert!(Keeper::Kernel.get(&id, now()).is_none());
    }
}
