//! The organization, from all the answers that speak of it. Its files are of no account.

use std::collections::BTreeMap;

use super::assemble::{Given, joined, missing_page};
use super::organization::PolicySummary;
use super::part::Content;
use crate::fact::{Dataset, Known, Source, SourceId};
use crate::id::AccountId;
use crate::model::{Organization, OrganizationPolicy, Policy, Problem};

/// The datasets that are of no account.
const DATASETS: [Dataset; 4] = [
    Dataset::Organization,
    Dataset::OrganizationAccounts,
    Dataset::OrganizationPolicies,
    Dataset::OrganizationFeatures,
];

/// The organization and what became of its datasets.
#[derive(Debug)]
pub(super) struct OrganizationGiven {
    pub(super) organization: Organization,
    status: BTreeMap<Dataset, Known<()>>,
}

/// Whether a dataset is the organization's.
pub(super) fn is_of_organization(dataset: Dataset) -> bool {
    DATASETS.contains(&dataset)
}

impl OrganizationGiven {
    pub(super) fn new(mut given: Given, problems: &mut Vec<Problem>, sources: &[Source]) -> Self {
        let status: BTreeMap<_, _> =
            DATASETS.into_iter().map(|dataset| (dataset, given.status(dataset))).collect();
        problems.extend(given.answers.iter().filter_map(|(dataset, answers)| {
            let listed = |content: &Content| {
                matches!(content, Content::OrganizationAccounts(_) | Content::OrganizationPolicies(_))
            };
            let pages = || answers.iter().filter(|answer| listed(&answer.content));
            let last = pages().next_back().filter(|_| pages().all(|answer| answer.truncated))?;
            let file = sources.get(last.source.0 as usize).map(|source| source.file.clone());
            Some(missing_page(file.unwrap_or_default(), None, *dataset))
        }));
        let policies = policies(&mut given);
        let accounts = |content| match content {
            Content::OrganizationAccounts(accounts) => accounts,
            _ => Vec::new(),
        };
        let described = given.take(Dataset::Organization).pop().and_then(|answer| match answer.content {
            Content::Organization(described) => Some(Known::new(described, answer.source)),
            _ => None,
        });
        let described = described.unwrap_or_else(|| Known::Unknown(given.gap(Dataset::Organization)));
        let features =
            given.take(Dataset::OrganizationFeatures).pop().and_then(|answer| match answer.content {
                Content::OrganizationFeatures(features) => Some(Known::new(features, answer.source)),
                _ => None,
            });
        let organization = Organization {
            id: described.map(|described| described.id.clone()),
            management_account: described.map(|described| described.management_account),
            accounts: joined(&mut given, Dataset::OrganizationAccounts, accounts, |account| {
                account.id.to_string()
            }),
            policies,
            features: features.unwrap_or_else(|| Known::Unknown(given.gap(Dataset::OrganizationFeatures))),
        };
        Self { organization, status }
    }

    /// What became of the organization's datasets, for each account to say.
    pub(super) fn datasets(&self) -> BTreeMap<Dataset, Known<()>> {
        self.status.clone()
    }

    /// The accounts that the organization names.
    pub(super) fn account_ids(&self) -> Vec<AccountId> {
        let listed = self.organization.accounts.value().into_iter().flatten().map(|account| account.id);
        listed.chain(self.organization.management_account.value().copied()).collect()
    }
}

/// What the answers say of one policy.
#[derive(Debug, Default)]
struct Collected {
    summary: Option<PolicySummary>,
    document: Option<Known<Policy>>,
    targets: Option<(SourceId, Vec<String>)>,
}

fn policies(given: &mut Given) -> Known<Vec<OrganizationPolicy>> {
    let dataset = Dataset::OrganizationPolicies;
    let status = given.status(dataset);
    let mut by_id: BTreeMap<String, Collected> = BTreeMap::new();
    for answer in given.take(dataset) {
        match answer.content {
            Content::OrganizationPolicies(summaries) => {
                for summary in summaries {
                    let policy = by_id.entry(summary.id.clone()).or_default();
                    policy.summary = Some(summary);
                }
            }
            Content::OrganizationPolicy(summary, document) => {
                let policy = by_id.entry(summary.id.clone()).or_default();
                policy.document = Some(Known::new(document, answer.source));
                policy.summary = Some(summary);
            }
            Content::OrganizationTargets(id, targets) => {
                let known = &mut by_id.entry(id).or_default().targets;
                known.get_or_insert_with(|| (answer.source, Vec::new())).1.extend(targets);
            }
            _ => {}
        }
    }
    let policies = by_id.into_iter().map(|(id, collected)| policy(id, collected)).collect();
    match status {
        Known::Known(fact) => Known::new(policies, fact.source),
        Known::Unknown(gap) => Known::Unknown(gap),
    }
}

fn policy(id: String, collected: Collected) -> OrganizationPolicy {
    let dataset = Dataset::OrganizationPolicies;
    let summary = collected.summary.unwrap_or_else(|| PolicySummary {
        id: id.clone(),
        name: id.clone(),
        kind: String::new(),
        aws_managed: false,
    });
    let targets = match collected.targets {
        Some((source, mut targets)) => {
            targets.sort();
            targets.dedup();
            Known::new(targets, source)
        }
        None => Known::field_absent(dataset, "Targets"),
    };
    OrganizationPolicy {
        id,
        name: summary.name,
        kind: summary.kind,
        aws_managed: summary.aws_managed,
        document: collected.document.unwrap_or_else(|| Known::field_absent(dataset, "Content")),
        targets,
    }
}
