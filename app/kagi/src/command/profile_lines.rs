//! The lines an SDK reads: `credential_process` in the profile's section, and nothing beside it that would win over it
//! (static keys, and in botocore `sso_*`) or take part in it (`role_arn`). The role's settings live in `[kagi NAME]`, which
//! no SDK reads.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kagimori_session::edit::{drop_empty_sections, obstacle, remove, set};
use kagimori_session::heading::{Heading, heading, is_portable_name, is_writable_name};
use kagimori_session::login_session::LOGIN_SESSION;
use kagimori_session::merged::{Part, merged};
use kagimori_session::profile::{File, Found, ProfileFiles, without_inline_comment};
use kagimori_session::route::{Access, Route, Target, is_kagi, resolve};
use kagimori_session::sso::settings::SSO_SETTINGS;
use kagimori_session::value::shown;
use kagimori_terminal::printer;

use crate::context::{Context, Texts};
use crate::error::{KagiError, quoted};
use crate::files::{read_profiles, rewrite};
use crate::lock::lock;
use crate::vault::Vault;

/// What makes a key.
pub(crate) const KEY_SETTINGS: [&str; 4] =
    ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"];

/// What makes a role; with `credential_process` beside them SDKs disagree.
pub(crate) const ROLE_SETTINGS: [&str; 13] = [
    "role_arn",
    "source_profile",
    // Go prefers it to `credential_process` even without a role.
    "credential_source",
    "web_identity_token_file",
    // botocore takes `aws login` before a process.
    LOGIN_SESSION,
    "mfa_serial",
    "external_id",
    "role_session_name",
    "duration_seconds",
    "session_tags",
    "transitive_session_tags",
    "source_identity",
    "policy_arns",
];

/// What moves into `[kagi NAME]`.
const MOVED: [&str; ROLE_SETTINGS.len() + SSO_SETTINGS.len()] = {
    let mut moved = [""; ROLE_SETTINGS.len() + SSO_SETTINGS.len()];
    let (roles, rest) = moved.split_at_mut(ROLE_SETTINGS.len());
    roles.copy_from_slice(&ROLE_SETTINGS);
    rest.copy_from_slice(&SSO_SETTINGS);
    moved
};

/// New texts of the profile files.
struct Edits {
    config: String,
    credentials: String,
}

/// Only names that come back from a header and from a command line as they are.
pub(crate) fn check_name(name: &str) -> Result<(), KagiError> {
    if is_writable_name(name) {
        return Ok(());
    }
    Err(KagiError::argument(
        format!("a profile called `{}` cannot be written into the files", shown(name)),
        format!(
            "use letters, digits and `_.@+%:/-`; a profile of this name is taken as it is by `kagi serve {} -- …`",
            quoted(name)
        ),
    ))
}

/// The header of the section an SDK reads.
pub(crate) fn sdk_header(profile: &str) -> String {
    if profile == "default" { "default".to_owned() } else { format!("profile {}", word(profile)) }
}

/// A name as one word of a header or of a `credential_process`, by the rules of botocore and of a shell alike.
pub(crate) fn word(name: &str) -> String {
    if is_portable_name(name) { name.to_owned() } else { format!("\"{name}\"") }
}

/// A name behind `kagi credentials`: one that begins with a dash is no option.
pub(crate) fn argument(name: &str) -> String {
    if name.starts_with('-') { format!("-- {}", word(name)) } else { word(name) }
}

/// What an SDK runs for a profile.
pub(crate) fn process_line(profile: &str) -> Result<String, KagiError> {
    Ok(format!("{} credentials {}", own_command()?, argument(profile)))
}

/// The `credential_process` of a profile that is not kagi's.
pub(crate) fn process_of_others(context: &Context<'_>, profile: &str) -> Option<String> {
    let merged = merged(&context.files, profile)?;
    let process = &merged.get("credential_process")?.setting.value;
    (!is_kagi(process)).then(|| process.clone().into_owned())
}

fn is_sdk_section(header: &str, profile: &str) -> bool {
    matches!(heading(header), Heading::Profile(name) if name == profile)
}

/// What is to be changed. It is worked out under the lock, of the files as they are then: several kagi may be at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'p> {
    pub(crate) profile: &'p str,
    /// The plaintext key goes.
    pub(crate) takes_key: bool,
    /// What stands in the files may make the profile another than `[kagi NAME]` does (`--replace`).
    pub(crate) replaces: bool,
    /// `session = off` in `[kagi NAME]`: programs get the key itself.
    pub(crate) no_session: Option<bool>,
}

