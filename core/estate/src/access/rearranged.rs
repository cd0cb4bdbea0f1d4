//! The organization as somebody could make it: policies that come off, an account that is moved or gone.
//!
//! Of one account at a time: what binds it afterwards, and what its principals' requests tell of the organization.

use std::collections::BTreeSet;
use std::sync::Arc;

use kagimori_id::AccountId;
use kagimori_policy::document::{ActionElement, Effect, ResourceElement, Statement};
use kagimori_policy::request::Fact;

use super::guardrails::{Placed, chain, guardrails};
use super::{Access, DocumentId, Guardrails, Subject};
use crate::fact::Known;
use crate::model::{Organization, OrganizationPolicy};

/// One thing that is done to the organization.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "the organization's own ways, each handled")]
pub enum Edit {
    /// The account is in no organization any more.
    Left,
    /// The policy with this id is on this root, unit or account no more.
    Detached(String, String),
    /// AWS's own policy of this kind, which allows everything, is on this root, unit or account.
    Opened(String, String),
    /// The account hangs under this root or unit.
    Moved(String),
    /// Policies of this kind are switched off.
    Off(String),
}

/// What is done to the organization, with one account in mind.
pub type Edits = BTreeSet<Edit>;

/// The organization as it could be made: a place in `Access::rearranged`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arranged(usize);

#[derive(Debug)]
pub(super) struct Rearranged {
    /// The account that it is about.
    account: AccountId,
    has_left: bool,
    organization: Organization,
    /// What binds the account.
    guardrails: Guardrails,
}

impl Access<'_> {
    /// Takes in the organization as edits make it; `None`: the account is bound by the same afterwards.
    pub fn rearrange(&mut self, account: AccountId, edits: &Edits) -> Option<Arranged> {
        let held = self.guardrails.get(&account)?;
        let organization = edited(&self.estate.organization, account, edits);
        let has_left = edits.contains(&Edit::Left);
        let mut after = if has_left { Guardrails::default() } else { self.bound_in(account, &organization) };
        let of_account = held.possible.iter().filter(|possible| !possible.is_of_organization());
        after.possible.extend(of_account.cloned());
        if after == *held {
            return None;
        }
        let arranged = Arranged(self.rearranged.len());
        self.rearranged.push(Rearranged { account, has_left, organization, guardrails: after });
        Some(arranged)
    }

    /// What binds an account in an organization that has the same policies.
    fn bound_in(&self, account: AccountId, organization: &Organization) -> Guardrails {
        let policies = organization.policies.value().into_iter().flatten();
        let placed: Vec<Placed<'_>> = policies
            .map(|policy| (policy, self.guardrail_documents.get(&policy.id).copied().flatten()))
            .collect();
        guardrails(account, organization, &placed)
    }

    /// A subject in the organization as it could be made.
    #[must_use]
    pub fn in_arrangement(&self, subject: &Subject, arranged: Arranged) -> Subject {
        let mut subject = Subject { arranged: Some(arranged), ..subject.clone() };
        // Of somebody whose details were not given, nothing is known.
        if self.about(Some(arranged), subject.account).is_none() || subject.has_unknown_details() {
            return subject;
        }
        let (id, path) = self.membership(subject.arranged, subject.account);
        let facts = subject.facts.with("aws:PrincipalOrgID", id).with("aws:PrincipalOrgPaths", path);
        subject.facts = Arc::new(facts);
        subject
    }

    /// The organization and the place in it that the account of a request tells; what is not known, unknown.
    pub(super) fn membership(&self, arranged: Option<Arranged>, account: AccountId) -> (Fact, Fact) {
        let about = self.about(arranged, account);
        if about.is_some_and(|about| about.has_left) {
            return (Fact::Absent, Fact::Absent);
        }
        let organization = about.map_or(&self.estate.organization, |about| &about.organization);
        let id = self.organization_of(account).map(|id| Fact::One(id.to_owned()));
        let path = self.path_in(account, organization).map(|path| Fact::Many(vec![path]));
        (id.unwrap_or(Fact::Unknown), path.unwrap_or(Fact::Unknown))
    }

    fn about(&self, arranged: Option<Arranged>, account: AccountId) -> Option<&Rearranged> {
        self.rearranged.get(arranged?.0).filter(|about| about.account == account)
    }

    /// What binds an account when a subject asks.
    pub(super) fn guardrails_of(&self, subject: &Subject, account: AccountId) -> Option<&Guardrails> {
        let about = self.about(subject.arranged, account);
        about.map(|about| &about.guardrails).or_else(|| self.guardrails.get(&account))
    }

    /// The nodes of the organization above an account, the root first, and the account; and whether they reach up to the root.
    pub fn above(&self, account: AccountId) -> (Vec<String>, bool) {
        chain(account, &self.estate.organization)
    }

    /// Whether something of the organization may limit an account: an SCP or RCP that does not allow everything, or one that
    /// nobody knows.
    pub fn is_guarded(&self, account: AccountId) -> bool {
        let Some(held) = self.guardrails.get(&account) else { return false };
        let levels = held.service_control.iter().chain(&held.resource_control);
        let limits =
            |level: &(String, Vec<DocumentId>)| !self.allows_all(&level.1) || self.denies_some(&level.1);
        !held.missing.is_empty()
            || held.possible.iter().any(super::guardrails::Possible::is_of_organization)
            || levels.into_iter().any(limits)
    }

    fn allows_all(&self, level: &[DocumentId]) -> bool {
        self.statements(level).any(allows_everything)
    }

    fn denies_some(&self, level: &[DocumentId]) -> bool {
        self.statements(level).any(|statement| statement.effect == Effect::Deny)
    }

    fn statements<'s>(&'s self, level: &'s [DocumentId]) -> impl Iterator<Item = &'s Statement> {
        level.iter().filter_map(|id| self.held(*id)).flat_map(|held| &held.document.statements)
    }

    /// Whether a policy of the organization allows everything and denies nothing; `None`: its text is not known.
    pub fn is_open_policy(&self, id: &str) -> Option<bool> {
        let document = self.guardrail_documents.get(id).copied().flatten()?;
        Some(self.allows_all(&[document]) && !self.denies_some(&[document]))
    }
}

