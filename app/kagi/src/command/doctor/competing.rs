//! What stands beside a `credential_process` in the profile that SDKs make of both files, and who takes it instead.

use kagimori_session::login_session::LOGIN_SESSION;
use kagimori_session::merged::{Merged, Part};
use kagimori_session::value::shown;

use super::Finding;
use super::reading::place;
use crate::command::profile_lines::{Change, process_of_others};
use crate::context::Context;
use crate::error::quoted;

/// One kind of way past the process.
struct Kind {
    id: &'static str,
    /// The settings that open it.
    keys: &'static [&'static str],
    /// What SDKs do.
    what: fn(&Merged<'_>) -> &'static str,
}

/// In botocore's order (1.43): each of these is looked for before a process.
const KINDS: [Kind; 5] = [
    Kind { id: "web-identity-and-process", keys: &["web_identity_token_file"], what: web_identity },
    Kind { id: "role-and-process", keys: &["role_arn"], what: role },
    Kind {
        id: "sso-and-process",
        keys: &["sso_account_id", "sso_role_name"],
        what: |_| "Python goes to Identity Center by itself",
    },
    Kind { id: "login-and-process", keys: &[LOGIN_SESSION], what: |_| "Python takes what `aws login` left" },
    Kind {
        id: "source-and-process",
        keys: &["credential_source"],
        what: |_| "Go takes the source, role or none",
    },
];

fn web_identity(merged: &Merged<'_>) -> &'static str {
    match merged.get("role_arn") {
        Some(_) => "Python assumes the role by the token file, and nothing is read-only",
        None => "Python fails",
    }
}

fn role(merged: &Merged<'_>) -> &'static str {
    match merged.first(&["source_profile", "credential_source"]) {
        Some(_) => {
            "Python (botocore 1.43) assumes the role itself, so that nothing is read-only, and the AWS CLI keeps it in \
             plaintext; other SDKs do otherwise"
        }
        None => "Python fails, JavaScript ignores the role, Go assumes it twice",
    }
}

pub(super) fn look(
    context: &Context<'_>,
    name: &str,
    merged: &Merged<'_>,
    has_route: bool,
    findings: &mut Vec<Finding>,
) {
    for kind in KINDS {
        let Some(part) = merged.first(kind.keys) else { continue };
        // A role by a token is told once.
        if kind.keys == ["role_arn"] && merged.get("web_identity_token_file").is_some()
            || kind.keys == ["credential_source"] && merged.get("role_arn").is_some()
        {
            continue;
        }
        findings.push(Finding::new(
            kind.id,
            place(context, part.place.file, part.place.line),
            format!(
                "`{}` has `{}` and `credential_process`: {}",
                shown(name),
                shown(part.setting.key),
                (kind.what)(merged)
            ),
            hint(context, name, part, has_route),
        ));
    }
}

fn hint(context: &Context<'_>, name: &str, part: &Part<'_>, has_route: bool) -> String {
    if part.is_of_all() {
        return "move it out of `[DEFAULT]`, into the profile that needs it".to_owned();
    }
    if !has_route {
        return "remove one of them".to_owned();
    }
    if process_of_others(context, name).is_some() {
        return format!(
            "remove one of the two; `kagi add --replace {}` puts kagi in the place of the tool",
            quoted(name)
        );
    }
    let change = Change { profile: name, takes_key: false, replaces: false, no_session: None };
    if let Some(refused) = change.refusal(context) {
        return refused.hint();
    }
    format!("run `kagi add {}`, which moves what competes into `[kagi {}]`", quoted(name), shown(name))
}
