//! From needs and grants to statements, with the evidence of each part.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_policy::catalogue::{AccessLevel, ActionId, ActionSet, Catalogue};
use kagimori_policy::document::{ActionElement, OneOrMany, ResourceElement, Statement};
use kagimori_trail::call::{Certainty, CheckedResource};
use serde::Serialize;

use super::alone::Alone;
use super::conditions::{self, Drawn};
use super::grants::{self, Grant};
use super::needs::Need;
use super::{Generality, Options, first, resources};
use crate::replay::Witness;

/// Longest `Sid` that is still read as a title.
const SID_CHARACTERS_MAX: usize = 48;

/// How the `Sid` begins of what calls may have needed.
pub(super) const POSSIBLE: &str = "Possible";

/// Why something stands in a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each is told to people in its own words")]
pub enum ElementKind {
    /// Calls needed it.
    Needed,
    /// Calls may have needed it: AWS checks it under circumstances that the event does not tell.
    Possible,
    /// It was asked for with `--keep`.
    Kept,
    /// CloudTrail would not show its use.
    Unseen,
}

/// One part of a statement with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Element {
    /// The statement.
    pub sid: String,
    /// `action`, `resource` or `condition`.
    pub part: &'static str,
    /// The action, the pattern, or the key with its value.
    pub text: String,
    /// Why it is there.
    pub kind: ElementKind,
    /// The calls behind it.
    pub support: Option<Support>,
}

/// The calls behind an element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Support {
    /// How many.
    pub calls: u64,
    /// The first.
    pub first: Witness,
    /// When the last was.
    pub last: i64,
    /// How many names a pattern stands for.
    pub names: usize,
}

impl Support {
    /// The calls behind both.
    pub(super) fn with(self, other: &Self) -> Self {
        Self {
            calls: self.calls.saturating_add(other.calls),
            first: first(Some(self.first), &other.first),
            last: self.last.max(other.last),
            names: self.names.max(other.names),
        }
    }
}

/// One action that one grant gave, and on what it was used.
#[derive(Clone, Debug)]
pub(super) struct Used {
    kind: ElementKind,
    needs: BTreeSet<usize>,
    /// The resource is not told by every call, or was not looked at: what was granted stays.
    is_as_granted: bool,
    /// The trail would not show all of its use: nothing is drawn from the calls that it shows.
    is_blind: bool,
    names: BTreeSet<String>,
}

/// By grant and action; what calls may have needed apart from what they needed, so that it is told and taken away apart.
pub(super) type Elements = BTreeMap<(usize, String, Certainty), Used>;

/// A statement in the making.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) grant: usize,
    pub(super) kind: ElementKind,
    pub(super) actions: BTreeMap<String, BTreeSet<usize>>,
    /// Patterns with how many names each stands for.
    pub(super) resources: BTreeMap<String, usize>,
    /// The old statement's own resources, as they are.
    pub(super) granted: Option<ResourceElement>,
    pub(super) drawn: Vec<Drawn>,
    /// How many conditions the grant has.
    pub(super) own_conditions: usize,
    pub(super) statement: Statement,
}

/// What each grant gave.
pub(super) fn elements(grants: &[Grant], needs: &[Need], alone: &Alone) -> Elements {
    let mut elements = Elements::new();
    for (number, need) in needs.iter().enumerate() {
        for place in grants::behind(need, grants, alone) {
            let key = (place, need.action.clone(), need.certainty);
            let used = elements.entry(key).or_insert_with(|| Used {
                kind: match need.certainty {
                    Certainty::Certain => ElementKind::Needed,
                    Certainty::Possible => ElementKind::Possible,
                },
                needs: BTreeSet::new(),
                is_as_granted: false,
                is_blind: false,
                names: BTreeSet::new(),
            });
            used.needs.insert(number);
            match &need.resource {
                CheckedResource::Arn(arn) => drop(used.names.insert(resources::literal(arn))),
                CheckedResource::Pattern(pattern) => drop(used.names.insert(pattern.to_string())),
                CheckedResource::None => drop(used.names.insert("*".to_owned())),
                CheckedResource::Unknown => used.is_as_granted = true,
            }
        }
    }
    elements
}

/// Adds the actions that patterns name, as far as they are granted.
pub(super) fn keep(elements: &mut Elements, grants: &[Grant], patterns: &[String], kind: ElementKind) {
    let catalogue = Catalogue::embedded();
    let mut wanted = ActionSet::none(catalogue);
    for pattern in patterns {
        catalogue.expand_into(&mut wanted, pattern);
    }
    for (place, grant) in grants.iter().enumerate() {
        let mut both = grant.actions();
        both.intersect(&wanted);
        for id in both.iter() {
            add_as_granted(elements, place, id, kind);
        }
    }
}

