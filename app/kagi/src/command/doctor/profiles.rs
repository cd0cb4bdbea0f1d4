//! The profile files: what SDKs read differently, or not at all, or as a key.

use std::path::Path;

use kagimori_session::ini::Section;
use kagimori_session::profile::{File, Heading, heading, is_portable_name, without_inline_comment};
use kagimori_session::route::{Access, RouteError, Target};
use kagimori_session::value::shown;

use super::Finding;
use crate::context::Context;
use crate::error::quoted;

pub(super) fn look(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in [File::Config, File::Credentials] {
        faults(context, file, &mut findings);
        for section in context.files.document(file).sections() {
            let place = place(context, file, section.line);
            if file == File::Config {
                headers(section, &place, &mut findings);
            }
            keys(context, file, section, &place, &mut findings);
            comments(context, file, section, &mut findings);
        }
    }
    for name in context.files.names() {
        profile(context, &name, &mut findings);
    }
    findings
}

fn place(context: &Context<'_>, file: File, line: u32) -> String {
    let path = match file {
        File::Config => &context.places.config,
        File::Credentials => &context.places.credentials,
    };
    format!("{}:{line}", path.display())
}

fn faults(context: &Context<'_>, file: File, findings: &mut Vec<Finding>) {
    for fault in context.files.document(file).faults() {
        findings.push(Finding::new(
            "unreadable-line",
            place(context, file, fault.line),
            fault.kind.sentence(),
            "correct or remove it: botocore refuses the whole file",
        ));
    }
}

fn headers(section: &Section<'_>, place: &str, findings: &mut Vec<Finding>) {
    match heading(section.header) {
        Heading::Unread => findings.push(Finding::new(
            "unread-section",
            place,
            format!("no SDK reads `[{}]`", shown(section.header)),
            "in the config file a profile is `[profile NAME]`, NAME without spaces",
        )),
        Heading::Profile(name) if !is_portable_name(&name) => findings.push(Finding::new(
            "odd-name",
            place,
            format!("not every SDK reads a profile called `{}`", shown(&name)),
            "use letters, digits and `_.@+%:/-`",
        )),
        _ => {}
    }
}

fn keys(context: &Context<'_>, file: File, section: &Section<'_>, place: &str, findings: &mut Vec<Finding>) {
    let Some(secret) = section.setting("aws_secret_access_key") else { return };
    let header = section.header.trim();
    let name = match (file, heading(header)) {
        (File::Credentials, _) => header.to_owned(),
        (File::Config, Heading::Profile(name)) => name.into_owned(),
        _ => return,
    };
    let temporary = section.setting("aws_session_token").is_some();
    let (id, hint) = if temporary {
        ("plaintext-session", "remove it: kagi hands sessions out without writing them here".to_owned())
    } else {
        ("plaintext-key", format!("run `kagi add {}`", quoted(&name)))
    };
    findings.push(Finding::new(
        id,
        format!("{}:{}", place.rsplit_once(':').map_or(place, |(path, _)| path), secret.line),
        format!("`[{header}]` holds a secret key in plaintext"),
        hint,
    ));
    if context.files.sdk_section(&name).is_some_and(|section| section.setting("credential_process").is_some())
    {
        findings.push(Finding::new(
            "shadowed-process",
            place,
            format!("the key of `{name}` wins over its `credential_process` in Python, JavaScript, Go and Java, and loses in Rust"),
            format!("run `kagi add {}`, which removes the key", quoted(&name)),
        ));
    }
}

fn comments(context: &Context<'_>, file: File, section: &Section<'_>, findings: &mut Vec<Finding>) {
    for setting in section.settings() {
        if !setting.value.contains('\n') && without_inline_comment(&setting.value) != setting.value {
            findings.push(Finding::new(
                "inline-comment",
                place(context, file, setting.line),
                format!("botocore takes the comment as part of `{}`", shown(setting.key)),
                "put the comment on a line of its own",
            ));
        }
    }
}

fn profile(context: &Context<'_>, name: &str, findings: &mut Vec<Finding>) {
    if let Err(error) = context.route(&Target::Profile(name.to_owned()), &Access::Everyday)
        && !matches!(error, RouteError::Elsewhere { .. })
    {
        findings.push(Finding::new("no-route", format!("profile {name}"), error.to_string(), error.hint()));
    }
    let Some(section) = context.files.sdk_section(name) else { return };
    let place = place(context, File::Config, section.line);
    if let Some(process) = section.setting("credential_process") {
        if section.setting("role_arn").is_some() {
            findings.push(Finding::new(
                "role-and-process",
                place.as_str(),
                format!("`{name}` has `role_arn` and `credential_process`: Python fails, JavaScript ignores the role, Go assumes it twice"),
                format!("run `kagi add {}`, which moves the role into `[kagi {name}]`", quoted(name)),
            ));
        }
        command(&process.value, &place, findings);
    } else if section.setting("role_arn").is_some() {
        chained_by_an_sdk(context, name, section, &place, findings);
    }
}

fn command(text: &str, place: &str, findings: &mut Vec<Finding>) {
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
    findings.push(Finding::new(
        "process-command",
        place,
        format!("`credential_process`: {problem}"),
        "run `kagi add` again, which writes the line",
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
        .sdk_section(&source.value)
        .and_then(|section| section.setting("credential_process"))
        .is_some_and(|process| process.value.contains("kagi"));
    if served {
        findings.push(Finding::new(
            "role-outside-kagi",
            place,
            format!("SDKs assume the role of `{name}` themselves: not read-only, and the AWS CLI keeps it in plaintext in ~/.aws/cli/cache"),
            format!("run `kagi add {}`", quoted(name)),
        ));
    }
}
