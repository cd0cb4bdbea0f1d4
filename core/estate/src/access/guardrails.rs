//! Which SCPs and RCPs bind an account, level by level.
//!
//! The files say to which roots, organizational units and accounts a policy is attached; where in the tree an account stands,
//! `list-parents` and its like say. Where they do not, a policy on an organizational unit may or may not bind the account. A
//! request that its unit's policies do not limit does not depend on that; for the others it is a missing document.
//!
//! Every root, unit and account has at least one SCP once SCPs are on: AWS detaches no last one (Organizations API Reference,
//! `DetachPolicy`), and where none allows, everything below is denied (`orgs_manage_policies_scps_evaluation`). A level on which
//! the files show none contradicts that: what stands there is a missing document.

use std::collections::BTreeSet;

use kagimori_policy::decision::Answer;
use kagimori_policy::document::Effect;
use kagimori_policy::engine::{Compiled, Stack};
use kagimori_policy::policies::{Layer, Level, MissingDocument};

use kagimori_policy::print::print;
use kagimori_policy::request::Request;

use super::{Access, DocumentId, Guardrails, Subject};
use crate::fact::Known;
use crate::model::{Organization, OrganizationPolicy, Unplaced};
use kagimori_id::AccountId;

const NOTHING_GIVEN: &str = "no policies of the organization were given: taken as none";

impl Access<'_> {
    pub(super) fn collect_guardrails(&mut self) {
        let estate = self.estate;
        let organization = &estate.organization;
        let Some(policies) = organization.policies.value() else {
            let guardrails = Guardrails { assumption: Some(NOTHING_GIVEN), ..Guardrails::default() };
            self.guardrails = estate.accounts.keys().map(|id| (*id, guardrails.clone())).collect();
            return self.collect_unplaced();
        };
        let documents: Vec<Placed<'_>> =
            policies.iter().map(|policy| (policy, self.hold_guardrail(policy))).collect();
        self.guardrail_documents = documents.iter().map(|(policy, id)| (policy.id.clone(), *id)).collect();
        for account in estate.accounts.keys() {
            // SCPs and RCPs never bind the management account.
            let is_exempt = organization.management_account.value() == Some(account);
            let guardrails = if is_exempt {
                Guardrails::default()
            } else {
                guardrails(*account, organization, &documents)
            };
            self.guardrails.insert(*account, guardrails);
        }
        self.collect_unplaced();
    }

    /// The policies that somebody of an account has, and nobody knows who.
    fn collect_unplaced(&mut self) {
        for account in self.estate.accounts.values() {
            let Unplaced { attached, bounds } = &account.unplaced;
            let attached = attached.iter().map(|arn| (Layer::Identity, arn));
            for (layer, arn) in attached.chain(bounds.iter().map(|arn| (Layer::Boundary, arn))) {
                let policy = account.policies.get(arn);
                let id = policy.and_then(|policy| {
                    self.hold_policy(&policy.document, arn.as_str().to_owned(), Some(policy.source))
                });
                let name = format!("{arn} (AWS counts more who have it than the lists name)");
                let names = vec![MissingDocument { layer, name }];
                let possible = Possible { layer, documents: id.into_iter().collect(), names };
                self.guardrails.entry(account.id).or_default().possible.push(possible);
            }
        }
    }

    fn hold_guardrail(&mut self, policy: &'_ OrganizationPolicy) -> Option<DocumentId> {
        let estate = self.estate;
        let known = estate.organization.policies.value()?.iter().find(|known| known.id == policy.id)?;
        if let Some(fact) = known.document.fact() {
            return self.hold_policy(
                &fact.value,
                format!("{} ({})", known.name, known.id),
                Some(fact.source),
            );
        }
        // `FullAWSAccess` and `RCPFullAWSAccess` allow everything.
        known.aws_managed.then(|| self.hold_full_access(&known.name)).flatten()
    }
}

/// The policies of a unit of which nobody knows whether the account is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Possible {
    layer: Layer,
    documents: Vec<DocumentId>,
    /// What they are called where they matter.
    names: Vec<MissingDocument>,
}

impl Possible {
    /// An SCP or RCP, not a policy that somebody of the account has.
    pub(super) fn is_of_organization(&self) -> bool {
        matches!(self.layer, Layer::ServiceControl | Layer::ResourceControl)
    }

    pub(super) fn documents(&self) -> &[DocumentId] {
        &self.documents
    }
}

