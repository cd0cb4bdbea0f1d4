//! One edit of an estate that knows its way back.
//!
//! [`apply`] gives the estate as it would be; [`inverse`] gives the change that undoes it. Both are pure: nothing is done in
//! AWS here. Law: applying a change and then its inverse gives the estate there was, to the last position in a list
//! (a property test holds it).
//!
//! What AWS reports of a past moment (counts, the credential report) stays as it was, with one exception: the console
//! password of a user is known from the credential report alone, so taking it away is written there.
//!
//! One file a kind of thing that is changed; each says all of its changes: how they are made, undone and told.

mod apply;
mod center;
mod credential;
mod deny;
mod edit;
mod entity;
mod holdings;
mod identity;
mod inverse;
mod list;
mod managed;
mod named;
mod organization;
mod part;
mod policy;
mod provider;
mod saml;
mod tag;
#[cfg(test)]
mod tests;
mod touched;
mod wire;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use kagimori_policy::document::Document;

use crate::model::Estate;
use kagimori_id::{AccountId, Arn};

pub use apply::{apply, apply_all};
pub use center::{CenterChange, SetParts};
pub use credential::CredentialChange;
pub use deny::{OLDER_SESSIONS, QUARANTINE, deny_older_sessions, quarantine};
pub use entity::EntityChange;
pub use holdings::{Credentials, Holdings, InlinePolicy};
pub use identity::IdentityChange;
pub use inverse::{inverse, inverse_all, inverse_each};
pub use managed::ManagedPolicyChange;
pub use organization::OrganizationChange;
pub use provider::{OidcProvider, ProviderChange};
pub use saml::SamlProvider;
pub use tag::TagChange;
pub use touched::touched;
pub use wire::WireDocument;

/// One edit.
///
/// As JSON each is an object with one key, its kind, so that a plan reads `{"detach_policy": {"identity": …}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[expect(clippy::exhaustive_enums, reason = "whoever applies changes must say what it does for each")]
pub enum Change {
    /// Of an access key or a console password.
    Credential(CredentialChange),
    /// Of what a user, group or role has.
    Identity(IdentityChange),
    /// Of a customer's managed policy.
    ManagedPolicy(ManagedPolicyChange),
    /// Of a policy of the organization.
    Organization(OrganizationChange),
    /// Of a tag of a user or role.
    Tag(TagChange),
    /// Of a user, group or role itself.
    Entity(EntityChange),
    /// Of an OpenID Connect provider. A provider has no id: the next of its address is the same.
    Provider(ProviderChange),
    /// Of Identity Center.
    Center(CenterChange),
}

/// What it takes to go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "whoever applies a change must decide for each")]
pub enum WayBack {
    /// The inverse puts everything back.
    Whole,
    /// The inverse needs a new password, because AWS keeps none.
    NewPassword,
    /// The inverse makes another one of the same name, without what AWS gives nobody twice: its id, its secrets.
    Partly,
    /// None.
    None,
}

/// Why a change cannot be made to an estate, or not undone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "the hint differs")]
pub enum ChangeError {
    /// What it is about is not in the estate.
    #[error("there is no {kind} `{name}` in the estate")]
    NotThere {
        /// `user`, `role`, `access key` …
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// It would change nothing.
    #[error("it would change nothing: {0}")]
    NothingToDo(String),
    /// What it would change is not known, so that nobody could go back.
    #[error("what it would change is not known: {0}")]
    NotKnown(String),
    /// AWS would refuse it.
    #[error("AWS would refuse it: {0}")]
    Refused(String),
    /// It would delete what may be in use.
    #[error("it may be in use: {0}")]
    InUse(String),
    /// There is no way back.
    #[error("a deleted access key cannot be brought back: AWS keeps no copy of its secret")]
    Irreversible,
}

/// Whose permissions or credentials a change may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Touches<'c> {
    /// Nobody's: what it is about is attached nowhere.
    Nobody,
    /// This user's or role's, or the members' of this group.
    Of(&'c Arn),
    /// It may be anybody's.
    Anybody,
}

impl Change {
    /// What it takes to go back.
    pub fn way_back(&self) -> WayBack {
        match self {
            Self::Credential(change) => change.way_back(),
            Self::Entity(change) => change.way_back(),
            Self::Identity(_)
            | Self::ManagedPolicy(_)
            | Self::Organization(_)
            | Self::Tag(_)
            | Self::Provider(_)
            | Self::Center(_) => WayBack::Whole,
        }
    }

    /// The account it is made in; `None`: the organization's management account.
    pub fn account(&self) -> Option<AccountId> {
        self.about()?.account()
    }

    /// The user, group, role or managed policy it is about; `None`: a policy of the organization, or Identity Center.
    pub fn about(&self) -> Option<&Arn> {
        match self {
            Self::Credential(change) => Some(change.user()),
            Self::Identity(change) => Some(change.identity()),
            Self::ManagedPolicy(change) => Some(change.policy()),
            Self::Organization(_) | Self::Center(_) => None,
            Self::Tag(change) => Some(change.identity()),
            Self::Entity(change) => Some(change.identity()),
            Self::Provider(change) => Some(change.provider()),
        }
    }

    /// The sentence in Japanese.
    #[must_use]
    pub fn japanese(&self) -> String {
        match self {
            Self::Credential(change) => change.japanese(),
            Self::Identity(change) => change.japanese(),
            Self::ManagedPolicy(change) => change.japanese(),
            Self::Organization(change) => change.japanese(),
            Self::Tag(change) => change.japanese(),
            Self::Entity(change) => change.japanese(),
            Self::Provider(change) => change.japanese(),
            Self::Center(change) => change.japanese(),
        }
    }

