//! MFA devices beside what the credential report says: a user with a device that the report does not know, or without the device
//! that it says there is. AWS hands out a report for up to four hours (*Generate credential reports for your AWS account*); which of
//! the two is right, the files do not tell, so it is told and nobody decides.

use std::collections::BTreeSet;

use super::given::Given;
use crate::fact::{Dataset, Gap, GapReason, Known, SourceId};
use crate::model::{Account, User, VirtualMfaDevice};
use kagimori_id::Arn;

/// Makes unknown whether a user has MFA where the answers contradict each other; of root, of whom other answers tell, too, it is said.
pub(super) fn contradictions(account: &mut Account, given: &mut Given) {
    let listed = account.virtual_mfa_devices.clone();
    for user in account.users.values_mut() {
        let Some(sources) = contradicting(user, &listed) else { continue };
        given.contradicts(
            Dataset::MfaDevices,
            sources,
            &format!("whether `{}` has an MFA device", user.name),
        );
        if let Known::Known(row) = &mut user.report {
            let reason = GapReason::Contradiction("whether the user has an MFA device".to_owned());
            row.value.mfa_active = Known::Unknown(Gap { dataset: Dataset::CredentialReport, reason });
        }
    }
    let of_root = owned(&listed, |owner| owner.resource() == "root");
    let told = account.root.report.value().and_then(|row| row.mfa_active.fact());
    if let (Some(listed), Some(told)) = (of_root, told.filter(|told| !told.value)) {
        let sources = BTreeSet::from([listed, told.source]);
        given.contradicts(Dataset::MfaDevices, sources, "whether root has an MFA device");
    }
}

/// The files that say two things of a user.
fn contradicting(user: &User, listed: &Known<Vec<VirtualMfaDevice>>) -> Option<BTreeSet<SourceId>> {
    let told = user.report.value()?.mfa_active.fact()?;
    let own = user.mfa_devices.fact();
    let held = own.filter(|own| !own.value.is_empty()).map(|own| own.source);
    let held = held.or_else(|| owned(listed, |owner| *owner == user.arn));
    let other = match (told.value, held) {
        (false, Some(source)) => source,
        (true, None) => own?.source,
        _ => return None,
    };
    Some(BTreeSet::from([told.source, other]))
}

/// The file by which somebody has a virtual device.
pub(super) fn owned(
    listed: &Known<Vec<VirtualMfaDevice>>,
    is_owner: impl Fn(&Arn) -> bool,
) -> Option<SourceId> {
    let fact = listed.fact()?;
    fact.value.iter().any(|device| device.owner.as_ref().is_some_and(&is_owner)).then_some(fact.source)
}
