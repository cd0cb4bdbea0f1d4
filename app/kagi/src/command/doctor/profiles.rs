//! Profile by profile: keys in plaintext, what competes with kagi's line, and what has no way to a key.

use std::path::Path;

use kagimori_session::credentials::is_long_term_id;
use kagimori_session::heading::{Heading, heading, is_writable_name};
use kagimori_session::ini::Section;
use kagimori_session::merged::{Merged, merged};
use kagimori_session::profile::File;
use kagimori_session::route::{Access, RouteError, Source, Target, is_kagi};
use kagimori_session::value::shown;

use super::Finding;
use super::competing;
use super::reading::place;
use crate::command::forget::FORGOTTEN;
use crate::context::Context;
use crate::error::{KagiError, quoted};
use crate::vault::Vault;

pub(super) fn look(context: &Context<'_>, vault: Option<&Vault>) -> Result<Vec<Finding>, KagiError> {
    let mut findings = Vec::new();
    for file in [File::Config, File::Credentials] {
        for section in context.files.document(file).sections() {
            keys(context, vault, file, section, &mut findings)?;
        }
    }
    for name in context.files.names() {
        profile(context, &name, &mut findings);
        if let Some(vault) = vault {
            without_a_key(context, vault, &name, &mut findings);
        }
    }
    Ok(findings)
}

fn keys(
    context: &Context<'_>,
    vault: Option<&Vault>,
    file: File,
    section: &Section<'_>,
    findings: &mut Vec<Finding>,
) -> Result<(), KagiError> {
    let Some(secret) = section.setting("aws_secret_access_key") else { return Ok(()) };
    let name = match (file, heading(section.header)) {
        (File::Credentials, _) => section.header.to_owned(),
        (File::Config, Heading::Profile(name)) => name.into_owned(),
        _ => return Ok(()),
    };
    let temporary = section.setting("aws_session_token").is_some();
    let id = if temporary { "plaintext-session" } else { "plaintext-key" };
    if secret.value.trim() == FORGOTTEN {
        findings.push(Finding::new(
            "forgotten-key",
            place(context, file, secret.line),
            format!("`[{}]` has a key whose secret was forgotten, out of a backup", shown(section.header)),
            "take its two lines out",
        ));
        return Ok(());
    }
    let hint = if temporary {
        "remove it: kagi hands sessions out without writing them here".to_owned()
    } else {
        way_into_the_vault(context, vault, section, &name)?
    };
    findings.push(Finding::new(
        id,
        place(context, file, secret.line),
        format!("`[{}]` holds a secret key in plaintext", shown(section.header)),
        hint.clone(),
    ));
    if merged(&context.files, &name).is_some_and(|merged| merged.get("credential_process").is_some()) {
        findings.push(Finding::new(
            "shadowed-process",
            place(context, file, section.line),
            format!("the key of `{}` wins over its `credential_process` in Python, JavaScript, Go and Java, and loses in Rust", shown(&name)),
            hint,
        ));
    }
    Ok(())
}

/// What takes the key out of the file, and overwrites nothing.
fn way_into_the_vault(
    context: &Context<'_>,
    vault: Option<&Vault>,
    section: &Section<'_>,
    name: &str,
) -> Result<String, KagiError> {
    let key_id =
        section.setting("aws_access_key_id").map(|it| it.value.trim().to_owned()).unwrap_or_default();
    if !is_long_term_id(&key_id) {
        return Ok(
            "it belongs to no access key id of a user (`AKIA…`): complete the pair, or remove it".to_owned()
        );
    }
    if !is_writable_name(name) {
        return Ok(
            "rename the profile with letters, digits and `_.@+%:/-`, then run `kagi add` with the new name"
                .to_owned(),
        );
    }
    if has_another_key(context, name, &key_id) {
        return Ok(format!(
            "the profile has another key in the other file: move one to a profile of its own, or take it out; `kagi add --replace {}` \
             keeps the one of the credentials file, which SDKs use",
            quoted(name)
        ));
    }
    let kept = match vault {
        Some(vault) => vault.key(name)?.filter(|kept| kept.access_key_id != key_id),
        None => None,
    };
    if let Some(kept) = kept {
        return Ok(format!(
            "the vault has {} under this name: remove this key from the file, or put it in the other's place with `kagi \
             add --replace {}`",
            kept.access_key_id,
            quoted(name)
        ));
    }
    if let Some(tool) = super::super::profile_lines::process_of_others(context, name) {
        return Ok(format!(
            "the profile has another tool's `credential_process` ({}): remove the key from the file, or the process, \
             then run `kagi add {}`",
            shown(&tool),
            quoted(name)
        ));
    }
    Ok(format!("run `kagi add {}`", quoted(name)))
}

/// Whether the other file has another key for the profile.
fn has_another_key(context: &Context<'_>, name: &str, key_id: &str) -> bool {
    let sections = [context.files.sdk_section(name), context.files.credentials_section(name)];
    let ids = sections.into_iter().flatten().filter_map(|section| section.setting("aws_access_key_id"));
    ids.into_iter().any(|id| id.value.trim() != key_id)
}

