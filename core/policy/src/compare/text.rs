//! Sets of texts as patterns, and the search for a text that is in all of these and in none of those.
//!
//! A pattern is an automaton whose states are its positions. The search walks one pattern that the text must match, and
//! beside it the positions of all others, breadth first: the first text found is a shortest one, and when the walk ends
//! without one there is none. A policy variable is a letter of its own: whatever it stands for, `b/${u}/x` lies in `b/${u}/*`.

mod walk;

use crate::checked::Row;
use crate::document::Version;
use crate::glob::{Glob, Token};
use crate::pattern;
use crate::reference::is_user_name;
use crate::variable::{Piece, pieces};
use kagimori_id::arn::padded_parts;

/// One step of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Step {
    /// This character.
    Char(char),
    /// This ASCII letter in either case, given in lower case.
    Fold(char),
    /// Whatever is this ASCII letter in lower case; the Kelvin sign is a `k`.
    FoldUnicode(char),
    /// `?`
    One,
    /// `*`
    Many,
    /// `?` that is no colon: in the first five parts of an ARN.
    OneInPart,
    /// `*` that reaches over no colon.
    ManyInPart,
    /// What a variable, by its number, stands for.
    Variable(u32),
}

impl Step {
    fn takes(self, c: char) -> bool {
        match self {
            Self::Char(own) => own == c,
            Self::Fold(own) => own == c.to_ascii_lowercase(),
            Self::FoldUnicode(own) => c.to_lowercase().eq([own]),
            Self::One | Self::Many => true,
            Self::OneInPart | Self::ManyInPart => c != ':',
            Self::Variable(_) => false,
        }
    }

    fn repeats(self) -> bool {
        matches!(self, Self::Many | Self::ManyInPart)
    }

    /// Matches a known number of characters of a known kind.
    fn is_letter(self) -> bool {
        matches!(self, Self::Char(_) | Self::Fold(_) | Self::FoldUnicode(_))
    }
}

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pattern(Box<[Step]>);

/// How letters compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Case {
    Exact,
    /// ASCII letters without case: names of IAM users.
    Ascii,
    /// Without case, as `StringEqualsIgnoreCase`.
    Unicode,
}

impl Case {
    fn step(self, c: char) -> Step {
        match self {
            Self::Ascii if c.is_ascii_alphabetic() => Step::Fold(c.to_ascii_lowercase()),
            Self::Unicode if c.is_ascii_alphabetic() => Step::FoldUnicode(c.to_ascii_lowercase()),
            _ => Step::Char(c),
        }
    }
}

/// What a variable is replaced by.
pub(super) enum Replaced {
    /// By this text.
    Text(String),
    /// It has no value: the pattern matches nothing.
    Nothing,
    /// By a letter of its own.
    Letter(u32),
}

impl FromIterator<Step> for Pattern {
    /// `*?*?` is `??*`: the same texts, and few positions at once.
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        let mut kept: Vec<Step> = Vec::new();
        for step in steps {
            match (kept.last().copied(), step) {
                (Some(last), step) if step.repeats() && last == step => {}
                (Some(many @ Step::Many), Step::One) | (Some(many @ Step::ManyInPart), Step::OneInPart) => {
                    kept.pop();
                    kept.extend([step, many]);
                }
                _ => kept.push(step),
            }
        }
        Self(kept.into())
    }
}

impl Pattern {
    /// Exactly this text.
    pub(super) fn literal(text: &str, case: Case) -> Self {
        text.chars().map(|c| case.step(c)).collect()
    }

    /// Every text.
    pub(super) fn everything() -> Self {
        Self([Step::Many].into())
    }

    /// Every ARN: six parts, the first of them `arn`.
    pub(super) fn every_arn() -> Self {
        arn_steps(["*"; 4]).chain([Step::Many]).collect()
    }

    /// The ARN that AWS compares for an action without resources, in any Region and account.
    pub(super) fn checked(row: Row) -> Self {
        Self::of_request(&row.filled("*", "*", "*"))
    }

    /// A policy's pattern of ARNs without variables; one that matches no ARN is the pattern of no text.
    pub(super) fn of_policy(text: &str) -> Self {
        let literal = |text: &str| pieces(text, Some(Version::V2012));
        Self::resource(text, literal, &mut |_: &str, _: Option<&str>, _: Case| Replaced::Nothing)
            .unwrap_or_else(|| Self::literal("", Case::Exact))
    }

