//! What a service does with a role that no path is about: not followed, and said so by name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use kagimori_trail::actions::role_passing;

use super::catalogue::paths;

/// An action that takes a role and is in no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taker {
    pub(super) action: &'static str,
    /// Whether AWS's reference lists `iam:PassRole` for it; otherwise only a parameter says that it takes a role.
    pub(super) is_documented: bool,
}

/// Such actions, and whether AWS's reference says so.
type Takers = BTreeMap<String, bool>;

/// They by the service that is handed the role.
static TAKERS: LazyLock<BTreeMap<String, Takers>> = LazyLock::new(|| {
    let followed: BTreeSet<&str> =
        paths().iter().flat_map(|path| &path.needs).map(|need| need.action.as_str()).collect();
    let mut takers: BTreeMap<String, Takers> = BTreeMap::new();
    for row in role_passing() {
        let [action, _] = row.actions();
        if followed.contains(action.as_str()) {
            continue;
        }
        let own = format!("{}.amazonaws.com", row.service);
        let receivers = row.receivers.iter().map(|name| (*name).to_owned());
        let receivers: Vec<String> = if row.receivers.is_empty() { vec![own] } else { receivers.collect() };
        for receiver in receivers {
            *takers.entry(receiver).or_default().entry(action.clone()).or_default() |= row.is_documented;
        }
    }
    takers
});

/// Every action that takes a role and is in no path: what a service could be handed a role by that the data does not know.
static ANY: LazyLock<Takers> = LazyLock::new(|| {
    let mut any = Takers::new();
    for (action, is_documented) in TAKERS.values().flatten() {
        *any.entry(action.clone()).or_default() |= is_documented;
    }
    any
});

/// The actions that could hand a service a role, and that no path is about.
pub(super) fn takers(service: &str) -> impl Iterator<Item = Taker> + use<> {
    let known = TAKERS.get(service);
    let is_followed = paths().iter().any(|path| path.services.iter().any(|own| own == service));
    let found = match known {
        Some(found) => Some(found),
        None if is_followed => None,
        None => Some(&*ANY),
    };
    let of = |(action, is_documented): (&'static String, &bool)| Taker {
        action: action.as_str(),
        is_documented: *is_documented,
    };
    found.into_iter().flatten().map(of)
}
