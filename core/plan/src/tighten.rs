//! A least-privilege replacement of everything a user or role has, drawn from what it did.
//!
//! The walk: calls → [`needs`] (permissions that no other policy gives) → the old statement that granted each → elements,
//! one per (old statement, action) → resources, generalised as asked → conditions that every call fulfilled → statements →
//! what no call needs is taken out again → what would add a finding is drawn anew ([`gate`]) → documents within AWS's limits, as
//! short as they can be → changes.
//!
//! Each new statement lies inside the old one it came from and carries its conditions; every Deny stays as it is. So the
//! result grants nothing new; [`Tightened::soundness`] is the proof over the whole, not this argument. That it suffices is
//! replayed under the whole stack ([`verify`]).

mod alone;
mod compose;
mod conditions;
mod gate;
mod grants;
mod necessity;
mod needs;
mod pack;
mod place;
mod report;
mod resources;
mod shorten;
mod unseen;
mod verify;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::access::{Access, Subject};
use kagimori_estate::change::Change;
use kagimori_id::Arn;
use kagimori_policy::compare::{Inclusion, included};
use kagimori_policy::document::{Document, Effect, Statement, Version};
use kagimori_policy::engine::Compiled;
use kagimori_trail::sight::Sight;
use serde::Serialize;

use crate::blind;
use crate::replacement::{MANAGED_MAX, ReplacementError, holdings};
use crate::replay::{Class, Witness};
use crate::settings::Settings;

pub use compose::{Element, ElementKind, Support};
pub use gate::{Added, together};
pub use report::{Denied, Dropped, Rare};
pub use unseen::{Beyond, LastAccessed, Unseen, UnseenWhy};
pub use verify::{Failing, Verified, verify, verify_becoming};

use alone::Alone;
use compose::Draft;
use gate::Gate;
use grants::Grant;
use needs::Need;

/// The name of the inline policy, and the beginning of those of managed policies.
pub const POLICY_NAME: &str = "kagimori-least-privilege";

/// How the managed policies of AWS begin that it attaches to users whose keys leaked (IAM User Guide, `access-keys-compromised`).
const QUARANTINE: &str = ":aws:policy/AWSCompromisedKeyQuarantine";

/// How resources are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "these are the three")]
pub enum Generality {
    /// Each by its name.
    Exact,
    /// Many with a common beginning by that.
    Prefix,
    /// All of a type in the account and region (of a bucket: all its objects).
    Type,
}

/// Which conditions are drawn from the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "one flag for each kind of condition")]
pub struct Conditions {
    /// `aws:RequestedRegion`, where the resources name no region.
    pub region: bool,
    /// `iam:PassedToService`.
    pub passed_to: bool,
    /// `kms:ViaService`.
    pub via: bool,
    /// `aws:SourceVpce`.
    pub endpoint: bool,
    /// `aws:MultiFactorAuthPresent`.
    pub mfa: bool,
    /// `aws:SourceIp`.
    pub address: bool,
}

/// What was asked for.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Options {
    /// How resources are named.
    pub resources: Generality,
    /// How many names with a common beginning become a prefix.
    pub prefix_from: usize,
    /// Which conditions are drawn from the calls.
    pub conditions: Conditions,
    /// Patterns of actions that stay as they are granted.
    pub keep: Vec<String>,
    /// What CloudTrail does not record stays, for services in use at the levels in use; otherwise it is only listed.
    pub keep_unseen: bool,
}

/// One user or role with its calls.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Input<'a> {
    /// Everything.
    pub estate: &'a Estate,
    /// The same before the engine.
    pub access: &'a Access<'a>,
    /// Whose policies are tightened.
    pub subject: &'a Subject,
    /// Its calls.
    pub calls: &'a [&'a Class],
    /// How many days of trail these are drawn from.
    pub days: i64,
    /// What the trail would have shown.
    pub sight: &'a Sight,
    /// What `iam get-service-last-accessed-details` says of it, by service prefix.
    pub last_accessed: Option<&'a BTreeMap<String, LastAccessed>>,
    /// What reviews of the company go by.
    pub settings: &'a Settings,
    /// The instant that reviews speak of.
    pub now: Timestamp,
}