    /// A request's pattern of ARNs: only `*` is a wildcard, and `${*}` is that character.
    pub(super) fn of_request(text: &str) -> Self {
        let text = text.replace('?', "${?}");
        let literal = |text: &str| pieces(text, Some(Version::V2012));
        Self::resource(&text, literal, &mut |_: &str, _: Option<&str>, _: Case| Replaced::Nothing)
            .unwrap_or_else(Self::every_arn)
    }

    /// A letter that stands for a whole text of which nothing is known.
    pub(super) fn letter(number: u32) -> Self {
        Self([Step::Variable(number)].into())
    }

    /// An action's pattern, `service:Action` without case; requests are compared in lower case.
    pub(super) fn action(text: &str) -> Self {
        text.chars()
            .map(|c| match c {
                '*' => Step::Many,
                '?' => Step::One,
                c => Step::Char(c.to_ascii_lowercase()),
            })
            .collect()
    }

    /// A text of a condition: with wildcards, or with `*` and `?` as characters. `None`: it matches nothing.
    pub(super) fn text(
        pieces: Vec<Piece>,
        wildcards: bool,
        case: Case,
        replace: &mut impl FnMut(&str, Option<&str>, Case) -> Replaced,
    ) -> Option<Self> {
        let mut steps = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Token(Token::Char(c)) => steps.push(case.step(c)),
                Piece::Token(Token::One) => steps.push(if wildcards { Step::One } else { Step::Char('?') }),
                Piece::Token(Token::Many) => steps.push(if wildcards { Step::Many } else { Step::Char('*') }),
                Piece::Variable { key, default } => match replace(&key, default.as_deref(), case) {
                    Replaced::Text(text) => steps.extend(text.chars().map(|c| case.step(c))),
                    Replaced::Nothing => return None,
                    Replaced::Letter(number) => steps.push(Step::Variable(number)),
                },
            }
        }
        Some(steps.into_iter().collect())
    }

    /// The ARN of a condition; `letters` stand for variables in its sixth part, before the token of this place. `None`: it
    /// matches no ARN.
    pub(super) fn arn_tokens(tokens: &[Token], letters: &[(usize, u32)]) -> Option<Self> {
        if letters.is_empty() && tokens == [Token::Many] {
            return Some(Self::every_arn());
        }
        let parts: Vec<&[Token]> = tokens.splitn(6, |token| *token == Token::Char(':')).collect();
        let [scheme, middle @ .., last] = parts.as_slice() else { return None };
        let scheme: Glob = scheme.iter().copied().collect();
        if middle.len() != 4 || !scheme.matches("arn") {
            return None;
        }
        let mut steps: Vec<Step> = "arn".chars().map(Step::Char).collect();
        for part in middle {
            steps.push(Step::Char(':'));
            steps.extend(part.iter().map(|token| in_part(*token)));
        }
        steps.push(Step::Char(':'));
        let first = tokens.len().saturating_sub(last.len());
        for place in first..=tokens.len() {
            let here = letters.iter().filter(|(before, _)| *before == place);
            steps.extend(here.map(|(_, number)| Step::Variable(*number)));
            steps.extend(tokens.get(place).map(|token| match token {
                Token::Char(c) => Step::Char(*c),
                Token::One => Step::One,
                Token::Many => Step::Many,
            }));
        }
        Some(steps.into_iter().collect())
    }

    /// A `Resource` pattern. Variables stand in the sixth part only. `None`: no ARN matches it.
    pub(super) fn resource(
        text: &str,
        sixth: impl FnOnce(&str) -> Vec<Piece>,
        replace: &mut impl FnMut(&str, Option<&str>, Case) -> Replaced,
    ) -> Option<Self> {
        let [scheme, partition, service, region, account, resource] = padded_parts(text);
        if !pattern::matches(scheme, "arn") {
            return None;
        }
        let case = if is_user_name(text) { Case::Ascii } else { Case::Exact };
        let last = Self::text(sixth(resource), true, case, replace)?;
        Some(arn_steps([partition, service, region, account]).chain(last.0.iter().copied()).collect())
    }

    /// One ARN of a pattern of ARNs, as people write them. Its variables stand open.
    pub(super) fn example_arn(&self, region: &str, account: &str) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        let mut part = 0;
        for step in &self.0 {
            part += usize::from(*step == Step::Char(':'));
            match step {
                Step::Many | Step::ManyInPart | Step::Variable(_) => {
                    let word = match part {
                        1 => "aws",
                        3 => region,
                        4 => account,
                        _ => "example",
                    };
                    steps.extend(word.chars().map(Step::Char));
                }
                Step::One | Step::OneInPart => steps.push(Step::Char('1')),
                Step::Fold(c) | Step::FoldUnicode(c) => steps.push(Step::Char(*c)),
                Step::Char(_) => steps.push(*step),
            }
        }
        steps.into_iter().collect()
    }

    /// Whether a variable stands in it.
    pub(super) fn has_variable(&self) -> bool {
        self.0.iter().any(|step| matches!(step, Step::Variable(_)))
    }

    /// Whether one text, or that text in other cases, is all it matches.
    fn is_literal(&self) -> bool {
        self.0.iter().all(|step| matches!(step, Step::Char(_)))
    }

    /// The only text it matches.
    pub(super) fn as_literal(&self) -> Option<String> {
        let letter = |step: &Step| if let Step::Char(c) = step { Some(*c) } else { None };
        self.0.iter().map(letter).collect()
    }

    /// Whether it matches a text; `None` when that depends on what its variables stand for.
    pub(super) fn matches(&self, text: &str) -> Option<bool> {
        let is_exact = !self.has_variable();
        let widened = |step: &Step| if matches!(step, Step::Variable(_)) { Step::Many } else { *step };
        let steps: Vec<Step> = self.0.iter().map(widened).collect();
        let matched = matches_steps(&steps, text);
        (is_exact || !matched).then_some(matched)
    }
}

