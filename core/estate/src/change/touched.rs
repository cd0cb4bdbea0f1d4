//! Whose permissions and credentials a change may touch: nobody else's calls can end otherwise.

use std::collections::BTreeSet;

use super::Change;
use crate::Estate;
use crate::id::Arn;

/// The users and roles whose permissions or credentials changes may touch, in the estate as it is or as it would be; `None`:
/// it may be anybody's. Identity-based policies, boundaries and credentials are of their principal alone (IAM User Guide,
/// `access_policies_identity-vs-resource`); trust policies, policies of an organization and managed policies may be about
/// many.
pub fn touched(changes: &[Change], before: &Estate, after: &Estate) -> Option<BTreeSet<Arn>> {
    let mut all = BTreeSet::new();
    for change in changes {
        let arn = match change {
            Change::SetAccessKeyStatus { user: arn, .. }
            | Change::DeleteAccessKey { user: arn, .. }
            | Change::PutInlinePolicy { identity: arn, .. }
            | Change::DeleteInlinePolicy { identity: arn, .. }
            | Change::AttachPolicy { identity: arn, .. }
            | Change::DetachPolicy { identity: arn, .. }
            | Change::SetBoundary { identity: arn, .. }
            | Change::RemoveBoundary { identity: arn }
            | Change::AddToGroup { user: arn, .. }
            | Change::RemoveFromGroup { user: arn, .. }
            | Change::SetConsoleLogin { user: arn, .. } => arn,
            // Attached nowhere.
            Change::CreatePolicy { .. } | Change::DeletePolicy { .. } => continue,
            Change::CreatePolicyVersion { .. }
            | Change::RestorePolicyVersion { .. }
            | Change::SetTrustPolicy { .. }
            | Change::CreateOrganizationPolicy { .. }
            | Change::DeleteOrganizationPolicy { .. }
            | Change::SetOrganizationPolicy { .. }
            | Change::AttachOrganizationPolicy { .. }
            | Change::DetachOrganizationPolicy { .. } => return None,
        };
        if arn.resource().starts_with("group/") {
            all.extend(members(arn, before)?);
            all.extend(members(arn, after)?);
        } else {
            all.insert(arn.clone());
        }
    }
    Some(all)
}

/// The members of a group; `None` when those of some user are not known.
fn members(group: &Arn, estate: &Estate) -> Option<Vec<Arn>> {
    let account = estate.accounts.get(&group.account()?)?;
    let mut members = Vec::new();
    for user in account.users.values() {
        let details = user.details.known().ok()?;
        if details.groups.iter().any(|name| name == group.name()) {
            members.push(user.arn.clone());
        }
    }
    Some(members)
}
