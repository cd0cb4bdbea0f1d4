//! The account's password policy, one check per clause.
//!
//! A field that AWS leaves out of `GetAccountPasswordPolicy` is off, but for the minimum length, which is always there; without a
//! policy AWS's default holds (*Set an account password policy for IAM users*, "Default password policy"). An account whose every user is known to have no
//! password is told so as `INFO` instead of failed.

use kagimori_estate::fact::Dataset;
use kagimori_estate::model::{Account, PasswordPolicy};

use super::{Context, Facts, Judged, Missing, Rule, Ruling};

pub(super) const RULES: &[(&str, Rule)] = &[
    ("pw-none", Rule::Account(none)),
    ("pw-length", Rule::Account(length)),
    ("pw-reuse", Rule::Account(reuse)),
    ("pw-upper", Rule::Account(upper)),
    ("pw-lower", Rule::Account(lower)),
    ("pw-symbol", Rule::Account(symbol)),
    ("pw-number", Rule::Account(number)),
    ("pw-expiry", Rule::Account(expiry)),
];

/// The minimum length without a policy.
const NO_POLICY: &str = "8, AWS's default without a policy";

fn none(_: &Context<'_>, account: &Account) -> Judged {
    let set = account.password_policy.known()?.is_some();
    Ok(if set { Ruling::Pass } else { failing(account, vec![("value", "none".into())]) })
}

fn length(context: &Context<'_>, account: &Account) -> Judged {
    let limit = context.settings.limits.password_length;
    let Some(policy) = account.password_policy.known()? else {
        return Ok(failing(account, vec![("value", NO_POLICY.into()), ("limit", limit.into())]));
    };
    let absent = || super::mfa::field_absent(Dataset::PasswordPolicy, "MinimumPasswordLength");
    let value = policy.minimum_length.ok_or_else(absent)?;
    clause(account, limit, |_| (value, |value, limit| value >= limit))
}

fn reuse(context: &Context<'_>, account: &Account) -> Judged {
    let limit = context.settings.limits.password_reuse;
    clause(account, limit, |policy| {
        (policy.reuse_prevention.unwrap_or_default(), |value, limit| value >= limit)
    })
}

fn expiry(context: &Context<'_>, account: &Account) -> Judged {
    let limit = context.settings.limits.password_expiry;
    let soon_enough = |value, limit| value > 0 && value <= limit;
    clause(account, limit, |policy| (policy.max_age_days.unwrap_or_default(), soon_enough))
}

fn upper(_: &Context<'_>, account: &Account) -> Judged {
    required(account, |policy| policy.require_uppercase)
}

fn lower(_: &Context<'_>, account: &Account) -> Judged {
    required(account, |policy| policy.require_lowercase)
}

fn symbol(_: &Context<'_>, account: &Account) -> Judged {
    required(account, |policy| policy.require_symbols)
}

fn number(_: &Context<'_>, account: &Account) -> Judged {
    required(account, |policy| policy.require_numbers)
}

/// The policy; without one AWS's default applies, which has none of these clauses (`pw-none` says so).
fn policy(account: &Account) -> Result<PasswordPolicy, Missing> {
    let none = PasswordPolicy {
        minimum_length: None,
        require_uppercase: None,
        require_lowercase: None,
        require_symbols: None,
        require_numbers: None,
        reuse_prevention: None,
        max_age_days: None,
    };
    Ok(account.password_policy.known()?.clone().unwrap_or(none))
}

fn clause(
    account: &Account,
    limit: u32,
    read: impl Fn(&PasswordPolicy) -> (u32, fn(u32, u32) -> bool),
) -> Judged {
    let (value, holds) = read(&policy(account)?);
    if holds(value, limit) {
        return Ok(Ruling::Pass);
    }
    Ok(failing(account, vec![("value", value.into()), ("limit", limit.into())]))
}

fn required(account: &Account, read: impl Fn(&PasswordPolicy) -> Option<bool>) -> Judged {
    let on = read(&policy(account)?).unwrap_or(false);
    Ok(if on { Ruling::Pass } else { failing(account, vec![("value", "off".into())]) })
}

fn failing(account: &Account, facts: Facts) -> Ruling {
    if nobody_has_a_password(account) { Ruling::Info(facts) } else { Ruling::Fail(facts) }
}

fn nobody_has_a_password(account: &Account) -> bool {
    account
        .datasets
        .get(&kagimori_estate::Dataset::CredentialReport)
        .is_some_and(|known| known.value().is_some())
        && account.users.values().all(|user| {
            let report = user.report.value();
            report.and_then(|row| row.password_enabled.value()) == Some(&false)
        })
}
