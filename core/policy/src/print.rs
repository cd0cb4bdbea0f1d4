//! Prints policy documents as JSON, elements in the order in which AWS writes them.
//!
//! What was one string stays one string, what was a list stays a list: printing and reading again gives the same
//! document.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::document::{
    ActionElement, Condition, ConditionValue, ConditionValues, Document, OneOrMany, PrincipalElement,
    Principals, ResourceElement, Statement,
};

/// A document on one line, as short as JSON allows.
pub fn print(document: &Document) -> String {
    serde_json::to_string(&Printed(document)).unwrap_or_default()
}

/// A document for people, indented by two spaces.
pub fn print_pretty(document: &Document) -> String {
    serde_json::to_string_pretty(&Printed(document)).unwrap_or_default()
}

/// One statement for people, indented by two spaces.
pub fn print_statement(statement: &Statement) -> String {
    serde_json::to_string_pretty(&Printed(statement)).unwrap_or_default()
}

/// A part of the language as JSON.
struct Printed<'a, T: ?Sized>(&'a T);

impl Serialize for Printed<'_, Document> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(version) = self.0.version {
            map.serialize_entry("Version", &version.to_string())?;
        }
        if let Some(id) = &self.0.id {
            map.serialize_entry("Id", id)?;
        }
        let statements: Vec<_> = self.0.statements.iter().map(Printed).collect();
        map.serialize_entry("Statement", &statements)?;
        map.end()
    }
}

impl Serialize for Printed<'_, Statement> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(sid) = &self.0.sid {
            map.serialize_entry("Sid", sid)?;
        }
        map.serialize_entry("Effect", &self.0.effect.to_string())?;
        match &self.0.principal {
            Some(PrincipalElement::Principal(principals)) => {
                map.serialize_entry("Principal", &Printed(principals))?;
            }
            Some(PrincipalElement::NotPrincipal(principals)) => {
                map.serialize_entry("NotPrincipal", &Printed(principals))?;
            }
            None => {}
        }
        match &self.0.action {
            ActionElement::Action(list) => map.serialize_entry("Action", &Printed(list))?,
            ActionElement::NotAction(list) => map.serialize_entry("NotAction", &Printed(list))?,
        }
        match &self.0.resource {
            Some(ResourceElement::Resource(list)) => map.serialize_entry("Resource", &Printed(list))?,
            Some(ResourceElement::NotResource(list)) => map.serialize_entry("NotResource", &Printed(list))?,
            None => {}
        }
        if !self.0.conditions.is_empty() {
            map.serialize_entry("Condition", &Printed(self.0.conditions.as_slice()))?;
        }
        map.end()
    }
}

impl Serialize for Printed<'_, Principals> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Principals::Everyone => serializer.serialize_str("*"),
            Principals::Listed(kinds) => {
                let mut map = serializer.serialize_map(Some(kinds.len()))?;
                for (kind, names) in kinds {
                    match names.as_slice() {
                        [one] => map.serialize_entry(&kind.to_string(), one)?,
                        many => map.serialize_entry(&kind.to_string(), many)?,
                    }
                }
                map.end()
            }
        }
    }
}

impl Serialize for Printed<'_, OneOrMany> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            OneOrMany::One(one) => serializer.serialize_str(one),
            OneOrMany::Many(many) => serializer.collect_seq(many),
        }
    }
}

/// Operators in the order of their first condition, each once.
impl Serialize for Printed<'_, [Condition]> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut operators: Vec<&str> = Vec::new();
        for condition in self.0 {
            if !operators.contains(&condition.operator.as_str()) {
                operators.push(&condition.operator);
            }
        }
        let mut map = serializer.serialize_map(Some(operators.len()))?;
        for operator in operators {
            map.serialize_entry(operator, &OfOperator { operator, conditions: self.0 })?;
        }
        map.end()
    }
}

struct OfOperator<'a> {
    operator: &'a str,
    conditions: &'a [Condition],
}

impl Serialize for OfOperator<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for condition in self.conditions.iter().filter(|condition| condition.operator == self.operator) {
            map.serialize_entry(&condition.key, &Printed(&condition.values))?;
        }
        map.end()
    }
}

impl Serialize for Printed<'_, ConditionValues> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ConditionValues::One(one) => Printed(one).serialize(serializer),
            ConditionValues::Many(many) => serializer.collect_seq(many.iter().map(Printed)),
        }
    }
}

impl Serialize for Printed<'_, ConditionValue> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ConditionValue::Text(text) => serializer.serialize_str(text),
            ConditionValue::Bool(value) => serializer.serialize_bool(*value),
            // A number stands in the document as its text; what no JSON number has is written as a string.
            ConditionValue::Number(text) => match text.parse::<serde_json::Number>() {
                Ok(number) => number.serialize(serializer),
                Err(_) => serializer.serialize_str(text),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{print, print_pretty};
    use crate::parse::{Strictness, parse};

    #[test]
    fn printing_and_reading_again_is_the_identity() {
        for text in [
            r#"{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"A","Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["*"]}]}"#,
            r#"{"Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":["1","2"],"Service":["a"]},"NotAction":["*"],"NotResource":"鍵"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a":true,"b":"false"},"NumericEquals":{"c":[1,-2.5,"3"]}}}]}"#,
            r#"{"Statement":[]}"#,
        ] {
            let document = parse(text, Strictness::Strict).unwrap();
            assert_eq!(parse(&print(&document), Strictness::Strict).unwrap(), document);
            assert_eq!(parse(&print_pretty(&document), Strictness::Strict).unwrap(), document);
        }
    }

    #[test]
    fn the_short_form_is_as_written() {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":["*"],"Condition":{"Bool":{"a":true}}}]}"#;
        assert_eq!(print(&parse(text, Strictness::Strict).unwrap()), text);
    }
}