/// Why nothing is proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
#[expect(clippy::exhaustive_enums, reason = "each has its own sentence")]
pub enum Refusal {
    /// AWS or Identity Center owns it.
    NotYours,
    /// It did nothing, and the trail would have shown it.
    NoCalls,
    /// Nothing it did needs a permission of its own policies, and the trail would have shown what it did.
    NothingNeeded,
    /// The trail would not have shown what it may do.
    CannotTell {
        /// Actions that its policies name and the trail does not show.
        named: BTreeSet<String>,
    },
    /// It did nothing that needs a permission of its own, as far as the trail tells: it is silent of its account for days.
    Silent {
        /// On how many.
        days: i64,
    },
    /// All that it did succeeded, and by the policies of the snapshot it could not have.
    Contradiction {
        /// How many calls, by action.
        unexplained: BTreeMap<String, u64>,
    },
    /// All that it did is perhaps the work of an intruder, or of somebody else with its credentials.
    NotItsOwn {
        /// How many calls.
        calls: u64,
    },
    /// A person: what people need is given by groups and roles, and what they did does not tell it.
    Person {
        /// The groups it is in.
        groups: Vec<String>,
    },
    /// It is for emergencies: that it is not used is as it should be.
    BreakGlass,
    /// Policies it has were not given.
    PoliciesNotKnown {
        /// Their names.
        names: Vec<String>,
    },
    /// It has no identity policy.
    NoPolicies,
    /// All it may do comes from groups, and it has a boundary already: a policy of its own would be a finding, and so would be leaving
    /// them.
    ByGroups {
        /// The groups.
        groups: Vec<String>,
    },
    /// What could be drawn would add findings to a review or to `policy check`, however it is drawn.
    AddsFindings {
        /// They.
        added: Vec<Added>,
    },
    /// What it needs does not fit into AWS's limits.
    TooLong {
        /// Characters, white space not counted.
        characters: usize,
    },
    /// The estate does not let the changes be made.
    CannotBeMade {
        /// Why not.
        why: String,
    },
    /// What it has is not known.
    NotKnown {
        /// Whose policies.
        principal: Arn,
    },
}

/// A proposal.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tightened {
    /// Whose policies.
    pub principal: Arn,
    /// The identity policies that go, or are written anew.
    pub old: Vec<(String, Document)>,
    /// What stands in their place.
    pub new: Vec<Document>,
    /// The names of those that stay: of its groups, and its own that cannot be written anew without adding a finding.
    pub stay: Vec<String>,
    /// What stands in them, with evidence.
    pub elements: Vec<Element>,
    /// Whether the new grant nothing that the old do not.
    pub soundness: Inclusion,
    /// Elements that were tested by taking them out, and how many of them were necessary: those that were not are gone.
    pub necessity: (usize, usize),
    /// What the old grant and the new do not.
    pub dropped: Dropped,
    /// Calls that were denied: somebody may have wanted them.
    pub denied: Vec<Denied>,
    /// Actions used on few days.
    pub rare: Vec<Rare>,
    /// Actions that this trail does not show.
    pub unseen: Vec<Unseen>,
    /// Others, that go with `*`, of services that nothing shows in use.
    pub beyond: Beyond,
    /// Successful calls that the policies of the snapshot do not explain, by action.
    pub unexplained: BTreeMap<String, u64>,
    /// What puts the new in place of the old.
    pub changes: Vec<Change>,
}

