//! The values of single settings: read, checked, refused with a hint.

use super::{ELEVATED_SECONDS, ROLE_SECONDS, SESSION_SECONDS};
use crate::route::{Foreign, SourceIdentity};
use crate::value::{Refused, mfa_serial, seconds, session_name, shown, within};

/// Where the reason of an elevated session is written beside the local log.
#[derive(Clone, Copy)]
pub(super) enum ReasonIn {
    Log,
    Tag,
    SourceIdentity,
}

pub(super) fn reason_in(text: &str) -> Result<ReasonIn, Refused> {
    match text {
        "log" => Ok(ReasonIn::Log),
        "tag" => Ok(ReasonIn::Tag),
        "source_identity" => Ok(ReasonIn::SourceIdentity),
        _ => Err(Refused::new(
            format!("`reason_in` cannot be `{}`", shown(text)),
            "write `log`, `tag` (the role must trust sts:TagSession) or `source_identity` (sts:SetSourceIdentity)",
        )),
    }
}

pub(super) fn on_or_off(text: &str) -> Result<bool, Refused> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" => Ok(true),
        "off" | "false" | "no" => Ok(false),
        _ => Err(Refused::new(format!("`{}` is neither `on` nor `off`", shown(text)), "write `on` or `off`")),
    }
}

/// How long an elevated session lasts.
pub(super) fn elevate_seconds(text: &str) -> Result<u32, Refused> {
    within("elevate_seconds", seconds(text)?, ELEVATED_SECONDS.0, ELEVATED_SECONDS.1)
}

/// How long the MFA session lasts.
pub(super) fn session_seconds(text: &str) -> Result<u32, Refused> {
    within("session_seconds", seconds(text)?, SESSION_SECONDS.0, SESSION_SECONDS.1)
}

/// How long a role's session lasts.
pub(super) fn role_seconds(text: &str) -> Result<u32, Refused> {
    within("duration_seconds", seconds(text)?, ROLE_SECONDS.0, ROLE_SECONDS.1)
}

/// AWS CLI User Guide, "credential_source".
pub(super) fn credential_source(text: &str) -> Result<Foreign, Refused> {
    match text {
        "Environment" => Ok(Foreign::Environment),
        "Ec2InstanceMetadata" => Ok(Foreign::Instance),
        "EcsContainer" => Ok(Foreign::Container),
        _ => Err(Refused::new(
            format!("`credential_source` cannot be `{}`", shown(text)),
            "write `Environment`, `Ec2InstanceMetadata` or `EcsContainer`, letter by letter",
        )),
    }
}

pub(super) fn both() -> Refused {
    Refused::new(
        "the profile has both `source_profile` and `credential_source`",
        "keep one of them: botocore refuses both; in `[kagi NAME]` either wins over what SDKs read",
    )
}

pub(super) fn without_a_role(key: &str) -> Refused {
    Refused::new(
        format!("`{key}` stands in a profile without `role_arn`"),
        "add the `role_arn` that is assumed from there, or take the line out",
    )
}

pub(super) fn not_read_only() -> Refused {
    Refused::new(
        "`policy_arns` beside `ReadOnlyAccess` would allow what any of them allows (session policies are a union)",
        "write `read_only = off` in `[kagi NAME]`: then the session may do what the role and these policies allow; or take \
         `policy_arns` out, and name what is needed beside reading in `read_only_extra`",
    )
}

pub(super) fn extra_of_all() -> Refused {
    Refused::new(
        "`read_only_extra` in `[kagi]` would widen every profile",
        "move it to the `[kagi NAME]` of the profile that needs it",
    )
}

/// A session of `read_only_role` is what that permission set says.
pub(super) fn another_set() -> Refused {
    Refused::new(
        "`read_only_extra` cannot widen the permission set of `read_only_role`",
        "take `read_only_role` out, then the session is narrowed by kagi's policy and these lines; or allow the actions \
         in that permission set and take this out",
    )
}

/// kagi's own reading policy is 2,007 characters of 2,048, and only so much of it gives way.
pub(super) fn no_room() -> Refused {
    Refused::new(
        "`read_only_extra` has no room beside the policy that narrows a permission set's session (2,048 characters)",
        "put a role behind the permission set (`role_arn`, `source_profile`), or name a permission set that may do it \
         with `read_only_role` and take the line out",
    )
}

/// STS: 2..1224 of `[\w+=,.@:\/-]*`.
pub(super) fn external_id(text: &str) -> Result<String, Refused> {
    let fits = (2..=1224).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte));
    if fits {
        return Ok(text.to_owned());
    }
    Err(Refused::new(
        format!("`{}` cannot be an external id", shown(text)),
        "an external id has 2 to 1224 letters, digits and `+=,.@:/_-`",
    ))
}

pub(super) fn source_identity(text: &str) -> Result<SourceIdentity, Refused> {
    match text {
        "person" => Ok(SourceIdentity::Person),
        _ if text.starts_with("aws:") => {
            Err(Refused::new("a source identity may not begin with `aws:`", "write `person` or another text"))
        }
        _ => session_name(text).map(SourceIdentity::Text),
    }
}

pub(super) fn list(text: &str) -> Result<Vec<String>, Refused> {
    Ok(text.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
}

pub(super) fn tags(text: &str) -> Result<Vec<(String, String)>, Refused> {
    let pairs = list(text)?;
    if pairs.len() > 50 {
        return Err(Refused::new("there are more than 50 session tags", "AWS takes 50; leave some out"));
    }
    pairs
        .iter()
        .map(|pair| match pair.split_once('=') {
            Some((key, value))
                if (1..=128).contains(&key.trim().chars().count()) && value.chars().count() <= 256 =>
            {
                Ok((key.trim().to_owned(), value.trim().to_owned()))
            }
            _ => Err(Refused::new(
                format!("`{}` is not a session tag", shown(pair)),
                "write `session_tags = team=payments, env=dev`",
            )),
        })
        .collect()
}

pub(super) fn policy_arns(text: &str) -> Result<Vec<String>, Refused> {
    let arns = list(text)?;
    if let Some(wrong) = arns.iter().find(|arn| !(arn.starts_with("arn:") && arn.contains(":policy/"))) {
        return Err(Refused::new(
            format!("`{}` is not the ARN of a policy", shown(wrong)),
            "it looks like `arn:aws:iam::aws:policy/ReadOnlyAccess`",
        ));
    }
    // STS AssumeRole: at most 10, and `ReadOnlyAccess` may join them.
    if arns.len() > 9 {
        return Err(Refused::new("there are more than 9 policies", "AWS takes 10 with ours; leave some out"));
    }
    Ok(arns)
}

/// A user may have eight devices; the first of the list is asked.
pub(super) fn first_serial(text: &str) -> Result<String, Refused> {
    let serials = list(text)?;
    mfa_serial(serials.first().map_or("", String::as_str))
}
