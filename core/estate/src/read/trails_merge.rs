//! The trails of an account, from all the answers that speak of them.

use std::collections::{BTreeMap, BTreeSet};

use super::content::Content;
use super::given::Given;
use crate::cloudtrail::{DescribedTrail, EventSelector, TrailStatus};
use crate::fact::{Dataset, Gap, Known};

/// The file of the status of the only trail.
const OF_THE_ONLY: &str = "trail-status";

/// The trails, with their selectors and whether they are on.
pub(super) fn trails(given: &mut Given) -> Known<Vec<DescribedTrail>> {
    let listed = |content| match content {
        Content::Trails(trails) => trails,
        _ => Vec::new(),
    };
    // Answers of several Regions list trails of their own; one that stands in both is the same.
    let mut trails = given.list(Dataset::Trails, listed, |trail| trail.arn.to_string());
    let mut selectors = selectors(given);
    let mut statuses = statuses(given);
    let unselected = given.gap(Dataset::EventSelectors);
    let unstated = given.gap(Dataset::TrailStatus);
    let Known::Known(fact) = &mut trails else { return trails };
    let names: Vec<String> = fact.value.iter().map(|trail| trail.name.clone()).collect();
    let is_only = names.len() == 1;
    for trail in &mut fact.value {
        trail.place(fact.source);
        let told = selectors.remove(trail.arn.as_str());
        trail.selectors = match (told, trail.has_own_selectors.fact()) {
            (Some(told), _) => told,
            (None, Some(own)) if !own.value => {
                Known::new(vec![EventSelector::default_of_trails()], own.source)
            }
            (None, _) => Known::Unknown(unselected.clone()),
        };
        // Trails of two Regions may have one name.
        let is_named = names.iter().filter(|name| **name == trail.name).count() == 1;
        let told = is_named.then(|| statuses.remove(&trail.name)).flatten();
        let told = told.or_else(|| is_only.then(|| statuses.remove(OF_THE_ONLY)).flatten());
        trail.status = told.unwrap_or_else(|| Known::Unknown(unstated.clone()));
    }
    trails
}

/// By ARN. Of a trail that two answers tell differently nothing is known.
fn selectors(given: &mut Given) -> BTreeMap<String, Known<Vec<EventSelector>>> {
    one_each(given, Dataset::EventSelectors, |content| match content {
        Content::EventSelectors(arn, selectors) => Some((arn.to_string(), selectors)),
        _ => None,
    })
}

/// By the name of the file.
fn statuses(given: &mut Given) -> BTreeMap<String, Known<TrailStatus>> {
    one_each(given, Dataset::TrailStatus, |content| match content {
        Content::TrailStatus(name, status) => Some((name, status)),
        _ => None,
    })
}

fn one_each<T: PartialEq>(
    given: &mut Given,
    dataset: Dataset,
    of: impl Fn(Content) -> Option<(String, T)>,
) -> BTreeMap<String, Known<T>> {
    let mut all: BTreeMap<String, Known<T>> = BTreeMap::new();
    for answer in given.take(dataset) {
        let Some((key, value)) = of(answer.content) else { continue };
        let contradicted: Option<Gap> = match all.get(&key) {
            Some(Known::Known(before)) if before.value != value => {
                let sources = BTreeSet::from([before.source, answer.source]);
                Some(given.contradicts(dataset, sources, &format!("the trail `{key}`")))
            }
            Some(_) => continue,
            None => None,
        };
        let known = contradicted.map_or_else(|| Known::new(value, answer.source), Known::Unknown);
        all.insert(key, known);
    }
    all
}