fn allows_everything(statement: &Statement) -> bool {
    let is_all = |texts: &[String]| texts.iter().any(|text| text == "*");
    let actions = matches!(&statement.action, ActionElement::Action(list) if is_all(list.as_slice()));
    let resources =
        matches!(&statement.resource, Some(ResourceElement::Resource(list)) if is_all(list.as_slice()));
    statement.effect == Effect::Allow && actions && resources && statement.conditions.is_empty()
}

/// The organization as edits make it.
fn edited(organization: &Organization, account: AccountId, edits: &Edits) -> Organization {
    let mut organization = organization.clone();
    for edit in edits {
        if let Edit::Moved(parent) = edit {
            let moved = organization.parents.get_mut(&account.to_string());
            if let Some(Known::Known(fact)) = moved {
                fact.value.clone_from(parent);
            }
        } else if let Known::Known(policies) = &mut organization.policies {
            edit_policies(&mut policies.value, edit);
        }
    }
    organization
}

fn edit_policies(policies: &mut Vec<OrganizationPolicy>, edit: &Edit) {
    match edit {
        Edit::Detached(id, node) => {
            for policy in policies.iter_mut().filter(|policy| policy.id == *id) {
                if let Known::Known(targets) = &mut policy.targets {
                    targets.value.retain(|target| target != node);
                }
            }
        }
        Edit::Opened(kind, node) => {
            let open = policies.iter_mut().find(|policy| policy.aws_managed && policy.kind == *kind);
            if let Some(Known::Known(targets)) = open.map(|policy| &mut policy.targets) {
                targets.value.push(node.clone());
            }
        }
        Edit::Off(kind) => policies.retain(|policy| policy.kind != *kind),
        Edit::Moved(_) | Edit::Left => {}
    }
}
