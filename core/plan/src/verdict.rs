//! Verdicts: what a check says of one resource.
//!
//! A verdict is a value with its facts and its origin; the sentence a person reads is made from them at the edge, in
//! English or Japanese, by the check's template. Taking data away never improves a verdict: it stays or becomes
//! [`Outcome::Unknown`].

use std::sync::Arc;

use jiff::Timestamp;
use kagimori_estate::SourceId;
use kagimori_estate::fact::Gap;
use kagimori_id::AccountId;
use serde::Serialize;
use sha2::Digest;

/// What a check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(clippy::exhaustive_enums, reason = "five outcomes; each output format maps every one of them")]
pub enum Outcome {
    /// Something is wrong.
    Fail,
    /// It could not be told; [`Verdict::gap`] says what is missing.
    Unknown,
    /// Worth knowing, not wrong.
    Info,
    /// Looked at, and right.
    Pass,
    /// The question does not arise for this resource.
    NotApplicable,
}

/// How bad a failure of the check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "the five levels of ASFF and OCSF")]
pub enum Severity {
    /// Act now.
    Critical,
    /// Act this week.
    High,
    /// Plan it.
    Medium,
    /// When you pass by.
    Low,
    /// For your information.
    Informational,
}

/// The kind of a resource a verdict speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ResourceKind {
    /// The account as a whole.
    Account,
    /// The organization.
    Organization,
    /// The root user.
    Root,
    /// An IAM user.
    User,
    /// An access key of a user or root.
    AccessKey,
    /// A console password.
    Password,
    /// A group.
    Group,
    /// A role.
    Role,
    /// A managed policy.
    Policy,
    /// An MFA device.
    MfaDevice,
    /// A certificate: server or signing.
    Certificate,
    /// An identity provider.
    IdentityProvider,
    /// A service-specific credential or SSH key.
    OtherCredential,
    /// A waiver in `kagimori.toml`.
    Waiver,
}

/// What a verdict speaks of. Two are the same by what names them, whatever else is told of either.
#[derive(Clone, Debug, Serialize, serde::Deserialize)]
pub struct Resource {
    /// What kind of thing.
    pub kind: ResourceKind,
    /// The account it lives in.
    pub account: AccountId,
    /// Its ARN; for credentials, the ARN of the user that holds them.
    pub arn: String,
    /// Its short name: user name, role name, policy name, `<root_account>`.
    pub name: String,
    /// The key id (or `slot 1` when only the credential report speaks of it), device serial or certificate id.
    pub key: Option<String>,
    /// The unique id of the user, role or group (`AIDA…`), where it is told: it stays when name and path change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl Resource {
    pub(crate) fn named(&self) -> (ResourceKind, AccountId, &str, &str, Option<&str>) {
        (self.kind, self.account, &self.arn, &self.name, self.key.as_deref())
    }
}

impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        self.named() == other.named()
    }
}

impl Eq for Resource {}

impl PartialOrd for Resource {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Resource {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.named().cmp(&other.named())
    }
}

impl std::hash::Hash for Resource {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.named().hash(state);
    }
}

/// A fact that a verdict rests on; its name is a placeholder in the check's sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[expect(clippy::exhaustive_enums, reason = "each output format prints every one of them")]
pub enum FactValue {
    /// A name, a date already in words, an ARN.
    Text(String),
    /// A count, days, a threshold.
    Number(i64),
    /// An instant.
    Time(Timestamp),
    /// Several names; long lists are cut by the writer, with the count of what was left out.
    List(Vec<String>),
}

/// What a check says of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The check's id: `key-unused`.
    pub check: &'static str,
    /// The resource: one for all verdicts about it.
    pub resource: Arc<Resource>,
    /// What is said.
    pub outcome: Outcome,
    /// Why it could not be told; present exactly when the outcome is [`Outcome::Unknown`].
    pub gap: Option<Gap>,
    /// The facts it rests on, in the order of the sentence.
    pub facts: Vec<(&'static str, FactValue)>,
    /// The files it rests on.
    pub evidence: Vec<SourceId>,
}

/// A name for what a check says of a resource, whatever it says: hex SHA-256 of check, account, ARN and key.
pub fn uid(check: &str, resource: &Resource) -> String {
    let key = resource.key.as_deref().unwrap_or_default();
    let name = format!("{check}\0{}\0{}\0{key}", resource.account, resource.arn);
    kagimori_id::hex(&sha2::Sha256::digest(name.as_bytes()))
}

impl Verdict {
    /// A name for the finding that stays the same from review to review: hex SHA-256 of check, account, ARN and key.
    pub fn uid(&self) -> String {
        uid(self.check, &self.resource)
    }

    /// How bad it is: the check's severity.
    pub fn severity(&self) -> Severity {
        crate::check::find(self.check).map_or(Severity::Informational, |check| check.severity)
    }
}

impl From<&str> for FactValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for FactValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for FactValue {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for FactValue {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for FactValue {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u64> for FactValue {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<Timestamp> for FactValue {
    fn from(instant: Timestamp) -> Self {
        Self::Time(instant)
    }
}

impl From<Vec<String>> for FactValue {
    fn from(names: Vec<String>) -> Self {
        Self::List(names)
    }
}
