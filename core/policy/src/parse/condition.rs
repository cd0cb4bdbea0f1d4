//! Conditions: operator → key → values.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::Keys;
use crate::document::{Condition, ConditionValue, ConditionValues};

/// Operator → key → values.
pub(super) struct ConditionsSeed;

impl<'de> DeserializeSeed<'de> for ConditionsSeed {
    type Value = Vec<Condition>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ConditionsSeed {
    type Value = Vec<Condition>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of condition operators")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut keys = Keys::default();
        let mut conditions = Vec::new();
        while let Some(operator) = map.next_key::<String>()? {
            keys.exact(&operator)?;
            map.next_value_seed(OperatorSeed { operator: &operator, conditions: &mut conditions })?;
        }
        Ok(conditions)
    }
}

struct OperatorSeed<'a> {
    operator: &'a str,
    conditions: &'a mut Vec<Condition>,
}

impl<'de> DeserializeSeed<'de> for OperatorSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OperatorSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of condition keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys = Keys::default();
        while let Some(key) = map.next_key::<String>()? {
            keys.exact(&key)?;
            let values = map.next_value_seed(ValuesSeed)?;
            self.conditions.push(Condition { operator: self.operator.to_owned(), key, values });
        }
        Ok(())
    }
}

struct ValuesSeed;

impl<'de> DeserializeSeed<'de> for ValuesSeed {
    type Value = ConditionValues;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValuesSeed {
    type Value = ConditionValues;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, number or boolean, or a list of them")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        ValueSeed.visit_str(text).map(ConditionValues::One)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        ValueSeed.visit_bool(value).map(ConditionValues::One)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        ValueSeed.visit_u64(value).map(ConditionValues::One)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        ValueSeed.visit_i64(value).map(ConditionValues::One)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        ValueSeed.visit_f64(value).map(ConditionValues::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(ValueSeed)? {
            values.push(value);
        }
        Ok(ConditionValues::Many(values))
    }
}

struct ValueSeed;

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = ConditionValue;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ConditionValue, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = ConditionValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, number or boolean")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ConditionValue, E> {
        Ok(ConditionValue::Text(text.to_owned()))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<ConditionValue, E> {
        Ok(ConditionValue::Bool(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<ConditionValue, E> {
        Ok(ConditionValue::Number(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<ConditionValue, E> {
        Ok(ConditionValue::Number(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<ConditionValue, E> {
        Ok(ConditionValue::Number(value.to_string()))
    }
}