impl Access<'_> {
    /// Those of a layer that may limit a request: what they do not limit, they do not matter to.
    pub(super) fn limiting(
        &self,
        guardrails: &Guardrails,
        layer: Layer,
        request: impl Fn() -> Request,
    ) -> Vec<MissingDocument> {
        let of_layer = || guardrails.possible.iter().filter(|possible| possible.layer == layer);
        if of_layer().next().is_none() {
            return Vec::new();
        }
        let request = request();
        let limits = |possible: &&Possible| !self.allows_everywhere(possible, &request);
        of_layer().filter(limits).flat_map(|possible| possible.names.iter().cloned()).collect()
    }

    /// Policies that somebody of the account has, and that would change what a subject's own say of a request.
    pub(super) fn unplaced(
        &self,
        guardrails: &Guardrails,
        subject: &Subject,
        request: impl Fn() -> Request,
    ) -> Vec<MissingDocument> {
        let is_own = |layer: Layer| matches!(layer, Layer::Identity | Layer::Boundary);
        let own = || guardrails.possible.iter().filter(|possible| is_own(possible.layer));
        if own().next().is_none() {
            return Vec::new();
        }
        let request = request();
        let changes = |possible: &&Possible| self.would_change(possible, subject, &request);
        own().filter(changes).flat_map(|possible| possible.names.iter().cloned()).collect()
    }

    fn would_change(&self, possible: &Possible, subject: &Subject, request: &Request) -> bool {
        let more = self.compiled(&possible.documents);
        // a document that could not be read may say anything
        if more.is_empty() {
            return true;
        }
        let bound = self.compiler.bind(request);
        let answer = |identity: &[&Compiled], boundary: Option<&[&Compiled]>| {
            let stack = Stack { identity, ..Stack::default() };
            let stack = match boundary {
                Some(boundary) => Stack { boundary, ..stack },
                None => stack,
            };
            match stack.decide(&bound) {
                Answer::ExplicitlyDenied(_) => None,
                answer => Some(answer),
            }
        };
        let identity = self.compiled(&subject.identity);
        if possible.layer == Layer::Identity {
            let with: Vec<&Compiled> = identity.iter().copied().chain(more).collect();
            return answer(&identity, None) != answer(&with, None);
        }
        subject.boundary.is_empty() && answer(&identity, None) != answer(&identity, Some(&more))
    }

    /// What policies that may bind or not are called, with what they say: two that differ only there are not the same.
    pub(super) fn with_texts(&self, possible: &Possible) -> Vec<MissingDocument> {
        let texts = possible.documents.iter().filter_map(|id| self.held(*id));
        let texts: Vec<String> = texts.map(|held| print(&held.document)).collect();
        let named = |document: &MissingDocument| MissingDocument {
            name: format!("{}: {}", document.name, texts.join(" ")),
            ..document.clone()
        };
        possible.names.iter().map(named).collect()
    }

    /// What may limit a principal beside [`Access::in_effect`]: the policies of units in which its account may be, as levels of SCPs and
    /// of RCPs, and the limits whose texts were not given.
    pub fn limits_in_doubt(&self, subject: &Subject) -> (Vec<Level>, Vec<Level>, Vec<MissingDocument>) {
        let own = subject.missing.iter().filter(|document| document.layer != Layer::Identity).cloned();
        let Some(guardrails) = self.guardrails_of(subject, subject.account) else {
            return (Vec::new(), Vec::new(), own.collect());
        };
        let levels = |layer: Layer| {
            let of_layer = guardrails.possible.iter().filter(|possible| possible.layer == layer);
            of_layer.map(|possible| self.level_in_doubt(possible)).collect()
        };
        let missing = own.chain(guardrails.missing.iter().cloned()).collect();
        (levels(Layer::ServiceControl), levels(Layer::ResourceControl), missing)
    }

    /// A unit of which only what denies was listed allows everything: AWS keeps a policy that does at every level.
    fn level_in_doubt(&self, possible: &Possible) -> Level {
        let names: Vec<&str> = possible.names.iter().map(|document| document.name.as_str()).collect();
        let mut policies = self.cloned(&possible.documents);
        let mut statements = policies.iter().flat_map(|document| &document.statements);
        if !statements.any(|statement| statement.effect == Effect::Allow) {
            policies.extend(self.cloned(self.full_access.as_slice()));
        }
        Level { id: names.join(", "), policies }
    }

    /// Whether somebody whom everything else allows everything would be allowed a request under these policies.
    fn allows_everywhere(&self, possible: &Possible, request: &Request) -> bool {
        let documents: Vec<&Compiled> = self.compiled(&possible.documents);
        let level: [&[&Compiled]; 1] = [&documents];
        let all: Vec<&Compiled> = self.compiled(self.full_access.as_slice());
        let resource = self.open_resource.and_then(|id| self.held(id)).map(|held| &held.compiled);
        let stack = Stack { identity: &all, resource, ..Stack::default() };
        let stack = match possible.layer {
            Layer::ServiceControl => Stack { service_control: &level, ..stack },
            _ => Stack { resource_control: &level, ..stack },
        };
        stack.decide(&self.compiler.bind(request)) == Answer::Allowed
    }
}

/// The nodes above an account, the root first, and the account; and whether they reach up to the root.
pub(super) fn chain(account: AccountId, organization: &Organization) -> (Vec<String>, bool) {
    let mut chain = vec![account.to_string()];
    let mut seen = BTreeSet::new();
    while let Some(parent) =
        chain.last().and_then(|node| organization.parents.get(node)).and_then(Known::value)
    {
        // a tree that goes round in circles is none
        if !seen.insert(parent.clone()) {
            return (vec![account.to_string()], false);
        }
        chain.push(parent.clone());
    }
    let is_whole = chain.last().is_some_and(|top| top.starts_with("r-"));
    chain.reverse();
    (chain, is_whole)
}

