//! The company's own facts, from `kagimori.toml`; the edge reads the file, this is its meaning.

use kagimori_estate::id::AccountId;
use std::collections::BTreeMap;

/// What the company says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Names of accounts, over the organization's.
    pub account_names: BTreeMap<AccountId, String>,
    /// The bastion account: people sign in there and assume roles elsewhere (S0).
    pub bastion: Option<AccountId>,
    /// Accounts outside the organization that are trusted, with their owner's name.
    pub trusted_accounts: BTreeMap<AccountId, String>,
    /// People and teams that own things.
    pub owners: Vec<String>,
    /// Tag keys that say the owner and the purpose.
    pub owner_tags: Vec<String>,
    /// Thresholds.
    pub limits: Limits,
    /// Findings that are accepted for a while.
    pub waivers: Vec<Waiver>,
}

/// Thresholds of the checks, in days unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// An active key older than this fails `key-rotation`.
    pub key_rotation: i64,
    /// A key or password unused for this long fails (CIS: 45).
    pub unused: i64,
}

/// A finding that is accepted for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The check's id.
    pub check: String,
    /// The account, or any.
    pub account: Option<AccountId>,
    /// The resource's ARN, name or key id; `*` and `?` are wildcards.
    pub resource: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: jiff::civil::Date,
}

impl Default for Limits {
    fn default() -> Self {
        Self { key_rotation: 90, unused: 45 }
    }
}
