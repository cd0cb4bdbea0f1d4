//! What the credential report tells of all users at once, so that nobody need be asked: who has no access key, and who no MFA device.
//!
//! `kagimori collect` asks a user for devices and keys only where the report says that there are any. That there are none is then an
//! answer, and not a file that nobody gave.

use super::mfa_merge::owned;
use crate::fact::{Dataset, GapReason, Known, SourceId};
use crate::model::{Account, Listing};

/// Takes the report's word where nobody else was asked.
pub(super) fn what_need_not_be_asked(account: &mut Account) {
    devices(account);
    let Some(report) = account.dataset(Dataset::CredentialReport).fact().map(|fact| fact.source) else {
        return;
    };
    if account.listing(Listing::Users).value().is_none() {
        return;
    }
    let has_no_device =
        account.users.values().all(|user| user.mfa_devices.value().is_some_and(Vec::is_empty));
    told(account, Dataset::MfaDevices, has_no_device, report);
    let has_no_key = account.users.values().all(|user| user.access_keys.value().is_some_and(Vec::is_empty));
    told(account, Dataset::AccessKeys, has_no_key, report);
}

/// A user without MFA by the report has no device: where the list of virtual devices knows none of his, either. Where that list is
/// not known nothing is, for the report may be four hours old (*Generate credential reports for your AWS account*).
fn devices(account: &mut Account) {
    let listed = account.virtual_mfa_devices.clone();
    if listed.value().is_none() {
        return;
    }
    for user in account.users.values_mut() {
        let Some(gap) = user.mfa_devices.gap() else { continue };
        if !matches!(gap.reason, GapReason::NotGiven | GapReason::FieldAbsent(_)) {
            continue;
        }
        let active = user.report.value().and_then(|row| row.mfa_active.fact());
        let Some(active) = active.filter(|active| !active.value) else { continue };
        if owned(&listed, |owner| *owner == user.arn).is_none() {
            user.mfa_devices = Known::new(Vec::new(), active.source);
        }
    }
}

/// A list of which no file was given, and of which the report tells that it is empty.
fn told(account: &mut Account, dataset: Dataset, is_empty: bool, report: SourceId) {
    let is_untold = account.dataset(dataset).gap().is_some_and(|gap| gap.reason == GapReason::NotGiven);
    if is_untold && is_empty {
        account.datasets.insert(dataset, Known::new((), report));
    }
}