/// Proposes a replacement.
///
/// # Errors
/// [`Refusal`] when nothing can be proposed.
pub fn tighten(input: &Input<'_>, options: &Options) -> Result<Tightened, Refusal> {
    let policies = Policies::of(input)?;
    let gate = Gate::new(input.estate, &input.subject.arn, &policies.own, input.settings, input.now);
    // What AWS put on somebody whose key it found in public stays.
    let is_quarantine = |(name, _): &(String, Document)| name.contains(QUARANTINE);
    let mut kept: BTreeSet<usize> = policies
        .own
        .iter()
        .enumerate()
        .filter(|(_, one)| is_quarantine(one))
        .map(|(place, _)| place)
        .collect();
    let mut added = Vec::new();
    // Each round keeps one more of its policies as it is.
    for _ in 0..=policies.own.len() {
        if !added.is_empty() && kept.len() == policies.own.len() {
            break;
        }
        let round = Round::new(input, &policies, &kept);
        let mut tried = match attempt(input, options, &round) {
            Err(refusal) if added.is_empty() => return Err(refusal),
            Err(_) => break,
            Ok(tried) => tried,
        };
        let faulty = tried.mend(&gate, &round);
        if faulty.is_empty() {
            return finish(input, &policies, &kept, &round, &gate, tried);
        }
        added = faulty.values().flatten().cloned().collect();
        if policies.is_bounded {
            break;
        }
        kept.extend(faulty.into_keys());
    }
    added.sort();
    added.dedup();
    Err(Refusal::AddsFindings { added })
}

/// The identity policies of somebody, with their names.
struct Policies {
    /// Its own, inline policies first.
    own: Vec<(String, Document)>,
    /// Those of its groups.
    of_groups: Vec<(String, Document)>,
    /// All it has comes from groups, and `own` is theirs: what is drawn becomes its boundary.
    is_bounded: bool,
}

impl Policies {
    fn of(input: &Input<'_>) -> Result<Self, Refusal> {
        let arn = &input.subject.arn;
        if arn.resource().starts_with("role/aws-service-role/")
            || arn.resource().starts_with("role/aws-reserved/")
        {
            return Err(Refusal::NotYours);
        }
        let (held, missing) = input.access.identity(input.subject);
        if !missing.is_empty() {
            return Err(Refusal::PoliciesNotKnown { names: missing });
        }
        if held.is_empty() {
            return Err(Refusal::NoPolicies);
        }
        let Some((grants, groups)) = holdings(input.estate, arn) else {
            return Err(Refusal::NotKnown { principal: arn.clone() });
        };
        let mut own: Vec<(String, Document)> =
            held.into_iter().map(|(document, origin)| (origin.name.clone(), document.clone())).collect();
        let count = grants.inline.len().saturating_add(grants.attached.len());
        let of_groups = own.split_off(count.min(own.len()));
        if !own.is_empty() {
            return Ok(Self { own, of_groups, is_bounded: false });
        }
        // A policy of its own would be a finding, and so would be leaving its groups: it is held to what it needs by a boundary.
        if !input.calls.is_empty() && (grants.boundary.is_some() || !grants.knows_boundary()) {
            return Err(Refusal::ByGroups { groups: groups.to_vec() });
        }
        Ok(Self { own: of_groups, of_groups: Vec::new(), is_bounded: true })
    }
}

/// What is drawn from: the policies that go, and those that stay whatever is drawn.
struct Round<'p> {
    /// With their places among the identity's own.
    old: Vec<(usize, &'p Document)>,
    stay: Vec<&'p (String, Document)>,
    alone: Alone,
    grants: Vec<Grant>,
    held: Vec<Compiled>,
}

