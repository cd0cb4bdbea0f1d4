//! Conditions: operators, keys, and how they fit each other and the statement's actions.

use super::key::{GLOBAL_DATE, Known, Lookup, Type, Values, lookup, nearest_global};
use super::reference_date::data_date;
use super::rule::RuleId;
use super::subject::{Held, Path, Sink, Subject, shortened};
use kagimori_id::nearest;

use crate::catalogue::{ActionId, Catalogue};
use crate::document::Condition;
use crate::operator::{Comparison, NAMES, Operator, Qualifier};
use crate::reference;
use crate::request::{Context, Fact};
use crate::validate::PolicyKind;

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    for held in &subject.statements {
        for condition in &held.statement.conditions {
            let block = held.at("Condition").key(&condition.operator);
            let Some(operator) = Operator::parse(&condition.operator) else {
                unknown_operator(&condition.operator, block, sink);
                continue;
            };
            let path = block.key(&condition.key);
            match lookup(&condition.key) {
                Lookup::Known(known) => {
                    values(condition, operator, known, &path, sink);
                    types(subject, held, condition, operator, known, &path, sink);
                }
                other => unknown_key(&condition.key, other, &path, sink),
            }
            null(operator, &path, sink);
            trust(held, condition, operator, &path, sink);
            wildcard(condition, operator, &path, sink);
            relevance(subject, condition, &path, sink);
            actions(held, condition, &path, sink);
        }
        contradictions(subject, held, sink);
    }
}

fn unknown_operator(name: &str, path: Path, sink: &mut Sink<'_>) {
    let bare = name.rsplit(':').next().unwrap_or_default();
    if bare.eq_ignore_ascii_case("NullIfExists") {
        sink.add(
            RuleId::NullWithIfExists,
            path,
            "`Null` asks whether the key exists; `IfExists` has no place".to_owned(),
        );
        return;
    }
    let bare = bare.strip_suffix("IfExists").unwrap_or(bare);
    let meant = nearest(bare, NAMES.iter().map(|(known, ..)| *known));
    let hint = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
    sink.add(
        RuleId::InvalidConditionOperator,
        path,
        format!("`{}` is no condition operator{hint}", shortened(name)),
    );
}

fn unknown_key(key: &str, found: Lookup, path: &Path, sink: &mut Sink<'_>) {
    let short = shortened(key);
    let (rule, message) = match found {
        Lookup::Known(_) => return,
        Lookup::TagWithoutKey => (RuleId::MissingTagKey, format!("`{short}` does not say which tag")),
        Lookup::GivenUp => {
            (RuleId::UnsupportedGlobalConditionKey, format!("AWS no longer supports `{short}`"))
        }
        Lookup::NoPrefix => {
            (RuleId::InvalidConditionKeyFormat, format!("`{short}` has no prefix; no request has it"))
        }
        Lookup::UnknownGlobal => {
            let hint =
                nearest_global(key).map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
            (
                RuleId::InvalidGlobalConditionKey,
                format!("`{short}` is not among the global keys of {GLOBAL_DATE}{hint}"),
            )
        }
        Lookup::UnknownOfService | Lookup::UnknownService => {
            (RuleId::InvalidServiceConditionKey, format!("`{short}` is not in the data of {}", data_date()))
        }
    };
    // The data has not every key of every service; one that nothing in it resembles may well exist.
    let add = if rule == RuleId::InvalidServiceConditionKey { Sink::suggest } else { Sink::add };
    add(sink, rule, path.clone(), message);
}

/// `reference_policies_multi-value-conditions`.
fn values(condition: &Condition, operator: Operator, known: Known, path: &Path, sink: &mut Sink<'_>) {
    let key = shortened(&condition.key);
    match (known.values, operator.qualifier) {
        (Values::Several, None) if operator.comparison != Comparison::Null => {
            let message = format!("`{key}` has several values, and without a qualifier nothing matches it");
            sink.add(RuleId::MissingQualifier, path.clone(), message);
        }
        (Values::One, Some(Qualifier::ForAnyValue)) => {
            let message = format!("`{key}` has one value; `ForAnyValue` changes nothing");
            sink.add(RuleId::ForAnyValueWithSingleValuedKey, path.clone(), message);
        }
        _ => {}
    }
}

fn null(operator: Operator, path: &Path, sink: &mut Sink<'_>) {
    if operator.comparison == Comparison::Null && operator.qualifier.is_some() {
        let message = "`Null` asks for the key as a whole, not for its values".to_owned();
        sink.add(RuleId::NullWithQualifier, path.clone(), message);
    }
    if operator.negated && operator.if_exists && operator.qualifier.is_none() {
        let message = "a negated operator holds for an absent key without `IfExists`, too".to_owned();
        sink.add(RuleId::IfExistsWithNegated, path.clone(), message);
    }
}

