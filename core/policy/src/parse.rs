//! Reads policy documents from JSON.
//!
//! A document is refused with line and column when its JSON is damaged, holds a key twice (AWS would silently take
//! one of them, a reader may believe the other) or has an element of the wrong shape. Element names are compared as
//! Access Analyzer does ("Duplicate keys with different case"): `Action` beside `action` is a duplicate.

mod condition;

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_path_to_error::Track;

use self::condition::ConditionsSeed;
use crate::document::{
    ActionElement, Condition, Document, Effect, OneOrMany, PrincipalElement, PrincipalKind, Principals,
    ResourceElement, Statement, Version,
};

/// Why a text is not a policy document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (line {line}, column {column})")]
pub struct ParseError {
    message: String,
    path: String,
    line: usize,
    column: usize,
}

/// How strictly a document is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "two modes")]
pub enum Strictness {
    /// What AWS has stored: unknown elements are ignored.
    Lenient,
    /// What AWS would accept today: unknown elements are refused.
    Strict,
}

/// Reads one policy document.
///
/// # Errors
/// [`ParseError`] when the text is not JSON, holds a key twice, has text after its end, or is not shaped as a policy
/// document.
pub fn parse(text: &str, strictness: Strictness) -> Result<Document, ParseError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut track = Track::new();
    let document = DocumentSeed(strictness)
        .deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track))
        .map_err(|error| ParseError::new(&error, &track.path().to_string()))?;
    json.end().map_err(|error| ParseError::new(&error, ""))?;
    Ok(document)
}

/// Reads one statement of a document; unknown elements are ignored.
pub(crate) fn statement(text: &str) -> Result<Statement, ParseError> {
    let mut json = serde_json::Deserializer::from_str(text);
    StatementSeed(Strictness::Lenient).deserialize(&mut json).map_err(|error| ParseError::new(&error, ""))
}

impl ParseError {
    fn new(error: &serde_json::Error, path: &str) -> Self {
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = text.strip_suffix(&place).unwrap_or(&text).to_owned();
        // The tracker writes `.` for the document itself.
        let path = if path == "." { String::new() } else { path.to_owned() };
        Self { message, path, line: error.line(), column: error.column() }
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The element of the fault, `Statement[0].Effect`; empty for the document itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The line of the fault, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column of the fault, from 1.
    pub fn column(&self) -> usize {
        self.column
    }
}

/// The keys of one object, to refuse the second of a kind.
#[derive(Default)]
struct Keys(Vec<String>);

impl Keys {
    /// Takes in a key whose spelling matters.
    fn exact<E: de::Error>(&mut self, key: &str) -> Result<(), E> {
        self.take(key, |seen| seen == key)
    }

    /// Takes in the name of an element.
    fn element<E: de::Error>(&mut self, key: &str) -> Result<(), E> {
        self.take(key, |seen| seen.eq_ignore_ascii_case(key))
    }

    fn take<E: de::Error>(&mut self, key: &str, same: impl Fn(&str) -> bool) -> Result<(), E> {
        if self.0.iter().any(|seen| same(seen)) {
            return Err(E::custom(format_args!("the key `{key}` stands here twice")));
        }
        self.0.push(key.to_owned());
        Ok(())
    }
}

/// Skips an unknown element, or refuses it.
fn unknown_element<'de, A: MapAccess<'de>>(
    map: &mut A,
    key: &str,
    strictness: Strictness,
) -> Result<(), A::Error> {
    match strictness {
        Strictness::Lenient => map.next_value::<IgnoredAny>().map(|_| ()),
        Strictness::Strict => {
            Err(de::Error::custom(format_args!("`{key}` is not an element of the policy language")))
        }
    }
}

struct DocumentSeed(Strictness);

impl<'de> DeserializeSeed<'de> for DocumentSeed {
    type Value = Document;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Document, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DocumentSeed {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a policy document (a JSON object)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut keys = Keys::default();
        let (mut version, mut id, mut statements) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            keys.element(&key)?;
            match key.as_str() {
                "Version" => version = Some(map.next_value_seed(WordSeed(version_of))?),
                "Id" => id = map.next_value::<Option<String>>()?,
                "Statement" => statements = Some(map.next_value_seed(StatementsSeed(self.0))?),
                _ => unknown_element(&mut map, &key, self.0)?,
            }
        }
        let statements = statements.ok_or_else(|| de::Error::custom("the document has no `Statement`"))?;
        Ok(Document { version, id, statements })
    }
}

