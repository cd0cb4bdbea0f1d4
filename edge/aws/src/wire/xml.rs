//! Bodies of REST-XML.

use serde_json::Value;

use super::{given, time};
use crate::model::{At, Kind, Namespace, TimestampFormat};

/// A value as the element of this name.
pub(super) fn written(at: At<'_>, value: &Value, name: &str) -> String {
    let mut out = String::new();
    write(&mut out, at, value, name);
    out
}

fn write(out: &mut String, at: At<'_>, value: &Value, name: &str) {
    match (at.shape.kind, value) {
        (Kind::List, Value::Array(items)) => {
            let Some(item) = at.item() else { return };
            let each =
                |name: &str, out: &mut String| items.iter().for_each(|value| write(out, item, value, name));
            if at.is_flattened() {
                each(name, out);
            } else {
                open(out, at, name, "");
                each(item.name().unwrap_or("member"), out);
                close(out, name);
            }
        }
        (Kind::Map, Value::Object(fields)) => {
            let Some((key, item)) = at.key().zip(at.value()) else { return };
            let entry = if at.is_flattened() { name } else { "entry" };
            if !at.is_flattened() {
                open(out, at, name, "");
            }
            for (label, value) in fields {
                open(out, at, entry, "");
                write(out, key, &Value::from(label.as_str()), key.name().unwrap_or("key"));
                write(out, item, value, item.name().unwrap_or("value"));
                close(out, entry);
            }
            if !at.is_flattened() {
                close(out, name);
            }
        }
        (Kind::Structure, _) => structure(out, at, value, name),
        _ => {
            open(out, at, name, "");
            escape(&text(at, value), out);
            close(out, name);
        }
    }
}

fn structure(out: &mut String, at: At<'_>, value: &Value, name: &str) {
    let is_attribute = |member: At<'_>| member.is(|member| member.xml_attribute);
    let mut attributes = String::new();
    for (name, member, value) in given(at, value).filter(|(_, member, _)| is_attribute(*member)) {
        attributes.push_str(&format!(" {}=\"", member.name().unwrap_or(name)));
        escape(&text(member, value), &mut attributes);
        attributes.push('"');
    }
    open(out, at, name, &attributes);
    for (name, member, value) in given(at, value).filter(|(_, member, _)| !is_attribute(*member)) {
        write(out, member, value, member.name().unwrap_or(name));
    }
    close(out, name);
}

fn open(out: &mut String, at: At<'_>, name: &str, attributes: &str) {
    out.push_str(&format!("<{name}"));
    match at.namespace() {
        Some(Namespace::Uri(uri) | Namespace::Prefixed { uri, prefix: None }) => {
            out.push_str(&format!(" xmlns=\"{uri}\""));
        }
        Some(Namespace::Prefixed { uri, prefix: Some(prefix) }) => {
            out.push_str(&format!(" xmlns:{prefix}=\"{uri}\""));
        }
        None => {}
    }
    out.push_str(attributes);
    out.push('>');
}

fn close(out: &mut String, name: &str) {
    out.push_str(&format!("</{name}>"));
}

fn text(at: At<'_>, value: &Value) -> String {
    let written = match at.shape.kind {
        Kind::Timestamp => {
            time::sent(value, at.timestamp_format().unwrap_or(TimestampFormat::Iso8601)).unwrap_or_default()
        }
        _ => value.clone(),
    };
    match written {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
}
