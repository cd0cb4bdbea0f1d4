//! Patterns as sets of texts: does one hold another, do two overlap?
//!
//! A policy's pattern has two wildcards, `*` and `?`. A request may itself be a pattern ("every object of this bucket"),
//! where only `*` is a wildcard. Substituted policy variables are literal, whatever they hold; that is why a glob is made
//! of tokens and not of a text.

/// One step of a glob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the language has two wildcards")]
pub enum Token {
    /// This character.
    Char(char),
    /// `?`: any one character.
    One,
    /// `*`: any run of characters, also none.
    Many,
}

impl Token {
    /// As a policy of version 2012-10-17 writes it.
    pub fn text(self) -> String {
        match self {
            Self::Char(c @ ('*' | '?' | '$')) => format!("${{{c}}}"),
            Self::Char(c) => c.to_string(),
            Self::One => "?".to_owned(),
            Self::Many => "*".to_owned(),
        }
    }

    fn char(self) -> Option<char> {
        if let Self::Char(c) = self { Some(c) } else { None }
    }
}

/// A pattern as a list of tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Glob(Vec<Token>);

/// How a literal `*` is written in a policy and in the resource of a request (`reference_policies_variables`, "Special
/// characters").
pub const LITERAL_STAR: &str = "${*}";

/// How the texts of a policy's pattern stand to those of a request's pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "two sets stand in one of these relations")]
pub enum Relation {
    /// Every text of the request is one of the policy.
    Covers,
    /// Some texts are common to both.
    Overlaps,
    /// None is.
    Disjoint,
}

impl Glob {
    /// A policy's pattern: `*` and `?` are wildcards.
    pub fn policy(text: &str) -> Self {
        text.chars().map(|c| if c == '?' { Token::One } else { star_or_char(c) }).collect()
    }

    /// A request's pattern: only `*` is a wildcard, and `${*}` is that character, as in policies: keys of S3 may hold it.
    pub fn request(text: &str) -> Self {
        let mut glob = Self::default();
        for (number, part) in text.split(LITERAL_STAR).enumerate() {
            if number > 0 {
                glob.push(Token::Char('*'));
            }
            part.chars().for_each(|c| glob.push(star_or_char(c)));
        }
        glob
    }

    /// Exactly this text.
    pub fn literal(text: &str) -> Self {
        text.chars().map(Token::Char).collect()
    }

    /// The tokens.
    pub fn tokens(&self) -> &[Token] {
        &self.0
    }

    /// Adds the tokens of another glob.
    pub fn extend(&mut self, tokens: &Self) {
        for token in &tokens.0 {
            self.push(*token);
        }
    }

    /// Adds one token; `**` is `*`.
    pub fn push(&mut self, token: Token) {
        if token != Token::Many || self.0.last() != Some(&Token::Many) {
            self.0.push(token);
        }
    }

    /// ASCII letters in lower case.
    #[must_use]
    pub fn lower_case(&self) -> Self {
        let lower = |token: &Token| match token {
            Token::Char(c) => Token::Char(c.to_ascii_lowercase()),
            wildcard => *wildcard,
        };
        self.0.iter().map(lower).collect()
    }

    /// Whether the pattern matches this text.
    pub fn matches(&self, text: &str) -> bool {
        self.matches_chars(text.chars())
    }

    /// Greedy, as [`crate::pattern::matches`] is: a mismatch goes back to the last `*`, which swallows one more character.
    fn matches_chars(&self, mut text: impl Iterator<Item = char> + Clone) -> bool {
        let mut tokens = self.0.as_slice();
        let mut retry = None;
        loop {
            let mut next_text = text.clone();
            match (tokens.split_first(), next_text.next()) {
                (Some((Token::Many, rest)), _) => {
                    retry = Some((rest, text.clone()));
                    tokens = rest;
                    continue;
                }
                (Some((token, rest)), Some(c)) if *token == Token::One || *token == Token::Char(c) => {
                    (tokens, text) = (rest, next_text);
                    continue;
                }
                (None, None) => return true,
                // What is left of the pattern needs a character, and a longer `*` leaves fewer.
                (Some(_), None) => return false,
                _ => {}
            }
            let Some((after_star, mut swallowed)) = retry else { return false };
            if swallowed.next().is_none() {
                return false;
            }
            (tokens, text) = (after_star, swallowed.clone());
            retry = Some((after_star, swallowed));
        }
    }

    /// How this pattern of a policy stands to `request`.
    pub fn relation(&self, request: &Self) -> Relation {
        if request.is_literal() {
            let is_in = self.matches_chars(request.0.iter().filter_map(|token| token.char()));
            return if is_in { Relation::Covers } else { Relation::Disjoint };
        }
        if self.covers(request) {
            Relation::Covers
        } else if self.overlaps(request) {
            Relation::Overlaps
        } else {
            Relation::Disjoint
        }
    }

