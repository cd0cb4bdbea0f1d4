//! Errors as AWS words them. Each function is one row of what real clients have to tell apart; the sources stand beside
//! the texts.

use jiff::{SignedDuration, Timestamp};

/// An error of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    pub(crate) fn access_denied(message: impl Into<String>) -> Self {
        Self::new(403, "AccessDenied", message)
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    /// aws-cli#2279: wrong, old or used.
    pub(crate) fn wrong_code() -> Self {
        Self::access_denied("MultiFactorAuthentication failed with invalid MFA one time pass code.")
    }

    /// aws-cli#6325, with its two spaces.
    pub(crate) fn wrong_serial() -> Self {
        Self::access_denied(
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is \
             valid and associated with this user.",
        )
    }

    pub(crate) fn half_of_mfa() -> Self {
        Self::access_denied(
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
        )
    }

    pub(crate) fn root_assumes() -> Self {
        Self::access_denied("Roles may not be assumed by root accounts.")
    }

    pub(crate) fn with_session_credentials(operation: &str) -> Self {
        Self::access_denied(format!("Cannot call {operation} with session credentials"))
    }

    pub(crate) fn above_role_maximum() -> Self {
        Self::validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    }

    pub(crate) fn chained_too_long() -> Self {
        Self::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        )
    }

    /// Unknown key, inactive key, unknown token; IAM with a session without MFA.
    pub(crate) fn invalid_token() -> Self {
        Self::new(403, "InvalidClientTokenId", "The security token included in the request is invalid")
    }

    /// aws-sdk-java-v2#1649: 403 and without `Exception`.
    pub(crate) fn expired_token() -> Self {
        Self::new(403, "ExpiredToken", "The security token included in the request is expired")
    }

    pub(crate) fn wrong_signature() -> Self {
        Self::new(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        )
    }

    /// The signature's time is too far behind or ahead of `now`.
    pub(crate) fn skewed(signed: Timestamp, now: Timestamp, tolerance: SignedDuration) -> Self {
        let compact = |time: Timestamp| time.strftime("%Y%m%dT%H%M%SZ").to_string();
        let minutes = tolerance.as_mins();
        let (signed_text, now_text) = (compact(signed), compact(now));
        let limit = |by: SignedDuration| compact(now.checked_add(by).unwrap_or(now));
        let message = if signed < now {
            let limit = limit(-tolerance);
            format!(
                "Signature expired: {signed_text} is now earlier than {limit} ({now_text} - {minutes} min.)"
            )
        } else {
            let limit = limit(tolerance);
            format!(
                "Signature not yet current: {signed_text} is still later than {limit} ({now_text} + {minutes} min.)"
            )
        };
        Self::new(403, "SignatureDoesNotMatch", message)
    }

    pub(crate) fn unsigned() -> Self {
        Self::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
    }

    pub(crate) fn incomplete_signature(message: impl Into<String>) -> Self {
        Self::new(400, "IncompleteSignature", message)
    }

    pub(crate) fn unknown_operation(name: &str, version: &str) -> Self {
        Self::new(400, "InvalidAction", format!("Could not find operation {name} for version {version}"))
    }

    pub(crate) fn packed_too_large(what: &str, percent: usize) -> Self {
        let message = format!("Packed size of {what} consumes {percent}% of allotted space.");
        Self::new(400, "PackedPolicyTooLarge", message)
    }

    pub(crate) fn malformed_policy(message: impl Into<String>) -> Self {
        Self::new(400, "MalformedPolicyDocument", message)
    }

    pub(crate) fn no_such_entity(message: impl Into<String>) -> Self {
        Self::new(404, "NoSuchEntity", message)
    }

    pub(crate) fn limit_exceeded(quota: &str, limit: usize) -> Self {
        Self::new(409, "LimitExceeded", format!("Cannot exceed quota for {quota}: {limit}"))
    }

    pub(crate) fn already_exists(message: impl Into<String>) -> Self {
        Self::new(409, "EntityAlreadyExists", message)
    }

    pub(crate) fn invalid_device_code() -> Self {
        Self::new(403, "InvalidAuthenticationCode", "Authentication code for device is not valid.")
    }

    pub(crate) fn throttled() -> Self {
        Self::new(400, "Throttling", "Rate exceeded")
    }
}
