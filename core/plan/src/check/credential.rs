//! Keys, passwords and other long-lived credentials, by age and by AWS's own "last used".

use std::borrow::Cow;

use jiff::Timestamp;
use kagimori_estate::fact::{Dataset, Fact, Gap};
use kagimori_estate::model::{AccessKey, Account, CredentialReportRow, LastUse, User};
use kagimori_id::Arn;
use kagimori_policy::pattern::matches_ignoring_case;

use super::{Context, Identity, Judged, Listed, Missing, Named, Rule, Ruling, staleness, subject};
use crate::verdict::ResourceKind;

pub(super) const RULES: &[(&str, Rule)] = &[
    ("key-rotation", Rule::Key(rotation)),
    ("key-unused", Rule::Key(unused)),
    ("password-unused", Rule::Password(password_unused)),
    ("key-never-used", Rule::Key(never_used)),
    ("key-at-setup", Rule::Key(at_setup)),
    ("key-two-active", Rule::User(two_active)),
    ("key-and-password", Rule::User(key_and_password)),
    ("service-user-with-password", Rule::User(machine_with_password)),
    ("key-inactive-leftover", Rule::Key(inactive_leftover)),
    ("password-age", Rule::Password(password_age)),
    ("service-specific-cred", Rule::Listed(service_specific)),
    ("ssh-key-age", Rule::Listed(ssh_keys)),
    ("server-cert-expired", Rule::Listed(server_certificates)),
    ("user-stale", Rule::User(stale)),
    ("key-quarantined", Rule::Identity(quarantined)),
];

fn rotation(context: &Context<'_>, _: &Account, _: &User, key: &AccessKey) -> Judged {
    if !*key.active.known()? {
        return Ok(Ruling::NotApplicable);
    }
    let (days, limit) = (context.days(*key.created.known()?), context.settings.limits.key_rotation);
    Ok(if days > limit {
        Ruling::Fail(vec![("days", days.into()), ("limit", limit.into())])
    } else {
        Ruling::Pass
    })
}

/// When a credential was used last, else made; and which of the two it is.
fn idle_since(last: &LastUse, made: Option<Timestamp>) -> Option<(Timestamp, bool)> {
    match last {
        LastUse::At { at, .. } => Some((*at, true)),
        LastUse::Never => made.map(|made| (made, false)),
    }
}

/// When the trail saw a key last. AWS's own "last used" counts refused calls, too, and so does this
/// (`id_credentials_access-keys_update`, "Last used").
fn seen(context: &Context<'_>, key: &AccessKey) -> Option<Timestamp> {
    let used = context.usage?.keys.get(key.id.as_ref()?)?;
    Some(used.activity.last)
}

fn is_of_late(context: &Context<'_>, seen: Option<Timestamp>) -> bool {
    seen.is_some_and(|seen| context.days(seen) < context.settings.limits.unused)
}

fn unused(context: &Context<'_>, _: &Account, _: &User, key: &AccessKey) -> Judged {
    if !*key.active.known()? {
        return Ok(Ruling::NotApplicable);
    }
    if is_of_late(context, seen(context, key)) {
        return Ok(Ruling::Pass);
    }
    key.last_used.known()?;
    let Some(told) = key.last_used.fact() else { return Ok(Ruling::NotApplicable) };
    let made = match told.value {
        LastUse::At { .. } => None,
        LastUse::Never => Some(*key.created.known()?),
    };
    idle_ruling(context, told, made, seen(context, key))
}

/// `seen`: when the trail saw its use last, which a report of before does not know.
fn idle_ruling(
    context: &Context<'_>,
    told: &Fact<LastUse>,
    made: Option<Timestamp>,
    seen: Option<Timestamp>,
) -> Judged {
    let limit = context.settings.limits.unused;
    let (since, ever) = match (idle_since(&told.value, made), seen) {
        (Some((told, ever)), Some(seen)) => (told.max(seen), ever || seen >= told),
        (None, Some(seen)) => (seen, true),
        (Some(told), None) => told,
        (None, None) => return Ok(Ruling::Pass),
    };
    let days = context.days(since);
    if days < limit {
        return Ok(Ruling::Pass);
    }
    staleness::still_idle(context, told.source, since, limit)?;
    let last = if ever { "last used" } else { "never used, made" };
    Ok(Ruling::Fail(vec![("last", last.into()), ("days", days.into()), ("limit", limit.into())]))
}

