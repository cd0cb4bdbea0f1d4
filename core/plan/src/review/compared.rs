//! A review beside an earlier one: what is new, what is fixed and why, what changed, what went out of sight.
//!
//! A finding that is absent is not fixed: it closes with a reason, or it is lost from sight. What changed is told by facts, not by
//! sentences; ages, counts and dates are measures that grow by themselves, so they change nothing. Who got another name or path is the
//! same by its unique id, a key by its own; who is told without either, by the name under another path.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kagimori_estate::Estate;
use kagimori_estate::fact::{Dataset, Gap};
use kagimori_estate::model::{Listing, User};
use kagimori_id::{AccountId, Arn, UniqueId};
use serde::{Deserialize, Serialize};

use super::Review;
use crate::check;
use crate::verdict::{FactValue, Outcome, Resource, ResourceKind, Verdict, uid};

/// A finding of the earlier review, as `findings.json` has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Earlier {
    /// Its name.
    pub uid: String,
    /// The check.
    pub check: String,
    /// What was said.
    pub outcome: Outcome,
    /// What it spoke of.
    pub resource: Resource,
    /// The facts it rested on.
    #[serde(default)]
    pub facts: BTreeMap<String, serde_json::Value>,
}

/// Why a finding of the earlier review is one no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each reason has its words in both languages")]
pub enum Reason {
    /// The check looked at it, and it is right.
    Passes,
    /// The question does not arise any more: the key is inactive, the password gone.
    DoesNotArise,
    /// It still fails, and a waiver covers it now.
    Waived,
    /// The thing is not in its account any more, by a complete listing.
    ResourceGone,
    /// The account is not active in the organization any more, or not in it.
    AccountLeft,
    /// The key has its id now: the finding goes on under another name.
    Superseded,
    /// This program has no such check any more.
    CheckRetired,
}

/// What became of the findings of an earlier review. Indices are those of [`Review::verdicts`] and of the earlier findings.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// Failures that were none: indices of verdicts.
    pub new: Vec<usize>,
    /// Failures that are none any more: index of the earlier one, and why.
    pub fixed: Vec<(usize, Reason)>,
    /// Failures that still are, with other facts: earlier, verdict.
    pub changed: Vec<(usize, usize)>,
    /// Failures that cannot be told any more: index of the earlier one, and what is missing.
    pub lost: Vec<(usize, Option<Gap>)>,
    /// How many failures stayed as they were.
    pub stayed: usize,
}

/// Compares.
pub fn compare(review: &Review, estate: &Estate, earlier: &[Earlier]) -> Compared {
    let now = Now::of(review, estate);
    let before: HashMap<&str, &Earlier> = earlier.iter().map(|one| (one.uid.as_str(), one)).collect();
    let mut compared = Compared::default();
    let mut moved = BTreeSet::new();
    for (index, one) in earlier.iter().enumerate().filter(|(_, one)| one.outcome == Outcome::Fail) {
        let of = now.uid_now(one);
        if of != one.uid {
            moved.insert(of.clone());
        }
        match now.fate(one, &of) {
            Fate::Stays(verdict) if now.facts_differ(one, verdict) => compared.changed.push((index, verdict)),
            Fate::Stays(_) => compared.stayed += 1,
            Fate::Closed(reason) => compared.fixed.push((index, reason)),
            Fate::Lost(gap) => compared.lost.push((index, gap)),
        }
    }
    for (index, verdict) in review.verdicts.iter().enumerate().filter(|(_, v)| v.outcome == Outcome::Fail) {
        let uid = verdict.uid();
        let failed = before.get(uid.as_str()).is_some_and(|one| one.outcome == Outcome::Fail);
        if !failed && !moved.contains(&uid) {
            compared.new.push(index);
        }
    }
    compared
}

enum Fate {
    Stays(usize),
    Closed(Reason),
    Lost(Option<Gap>),
}

/// The present review by the names of its findings.
struct Now<'a> {
    review: &'a Review,
    estate: &'a Estate,
    verdicts: HashMap<String, usize>,
    waived: BTreeSet<String>,
    passed: BTreeSet<String>,
    not_applicable: BTreeSet<String>,
}

