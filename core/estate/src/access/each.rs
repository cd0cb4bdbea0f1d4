//! One question about many resources: what no policy tells apart is decided once.
//!
//! Which resources a decision can tell apart is said by the `Resource` patterns of the statements that name the action, in
//! every layer, and by the condition keys that the resources themselves bring. The resources are parted by these; one of each
//! part is decided.

use std::collections::HashMap;

use fixedbitset::FixedBitSet;
use kagimori_policy::arn::{Arn, padded_parts};
use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::document::{Statement, Version};
use kagimori_policy::glob::{Glob, Token};
use kagimori_policy::pattern::matches;
use kagimori_policy::policies::Layer;
use kagimori_policy::request::{Context, Fact};
use kagimori_policy::variable::{Piece, pieces};

use super::questions::request;
use super::{Access, DocumentId, May, Question, Subject};
use crate::id::AccountId;

const BOUNDARY: &str = "iam:PermissionsBoundary";

/// Resources of IAM of one kind in one account: users, roles, groups or policies.
#[derive(Debug)]
pub struct Targets {
    account: AccountId,
    arns: Vec<String>,
    contexts: Vec<Vec<(String, Fact)>>,
    /// Places by the resource part of the ARN, in lower case.
    by_resource: HashMap<String, Vec<usize>>,
    /// Those that bring the same condition keys, and are not told apart otherwise.
    parts: Vec<FixedBitSet>,
    matched: std::cell::RefCell<HashMap<(String, Glob), FixedBitSet>>,
}

/// A resource to be asked about.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Target {
    /// Its ARN.
    pub arn: String,
    /// The condition keys it brings.
    pub context: Vec<(String, Fact)>,
    /// A number that is the same where nothing else tells resources apart, such as a trust policy.
    pub apart: usize,
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
        let len = targets.len();
        let mut by_resource: HashMap<String, Vec<usize>> = HashMap::new();
        let mut alike: HashMap<(Vec<(String, Fact)>, usize), usize> = HashMap::new();
        let mut parts: Vec<FixedBitSet> = Vec::new();
        for (place, target) in targets.iter().enumerate() {
            let resource = padded_parts(&target.arn)[5].to_ascii_lowercase();
            by_resource.entry(resource).or_default().push(place);
            let part = *alike.entry((target.context.clone(), target.apart)).or_insert(parts.len());
            if part == parts.len() {
                parts.push(FixedBitSet::with_capacity(len));
            }
            if let Some(part) = parts.get_mut(part) {
                part.insert(place);
            }
        }
        let (arns, contexts) = targets.into_iter().map(|target| (target.arn, target.context)).unzip();
        Self { account, arns, contexts, by_resource, parts, matched: std::cell::RefCell::default() }
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

    /// Those a pattern matches; `None`: all or none, so that it tells nothing apart.
    fn matching(&self, pattern: &Resolved) -> Option<FixedBitSet> {
        let first = Arn::split(self.arns.first()?)?.parts();
        let fits = pattern.head.iter().zip(first).all(|(held, asked)| matches(held, asked));
        if !fits || pattern.resource.tokens() == [Token::Many] {
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
        set.extend((0..self.len()).filter(|place| pattern.matches(self.arn(*place))));
        self.matched.borrow_mut().insert(key, set.clone());
        Some(set)
    }
}

/// Whether a call has the key `iam:PermissionsBoundary`, which is about the boundary of the identity it acts on; every call
/// has the tags of its resource.
fn has_key(action: &str, key: &str) -> bool {
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

    /// The resource part, when it has no wildcard.
    fn text(&self) -> Option<String> {
        let letter = |token: &Token| if let Token::Char(c) = token { Some(*c) } else { None };
        self.resource.tokens().iter().map(letter).collect()
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
        Naming { documents: self.documents.iter().map(named).collect(), all }
    }

    /// How surely a subject may make a request, for each of these resources: those of `among`, or all. The question's own
    /// resource is not looked at.
    pub fn may_each(
        &self,
        subject: &Subject,
        template: &Question,
        targets: &Targets,
        among: Option<&FixedBitSet>,
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
        among: Option<&FixedBitSet>,
        grade: impl Fn(&Question) -> May,
    ) -> Graded {
        let mut graded = Graded::none(targets.len());
        if targets.is_empty() || !self.is_candidate(subject, template) {
            return graded;
        }
        let mut parts = targets.parts.clone();
        if let Some(among) = among {
            parts.iter_mut().for_each(|part| part.intersect_with(among));
            parts.retain(|part| !part.is_clear());
        }
        if parts.is_empty() {
            return graded;
        }
        for pattern in &self.patterns(subject, template, targets.account) {
            targets.split(&mut parts, pattern);
        }
        for part in &parts {
            if let Some(one) = part.ones().next() {
                graded.add(part, grade(&targets.question(template, one)));
            }
        }
        graded
    }

    /// The resource patterns of every statement that names the action.
    fn patterns(&self, subject: &Subject, template: &Question, owner: AccountId) -> Vec<Resolved> {
        let question = Question { resource_account: Some(owner), ..template.clone() };
        let context = request(subject, &question).context;
        let action = template.action.to_ascii_lowercase();
        let mut resolved = Vec::new();
        for id in self.documents_in_effect(subject, owner) {
            let Some(held) = self.held(id) else { continue };
            for place in held.compiled.statements_naming(&action) {
                let statement = held.document.statements.get(place);
                resolved.extend(
                    statement
                        .into_iter()
                        .flat_map(texts)
                        .filter_map(|text| Resolved::new(text, held.document.version, &context)),
                );
            }
        }
        resolved
    }

    /// Every document that may have a say when a subject acts in an account.
    fn documents_in_effect(&self, subject: &Subject, owner: AccountId) -> Vec<DocumentId> {
        let mut ids = [subject.identity.as_slice(), subject.boundary.as_slice()].concat();
        if let Some(guardrails) = self.guardrails.get(&subject.account) {
            ids.extend(guardrails.service_control.iter().flat_map(|(_, ids)| ids).copied());
        }
        if let Some(guardrails) = self.guardrails.get(&owner) {
            ids.extend(guardrails.resource_control.iter().flat_map(|(_, ids)| ids).copied());
        }
        ids
    }
}

fn texts(statement: &Statement) -> impl Iterator<Item = &str> {
    let patterns = statement.resource.as_ref().map(|resource| resource.patterns().0).unwrap_or_default();
    patterns.iter().map(String::as_str).filter(|pattern| *pattern != "*")
}
