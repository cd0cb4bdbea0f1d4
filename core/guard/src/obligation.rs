//! One obligation, decided for all whom it is about.

use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::decision::Answer;
use kagimori_policy::reference;
use kagimori_policy::request::{Fact, Request};

use crate::cast::{Caller, Cast, example};
use crate::fill::{Guard, fill_text};
use crate::parameter::{GuardError, Kind as ParameterKind};
use crate::policies::Bench;
use crate::template::Case;

/// What became of an obligation.
#[derive(Debug)]
#[non_exhaustive]
pub struct Obligation {
    /// Which.
    pub case: &'static Case,
    /// How many callers of the estate it was asked of.
    pub of_estate: usize,
    /// How many that were made up.
    pub made_up: usize,
    /// How many requests were decided.
    pub requests: usize,
    /// Requests that are decided otherwise, or of which it cannot be told, the first of each caller.
    pub broken: Vec<Broken>,
}

/// A request that breaks an obligation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Broken {
    /// Whose: an ARN, the name of a service.
    pub who: String,
    /// The request.
    pub request: Request,
    /// What it is decided to.
    pub outcome: Outcome,
}

/// What a guard says of a request that everything else allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "yes, no, or neither")]
pub enum Outcome {
    /// It lets it be.
    Allowed,
    /// It denies it.
    Denied,
    /// It depends on what is not known.
    Depends,
}

/// So many requests of an obligation both evaluators decide, and all of callers that are made up.
const CHECKED: usize = 500;

/// What all obligations of a guard are decided with.
pub(crate) struct Court<'g> {
    pub(crate) guard: &'g Guard,
    pub(crate) cast: &'g Cast<'g>,
    pub(crate) bench: &'g Bench,
}

impl Obligation {
    /// Whether nothing breaks it, and somebody was asked.
    pub fn is_kept(&self) -> bool {
        self.broken.is_empty() && self.requests > 0
    }
}

