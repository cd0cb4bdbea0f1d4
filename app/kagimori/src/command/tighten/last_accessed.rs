//! What the estate holds of `aws iam get-service-last-accessed-details`, as proposals ask for it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::fact::Known;
use kagimori_estate::model;
use kagimori_id::Arn;
use kagimori_plan::tighten::LastAccessed;

use super::propose::LastAccessedOf;

/// Of everybody of whom the directory holds an answer.
pub(super) fn of(estate: &Estate) -> LastAccessedOf {
    let users = estate.accounts.values().flat_map(|account| account.users.values());
    let roles = estate.accounts.values().flat_map(|account| account.roles.values());
    let users = users.map(|user| (&user.arn, &user.last_accessed));
    users.chain(roles.map(|role| (&role.arn, &role.last_accessed))).filter_map(services).collect()
}

fn services(
    (principal, known): (&Arn, &Known<model::LastAccessed>),
) -> Option<(Arn, BTreeMap<String, LastAccessed>)> {
    let told = known.value()?.services.iter();
    let services =
        told.map(|(service, last)| (service.clone(), LastAccessed { at: last.map(Timestamp::as_second) }));
    Some((principal.clone(), services.collect()))
}
