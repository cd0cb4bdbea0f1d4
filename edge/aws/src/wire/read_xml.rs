//! Answers in XML: of the query protocol, and bodies of REST-XML.

use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Map, Value};

use super::{Incoming, Unreadable, time};
use crate::model::{At, Kind};

/// A page of a thousand roles with their policies has about 100,000.
const MOST_NODES: u32 = 5_000_000;

/// Whether an answer of the query protocol is one of this operation: the root is called after it.
pub(super) fn is_of(operation: &str, answer: &Incoming) -> bool {
    let is_named_so =
        |root: Node<'_, '_>| Ok(root.tag_name().name().strip_suffix("Response") == Some(operation));
    with_root(answer, is_named_so).unwrap_or_default()
}

/// An answer of the query protocol.
pub(super) fn of_query(shape: At<'_>, wrapper: Option<&str>, answer: &Incoming) -> Result<Value, Unreadable> {
    with_root(answer, |root| {
        let start = match wrapper {
            None => root,
            Some(name) => children(root, name).next().ok_or(Unreadable("result of this call"))?,
        };
        structure(shape, start)
    })
}

/// The body of an answer of REST-XML; nothing where it is empty.
pub(super) fn of_body(shape: At<'_>, answer: &Incoming) -> Result<Value, Unreadable> {
    if answer.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    with_root(answer, |root| {
        // S3's GetBucketLocation: the root is the member (botocore's `parse_get_bucket_location`), null in us-east-1.
        let mut members = shape.members().filter(|(_, member)| member.location().is_none());
        if let (Some((name, member)), None) = (members.next(), members.next())
            && is_named(root, member.name().unwrap_or(name))
            && !root.children().any(|child| child.is_element())
        {
            let value = root.text().map_or(Value::Null, Value::from);
            return Ok(Value::Object(Map::from_iter([(name.to_owned(), value)])));
        }
        structure(shape, root)
    })
}

fn with_root<T>(
    answer: &Incoming,
    read: impl Fn(Node<'_, '_>) -> Result<T, Unreadable>,
) -> Result<T, Unreadable> {
    let text = str::from_utf8(&answer.body).map_err(|_| Unreadable("text in UTF-8"))?;
    // DTDs are off by default, and with them every way of growing a document.
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|_| Unreadable("XML document"))?;
    read(document.root_element())
}

fn structure(at: At<'_>, node: Node<'_, '_>) -> Result<Value, Unreadable> {
    let mut read = Map::new();
    for (name, member) in at.members().filter(|(_, member)| member.location().is_none()) {
        let wire_name = wire_name(name, member);
        if member.is(|member| member.xml_attribute) {
            let local = wire_name.rsplit(':').next().unwrap_or(wire_name);
            let found = node.attributes().find(|attribute| attribute.name() == local);
            read.extend(found.map(|attribute| (name.to_owned(), Value::from(attribute.value()))));
            continue;
        }
        let mut nodes = children(node, wire_name).peekable();
        if nodes.peek().is_some() {
            read.insert(name.to_owned(), value(member, nodes)?);
        }
    }
    Ok(Value::Object(read))
}

/// A flattened list is called after its members.
fn wire_name<'m>(name: &'m str, member: At<'m>) -> &'m str {
    let of_items = || member.item().and_then(At::name);
    let flattened = (member.shape.kind == Kind::List && member.is_flattened()).then(of_items).flatten();
    flattened.or_else(|| member.name()).unwrap_or(name)
}

/// What the elements of one name say: more than one only where they are a flattened list or map.
fn value<'a, 'i: 'a>(at: At<'_>, mut nodes: impl Iterator<Item = Node<'a, 'i>>) -> Result<Value, Unreadable> {
    let missing = Unreadable("element");
    match at.shape.kind {
        Kind::List => {
            let item = at.item().ok_or(Unreadable("list of something known"))?;
            let items: Result<Vec<Value>, _> = if at.is_flattened() {
                nodes.map(|node| value(item, std::iter::once(node))).collect()
            } else {
                // botocore takes every child for an item.
                let list = nodes.next().ok_or(missing)?;
                elements(list).map(|node| value(item, std::iter::once(node))).collect()
            };
            items.map(Value::Array)
        }
        Kind::Map if at.is_flattened() => map(at, nodes),
        Kind::Map => map(at, elements(nodes.next().ok_or(missing)?)),
        Kind::Structure => structure(at, nodes.next().ok_or(missing)?),
        _ => scalar(at, nodes.next().ok_or(missing)?),
    }
}

fn map<'a, 'i: 'a>(at: At<'_>, entries: impl Iterator<Item = Node<'a, 'i>>) -> Result<Value, Unreadable> {
    let (key, item) = at.key().zip(at.value()).ok_or(Unreadable("map of something known"))?;
    let mut read = Map::new();
    for entry in entries {
        let name = children(entry, key.name().unwrap_or("key")).next().and_then(|node| node.text());
        let found = children(entry, item.name().unwrap_or("value")).next();
        let (name, node) = name.zip(found).ok_or(Unreadable("entry of a map"))?;
        read.insert(name.to_owned(), value(item, std::iter::once(node))?);
    }
    Ok(Value::Object(read))
}

fn scalar(at: At<'_>, node: Node<'_, '_>) -> Result<Value, Unreadable> {
    // roxmltree splits a text at comments; botocore's parser does not.
    let text: String = node.children().filter(Node::is_text).filter_map(|node| node.text()).collect();
    of_text(at, &text)
}

/// What a text says: an element's, a header's.
pub(super) fn of_text(at: At<'_>, text: &str) -> Result<Value, Unreadable> {
    Ok(match at.shape.kind {
        Kind::Boolean => Value::Bool(text == "true"),
        Kind::Integer | Kind::Long => {
            Value::from(text.trim().parse::<i64>().map_err(|_| Unreadable("whole number"))?)
        }
        Kind::Float | Kind::Double => {
            let number: f64 = text.trim().parse().map_err(|_| Unreadable("number"))?;
            serde_json::Number::from_f64(number).map_or_else(|| Value::from(text), Value::Number)
        }
        Kind::Timestamp => {
            let at = time::moment(&Value::from(text)).ok_or(Unreadable("readable time"))?;
            time::printed(at).into()
        }
        _ => Value::from(text),
    })
}

fn elements<'a, 'i: 'a>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

fn children<'a, 'i: 'a, 'n>(
    node: Node<'a, 'i>,
    name: &'n str,
) -> impl Iterator<Item = Node<'a, 'i>> + use<'a, 'i, 'n> {
    elements(node).filter(move |child| is_named(*child, name))
}

fn is_named(node: Node<'_, '_>, name: &str) -> bool {
    node.tag_name().name() == name.rsplit(':').next().unwrap_or(name)
}