/// Adds one action of a grant on all that the grant is about.
pub(super) fn add_as_granted(elements: &mut Elements, grant: usize, id: ActionId, kind: ElementKind) {
    let key = (grant, Catalogue::embedded().name(id), Certainty::Certain);
    let used = elements.entry(key).or_insert_with(|| Used {
        kind,
        needs: BTreeSet::new(),
        is_as_granted: true,
        is_blind: false,
        names: BTreeSet::new(),
    });
    used.is_as_granted = true;
    used.is_blind |= kind == ElementKind::Unseen;
    if kind == ElementKind::Kept {
        used.kind = kind;
    }
}

/// What makes two actions one statement.
type Together = (usize, ElementKind, String, Vec<Drawn>, Vec<String>, bool);

/// Statements: what has the same grant, service, resources and conditions stands together.
pub(super) fn drafts(elements: &Elements, grants: &[Grant], needs: &[Need], options: &Options) -> Vec<Draft> {
    let mut drafts: BTreeMap<Together, Draft> = BTreeMap::new();
    for ((place, action, certainty), used) in elements {
        let Some(grant) = grants.get(*place) else { continue };
        let patterns = patterns(used, grant, options);
        let drawn = drawn(elements, *place, action, used, &patterns, grant, needs, options);
        let service = action.split(':').next().unwrap_or_default().to_owned();
        let names: Vec<String> = patterns.keys().cloned().collect();
        let kind = match used {
            Used { is_blind: true, .. } => ElementKind::Unseen,
            _ if used.needs.is_empty() => used.kind,
            _ if *certainty == Certainty::Possible => ElementKind::Possible,
            _ => ElementKind::Needed,
        };
        let key = (*place, kind, service, drawn.clone(), names, used.is_as_granted);
        let draft = drafts.entry(key).or_insert_with(|| Draft {
            grant: *place,
            kind,
            actions: BTreeMap::new(),
            resources: patterns,
            granted: used.is_as_granted.then(|| grant.statement.resource.clone()).flatten(),
            drawn,
            own_conditions: grant.statement.conditions.len(),
            statement: Statement { sid: None, ..grant.statement.clone() },
        });
        draft.actions.insert(action.clone(), used.needs.clone());
        for (pattern, count) in &mut draft.resources {
            *count = (*count).max(used.names.iter().filter(|name| *name == pattern).count());
        }
    }
    let mut drafts: Vec<Draft> = drafts.into_values().collect();
    for draft in &mut drafts {
        if let Some(grant) = grants.get(draft.grant) {
            draft.build(grant);
        }
    }
    drafts
}

fn patterns(used: &Used, grant: &Grant, options: &Options) -> BTreeMap<String, usize> {
    if used.is_as_granted {
        return BTreeMap::new();
    }
    let (granted, is_negated) = grant.resources();
    let wide = resources::generalise(&used.names, options.resources, options.prefix_from);
    let all_inside = wide.keys().all(|pattern| resources::lies_inside(pattern, granted, is_negated));
    if all_inside { wide } else { resources::generalise(&used.names, Generality::Exact, 0) }
}

#[expect(clippy::too_many_arguments, reason = "one step of `drafts`, apart for reading")]
fn drawn(
    elements: &Elements,
    place: usize,
    action: &str,
    used: &Used,
    patterns: &BTreeMap<String, usize>,
    grant: &Grant,
    needs: &[Need],
    options: &Options,
) -> Vec<Drawn> {
    if used.needs.is_empty() || used.is_blind {
        return Vec::new();
    }
    let of = |used: &Used| -> Vec<&Need> { used.needs.iter().filter_map(|need| needs.get(*need)).collect() };
    let own = of(used);
    let names: BTreeSet<String> = patterns.keys().cloned().collect();
    // Which region a passed role is asked for in, no page says.
    let is_pass_role = action.eq_ignore_ascii_case("iam:PassRole");
    let names_region = is_pass_role || (!used.is_as_granted && conditions::names_region(&names));
    let service = action.split(':').next();
    let with_service = elements.iter().filter(|((other, name, _), held)| {
        *other == place && name.split(':').next() == service && !held.needs.is_empty()
    });
    let all: Vec<&Need> = with_service.flat_map(|(_, used)| of(used)).collect();
    let mut drawn = conditions::of_action(&own, grant, options);
    drawn.extend(conditions::of_service(&all, grant, options, names_region));
    drawn
}