impl<'a> Now<'a> {
    fn of(review: &'a Review, estate: &'a Estate) -> Self {
        let population = &review.population;
        let mut passed = BTreeSet::new();
        for (check, _, resources) in population.passed() {
            passed.extend(resources.map(|resource| uid(check, resource)));
        }
        let mut not_applicable = BTreeSet::new();
        for (check, _, resources) in population.not_applicable() {
            not_applicable.extend(resources.map(|resource| uid(check, resource)));
        }
        Self {
            review,
            estate,
            verdicts: review.verdicts.iter().enumerate().map(|(index, v)| (v.uid(), index)).collect(),
            waived: review.waived.iter().map(|(verdict, _)| verdict.uid()).collect(),
            passed,
            not_applicable,
        }
    }

    /// The name of a finding by what its subject is called now.
    fn uid_now(&self, earlier: &Earlier) -> String {
        let own = &earlier.uid;
        let speaks = |uid: &String| {
            self.verdicts.contains_key(uid)
                || [&self.waived, &self.passed, &self.not_applicable].iter().any(|all| all.contains(uid))
        };
        if speaks(own) {
            return own.clone();
        }
        let successor = self.successor(&earlier.resource).map(|now| uid(&earlier.check, &now));
        successor.filter(speaks).unwrap_or_else(|| own.clone())
    }

    /// The same user, role or group, or the holder of the same credential, by another name or path.
    fn successor(&self, earlier: &Resource) -> Option<Resource> {
        let account = self.estate.accounts.get(&earlier.account)?;
        let renamed = |arn: &Arn, name: &str| {
            (arn.as_str() != earlier.arn).then(|| Resource {
                arn: arn.to_string(),
                name: name.to_owned(),
                ..earlier.clone()
            })
        };
        let is_it = |id: Option<&UniqueId>, name: &str| match (&earlier.id, id) {
            (Some(earlier), Some(id)) => id.to_string() == *earlier,
            _ => name == earlier.name,
        };
        match earlier.kind {
            ResourceKind::Role => {
                let role = account.roles.values().find(|role| is_it(Some(&role.id), &role.name))?;
                renamed(&role.arn, &role.name)
            }
            ResourceKind::Group => {
                let group = account.groups.values().find(|group| is_it(Some(&group.id), &group.name))?;
                renamed(&group.arn, &group.name)
            }
            ResourceKind::User
            | ResourceKind::Password
            | ResourceKind::AccessKey
            | ResourceKind::OtherCredential => {
                let id = |user: &'_ User| user.details.value().map(|details| details.id.clone());
                let has_key = |user: &&User| {
                    let mut keys =
                        user.access_keys.value().into_iter().flatten().filter_map(|key| key.id.as_ref());
                    earlier.kind == ResourceKind::AccessKey
                        && keys.any(|key| earlier.key.as_deref() == Some(key.as_str()))
                };
                let users = || account.users.values();
                let user = users()
                    .find(has_key)
                    .or_else(|| users().find(|user| is_it(id(user).as_ref(), &user.name)))?;
                renamed(&user.arn, &user.name)
            }
            _ => None,
        }
    }

    fn fate(&self, earlier: &Earlier, uid: &String) -> Fate {
        if let Some(index) = self.verdicts.get(uid) {
            return match self.review.verdicts.get(*index) {
                Some(Verdict { outcome: Outcome::Unknown, gap, .. }) => Fate::Lost(gap.clone()),
                Some(Verdict { outcome: Outcome::Info, .. }) => Fate::Closed(Reason::Passes),
                _ => Fate::Stays(*index),
            };
        }
        if self.waived.contains(uid) {
            return Fate::Closed(Reason::Waived);
        }
        if self.passed.contains(uid) {
            return Fate::Closed(Reason::Passes);
        }
        if self.not_applicable.contains(uid) {
            return Fate::Closed(Reason::DoesNotArise);
        }
        if check::find(&earlier.check).is_none() {
            return Fate::Closed(Reason::CheckRetired);
        }
        self.absent(earlier)
    }

