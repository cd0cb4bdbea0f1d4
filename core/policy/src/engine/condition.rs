//! Conditions: operators with their values read once.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::document::{Condition, ConditionValue, Version};
use crate::engine::bind::{Bound, BoundFact, BoundValue, KeyId, Keys};
use crate::engine::text::{self, Resolution, Template};
use crate::engine::truth::Truth;
use crate::glob::Token;
use crate::operator::{Comparison, Operator, Qualifier, Relation};
use crate::request::Fact;
use crate::value::{self, Decimal};
use crate::variable::{Piece, pieces};
use kagimori_id::ArnParts;

/// One operator on one key.
#[derive(Clone, Debug)]
pub(super) struct CompiledCondition {
    /// `None`: no operator of the language.
    operator: Option<Operator>,
    key: KeyId,
    /// In lower case.
    name: Box<str>,
    /// The tag of a bucket or object, which S3 may hide.
    is_tag: bool,
    values: Values,
}

/// The policy's values, read as what they are compared as; what cannot be read matches nothing and is left out.
#[derive(Clone, Debug)]
enum Values {
    Texts(Box<[Text]>),
    Numbers(Relation, Box<[Box<str>]>),
    Instants(Relation, Box<[i128]>),
    Booleans(Box<[bool]>),
    Bytes(Box<[Vec<u8>]>),
    Ranges(Box<[IpNet]>),
}

/// A text to compare with.
#[derive(Clone, Debug)]
enum Text {
    Fixed(Box<str>),
    /// With wildcards.
    Pattern(Box<str>),
    /// An ARN by its parts, in which wildcards may stand.
    Arn(Box<[Box<str>; 6]>),
    /// Any ARN.
    AnyArn,
    Template(Template),
}

impl CompiledCondition {
    pub(super) fn compile(condition: &Condition, version: Option<Version>, keys: &mut Keys) -> Self {
        let name = condition.key.to_lowercase();
        let key = keys.intern(&name);
        let operator = Operator::parse(&condition.operator);
        let comparison = operator.map_or(Comparison::StringEquals, |operator| operator.comparison);
        keys.note_use(key, comparison);
        let is_tag = name.starts_with("aws:resourcetag/") || name.starts_with("s3:buckettag/");
        let values = Values::compile(comparison, condition.values.as_slice(), version);
        Self { operator, key, name: name.into(), is_tag, values }
    }

    pub(super) fn holds(&self, request: &Bound<'_>, hides_tags: bool) -> Truth {
        let Some(operator) = self.operator else { return Truth::Unknown };
        if hides_tags && self.is_tag && request.is_s3 {
            return self.test(operator, &Fact::Absent, &[], request);
        }
        match request.fact(self.key) {
            Some(BoundFact { fact, values }) => self.test(operator, fact, values, request),
            // Compiled after the request was bound: read now what is otherwise read once.
            None => self.test(operator, request.fact_by_name(&self.name), &[], request),
        }
    }

    fn test(&self, operator: Operator, fact: &Fact, read: &[BoundValue], request: &Bound<'_>) -> Truth {
        if operator.comparison == Comparison::Null {
            return self.null(fact);
        }
        let passes = |text: &String, read: Option<&BoundValue>| self.passes(operator, text, read, request);
        match (fact, operator.qualifier) {
            (Fact::Unknown | Fact::Present, _) => Truth::Unknown,
            (Fact::Absent, qualifier) => Truth::of(match qualifier {
                _ if operator.if_exists => true,
                Some(Qualifier::ForAllValues) => true,
                Some(Qualifier::ForAnyValue) => false,
                None => operator.negated,
            }),
            (Fact::One(text), Some(Qualifier::ForAllValues)) if text.is_empty() => Truth::True,
            (Fact::One(text), _) => passes(text, read.first()),
            (Fact::Many(_), None) => Truth::False,
            (Fact::Many(texts), Some(Qualifier::ForAllValues)) if texts.iter().all(String::is_empty) => {
                Truth::True
            }
            (Fact::Many(texts), Some(qualifier)) => {
                let mut truths = texts.iter().enumerate().map(|(place, text)| passes(text, read.get(place)));
                match qualifier {
                    Qualifier::ForAllValues => Truth::all(&mut truths),
                    Qualifier::ForAnyValue => Truth::any(&mut truths),
                }
            }
        }
    }

