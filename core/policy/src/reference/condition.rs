//! Do the conditions of a statement hold?
//!
//! `reference_policies_elements_condition_operators`, `reference_policies_multi-value-conditions`.

use std::net::IpAddr;

use crate::document::{Condition, ConditionValue, Version};
use crate::formula::{Atom, Formula};
use crate::glob::{Glob, Token};
use crate::operator::{Comparison, Operator, Qualifier};
use crate::policies::Policies;
use crate::request::{Fact, Request};
use crate::value::{self, Decimal};
use crate::variable::{Piece, pieces};
use kagimori_id::ArnParts;
use kagimori_id::arn;

/// "All of the conditions must be met": several operators and several keys are joined by "and".
pub(super) fn all_hold(
    request: &Request,
    policies: &Policies,
    version: Option<Version>,
    conditions: &[Condition],
) -> Formula {
    Formula::all(conditions.iter().map(|condition| holds(request, policies, version, condition)))
}

fn holds(request: &Request, policies: &Policies, version: Option<Version>, condition: &Condition) -> Formula {
    let Some(operator) = Operator::parse(&condition.operator) else {
        let (operator, key) = (condition.operator.clone(), condition.key.clone());
        return Formula::Atom(Atom::Unevaluable { operator, key });
    };
    let key = condition.key.to_lowercase();
    let fact = if is_hidden_tag(request, policies, &key) { &Fact::Absent } else { request.context.get(&key) };
    let test = Test { request, version, operator, values: condition.values.as_slice() };
    let mut missing = Vec::new();
    let truth = test.of(fact, &mut missing);
    match truth {
        Truth::True => Formula::TRUE,
        Truth::False => Formula::FALSE,
        Truth::Unknown => {
            if matches!(fact, Fact::Unknown | Fact::Present) {
                missing.push(key);
            }
            missing.sort_unstable();
            missing.dedup();
            let values = test.values.iter().map(|value| value.text().to_owned()).collect();
            let (operator, key) = (condition.operator.clone(), condition.key.clone());
            Formula::Atom(Atom::Condition { operator, key, values, missing })
        }
    }
}

/// Without attribute-based access control the tags of a bucket are no condition keys (S3 `buckets-tagging-enable-abac`).
fn is_hidden_tag(request: &Request, policies: &Policies, key: &str) -> bool {
    let is_tag = key.starts_with("aws:resourcetag/") || key.starts_with("s3:buckettag/");
    is_tag
        && policies.s3.bucket_abac == Some(false)
        && super::service_of(&request.action).eq_ignore_ascii_case("s3")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Truth {
    False,
    Unknown,
    True,
}

impl Truth {
    fn negate(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }

    fn of(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }

    fn any(truths: impl Iterator<Item = Self>) -> Self {
        truths.fold(Self::False, |a, b| match (a, b) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            _ => Self::False,
        })
    }

    fn all(truths: impl Iterator<Item = Self>) -> Self {
        Self::any(truths.map(Self::negate)).negate()
    }
}

/// One operator with the policy's values.
struct Test<'a> {
    request: &'a Request,
    version: Option<Version>,
    operator: Operator,
    values: &'a [ConditionValue],
}

