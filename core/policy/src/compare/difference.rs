//! Why a request is allowed by the one side and not by the other.

use crate::decision::{Answer, Miss};
use crate::document::Document;
use crate::policies::{Layer, Policies, StatementRef};
use crate::reference;
use crate::request::Request;

use super::witness;

/// Why a request is allowed by the one side and not by the other.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The statements of the side that allows it.
    pub allowed_by: Vec<StatementRef>,
    /// The statement of the other side that denies it; else nothing allows it.
    pub denied_by: Option<StatementRef>,
    /// Grants of the other side that name the action, and what keeps them from this request.
    pub near: Vec<(StatementRef, Miss)>,
}

/// Explains a witness of two sets of identity policies.
pub fn difference(request: &Request, allowing: &[Document], other: &[Document]) -> Difference {
    let of = |identity: &[Document]| Policies { identity: identity.to_vec(), ..Policies::default() };
    let (allowing, other) = (of(allowing), of(other));
    let decisive = witness::decide(request, &allowing).decisive;
    let denied_by = match witness::decide(request, &other).answer {
        Answer::ExplicitlyDenied(place) => Some(place),
        Answer::Allowed | Answer::ImplicitlyDenied(_) | Answer::Indeterminate => None,
    };
    let near = match denied_by {
        Some(_) => Vec::new(),
        None => reference::near_misses(request, &other, Layer::Identity),
    };
    // The resource's own policy only leaves the decision to the account.
    let allowed_by = decisive.into_iter().filter(|place| place.layer == Layer::Identity).collect();
    Difference { allowed_by, denied_by, near }
}
