//! What the trail of a directory would have shown.

use kagimori_estate::Estate;
use kagimori_estate::change::{Change, CredentialChange};
use kagimori_estate::model::{AccessKey, LastUse};
use kagimori_trail::sight::Sight;

/// What an estate says of Regions in use: where access keys were last used.
pub(crate) fn tell_regions(sight: &mut Sight, estate: &Estate) {
    for (id, account) in &estate.accounts {
        let keys =
            account.users.values().flat_map(|user| user.access_keys.known().map_or(&[][..], Vec::as_slice));
        for key in keys {
            if let Ok(LastUse::At { region: Some(region), .. }) = key.last_used.known() {
                sight.tell_used(*id, region);
            }
        }
    }
}

/// Whether the key that a change takes away was not used since then, as AWS tracks it: data events, too.
pub(crate) fn is_idle_key(estate: &Estate, change: &Change, since: i64) -> bool {
    let (Change::Credential(CredentialChange::SetAccessKeyStatus { user, key, .. })
    | Change::Credential(CredentialChange::DeleteAccessKey { user, key })) = change
    else {
        return false;
    };
    let account = user.account().and_then(|account| estate.accounts.get(&account));
    let held = account.and_then(|account| account.users.get(user.name()));
    let keys = held.map_or(&[][..], |user| user.access_keys.known().map_or(&[][..], Vec::as_slice));
    let is_it = |held: &&AccessKey| held.id.as_ref() == Some(key);
    match keys.iter().find(is_it).map(|key| key.last_used.known()) {
        Some(Ok(LastUse::Never)) => true,
        Some(Ok(LastUse::At { at, .. })) => at.as_second() < since,
        _ => false,
    }
}
