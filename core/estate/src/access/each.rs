//! One question about many resources: what no policy tells apart is decided once.
//!
//! Which resources a decision can tell apart is said by the `Resource` patterns of the statements that name the action, in
//! every layer, and by the condition keys that the resources themselves bring. The resources are parted by these; one of each
//! part is decided.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use fixedbitset::FixedBitSet;
use kagimori_id::ArnParts;
use kagimori_id::arn::padded_parts;
use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::document::{Effect, ResourceElement, Statement, Version};
use kagimori_policy::glob::{Glob, Token};
use kagimori_policy::pattern::matches;
use kagimori_policy::policies::Layer;
use kagimori_policy::reference;
use kagimori_policy::request::{Context, Fact};
use kagimori_policy::variable::{Piece, pieces};

use super::guardrails::Possible;
use super::{Access, DocumentId, May, Question, Subject, keys_of};
use kagimori_id::AccountId;

const BOUNDARY: &str = "iam:PermissionsBoundary";

/// Resources of IAM of one kind in one account: users, roles, groups or policies.
#[derive(Debug)]
pub struct Targets {
    account: AccountId,
    arns: Vec<String>,
    contexts: Vec<Vec<(String, Fact)>>,
    /// Places by the resource part of the ARN, in lower case.
    by_resource: BTreeMap<String, Vec<usize>>,
    /// A number for each, the same for those that bring the same condition keys.
    brings: Vec<usize>,
    /// Those that bring the same, by their number.
    alike: Vec<FixedBitSet>,
    /// All of them; `None`: there are none.
    all: Option<FixedBitSet>,
    /// The names of the keys they bring.
    keys: Vec<String>,
    matched: std::cell::RefCell<HashMap<(String, Glob), FixedBitSet>>,
}

/// Those to be asked about, and what tells them apart beside names and the keys they bring.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Among<'s> {
    /// These only.
    pub set: &'s FixedBitSet,
    /// A number for each that is the same where the subject cannot tell them apart, such as a trust policy.
    pub apart: &'s dyn Fn(usize) -> usize,
}

/// A resource to be asked about.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Target {
    /// Its ARN.
    pub arn: String,
    /// The condition keys it brings.
    pub context: Vec<(String, Fact)>,
}

/// Sets of [`Targets`], by how surely something holds for them: each set holds the one before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "one set for each of the three")]
pub struct Graded {
    /// Surely.
    pub surely: FixedBitSet,
    /// Surely, or under a condition.
    pub perhaps: FixedBitSet,
    /// Also where it is not known.
    pub open: FixedBitSet,
}

impl Graded {
    /// None of so many.
    pub fn none(len: usize) -> Self {
        let set = FixedBitSet::with_capacity(len);
        Self { surely: set.clone(), perhaps: set.clone(), open: set }
    }

    /// Every one of a set, as surely as that.
    pub fn of(set: &FixedBitSet, may: May) -> Self {
        let mut graded = Self::none(set.len());
        graded.add(set, may);
        graded
    }

    /// Adds a set, as surely as that.
    pub fn add(&mut self, set: &FixedBitSet, may: May) {
        for (own, least) in
            [(&mut self.surely, May::Surely), (&mut self.perhaps, May::If), (&mut self.open, May::Unknown)]
        {
            if may >= least {
                own.union_with(set);
            }
        }
    }

    /// What holds for both, as surely as the less sure.
    pub fn intersect(&mut self, other: &Self) {
        self.surely.intersect_with(&other.surely);
        self.perhaps.intersect_with(&other.perhaps);
        self.open.intersect_with(&other.open);
    }

    /// Nothing is surer than that any more.
    pub fn cap(&mut self, may: May) {
        for (own, least) in
            [(&mut self.surely, May::Surely), (&mut self.perhaps, May::If), (&mut self.open, May::Unknown)]
        {
            if may < least {
                own.clear();
            }
        }
    }

    /// How surely it holds for one.
    pub fn may(&self, place: usize) -> May {
        if self.surely.contains(place) {
            May::Surely
        } else if self.perhaps.contains(place) {
            May::If
        } else if self.open.contains(place) {
            May::Unknown
        } else {
            May::No
        }
    }

    /// Nothing is in it, however unsurely.
    pub fn is_empty(&self) -> bool {
        self.open.is_clear()
    }
}

