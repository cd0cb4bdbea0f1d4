//! What is wrong, what to change, what would break?
//!
//! No clock, no files, no network, no randomness: an estate, usage and settings in, a review out.
//!
//! * [`check`]: the catalogue of checks (`checks.toml`: texts, mappings) and the rule behind each.
//! * [`verdict`]: what a check says of one resource, and how a verdict behaves when data is missing.
//! * [`settings`]: the company's own facts: owners, protected list, thresholds, waivers.
//! * [`review`]: all checks over one estate, and the tables a person wants beside them.

pub mod check;
pub mod review;
pub mod settings;
pub mod verdict;

pub use review::{Review, review};
pub use settings::Settings;
