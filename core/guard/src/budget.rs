//! How much room there is for policies of the organization, and where.
//!
//! The quotas are [`kagimori_policy::quota`]'s; the policies that AWS attaches itself (`FullAWSAccess`) count.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_estate::Estate;
use kagimori_estate::fact::Known;
use kagimori_estate::model::OrganizationPolicy;
use kagimori_policy::document::Document;
use kagimori_policy::minimise::{Options, Sameness, minimise};
use kagimori_policy::print::print;
use kagimori_policy::quota::{self, Quota};

use crate::template::Kind;

/// A root, unit or account, and the policies of one kind that are attached to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// `r-…`, `ou-…`, or the account's id.
    pub id: String,
    /// SCPs or RCPs.
    pub kind: Kind,
    /// Those that are attached.
    pub attached: Vec<Attached>,
    /// Policies whose targets are not known: they may be attached here, too.
    pub untold: Vec<String>,
    /// How many more may be attached, when all of those are not.
    pub free: usize,
    /// Those that could be one.
    pub merges: Vec<Merge>,
}

/// A policy that is attached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attached {
    /// Its id, `p-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its characters without white space; `None`: its text was not given.
    pub characters: Option<usize>,
    /// The most that it may have.
    pub most: usize,
}

/// Policies that mean the same as one, which is proved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Merge {
    /// Their ids.
    pub ids: Vec<String>,
    /// The one.
    pub document: Document,
    /// Its characters.
    pub characters: usize,
}

/// How large a policy of a kind may be, and how many may be attached; a boundary is no policy of the organization.
const fn quota_of(kind: Kind) -> (Quota, Quota) {
    match kind {
        Kind::ServiceControl => (quota::SERVICE_CONTROL, quota::ATTACHED_SERVICE_CONTROL),
        Kind::ResourceControl | Kind::Boundary => (quota::RESOURCE_CONTROL, quota::ATTACHED_RESOURCE_CONTROL),
    }
}

/// Every root, unit and account that the estate knows of.
pub fn nodes(estate: &Estate) -> BTreeSet<String> {
    let organization = &estate.organization;
    let mut ids: BTreeSet<String> = organization.parents.keys().cloned().collect();
    ids.extend(organization.parents.values().filter_map(Known::value).cloned());
    ids.extend(estate.accounts.keys().map(ToString::to_string));
    let policies = organization.policies.value().into_iter().flatten();
    ids.extend(policies.flat_map(|policy| policy.targets.value().into_iter().flatten().cloned()));
    ids
}

/// Every node that has policies, or of which it is known what it hangs under; `None` when the organization's policies were not given.
pub fn budget(estate: &Estate) -> Option<Vec<Node>> {
    let organization = &estate.organization;
    let policies = organization.policies.value()?;
    let ids = nodes(estate);
    let mut found = Vec::new();
    for kind in [Kind::ServiceControl, Kind::ResourceControl] {
        let of_kind: Vec<&OrganizationPolicy> =
            policies.iter().filter(|policy| Some(policy.kind.as_str()) == kind.of_organization()).collect();
        // What hangs under a unit is mostly attached to others, too: each pair is looked at once.
        let mut known: BTreeMap<Vec<&str>, Option<Merge>> = BTreeMap::new();
        for id in &ids {
            let node = node(id, kind, &of_kind, &mut known);
            if !node.attached.is_empty() || !node.untold.is_empty() {
                found.push(node);
            }
        }
    }
    Some(found)
}

fn node<'p>(
    id: &str,
    kind: Kind,
    policies: &[&'p OrganizationPolicy],
    known: &mut BTreeMap<Vec<&'p str>, Option<Merge>>,
) -> Node {
    let (Quota { most, .. }, Quota { most: most_attached, .. }) = quota_of(kind);
    let is_here = |policy: &OrganizationPolicy| {
        policy.targets.value().map(|targets| targets.iter().any(|target| target == id))
    };
    let here: Vec<&OrganizationPolicy> =
        policies.iter().copied().filter(|policy| is_here(policy) == Some(true)).collect();
    let untold = policies.iter().filter(|policy| is_here(policy).is_none()).map(|policy| policy.name.clone());
    let attached = here.iter().map(|policy| Attached {
        id: policy.id.clone(),
        name: policy.name.clone(),
        characters: text(policy).map(|document| print(document).chars().count()),
        most,
    });
    Node {
        id: id.to_owned(),
        kind,
        attached: attached.collect(),
        untold: untold.collect(),
        free: most_attached.saturating_sub(here.len()),
        merges: merge(&here, most, known).into_iter().collect(),
    }
}

fn text(policy: &OrganizationPolicy) -> Option<&Document> {
    policy.document.value()?.document.as_ref().ok()
}

/// Those of the customer that fit into one.
fn merge<'p>(
    policies: &[&'p OrganizationPolicy],
    most: usize,
    known: &mut BTreeMap<Vec<&'p str>, Option<Merge>>,
) -> Option<Merge> {
    let own: Vec<(&str, &Document)> = policies
        .iter()
        .filter(|policy| !policy.aws_managed)
        .filter_map(|policy| Some((policy.id.as_str(), text(policy)?)))
        .collect();
    let ids: Vec<&str> = own.iter().map(|(id, _)| *id).collect();
    if ids.len() < 2 {
        return None;
    }
    known.entry(ids).or_insert_with(|| merged(&own, most)).clone()
}

fn merged(own: &[(&str, &Document)], most: usize) -> Option<Merge> {
    let documents: Vec<Document> = own.iter().map(|(_, document)| (*document).clone()).collect();
    let options = Options { document_size: most, documents_max: 1, ..Options::default() };
    let shorter = minimise(&documents, options);
    match (shorter.sameness, shorter.documents.as_slice()) {
        (Sameness::EveryAction, [one]) => {
            let ids = own.iter().map(|(id, _)| (*id).to_owned()).collect();
            let characters = print(one).chars().count();
            (characters <= most).then(|| Merge { ids, document: one.clone(), characters })
        }
        _ => None,
    }
}
