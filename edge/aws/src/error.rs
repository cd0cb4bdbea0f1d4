//! What can go wrong with a call, and what it means to the person.
//!
//! AWS documents codes, not texts; the texts told apart here are those its tools' users report (the code decides, the
//! text only where one code stands for several causes). Nothing of a request is ever in a message.

use kagimori_session::value::shown_within;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum StsError {
    /// AWS answered with an error.
    #[error("{operation} was refused: {} ({code})", shown_within(.message, 400))]
    Refused {
        /// The call.
        operation: &'static str,
        /// AWS's code.
        code: String,
        /// AWS's message.
        message: String,
        /// What it means.
        cause: Cause,
        /// The HTTP status.
        status: u16,
    },
    /// No answer.
    #[error("{operation}: {what} ({host})")]
    Network {
        /// The call.
        operation: &'static str,
        /// Who was called.
        host: String,
        /// What happened.
        what: String,
        /// Whether the request cannot have arrived.
        connection: bool,
    },
    /// An answer that is not one of this call.
    #[error("{operation}: the answer has no `{missing}` (HTTP {status})")]
    Answer {
        /// The call.
        operation: &'static str,
        /// The HTTP status.
        status: u16,
        /// What is missing.
        missing: &'static str,
    },
    /// A variable names a proxy that is none.
    #[error("`{variable}` is not the address of a proxy")]
    Proxy {
        /// The variable.
        variable: &'static str,
    },
    /// The key of an `aws login` is none that can sign.
    #[error("the `dpopKey` of the sign-in cannot sign")]
    ProofKey,
    /// The certificate bundle holds no certificate.
    #[error("the certificate bundle holds no certificate")]
    NoCertificates,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The code is wrong or was used already.
    WrongCode,
    /// The device is unknown or not this user's.
    UnknownDevice,
    /// The session has ended.
    Expired,
    /// The key or session is not known to AWS (any more).
    UnknownKey,
    /// The secret does not belong to the key.
    WrongSecret,
    /// This machine's clock is wrong by so many seconds, if the answer said so.
    Clock(Option<i64>),
    /// A policy says no.
    Denied,
    /// The session would last longer than the role allows.
    TooLong,
    /// AWS is busy.
    Busy,
    /// Too many of something.
    Limit,
    /// It is not there.
    NotFound,
    /// Tags and policies are too large together.
    TooLarge,
    /// The region is not enabled.
    Region,
    /// STS here does not know the call.
    NotThere,
    /// The person has not said yes yet.
    Pending,
    /// Asked too often.
    SlowDown,
    /// The person, or an administrator, said no.
    Refused,
    /// A code or refresh token that is not good (any more).
    Grant,
    /// The client is not known (any more).
    Client,
    /// The request is not one of this portal: another start URL or Region.
    Portal,
    /// The access token is not good (any more).
    Token,
    /// The user has no such role.
    NoAccess,
    /// Something else.
    Other,
}

impl StsError {
    pub(crate) fn network(operation: &'static str, host: &str, source: &ureq::Error) -> Self {
        let (what, connection) = told(source);
        Self::Network { operation, host: host.to_owned(), what, connection }
    }

    /// A refusal of Identity Center, whose codes mean other things than those of STS.
    pub(crate) fn refused_by_center(
        operation: &'static str,
        code: String,
        message: String,
        status: u16,
    ) -> Self {
        let cause = match code.as_str() {
            "AccessDeniedException" => Cause::Refused,
            "ExpiredTokenException" => Cause::Grant,
            other => cause(other, &message, None),
        };
        Self::Refused { operation, code, message, cause, status }
    }

    /// A refusal of the sign-in service: OAuth's codes and AWS's own (`OAuth2ErrorCode`).
    pub(crate) fn refused_by_signin(
        operation: &'static str,
        code: String,
        message: String,
        status: u16,
    ) -> Self {
        let cause = match code.as_str() {
            "TOKEN_EXPIRED" | "USER_CREDENTIALS_CHANGED" | "invalid_grant" => Cause::Grant,
            "INSUFFICIENT_PERMISSIONS" => Cause::Denied,
            "rate_exceeded" | "service_unavailable" | "server_error" | "TooManyRequestsError" => Cause::Busy,
            other => cause(other, &message, None),
        };
        Self::Refused { operation, code, message, cause, status }
    }

    pub(crate) fn refused(
        operation: &'static str,
        code: String,
        message: String,
        status: u16,
        skew: Option<i64>,
    ) -> Self {
        let cause = cause(&code, &message, skew);
        Self::Refused { operation, code, message, cause, status }
    }

    /// What a refusal means.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::Refused { cause, .. } => Some(*cause),
            _ => None,
        }
    }

    /// Whether AWS may have done what was asked all the same: an answer that was lost or is not one, or a failure on
    /// AWS's side. A refusal (4xx, with AWS's code) and a call that never left are sure.
    #[must_use]
    pub fn may_be_done(&self) -> bool {
        match self {
            Self::Refused { status, .. } => *status >= 500,
            Self::Network { connection, .. } => !connection,
            Self::Answer { .. } => true,
            Self::Proxy { .. } | Self::NoCertificates | Self::ProofKey => false,
        }
    }

    /// Whether the request cannot have reached AWS.
    pub(crate) fn is_connection(&self) -> bool {
        matches!(self, Self::Network { connection: true, .. })
    }
}

