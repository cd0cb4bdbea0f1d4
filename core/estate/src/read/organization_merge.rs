//! The organization, from all the answers that speak of it. Its files are of no account.

use std::collections::{BTreeMap, BTreeSet};

use super::center_merge::identity_center;
use super::content::Content;
use super::given::Given;
use super::identity_center::is_of_center;
use super::organization::PolicySummary;
use crate::center::IdentityCenter;
use crate::fact::{Dataset, Gap, GapReason, Known, Source, SourceId};
use crate::model::{Organization, OrganizationPolicy, Policy, Problem};
use kagimori_id::AccountId;

/// The datasets that are of no account.
const DATASETS: [Dataset; 11] = [
    Dataset::Organization,
    Dataset::OrganizationAccounts,
    Dataset::OrganizationPolicies,
    Dataset::OrganizationTree,
    Dataset::OrganizationFeatures,
    Dataset::IdentityCenter,
    Dataset::PermissionSets,
    Dataset::AccountAssignments,
    Dataset::CenterUsers,
    Dataset::CenterGroups,
    Dataset::GroupMemberships,
];

/// The organization and what became of its datasets.
#[derive(Debug)]
pub(super) struct OrganizationGiven {
    pub(super) organization: Organization,
    pub(super) identity_center: IdentityCenter,
    /// The accounts that it names, wherever.
    pub(super) account_ids: BTreeSet<AccountId>,
    status: BTreeMap<Dataset, Known<()>>,
}

/// Whether a dataset is the organization's.
pub(super) fn is_of_organization(dataset: Dataset) -> bool {
    DATASETS.contains(&dataset)
}

impl OrganizationGiven {
    pub(super) fn new(mut given: Given, problems: &mut Vec<Problem>, sources: &[Source]) -> Self {
        given.close();
        let mut account_ids = named(&given);
        let nowhere = in_no_organization(&mut given);
        let status = |dataset| match nowhere {
            Some(source) if !is_of_center(dataset) => Known::new((), source),
            _ => given.status(dataset),
        };
        let status: BTreeMap<_, _> = DATASETS.into_iter().map(|dataset| (dataset, status(dataset))).collect();
        let identity_center = identity_center(&mut given);
        let policies = policies(&mut given);
        let parents = parents(&mut given);
        let accounts = |content| match content {
            Content::OrganizationAccounts(accounts) => accounts,
            _ => Vec::new(),
        };
        let described = given.one(Dataset::Organization, |content| match content {
            Content::Organization(described) => Some(described),
            _ => None,
        });
        let organization = Organization {
            is_in_use: described.map(|_| true),
            id: described.map(|described| described.id.clone()),
            management_account: described.map(|described| described.management_account),
            accounts: given.list(Dataset::OrganizationAccounts, accounts, |account| account.id.to_string()),
            policies,
            features: given.one(Dataset::OrganizationFeatures, |content| match content {
                Content::OrganizationFeatures(features) => Some(features),
                _ => None,
            }),
            parents,
        };
        let organization = match nowhere {
            Some(source) => Organization {
                is_in_use: Known::new(false, source),
                accounts: Known::new(Vec::new(), source),
                policies: Known::new(Vec::new(), source),
                features: Known::new(Vec::new(), source),
                ..organization
            },
            None => organization,
        };
        account_ids.extend(organization.management_account.value());
        problems.extend(given.torn(None, sources));
        Self { organization, identity_center, account_ids, status }
    }

    /// What became of the organization's datasets, for each account to say.
    pub(super) fn datasets(&self) -> BTreeMap<Dataset, Known<()>> {
        self.status.clone()
    }
}

/// The file that says that the accounts are in no organization. One account that stands apart says nothing of an organization of which
/// other files tell.
fn in_no_organization(given: &mut Given) -> Option<SourceId> {
    let mut nowhere = None;
    let mut tells = false;
    for answers in given.answers.values_mut() {
        answers.retain(|answer| {
            let is_none = matches!(answer.content, Content::NoOrganization);
            nowhere = nowhere.or(is_none.then_some(answer.source));
            tells |=
                !is_none && !matches!(&answer.content, Content::OrganizationFeatures(on) if on.is_empty());
            !is_none
        });
    }
    given.answers.retain(|_, answers| !answers.is_empty());
    nowhere.filter(|_| !tells)
}

