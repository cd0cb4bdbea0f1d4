//! Lists beside what the account summary counts: one that is shorter is not whole, and what it would name is not known.

use std::collections::BTreeSet;

use crate::fact::{Dataset, Gap, GapReason, Known};
use crate::model::Account;

/// Server certificates and identity providers.
pub(super) fn lists(account: &mut Account) {
    let told = |name: &str| count(account, name);
    let (certificates, providers) = (told("ServerCertificates"), told("Providers"));
    let held = account.server_certificates.value().map(Vec::len);
    if is_short(held, certificates) {
        let gap = short(Dataset::ServerCertificates, "how many server certificates there are");
        account.server_certificates = Known::Unknown(gap);
    }
    let both = account.oidc_providers.value().zip(account.saml_providers.value());
    if is_short(both.map(|(oidc, saml)| oidc.len().saturating_add(saml.len())), providers) {
        let about = "how many identity providers there are";
        account.oidc_providers = Known::Unknown(short(Dataset::OidcProviders, about));
        account.saml_providers = Known::Unknown(short(Dataset::SamlProviders, about));
    }
}

/// Virtual MFA devices. `MFADevices` counts all, `MFADevicesInUse` those that somebody has (IAM API Reference, `GetAccountSummary`). A
/// device that nobody has is virtual; one that somebody has is in a list, or a user's, or root's, of whom no list names one.
pub(super) fn devices(account: &mut Account) {
    let Some(virtual_devices) = account.virtual_mfa_devices.value() else { return };
    let Some(all) = count(account, "MFADevices") else { return };
    let mut seen: BTreeSet<&str> = virtual_devices.iter().map(|device| device.serial.as_str()).collect();
    let owners: BTreeSet<&str> =
        virtual_devices.iter().filter_map(|device| Some(device.owner.as_ref()?.as_str())).collect();
    let mut unexplained = 0_usize;
    for user in account.users.values() {
        let own = user.mfa_devices.value().map_or(&[][..], Vec::as_slice);
        seen.extend(own.iter().map(|device| device.serial.as_str()));
        let is_active = user.report.value().is_some_and(|row| row.mfa_active.value() == Some(&true));
        let is_seen = !own.is_empty() || owners.contains(user.arn.as_str());
        unexplained = unexplained.saturating_add(usize::from(is_active && !is_seen));
    }
    let has_root = count(account, "AccountMFAEnabled") == Some(1);
    let is_root_seen = owners.iter().any(|owner| owner.ends_with(":root"))
        || seen.iter().any(|serial| serial.ends_with(":mfa/root-account-mfa-device"));
    unexplained = unexplained.saturating_add(usize::from(has_root && !is_root_seen));
    let unowned = virtual_devices.iter().filter(|device| device.owner.is_none()).count();
    let told_unowned = count(account, "MFADevicesInUse").map(|used| all.saturating_sub(used));
    let is_torn = is_short(Some(seen.len().saturating_add(unexplained)), Some(all))
        || is_short(Some(unowned), told_unowned);
    if is_torn {
        let gap = short(Dataset::VirtualMfaDevices, "how many MFA devices there are");
        account.virtual_mfa_devices = Known::Unknown(gap);
    }
}

fn count(account: &Account, name: &str) -> Option<i64> {
    account.summary.value()?.get(name).copied()
}

fn is_short(held: Option<usize>, told: Option<i64>) -> bool {
    let held = held.and_then(|held| i64::try_from(held).ok());
    held.zip(told).is_some_and(|(held, told)| held < told)
}

fn short(dataset: Dataset, about: &str) -> Gap {
    Gap { dataset, reason: GapReason::Contradiction(about.to_owned()) }
}
