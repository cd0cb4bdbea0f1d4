//! The policies of resources, each of one answer.

use std::collections::BTreeMap;

use super::content::Content;
use super::given::Sourced;
use crate::fact::{Dataset, Gap, GapReason, Known};
use crate::model::{Estate, Problem, ProblemKind, ResourcePolicy};
use kagimori_id::AccountId;

/// Puts the answers, with the account of whose folder they are, into the estate. Two that do not say the same about one
/// resource are a contradiction.
pub(super) fn resource_policies(answers: Vec<(Option<AccountId>, Sourced)>, estate: &mut Estate) {
    let dataset = Dataset::ResourcePolicies;
    let mut all: BTreeMap<String, ResourcePolicy> = BTreeMap::new();
    for (account, answer) in answers {
        let Content::ResourcePolicy(resource, mut policy) = answer.content else { continue };
        policy.place(answer.source);
        let owner = match account {
            Some(account) => Known::new(account, answer.source),
            None => Known::field_absent(dataset, "the owner"),
        };
        let Some(before) = all.get_mut(&resource) else {
            all.insert(resource, ResourcePolicy { owner, policy });
            continue;
        };
        let contradiction = Gap { dataset, reason: GapReason::Contradiction(resource.clone()) };
        let is_same = before.policy.value() == policy.value() && before.owner.value() == owner.value();
        if is_same {
            continue;
        }
        if before.owner.value() != owner.value() {
            before.owner = Known::Unknown(contradiction.clone());
        }
        before.policy = Known::Unknown(contradiction);
        let file = answer.source.of(&estate.sources).map_or("", |source| source.file.as_str());
        estate.problems.push(Problem {
            file: file.to_owned(),
            account,
            dataset: Some(dataset),
            kind: ProblemKind::Torn,
            message: format!("another file says something else of {resource}"),
            hint: "take the older one out of the directory, or write both again".to_owned(),
        });
    }
    estate.resource_policies = all;
}
