//! Reads cases.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::expectation::{Class, Expected};
use super::fields::Fields;
use crate::document::Document;
use crate::parse::{self, Strictness};
use crate::policies::{Level, Policies, S3Settings};
use crate::request::{Context, Fact, Principal, Request};
use crate::validate::{self, PolicyKind};

/// A case that can be run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Case {
    /// Its name, unique in its file.
    pub name: String,
    /// What is asked.
    pub question: Question,
    /// How sure the expectation is.
    pub class: Class,
    /// `skip`: not to be run.
    pub skip: bool,
    /// Fields that mean nothing here, by path.
    pub unknown_fields: Vec<String>,
}

/// What a case asks.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the format has these four kinds of case")]
pub enum Question {
    /// A request and the answer it must get.
    Decide(Box<Request>, Box<Policies>, Expected),
    /// Requests that must be allowed.
    MustAllow(Vec<Request>, Box<Policies>),
    /// Requests that must be denied.
    MustDeny(Vec<Request>, Box<Policies>),
    /// The new policy must grant nothing that the old one does not.
    MustNotGrantNew {
        /// What was granted before.
        old: Vec<Document>,
        /// What is granted now.
        new: Vec<Document>,
    },
    /// The input is one that AWS refuses.
    Rejected(CaseError, Option<Expected>),
}

/// Why a case is refused: AWS would not accept the input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct CaseError {
    /// The place: `identityPolicies[0].Statement[0].Effect`.
    pub at: String,
    /// What is wrong.
    pub message: String,
}

/// Why a file holds no cases.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FileError(String);

impl CaseError {
    pub(super) fn new(at: &str, message: &str) -> Self {
        Self { at: at.to_owned(), message: message.to_owned() }
    }

    pub(super) fn at(path: &str, error: &serde_json::Error) -> Self {
        Self::new(path, &error.to_string())
    }
}

/// Reads the cases of one file, in order. `open` gives the text of a policy file named in a case.
///
/// # Errors
/// [`FileError`] when the text is no JSON array of objects with a `name` each, unique in the file.
pub fn read(text: &str, open: &dyn Fn(&str) -> Result<String, String>) -> Result<Vec<Case>, FileError> {
    read_each(text, open)?.into_iter().collect()
}

/// The same, but that a case which cannot be read costs that case only.
///
/// # Errors
/// [`FileError`] when the text is no JSON array.
pub fn read_each(
    text: &str,
    open: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Vec<Result<Case, FileError>>, FileError> {
    let raw: Vec<&RawValue> = serde_json::from_str(text)
        .map_err(|error| FileError(format!("not a list of cases (a JSON array): {error}")))?;
    let mut names = BTreeSet::new();
    let mut cases = Vec::new();
    for (number, raw) in raw.into_iter().enumerate() {
        let found = case(raw, &mut names, &Reader { open });
        let place = number.saturating_add(1);
        cases.push(found.map_err(|message| FileError(format!("case {place}: {message}"))));
    }
    Ok(cases)
}

fn case(raw: &RawValue, names: &mut BTreeSet<String>, reader: &Reader<'_>) -> Result<Case, String> {
    let mut fields = Fields::read("", raw).map_err(|error| error.message)?;
    let name: String = fields.required("name").map_err(|error| error.to_string())?;
    if !names.insert(name.clone()) {
        return Err(format!("the name `{name}` stands in this file twice"));
    }
    reader.case(name, fields).map_err(|error| error.to_string())
}

/// Reads the parts of a case.
struct Reader<'a> {
    open: &'a dyn Fn(&str) -> Result<String, String>,
}

