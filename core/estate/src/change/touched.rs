//! Whose permissions and credentials a change may touch: nobody else's calls can end otherwise.

use std::collections::BTreeSet;

use super::{Change, Touches};
use crate::Estate;
use kagimori_id::Arn;

/// The users and roles whose permissions or credentials changes may touch, in the estate as it is or as it would be; `None`:
/// it may be anybody's.
pub fn touched(changes: &[Change], before: &Estate, after: &Estate) -> Option<BTreeSet<Arn>> {
    let mut all = BTreeSet::new();
    for change in changes {
        let arn = match change.touches() {
            Touches::Of(arn) => arn,
            Touches::Nobody => continue,
            Touches::Anybody => return None,
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