impl Targets {
    /// Resources of one account.
    pub fn new(account: AccountId, targets: Vec<Target>) -> Self {
        let mut by_resource: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, target) in targets.iter().enumerate() {
            let resource = padded_parts(&target.arn)[5].to_ascii_lowercase();
            by_resource.entry(resource).or_default().push(place);
        }
        let mut numbers: HashMap<&[(String, Fact)], usize> = HashMap::new();
        let mut brings = Vec::with_capacity(targets.len());
        for target in &targets {
            let next = numbers.len();
            brings.push(*numbers.entry(target.context.as_slice()).or_insert(next));
        }
        let mut alike = vec![FixedBitSet::with_capacity(targets.len()); numbers.len()];
        for (place, number) in brings.iter().enumerate() {
            alike.get_mut(*number).into_iter().for_each(|set| set.insert(place));
        }
        let mut all = FixedBitSet::with_capacity(targets.len());
        all.insert_range(..);
        let all = (!targets.is_empty()).then_some(all);
        let brought = targets.iter().flat_map(|target| &target.context).map(|(key, _)| key.clone());
        let keys = brought.collect::<BTreeSet<String>>().into_iter().collect();
        let (arns, contexts) = targets.into_iter().map(|target| (target.arn, target.context)).unzip();
        let matched = std::cell::RefCell::default();
        Self { account, arns, contexts, by_resource, brings, alike, all, keys, matched }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.arns.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.arns.is_empty()
    }

    /// The ARN of one.
    pub fn arn(&self, place: usize) -> &str {
        self.arns.get(place).map_or("", String::as_str)
    }

    /// The place of the one with this ARN.
    pub fn place(&self, arn: &str) -> Option<usize> {
        let places = self.by_resource.get(&padded_parts(arn)[5].to_ascii_lowercase())?;
        places.iter().copied().find(|place| self.arn(*place) == arn)
    }

    /// Whether one of them has this ARN, but for the case of its letters: names are told apart without it (IAM User Guide,
    /// `reference_iam-quotas`).
    pub fn is_taken(&self, arn: &str) -> bool {
        self.by_resource.contains_key(&padded_parts(arn)[5].to_ascii_lowercase())
    }

    /// The question about one of them.
    pub fn question(&self, template: &Question, place: usize) -> Question {
        let mut question = template.clone();
        self.arn(place).clone_into(&mut question.resource);
        question.resource_account = Some(self.account);
        for (key, fact) in self.contexts.get(place).into_iter().flatten() {
            let fact = if has_key(&template.action, key) { fact.clone() } else { Fact::Absent };
            question.context.push((key.clone(), fact));
        }
        question
    }

    /// The parts that nothing but a pattern tells apart. `asks`: some policy asks for the keys they bring.
    fn parts(&self, among: Option<Among<'_>>, asks: bool) -> Vec<FixedBitSet> {
        let Some(among) = among else {
            return if asks { self.alike.clone() } else { self.all.iter().cloned().collect() };
        };
        let mut numbers: HashMap<(usize, usize), usize> = HashMap::new();
        let mut parts: Vec<FixedBitSet> = Vec::new();
        for place in among.set.ones() {
            let brings = if asks { self.brings.get(place).copied() } else { None };
            let next = parts.len();
            let at = *numbers.entry((brings.unwrap_or(0), (among.apart)(place))).or_insert(next);
            if at == next {
                parts.push(FixedBitSet::with_capacity(self.len()));
            }
            if let Some(part) = parts.get_mut(at) {
                part.insert(place);
            }
        }
        parts
    }

    /// Parts each part by a pattern.
    fn split(&self, parts: &mut Vec<FixedBitSet>, pattern: &Resolved) {
        let Some(matched) = self.matching(pattern) else { return };
        let mut split = Vec::new();
        for part in parts.iter_mut().filter(|part| !part.is_disjoint(&matched) && !part.is_subset(&matched)) {
            let mut inside = part.clone();
            inside.intersect_with(&matched);
            part.difference_with(&matched);
            split.push(inside);
        }
        parts.append(&mut split);
    }

    /// Adds those a statement's `Resource` matches; all, where it is told by what it is not.
    fn cover(
        &self,
        statement: &Statement,
        version: Option<Version>,
        context: &Context,
        set: &mut FixedBitSet,
    ) {
        let Some(ResourceElement::Resource(list)) = &statement.resource else {
            return set.insert_range(..);
        };
        for text in list.as_slice() {
            if text == "*" {
                return set.insert_range(..);
            }
            let Some(pattern) = Resolved::new(text, version, context) else { continue };
            match self.matching(&pattern) {
                Some(matched) => set.union_with(&matched),
                None if self.arns.first().is_some_and(|first| pattern.fits(first)) => set.insert_range(..),
                None => {}
            }
        }
    }

    /// Those a pattern matches; `None`: all or none, so that it tells nothing apart.
    fn matching(&self, pattern: &Resolved) -> Option<FixedBitSet> {
        if !pattern.fits(self.arns.first()?) || pattern.resource.tokens() == [Token::Many] {
            return None;
        }
        if let Some(text) = pattern.text() {
            let mut set = FixedBitSet::with_capacity(self.len());
            let places = self.by_resource.get(&text.to_ascii_lowercase()).into_iter().flatten();
            set.extend(places.copied().filter(|place| pattern.matches(self.arn(*place))));
            return Some(set);
        }
        let key = (pattern.head.join(":"), pattern.resource.clone());
        if let Some(known) = self.matched.borrow().get(&key) {
            return Some(known.clone());
        }
        let mut set = FixedBitSet::with_capacity(self.len());
        // What a pattern matches begins as it does, up to its first wildcard.
        let beginning = pattern.beginning().to_ascii_lowercase();
        let range = self.by_resource.range::<str, _>((Bound::Included(beginning.as_str()), Bound::Unbounded));
        let near = range.take_while(|(resource, _)| resource.starts_with(&beginning));
        let places = near.flat_map(|(_, places)| places.iter().copied());
        set.extend(places.filter(|place| pattern.matches(self.arn(*place))));
        self.matched.borrow_mut().insert(key, set.clone());
        Some(set)
    }
}

