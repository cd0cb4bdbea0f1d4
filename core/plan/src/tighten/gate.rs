//! No proposal may add a finding: what a review would say anew of it, and the linter of its documents.
//!
//! Only the checks that read policies and where they stand are asked, and only of the one identity: those that ask what somebody can
//! *do* find less, not more, where the new lies inside the old. Kinds and facts are compared, not sentences: a finding that stands
//! under another policy's name now, about actions that it was about before, is not new; nor is what is left of an administrator.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::change::{Change, ChangeError, IdentityChange, apply_all};
use kagimori_estate::model::{Account, ManagedPolicy};
use kagimori_estate::read::Assembler;
use kagimori_id::{AccountId, Arn};
use kagimori_policy::document::{Document, Statement};
use kagimori_policy::lint::rule::{Family, RuleId};
use kagimori_policy::lint::{self, Finding};
use kagimori_policy::pattern::matches_ignoring_case;
use kagimori_policy::print;
use kagimori_policy::validate::PolicyKind;
use serde::Serialize;

use super::Tightened;
use crate::check::{self, Context, Facts, Identity, Judged, Placed, Rule, Ruling};
use crate::settings::Settings;
use crate::verdict::{FactValue, ResourceKind};

/// Checks of an identity that read its policies and where they stand.
const OF_IDENTITIES: [&str; 8] = [
    "admin-star-star-awsmanaged",
    "boundary-missing",
    "cloudshell",
    "inline-present",
    "mfa-self-manage-present",
    "policy-on-user",
    "policy-unused",
    "user-not-in-group",
];

/// Says of a document that it allows everything, wherever it stands.
const ADMINISTRATOR: &str = "admin-inline";
/// The same of a managed policy that somebody has, or nobody: [`ADMINISTRATOR`] says so of both.
const OF_MANAGED: [&str; 2] = ["admin-star-star", "admin-unattached"];
/// The one policy of AWS of which a review says that it allows everything.
const AWS_ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// A finding that a proposal would add.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Added {
    /// The check of the review, or the rule of the linter.
    pub finding: &'static str,
    /// What it is about: actions, or a resource.
    pub about: Vec<String>,
}

/// What was found in documents: by check or rule the actions that it is about, as they are written there.
type Found = Vec<(&'static str, Vec<String>)>;

/// What reviews and the linter say of one identity as it is.
pub(super) struct Gate<'a> {
    principal: &'a Arn,
    settings: &'a Settings,
    now: Timestamp,
    /// The identity with its groups and policies alone.
    part: Estate,
    /// What a review says of its own policies.
    reviewed: OnceCell<Found>,
    /// What the linter says of them, when it is asked for.
    linted: OnceCell<Vec<Linted>>,
    own: &'a [(String, Document)],
}

impl<'a> Gate<'a> {
    /// `own`: the documents of the identity itself, with their names.
    pub(super) fn new(
        estate: &Estate,
        principal: &'a Arn,
        own: &'a [(String, Document)],
        settings: &'a Settings,
        now: Timestamp,
    ) -> Self {
        let part = part(estate, principal);
        Self { principal, settings, now, part, reviewed: OnceCell::new(), linted: OnceCell::new(), own }
    }

    /// What a review says of the identity's own policies. It is silent about what AWS wrote, but for its administrator.
    fn reviewed(&self) -> &Found {
        let is_of_aws = |name: &str| Arn::parse(name).is_ok_and(|arn| arn.account().is_none());
        self.reviewed.get_or_init(|| {
            let read = self.own.iter().filter(|(name, _)| !is_of_aws(name) || name == AWS_ADMINISTRATOR);
            self.review(read.map(|(_, document)| document))
        })
    }

