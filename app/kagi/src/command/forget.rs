//! `kagi forget` and `kagi restore`.

use std::fs;
use std::process::ExitCode;

use kagimori_session::sso::settings::is_sso;
use kagimori_session::value::shown;
use kagimori_terminal::printer;
use secrecy::ExposeSecret;

use super::vault::with_context;
use crate::args;
use crate::context::Context;
use crate::error::{KagiError, quoted};
use crate::files::{list, remove, rewrite};
use crate::log;
use crate::prompt::Ask;
use crate::vault::{Locked, Vault};

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

fn sure(context: &Context<'_>, yes: bool, what: &str) -> Result<(), KagiError> {
    if yes {
        return Ok(());
    }
    let prompter = context.prompter("kagi forget --yes".to_owned())?;
    let answer = prompter.ask(Ask::Secret("a confirmation"), &format!("kagi: {what}? type yes"))?;
    if answer.as_str() == "yes" {
        return Ok(());
    }
    Err(KagiError::argument("nothing was removed", "type `yes`, or give `--yes`"))
}

fn one(context: &Context<'_>, profile: &str, yes: bool) -> Result<(), KagiError> {
    let vault = context.vault()?;
    let Some(key) = vault.key(profile)? else { return Err(no_key(context, profile)) };
    sure(context, yes, &format!("remove {} of `{profile}`", key.access_key_id))?;
    vault.remove_key(profile)?;
    for kind in ["rotation", "pending", "previous"] {
        vault.remove_note(kind, profile)?;
    }
    let cleaned = out_of_backups(context, &vault, key.secret_access_key.expose_secret())?;
    if cleaned > 0 {
        printer::note(&format!("its secret is taken out of {cleaned} of the backups as well"));
    }
    // Which sessions came of which key is not told by their names: all go, others come back silently or with one code.
    sessions(context)?;
    let access_key_id = Some(key.access_key_id.clone());
    log::append(&vault, log::Event { access_key_id, ..log::event("key-forgotten", profile, context.now()) });
    printer::note(&format!(
        "{} is removed here; it is still valid at AWS: delete it there",
        key.access_key_id
    ));
    Ok(())
}

/// Who looks for a sign-in here looks for another command.
fn no_key(context: &Context<'_>, profile: &str) -> KagiError {
    if is_sso(&context.files, profile) {
        return KagiError::argument(
            format!("`{}` is a profile of Identity Center and has no key here", shown(profile)),
            format!("`kagi logout {}` ends its sign-in, at AWS and here", quoted(profile)),
        );
    }
    KagiError::NoKey(profile.to_owned())
}

/// Profile files were backed up with the key in them; the rest of them stays.
fn out_of_backups(context: &Context<'_>, vault: &Vault, secret: &str) -> Result<usize, KagiError> {
    let mut cleaned = 0;
    for path in list(&context.places.home.join("backup"), "backup")? {
        // One that cannot be opened is not ours to read.
        let Ok((of, text)) = vault.backup(&path) else { continue };
        if !secret.is_empty() && text.contains(secret) {
            vault.replace_backup(&path, &of, &text.replace(secret, "FORGOTTEN"))?;
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
    sure(context, yes, &format!("remove every key, session and backup in {}", home.display()))?;
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

/// `kagi restore`
pub(crate) fn restore(arguments: &args::Restore) -> Result<ExitCode, KagiError> {
    with_context(|context| {
        let vault = context.vault()?;
        let Some(backup) = &arguments.backup else {
            for path in list(&context.places.home.join("backup"), "backup")? {
                printer::data(&format!("{}\n", path.display()))?;
            }
            return Ok(ExitCode::SUCCESS);
        };
        let (path, text) = vault.backup(backup)?;
        if arguments.print {
            printer::data(&text)?;
        } else {
            keep_present(context, &vault, &path)?;
            rewrite(&path, &text)?;
            printer::note(&format!("{} is as it was", path.display()));
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// What is overwritten can be brought back as well.
fn keep_present(context: &Context<'_>, vault: &Vault, path: &std::path::Path) -> Result<(), KagiError> {
    let present = crate::files::read_profiles(path)?;
    if !present.is_empty() {
        vault.back_up(path, &present, context.now())?;
    }
    Ok(())
}