impl Draft {
    /// Makes the statement anew from its parts.
    pub(super) fn build(&mut self, grant: &Grant) {
        let mut statement = Statement {
            sid: self.statement.sid.clone(),
            effect: grant.statement.effect,
            principal: None,
            action: grant.statement.action.clone(),
            resource: grant.statement.resource.clone(),
            conditions: grant.statement.conditions.clone(),
        };
        self.own_conditions = statement.conditions.len();
        self.write_parts(&mut statement);
        self.statement = statement;
    }

    /// Writes actions, resources and drawn conditions into a statement that has the grant's own conditions first.
    pub(super) fn write_parts(&self, statement: &mut Statement) {
        let list = |texts: Vec<String>| match texts.as_slice() {
            [only] => OneOrMany::One(only.clone()),
            _ => OneOrMany::Many(texts),
        };
        statement.action = ActionElement::Action(list(self.actions.keys().cloned().collect()));
        let own = || ResourceElement::Resource(list(self.resources.keys().cloned().collect()));
        statement.resource = Some(self.granted.clone().unwrap_or_else(own));
        statement.conditions.truncate(self.own_conditions);
        statement.conditions.extend(self.drawn.iter().map(Drawn::condition));
    }

    /// Every need behind it.
    pub(super) fn needs(&self) -> BTreeSet<usize> {
        self.actions.values().flatten().copied().collect()
    }
}

impl Draft {
    /// Leaves out actions that no call needs.
    pub(super) fn leave_out(&mut self, grant: &Grant, is_idle: impl Fn(&Statement) -> bool) {
        let one = |action: &String| Statement {
            action: ActionElement::Action(OneOrMany::One(action.clone())),
            ..self.statement.clone()
        };
        let idle = |(action, needs): (&String, &BTreeSet<usize>)| {
            (needs.is_empty() && is_idle(&one(action))).then(|| action.clone())
        };
        let idle: Vec<String> = self.actions.iter().filter_map(idle).collect();
        for action in &idle {
            self.actions.remove(action);
        }
        if !idle.is_empty() {
            self.build(grant);
        }
    }

    /// Gives back all the resources that the old statement names.
    pub(super) fn widen(&mut self, grant: &Grant) {
        self.granted.clone_from(&grant.statement.resource);
        self.resources.clear();
        self.build(grant);
    }
}

/// Gives each statement a `Sid` that says what it is for. No two differ by a number at their ends alone, nor has one the `Sid` of a
/// `Deny` that stays: a reviewer reads them, and AWS wants them unique within a policy (IAM User Guide, *Sid*).
pub(super) fn name(drafts: &mut [Draft], denies: &[Statement]) {
    drafts.sort_by(|a, b| (a.kind, a.actions.keys().next()).cmp(&(b.kind, b.actions.keys().next())));
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for draft in drafts.iter() {
        let count = counts.entry(numberless(&title(draft))).or_default();
        *count = count.saturating_add(1);
    }
    let sids = denies.iter().filter_map(|statement| statement.sid.as_deref());
    let mut taken: BTreeSet<String> = sids.map(numberless).collect();
    for draft in drafts {
        let first = title(draft);
        let is_alone = counts.get(&numberless(&first)) == Some(&1);
        let plain = is_alone.then(|| first.clone()).into_iter();
        // `A`, `B` … where nothing else tells them apart
        let lettered = (0..).map(|number| format!("{first}{}", letters(number)));
        let mut titles = plain.chain([by_type(draft), by_action(draft)]).chain(lettered);
        let chosen = titles.find(|title| !taken.contains(&numberless(title)));
        taken.extend(chosen.as_deref().map(numberless));
        draft.statement.sid = chosen;
    }
}

/// What a reader tells it apart by: all but a number at the end.
fn numberless(sid: &str) -> String {
    sid.trim_end_matches(|one: char| one.is_ascii_digit()).to_owned()
}

/// `A`, `B`, … `Z`, `AA`: as a spreadsheet counts its columns.
pub(super) fn letters(number: usize) -> String {
    let before = (number / 26).checked_sub(1).map(letters);
    before.into_iter().chain(('A'..='Z').nth(number % 26).map(String::from)).collect()
}

/// `DynamodbReadTideTables`: the service, what is done, and on what, when that is one thing.
fn title(draft: &Draft) -> String {
    let what = match draft.resources.keys().collect::<Vec<_>>().as_slice() {
        [only] => camel(
            only.rsplit(['/', ':']).find(|part| part.chars().any(char::is_alphanumeric)).unwrap_or_default(),
        ),
        _ => String::new(),
    };
    titled(draft, &format!("{}{what}", levels(draft.actions.keys()).concat()))
}

