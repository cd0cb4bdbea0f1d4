//! A least-privilege replacement of everything a user or role has, drawn from what it did.
//!
//! The walk: calls → [`needs`] (permissions that no other policy gives) → the old statement that granted each → elements,
//! one per (old statement, action) → resources, generalised as asked → conditions that every call fulfilled → statements →
//! what no call needs is taken out again → documents within AWS's limits → changes.
//!
//! Each new statement lies inside the old one it came from and carries its conditions; every Deny stays as it is. So the
//! result grants nothing new; [`Tightened::soundness`] is the proof over the whole, not this argument. That it suffices is
//! replayed under the whole stack ([`verify`]).

mod alone;
mod compose;
mod conditions;
mod grants;
mod necessity;
mod needs;
mod pack;
mod report;
mod resources;
mod unseen;
mod verify;

use std::collections::{BTreeMap, BTreeSet};

use kagimori_estate::Estate;
use kagimori_estate::access::{Access, Subject};
use kagimori_estate::change::Change;
use kagimori_id::Arn;
use kagimori_policy::compare::{Inclusion, included};
use kagimori_policy::document::{Document, Effect, Statement, Version};
use kagimori_trail::sight::Sight;
use serde::Serialize;

use crate::blind;
use crate::replacement::{ReplacementError, replacement};
use crate::replay::{Class, Witness};

pub use compose::{Element, ElementKind, Support};
pub use report::{Denied, Dropped, Rare};
pub use unseen::{LastAccessed, Unseen, UnseenWhy};
pub use verify::{Failing, Verified, verify};

use alone::Alone;
use compose::Draft;
use grants::Grant;
use needs::Need;

/// The name of the inline policy, and the beginning of those of managed policies.
pub const POLICY_NAME: &str = "kagimori-least-privilege";

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
    /// What it needs does not fit into AWS's limits.
    TooLong {
        /// Characters, white space not counted.
        characters: usize,
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
    /// The identity policies it has.
    pub old: Vec<(String, Document)>,
    /// Those it would have.
    pub new: Vec<Document>,
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
    let old: Vec<(String, Document)> =
        held.into_iter().map(|(document, origin)| (origin.name.clone(), document.clone())).collect();
    let mut alone = Alone::new(input.access, input.subject);
    let grants = grants::of(&old, &mut alone);
    if input.calls.is_empty() {
        return Err(nothing_to_draw_from(input, &grants, Refusal::NoCalls));
    }
    let (needs, unexplained) = needs::of(input, &grants, &alone);
    let tried = attempt(input, options, &grants, &needs, &alone);
    // A policy that allows nothing is not tight, it is gone: that is a decision of its own.
    if tried.drafts.iter().all(|draft| draft.kind == ElementKind::Unseen && draft.needs().is_empty()) {
        return Err(match unexplained.is_empty() {
            true => nothing_to_draw_from(input, &grants, Refusal::NothingNeeded),
            false => Refusal::Contradiction { unexplained },
        });
    }
    finish(input, old, &needs, unexplained, tried)
}

/// Nobody is told to retire what the trail would not have shown in use.
fn nothing_to_draw_from(input: &Input<'_>, grants: &[Grant], otherwise: Refusal) -> Refusal {
    let (named, has_more) = unseen::held(input, grants);
    if named.is_empty() && !has_more { otherwise } else { Refusal::CannotTell { named } }
}

/// Elements that hold every need and none that no need holds.
struct Attempt {
    drafts: Vec<Draft>,
    denies: Vec<Statement>,
    necessity: (usize, usize),
    unseen: Vec<Unseen>,
}

fn attempt(input: &Input<'_>, options: &Options, grants: &[Grant], needs: &[Need], alone: &Alone) -> Attempt {
    let mut elements = compose::elements(grants, needs, alone);
    compose::keep(&mut elements, grants, &options.keep, ElementKind::Kept);
    let unseen = unseen::of(input, options, grants, needs, &mut elements);
    let denies = grants::denies(input.access.identity(input.subject).0);
    let mut drafts = compose::drafts(&elements, grants, needs, options);
    let statements = drafts.iter().map(|draft| &draft.statement).chain(&denies);
    // Names that AWS's limits have no room for give way to the type of what they name.
    if statements.map(pack::characters).sum::<usize>() > pack::characters_max() {
        let wider = Options { resources: Generality::Type, ..options.clone() };
        drafts = compose::drafts(&elements, grants, needs, &wider);
    }
    necessity::repair(&mut drafts, grants, needs, alone);
    let necessity = necessity::reduce(&mut drafts, needs, alone);
    compose::name(&mut drafts, &denies);
    Attempt { drafts, denies, necessity, unseen }
}

fn finish(
    input: &Input<'_>,
    old: Vec<(String, Document)>,
    needs: &[Need],
    unexplained: BTreeMap<String, u64>,
    tried: Attempt,
) -> Result<Tightened, Refusal> {
    let statements: Vec<Statement> = tried
        .denies
        .iter()
        .cloned()
        .chain(tried.drafts.iter().map(|draft| draft.statement.clone()))
        .collect();
    let is_user = input.subject.arn.resource().starts_with("user/");
    let new = pack::documents(&statements, is_user);
    let changes =
        replacement(input.estate, &input.subject.arn, POLICY_NAME, &new).map_err(|error| match error {
            ReplacementError::TooLong { characters } => Refusal::TooLong { characters },
            ReplacementError::NotKnown(principal) => Refusal::NotKnown { principal },
        })?;
    let before: Vec<Document> = old.iter().map(|(_, document)| document.clone()).collect();
    let soundness = included(&new, &before);
    Ok(Tightened {
        principal: input.subject.arn.clone(),
        elements: compose::evidence(&tried.drafts, needs),
        soundness,
        necessity: tried.necessity,
        dropped: report::dropped(&before, &new),
        denied: report::denied(input.calls),
        rare: report::rare(needs, input.days),
        unseen: tried.unseen,
        unexplained,
        changes,
        old,
        new,
    })
}

/// One document of these statements.
fn document(statements: Vec<Statement>) -> Document {
    Document { version: Some(Version::V2012), id: None, statements }
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
            Self::TooLong { characters } => {
                format!("what it needs takes {characters} characters of policy, more than AWS's limits allow")
            }
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
            Self::TooLong { characters } => {
                format!("必要なポリシーが {characters} 文字になり、AWS の上限に収まりません")
            }
            Self::NotKnown { principal } => {
                format!("{principal} のポリシーが分かりません。認可の詳細（get-account-authorization-details）が提供されていません")
            }
        }
    }
}

#[cfg(test)]
mod companies;
#[cfg(test)]
mod tests;
