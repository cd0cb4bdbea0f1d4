//! MFA: the three populations (checks.md's A, B, C), devices, and policies that ask for it.
//!
//! `aws:MultiFactorAuthPresent` is absent for long-term keys: `Bool false` does not match then, `BoolIfExists false` does
//! (IAM User Guide, `id_credentials_mfa_configure-api-require`).

use kagimori_estate::fact::{Dataset, Gap, GapReason};
use kagimori_estate::model::{Account, MfaKind, Role, User};
use kagimori_policy::document::{Condition, Document, Effect, Statement, Version};
use kagimori_policy::reference;
use kagimori_policy::request::{Context as RequestContext, Fact};

use super::{Context, Judged, Listed, Missing, Named, Placed, Rule, Ruling, admitted, people, run, subject};
use crate::privilege;
use crate::verdict::ResourceKind;

pub(super) const RULES: &[(&str, Rule)] = &[
    ("mfa-console-user", Rule::User(console_user)),
    ("mfa-every-user", Rule::User(every_user)),
    ("mfa-privileged-user", Rule::User(privileged_user)),
    ("mfa-hardware-user", Rule::User(hardware)),
    ("mfa-trust-missing", Rule::Role(trust_without_mfa)),
    ("mfa-self-manage-present", Rule::User(self_manage)),
    ("mfa-device-orphan", Rule::Listed(orphans)),
    ("mfa-only-one-device", Rule::User(only_one)),
    ("mfa-deny-unless", Rule::Document(deny_unless)),
];

fn mfa_active(user: &User) -> Result<bool, Missing> {
    Ok(*user.report.known()?.mfa_active.known()?)
}

fn password_enabled(user: &User) -> Result<bool, Missing> {
    Ok(*user.report.known()?.password_enabled.known()?)
}

/// Population A.
fn console_user(_: &Context<'_>, _: &Account, user: &User) -> Judged {
    let fails = password_enabled(user)? && !mfa_active(user)?;
    Ok(if fails { Ruling::Fail(Vec::new()) } else { Ruling::Pass })
}

/// Population B.
fn every_user(_: &Context<'_>, _: &Account, user: &User) -> Judged {
    Ok(if mfa_active(user)? { Ruling::Pass } else { Ruling::Fail(Vec::new()) })
}

/// Population C.
fn privileged_user(context: &Context<'_>, account: &Account, user: &User) -> Judged {
    if !is_administrator(context, account, user)? || !can_sign_requests(user)? {
        return Ok(Ruling::Pass);
    }
    Ok(if mfa_active(user)? { Ruling::Pass } else { Ruling::Fail(Vec::new()) })
}

fn is_administrator(context: &Context<'_>, account: &Account, user: &User) -> Result<bool, Missing> {
    Ok(context.privileges.user(account.id, &user.name).map_err(Missing)?.administrator)
}