/// Headers that the caller writes (`reference_policies_condition-keys`, aws:referer and aws:UserAgent).
fn trust(held: &Held<'_>, condition: &Condition, operator: Operator, path: &Path, sink: &mut Sink<'_>) {
    let is_made_up =
        ["aws:Referer", "aws:UserAgent"].iter().any(|key| condition.key.eq_ignore_ascii_case(key));
    if is_made_up && held.is_allow() && operator.comparison != Comparison::Null {
        let message = format!("`{}` is what the caller says it is", shortened(&condition.key));
        sink.add(RuleId::UntrustworthyConditionKey, path.clone(), message);
    }
}

/// A value `*` decides by the presence of the key alone.
fn wildcard(condition: &Condition, operator: Operator, path: &Path, sink: &mut Sink<'_>) {
    let has_star = condition.values.as_slice().iter().any(|value| value.text() == "*");
    let is_always_there = matches!(lookup(&condition.key), Lookup::Known(known) if known.is_always_there);
    if !has_star
        || operator.comparison != Comparison::StringLike
        || operator.qualifier == Some(Qualifier::ForAnyValue)
    {
        return;
    }
    let key = shortened(&condition.key);
    let is_open = operator.if_exists || operator.qualifier.is_some() || is_always_there;
    if !operator.negated && is_open {
        let message = format!("the condition on `{key}` always holds");
        sink.add(RuleId::RedundantKeyDueToWildcard, path.clone(), message);
    } else if operator.negated && is_always_there {
        let message = format!("the condition on `{key}` never holds, because every request has the key");
        sink.add(RuleId::RedundantStatementDueToWildcard, path.clone(), message);
    }
}

/// Whether the operator is one for the key's type.
enum Fit {
    Made,
    Usable,
    Wrong,
}

fn fit(kind: Type, comparison: Comparison) -> Fit {
    use Comparison as C;
    match (kind, comparison) {
        (Type::Any, _) | (_, C::Null) => Fit::Made,
        (Type::Text, C::StringEquals | C::StringEqualsIgnoreCase | C::StringLike | C::Binary) => Fit::Made,
        (Type::Arn, C::Arn) | (Type::Bool, C::Bool) | (Type::Numeric, C::Numeric(_)) => Fit::Made,
        (Type::Date, C::Date(_)) | (Type::Address, C::IpAddress) => Fit::Made,
        (Type::Epoch, C::Date(_) | C::Numeric(_)) => Fit::Made,
        (Type::Arn | Type::Bool, C::StringEquals | C::StringEqualsIgnoreCase | C::StringLike) => Fit::Usable,
        // Texts that are numbers or ARNs compare as such.
        (Type::Text, C::Numeric(_) | C::Arn | C::Bool) | (Type::Numeric, C::StringEquals) => Fit::Usable,
        _ => Fit::Wrong,
    }
}

fn types(
    subject: &Subject<'_>,
    held: &Held<'_>,
    condition: &Condition,
    operator: Operator,
    known: Known,
    path: &Path,
    sink: &mut Sink<'_>,
) {
    let key = shortened(&condition.key);
    let wanted = match known.kind {
        Type::Text => "a string",
        Type::Arn => "an ARN",
        Type::Bool => "a boolean",
        Type::Numeric => "a number",
        Type::Date | Type::Epoch => "a date",
        Type::Address => "an address",
        Type::Any => return,
    };
    let is_wide = condition.values.as_slice().iter().any(|value| value.text().contains(['*', '?']));
    if known.kind == Type::Arn && operator.comparison == Comparison::StringLike && is_wide {
        // A Deny, and a condition that is negated, only ever catch more by it. AWS's own identity policies write it of what a
        // request asks for; whom a policy on a resource lets in is another matter.
        if held.is_allow() && !operator.negated {
            let message = format!("the wildcards of `{}` for `{key}` cross colons", condition.operator);
            let is_of_callers = matches!(subject.kind, PolicyKind::Resource | PolicyKind::Trust);
            let add = if is_of_callers { Sink::add } else { Sink::suggest };
            add(sink, RuleId::StringLikeWithArnKey, path.clone(), message);
        }
        return;
    }
    match fit(known.kind, operator.comparison) {
        Fit::Made => {}
        Fit::Usable => {
            let message =
                format!("`{key}` is {wanted}; `{}` works, but is made for another type", condition.operator);
            sink.add(RuleId::TypeMismatchUsable, path.clone(), message);
        }
        Fit::Wrong => {
            let message = format!("`{key}` is {wanted}, which `{}` does not compare", condition.operator);
            sink.add(RuleId::TypeMismatch, path.clone(), message);
        }
    }
}

/// Keys that have nothing to say in a kind of policy (`reference_policies_condition-keys`).
fn relevance(subject: &Subject<'_>, condition: &Condition, path: &Path, sink: &mut Sink<'_>) {
    let key = condition.key.to_ascii_lowercase();
    let why = match (subject.kind, key.as_str()) {
        // The callers of identity policies are identities, not services.
        (
            PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session,
            "aws:principalservicename" | "aws:principalservicenameslist" | "aws:principalisawsservice",
        ) => "is about AWS services, and this policy is about an identity",
        // A service control policy binds the organization's own principals alone.
        (PolicyKind::ServiceControl, "aws:principalorgid" | "aws:principalorgpaths") => {
            "is the same for everybody this policy binds"
        }
        (PolicyKind::ResourceControl, "aws:resourceorgid" | "aws:resourceorgpaths") => {
            "is the same for everything this policy binds"
        }
        _ => return,
    };
    sink.add(RuleId::IrrelevantConditionKey, path.clone(), format!("`{}` {why}", shortened(&condition.key)));
}

