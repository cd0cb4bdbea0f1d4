//! The keys that an estate lists, as a scan joins them.

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::fact::Known;
use kagimori_estate::model::{AccessKey, Account, LastUse, Listing, User};
use kagimori_source::{Owner, Owners};

/// The keys of an estate.
pub(crate) fn of(estate: &Estate) -> Owners {
    let mut owners = Owners::default();
    for (id, account) in estate.accounts.iter() {
        owners.accounts.insert(*id, lists_all_keys(account));
        for user in account.users.values() {
            let keys = user.access_keys.value().map_or(&[][..], Vec::as_slice);
            for key in keys {
                if let Some(text) = &key.id {
                    owners.keys.insert(text.as_str().to_owned(), owner(account, user, key));
                }
            }
        }
    }
    owners
}

fn owner(account: &Account, user: &User, key: &AccessKey) -> Owner {
    Owner {
        account: account.id,
        user: user.name.clone(),
        arn: user.arn.as_str().to_owned(),
        active: key.active.value().copied(),
        created: key.created.value().copied(),
        last_used: key.last_used.value().and_then(last_use),
    }
}

fn last_use(last: &LastUse) -> Option<Timestamp> {
    match last {
        LastUse::At { at, .. } => Some(*at),
        LastUse::Never => None,
    }
}

/// Whether a key that is not listed is gone: all users are known, and of each all keys by their ids.
fn lists_all_keys(account: &Account) -> bool {
    let knows_ids = |user: &User| match &user.access_keys {
        Known::Known(keys) => keys.value.iter().all(|key| key.id.is_some()),
        Known::Unknown(_) => false,
    };
    account.listing(Listing::Users).value().is_some() && account.users.values().all(knows_ids)
}
