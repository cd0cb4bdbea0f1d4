//! Owner and purpose by tags.

use std::collections::BTreeMap;

use kagimori_estate::fact::{Dataset, Gap};
use kagimori_estate::model::{Account, Role, User};

use super::{Context, Judged, Missing, Rule, Ruling};

pub(super) const RULES: &[(&str, Rule)] = &[
    ("user-untagged", Rule::User(user_untagged)),
    ("role-untagged", Rule::Role(role_untagged)),
    ("owner-gone", Rule::User(owner_gone)),
    ("owner-gone-role", Rule::Role(role_owner_gone)),
];

/// The value of the first of these tag keys; tag keys of IAM are compared without case.
pub(crate) fn value<'t>(tags: &'t BTreeMap<String, String>, keys: &[String]) -> Option<&'t str> {
    let tag = |key: &String| tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
    keys.iter().find_map(tag).map(|(_, value)| value.as_str()).filter(|value| !value.trim().is_empty())
}

fn untagged(context: &Context<'_>, tags: &BTreeMap<String, String>) -> Ruling {
    let owners = &context.settings.owners;
    let mut missing = Vec::new();
    if value(tags, &owners.owner_tags).is_none() {
        missing.push("owner".to_owned());
    }
    if value(tags, &owners.purpose_tags).is_none() {
        missing.push("purpose".to_owned());
    }
    if missing.is_empty() { Ruling::Pass } else { Ruling::Fail(vec![("missing", missing.into())]) }
}

/// Whether the owner that the tags name exists. Where nobody told which owners there are, it cannot be told.
fn gone(context: &Context<'_>, tags: &BTreeMap<String, String>) -> Judged {
    let owners = &context.settings.owners;
    let Some(owner) = value(tags, &owners.owner_tags) else { return Ok(Ruling::NotApplicable) };
    if owners.known.is_empty() {
        let field = "which owners exist ([owners] known in kagimori.toml)";
        return Err(super::mfa::field_absent(Dataset::AuthorizationDetails, field));
    }
    let known = owners.known.iter().any(|known| known.eq_ignore_ascii_case(owner));
    Ok(if known { Ruling::Pass } else { Ruling::Fail(vec![("owner", owner.into())]) })
}

/// The tags, if they are all: a role of which only `list-roles` tells comes without, and answers may contradict each other.
fn whole<'t>(
    tags: &'t BTreeMap<String, String>,
    gap: Option<&Gap>,
) -> Result<&'t BTreeMap<String, String>, Missing> {
    gap.map_or(Ok(tags), |gap| Err(gap.into()))
}

fn of_user(user: &User) -> Result<&BTreeMap<String, String>, Missing> {
    let details = user.details.known()?;
    whole(&details.tags, details.tags_gap.as_ref())
}

fn of_role(role: &Role) -> Result<&BTreeMap<String, String>, Missing> {
    whole(&role.tags, role.tags_gap.as_ref())
}

fn user_untagged(context: &Context<'_>, _: &Account, user: &User) -> Judged {
    Ok(untagged(context, of_user(user)?))
}

fn role_untagged(context: &Context<'_>, _: &Account, role: &Role) -> Judged {
    Ok(untagged(context, of_role(role)?))
}

fn owner_gone(context: &Context<'_>, _: &Account, user: &User) -> Judged {
    gone(context, of_user(user)?)
}

fn role_owner_gone(context: &Context<'_>, _: &Account, role: &Role) -> Judged {
    gone(context, of_role(role)?)
}
