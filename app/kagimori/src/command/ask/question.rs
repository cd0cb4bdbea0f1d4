//! From the command line to a question: who, and under which circumstances.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use kagimori_estate::access::{Access, Question, Subject};
use kagimori_id::AccountId;
use kagimori_id::ArnParts;
use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::document::Document;
use kagimori_policy::lint::works_on;
use kagimori_policy::parse::{Strictness, parse};
use kagimori_policy::request::Fact;
use kagimori_terminal::printer;
use kagimori_trail::actions::permissions;

use crate::args::Circumstances;
use crate::error::AppError;
use crate::given;

/// The question of a command line; the resource's policy, when given, joins the access.
pub(super) fn read(
    access: &mut Access<'_>,
    action: &str,
    resource: &str,
    circumstances: &Circumstances,
    now: Timestamp,
) -> Result<Question, AppError> {
    check_action(action)?;
    let wildcard_only = is_wildcard_only(action, resource)?;
    check_resource(action, resource)?;
    let question = read_any(access, resource, circumstances, now)?;
    Ok(Question { action: action.to_owned(), wildcard_only, ..question })
}

fn check_action(action: &str) -> Result<(), AppError> {
    let is_action =
        action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
    if is_action && !action.contains(['*', '?']) {
        return Ok(());
    }
    Err(argument(format!("`{action}` is not one action"), "write `service:Action`, such as s3:GetObject"))
}

/// The circumstances of a question whose action comes later.
pub(super) fn read_any(
    access: &mut Access<'_>,
    resource: &str,
    circumstances: &Circumstances,
    now: Timestamp,
) -> Result<Question, AppError> {
    let arn = ArnParts::parse(resource);
    if resource != "*" && arn.is_none() {
        let hint =
            "write the whole ARN (`arn:aws:s3:::bucket/key`), or `*` for an action that has no resources";
        return Err(argument(format!("`{resource}` is neither an ARN nor `*`"), hint));
    }
    let owner = match &circumstances.resource_account {
        Some(text) => Some(account(text)?),
        None => arn.and_then(|arn| AccountId::parse(arn.account).ok()),
    };
    if let Some(path) = &circumstances.resource_policy {
        if resource == "*" {
            let message = "`--resource-policy` is the policy of one resource, and the question is about any";
            return Err(argument(message.to_owned(), "ask with the ARN of that resource"));
        }
        access.add_resource_policy(resource, policy_file(path)?, Some(path.display().to_string()));
    }
    Ok(Question {
        action: String::new(),
        resource: resource.to_owned(),
        resource_account: owner,
        wildcard_only: false,
        common: None,
        context: at(now, context(&circumstances.context)?),
        strict: circumstances.strict,
    })
}

/// No request of an action is about a resource of another kind than it works on: what policies say of such a one is no answer.
fn check_resource(action: &str, resource: &str) -> Result<(), AppError> {
    let catalogue = Catalogue::embedded();
    let Some(id) = catalogue.action(action).filter(|id| catalogue.has_resource_types(*id)) else {
        return Ok(());
    };
    if works_on(id, resource) {
        return Ok(());
    }
    let kinds: BTreeSet<&str> = catalogue.resource_types(id).iter().map(|kind| kind.arn).collect();
    let kinds: Vec<&str> = kinds.into_iter().collect();
    let message = format!("no request of {} is about {resource}", catalogue.name(id));
    let hint = match resource.contains(":kms:") && resource.contains(":alias/") {
        true => "AWS checks it on the key behind the alias: ask with the key's ARN".to_owned(),
        false => format!("it works on {}: ask with the ARN of one", kinds.join(", ")),
    };
    Err(argument(message, &hint))
}

/// Whether the action has no resource types. One that is newer than the service reference is taken as it is asked.
fn is_wildcard_only(action: &str, resource: &str) -> Result<bool, AppError> {
    let catalogue = Catalogue::embedded();
    let Some(id) = catalogue.action(action) else {
        let service = action.split(':').next().unwrap_or_default();
        let asked = permissions(action);
        if !asked.is_empty() {
            let message = format!("`{action}` is the name of a call, and of no permission");
            return Err(argument(message, &format!("AWS checks {} for it: ask that", asked.join(" and "))));
        }
        if catalogue.services().any(|known| known.eq_ignore_ascii_case(service)) {
            let version = catalogue.version();
            printer::warning(&format!(
                "`{action}` is newer than the service reference ({version}), or mistyped"
            ));
            return Ok(false);
        }
        let message = format!("there is no service `{service}`");
        return Err(argument(message, "write the prefix as in a policy, such as s3:GetObject"));
    };
    let has_none = !catalogue.has_resource_types(id);
    if has_none && resource != "*" {
        let message = format!("{} works on no resource in particular", catalogue.name(id));
        return Err(argument(message, "ask with `*` as its resource"));
    }
    Ok(has_none)
}

fn argument(message: String, hint: &str) -> AppError {
    AppError::Argument { message, hint: hint.to_owned() }
}

fn account(text: &str) -> Result<AccountId, AppError> {
    AccountId::parse(text).map_err(|error| argument(error.to_string(), "an account id has 12 digits"))
}

