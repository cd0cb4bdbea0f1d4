//! The root user: keys, MFA, use.

use jiff::Timestamp;
use kagimori_estate::fact::Dataset;
use kagimori_estate::model::{Account, LastUse, MfaKind, VirtualMfaDevice};
use kagimori_id::{AccountId, Arn};
use kagimori_trail::Usage;
use kagimori_trail::usage::Action;

use super::mfa::field_absent;
use super::{Context, Judged, Missing, Rule, Ruling, staleness};

pub(super) const RULES: &[(&str, Rule)] = &[
    ("root-access-key", Rule::Root(access_key)),
    ("root-mfa", Rule::Root(mfa)),
    ("root-hardware-mfa", Rule::Root(hardware_mfa)),
    ("root-used", Rule::Root(used)),
    ("root-signing-cert", Rule::Root(signing_certificate)),
];

/// A count of the account summary; a count that AWS (or an emulator) left out is not zero.
fn count(account: &Account, name: &str) -> Result<i64, Missing> {
    let counts = account.summary.known()?;
    counts.get(name).copied().ok_or_else(|| field_absent(Dataset::AccountSummary, name))
}

/// The summary's count and the report's row may both tell; either one that says "yes" is believed, and only both
/// saying "no", or one saying "no" where the other is not there at all, is a "no".
fn either(summary: Result<bool, Missing>, report: Result<bool, Missing>) -> Result<bool, Missing> {
    match (summary, report) {
        (Ok(true), _) | (_, Ok(true)) => Ok(true),
        (Ok(false), _) | (_, Ok(false)) => Ok(false),
        (Err(gap), Err(_)) => Err(gap),
    }
}

fn yes(condition: bool, name: &'static str) -> Ruling {
    if condition { Ruling::Fail(vec![("what", name.into())]) } else { Ruling::Pass }
}

fn access_key(_: &Context<'_>, account: &Account) -> Judged {
    let summary = count(account, "AccountAccessKeysPresent").map(|keys| keys > 0);
    let report = active_root_keys(account).map(|slots| !slots.is_empty());
    if !either(summary, report)? {
        return Ok(Ruling::Pass);
    }
    let slots = active_root_keys(account).unwrap_or_default();
    let what = if slots.is_empty() { "AccountAccessKeysPresent".to_owned() } else { slots.join(", ") };
    Ok(Ruling::Fail(vec![("what", what.into())]))
}

fn active_root_keys(account: &Account) -> Result<Vec<String>, Missing> {
    let report = account.root.report.known()?;
    let mut slots = Vec::new();
    for (slot, key) in (1..).zip(&report.keys) {
        if *key.active.known()? {
            slots.push(format!("access_key_{slot}"));
        }
    }
    if slots.is_empty() && report.has_more_keys() {
        return Err(field_absent(Dataset::CredentialReport, "access_key_3_active"));
    }
    Ok(slots)
}

/// Whether root can sign in at all. Under central management of root credentials it has no password.
fn has_password(account: &Account) -> Result<bool, Missing> {
    let summary = count(account, "AccountPasswordPresent").map(|present| present > 0);
    let report = account.root.report.known().map_err(Missing::from);
    let report = report.and_then(|row| Ok(*row.password_enabled.known()?));
    either(summary, report)
}

fn has_mfa(account: &Account) -> Result<bool, Missing> {
    let summary = count(account, "AccountMFAEnabled").map(|enabled| enabled > 0);
    let report = account.root.report.known().map_err(Missing::from);
    let report = report.and_then(|row| Ok(*row.mfa_active.known()?));
    // unlike a danger, a protection is only believed when nothing that is known denies it
    match (summary, report) {
        (Ok(summary), Ok(report)) => Ok(summary && report),
        (Ok(known), Err(_)) | (Err(_), Ok(known)) => Ok(known),
        (Err(gap), Err(_)) => Err(gap),
    }
}

fn mfa(_: &Context<'_>, account: &Account) -> Judged {
    if let Ok(true) = has_mfa(account) {
        return Ok(Ruling::Pass);
    }
    if !has_password(account)? {
        return Ok(Ruling::Pass);
    }
    Ok(yes(!has_mfa(account)?, "no MFA device"))
}