/// Without a password and without an active key nobody can act as the user.
fn can_sign_requests(user: &User) -> Result<bool, Missing> {
    if password_enabled(user)? {
        return Ok(true);
    }
    for key in user.access_keys.known()? {
        if *key.active.known()? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A privileged user whose every device is virtual. Users without MFA are population C's business.
fn hardware(context: &Context<'_>, account: &Account, user: &User) -> Judged {
    if !is_administrator(context, account, user)? || !password_enabled(user)? {
        return Ok(Ruling::NotApplicable);
    }
    if !mfa_active(user)? {
        return Ok(Ruling::NotApplicable);
    }
    let virtual_only = match user.mfa_devices.known() {
        Ok(devices) => !devices.iter().any(|device| MfaKind::of(&device.serial).is_hardware()),
        Err(gap) => {
            // an active device that is not among the virtual ones is FIDO or a hardware token
            let devices = account.virtual_mfa_devices.known().map_err(|_| Missing::from(gap))?;
            devices.iter().any(|device| device.owner.as_ref() == Some(&user.arn))
        }
    };
    Ok(if virtual_only { Ruling::Fail(Vec::new()) } else { Ruling::Pass })
}

fn only_one(context: &Context<'_>, account: &Account, user: &User) -> Judged {
    if !is_administrator(context, account, user)? || !mfa_active(user)? {
        return Ok(Ruling::NotApplicable);
    }
    let devices = user.mfa_devices.known()?.len();
    Ok(if devices == 1 { Ruling::Fail(Vec::new()) } else { Ruling::Pass })
}

/// A role that people of the own or another account of the company may assume without MFA.
fn trust_without_mfa(context: &Context<'_>, account: &Account, role: &Role) -> Judged {
    let document = run::document(&role.trust)?;
    let (mut asked, mut open, mut hidden) = (false, Vec::new(), None);
    for statement in admitted::grants(document).filter(|statement| !people::are_roles_only(statement)) {
        for who in admitted::admitted(&statement) {
            let guarded = asks_for_mfa(&statement.conditions);
            match people::are_people(context, account, &statement, &who) {
                Ok(are) => {
                    asked |= are;
                    if are && !guarded {
                        open.push(who.to_string());
                    }
                }
                Err(missing) if !guarded || hidden.is_none() => hidden = Some((missing, guarded)),
                Err(_) => {}
            }
        }
    }
    let shut = denies_without_mfa(document);
    match hidden {
        // who they are matters where they are all that is asked of, or are let in without MFA
        Some((missing, guarded)) if open.is_empty() && (!asked || !guarded && !shut) => return Err(missing),
        _ if open.is_empty() && !asked => return Ok(Ruling::NotApplicable),
        _ if open.is_empty() || shut => return Ok(Ruling::Pass),
        _ => {}
    }
    open.sort();
    open.dedup();
    Ok(Ruling::Fail(vec![("principals", open.into())]))
}

/// Whether conditions of an Allow can only be met with MFA: not with a long-term key, not in a session without MFA.
pub(super) fn asks_for_mfa(conditions: &[Condition]) -> bool {
    without_mfa().iter().all(|context| {
        let holds = reference::conditions_hold(conditions, Some(Version::V2012), context);
        !holds.may_hold(&|_| None)
    })
}

/// Whether Deny statements of the document shut out callers without MFA, those with long-term keys too.
fn denies_without_mfa(document: &Document) -> bool {
    let is_deny = |statement: &&Statement| {
        statement.effect == Effect::Deny && privilege::reaches_action(statement, "sts:AssumeRole")
    };
    let denies: Vec<&Statement> = document.statements.iter().filter(is_deny).collect();
    without_mfa().iter().all(|context| {
        denies.iter().any(|statement| {
            let holds = reference::conditions_hold(&statement.conditions, document.version, context);
            holds.known() == Some(true)
        })
    })
}

/// The two ways to call without MFA; whatever else the request has is not known (`id_credentials_mfa_configure-api-require`:
/// with long-term keys `aws:MultiFactorAuthPresent` is absent, not false).
fn without_mfa() -> [RequestContext; 2] {
    let mut long_term = RequestContext::partial();
    for key in ["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:TokenIssueTime"] {
        long_term.set(key, Fact::Absent);
    }
    let mut session = RequestContext::partial().with("aws:MultiFactorAuthPresent", "false");
    session.set("aws:MultiFactorAuthAge", Fact::Absent);
    session.set("aws:TokenIssueTime", Fact::Present);
    [long_term, session]
}

fn is_mfa_test(condition: &Condition, value: &str, operator: &str) -> bool {
    condition.key.eq_ignore_ascii_case("aws:MultiFactorAuthPresent")
        && condition.operator.eq_ignore_ascii_case(operator)
        && condition.values.as_slice().iter().any(|v| v.text().eq_ignore_ascii_case(value))
}

/// A console user that may not enrol its own MFA device cannot follow the order to have one.
fn self_manage(context: &Context<'_>, _: &Account, user: &User) -> Judged {
    if !password_enabled(user)? {
        return Ok(Ruling::NotApplicable);
    }
    user.details.known()?;
    let device = match user.arn.account() {
        Some(account) => format!("arn:{}:iam::{account}:mfa/{}", user.arn.partition(), user.name),
        None => return Ok(Ruling::NotApplicable),
    };
    let may = |action: &str, resource: &str| {
        context.privileges.may(user.arn.as_str(), action, resource).map_err(Missing)
    };
    let enrols =
        may("iam:CreateVirtualMFADevice", &device)? && may("iam:EnableMFADevice", user.arn.as_str())?;
    Ok(if enrols { Ruling::Pass } else { Ruling::Fail(Vec::new()) })
}

fn orphans<'a>(_: &Context<'_>, account: &'a Account) -> Result<Vec<Listed<'a>>, Missing> {
    let users_known = account.listing(kagimori_estate::model::Listing::Users);
    let listed = account.virtual_mfa_devices.known()?.iter().map(|device| {
        let judged = match &device.owner {
            None => Ok(Ruling::Fail(vec![("owner", "nobody".into())])),
            Some(owner) if owner.resource() == "root" => Ok(Ruling::Pass),
            Some(owner) if account.users.values().any(|user| user.arn == *owner) => Ok(Ruling::Pass),
            Some(owner) => users_known
                .known()
                .map(|()| Ruling::Fail(vec![("owner", owner.to_string().into())]))
                .map_err(Missing::from),
        };
        let (serial, name) = (device.serial.as_str(), device.serial.rsplit('/').next().unwrap_or_default());
        let named = subject::named(ResourceKind::MfaDevice, account.id, serial, name);
        Listed { named: Named { key: Some(serial.into()), ..named }, judged }
    });
    Ok(listed.collect())
}

/// A "deny unless MFA" that lets long-term keys through: `Bool` where `BoolIfExists` is needed.
fn deny_unless(_: &Context<'_>, _: &Account, placed: &Placed<'_>) -> Judged {
    let of_deny = |statement: &&Statement| statement.effect == Effect::Deny;
    let tests: Vec<&Statement> = placed
        .document
        .statements
        .iter()
        .filter(of_deny)
        .filter(|statement| {
            let asks =
                |condition: &Condition| condition.key.eq_ignore_ascii_case("aws:MultiFactorAuthPresent");
            statement.conditions.iter().any(asks)
        })
        .collect();
    if tests.is_empty() {
        return Ok(Ruling::NotApplicable);
    }
    let sound = |statement: &&&Statement| {
        statement.conditions.iter().any(|condition| {
            is_mfa_test(condition, "false", "boolifexists")
                || is_mfa_test(condition, "true", "boolifexists") // wrong way round, but not this fault
                || condition.operator.eq_ignore_ascii_case("Null")
                || is_mfa_test(condition, "true", "StringNotEquals")
                || is_mfa_test(condition, "true", "StringNotEqualsIfExists")
        })
    };
    let bypassable: Vec<String> = tests
        .iter()
        .filter(|statement| !sound(statement))
        .map(|statement| statement.sid.clone().unwrap_or_else(|| "(no Sid)".to_owned()))
        .collect();
    Ok(if bypassable.is_empty() {
        Ruling::Pass
    } else {
        Ruling::Fail(vec![("statements", bypassable.into())])
    })
}

/// The gap of a field that a source did not tell.
pub(super) fn field_absent(dataset: Dataset, field: &str) -> Missing {
    Missing(Gap { dataset, reason: GapReason::FieldAbsent(field.to_owned()) })
}
