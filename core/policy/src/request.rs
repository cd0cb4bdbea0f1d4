//! One request to be decided: who, what, on what, under which circumstances.
//!
//! IAM User Guide, `reference_policies_evaluation-logic` ("request context").

use std::collections::BTreeMap;

use kagimori_id::ArnParts;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a request is made by hand, all of it")]
pub struct Request {
    /// Who calls.
    pub principal: Principal,
    /// `service:Action`; compared without case.
    pub action: String,
    /// The ARN, or a pattern of ARNs in which `*` stands for any text; the character itself is written `${*}`.
    pub resource: String,
    /// The account that owns the resource, 12 digits. It decides same-account or cross-account and is never taken from
    /// the ARN, because the ARNs of S3 have none.
    pub resource_account: String,
    /// The action has no resource types: it is asked with the resource `*`. `Resource: "*"` is about it, and whatever holds
    /// the ARN that AWS compares all the same.
    pub wildcard_only: bool,
    /// The condition keys of the request.
    pub context: Context,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "an evaluator must say what it does for each kind")]
pub enum Principal {
    /// An IAM user.
    User {
        /// 12 digits.
        account: String,
        /// `arn:aws:iam::111122223333:user/path/name`.
        arn: String,
    },
    /// A role itself, judged as a session of it whose name is not known.
    Role {
        /// 12 digits.
        account: String,
        /// `arn:aws:iam::111122223333:role/path/name`.
        arn: String,
    },
    /// A session of a role.
    Session {
        /// 12 digits.
        account: String,
        /// The role's name, without its path.
        role: String,
        /// `arn:aws:sts::111122223333:assumed-role/role/session`.
        arn: String,
    },
    /// Credentials of `GetFederationToken`.
    FederatedUser {
        /// 12 digits.
        account: String,
        /// `arn:aws:sts::111122223333:federated-user/name`.
        arn: String,
    },
    /// The root user of an account.
    Root {
        /// 12 digits.
        account: String,
        /// `arn:aws:iam::111122223333:root`.
        arn: String,
    },
    /// An identity provider on behalf of somebody, before a role is assumed.
    Federated {
        /// The provider: `arn:aws:iam::111122223333:saml-provider/name`, `accounts.google.com`.
        provider: String,
    },
    /// An AWS service.
    Service {
        /// `cloudtrail.amazonaws.com`.
        name: String,
    },
    /// Nobody: an unsigned request.
    Anonymous,
}

/// Why a text names no principal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no principal: write the ARN of a user, role, role session, federated user or account root, or a service principal"
)]
pub struct PrincipalError(String);

impl Principal {
    /// Reads an ARN or a service principal.
    ///
    /// # Errors
    /// [`PrincipalError`] when the text is neither.
    pub fn parse(text: &str) -> Result<Self, PrincipalError> {
        Self::read(text).ok_or_else(|| PrincipalError(text.to_owned()))
    }

    fn read(text: &str) -> Option<Self> {
        let Some(arn) = ArnParts::parse(text) else {
            let is_service = text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn");
            return is_service.then(|| Self::Service { name: text.to_owned() });
        };
        let is_account = arn.account.len() == 12 && arn.account.bytes().all(|b| b.is_ascii_digit());
        if !is_account || !arn.region.is_empty() {
            return None;
        }
        let (account, whole) = (arn.account.to_owned(), text.to_owned());
        let (kind, name) = arn.resource.split_once('/').unwrap_or((arn.resource, ""));
        match (arn.service, kind) {
            ("iam", "root") if name.is_empty() => Some(Self::Root { account, arn: whole }),
            _ if name.is_empty() || name.ends_with('/') => None,
            ("iam", "user") => Some(Self::User { account, arn: whole }),
            ("iam", "role") => Some(Self::Role { account, arn: whole }),
            ("iam", "saml-provider" | "oidc-provider") => Some(Self::Federated { provider: whole }),
            ("sts", "federated-user") => Some(Self::FederatedUser { account, arn: whole }),
            ("sts", "assumed-role") => {
                let (role, session) = name.split_once('/')?;
                let role = role.to_owned();
                (!session.is_empty()).then_some(Self::Session { account, role, arn: whole })
            }
            _ => None,
        }
    }

