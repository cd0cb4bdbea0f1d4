//! Texts as sets: patterns, and a text that is in some of them and in none of others.
//!
//! Actions, ARNs and the texts of conditions are all searched here. A pattern with a policy variable is opaque: nothing
//! is assumed about which texts it matches but that they fit around the variable, and that it matches the same texts
//! wherever the same pattern stands.

use std::collections::{BTreeSet, VecDeque};

/// One step of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// This character.
    Char(char),
    /// This ASCII letter in either case; other characters stand for themselves. Held in lower case.
    Fold(char),
    /// Every character whose lower case is this one, beyond ASCII too (`K`, the Kelvin sign, is a `k`).
    FoldAll(char),
    /// Any one character.
    One,
    /// Any run of characters.
    Many,
    /// Any one character but a colon: `?` in a part of an ARN before the last.
    OneInPart,
    /// Any run without a colon: `*` in a part of an ARN before the last.
    ManyInPart,
}

/// A pattern of texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    /// What a text must look like; for an opaque pattern, at least.
    pub(super) steps: Vec<Step>,
    /// The name of the pattern when its steps do not say all.
    pub(super) opaque: Option<String>,
}

/// A text, with the opaque patterns it is taken to match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) matched: Vec<String>,
}

/// The search for something that fulfils every demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Solved<T> {
    /// There is nothing.
    Empty,
    /// This fulfils them.
    Found(T),
    /// Neither is known, for this reason.
    Unknown(String),
}

impl Step {
    fn takes(self, c: char) -> bool {
        match self {
            Self::Char(expected) => expected == c,
            Self::Fold(expected) => expected == c.to_ascii_lowercase(),
            Self::FoldAll(expected) => c.to_lowercase().eq(std::iter::once(expected)),
            Self::One | Self::Many => true,
            Self::OneInPart | Self::ManyInPart => c != ':',
        }
    }

    fn is_run(self) -> bool {
        matches!(self, Self::Many | Self::ManyInPart)
    }

    /// The characters that this step tells from the others.
    fn named(self) -> Vec<char> {
        match self {
            Self::Char(c) => vec![c],
            Self::Fold(c) => vec![c, c.to_ascii_uppercase()],
            Self::FoldAll('k') => vec!['k', 'K', '\u{212a}'],
            Self::FoldAll(c) => vec![c, c.to_ascii_uppercase()],
            Self::OneInPart | Self::ManyInPart => vec![':'],
            Self::One | Self::Many => Vec::new(),
        }
    }
}

impl Pattern {
    pub(super) fn exact(steps: Vec<Step>) -> Self {
        Self { steps, opaque: None }
    }

    pub(super) fn literal(text: &str) -> Self {
        Self::exact(text.chars().map(Step::Char).collect())
    }

    /// Both wildcards, ASCII letters in either case.
    pub(super) fn folded(text: &str) -> Self {
        let step = |c: char| match c {
            '*' => Step::Many,
            '?' => Step::One,
            c => Step::Fold(c.to_ascii_lowercase()),
        };
        Self::exact(text.chars().map(step).collect())
    }

    /// The one text of a pattern without wildcards; one of them where case does not matter.
    pub(super) fn only_text(&self) -> Option<String> {
        let c = |step: &Step| match step {
            Step::Char(c) | Step::Fold(c) | Step::FoldAll(c) => Some(*c),
            _ => None,
        };
        self.steps.iter().map(c).collect()
    }

    /// Whether there is exactly one text.
    pub(super) fn is_one_text(&self) -> bool {
        let is_one = |step: &Step| match step {
            Step::Char(_) => true,
            Step::Fold(c) => !c.is_ascii_alphabetic(),
            _ => false,
        };
        self.opaque.is_none() && self.steps.iter().all(is_one)
    }

    /// Whether the steps match.
    pub(super) fn fits(&self, text: &str) -> bool {
        let mut at = Positions::start(self);
        for c in text.chars() {
            at = at.step(self, c);
            if at.0.is_empty() {
                return false;
            }
        }
        at.is_end(self)
    }

    /// Whether every text of `other` is one of this, seen at a glance; `false` is no answer.
    pub(super) fn surely_covers(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        if self.opaque.is_some() {
            return false;
        }
        match self.steps.split_last() {
            Some((Step::Many, fixed)) if fixed.iter().all(|step| !step.is_run()) => {
                other.steps.starts_with(fixed)
            }
            _ => false,
        }
    }

    /// Whether the beginnings allow a common text.
    fn may_meet(&self, other: &Self) -> bool {
        for (a, b) in self.steps.iter().zip(&other.steps) {
            let named = match (a.is_run() || b.is_run(), a, b) {
                (true, ..) => return true,
                (_, Step::One | Step::OneInPart, _) => b.named(),
                _ => a.named(),
            };
            if !named.is_empty() && !named.iter().any(|&c| a.takes(c) && b.takes(c)) && !b.is_wild(a) {
                return false;
            }
        }
        true
    }
}

impl Step {
    /// Two `?` always have a character in common.
    fn is_wild(self, other: &Self) -> bool {
        let wild = |step: Self| matches!(step, Self::One | Self::OneInPart);
        wild(self) && wild(*other)
    }
}

impl Value {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), matched: Vec::new() }
    }

    /// Whether the value is one of the pattern's.
    pub(super) fn is_in(&self, pattern: &Pattern) -> bool {
        match &pattern.opaque {
            None => pattern.fits(&self.text),
            Some(name) => self.matched.contains(name),
        }
    }
}

/// The positions in a pattern after some text, sorted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Positions(Vec<usize>);

impl Positions {
    fn start(pattern: &Pattern) -> Self {
        let mut at = Self(Vec::new());
        at.enter(pattern, 0);
        at
    }

    /// Adds a position, and those behind it where a run may be empty.
    fn enter(&mut self, pattern: &Pattern, position: usize) {
        let mut position = position;
        loop {
            if self.0.contains(&position) {
                return;
            }
            self.0.push(position);
            if !pattern.steps.get(position).is_some_and(|step| step.is_run()) {
                return;
            }
            position = position.saturating_add(1);
        }
    }

    fn step(&self, pattern: &Pattern, c: char) -> Self {
        let mut next = Self(Vec::new());
        for &position in &self.0 {
            match pattern.steps.get(position) {
                Some(step) if step.takes(c) && step.is_run() => next.enter(pattern, position),
                Some(step) if step.takes(c) => next.enter(pattern, position.saturating_add(1)),
                _ => {}
            }
        }
        next.0.sort_unstable();
        next
    }

    fn is_end(&self, pattern: &Pattern) -> bool {
        self.0.contains(&pattern.steps.len())
    }
}
