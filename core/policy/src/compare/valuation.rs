//! Values for the keys of policy variables, so that what depends on them can be decided for these.

use std::collections::BTreeSet;

use crate::document::{Condition, Version};
use crate::policies::{Layer, Policies};
use crate::request::Fact;
use crate::variable::{Piece, pieces};

/// So many are tried.
const VALUATIONS_MAX: usize = 24;

/// Every key with a value of its own; every key with the same; each of the policies' texts for a key in turn; none.
pub(super) fn valuations(keys: &[String], sides: [&Policies; 2]) -> Vec<Vec<(String, Fact)>> {
    if keys.is_empty() {
        return Vec::new();
    }
    let own = |key: &String| {
        let (_, name) = key.rsplit_once([':', '/']).unwrap_or(("", key));
        (key.clone(), Fact::One(format!("example-{name}")))
    };
    let plain: Vec<(String, Fact)> = keys.iter().map(own).collect();
    let all = |fact: &Fact| keys.iter().map(|key| (key.clone(), fact.clone())).collect();
    let mut valuations = vec![plain.clone(), all(&Fact::One("example".to_owned())), all(&Fact::Absent)];
    for (place, key) in keys.iter().enumerate() {
        let texts = texts(key, sides).into_iter().map(Fact::One);
        for fact in texts.chain([Fact::Absent, Fact::One(String::new())]) {
            let mut given = plain.clone();
            if let Some(slot) = given.get_mut(place) {
                slot.1 = fact;
            }
            valuations.push(given);
        }
    }
    valuations.truncate(VALUATIONS_MAX);
    valuations
}

/// What conditions on a key compare it with, and what stands in the place of the variable in conditions that use it.
fn texts(key: &str, sides: [&Policies; 2]) -> BTreeSet<String> {
    let layers = [Layer::Identity, Layer::Boundary, Layer::Session, Layer::ServiceControl];
    let documents = sides.into_iter().flat_map(|side| {
        layers.into_iter().flat_map(|layer| side.documents(layer)).map(|(_, _, document)| document)
    });
    let mut texts = BTreeSet::new();
    for condition in documents.flat_map(|document| &document.statements).flat_map(|it| &it.conditions) {
        if condition.key.eq_ignore_ascii_case(key) || uses(condition, key) {
            let values = condition.values.as_slice().iter().map(|value| value.text());
            texts
                .extend(values.filter(|text| !text.contains("${")).map(|text| text.replace(['*', '?'], "x")));
        }
    }
    texts
}

fn uses(condition: &Condition, key: &str) -> bool {
    let pieces =
        condition.values.as_slice().iter().flat_map(|value| pieces(value.text(), Some(Version::V2012)));
    pieces.into_iter().any(|piece| matches!(piece, Piece::Variable { key: own, .. } if own == key))
}
