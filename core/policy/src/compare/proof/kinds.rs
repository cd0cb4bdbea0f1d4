//! What the catalogue says of actions that matters for a proof: whether their requests name a resource, and who may call.

use std::sync::LazyLock;

use crate::catalogue::{ActionId, ActionSet, Catalogue};

use super::super::theory::Domain;
use crate::checked::{self, Checked, Row};

/// Sets of actions that are alike.
#[derive(Debug)]
pub(super) struct Kinds {
    /// They work on no resource: only `*` is about them.
    without_resource: ActionSet,
    /// They work on no resource, and AWS compares an ARN all the same.
    by_row: Vec<(Row, ActionSet)>,
    /// They work on no resource, and nobody says what AWS compares.
    undocumented: ActionSet,
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
    let (mut undocumented, mut by_row) = (none(), Vec::from_iter(checked::rows().map(|row| (row, none()))));
    for id in catalogue.actions() {
        everything.insert(id);
        if !catalogue.has_resource_types(id) {
            match checked::of_action(&catalogue.name(id).to_ascii_lowercase()) {
                Checked::Everything => without_resource.insert(id),
                Checked::Undocumented => undocumented.insert(id),
                Checked::Arn(row) => {
                    by_row.iter_mut().filter(|(own, _)| *own == row).for_each(|(_, set)| set.insert(id));
                }
            }
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
        by_row,
        undocumented,
        with_optional,
        always_allowed: named(&["sts:GetCallerIdentity", "sts:GetSessionToken"]),
        users_only: named(&["sts:GetFederationToken", "sts:GetSessionToken"]),
        everything,
    }
});

impl Kinds {
    /// The sets whose actions must not be taken for those of others.
    pub(super) fn sets(&self) -> impl Iterator<Item = &ActionSet> {
        let kinds =
            [&self.without_resource, &self.undocumented, &self.with_optional, &self.users_only].into_iter();
        kinds.chain(self.by_row.iter().map(|(_, set)| set))
    }

    pub(super) fn domain(&self, action: ActionId) -> Domain {
        let mut rows = self.by_row.iter().filter(|(_, set)| set.contains(action));
        if let Some((row, _)) = rows.next() {
            return Domain { arn: true, nothing: false, checked: Some(*row) };
        }
        let is_without = self.without_resource.contains(action);
        let may_be_without = self.undocumented.contains(action) || self.with_optional.contains(action);
        Domain { arn: !is_without, nothing: is_without || may_be_without, checked: None }
    }

    /// Whether nobody says what AWS compares for an action.
    pub(super) fn is_undocumented(&self, action: ActionId) -> bool {
        self.undocumented.contains(action)
    }

    pub(super) fn always_allowed(&self) -> &ActionSet {
        &self.always_allowed
    }

    pub(super) fn everything(&self) -> ActionSet {
        self.everything.clone()
    }
}
