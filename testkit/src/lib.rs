//! The fictional company Shiosai (潮騒), generated from a seed.
//!
//! Shiosai runs ferries and sells tide data. Its people make every mistake that the seed articles describe, so that every
//! part of Kagimori has something to say. The same options give the same bytes on every machine.

mod calendar;
mod cast;
mod document;
mod files;
pub mod homes;
pub mod keys;
mod large_account;
mod managed;
mod model;
pub mod mutants;
pub mod pairs;
mod planted;
mod random;
pub mod scenarios;
mod trail;

use std::collections::{BTreeMap, BTreeSet};

pub use large_account::LargeAccount;
pub use planted::Planted;

/// How large a company, over how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The seed of everything that is dealt out.
    pub seed: u64,
    /// Accounts, at least the six of the cast.
    pub accounts: usize,
    /// IAM users over all accounts; the cast is always complete.
    pub users: usize,
    /// Roles over all accounts; the cast is always complete.
    pub roles: usize,
    /// Days of CloudTrail; 0 for none.
    pub days: i64,
    /// How many calls of these days are written at most, dealt out evenly over them; `None`: all.
    pub calls_max: Option<usize>,
}

impl Default for Options {
    /// The committed company.
    fn default() -> Self {
        Self { seed: 20_261_101, accounts: 6, users: 120, roles: 200, days: 90, calls_max: None }
    }
}

/// Every file of the company by its path in the kagimori directory.
pub fn generate(options: &Options) -> BTreeMap<String, Vec<u8>> {
    let company = cast::company(options);
    let mut files = files::write(&company);
    if options.days > 0 {
        trail::write(&company, options.days, options.calls_max, &mut files);
    }
    files
}

/// What a review of the company must find. Every check that is named here finds exactly what is listed for it.
pub fn planted(options: &Options) -> BTreeSet<Planted> {
    planted::all(&cast::company(options), options.days > 0)
}
