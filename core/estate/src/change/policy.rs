//! Policy documents into the estate, and out of it.

use kagimori_policy::document::Document;

use super::{ChangeError, WireDocument};
use crate::model::Policy;

pub(super) fn policy(WireDocument(document): &WireDocument) -> Policy {
    Policy { document: Ok(Document::clone(document)) }
}

/// The text that is replaced; one that cannot be read could not be put back.
pub(super) fn document(policy: &Policy, name: &str) -> Result<WireDocument, ChangeError> {
    let unreadable =
        |error: &_| ChangeError::NotKnown(format!("the policy `{name}` cannot be read: {error}"));
    policy.document.as_ref().map(|document| WireDocument(document.clone())).map_err(unreadable)
}
