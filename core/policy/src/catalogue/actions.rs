//! Sets of actions, as bits over their dense numbers.

use rustc_hash::FxHashMap;

use super::{ActionId, Catalogue, Service};
use crate::pattern;

/// A set of the catalogue's actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionSet {
    words: Box<[u64]>,
    len: usize,
}

impl ActionSet {
    /// No action of a catalogue.
    pub fn none(catalogue: &Catalogue) -> Self {
        let len = catalogue.len();
        Self { words: vec![0; len.div_ceil(64)].into(), len }
    }

    /// Adds an action.
    pub fn insert(&mut self, id: ActionId) {
        if let Some(word) = self.words.get_mut(id.place() / 64) {
            *word |= 1 << (id.place() % 64);
        }
    }

    /// Whether an action is in it.
    pub fn contains(&self, id: ActionId) -> bool {
        self.words.get(id.place() / 64).is_some_and(|word| word & (1 << (id.place() % 64)) != 0)
    }

    /// Adds the other's actions.
    pub fn unite(&mut self, other: &Self) {
        self.each(other, |mine, theirs| mine | theirs);
    }

    /// Keeps the actions of both.
    pub fn intersect(&mut self, other: &Self) {
        self.each(other, |mine, theirs| mine & theirs);
    }

    /// Takes the other's actions out.
    pub fn subtract(&mut self, other: &Self) {
        self.each(other, |mine, theirs| mine & !theirs);
    }

    fn each(&mut self, other: &Self, combine: impl Fn(u64, u64) -> u64) {
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            *mine = combine(*mine, *theirs);
        }
    }

    /// Every action that is not in it.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut words: Box<[u64]> = self.words.iter().map(|word| !word).collect();
        let spare = self.words.len().saturating_mul(64).saturating_sub(self.len);
        if let Some(last) = words.last_mut() {
            *last &= u64::MAX.checked_shr(u32::try_from(spare).unwrap_or(64)).unwrap_or_default();
        }
        Self { words, len: self.len }
    }

    /// Whether every action of it is in the other.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).all(|(mine, theirs)| mine & !theirs == 0)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| usize::try_from(word.count_ones()).unwrap_or_default()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Its actions in classes: those that are in the same of these sets. Each class with the places of its sets and its
    /// first action.
    pub fn classes(&self, sets: &[&Self]) -> Vec<(Vec<usize>, ActionId)> {
        let mut classes: FxHashMap<Vec<usize>, usize> = FxHashMap::default();
        for (place, word) in self.words.iter().enumerate().filter(|(_, word)| **word != 0) {
            let mut parts: Vec<(Vec<usize>, u64)> = vec![(Vec::new(), *word)];
            for (number, set) in sets.iter().enumerate() {
                let theirs = set.words.get(place).copied().unwrap_or_default();
                for at in 0..parts.len() {
                    let Some((about, bits)) = parts.get_mut(at) else { break };
                    let (inside, outside) = (*bits & theirs, *bits & !theirs);
                    if inside == 0 {
                        continue;
                    }
                    let apart = (outside != 0).then(|| (about.clone(), outside));
                    about.push(number);
                    *bits = inside;
                    parts.extend(apart);
                }
            }
            for (about, bits) in parts {
                let bit = usize::try_from(bits.trailing_zeros()).unwrap_or_default();
                classes.entry(about).or_insert(place.saturating_mul(64).saturating_add(bit));
            }
        }
        let mut classes: Vec<(Vec<usize>, ActionId)> = classes
            .into_iter()
            .map(|(about, first)| (about, ActionId(u16::try_from(first).unwrap_or(u16::MAX))))
            .collect();
        classes.sort_unstable_by_key(|(_, first)| *first);
        classes
    }

    /// Its actions in order.
    pub fn iter(&self) -> impl Iterator<Item = ActionId> + '_ {
        let words = self.words.iter().enumerate().filter(|(_, word)| **word != 0);
        let ids = words
            .flat_map(|(number, _)| (0..64).map(move |bit| number.saturating_mul(64).saturating_add(bit)));
        ids.filter_map(|place| u16::try_from(place).ok().map(ActionId)).filter(|id| self.contains(*id))
    }
}

impl Catalogue {
    /// The actions a pattern of a policy names: `s3:Get*`, `*`.
    pub fn expand(&self, pattern: &str) -> ActionSet {
        let mut set = ActionSet::none(self);
        self.expand_into(&mut set, pattern);
        set
    }

    /// The same, added to a set.
    pub fn expand_into(&self, set: &mut ActionSet, pattern: &str) {
        self.each_match(pattern, |id| {
            set.insert(id);
            true
        });
    }

    /// Whether a pattern names any action.
    pub fn matches_any(&self, pattern: &str) -> bool {
        self.any_action(pattern, |_| true)
    }

    /// Whether some action of a pattern passes a test.
    pub fn any_action(&self, pattern: &str, mut test: impl FnMut(ActionId) -> bool) -> bool {
        let mut found = false;
        self.each_match(pattern, |id| {
            found = test(id);
            !found
        });
        found
    }

