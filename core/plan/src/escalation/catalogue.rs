//! The catalogue of paths as data: `paths.toml`, with its source beside it.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// One way to gain what one lacks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PathKind {
    /// Its id at pathfinding.cloud: `iam-015`. `kagimori-…` are our own.
    pub id: String,
    /// Its category there.
    pub kind: Category,
    /// Whose permissions are gained.
    pub victim: Victim,
    /// What is gained.
    pub gains: Gain,
    /// The actions, all of them.
    pub needs: Vec<Need>,
    /// Some role of the account must be passed to this service besides, the same or another.
    #[serde(default)]
    pub beside: Option<String>,
    /// The service that makes the caller's calls for it.
    #[serde(default)]
    pub through: Option<String>,
    /// The victim trusts an OpenID Connect provider with this in its name.
    #[serde(default)]
    pub issuer: Option<String>,
    /// The victim's trust policy must let one of these services assume it.
    #[serde(default)]
    pub services: Vec<String>,
    /// What must be true of the victim.
    #[serde(default)]
    pub requires: Vec<Precondition>,
    /// What must exist besides, and no snapshot tells.
    #[serde(default)]
    pub given: Option<String>,
    /// What no snapshot tells, and decides who the victim is.
    #[serde(default)]
    pub unknown: Option<String>,
    /// The role is passed to a service that no other path is about.
    #[serde(default)]
    pub elsewhere: bool,
}

/// The categories of pathfinding.cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the catalogue has these four")]
pub enum Category {
    /// A role is passed to something new that runs as it.
    NewPassrole,
    /// Something that already runs as a role is taken over.
    ExistingPassrole,
    /// A user or role is acted upon directly.
    PrincipalAccess,
    /// The caller's own permissions are written.
    SelfEscalation,
}

/// Whose permissions are gained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the graph does something for each")]
pub enum Victim {
    /// Another user.
    User,
    /// Another role.
    Role,
    /// The calling user.
    SelfUser,
    /// The calling role.
    SelfRole,
    /// A customer managed policy attached to the caller, or to a group of it.
    OwnPolicy,
    /// A group the calling user is in.
    OwnGroup,
    /// A group it is not in.
    Group,
    /// Any group.
    AnyGroup,
    /// An identity that is not there yet, or one of IAM Identity Center: no snapshot names it.
    Made,
    /// A limit of the caller's own.
    OwnLimit,
}

/// What is gained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the graph does something for each")]
pub enum Gain {
    /// The caller acts as the victim.
    Victim,
    /// Any permission that boundary and guardrails leave.
    Permissions,
    /// The policies of a group.
    Membership,
    /// A new user in the group, as which the caller acts.
    NewMember,
    /// The caller acts as the victim without its permissions boundary.
    Unbounded,
    /// The caller itself without the limit.
    Freed,
    /// The caller itself, in the organization as it makes it.
    Arranged,
    /// The caller acts as whomever the victim may assume, but not as the victim.
    Assumes,
    /// What the caller may do when a service calls for it.
    Through,
}

/// One action that must be allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Need {
    /// `service:Action`
    pub action: String,
    /// On what.
    pub on: On,
}

/// What an action must be allowed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the graph does something for each")]
pub enum On {
    /// The victim itself.
    Victim,
    /// A customer managed policy attached to the victim.
    PolicyOfVictim,
    /// The victim, passed to one of the services.
    Passed,
    /// The victim, by its trust policy as it is.
    Assumed,
    /// The victim, by a trust policy that the caller has written.
    AssumedOnceTrusted,
    /// An identity provider that the victim trusts.
    ProviderOfVictim,
    /// The caller itself, a group or a policy of it: whatever holds the limit.
    Limit,
    /// Some resource of the kind that the action works on, in the caller's account: the same for every action of the path.
    Anything,
    /// A user that is not there yet.
    NewUser,
    /// A role that is not there yet, with a trust policy that the caller has written.
    NewRole,
    /// A group that is not there yet.
    NewGroup,
    /// An instance profile that is not there yet.
    NewInstanceProfile,
}

