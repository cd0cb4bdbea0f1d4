//! A call of AWS and what becomes of it, as values.

use kagimori_id::AccountId;
use serde::Serialize;
use serde_json::Value;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "whoever makes the call needs all of it")]
pub struct Call {
    /// In which account; `None`: the organization's management account.
    pub account: Option<AccountId>,
    /// `iam`, `organizations`, `sso-admin`, `sts`.
    pub service: &'static str,
    /// `UpdateAccessKey`
    pub operation: String,
    /// Its parameters, by AWS's own names.
    pub input: Value,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "what is to be done differs")]
pub enum Outcome {
    /// AWS's answer, as the AWS CLI prints it.
    Answer(Value),
    /// AWS refused it: nothing was changed.
    Refused {
        /// `NoSuchEntity`
        code: String,
        /// AWS's words.
        message: String,
    },
    /// It was sent, and nobody knows what came of it: a timeout, a connection that broke, an error of the server's.
    Unknown {
        /// What was seen, in words.
        why: String,
    },
    /// It was not sent: no credentials, no connection.
    NotSent {
        /// Why, in words.
        why: String,
    },
}

impl Call {
    pub(super) fn iam(account: Option<AccountId>, operation: impl Into<String>, input: Value) -> Self {
        Self { account, service: "iam", operation: operation.into(), input }
    }

    /// Of Identity Center, whose instance is the organization's.
    pub(super) fn sso(operation: &str, input: Value) -> Self {
        Self { account: None, service: "sso-admin", operation: operation.to_owned(), input }
    }

    pub(super) fn organizations(operation: &str, input: Value) -> Self {
        Self { account: None, service: "organizations", operation: operation.to_owned(), input }
    }
}
