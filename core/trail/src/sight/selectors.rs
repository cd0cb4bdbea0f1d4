//! Which events an event selector selects (CloudTrail User Guide, *Filtering data events by using advanced event selectors*).
//!
//! A selector selects what fulfils each of its fields; a trail logs what one of its selectors selects. Of an event that may yet be
//! made, not every field is known: then it is selected perhaps, which is neither.

use kagimori_estate::cloudtrail::{DescribedTrail, EventSelector, FieldSelector};

use super::is_global;

/// Whether something holds. The worse of two is that of both, the better that of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    /// In no case.
    No,
    /// In some cases, or nobody knows.
    Perhaps,
    /// In every case.
    Yes,
}

impl Truth {
    fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Perhaps => Self::Perhaps,
            Self::Yes => Self::No,
        }
    }
}

/// A text that is known, or only how it begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text<'a> {
    Is(&'a str),
    Between(&'a str, &'a str),
}

impl<'a> Text<'a> {
    /// Nothing is known of it.
    pub(super) const UNKNOWN: Self = Self::Between("", "");

    /// What a pattern of a policy stands for: wildcards and variables are anything.
    pub(super) fn of_pattern(pattern: &'a str) -> Self {
        let open = pattern.find(['*', '?', '$']);
        match (open, pattern.rfind(['*', '?', '}'])) {
            (None, _) => Self::Is(pattern),
            (Some(from), Some(to)) if to >= from => Self::Between(
                pattern.get(..from).unwrap_or_default(),
                pattern.get(to.saturating_add(1)..).unwrap_or_default(),
            ),
            (Some(from), _) => Self::Between(pattern.get(..from).unwrap_or_default(), ""),
        }
    }

    fn equals(self, value: &str) -> Truth {
        match self {
            Self::Is(text) => Truth::of(text == value),
            Self::Between(begin, end) if value.starts_with(begin) && value.ends_with(end) => Truth::Perhaps,
            Self::Between(..) => Truth::No,
        }
    }

    fn starts_with(self, value: &str) -> Truth {
        match self {
            Self::Is(text) => Truth::of(text.starts_with(value)),
            Self::Between(begin, _) if begin.starts_with(value) => Truth::Yes,
            Self::Between(begin, _) if value.starts_with(begin) => Truth::Perhaps,
            Self::Between(..) => Truth::No,
        }
    }

    fn ends_with(self, value: &str) -> Truth {
        match self {
            Self::Is(text) => Truth::of(text.ends_with(value)),
            Self::Between(_, end) if end.ends_with(value) => Truth::Yes,
            Self::Between(_, end) if value.ends_with(end) => Truth::Perhaps,
            Self::Between(..) => Truth::No,
        }
    }
}

/// An event, as far as it is known before it is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event<'a> {
    /// Of which type its resource is; `None`: a management event.
    pub(super) kind: Option<&'a str>,
    /// `readOnly`
    pub(super) read_only: bool,
    pub(super) resource: Text<'a>,
    /// `eventName`
    pub(super) name: Option<&'a str>,
    /// What the service may be called in `eventSource`, before `.amazonaws.com`.
    pub(super) sources: &'a [&'a str],
    /// The Region that its resource lies in, where that is told.
    pub(super) region: Option<&'a str>,
}

impl Event<'_> {
    fn fulfils(&self, field: &FieldSelector) -> Truth {
        let is = |text| fulfils(field, text);
        match field.field.as_str() {
            "eventCategory" => is(Text::Is(if self.kind.is_some() { "Data" } else { "Management" })),
            "resources.type" => is(self.kind.map_or(Text::UNKNOWN, Text::Is)),
            "resources.ARN" => is(self.resource),
            "readOnly" => is(Text::Is(if self.read_only { "true" } else { "false" })),
            "eventName" => is(self.name.map_or(Text::UNKNOWN, Text::Is)),
            "eventSource" => {
                let names: Vec<String> =
                    self.sources.iter().map(|label| format!("{label}.amazonaws.com")).collect();
                let all = names.iter().map(|name| is(Text::Is(name)));
                let (worst, best) = (all.clone().min(), all.max());
                if worst == best { worst.unwrap_or(Truth::Perhaps) } else { Truth::Perhaps }
            }
            _ => Truth::Perhaps,
        }
    }

    fn is_selected_by(&self, selector: &EventSelector) -> Truth {
        selector.fields.iter().map(|field| self.fulfils(field)).min().unwrap_or(Truth::Perhaps)
    }

    /// Whether a trail selects it, wherever it is made; `None`: its selectors are not known.
    pub(super) fn is_selected(&self, trail: &DescribedTrail) -> Option<Truth> {
        let selectors = trail.selectors.value()?;
        let selected = selectors.iter().map(|selector| self.is_selected_by(selector)).max();
        Some(selected.unwrap_or(Truth::No).min(self.global(trail)))
    }

    /// Events of IAM, STS and the like are logged by trails that include those of global services.
    fn global(&self, trail: &DescribedTrail) -> Truth {
        if self.kind.is_some() || !self.sources.iter().any(|source| is_global(source)) {
            return Truth::Yes;
        }
        trail.has_global_services.value().map_or(Truth::Perhaps, |has| Truth::of(*has))
    }

    /// Whether a trail logs the Region that it is made in.
    pub(super) fn is_where(&self, trail: &DescribedTrail) -> Truth {
        let home = trail.home_region.value();
        match trail.is_multi_region.value() {
            Some(true) => Truth::Yes,
            Some(false) => match (self.region, home) {
                (Some(region), Some(home)) => Truth::of(region == home),
                _ => Truth::Perhaps,
            },
            None => Truth::Perhaps,
        }
    }
}

/// One of what it is to be, where that is said, and none of what it is not to be.
fn fulfils(field: &FieldSelector, text: Text<'_>) -> Truth {
    fn each<'v>(
        values: &'v [String],
        holds: impl Fn(&str) -> Truth + 'v,
    ) -> impl Iterator<Item = Truth> + 'v {
        values.iter().map(move |value| holds(value))
    }
    let wanted = each(&field.equals, |value| text.equals(value))
        .chain(each(&field.starts_with, |value| text.starts_with(value)))
        .chain(each(&field.ends_with, |value| text.ends_with(value)))
        .max();
    let unwanted = each(&field.not_equals, |value| text.equals(value))
        .chain(each(&field.not_starts_with, |value| text.starts_with(value)))
        .chain(each(&field.not_ends_with, |value| text.ends_with(value)))
        .max();
    match (wanted, unwanted) {
        (None, None) => Truth::Perhaps,
        (wanted, unwanted) => wanted.unwrap_or(Truth::Yes).min(unwanted.map_or(Truth::Yes, Truth::not)),
    }
}
