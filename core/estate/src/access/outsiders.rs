//! Callers that are no user or role of the estate, and what lets them in.

use std::sync::Arc;

use kagimori_policy::document::Document;
use kagimori_policy::request::{Fact, Listed, Principal};

use super::{Access, DocumentId, Question, Subject};
use kagimori_id::{AccountId, Arn};

/// What has a say about whoever calls: the policy of the resource, and what controls the account that owns it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceSide<'a> {
    /// The policy of the resource; `None`: none, or it was not given.
    pub resource: Option<&'a Document>,
    /// Its resource control policies, level by level.
    pub resource_control: Vec<Vec<&'a Document>>,
}

impl<'a> Access<'a> {
    /// What lets others in on a resource, or keeps them out.
    pub fn resource_side(&self, question: &Question, owner: AccountId) -> ResourceSide<'_> {
        let anybody = self.outside_account(owner);
        let resource = anybody.as_ref().and_then(|anybody| self.scope(anybody, question).resource);
        let document = |id: &DocumentId| self.held(*id).map(|held| held.document.as_ref());
        let levels =
            self.guardrails.get(&owner).map(|owner| owner.resource_control.as_slice()).unwrap_or_default();
        let resource_control =
            levels.iter().map(|(_, ids)| ids.iter().filter_map(document).collect()).collect();
        ResourceSide { resource: resource.as_ref().and_then(document), resource_control }
    }

    /// An identity provider on behalf of somebody, who asks for a role of an account (IAM User Guide,
    /// `reference_policies_elements_principal`, "OIDC federated principals" and "SAML federated principals").
    pub fn federated(&self, provider: &str, account: AccountId, facts: &[(String, Fact)]) -> Option<Subject> {
        Some(Subject {
            principal: Principal::Federated { provider: provider.to_owned() },
            account,
            // Providers are not asked for by ARN of a caller; nothing asks for this one.
            arn: Arn::parse(&format!("arn:aws:iam::{account}:federated")).ok()?,
            facts: Arc::new(Listed::new(facts.iter().map(|(key, fact)| (&**key, fact.clone())), &[])),
            identity: Vec::new(),
            boundary: Vec::new(),
            trust: None,
            missing: Vec::new(),
            arranged: None,
        })
    }

    /// Somebody of an account that is not in the estate, who may do there what a resource's policy allows the account.
    pub fn outside_account(&self, account: AccountId) -> Option<Subject> {
        // No root user: STS lets none assume a role. Nobody is called so, and no policy names him but by his account.
        let text = format!("arn:aws:iam::{account}:user/-");
        Some(Subject {
            principal: Principal::parse(&text).ok()?,
            account,
            arn: Arn::parse(&text).ok()?,
            facts: Arc::default(),
            identity: Vec::new(),
            boundary: Vec::new(),
            trust: None,
            missing: Vec::new(),
            arranged: None,
        })
    }

    /// The user or role with a unique id (`AIDA…`, `AROA…`).
    pub fn subject_with_id(&self, account: AccountId, id: &str) -> Option<&Subject> {
        let arn = self.places.with_id(self.estate, account, id)?;
        self.subject(arn.as_str())
    }

    /// Whether an account is of the estate.
    pub fn holds_account(&self, account: AccountId) -> bool {
        self.estate.accounts.contains_key(&account)
    }
}