    fn null(&self, fact: &Fact) -> Truth {
        let is_null = match fact {
            Fact::Absent => Truth::True,
            Fact::One(text) => Truth::of(text.is_empty()),
            Fact::Many(texts) => Truth::of(texts.iter().all(String::is_empty)),
            Fact::Present => Truth::False,
            Fact::Unknown => Truth::Unknown,
        };
        let Values::Booleans(wanted) = &self.values else { return Truth::False };
        Truth::any(wanted.iter().map(|wanted| if *wanted { is_null } else { is_null.negate() }))
    }

    fn passes(
        &self,
        operator: Operator,
        text: &str,
        read: Option<&BoundValue>,
        request: &Bound<'_>,
    ) -> Truth {
        if !is_comparable(operator.comparison, text, read) {
            return Truth::False;
        }
        let any = self.matches_any(operator, text, read, request);
        if operator.negated { any.negate() } else { any }
    }

    fn matches_any(
        &self,
        operator: Operator,
        text: &str,
        read: Option<&BoundValue>,
        request: &Bound<'_>,
    ) -> Truth {
        match &self.values {
            Values::Texts(wanted) => {
                Truth::any(wanted.iter().map(|wanted| wanted.matches(operator.comparison, text, request)))
            }
            Values::Numbers(relation, wanted) => {
                let Some(number) = Decimal::parse(text) else { return Truth::False };
                let holds =
                    |wanted: &str| Decimal::parse(wanted).is_some_and(|it| relation.holds(number.cmp(&it)));
                Truth::of(wanted.iter().any(|wanted| holds(wanted)))
            }
            Values::Instants(relation, wanted) => {
                let Some(time) = read.map_or_else(|| value::instant(text), |read| read.instant) else {
                    return Truth::False;
                };
                Truth::of(wanted.iter().any(|wanted| relation.holds(time.cmp(wanted))))
            }
            Values::Booleans(wanted) => {
                Truth::of(value::boolean(text).is_some_and(|it| wanted.contains(&it)))
            }
            Values::Bytes(wanted) => {
                let late = if read.is_none() { value::bytes(text) } else { None };
                let bytes = read.map_or(late.as_deref(), |read| read.bytes.as_deref());
                Truth::of(bytes.is_some_and(|it| wanted.iter().any(|wanted| wanted == it)))
            }
            Values::Ranges(wanted) => {
                let address: Option<IpAddr> = read.map_or_else(|| text.parse().ok(), |read| read.address);
                Truth::of(address.is_some_and(|it| wanted.iter().any(|range| range.contains(&it))))
            }
        }
    }
}

/// What is no ARN, number, date or address satisfies neither an operator nor its negation.
fn is_comparable(comparison: Comparison, text: &str, read: Option<&BoundValue>) -> bool {
    match comparison {
        Comparison::Arn => ArnParts::parse(text).is_some(),
        Comparison::Numeric(_) => Decimal::parse(text).is_some(),
        Comparison::Date(_) => read.map_or_else(|| value::instant(text), |read| read.instant).is_some(),
        Comparison::IpAddress => read.map_or_else(|| text.parse().ok(), |read| read.address).is_some(),
        _ => true,
    }
}

impl Values {
    fn compile(comparison: Comparison, values: &[ConditionValue], version: Option<Version>) -> Self {
        let texts = || values.iter().map(ConditionValue::text);
        match comparison {
            Comparison::StringEquals
            | Comparison::StringEqualsIgnoreCase
            | Comparison::StringLike
            | Comparison::Arn => {
                Self::Texts(texts().filter_map(|text| Text::compile(comparison, text, version)).collect())
            }
            Comparison::Numeric(relation) => {
                let numbers = texts().filter(|text| Decimal::parse(text).is_some());
                Self::Numbers(relation, numbers.map(Into::into).collect())
            }
            Comparison::Date(relation) => {
                Self::Instants(relation, texts().filter_map(value::instant).collect())
            }
            Comparison::Bool | Comparison::Null => {
                Self::Booleans(texts().filter_map(value::boolean).collect())
            }
            Comparison::Binary => Self::Bytes(texts().filter_map(value::bytes).collect()),
            Comparison::IpAddress => Self::Ranges(texts().filter_map(value::ip_range).collect()),
        }
    }
}

