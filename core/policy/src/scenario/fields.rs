//! The fields of a JSON object, taken out one by one, so that what is left over can be named.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::read::CaseError;

/// An object whose fields are read later; a field that stands twice is refused.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    path: String,
    fields: BTreeMap<String, &'a RawValue>,
}

impl<'a> Fields<'a> {
    pub(super) fn read(path: &str, raw: &'a RawValue) -> Result<Self, CaseError> {
        let Object(fields) = serde_json::from_str(raw.get()).map_err(|error| CaseError::at(path, &error))?;
        Ok(Self { path: path.to_owned(), fields })
    }

    /// The path of a field, as an error says it.
    pub(super) fn path_of(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    /// Takes a field out; `null` counts as absent.
    pub(super) fn take(&mut self, field: &str) -> Option<&'a RawValue> {
        self.fields.remove(field).filter(|raw| raw.get() != "null")
    }

    pub(super) fn optional<T: DeserializeOwned>(&mut self, field: &str) -> Result<Option<T>, CaseError> {
        let Some(raw) = self.take(field) else { return Ok(None) };
        serde_json::from_str(raw.get()).map(Some).map_err(|error| CaseError::at(&self.path_of(field), &error))
    }

    pub(super) fn required<T: DeserializeOwned>(&mut self, field: &str) -> Result<T, CaseError> {
        self.optional(field)?.ok_or_else(|| CaseError::new(&self.path_of(field), "is missing"))
    }

    pub(super) fn required_raw(&mut self, field: &str) -> Result<&'a RawValue, CaseError> {
        self.take(field).ok_or_else(|| CaseError::new(&self.path_of(field), "is missing"))
    }

    /// The elements of a list; none when the field is absent.
    pub(super) fn list(&mut self, field: &str) -> Result<Vec<&'a RawValue>, CaseError> {
        let Some(raw) = self.take(field) else { return Ok(Vec::new()) };
        serde_json::from_str(raw.get()).map_err(|error| CaseError::at(&self.path_of(field), &error))
    }

    /// The names of the fields nobody took yet, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        self.fields.keys().cloned().collect()
    }

    /// The paths of the fields nobody took.
    pub(super) fn left(self) -> Vec<String> {
        self.fields.keys().map(|field| self.path_of(field)).collect()
    }
}

/// A JSON object with every key once.
struct Object<'a>(BTreeMap<String, &'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor).map(Self)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = BTreeMap<String, &'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
            if fields.insert(key.clone(), value).is_some() {
                return Err(de::Error::custom(format_args!("the key `{key}` stands here twice")));
            }
        }
        Ok(fields)
    }
}