impl Change<'_> {
    /// Writes what changes, each file after a sealed backup.
    pub(crate) fn apply(self, context: &Context<'_>, vault: &Vault) -> Result<(), KagiError> {
        let places = &context.places;
        let _lock = lock(&vault.lock_path("files"), Duration::from_secs(10))?;
        let texts = Texts::read(places)?;
        for (path, text) in [(&places.config, &texts.config), (&places.credentials, &texts.credentials)] {
            can_be_edited(path, text)?;
        }
        let files = ProfileFiles::scan(&texts.config, &texts.credentials);
        let edits = self.edits(&files)?;
        if !self.replaces {
            self.keeps_its_way(&files, &edits)?;
        }
        replace(context, vault, &places.config, &texts.config, &edits.config)?;
        replace(context, vault, &places.credentials, &texts.credentials, &edits.credentials)
    }

    /// Why it would be refused, of the files as they were read.
    pub(crate) fn refusal(self, context: &Context<'_>) -> Option<KagiError> {
        let kept = self.edits(&context.files).and_then(|edits| self.keeps_its_way(&context.files, &edits));
        kept.err()
    }

    /// What is moved beside what `[kagi NAME]` says must not make the profile somebody else.
    fn keeps_its_way(self, files: &ProfileFiles<'_>, edits: &Edits) -> Result<(), KagiError> {
        let route = |files: &ProfileFiles<'_>| {
            resolve(files, &Target::Profile(self.profile.to_owned()), &Access::Everyday)
        };
        let after = ProfileFiles::scan(&edits.config, &edits.credentials);
        let Ok(before) = route(files) else { return Ok(()) };
        // `--no-session` is asked for.
        let same =
            |after: Route| after.leads_where(&Route { key_itself: after.key_itself, ..before.clone() });
        if route(&after).is_ok_and(same) {
            return Ok(());
        }
        let Some(merged) = merged(files, self.profile) else { return Ok(()) };
        let differs = |part: &&Part<'_>| {
            let kept = files.get(self.profile, part.setting.key);
            let same =
                |kept: Found<'_>| kept.place != part.place && kept.value == moved_value(&part.setting.value);
            is_moved(part.setting.key) && !kept.is_some_and(same)
        };
        let what = merged
            .settings()
            .find(differs)
            .map(|part| format!("`{}` ({})", shown(part.setting.key), part.place));
        let name = quoted(self.profile);
        Err(KagiError::argument(
            format!(
                "{} would make `{}` another identity than `[kagi {name}]` does",
                what.unwrap_or_else(|| "what stands in the files".to_owned()),
                shown(self.profile)
            ),
            format!(
                "take that line out to keep what kagi serves, or let it win with `kagi add --replace {name}`; until then \
                 `kagi exec {name} -- …` is what kagi says"
            ),
        ))
    }

    fn edits(self, files: &ProfileFiles<'_>) -> Result<Edits, KagiError> {
        let mut edits = serve(files, self.profile)?;
        if self.takes_key {
            edits = edits.without_plaintext(self.profile);
        }
        let is_ours = |header: &str| is_own_section(header, self.profile);
        edits.config = match self.no_session {
            Some(true) => {
                set(&edits.config, is_ours, &format!("kagi {}", word(self.profile)), "session", "off")
            }
            Some(false) => drop_empty_sections(&remove(&edits.config, is_ours, &["session"]), is_ours),
            None => edits.config,
        };
        Ok(edits)
    }
}

/// Writes another text of the config file, made of the one that was read.
pub(crate) fn write_config(context: &Context<'_>, vault: &Vault, text: &str) -> Result<(), KagiError> {
    let _lock = lock(&vault.lock_path("files"), Duration::from_secs(10))?;
    let (path, before) = (&context.places.config, context.files.document(File::Config).text());
    can_be_edited(path, before)?;
    replace(context, vault, path, before, text)
}

fn is_own_section(header: &str, profile: &str) -> bool {
    matches!(heading(header), Heading::Kagi(name) if name == profile)
}

/// Lets kagi serve a profile.
fn serve(files: &ProfileFiles<'_>, profile: &str) -> Result<Edits, KagiError> {
    let line = process_line(profile)?;
    let (sdk, ours) = (sdk_header(profile), format!("kagi {}", word(profile)));
    let is_sdk = |header: &str| is_sdk_section(header, profile);
    let is_ours = |header: &str| is_own_section(header, profile);
    let mut config = remove(files.document(File::Config).text(), is_sdk, &MOVED);
    for (key, value) in moved(files, profile)? {
        config = set(&config, is_ours, &ours, &key, &value);
    }
    config = set(&config, is_sdk, &sdk, "credential_process", &line);
    // botocore puts the credentials file over the config file, whichever the setting.
    let is_theirs = |header: &str| header == profile;
    let before = files.document(File::Credentials).text();
    let mut credentials = remove(&remove(before, is_theirs, &MOVED), is_theirs, &["credential_process"]);
    if credentials != before {
        credentials = drop_empty_sections(&credentials, is_theirs);
    }
    Ok(Edits { config, credentials })
}

