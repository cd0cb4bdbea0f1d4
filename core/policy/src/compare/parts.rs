//! The resources of a request's pattern, parted by patterns of policies: of each part one resource.
//!
//! A question about "every object of this bucket" has one answer only where the policies tell none of them apart.

use super::text::{Effort, Found, Pattern, Query};
use crate::glob::LITERAL_STAR;

/// Resources that no pattern tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// One of them, as a request writes it.
    pub example: String,
    /// The patterns, by their places, that they are of.
    pub within: Vec<usize>,
    /// Those that they are not of, though others of the question are.
    pub outside: Vec<usize>,
}

/// So many parts are told apart.
const PARTS_MAX: usize = 256;

/// Parts the resources that a request's pattern names. Patterns are those of policies without variables; `None`: there are
/// too many parts, or a search was too long.
pub fn parts(asked: &str, patterns: &[String]) -> Option<Vec<Part>> {
    let effort = Effort::default();
    let asked = [Pattern::of_request(asked)];
    let patterns: Vec<[Pattern; 1]> = patterns.iter().map(|text| [Pattern::of_policy(text)]).collect();
    let find = |within: &[usize], outside: &[usize]| {
        let mut query = Query::within_effort(&effort);
        query.frame = Some(&asked);
        query.within =
            within.iter().filter_map(|place| patterns.get(*place)).map(<[Pattern; 1]>::as_slice).collect();
        query.without =
            outside.iter().filter_map(|place| patterns.get(*place)).map(<[Pattern; 1]>::as_slice).collect();
        match query.find(&|_| false) {
            Found::Text(text) => Some(Some(text.replace('*', LITERAL_STAR))),
            Found::None => Some(None),
            Found::Perhaps => None,
        }
    };
    let Some(example) = find(&[], &[])? else { return Some(Vec::new()) };
    let mut parts = vec![Part { example, within: Vec::new(), outside: Vec::new() }];
    for place in 0..patterns.len() {
        let mut next = Vec::new();
        for part in parts {
            let with = |list: &[usize]| -> Vec<usize> { list.iter().copied().chain([place]).collect() };
            let (within, outside) = (with(&part.within), with(&part.outside));
            let inside = find(&within, &part.outside)?;
            let beside = find(&part.within, &outside)?;
            match (inside, beside) {
                (Some(example), None) => next.push(Part { example, within, outside: part.outside }),
                (None, _) => next.push(part),
                (Some(example), Some(rest)) => {
                    next.push(Part { example, within, outside: part.outside.clone() });
                    next.push(Part { example: rest, within: part.within, outside });
                }
            }
        }
        if next.len() > PARTS_MAX {
            return None;
        }
        parts = next;
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn each_part_has_its_resource() {
        let texts = |asked: &str, patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|text| (*text).to_owned()).collect();
            parts(asked, &patterns)
                .unwrap()
                .into_iter()
                .map(|part| (part.within, part.outside))
                .collect::<Vec<_>>()
        };
        let all = "arn:aws:s3:::b/*";
        assert_eq!(texts(all, &["arn:aws:s3:::b/*"]), [(vec![0], vec![])]);
        assert_eq!(texts(all, &["arn:aws:s3:::c/*"]), [(vec![], vec![])]);
        assert_eq!(texts(all, &["arn:aws:s3:::b/p/*"]), [(vec![0], vec![]), (vec![], vec![0])]);
        assert_eq!(
            texts(all, &["arn:aws:s3:::b/p/*", "arn:aws:s3:::b/*q"]),
            [(vec![0, 1], vec![]), (vec![0], vec![1]), (vec![1], vec![0]), (vec![], vec![0, 1])]
        );
        assert_eq!(texts("arn:aws:s3:::b/x", &["arn:aws:s3:::b/*"]), [(vec![0], vec![])]);
        assert_eq!(texts("*", &["arn:aws:s3:::b"]), [(vec![0], vec![]), (vec![], vec![0])]);
        // What is left of everything but the literal star, and the star.
        let found = parts(all, &["arn:aws:s3:::b/${*}".to_owned()]).unwrap();
        assert_eq!(found.first().unwrap().example, "arn:aws:s3:::b/${*}");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn too_many_parts_are_not_told_apart() {
        let patterns: Vec<String> = (0..40).map(|n| format!("arn:aws:s3:::b/*{n}*")).collect();
        assert_eq!(parts("arn:aws:s3:::b/*", &patterns), None);
    }
}