impl<'p> Round<'p> {
    fn new(input: &Input<'_>, policies: &'p Policies, kept: &BTreeSet<usize>) -> Self {
        let own = || policies.own.iter().enumerate();
        let old: Vec<(usize, &Document)> =
            own().filter(|(place, _)| !kept.contains(place)).map(|(place, (_, one))| (place, one)).collect();
        let stay = own().filter(|(place, _)| kept.contains(place)).map(|(_, one)| one);
        let stay: Vec<&(String, Document)> = stay.chain(&policies.of_groups).collect();
        let mut alone = Alone::new(input.access, input.subject);
        let grants = grants::of(&old, &mut alone);
        let held = stay.iter().map(|(_, document)| alone.compile(document)).collect();
        Self { old, stay, alone, grants, held }
    }
}

/// Nobody is told to retire what the trail would not have shown in use.
fn nothing_to_draw_from(input: &Input<'_>, grants: &[Grant], otherwise: Refusal) -> Refusal {
    let (mut named, has_more) = unseen::held(input, grants);
    named.extend(unseen::services_not_held(input));
    if named.is_empty() && !has_more { otherwise } else { Refusal::CannotTell { named } }
}

/// Elements that hold every need and none that no need holds.
struct Attempt {
    needs: Vec<Need>,
    unexplained: BTreeMap<String, u64>,
    drafts: Vec<Draft>,
    /// With the places of their policies.
    denies: Vec<(usize, Statement)>,
    necessity: (usize, usize),
    unseen: Vec<Unseen>,
    beyond: Beyond,
}

fn attempt(input: &Input<'_>, options: &Options, round: &Round<'_>) -> Result<Attempt, Refusal> {
    let (grants, alone) = (&round.grants, &round.alone);
    if input.calls.is_empty() {
        return Err(nothing_to_draw_from(input, grants, Refusal::NoCalls));
    }
    let held: Vec<&Compiled> = round.held.iter().collect();
    let (needs, unexplained) = needs::of(input, grants, &held, alone);
    let mut elements = compose::elements(grants, &needs, alone);
    compose::keep(&mut elements, grants, &options.keep, ElementKind::Kept);
    let (unseen, beyond) = unseen::of(input, options, grants, &needs, &mut elements);
    let denies = grants::denies(&round.old);
    let mut drafts = compose::drafts(&elements, grants, &needs, options);
    let statements = drafts.iter().map(|draft| &draft.statement).chain(denies.iter().map(|(_, deny)| deny));
    // Names that AWS's limits have no room for give way to the type of what they name.
    if statements.map(pack::characters).sum::<usize>() > pack::characters_max() {
        let wider = Options { resources: Generality::Type, ..options.clone() };
        drafts = compose::drafts(&elements, grants, &needs, &wider);
    }
    necessity::repair(&mut drafts, grants, &needs, alone);
    let necessity = necessity::reduce(&mut drafts, &needs, alone);
    // A policy that allows nothing is not tight, it is gone: that is a decision of its own.
    if drafts.iter().all(|draft| draft.kind == ElementKind::Unseen && draft.needs().is_empty()) {
        return Err(match unexplained.is_empty() {
            true => nothing_to_draw_from(input, grants, Refusal::NothingNeeded),
            false => Refusal::Contradiction { unexplained },
        });
    }
    Ok(Attempt { needs, unexplained, drafts, denies, necessity, unseen, beyond })
}