fn password_unused(context: &Context<'_>, _: &Account, user: &User) -> Judged {
    let report = user.report.known()?;
    if !*report.password_enabled.known()? {
        return Ok(Ruling::NotApplicable);
    }
    let seen = context.usage.and_then(|usage| usage.sign_ins.get(&user.arn)?.last_success);
    if is_of_late(context, seen) {
        return Ok(Ruling::Pass);
    }
    report.password_last_used.known()?;
    let Some(told) = report.password_last_used.fact() else { return Ok(Ruling::NotApplicable) };
    let made = match told.value {
        LastUse::At { .. } => None,
        // set on that day; a report that tells no such day leaves the user's own creation
        LastUse::Never => match report.password_last_changed.known()? {
            Some(changed) => Some(*changed),
            None => Some(*user.created.known()?),
        },
    };
    idle_ruling(context, told, made, seen)
}

fn never_used(context: &Context<'_>, _: &Account, _: &User, key: &AccessKey) -> Judged {
    if !*key.active.known()? {
        return Ok(Ruling::NotApplicable);
    }
    match key.last_used.known()? {
        LastUse::At { .. } => Ok(Ruling::Pass),
        LastUse::Never if seen(context, key).is_some() => Ok(Ruling::Pass),
        LastUse::Never => {
            if let Some(told) = key.last_used.fact() {
                staleness::is_recent(context, told.source)?;
            }
            let days = context.days(*key.created.known()?);
            // older ones are `key-unused`
            let young = days < context.settings.limits.unused;
            Ok(if young { Ruling::Info(vec![("days", days.into())]) } else { Ruling::Pass })
        }
    }
}

/// So many seconds after the user a key is still made at its setup.
const SETUP_SECONDS_MAX: i64 = 3_600;

/// "Do not set up access keys during initial user setup for all IAM users that have a console password" (CIS AWS Foundations 3.0,
/// 1.11).
fn at_setup(context: &Context<'_>, _: &Account, user: &User, key: &AccessKey) -> Judged {
    if !*key.active.known()? || !*user.report.known()?.password_enabled.known()? {
        return Ok(Ruling::NotApplicable);
    }
    let (made, begun) = (*key.created.known()?, *user.created.known()?);
    let is_later = made.as_second().saturating_sub(begun.as_second()) > SETUP_SECONDS_MAX;
    if is_later || seen(context, key).is_some() {
        return Ok(Ruling::Pass);
    }
    match key.last_used.known()? {
        LastUse::At { .. } => Ok(Ruling::Pass),
        LastUse::Never => {
            if let Some(told) = key.last_used.fact() {
                staleness::is_recent(context, told.source)?;
            }
            Ok(Ruling::Fail(vec![("days", context.days(made).into())]))
        }
    }
}

/// The keys of a user that are active; unknown when one of them is, and those that are known are not enough already.
fn active_keys(user: &User, enough: usize) -> Result<usize, Missing> {
    let keys = user.access_keys.known()?;
    let active = keys.iter().filter(|key| key.active.value() == Some(&true)).count();
    match keys.iter().find_map(|key| key.active.gap()) {
        Some(gap) if active < enough => Err(gap.into()),
        _ => Ok(active),
    }
}

fn two_active(_: &Context<'_>, _: &Account, user: &User) -> Judged {
    let active = active_keys(user, 2)?;
    Ok(if active > 1 { Ruling::Fail(vec![("count", active.into())]) } else { Ruling::Pass })
}

fn key_and_password(_: &Context<'_>, _: &Account, user: &User) -> Judged {
    if !*user.report.known()?.password_enabled.known()? {
        return Ok(Ruling::Pass);
    }
    let active = active_keys(user, 1)?;
    Ok(if active > 0 { Ruling::Fail(vec![("count", active.into())]) } else { Ruling::Pass })
}

/// Whether a user's name, path or tags say that it is a machine.
pub(super) fn is_machine(context: &Context<'_>, user: &User) -> bool {
    let patterns = &context.settings.patterns.machine_users;
    let path = user.arn.resource().strip_prefix("user").unwrap_or_default();
    patterns.iter().any(|pattern| {
        let text = if pattern.starts_with('/') { path } else { user.name.as_str() };
        matches_ignoring_case(pattern, text)
    })
}

