//! What does a policy allow?
//!
//! No clock, no files, no network, no randomness: documents and requests in, values out.
//!
//! * [`document`] is the language: what a policy document says, as AWS's grammar has it.
//! * [`parse`] reads documents from JSON and refuses what cannot be trusted (duplicate keys, damage).
//! * [`pattern`] and [`glob`] match actions and ARNs against the `*` and `?` of policies.
//! * [`request`] and [`policies`] are what is asked and what has a say; [`decision`] is the answer.
//! * [`catalogue`] is the service reference: actions, resource types, condition keys.
//! * [`lint`] says what is doubtful in a document; [`quota`] how large AWS lets it be.
//! * [`reference`] decides, as AWS describes it, one request at a time.

pub mod catalogue;
mod checked;
pub mod compare;
pub mod decision;
pub mod document;
pub mod engine;
pub mod formula;
pub mod glob;
pub mod lint;
pub mod minimise;
pub mod operator;
pub mod parse;
pub mod pattern;
pub mod policies;
pub mod print;
mod protected;
pub mod quota;
pub mod reference;
pub mod request;
pub mod scenario;
pub mod validate;
pub mod value;
pub mod variable;
