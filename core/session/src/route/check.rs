//! The sections that only kagi reads, looked at as a whole: names that are no setting, values that cannot be used, and
//! settings that stand where nobody looks for them. A route reads only what it needs; here nothing is passed over.

use kagimori_id::nearest;

use super::setting::{
    credential_source, elevate_seconds, external_id, first_serial, list, on_or_off, policy_arns, reason_in,
    role_seconds, session_seconds, source_identity, tags,
};
use crate::extra::extras;
use crate::heading::{Heading, heading};
use crate::login_session::LOGIN_SESSION;
use crate::profile::{File, Place, ProfileFiles, without_inline_comment};
use crate::sso::entitled;
use crate::sso::profiles::{GONE_SINCE, WRITTEN};
use crate::sso::settings::{SSO_SETTINGS, permission_set};
use crate::value::{Refused, RoleArn, seconds, session_name, shown, within};

/// What is wrong with a line of `[kagi]` or `[kagi NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misread {
    /// Where.
    pub place: Place,
    /// The profile of the section; none for `[kagi]`.
    pub profile: Option<String>,
    /// What, and what to do.
    pub refused: Refused,
}

/// Of all profiles only.
const OF_ALL: [&str; 5] = ["prompt_program", "prompt_for", "passphrase_program", "unlock", "unlock_for"];

/// Of one profile only; the rest of what is read here stands in either.
const OF_ONE: [&str; 10] = [
    "role_arn",
    "credential_source",
    "web_identity_token_file",
    LOGIN_SESSION,
    "credential_process",
    "read_only_extra",
    entitled::ROLE,
    GONE_SINCE,
    WRITTEN,
    "services",
];

const OF_EITHER: [&str; 26] = [
    "source_profile",
    "mfa_serial",
    "external_id",
    "role_session_name",
    "duration_seconds",
    "source_identity",
    "session_tags",
    "transitive_session_tags",
    "policy_arns",
    "read_only",
    "read_only_role",
    "reason_in",
    "elevate_seconds",
    "session_seconds",
    "session",
    "browser_cmd",
    "region",
    "output",
    "endpoint_url",
    "ca_bundle",
    "use_fips_endpoint",
    "use_dualstack_endpoint",
    "sts_regional_endpoints",
    "ignore_configured_endpoint_urls",
    "account_id_endpoint_mode",
    entitled::TENANT,
];

/// Every line of our sections that is not read as it was meant.
#[must_use]
pub fn misread(files: &ProfileFiles<'_>) -> Vec<Misread> {
    let mut misread = Vec::new();
    for section in files.document(File::Config).sections() {
        let profile = match heading(section.header) {
            Heading::KagiGlobal => None,
            Heading::Kagi(name) => Some(name.into_owned()),
            _ => continue,
        };
        for setting in section.settings() {
            let key = setting.key.to_lowercase();
            let wrong = name(&key, profile.is_some())
                .and_then(|()| value(&key, &without_inline_comment(&setting.value)));
            if let Err(refused) = wrong {
                let place =
                    Place { file: File::Config, header: section.header.to_owned(), line: setting.line };
                misread.push(Misread { place, profile: profile.clone(), refused });
            }
        }
    }
    misread
}

fn name(key: &str, of_one: bool) -> Result<(), Refused> {
    let (here, there): (Vec<&str>, Vec<&str>) = if of_one {
        (OF_ONE.iter().chain(&SSO_SETTINGS).chain(&OF_EITHER).copied().collect(), OF_ALL.to_vec())
    } else {
        (
            OF_ALL.iter().chain(&OF_EITHER).copied().collect(),
            OF_ONE.iter().chain(&SSO_SETTINGS).copied().collect(),
        )
    };
    if here.contains(&key) {
        return Ok(());
    }
    if there.contains(&key) {
        let (where_it_is, what) =
            if of_one { ("[kagi]", "of all profiles") } else { ("[kagi NAME]", "of one profile") };
        return Err(Refused::new(
            format!("`{key}` is a setting {what}, and nobody looks for it here"),
            format!("move it to `{where_it_is}`"),
        ));
    }
    let known = here.iter().chain(&there).copied();
    Err(Refused::new(
        format!("`{}` is no setting of kagi's", shown(key)),
        match nearest(key, known) {
            Some(near) => format!("did you mean `{near}`? Otherwise take the line out"),
            None => {
                "take the line out; a setting that other programs read stands in `[profile NAME]`".to_owned()
            }
        },
    ))
}