/// `arn:` and four parts, each with its colon behind it.
fn arn_steps(parts: [&str; 4]) -> impl Iterator<Item = Step> + use<'_> {
    let parts = parts.into_iter().flat_map(|part| {
        let token = |c| match c {
            '*' => Token::Many,
            '?' => Token::One,
            c => Token::Char(c),
        };
        part.chars().map(move |c| in_part(token(c))).chain([Step::Char(':')])
    });
    "arn:".chars().map(Step::Char).chain(parts)
}

fn in_part(token: Token) -> Step {
    match token {
        Token::Char(c) => Step::Char(c),
        Token::One => Step::OneInPart,
        Token::Many => Step::ManyInPart,
    }
}

/// Greedy matching would not do: `ManyInPart` stops at a colon. Positions are few.
fn matches_steps(steps: &[Step], text: &str) -> bool {
    let enter = |positions: &mut Vec<usize>, mut at: usize| {
        loop {
            if !positions.contains(&at) {
                positions.push(at);
            }
            if !steps.get(at).is_some_and(|step| step.repeats()) {
                return;
            }
            at = at.saturating_add(1);
        }
    };
    let mut positions = Vec::new();
    enter(&mut positions, 0);
    for c in text.chars() {
        let mut next = Vec::new();
        for at in positions {
            let Some(step) = steps.get(at).filter(|step| step.takes(c)) else { continue };
            enter(&mut next, if step.repeats() { at } else { at.saturating_add(1) });
        }
        if next.is_empty() {
            return false;
        }
        positions = next;
    }
    positions.contains(&steps.len())
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// This text.
    Text(String),
    /// There may be one: it depends on what variables stand for, or the search was too long.
    Perhaps,
    /// There is none.
    None,
}

/// A text that is in one pattern of each set `within`, and in no pattern of the sets `without`.
#[derive(Clone, Default)]
pub(super) struct Query<'a> {
    pub(super) within: Vec<&'a [Pattern]>,
    pub(super) without: Vec<&'a [Pattern]>,
    /// And in one of these; a search begins elsewhere if it can.
    pub(super) frame: Option<&'a [Pattern]>,
    /// What all searches of a comparison may take together.
    effort: Option<&'a Effort>,
}

/// How much searching a comparison has done: what is too long ends in "perhaps".
#[derive(Debug, Default)]
pub(super) struct Effort(std::cell::Cell<usize>);

/// So many positions of patterns are looked at in one comparison: a second or two.
const EFFORT_MAX: usize = 20_000_000;

impl Effort {
    /// Adds to what was done; whether that was too much.
    pub(super) fn is_spent(&self, more: usize) -> bool {
        self.0.set(self.0.get().saturating_add(more));
        self.0.get() > EFFORT_MAX
    }
}

impl<'a> Query<'a> {
    /// Nothing asked so far.
    pub(super) fn within_effort(effort: &'a Effort) -> Self {
        Self { effort: Some(effort), ..Self::default() }
    }

