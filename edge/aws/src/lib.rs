//! The calls of STS, IAM and IAM Identity Center that hand out credentials, and the console's federation endpoint.
//!
//! A small blocking client: nine calls of the query protocol need a signature, a form and an XML reader. The AWS SDK
//! for Rust would bring 148 crates and an async runtime, `aws-sigv4` alone 69 with `tokio`; this brings 25.

mod account_access;
mod answer;
mod call;
mod center;
mod error;
mod login;
mod metadata;
mod proxy;
mod sign;
mod transport;

pub use crate::account_access::EntitledRole;
pub use crate::call::{AccessKey, AssumedRole, CallerIdentity, Mfa, NewAccessKey, ScopedSession};
pub use crate::center::{Account, RoleCredentials, is_session_of};
pub use crate::error::{Cause, StsError};
pub use crate::transport::Client;
