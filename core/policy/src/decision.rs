//! The answer to a request.

use crate::formula::{Atom, Formula};
use crate::policies::{Layer, StatementRef};

/// The answer, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decision {
    /// The answer.
    pub answer: Answer,
    /// The statements that decided: every explicit deny, otherwise every allow that counted.
    pub decisive: Vec<StatementRef>,
    /// The layers that turned a grant of the identity's, resource's or session's policy into a denial.
    pub blocked_by: Vec<Layer>,
    /// Where AWS's text leaves the answer open.
    pub disputed: Vec<Dispute>,
    /// When the answer is indeterminate: allowed if this holds. Otherwise a constant.
    pub allowed_if: Formula,
}

/// Allowed or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "these are all the answers there are")]
pub enum Answer {
    /// Allowed.
    Allowed,
    /// Not allowed by this layer, which is the first to lack an allow.
    ImplicitlyDenied(Layer),
    /// Denied by this statement, the first of them.
    ExplicitlyDenied(StatementRef),
    /// It depends on what is not known.
    Indeterminate,
}

/// A question AWS's documentation leaves open, and how it was read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Dispute {
    /// `Principal: "*"` alone in the same account: whether a boundary or session policy that is silent limits it.
    EveryoneAndLimits,
    /// `NotPrincipal` with Deny: which names must be listed for a caller to be exempt.
    NotPrincipalWithDeny,
    /// IAM user names in `Resource`: the Resource page compares them without case.
    UserNameCase,
    /// A `Resource` with fewer than six parts.
    ShortArn,
    /// A variable where one page forbids it and another does not: before the fifth colon of an ARN, in a `Bool`.
    VariablePlace,
    /// A service given by a wildcard in `Action`.
    ServiceWildcard,
    /// An account as principal of an endpoint policy: the root user only (gateway endpoints), or everybody in it.
    EndpointAccount,
}

/// What keeps an Allow statement that names the action from being about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a statement has these two further elements")]
pub enum Miss {
    /// It is about other resources.
    Resource,
    /// Its conditions do not hold.
    Condition,
}

impl Decision {
    /// The condition keys, in lower case, without which there is no answer.
    pub fn missing_keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = self.allowed_if.atoms().into_iter().flat_map(Atom::missing_keys).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

impl Atom {
    /// The condition keys, in lower case, that would settle this.
    pub fn missing_keys(&self) -> Vec<&str> {
        match self {
            Self::Condition { missing, .. } | Self::Resource { missing, .. } => {
                missing.iter().map(String::as_str).collect()
            }
            Self::Credential { key } => vec![key],
            Self::Unevaluable { .. }
            | Self::Undocumented { .. }
            | Self::Principal { .. }
            | Self::MissingAllows(_)
            | Self::MissingDenies(_) => Vec::new(),
        }
    }
}

impl Dispute {
    /// How the question was read, in one sentence.
    pub fn reading(self) -> &'static str {
        match self {
            Self::EveryoneAndLimits => {
                "`Principal: \"*\"` was read like `\"*\"` with `aws:PrincipalArn`: silent boundaries and session policies do not limit it"
            }
            Self::NotPrincipalWithDeny => {
                "`NotPrincipal` with Deny was read as exempting only callers whose account, role and session are all listed"
            }
            Self::UserNameCase => "IAM user names in `Resource` were compared without case",
            Self::ShortArn => "a `Resource` with fewer than six parts was completed with `*`",
            Self::VariablePlace => {
                "a variable before the fifth colon of an ARN, or with an operator other than those of strings and ARNs, was read as literal text"
            }
            Self::ServiceWildcard => "a wildcard in the service of an action was read as any service",
            Self::EndpointAccount => {
                "an account in the policy of an S3 or DynamoDB endpoint was read as its root user (gateway endpoint)"
            }
        }
    }
}