    /// Whether every text of `other` is one of `self`.
    pub fn covers(&self, other: &Self) -> bool {
        // What begins with letters holds only what begins with the same: most pairs end here.
        let letters = self.0.iter().take_while(|token| matches!(token, Token::Char(_)));
        letters.enumerate().all(|(place, token)| other.0.get(place) == Some(token))
            && self.text_missing_from(other).is_none()
    }

    /// A text of `other` that is none of `self`, the shortest there is.
    ///
    /// Walks the product of `other`'s positions and the set of `self`'s positions, breadth first. Characters that
    /// neither pattern names behave alike: one of them, `fresh_char`, stands for all.
    pub fn text_missing_from(&self, other: &Self) -> Option<String> {
        let alphabet = alphabet(&[self, other]);
        let start = (States::start(other), States::start(self));
        let mut seen = std::collections::BTreeSet::from([start.clone()]);
        let mut queue = std::collections::VecDeque::from([(start, String::new())]);
        while let Some(((inner, outer), text)) = queue.pop_front() {
            if inner.accepts(other) && !outer.accepts(self) {
                return Some(text);
            }
            for &c in &alphabet {
                let next = (inner.step(other, c), outer.step(self, c));
                if !next.0.is_empty() && seen.insert(next.clone()) {
                    queue.push_back((next, format!("{text}{c}")));
                }
            }
        }
        None
    }

    /// Whether some text is in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.common_text(other).is_some()
    }

    /// A text that is in both, the shortest there is.
    pub fn common_text(&self, other: &Self) -> Option<String> {
        let alphabet = alphabet(&[self, other]);
        let start = (States::start(self), States::start(other));
        let mut seen = std::collections::BTreeSet::from([start.clone()]);
        let mut queue = std::collections::VecDeque::from([(start, String::new())]);
        while let Some(((a, b), text)) = queue.pop_front() {
            if a.accepts(self) && b.accepts(other) {
                return Some(text);
            }
            for &c in &alphabet {
                let next = (a.step(self, c), b.step(other, c));
                if !next.0.is_empty() && !next.1.is_empty() && seen.insert(next.clone()) {
                    queue.push_back((next, format!("{text}{c}")));
                }
            }
        }
        None
    }

    /// Whether there is no wildcard in it.
    pub fn is_literal(&self) -> bool {
        self.0.iter().all(|token| matches!(token, Token::Char(_)))
    }
}

/// Whether some text matches both patterns: the yes or no of [`Glob::common_text`], cheaply. A `*` or `?` on either side is a
/// wildcard.
pub fn patterns_overlap(a: &str, b: &str) -> bool {
    let (start_a, start_b) = (literal_length(a), literal_length(b));
    if start_a == a.len() || start_b == b.len() {
        // The one without wildcards is the text.
        return if start_a == a.len() {
            crate::pattern::matches(b, a)
        } else {
            crate::pattern::matches(a, b)
        };
    }
    // What both begin with before their first wildcard must be the same; most pairs end here.
    let start = start_a.min(start_b);
    let (Some((head_a, a)), Some((head_b, b))) = (a.split_at_checked(start), b.split_at_checked(start))
    else {
        return false;
    };
    if head_a != head_b {
        return false;
    }
    match (a, b) {
        ("*", _) | (_, "*") => true,
        // At least one character, which every pattern but `*` and the empty one has.
        ("?*", _) | (_, "?*") => true,
        _ => tails_overlap(a, b),
    }
}

/// The bytes before the first wildcard.
fn literal_length(pattern: &str) -> usize {
    pattern.bytes().position(|byte| matches!(byte, b'*' | b'?')).unwrap_or(pattern.len())
}

/// The same, position by position.
fn tails_overlap(a: &str, b: &str) -> bool {
    let b: Vec<char> = b.chars().collect();
    // `row[n]`: whether the part of `a` so far and the first `n` characters of `b` have a text in common.
    let mut row = vec![true];
    row.extend(b.iter().scan(true, |all_stars, c| {
        *all_stars &= *c == '*';
        Some(*all_stars)
    }));
    let mut next = Vec::with_capacity(row.len());
    for x in a.chars() {
        let mut left = x == '*' && row.first() == Some(&true);
        next.clear();
        next.push(left);
        for (y, above) in b.iter().zip(row.windows(2)) {
            let &[diagonal, above] = above else { continue };
            left = match (x, *y) {
                // A `*` stands for nothing, or swallows one step of the other side.
                ('*', _) | (_, '*') => above || left || diagonal,
                _ => diagonal && (x == '?' || *y == '?' || x == *y),
            };
            next.push(left);
        }
        std::mem::swap(&mut row, &mut next);
    }
    row.last() == Some(&true)
}

impl FromIterator<Token> for Glob {
    fn from_iter<I: IntoIterator<Item = Token>>(tokens: I) -> Self {
        let mut glob = Self::default();
        for token in tokens {
            glob.push(token);
        }
        glob
    }
}

fn star_or_char(c: char) -> Token {
    if c == '*' { Token::Many } else { Token::Char(c) }
}