/// Whether a call has the key `iam:PermissionsBoundary`, which is about the boundary of the identity it acts on; every call
/// has the tags of its resource.
pub fn has_key(action: &str, key: &str) -> bool {
    let catalogue = Catalogue::embedded();
    let Some(id) = catalogue.action(action).filter(|_| key == BOUNDARY) else { return true };
    let is_key = |known: &str| known.eq_ignore_ascii_case(key);
    catalogue.action_keys(id).into_iter().any(is_key)
        || catalogue
            .resource_types(id)
            .iter()
            .any(|kind| catalogue.resource_keys(id, kind.key).into_iter().any(is_key))
}

/// A pattern of ARNs whose variables are replaced.
struct Resolved {
    head: [String; 5],
    resource: Glob,
    folds_case: bool,
}

impl Resolved {
    /// `None` when a variable has no value: the pattern matches nothing.
    fn new(pattern: &str, version: Option<Version>, context: &Context) -> Option<Self> {
        let [scheme, partition, service, region, account, resource] = padded_parts(pattern);
        let mut glob = Glob::default();
        for piece in pieces(resource, version) {
            match piece {
                Piece::Token(token) => glob.push(token),
                Piece::Variable { key, default } => match (context.get(&key), default) {
                    (Fact::One(value), _) => glob.extend(&Glob::literal(value)),
                    (Fact::Absent, Some(default)) => glob.extend(&Glob::literal(&default)),
                    (Fact::Absent | Fact::Many(_), _) => return None,
                    (Fact::Present | Fact::Unknown, _) => glob.push(Token::Many),
                },
            }
        }
        let folds_case = service == "iam" && resource.starts_with("user/");
        let head = [scheme, partition, service, region, account].map(str::to_owned);
        Some(Self { head, resource: if folds_case { glob.lower_case() } else { glob }, folds_case })
    }

    /// The pattern as a text again.
    fn whole(&self) -> String {
        let letter = |token: &Token| match token {
            Token::Char(letter) => *letter,
            Token::One => '?',
            Token::Many => '*',
        };
        let resource: String = self.resource.tokens().iter().map(letter).collect();
        format!("{}:{resource}", self.head.join(":"))
    }