/// What must be true of the victim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the graph does something for each")]
pub enum Precondition {
    /// A user has at most two access keys (IAM User Guide, `reference_iam-quotas`).
    FewerThanTwoKeys,
    /// One must be deleted first.
    TwoKeys,
    /// A login profile can be created.
    NoPassword,
    /// A login profile can be changed.
    Password,
    /// A managed policy has at most five versions (`reference_iam-quotas`).
    RoomForAVersion,
    /// One must be deleted first.
    FullOfVersions,
    /// There is another version to go back to, and what it says is not known.
    UnreadVersions,
    /// EC2 takes a role only in an instance profile.
    InstanceProfile,
    /// It has a permissions boundary.
    Boundary,
    /// Some role of the estate is one of IAM Identity Center.
    IdentityCenter,
    /// The identity provider that it trusts is not there.
    NoProvider,
    /// Stack sets with self-managed permissions take it when none is named, and then ask for no `iam:PassRole` (CloudFormation API,
    /// `CreateStackSet`, `AdministrationRoleARN`).
    DefaultStackSetRole,
    /// The account manages an organization.
    ManagementAccount,
}

impl Precondition {
    /// The precondition, where it is not known to hold.
    pub fn condition(self) -> &'static str {
        match self {
            Self::FewerThanTwoKeys => "the user has fewer than two access keys (not in the snapshot)",
            Self::TwoKeys => "the user has two access keys (not in the snapshot)",
            Self::NoPassword => "the user has no console password (not in the snapshot)",
            Self::Password => "the user has a console password (not in the snapshot)",
            Self::RoomForAVersion => "the policy has fewer than five versions (not in the snapshot)",
            Self::FullOfVersions => "the policy has five versions (not in the snapshot)",
            Self::UnreadVersions => "the policy has other versions (not in the snapshot)",
            Self::InstanceProfile => "the role is in an instance profile (not in the snapshot)",
            Self::IdentityCenter => "IAM Identity Center hands out roles (not in the snapshot)",
            Self::NoProvider => "there is no such identity provider (their list is not in the snapshot)",
            Self::DefaultStackSetRole => "the role is the one that stack sets take when none is named",
            Self::ManagementAccount => "the account manages an organization (not in the snapshot)",
            Self::Boundary => "it has a permissions boundary (not in the snapshot)",
        }
    }
}

#[derive(Deserialize)]
struct File {
    path: Vec<PathKind>,
}

static PATHS: LazyLock<Vec<PathKind>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a test reads the committed text")]
    toml::from_str::<File>(include_str!("paths.toml")).expect("the catalogue of paths is whole").path
});

/// Every path, in the order in which they are preferred.
pub fn paths() -> &'static [PathKind] {
    &PATHS
}

impl PathKind {
    /// The actions, for people.
    pub fn actions(&self) -> String {
        self.needs.iter().map(|need| need.action.as_str()).collect::<Vec<_>>().join(" + ")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kagimori_policy::catalogue::Catalogue;
    use sha2::{Digest, Sha256};

    use super::paths;

    #[test]
    fn the_sources_name_this_very_table() {
        let hash = kagimori_id::hex(&Sha256::digest(include_bytes!("paths.toml")));
        assert!(include_str!("SOURCES.md").contains(&hash), "SOURCES.md wants SHA-256 {hash}");
    }

    #[test]
    fn every_path_is_there_once_and_names_actions_that_exist() {
        let ids: BTreeSet<&str> = paths().iter().map(|path| path.id.as_str()).collect();
        assert_eq!(ids.len(), paths().len());
        let of_the_field = paths().iter().filter(|path| !path.id.starts_with("kagimori-")).count();
        assert!(of_the_field >= 90, "{of_the_field} paths have an id of pathfinding.cloud");
        assert!(paths().len() >= 190, "{} paths; the field counts 122 techniques", paths().len());
        for path in paths() {
            for need in &path.needs {
                // role manager is newer than the data
                let is_newer = need.action == "iam:AcquireRole";
                let known = Catalogue::embedded().action(&need.action);
                assert!(known.is_some() || is_newer, "{}: {}", path.id, need.action);
            }
        }
    }
}
