//! How a call ended, by its error, and what a refusal says of itself.

use crate::call::Outcome;

impl Outcome {
    /// The class of an `errorCode`.
    pub fn of(error: Option<&str>) -> Self {
        let Some(error) = error else { return Self::Succeeded };
        // EC2 writes `Client.UnauthorizedOperation`, others `AccessDeniedException` or the long form of the type.
        let code = error.rsplit(['#', '.']).next().unwrap_or(error);
        let has = |part: &str| code.contains(part);
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
