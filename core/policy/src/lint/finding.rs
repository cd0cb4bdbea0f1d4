//! What comes out of the linter.

use super::options::Options;
use super::place::{self, Lines, Place};
use super::rule::{Level, RuleId};
use super::source::Found;
use super::spans::{DEPTH_MAX, Node, Span};
use super::subject::{Draft, shortened};
use super::witness::Witness;
use crate::validate::PolicyKind;

/// What was found in the documents of one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// Each document, in the order of the text.
    pub policies: Vec<Policy>,
    /// How many of AWS's own managed policies were left out.
    pub of_aws: usize,
    /// Whether there was any document, or something meant as one.
    pub is_policy: bool,
}

/// One document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// Of whom or what it is; empty when the text is the document.
    pub name: String,
    /// What it is attached to.
    pub kind: PolicyKind,
    /// Whether the kind was guessed.
    pub is_guess: bool,
    /// What was found, in the order of the text.
    pub findings: Vec<Finding>,
}

/// Something found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The rule.
    pub rule: RuleId,
    /// How bad it is.
    pub level: Level,
    /// The element, as a JSON pointer from the document on.
    pub pointer: String,
    /// The Sid of its statement, when it has one.
    pub sid: Option<String>,
    /// Where it stands in the text.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// A request that shows it.
    pub witness: Option<Witness>,
}

impl Checked {
    pub(super) fn of(policies: Vec<Policy>) -> Self {
        Self { policies, of_aws: 0, is_policy: true }
    }

    pub(super) fn settled(mut self) -> Self {
        self.is_policy = !self.policies.is_empty() || self.of_aws > 0;
        self
    }
}

impl Policy {
    pub(super) fn new(
        found: &Found<'_>,
        kind: PolicyKind,
        is_guess: bool,
        drafts: Vec<Draft>,
        root: &Node<'_>,
        lines: &Lines<'_>,
        places: Option<&Vec<usize>>,
    ) -> Self {
        let mut findings: Vec<Finding> =
            drafts.into_iter().map(|draft| Finding::new(draft, root, lines, places)).collect();
        findings.sort_by(|a, b| {
            (a.place, a.level, a.rule, &a.message).cmp(&(b.place, b.level, b.rule, &b.message))
        });
        findings.dedup();
        Self { name: found.name.clone(), kind, is_guess, findings }
    }

    pub(super) fn new_empty(found: &Found<'_>) -> Self {
        Self { name: found.name.clone(), kind: PolicyKind::Identity, is_guess: true, findings: Vec::new() }
    }

    /// A text that is not JSON.
    pub(super) fn unreadable(text: &str, error: &serde_json::Error, options: &Options) -> Self {
        let whole = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let said = whole.strip_suffix(&place).unwrap_or(&whole);
        let message = if text.trim().is_empty() { "the text is empty".to_owned() } else { said.to_owned() };
        Self::of_text(Place::point(error.line(), error.column()), message, options)
    }

    /// A text that is nested too deep to be looked at.
    pub(super) fn too_deep(text: &str, place: usize, options: &Options) -> Self {
        let span = Span { start: place, end: place.saturating_add(1) };
        let message = format!("the text is nested deeper than {DEPTH_MAX} levels, which no policy is");
        Self::of_text(Lines::new(text).place(span), message, options)
    }

    fn of_text(place: Place, message: String, options: &Options) -> Self {
        let level = options.level(super::UNREADABLE);
        let finding = Finding {
            rule: super::UNREADABLE,
            level,
            pointer: String::new(),
            sid: None,
            place,
            message,
            witness: None,
        };
        let findings = if level == Level::Off { Vec::new() } else { vec![finding] };
        Self {
            name: String::new(),
            kind: options.kind.unwrap_or(PolicyKind::Identity),
            is_guess: false,
            findings,
        }
    }
}

impl Finding {
    fn new(draft: Draft, root: &Node<'_>, lines: &Lines<'_>, places: Option<&Vec<usize>>) -> Self {
        let end = place::resolve(root, &draft.path);
        let span = places.map_or(end.span(), |places| outer(end.span(), places));
        let pointer = end.pointer;
        let sid = sid(root, &draft);
        let Draft { rule, level, message, witness, .. } = draft;
        Self { rule, level, pointer, sid, place: lines.place(span), message, witness }
    }

    /// What to do.
    pub fn fix(&self) -> &'static str {
        self.rule.rule().fix
    }
}

/// The Sid of the statement that a way leads through.
fn sid(root: &Node<'_>, draft: &Draft) -> Option<String> {
    let statement = super::subject::Path(draft.path.0.get(..2)?.to_vec());
    let sid = place::resolve(root, &statement).node.get("Sid")?.text()?;
    (!sid.is_empty()).then(|| shortened(sid))
}

/// From a place inside a string to the place in the text around it.
fn outer(span: Span, places: &[usize]) -> Span {
    let last = places.last().map_or(0, |last| last.saturating_add(1));
    let start = places.get(span.start).copied().unwrap_or(last);
    let before_end = span.end.checked_sub(1).and_then(|end| places.get(end)).copied();
    Span { start, end: before_end.map_or(last, |end| end.saturating_add(1)) }
}