    /// What nothing brings back once it is made, in English and in Japanese.
    pub fn lost(&self) -> Vec<(String, String)> {
        match self {
            Self::Entity(change) => change.lost(),
            Self::ManagedPolicy(change) => change.lost().into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn apply_to(&self, estate: &mut Estate) -> Result<(), ChangeError> {
        match self {
            Self::Credential(change) => change.apply_to(estate),
            Self::Identity(change) => change.apply_to(estate),
            Self::ManagedPolicy(change) => change.apply_to(estate),
            Self::Organization(change) => change.apply_to(estate),
            Self::Tag(change) => change.apply_to(estate),
            Self::Entity(change) => change.apply_to(estate),
            Self::Provider(change) => change.apply_to(estate),
            Self::Center(change) => change.apply_to(estate),
        }
    }

    fn inverse(&self, estate: &Estate) -> Result<Self, ChangeError> {
        match self {
            Self::Credential(change) => change.inverse().map(Self::from),
            Self::Identity(change) => change.inverse(estate).map(Self::from),
            Self::ManagedPolicy(change) => change.inverse(estate).map(Self::from),
            Self::Organization(change) => change.inverse(estate).map(Self::from),
            Self::Tag(change) => change.inverse(estate).map(Self::from),
            Self::Entity(change) => Ok(change.inverse().into()),
            Self::Provider(change) => change.inverse(estate).map(Self::from),
            Self::Center(change) => Ok(change.inverse().into()),
        }
    }

    /// Identity-based policies, boundaries and credentials are of their principal alone (IAM User Guide,
    /// `access_policies_identity-vs-resource`); trust policies, policies of an organization and managed policies may be
    /// about many, and anybody's policies may ask for a tag of what is called upon (`aws:ResourceTag`).
    fn touches(&self) -> Touches<'_> {
        match self {
            Self::Credential(change) => Touches::Of(change.user()),
            Self::Identity(IdentityChange::SetTrustPolicy { .. })
            | Self::Organization(_)
            | Self::Tag(_)
            | Self::Center(_) => Touches::Anybody,
            Self::Identity(change) => Touches::Of(change.identity()),
            // Whoever calls upon what is gone is refused, too.
            Self::Entity(EntityChange::DeleteIdentity { identity, .. }) if !is_group(identity) => {
                Touches::Anybody
            }
            Self::Entity(change) if is_group(change.identity()) => Touches::Of(change.identity()),
            Self::Entity(_) => Touches::Nobody,
            Self::Provider(
                ProviderChange::CreateOidcProvider { .. }
                | ProviderChange::AddAudience { .. }
                | ProviderChange::CreateSamlProvider { .. },
            ) => Touches::Nobody,
            Self::Provider(_) => Touches::Anybody,
            Self::ManagedPolicy(
                ManagedPolicyChange::CreatePolicy { .. } | ManagedPolicyChange::DeletePolicy { .. },
            ) => Touches::Nobody,
            Self::ManagedPolicy(
                ManagedPolicyChange::CreatePolicyVersion { .. }
                | ManagedPolicyChange::RestorePolicyVersion { .. },
            ) => Touches::Anybody,
        }
    }
}

fn is_group(identity: &Arn) -> bool {
    identity.resource().starts_with("group/")
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(change) => change.fmt(f),
            Self::Identity(change) => change.fmt(f),
            Self::ManagedPolicy(change) => change.fmt(f),
            Self::Organization(change) => change.fmt(f),
            Self::Tag(change) => change.fmt(f),
            Self::Entity(change) => change.fmt(f),
            Self::Provider(change) => change.fmt(f),
            Self::Center(change) => change.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for Change {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        wire::change(deserializer)
    }
}

impl From<CredentialChange> for Change {
    fn from(change: CredentialChange) -> Self {
        Self::Credential(change)
    }
}

impl From<IdentityChange> for Change {
    fn from(change: IdentityChange) -> Self {
        Self::Identity(change)
    }
}

impl From<ManagedPolicyChange> for Change {
    fn from(change: ManagedPolicyChange) -> Self {
        Self::ManagedPolicy(change)
    }
}

impl From<OrganizationChange> for Change {
    fn from(change: OrganizationChange) -> Self {
        Self::Organization(change)
    }
}

impl From<TagChange> for Change {
    fn from(change: TagChange) -> Self {
        Self::Tag(change)
    }
}

impl From<ProviderChange> for Change {
    fn from(change: ProviderChange) -> Self {
        Self::Provider(change)
    }
}

impl From<CenterChange> for Change {
    fn from(change: CenterChange) -> Self {
        Self::Center(change)
    }
}

impl From<EntityChange> for Change {
    fn from(change: EntityChange) -> Self {
        Self::Entity(change)
    }
}

impl ChangeError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotThere { .. } => {
                "take a fresh snapshot, or give the name as the snapshots have it (`kagimori ask what-can` lists none that is not there)"
            }
            Self::NothingToDo(_) => "leave it out",
            Self::NotKnown(_) => {
                "add the missing file to the directory; `kagimori review` says which command writes it"
            }
            Self::Refused(_) => "change the plan so that AWS takes it",
            Self::InUse(_) => {
                "deactivate the key first (`whatif --key-off`), and delete it when nobody missed it"
            }
            Self::Irreversible => "deactivate the key instead, and delete it when nobody missed it",
        }
    }
}

impl From<Document> for WireDocument {
    fn from(document: Document) -> Self {
        Self(document)
    }
}