    /// The findings that documents have and the identity's own policies did not.
    pub(super) fn in_documents<'d>(
        &self,
        documents: impl Iterator<Item = &'d Document> + Clone,
    ) -> Vec<Added> {
        let was_administrator = || self.reviewed().iter().any(|(check, _)| *check == ADMINISTRATOR);
        let mut added = Vec::new();
        for (finding, actions) in self.review(documents.clone()).into_iter().filter(|_| !was_administrator())
        {
            let before = self.reviewed().iter().filter(|(other, _)| is_about(finding, other));
            let before: Vec<&Vec<String>> = before.map(|(_, actions)| actions).collect();
            let was = |action: &&String| before.iter().any(|old| old.iter().any(|old| lies_in(action, old)));
            let about: Vec<String> = actions.iter().filter(|action| !was(action)).cloned().collect();
            if before.is_empty() || !about.is_empty() {
                added.push(Added { finding, about });
            }
        }
        for found in documents.flat_map(lint_one).filter(|found| !self.was_linted(found)) {
            added.push(Added { finding: found.rule.rule().id, about: found.actions });
        }
        added.sort();
        added.dedup();
        added
    }

    /// What a review would say anew of the identity, and of policies that it leaves.
    ///
    /// # Errors
    /// [`ChangeError`] when the changes cannot be made.
    pub(super) fn in_places(&self, changes: &[Change]) -> Result<Vec<Added>, ChangeError> {
        let after = apply_all(&self.part, changes).map_err(|(_, error)| error)?;
        let before = self.places(&self.part);
        let mut added = Vec::new();
        for ((finding, about), rank) in self.places(&after) {
            if rank > before.get(&(finding, about.clone())).copied().unwrap_or_default() {
                added.push(Added { finding, about: vec![about] });
            }
        }
        Ok(added)
    }

    /// How bad each check is about each thing.
    fn places(&self, estate: &Estate) -> BTreeMap<(&'static str, String), u8> {
        let context = Context::new(estate, None, self.settings, self.now);
        let mut ranks = BTreeMap::new();
        let Some(account) = self.principal.account().and_then(|id| estate.accounts.get(&id)) else {
            return ranks;
        };
        for (id, rule) in check::rules().into_iter().filter(|(id, _)| OF_IDENTITIES.contains(id)) {
            let mut tell = |about: &Arn, judged: Judged| {
                ranks.insert((id, about.to_string()), rank(&judged));
            };
            match rule {
                Rule::User(rule) => {
                    account.users.values().for_each(|user| tell(&user.arn, rule(&context, account, user)));
                }
                Rule::Role(rule) => {
                    account.roles.values().for_each(|role| tell(&role.arn, rule(&context, account, role)));
                }
                Rule::Policy(rule) => account
                    .policies
                    .values()
                    .filter(|policy| policy.arn.account().is_some())
                    .for_each(|policy| tell(&policy.arn, rule(&context, account, policy))),
                Rule::Identity(rule) => {
                    for identity in identities(account) {
                        tell(self.principal, rule(&context, account, &identity));
                    }
                }
                _ => {}
            }
        }
        ranks
    }

    /// What the checks of documents say of some.
    fn review<'d>(&self, documents: impl Iterator<Item = &'d Document>) -> Found {
        let context = Context::new(&self.part, None, self.settings, self.now);
        let Some(account) = self.part.accounts.values().next() else { return Vec::new() };
        let rules: Vec<_> = check::rules().into_iter().filter(|(id, _)| !OF_MANAGED.contains(id)).collect();
        let mut found = Found::new();
        for document in documents {
            for (id, rule) in &rules {
                let Rule::Document(rule) = rule else { continue };
                match rule(&context, account, &Placed { document, managed: None }) {
                    Ok(Ruling::Fail(facts) | Ruling::Info(facts)) => found.push((id, actions(id, facts))),
                    Ok(Ruling::Pass | Ruling::NotApplicable) | Err(_) => {}
                }
            }
        }
        found
    }

    fn was_linted(&self, found: &Linted) -> bool {
        let before = self
            .linted
            .get_or_init(|| self.own.iter().flat_map(|(_, document)| lint_one(document)).collect());
        let holds = |old: &Linted, action: &String| {
            old.is_negated || old.actions.iter().any(|pattern| lies_in(action, pattern))
        };
        before.iter().any(|old| {
            let is_kind =
                kind(old.rule) == kind(found.rule) || (is_everything(old.rule) && is_grant(found.rule));
            is_kind && found.actions.iter().all(|action| holds(old, action))
        })
    }
}