fn version_of(text: &str) -> Result<Version, String> {
    match text {
        "2012-10-17" => Ok(Version::V2012),
        "2008-10-17" => Ok(Version::V2008),
        _ => Err(format!("`{text}` is no version: write `2012-10-17` or `2008-10-17`")),
    }
}

/// A string that is one of a few words. Judged while it is read, so that a fault has the element's own path.
struct WordSeed<T>(fn(&str) -> Result<T, String>);

impl<'de, T> DeserializeSeed<'de> for WordSeed<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T> Visitor<'_> for WordSeed<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

struct StatementsSeed(Strictness);

impl<'de> DeserializeSeed<'de> for StatementsSeed {
    type Value = Vec<Statement>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StatementsSeed {
    type Value = Vec<Statement>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a statement or a list of statements")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        StatementSeed(self.0).visit_map(map).map(|statement| vec![statement])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut statements = Vec::new();
        while let Some(statement) = list.next_element_seed(StatementSeed(self.0))? {
            statements.push(statement);
        }
        Ok(statements)
    }
}

struct StatementSeed(Strictness);

impl<'de> DeserializeSeed<'de> for StatementSeed {
    type Value = Statement;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Statement, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StatementSeed {
    type Value = Statement;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a statement (a JSON object)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Statement, A::Error> {
        let mut keys = Keys::default();
        let mut parts = Parts::default();
        while let Some(key) = map.next_key::<String>()? {
            keys.element(&key)?;
            if !parts.take(&key, &mut map)? {
                unknown_element(&mut map, &key, self.0)?;
            }
        }
        parts.finish()
    }
}

/// A statement while it is being read.
#[derive(Default)]
struct Parts {
    sid: Option<String>,
    effect: Option<Effect>,
    principal: Option<PrincipalElement>,
    action: Option<ActionElement>,
    resource: Option<ResourceElement>,
    conditions: Vec<Condition>,
}

impl Parts {
    /// Takes in one element; `false` when its name is not one of the language.
    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            "Sid" => self.sid = map.next_value::<Option<String>>()?,
            "Effect" => self.effect = Some(map.next_value_seed(WordSeed(effect_of))?),
            "Principal" => {
                let principals = map.next_value_seed(PrincipalsSeed)?;
                once(
                    &mut self.principal,
                    PrincipalElement::Principal(principals),
                    "NotPrincipal",
                    "Principal",
                )?;
            }
            "NotPrincipal" => {
                let principals = map.next_value_seed(PrincipalsSeed)?;
                once(
                    &mut self.principal,
                    PrincipalElement::NotPrincipal(principals),
                    "Principal",
                    "NotPrincipal",
                )?;
            }
            "Action" => {
                let action = ActionElement::Action(map.next_value_seed(StringsSeed)?);
                once(&mut self.action, action, "NotAction", "Action")?;
            }
            "NotAction" => {
                let action = ActionElement::NotAction(map.next_value_seed(StringsSeed)?);
                once(&mut self.action, action, "Action", "NotAction")?;
            }
            "Resource" => {
                let resource = ResourceElement::Resource(map.next_value_seed(StringsSeed)?);
                once(&mut self.resource, resource, "NotResource", "Resource")?;
            }
            "NotResource" => {
                let resource = ResourceElement::NotResource(map.next_value_seed(StringsSeed)?);
                once(&mut self.resource, resource, "Resource", "NotResource")?;
            }
            "Condition" => self.conditions = map.next_value_seed(ConditionsSeed)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn finish<E: de::Error>(self) -> Result<Statement, E> {
        Ok(Statement {
            sid: self.sid,
            effect: self.effect.ok_or_else(|| E::custom("the statement has no `Effect`"))?,
            principal: self.principal,
            action: self
                .action
                .ok_or_else(|| E::custom("the statement has neither `Action` nor `NotAction`"))?,
            resource: self.resource,
            conditions: self.conditions,
        })
    }
}

/// Sets an element that excludes its negation.
fn once<T, E: de::Error>(slot: &mut Option<T>, value: T, other: &str, this: &str) -> Result<(), E> {
    if slot.is_some() {
        return Err(E::custom(format_args!("the statement has both `{other}` and `{this}`")));
    }
    *slot = Some(value);
    Ok(())
}

fn effect_of(text: &str) -> Result<Effect, String> {
    match text {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        _ => Err(format!("`{text}` is no effect: write `Allow` or `Deny`, with this case")),
    }
}

struct StringsSeed;

impl<'de> DeserializeSeed<'de> for StringsSeed {
    type Value = OneOrMany;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<OneOrMany, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StringsSeed {
    type Value = OneOrMany;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
        Ok(OneOrMany::One(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany, A::Error> {
        let mut strings = Vec::new();
        while let Some(text) = list.next_element::<String>()? {
            strings.push(text);
        }
        Ok(OneOrMany::Many(strings))
    }
}

struct PrincipalsSeed;

impl<'de> DeserializeSeed<'de> for PrincipalsSeed {
    type Value = Principals;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Principals, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PrincipalsSeed {
    type Value = Principals;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`\"*\"` or an object of principals")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Principals, E> {
        match text {
            "*" => Ok(Principals::Everyone),
            _ => Err(E::custom(format_args!("`{text}` is no principal: write `{{\"AWS\": \"{text}\"}}`"))),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Principals, A::Error> {
        let mut keys = Keys::default();
        let mut listed = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            keys.exact(&key)?;
            let principals = map.next_value_seed(StringsSeed)?.as_slice().to_vec();
            listed.push((principal_kind(key), principals));
        }
        Ok(Principals::Listed(listed))
    }
}

fn principal_kind(key: String) -> PrincipalKind {
    match key.as_str() {
        "AWS" => PrincipalKind::Aws,
        "Service" => PrincipalKind::Service,
        "Federated" => PrincipalKind::Federated,
        "CanonicalUser" => PrincipalKind::CanonicalUser,
        _ => PrincipalKind::Other(key),
    }
}

#[cfg(test)]
mod tests {
    use super::{Strictness, parse};
    use crate::document::{ConditionValue, Effect, Principals, Version};

    #[test]
    fn reads_what_aws_stores() {
        let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",
            "Principal":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":true},
            "NumericLessThan":{"aws:MultiFactorAuthAge":[3600,"7200"]}},"Future":{"a":[1,{"b":2}]}}}"#;
        let document = parse(text, Strictness::Lenient).unwrap();
        assert_eq!(document.version, Some(Version::V2012));
        let statement = &document.statements[0];
        assert_eq!(statement.effect, Effect::Allow);
        assert_eq!(statement.action.patterns(), (&["sts:AssumeRole".to_owned()][..], false));
        let Some(crate::document::PrincipalElement::Principal(Principals::Everyone)) = &statement.principal
        else {
            panic!("{:?}", statement.principal)
        };
        assert_eq!(statement.conditions.len(), 2);
        assert_eq!(statement.conditions[0].values.as_slice(), [ConditionValue::Bool(true)]);
        assert_eq!(statement.conditions[1].values.as_slice()[0].text(), "3600");
    }

    #[test]
    fn faults_are_named_with_their_place() {
        let cases = [
            (r#"{"Statement":[]"#, "EOF while parsing an object (line 1, column 15)"),
            (
                r#"[]"#,
                "invalid type: sequence, expected a policy document (a JSON object) (line 1, column 2)",
            ),
            (r#"{}"#, "the document has no `Statement` (line 1, column 2)"),
            (
                r#"{"Statement":[],"statement":[]}"#,
                "the key `statement` stands here twice (line 1, column 27)",
            ),
            (
                r#"{"Version":"2013","Statement":[]}"#,
                "`2013` is no version: write `2012-10-17` or `2008-10-17` (line 1, column 17)",
            ),
            (
                "{\"Statement\":[\n{\"Effect\":\"allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}",
                "`allow` is no effect: write `Allow` or `Deny`, with this case (line 2, column 17)",
            ),
            (r#"{"Statement":{"Effect":"Allow","Action":"*"}} x"#, "trailing characters (line 1, column 47)"),
        ];
        for (text, message) in cases {
            let error = parse(text, Strictness::Lenient).unwrap_err();
            assert_eq!(error.to_string(), message, "{text}");
        }
    }

    #[test]
    fn duplicates_are_refused_at_every_depth() {
        for text in [
            r#"{"Statement":[{"Effect":"Allow","Effect":"Deny","Action":"*"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Action":"*","Condition":{"Bool":{"a":"1"},"Bool":{"b":"1"}}}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Action":"*","Condition":{"Bool":{"a":"1","a":"2"}}}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Action":"*","Principal":{"AWS":"*","AWS":"1"}}]}"#,
        ] {
            let error = parse(text, Strictness::Lenient).unwrap_err();
            assert!(error.message().contains("stands here twice"), "{text}: {error}");
        }
    }

    #[test]
    fn strict_refuses_unknown_elements() {
        let text = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resources":"*"}]}"#;
        assert!(parse(text, Strictness::Lenient).is_ok());
        let error = parse(text, Strictness::Strict).unwrap_err();
        assert_eq!(error.message(), "`Resources` is not an element of the policy language");
    }
}