/// The accounts that any answer names, also those whose list is torn or contradicts itself.
fn named(given: &Given) -> BTreeSet<AccountId> {
    let of = |content: &Content| -> Vec<AccountId> {
        match content {
            Content::OrganizationAccounts(accounts) => accounts.iter().map(|account| account.id).collect(),
            Content::OrganizationTree(edges) => {
                edges.iter().filter_map(|(child, _)| AccountId::parse(child).ok()).collect()
            }
            _ => Vec::new(),
        }
    };
    given.answers.values().flatten().flat_map(|answer| of(&answer.content)).collect()
}

/// What hangs where. A child has one parent; of one that two answers place differently nothing is known.
fn parents(given: &mut Given) -> BTreeMap<String, Known<String>> {
    let dataset = Dataset::OrganizationTree;
    let mut parents: BTreeMap<String, Known<String>> = BTreeMap::new();
    for answer in given.take(dataset) {
        let Content::OrganizationTree(edges) = answer.content else { continue };
        for (child, parent) in edges {
            let before = parents.get(&child);
            if before.and_then(Known::value).is_some_and(|before| *before != parent) {
                let first = before.and_then(Known::fact).map(|fact| fact.source);
                let sources = first.into_iter().chain([answer.source]).collect();
                let gap = given.contradicts(dataset, sources, &format!("the parent of {child}"));
                parents.insert(child, Known::Unknown(gap));
            } else if before.is_none() {
                parents.insert(child, Known::new(parent, answer.source));
            }
        }
    }
    parents
}

/// What the answers say of one policy.
#[derive(Debug, Default)]
struct Collected {
    summary: Option<PolicySummary>,
    document: Option<(SourceId, Policy)>,
    targets: Option<(SourceId, BTreeSet<String>)>,
    /// Whether a page of its targets says that more follow.
    targets_open: bool,
    /// The pages that say that nothing follows.
    targets_closed: Vec<Vec<String>>,
    contradiction: Option<Gap>,
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
                    policy.summary.get_or_insert(summary);
                }
            }
            Content::OrganizationPolicy(summary, document) => {
                let policy = by_id.entry(summary.id.clone()).or_default();
                match &policy.document {
                    Some((first, before)) if *before != document => {
                        let sources = BTreeSet::from([*first, answer.source]);
                        let gap =
                            given.contradicts(dataset, sources, &format!("the policy `{}`", summary.id));
                        policy.contradiction = Some(gap);
                    }
                    Some(_) => {}
                    None => policy.document = Some((answer.source, document)),
                }
                // `describe-policy` tells the same, and stands when the list was not given
                policy.summary.get_or_insert(summary);
            }
            Content::OrganizationTargets(id, targets) => {
                let policy = by_id.entry(id).or_default();
                policy.targets_open |= answer.truncated;
                if !answer.truncated && !policy.targets_closed.contains(&targets) {
                    policy.targets_closed.push(targets.clone());
                }
                let known = &mut policy.targets;
                known.get_or_insert_with(|| (answer.source, BTreeSet::new())).1.extend(targets);
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
    let is_cut = collected.targets_open && collected.targets_closed.is_empty();
    let differ = !collected.targets_open && collected.targets_closed.len() > 1;
    let summary = collected.summary.unwrap_or_else(|| PolicySummary {
        id: id.clone(),
        name: id.clone(),
        kind: String::new(),
        aws_managed: false,
    });
    let targets = match collected.targets {
        Some(_) if is_cut => Known::Unknown(Gap { dataset, reason: GapReason::Truncated }),
        Some(_) if differ => {
            Known::Unknown(Gap { dataset, reason: GapReason::Contradiction(format!("the targets of {id}")) })
        }
        Some((source, targets)) => Known::new(targets.into_iter().collect(), source),
        None => Known::field_absent(dataset, "Targets"),
    };
    let document = match (collected.contradiction, collected.document) {
        (Some(gap), _) => Known::Unknown(gap),
        (None, Some((source, document))) => Known::new(document, source),
        (None, None) => Known::field_absent(dataset, "Content"),
    };
    OrganizationPolicy {
        id,
        name: summary.name,
        kind: summary.kind,
        aws_managed: summary.aws_managed,
        document,
        targets,
    }
}