fn profile(context: &Context<'_>, name: &str, findings: &mut Vec<Finding>) {
    let route = context.route(&Target::Profile(name.to_owned()), &Access::Everyday);
    match &route {
        Err(RouteError::Twice(twice)) if twice.first.header != twice.second.header => {
            findings.push(Finding::new(
                "profile-twice",
                place(context, twice.second.file, twice.second.line),
                format!("{}: botocore reads the last alone", twice.sentence()),
                "put what both say into one section",
            ));
        }
        // The same header twice is refused, and told so.
        Ok(_) | Err(RouteError::Twice(_)) => {}
        Err(error) => findings.push(Finding::new(
            "no-route",
            format!("profile {}", shown(name)),
            error.to_string(),
            error.hint(),
        )),
    }
    two_values(context, name, findings);
    includes(context, name, findings);
    let Some(merged) = merged(&context.files, name) else { return };
    if let Some(process) = merged.get("credential_process") {
        competing::look(context, name, &merged, route.is_ok(), findings);
        command(
            name,
            &process.setting.value,
            &place(context, process.place.file, process.place.line),
            findings,
        );
    } else if merged.get("role_arn").is_some() && route.is_ok() {
        chained_by_an_sdk(context, name, &merged, findings);
    }
}

/// SDKs ask us for a profile that begins with a key that is not there.
fn without_a_key(context: &Context<'_>, vault: &Vault, name: &str, findings: &mut Vec<Finding>) {
    let Some(merged) = merged(&context.files, name) else { return };
    let Some(process) = merged.get("credential_process").filter(|it| is_kagi(&it.setting.value)) else {
        return;
    };
    let Ok(route) = context.route(&Target::Profile(name.to_owned()), &Access::Everyday) else { return };
    let has_key = || vault.key(&route.key_profile).map_or(true, |key| key.is_some());
    if route.source == Source::Key && route.foreign.is_none() && !has_key() {
        findings.push(Finding::new(
            "no-key",
            place(context, process.place.file, process.place.line),
            format!(
                "`{}` leads SDKs to kagi, and the vault has no key for `{}`",
                shown(name),
                shown(&route.key_profile)
            ),
            format!(
                "store one with `kagi add {} …`, or take the `credential_process` out",
                quoted(&route.key_profile)
            ),
        ));
    }
}

/// aws-vault's way to share settings, which a file keeps after the move away from it.
fn includes(context: &Context<'_>, name: &str, findings: &mut Vec<Finding>) {
    let of = |key| context.files.get(name, key).map(|found| (key, found));
    if let Some((key, found)) = of("include_profile").or_else(|| of("parent_profile")) {
        findings.push(Finding::new(
            "include-profile",
            place(context, found.place.file, found.place.line),
            format!(
                "no SDK reads `{key}`, nor does kagi: `{}` has nothing of what stands in `{}`",
                shown(name),
                shown(&found.value)
            ),
            "write the settings that it needs into the profile itself",
        ));
    }
}

/// One setting in both files, and not the same.
fn two_values(context: &Context<'_>, name: &str, findings: &mut Vec<Finding>) {
    let (Some(config), Some(credentials)) =
        (context.files.sdk_section(name), context.files.credentials_section(name))
    else {
        return;
    };
    for setting in credentials.settings() {
        if let Some(other) = config.setting(setting.key)
            && other.value != setting.value
        {
            findings.push(Finding::new(
                "two-values",
                place(context, File::Credentials, setting.line),
                format!(
                    "`{}` of `{}` has another value on line {} of the config file: botocore takes this one, and not every \
                     SDK does",
                    shown(setting.key),
                    shown(name),
                    other.line
                ),
                "remove one of them",
            ));
        }
    }
}

fn command(name: &str, text: &str, place: &str, findings: &mut Vec<Finding>) {
    let program = match text.strip_prefix('"') {
        Some(rest) => rest.split('"').next().unwrap_or_default(),
        None => text.split_whitespace().next().unwrap_or_default(),
    };
    let problem = if program.starts_with('~') || text.contains('$') {
        "botocore expands neither `~` nor variables"
    } else if !Path::new(program).is_absolute() {
        "the program is not an absolute path"
    } else if !Path::new(program).is_file() {
        "the program is not there"
    } else {
        return;
    };
    let is_ours = Path::new(program).file_name().is_some_and(|program| program == "kagi");
    findings.push(Finding::new(
        "process-command",
        place,
        format!("`credential_process`: {problem}"),
        if is_ours {
            format!("run `kagi add {}` again, which writes the line", quoted(name))
        } else {
            "write the program's whole path".to_owned()
        },
    ));
}

/// An SDK that gets the source from us and assumes the role itself: the AWS CLI then keeps the role in plaintext.
fn chained_by_an_sdk(context: &Context<'_>, name: &str, of: &Merged<'_>, findings: &mut Vec<Finding>) {
    let (Some(role), Some(source)) = (of.get("role_arn"), of.value("source_profile")) else { return };
    let served = merged(&context.files, &source)
        .is_some_and(|of| of.get("credential_process").is_some_and(|it| it.setting.value.contains("kagi")));
    if served {
        findings.push(Finding::new(
            "role-outside-kagi",
            place(context, role.place.file, role.place.line),
            format!("SDKs assume the role of `{}` themselves: not read-only, and the AWS CLI keeps it in plaintext in ~/.aws/cli/cache", shown(name)),
            if is_writable_name(name) {
                format!("run `kagi add {}`", quoted(name))
            } else {
                format!(
                    "rename it with letters, digits and `_.@+%:/-`, or run programs by `kagi serve {} -- …`",
                    quoted(name)
                )
            },
        ));
    }
}
