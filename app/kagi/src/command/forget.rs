//! `kagi forget`

use std::fs;
use std::process::ExitCode;

use kagimori_session::merged::merged;
use kagimori_session::profile::ProfileFiles;
use kagimori_session::rotation::Rotation;
use kagimori_session::route::{Access, Target, is_kagi};
use kagimori_session::sso::settings::is_sso;
use kagimori_session::value::shown;
use kagimori_terminal::printer;
use secrecy::ExposeSecret;

use super::profile_lines::sdk_header;
use super::vault::with_context;
use crate::args;
use crate::context::Context;
use crate::error::{KagiError, quoted};
use crate::files::{list, remove};
use crate::log;
use crate::prompt::Ask;
use crate::vault::{Locked, StoredKey, Vault};

/// What stands in a backup where a secret stood that was forgotten.
pub(crate) const FORGOTTEN: &str = "FORGOTTEN";

/// Everything kagi writes into its home.
const FOLDERS: [&str; 6] = ["keys", "sessions", "ledger", "notes", "backup", "run"];

/// `kagi forget`
pub(crate) fn run(arguments: &args::Forget) -> Result<ExitCode, KagiError> {
    with_context(|context| {
        match &arguments.profile {
            _ if arguments.everything => everything(context, arguments.yes)?,
            Some(profile) => one(context, profile, arguments.yes)?,
            None => {
                let count = sessions(context)?;
                printer::note(&match count {
                    1 => "1 session removed; it stays valid at AWS until it ends".to_owned(),
                    _ => format!("{count} sessions removed; they stay valid at AWS until they end"),
                });
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// `of` is what stands behind `kagi forget`.
fn sure(context: &Context<'_>, yes: bool, what: &str, of: &str) -> Result<(), KagiError> {
    if yes {
        return Ok(());
    }
    let prompter = context.prompter(format!("kagi forget {of}"))?;
    if !prompter.can_ask_for_a_secret() {
        return Err(KagiError::argument(
            "a confirmation is needed, and there is no terminal to ask on",
            format!("`kagi forget {of} --yes` does not ask"),
        ));
    }
    let answer = prompter.ask(Ask::Secret("a confirmation"), &format!("kagi: {what}? type yes"))?;
    if answer.as_str() == "yes" {
        return Ok(());
    }
    Err(KagiError::argument("nothing was removed", "type `yes`, or give `--yes`"))
}

fn one(context: &Context<'_>, profile: &str, yes: bool) -> Result<(), KagiError> {
    let vault = context.vault()?;
    let key = match vault.key(profile) {
        Ok(Some(key)) => key,
        Ok(None) => return Err(no_key(context, &vault, profile)),
        Err(KagiError::DamagedKey { .. }) => return damaged(context, &vault, profile, yes),
        Err(error) => return Err(error),
    };
    let under_way = in_rotation(&vault, &key)?;
    sure(context, yes, &format!("remove {} of `{profile}`", key.access_key_id), &quoted(profile))?;
    remove_all_of(&vault, profile)?;
    let others = vault.names_of(&key.access_key_id)?;
    if others.is_empty() {
        let cleaned = out_of_backups(context, &vault, key.secret_access_key.expose_secret())?;
        if cleaned > 0 {
            printer::note(&format!("its secret is taken out of {cleaned} of the backups as well"));
        }
    }
    // Which sessions came of which key is not told by their names: all go, others come back silently or with one code.
    sessions(context)?;
    let access_key_id = Some(key.access_key_id.clone());
    log::append(&vault, log::Event { access_key_id, ..log::event("key-forgotten", profile, context.now()) });
    let id = &key.access_key_id;
    printer::note(&match others.first() {
        Some(other) => {
            format!("{id} is removed here as `{}`, and stays as `{}`", shown(profile), shown(&other.profile))
        }
        None => format!("{id} is removed here; it is still valid at AWS: delete it there"),
    });
    if !under_way.is_empty() {
        printer::warning(&format!(
            "a rotation was under way: AWS may have {} of the same user too; delete in IAM what nobody needs",
            under_way.join(", ")
        ));
    }
    say_who_still_calls(context, profile);
    Ok(())
}

fn remove_all_of(vault: &Vault, profile: &str) -> Result<(), KagiError> {
    vault.remove_key(profile)?;
    ["rotation", "pending", "previous"].iter().try_for_each(|kind| vault.remove_note(kind, profile))
}

/// A key that cannot be opened is removed like another; whose it was at AWS is not known here any more.
fn damaged(context: &Context<'_>, vault: &Vault, profile: &str, yes: bool) -> Result<(), KagiError> {
    sure(context, yes, &format!("remove the damaged key of `{profile}`"), &quoted(profile))?;
    remove_all_of(vault, profile)?;
    sessions(context)?;
    log::append(vault, log::event("key-forgotten", profile, context.now()));
    printer::note(&format!(
        "the damaged key of `{}` is removed here; it is still valid at AWS: delete it there, and `kagi add {}` takes a new one",
        shown(profile),
        quoted(profile)
    ));
    if let Some(backup) = backup_with_key(context, vault, profile)? {
        let name = quoted(profile);
        printer::warning(&format!(
            "a key of this profile stands in a sealed backup: `kagi restore {}`, then `kagi add {name}`, brings it back; `kagi forget \
             {name}` after that takes it out of the backups, too",
            quoted(&backup)
        ));
    }
    say_who_still_calls(context, profile);
    Ok(())
}

/// The newest backup in which a profile has a secret: whose it is nobody can tell once the key's own file is damaged.
fn backup_with_key(context: &Context<'_>, vault: &Vault, profile: &str) -> Result<Option<String>, KagiError> {
    let has_key = |text: &str| {
        let (config, credentials) = (ProfileFiles::scan(text, ""), ProfileFiles::scan("", text));
        let sections = [config.sdk_section(profile), credentials.credentials_section(profile)];
        let secrets =
            sections.into_iter().flatten().filter_map(|section| section.setting("aws_secret_access_key"));
        secrets.into_iter().any(|secret| secret.value.trim() != FORGOTTEN)
    };
    let backups = list(&context.places.home.join("backup"), "backup")?;
    let newest = backups.iter().rev().find(|path| vault.backup(path).is_ok_and(|it| has_key(&it.text)));
    Ok(newest.and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned()))
}

/// The other keys of a rotation that is given up with the key.
fn in_rotation(vault: &Vault, key: &StoredKey) -> Result<Vec<String>, KagiError> {
    let rotation: Option<Rotation> = vault.note("rotation", &key.profile)?;
    let pending: Option<StoredKey> = vault.note("pending", &key.profile)?;
    let mut ids: Vec<_> = rotation.map(|it| it.old).into_iter().collect();
    ids.extend(pending.map(|it| it.access_key_id));
    ids.retain(|id| *id != key.access_key_id);
    Ok(ids)
}

/// SDKs go on asking kagi for a profile whose key is gone.
fn say_who_still_calls(context: &Context<'_>, profile: &str) {
    let process = merged(&context.files, profile).and_then(|merged| merged.value("credential_process"));
    if process.is_some_and(|process| is_kagi(&process)) {
        printer::note(&format!(
            "`[{}]` of the config file still leads SDKs to kagi: take its `credential_process` out, or `kagi add {}` another \
             key",
            sdk_header(profile),
            quoted(profile)
        ));
    }
}

/// Who looks for a sign-in here looks for another command.
fn no_key(context: &Context<'_>, vault: &Vault, profile: &str) -> KagiError {
    if is_sso(&context.files, profile) {
        return KagiError::argument(
            format!("`{}` is a profile of Identity Center and has no key here", shown(profile)),
            format!("`kagi logout {}` ends its sign-in, at AWS and here", quoted(profile)),
        );
    }
    let route = context.route(&Target::Profile(profile.to_owned()), &Access::Everyday);
    let source = route.map(|route| route.key_profile).ok().filter(|source| source != profile);
    match source.filter(|source| vault.key(source).is_ok_and(|key| key.is_some())) {
        Some(source) => KagiError::argument(
            format!(
                "`{}` has no key of its own: it begins with the one of `{}`",
                shown(profile),
                shown(&source)
            ),
            format!(
                "`kagi forget {}` removes that one, `kagi forget --sessions` what was obtained",
                quoted(&source)
            ),
        ),
        None => KagiError::NoKey(profile.to_owned()),
    }
}

/// Profile files were backed up with the key in them; the rest of them stays.
fn out_of_backups(context: &Context<'_>, vault: &Vault, secret: &str) -> Result<usize, KagiError> {
    let mut cleaned = 0;
    for path in list(&context.places.home.join("backup"), "backup")? {
        // One that cannot be opened is not ours to read.
        let Ok(mut backup) = vault.backup(&path) else { continue };
        let has = |text: &str| !secret.is_empty() && text.contains(secret);
        if has(&backup.text) || backup.added.iter().any(|line| has(line)) {
            backup.text = backup.text.replace(secret, FORGOTTEN);
            backup.added.retain(|line| !has(line));
            vault.replace_backup(&path, &backup)?;
            cleaned += 1;
        }
    }
    Ok(cleaned)
}

fn sessions(context: &Context<'_>) -> Result<usize, KagiError> {
    let paths = list(&context.places.home.join("sessions"), "session")?;
    paths.iter().try_for_each(|path| remove(path))?;
    Ok(paths.len())
}

fn everything(context: &Context<'_>, yes: bool) -> Result<(), KagiError> {
    let home = &context.places.home;
    sure(
        context,
        yes,
        &format!("remove every key, session and backup in {}", home.display()),
        "--everything",
    )?;
    if let Some(locked) = Locked::find(home).unwrap_or_default() {
        locked.lock(&context.keeper()?)?;
    }
    // The wrapped key first: without it the rest is noise.
    remove(&home.join("vault.json"))?;
    for folder in FOLDERS.into_iter().chain(["locks"]) {
        match fs::remove_dir_all(home.join(folder)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(KagiError::write(&home.join(folder), error));
            }
            _ => {}
        }
    }
    remove(&home.join("log.jsonl"))?;
    printer::note("everything is removed; keys and sessions stay valid at AWS until they are deleted or end");
    Ok(())
}
