//! Every policy that has a say in one request, by layer.

use std::fmt;

use crate::document::{Document, Statement};

/// The policies in effect for one principal and one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Policies {
    /// Every identity policy: inline, attached, of the groups; for a session those of its role, for a federated user
    /// those of the user who asked for the token.
    pub identity: Vec<Document>,
    /// SCPs of the principal's account by level, the organization's root first; empty when none is in force.
    pub service_control: Vec<Level>,
    /// RCPs of the resource's account by level.
    pub resource_control: Vec<Level>,
    /// The resource's own policy: bucket, key, queue …; for a role its trust policy.
    pub resource: Option<Document>,
    /// The permissions boundary; several are one set.
    pub boundary: Vec<Document>,
    /// The session policy.
    pub session: Option<Document>,
    /// The policy of the VPC endpoint on the way; several are one set.
    pub endpoint: Vec<Document>,
    /// Policies that are in effect and were not given.
    pub missing: Vec<MissingDocument>,
    /// S3 settings of the resource's account or bucket.
    pub s3: S3Settings,
}

/// One level of an organization: the root, an organizational unit, or the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Level {
    /// `r-…`, `ou-…`, or the account's id.
    pub id: String,
    /// The policies attached there.
    pub policies: Vec<Document>,
}

/// A policy that is in effect, but whose text is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct MissingDocument {
    /// Where it has its say.
    pub layer: Layer,
    /// Its ARN or name.
    pub name: String,
}

/// Settings of S3 that decide beside the policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct S3Settings {
    /// `RestrictPublicBuckets` of Block Public Access.
    pub restrict_public_buckets: bool,
    /// Whether attribute-based access control is enabled for the bucket, so that its tags are condition keys.
    /// `None`: not said, and the context is believed.
    pub bucket_abac: Option<bool>,
}

/// Who has a say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "an answer names its layer; a new one must be handled")]
pub enum Layer {
    /// AWS itself: what it lets nobody do, whatever the policies say.
    Aws,
    /// Limits of the kind of credentials (`id_credentials_temp_request`).
    Credential,
    /// Service control policies.
    ServiceControl,
    /// Resource control policies.
    ResourceControl,
    /// VPC endpoint policies.
    Endpoint,
    /// Identity policies.
    Identity,
    /// The resource's policy.
    Resource,
    /// The permissions boundary.
    Boundary,
    /// The session policy.
    Session,
    /// S3 Block Public Access.
    BlockPublicAccess,
}

/// Where a statement stands in [`Policies`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a place is these four numbers")]
pub struct StatementRef {
    /// The layer.
    pub layer: Layer,
    /// The level, from 0, where the layer has levels; otherwise 0.
    pub level: usize,
    /// The policy within layer and level, from 0.
    pub policy: usize,
    /// The statement within the policy, from 0.
    pub statement: usize,
}

impl Policies {
    /// The documents of one layer with their level and number.
    pub fn documents(&self, layer: Layer) -> Vec<(usize, usize, &Document)> {
        fn one_level(documents: &[Document]) -> Vec<(usize, usize, &Document)> {
            documents.iter().enumerate().map(|(number, document)| (0, number, document)).collect()
        }
        fn levels(levels: &[Level]) -> Vec<(usize, usize, &Document)> {
            let mut all = Vec::new();
            for (level, held) in levels.iter().enumerate() {
                all.extend(
                    one_level(&held.policies).into_iter().map(|(_, policy, found)| (level, policy, found)),
                );
            }
            all
        }
        match layer {
            Layer::Identity => one_level(&self.identity),
            Layer::Boundary => one_level(&self.boundary),
            Layer::Endpoint => one_level(&self.endpoint),
            Layer::Resource => one_level(self.resource.as_slice()),
            Layer::Session => one_level(self.session.as_slice()),
            Layer::ServiceControl => levels(&self.service_control),
            Layer::ResourceControl => levels(&self.resource_control),
            Layer::Aws | Layer::Credential | Layer::BlockPublicAccess => Vec::new(),
        }
    }

    /// The statement at a place.
    pub fn statement(&self, place: StatementRef) -> Option<&Statement> {
        self.documents(place.layer)
            .into_iter()
            .find(|(level, policy, _)| (*level, *policy) == (place.level, place.policy))
            .and_then(|(_, _, document)| document.statements.get(place.statement))
    }
}

impl Layer {
    /// The short name used in scenario files: `scp`, `rcp`, `pb` …
    pub fn short_name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Credential => "credential",
            Self::ServiceControl => "scp",
            Self::ResourceControl => "rcp",
            Self::Endpoint => "vpce",
            Self::Identity => "identity",
            Self::Resource => "resource",
            Self::Boundary => "pb",
            Self::Session => "session",
            Self::BlockPublicAccess => "s3-bpa",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aws => "AWS itself",
            Self::Credential => "the kind of credentials",
            Self::ServiceControl => "service control policies",
            Self::ResourceControl => "resource control policies",
            Self::Endpoint => "the VPC endpoint policy",
            Self::Identity => "identity policies",
            Self::Resource => "the resource's policy",
            Self::Boundary => "the permissions boundary",
            Self::Session => "the session policy",
            Self::BlockPublicAccess => "S3 Block Public Access",
        })
    }
}
