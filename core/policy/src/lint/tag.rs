//! Tags in conditions, beside services whose requests do not have them (IAM User Guide, `access_tags`).

use super::condition::has_key;
use super::reference_date::data_date;
use super::rule::RuleId;
use super::subject::{Held, Sink, Subject, shortened};
use crate::catalogue::Catalogue;
use crate::document::{Condition, Effect};
use crate::reference;
use crate::request::Context;

pub(super) fn check(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    for held in &subject.statements {
        for condition in &held.statement.conditions {
            let key = condition.key.to_ascii_lowercase();
            let is_tag = ["aws:resourcetag/", "aws:requesttag/"].iter().any(|family| key.starts_with(family));
            let one = std::slice::from_ref(condition);
            let needs = is_tag
                && reference::conditions_hold(one, subject.version(), &Context::complete()).known()
                    == Some(false);
            if needs {
                unsupported(held, condition, sink);
            }
        }
    }
}

fn unsupported(held: &Held<'_>, condition: &Condition, sink: &mut Sink<'_>) {
    let (patterns, is_negated) = held.statement.action.patterns();
    let key = shortened(&condition.key);
    let path = held.at("Condition").key(&condition.operator).key(&condition.key);
    if is_negated {
        let rule = match held.statement.effect {
            Effect::Allow => RuleId::AllowNotActionWithUnsupportedTagKey,
            Effect::Deny => RuleId::DenyNotActionWithUnsupportedTagKey,
        };
        sink.add(rule, path, format!("requests of many services have no `{key}`"));
        return;
    }
    let rule = match held.statement.effect {
        Effect::Allow => RuleId::AllowWithUnsupportedTagKey,
        Effect::Deny => RuleId::DenyWithUnsupportedTagKey,
    };
    let catalogue = Catalogue::embedded();
    let mut services: Vec<String> = patterns
        .iter()
        .filter_map(|pattern| pattern.split_once(':'))
        .map(|(service, _)| service.to_ascii_lowercase())
        .filter(|service| catalogue.has_service(service))
        .collect();
    services.sort_unstable();
    services.dedup();
    for service in services {
        let is_of = |pattern: &&String| {
            pattern.split_once(':').is_some_and(|(prefix, _)| prefix.eq_ignore_ascii_case(&service))
        };
        let known = patterns.iter().filter(is_of).filter(|pattern| catalogue.matches_any(pattern));
        let mut actions =
            known.flat_map(|pattern| catalogue.expand(pattern).iter().collect::<Vec<_>>()).peekable();
        if actions.peek().is_some() && !actions.any(|id| has_key(id, &condition.key)) {
            let message = format!("requests of `{service}` have no `{key}` here (data of {})", data_date());
            sink.add(rule, path.clone(), message);
        }
    }
}