fn machine_with_password(context: &Context<'_>, _: &Account, user: &User) -> Judged {
    if !is_machine(context, user) {
        return Ok(Ruling::NotApplicable);
    }
    let enabled = *user.report.known()?.password_enabled.known()?;
    Ok(if enabled { Ruling::Fail(Vec::new()) } else { Ruling::Pass })
}

fn inactive_leftover(context: &Context<'_>, _: &Account, _: &User, key: &AccessKey) -> Judged {
    if *key.active.known()? {
        return Ok(Ruling::NotApplicable);
    }
    // nothing says when it was switched off; it was at the latest after its last use, and at the earliest when made
    let made = *key.created.known()?;
    let told = match key.last_used.known()? {
        LastUse::At { at, .. } => *at,
        LastUse::Never => made,
    };
    let since = seen(context, key).map_or(told, |seen| seen.max(told));
    let (days, limit) = (context.days(since), context.settings.limits.inactive_leftover);
    Ok(if days > limit {
        Ruling::Fail(vec![("days", days.into()), ("limit", limit.into())])
    } else {
        Ruling::Pass
    })
}

fn password_age(context: &Context<'_>, _: &Account, user: &User) -> Judged {
    let report = user.report.known()?;
    if !*report.password_enabled.known()? {
        return Ok(Ruling::NotApplicable);
    }
    let set = match report.password_last_changed.known()? {
        Some(changed) => *changed,
        None => *user.created.known()?,
    };
    let (days, limit) = (context.days(set), context.settings.limits.password_age);
    Ok(if days > limit {
        Ruling::Fail(vec![("days", days.into()), ("limit", limit.into())])
    } else {
        Ruling::Pass
    })
}

fn of_user<'a>(account: &Account, user: &'a User, id: impl Into<Cow<'a, str>>) -> Named<'a> {
    Named { kind: ResourceKind::OtherCredential, key: Some(id.into()), ..subject::user(account, user) }
}

/// Age of something active; what is inactive does not count.
fn age(context: &Context<'_>, active: bool, made: Option<Timestamp>, what: &str, limit: i64) -> Ruling {
    let days = made.map(|made| context.days(made));
    match days {
        Some(days) if active && days > limit => {
            Ruling::Fail(vec![("what", what.into()), ("days", days.into()), ("limit", limit.into())])
        }
        _ if active => Ruling::Pass,
        _ => Ruling::NotApplicable,
    }
}

fn service_specific<'a>(context: &Context<'_>, account: &'a Account) -> Result<Vec<Listed<'a>>, Missing> {
    let limit = context.settings.limits.service_specific_age;
    if account.users.is_empty() {
        account.dataset(Dataset::ServiceSpecificCredentials).known()?;
    }
    let mut listed = Vec::new();
    for user in account.users.values() {
        match user.service_specific_credentials.known() {
            Ok(credentials) => listed.extend(credentials.iter().map(|credential| {
                let ruling = age(context, credential.active, credential.created, &credential.service, limit);
                Listed { named: of_user(account, user, credential.id.as_str()), judged: Ok(ruling) }
            })),
            Err(gap) => listed.push(hidden(account, user, gap)),
        }
    }
    Ok(listed)
}

/// What a user may hold is not known: the user is the subject.
fn hidden<'a>(account: &Account, user: &'a User, gap: &Gap) -> Listed<'a> {
    Listed { named: subject::user(account, user), judged: Err(gap.into()) }
}

/// SSH keys of CodeCommit, and X.509 signing certificates by the credential report.
fn ssh_keys<'a>(context: &Context<'_>, account: &'a Account) -> Result<Vec<Listed<'a>>, Missing> {
    let limit = context.settings.limits.ssh_key_age;
    if account.users.is_empty() {
        account.dataset(Dataset::CredentialReport).known()?;
    }
    let mut listed = Vec::new();
    for user in account.users.values() {
        match user.ssh_public_keys.known() {
            Ok(keys) => listed.extend(keys.iter().map(|key| {
                let ruling = age(context, key.active, key.uploaded, "SSH public key", limit);
                Listed { named: of_user(account, user, key.id.as_str()), judged: Ok(ruling) }
            })),
            Err(gap) => listed.push(hidden(account, user, gap)),
        }
        for (slot, id) in ["certificate 1", "certificate 2"].into_iter().enumerate() {
            let named = of_user(account, user, id);
            listed.push(Listed { named, judged: certificate_age(context, user, slot, limit) });
        }
        if user.report.value().is_some_and(CredentialReportRow::has_more_certificates) {
            let judged = Err(super::mfa::field_absent(Dataset::CredentialReport, "cert_3_active"));
            listed.push(Listed { named: of_user(account, user, "certificate 3"), judged });
        }
    }
    Ok(listed)
}