/// A policy of the organization and its document.
pub(super) type Placed<'p> = (&'p OrganizationPolicy, Option<DocumentId>);

pub(super) fn guardrails(
    account: AccountId,
    organization: &Organization,
    policies: &[Placed<'_>],
) -> Guardrails {
    let (chain, is_whole) = chain(account, organization);
    let mut guardrails = Guardrails::default();
    for (kind, layer) in [
        ("SERVICE_CONTROL_POLICY", Layer::ServiceControl),
        ("RESOURCE_CONTROL_POLICY", Layer::ResourceControl),
    ] {
        // of a policy that only its targets name, nobody knows what it is
        let of_kind = || policies.iter().filter(|(policy, _)| policy.kind == kind || policy.kind.is_empty());
        let named = |policy: &OrganizationPolicy, why: &str| MissingDocument {
            layer,
            name: format!("{} ({}, {why})", policy.name, policy.id),
        };
        let on = |policy: &OrganizationPolicy, node: &str| {
            policy.targets.value().is_some_and(|targets| targets.iter().any(|target| is_node(target, node)))
        };
        let listed: Vec<&OrganizationPolicy> = of_kind().map(|(policy, _)| *policy).collect();
        let is_whole_listing = is_whole_listing(&listed);
        let root = chain.first().filter(|_| is_whole).map_or("r-", String::as_str);
        let above = chain.iter().skip(usize::from(is_whole)).map(String::as_str);
        let mut levels = Vec::new();
        for node in std::iter::once(root).chain(above) {
            let mut documents = Vec::new();
            for (policy, document) in of_kind().filter(|(policy, _)| on(policy, node)) {
                match document {
                    Some(id) if !policy.kind.is_empty() => documents.push(*id),
                    _ => guardrails.missing.push(named(policy, "its document was not given")),
                }
            }
            if layer == Layer::ServiceControl
                && is_whole_listing
                && !of_kind().any(|(policy, _)| on(policy, node))
            {
                guardrails.missing.push(MissingDocument { layer, name: bare_level(node) });
            }
            if !documents.is_empty() {
                let name = if node == "r-" { "root" } else { node };
                levels.push((name.to_owned(), documents));
            }
        }
        let unplaced = of_kind().filter(|(policy, _)| policy.targets.value().is_none());
        guardrails.missing.extend(unplaced.map(|(policy, _)| named(policy, "its targets were not given")));
        if !is_whole {
            let placed: Vec<&Placed<'_>> = of_kind().collect();
            possible(&mut guardrails, layer, &placed, &chain, &named);
        }
        match layer {
            Layer::ServiceControl => guardrails.service_control = levels,
            _ => guardrails.resource_control = levels,
        }
    }
    guardrails
}

/// Whether policies of a kind are on, and all of them with all their targets were given. AWS's own, which allows everything, is
/// in every list of them.
fn is_whole_listing(policies: &[&OrganizationPolicy]) -> bool {
    let targets = || policies.iter().map(|policy| policy.targets.value());
    policies.iter().any(|policy| policy.aws_managed)
        && targets().all(|targets| targets.is_some())
        && targets().flatten().any(|targets| !targets.is_empty())
}

/// What a level without any SCP lacks.
fn bare_level(node: &str) -> String {
    let node = if node == "r-" { "the root of the organization" } else { node };
    format!(
        "an SCP on {node} (by the files none is attached there; AWS keeps at least one at every level, and denies everything below one without)"
    )
}

/// Whether a target is a node; any root is the organization's only one.
fn is_node(target: &str, node: &str) -> bool {
    target == node || (node == "r-" && target.starts_with("r-"))
}

/// The units that may lie between the account and the root.
fn possible(
    guardrails: &mut Guardrails,
    layer: Layer,
    policies: &[&Placed<'_>],
    chain: &[String],
    named: &impl Fn(&OrganizationPolicy, &str) -> MissingDocument,
) {
    let targets = |policy: &OrganizationPolicy| policy.targets.value().cloned().unwrap_or_default();
    let units: BTreeSet<String> = policies
        .iter()
        .flat_map(|(policy, _)| targets(policy))
        .filter(|target| target.starts_with("ou-") && !chain.contains(target))
        .collect();
    for unit in units {
        let there = || policies.iter().filter(|(policy, _)| targets(policy).contains(&unit));
        // a policy of AWS that only allows everything binds nobody
        let names: Vec<MissingDocument> = there()
            .filter(|(policy, _)| !policy.aws_managed)
            .map(|(policy, _)| {
                named(policy, &format!("on {unit}, and the tree of the organization was not given"))
            })
            .collect();
        let documents: Option<Vec<DocumentId>> = there().map(|(_, document)| *document).collect();
        match documents {
            _ if names.is_empty() => {}
            Some(documents) => guardrails.possible.push(Possible { layer, documents, names }),
            None => guardrails.missing.extend(names),
        }
    }
}