impl Attempt {
    /// Draws anew what would add a finding: without actions that work on none of the resources, without the conditions that were drawn,
    /// on all the resources that the old statement names. Gives the policies of which none of that helps, with what each would add.
    fn mend(&mut self, gate: &Gate<'_>, round: &Round<'_>) -> BTreeMap<usize, Vec<Added>> {
        let mut faulty: BTreeMap<usize, Vec<Added>> = BTreeMap::new();
        let whole = self.drafts.iter().map(|draft| draft.statement.clone()).collect();
        if gate.in_documents([document(whole)].iter()).is_empty() {
            return faulty;
        }
        for draft in &mut self.drafts {
            let found = |draft: &Draft| gate.in_documents([document(vec![draft.statement.clone()])].iter());
            let Some(grant) = round.grants.get(draft.grant) else { continue };
            let added = found(draft);
            if added.is_empty() {
                continue;
            }
            draft.leave_out(grant, gate::is_idle);
            let mut ways = [draft.clone(), draft.clone(), draft.clone(), draft.clone()];
            let [_, free, wide, both] = &mut ways;
            free.drawn.clear();
            free.build(grant);
            wide.widen(grant);
            both.drawn.clear();
            both.widen(grant);
            match ways.into_iter().find(|way| way.actions.is_empty() || found(way).is_empty()) {
                Some(way) => *draft = way,
                None => faulty.entry(grant.document).or_default().extend(added),
            }
        }
        self.drafts.retain(|draft| !draft.actions.is_empty());
        let stands = |action: &String| self.drafts.iter().any(|draft| draft.actions.contains_key(action));
        for unseen in self.unseen.iter_mut().filter(|unseen| unseen.is_kept) {
            unseen.actions.retain(stands);
        }
        self.unseen.retain(|unseen| !unseen.actions.is_empty());
        faulty
    }

    /// The documents, as short as they can be, each where it goes.
    fn documents(&mut self, places: &place::Places<'_>, round: &Round<'_>) -> place::Placed {
        let denies: Vec<Statement> = self.denies.iter().map(|(_, deny)| deny.clone()).collect();
        compose::name(&mut self.drafts, &denies);
        let mut slots: Vec<Vec<Statement>> = vec![Vec::new(); places.len()];
        let mut pool: Vec<Statement> = Vec::new();
        let grants = self.denies.iter().map(|(place, deny)| (*place, deny));
        let drafts = self
            .drafts
            .iter()
            .filter_map(|draft| Some((round.grants.get(draft.grant)?.document, &draft.statement)));
        for (place, statement) in grants.chain(drafts) {
            let slot = places.slot(place).and_then(|slot| slots.get_mut(slot));
            slot.unwrap_or(&mut pool).push(statement.clone());
        }
        let documents = |statements: Vec<Statement>, max| pack::documents(&shorten::shorten(statements), max);
        place::Placed {
            slots: slots.into_iter().map(|statements| documents(statements, MANAGED_MAX)).collect(),
            pool: documents(pool, places.pool_max()),
        }
    }
}

fn finish(
    input: &Input<'_>,
    policies: &Policies,
    kept: &BTreeSet<usize>,
    round: &Round<'_>,
    gate: &Gate<'_>,
    mut tried: Attempt,
) -> Result<Tightened, Refusal> {
    let refused = |error| match error {
        ReplacementError::TooLong { characters } => Refusal::TooLong { characters },
        ReplacementError::NotKnown(principal) => Refusal::NotKnown { principal },
        error @ ReplacementError::TooMany { .. } => {
            Refusal::CannotBeMade { why: format!("{error}: {}", error.hint()) }
        }
    };
    let places = match policies.is_bounded {
        true => place::Places::boundary(&input.subject.arn, kept),
        false => place::places(input.estate, &input.subject.arn, kept).map_err(refused)?,
    };
    let placed = tried.documents(&places, round);
    let new: Vec<Document> = placed.slots.iter().flatten().chain(&placed.pool).cloned().collect();
    let changes = match policies.is_bounded {
        true => place::bound(&input.subject.arn, POLICY_NAME, &new),
        false => places.changes(POLICY_NAME, placed),
    };
    let changes = changes.map_err(refused)?;
    let mut added = gate.in_documents(new.iter());
    added.extend(gate.in_places(&changes).map_err(|error| Refusal::CannotBeMade { why: error.to_string() })?);
    if !added.is_empty() {
        return Err(Refusal::AddsFindings { added });
    }
    let before: Vec<Document> = round.old.iter().map(|(_, document)| Document::clone(document)).collect();
    let old = policies.own.iter().enumerate().filter(|(place, _)| !kept.contains(place));
    let bounded = policies.own.iter().filter(|_| policies.is_bounded);
    let stay = round.stay.iter().copied().chain(bounded);
    Ok(Tightened {
        principal: input.subject.arn.clone(),
        elements: shorten::moved(compose::evidence(&tried.drafts, &tried.needs), &new),
        soundness: included(&new, &before),
        necessity: tried.necessity,
        dropped: report::dropped(&before, &new),
        denied: report::denied(input.calls),
        rare: report::rare(&tried.needs, input.days),
        unseen: tried.unseen,
        beyond: tried.beyond,
        unexplained: tried.unexplained,
        changes,
        old: old.map(|(_, one)| one.clone()).collect(),
        stay: stay.map(|(name, _)| name.clone()).collect(),
        new,
    })
}

