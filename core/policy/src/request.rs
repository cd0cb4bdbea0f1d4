//! One request to be decided: who, what, on what, under which circumstances.
//!
//! IAM User Guide, `reference_policies_evaluation-logic` ("request context").

use std::sync::Arc;

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

/// Condition keys that many requests have in common, such as those that tell of the caller. Keys are compared without case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// In lower case, in order.
    facts: Vec<(Box<str>, Fact)>,
    /// Beginnings of keys, of which those that are not listed are absent.
    closed: Vec<Box<str>>,
}

impl Listed {
    /// Of a key that is told twice the later counts. `closed`: see [`Context::close`].
    pub fn new<'k>(facts: impl IntoIterator<Item = (&'k str, Fact)>, closed: &[&str]) -> Self {
        let mut listed = Self::default();
        for (key, fact) in facts {
            put(&mut listed.facts, key, fact);
        }
        listed.closed = closed.iter().map(|beginning| in_lower_case(beginning)).collect();
        listed
    }

    /// The same with another fact; of a key that was listed it goes before that.
    #[must_use]
    pub fn with(&self, key: &str, fact: Fact) -> Self {
        let mut listed = self.clone();
        put(&mut listed.facts, key, fact);
        listed
    }

    /// Whether a key, given in lower case, is listed.
    pub fn has(&self, lower_case_key: &str) -> bool {
        find(&self.facts, lower_case_key).is_some()
    }

    /// Whether no key is listed.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }
}

/// The condition keys of a request. Keys are compared without case.
#[derive(Clone, Debug)]
pub struct Context {
    /// What its own do not tell, nor the later of these.
    common: Vec<Arc<Listed>>,
    own: Listed,
    unlisted: Fact,
}

impl Context {
    /// A complete context: a key that is not listed is absent.
    pub fn complete() -> Self {
        Self { common: Vec::new(), own: Listed::default(), unlisted: Fact::Absent }
    }

    /// A partial context: a key that is not listed is unknown ("discovery").
    pub fn partial() -> Self {
        Self { common: Vec::new(), own: Listed::default(), unlisted: Fact::Unknown }
    }

    /// The same with keys that many requests have in common. Those that were common before give way to them, its own go before them.
    #[must_use]
    pub fn over(mut self, common: Arc<Listed>) -> Self {
        self.common.push(common);
        self
    }

    /// Its keys, for others to have in common.
    pub fn into_listed(self) -> Listed {
        let mut listed = Listed::default();
        for part in self.parts() {
            for (key, fact) in &part.facts {
                put(&mut listed.facts, key, fact.clone());
            }
            listed.closed.extend_from_slice(&part.closed);
        }
        listed
    }

    /// What is common and its own, from what is known last to what is known first.
    fn parts(&self) -> impl Iterator<Item = &Listed> {
        self.common.iter().map(Arc::as_ref).chain([&self.own])
    }

    /// Whether nothing is known of a key that is not listed.
    pub fn is_partial(&self) -> bool {
        self.unlisted == Fact::Unknown
    }

    /// Whether a key, given in lower case, is listed.
    pub fn lists(&self, lower_case_key: &str) -> bool {
        self.parts().any(|part| part.has(lower_case_key))
    }

    /// Sets what is known of a key; gives back what was known before when the key was listed.
    pub fn set(&mut self, key: &str, fact: Fact) -> Option<Fact> {
        let key = in_lower_case(key);
        put_lower(&mut self.own.facts, key, fact, |key| {
            self.common.iter().rev().find_map(|part| find(&part.facts, key)).cloned()
        })
    }

    /// Says that of the keys with this beginning (`aws:PrincipalTag/`) every one that the request has is listed.
    pub fn close(&mut self, beginning: &str) {
        self.own.closed.push(in_lower_case(beginning));
    }

    /// The beginnings of which every key is listed, in lower case.
    pub(crate) fn closed(&self) -> impl Iterator<Item = &str> {
        self.parts().flat_map(|part| &part.closed).map(AsRef::as_ref)
    }

    /// The same context with one more key.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.set(key, Fact::One(value.to_owned()));
        self
    }

    /// What is known of a key, given in lower case.
    pub fn get(&self, lower_case_key: &str) -> &Fact {
        let common = || self.common.iter().rev().find_map(|part| find(&part.facts, lower_case_key));
        if let Some(fact) = find(&self.own.facts, lower_case_key).or_else(common) {
            return fact;
        }
        let is_closed = self.closed().any(|beginning| lower_case_key.starts_with(beginning));
        if is_closed { &Fact::Absent } else { &self.unlisted }
    }

    /// What is known of a key that is not listed, where no beginning says otherwise.
    pub(crate) fn unlisted(&self) -> &Fact {
        &self.unlisted
    }

    /// The listed keys in lower case, and what is known of them; of a key that comes again the later counts.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Fact)> {
        self.parts().flat_map(|part| &part.facts).map(|(key, fact)| (&**key, fact))
    }

    /// The listed keys in lower case, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Fact)> {
        let mut all: Vec<(&str, &Fact)> = self.all().collect();
        if !self.common.is_empty() {
            // The order of those with one key stays: the last counts.
            all.sort_by_key(|(key, _)| *key);
            all.reverse();
            all.dedup_by_key(|(key, _)| *key);
            all.reverse();
        }
        all.into_iter()
    }
}

/// What is known, whichever of it is common to many.
impl PartialEq for Context {
    fn eq(&self, other: &Self) -> bool {
        self.unlisted == other.unlisted && self.iter().eq(other.iter()) && self.closed().eq(other.closed())
    }
}

impl Eq for Context {}

fn in_lower_case(key: &str) -> Box<str> {
    if key.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
        key.to_lowercase().into()
    } else {
        key.into()
    }
}

fn find<'f>(facts: &'f [(Box<str>, Fact)], lower_case_key: &str) -> Option<&'f Fact> {
    let place = facts.binary_search_by(|(key, _)| (**key).cmp(lower_case_key)).ok()?;
    facts.get(place).map(|(_, fact)| fact)
}

fn put(facts: &mut Vec<(Box<str>, Fact)>, key: &str, fact: Fact) {
    put_lower(facts, in_lower_case(key), fact, |_| None);
}

/// Keeps the order; gives back what was known before.
fn put_lower(
    facts: &mut Vec<(Box<str>, Fact)>,
    key: Box<str>,
    fact: Fact,
    otherwise: impl FnOnce(&str) -> Option<Fact>,
) -> Option<Fact> {
    match facts.binary_search_by(|(known, _)| known.cmp(&key)) {
        Ok(place) => facts.get_mut(place).map(|(_, known)| std::mem::replace(known, fact)),
        Err(place) => {
            let before = otherwise(&key);
            facts.insert(place, (key, fact));
            before
        }
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