    /// Nothing speaks of it any more: closed only where a complete listing says so.
    fn absent(&self, earlier: &Earlier) -> Fate {
        let resource = &earlier.resource;
        if self.left(resource.account) {
            return Fate::Closed(Reason::AccountLeft);
        }
        if self.has_its_id(resource) {
            return Fate::Closed(Reason::Superseded);
        }
        let hidden = self.review.verdicts.iter().find(|verdict| {
            let about = &verdict.resource;
            let whole = matches!(about.kind, ResourceKind::Account | ResourceKind::Organization);
            verdict.outcome == Outcome::Unknown
                && verdict.check == earlier.check
                && about.account == resource.account
                && (whole || about.arn == resource.arn)
        });
        match (hidden, self.missing_listing(resource)) {
            (Some(verdict), _) => Fate::Lost(verdict.gap.clone()),
            (None, Some(gap)) => Fate::Lost(Some(gap)),
            (None, None) if self.is_torn(resource.account) => Fate::Lost(None),
            (None, None) => Fate::Closed(Reason::ResourceGone),
        }
    }

    fn left(&self, account: AccountId) -> bool {
        let listed = self.estate.organization.accounts.value();
        listed.is_some_and(|accounts| {
            !accounts.iter().any(|listed| listed.id == account && listed.status == "ACTIVE")
        }) && !self.review.accounts.iter().any(|row| row.id == account && row.users.is_some())
    }

    /// A key that only had a slot of the report, of a user whose keys are known by their ids now.
    fn has_its_id(&self, resource: &Resource) -> bool {
        let is_slot = resource.key.as_deref().is_some_and(|key| key.starts_with("slot "));
        let user =
            self.estate.accounts.get(&resource.account).and_then(|account| account.users.get(&resource.name));
        let keys = user.and_then(|user| user.access_keys.value());
        is_slot && keys.is_some_and(|keys| keys.iter().any(|key| key.id.is_some()))
    }

    /// The listing that would tell that a thing is gone, where it is not there.
    fn missing_listing(&self, resource: &Resource) -> Option<Gap> {
        let account = self.estate.accounts.get(&resource.account);
        let listings: &[Dataset] = match resource.kind {
            ResourceKind::AccessKey => &[Dataset::AuthorizationDetails, Dataset::AccessKeys],
            ResourceKind::MfaDevice => &[Dataset::VirtualMfaDevices],
            ResourceKind::Certificate => &[Dataset::ServerCertificates],
            ResourceKind::IdentityProvider => &[Dataset::SamlProviders, Dataset::OidcProviders],
            ResourceKind::OtherCredential => &[Dataset::AuthorizationDetails, Dataset::SshPublicKeys],
            ResourceKind::Waiver => &[],
            _ => &[Dataset::AuthorizationDetails],
        };
        let gap = |dataset: &Dataset| match account {
            Some(account) => account.dataset(*dataset).gap().cloned(),
            None => Some(Gap { dataset: *dataset, reason: kagimori_estate::fact::GapReason::NotGiven }),
        };
        let list = match resource.kind {
            ResourceKind::Role => Listing::Roles,
            ResourceKind::Group => Listing::Groups,
            ResourceKind::Policy => Listing::Policies,
            _ => Listing::Users,
        };
        let whole = listings.contains(&Dataset::AuthorizationDetails);
        let torn = account.filter(|_| whole).and_then(|account| account.listing(list).gap().cloned());
        listings.iter().find_map(gap).or(torn)
    }

    fn is_torn(&self, account: AccountId) -> bool {
        self.estate.problems.iter().any(|problem| problem.account.is_none_or(|of| of == account))
    }

    /// Whether a material fact differs: a name, a list. Numbers and instants are measures.
    fn facts_differ(&self, earlier: &Earlier, index: usize) -> bool {
        let Some(verdict) = self.review.verdicts.get(index) else { return false };
        let material = verdict.facts.iter().filter(|(_, value)| is_material(value));
        material.into_iter().any(|(name, value)| {
            let now = serde_json::to_value(value).ok();
            let before = earlier.facts.get(*name);
            before.is_some_and(|before| Some(before) != now.as_ref())
        })
    }
}

fn is_material(value: &FactValue) -> bool {
    matches!(value, FactValue::Text(_) | FactValue::List(_))
}
