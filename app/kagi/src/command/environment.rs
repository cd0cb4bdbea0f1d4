//! What a program's environment must hold, and must not, to act as a profile.

use kagimori_session::heading::{Heading, heading, is_portable_name};
use std::path::PathBuf;

use kagimori_session::ini::Document;
use kagimori_session::key::CacheKey;
use kagimori_session::merged::merged;
use kagimori_session::profile::File;
use kagimori_session::route::{Foreign, rfc3339};
use kagimori_session::value::{shown, words};
use kagimori_terminal::printer;
use secrecy::ExposeSecret;

use super::profile_lines::{argument, check_name, own_command, process_line, sdk_header, word};
use super::served::{is_served, ways_past_us};
use crate::broker::Broker;
use crate::error::KagiError;
use crate::files::write_own;
use crate::place::{ALIAS, SET, kept, persons, variable};
use crate::vault::StoredSession;

/// Everything that could make a program somebody else: what aws-vault clears, and what it forgets.
pub(crate) const UNSET: [&str; 17] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_FILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_PROFILE",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_ACCOUNT_ID",
    "AWS_CREDENTIAL_SCOPE",
];

/// Ours.
const OWN: [&str; 3] = ["KAGI_PROFILE", "KAGI_UNTIL", SET];
const SET_BY_US: [&str; 4] =
    ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED", "AWS_SDK_LOAD_CONFIG"];
const ORIGINALS: [(&str, &str); 2] = [
    ("KAGI_AWS_CONFIG_FILE", "AWS_CONFIG_FILE"),
    ("KAGI_AWS_CREDENTIALS_FILE", "AWS_SHARED_CREDENTIALS_FILE"),
];