fn value(key: &str, text: &str) -> Result<(), Refused> {
    // An empty one is not set.
    if text.is_empty() {
        return Ok(());
    }
    let lasts = |least, most| seconds(text).and_then(|it| within(key, it, least, most)).map(drop);
    match key {
        "read_only" | "session" => on_or_off(text).map(drop),
        "read_only_role" => permission_set(text).map(drop),
        "read_only_extra" => extras(text).map(drop),
        "reason_in" => reason_in(text).map(drop),
        "elevate_seconds" => elevate_seconds(text).map(drop),
        "session_seconds" => session_seconds(text).map(drop),
        "duration_seconds" => role_seconds(text).map(drop),
        "prompt_for" => lasts(1, 300),
        "unlock_for" => lasts(60, 7 * 86_400),
        "unlock" if !["kernel", "runtime-dir", "never"].contains(&text) => Err(Refused::new(
            format!("`unlock` cannot be `{}`", shown(text)),
            "write `kernel`, `runtime-dir` or `never`",
        )),
        "role_arn" => RoleArn::parse(text).map(drop),
        "external_id" => external_id(text).map(drop),
        "role_session_name" => session_name(text).map(drop),
        "source_identity" => source_identity(text).map(drop),
        "session_tags" => tags(text).map(drop),
        "transitive_session_tags" => list(text).map(drop),
        "policy_arns" => policy_arns(text).map(drop),
        "mfa_serial" => first_serial(text).map(drop),
        "credential_source" => credential_source(text).map(drop),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kagi_writes_itself_is_read() {
        let config = "[kagi dev]\nwritten_by = kagi sso profiles\ngone_since = 2026-12-01\nrole_arn = arn:aws:iam::222233334444:role/Power\n";
        assert_eq!(misread(&ProfileFiles::scan(config, "")), Vec::new());
    }

    #[test]
    fn values_are_looked_at_by_their_setting() {
        for (line, is_read) in [
            ("read_only_role = ReadOnly", true),
            ("read_only_role = a b", false),
            ("source_identity = person", true),
            ("source_identity = aws:x", false),
            ("source_identity = a b", false),
            ("reason_in = tag", true),
            ("reason_in = nowhere", false),
            ("read_only_extra = x", false),
            ("duration_seconds = 1h", true),
            ("duration_seconds = 1s", false),
            ("role_arn = Power", false),
            ("external_id = x", false),
            ("role_session_name = a b", false),
            ("session_tags = x", false),
            ("policy_arns = x", false),
            ("mfa_serial = x y", false),
            ("credential_source = Environment", true),
            ("credential_source = Nowhere", false),
        ] {
            let config = format!("[kagi dev]\n{line}\n");
            assert_eq!(misread(&ProfileFiles::scan(&config, "")).is_empty(), is_read, "{line}");
        }
    }

    #[test]
    fn each_line_that_is_not_read_is_told() {
        let config = "[kagi]\nunlok = never\nnonsense = 1\nrole_arn = x\nprompt_for = 0\nunlock = perhaps\nregion = x\n\
             [profile dev]\nread_olny = off\n\
             [kagi dev]\nread_olny = off\nunlock = never\nelevate_seconds = 3h\nsession_seconds = 129601\nread_only =\n\
             Read_Only = maybe\nregion = x\nsso_session = y\n";
        let files = ProfileFiles::scan(config, "");
        let told: Vec<_> = misread(&files)
            .into_iter()
            .map(|it| {
                format!(
                    "{} {}: {} ({})",
                    it.place.line,
                    it.profile.unwrap_or_default(),
                    it.refused.message,
                    it.refused.hint
                )
            })
            .collect();
        for (line, expected) in [
            (2, "`unlok` is no setting of kagi's (did you mean `unlock`?"),
            (3, "`nonsense` is no setting"),
            (4, "`role_arn` is a setting of one profile"),
            (5, "prompt_for"),
            (6, "`unlock` cannot be `perhaps`"),
            (11, "did you mean `read_only`?"),
            (12, "`unlock` is a setting of all profiles"),
            (13, "elevate_seconds"),
            (14, "session_seconds"),
            (16, "neither `on` nor `off`"),
        ] {
            let found = told.iter().any(|it| it.starts_with(&format!("{line} ")) && it.contains(expected));
            assert!(found, "{line} {expected} in {told:#?}");
        }
        assert_eq!(told.len(), 10, "{told:#?}");
    }
}