    /// Calls with every action of a pattern, as long as the call says to go on.
    fn each_match(&self, pattern: &str, mut take: impl FnMut(ActionId) -> bool) {
        let pattern = pattern.to_ascii_lowercase();
        let (service, _) = pattern.split_once(':').unwrap_or(("*", ""));
        let is_wild = service.contains(['*', '?']);
        let literal = pattern.find(['*', '?']).and_then(|at| pattern.get(..at)).unwrap_or(&pattern);
        let is_prefix = pattern.strip_suffix('*') == Some(literal);
        let range = if is_wild {
            0..self.names.len()
        } else {
            let Some((number, held)) = self.service(service) else { return };
            self.range(number, held)
        };
        let names = self.names.get(range.clone()).unwrap_or_default();
        let first = if is_wild { 0 } else { names.partition_point(|name| name.as_str() < literal) };
        for (place, name) in names.iter().enumerate().skip(first) {
            if !is_wild && !name.starts_with(literal) {
                return;
            }
            let id = ActionId(u16::try_from(range.start.saturating_add(place)).unwrap_or(u16::MAX));
            // The letters before the first wildcard have been compared; with a wildcard in the service there may be none.
            let is_match =
                is_prefix || matches_behind(&pattern, name, if is_wild { 0 } else { literal.len() });
            if is_match && !take(id) {
                return;
            }
        }
    }

    /// The places of a service's actions.
    pub(super) fn range(&self, number: usize, service: &Service) -> std::ops::Range<usize> {
        let next =
            self.services.get(number.saturating_add(1)).map_or(self.actions.len(), |next| next.actions);
        service.actions..next
    }
}

/// Whether the rest of a name matches the rest of a pattern.
fn matches_behind(pattern: &str, name: &str, at: usize) -> bool {
    pattern.get(at..).zip(name.get(at..)).is_some_and(|(pattern, name)| pattern::matches(pattern, name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{AccessLevel, Catalogue};
    use crate::pattern::matches_ignoring_case;

    #[test]
    fn the_embedded_reference_is_whole() {
        let catalogue = Catalogue::embedded();
        assert_eq!((catalogue.len(), catalogue.services().count()), (22_421, 460));
        assert_eq!(catalogue.actions().filter(|id| !catalogue.has_resource_types(*id)).count(), 6_789);
        assert!(catalogue.version().starts_with("0.1.2026"));
        let get = catalogue.action("S3:getobject").unwrap();
        assert_eq!(catalogue.name(get), "s3:GetObject");
        assert_eq!(catalogue.access_levels(get), [AccessLevel::Read]);
        assert!(catalogue.resource_types(get).iter().any(|resource| resource.key == "object"));
        assert!(catalogue.action_keys(get).contains(&"s3:TlsVersion"));
        assert!(!catalogue.has_resource_types(catalogue.action("s3:ListAllMyBuckets").unwrap()));
        let run = catalogue.action("ec2:RunInstances").unwrap();
        assert!(catalogue.dependent_actions(run).contains(&"iam:PassRole"));
        assert!(catalogue.resource_keys(run, "instance").contains(&"ec2:InstanceType"));
        assert_eq!(catalogue.action("s3:NoSuchThing"), None);
        assert!(catalogue.rcp_supported("S3") && !catalogue.rcp_supported("ec2"));
        assert_eq!(catalogue.key_type("ec2:instancetype").unwrap().name, "String");
        assert!(catalogue.actions().all(|id| catalogue.action(&catalogue.name(id)) == Some(id)));
        assert!(
            catalogue
                .services()
                .all(|prefix| catalogue.has_service(prefix) && catalogue.matches_any(&format!("{prefix}:*")))
        );
        assert!(!catalogue.has_service("nosuch") && !catalogue.matches_any("s3:Nosuch*"));
    }

    #[test]
    fn sets() {
        let catalogue = Catalogue::embedded();
        let (all, s3) = (catalogue.expand("*"), catalogue.expand("s3:*"));
        assert_eq!(all.count(), catalogue.len());
        assert!(all.complement().is_empty() && s3.is_subset(&all) && !all.is_subset(&s3));
        let mut rest = all.clone();
        rest.subtract(&s3);
        assert_eq!(rest, s3.complement());
        let mut none = rest.clone();
        none.intersect(&s3);
        assert!(none.is_empty());
        rest.unite(&s3);
        assert_eq!(rest.iter().count(), all.count());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn expanding_is_matching_every_name(
            service in prop_oneof!["s3", "ec2", "iam", "\\*", "s?", "nosuch"],
            name in "[GgLlDd*?][a-z*?]{0,4}\\*?",
        ) {
            let catalogue = Catalogue::embedded();
            let pattern = format!("{service}:{name}");
            let set = catalogue.expand(&pattern);
            for id in catalogue.actions() {
                prop_assert_eq!(set.contains(id), matches_ignoring_case(&pattern, &catalogue.name(id)), "{}", pattern);
            }
        }
    }
}
