//! What the catalogue says of actions that matters for a proof: whether their requests name a resource, and who may call.

use std::sync::LazyLock;

use crate::catalogue::{ActionId, ActionSet, Catalogue};

use super::super::theory::Domain;

/// Sets of actions that are alike.
#[derive(Debug)]
pub(super) struct Kinds {
    /// They work on no resource: only `*` is about them.
    without_resource: ActionSet,
    /// They may name a resource or none.
    with_optional: ActionSet,
    /// Nobody needs a permission.
    always_allowed: ActionSet,
    /// Sessions of roles cannot call them (`id_credentials_temp_request`).
    users_only: ActionSet,
    everything: ActionSet,
}

pub(super) static KINDS: LazyLock<Kinds> = LazyLock::new(|| {
    let catalogue = Catalogue::embedded();
    let none = || ActionSet::none(catalogue);
    let (mut without_resource, mut with_optional, mut everything) = (none(), none(), none());
    for id in catalogue.actions() {
        everything.insert(id);
        if !catalogue.has_resource_types(id) {
            without_resource.insert(id);
        } else if !catalogue.needs_resource(id) {
            with_optional.insert(id);
        }
    }
    let named = |names: &[&str]| {
        let mut set = none();
        names.iter().filter_map(|name| catalogue.action(name)).for_each(|id| set.insert(id));
        set
    };
    Kinds {
        without_resource,
        with_optional,
        always_allowed: named(&["sts:GetCallerIdentity"]),
        users_only: named(&["sts:GetFederationToken", "sts:GetSessionToken"]),
        everything,
    }
});

impl Kinds {
    /// The sets whose actions must not be taken for those of others.
    pub(super) fn sets(&self) -> [&ActionSet; 3] {
        [&self.without_resource, &self.with_optional, &self.users_only]
    }

    pub(super) fn domain(&self, action: ActionId) -> Domain {
        let is_without = self.without_resource.contains(action);
        Domain { arn: !is_without, nothing: is_without || self.with_optional.contains(action) }
    }

    pub(super) fn always_allowed(&self) -> &ActionSet {
        &self.always_allowed
    }

    pub(super) fn everything(&self) -> ActionSet {
        self.everything.clone()
    }
}
