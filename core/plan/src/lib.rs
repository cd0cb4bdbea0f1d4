//! What is wrong, what to change, what would break?
//!
//! No clock, no files, no network, no randomness: an estate, usage and settings in, a review out.
//!
//! * [`apply`]: following a stored plan, and undoing it, as a machine.
//! * [`bastion`]: the account through which people come to their roles, from a short file, with its promises proved.
//! * [`blind`]: permissions whose use a trail would not have shown.
//! * [`check`]: the catalogue of checks (`checks.toml`: texts, mappings) and the rule behind each.
//! * [`verdict`]: what a check says of one resource, and how a verdict behaves when data is missing.
//! * [`privilege`]: what the policies on an identity amount to, as far as the text tells.
//! * [`escalation`]: who can become whom, and whom that makes an administrator.
//! * [`settings`]: the company's own facts: owners, thresholds, waivers.
//! * [`review`]: all checks over one estate, and the tables a person wants beside them.
//! * [`framework`]: the review by control of CIS, Security Hub and AWS Config.
//! * [`origins`]: which origins of calls count.
//! * [`plan`]: changes with their way back and their evidence, stored as JSON.
//! * [`replacement`]: other identity policies in place of all that somebody has.
//! * [`replay`]: what would have broken: calls over the estate before and after a list of changes.
//! * [`require_mfa`]: a trust policy that asks people for MFA.
//! * [`tighten`]: a least-privilege replacement of what somebody has, drawn from what it did.
//! * [`sentence`]: verdicts and gaps as sentences, in English and Japanese.

pub mod apply;
pub mod bastion;
pub mod blind;
pub mod check;
pub mod escalation;
pub mod framework;
pub mod origins;
pub mod plan;
pub mod privilege;
pub mod replacement;
pub mod replay;
pub mod require_mfa;
pub mod review;
pub mod sentence;
pub mod settings;
pub mod tighten;
pub mod verdict;

#[cfg(test)]
mod tests;

pub use check::Beside;
pub use plan::Plan;
pub use review::{Groundwork, Review, review, review_beside, review_on};
pub use settings::Settings;