impl Reader<'_> {
    /// A case. An expectation that cannot be read is an error of the file: without it nothing can be said.
    fn case(&self, name: String, mut fields: Fields<'_>) -> Result<Case, CaseError> {
        let class = fields.optional("class")?.unwrap_or_default();
        let skip = fields.optional("skip")?.unwrap_or_default();
        let expected: Option<Expected> = fields.optional("expected")?;
        for described in ["source", "note", "description"] {
            fields.take(described);
        }
        let question = match self.question(&mut fields, expected.clone()) {
            Ok(question) => question,
            Err(Refusal::Input(error)) => Question::Rejected(error, expected),
            Err(Refusal::Case(error)) => return Err(error),
        };
        Ok(Case { name, question, class, skip, unknown_fields: fields.left() })
    }

    fn question(&self, fields: &mut Fields<'_>, expected: Option<Expected>) -> Result<Question, Refusal> {
        if let Some(raw) = fields.take("must_not_grant_new") {
            let mut sides = Fields::read("must_not_grant_new", raw).map_err(Refusal::Case)?;
            let [old, new] = ["old", "new"].map(|side| self.side(&mut sides, side));
            return Ok(Question::MustNotGrantNew { old: old?, new: new? });
        }
        let must_allow = fields.list("must_allow").map_err(Refusal::Case)?;
        let must_deny = fields.list("must_deny").map_err(Refusal::Case)?;
        let action = action_of(fields.take("request"))?;
        match (expected, must_allow.is_empty(), must_deny.is_empty()) {
            (Some(expected), true, true) => {
                let (raw, action) =
                    action.ok_or_else(|| Refusal::Case(CaseError::new("request", "is missing")))?;
                let policies = self.policies(fields, &action)?;
                let discovery = mode(fields)?;
                let request = request("request", raw, &discovery)?;
                Ok(Question::Decide(Box::new(request), Box::new(policies), expected))
            }
            (None, false, true) => {
                let (requests, policies) = self.guarded(fields, "must_allow", &must_allow)?;
                Ok(Question::MustAllow(requests, policies))
            }
            (None, true, false) => {
                let (requests, policies) = self.guarded(fields, "must_deny", &must_deny)?;
                Ok(Question::MustDeny(requests, policies))
            }
            _ => Err(Refusal::Case(CaseError::new(
                "expected",
                "a case has one of `expected`, `must_allow`, `must_deny` and `must_not_grant_new`",
            ))),
        }
    }

    /// The requests of a guardrail case. Whether the resource's policy is a trust policy is told by the first of them.
    fn guarded(
        &self,
        fields: &mut Fields<'_>,
        name: &str,
        raw: &[&RawValue],
    ) -> Result<(Vec<Request>, Box<Policies>), Refusal> {
        let action = action_of(raw.first().copied())?.map(|(_, action)| action).unwrap_or_default();
        let policies = self.policies(fields, &action)?;
        let discovery = mode(fields)?;
        let path = |number| format!("{name}[{number}]");
        let requests = raw.iter().enumerate().map(|(number, raw)| request(&path(number), raw, &discovery));
        Ok((requests.collect::<Result<_, _>>()?, Box::new(policies)))
    }

    /// One document, or a list of them.
    fn side(&self, fields: &mut Fields<'_>, name: &str) -> Result<Vec<Document>, Refusal> {
        let path = fields.path_of(name);
        let raw = fields.required_raw(name).map_err(Refusal::Case)?;
        match serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
            Ok(list) => self.documents(&path, &list, PolicyKind::Identity),
            Err(_) => Ok(vec![self.document(&path, raw, PolicyKind::Identity)?]),
        }
    }

    fn policies(&self, fields: &mut Fields<'_>, action: &str) -> Result<Policies, Refusal> {
        let is_assumption = action.to_ascii_lowercase().starts_with("sts:assumerole");
        let resource_kind = if is_assumption { PolicyKind::Trust } else { PolicyKind::Resource };
        let mut one = |name: &str, kind: PolicyKind| -> Result<Option<Document>, Refusal> {
            fields.take(name).map(|raw| self.document(name, raw, kind)).transpose()
        };
        let resource = one("resourcePolicy", resource_kind)?;
        let session = one("sessionPolicy", PolicyKind::Session)?;
        let mut many = |name: &str, kind: PolicyKind| -> Result<Vec<Document>, Refusal> {
            let list = fields.list(name).map_err(Refusal::Input)?;
            self.documents(name, &list, kind)
        };
        let identity = many("identityPolicies", PolicyKind::Identity)?;
        let boundary = many("permissionBoundaries", PolicyKind::Boundary)?;
        let endpoint = many("endpointPolicies", PolicyKind::Endpoint)?;
        let service_control = self.levels(fields, "serviceControlPolicies", PolicyKind::ServiceControl)?;
        let resource_control = self.levels(fields, "resourceControlPolicies", PolicyKind::ResourceControl)?;
        let s3 = settings(fields)?;
        Ok(Policies {
            identity,
            service_control,
            resource_control,
            resource,
            boundary,
            session,
            endpoint,
            missing: Vec::new(),
            s3,
        })
    }

    fn levels(&self, fields: &mut Fields<'_>, name: &str, kind: PolicyKind) -> Result<Vec<Level>, Refusal> {
        let list = fields.list(name).map_err(Refusal::Input)?;
        let level = |(number, raw): (usize, &&RawValue)| {
            let path = format!("{name}[{number}]");
            let mut level = Fields::read(&path, raw).map_err(Refusal::Input)?;
            let id = level.required("orgIdentifier").map_err(Refusal::Input)?;
            let policies = level.list("policies").map_err(Refusal::Input)?;
            let policies = self.documents(&level.path_of("policies"), &policies, kind)?;
            Ok(Level { id, policies })
        };
        list.iter().enumerate().map(level).collect()
    }

    fn documents(&self, path: &str, list: &[&RawValue], kind: PolicyKind) -> Result<Vec<Document>, Refusal> {
        let document =
            |(number, raw): (usize, &&RawValue)| self.document(&format!("{path}[{number}]"), raw, kind);
        list.iter().enumerate().map(document).collect()
    }

    /// One policy, as AWS would accept it.
    fn document(&self, path: &str, raw: &RawValue, kind: PolicyKind) -> Result<Document, Refusal> {
        let text = match serde_json::from_str::<String>(raw.get()) {
            Ok(file) => {
                (self.open)(&file).map_err(|message| Refusal::Case(CaseError::new(path, &message)))?
            }
            Err(_) => raw.get().to_owned(),
        };
        let below = |place: &str| if place.is_empty() { path.to_owned() } else { format!("{path}.{place}") };
        let refused = |place: &str, message: &str| Refusal::Input(CaseError::new(&below(place), message));
        let document = parse::parse(&text, Strictness::Strict)
            .map_err(|error| refused(error.path(), &error.to_string()))?;
        match validate::validate(&document, kind).into_iter().next() {
            None => Ok(document),
            Some(fault) => Err(refused(&fault.path, &fault.message)),
        }
    }
}

