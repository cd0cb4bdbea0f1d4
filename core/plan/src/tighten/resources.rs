//! Names of resources, as few as asked.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_id::arn::padded_parts;
use kagimori_policy::glob::Glob;

use super::Generality;

/// Patterns, with how many of the names each stands for.
pub(super) fn generalise(
    names: &BTreeSet<String>,
    how: Generality,
    prefix_from: usize,
) -> BTreeMap<String, usize> {
    match how {
        Generality::Exact => names.iter().map(|name| (name.clone(), 1)).collect(),
        Generality::Type => {
            let mut patterns = BTreeMap::new();
            for name in names {
                let count: &mut usize = patterns.entry(of_type(name)).or_default();
                *count = count.saturating_add(1);
            }
            patterns
        }
        Generality::Prefix => prefixes(names, prefix_from.max(2)),
    }
}

/// `arn:aws:sqs:r:a:orders` → `arn:aws:sqs:r:a:*`; `…:table/x` → `…:table/*`; an object of S3 → all of its bucket.
fn of_type(name: &str) -> String {
    let Some((head, resource)) = split(name) else { return name.to_owned() };
    if resource == "*" || (is_s3(head) && !resource.contains('/')) {
        return name.to_owned();
    }
    match resource.find(['/', ':']).and_then(|at| resource.get(..=at)) {
        Some(kind) => format!("{head}{kind}*"),
        None => format!("{head}*"),
    }
}

/// Names that share a beginning, up to a `/`, `:`, `-`, `.` or `_`, are named by it when there are enough of them. The longest
/// such beginning wins; the bucket of S3 and the kind of a resource are never part of what is left out.
fn prefixes(names: &BTreeSet<String>, from: usize) -> BTreeMap<String, usize> {
    let mut left: BTreeMap<String, usize> = names.iter().map(|name| (name.clone(), 1)).collect();
    loop {
        let mut by_prefix: BTreeMap<String, Vec<&String>> = BTreeMap::new();
        for name in left.keys() {
            for prefix in beginnings(name) {
                by_prefix.entry(prefix).or_default().push(name);
            }
        }
        let enough = by_prefix.iter().filter(|(_, names)| names.len() >= from);
        let best = enough.max_by_key(|(prefix, names)| (prefix.len(), names.len()));
        let Some((prefix, _)) = best else { return left };
        let pattern = format!("{prefix}*");
        let covered: Vec<String> =
            left.keys().filter(|name| name.starts_with(prefix.as_str())).cloned().collect();
        let mut count: usize = 0;
        for name in covered {
            count = count.saturating_add(left.remove(&name).unwrap_or_default());
        }
        left.insert(pattern, count);
    }
}

/// Where a name may be cut.
fn beginnings(name: &str) -> Vec<String> {
    let Some((head, resource)) = split(name) else { return Vec::new() };
    let fixed = match resource.find(['/', ':']) {
        // What stands before is the bucket, or the kind (`table/`, `log-group:`).
        Some(at) => at.saturating_add(1),
        None if is_s3(head) => return Vec::new(),
        None => 1,
    };
    let cuts = resource.char_indices().filter(|(at, one)| *at >= fixed && "/:-._".contains(*one));
    let mut found: Vec<String> = cuts
        .filter_map(|(at, one)| resource.get(..at.saturating_add(one.len_utf8())))
        .filter(|beginning| beginning.len() < resource.len())
        .map(|beginning| format!("{head}{beginning}"))
        .collect();
    // All of a bucket.
    if is_s3(head) {
        found.extend(resource.get(..fixed).map(|bucket| format!("{head}{bucket}")));
    }
    found.retain(|prefix| *prefix != name.trim_end_matches('*'));
    found
}

/// The first five parts with their colons, and the resource.
fn split(name: &str) -> Option<(&str, &str)> {
    let resource = name.splitn(6, ':').nth(5)?;
    Some((name.get(..name.len().saturating_sub(resource.len()))?, resource))
}

fn is_s3(head: &str) -> bool {
    head.ends_with(":s3:::")
}

