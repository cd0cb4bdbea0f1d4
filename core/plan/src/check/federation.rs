//! Federated trust: whose tokens and assertions a role accepts.
//!
//! IAM User Guide, `id_roles_providers`.

use kagimori_estate::model::{Account, Listing, Role};
use kagimori_policy::document::Condition;

use super::admitted::{Who, compares, grants, limits, principals};
use super::{Context, Judged, Rule, Ruling, run};

pub(super) const RULES: &[(&str, Rule)] = &[
    ("oidc-sub-wide", Rule::Role(wide_subject)),
    ("federation-aud-missing", Rule::Role(without_audience)),
    ("deleted-provider", Rule::Role(deleted_provider)),
    ("federation-hygiene", Rule::Account(federation)),
];

/// An OIDC provider of a CI or cloud vendor serves everybody: only `sub` tells whose job it is.
const SHARED_PROVIDERS: [&str; 5] = [
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "accounts.google.com",
    "app.terraform.io",
    "oidc.circleci.com",
];

fn wide_subject(_: &Context<'_>, _: &Account, role: &Role) -> Judged {
    let document = run::document(&role.trust)?;
    let (mut asked, mut wide) = (false, Vec::new());
    for statement in grants(document) {
        for who in principals(&statement) {
            let Who::Federated(provider) = who else { continue };
            let Some(host) = SHARED_PROVIDERS.iter().find(|host| provider.contains(**host)) else { continue };
            asked = true;
            if let Some(why) = why_wide(&statement.conditions, host) {
                wide.push(why);
            }
        }
    }
    Ok(match (asked, wide.is_empty()) {
        (false, _) => Ruling::NotApplicable,
        (true, true) => Ruling::Pass,
        (true, false) => Ruling::Fail(vec![("subject", wide.join(", ").into())]),
    })
}

/// Why the `sub` of a provider is not narrow; `None` when it is. Google's `sub` is an account number, `aud` its like.
fn why_wide(conditions: &[Condition], host: &str) -> Option<String> {
    let is_subject = |condition: &&Condition| {
        let key = condition.key.to_ascii_lowercase();
        let is_claim = [":sub", ":oaud"].iter().any(|claim| key == format!("{host}{claim}"));
        is_claim && compares(condition)
    };
    let subjects: Vec<&str> = conditions
        .iter()
        .filter(is_subject)
        .flat_map(|condition| condition.values.as_slice().iter().map(|value| value.text()))
        .collect();
    if subjects.is_empty() {
        return Some(format!("{host} without sub"));
    }
    // `repo:*` or `repo:org*`: the organization's name itself is a pattern; `repo:org/*` stays within one
    let wide = |subject: &&&str| {
        let owner = subject.split('/').next().unwrap_or_default();
        owner.contains('*') || owner.contains('?')
    };
    subjects.iter().find(wide).map(|subject| (*subject).to_owned())
}

/// The key that says whom an assertion or a token was made for, by whom the role trusts. `None`: the provider itself accepts its
/// own audiences only (the client ids of an IAM OIDC provider).
///
/// IAM User Guide, `id_roles_create_for-idp_saml` (`SAML:aud`) and `id_roles_create_for-idp_oidc` (the identity providers that IAM
/// knows serve every application of the world: `aud` or `app_id` tells which); Amazon Cognito Developer Guide, "Role trust and
/// permissions" (`aud` is the identity pool).
fn audience(provider: &str) -> Option<&'static str> {
    match provider {
        "cognito-identity.amazonaws.com" => Some("cognito-identity.amazonaws.com:aud"),
        "accounts.google.com" => Some("accounts.google.com:aud"),
        "graph.facebook.com" => Some("graph.facebook.com:app_id"),
        "www.amazon.com" => Some("www.amazon.com:app_id"),
        saml if saml.contains(":saml-provider/") => Some("saml:aud"),
        _ => None,
    }
}

/// What else tells one application of a shared provider from the others.
fn names_the_application(conditions: &[Condition], provider: &str, audience: &str) -> bool {
    let oaud = format!("{provider}:oaud");
    limits(conditions, &[audience, &oaud])
}

fn without_audience(_: &Context<'_>, _: &Account, role: &Role) -> Judged {
    let document = run::document(&role.trust)?;
    let (mut asked, mut open) = (false, Vec::new());
    for statement in grants(document) {
        for who in principals(&statement) {
            let Who::Federated(provider) = who else { continue };
            let Some(audience) = audience(&provider) else { continue };
            asked = true;
            if !names_the_application(&statement.conditions, &provider, audience) {
                open.push(provider);
            }
        }
    }
    Ok(of_providers(asked, open))
}

/// A provider that is not there: whoever may create one of that name gets the role.
fn deleted_provider(_: &Context<'_>, account: &Account, role: &Role) -> Judged {
    let document = run::document(&role.trust)?;
    let (mut asked, mut gone) = (false, Vec::new());
    for who in grants(document).flat_map(|statement| principals(&statement)) {
        let Who::Federated(provider) = who else { continue };
        let there = if provider.contains(":saml-provider/") {
            &account.saml_providers
        } else if provider.contains(":oidc-provider/") {
            &account.oidc_providers
        } else {
            continue; // one that IAM itself knows
        };
        asked = true;
        if !there.known()?.iter().any(|arn| arn.as_str() == provider) {
            gone.push(provider);
        }
    }
    Ok(of_providers(asked, gone))
}

fn of_providers(asked: bool, mut found: Vec<String>) -> Ruling {
    found.sort();
    found.dedup();
    match (asked, found.is_empty()) {
        (false, _) => Ruling::NotApplicable,
        (true, true) => Ruling::Pass,
        (true, false) => Ruling::Fail(vec![("providers", found.into())]),
    }
}

/// INFO: people come through no identity provider at all.
fn federation(_: &Context<'_>, account: &Account) -> Judged {
    account.listing(Listing::Roles).known()?;
    let reserved =
        account.roles.values().any(|role| role.path.starts_with("/aws-reserved/sso.amazonaws.com/"));
    let saml = account.roles.values().any(|role| {
        let document = role.trust.document.as_ref().ok();
        document
            .into_iter()
            .flat_map(grants)
            .flat_map(|statement| principals(&statement))
            .any(|who| matches!(who, Who::Federated(provider) if provider.contains(":saml-provider/")))
    });
    if reserved || saml {
        return Ok(Ruling::Pass);
    }
    let providers = account.saml_providers.known()?;
    if !providers.is_empty() {
        return Ok(Ruling::Pass);
    }
    let mut console = 0_usize;
    for user in account.users.values() {
        console += usize::from(*user.report.known()?.password_enabled.known()?);
    }
    if console == 0 {
        return Ok(Ruling::NotApplicable);
    }
    Ok(Ruling::Info(vec![("count", console.into())]))
}
