//! `kagi add`: a long-term key from plaintext into the vault, and the profile's lines for the SDKs.

mod all;
mod device;

use std::process::ExitCode;

use kagimori_aws::Cause;
use kagimori_session::credentials::{LongTermKey, Signer, is_key_id, is_long_term_id};
use kagimori_session::endpoint::Service;
use kagimori_session::heading::is_writable_name;
use kagimori_session::login_session::LOGIN_SESSION;
use kagimori_session::merged::merged;
use kagimori_session::profile::File;
use kagimori_session::route::{Access, Source, Target};
use kagimori_session::sso::settings::is_sso;
use kagimori_session::value::{mfa_serial, shown};
use kagimori_terminal::printer;
use secrecy::ExposeSecret;

use self::device::{Choice, ask};
use super::forget::FORGOTTEN;
use super::profile_lines::{self, Change, KEY_SETTINGS, process_of_others};
use super::vault::{open_or_create, with_context};
use crate::args;
use crate::broker::{Origin, client};
use crate::context::{Context, Texts};
use crate::error::{KagiError, quoted};
use crate::log;
use crate::prompt::Ask;
use crate::vault::{Locked, StoredKey, Vault};

/// `kagi add`
pub(crate) fn run(arguments: &args::Add) -> Result<ExitCode, KagiError> {
    let had_vault = with_context(|context| Ok(Locked::find(&context.places.home)?.is_some()))?;
    match &arguments.profile {
        Some(profile) => with_context(|context| one(context, arguments, profile))?,
        None => all::run(arguments)?,
    }
    let has_vault = with_context(|context| Ok(Locked::find(&context.places.home)?.is_some()))?;
    if has_vault && !had_vault {
        printer::note(
            "next: `kagi login`, once a day, then `kagi exec PROFILE -- COMMAND`; `kagi list` shows the profiles",
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The profiles whose plaintext key `kagi add --all` would take.
pub(crate) fn with_plaintext_key(context: &Context<'_>) -> Vec<String> {
    all::names(context, all::has_key)
}

fn one(context: &Context<'_>, arguments: &args::Add, profile: &str) -> Result<(), KagiError> {
    profile_lines::check_name(profile)?;
    if !arguments.leave_files {
        profile_lines::check_files(context)?;
        not_over_others(context, arguments, profile)?;
    }
    let plaintext = plaintext_key(context, profile)?;
    if let Some(key) = &plaintext
        && !arguments.leave_files
    {
        other_key(context, arguments, profile, key)?;
    }
    let has = |key| context.files.get(profile, key).is_some();
    let is_role = has("role_arn") || has(LOGIN_SESSION) || is_sso(&context.files, profile);
    let is_role = plaintext.is_none() && is_role;
    let (vault, stored) = if is_role {
        (add_role(context, profile)?, None)
    } else {
        let (vault, stored) = add_key(context, arguments, profile, plaintext)?;
        (vault, Some(stored))
    };
    if !arguments.leave_files {
        let no_session = stored.as_ref().map(|_| arguments.no_session);
        let change = Change { profile, takes_key: stored.is_some(), no_session, replaces: arguments.replace };
        change.apply(context, &vault)?;
        if !arguments.all {
            // Of all, the roles come next.
            say_what_changes(context, profile);
        }
        if let Some(stored) = &stored {
            say_where_else(context, stored)?;
        }
    }
    Ok(())
}

/// Nothing of another tool is overwritten unasked.
fn not_over_others(context: &Context<'_>, arguments: &args::Add, profile: &str) -> Result<(), KagiError> {
    match process_of_others(context, profile).filter(|_| !arguments.replace) {
        None => Ok(()),
        Some(process) => Err(KagiError::argument(
            format!("`{}` has another tool's `credential_process`: `{}`", shown(profile), shown(&process)),
            format!("`kagi add --replace {}` puts kagi in its place", quoted(profile)),
        )),
    }
}

/// A secret that stands in a comment, or under another name, is still there.
fn say_where_else(context: &Context<'_>, stored: &StoredKey) -> Result<(), KagiError> {
    let texts = Texts::read(&context.places)?;
    let secret = stored.secret_access_key.expose_secret();
    for (path, text) in
        [(&context.places.config, &texts.config), (&context.places.credentials, &texts.credentials)]
    {
        if let Some(lines) = lines_with(text, secret) {
            printer::warning(&format!(
                "the secret of {} still stands in `{}`, {lines}: take it out there",
                stored.access_key_id,
                path.display()
            ));
        }
    }
    Ok(())
}

/// The lines in which a secret stands, in words.
pub(crate) fn lines_with(text: &str, secret: &str) -> Option<String> {
    let has = |(_, line): &(usize, &str)| line.contains(secret);
    let lines: Vec<_> =
        text.lines().enumerate().filter(has).map(|(index, _)| (index + 1).to_string()).collect();
    match lines.as_slice() {
        [] => None,
        [only] => Some(format!("line {only}")),
        several => Some(format!("lines {}", several.join(", "))),
    }
}

/// Roles that SDKs assume themselves begin with another kind of source from now on.
fn say_what_changes(context: &Context<'_>, profile: &str) {
    let names: Vec<_> = dependants(context, profile).into_iter().map(|name| quoted(&name)).collect();
    let Some(first) = names.first() else { return };
    let next = if names.len() == 1 { format!("kagi add {first}") } else { "kagi add --all".to_owned() };
    printer::warning(&format!(
        "SDKs assume the roles of {} themselves, from now on with a session that a program prints: not every SDK can, and \
         nothing is read-only; let kagi serve them too: `{next}`",
        names.join(", ")
    ));
}

/// The profiles whose role an SDK reaches from this one.
fn dependants(context: &Context<'_>, profile: &str) -> Vec<String> {
    let is_from = |name: &String| {
        merged(&context.files, name).filter(|_| name != profile).is_some_and(|merged| {
            let is_served = merged.get("credential_process").is_some();
            let is_from = merged.value("source_profile").is_some_and(|it| it == profile);
            merged.get("role_arn").is_some() && is_from && !is_served
        })
    };
    // What cannot be written into the files cannot be added.
    context.files.names().into_iter().filter(|name| is_writable_name(name)).filter(is_from).collect()
}

/// A profile of a role, or of Identity Center: its route must lead to a key that is kept, to a sign-in, or to another tool.
fn add_role(context: &Context<'_>, profile: &str) -> Result<Vault, KagiError> {
    let route = context.route(&Target::Profile(profile.to_owned()), &Access::Everyday)?;
    // Who has no key of their own, and a sign-in or other tools instead, has no vault yet: sessions need one too.
    let vault = match &route.source {
        Source::Key if route.foreign.is_none() => context.vault()?,
        _ => open_or_create(context, &format!("kagi add {}", quoted(profile)))?,
    };
    let from = match &route.source {
        Source::Sso { role, .. } => {
            format!("the sign-in at `{}` (`kagi login {}`)", role.portal.name(), quoted(&route.key_profile))
        }
        Source::Key => match context.origin(&vault, &route)? {
            Origin::Foreign(source) => format!("credentials {}", source.sentence()),
            _ => format!("the key of `{}`", route.key_profile),
        },
    };
    printer::note(&format!("`{profile}` will be served by kagi, from {from}"));
    Ok(vault)
}

fn add_key(
    context: &Context<'_>,
    arguments: &args::Add,
    profile: &str,
    plaintext: Option<LongTermKey>,
) -> Result<(Vault, StoredKey), KagiError> {
    let kept = match Locked::find(&context.places.home)? {
        Some(_) => context.vault()?.key(profile)?,
        None => None,
    };
    let is_of_a_file = plaintext.is_some();
    let key = match (plaintext, &kept) {
        (Some(key), Some(kept)) if key.access_key_id != kept.access_key_id && !arguments.replace => {
            return Err(KagiError::argument(
                format!(
                    "the vault has {} as `{profile}`, and the file {}",
                    kept.access_key_id, key.access_key_id
                ),
                format!(
                    "`kagi add --replace {}` takes the file's in its place; otherwise remove that from the file",
                    quoted(profile)
                ),
            ));
        }
        (Some(key), _) => key,
        // The key is kept already: its user and device are looked up anew, and the profile's lines are written.
        (None, Some(kept)) if !arguments.replace => kept.key(),
        (None, _) => typed_key(context, profile)?,
    };
    check(&key)?;
    let kept_device = kept.as_ref().and_then(|kept| kept.mfa_serial.as_deref());
    // Before a vault is made: a key that AWS does not take leaves none behind.
    let mut stored = identify(context, arguments, profile, &key, kept_device)
        .map_err(|error| in_the_file(error, profile, is_of_a_file))?;
    let vault = open_or_create(context, &format!("kagi add {}", quoted(profile)))?;
    // The time of a key that is only looked at again stays.
    if let Some(kept) = kept.filter(|kept| kept.access_key_id == stored.access_key_id) {
        stored.stored_at = kept.stored_at;
    }
    store(context, &vault, &stored)?;
    Ok((vault, stored))
}

/// A key that AWS refuses is corrected where it stands: `kagi add --replace` would read the same lines again.
fn in_the_file(error: KagiError, profile: &str, is_of_a_file: bool) -> KagiError {
    let what = match error.cause() {
        Some(Cause::WrongSecret) if is_of_a_file => "the secret in the profile file is not this key's",
        Some(Cause::UnknownKey) if is_of_a_file => "the key in the profile file is not at AWS (any more)",
        _ => return error,
    };
    let name = quoted(profile);
    let hint = format!(
        "{what}: correct the two lines of `{}` there, then run `kagi add {name}` again",
        shown(profile)
    );
    KagiError::argument(error.to_string(), hint)
}

/// The key in the credentials file, else in the config file.
fn plaintext_key(context: &Context<'_>, profile: &str) -> Result<Option<LongTermKey>, KagiError> {
    let sections = [
        (File::Credentials, context.files.credentials_section(profile)),
        (File::Config, context.files.sdk_section(profile)),
    ];
    for (file, section) in sections {
        let Some(section) = section else { continue };
        let value = |key| section.setting(key).map(|setting| setting.value.trim().to_owned());
        match (value(KEY_SETTINGS[0]), value(KEY_SETTINGS[1])) {
            (Some(access_key_id), Some(secret)) => {
                return Ok(Some(LongTermKey { access_key_id, secret_access_key: secret.into() }));
            }
            (None, None) => {}
            _ => {
                return Err(KagiError::argument(
                    format!(
                        "`[{}]` (line {}) of the {} file has half a key",
                        section.header,
                        section.line,
                        file_name(file)
                    ),
                    "both `aws_access_key_id` and `aws_secret_access_key` are needed, or neither",
                ));
            }
        }
    }
    Ok(None)
}

/// The config file's section goes with the credentials file's: another key in it, or half of one, is not lost unasked.
fn other_key(
    context: &Context<'_>,
    arguments: &args::Add,
    profile: &str,
    taken: &LongTermKey,
) -> Result<(), KagiError> {
    let Some(section) = context.files.sdk_section(profile) else { return Ok(()) };
    let id = section.setting(KEY_SETTINGS[0]);
    let secret = section.setting(KEY_SETTINGS[1]);
    let is_other_id = id.as_ref().is_some_and(|it| it.value.trim() != taken.access_key_id);
    let is_other_secret =
        secret.as_ref().is_some_and(|it| it.value.trim() != taken.secret_access_key.expose_secret());
    let Some(other) = id.or(secret).filter(|_| is_other_id || is_other_secret) else { return Ok(()) };
    let named = if is_other_id { shown(other.value.trim()) } else { "another secret".to_owned() };
    let what = format!(
        "`{}` has two keys: {} in the credentials file and {named} in the config file (line {})",
        shown(profile),
        taken.access_key_id,
        other.line
    );
    if arguments.replace {
        printer::warning(&format!("{what}: the second is taken out of the file, and only the backup has it"));
        return Ok(());
    }
    Err(KagiError::argument(
        what,
        format!(
            "SDKs use the first: move the second to a profile of its own, or take it out; `kagi add --replace {}` takes it \
             out",
            quoted(profile)
        ),
    ))
}

fn file_name(file: File) -> &'static str {
    match file {
        File::Config => "config",
        File::Credentials => "credentials",
    }
}

fn typed_key(context: &Context<'_>, profile: &str) -> Result<LongTermKey, KagiError> {
    let prompter = context.prompter(format!("kagi add {}", quoted(profile)))?;
    let id = prompter.ask(Ask::Secret("the access key"), &format!("kagi: access key id of {profile}"))?;
    let secret =
        prompter.ask(Ask::Secret("the access key"), &format!("kagi: secret access key of {profile}"))?;
    Ok(LongTermKey { access_key_id: id.trim().to_owned(), secret_access_key: secret.trim().into() })
}

fn check(key: &LongTermKey) -> Result<(), KagiError> {
    let id = &key.access_key_id;
    if id.starts_with("ASIA") && is_key_id(id) {
        return Err(KagiError::argument(
            format!("`{id}` belongs to temporary credentials"),
            "kagi keeps a user's own key, `AKIA…`, and makes temporary ones itself",
        ));
    }
    if !is_long_term_id(id) {
        return Err(KagiError::argument(
            format!("`{}` is not an access key id", shown(id)),
            "it has the form `AKIAIOSFODNN7EXAMPLE`",
        ));
    }
    let secret = key.secret_access_key.expose_secret();
    if secret == FORGOTTEN {
        return Err(KagiError::argument(
            format!("the secret of {id} is not in the file: it was forgotten before the backup was restored"),
            "take both lines of the key out of the file; if AWS still has the key, make a new one in IAM",
        ));
    }
    if !(16..=128).contains(&secret.len()) || secret.contains(char::is_whitespace) || !secret.is_ascii() {
        return Err(KagiError::argument(
            "the secret access key has not the form of one",
            "it has 40 letters, digits, `+` and `/`; was it cut while copying?",
        ));
    }
    Ok(())
}

/// Asks AWS whose key it is and which device belongs to it.
fn identify(
    context: &Context<'_>,
    arguments: &args::Add,
    profile: &str,
    key: &LongTermKey,
    kept_device: Option<&str>,
) -> Result<StoredKey, KagiError> {
    let mut stored = StoredKey {
        profile: profile.to_owned(),
        access_key_id: key.access_key_id.clone(),
        secret_access_key: key.secret_access_key.clone(),
        user_arn: String::new(),
        mfa_serial: None,
        stored_at: context.now().as_second(),
    };
    if arguments.offline {
        stored.user_arn = profile.to_owned();
        // What was said, or known before, needs no answer of AWS.
        let said = arguments.mfa_serial.as_deref().or(kept_device);
        stored.mfa_serial = said.map(mfa_serial).transpose()?;
        return Ok(stored);
    }
    let client = client(context, profile)?;
    let signer = Signer::LongTerm(key);
    let sts = context.endpoint(Service::Sts, profile)?;
    let caller = client
        .get_caller_identity(&sts, &signer, context.now())
        .map_err(|source| KagiError::call(source, &format!("the key of `{profile}`")))?;
    if caller.arn.ends_with(":root") {
        return Err(KagiError::argument(
            format!("`{}` is a key of the root user of {}", key.access_key_id, caller.account),
            "delete it: the root user needs no access key (IAM User Guide, \"Root user best practices\")",
        ));
    }
    let iam = context.endpoint(Service::Iam, profile)?;
    let mut is_looked_up = true;
    stored.mfa_serial = match client.list_mfa_devices(&iam, &signer, context.now()) {
        Ok(serials) => {
            let choice = Choice { wanted: arguments.mfa_serial.as_deref(), kept: kept_device };
            choice.of(&serials, |text| ask(context, profile, text))?
        }
        Err(error) => {
            printer::warning(&format!(
                "the MFA device could not be looked up ({error}): set `mfa_serial` in the config file"
            ));
            is_looked_up = false;
            arguments.mfa_serial.as_deref().or(kept_device).map(mfa_serial).transpose()?
        }
    };
    printer::note(&match &stored.mfa_serial {
        Some(serial) if arguments.no_session => {
            return Err(KagiError::argument(
                format!("the user has the MFA device {serial}, and a session with MFA may call IAM"),
                format!("leave `--no-session` out: `kagi add {}`", quoted(profile)),
            ));
        }
        Some(serial) => format!("{} with MFA device {serial}", caller.arn),
        None if !is_looked_up => format!(
            "{}: whether there is an MFA device is not known; `kagi add --mfa-serial SERIAL {}` names it",
            caller.arn,
            quoted(profile)
        ),
        None if arguments.no_session => format!(
            "{} without an MFA device: programs get the key itself, which does not end by itself",
            caller.arn
        ),
        None => format!(
            "{} without an MFA device: programs get a session without MFA, which may call nothing of IAM (AWS's rule); \
             `kagi add --no-session {}` hands out the key itself",
            caller.arn,
            quoted(profile)
        ),
    });
    stored.user_arn = caller.arn;
    Ok(stored)
}

fn store(context: &Context<'_>, vault: &Vault, stored: &StoredKey) -> Result<(), KagiError> {
    vault.put_key(stored)?;
    // What was stored is read back before any plaintext goes.
    let back = vault.key(&stored.profile)?.ok_or_else(|| KagiError::NoKey(stored.profile.clone()))?;
    if back.secret_access_key.expose_secret() != stored.secret_access_key.expose_secret() {
        return Err(KagiError::Damaged(vault.home().to_owned()));
    }
    let access_key_id = Some(stored.access_key_id.clone());
    log::append(
        vault,
        log::Event { access_key_id, ..log::event("key-stored", &stored.profile, context.now()) },
    );
    printer::note(&format!("{} is in the vault as `{}`", stored.access_key_id, stored.profile));
    let same = vault.names_of(&stored.access_key_id)?;
    let others: Vec<_> =
        same.iter().filter(|key| key.profile != stored.profile).map(|key| quoted(&key.profile)).collect();
    if !others.is_empty() {
        printer::note(&format!(
            "it is the key of {} too: `kagi rotate` moves all its names, `kagi forget` one of them",
            others.join(", ")
        ));
    }
    Ok(())
}
