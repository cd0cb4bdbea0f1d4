//! One test of a condition key, and which facts of the key pass several tests and fail others.
//!
//! A key is absent, has one value, or has a list of values. Each is looked at by itself: whether it is absent, an empty
//! text and a list of nothing are single facts; one value that is a text is a search; of a list, every member passes
//! what all must pass, and for each thing that some member must pass there is a member.

mod values;

use std::borrow::Cow;

use crate::document::{Condition, Version};
use crate::glob::Token;
use crate::operator::{Comparison, Operator, Qualifier};
use crate::request::{Context, Fact};
use crate::value;
use crate::variable::{Piece, pieces};

use super::keys::KeyKind;
use super::text::{Case, Effort, Found, Pattern, Replaced};
use values::{Member, Universe};

/// A condition, ready to be reasoned about.
#[derive(Debug)]
pub(super) struct Test {
    operator: Operator,
    values: Values,
    /// As written, for facts that are given.
    condition: Condition,
    version: Option<Version>,
}

/// The policy's values.
#[derive(Debug)]
enum Values {
    /// Texts, and what compares like them: `Bool`, `Binary`.
    Texts(Vec<Pattern>),
    /// ARNs: what is no ARN satisfies neither the operator nor its negation.
    Arns(Vec<Pattern>),
    /// Numbers, points in time, addresses.
    Ordered(values::Ordered),
    /// Of `Null`: whether absence is asked for; both may be.
    Absence(Vec<bool>),
}

/// Facts that pass and fail tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Facts {
    /// This one.
    Some(Fact),
    /// There may be one.
    Perhaps,
    /// None.
    None,
}

impl Test {
    /// `None`: the language has no such operator.
    pub(super) fn read(
        condition: &Condition,
        version: Option<Version>,
        replace: &mut impl FnMut(&str, Option<&str>, Case) -> Replaced,
        letter: &mut impl FnMut(&str) -> u32,
    ) -> Option<Self> {
        let operator = Operator::parse(&condition.operator)?;
        let texts = || condition.values.as_slice().iter().map(|value| value.text());
        let mut text =
            |wanted: &str, wildcards, case| Pattern::text(pieces(wanted, version), wildcards, case, replace);
        let values = match operator.comparison {
            Comparison::StringEquals => {
                Values::Texts(texts().filter_map(|it| text(it, false, Case::Exact)).collect())
            }
            Comparison::StringLike => {
                Values::Texts(texts().filter_map(|it| text(it, true, Case::Exact)).collect())
            }
            // Beyond ASCII one letter may be several in lower case.
            Comparison::StringEqualsIgnoreCase => Values::Texts(
                texts()
                    .filter_map(|it| {
                        if it.is_ascii() {
                            text(it, false, Case::Unicode)
                        } else {
                            Some(Pattern::letter(letter(&format!("without case {it}"))))
                        }
                    })
                    .collect(),
            ),
            Comparison::Bool => {
                let wanted = texts().filter_map(value::boolean);
                let pattern = |wanted| Pattern::literal(if wanted { "true" } else { "false" }, Case::Ascii);
                Values::Texts(wanted.map(pattern).collect())
            }
            // Reading base64 refuses every spelling but one.
            Comparison::Binary => {
                let wanted = texts().filter(|text| value::bytes(text).is_some());
                Values::Texts(wanted.map(|text| Pattern::literal(text, Case::Exact)).collect())
            }
            Comparison::Arn => {
                let wanted = texts().filter_map(|it| arn(&pieces(it, version), it, replace, letter));
                Values::Arns(wanted.collect())
            }
            Comparison::Null => Values::Absence(texts().filter_map(value::boolean).collect()),
            Comparison::Numeric(_) | Comparison::Date(_) | Comparison::IpAddress => {
                Values::Ordered(values::Ordered::read(operator.comparison, texts()))
            }
        };
        Some(Self { operator, values, condition: condition.clone(), version })
    }

