//! What a case expects, in the words of the scenario format.

use serde::{Deserialize, Serialize};

/// The answer of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "the format has these five")]
pub enum Response {
    /// Allowed.
    Allowed,
    /// No allow where one is needed.
    ImplicitlyDenied,
    /// Denied by a statement.
    ExplicitlyDenied,
    /// AWS would not have accepted the input.
    Rejected,
    /// It depends on what is not given.
    Indeterminate,
}

/// How sure the expectation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the format has these four")]
pub enum Class {
    /// AWS's text says so.
    #[default]
    Certain,
    /// AWS's text supports other answers too: those of `alternatives`.
    Ambiguous,
    /// Seen in practice.
    Observed,
    /// The input must be refused.
    InputRejected,
}

/// `expected` of a case.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Expected {
    /// The answer.
    pub response: Response,
    /// Other answers AWS's text supports.
    #[serde(default)]
    pub alternatives: Vec<Response>,
    /// With `Rejected`: the place of the fault.
    #[serde(default)]
    pub at: Option<String>,
    /// The layers that turned a grant into a denial.
    #[serde(default)]
    pub blocked_by: Option<Vec<String>>,
}
