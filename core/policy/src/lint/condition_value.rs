//! The values of conditions: are they what their operator compares?

use std::mem::discriminant;

use super::rule::RuleId;
use super::subject::{Path, Sink, Subject, shortened};
use crate::document::{Condition, ConditionValue};
use crate::glob::patterns_overlap;
use crate::operator::{Comparison, Operator};
use crate::value;

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    for held in &subject.statements {
        for condition in &held.statement.conditions {
            let Some(operator) = Operator::parse(&condition.operator) else { continue };
            let path = held.at("Condition").key(&condition.operator).key(&condition.key);
            list(condition, operator, &path, sink);
            for (number, held_value) in condition.values.as_slice().iter().enumerate() {
                let text = held_value.text();
                // Variables have a rule of their own.
                if text.contains("${") {
                    continue;
                }
                if let Some((rule, message)) = fault(held_value, operator) {
                    sink.add(rule, path.clone().item(number), message);
                }
            }
            redundant(condition, operator, &path, sink);
            kms_keys(condition, operator, &path, sink);
        }
    }
}

fn list(condition: &Condition, operator: Operator, path: &Path, sink: &mut Sink<'_>) {
    let values = condition.values.as_slice();
    let Some(first) = values.first() else { return };
    if values.iter().any(|other| discriminant(other) != discriminant(first)) {
        let message = "the values are of different JSON types".to_owned();
        sink.add(RuleId::InvalidConditionDataType, path.clone(), message);
    }
    let is_flag = matches!(operator.comparison, Comparison::Bool | Comparison::Null);
    if is_flag && values.len() > 1 {
        let message = format!("`{}` takes one value, not {}", condition.operator, values.len());
        sink.add(RuleId::InvalidConditionMultipleBoolean, path.clone(), message);
    }
}

/// The last second that AWS reads (64 bits).
const LAST_SECOND: i128 = i64::MAX as i128;

fn fault(held: &ConditionValue, operator: Operator) -> Option<(RuleId, String)> {
    let text = held.text();
    let short = shortened(text);
    match operator.comparison {
        Comparison::Numeric(_) => value::Decimal::parse(text)
            .is_none()
            .then(|| (RuleId::TypeMismatchNumber, format!("`{short}` is no number"))),
        Comparison::Date(_) => {
            let is_date =
                value::instant(text).is_some_and(|nanoseconds| nanoseconds / 1_000_000_000 < LAST_SECOND);
            (!is_date).then(|| (RuleId::InvalidDateValue, format!("`{short}` is no date")))
        }
        Comparison::Bool | Comparison::Null => value::boolean(text)
            .is_none()
            .then(|| (RuleId::TypeMismatchBoolean, format!("`{short}` is neither `true` nor `false`"))),
        Comparison::IpAddress => value::ip_range(text)
            .is_none()
            .then(|| (RuleId::TypeMismatchIpRange, format!("`{short}` is no address and no CIDR range"))),
        Comparison::StringEquals | Comparison::StringEqualsIgnoreCase if text.contains(['*', '?']) => Some((
            RuleId::WildcardWithoutLike,
            format!("`{short}` is compared letter by letter, wildcards too"),
        )),
        Comparison::Binary => value::bytes(text)
            .is_none()
            .then(|| (RuleId::TypeMismatchString, format!("`{short}` is not base64"))),
        Comparison::Arn
        | Comparison::StringEquals
        | Comparison::StringEqualsIgnoreCase
        | Comparison::StringLike => None,
    }
}

/// S3 compares the ARN of the key, whatever the caller wrote.
fn kms_keys(condition: &Condition, operator: Operator, path: &Path, sink: &mut Sink<'_>) {
    let is_of_key = condition.key.eq_ignore_ascii_case("s3:x-amz-server-side-encryption-aws-kms-key-id");
    if !is_of_key || operator.comparison == Comparison::Null {
        return;
    }
    for (number, held) in condition.values.as_slice().iter().enumerate() {
        let may_be_key = patterns_overlap("arn:*:kms:*:*:key/*", &super::arn::opened(held.text()));
        if !may_be_key {
            let message = format!("`{}` is not the ARN of a KMS key", shortened(held.text()));
            sink.add(RuleId::InvalidKmsKeyValue, path.clone().item(number), message);
        }
    }
}

/// Whether another value already covers one: as sets of texts or ranges of addresses.
fn redundant(condition: &Condition, operator: Operator, path: &Path, sink: &mut Sink<'_>) {
    let values = condition.values.as_slice();
    if values.len() < 2 || !sink.wants(RuleId::RedundantConditionValue) {
        return;
    }
    for (number, value) in values.iter().enumerate() {
        let covers = |(other_number, other): (usize, &ConditionValue)| {
            let is_twin = other.text() == value.text();
            // Of two equal values the later one is too many.
            other_number != number
                && if is_twin {
                    other_number < number
                } else {
                    covers(operator, other.text(), value.text(), sink)
                }
        };
        if values.iter().enumerate().any(covers) {
            let message = format!("`{}` is covered by another value", shortened(value.text()));
            sink.add(RuleId::RedundantConditionValue, path.clone().item(number), message);
        }
    }
}

fn covers(operator: Operator, wide: &str, narrow: &str, sink: &Sink<'_>) -> bool {
    match operator.comparison {
        Comparison::StringLike => {
            wide.contains(['*', '?'])
                && !wide.contains("${")
                && !narrow.contains("${")
                && super::redundancy::covers(wide, narrow, sink)
        }
        Comparison::StringEqualsIgnoreCase => value::equal_ignoring_case(wide, narrow),
        Comparison::IpAddress => value::ip_range(wide)
            .zip(value::ip_range(narrow))
            .is_some_and(|(wide, narrow)| wide != narrow && wide.contains(&narrow)),
        _ => false,
    }
}