/// What an error of the connection says, and whether the request cannot have arrived.
pub(crate) fn told(source: &ureq::Error) -> (String, bool) {
    match source {
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            ("no connection in time".to_owned(), true)
        }
        ureq::Error::Timeout(_) => ("no answer in time".to_owned(), false),
        ureq::Error::HostNotFound => ("the name of the host is not known".to_owned(), true),
        ureq::Error::ConnectionFailed => ("no connection".to_owned(), true),
        ureq::Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => {
            ("the connection was refused".to_owned(), true)
        }
        // The other side's certificate is looked at before anything is sent to it.
        error if is_about_a_certificate(error) => {
            ("the certificate of the other side is not trusted".to_owned(), true)
        }
        // The kind of what Rust has no own kind for is "uncategorized error"; its number says more.
        ureq::Error::Io(io) => match (io.kind(), io.raw_os_error()) {
            (_, Some(number)) => (std::io::Error::from_raw_os_error(number).to_string(), false),
            (std::io::ErrorKind::Other, None) => ("the connection failed".to_owned(), false),
            // Of these without a number only a failed look-up of a name is known.
            (kind, None) if kind.to_string().starts_with("uncategorized") => {
                ("the name of the host could not be looked up".to_owned(), true)
            }
            (kind, None) => (kind.to_string(), false),
        },
        ureq::Error::ConnectProxyFailed(reason) => {
            (format!("the proxy refused the connection: {}", shown_within(reason, 60)), true)
        }
        ureq::Error::BodyExceedsLimit(_) => ("the answer is too long".to_owned(), false),
        // Of other errors only the kind is told: their texts may quote an address.
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => ("TLS failed".to_owned(), false),
        _ => ("the connection failed".to_owned(), false),
    }
}

fn is_about_a_certificate(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Rustls(_) | ureq::Error::Io(_))
        && error.to_string().contains("invalid peer certificate")
}

fn cause(code: &str, message: &str, skew: Option<i64>) -> Cause {
    let says = |text: &str| message.contains(text);
    match code {
        "AccessDenied" | "AccessDeniedException" if says("invalid MFA one time pass code") => {
            Cause::WrongCode
        }
        "AccessDenied" | "AccessDeniedException" if says("unable to validate MFA code") => {
            Cause::UnknownDevice
        }
        "AccessDenied" | "AccessDeniedException" => Cause::Denied,
        "ExpiredToken" | "ExpiredTokenException" => Cause::Expired,
        "InvalidClientTokenId" | "UnrecognizedClientException" => Cause::UnknownKey,
        "SignatureDoesNotMatch" if says("Signature expired") || says("not yet current") => Cause::Clock(skew),
        "RequestExpired" | "RequestTimeTooSkewed" => Cause::Clock(skew),
        "SignatureDoesNotMatch" => Cause::WrongSecret,
        "ValidationError" if says("MaxSessionDuration") || says("role chaining") => Cause::TooLong,
        "PackedPolicyTooLarge" => Cause::TooLarge,
        "RegionDisabledException" => Cause::Region,
        "InvalidAction" => Cause::NotThere,
        "AuthorizationPendingException" => Cause::Pending,
        "SlowDownException" => Cause::SlowDown,
        "InvalidGrantException" => Cause::Grant,
        "InvalidClientException" | "UnauthorizedClientException" => Cause::Client,
        "InvalidRequestException" | "InvalidRequestRegionException" => Cause::Portal,
        "UnauthorizedException" => Cause::Token,
        "ForbiddenException" => Cause::NoAccess,
        "ResourceNotFoundException" => Cause::NotFound,
        "TooManyRequestsException" | "InternalServerException" => Cause::Busy,
        "LimitExceeded" => Cause::Limit,
        "NoSuchEntity" => Cause::NotFound,
        _ if code.starts_with("Throttling") || code == "ServiceUnavailable" || code == "InternalFailure" => {
            Cause::Busy
        }
        _ => Cause::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_by_code_and_text() {
        let cases = [
            (
                "AccessDenied",
                "MultiFactorAuthentication failed with invalid MFA one time pass code.",
                Cause::WrongCode,
            ),
            (
                "AccessDenied",
                "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify …",
                Cause::UnknownDevice,
            ),
            (
                "AccessDenied",
                "User: x is not authorized to perform: sts:AssumeRole on resource: y",
                Cause::Denied,
            ),
            ("ExpiredToken", "The security token included in the request is expired", Cause::Expired),
            (
                "InvalidClientTokenId",
                "The security token included in the request is invalid",
                Cause::UnknownKey,
            ),
            (
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match …",
                Cause::WrongSecret,
            ),
            (
                "SignatureDoesNotMatch",
                "Signature expired: 20160609T184512Z is now earlier than …",
                Cause::Clock(Some(9)),
            ),
            (
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                Cause::TooLong,
            ),
            ("Throttling", "Rate exceeded", Cause::Busy),
            ("Whatever", "", Cause::Other),
        ];
        for (code, message, expected) in cases {
            assert_eq!(cause(code, message, Some(9)), expected, "{code} {message}");
        }
    }
}
