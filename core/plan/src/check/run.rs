//! Runs every rule over everything it is about, and turns gaps into `UNKNOWN`.
//!
//! Every verdict keeps its subject: what could not be told of a user is `UNKNOWN` of that user, so that a finding is never closed
//! by data that went missing. The account as a whole is `UNKNOWN` only where the things themselves are not known.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::fact::{Dataset, Gap, GapReason, SourceId};
use kagimori_estate::model::{Account, Grants, Listing, ManagedPolicy, Policy, Role};
use kagimori_id::{AccountId, Arn};
use kagimori_policy::document::Document;
use kagimori_trail::{Usage, origin, sight};

use super::{
    Bastions, Beside, Check, Identity, Judged, Missing, Named, Placed, Rule, Ruling, find, rules, subject,
};
use crate::blind;
use crate::privilege::Privileges;
use crate::settings::Settings;
use crate::verdict::{Outcome, Resource, ResourceKind, Verdict};

/// All that rules may look at.
pub(crate) struct Context<'a> {
    pub(crate) estate: &'a Estate,
    pub(crate) usage: Option<&'a Usage>,
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
    pub(crate) privileges: Privileges<'a>,
    /// Where people sign in to leave.
    pub(crate) bastions: Bastions,
    /// Where the trail's calls come from; `None`: nobody looked.
    pub(crate) judged: Option<origin::Judged>,
    /// The log of a desk; `None`: nobody gave one.
    pub(crate) desk: Option<&'a Beside>,
    /// What the trail would have shown; `None`: nobody looked.
    pub(crate) sight: Option<sight::Sight>,
    /// What of a statement the trail would not have shown.
    pub(super) hidden: blind::Kept<Option<String>>,
    /// The services that a statement names, and whether the trail would have shown the use of all that it allows of them.
    pub(super) shown: blind::Kept<BTreeMap<String, bool>>,
}

impl<'a> Context<'a> {
    /// What rules look at: the values given, and what is drawn from all accounts once.
    pub(crate) fn new(
        estate: &'a Estate,
        usage: Option<&'a Usage>,
        settings: &'a Settings,
        now: Timestamp,
    ) -> Self {
        Self::on(Privileges::of(estate, now), estate, usage, settings)
    }

    /// The same with the privileges of this estate, which may have been worked out before, at their instant.
    pub(crate) fn on(
        privileges: Privileges<'a>,
        estate: &'a Estate,
        usage: Option<&'a Usage>,
        settings: &'a Settings,
    ) -> Self {
        let now = privileges.now();
        let bastions = Bastions::of(estate, settings);
        let history = usage.and_then(|usage| usage.history.as_ref());
        let sight = history.map(|seen| blind::sight(seen, estate));
        let judged = history.map(|seen| origin::Judged::of(&seen.origins, settings.limits.new_origin));
        let (hidden, shown) = Default::default();
        Self { estate, usage, settings, now, privileges, bastions, judged, desk: None, sight, hidden, shown }
    }

    /// The same beside the log of a desk.
    pub(crate) fn beside(mut self, desk: Option<&'a Beside>) -> Self {
        self.desk = desk;
        self
    }

    /// Whole days since an instant, rounded down.
    pub(crate) fn days(&self, since: Timestamp) -> i64 {
        (self.now.as_second() - since.as_second()).div_euclid(86_400)
    }

    /// The trail, or the gap when none was given.
    pub(crate) fn usage(&self) -> Result<&'a Usage, Missing> {
        self.usage.ok_or(Missing(Gap { dataset: Dataset::Trail, reason: GapReason::NotGiven }))
    }

    /// Whether an account belongs to the company: reviewed, listed by the organization, or trusted in the settings.
    pub(crate) fn is_ours(&self, id: AccountId) -> bool {
        self.estate.accounts.contains_key(&id)
            || self
                .estate
                .organization
                .accounts
                .value()
                .is_some_and(|accounts| accounts.iter().any(|account| account.id == id))
    }
}

/// Takes in verdicts; passes are only counted by most sinks.
pub(crate) trait Sink {
    /// The resource that verdicts about a thing speak of.
    fn resource(&mut self, named: &Named<'_>) -> Arc<Resource> {
        Arc::new(named.resource())
    }
    fn take(&mut self, verdict: Verdict);
    /// A pass or a "does not arise": cheap, because there are hundreds of thousands.
    fn count(&mut self, check: &'static str, outcome: Outcome, named: &Named<'_>, account: AccountId);
}

/// Runs every rule.
pub(crate) fn run(context: &Context<'_>, accounts: &[&Account], sink: &mut impl Sink) {
    for (id, rule) in rules() {
        let Some(check) = find(id) else { continue };
        if let Rule::Organization(rule) = rule {
            organization(context, check, rule, sink);
        }
        for account in accounts {
            Run { context, check, account, is_account_told: false, sink }.rule(rule);
        }
    }
}