    /// Whether a fact passes, where nothing else needs to be known.
    pub(super) fn passes_fact(&self, key: &str, fact: &Fact, others: &[(String, Fact)]) -> Option<bool> {
        let mut context = Context::complete();
        for (key, fact) in others {
            context.set(key, fact.clone());
        }
        context.set(key, fact.clone());
        let condition = std::slice::from_ref(&self.condition);
        crate::reference::conditions_hold(condition, self.version, &context).known()
    }

    /// Whether an absent key passes.
    fn passes_absent(&self) -> bool {
        match (&self.values, self.operator.qualifier) {
            (Values::Absence(wanted), _) => wanted.contains(&true),
            _ if self.operator.if_exists => true,
            (_, Some(Qualifier::ForAllValues)) => true,
            (_, Some(Qualifier::ForAnyValue)) => false,
            (_, None) => self.operator.negated,
        }
    }
}

/// An ARN whose variable stands before the fifth colon is not looked into: what it stands for may hold colons, and so
/// decides where the parts end.
fn arn(
    pieces: &[Piece],
    text: &str,
    replace: &mut impl FnMut(&str, Option<&str>, Case) -> Replaced,
    letter: &mut impl FnMut(&str) -> u32,
) -> Option<Pattern> {
    let (mut tokens, mut first_letter, mut letters) = (Vec::new(), None, Vec::new());
    for piece in pieces {
        match piece {
            Piece::Token(token) => tokens.push(*token),
            Piece::Variable { key, default } => match replace(key, default.as_deref(), Case::Exact) {
                Replaced::Text(text) => tokens.extend(text.chars().map(Token::Char)),
                Replaced::Nothing => return None,
                Replaced::Letter(number) => {
                    first_letter = first_letter.or(Some(tokens.len()));
                    letters.push((tokens.len(), number));
                }
            },
        }
    }
    let is_colon = |token: &&Token| **token == Token::Char(':');
    let before = first_letter.unwrap_or(tokens.len());
    let is_open = first_letter.is_some() && tokens.iter().take(before).filter(is_colon).count() < 5;
    if is_open {
        Some(Pattern::letter(letter(&format!("arn {text}"))))
    } else {
        Pattern::arn_tokens(&tokens, &letters)
    }
}

/// A fact, of those there can be, that passes the tests marked true and fails those marked false. The plainest comes first.
pub(super) fn fact_for(tests: &[(&Test, bool)], kind: KeyKind, effort: &Effort) -> Facts {
    let universe = Universe { values: kind.values, has_empty: !kind.is_always_there, effort };
    let mut perhaps = false;
    if !kind.is_always_there && tests.iter().all(|(test, wanted)| test.passes_absent() == *wanted) {
        return Facts::Some(Fact::Absent);
    }
    let one = || if kind.may_be_one { one_value(tests, universe) } else { Facts::None };
    let list = || if kind.may_be_list { list(tests, universe) } else { Facts::None };
    let in_order: [&dyn Fn() -> Facts; 2] = if kind.prefers_list { [&list, &one] } else { [&one, &list] };
    for search in in_order {
        match search() {
            Facts::Some(fact) => return Facts::Some(fact),
            Facts::Perhaps => perhaps = true,
            Facts::None => {}
        }
    }
    if perhaps { Facts::Perhaps } else { Facts::None }
}

/// What tests ask of one text; `None` when it cannot be.
fn asked_of_text<'a>(tests: &[(&'a Test, bool)], is_empty: bool) -> Option<Vec<Member<'a>>> {
    let mut asked = Vec::new();
    for (test, wanted) in tests {
        match (&test.values, test.operator.qualifier) {
            (Values::Absence(null), _) => {
                if null.contains(&is_empty) != *wanted {
                    return None;
                }
            }
            (_, Some(Qualifier::ForAllValues)) if is_empty => {
                if !wanted {
                    return None;
                }
            }
            _ => asked.push(Member { test, passes: *wanted }),
        }
    }
    Some(asked)
}