/// The container's variables, which programs must not follow and a kagi inside needs.
const ASIDE: [(&str, &str); 3] = [
    ("KAGI_AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
    ("KAGI_AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    ("KAGI_AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
];

/// Other tools' and our own settings that are not copied for the SDK: each could be another way to credentials.
const NOT_COPIED: [&str; 11] = [
    "browser_cmd",
    "credential_process",
    "read_only",
    "read_only_extra",
    "read_only_role",
    "reason_in",
    "elevate_seconds",
    "session_seconds",
    "mfa_process",
    "include_profile",
    "parent_profile",
];

/// Variables to take away and to set.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) unset: Vec<&'static str>,
    pub(crate) set: Vec<(&'static str, String)>,
}

/// How the program shall find its credentials.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// Frozen keys in the environment.
    pub(crate) env_keys: bool,
    /// Instance metadata stays within reach.
    pub(crate) keep_metadata: bool,
}

/// Takes everything away, and brings back what was put aside.
pub(crate) fn none() -> Changes {
    let mut changes = bare();
    for (aside, name) in ASIDE {
        if let Some(value) = variable(aside) {
            changes.unset.retain(|unset| *unset != name);
            changes.set.push((name, value));
        }
    }
    changes
}

fn bare() -> Changes {
    let before = variable(SET).unwrap_or_default();
    let set_before = SET_BY_US.into_iter().filter(|name| before.split(',').any(|set| set == *name));
    let aside = ASIDE.iter().map(|(aside, _)| *aside);
    let unset = UNSET.into_iter().chain(OWN).chain(set_before).chain(aside).collect();
    let mut changes = Changes { unset, set: Vec::new() };
    restore_originals(&mut changes);
    changes
}

/// Points a program at a broker's target.
pub(crate) fn of(
    broker: &Broker<'_, '_>,
    session: &StoredSession,
    style: Style,
    others: &[Broker<'_, '_>],
) -> Result<Changes, KagiError> {
    let mut changes = bare();
    let mut put = |name: &'static str, value: String| {
        changes.unset.retain(|unset| *unset != name);
        changes.set.push((name, value));
    };
    put("KAGI_PROFILE", broker.route.name.clone());
    let shared = shared(broker, style);
    let (set, set_with_files) = (names(&shared, false), names(&shared, true));
    put(SET, set);
    for (name, value) in shared {
        put(name, value);
    }
    let credentials = session.credentials()?;
    if !style.env_keys {
        put_aside(broker, &mut put);
    }
    let is_frozen = session.elevated || !broker.reaches_programs();
    if (is_frozen || style.env_keys) && !session.is_key() {
        put("KAGI_UNTIL", rfc3339(credentials.expiration));
    }
    if style.env_keys {
        put("AWS_ACCESS_KEY_ID", credentials.access_key_id.clone());
        put("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.expose_secret().to_owned());
        if !session.is_key() {
            put("AWS_SESSION_TOKEN", credentials.session_token.expose_secret().to_owned());
            put("AWS_CREDENTIAL_EXPIRATION", rfc3339(credentials.expiration));
        }
        return Ok(changes);
    }
    if !is_frozen && is_served(broker) && others.iter().all(is_served) {
        put("AWS_PROFILE", broker.route.name.clone());
        return Ok(changes);
    }
    if is_frozen && !session.elevated {
        printer::note(&format!(
            "the variables that `{}` begins with are handed to no program: what was obtained is not renewed, and ends in {}",
            shown(&broker.route.name),
            words(credentials.left(broker.now()))
        ));
    }
    let (profile, config, credentials) = own_files(broker, session, others)?;
    put("AWS_PROFILE", profile);
    put(SET, set_with_files);
    for (name, value) in in_place_of_the_persons(broker, config, credentials) {
        put(name, value);
    }
    // What was going to be restored is set above.
    let mut seen = Vec::new();
    changes.set.reverse();
    changes.set.retain(|(name, _)| {
        !seen.contains(name) && {
            seen.push(*name);
            true
        }
    });
    changes.set.reverse();
    Ok(changes)
}

/// What a kagi inside needs to ask the container again, under names that no SDK follows.
fn put_aside(broker: &Broker<'_, '_>, put: &mut impl FnMut(&'static str, String)) {
    if broker.route.foreign != Some(Foreign::Container) || !broker.reaches_programs() {
        return;
    }
    for (aside, name) in ASIDE {
        if let Some(value) = kept(name) {
            put(aside, value);
        }
    }
}

/// What every way out sets, secrets apart. What the person has set themselves stays as it is.
fn shared(broker: &Broker<'_, '_>, style: Style) -> Vec<(&'static str, String)> {
    let mut shared = Vec::new();
    if let Some(region) = broker.context.around.region.as_ref().or(broker.route.region.as_ref()) {
        // boto reads only the second.
        shared.extend([("AWS_REGION", region.clone()), ("AWS_DEFAULT_REGION", region.clone())]);
    }
    if !style.keep_metadata {
        // When we fail, the JS SDK silently goes on to the container's or the machine's own identity.
        shared.push(("AWS_EC2_METADATA_DISABLED", "true".to_owned()));
    }
    if !style.env_keys {
        // Without it the Go SDK v1 and the JS SDK v2 do not read the config file, where we stand.
        shared.push(("AWS_SDK_LOAD_CONFIG", "1".to_owned()));
    }
    let is_typed = |name: &str| broker.context.region_is_typed && name.ends_with("_REGION");
    shared.retain(|(name, _)| persons(name).is_none() || is_typed(name));
    shared
}

/// The names that are taken away again: what is set, and what the person had not set and we do.
/// The files are ours only where we put some of our own in the place of the person's.
fn names(shared: &[(&'static str, String)], with_files: bool) -> String {
    let is_ours = |theirs: &&str| with_files && persons(theirs).is_none();
    let files = ORIGINALS.iter().map(|(_, theirs)| *theirs).filter(is_ours);
    shared.iter().map(|(name, _)| *name).chain(files).collect::<Vec<_>>().join(",")
}

/// Points a program at the container endpoint and at nothing else: SDKs read the files before it, so that a `[default]`
/// of the person's would win. Its own file has the profile's settings and no way to an identity.
pub(crate) fn of_endpoint(broker: &Broker<'_, '_>) -> Result<Changes, KagiError> {
    let mut changes = bare();
    let (config, credentials) = write_files(broker, &config_text(broker, "default", None))?;
    let shared = shared(broker, Style { env_keys: false, keep_metadata: false });
    let mut set = vec![("KAGI_PROFILE", broker.route.name.clone()), (SET, names(&shared, true))];
    set.extend(shared);
    set.extend(in_place_of_the_persons(broker, config, credentials));
    changes.unset.retain(|name| !set.iter().any(|(set, _)| set == name));
    changes.set.retain(|(name, _)| !set.iter().any(|(set, _)| set == name));
    changes.set.extend(set);
    Ok(changes)
}

/// Our files for SDKs; a kagi inside finds the person's.
fn in_place_of_the_persons(
    broker: &Broker<'_, '_>,
    config: String,
    credentials: String,
) -> [(&'static str, String); 4] {
    let places = &broker.context.places;
    [
        ("AWS_CONFIG_FILE", config),
        ("AWS_SHARED_CREDENTIALS_FILE", credentials),
        ("KAGI_AWS_CONFIG_FILE", places.config.to_string_lossy().into_owned()),
        ("KAGI_AWS_CREDENTIALS_FILE", places.credentials.to_string_lossy().into_owned()),
    ]
}

/// Inside a shell of ours the person's own files are put back.
fn restore_originals(changes: &mut Changes) {
    let before = variable(SET).unwrap_or_default();
    for (ours, theirs) in ORIGINALS {
        let Some(path) = variable(ours) else { continue };
        changes.unset.push(ours);
        // Where there was none before us there is none after us.
        if before.split(',').any(|set| set == theirs) {
            changes.unset.push(theirs);
        } else {
            changes.set.push((theirs, path));
        }
    }
}

/// A config file with this profile, and those that were named beside it, and an empty credentials file: whatever stands in
/// the person's own files, the program can be nobody else.
fn own_files(
    broker: &Broker<'_, '_>,
    session: &StoredSession,
    others: &[Broker<'_, '_>],
) -> Result<(String, String, String), KagiError> {
    let name = name_in_our_file(&broker.route.name);
    let line = format!("{} credentials {}", own_command()?, process_arguments(broker, session)?);
    let mut text = config_text(broker, &name, Some(&line));
    for other in others {
        // These are named in the program's own files, so their names stay.
        text.push_str(&config_text(other, &other.route.name, Some(&process_line(&other.route.name)?)));
    }
    let (config, credentials) = write_files(broker, &text)?;
    Ok((name, config, credentials))
}

/// The name every SDK reads. `kagi` inside knows the profile by `KAGI_PROFILE`.
fn name_in_our_file(name: &str) -> String {
    let name = name.replace('/', ":");
    if is_portable_name(&name) { name } else { ALIAS.to_owned() }
}

fn write_files(broker: &Broker<'_, '_>, text: &str) -> Result<(String, String), KagiError> {
    let name = format!("{}.config", CacheKey::of("config 1", &[text]).hex());
    let config = run_file(broker, &name, text)?;
    let credentials = run_file(broker, "empty.credentials", "")?;
    Ok((config.to_string_lossy().into_owned(), credentials.to_string_lossy().into_owned()))
}

/// A file for a program: in our home, and where that cannot be written, in `XDG_RUNTIME_DIR`.
pub(crate) fn run_file(broker: &Broker<'_, '_>, name: &str, text: &str) -> Result<PathBuf, KagiError> {
    let path = broker.vault.home().join("run").join(name);
    let Err(error) = write_own(&path, text.as_bytes()) else { return Ok(path) };
    match &broker.context.places.runtime {
        Some(runtime) => {
            let path = runtime.join("kagi").join(name);
            write_own(&path, text.as_bytes()).map(|()| path)
        }
        None => Err(error),
    }
}

fn process_arguments(broker: &Broker<'_, '_>, session: &StoredSession) -> Result<String, KagiError> {
    if session.elevated || !broker.reaches_programs() {
        return Ok(format!("--session {}", session.key));
    }
    match broker.route.name.split_once('/') {
        Some((account, role)) if !broker.context.files.defines(&broker.route.name) => {
            check_name(&broker.route.key_profile)?;
            Ok(format!("--account {account} --role {role} --source {}", word(&broker.route.key_profile)))
        }
        _ => {
            check_name(&broker.route.name)?;
            Ok(argument(&broker.route.name))
        }
    }
}

fn config_text(broker: &Broker<'_, '_>, name: &str, line: Option<&str>) -> String {
    let files = &broker.context.files;
    let mut text = format!(
        "# Made by kagi: what was asked for, and no way to another identity.\n[{}]\n",
        sdk_header(name)
    );
    if let Some(line) = line {
        text.push_str(&format!("credential_process = {line}\n"));
    }
    let Some(merged) = merged(files, &broker.route.name) else {
        if let Some(region) = &broker.route.region {
            text.push_str(&format!("region = {region}\n"));
        }
        return text;
    };
    let excluded = ways_past_us().into_iter().chain(NOT_COPIED).collect::<Vec<_>>();
    let is_excluded = |key: &str| excluded.iter().any(|excluded| key.eq_ignore_ascii_case(excluded));
    for setting in merged.settings().map(|part| &part.setting).filter(|setting| !is_excluded(setting.key)) {
        text.push_str(&format!("{} = {}\n", setting.key, setting.value.replace('\n', "\n  ")));
    }
    if let Some(services) = merged.get("services") {
        text.push_str(&services_text(files.document(File::Config), &services.setting.value));
    }
    text
}

/// The `[services NAME]` section as it stands.
fn services_text(document: &Document<'_>, name: &str) -> String {
    let is_it = |header: &str| matches!(heading(header), Heading::Services(found) if found == name);
    let Some(section) = document.sections().iter().find(|section| is_it(section.header)) else {
        return String::new();
    };
    let body = document.text().get(section.body_span()).unwrap_or_default();
    format!("[{}]\n{}\n", section.header, body.trim_end())
}
