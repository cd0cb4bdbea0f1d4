//! How large AWS lets policies be, and how many it attaches: the one table. AWS raises them, so each has a day.
//!
//! IAM User Guide, `reference_iam-quotas`; Organizations User Guide, `orgs_reference_limits`. White space outside strings does not
//! count. These are what an account has unless AWS raised it.

use crate::validate::PolicyKind;

/// The most of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quota {
    /// The most that AWS takes.
    pub most: usize,
    /// What is counted.
    pub unit: Unit,
    /// Since when it is so, or when it was looked up.
    pub since: &'static str,
}

/// What a quota counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever counts must know how")]
pub enum Unit {
    /// Characters of policies.
    Characters,
    /// Bytes of policies, in UTF-8.
    Bytes,
    /// Policies, or their versions.
    Pieces,
}

impl Unit {
    /// As messages have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Characters => "characters",
            Self::Bytes => "bytes",
            Self::Pieces => "pieces",
        }
    }
}

const fn of(most: usize, unit: Unit, since: &'static str) -> Quota {
    Quota { most, unit, since }
}

const LOOKED_UP: &str = "2026-11-25";
/// On this day Organizations doubled both quotas of SCPs: five of 5,120 characters until then.
const DOUBLED: &str = "2026-05-15";

/// A managed policy, as a boundary, too.
pub const MANAGED: Quota = of(6_144, Unit::Characters, LOOKED_UP);
/// Versions of a managed policy.
pub const VERSIONS: Quota = of(5, Unit::Pieces, LOOKED_UP);
/// Managed policies on one user, group or role.
pub const ATTACHED: Quota = of(10, Unit::Pieces, LOOKED_UP);
/// All inline policies of a user together.
pub const INLINE_OF_USER: Quota = of(2_048, Unit::Characters, LOOKED_UP);
/// All inline policies of a group together.
pub const INLINE_OF_GROUP: Quota = of(5_120, Unit::Characters, LOOKED_UP);
/// All inline policies of a role together.
pub const INLINE_OF_ROLE: Quota = of(10_240, Unit::Characters, LOOKED_UP);
/// A role's trust policy.
pub const TRUST: Quota = of(2_048, Unit::Characters, LOOKED_UP);
/// A policy that is passed when a session is made.
pub const SESSION: Quota = of(2_048, Unit::Characters, LOOKED_UP);
/// A policy of a resource: that of a bucket; others take less.
pub const RESOURCE: Quota = of(20_480, Unit::Bytes, LOOKED_UP);
/// A service control policy.
pub const SERVICE_CONTROL: Quota = of(10_240, Unit::Characters, DOUBLED);
/// Service control policies on one root, organizational unit or account, AWS's own counted.
pub const ATTACHED_SERVICE_CONTROL: Quota = of(10, Unit::Pieces, DOUBLED);
/// A resource control policy.
pub const RESOURCE_CONTROL: Quota = of(5_120, Unit::Characters, LOOKED_UP);
/// Resource control policies on one root, organizational unit or account, AWS's own counted.
pub const ATTACHED_RESOURCE_CONTROL: Quota = of(5, Unit::Pieces, LOOKED_UP);

/// How large a document of a kind may be.
pub const fn size(kind: PolicyKind) -> Quota {
    match kind {
        PolicyKind::Identity | PolicyKind::Boundary => MANAGED,
        PolicyKind::Session => SESSION,
        PolicyKind::Trust => TRUST,
        PolicyKind::ServiceControl => SERVICE_CONTROL,
        PolicyKind::ResourceControl => RESOURCE_CONTROL,
        PolicyKind::Resource | PolicyKind::Endpoint => RESOURCE,
    }
}

/// How large a policy of the organization may be, and how many may hang on one target, by Organizations' name of its kind; `None`:
/// of that kind no quota is kept here.
pub fn of_organization(kind: &str) -> Option<(Quota, Quota)> {
    match kind {
        "SERVICE_CONTROL_POLICY" => Some((SERVICE_CONTROL, ATTACHED_SERVICE_CONTROL)),
        "RESOURCE_CONTROL_POLICY" => Some((RESOURCE_CONTROL, ATTACHED_RESOURCE_CONTROL)),
        _ => None,
    }
}

/// All inline policies of a user or role together.
pub const fn inline(is_user: bool) -> Quota {
    if is_user { INLINE_OF_USER } else { INLINE_OF_ROLE }
}

#[cfg(test)]
mod tests {
    use super::{of_organization, size};
    use crate::validate::PolicyKind;

    /// Organizations User Guide, `orgs_reference_limits`: SCPs have 10,240 characters since 2026-05-15, RCPs still 5,120.
    #[test]
    fn quotas_of_today() {
        let kinds = [PolicyKind::ServiceControl, PolicyKind::ResourceControl, PolicyKind::Identity];
        assert_eq!(kinds.map(|kind| size(kind).most), [10_240, 5_120, 6_144]);
    }

    #[test]
    fn policies_of_the_organization() {
        let of = |kind| of_organization(kind).map(|(size, attached)| (size.most, attached.most));
        assert_eq!(of("SERVICE_CONTROL_POLICY"), Some((10_240, 10)));
        assert_eq!(of("RESOURCE_CONTROL_POLICY"), Some((5_120, 5)));
        assert_eq!(of("TAG_POLICY"), None);
    }
}