/// A policy document as a file: itself, or inside AWS's answer (`{"Policy": "…"}`).
pub(crate) fn policy_file(path: &Path) -> Result<Document, AppError> {
    #[derive(serde::Deserialize)]
    struct Answer {
        #[serde(rename = "Policy")]
        policy: String,
    }
    let text = given::text(path).map_err(|source| AppError::read(path, source))?;
    let inner = serde_json::from_str::<Answer>(&text).map(|answer| answer.policy).unwrap_or(text);
    parse(&inner, Strictness::Lenient)
        .map_err(|error| AppError::PolicyFile { path: path.to_owned(), message: error.to_string() })
}

/// `key=value` once: a single value; more than once: several values; `key=` alone: absent.
fn context(given: &[String]) -> Result<Vec<(String, Fact)>, AppError> {
    let mut facts: Vec<(String, Fact)> = Vec::new();
    for entry in given {
        let Some((key, value)) = entry.split_once('=').filter(|(key, _)| key.contains(':')) else {
            return Err(argument(
                format!("`{entry}` is no condition key with a value"),
                "write `aws:SourceIp=203.0.113.7`",
            ));
        };
        match facts.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(key)) {
            Some((_, fact)) => *fact = with(fact, value),
            None if value.is_empty() => facts.push((key.to_owned(), Fact::Absent)),
            None => facts.push((key.to_owned(), Fact::One(value.to_owned()))),
        }
    }
    Ok(facts)
}

/// Every call is made at some time: now, unless another is given (`reference_policies_condition-keys`, "aws:CurrentTime").
fn at(now: Timestamp, mut facts: Vec<(String, Fact)>) -> Vec<(String, Fact)> {
    let keys = [("aws:CurrentTime", now.to_string()), ("aws:EpochTime", now.as_second().to_string())];
    for (key, value) in keys {
        if !facts.iter().any(|(known, _)| known.eq_ignore_ascii_case(key)) {
            facts.push((key.to_owned(), Fact::One(value)));
        }
    }
    facts
}

fn with(fact: &Fact, value: &str) -> Fact {
    let mut values = match fact {
        Fact::One(one) => vec![one.clone()],
        Fact::Many(many) => many.clone(),
        Fact::Absent | Fact::Present | Fact::Unknown => Vec::new(),
    };
    values.push(value.to_owned());
    Fact::Many(values)
}

/// Who calls: a principal as [`subject`] finds it, or one session of a role.
pub(super) fn caller<'a>(access: &'a Access<'_>, name: &str) -> Result<Cow<'a, Subject>, AppError> {
    match access.caller(name) {
        Some(caller) => Ok(caller),
        None => subject(access, name).map(Cow::Borrowed),
    }
}

/// A principal by its ARN, by a name that only one has, or in any form in which this program prints one: `444455556666/NAME`,
/// `444455556666:user/NAME`, `user/machine/NAME (444455556666)`.
pub(crate) fn subject<'a>(access: &'a Access<'_>, name: &str) -> Result<&'a Subject, AppError> {
    if let Some(subject) = access.subject(name) {
        return Ok(subject);
    }
    let wanted = Wanted::of(name);
    let found: Vec<&Subject> = access.subjects().iter().filter(|subject| wanted.is(subject)).collect();
    match found.as_slice() {
        [only] => Ok(only),
        [] => Err(AppError::UnknownPrincipal(name.to_owned())),
        several => Err(AppError::AmbiguousPrincipal {
            name: name.to_owned(),
            found: several.iter().map(|subject| subject.arn.to_string()).collect(),
        }),
    }
}

/// What a name says of whom it means.
struct Wanted<'n> {
    account: Option<AccountId>,
    /// `user` or `role`.
    kind: Option<&'n str>,
    /// With its path, or the name alone.
    name: &'n str,
}

impl<'n> Wanted<'n> {
    fn of(text: &'n str) -> Self {
        let id = |text: &str| AccountId::parse(text).ok();
        let behind = text.strip_suffix(')').and_then(|text| text.rsplit_once(" ("));
        let (text, behind) = match behind.map(|(name, account)| (name, id(account))) {
            Some((name, Some(account))) => (name, Some(account)),
            _ => (text, None),
        };
        let before = text.split_once(['/', ':']).map(|(account, name)| (id(account), name));
        let (text, before) = match before {
            Some((Some(account), name)) => (name, Some(account)),
            _ => (text, None),
        };
        let (kind, name) = match text.split_once('/') {
            Some((kind @ ("user" | "role"), name)) => (Some(kind), name),
            _ => (None, text),
        };
        Self { account: before.or(behind), kind, name }
    }

    fn is(&self, subject: &Subject) -> bool {
        let resource = subject.arn.resource();
        let (kind, path) = resource.split_once('/').unwrap_or((resource, ""));
        let named = subject.arn.name() == self.name || path == self.name.trim_start_matches('/');
        let placed = self.account.is_none_or(|account| subject.arn.account() == Some(account));
        named && placed && self.kind.is_none_or(|wanted| wanted == kind)
    }
}