/// One document of these statements.
fn document(statements: Vec<Statement>) -> Document {
    Document { version: Some(Version::V2012), id: None, statements }
}

/// Findings in a sentence, each once.
fn told(added: &[Added], words: impl Fn(&Added) -> String, between: &str) -> String {
    let all: BTreeSet<String> = added.iter().map(words).collect();
    all.into_iter().collect::<Vec<_>>().join(between)
}

fn is_allow(statement: &Statement) -> bool {
    statement.effect == Effect::Allow
}

/// The witness of whatever has several: the first.
fn first(one: Option<Witness>, other: &Witness) -> Witness {
    one.map_or_else(|| other.clone(), |one| one.min(other.clone()))
}

impl Refusal {
    /// In a sentence.
    pub fn sentence(&self) -> String {
        match self {
            Self::NotYours => "AWS owns it, or Identity Center does: change its permission set there".to_owned(),
            Self::NoCalls => {
                "it made no call in this trail, which would have shown any use of what it may do: ask its owner whether to retire it rather than tighten it".to_owned()
            }
            Self::NothingNeeded => {
                "nothing it did needs a permission of its own, and this trail would have shown it: ask its owner whether to retire it or its policies, or say what stays with `--keep`".to_owned()
            }
            Self::CannotTell { named } => {
                let what = match named.is_empty() {
                    true => "parts of what its policies allow".to_owned(),
                    false => blind::some(named),
                };
                format!("whether it is in use cannot be told: this trail does not show {what}")
            }
            Self::Silent { days } => format!(
                "whether it is in use cannot be told: the trail is silent of its account on {days} days"
            ),
            Self::Contradiction { unexplained } => {
                let actions = unexplained.keys().cloned().collect();
                let calls: u64 = unexplained.values().sum();
                format!(
                    "the snapshot contradicts the trail: {calls} of its calls succeeded ({}) that its policies do not allow; take the snapshot again",
                    blind::some(&actions)
                )
            }
            Self::NotItsOwn { calls } => format!(
                "none of its {calls} calls is known to be its own: look at its origins, then choose with `--origin` or `--include-suspected`"
            ),
            Self::Person { groups } if groups.is_empty() => {
                "it is a person: give people what they need by groups and roles, not by what they did".to_owned()
            }
            Self::Person { groups } => format!(
                "it is a person: tighten the groups ({}) or the roles it assumes, not the person",
                blind::some(&groups.iter().cloned().collect())
            ),
            Self::BreakGlass => {
                "it is for emergencies: that it is not used is as it should be, and what it must be able to do is for a person to say".to_owned()
            }
            Self::PoliciesNotKnown { names } => format!("policies it has were not given: {}", names.join(", ")),
            Self::NoPolicies => "it has no identity policy".to_owned(),
            Self::ByGroups { groups } => format!(
                "all it may do comes from groups ({}), and it has a boundary already: a policy of its own would be a new finding (`policy-on-user`), and so would be leaving them (`user-not-in-group`); tighten the groups, or make it a role",
                blind::some(&groups.iter().cloned().collect())
            ),
            Self::AddsFindings { added } => format!(
                "whatever is drawn from its calls would add findings: {}",
                told(added, |added| format!("`{}` ({})", added.finding, added.words().0), ", ")
            ),
            Self::TooLong { characters } => {
                format!("what it needs takes {characters} characters of policy, more than AWS's limits allow")
            }
            Self::CannotBeMade { why } => format!("its policies cannot be replaced: {why}"),
            Self::NotKnown { principal } => ReplacementError::NotKnown(principal.clone()).to_string(),
        }
    }