/// Whether one check's finding is what another's says, too. `resource-wildcard` speaks of actions that are written out; of those that a
/// wildcard names on every resource these spoke.
fn is_about(finding: &str, other: &str) -> bool {
    const OF_WILDCARDS: [&str; 5] =
        ["cred-exposure", "data-exfil", "infra-mod", "resource-exposure", "service-wildcard"];
    finding == other || (finding == "resource-wildcard" && OF_WILDCARDS.contains(&other))
}

/// What is wrong with a statement by the linter's word.
struct Linted {
    rule: RuleId,
    /// The statement's actions as they are written; none where the finding is about the whole document.
    actions: Vec<String>,
    is_negated: bool,
}

fn lint_one(document: &Document) -> Vec<Linted> {
    let of = |finding: Finding| {
        let place = finding.pointer.split('/').nth(2).and_then(|place| place.parse::<usize>().ok());
        let statement = place.and_then(|place| document.statements.get(place));
        let (patterns, is_negated) =
            statement.map_or((&[][..], false), |statement| statement.action.patterns());
        Linted { rule: finding.rule, actions: patterns.to_vec(), is_negated }
    };
    let text = print::print(document);
    // Documents are cut to their limits afterwards.
    let options = lint::Options { skip: [RuleId::IdentitySize].into(), ..lint::Options::default() };
    lint::lint(&text, PolicyKind::Identity, &options).into_iter().map(of).collect()
}

/// Whether a statement's action works on none of its resources: then it grants nothing.
pub(super) fn is_idle(statement: &Statement) -> bool {
    let text = print::print(&super::document(vec![statement.clone()]));
    let options = lint::Options { only: [RuleId::ResourceMismatch].into(), ..lint::Options::default() };
    !lint::lint(&text, PolicyKind::Identity, &options).is_empty()
}

/// Rules that say the same of the different forms in which a statement may say one thing.
fn kind(rule: RuleId) -> &'static str {
    let id = rule.rule().id;
    let forms = ["pass-role-with", "create-slr-with"];
    forms.into_iter().find(|form| id.starts_with(form)).unwrap_or(id)
}

fn is_everything(rule: RuleId) -> bool {
    matches!(rule, RuleId::FullAccess | RuleId::FullAccessButFew | RuleId::AllowWithNotAction)
}

/// About how much is granted.
fn is_grant(rule: RuleId) -> bool {
    rule == RuleId::ResourceStar || rule.rule().family == Family::OverGrant
}

/// Whether actions that one pattern names are among those of another, which may be all but some.
fn lies_in(action: &str, old: &str) -> bool {
    match old.strip_prefix("NotAction ") {
        Some(spared) => !spared.split(", ").any(|spared| matches_ignoring_case(spared, action)),
        None => matches_ignoring_case(old, action),
    }
}

/// The actions that a check names. What it says of statements by their Sids is about the same statements under other Sids.
fn actions(check: &str, facts: Facts) -> Vec<String> {
    let of = |(name, value)| match value {
        FactValue::List(list) if name == "actions" => list,
        _ => Vec::new(),
    };
    debug_assert!(check::find(check).is_some(), "{check}");
    facts.into_iter().flat_map(of).collect()
}

fn rank(judged: &Judged) -> u8 {
    match judged {
        Ok(Ruling::Pass | Ruling::NotApplicable) => 0,
        Ok(Ruling::Info(_)) => 1,
        Err(_) => 2,
        Ok(Ruling::Fail(_)) => 3,
    }
}

fn identities(account: &Account) -> impl Iterator<Item = Identity<'_>> {
    let users = account.users.values().filter_map(|user| {
        let grants = &user.details.value()?.grants;
        Some(Identity { kind: ResourceKind::User, name: &user.name, arn: user.arn.as_str(), grants })
    });
    let roles = account.roles.values().map(|role| Identity {
        kind: ResourceKind::Role,
        name: &role.name,
        arn: role.arn.as_str(),
        grants: &role.grants,
    });
    users.chain(roles)
}