fn hardware_mfa(_: &Context<'_>, account: &Account) -> Judged {
    let mfa = has_mfa(account);
    if mfa == Ok(false) || mfa.is_err() {
        if !has_password(account)? {
            return Ok(Ruling::Pass);
        }
        return Ok(yes(!mfa?, "no MFA device"));
    }
    let has =
        |wanted: MfaKind| account.root.mfa_devices.iter().any(|device| MfaKind::of(&device.serial) == wanted);
    let is_virtual = has(MfaKind::Virtual)
        || match account.virtual_mfa_devices.known() {
            Ok(devices) => devices.iter().any(VirtualMfaDevice::is_of_root),
            // root's own list names all that it has
            Err(_) if !account.root.mfa_devices.is_empty() => false,
            Err(gap) => return Err(gap.into()),
        };
    // Whoever has the seed signs in with it, whatever lies beside it (Security Hub IAM.6).
    let what = match (has(MfaKind::SecurityKey), has(MfaKind::HardwareToken)) {
        (true, _) => "a virtual MFA device beside a passkey or security key",
        (_, true) => "a virtual MFA device beside a hardware token",
        _ => "a virtual MFA device",
    };
    Ok(yes(is_virtual, what))
}

fn used(context: &Context<'_>, account: &Account) -> Judged {
    let mut last = None;
    let mut gap = None;
    match account.root.report.known() {
        Ok(row) => {
            for use_ in [&row.password_last_used, &row.keys[0].last_used, &row.keys[1].last_used] {
                match use_.known() {
                    Ok(LastUse::At { at, .. }) => last = last.max(Some((*at, "credential report"))),
                    Ok(LastUse::Never) => {}
                    Err(missing) => gap = Some(Missing::from(missing)),
                }
            }
        }
        Err(missing) => gap = Some(Missing::from(missing)),
    }
    if let Some(at) = context.usage.and_then(|usage| seen(usage, account.id)) {
        last = last.max(Some((at, "CloudTrail")));
    }
    let limit = context.settings.limits.root_used;
    match (last, gap) {
        (Some((at, source)), _) if context.days(at) <= limit => {
            let days = context.days(at);
            Ok(Ruling::Fail(vec![("days", days.into()), ("source", source.into()), ("limit", limit.into())]))
        }
        (_, Some(gap)) => Err(gap),
        (_, None) => {
            // an old report does not tell that root was left alone since
            if let Some(told) = account.root.report.fact() {
                staleness::is_recent(context, told.source)?;
            }
            Ok(assumed(context, account.id).unwrap_or(Ruling::Pass))
        }
    }
}

/// Centralised root access is no use of the root user, and worth knowing: its sessions act with root's permissions (*Centrally
/// manage root access for member accounts*).
fn assumed(context: &Context<'_>, account: AccountId) -> Option<Ruling> {
    let at = context.usage?.assumed_roots.get(&account)?.last;
    let (days, limit) = (context.days(at), context.settings.limits.root_used);
    (days <= limit).then(|| {
        Ruling::Info(vec![
            ("days", days.into()),
            ("source", "sts:AssumeRoot, by CloudTrail".into()),
            ("limit", limit.into()),
        ])
    })
}

/// When the trail saw root last. Whoever knows its e-mail address can fail to sign in, or ask for another password.
fn seen(usage: &Usage, account: AccountId) -> Option<Timestamp> {
    let is_anybodys = |action: &Action| {
        action.service == "signin" && matches!(&*action.name, "ConsoleLogin" | "PasswordRecoveryRequested")
    };
    let calls = usage.roots.get(&account)?.actions.iter().filter(|(action, _)| !is_anybodys(action));
    let is_root = |arn: &Arn| arn.account() == Some(account) && arn.resource() == "root";
    let sign_ins =
        usage.sign_ins.iter().filter(|(arn, _)| is_root(arn)).filter_map(|(_, by)| by.last_success);
    calls.map(|(_, used)| used.last).chain(sign_ins).max()
}

fn signing_certificate(_: &Context<'_>, account: &Account) -> Judged {
    let summary = count(account, "AccountSigningCertificatesPresent").map(|present| present > 0);
    let report = account.root.report.known().map_err(Missing::from).and_then(|row| {
        let mut any = false;
        for certificate in &row.certificates {
            any |= *certificate.active.known()?;
        }
        if !any && row.has_more_certificates() {
            return Err(field_absent(Dataset::CredentialReport, "cert_3_active"));
        }
        Ok(any)
    });
    Ok(yes(either(summary, report)?, "an active signing certificate"))
}
