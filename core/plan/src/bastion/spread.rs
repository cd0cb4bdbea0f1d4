//! An estate for proving: what the roles have, also where the snapshot of their account does not hold its text.
//!
//! The authorization details of an account hold the policies of AWS that somebody has there. A role that is to be made may have one
//! that nobody has yet: its text is the same in every account (`access_policies_managed-vs-inline`), so that of another will do.
//! Where no account has it, it is taken as allowing everything: what is proved then, is proved whatever it says.

use std::collections::BTreeSet;

use kagimori_estate::Estate;
use kagimori_estate::fact::{Known, SourceId};
use kagimori_estate::model::{ManagedPolicy, Policy};
use kagimori_id::Arn;

use super::{Target, documents};

/// The estate, and which policies of the roles are taken as allowing everything.
pub(super) fn spread(target: &Target, estate: &Estate) -> (Estate, BTreeSet<Arn>) {
    let (mut spread, mut guessed) = (estate.clone(), BTreeSet::new());
    for role in &target.roles {
        for arn in &role.policies {
            let is_held =
                estate.accounts.get(&role.account).is_none_or(|account| account.policies.contains_key(arn));
            if is_held {
                continue;
            }
            let of_others = estate.accounts.values().find_map(|account| account.policies.get(arn));
            let policy = match of_others.filter(|_| arn.account().is_none()) {
                Some(policy) => policy.clone(),
                None => {
                    guessed.insert(arn.clone());
                    anything(arn)
                }
            };
            if let Some(account) = spread.accounts.get_mut(&role.account) {
                account.policies.insert(arn.clone(), policy);
            }
        }
    }
    (spread, guessed)
}

fn anything(arn: &Arn) -> ManagedPolicy {
    ManagedPolicy {
        arn: arn.clone(),
        name: arn.name().to_owned(),
        created: None,
        document: Policy { document: Ok(documents::everything()) },
        default_version: "v1".to_owned(),
        other_versions: Known::new(Vec::new(), SourceId::PLANNED),
        attachments: None,
        boundary_uses: None,
        source: SourceId::PLANNED,
    }
}