/// One identity with its groups and the policies that any of them has.
fn part(estate: &Estate, principal: &Arn) -> Estate {
    let mut part = Assembler::default().finish(None);
    let account = principal.account().and_then(|id| estate.accounts.get(&id));
    let Some(account) = account else { return part };
    let mut held = Account::unknown(account.id);
    let name = principal.name();
    if let Some(user) = account.users.get(name).filter(|user| user.arn == *principal) {
        let groups = user.details.value().into_iter().flat_map(|details| &details.groups);
        let groups = groups.filter_map(|name| Some((name.clone(), account.groups.get(name)?.clone())));
        held.groups.extend(groups);
        held.users.insert(name.to_owned(), user.clone());
    }
    if let Some(role) = account.roles.get(name).filter(|role| role.arn == *principal) {
        held.roles.insert(name.to_owned(), role.clone());
    }
    let of_groups = held.groups.values().flat_map(|group| &group.grants.attached);
    let of_identities = identities(&held)
        .flat_map(|identity| identity.grants.attached.iter().chain(&identity.grants.boundary));
    let elsewhere = |arn: &Arn| estate.accounts.values().find_map(|account| account.policies.get(arn));
    let found = |arn: &Arn| {
        account.policies.get(arn).or_else(|| arn.account().is_none().then(|| elsewhere(arn)).flatten())
    };
    let policies: BTreeMap<Arn, ManagedPolicy> =
        of_groups.chain(of_identities).filter_map(|arn| Some((arn.clone(), found(arn)?.clone()))).collect();
    for (arn, policy) in policies {
        held.policies.insert(arn, policy);
    }
    part.accounts.insert(account.id, held);
    part
}

/// Policies of AWS that some role of each account should have, with the check that says so.
const WANTED_IN_ACCOUNTS: [(&str, &str); 2] =
    [("AWSSupportAccess", "support-role"), ("SecurityAudit", "security-audit-role")];

/// What proposals would add that no one of them adds alone: a policy that all who have it leave. It is the last of them that may not
/// be made; once the others are, it can be drawn again.
pub fn together(estate: &Estate, proposals: &[Tightened]) -> BTreeMap<Arn, Vec<Added>> {
    let mut leaving: BTreeMap<(AccountId, &Arn), Vec<&Arn>> = BTreeMap::new();
    for proposal in proposals {
        let Some(account) = proposal.principal.account() else { continue };
        for change in &proposal.changes {
            if let Change::Identity(IdentityChange::DetachPolicy { policy, .. }) = change {
                leaving.entry((account, policy)).or_default().push(&proposal.principal);
            }
        }
    }
    let mut added: BTreeMap<Arn, Vec<Added>> = BTreeMap::new();
    for ((account, policy), who) in leaving {
        let found = estate.accounts.get(&account).and_then(|account| left_by(account, policy, &who));
        if let Some((finding, last)) = found.zip(who.last()) {
            let about = vec![policy.to_string()];
            added.entry(Arn::clone(last)).or_default().push(Added { finding, about });
        }
    }
    added
}

/// The check that a policy fails once these have left it.
fn left_by(account: &Account, policy: &Arn, who: &[&Arn]) -> Option<&'static str> {
    if policy.account().is_some() {
        let held = account.policies.get(policy)?;
        let is_left = held
            .attachments
            .is_some_and(|count| usize::try_from(count).is_ok_and(|count| count <= who.len()));
        return (is_left && held.boundary_uses == Some(0)).then_some("policy-unused");
    }
    let (_, check) = WANTED_IN_ACCOUNTS.iter().find(|(name, _)| policy.name() == *name)?;
    let mut holders = account.roles.values().filter(|role| role.grants.attached.contains(policy));
    holders.all(|role| who.contains(&&role.arn)).then_some(check)
}

impl Added {
    /// What it is called, in English and in Japanese.
    pub fn words(&self) -> (&'static str, &'static str) {
        match check::find(self.finding) {
            Some(check) => (&check.title, &check.title_ja),
            None => ("a finding of `policy check`", "`policy check` の検出事項"),
        }
    }
}
