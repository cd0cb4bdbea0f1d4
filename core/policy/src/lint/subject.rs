//! What a rule looks at, where it points, and where it puts what it found.

use std::cell::{Cell, OnceCell};

use super::Options;
use super::parties;
use super::rule::{Level, RuleId};
use super::witness::{self, Witness};
use crate::catalogue::{ActionSet, Catalogue};
use crate::document::{Document, Effect, Statement, Version};
use crate::request::Principal;
use crate::validate::PolicyKind;

/// A document under judgement.
pub(super) struct Subject<'a> {
    pub(super) kind: PolicyKind,
    pub(super) document: &'a Document,
    pub(super) statements: Vec<Held<'a>>,
    /// The account that owns the document: the one it names, else the one that AWS's pages write.
    pub(super) owner: String,
    /// Somebody else's account.
    pub(super) outsider: String,
    /// The partition of its ARNs.
    pub(super) partition: &'static str,
    accounts: Vec<&'a str>,
}

/// A statement with its place in the text.
pub(super) struct Held<'a> {
    pub(super) statement: &'a Statement,
    /// Its place among the well-formed statements of the document.
    pub(super) number: usize,
    path: Path,
    actions: OnceCell<ActionSet>,
}

/// From the document down to an element. An index into something that is no list is the thing itself, so that rules need
/// not know whether one string or a list was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(pub(super) Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Item(usize),
}

impl Path {
    pub(super) fn key(mut self, key: &str) -> Self {
        self.0.push(Step::Key(key.to_owned()));
        self
    }

    pub(super) fn item(mut self, item: usize) -> Self {
        self.0.push(Step::Item(item));
        self
    }
}

impl<'a> Subject<'a> {
    /// `numbers`: the place of each well-formed statement in the text.
    pub(super) fn new(document: &'a Document, kind: PolicyKind, numbers: &[usize]) -> Self {
        let held = |(number, (statement, place)): (usize, (&'a Statement, &usize))| Held {
            statement,
            number,
            path: Path::default().key("Statement").item(*place),
            actions: OnceCell::new(),
        };
        let statements = document.statements.iter().zip(numbers).enumerate().map(held).collect();
        let accounts = parties::accounts(document);
        let owner = parties::owner(document, kind).unwrap_or(parties::OWNER).to_owned();
        let outsider = parties::outsider(&accounts).to_owned();
        Self {
            kind,
            document,
            statements,
            owner,
            outsider,
            partition: parties::partition(document),
            accounts,
        }
    }

    /// Whether the document names an account.
    pub(super) fn names_account(&self, account: &str) -> bool {
        self.owner == account || self.accounts.contains(&account)
    }

    /// A session of a role of the owning account.
    pub(super) fn insider(&self) -> Principal {
        witness::session(&self.owner)
    }

    /// A session of a role of another account.
    pub(super) fn outsider(&self) -> Principal {
        witness::session(&self.outsider)
    }

    pub(super) fn version(&self) -> Option<Version> {
        self.document.version
    }

    /// Whether its Allow statements give something; a boundary and an SCP only limit, and an endpoint's default is everything.
    pub(super) fn grants(&self) -> bool {
        use PolicyKind::{Identity, Resource, Session, Trust};
        matches!(self.kind, Identity | Resource | Session | Trust)
    }

    pub(super) fn of(&self, effect: Effect) -> impl Iterator<Item = &Held<'a>> {
        self.statements.iter().filter(move |held| held.statement.effect == effect)
    }
}

