//! Answers in JSON: what the shape knows, under the names of the shape.

use serde_json::{Map, Value};

use super::{Incoming, Unreadable, time};
use crate::model::{At, Kind};

/// A whole body.
pub(super) fn of_body(shape: At<'_>, answer: &Incoming) -> Result<Value, Unreadable> {
    value_of(shape, &parsed(answer)?)
}

/// Whether the body is an object at all.
pub(super) fn is_object(answer: &Incoming) -> bool {
    serde_json::from_slice::<Map<String, Value>>(&answer.body).is_ok()
}

/// The body; an empty one is an empty object.
pub(super) fn parsed(answer: &Incoming) -> Result<Value, Unreadable> {
    if answer.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(&answer.body).map_err(|_| Unreadable("JSON document"))
}

/// What a part of a body says.
pub(super) fn value_of(at: At<'_>, value: &Value) -> Result<Value, Unreadable> {
    Ok(match (at.shape.kind, value) {
        (_, Value::Null) => Value::Null,
        (Kind::Structure, _) if at.shape.document => value.clone(),
        (Kind::Structure, Value::Object(fields)) => {
            let mut read = Map::new();
            for (name, member) in at.members() {
                let found = fields.get(member.name().unwrap_or(name)).filter(|value| !value.is_null());
                if let Some(value) = found {
                    read.insert(name.to_owned(), value_of(member, value)?);
                }
            }
            unknown_of_union(at, fields, &mut read);
            Value::Object(read)
        }
        (Kind::List, Value::Array(items)) => {
            let item = at.item().ok_or(Unreadable("list of something known"))?;
            Value::Array(items.iter().map(|value| value_of(item, value)).collect::<Result<_, _>>()?)
        }
        (Kind::Map, Value::Object(fields)) => {
            let item = at.value().ok_or(Unreadable("map of something known"))?;
            let read = fields.iter().map(|(key, value)| Ok((key.clone(), value_of(item, value)?)));
            Value::Object(read.collect::<Result<_, _>>()?)
        }
        (Kind::Structure | Kind::List | Kind::Map, _) => {
            return Err(Unreadable("body of the form of this call"));
        }
        (Kind::Timestamp, value) => {
            time::moment(value).map(time::printed).ok_or(Unreadable("readable time"))?.into()
        }
        _ => value.clone(),
    })
}

/// A union that has a member which the model lacks tells its name, as botocore does.
fn unknown_of_union(at: At<'_>, fields: &Map<String, Value>, read: &mut Map<String, Value>) {
    if !at.shape.is_union || !read.is_empty() {
        return;
    }
    if let Some((name, _)) = fields.iter().find(|(name, value)| *name != "__type" && !value.is_null()) {
        read.insert("SDK_UNKNOWN_MEMBER".to_owned(), serde_json::json!({ "name": name }));
    }
}
