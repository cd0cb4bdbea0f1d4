//! Scenarios: requests with the policies in effect and the answer they must get, as JSON that people keep beside their
//! policies and run in CI.
//!
//! A file is a JSON array of cases. A case states its policies, one request and `expected.response`; or a list of
//! requests under `must_allow` or `must_deny`; or `must_not_grant_new` with an old and a new policy. A policy is given as
//! the document itself, or as the name of a file that holds it.

mod expectation;
mod fields;
mod read;
mod run;

pub use expectation::{Class, Expected, Response};
pub use read::{Case, CaseError, FileError, Question, read, read_each};
pub use run::{Report, Statement, run};