/// What goes from the sections that SDKs read to ours: of both files, each with the value that SDKs take.
fn moved(files: &ProfileFiles<'_>, profile: &str) -> Result<Vec<(String, String)>, KagiError> {
    let Some(merged) = merged(files, profile) else { return Ok(Vec::new()) };
    let of_all = merged.settings().find(|part| part.is_of_all() && is_past_us(part.setting.key));
    if let Some(part) = of_all {
        return Err(KagiError::argument(
            format!(
                "`{}` ({}) holds for every profile in Python, which prefers it to kagi",
                shown(part.setting.key),
                part.place
            ),
            "move it into the section of the profile that needs it, then run this again",
        ));
    }
    let parts = merged.settings().filter(|part| is_moved(part.setting.key));
    Ok(parts.map(|part| (part.setting.key.to_lowercase(), moved_value(&part.setting.value))).collect())
}

fn is_moved(key: &str) -> bool {
    MOVED.iter().any(|moved| key.eq_ignore_ascii_case(moved))
}

fn is_past_us(key: &str) -> bool {
    is_moved(key) || KEY_SETTINGS.iter().any(|it| key.eq_ignore_ascii_case(it))
}

/// A value on the lines it had, indented so that they stay its own.
fn moved_value(value: &str) -> String {
    without_inline_comment(value).replace('\n', "\n  ")
}

impl Edits {
    /// Without the plaintext keys of a profile.
    fn without_plaintext(self, profile: &str) -> Self {
        let is_keys = |header: &str| header == profile;
        let is_sdk = |header: &str| is_sdk_section(header, profile);
        Self {
            config: remove(&self.config, is_sdk, &KEY_SETTINGS),
            credentials: drop_empty_sections(&remove(&self.credentials, is_keys, &KEY_SETTINGS), is_keys),
        }
    }
}

/// Whether the files can be edited as they are; asked before a key is taken, too.
pub(crate) fn check_files(context: &Context<'_>) -> Result<(), KagiError> {
    can_be_edited(&context.places.config, context.files.document(File::Config).text())?;
    can_be_edited(&context.places.credentials, context.files.document(File::Credentials).text())
}

fn can_be_edited(path: &Path, text: &str) -> Result<(), KagiError> {
    match obstacle(text) {
        None => Ok(()),
        Some(fault) => Err(KagiError::argument(
            format!("`{}` line {}: {}", path.display(), fault.line, fault.kind.sentence()),
            "correct the line first: kagi does not edit a file that SDKs read differently",
        )),
    }
}

fn replace(
    context: &Context<'_>,
    vault: &Vault,
    path: &Path,
    before: &str,
    after: &str,
) -> Result<(), KagiError> {
    if before == after {
        return Ok(());
    }
    if read_profiles(path)? != before {
        return Err(KagiError::argument(
            format!("`{}` was changed by somebody else meanwhile", path.display()),
            "run the command again",
        ));
    }
    let mut backup = None;
    if !before.is_empty() {
        backup = vault.back_up(path, before, after, context.now())?.file_name().map(ToOwned::to_owned);
    }
    let names = std::fs::metadata(path).map_or(1, |it| it.nlink());
    rewrite(path, after).map_err(|error| match error {
        KagiError::Write { path, source } => KagiError::ProfileFile { path, source },
        other => other,
    })?;
    if names > 1 {
        printer::warning(&format!(
            "`{}` had {names} names (hard links): the others still hold the old text and what was plaintext in it; remove them",
            path.display()
        ));
    }
    let back = backup.map(|name| format!("; as it was: `kagi restore {}`", quoted(&name.to_string_lossy())));
    printer::note(&format!("edited {}{}", path.display(), back.unwrap_or_default()));
    Ok(())
}

/// This program as an SDK can run it: an absolute path, no shell. The one in `PATH` if it is the same file, since that
/// survives an upgrade.
pub(crate) fn own_command() -> Result<String, KagiError> {
    let own =
        std::env::current_exe().map_err(|source| KagiError::Run { command: "kagi".to_owned(), source })?;
    let path = in_path(&own).unwrap_or(own);
    let text = path.to_str().unwrap_or_default();
    // AWS: "A-Za-z0-9-_. " and separators are safe; botocore splits by itself, others by a shell.
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/-_.+@".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    if !text.is_empty() && text.chars().all(|letter| plain(letter) || letter == ' ') {
        return Ok(format!("\"{text}\""));
    }
    Err(KagiError::argument(
        format!("the path of kagi, `{}`, cannot be written for every SDK", shown(&path.to_string_lossy())),
        "move the program to a path of letters, digits and `-_.`",
    ))
}

fn in_path(own: &Path) -> Option<PathBuf> {
    let own = own.canonicalize().ok()?;
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join("kagi"))
        .find(|candidate| candidate.canonicalize().is_ok_and(|candidate| candidate == own))
}
