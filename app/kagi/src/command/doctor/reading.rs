//! The profile files as texts: what botocore refuses, what SDKs read differently, what none reads.

use kagimori_session::heading::{Heading, heading, is_portable_name, is_writable_name};
use kagimori_session::ini::{FaultKind, Section};
use kagimori_session::profile::{File, is_command, without_inline_comment};
use kagimori_session::refusal::{DEFAULTS, refusals};
use kagimori_session::value::shown;

use super::Finding;
use crate::context::Context;

pub(super) fn look(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in [File::Config, File::Credentials] {
        refused(context, file, &mut findings);
        for section in context.files.document(file).sections() {
            let place = place(context, file, section.line);
            match file {
                File::Config => config_header(section, &place, &mut findings),
                File::Credentials => credentials_header(section, &place, &mut findings),
            }
            values(context, file, section, &mut findings);
        }
    }
    findings
}

/// A line of one of the files.
pub(super) fn place(context: &Context<'_>, file: File, line: u32) -> String {
    let path = match file {
        File::Config => &context.places.config,
        File::Credentials => &context.places.credentials,
    };
    format!("{}:{line}", path.display())
}

fn refused(context: &Context<'_>, file: File, findings: &mut Vec<Finding>) {
    for fault in refusals(context.files.document(file)) {
        let (id, what) = match fault.kind {
            FaultKind::BeforeSection | FaultKind::NotASetting => ("unreadable-line", "correct or remove it"),
            FaultKind::ByteOrderMark => {
                ("byte-order-mark", "save the file as UTF-8 without a byte order mark")
            }
            FaultKind::SectionTwice { .. } => ("section-twice", "put what both say into one section"),
            FaultKind::SettingTwice { .. } => ("setting-twice", "keep one of them"),
            FaultKind::NestedLine => ("nested-line", "correct the line, or put the value beside its key"),
        };
        findings.push(Finding::new(
            id,
            place(context, file, fault.line),
            fault.kind.sentence(),
            format!("{what}: botocore refuses the whole file"),
        ));
    }
}

fn config_header(section: &Section<'_>, place: &str, findings: &mut Vec<Finding>) {
    let header = shown(section.header);
    let mut found = |id, message: String, hint: String| {
        findings.push(Finding::new(id, place, message, hint));
    };
    match heading(section.header) {
        Heading::Unread => {
            let hint = match meant(section.header) {
                Some(meant) => format!("write it as `[{}]`", shown(&meant)),
                None => "in the config file a profile is `[profile NAME]`".to_owned(),
            };
            found("unread-section", format!("no SDK reads `[{header}]`"), hint);
        }
        Heading::Profile(name) if !is_portable_name(&name) => found(
            "odd-name",
            format!("the AWS CLI reads a profile called `{}`, and not every SDK does", shown(&name)),
            format!(
                "rename it with letters, digits and `_.@+%:/-`, or run programs by `kagi {} … -- …`, which gives them what all read",
                if is_writable_name(&name) { "exec" } else { "serve" }
            ),
        ),
        Heading::Profile(name) if name != "default" && !has_word(section.header, "profile") => found(
            "odd-header",
            format!("only botocore takes `[{header}]` for the profile `{}`", shown(&name)),
            format!("write it as `[profile {}]`", shown(&name)),
        ),
        Heading::Defaults => defaults(section, place, findings),
        _ => {}
    }
}

fn has_word(header: &str, word: &str) -> bool {
    header.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '\t', '"', '\'']))
}

/// The header that was probably meant: blanks of other alphabets are blanks, and capitals do not matter.
fn meant(header: &str) -> Option<String> {
    let words: Vec<&str> = header.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
    let name = match words.as_slice() {
        [only] if only.eq_ignore_ascii_case("default") => return Some("default".to_owned()),
        [first, name @ ..] if first.eq_ignore_ascii_case("profile") && !name.is_empty() => name.join(" "),
        [only] if !only.eq_ignore_ascii_case("profile") => (*only).to_owned(),
        _ => return None,
    };
    let meant =
        if is_portable_name(&name) { format!("profile {name}") } else { format!("profile \"{name}\"") };
    matches!(heading(&meant), Heading::Profile(found) if found == name).then_some(meant)
}

fn credentials_header(section: &Section<'_>, place: &str, findings: &mut Vec<Finding>) {
    let header = section.header;
    if header == DEFAULTS {
        return defaults(section, place, findings);
    }
    let without = header.trim().strip_prefix("profile ").unwrap_or(header).trim();
    if without != header && !without.is_empty() {
        findings.push(Finding::new(
            "odd-credentials-header",
            place,
            format!(
                "in the credentials file the whole of `[{}]`, blanks too, is the profile's name",
                shown(header)
            ),
            format!("write it as `[{}]`", shown(without)),
        ));
    }
}

fn defaults(section: &Section<'_>, place: &str, findings: &mut Vec<Finding>) {
    if section.settings().next().is_some() {
        findings.push(Finding::new(
            "python-defaults",
            place,
            "Python puts the settings of `[DEFAULT]` into every section of the file; no other SDK reads them, nor does kagi",
            "move them into the sections that need them; the profile for everything else is `[default]`",
        ));
    }
}

fn values(context: &Context<'_>, file: File, section: &Section<'_>, findings: &mut Vec<Finding>) {
    for setting in section.settings() {
        let place = place(context, file, setting.line);
        let value = setting.value.trim_end();
        let is_of_a_shell = is_command(setting.key) && ends_at_a_semicolon(value);
        if !is_of_a_shell && without_inline_comment(value) != value {
            findings.push(Finding::new(
                "inline-comment",
                place.as_str(),
                format!("botocore takes the comment as part of `{}`", shown(setting.key)),
                "put the comment on a line of its own",
            ));
        }
        if is_of_a_shell {
            findings.push(Finding::new(
                "inline-comment",
                place.as_str(),
                format!(
                    "JavaScript ends `{}` before the ` ;`; botocore, and kagi, take what follows for a part of it",
                    shown(setting.key)
                ),
                "put the command into a script, and name that",
            ));
        }
        if without_inline_comment(value).trim().is_empty() {
            findings.push(Finding::new(
                "empty-setting",
                place,
                format!(
                    "`{}` is empty: botocore takes the empty text for its value, kagi takes it as not set",
                    shown(setting.key)
                ),
                "remove the line, or give it a value",
            ));
        }
    }
}

fn ends_at_a_semicolon(value: &str) -> bool {
    value.lines().any(|line| line.contains(" ;") || line.contains("\t;"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_is_not_read_is_told_as_it_was_meant() {
        let cases = [
            ("dev", Some("profile dev")),
            (" profile a ", Some("profile a")),
            ("profile\u{3000}dev", Some("profile dev")),
            ("Profile dev", Some("profile dev")),
            ("profile a b", Some("profile \"a b\"")),
            (" default", Some("default")),
            ("profile \"dev", Some("profile dev")),
            ("profile", None),
            ("tool x y", None),
        ];
        for (header, expected) in cases {
            assert_eq!(meant(header).as_deref(), expected, "{header}");
        }
    }
}