impl Court<'_> {
    /// Decides an obligation; `None` where it is about the default of a parameter that was set.
    pub(crate) fn decide(&self, case: &'static Case) -> Result<Option<Obligation>, GuardError> {
        if case.unless_set.iter().any(|name| self.guard.set.contains(name)) {
            return Ok(None);
        }
        let mut obligation = Obligation { case, of_estate: 0, made_up: 0, requests: 0, broken: Vec::new() };
        for caller in case.who.iter().flat_map(|who| self.cast.callers(who)) {
            match caller.is_made_up {
                true => obligation.made_up = obligation.made_up.saturating_add(1),
                false => obligation.of_estate = obligation.of_estate.saturating_add(1),
            }
            let mut is_first = true;
            for request in self.requests(case, &caller)? {
                obligation.requests = obligation.requests.saturating_add(1);
                let is_checked = caller.is_made_up || obligation.requests <= CHECKED;
                let outcome = self.outcome(&request, &caller, is_checked)?;
                let wanted = if case.deny { Outcome::Denied } else { Outcome::Allowed };
                if outcome != wanted && std::mem::take(&mut is_first) {
                    obligation.broken.push(Broken { who: caller.name(), request, outcome });
                }
            }
        }
        Ok(Some(obligation))
    }

    /// By the engine, and where it is checked by the reference too, which have to agree.
    fn outcome(&self, request: &Request, caller: &Caller, is_checked: bool) -> Result<Outcome, GuardError> {
        let standing = self.bench.standing(caller, &request.action);
        let answer = standing.decide(request);
        if is_checked && reference::decide(request, &standing.policies).answer != answer {
            let what = format!("the evaluators disagree on {} of {}", request.action, caller.name());
            return Err(GuardError::Internal { template: self.guard.template.name, what });
        }
        Ok(match answer {
            Answer::Allowed => Outcome::Allowed,
            Answer::ImplicitlyDenied(_) | Answer::ExplicitlyDenied(_) => Outcome::Denied,
            Answer::Indeterminate => Outcome::Depends,
        })
    }

    /// The requests of a case by one caller.
    fn requests(&self, case: &Case, caller: &Caller) -> Result<Vec<Request>, GuardError> {
        let catalogue = Catalogue::embedded();
        let mut requests = Vec::new();
        for action in self.actions(case)? {
            let action = action.as_str();
            let id = catalogue.action(action);
            for resource in self.resources(case, action, caller)? {
                let mut request = Request {
                    principal: caller.principal.clone(),
                    action: action.to_owned(),
                    wildcard_only: id.is_some_and(|id| !catalogue.has_resource_types(id)),
                    resource,
                    resource_account: caller.account.clone(),
                    context: caller.context(),
                };
                requests.extend(self.told(case, &mut request)?);
            }
        }
        Ok(requests)
    }

    /// The actions of a case; of a parameter's pattern the first that it names.
    fn actions(&self, case: &Case) -> Result<Vec<String>, GuardError> {
        let mut actions = Vec::new();
        for text in &case.actions {
            actions.extend(self.texts(text, "")?);
        }
        Ok(actions)
    }

    fn resources(&self, case: &Case, action: &str, caller: &Caller) -> Result<Vec<String>, GuardError> {
        match case.resource.as_deref() {
            None => Ok(vec!["*".to_owned()]),
            Some("own") => Ok(vec![own(action, &caller.account)]),
            Some(text) => self.texts(text, &caller.account),
        }
    }

    /// One request for each value of the parameters that the case's condition keys name.
    fn told(&self, case: &Case, request: &mut Request) -> Result<Vec<Request>, GuardError> {
        let account = request.resource_account.clone();
        let mut requests = vec![request.clone()];
        for (key, value) in &case.context {
            let keys = self.texts(key, &account)?;
            let values = self.texts(value, &account)?;
            let mut told = Vec::new();
            for request in &requests {
                for (key, value) in keys.iter().flat_map(|key| values.iter().map(move |value| (key, value))) {
                    let mut request = request.clone();
                    request.context.set(key, Fact::One(value.clone()));
                    told.push(request);
                }
            }
            requests = told;
        }
        Ok(requests)
    }

    /// A text of a case for each value of the first parameter that it names.
    fn texts(&self, text: &str, account: &str) -> Result<Vec<String>, GuardError> {
        let text = text.replace("<<account>>", account);
        let named = text
            .split_once("<<")
            .and_then(|(_, rest)| rest.split_once(">>"))
            .map(|(name, _)| name.to_owned());
        let Some(name) = named else { return Ok(vec![text]) };
        let internal = |what: String| GuardError::Internal { template: self.guard.template.name, what };
        let kind = self.guard.template.parameter(&name)?.kind;
        let values = self.guard.values.get(&name).ok_or_else(|| internal(format!("no value for {name}")))?;
        let each = values.iter().map(|value| {
            let concrete = concrete(kind, value, account);
            let one = fill_text(&text, &self.guard.values, &|_| concrete.clone());
            one.map_err(|name| internal(format!("no value for {name}")))
        });
        each.collect()
    }
}

/// A value of which a parameter's value is a pattern.
fn concrete(kind: ParameterKind, value: &str, account: &str) -> String {
    match kind {
        ParameterKind::Principals | ParameterKind::Policies => {
            example(&value.replacen("::*:", &format!("::{account}:"), 1))
        }
        ParameterKind::Networks => value.split('/').next().unwrap_or_default().to_owned(),
        ParameterKind::Actions => first_of(value).unwrap_or_else(|| value.to_owned()),
        ParameterKind::Text => value.to_owned(),
        _ => example(value),
    }
}

/// The first action that a pattern names; the pattern itself, when it is an action that the service reference does not know.
pub(crate) fn first_of(pattern: &str) -> Option<String> {
    let catalogue = Catalogue::embedded();
    let first = catalogue.expand(pattern).iter().next().map(|id| catalogue.name(id));
    first.or_else(|| (!pattern.contains(['*', '?'])).then(|| pattern.to_owned()))
}

/// A resource of an account, of the kind that an action is about.
fn own(action: &str, account: &str) -> String {
    let catalogue = Catalogue::embedded();
    let types = catalogue.action(action).map(|id| catalogue.resource_types(id)).unwrap_or_default();
    let Some(found) = types.iter().find(|found| found.required).or_else(|| types.first()) else {
        return "*".to_owned();
    };
    let mut arn = String::new();
    let mut rest = found.arn;
    while let Some((before, behind)) = rest.split_once("${") {
        let (name, after) = behind.split_once('}').unwrap_or((behind, ""));
        arn.push_str(before);
        arn.push_str(match name {
            "Partition" => "aws",
            "Region" => "ap-northeast-1",
            "Account" => account,
            _ => "kagimori",
        });
        rest = after;
    }
    arn.push_str(rest);
    arn
}