/// Whose fault it is.
enum Refusal {
    /// AWS would refuse the input: an answer.
    Input(CaseError),
    /// The case is not one: no answer.
    Case(CaseError),
}

fn action_of(request: Option<&RawValue>) -> Result<Option<(&RawValue, String)>, Refusal> {
    #[derive(Deserialize)]
    struct Action {
        #[serde(default)]
        action: String,
    }
    let Some(raw) = request else { return Ok(None) };
    let Action { action } =
        serde_json::from_str(raw.get()).map_err(|error| Refusal::Input(CaseError::at("request", &error)))?;
    Ok(Some((raw, action)))
}

/// Whether `simulation` asks for discovery: keys that are not listed are unknown. Constraints say it key by key.
fn mode(fields: &mut Fields<'_>) -> Result<Discovery, Refusal> {
    let simulation: Option<Simulation> = fields.optional("simulation").map_err(Refusal::Case)?;
    let Some(simulation) = simulation else { return Ok(Discovery::default()) };
    let is_partial = simulation.mode == "Discovery";
    Ok(Discovery { is_partial, constraints: simulation.discovery_context_key_constraints })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Simulation {
    #[serde(default)]
    mode: String,
    #[serde(default)]
    discovery_context_key_constraints: Vec<Constraint>,
}

#[derive(Default)]
struct Discovery {
    is_partial: bool,
    constraints: Vec<Constraint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Constraint {
    #[serde(rename = "keyName")]
    name: KeyName,
    #[serde(default = "yes")]
    presence_is_known: bool,
    #[serde(default = "yes")]
    value_is_known: bool,
}

fn yes() -> bool {
    true
}

/// The keys a constraint is about: one by its name, or those that match `/expression/`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
enum KeyName {
    Literal(String),
    Expression(regex_lite::Regex),
}

impl TryFrom<String> for KeyName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let Some(pattern) = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) else {
            return Ok(Self::Literal(text));
        };
        let expression = regex_lite::RegexBuilder::new(pattern).case_insensitive(true).build();
        expression
            .map(Self::Expression)
            .map_err(|error| format!("`{text}` is no regular expression: {error}"))
    }
}

impl KeyName {
    fn is_about(&self, key: &str) -> bool {
        match self {
            Self::Literal(name) => name.eq_ignore_ascii_case(key),
            Self::Expression(expression) => expression.is_match(key),
        }
    }
}

fn settings(fields: &mut Fields<'_>) -> Result<S3Settings, Refusal> {
    #[derive(Default, Deserialize)]
    struct Settings {
        #[serde(default)]
        s3: S3,
    }
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct S3 {
        bucket_abac_enabled: Option<bool>,
        #[serde(default)]
        block_public_access: bool,
    }
    let settings: Settings =
        fields.optional("additionalSettings").map_err(Refusal::Input)?.unwrap_or_default();
    let S3 { bucket_abac_enabled, block_public_access } = settings.s3;
    Ok(S3Settings { restrict_public_buckets: block_public_access, bucket_abac: bucket_abac_enabled })
}

fn request(path: &str, raw: &RawValue, discovery: &Discovery) -> Result<Request, Refusal> {
    read_request(path, raw, discovery).map_err(Refusal::Input)
}

