//! Profile by profile: keys in plaintext, what competes with kagi's line, and what has no way to a key.

use std::path::Path;

use kagimori_session::credentials::is_long_term_id;
use kagimori_session::heading::{Heading, heading, is_writable_name};
use kagimori_session::ini::Section;
use kagimori_session::login_session::LOGIN_SESSION;
use kagimori_session::profile::{File, without_inline_comment};
use kagimori_session::route::{Access, RouteError, Target};
use kagimori_session::value::shown;

use super::Finding;
use super::reading::place;
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
    if context.files.sdk_section(&name).is_some_and(|section| section.setting("credential_process").is_some())
    {
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
    let Some(section) = context.files.sdk_section(name) else { return };
    let place = place(context, File::Config, section.line);
    if let Some(process) = section.setting("credential_process") {
        if section.setting("role_arn").is_some() {
            findings.push(Finding::new(
                "role-and-process",
                place.as_str(),
                format!("`{}` has `role_arn` and `credential_process`: Python fails, JavaScript ignores the role, Go assumes it twice", shown(name)),
                match route {
                    Ok(_) => format!("run `kagi add {}`, which moves the role into `[kagi {name}]`", quoted(name)),
                    Err(_) => "remove one of them".to_owned(),
                },
            ));
        }
        if let Some(setting) = section.settings().find(|it| is_of_center(it.key)) {
            findings.push(Finding::new(
                "sso-and-process",
                place.as_str(),
                format!(
                    "`{}` has `{}` and `credential_process`: Python goes to Identity Center by itself",
                    shown(name),
                    shown(setting.key)
                ),
                format!("run `kagi add {}`, which moves `sso_*` into `[kagi {name}]`", quoted(name)),
            ));
        }
        if section.setting(LOGIN_SESSION).is_some() {
            findings.push(Finding::new(
                "login-and-process",
                place.as_str(),
                format!(
                    "`{}` has `{LOGIN_SESSION}` and `credential_process`: Python takes what `aws login` left",
                    shown(name)
                ),
                format!(
                    "run `kagi add {}`, which moves `{LOGIN_SESSION}` into `[kagi {name}]`",
                    quoted(name)
                ),
            ));
        }
        command(name, &process.value, &place, findings);
    } else if section.setting("role_arn").is_some() && route.is_ok() {
        chained_by_an_sdk(context, name, section, &place, findings);
    }
}

/// What makes botocore (1.44.8) go to Identity Center before it looks at a process.
fn is_of_center(key: &str) -> bool {
    ["sso_account_id", "sso_role_name"].iter().any(|it| it.eq_ignore_ascii_case(key))
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
fn chained_by_an_sdk(
    context: &Context<'_>,
    name: &str,
    section: &Section<'_>,
    place: &str,
    findings: &mut Vec<Finding>,
) {
    let Some(source) = section.setting("source_profile") else { return };
    let served = context
        .files
        .sdk_section(&without_inline_comment(&source.value))
        .and_then(|section| section.setting("credential_process"))
        .is_some_and(|process| process.value.contains("kagi"));
    if served {
        findings.push(Finding::new(
            "role-outside-kagi",
            place,
            format!("SDKs assume the role of `{}` themselves: not read-only, and the AWS CLI keeps it in plaintext in ~/.aws/cli/cache", shown(name)),
            format!("run `kagi add {}`", quoted(name)),
        ));
    }
}
