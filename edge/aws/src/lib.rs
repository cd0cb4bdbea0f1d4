//! The one way to AWS.
//!
//! * The calls that hand out credentials: STS, IAM and IAM Identity Center (kagi's); written out, since each has a mind of its own.
//! * Any other call of AWS's APIs: [`Api::call`], driven by tables that `cargo xtask gen aws` cuts from botocore's models. Its
//!   answers are the JSON that the AWS CLI prints.
//!
//! A small blocking client: the AWS SDK for Rust would bring 148 crates and an async runtime, `aws-sigv4` alone 69 with `tokio`;
//! this brings 25.

mod account_access;
mod address;
mod answer;
mod api;
mod call;
mod center;
mod credentials;
mod error;
mod failure;
mod login;
mod metadata;
mod model;
mod pace;
mod pages;
mod proxy;
mod retry;
mod settings;
mod sign;
mod transport;
mod wire;

pub use crate::account_access::EntitledRole;
pub use crate::api::{Api, Reply, Settings};
pub use crate::call::{AccessKey, AssumedRole, CallerIdentity, Mfa, NewAccessKey, ScopedSession};
pub use crate::center::{Account, RoleCredentials, is_session_of};
pub use crate::credentials::{
    CONTAINER_HOSTS, Credentials, CredentialsError, Held, Source, container_authority, container_url,
    environment, instance_endpoint, may_be_asked,
};
pub use crate::error::{Cause, StsError};
pub use crate::failure::{CallError, Lost, Name, Refusal};
pub use crate::model::operations;
pub use crate::pace::Pace;
pub use crate::retry::DEFAULT_ATTEMPTS;
pub use crate::settings::{Access, Caller, plain_role};
pub use crate::transport::Client;