fn read_request(path: &str, raw: &RawValue, discovery: &Discovery) -> Result<Request, CaseError> {
    let mut fields = Fields::read(path, raw)?;
    let action: String = fields.required("action")?;
    let is_one =
        action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
    if !is_one || action.contains(['*', '?']) {
        return Err(CaseError::new(
            &fields.path_of("action"),
            "one action, `service:Action`, without wildcards",
        ));
    }
    let mut asked = Fields::read(&fields.path_of("resource"), fields.required_raw("resource")?)?;
    let resource: String = asked.required("resource")?;
    let resource_account: String = asked.required("accountId")?;
    if resource_account.len() != 12 || !resource_account.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CaseError::new(&asked.path_of("accountId"), "an account id has 12 digits"));
    }
    let wildcard_only = fields.optional("wildcardOnlyAction")?.unwrap_or_default();
    if wildcard_only && resource != "*" {
        let message = "an action without resource types is asked with the resource `*`";
        return Err(CaseError::new(&asked.path_of("resource"), message));
    }
    if resource != "*" && kagimori_id::ArnParts::parse(&resource).is_none() {
        return Err(CaseError::new(&asked.path_of("resource"), "neither an ARN nor `*`"));
    }
    let principal = principal(&fields.path_of("principal"), fields.required_raw("principal")?)?;
    let context = context(&fields.path_of("context"), fields.take("context"), discovery)?;
    Ok(Request { principal, action, resource, resource_account, wildcard_only, context })
}

fn principal(path: &str, raw: &RawValue) -> Result<Principal, CaseError> {
    if let Ok(text) = serde_json::from_str::<String>(raw.get()) {
        return Principal::parse(&text).map_err(|error| CaseError::new(path, &error.to_string()));
    }
    let kind: String = Fields::read(path, raw)?.required("type")?;
    match kind.as_str() {
        "Anonymous" => Ok(Principal::Anonymous),
        _ => Err(CaseError::new(path, "an ARN, a service principal, or `{\"type\": \"Anonymous\"}`")),
    }
}

fn context(path: &str, raw: Option<&RawValue>, discovery: &Discovery) -> Result<Context, CaseError> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a string, or a list of strings")]
    enum Value {
        One(String),
        Many(Vec<String>),
    }
    let mut context = if discovery.is_partial { Context::partial() } else { Context::complete() };
    let Some(raw) = raw else { return Ok(context) };
    let mut fields = Fields::read(path, raw)?;
    for key in fields.names() {
        let fact = match fields.required::<Value>(&key)? {
            Value::One(text) => Fact::One(text),
            Value::Many(texts) => Fact::Many(texts),
        };
        if context.set(&key, discovery.constrained(&key, fact)).is_some() {
            return Err(CaseError::new(
                &fields.path_of(&key),
                "this key stands here twice, in another spelling",
            ));
        }
    }
    let absent: Vec<String> = discovery.absent(&context).map(str::to_owned).collect();
    for key in absent {
        context.set(&key, Fact::Absent);
    }
    Ok(context)
}

impl Discovery {
    /// What is known of a listed key.
    fn constrained(&self, key: &str, fact: Fact) -> Fact {
        let found = self.constraints.iter().find(|constraint| constraint.name.is_about(key));
        match found.filter(|_| self.is_partial) {
            None => fact,
            Some(constraint) if !constraint.presence_is_known => Fact::Unknown,
            Some(constraint) if !constraint.value_is_known => Fact::Present,
            Some(_) => fact,
        }
    }

    /// The keys that are not listed and known to be absent, by name.
    fn absent<'a>(&'a self, context: &'a Context) -> impl Iterator<Item = &'a str> {
        let known =
            self.constraints.iter().filter(|constraint| self.is_partial && constraint.presence_is_known);
        known.filter_map(|constraint| match &constraint.name {
            KeyName::Literal(name) if *context.get(&name.to_lowercase()) == Fact::Unknown => {
                Some(name.as_str())
            }
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{read, read_each};

    #[test]
    fn a_malformed_case_costs_that_case() {
        let good = r#"{"name": "good", "must_allow": [], "must_not_grant_new": {"old": [], "new": []}}"#;
        let text = format!(r#"[{good}, {{"nme": "bad"}}, {good}, 7, {}]"#, good.replace("good", "other"));
        let open = |file: &str| Err(file.to_owned());
        let found = read_each(&text, &open).unwrap();
        let is_read: Vec<bool> = found.iter().map(Result::is_ok).collect();
        assert_eq!(is_read, [true, false, false, false, true], "{found:?}");
        assert!(found[1].as_ref().unwrap_err().to_string().starts_with("case 2: "));
        assert!(found[2].as_ref().unwrap_err().to_string().contains("twice"));
        assert!(read(&text, &open).is_err());
        assert!(read_each("[{", &open).is_err());
    }
}