fn one_value(tests: &[(&Test, bool)], universe: Universe<'_>) -> Facts {
    let mut perhaps = false;
    for is_empty in [false, true].into_iter().filter(|is_empty| !is_empty || universe.has_empty_text()) {
        let Some(asked) = asked_of_text(tests, is_empty) else { continue };
        match values::text_for(&asked, is_empty, universe) {
            Found::Text(text) => return Facts::Some(Fact::One(text)),
            Found::Perhaps => perhaps = true,
            Found::None => {}
        }
    }
    if perhaps { Facts::Perhaps } else { Facts::None }
}

/// A list of several: `members` says what each must do, `some` what one of them must do.
fn list(tests: &[(&Test, bool)], universe: Universe<'_>) -> Facts {
    let mut perhaps = false;
    let (mut all, mut some) = (Vec::new(), Vec::new());
    let (mut is_mixed_possible, mut is_empty_possible, mut blank) = (true, true, Vec::new());
    let mut is_blank_possible = true;
    for (test, wanted) in tests {
        match (&test.values, test.operator.qualifier) {
            (Values::Absence(null), _) => {
                is_mixed_possible &= null.contains(&false) == *wanted;
                is_empty_possible &= null.contains(&true) == *wanted;
                is_blank_possible &= null.contains(&true) == *wanted;
            }
            // A list needs a set operator.
            (_, None) if *wanted => return Facts::None,
            (_, None) => {}
            (_, Some(Qualifier::ForAllValues)) => {
                is_empty_possible &= *wanted;
                is_blank_possible &= *wanted;
                if *wanted { &mut all } else { &mut some }.push(Member { test, passes: *wanted });
            }
            (_, Some(Qualifier::ForAnyValue)) => {
                is_empty_possible &= !*wanted;
                blank.push(Member { test, passes: *wanted });
                if *wanted { &mut some } else { &mut all }.push(Member { test, passes: *wanted });
            }
        }
    }
    if is_mixed_possible {
        match mixed(&all, &some, universe) {
            Facts::Some(fact) => return Facts::Some(fact),
            Facts::Perhaps => perhaps = true,
            Facts::None => {}
        }
    }
    if is_empty_possible {
        return Facts::Some(Fact::Many(Vec::new()));
    }
    if is_blank_possible {
        match values::text_for(&blank, true, universe) {
            Found::Text(text) => return Facts::Some(Fact::Many(vec![text])),
            Found::Perhaps => perhaps = true,
            Found::None => {}
        }
    }
    if perhaps { Facts::Perhaps } else { Facts::None }
}

/// A list of which at least one member is not empty.
fn mixed(all: &[Member<'_>], some: &[Member<'_>], universe: Universe<'_>) -> Facts {
    let mut perhaps = false;
    let mut members: Vec<String> = Vec::new();
    let mut add = |asked: &[Member<'_>], may_be_empty: bool| {
        let mut found = values::text_for(asked, false, universe);
        if found != Found::None && !matches!(found, Found::Text(_)) {
            perhaps = true;
        }
        if found == Found::None && may_be_empty {
            found = values::text_for(asked, true, universe);
            perhaps |= found == Found::Perhaps;
        }
        if let Found::Text(text) = &found
            && !members.contains(text)
        {
            members.push(text.clone());
        }
        found != Found::None
    };
    for wanted in some {
        let asked: Vec<Member<'_>> = all.iter().chain([wanted]).copied().collect();
        if !add(&asked, true) {
            return Facts::None;
        }
    }
    // What some member must do may have been done by empty ones only.
    if !add(all, false) {
        return Facts::None;
    }
    if perhaps { Facts::Perhaps } else { Facts::Some(Fact::Many(members)) }
}

/// The values of a condition, each once, in order: the same test has the same values.
pub(super) fn sorted_values(condition: &Condition) -> Vec<Cow<'_, str>> {
    let mut values: Vec<Cow<'_, str>> =
        condition.values.as_slice().iter().map(|value| Cow::Borrowed(value.text())).collect();
    values.sort_unstable();
    values.dedup();
    values
}