    /// The account the caller belongs to; services, identity providers and nobody belong to none.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::User { account, .. }
            | Self::Role { account, .. }
            | Self::Session { account, .. }
            | Self::FederatedUser { account, .. }
            | Self::Root { account, .. } => Some(account),
            Self::Federated { .. } | Self::Service { .. } | Self::Anonymous => None,
        }
    }

    /// The ARN of a caller that belongs to an account.
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::User { arn, .. }
            | Self::Role { arn, .. }
            | Self::Session { arn, .. }
            | Self::FederatedUser { arn, .. }
            | Self::Root { arn, .. } => Some(arn),
            Self::Federated { .. } | Self::Service { .. } | Self::Anonymous => None,
        }
    }

    /// The name of the role a caller is, or is a session of. Role names are unique within an account, whatever the path.
    pub fn role_name(&self) -> Option<&str> {
        match self {
            Self::Role { arn, .. } => arn.rsplit_once('/').map(|(_, name)| name),
            Self::Session { role, .. } => Some(role),
            _ => None,
        }
    }

    /// Whether the ARN alone shows a service-linked role: its path, or the reserved beginning of its name
    /// (IAM User Guide, `using-service-linked-roles`).
    pub fn is_service_linked_role(&self) -> bool {
        match self {
            Self::Role { arn, .. } => arn.contains(":role/aws-service-role/"),
            Self::Session { role, .. } => role.starts_with("AWSServiceRoleFor"),
            _ => false,
        }
    }
}

/// What is known of one condition key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "an operator must say what it does for each")]
pub enum Fact {
    /// The request does not have the key.
    Absent,
    /// A single-valued key.
    One(String),
    /// A multivalued key; the list may be empty.
    Many(Vec<String>),
    /// The request has the key, its value is not known.
    Present,
    /// Nothing is known.
    Unknown,
}

/// The condition keys of a request. Keys are compared without case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    facts: BTreeMap<String, Fact>,
    unlisted: Fact,
    /// Beginnings of keys, of which those that are not listed are absent.
    closed: Vec<String>,
}

impl Context {
    /// A complete context: a key that is not listed is absent.
    pub fn complete() -> Self {
        Self { facts: BTreeMap::new(), unlisted: Fact::Absent, closed: Vec::new() }
    }

    /// A partial context: a key that is not listed is unknown ("discovery").
    pub fn partial() -> Self {
        Self { facts: BTreeMap::new(), unlisted: Fact::Unknown, closed: Vec::new() }
    }

    /// Whether nothing is known of a key that is not listed.
    pub fn is_partial(&self) -> bool {
        self.unlisted == Fact::Unknown
    }

    /// Sets what is known of a key; gives back what was known before when the key was listed.
    pub fn set(&mut self, key: &str, fact: Fact) -> Option<Fact> {
        self.facts.insert(key.to_lowercase(), fact)
    }

    /// Says that of the keys with this beginning (`aws:PrincipalTag/`) every one that the request has is listed.
    pub fn close(&mut self, beginning: &str) {
        self.closed.push(beginning.to_lowercase());
    }

    /// Whether there is a beginning of which every key is listed.
    pub fn is_closed_somewhere(&self) -> bool {
        !self.closed.is_empty()
    }

    /// The same context with one more key.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.set(key, Fact::One(value.to_owned()));
        self
    }

    /// What is known of a key, given in lower case.
    pub fn get(&self, lower_case_key: &str) -> &Fact {
        if let Some(fact) = self.facts.get(lower_case_key) {
            return fact;
        }
        let is_closed = self.closed.iter().any(|beginning| lower_case_key.starts_with(beginning.as_str()));
        if is_closed { &Fact::Absent } else { &self.unlisted }
    }

    /// The listed keys in lower case, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Fact)> {
        self.facts.iter().map(|(key, fact)| (key.as_str(), fact))
    }
}

#[cfg(test)]
mod tests {
    use super::{Context, Fact, Principal};

    #[test]
    fn principals_are_told_by_their_arn() {
        let session = Principal::parse("arn:aws:sts::111122223333:assumed-role/app/s1").unwrap();
        assert_eq!(session.role_name(), Some("app"));
        assert_eq!(session.account(), Some("111122223333"));
        let role = Principal::parse("arn:aws:iam::111122223333:role/a/b/app").unwrap();
        assert_eq!(role.role_name(), Some("app"));
        assert_eq!(Principal::parse("ec2.amazonaws.com").unwrap().account(), None);
        for odd in [
            "",
            "bob",
            "arn:aws:iam::111122223333:user/",
            "arn:aws:iam::1:user/bob",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:sts::111122223333:assumed-role/app",
            "arn:aws:iam:eu-west-1:111122223333:root",
        ] {
            assert!(Principal::parse(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn keys_have_no_case() {
        let context = Context::complete().with("AWS:PrincipalTag/Team", "x");
        assert_eq!(context.get("aws:principaltag/team"), &Fact::One("x".to_owned()));
        assert_eq!(context.get("aws:other"), &Fact::Absent);
        assert_eq!(Context::partial().get("aws:other"), &Fact::Unknown);
        let mut closed = Context::partial().with("aws:PrincipalTag/team", "x");
        closed.close("aws:PrincipalTag/");
        assert_eq!(closed.get("aws:principaltag/team"), &Fact::One("x".to_owned()));
        assert_eq!(closed.get("aws:principaltag/other"), &Fact::Absent);
        assert_eq!(closed.get("aws:requesttag/other"), &Fact::Unknown);
    }
}