/// The characters the patterns name, and one that none of them does.
fn alphabet(globs: &[&Glob]) -> Vec<char> {
    let named: std::collections::BTreeSet<char> = globs
        .iter()
        .flat_map(|glob| glob.tokens())
        .filter_map(|token| if let Token::Char(c) = token { Some(*c) } else { None })
        .collect();
    let fresh = fresh_char(&named);
    named.into_iter().chain(fresh).collect()
}

/// A character outside `named`, a letter if one is left, so that a witness reads well.
fn fresh_char(named: &std::collections::BTreeSet<char>) -> Option<char> {
    ('a'..='z').chain('0'..='9').chain('\u{4e00}'..='\u{9fff}').find(|c| !named.contains(c))
}

/// The positions a glob can be at after some text, sorted: the subset construction, one state at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct States(Vec<usize>);

impl States {
    fn start(glob: &Glob) -> Self {
        let mut states = Self(Vec::new());
        states.enter(glob, 0);
        states
    }

    /// Adds a position, and the one behind it where a `*` may stand for nothing.
    fn enter(&mut self, glob: &Glob, position: usize) {
        if !self.0.contains(&position) {
            self.0.push(position);
        }
        if glob.0.get(position) == Some(&Token::Many) {
            self.enter(glob, position.saturating_add(1));
        }
    }

    /// The positions after one more character.
    fn step(&self, glob: &Glob, c: char) -> Self {
        let mut next = Self(Vec::new());
        for &position in &self.0 {
            match glob.0.get(position) {
                Some(Token::Many) => next.enter(glob, position),
                Some(Token::One) => next.enter(glob, position.saturating_add(1)),
                Some(Token::Char(expected)) if *expected == c => {
                    next.enter(glob, position.saturating_add(1));
                }
                _ => {}
            }
        }
        next.0.sort_unstable();
        next
    }

    fn accepts(&self, glob: &Glob) -> bool {
        self.0.contains(&glob.0.len())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Glob, Relation, States};
    use crate::pattern;

    #[test]
    fn relations() {
        for (policy, request, expected) in [
            ("*", "*", Relation::Covers),
            ("*", "abc", Relation::Covers),
            ("a*", "ab*", Relation::Covers),
            ("ab*", "a*", Relation::Overlaps),
            ("*b", "a*", Relation::Overlaps),
            ("a*", "b*", Relation::Disjoint),
            ("a?c", "a*c", Relation::Overlaps),
            ("a*c", "a?c", Relation::Covers),
            ("a??", "a?", Relation::Disjoint),
            ("", "*", Relation::Overlaps),
        ] {
            assert_eq!(
                Glob::policy(policy).relation(&Glob::request(request)),
                expected,
                "{policy} {request}"
            );
        }
    }

    #[test]
    fn many_stars_end() {
        let dense = Glob::policy(&"*a".repeat(40));
        assert!(!dense.covers(&Glob::policy(&"*ab".repeat(5))));
        assert!(dense.covers(&dense));
    }

    fn pattern_text() -> impl Strategy<Value = String> {
        proptest::collection::vec(proptest::sample::select(vec!['a', 'b', '*', '?']), 0..7)
            .prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn agrees_with_the_matcher(pattern in pattern_text(), text in "[abc]{0,7}") {
            prop_assert_eq!(Glob::policy(&pattern).matches(&text), pattern::matches(&pattern, &text));
        }

        #[test]
        fn agrees_with_the_walk_of_positions(pattern in pattern_text(), text in "[abc]{0,7}") {
            let glob = Glob::policy(&pattern);
            let end = text.chars().fold(States::start(&glob), |states, c| states.step(&glob, c));
            prop_assert_eq!(glob.matches(&text), end.accepts(&glob));
        }

        #[test]
        fn overlapping_is_having_a_common_text(a in pattern_text(), b in pattern_text()) {
            let expected = Glob::policy(&a).common_text(&Glob::policy(&b)).is_some();
            prop_assert_eq!(super::patterns_overlap(&a, &b), expected, "{} {}", a, b);
        }

        #[test]
        fn witnesses_are_true(a in pattern_text(), b in pattern_text()) {
            let (left, right) = (Glob::policy(&a), Glob::policy(&b));
            if let Some(text) = left.text_missing_from(&right) {
                prop_assert!(pattern::matches(&b, &text) && !pattern::matches(&a, &text), "{}", text);
            }
            if let Some(text) = left.common_text(&right) {
                prop_assert!(pattern::matches(&b, &text) && pattern::matches(&a, &text), "{}", text);
            }
        }

        #[test]
        fn no_text_speaks_against_a_relation(a in pattern_text(), b in pattern_text(), text in "[abc]{0,6}") {
            let (left, right) = (Glob::policy(&a), Glob::policy(&b));
            let (in_left, in_right) = (pattern::matches(&a, &text), pattern::matches(&b, &text));
            prop_assert!(!left.covers(&right) || !in_right || in_left);
            prop_assert!(left.overlaps(&right) || !(in_left && in_right));
        }
    }
}
