//! How credentials reached a program, as its user agent tells.
//!
//! Since user agent 2.1 SDKs list the features that a call used as ids in the word `m/…`, and each source of credentials has
//! one (botocore, `useragent.py`; the SDKs for JavaScript and the AWS CLI send the same). Other ids are of retries,
//! endpoints and checksums and say nothing here.

use serde::Serialize;

/// Where a program found its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CredentialSource {
    /// Written in the program: arguments of a constructor.
    Code,
    /// Environment variables. In Lambda these are the function's role.
    Environment,
    /// A profile with keys in the shared files.
    SharedFile,
    /// A role that a profile names (`role_arn`): the session that was made of it.
    AssumedRole,
    /// A web identity token (IRSA, OIDC).
    WebIdentity,
    /// IAM Identity Center.
    IdentityCenter,
    /// `credential_process`.
    Process,
    /// The container's endpoint: ECS, EKS Pod Identity, App Runner.
    Container,
    /// Instance metadata.
    InstanceMetadata,
    /// `aws login`: a console session at the command line.
    Login,
    /// boto2's configuration.
    Boto2,
}

use CredentialSource as Source;

/// Feature ids, what stands for itself first: a session that was made of a key comes with the ids of the key's own source.
const FEATURES: [(&str, CredentialSource); 19] = [
    ("h", Source::WebIdentity),
    ("k", Source::WebIdentity),
    ("q", Source::WebIdentity),
    ("i", Source::AssumedRole),
    ("r", Source::IdentityCenter),
    ("s", Source::IdentityCenter),
    ("t", Source::IdentityCenter),
    ("u", Source::IdentityCenter),
    ("v", Source::Process),
    ("w", Source::Process),
    ("z", Source::Container),
    ("0", Source::InstanceMetadata),
    ("AC", Source::Login),
    ("AD", Source::Login),
    ("x", Source::Boto2),
    ("n", Source::SharedFile),
    ("g", Source::Environment),
    // The key of `source_profile`, as the SDK's own client of STS calls AssumeRole with it.
    ("o", Source::SharedFile),
    ("e", Source::Code),
];

/// Beside these `e` is the SDK's own client of STS, and no source code.
const OF_A_PROFILE: [&str; 2] = ["o", "p"];

impl CredentialSource {
    /// Its name in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Environment => "environment",
            Self::SharedFile => "shared-file",
            Self::AssumedRole => "assumed-role",
            Self::WebIdentity => "web-identity",
            Self::IdentityCenter => "identity-center",
            Self::Process => "process",
            Self::Container => "container",
            Self::InstanceMetadata => "instance-metadata",
            Self::Login => "login",
            Self::Boto2 => "boto2",
        }
    }

    /// By the features of a user agent, `m/` left out: `E,g,Z`.
    pub(super) fn of(features: &str) -> Option<Self> {
        let has = |wanted: &str| features.split(',').any(|id| id == wanted);
        let found = FEATURES.iter().find(|(id, _)| has(id)).map(|(_, source)| *source);
        found.filter(|source| *source != Self::Code || !OF_A_PROFILE.iter().any(|id| has(id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources() {
        let rows = [
            ("E,e", Some(Source::Code)),
            ("g", Some(Source::Environment)),
            ("Z,b,E,n", Some(Source::SharedFile)),
            ("N,E,o,i,n", Some(Source::AssumedRole)),
            // the SDK's own AssumeRole with the key of a profile
            ("e,n,o", Some(Source::SharedFile)),
            ("e,o", Some(Source::SharedFile)),
            ("e,p", None),
            ("h,k", Some(Source::WebIdentity)),
            ("r", Some(Source::IdentityCenter)),
            ("v,w", Some(Source::Process)),
            ("z", Some(Source::Container)),
            ("0", Some(Source::InstanceMetadata)),
            ("AD,b", Some(Source::Login)),
            ("AA,b,Z", None),
            ("", None),
        ];
        for (features, expected) in rows {
            assert_eq!(Source::of(features), expected, "{features}");
        }
    }
}
