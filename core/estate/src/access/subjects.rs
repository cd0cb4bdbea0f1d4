//! The users and roles of an estate as principals.

use std::collections::BTreeMap;
use std::sync::Arc;

use kagimori_policy::document::Effect;
use kagimori_policy::policies::{Layer, MissingDocument};
use kagimori_policy::request::{Fact, Listed, Principal};

use super::documents::Managed;
use super::guardrails::chain;
use super::{Access, DocumentId, GroupPolicies, Subject, TAGS, fact};
use crate::model::{Account, Grants, Organization, Role, User, UserDetails};
use kagimori_id::{AccountId, Arn};

impl<'a> Access<'a> {
    /// `is_there`: takes in an account in another way, if it can.
    pub(super) fn collect_subjects(&mut self, is_there: impl Fn(&mut Self, &'a Account) -> bool) {
        let estate = self.estate;
        let mut managed = std::mem::take(&mut self.managed);
        for account in estate.accounts.values() {
            if is_there(self, account) {
                continue;
            }
            self.collect_groups(account, &mut managed);
            for user in account.users.values() {
                let subject = self.user(account, user, &mut managed);
                self.add(subject);
            }
            for role in account.roles.values() {
                let subject = self.role(account, role, &mut managed);
                self.add(subject);
            }
        }
        self.managed = managed;
    }

    fn collect_groups(&mut self, account: &'a Account, managed: &mut Managed) {
        for (name, group) in &account.groups {
            let (owner, source) = (group.arn.to_string(), Some(group.source));
            let mut missing = Vec::new();
            let identity = self.hold_grants(account, &owner, &group.grants, source, managed, &mut missing);
            self.groups.insert((account.id, name.clone()), GroupPolicies { identity, missing });
        }
    }

    pub(super) fn add(&mut self, subject: Option<Subject>) {
        let Some(subject) = subject else { return };
        Arc::make_mut(&mut self.places).add(&subject, self.subjects.len());
        self.subjects.push(subject);
    }

    fn user(&mut self, account: &'a Account, user: &'a User, managed: &mut Managed) -> Option<Subject> {
        let principal = Principal::parse(user.arn.as_str()).ok()?;
        let mut missing = Vec::new();
        let Some(details) = user.details.fact() else {
            for layer in [Layer::Identity, Layer::Boundary] {
                let name = format!("the policies of {} (authorization details not given)", user.arn);
                missing.push(MissingDocument { layer, name });
            }
            let (identity, boundary) = (Vec::new(), Vec::new());
            let (account, arn) = (account.id, user.arn.clone());
            return Some(Subject {
                principal,
                account,
                arn,
                facts: Arc::default(),
                identity,
                boundary,
                trust: None,
                missing,
                arranged: None,
            });
        };
        let source = Some(details.source);
        let details = &details.value;
        let owner = user.arn.to_string();
        let mut identity = self.hold_grants(account, &owner, &details.grants, source, managed, &mut missing);
        for name in &details.groups {
            match self.groups.get(&(account.id, name.clone())) {
                Some(group) => {
                    identity.extend(&group.identity);
                    missing.extend(group.missing.iter().cloned());
                }
                None => {
                    let name = format!("the group `{name}` of {owner}");
                    missing.push(MissingDocument { layer: Layer::Identity, name });
                }
            }
        }
        let boundary = self.boundary(account, &details.grants, managed, &mut missing);
        let facts = self.user_facts(account, user, details);
        let (account, arn) = (account.id, user.arn.clone());
        Some(Subject {
            principal,
            account,
            arn,
            facts,
            identity,
            boundary,
            trust: None,
            missing,
            arranged: None,
        })
    }

    fn role(&mut self, account: &'a Account, role: &'a Role, managed: &mut Managed) -> Option<Subject> {
        let principal = Principal::parse(role.arn.as_str()).ok()?;
        let mut missing = Vec::new();
        let owner = role.arn.to_string();
        let source = Some(role.source);
        let identity = self.hold_grants(account, &owner, &role.grants, source, managed, &mut missing);
        let boundary = self.boundary(account, &role.grants, managed, &mut missing);
        let trust = self.hold_policy(&role.trust, format!("the trust policy of {owner}"), source);
        let facts = self.role_facts(account, role, self.may_be_tagged(trust));
        let (account, arn) = (account.id, role.arn.clone());
        Some(Subject { principal, account, arn, facts, identity, boundary, trust, missing, arranged: None })
    }

    fn boundary(
        &mut self,
        account: &'a Account,
        grants: &'a Grants,
        managed: &mut Managed,
        missing: &mut Vec<MissingDocument>,
    ) -> Vec<DocumentId> {
        if !grants.knows_boundary() {
            let name = "the permissions boundary, if there is one".to_owned();
            missing.push(MissingDocument { layer: Layer::Boundary, name });
        }
        let Some(arn) = &grants.boundary else { return Vec::new() };
        let id = self.hold_managed(account, arn, managed);
        if id.is_none() {
            missing.push(MissingDocument { layer: Layer::Boundary, name: arn.as_str().to_owned() });
        }
        id.into_iter().collect()
    }

    /// A user has its tags and no others.
    fn user_facts(&self, account: &Account, user: &User, details: &UserDetails) -> Arc<Listed> {
        let tags = tags(&details.tags);
        let mut facts = self.common_facts(account, &user.arn, "User");
        facts.push(fact("aws:username", &user.name));
        facts.push(fact("aws:userid", details.id.as_str()));
        facts.extend(tags.iter().map(|(key, value)| fact(key, value)));
        let closed: &[&str] = if details.tags_gap.is_none() { &[TAGS] } else { &[] };
        Arc::new(Listed::new(facts, closed))
    }

    /// Whether somebody may give a session of a role tags of its own, by the role's trust policy; it may, where that is not known.
    fn may_be_tagged(&self, trust: Option<DocumentId>) -> bool {
        let Some(held) = trust.and_then(|id| self.held(id)) else { return true };
        let mut places = held.compiled.statements_naming("sts:tagsession");
        let statements = &held.document.statements;
        places.any(|place| statements.get(place).is_none_or(|found| found.effect == Effect::Allow))
    }

    /// A session tag goes before the role's tag of the same key (`id_session-tags`): of a session that may have some, no tag is
    /// known; any other has its role's and no others.
    fn role_facts(&self, account: &Account, role: &Role, may_be_tagged: bool) -> Arc<Listed> {
        let tags = if may_be_tagged { Vec::new() } else { tags(&role.tags) };
        let mut facts = self.common_facts(account, &role.arn, "AssumedRole");
        // A session of the role: its name is not known, and it has a token.
        facts.push(("aws:username", Fact::Absent));
        facts.push(("aws:userid", Fact::Present));
        facts.push(("aws:TokenIssueTime", Fact::Present));
        facts.extend(tags.iter().map(|(key, value)| fact(key, value)));
        Arc::new(Listed::new(facts, if may_be_tagged { &[] } else { &[TAGS] }))
    }

    /// Keys that every signed direct call of a principal has (`reference_policies_condition-keys`).
    fn common_facts<'t>(&self, account: &Account, arn: &Arn, kind: &str) -> Vec<(&'t str, Fact)> {
        let mut facts = vec![
            fact("aws:PrincipalArn", arn.as_str()),
            fact("aws:PrincipalAccount", &account.id.to_string()),
            fact("aws:PrincipalType", kind),
            fact("aws:PrincipalIsAWSService", "false"),
            fact("aws:ViaAWSService", "false"),
            fact("aws:SecureTransport", "true"),
            ("aws:CalledVia", Fact::Absent),
            ("aws:CalledViaFirst", Fact::Absent),
            ("aws:CalledViaLast", Fact::Absent),
            ("aws:PrincipalServiceName", Fact::Absent),
        ];
        facts.extend(self.organization_of(account.id).map(|id| fact("aws:PrincipalOrgID", id)));
        let path = self.organization_path(account.id);
        facts.extend(path.map(|path| ("aws:PrincipalOrgPaths", Fact::Many(vec![path]))));
        facts
    }

    /// Where an account is in its organization, as `aws:PrincipalOrgPaths` writes it (`o-…/r-…/ou-…/`), when its every parent is
    /// known.
    pub(super) fn organization_path(&self, account: AccountId) -> Option<String> {
        self.path_in(account, &self.estate.organization)
    }

    /// The same in an organization whose accounts hang elsewhere.
    pub(super) fn path_in(&self, account: AccountId, organization: &Organization) -> Option<String> {
        let id = self.organization_of(account)?;
        let (chain, is_whole) = chain(account, organization);
        let (_, above) = chain.split_last().filter(|_| is_whole)?;
        Some(format!("{id}/{}/", above.join("/")))
    }

    /// The organization that an account is a member of, as far as that is known.
    pub(super) fn organization_of(&self, account: AccountId) -> Option<&str> {
        let organization = &self.estate.organization;
        let members = organization.accounts.value()?;
        let is_member = members.iter().any(|member| member.id == account);
        organization.id.value().filter(|_| is_member).map(String::as_str)
    }
}

/// Tags as condition keys.
fn tags(tags: &BTreeMap<String, String>) -> Vec<(String, &str)> {
    tags.iter().map(|(key, value)| (format!("{TAGS}{key}"), value.as_str())).collect()
}