/// `Ec2WriteVolume`: the service, what is done, and on what types of resource.
fn by_type(draft: &Draft) -> String {
    let of_arn = |arn: &String| arn.split(':').nth(5).and_then(|rest| rest.split('/').next()).map(camel);
    let types: BTreeSet<String> = draft.resources.keys().filter_map(of_arn).collect();
    let types: String = types.into_iter().take(3).collect();
    titled(draft, &format!("{}{types}", levels(draft.actions.keys()).concat()))
}

/// `Ec2DeleteVolume`: the first actions by their names.
fn by_action(draft: &Draft) -> String {
    let names = draft.actions.keys().filter_map(|action| action.split(':').nth(1));
    titled(draft, &names.take(2).map(camel).collect::<String>())
}

fn titled(draft: &Draft, rest: &str) -> String {
    let service = draft.actions.keys().next().and_then(|action| action.split(':').next()).unwrap_or_default();
    let prefix = match draft.kind {
        ElementKind::Kept => "Kept",
        ElementKind::Unseen => "Unseen",
        ElementKind::Possible => POSSIBLE,
        ElementKind::Needed => "",
    };
    let title = format!("{prefix}{}{rest}", camel(service));
    title.chars().take(SID_CHARACTERS_MAX).collect()
}

fn levels<'a>(actions: impl Iterator<Item = &'a String>) -> Vec<&'static str> {
    let catalogue = Catalogue::embedded();
    let levels: BTreeSet<AccessLevel> = actions
        .filter_map(|action| catalogue.action(action))
        .flat_map(|id| catalogue.access_levels(id))
        .collect();
    levels
        .into_iter()
        .map(|level| match level {
            AccessLevel::List => "List",
            AccessLevel::Read => "Read",
            AccessLevel::Write => "Write",
            AccessLevel::Tagging => "Tag",
            AccessLevel::PermissionsManagement => "Permissions",
        })
        .collect()
}

/// Letters and digits alone, words beginning with capitals: what a `Sid` may hold.
fn camel(text: &str) -> String {
    let words = text.split(|one: char| !one.is_ascii_alphanumeric());
    let word = |word: &str| -> String {
        let mut letters = word.chars();
        letters.next().map(|one| one.to_ascii_uppercase()).into_iter().chain(letters).collect()
    };
    words.map(word).collect()
}

/// Every part of every statement with the calls behind it.
pub(super) fn evidence(drafts: &[Draft], needs: &[Need]) -> Vec<Element> {
    let mut elements = Vec::new();
    for draft in drafts {
        let sid = draft.statement.sid.clone().unwrap_or_default();
        let mut add = |part, text: String, kind, support| {
            elements.push(Element { sid: sid.clone(), part, text, kind, support });
        };
        for (action, behind) in &draft.actions {
            let support = support(behind.iter().filter_map(|need| needs.get(*need)), 1);
            add("action", action.clone(), draft.kind, support);
        }
        let all = draft.needs();
        for (pattern, names) in &draft.resources {
            let glob = kagimori_policy::glob::Glob::policy(pattern);
            let reached =
                all.iter().filter_map(|need| needs.get(*need)).filter(|need| match &need.resource {
                    CheckedResource::Arn(arn) => {
                        pattern == "*" || glob.matches(arn) || *pattern == resources::literal(arn)
                    }
                    CheckedResource::Pattern(text) => glob.covers(&kagimori_policy::glob::Glob::policy(text)),
                    CheckedResource::None => pattern == "*",
                    CheckedResource::Unknown => false,
                });
            add("resource", pattern.clone(), draft.kind, support(reached, *names));
        }
        for granted in draft.granted.iter().flat_map(|granted| granted.patterns().0) {
            let behind = all.iter().filter_map(|need| needs.get(*need));
            add("resource", granted.clone(), draft.kind, support(behind, 1));
        }
        for drawn in &draft.drawn {
            for (value, calls) in &drawn.values {
                let behind = support(all.iter().filter_map(|need| needs.get(*need)), 1);
                let support = behind.map(|support| Support { calls: *calls, ..support });
                add("condition", format!("{} {} {value}", drawn.key, drawn.operator), draft.kind, support);
            }
        }
    }
    elements
}

fn support<'n>(needs: impl Iterator<Item = &'n Need>, names: usize) -> Option<Support> {
    let mut sum: Option<Support> = None;
    for need in needs {
        let held = sum.get_or_insert_with(|| Support {
            calls: 0,
            first: need.witness.clone(),
            last: need.last,
            names: names.max(1),
        });
        held.calls = held.calls.saturating_add(need.count);
        held.first = first(Some(held.first.clone()), &need.witness);
        held.last = held.last.max(need.last);
    }
    sum
}
