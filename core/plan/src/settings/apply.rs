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
    /// Aliases of accounts in which nothing is changed by the way; `*` and `?` are wildcards.
    pub production: Vec<String>,
    /// So many steps are not many.
    pub steps: usize,
}

impl Default for Apply {
    fn default() -> Self {
        Self { protected: Vec::new(), production: vec!["*prod*".to_owned()], steps: 20 }
    }
}