    /// In a sentence, in Japanese.
    pub fn japanese(&self) -> String {
        match self {
            Self::NotYours => {
                "AWS または Identity Center が管理しています。許可セットの側で変更してください".to_owned()
            }
            Self::NoCalls => {
                "利用があれば記録される証跡に、呼び出しがありません。廃止してよいか所有者に確認してください".to_owned()
            }
            Self::NothingNeeded => {
                "行った操作はどれも自身の許可を必要とせず、利用があれば証跡に記録されます。本体またはポリシーを廃止してよいか所有者に確認するか、残すものを `--keep` で指定してください".to_owned()
            }
            Self::CannotTell { named } => {
                let what = match named.is_empty() {
                    true => "ポリシーが許可する操作の一部".to_owned(),
                    false => blind::some(named),
                };
                format!("利用の有無を判断できません。この証跡には {what} が記録されません")
            }
            Self::Silent { days } => {
                format!("利用の有無を判断できません。このアカウントの証跡に {days} 日分の空白があります")
            }
            Self::Contradiction { unexplained } => {
                let actions = unexplained.keys().cloned().collect();
                let calls: u64 = unexplained.values().sum();
                format!(
                    "スナップショットと証跡が矛盾しています。ポリシーでは許可されない {calls} 件の呼び出し（{}）が成功しています。スナップショットを取り直してください",
                    blind::some(&actions)
                )
            }
            Self::NotItsOwn { calls } => format!(
                "{calls} 件の呼び出しはいずれも本来の利用と確認できません。呼び出し元を確認し、`--origin` または `--include-suspected` で指定してください"
            ),
            Self::Person { groups } if groups.is_empty() => {
                "利用者個人です。必要な許可は過去の操作からではなく、グループとロールで付与してください".to_owned()
            }
            Self::Person { groups } => format!(
                "利用者個人です。個人ではなく、所属グループ（{}）や引き受けるロールを絞り込んでください",
                blind::some(&groups.iter().cloned().collect())
            ),
            Self::BreakGlass => {
                "緊急用です。使われていないのが正常な状態であり、必要な許可は人が決めるものです".to_owned()
            }
            Self::PoliciesNotKnown { names } => format!("提供されていないポリシーがあります：{}", names.join("、")),
            Self::NoPolicies => "アイデンティティベースのポリシーがありません".to_owned(),
            Self::ByGroups { groups } => format!(
                "許可はすべてグループ（{}）から得ており、許可の境界も設定済みです。個別のポリシーを付けると `policy-on-user`、グループから外すと `user-not-in-group` が新たに検出されます。グループを絞り込むか、ロールに置き換えてください",
                blind::some(&groups.iter().cloned().collect())
            ),
            Self::AddsFindings { added } => format!(
                "呼び出しからどのように作成しても検出事項が増えます：{}",
                told(added, |added| format!("`{}`（{}）", added.finding, added.words().1), "、")
            ),
            Self::TooLong { characters } => {
                format!("必要なポリシーが {characters} 文字になり、AWS の上限に収まりません")
            }
            Self::CannotBeMade { why } => format!("ポリシーを置き換えられません（{why}）"),
            Self::NotKnown { principal } => {
                format!("{principal} のポリシーが分かりません。認可の詳細（get-account-authorization-details）が提供されていません")
            }
        }
    }
}

#[cfg(test)]
mod clean;
#[cfg(test)]
mod companies;
#[cfg(test)]
mod tests;