impl Held<'_> {
    pub(super) fn path(&self) -> Path {
        self.path.clone()
    }

    /// The place of an element.
    pub(super) fn at(&self, element: &str) -> Path {
        self.path().key(element)
    }

    /// The actions of the catalogue that the statement is about.
    pub(super) fn actions(&self) -> &ActionSet {
        self.actions.get_or_init(|| {
            let catalogue = Catalogue::embedded();
            let (patterns, negated) = self.statement.action.patterns();
            let mut set = ActionSet::none(catalogue);
            for pattern in patterns {
                catalogue.expand_into(&mut set, pattern);
            }
            if negated { set.complement() } else { set }
        })
    }

    pub(super) fn action_element(&self) -> &'static str {
        if self.statement.action.patterns().1 { "NotAction" } else { "Action" }
    }

    pub(super) fn resource_element(&self) -> &'static str {
        let is_negated = self.statement.resource.as_ref().is_some_and(|element| element.patterns().1);
        if is_negated { "NotResource" } else { "Resource" }
    }

    pub(super) fn resources(&self) -> &[String] {
        self.statement.resource.as_ref().map_or(&[], |element| element.patterns().0)
    }

    pub(super) fn is_allow(&self) -> bool {
        self.statement.effect == Effect::Allow
    }

    /// `the statement`, by its Sid where it has one.
    pub(super) fn name(&self) -> String {
        match self.statement.sid.as_deref() {
            Some(sid) if !sid.is_empty() => format!("the statement `{}`", shortened(sid)),
            _ => format!("statement {}", self.number.saturating_add(1)),
        }
    }
}

/// Something found, before its place in the text is known.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) rule: RuleId,
    pub(super) level: Level,
    pub(super) path: Path,
    pub(super) message: String,
    pub(super) witness: Option<Witness>,
}

/// So many pairs of patterns are compared as sets, character by character, in one document. Policies within AWS's quotas stay
/// far below; beyond it redundancy is not looked for, which loses suggestions only.
const COMPARISONS_MAX: u32 = 5_000;

/// Takes in what rules find, as far as the settings want it.
pub(super) struct Sink<'o> {
    options: &'o Options,
    pub(super) drafts: Vec<Draft>,
    comparisons: Cell<u32>,
}

impl<'o> Sink<'o> {
    pub(super) fn new(options: &'o Options) -> Self {
        Self { options, drafts: Vec::new(), comparisons: Cell::new(0) }
    }

    /// Whether anybody wants to know; asked before dear work.
    pub(super) fn wants(&self, rule: RuleId) -> bool {
        self.options.level(rule) != Level::Off
    }

    /// Whether one more pair of patterns may be compared as sets.
    pub(super) fn may_compare(&self) -> bool {
        let so_far = self.comparisons.get();
        self.comparisons.set(so_far.saturating_add(1));
        so_far < COMPARISONS_MAX
    }

    pub(super) fn add(&mut self, rule: RuleId, path: Path, message: String) {
        self.put(rule, self.options.level(rule), path, message, None);
    }

    /// As [`Self::add`], where it is less sure than the rule is mostly: a suggestion, unless the settings say how bad the rule is.
    pub(super) fn suggest(&mut self, rule: RuleId, path: Path, message: String) {
        let level = self.options.level(rule);
        let is_set = self.options.levels.contains_key(&rule);
        self.put(rule, if is_set { level } else { level.max(Level::Suggestion) }, path, message, None);
    }

    pub(super) fn show(&mut self, rule: RuleId, path: Path, message: String, witness: Witness) {
        self.put(rule, self.options.level(rule), path, message, Some(witness));
    }

    fn put(&mut self, rule: RuleId, level: Level, path: Path, message: String, witness: Option<Witness>) {
        if level != Level::Off {
            self.drafts.push(Draft { rule, level, path, message, witness });
        }
    }
}

/// A text from a document without what a terminal would obey: control characters, and those that turn the direction of
/// writing.
pub fn printable(text: &str) -> String {
    let is_invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if is_invisible(c) { '\u{fffd}' } else { c }).collect()
}

/// The user's words in a message: not longer than a line takes.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 80;
    let short: String = printable(text).chars().take(LONGEST).collect();
    if text.chars().count() > LONGEST { format!("{short}…") } else { short }
}