/// Whether a pattern surely lies inside the patterns that were granted.
pub(super) fn lies_inside(pattern: &str, granted: &[String], is_negated: bool) -> bool {
    let mine: Vec<Glob> = padded_parts(pattern).into_iter().map(Glob::policy).collect();
    let all = |theirs: &String, holds: &dyn Fn(&Glob, &Glob) -> bool| {
        let theirs: Vec<Glob> = padded_parts(theirs).into_iter().map(Glob::policy).collect();
        theirs.iter().zip(&mine).all(|(theirs, mine)| holds(theirs, mine))
    };
    if granted.iter().any(|one| one.contains("${")) {
        return false;
    }
    if is_negated {
        !granted.iter().any(|theirs| all(theirs, &|theirs, mine| theirs.overlaps(mine)))
    } else {
        granted.iter().any(|theirs| theirs == "*" || all(theirs, &|theirs, mine| theirs.covers(mine)))
    }
}

/// A name as a pattern that matches it alone: `*`, `?` and `$` in it are no wildcards
/// (`reference_policies_variables`, "special characters").
pub(super) fn literal(name: &str) -> String {
    if !name.contains(['*', '?', '$']) {
        return name.to_owned();
    }
    let mut text = String::new();
    for character in name.chars() {
        match character {
            '*' | '?' | '$' => {
                text.push_str("${");
                text.push(character);
                text.push('}');
            }
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn prefixes_are_cut_where_a_name_may_be_cut() {
        let objects = names(&[
            "arn:aws:s3:::b/raw/port-01.parquet",
            "arn:aws:s3:::b/raw/port-02.parquet",
            "arn:aws:s3:::b/raw/port-03.parquet",
            "arn:aws:s3:::b/index",
            "arn:aws:s3:::c/raw/port-04.parquet",
        ]);
        let patterns =
            |how, from| -> Vec<(String, usize)> { generalise(&objects, how, from).into_iter().collect() };
        assert_eq!(
            patterns(Generality::Prefix, 3),
            [
                ("arn:aws:s3:::b/index".to_owned(), 1),
                ("arn:aws:s3:::b/raw/port-*".to_owned(), 3),
                ("arn:aws:s3:::c/raw/port-04.parquet".to_owned(), 1),
            ]
        );
        assert_eq!(patterns(Generality::Prefix, 9).len(), 5);
        assert_eq!(patterns(Generality::Exact, 2).len(), 5);
        assert_eq!(
            patterns(Generality::Type, 2),
            [("arn:aws:s3:::b/*".to_owned(), 4), ("arn:aws:s3:::c/*".to_owned(), 1)]
        );
    }

    #[test]
    fn a_bucket_and_a_kind_are_never_left_out() {
        let buckets = names(&["arn:aws:s3:::shop-a", "arn:aws:s3:::shop-b", "arn:aws:s3:::shop-c"]);
        assert_eq!(generalise(&buckets, Generality::Prefix, 2).len(), 3);
        let tables: BTreeSet<String> =
            ["a", "b", "c", "d"].iter().map(|name| format!("arn:aws:dynamodb:r:1:table/{name}")).collect();
        assert_eq!(generalise(&tables, Generality::Prefix, 2).len(), 4);
        assert_eq!(
            generalise(&tables, Generality::Type, 2).keys().next().unwrap(),
            "arn:aws:dynamodb:r:1:table/*"
        );
        let queues = names(&["arn:aws:sqs:r:1:orders-1", "arn:aws:sqs:r:1:orders-2"]);
        assert_eq!(
            generalise(&queues, Generality::Prefix, 2).keys().next().unwrap(),
            "arn:aws:sqs:r:1:orders-*"
        );
    }

    proptest! {
        #[test]
        fn every_name_is_covered_and_counted_once(
            parts in proptest::collection::btree_set("[ab]{1,2}([/-][ab]{1,2}){0,3}", 1..12),
            how in prop_oneof![Just(Generality::Exact), Just(Generality::Prefix), Just(Generality::Type)],
            from in 2..5_usize,
            head in prop_oneof![Just("arn:aws:s3:::"), Just("arn:aws:sqs:r:1:"), Just("arn:aws:x:r:1:kind/")],
        ) {
            let names: BTreeSet<String> = parts.iter().map(|part| format!("{head}{part}")).collect();
            let patterns = generalise(&names, how, from);
            prop_assert_eq!(patterns.values().sum::<usize>(), names.len());
            for name in &names {
                prop_assert!(patterns.keys().any(|pattern| Glob::policy(pattern).matches(name)), "{name} {patterns:?}");
            }
        }
    }
}
