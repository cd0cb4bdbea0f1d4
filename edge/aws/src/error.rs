//! What can go wrong with a call, and what it means to the person.
//!
//! AWS documents codes, not texts; the texts told apart here are those its tools' users report (the code decides, the
//! text only where one code stands for several causes). Nothing of a request is ever in a message.

use kagimori_session::value::shown_within;

use crate::failure::Lost;

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
        /// What happened, for programs.
        lost: Lost,
    },
    /// An answer that is not one of this call.
    #[error("{operation}: {}", unread(*status, missing))]
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

/// From 500 on nobody reads what stands in an answer: the service, or a proxy before it, is out of order.
fn unread(status: u16, missing: &str) -> String {
    match status {
        500.. => format!("no answer but HTTP {status}"),
        _ => format!("the answer has no `{missing}` (HTTP {status})"),
    }
}

impl StsError {
    pub(crate) fn network(operation: &'static str, host: &str, source: &ureq::Error) -> Self {
        let Told { what, connection, lost } = told(source);
        Self::Network { operation, host: host.to_owned(), what, connection, lost }
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
        mut message: String,
        status: u16,
        skew: Option<i64>,
    ) -> Self {
        let cause = cause(&code, &message, skew);
        message.truncate(without_request(&message).len());
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

    /// Whether the connection broke before the answer was whole.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self, Self::Network { lost: Lost::Broken, .. })
    }
}

/// What AWS says without what it repeats: of a signature that is wrong it tells the request that it was made of, headers and the
/// session token among them (AWS General Reference, "Troubleshooting AWS Signature Version 4 errors").
pub(crate) fn without_request(message: &str) -> &str {
    let end =
        ["The Canonical String", "The String-to-Sign"].iter().filter_map(|start| message.find(start)).min();
    message.get(..end.unwrap_or(message.len())).unwrap_or(message).trim_end()
}

/// What an error of the connection says.
pub(crate) struct Told {
    pub(crate) what: String,
    /// Whether the request cannot have arrived.
    pub(crate) connection: bool,
    pub(crate) lost: Lost,
}

/// What an error of the connection says.
pub(crate) fn told(source: &ureq::Error) -> Told {
    let told = |what: &str, connection: bool, lost: Lost| Told { what: what.to_owned(), connection, lost };
    match source {
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            told("no connection in time", true, Lost::TooLong)
        }
        ureq::Error::Timeout(_) => told("no answer in time", false, Lost::TooLong),
        ureq::Error::HostNotFound => told("the name of the host is not known", true, Lost::NoConnection),
        ureq::Error::ConnectionFailed => told("no connection", true, Lost::NoConnection),
        ureq::Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => {
            told("the connection was refused", true, Lost::NoConnection)
        }
        // The other side's certificate is looked at before anything is sent to it.
        error if is_about_a_certificate(error) => {
            told("the certificate of the other side is not trusted", true, Lost::Tls)
        }
        // The kind of what Rust has no own kind for is "uncategorized error"; its number says more.
        ureq::Error::Io(io) => match (io.kind(), io.raw_os_error()) {
            (_, Some(number)) => {
                told(&std::io::Error::from_raw_os_error(number).to_string(), false, Lost::Broken)
            }
            (std::io::ErrorKind::Other, None) => told("the connection failed", false, Lost::Broken),
            // Of these without a number only a failed look-up of a name is known.
            (kind, None) if kind.to_string().starts_with("uncategorized") => {
                told("the name of the host could not be looked up", true, Lost::NoConnection)
            }
            (kind, None) => told(&kind.to_string(), false, Lost::Broken),
        },
        ureq::Error::ConnectProxyFailed(reason) => told(
            &format!("the proxy refused the connection: {}", shown_within(reason, 60)),
            true,
            Lost::Proxy,
        ),
        ureq::Error::BodyExceedsLimit(_) => told("the answer is too long", false, Lost::Broken),
        // Of other errors only the kind is told: their texts may quote an address.
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => told("TLS failed", false, Lost::Tls),
        _ => told("the connection failed", false, Lost::Broken),
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

    #[test]
    fn what_aws_repeats_of_a_request_is_cut_off() {
        let said = "The request signature we calculated does not match the signature you provided.";
        for repeated in [
            "The Canonical String for this request should have been\n'POST",
            "The String-to-Sign should have been\n'",
        ] {
            let message = format!("{said}\n\n{repeated}\nx-amz-security-token:abc'");
            assert_eq!(without_request(&message), said);
            let refused = StsError::refused("AssumeRole", "SignatureDoesNotMatch".into(), message, 403, None);
            assert!(!refused.to_string().contains("abc") && refused.cause() == Some(Cause::WrongSecret));
        }
        assert_eq!(without_request(said), said);
    }
}