    /// Whether the parts before the resource match those of an ARN.
    fn fits(&self, arn: &str) -> bool {
        let Some(arn) = ArnParts::split(arn) else { return false };
        self.head.iter().zip(arn.parts()).all(|(held, asked)| matches(held, asked))
    }

    /// The resource part, when it has no wildcard.
    fn text(&self) -> Option<String> {
        let letter = |token: &Token| if let Token::Char(c) = token { Some(*c) } else { None };
        self.resource.tokens().iter().map(letter).collect()
    }

    /// The resource part up to its first wildcard.
    fn beginning(&self) -> String {
        let letter = |token: &Token| if let Token::Char(c) = token { Some(*c) } else { None };
        self.resource.tokens().iter().map_while(letter).collect()
    }

    fn matches(&self, arn: &str) -> bool {
        let resource = padded_parts(arn)[5];
        if self.folds_case {
            self.resource.matches(&resource.to_ascii_lowercase())
        } else {
            self.resource.matches(resource)
        }
    }
}

/// Which of a list of actions the policies of subjects name: a first look that is far cheaper than a decision.
#[derive(Debug)]
pub struct Naming {
    /// By the document's place.
    documents: Vec<FixedBitSet>,
    all: FixedBitSet,
}

impl Naming {
    /// The places of the actions that an Allow of a subject's own policies names, or one that was not given might.
    pub fn of(&self, subject: &Subject) -> FixedBitSet {
        if subject.missing.iter().any(|document| document.layer == Layer::Identity) {
            return self.all.clone();
        }
        let mut set = FixedBitSet::with_capacity(self.all.len());
        for DocumentId(place) in &subject.identity {
            self.documents.get(*place).into_iter().for_each(|named| set.union_with(named));
        }
        set
    }
}