fn certificate_age(context: &Context<'_>, user: &User, slot: usize, limit: i64) -> Judged {
    let Some(certificate) = user.report.known()?.certificates.get(slot) else {
        return Ok(Ruling::NotApplicable);
    };
    let made = *certificate.last_rotated.known()?;
    Ok(age(context, *certificate.active.known()?, made, "signing certificate", limit))
}

fn server_certificates<'a>(context: &Context<'_>, account: &'a Account) -> Result<Vec<Listed<'a>>, Missing> {
    let soon = context.settings.limits.certificate_soon;
    let listed = account.server_certificates.known()?.iter().map(|certificate| {
        let judged = match certificate.expires.map(|expires| -context.days(expires)) {
            Some(left) if left <= soon => {
                Ok(Ruling::Fail(vec![("days", left.into()), ("limit", soon.into())]))
            }
            Some(_) => Ok(Ruling::Pass),
            None => Err(super::mfa::field_absent(Dataset::ServerCertificates, "Expiration")),
        };
        Listed { named: of_certificate(account, &certificate.name, &certificate.arn), judged }
    });
    Ok(listed.collect())
}

fn of_certificate<'a>(account: &Account, name: &'a str, arn: &'a Arn) -> Named<'a> {
    subject::named(ResourceKind::Certificate, account.id, arn.as_str(), name)
}

/// A user that nothing hangs on: no password, key, certificate, MFA, SSH key, credential of a service, group or policy.
///
/// `aws iam delete-user` refuses while one of them is there (IAM API Reference, `DeleteUser`).
fn stale(_: &Context<'_>, _: &Account, user: &User) -> Judged {
    let details = user.details.known()?;
    if let Some(gap) = details.grants.gap() {
        return Err(gap.into());
    }
    if !details.groups.is_empty() || !details.grants.inline.is_empty() || !details.grants.attached.is_empty()
    {
        return Ok(Ruling::Pass);
    }
    let report = user.report.known()?;
    let signs_in = *report.password_enabled.known()? || *report.mfa_active.known()?;
    let mut certificates = false;
    for certificate in &report.certificates {
        certificates |= certificate.last_rotated.known()?.is_some();
    }
    certificates |= report.has_more_certificates();
    if signs_in || certificates || !user.access_keys.known()?.is_empty() {
        return Ok(Ruling::Pass);
    }
    let other = [
        user.ssh_public_keys.known().map(Vec::is_empty),
        user.service_specific_credentials.known().map(Vec::is_empty),
        user.mfa_devices.known().map(Vec::is_empty).or(Ok(true)), // the report has told already
    ];
    if other.contains(&Ok(false)) {
        return Ok(Ruling::Pass);
    }
    match other.into_iter().find_map(Result::err) {
        Some(gap) => Err(gap.into()),
        None => Ok(Ruling::Fail(Vec::new())),
    }
}

/// AWS attaches these to a user whose key it found in public, and to nobody else.
///
/// IAM User Guide, `access-keys-compromised`; AWS Managed Policy Reference, `AWSCompromisedKeyQuarantineV3`.
const QUARANTINE: &str = "AWSCompromisedKeyQuarantine";

fn quarantined(_: &Context<'_>, _: &Account, identity: &Identity<'_>) -> Judged {
    let is_quarantine = |arn: &&Arn| {
        let version = arn.name().strip_prefix(QUARANTINE);
        arn.account().is_none()
            && version.is_some_and(|version| {
                version.trim_start_matches('V').bytes().all(|byte| byte.is_ascii_digit())
            })
    };
    Ok(match identity.grants.attached.iter().find(is_quarantine) {
        Some(policy) => Ruling::Fail(vec![("policy", policy.name().into())]),
        None => Ruling::Pass,
    })
}
