//! `[apply]`: what a plan may not be done to without the account's alias typed.

use serde::Deserialize;

/// With what care plans are applied.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "a table of the settings")]
pub struct Apply {
    /// What must not go down: ARNs or names of users, groups, roles and policies, ids of access keys, account ids; `*` and `?` are
    /// wildcards, letters without case.
    pub protected: Vec<String>,
    /// Tags of users and roles that must not go down: `KEY` or `KEY=VALUE`, with the same wildcards. AWS is asked for them.
    pub protected_tags: Vec<String>,
    /// Roots and organizational units (`ou-…`) whose accounts, and those of the units below, must not go down. AWS is asked for them.
    pub protected_units: Vec<String>,
    /// Aliases of accounts in which nothing is changed by the way; `*` and `?` are wildcards.
    pub production: Vec<String>,
    /// So many steps are not many.
    pub steps: usize,
    /// The channels that are told what was applied and undone.
    pub channels: Vec<String>,
}

impl Default for Apply {
    fn default() -> Self {
        Self {
            protected: Vec::new(),
            protected_tags: vec!["kagimori:protected".to_owned()],
            protected_units: Vec::new(),
            production: vec!["*prod*".to_owned()],
            steps: 20,
            channels: Vec::new(),
        }
    }
}

impl Apply {
    /// For whoever has asked already: nothing is protected, nothing is production, no steps are many.
    #[must_use]
    pub fn asking_nothing() -> Self {
        let none = Vec::new;
        Self {
            protected: none(),
            protected_tags: none(),
            protected_units: none(),
            production: none(),
            steps: usize::MAX,
            channels: none(),
        }
    }
}