impl Access<'_> {
    /// Looks through every policy for these actions.
    pub fn naming(&self, actions: &[&str]) -> Naming {
        let lower: Vec<String> = actions.iter().map(|action| action.to_ascii_lowercase()).collect();
        let mut all = FixedBitSet::with_capacity(actions.len());
        all.insert_range(..);
        let named = |held: &super::Held<'_>| {
            let mut set = FixedBitSet::with_capacity(actions.len());
            let named = lower.iter().enumerate().filter(|(_, action)| held.compiled.names_action(action));
            set.extend(named.map(|(place, _)| place));
            set
        };
        Naming { documents: self.documents.iter().map(|held| named(held)).collect(), all }
    }

    /// How surely a subject may make a request, for each of these resources: those of `among`, or all. The question's own
    /// resource is not looked at.
    pub fn may_each(
        &self,
        subject: &Subject,
        template: &Question,
        targets: &Targets,
        among: Option<Among<'_>>,
    ) -> Graded {
        self.grade_each(subject, template, targets, among, |question| self.may(subject, question))
    }

    /// How surely a subject may assume each of these roles, once its trust policy names it.
    pub fn may_each_once_trusted(&self, subject: &Subject, template: &Question, targets: &Targets) -> Graded {
        self.grade_each(subject, template, targets, None, |question| self.may_once_trusted(subject, question))
    }

    fn grade_each(
        &self,
        subject: &Subject,
        template: &Question,
        targets: &Targets,
        among: Option<Among<'_>>,
        grade: impl Fn(&Question) -> May,
    ) -> Graded {
        let mut graded = Graded::none(targets.len());
        if targets.is_empty() || !self.is_candidate(subject, template) {
            return graded;
        }
        // Of none there is nothing to decide, and one is told apart from nothing: mostly few are asked about.
        let mut few = among.iter().flat_map(|among| among.set.ones()).take(2);
        match (among, few.next(), few.next()) {
            (Some(_), None, _) => return graded,
            (Some(among), Some(one), None) => {
                graded.add(among.set, grade(&targets.question(template, one)));
                return graded;
            }
            _ => {}
        }
        let (patterns, asks) = self.patterns(subject, template, targets);
        let mut parts = targets.parts(among, asks);
        if parts.is_empty() {
            return graded;
        }
        for pattern in &patterns {
            targets.split(&mut parts, pattern);
        }
        for part in &parts {
            if let Some(one) = part.ones().next() {
                graded.add(part, grade(&targets.question(template, one)));
            }
        }
        graded
    }

    /// The targets that an identity policy of the subject allows an action on, conditions aside; `None`: one of these policies was
    /// not given.
    pub fn granted(&self, subject: &Subject, template: &Question, targets: &Targets) -> Option<FixedBitSet> {
        if subject.missing.iter().any(|document| document.layer == Layer::Identity) {
            return None;
        }
        let context = self.request_of(subject, template, template.resource_account).context;
        let action = template.action.to_ascii_lowercase();
        let mut set = FixedBitSet::with_capacity(targets.len());
        for held in subject.identity.iter().filter_map(|id| self.held(*id)) {
            let places = held.compiled.statements_naming(&action);
            for statement in places.filter_map(|place| held.document.statements.get(place)) {
                if statement.effect == Effect::Allow {
                    targets.cover(statement, held.document.version, &context, &mut set);
                }
            }
        }
        Some(set)
    }

    /// The resource patterns of every statement that names the action; and whether one of them, or a trust policy, asks for a
    /// key that the targets bring.
    fn patterns(&self, subject: &Subject, template: &Question, targets: &Targets) -> (Vec<Resolved>, bool) {
        let question = Question { resource_account: Some(targets.account), ..template.clone() };
        let context = self.request_of(subject, &question, question.resource_account).context;
        let action = template.action.to_ascii_lowercase();
        let mut named: Vec<&str> = vec![&action];
        named.extend(self.besides(&template.action).map(|found| -> &str { found }));
        // What AWS lets nobody do is told apart by its resources, too.
        let protected = reference::protected_resources(&action);
        let mut resolved: Vec<Resolved> =
            protected.filter_map(|text| Resolved::new(&text, None, &context)).collect();
        let mut asks = reference::is_of_trust(&action)
            && targets.keys.iter().any(|key| self.trust_keys().contains(&key.to_ascii_lowercase()));
        for id in self.documents_in_effect(subject, targets.account) {
            let Some(held) = self.held(id) else { continue };
            let places = named.iter().flat_map(|action| held.compiled.statements_naming(action));
            for place in places.collect::<BTreeSet<usize>>() {
                let Some(statement) = held.document.statements.get(place) else { continue };
                asks |= asks_for(statement, &targets.keys);
                let texts = texts(statement);
                resolved
                    .extend(texts.filter_map(|text| Resolved::new(text, held.document.version, &context)));
            }
        }
        (resolved, asks)
    }

    /// Every document that may have a say when a subject acts in an account.
    pub(super) fn documents_in_effect(&self, subject: &Subject, owner: AccountId) -> Vec<DocumentId> {
        let mut ids = [subject.identity.as_slice(), subject.boundary.as_slice()].concat();
        if let Some(guardrails) = self.guardrails_of(subject, subject.account) {
            ids.extend(guardrails.service_control.iter().flat_map(|(_, ids)| ids).copied());
            ids.extend(guardrails.possible.iter().flat_map(Possible::documents).copied());
        }
        if let Some(guardrails) = self.guardrails_of(subject, owner) {
            ids.extend(guardrails.resource_control.iter().flat_map(|(_, ids)| ids).copied());
            ids.extend(guardrails.possible.iter().flat_map(Possible::documents).copied());
        }
        ids
    }
}

/// Whether a statement asks for one of these keys: in a condition, or in a variable.
fn asks_for(statement: &Statement, keys: &[String]) -> bool {
    let mut asked = BTreeSet::new();
    if !keys.is_empty() {
        keys_of(statement, &mut asked);
    }
    keys.iter().any(|key| asked.contains(&key.to_ascii_lowercase()))
}

/// The `Resource` patterns of a statement, with their variables replaced.
pub(super) fn resolved_texts(
    statement: &Statement,
    version: Option<Version>,
    context: &Context,
) -> impl Iterator<Item = String> {
    let patterns = statement.resource.as_ref().map(|resource| resource.patterns().0).unwrap_or_default();
    patterns.iter().filter_map(move |text| Some(Resolved::new(text, version, context)?.whole()))
}

fn texts(statement: &Statement) -> impl Iterator<Item = &str> {
    let patterns = statement.resource.as_ref().map(|resource| resource.patterns().0).unwrap_or_default();
    patterns.iter().map(String::as_str).filter(|pattern| *pattern != "*")
}

impl std::fmt::Debug for Among<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Among").field("set", &self.set).finish_non_exhaustive()
    }
}
