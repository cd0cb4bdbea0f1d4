//! Fewer, wider action patterns, that name no action of the service reference which was not named.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::catalogue::{ActionId, ActionSet, Catalogue};
use crate::document::ActionElement;
use crate::pattern;

use super::Held;
use super::merge::listed;

/// Introduces wildcards into every list of actions.
pub(super) fn introduce(held: &mut [Held]) {
    for held in held {
        if let ActionElement::Action(list) = &held.statement.action {
            held.statement.action = ActionElement::Action(listed(shortened(list.as_slice())));
        }
    }
}

/// A pattern that could stand in the place of several.
struct Candidate {
    pattern: String,
    /// The places of those it would replace.
    replaces: Vec<usize>,
}

/// The pattern that saves most characters is taken first, until none saves any.
fn shortened(patterns: &[String]) -> Vec<String> {
    let mut candidates = candidates(patterns);
    // `None`: replaced.
    let mut kept: Vec<Option<String>> = patterns.iter().cloned().map(Some).collect();
    loop {
        let saved = |candidate: &Candidate| {
            let replaced =
                candidate.replaces.iter().filter_map(|place| kept.get(*place).and_then(Option::as_ref));
            // Each entry has two quotes and a comma.
            let characters: usize = replaced.map(|pattern| pattern.chars().count().saturating_add(3)).sum();
            characters.saturating_sub(candidate.pattern.chars().count().saturating_add(3))
        };
        candidates.retain(|candidate| saved(candidate) > 0);
        // Among the best the first in order: always the same.
        let best =
            candidates.iter().max_by(|x, y| saved(x).cmp(&saved(y)).then_with(|| y.pattern.cmp(&x.pattern)));
        let Some(best) = best else { return kept.into_iter().flatten().collect() };
        let pattern = best.pattern.clone();
        let places: Vec<usize> = best.replaces.clone();
        for place in &places {
            if let Some(slot) = kept.get_mut(*place) {
                *slot = None;
            }
        }
        if let Some(slot) = places.first().and_then(|place| kept.get_mut(*place)) {
            *slot = Some(pattern);
        }
        // What was replaced is not replaced again.
        for candidate in &mut candidates {
            candidate.replaces.retain(|place| !places.contains(place));
        }
    }
}

/// Beginnings, endings and both, of the listed actions, that name no action which is not named.
fn candidates(patterns: &[String]) -> Vec<Candidate> {
    let catalogue = Catalogue::embedded();
    let mut named = ActionSet::none(catalogue);
    patterns.iter().for_each(|pattern| catalogue.expand_into(&mut named, pattern));
    let listed: Vec<(usize, ActionId)> = patterns
        .iter()
        .enumerate()
        .filter_map(|(place, pattern)| catalogue.action(pattern).map(|id| (place, id)))
        .collect();
    let mut seen = FxHashSet::default();
    let mut foreign: FxHashMap<String, Vec<String>> = FxHashMap::default();
    let mut candidates = Vec::new();
    for (_, id) in &listed {
        let name = catalogue.name(*id);
        let Some((service, action)) = name.split_once(':') else { continue };
        let others = foreign.entry(service.to_owned()).or_insert_with(|| {
            let mut others = catalogue.expand(&format!("{service}:*"));
            others.subtract(&named);
            others.iter().map(|id| catalogue.name(id)).collect()
        });
        for pattern in patterns_of(service, action) {
            if !seen.insert(pattern.clone())
                || others.iter().any(|other| pattern::matches_ignoring_case(&pattern, other))
            {
                continue;
            }
            let replaces: Vec<usize> = patterns
                .iter()
                .enumerate()
                .filter(|(_, own)| pattern::matches_ignoring_case(&pattern, own))
                .map(|(place, _)| place)
                .collect();
            if replaces.len() > 1 {
                candidates.push(Candidate { pattern, replaces });
            }
        }
    }
    candidates
}

fn patterns_of(service: &str, action: &str) -> Vec<String> {
    let mut words: Vec<usize> =
        action.char_indices().filter(|(_, c)| c.is_ascii_uppercase()).map(|(at, _)| at).collect();
    words.push(action.len());
    let mut patterns = vec![format!("{service}:*")];
    // Half a word would be shorter still, and say nothing to who reads it.
    for at in words.iter().copied().filter(|at| *at > 0) {
        patterns.extend(action.get(..at).map(|beginning| format!("{service}:{beginning}*")));
    }
    for &start in words.iter().filter(|at| **at > 0 && **at < action.len()) {
        let Some(ending) = action.get(start..) else { continue };
        patterns.push(format!("{service}:*{ending}"));
        for &end in words.iter().filter(|at| **at > 0 && **at < start) {
            patterns.extend(action.get(..end).map(|beginning| format!("{service}:{beginning}*{ending}")));
        }
        for &end in words.iter().filter(|at| **at > start && **at < action.len()) {
            patterns.extend(action.get(start..end).map(|middle| format!("{service}:*{middle}*")));
        }
    }
    patterns
}
