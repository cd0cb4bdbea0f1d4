//! How a call ended, by its error, and what a refusal says of itself.

use super::resource::{account_of, arn_or_pattern};
use crate::call::{Call, Certainty, Check, CheckedResource, MapGap, Outcome};

impl Outcome {
    /// The class of an `errorCode`.
    pub fn of(error: Option<&str>) -> Self {
        let Some(error) = error else { return Self::Succeeded };
        // EC2 writes `Client.UnauthorizedOperation`, others `AccessDeniedException`, alone or behind a namespace.
        let has = |part: &str| error.contains(part);
        let is_denied = has("AccessDenied")
            || has("UnauthorizedOperation")
            || has("NotAuthorized")
            || matches!(
                error,
                "Client.UnauthorizedOperation"
                    | "Forbidden"
                    | "AuthorizationError"
                    | "UnauthorizedAccess"
                    | "UnauthorizedException"
            );
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

/// What the message of a refusal tells: `User: … is not authorized to perform: A on resource: R because …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Denial<'a> {
    /// The ARN after `User:`.
    pub principal: Option<&'a str>,
    /// The action that was refused.
    pub action: &'a str,
    /// The resource, when it says one.
    pub resource: Option<&'a str>,
    /// Which policies refused it, when it says so.
    pub layer: Option<DenialLayer>,
    /// A statement denied it; `false`: no policy allowed it.
    pub is_explicit: bool,
}

/// Which policies refused a call (IAM User Guide, `troubleshoot_access-denied`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DenialLayer {
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// A permissions boundary.
    Boundary,
    /// A session policy.
    Session,
    /// A resource-based policy.
    Resource,
    /// The policy of a VPC endpoint.
    VpcEndpoint,
    /// A role's trust policy.
    Trust,
    /// An identity-based policy.
    Identity,
}

impl<'a> Denial<'a> {
    /// Reads an `errorMessage`; `None` when it does not name an action.
    pub fn read(message: &'a str) -> Option<Self> {
        let (before, after) = message.split_once("is not authorized to perform: ")?;
        let principal = before.trim().strip_prefix("User: ").map(str::trim);
        let end = after.find([' ', ',', ';', '\n']).unwrap_or(after.len());
        let (action, rest) = after.split_at_checked(end)?;
        let action = action.trim_end_matches('.');
        if !action.contains(':') {
            return None;
        }
        let resource = rest.split_once("on resource: ").map(|(_, text)| {
            text.split([' ', '\n']).next().unwrap_or_default().trim_matches(['"', '\'', ','])
        });
        let layer = DenialLayer::read(rest);
        let is_explicit = rest.contains("explicit deny");
        Some(Self {
            principal,
            action,
            resource: resource.filter(|text| !text.is_empty()),
            layer,
            is_explicit,
        })
    }
}

impl Call {
    /// Takes from the message of a refusal what the request did not tell: the resource, or an action that the map does not
    /// have. Gives whether the map had the action.
    pub fn learn(&mut self, denial: &Denial<'_>) -> bool {
        let arn = denial.resource.filter(|text| text.starts_with("arn:"));
        let is_it = |check: &&mut Check| check.action.eq_ignore_ascii_case(denial.action);
        let is_open =
            |check: &Check| matches!(check.resource, CheckedResource::Unknown | CheckedResource::Pattern(_));
        let had = self.checks.iter_mut().any(|check| is_it(&check));
        if !had {
            self.checks.push(Check {
                action: denial.action.into(),
                resource: CheckedResource::Unknown,
                resource_account: self.account,
                context: Vec::new(),
                certainty: Certainty::Certain,
            });
        }
        let open = self.checks.iter_mut().filter(is_it).find(|check| is_open(check));
        if let (Some(check), Some(arn)) = (open, arn) {
            check.resource = arn_or_pattern(arn.to_owned());
            check.resource_account = account_of(arn).or(check.resource_account);
        }
        if !self.checks.iter().any(is_open) {
            self.gap = self.gap.filter(|gap| *gap != MapGap::BodyMissing);
        }
        had
    }
}

impl DenialLayer {
    fn read(text: &str) -> Option<Self> {
        let layers = [
            ("service control policy", Self::ServiceControl),
            ("resource control policy", Self::ResourceControl),
            ("permissions boundary", Self::Boundary),
            ("session policy", Self::Session),
            ("VPC endpoint policy", Self::VpcEndpoint),
            ("role trust policy", Self::Trust),
            ("resource-based policy", Self::Resource),
            ("identity-based policy", Self::Identity),
        ];
        layers.into_iter().find(|(words, _)| text.contains(words)).map(|(_, layer)| layer)
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

    /// The forms of IAM User Guide, `troubleshoot_access-denied`.
    #[test]
    fn what_a_refusal_says() {
        let message = "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: iam:CreateUser on resource: \
             arn:aws:iam::111122223333:user/bob because no identity-based policy allows the iam:CreateUser action";
        let denial = Denial::read(message).unwrap();
        assert_eq!(denial.principal, Some("arn:aws:iam::111122223333:user/ann"));
        assert_eq!(denial.action, "iam:CreateUser");
        assert_eq!(denial.resource, Some("arn:aws:iam::111122223333:user/bob"));
        assert_eq!((denial.layer, denial.is_explicit), (Some(DenialLayer::Identity), false));
        let layers = [
            ("with an explicit deny in a service control policy", DenialLayer::ServiceControl, true),
            ("because no service control policy allows the s3:X action", DenialLayer::ServiceControl, false),
            ("with an explicit deny in a resource control policy", DenialLayer::ResourceControl, true),
            ("because no permissions boundary allows the s3:X action", DenialLayer::Boundary, false),
            ("with an explicit deny in a session policy", DenialLayer::Session, true),
            ("because no resource-based policy allows the s3:X action", DenialLayer::Resource, false),
            ("with an explicit deny in a VPC endpoint policy", DenialLayer::VpcEndpoint, true),
            ("because no role trust policy allows the sts:AssumeRole action", DenialLayer::Trust, false),
        ];
        for (words, layer, is_explicit) in layers {
            let message =
                format!("User: u is not authorized to perform: s3:X on resource: \"arn:aws:s3:::b\" {words}");
            let denial = Denial::read(&message).unwrap();
            assert_eq!((denial.layer, denial.is_explicit), (Some(layer), is_explicit), "{words}");
            assert_eq!(denial.resource, Some("arn:aws:s3:::b"));
        }
        let short = Denial::read("User: u is not authorized to perform: ce:GetCostForecast").unwrap();
        assert_eq!((short.action, short.resource, short.layer), ("ce:GetCostForecast", None, None));
        for other in [
            "",
            "Access Denied",
            "IAM user access not activated",
            "is not authorized to perform: ",
            "is not authorized to perform: this",
        ] {
            assert_eq!(Denial::read(other), None, "{other}");
        }
    }
}
