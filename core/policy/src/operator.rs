//! Condition operators: what a name like `ForAllValues:StringNotLikeIfExists` asks for.
//!
//! IAM User Guide, `reference_policies_elements_condition_operators` and `reference_policies_multi-value-conditions`.

use std::cmp::Ordering;

/// A condition operator with its qualifier and suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "an operator has these four parts")]
pub struct Operator {
    /// `ForAllValues:` or `ForAnyValue:`.
    pub qualifier: Option<Qualifier>,
    /// What is compared, and how.
    pub comparison: Comparison,
    /// A `Not` operator: true when no value of the policy matches.
    pub negated: bool,
    /// `IfExists`: true when the key is absent.
    pub if_exists: bool,
}

/// How a multivalued key is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the language has two")]
pub enum Qualifier {
    /// Every value passes; true for no values.
    ForAllValues,
    /// Some value passes; false for no values.
    ForAnyValue,
}

/// What is compared, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "an evaluator must know every comparison")]
pub enum Comparison {
    /// Equal texts.
    StringEquals,
    /// Equal texts but for case.
    StringEqualsIgnoreCase,
    /// `*` and `?` in the policy's text are wildcards.
    StringLike,
    /// Numbers.
    Numeric(Relation),
    /// Points in time.
    Date(Relation),
    /// `true` or `false`.
    Bool,
    /// Bytes, written in base64.
    Binary,
    /// An address in a CIDR range.
    IpAddress,
    /// ARNs, part by part; `ArnEquals` and `ArnLike` are the same.
    Arn,
    /// Is the key absent?
    Null,
}

/// An order between the request's value and the policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the five orders of numbers")]
pub enum Relation {
    /// `=`
    Equals,
    /// `<`
    LessThan,
    /// `≤`
    LessThanEquals,
    /// `>`
    GreaterThan,
    /// `≥`
    GreaterThanEquals,
}

impl Relation {
    /// Whether `request ? policy` holds.
    pub fn holds(self, request_to_policy: Ordering) -> bool {
        match self {
            Self::Equals => request_to_policy.is_eq(),
            Self::LessThan => request_to_policy.is_lt(),
            Self::LessThanEquals => request_to_policy.is_le(),
            Self::GreaterThan => request_to_policy.is_gt(),
            Self::GreaterThanEquals => request_to_policy.is_ge(),
        }
    }
}

/// The names without qualifier and suffix: name, comparison, negated.
pub const NAMES: [(&str, Comparison, bool); 27] = [
    ("StringEquals", Comparison::StringEquals, false),
    ("StringNotEquals", Comparison::StringEquals, true),
    ("StringEqualsIgnoreCase", Comparison::StringEqualsIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Comparison::StringEqualsIgnoreCase, true),
    ("StringLike", Comparison::StringLike, false),
    ("StringNotLike", Comparison::StringLike, true),
    ("NumericEquals", Comparison::Numeric(Relation::Equals), false),
    ("NumericNotEquals", Comparison::Numeric(Relation::Equals), true),
    ("NumericLessThan", Comparison::Numeric(Relation::LessThan), false),
    ("NumericLessThanEquals", Comparison::Numeric(Relation::LessThanEquals), false),
    ("NumericGreaterThan", Comparison::Numeric(Relation::GreaterThan), false),
    ("NumericGreaterThanEquals", Comparison::Numeric(Relation::GreaterThanEquals), false),
    ("DateEquals", Comparison::Date(Relation::Equals), false),
    ("DateNotEquals", Comparison::Date(Relation::Equals), true),
    ("DateLessThan", Comparison::Date(Relation::LessThan), false),
    ("DateLessThanEquals", Comparison::Date(Relation::LessThanEquals), false),
    ("DateGreaterThan", Comparison::Date(Relation::GreaterThan), false),
    ("DateGreaterThanEquals", Comparison::Date(Relation::GreaterThanEquals), false),
    ("Bool", Comparison::Bool, false),
    ("BinaryEquals", Comparison::Binary, false),
    ("IpAddress", Comparison::IpAddress, false),
    ("NotIpAddress", Comparison::IpAddress, true),
    ("ArnEquals", Comparison::Arn, false),
    ("ArnLike", Comparison::Arn, false),
    ("ArnNotEquals", Comparison::Arn, true),
    ("ArnNotLike", Comparison::Arn, true),
    ("Null", Comparison::Null, false),
];

impl Operator {
    /// Reads an operator's name; `None` when the language has no such operator. Names are compared without case, and
    /// `NullIfExists` is no operator.
    pub fn parse(name: &str) -> Option<Self> {
        let (qualifier, rest) = match name.split_once(':') {
            None => (None, name),
            Some((qualifier, rest)) if qualifier.eq_ignore_ascii_case("ForAllValues") => {
                (Some(Qualifier::ForAllValues), rest)
            }
            Some((qualifier, rest)) if qualifier.eq_ignore_ascii_case("ForAnyValue") => {
                (Some(Qualifier::ForAnyValue), rest)
            }
            Some(_) => return None,
        };
        let suffix_at = rest.len().checked_sub("IfExists".len());
        let suffix = suffix_at.and_then(|at| rest.split_at_checked(at));
        let (base, if_exists) = match suffix {
            Some((base, suffix)) if suffix.eq_ignore_ascii_case("IfExists") => (base, true),
            _ => (rest, false),
        };
        let (_, comparison, negated) =
            NAMES.into_iter().find(|(known, ..)| known.eq_ignore_ascii_case(base))?;
        let is_operator = comparison != Comparison::Null || !if_exists;
        is_operator.then_some(Self { qualifier, comparison, negated, if_exists })
    }

    /// Whether policy variables are replaced in its values (`reference_policies_variables`: string and ARN operators).
    pub fn takes_variables(self) -> bool {
        matches!(
            self.comparison,
            Comparison::StringEquals
                | Comparison::StringEqualsIgnoreCase
                | Comparison::StringLike
                | Comparison::Arn
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Operator, Qualifier};

    #[test]
    fn names() {
        let operator = Operator::parse("ForAnyValue:StringNotLikeIfExists").unwrap();
        assert_eq!(operator.qualifier, Some(Qualifier::ForAnyValue));
        assert_eq!(operator.comparison, Comparison::StringLike);
        assert!(operator.negated && operator.if_exists);
        assert!(Operator::parse("stringequals").is_some());
        for odd in
            ["", "IfExists", "NullIfExists", "ForSome:StringEquals", "StringEquals:ForAnyValue", "鍵IfExists"]
        {
            assert_eq!(Operator::parse(odd), None, "{odd}");
        }
    }
}