impl Text {
    fn compile(comparison: Comparison, text: &str, version: Option<Version>) -> Option<Self> {
        let pieces = pieces(text, version);
        // `${*}` is a star that is no wildcard: only a template can say that.
        let is_plain = version != Some(Version::V2012) || !text.contains("${");
        if !is_plain {
            let is_fixed =
                matches!(comparison, Comparison::StringEquals | Comparison::StringEqualsIgnoreCase)
                    && !Template::has_variables(&pieces);
            return Some(if is_fixed {
                Self::Fixed(literal(&pieces))
            } else {
                Self::Template(Template::new(pieces))
            });
        }
        match comparison {
            Comparison::StringLike if text.contains(['*', '?']) => Some(Self::Pattern(text.into())),
            Comparison::Arn if text == "*" => Some(Self::AnyArn),
            Comparison::Arn => {
                let ArnParts { scheme, partition, service, region, account, resource } =
                    ArnParts::split(text)?;
                let parts = [scheme, partition, service, region, account, resource].map(Into::into);
                Some(Self::Arn(Box::new(parts)))
            }
            _ => Some(Self::Fixed(text.into())),
        }
    }

    fn matches(&self, comparison: Comparison, text: &str, request: &Bound<'_>) -> Truth {
        match self {
            Self::Fixed(wanted) if comparison == Comparison::StringEqualsIgnoreCase => {
                Truth::of(value::equal_ignoring_case(wanted, text))
            }
            Self::Fixed(wanted) => Truth::of(**wanted == *text),
            Self::Pattern(pattern) => Truth::of(text::glob(pattern, text)),
            Self::AnyArn => Truth::True,
            Self::Arn(parts) => {
                let asked = kagimori_id::arn::padded_parts(text);
                Truth::of(parts.iter().zip(asked).all(|(part, asked)| text::glob(part, asked)))
            }
            Self::Template(template) => match template.resolution(request) {
                Resolution::NoValue => Truth::False,
                Resolution::Unknown => Truth::Unknown,
                Resolution::Complete => Truth::of(template_matches(template, comparison, text, request)),
            },
        }
    }
}

fn template_matches(template: &Template, comparison: Comparison, text: &str, request: &Bound<'_>) -> bool {
    match comparison {
        Comparison::StringLike => text::glob_tokens(template.tokens(request), text),
        Comparison::Arn => arn_template_matches(template, text, request),
        Comparison::StringEqualsIgnoreCase => {
            let wanted = template.chars(request).flat_map(char::to_lowercase);
            wanted.eq(text.chars().flat_map(char::to_lowercase))
        }
        _ => template.chars(request).eq(text.chars()),
    }
}

/// The tokens are cut at their first five colons, as the text is.
fn arn_template_matches(template: &Template, text: &str, request: &Bound<'_>) -> bool {
    let mut tokens = template.tokens(request);
    let colons = tokens.clone().filter(|token| *token == Token::Char(':')).count();
    if tokens.clone().eq([Token::Many]) {
        return true;
    }
    if colons < 5 {
        return false;
    }
    let asked = kagimori_id::arn::padded_parts(text);
    for part in asked.iter().take(5) {
        if !text::glob_tokens(tokens.clone().take_while(|token| *token != Token::Char(':')), part) {
            return false;
        }
        tokens.find(|token| *token == Token::Char(':'));
    }
    text::glob_tokens(tokens, asked[5])
}

fn literal(pieces: &[Piece]) -> Box<str> {
    let c = |piece: &Piece| match piece {
        Piece::Token(Token::Char(c)) => Some(*c),
        Piece::Token(Token::One) => Some('?'),
        Piece::Token(Token::Many) => Some('*'),
        Piece::Variable { .. } => None,
    };
    pieces.iter().filter_map(c).collect::<String>().into()
}
