//! The language of policy documents, close to the text: nothing is expanded, lower-cased or looked up here.
//!
//! Grammar: IAM User Guide, `reference_policies_grammar`. One type serves every policy kind (identity, resource,
//! trust, boundary, SCP, RCP, session, VPC endpoint); what each kind must or must not have is a question for the
//! validator, because stored policies of every age have to be readable.

use std::fmt;

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// `Version`; missing means 2008-10-17, and is kept apart because printing must not invent it.
    pub version: Option<Version>,
    /// `Id`, used by some resource policies.
    pub id: Option<String>,
    /// `Statement`, in document order; a single object is read as a list of one.
    pub statements: Vec<Statement>,
}

/// The version of the policy language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "AWS has published two versions; a third must break callers")]
pub enum Version {
    /// `2008-10-17`: no policy variables.
    V2008,
    /// `2012-10-17`: the current language.
    V2012,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// `Sid`.
    pub sid: Option<String>,
    /// `Effect`.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`; absent in identity policies.
    pub principal: Option<PrincipalElement>,
    /// `Action` or `NotAction`.
    pub action: ActionElement,
    /// `Resource` or `NotResource`; absent in trust policies.
    pub resource: Option<ResourceElement>,
    /// `Condition`, one entry per (operator, key), in document order.
    pub conditions: Vec<Condition>,
}

/// What a matching statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the grammar knows two effects")]
pub enum Effect {
    /// Grants.
    Allow,
    /// Forbids, over every grant.
    Deny,
}

/// `Principal` or `NotPrincipal`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the grammar knows two forms")]
pub enum PrincipalElement {
    /// The statement is about these principals.
    Principal(Principals),
    /// The statement is about every principal but these.
    NotPrincipal(Principals),
}

/// The value of `Principal` or `NotPrincipal`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the grammar knows two forms")]
pub enum Principals {
    /// The bare string `"*"`: everybody, anonymous callers too.
    Everyone,
    /// Principals by kind, in document order.
    Listed(Vec<(PrincipalKind, Vec<String>)>),
}

/// The key of an entry in a `Principal` object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "`Other` takes what AWS adds")]
pub enum PrincipalKind {
    /// `AWS`: accounts, users, roles, sessions, unique ids, `*`.
    Aws,
    /// `Service`: service principals.
    Service,
    /// `Federated`: SAML and OIDC providers.
    Federated,
    /// `CanonicalUser`: S3 canonical ids.
    CanonicalUser,
    /// Any other key, as written.
    Other(String),
}

/// `Action` or `NotAction`, patterns as written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the grammar knows two forms")]
pub enum ActionElement {
    /// These actions.
    Action(OneOrMany),
    /// Every action but these.
    NotAction(OneOrMany),
}

/// `Resource` or `NotResource`, patterns as written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the grammar knows two forms")]
pub enum ResourceElement {
    /// These resources.
    Resource(OneOrMany),
    /// Every resource but these.
    NotResource(OneOrMany),
}

/// A list whose JSON form may be one bare string; the form is kept so that printing gives it back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "JSON has these two forms")]
pub enum OneOrMany {
    /// A bare string.
    One(String),
    /// An array.
    Many(Vec<String>),
}

/// One (operator, key) test of a `Condition` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The operator as written, with its qualifier and suffix: `ForAllValues:StringEqualsIfExists`.
    pub operator: String,
    /// The condition key as written: `aws:PrincipalOrgID`.
    pub key: String,
    /// The values; numbers and booleans keep their JSON type.
    pub values: ConditionValues,
}

/// The values of a condition; the form is kept so that printing gives it back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "JSON has these two forms")]
pub enum ConditionValues {
    /// A bare value.
    One(ConditionValue),
    /// An array.
    Many(Vec<ConditionValue>),
}

/// One value of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the grammar knows three types")]
pub enum ConditionValue {
    /// A string.
    Text(String),
    /// A number, as its JSON text.
    Number(String),
    /// `true` or `false`.
    Bool(bool),
}

impl OneOrMany {
    /// The strings, whatever the form.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl ActionElement {
    /// The patterns and whether they are negated (`NotAction`).
    pub fn patterns(&self) -> (&[String], bool) {
        match self {
            Self::Action(list) => (list.as_slice(), false),
            Self::NotAction(list) => (list.as_slice(), true),
        }
    }
}

impl ResourceElement {
    /// The patterns and whether they are negated (`NotResource`).
    pub fn patterns(&self) -> (&[String], bool) {
        match self {
            Self::Resource(list) => (list.as_slice(), false),
            Self::NotResource(list) => (list.as_slice(), true),
        }
    }
}

impl ConditionValues {
    /// The values, whatever the form.
    pub fn as_slice(&self) -> &[ConditionValue] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl ConditionValue {
    /// The value as IAM compares it: numbers and booleans by their text.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V2008 => "2008-10-17",
            Self::V2012 => "2012-10-17",
        })
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        })
    }
}

impl fmt::Display for PrincipalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aws => "AWS",
            Self::Service => "Service",
            Self::Federated => "Federated",
            Self::CanonicalUser => "CanonicalUser",
            Self::Other(kind) => kind,
        })
    }
}
