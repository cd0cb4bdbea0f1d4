//! How a call of the tables can fail. Whoever changes something must tell two kinds apart: what surely was not done, and what
//! may have been done all the same.

use std::fmt;

use kagimori_session::value::shown_within;

use crate::credentials::CredentialsError;

/// A call: `iam:UpdateAccessKey`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The service as the AWS CLI calls it.
    pub service: String,
    /// The operation.
    pub operation: String,
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.service, self.operation)
    }
}

/// AWS's answer: no. Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The call.
    pub call: Name,
    /// AWS's code: `NoSuchEntity`; the HTTP status where the answer has none.
    pub code: String,
    /// AWS's message.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
    /// The id that AWS gave the request.
    pub request_id: Option<String>,
    /// How often it was sent.
    pub attempts: u32,
}

/// What became of an answer that did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// Nobody was reached: the name is not known, or the connection was refused.
    NoConnection,
    /// It took too long.
    TooLong,
    /// The certificate of the other side is not trusted, or TLS failed.
    Tls,
    /// The proxy let nothing through.
    Proxy,
    /// The connection broke, or what came cannot be read.
    Broken,
    /// AWS failed inside, or somebody answered who is not AWS.
    Inside,
    /// The time that the caller gave was over.
    OutOfTime,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// AWS refused; nothing was done.
    #[error("{} was refused: {} ({})", .0.call, shown_within(&.0.message, 400), shown_within(&.0.code, 80))]
    Refused(Box<Refusal>),
    /// AWS refused because of too many calls, every time; nothing was done.
    #[error("{} was refused as one call too many, {} times ({})", .0.call, .0.attempts, shown_within(&.0.code, 80))]
    Throttled(Box<Refusal>),
    /// Nobody knows whether it was done: no whole answer came, or AWS failed inside.
    #[error("{call}: {what}; it may have been done")]
    Unknown {
        /// The call.
        call: Name,
        /// What happened.
        what: String,
        /// The same, for programs.
        lost: Lost,
        /// How often it was sent.
        attempts: u32,
        /// The id that AWS gave the request, when an answer came.
        request_id: Option<String>,
    },
    /// The request never left; nothing was done.
    #[error("{call}: {what}")]
    NotSent {
        /// The call.
        call: Name,
        /// What happened.
        what: String,
        /// The same, for programs.
        lost: Lost,
        /// How often it was tried.
        attempts: u32,
    },
    /// The input is not one of this operation: nothing was sent.
    #[error("{call}: `{place}` of the input {what}")]
    Input {
        /// The call.
        call: Name,
        /// Where.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// There are no credentials to sign it with: nothing was sent.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
}

impl CallError {
    /// Whether AWS may have done what was asked all the same. Who changed something then looks, and does not repeat.
    #[must_use]
    pub fn may_be_done(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// What AWS said.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) | Self::Throttled(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// AWS's code, where it refused.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.refusal().map(|refusal| refusal.code.as_str())
    }

    /// Whether a policy says no.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.code().is_some_and(|code| {
            matches!(
                code,
                "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AuthorizationError"
            )
        })
    }

    /// Whether what was asked for is not there.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.code().is_some_and(|code| {
            code.starts_with("NoSuch")
                || code.ends_with("NotFoundException")
                || matches!(code, "NotFound" | "ResourcePolicyNotFound")
        })
    }

    /// The next step.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Credentials(error) => error.hint.clone(),
            Self::Refused(refusal) => hint_of(refusal),
            Self::Throttled(_) => "run it again later, or with fewer calls at a time".to_owned(),
            Self::Unknown { .. } => "look whether it was done before it is tried again".to_owned(),
            Self::NotSent { lost: Lost::OutOfTime, .. } => "give it more time".to_owned(),
            Self::NotSent { lost: Lost::Tls, .. } => {
                "where a proxy opens TLS, name its certificates in `AWS_CA_BUNDLE`".to_owned()
            }
            Self::NotSent { .. } => {
                "check the connection, `AWS_ENDPOINT_URL`, and `HTTPS_PROXY` and `NO_PROXY`".to_owned()
            }
            Self::Input { .. } => "this is a fault of the program: please report it".to_owned(),
        }
    }
}

fn hint_of(refusal: &Refusal) -> String {
    match refusal.code.as_str() {
        "ExpiredToken" | "ExpiredTokenException" => {
            "the session has ended: get a new one, for example with `kagi exec PROFILE -- …`".to_owned()
        }
        "InvalidClientTokenId" | "UnrecognizedClientException" => {
            "AWS does not know the access key: it was deleted or made inactive, or belongs to another partition".to_owned()
        }
        // STS says it by this code, too.
        "SignatureDoesNotMatch" | "InvalidSignatureException"
            if ["Signature expired", "not yet current"].iter().any(|words| refusal.message.contains(words)) =>
        {
            "set this machine's clock".to_owned()
        }
        "SignatureDoesNotMatch" | "InvalidSignatureException" => {
            "the secret access key does not belong to the key id, or something on the way changes requests".to_owned()
        }
        "RequestExpired" | "RequestTimeTooSkewed" => "set this machine's clock".to_owned(),
        "AccessDenied" | "AccessDeniedException" => {
            format!("the caller needs `{}`", refusal.call)
        }
        "OptInRequired" | "RegionDisabledException" => "enable the Region in the account, or name another".to_owned(),
        _ => "see what AWS says of the code".to_owned(),
    }
}
