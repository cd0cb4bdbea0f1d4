//! What lies on the disk: modes, the CLI's plaintext cache, the vault and its log.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use kagimori_session::login_session::LOGIN_SESSION;
use kagimori_session::value::words;

use super::Finding;
use crate::context::Context;
use crate::error::{KagiError, quoted};
use crate::files::list;
use crate::log::{self, Chain};
use crate::vault::{Keeper, Locked, Vault};

pub(super) fn look(context: &Context<'_>, opened: Option<&Vault>) -> Result<Vec<Finding>, KagiError> {
    let mut findings = Vec::new();
    let places = &context.places;
    for path in [&places.config, &places.credentials] {
        mode(path, 0o022, "others may change it", &mut findings);
    }
    mode(&places.credentials, 0o077, "others may read it", &mut findings);
    mode(&places.home, 0o077, "others may look into it", &mut findings);
    mode(&places.home.join("vault.json"), 0o077, "others may read it", &mut findings);
    owner(&places.home, &mut findings);
    if let Some(folder) = places.config.parent() {
        cli_cache(context, folder, &mut findings)?;
    }
    vault(context, opened, &mut findings)?;
    Ok(findings)
}

fn mode(path: &Path, forbidden: u32, why: &str, findings: &mut Vec<Finding>) {
    let Ok(metadata) = fs::metadata(path) else { return };
    let mode = metadata.mode() & 0o777;
    if mode & forbidden != 0 && !findings.iter().any(|found| found.place == path.display().to_string()) {
        let right = if metadata.is_dir() { "700" } else { "600" };
        findings.push(Finding::new(
            "mode",
            path.display().to_string(),
            format!("its mode is {mode:o}: {why}"),
            format!("chmod {right} {}", quoted(&path.to_string_lossy())),
        ));
    }
}

/// `sudo kagi` with the person's own `HOME`: what root writes here the person cannot read afterwards.
fn owner(home: &Path, findings: &mut Vec<Finding>) {
    let own = rustix::process::geteuid().as_raw();
    let paths = [home.to_owned(), home.join("vault.json")];
    let foreign = paths.iter().find_map(|path| {
        let uid = fs::symlink_metadata(path).ok()?.uid();
        (uid != own).then_some((path, uid))
    });
    if let Some((path, uid)) = foreign {
        findings.push(Finding::new(
            "owner",
            path.display().to_string(),
            format!("it belongs to user {uid} and you are {own}: what one writes here the other cannot read"),
            "run kagi as the user whose vault it is, or set `KAGI_HOME` to a directory of your own",
        ));
    }
}

fn cli_cache(context: &Context<'_>, folder: &Path, findings: &mut Vec<Finding>) -> Result<(), KagiError> {
    for cache in ["cli/cache", "login/cache", "sso/cache"] {
        let names = || context.files.names().into_iter();
        let begins_there =
            cache == "login/cache" && names().any(|name| context.files.get(&name, LOGIN_SESSION).is_some());
        let cache = folder.join(cache);
        let count = list(&cache, "json")?.len();
        if count > 0 {
            findings.push(Finding::new(
                "plaintext-cache",
                cache.display().to_string(),
                format!(
                    "the AWS CLI keeps {count} {} of credentials or tokens here in plaintext",
                    if count == 1 { "set" } else { "sets" }
                ),
                if begins_there {
                    "a profile with `login_session` begins with its file here, kagi's too: leave that one, and remove what no \
                     profile names"
                        .to_owned()
                } else {
                    format!(
                        "remove the files; profiles that kagi serves leave none (rm {}/*.json)",
                        quoted(&cache.to_string_lossy())
                    )
                },
            ));
        }
    }
    Ok(())
}

fn vault(
    context: &Context<'_>,
    opened: Option<&Vault>,
    findings: &mut Vec<Finding>,
) -> Result<(), KagiError> {
    // One that is gone or damaged is told already.
    if Locked::find(&context.places.home).ok().flatten().is_none() {
        return Ok(());
    }
    if let Ok(Keeper::RuntimeFile(folder)) = &context.keeper() {
        findings.push(Finding::new(
            "unlock-file",
            folder.display().to_string(),
            "the open vault's key waits in a file",
            "where the kernel keyring can be used, remove `unlock = runtime-dir`",
        ));
    }
    let Some(vault) = opened else { return Ok(()) };
    let keys = vault.keys()?;
    for path in &keys.damaged {
        findings.push(Finding::new(
            "damaged-key",
            path.display().to_string(),
            "the file of a long-term key is damaged: its profile has no key any more",
            "bring it back from a backup of the directory; if there is none, remove it and `kagi add` the profile with a new key",
        ));
    }
    for key in keys.whole.iter().filter(|key| key.mfa_serial.is_none()) {
        if context.files.get(&key.profile, "mfa_serial").is_none() {
            findings.push(Finding::new(
                "no-mfa",
                format!("profile {}", key.profile),
                format!("{} is used without MFA", key.access_key_id),
                format!(
                    "enable a device in IAM, then run `kagi add {}` again, which finds it",
                    quoted(&key.profile)
                ),
            ));
        }
    }
    let now = context.now().as_second();
    if let Some(ahead) =
        vault.sessions()?.iter().filter(|it| it.is_of_the_future(now)).map(|it| it.issued_at).max()
    {
        findings.push(Finding::new(
            "clock",
            "the machine's clock",
            format!(
                "sessions were issued {} from now: the clock was set back, or was wrong then",
                words(ahead - now)
            ),
            "set the clock; `kagi doctor --online` compares it with AWS's",
        ));
    }
    if log::read(vault)?.1 != Chain::Whole {
        findings.push(Finding::new(
            "log",
            log::shown_path(vault.home()).display().to_string(),
            "the log is not whole",
            "`kagi log --verify` says where",
        ));
    }
    Ok(())
}
