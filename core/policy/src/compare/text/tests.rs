//! Searches of texts, also against a plain matcher.

use proptest::prelude::*;

use super::{Case, Found, Pattern, Query, Replaced};
use crate::document::Version;
use crate::pattern;
use crate::variable::pieces;

fn glob(text: &str) -> Pattern {
    Pattern::text(pieces(text, None), true, Case::Exact, &mut |_, _, _| Replaced::Nothing).unwrap()
}

fn find(within: &[&str], without: &[&str]) -> Found {
    let sets = |texts: &[&str]| -> Vec<Vec<Pattern>> {
        texts.iter().map(|text| text.split('|').map(glob).collect()).collect()
    };
    let (within, without) = (sets(within), sets(without));
    let query = Query {
        within: within.iter().map(Vec::as_slice).collect(),
        without: without.iter().map(Vec::as_slice).collect(),
        ..Query::default()
    };
    query.find(&|_| false)
}

#[test]
fn searches() {
    assert_eq!(find(&["a*"], &["ab*", "a"]), Found::Text("ax".to_owned()));
    assert_eq!(find(&["a?"], &["ab|a?"]), Found::None);
    assert_eq!(find(&["a*", "*b|*c"], &["ab"]), Found::Text("ac".to_owned()));
    assert_eq!(find(&["a*", "b*|c*"], &[]), Found::None);
    assert_eq!(find(&["*"], &["?*"]), Found::Text(String::new()));
    assert_eq!(find(&["*"], &["?*|"]), Found::None);
    // Together they cover what none of them covers alone.
    assert_eq!(find(&["??"], &["?a|?b", "??"]), Found::None);
    assert_eq!(find(&["*a"], &["a|?a|??*"]), Found::None);
}

fn with_variable(text: &str) -> Pattern {
    let replace = &mut |key: &str, _: Option<&str>, _| Replaced::Letter(u32::try_from(key.len()).unwrap());
    Pattern::text(pieces(text, Some(Version::V2012)), true, Case::Exact, replace).unwrap()
}

#[test]
fn a_variable_is_a_letter_of_its_own() {
    let find = |within: &[&str], without: &[&str]| {
        let within: Vec<Vec<Pattern>> = within.iter().map(|text| vec![with_variable(text)]).collect();
        let without: Vec<Pattern> = without.iter().map(|text| with_variable(text)).collect();
        let query = Query {
            within: within.iter().map(Vec::as_slice).collect(),
            without: vec![&without],
            ..Query::default()
        };
        query.find(&|_| false)
    };
    assert_eq!(find(&["b/${a}/x"], &["b/${a}/*"]), Found::None);
    assert_eq!(find(&["b/${a}/x"], &["b/*"]), Found::None);
    assert_eq!(find(&["b/${a}/x"], &["c/*"]), Found::Perhaps);
    assert_eq!(find(&["b/${a}/x"], &["b/${bb}/*"]), Found::Perhaps);
    // It may stand for more than one character, and for none.
    assert_eq!(find(&["b/${a}/x"], &["b/?/x"]), Found::Perhaps);
    assert_eq!(find(&["b/${a}/x"], &["b/?*/x"]), Found::Perhaps);
    // It may stand for `alice`: the two overlap.
    assert_eq!(find(&["b/${a}/x", "b/alice/*"], &[]), Found::Perhaps);
    assert_eq!(find(&["b/alice/*", "b/${a}/x"], &[]), Found::Perhaps);
    assert_eq!(find(&["b/alice"], &["b/${a}"]), Found::Perhaps);
    assert_eq!(find(&["b/${a}/x", "b/*/y"], &[]), Found::None);
}

#[test]
fn parts_of_an_arn_end_at_their_colons() {
    let resource =
        |text: &str| Pattern::resource(text, |part| pieces(part, None), &mut |_, _, _| Replaced::Nothing);
    let star = resource("arn:aws:*:x").unwrap();
    assert_eq!(star.matches("arn:aws:s3:x:1:y"), Some(true));
    assert_eq!(star.matches("arn:aws:s3:y:x:1:y"), Some(false));
    assert_eq!(resource("*").unwrap(), Pattern::every_arn());
    assert_eq!(resource("urn:*"), None);
    let user = resource("arn:aws:iam::1:user/Bob").unwrap();
    assert_eq!(user.matches("arn:aws:iam::1:USER/bOB"), Some(true));
}

fn pattern_text() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(vec!['a', 'b', '*', '?']), 0..6)
        .prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #[test]
    fn what_is_found_is_there_and_what_is_not_found_is_not(
        within in proptest::collection::vec(proptest::collection::vec(pattern_text(), 1..3), 1..3),
        without in proptest::collection::vec(pattern_text(), 0..4),
        tries in proptest::collection::vec("[abc]{0,6}", 20),
    ) {
        let joined: Vec<String> = within.iter().map(|set| set.join("|")).collect();
        let is_in = |text: &str| {
            within.iter().all(|set| set.iter().any(|it| pattern::matches(it, text)))
                && !without.iter().any(|it| pattern::matches(it, text))
        };
        let outside: Vec<&str> = without.iter().map(String::as_str).collect();
        match find(&joined.iter().map(String::as_str).collect::<Vec<_>>(), &outside) {
            Found::Text(text) => prop_assert!(is_in(&text), "{}", text),
            Found::None => for text in tries {
                prop_assert!(!is_in(&text), "{}", text);
            },
            Found::Perhaps => prop_assert!(false, "nothing is unknown here"),
        }
    }
}
