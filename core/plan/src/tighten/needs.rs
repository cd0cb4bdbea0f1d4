//! The permissions that calls needed of identity policies, each once, counted.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_estate::access::Instead;
use kagimori_policy::decision::Answer;
use kagimori_policy::engine::{Compiled, Compiler};
use kagimori_policy::request::{Fact, Request};
use kagimori_trail::call::{Certainty, Check, CheckedResource, Outcome};

use super::alone::{Alone, may};
use super::grants::Grant;
use super::{Input, first};
use crate::replay::{Told, Witness, is_denied_everywhere};

/// A permission that calls needed.
#[derive(Clone, Debug)]
pub(super) struct Need {
    pub(super) action: String,
    pub(super) resource: CheckedResource,
    pub(super) certainty: Certainty,
    /// As the engine is asked.
    pub(super) request: Request,
    /// It hangs on what is not known, a condition key or the resource: each grant may have been the one.
    pub(super) is_partial: bool,
    pub(super) is_by_service: bool,
    pub(super) count: u64,
    pub(super) witness: Witness,
    pub(super) last: i64,
    pub(super) days: BTreeSet<i64>,
}

impl Need {
    /// The value of a condition key of its check.
    pub(super) fn key(&self, lower_case_key: &str) -> Option<&str> {
        match self.request.context.get(lower_case_key) {
            Fact::One(value) => Some(value),
            _ => None,
        }
    }

    /// Whether policies allow it as surely as the old ones did.
    pub(super) fn is_held_by(&self, alone: &Alone, compiler: &Compiler, identity: &[&Compiled]) -> bool {
        if self.is_partial {
            may(alone.decide_with(compiler, identity, &self.request))
        } else {
            self.is_sure(alone, compiler, identity)
        }
    }

    /// Whether policies allow it whatever is not known: each condition key, each resource that it may have been about.
    pub(super) fn is_sure(&self, alone: &Alone, compiler: &Compiler, identity: &[&Compiled]) -> bool {
        self.is_told() && alone.decide_with(compiler, identity, &self.request) == Answer::Allowed
    }

    /// Whether the resource is told.
    pub(super) fn is_told(&self) -> bool {
        matches!(self.resource, CheckedResource::Arn(_) | CheckedResource::None)
    }

    pub(super) fn service(&self) -> &str {
        self.action.split(':').next().unwrap_or_default()
    }
}

/// What makes two needs one.
type Same = (Check, Vec<(String, Fact)>);

/// The needs, and the successful calls that the policies do not explain, by action.
/// `held`: what stays whatever is drawn.
pub(super) fn of(
    input: &Input<'_>,
    grants: &[Grant],
    held: &[&Compiled],
    alone: &Alone,
) -> (Vec<Need>, BTreeMap<String, u64>) {
    let mut needs: BTreeMap<Same, Need> = BTreeMap::new();
    let mut unexplained: BTreeMap<String, u64> = BTreeMap::new();
    for class in input.calls {
        let call = &class.call;
        // A denied call proves that the permission was not there; one that failed otherwise, mostly that it was. Who is throttled tries
        // again.
        if call.outcome == Outcome::Denied {
            continue;
        }
        let told = Told::of(call);
        for check in &call.checks {
            let question = told.question(check, Some(input.subject.account));
            let asking = input.access.asking(input.subject, &question).let_in();
            let now = asking.decide();
            if matches!(now, Answer::ExplicitlyDenied(_) | Answer::ImplicitlyDenied(_))
                || is_denied_everywhere(input.access, input.subject, check, &question, &asking)
            {
                if call.outcome == Outcome::Succeeded && check.certainty == Certainty::Certain {
                    let count = unexplained.entry(check.action.to_string()).or_default();
                    *count = count.saturating_add(class.count);
                }
                continue;
            }
            let without = Instead { compiler: &alone.compiler, identity: held };
            if asking.decide_instead(without) == Answer::Allowed {
                continue;
            }
            let request = asking.into_request();
            let key = (check.clone(), telling(&request));
            let need = needs.entry(key).or_insert_with(|| Need {
                action: check.action.to_string(),
                resource: check.resource.clone(),
                certainty: check.certainty,
                is_partial: false,
                request,
                is_by_service: call.caller.invoked_by.is_some(),
                count: 0,
                witness: class.witness(),
                last: class.last,
                days: BTreeSet::new(),
            });
            need.count = need.count.saturating_add(class.count);
            need.witness = first(Some(need.witness.clone()), &class.witness());
            need.last = need.last.max(class.last);
            need.days.extend(&class.days);
        }
    }
    let old: Vec<&Compiled> = grants.iter().map(|grant| &grant.compiled).collect();
    let mut needs: Vec<Need> = needs.into_values().collect();
    for need in &mut needs {
        need.is_partial = !need.is_sure(alone, &alone.compiler, &old);
    }
    (needs, unexplained)
}

/// The condition keys that differ from call to call without a difference that matters here: time, and what runs.
fn telling(request: &Request) -> Vec<(String, Fact)> {
    const TRIFLES: [&str; 3] = ["aws:currenttime", "aws:epochtime", "aws:useragent"];
    let facts = request.context.iter().filter(|(key, _)| !TRIFLES.contains(key));
    facts.map(|(key, fact)| (key.to_owned(), fact.clone())).collect()
}
