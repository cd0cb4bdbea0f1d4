//! What a service does with a role that no path is about: not followed, and said so by name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use kagimori_trail::actions::role_passing;

use super::catalogue::paths;

/// Actions that take a role and are in no path, by the service that is handed it.
static TAKERS: LazyLock<BTreeMap<String, BTreeSet<String>>> = LazyLock::new(|| {
    let followed: BTreeSet<&str> =
        paths().iter().flat_map(|path| &path.needs).map(|need| need.action.as_str()).collect();
    let mut takers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in role_passing() {
        let [action, _] = row.actions();
        if followed.contains(action.as_str()) {
            continue;
        }
        let own = format!("{}.amazonaws.com", row.service);
        let receivers = row.receivers.iter().map(|name| (*name).to_owned());
        let receivers: Vec<String> = if row.receivers.is_empty() { vec![own] } else { receivers.collect() };
        for receiver in receivers {
            takers.entry(receiver).or_default().insert(action.clone());
        }
    }
    takers
});

/// Every action that takes a role and is in no path: what a service could be handed a role by that the data does not know.
static ANY: LazyLock<BTreeSet<String>> = LazyLock::new(|| TAKERS.values().flatten().cloned().collect());

/// The actions that could hand a service a role, and that no path is about.
pub(super) fn takers(service: &str) -> impl Iterator<Item = &'static str> + use<> {
    let known = TAKERS.get(service);
    let is_followed = paths().iter().any(|path| path.services.iter().any(|own| own == service));
    let found = match known {
        Some(found) => Some(found),
        None if is_followed => None,
        None => Some(&*ANY),
    };
    found.into_iter().flatten().map(String::as_str)
}
