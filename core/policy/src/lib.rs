//! What does a policy allow?
//!
//! No clock, no files, no network, no randomness: documents and requests in, values out.
//!
//! * [`document`] is the language: what a policy document says, as AWS's grammar has it.
//! * [`parse`] reads documents from JSON and refuses what cannot be trusted (duplicate keys, damage).
//! * [`pattern`] matches actions and ARNs against the `*` and `?` of policies.

pub mod arn;
pub mod decision;
pub mod document;
pub mod formula;
pub mod glob;
pub mod operator;
pub mod parse;
pub mod pattern;
pub mod policies;
pub mod reference;
pub mod request;
pub mod value;
pub mod variable;
