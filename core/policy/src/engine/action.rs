//! Actions: patterns sorted by how cheaply they can be tested. Everything is in lower case.

use crate::document::ActionElement;
use crate::engine::text;

/// `Action` or `NotAction`.
#[derive(Clone, Debug)]
pub(super) struct Actions {
    negated: bool,
    patterns: Box<[ActionPattern]>,
}

#[derive(Clone, Debug)]
enum ActionPattern {
    Any,
    Exact(Box<str>),
    /// `service:Prefix*`
    Prefix(Box<str>),
    Glob(Box<str>),
}

impl Actions {
    pub(super) fn compile(element: &ActionElement) -> Self {
        let (patterns, negated) = element.patterns();
        Self { negated, patterns: patterns.iter().map(|pattern| ActionPattern::compile(pattern)).collect() }
    }

    /// Whether they are about an action, given in lower case.
    pub(super) fn hold(&self, action: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(action)) != self.negated
    }
}

impl ActionPattern {
    fn compile(pattern: &str) -> Self {
        let lower = pattern.to_ascii_lowercase();
        let wildcard = lower.find(['*', '?']);
        match (wildcard, lower.strip_suffix('*')) {
            (Some(0), Some("")) => Self::Any,
            (None, _) => Self::Exact(lower.into()),
            (Some(at), Some(prefix)) if at == prefix.len() => Self::Prefix(prefix.into()),
            _ => Self::Glob(lower.into()),
        }
    }

    fn matches(&self, action: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(name) => **name == *action,
            Self::Prefix(prefix) => action.as_bytes().starts_with(prefix.as_bytes()),
            Self::Glob(pattern) => text::glob(pattern, action),
        }
    }
}