fn organization(
    context: &Context<'_>,
    check: &'static Check,
    rule: fn(&Context<'_>) -> Judged,
    sink: &mut impl Sink,
) {
    let management = context.estate.organization.management_account.value();
    let Some(id) = management.or_else(|| context.estate.accounts.keys().next()).copied() else { return };
    let account = Account::unknown(id);
    let named = context.estate.accounts.get(&id).unwrap_or(&account);
    let mut run = Run { context, check, account: &account, is_account_told: false, sink };
    run.judged(rule(context), &subject::organization(named));
}

/// One check over one account.
struct Run<'a, 'c, S> {
    context: &'a Context<'c>,
    check: &'static Check,
    account: &'a Account,
    /// Whether the check has said already that the things of this account are not known.
    is_account_told: bool,
    sink: &'a mut S,
}

impl<S: Sink> Run<'_, '_, S> {
    fn rule(mut self, rule: Rule) {
        let (context, account) = (self.context, self.account);
        match rule {
            Rule::Account(rule) => self.judged(rule(context, account), &subject::account(account)),
            Rule::Root(rule) => self.judged(rule(context, account), &subject::root(account)),
            Rule::Asked(rule) if context.desk.is_some() => {
                self.judged(rule(context, account), &subject::root(account));
            }
            Rule::User(_) | Rule::Password(_) | Rule::Key(_) => self.users(rule),
            Rule::Group(rule) => self.entities(&[Listing::Groups], |run| {
                for group in account.groups.values() {
                    run.judged(rule(context, account, group), &subject::group(account, group));
                }
            }),
            Rule::Role(rule) => self.entities(&[Listing::Roles], |run| {
                for role in account.roles.values() {
                    let judged = if is_aws_owned(role) {
                        Ok(Ruling::NotApplicable)
                    } else {
                        as_far_as_known(rule(context, account, role), &role.grants)
                    };
                    run.judged(judged, &subject::role(account, role));
                }
            }),
            Rule::Policy(rule) => self.entities(&[Listing::Policies], |run| {
                for policy in account.policies.values().filter(|policy| policy.arn.account().is_some()) {
                    run.judged(rule(context, account, policy), &subject::policy(account, policy));
                }
            }),
            Rule::Identity(rule) => self.identities(|run, identity| {
                let judged = as_far_as_known(rule(context, account, identity), identity.grants);
                run.judged(judged, &subject::identity(account, identity));
            }),
            Rule::Document(rule) => self.documents(rule),
            Rule::Listed(rule) => self.listed(rule(context, account)),
            Rule::Organization(_) | Rule::Settings | Rule::Asked(_) => {}
        }
    }

    /// Groups, roles and policies are known from the authorization details. Of a torn or damaged answer, or one without a
    /// list, some may be known: they are judged, beside the account's `UNKNOWN` for the rest.
    fn entities(&mut self, listings: &[Listing], each: impl FnOnce(&mut Self)) {
        let account = self.account;
        if let Some(gap) = listings.iter().find_map(|listing| account.listing(*listing).gap().cloned()) {
            self.things_unknown(gap);
        }
        each(self);
    }

    /// Users are known from the authorization details or the credential report.
    fn users(&mut self, rule: Rule) {
        let (context, account) = (self.context, self.account);
        let details = account.listing(Listing::Users);
        let report = account.dataset(Dataset::CredentialReport);
        if let (Some(gap), Some(_)) = (details.gap(), report.gap()) {
            self.things_unknown(gap.clone());
        }
        for user in account.users.values() {
            match rule {
                Rule::User(rule) => self.judged(rule(context, account, user), &subject::user(account, user)),
                Rule::Password(rule) => {
                    self.judged(rule(context, account, user), &subject::password(account, user))
                }
                Rule::Key(rule) => match user.access_keys.known() {
                    Ok(keys) => {
                        for key in keys {
                            self.judged(rule(context, account, user, key), &subject::key(account, user, key));
                        }
                    }
                    Err(gap) => self.judged(Err(gap.into()), &subject::user(account, user)),
                },
                _ => {}
            }
        }
    }

    /// Everything that carries policies and can be edited by the customer.
    fn identities(&mut self, mut each: impl FnMut(&mut Self, &Identity<'_>)) {
        let account = self.account;
        self.entities(&[Listing::Users, Listing::Groups, Listing::Roles], |run| {
            for user in account.users.values() {
                match user.details.known() {
                    Ok(details) => {
                        let (name, arn) = (user.name.as_str(), user.arn.as_str());
                        each(run, &Identity { kind: ResourceKind::User, name, arn, grants: &details.grants });
                    }
                    Err(gap) => run.judged(Err(gap.into()), &subject::user(account, user)),
                }
            }
            for group in account.groups.values() {
                let (name, arn) = (group.name.as_str(), group.arn.as_str());
                each(run, &Identity { kind: ResourceKind::Group, name, arn, grants: &group.grants });
            }
            for role in account.roles.values().filter(|role| !is_aws_owned(role)) {
                let (name, arn) = (role.name.as_str(), role.arn.as_str());
                each(run, &Identity { kind: ResourceKind::Role, name, arn, grants: &role.grants });
            }
        });
    }

    fn documents(&mut self, rule: fn(&Context<'_>, &Account, &Placed<'_>) -> Judged) {
        let (context, account) = (self.context, self.account);
        self.entities(&[Listing::Policies], |run| {
            for policy in account.policies.values().filter(|policy| policy.arn.account().is_some()) {
                if only_bounds(policy) {
                    run.judged(Ok(Ruling::NotApplicable), &subject::policy(account, policy));
                    continue;
                }
                let judged = document(&policy.document)
                    .and_then(|document| rule(context, account, &Placed { document, managed: Some(policy) }));
                run.judged(judged, &subject::policy(account, policy));
            }
        });
        self.identities(|run, identity| {
            for (name, policy) in &identity.grants.inline {
                let judged = document(policy)
                    .and_then(|document| rule(context, account, &Placed { document, managed: None }));
                run.judged(judged, &subject::inline(account, identity, name));
            }
            if let Some(gap) = identity.grants.gap() {
                run.judged(Err(gap.into()), &subject::identity(account, identity));
            }
        });
    }

    fn listed(&mut self, listed: Result<Vec<super::Listed<'_>>, Missing>) {
        match listed {
            Ok(all) => {
                for one in all {
                    self.judged(one.judged, &one.named);
                }
            }
            Err(Missing(gap)) => self.things_unknown(gap),
        }
    }

    fn judged(&mut self, judged: Judged, named: &Named<'_>) {
        let id = self.check.id.as_str();
        match self.as_far_as_read(judged) {
            Ok(Ruling::Pass) => self.sink.count(id, Outcome::Pass, named, self.account.id),
            Ok(Ruling::NotApplicable) => self.sink.count(id, Outcome::NotApplicable, named, self.account.id),
            Ok(Ruling::Fail(facts)) => self.verdict(Outcome::Fail, facts, None, named),
            Ok(Ruling::Info(facts)) => self.verdict(Outcome::Info, facts, None, named),
            Err(Missing(gap)) => self.verdict(Outcome::Unknown, Vec::new(), Some(gap), named),
        }
    }

    /// What the trail shows stays; what it does not show may stand in what could not be read of it.
    fn as_far_as_read(&self, judged: Judged) -> Judged {
        let is_unread = || self.context.sight.as_ref().is_some_and(|sight| sight.is_unread(self.account.id));
        let is_by_absence = matches!(judged, Ok(Ruling::Pass | Ruling::NotApplicable));
        if is_by_absence && super::detection::is_by_trail(self.check.id.as_str()) && is_unread() {
            return Err(Missing(Gap { dataset: Dataset::Trail, reason: GapReason::Damaged }));
        }
        judged
    }

    /// What there is to judge is not known, or not all of it: the account is the subject, once per check.
    fn things_unknown(&mut self, gap: Gap) {
        if !std::mem::replace(&mut self.is_account_told, true) {
            self.verdict(Outcome::Unknown, Vec::new(), Some(gap), &subject::account(self.account));
        }
    }

    fn verdict(&mut self, outcome: Outcome, facts: super::Facts, gap: Option<Gap>, named: &Named<'_>) {
        let (evidence, resource) = (self.evidence(), self.sink.resource(named));
        let check = self.check.id.as_str();
        self.sink.take(Verdict { check, resource, outcome, gap, facts, evidence });
    }

    /// The files the check looked at: the account's, and the organization's.
    fn evidence(&self) -> Vec<SourceId> {
        let data = self.check.data.iter();
        let mut sources: Vec<SourceId> = data
            .filter_map(|dataset| self.account.datasets.get(dataset).and_then(|known| known.fact()))
            .map(|fact| fact.source)
            .collect();
        sources.sort_unstable();
        sources.dedup();
        sources
    }
}

/// What was ruled of an identity by its policies. Where there may be more of them than are known, nothing passes.
pub(crate) fn as_far_as_known(judged: Judged, grants: &Grants) -> Judged {
    match (judged, grants.gap()) {
        (Ok(Ruling::Pass | Ruling::NotApplicable), Some(gap)) => Err(gap.into()),
        (judged, _) => judged,
    }
}

/// A policy that is attached nowhere and bounds somebody: it grants nothing.
pub(crate) fn only_bounds(policy: &ManagedPolicy) -> bool {
    policy.attachments == Some(0) && policy.boundary_uses.is_some_and(|uses| uses > 0)
}

/// The document of a policy, or the gap when it could not be understood.
pub(crate) fn document(policy: &Policy) -> Result<&Document, Missing> {
    policy.document.as_ref().map_err(|error| {
        let reason = GapReason::FieldAbsent(format!("a policy document that can be understood: {error}"));
        Missing(Gap { dataset: Dataset::AuthorizationDetails, reason })
    })
}

/// The gap of a managed policy that something names and nobody gave.
pub(crate) fn not_given(policy: &Arn) -> Missing {
    let reason = GapReason::FieldAbsent(format!("the document of the managed policy {}", policy.name()));
    Missing(Gap { dataset: Dataset::AuthorizationDetails, reason })
}

/// Service-linked roles and Identity Center's reserved roles: AWS owns their policies and trust.
pub(crate) fn is_aws_owned(role: &Role) -> bool {
    role.path.starts_with("/aws-service-role/") || role.path.starts_with("/aws-reserved/")
}