    /// Whether a text is surely one of those searched for.
    pub(super) fn admits(&self, text: &str) -> bool {
        let is_in = |set: &&[Pattern]| set.iter().any(|pattern| pattern.matches(text) == Some(true));
        let is_out = |set: &&[Pattern]| set.iter().all(|pattern| pattern.matches(text) == Some(false));
        self.within.iter().chain(&self.frame).all(is_in) && self.without.iter().all(is_out)
    }

    /// Searches. A text that `skip` refuses does not count.
    pub(super) fn find(&self, skip: &dyn Fn(&str) -> bool) -> Found {
        let everything = [Pattern::everything()];
        // What a variable of the generator stands for is followed exactly, elsewhere it is widened.
        let order = |set: &[Pattern]| (!set.iter().any(Pattern::has_variable), set.len());
        let first = (0..self.within.len()).min_by_key(|place| self.within.get(*place).map(|set| order(set)));
        let generators =
            first.and_then(|place| self.within.get(place).copied()).or(self.frame).unwrap_or(&everything);
        let mut perhaps = false;
        for generator in generators {
            match self.find_in(generator, first, skip) {
                Found::Text(text) => return Found::Text(text),
                Found::Perhaps => perhaps = true,
                Found::None => {}
            }
        }
        if perhaps { Found::Perhaps } else { Found::None }
    }

    /// A text of one pattern. What surely decides nothing is left out first, so that the walk is short.
    fn find_in(&self, generator: &Pattern, place: Option<usize>, skip: &dyn Fn(&str) -> bool) -> Found {
        let mut groups: Vec<Vec<&Pattern>> = Vec::new();
        for (other, set) in self.within.iter().chain(&self.frame).enumerate() {
            if Some(other) == place || set.iter().any(|pattern| surely_covers(pattern, generator)) {
                continue;
            }
            let near: Vec<&Pattern> = set.iter().filter(|it| !surely_apart(it, generator)).collect();
            if near.is_empty() {
                return Found::None;
            }
            groups.push(near);
        }
        let mut without: Vec<&Pattern> = Vec::new();
        for pattern in self.without.iter().copied().flatten() {
            if surely_covers(pattern, generator) {
                return Found::None;
            }
            if !surely_apart(pattern, generator) {
                without.push(pattern);
            }
        }
        if generator.is_literal() {
            return self.judge_literal(generator, &groups, &without, skip);
        }
        walk::Walk::new(generator, &groups, &without, self.effort).find(skip)
    }

    fn judge_literal(
        &self,
        generator: &Pattern,
        groups: &[Vec<&Pattern>],
        without: &[&Pattern],
        skip: &dyn Fn(&str) -> bool,
    ) -> Found {
        let Some(text) = generator.as_literal() else { return Found::Perhaps };
        if skip(&text) {
            return Found::None;
        }
        let any = |set: &[&Pattern]| {
            let mut truths = set.iter().map(|pattern| pattern.matches(&text));
            if truths.clone().any(|truth| truth == Some(true)) {
                return Some(true);
            }
            truths.all(|truth| truth == Some(false)).then_some(false)
        };
        let within: Vec<Option<bool>> = groups.iter().map(|set| any(set)).collect();
        let outside = any(without);
        if within.contains(&Some(false)) || outside == Some(true) {
            return Found::None;
        }
        let is_sure = within.iter().all(|truth| *truth == Some(true)) && outside == Some(false);
        if is_sure { Found::Text(text) } else { Found::Perhaps }
    }
}

/// Told without a walk: the same, everything, or the beginning of the one and `*`.
fn surely_covers(outer: &Pattern, inner: &Pattern) -> bool {
    if outer == inner {
        return true;
    }
    let Some((Step::Many, beginning)) = outer.0.split_last() else { return false };
    beginning.iter().all(|step| step.is_letter()) && inner.0.starts_with(beginning)
}

/// Told without a walk: they begin or end with different letters.
fn surely_apart(a: &Pattern, b: &Pattern) -> bool {
    differ(a.0.iter(), b.0.iter()) || differ(a.0.iter().rev(), b.0.iter().rev())
}

fn differ<'a>(a: impl Iterator<Item = &'a Step>, b: impl Iterator<Item = &'a Step>) -> bool {
    for (a, b) in a.zip(b) {
        match (a, b) {
            (Step::Char(a), Step::Char(b)) if a != b => return true,
            (Step::Char(_), Step::Char(_)) => {}
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests;