impl Test<'_> {
    /// The table of `reference_policies_multi-value-conditions` and of "condition operators … `IfExists`".
    fn of(&self, fact: &Fact, missing: &mut Vec<String>) -> Truth {
        if self.operator.comparison == Comparison::Null {
            return self.null(fact);
        }
        match (fact, self.operator.qualifier) {
            (Fact::Unknown, _) => Truth::Unknown,
            (Fact::Present, _) => Truth::Unknown,
            (Fact::Absent, _) if self.operator.if_exists => Truth::True,
            (Fact::Absent, Some(Qualifier::ForAllValues)) => Truth::True,
            (Fact::Absent, Some(Qualifier::ForAnyValue)) => Truth::False,
            (Fact::Absent, None) => Truth::of(self.operator.negated),
            // "ForAllValues … returns true if … the key values resolve to a null data set, such as an empty string".
            (Fact::One(value), Some(Qualifier::ForAllValues)) if value.is_empty() => Truth::True,
            (Fact::One(value), _) => self.passes(value, missing),
            (Fact::Many(values), Some(Qualifier::ForAllValues)) => {
                let is_null = values.iter().all(String::is_empty);
                if is_null {
                    Truth::True
                } else {
                    Truth::all(values.iter().map(|value| self.passes(value, missing)))
                }
            }
            (Fact::Many(values), Some(Qualifier::ForAnyValue)) => {
                Truth::any(values.iter().map(|value| self.passes(value, missing)))
            }
            // A multivalued key needs a set operator.
            (Fact::Many(_), None) => Truth::False,
        }
    }

    /// `Null`: `true` asks for an absent key. An empty value counts as none.
    fn null(&self, fact: &Fact) -> Truth {
        let is_null = match fact {
            Fact::Absent => Truth::True,
            Fact::One(value) => Truth::of(value.is_empty()),
            Fact::Many(values) => Truth::of(values.iter().all(String::is_empty)),
            Fact::Present => Truth::False,
            Fact::Unknown => Truth::Unknown,
        };
        Truth::any(self.values.iter().map(|wanted| match value::boolean(wanted.text()) {
            Some(true) => is_null,
            Some(false) => is_null.negate(),
            None => Truth::False,
        }))
    }

    /// One value of the request against all values of the policy: "or", and "nor" for a negated operator.
    fn passes(&self, value: &str, missing: &mut Vec<String>) -> Truth {
        if !is_comparable(self.operator.comparison, value) {
            return Truth::False;
        }
        let any = Truth::any(self.values.iter().map(|wanted| self.matches(value, wanted.text(), missing)));
        if self.operator.negated { any.negate() } else { any }
    }

    fn matches(&self, value: &str, wanted: &str, missing: &mut Vec<String>) -> Truth {
        match self.operator.comparison {
            Comparison::StringEquals => self.texts(wanted, missing, |text| text.literal() == value),
            Comparison::StringEqualsIgnoreCase => {
                self.texts(wanted, missing, |text| value::equal_ignoring_case(&text.literal(), value))
            }
            Comparison::StringLike => self.texts(wanted, missing, |text| text.glob().matches(value)),
            Comparison::Arn => self.texts(wanted, missing, |text| arns_match(&text, value)),
            Comparison::Numeric(relation) => Truth::of(
                Decimal::parse(value)
                    .zip(Decimal::parse(wanted))
                    .is_some_and(|(value, wanted)| relation.holds(value.cmp(&wanted))),
            ),
            Comparison::Date(relation) => Truth::of(
                value::instant(value)
                    .zip(value::instant(wanted))
                    .is_some_and(|(value, wanted)| relation.holds(value.cmp(&wanted))),
            ),
            Comparison::Bool => {
                Truth::of(value::boolean(value).is_some_and(|it| value::boolean(wanted) == Some(it)))
            }
            Comparison::Binary => {
                Truth::of(value::bytes(value).is_some_and(|it| value::bytes(wanted) == Some(it)))
            }
            Comparison::IpAddress => Truth::of(is_in_range(value, wanted)),
            Comparison::Null => Truth::False,
        }
    }

    /// Compares with a policy's text once its variables are replaced. A variable without a value matches nothing.
    fn texts(&self, wanted: &str, missing: &mut Vec<String>, is_match: impl Fn(Resolved) -> bool) -> Truth {
        let mut resolved = Vec::new();
        let mut is_known = true;
        for piece in pieces(wanted, self.version) {
            match piece {
                Piece::Token(token) => resolved.push(token),
                Piece::Variable { key, default } => match (self.request.context.get(&key), default) {
                    (Fact::One(value), _) => resolved.extend(value.chars().map(Token::Char)),
                    (Fact::Absent, Some(default)) => resolved.extend(default.chars().map(Token::Char)),
                    (Fact::Absent | Fact::Many(_), _) => return Truth::False,
                    (Fact::Present | Fact::Unknown, _) => {
                        is_known = false;
                        missing.push(key);
                    }
                },
            }
        }
        if is_known { Truth::of(is_match(Resolved(resolved))) } else { Truth::Unknown }
    }
}

/// An invalid ARN satisfies neither ArnLike nor ArnNotLike (seen in AWS's policy simulator); the same is assumed of what
/// is no number, no date and no address.
fn is_comparable(comparison: Comparison, value: &str) -> bool {
    match comparison {
        Comparison::Arn => ArnParts::parse(value).is_some(),
        Comparison::Numeric(_) => Decimal::parse(value).is_some(),
        Comparison::Date(_) => value::instant(value).is_some(),
        Comparison::IpAddress => value.parse::<IpAddr>().is_ok(),
        _ => true,
    }
}

/// A policy's text with its variables replaced.
struct Resolved(Vec<Token>);

impl Resolved {
    /// The text for comparisons that know no wildcards.
    fn literal(&self) -> String {
        let c = |token: &Token| match token {
            Token::Char(c) => *c,
            Token::One => '?',
            Token::Many => '*',
        };
        self.0.iter().map(c).collect()
    }

    fn glob(&self) -> Glob {
        self.0.iter().copied().collect()
    }

    /// The six parts; the sixth keeps its colons.
    fn arn_parts(&self) -> Vec<Glob> {
        self.0
            .splitn(6, |token| *token == Token::Char(':'))
            .map(|part| part.iter().copied().collect())
            .collect()
    }
}

/// "Each of the six colon-delimited components of the ARN is checked separately." A lone `*` is read as any ARN.
fn arns_match(wanted: &Resolved, value: &str) -> bool {
    if wanted.0 == [Token::Many] {
        return true;
    }
    let parts = wanted.arn_parts();
    parts.len() == 6 && parts.iter().zip(arn::padded_parts(value)).all(|(part, value)| part.matches(value))
}

/// A v4 range holds no v6 address and the other way round; the host bits of a range do not matter.
fn is_in_range(value: &str, wanted: &str) -> bool {
    let address = value.parse::<IpAddr>().ok();
    address.zip(value::ip_range(wanted)).is_some_and(|(address, range)| range.contains(&address))
}
