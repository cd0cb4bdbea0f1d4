//! The root user: keys, MFA, use.

use jiff::Timestamp;
use kagimori_estate::fact::Dataset;
use kagimori_estate::model::{Account, LastUse};
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
    let devices = account.virtual_mfa_devices.known()?;
    // Root's virtual device is the one assigned to `…:root`; AWS names it `root-account-mfa-device` (checks.md row 3).
    let is_root = |arn: &kagimori_id::Arn| arn.resource() == "root";
    let virtual_device = devices.iter().any(|device| {
        device.owner.as_ref().is_some_and(is_root) || device.serial.ends_with(":mfa/root-account-mfa-device")
    });
    Ok(yes(virtual_device, "a virtual MFA device"))
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
            Ok(Ruling::Pass)
        }
    }
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
        Ok(any)
    });
    Ok(yes(either(summary, report)?, "an active signing certificate"))
}
