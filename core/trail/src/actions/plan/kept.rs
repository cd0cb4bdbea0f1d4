//! The plans of the kinds of event seen so far.
//!
//! A trail has some hundred kinds of event among millions of events. The table is found without a lock and only grows; a
//! full one costs time, nothing else.

use std::hash::{BuildHasher, BuildHasherDefault};
use std::sync::{LazyLock, OnceLock};

use rustc_hash::FxHasher;

use super::Plan;
use crate::call::MapGap;

/// More than the operations of the services any company uses.
const KEPT_MAX: usize = 1 << 13;
/// How far a plan may lie behind its place.
const PROBES_MAX: usize = 8;

static KEPT: LazyLock<Box<[OnceLock<Kept>]>> =
    LazyLock::new(|| (0..KEPT_MAX).map(|_| OnceLock::new()).collect());

struct Kept {
    source: Box<str>,
    name: Box<str>,
    plan: Plan,
}

/// Calls `then` with the plan of a kind of event.
pub(crate) fn with<T>(source: &str, name: &str, then: impl FnOnce(&Plan) -> T) -> T {
    let hash = BuildHasherDefault::<FxHasher>::default().hash_one((source, name));
    // The high bits of this hash are the good ones.
    let first = usize::try_from(hash >> 51).unwrap_or_default();
    for probe in 0..PROBES_MAX {
        let Some(slot) = KEPT.get(first.wrapping_add(probe) % KEPT_MAX) else { break };
        let is_it = |kept: &Kept| kept.source.as_ref() == source && kept.name.as_ref() == name;
        match slot.get() {
            Some(kept) if is_it(kept) => return then(&kept.plan),
            Some(_) => {}
            None => {
                let plan = Plan::make(source, name);
                // Names that mean nothing are made up without end: they are not kept.
                if plan.gap == Some(MapGap::UnknownEvent) {
                    return then(&plan);
                }
                let kept = slot.get_or_init(|| Kept { source: source.into(), name: name.into(), plan });
                if is_it(kept) {
                    return then(&kept.plan);
                }
            }
        }
    }
    then(&Plan::make(source, name))
}