/// Keys that every request with such credentials has, whatever it asks for: those of an instance, a function, a job (EC2 User Guide,
/// `iam-roles-for-amazon-ec2`; Lambda Developer Guide, `lambda-permissions`; Glue Developer Guide, `security_iam_service-with-iam`).
const OF_CREDENTIALS: [&str; 5] = [
    "ec2:SourceInstanceARN",
    "ec2:RoleDelivery",
    "lambda:SourceFunctionArn",
    "glue:RoleAssumedBy",
    "glue:CredentialIssuingService",
];

/// Whether a key of the data is this one. Keys of tags are written `ec2:ResourceTag/${TagKey}`, `s3:ExistingObjectTag/<key>` or
/// `secretsmanager:ResourceTag/tag-key`.
pub(super) fn is_of_pattern(known: &str, key: &str) -> bool {
    let tag = ["${", "<", "tag-key"].into_iter().find_map(|mark| known.split_once(mark));
    match tag {
        Some((before, _)) => key.get(..before.len()).is_some_and(|head| head.eq_ignore_ascii_case(before)),
        None => known.eq_ignore_ascii_case(key),
    }
}

/// Whether the service reference puts a key of a service into the requests of an action.
pub(super) fn has_key(id: ActionId, key: &str) -> bool {
    let catalogue = Catalogue::embedded();
    if OF_CREDENTIALS.iter().any(|known| known.eq_ignore_ascii_case(key)) {
        return true;
    }
    let is_it = |known: &&str| is_of_pattern(known, key);
    catalogue.action_keys(id).iter().any(is_it)
        || catalogue
            .resource_types(id)
            .iter()
            .any(|kind| catalogue.resource_keys(id, kind.key).iter().any(is_it))
}

/// A key of a service beside actions whose requests never have it.
fn actions(held: &Held<'_>, condition: &Condition, path: &Path, sink: &mut Sink<'_>) {
    let is_of_service = !condition.key.to_ascii_lowercase().starts_with("aws:")
        && matches!(lookup(&condition.key), Lookup::Known(_))
        && Catalogue::embedded().has_service(condition.key.split(':').next().unwrap_or_default());
    let (patterns, is_negated) = held.statement.action.patterns();
    // What holds for an absent key asks nothing of it.
    let one = std::slice::from_ref(condition);
    let holds_absent = reference::conditions_hold(one, None, &Context::complete()).known() != Some(false);
    if !is_of_service || is_negated || holds_absent {
        return;
    }
    let catalogue = Catalogue::embedded();
    let literal: Vec<(usize, &String, ActionId)> = patterns
        .iter()
        .enumerate()
        .filter_map(|(number, pattern)| catalogue.action(pattern).map(|id| (number, pattern, id)))
        .collect();
    let without: Vec<_> = literal.iter().filter(|(_, _, id)| !has_key(*id, &condition.key)).collect();
    let is_all_literal = literal.len() == patterns.len();
    let key = shortened(&condition.key);
    if !without.is_empty() && without.len() == literal.len() && is_all_literal {
        let message = format!("no action of the statement has the key `{key}` (data of {})", data_date());
        sink.add(RuleId::MissingActionForConditionKey, path.clone(), message);
        return;
    }
    let names: Vec<String> = without.iter().map(|(_, name, _)| (*name).clone()).collect();
    if let Some((first, ..)) = without.first() {
        let message = format!(
            "requests of {} have no `{key}` (data of {})",
            super::resource::listed(&names),
            data_date()
        );
        sink.add(RuleId::UnsupportedActionForConditionKey, held.at("Action").item(*first), message);
    }
}

/// `Null: true` and a test of the value, on the same key: decided by trying the key absent and present.
fn contradictions(subject: &Subject<'_>, held: &Held<'_>, sink: &mut Sink<'_>) {
    for condition in &held.statement.conditions {
        let is_null = Operator::parse(&condition.operator)
            .is_some_and(|operator| operator.comparison == Comparison::Null);
        if !is_null {
            continue;
        }
        let of_key: Vec<Condition> = held
            .statement
            .conditions
            .iter()
            .filter(|other| other.key.eq_ignore_ascii_case(&condition.key))
            .cloned()
            .collect();
        let fails = |fact: Fact, conditions: &[Condition]| {
            let mut context = Context::complete();
            context.set(&condition.key, fact);
            reference::conditions_hold(conditions, subject.version(), &context).known() == Some(false)
        };
        let one = std::slice::from_ref(condition);
        if of_key.len() > 1 && fails(Fact::Absent, &of_key) && fails(Fact::Present, one) {
            let message =
                format!("`{}` must be absent here and must have a value there", shortened(&condition.key));
            let path = held.at("Condition").key(&condition.operator).key(&condition.key);
            sink.add(RuleId::ContradictoryConditions, path, message);
        }
    }
}
