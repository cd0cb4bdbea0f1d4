//! What a replay showed, by principal and in total.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_trail::call::Caller;
use kagimori_trail::event::Principal;
use serde::Serialize;

use super::{Class, Judgement, Verdict, Why, Witness};

/// How many resources of a finding are named; the rest is counted.
const RESOURCES_MAX: usize = 20;

/// What a replay showed. Parts merge in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Evidence {
    /// The time of the first and the last call.
    pub window: Option<(i64, i64)>,
    /// Over everybody.
    pub totals: Counts,
    /// By principal, who is named by ARN.
    pub principals: BTreeMap<String, PrincipalEvidence>,
}

/// Calls by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "one count for each verdict")]
pub struct Counts {
    /// [`Verdict::NewlyDenied`]
    pub newly_denied: u64,
    /// [`Verdict::CannotTell`]
    pub cannot_tell: u64,
    /// [`Verdict::Unexplained`]
    pub unexplained: u64,
    /// [`Verdict::NewlyAllowed`]
    pub newly_allowed: u64,
    /// [`Verdict::AllowedAssuming`]
    pub allowed_assuming: u64,
    /// [`Verdict::StillAllowed`]
    pub still_allowed: u64,
    /// [`Verdict::AlreadyDenied`]
    pub already_denied: u64,
    /// [`Verdict::NotAsked`]
    pub not_asked: u64,
}

/// What a replay showed of one principal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PrincipalEvidence {
    /// Its calls.
    pub counts: Counts,
    /// What a person should see: everything but what stays as it is.
    pub findings: BTreeMap<About, Finding>,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "a key of three parts")]
pub struct About {
    /// The verdict.
    pub verdict: Verdict,
    /// The action.
    pub action: String,
    /// Why.
    pub why: Why,
}

impl Serialize for About {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}: {}", self.action, self.why))
    }
}

/// Calls of one principal, of one action, with one verdict for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// How many calls.
    pub count: u64,
    /// The first.
    pub first: Witness,
    /// When the last was.
    pub last: i64,
    /// On what, as far as the events tell; at most twenty, the first in order.
    pub resources: BTreeSet<String>,
    /// Whether there are more resources.
    pub has_more_resources: bool,
    /// The condition keys it hangs on.
    pub keys: BTreeSet<String>,
}

impl Evidence {
    /// Takes in a judged class.
    pub fn add(&mut self, class: &Class, judgement: &Judgement) {
        let (first, last) = self.window.unwrap_or((class.call.time, class.last));
        self.window = Some((first.min(class.call.time), last.max(class.last)));
        self.totals.add(judgement.verdict, class.count);
        let Some(name) = name(&class.call.caller) else { return };
        let principal = self.principals.entry(name).or_default();
        principal.counts.add(judgement.verdict, class.count);
        if !judgement.verdict.is_told() {
            return;
        }
        let (action, resource) = judgement.about(&class.call);
        let about = About { verdict: judgement.verdict, action, why: judgement.why.clone() };
        let finding = Finding {
            count: class.count,
            first: class.witness(),
            last: class.last,
            resources: resource.map(str::to_owned).into_iter().collect(),
            has_more_resources: false,
            keys: judgement.keys.iter().cloned().collect(),
        };
        principal.add(about, finding);
    }

    /// Takes in what another thread judged.
    pub fn merge(&mut self, other: Self) {
        self.window = match (self.window, other.window) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
        self.totals.merge(&other.totals);
        for (name, theirs) in other.principals {
            let mine = self.principals.entry(name).or_default();
            mine.counts.merge(&theirs.counts);
            for (about, finding) in theirs.findings {
                mine.add(about, finding);
            }
        }
    }

    /// The findings with a verdict, those with most calls first.
    pub fn findings(&self, verdict: Verdict) -> Vec<(&str, &About, &Finding)> {
        let mut found: Vec<(&str, &About, &Finding)> = self
            .principals
            .iter()
            .flat_map(|(name, principal)| {
                principal.findings.iter().map(move |(about, finding)| (name.as_str(), about, finding))
            })
            .filter(|(_, about, _)| about.verdict == verdict)
            .collect();
        found.sort_by(|a, b| b.2.count.cmp(&a.2.count).then_with(|| (a.0, a.1).cmp(&(b.0, b.1))));
        found
    }
}

impl PrincipalEvidence {
    fn add(&mut self, about: About, finding: Finding) {
        match self.findings.get_mut(&about) {
            Some(held) => held.merge(finding),
            None => drop(self.findings.insert(about, finding)),
        }
    }
}

impl Finding {
    fn merge(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.last = self.last.max(other.last);
        self.first = self.first.clone().min(other.first);
        self.keys.extend(other.keys);
        self.resources.extend(other.resources);
        self.has_more_resources |= other.has_more_resources;
        while self.resources.len() > RESOURCES_MAX {
            self.resources.pop_last();
            self.has_more_resources = true;
        }
    }
}

impl Counts {
    fn slot(&mut self, verdict: Verdict) -> &mut u64 {
        match verdict {
            Verdict::NewlyDenied => &mut self.newly_denied,
            Verdict::CannotTell => &mut self.cannot_tell,
            Verdict::Unexplained => &mut self.unexplained,
            Verdict::NewlyAllowed => &mut self.newly_allowed,
            Verdict::AllowedAssuming => &mut self.allowed_assuming,
            Verdict::StillAllowed => &mut self.still_allowed,
            Verdict::AlreadyDenied => &mut self.already_denied,
            Verdict::NotAsked => &mut self.not_asked,
        }
    }

    fn add(&mut self, verdict: Verdict, count: u64) {
        let slot = self.slot(verdict);
        *slot = slot.saturating_add(count);
    }

    fn merge(&mut self, other: &Self) {
        for verdict in Verdict::ALL {
            self.add(verdict, other.get(verdict));
        }
    }

    /// The calls with a verdict.
    pub fn get(&self, verdict: Verdict) -> u64 {
        *self.clone().slot(verdict)
    }

    /// All calls.
    pub fn total(&self) -> u64 {
        Verdict::ALL.iter().map(|verdict| self.get(*verdict)).fold(0, u64::saturating_add)
    }
}

impl Verdict {
    /// Every verdict, worst first.
    pub const ALL: [Self; 8] = [
        Self::NewlyDenied,
        Self::CannotTell,
        Self::Unexplained,
        Self::NewlyAllowed,
        Self::AllowedAssuming,
        Self::StillAllowed,
        Self::AlreadyDenied,
        Self::NotAsked,
    ];

    /// Whether a person should see it call by call.
    fn is_told(self) -> bool {
        !matches!(self, Self::StillAllowed | Self::AlreadyDenied | Self::NotAsked)
    }

    /// In two or three words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NewlyDenied => "would break",
            Self::CannotTell => "cannot tell",
            Self::Unexplained => "unexplained",
            Self::NewlyAllowed => "newly allowed",
            Self::AllowedAssuming => "allowed, assuming",
            Self::StillAllowed => "still allowed",
            Self::AlreadyDenied => "denied before",
            Self::NotAsked => "not asked",
        }
    }
}

/// What a caller is called in evidence: an ARN where there is one.
fn name(caller: &Caller) -> Option<String> {
    match &caller.principal {
        Principal::UserName(account, name) => Some(format!("arn:aws:iam::{account}:user/{name}")),
        _ => caller.text(),
    }
}
