//! How a call ended, by its error.

use crate::call::Outcome;

impl Outcome {
    /// The class of an `errorCode`.
    pub fn of(error: Option<&str>) -> Self {
        let Some(error) = error else { return Self::Succeeded };
        // EC2 writes `Client.UnauthorizedOperation`, others `AccessDeniedException`, alone or behind a namespace.
        let has = |part: &str| error.contains(part);
        let name = error.rsplit(['.', '#']).next().unwrap_or(error);
        // SNS writes `AuthorizationErrorException`, Elastic Beanstalk `InsufficientPrivilegesException`, API Gateway `ForbiddenException`.
        let is_denied = has("AccessDenied")
            || has("UnauthorizedOperation")
            || has("NotAuthorized")
            || has("AuthorizationError")
            || has("InsufficientPrivileges")
            || has("UnauthorizedAccess")
            || matches!(name, "Forbidden" | "ForbiddenException" | "UnauthorizedException");
        if is_denied {
            return Self::Denied;
        }
        let is_throttled = has("Throttl")
            || has("RequestLimitExceeded")
            || has("TooManyRequests")
            || has("SlowDown")
            || has("RateExceeded")
            || has("ProvisionedThroughputExceeded");
        if is_throttled { Self::Throttled } else { Self::Failed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_errors() {
        for (code, expected) in [
            (None, Outcome::Succeeded),
            (Some("AccessDenied"), Outcome::Denied),
            (Some("AccessDeniedException"), Outcome::Denied),
            (Some("Client.UnauthorizedOperation"), Outcome::Denied),
            (Some("UnauthorizedOperation"), Outcome::Denied),
            (Some("NotAuthorized"), Outcome::Denied),
            (Some("NotAuthorizedException"), Outcome::Denied),
            (Some("com.amazonaws.transcribe#AccessDeniedException"), Outcome::Denied),
            (Some("kms.AccessDeniedException"), Outcome::Denied),
            (Some("AuthorizationError"), Outcome::Denied),
            (Some("AuthorizationErrorException"), Outcome::Denied),
            (Some("InsufficientPrivilegesException"), Outcome::Denied),
            (Some("ForbiddenException"), Outcome::Denied),
            (Some("Client.UnauthorizedAccess"), Outcome::Denied),
            (Some("UnauthorizedException"), Outcome::Denied),
            (Some("OperationForbiddenByState"), Outcome::Failed),
            (Some("S3.AccessDenied.Extra"), Outcome::Denied),
            (Some("ThrottlingException"), Outcome::Throttled),
            (Some("Throttling"), Outcome::Throttled),
            (Some("Client.RequestLimitExceeded"), Outcome::Throttled),
            (Some("ProvisionedThroughputExceededException"), Outcome::Throttled),
            (Some("SlowDown"), Outcome::Throttled),
            (Some("NoSuchBucketPolicy"), Outcome::Failed),
            (Some("Client.InvalidRouteTableID.NotFound"), Outcome::Failed),
            (Some("InvalidParameter"), Outcome::Failed),
            // A request may be refused for other reasons than permissions.
            (Some("DisallowedByRule"), Outcome::Failed),
            (Some(""), Outcome::Failed),
        ] {
            assert_eq!(Outcome::of(code), expected, "{code:?}");
        }
    }
}
