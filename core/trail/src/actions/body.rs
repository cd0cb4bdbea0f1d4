//! A body of an event as a flat tree.
//!
//! Bodies hold anything, and the same key changes its type from event to event (`maxResults`, `tags`, EC2's
//! `…Request` wrappers), so nothing here has a schema: a body is a list of scalars, each with its key and its parent.
//! The members of a list stand under the list's own key, and EC2's wrapping `items` and `content` are passed through:
//! `instancesSet.items[0].instanceId` is found as `instancesSet.instanceId`.

mod path;

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use path::{Last, bit, hash};
pub(crate) use path::{Name, Path, same_key};

use crate::redact;

/// More nodes than any event of 100 KB needs; the rest of a larger body is read and not kept.
const NODES_MAX: usize = 8192;

/// Most requests have fewer.
const NODES_USUAL: usize = 12;

/// What lists of tags are called.
const TAG_LISTS: [&str; 6] = ["tags", "tag", "tagSet", "tagList", "tagsList", "tagsMap"];

/// The scalars of a body.
#[derive(Debug, Default)]
pub(crate) struct Body<'a> {
    nodes: Vec<Node<'a>>,
    /// The body was cut off (`omitted: true`), could not be read, or is larger than is kept.
    pub(crate) is_cut: bool,
    /// There is a body at all, though it may say `null`.
    pub(crate) is_present: bool,
    /// A key begins with `tag`.
    has_tags: bool,
    /// The bits of its keys: a key whose bit is not there is not there.
    bits: u64,
}

#[derive(Debug)]
struct Node<'a> {
    /// The place of the object it is in, counted from 1; 0 is the body itself.
    parent: u32,
    /// Of its key.
    hash: u32,
    key: Cow<'a, str>,
    /// Its text; `None` for an object, and for a text that is masked: it is there, and what it says is not told.
    value: Option<Cow<'a, str>>,
}

impl<'a> Body<'a> {
    /// Reads a body as it stands in the event.
    pub(crate) fn read(json: Option<&'a str>) -> Self {
        let Some(json) = json else { return Self::default() };
        let mut body = Self { is_present: true, ..Self::default() };
        let mut reader = serde_json::Deserializer::from_str(json);
        let seed = Value { body: &mut body, parent: 0, key: Cow::Borrowed("") };
        if seed.deserialize(&mut reader).is_err() {
            body.is_cut = true;
        }
        // *CloudTrail record contents*: a field larger than its limit is left out, and `omitted` is true.
        if body.top("omitted").is_some_and(|omitted| omitted == "true") {
            body.is_cut = true;
        }
        body
    }

    /// Whether it holds nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The first scalar of the body itself under a key.
    pub(crate) fn top<'b>(&'b self, key: &str) -> Option<&'b str> {
        let hash = hash(key);
        let is_it = |node: &&Node<'_>| {
            node.hash == hash && node.value.is_some() && same_key(&node.key, key) && self.is_outermost(node)
        };
        self.nodes.iter().find(is_it)?.value.as_deref()
    }

    /// Whether there is anything at a path: a scalar, or an object that is not empty.
    pub(crate) fn has(&self, path: &Path) -> bool {
        self.may_have(path) && self.nodes.iter().any(|node| self.is_at(node, path))
    }

    /// Every scalar at a path.
    pub(crate) fn all<'b, 'p>(&'b self, path: &'p Path) -> impl Iterator<Item = &'b str> + use<'a, 'b, 'p> {
        let nodes: &[Node<'a>] = if self.may_have(path) { &self.nodes } else { &[] };
        let nodes = nodes.iter().filter(move |node| node.value.is_some() && self.is_at(node, path));
        nodes.filter_map(|node| node.value.as_deref())
    }

    /// Every scalar whose key is this one, at any depth.
    pub(crate) fn anywhere<'b, 'k>(
        &'b self,
        key: &'k Name,
    ) -> impl Iterator<Item = &'b str> + use<'a, 'b, 'k> {
        let nodes: &[Node<'a>] = if self.bits & key.bit() == 0 { &[] } else { &self.nodes };
        let nodes = nodes.iter().filter(move |node| key.is(&node.key, node.hash));
        nodes.filter_map(|node| node.value.as_deref())
    }

    /// The scalars whose key is this one and that fit, where they lie least deep, and how deep that is: the parameter of a call
    /// names its resource, and the same word further in names something else (the target of an alias, the id of an origin).
    /// `fits` is asked with the key of the object around.
    pub(crate) fn shallowest<'b>(
        &'b self,
        key: &Name,
        fits: impl Fn(&str, Option<&str>) -> bool,
    ) -> Option<(usize, Vec<&'b str>)> {
        let nodes: &'b [Node<'a>] = if self.bits & key.bit() == 0 { &[] } else { &self.nodes };
        let mut least: Option<(usize, Vec<&'b str>)> = None;
        for node in nodes.iter().filter(|node| key.is(&node.key, node.hash)) {
            let depth = self.depth(node);
            let around = if depth == 0 { None } else { self.parent(node).map(|parent| parent.key.as_ref()) };
            let Some(value) = node.value.as_deref().filter(|value| fits(value, around)) else { continue };
            match &mut least {
                Some((known, _)) if *known < depth => {}
                Some((known, values)) if *known == depth => values.push(value),
                _ => least = Some((depth, vec![value])),
            }
        }
        least
    }

    /// How many objects a node lies in, without EC2's wrapping `<operation>Request`.
    fn depth(&self, node: &Node<'_>) -> usize {
        let mut around = std::iter::successors(self.parent(node), |parent| self.parent(parent));
        let is_wrapped = around.clone().last().is_some_and(|outermost| outermost.key.ends_with("Request"));
        around.by_ref().count().saturating_sub(usize::from(is_wrapped))
    }

    /// Every scalar with its key.
    pub(crate) fn scalars(&self) -> impl Iterator<Item = (&str, &str)> {
        self.nodes.iter().filter_map(|node| Some((node.key.as_ref(), node.value.as_deref()?)))
    }

    /// The scalars in an object of the body itself, with their keys.
    pub(crate) fn under<'b>(&'b self, key: &'b str) -> impl Iterator<Item = (&'b str, &'b str)> {
        self.nodes.iter().filter_map(move |node| {
            let parent =
                self.parent(node).filter(|parent| parent.parent == 0 && same_key(&parent.key, key))?;
            let value = node.value.as_deref().filter(|_| parent.value.is_none())?;
            Some((node.key.as_ref(), value))
        })
    }

    /// The tags a request gives, at whatever depth: a list of keys and values, or a map.
    pub(crate) fn tags(&self) -> Vec<(&str, &str)> {
        let mut tags = Vec::new();
        if !self.has_tags {
            return tags;
        }
        let mut key = None;
        for node in &self.nodes {
            let Some(value) = node.value.as_deref() else { continue };
            let is_tags = |parent: &&Node<'_>| TAG_LISTS.iter().any(|name| same_key(&parent.key, name));
            let Some(_) = self.parent(node).filter(is_tags) else { continue };
            match node.key.as_ref() {
                "key" | "Key" | "tagKey" | "TagKey" => key = Some(value),
                "value" | "Value" | "tagValue" | "TagValue" => {
                    tags.extend(key.take().map(|key| (key, value)));
                }
                "resourceType" | "ResourceType" | "tag" => {}
                name => tags.push((name, value)),
            }
        }
        tags
    }

    /// Whether a key begins with `tag`: otherwise [`Body::tags`] is empty.
    pub(crate) fn has_tags(&self) -> bool {
        self.has_tags
    }

    fn may_have(&self, path: &Path) -> bool {
        match &path.last {
            Last::Key(key) => self.bits & key.bit() != 0,
            Last::Beginning(_) => true,
        }
    }

    fn is_at(&self, node: &Node<'_>, path: &Path) -> bool {
        let is_last = match &path.last {
            Last::Key(key) => key.is(&node.key, node.hash),
            Last::Beginning(head) => {
                node.key.get(..head.len()).is_some_and(|key| key.eq_ignore_ascii_case(head))
            }
        };
        if !is_last {
            return false;
        }
        let mut node = node;
        for key in &path.around {
            let Some(parent) = self.parent(node).filter(|parent| key.is(&parent.key, parent.hash)) else {
                return false;
            };
            node = parent;
        }
        path.is_deep || self.is_outermost(node)
    }

    /// Whether a node is in the body itself, or in EC2's wrapping `<operation>Request`.
    fn is_outermost(&self, node: &Node<'_>) -> bool {
        self.parent(node).is_none_or(|wrapper| wrapper.parent == 0 && wrapper.key.ends_with("Request"))
    }

    fn parent(&self, node: &Node<'_>) -> Option<&Node<'a>> {
        self.nodes.get(usize::try_from(node.parent).ok()?.checked_sub(1)?)
    }

    fn push(&mut self, parent: u32, key: Cow<'a, str>, value: Option<Cow<'a, str>>) -> u32 {
        if self.nodes.len() >= NODES_MAX {
            self.is_cut = true;
            return parent;
        }
        if self.nodes.is_empty() {
            self.nodes.reserve(NODES_USUAL);
        }
        self.has_tags |= key.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("tag"));
        let hash = hash(&key);
        self.bits |= bit(hash);
        self.nodes.push(Node { parent, hash, key, value });
        u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)
    }
}

/// What AWS writes for a text that it does not show (`HIDDEN_DUE_TO_SECURITY_REASONS` stands in events of Bedrock, Cognito and
/// the console), and this program's lake for a secret.
fn is_masked(text: &str) -> bool {
    let is_starred = text.len() > 2 && text.bytes().all(|byte| byte == b'*');
    is_starred
        || text.starts_with("HIDDEN_") && text.ends_with("_SECURITY_REASONS")
        || text.trim_matches(['[', ']', '<', '>', '(', ')', '*']).eq_ignore_ascii_case("redacted")
}

/// A value under a key.
struct Value<'b, 'a> {
    body: &'b mut Body<'a>,
    parent: u32,
    key: Cow<'a, str>,
}

impl<'de> DeserializeSeed<'de> for Value<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Value<'_, 'de> {
    fn scalar(self, value: Cow<'de, str>) {
        // Here, while it is whole: a part of a secret does not look like one any more.
        let value = match redact::name(&value) {
            Cow::Owned(masked) => Cow::Owned(masked),
            Cow::Borrowed(_) => value,
        };
        let value = Some(value).filter(|value| !is_masked(value));
        self.body.push(self.parent, self.key, value);
    }
}

impl<'de> Visitor<'de> for Value<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        self.scalar(Cow::Borrowed(text));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.scalar(Cow::Owned(text.to_owned()));
        Ok(())
    }

    fn visit_bool<E>(self, flag: bool) -> Result<(), E> {
        self.scalar(Cow::Borrowed(if flag { "true" } else { "false" }));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.scalar(Cow::Owned(number.to_string()));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.scalar(Cow::Owned(number.to_string()));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.scalar(Cow::Owned(number.to_string()));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { body, parent, key } = self;
        while seq.next_element_seed(Value { body: &mut *body, parent, key: key.clone() })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { body, parent, key } = self;
        let is_wrapper = key.is_empty() || matches!(key.as_ref(), "items" | "item" | "content");
        let mut own = None;
        while let Some(Key(inner)) = map.next_key::<Key<'de>>()? {
            let is_passed = matches!(inner.as_ref(), "items" | "item" | "content") && !key.is_empty();
            if is_passed {
                map.next_value_seed(Value { body: &mut *body, parent, key: key.clone() })?;
                continue;
            }
            let place = if is_wrapper && key.is_empty() {
                parent
            } else {
                *own.get_or_insert_with(|| body.push(parent, key.clone(), None))
            };
            map.next_value_seed(Value { body: &mut *body, parent: place, key: inner })?;
        }
        Ok(())
    }
}

/// A key, borrowed when it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, Name, Path};

    #[test]
    fn lists_and_wrappers_are_passed_through() {
        let json = r#"{"instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"}]},"n":3,"flag":true,"none":null,
            "DescribeFlowLogsRequest":{"FlowLogId":{"tag":1,"content":"fl-1"}},"names":["a","b"],"deep":{"er":{"key":"v"}}}"#;
        let body = Body::read(Some(json));
        let has = |path: &str| body.has(&Path::read(path));
        let all = |path: &'static str| body.all(&Path::read(path)).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(all("instancesSet.instanceId"), ["i-1", "i-2"]);
        assert_eq!(all("flowLogId"), ["fl-1"]);
        assert_eq!(all("names"), ["a", "b"]);
        assert_eq!(all("deep.er.key"), ["v"]);
        assert_eq!((body.top("n"), body.top("flag"), body.top("none")), (Some("3"), Some("true"), None));
        assert!(has("deep.er") && !has("er") && !has("none"));
        assert_eq!(body.anywhere(&Name::read("instance-id")).count(), 2);
        assert_eq!(
            (all("**.key"), all("**.er.key"), all("**.instanceId").len()),
            (vec!["v".to_owned()], vec!["v".to_owned()], 2)
        );
        assert_eq!((all("inst*"), has("inst*")), (Vec::<String>::new(), true));
        assert!(!body.is_cut && body.is_present);
    }

    #[test]
    fn a_masked_text_is_there_and_tells_nothing() {
        let masked =
            r#"{"name":"HIDDEN_DUE_TO_SECURITY_REASONS","pin":"****","at":{"x":"[redacted]"},"star":"*"}"#;
        let body = Body::read(Some(masked));
        assert!(
            body.has(&Path::read("name")) && body.has(&Path::read("pin")) && body.has(&Path::read("at.x"))
        );
        assert_eq!((body.top("name"), body.top("pin"), body.top("star")), (None, None, Some("*")));
        assert_eq!(body.scalars().collect::<Vec<_>>(), [("star", "*")]);
    }

    #[test]
    fn the_least_deep_of_several() {
        let json = r#"{"zone":{"id":"Z2","deeper":{"id":"Z3"}},"zones":[{"id":"Z4"}],"WrapRequest":{"name":"n"},"in":{"name":"m"}}"#;
        let body = Body::read(Some(json));
        let id = Name::read("id");
        assert_eq!(body.shallowest(&id, |_, _| true), Some((1, vec!["Z2", "Z4"])));
        assert_eq!(body.shallowest(&id, |text, _| text == "Z3"), Some((2, vec!["Z3"])));
        assert_eq!(body.shallowest(&id, |_, around| around == Some("zones")), Some((1, vec!["Z4"])));
        assert_eq!(body.shallowest(&Name::read("name"), |_, _| true), Some((0, vec!["n"])));
        assert_eq!(body.shallowest(&Name::read("none"), |_, _| true), None);
    }

    #[test]
    fn what_was_cut_off_says_so() {
        assert!(Body::read(Some(r#"{"omitted":true}"#)).is_cut);
        assert!(Body::read(Some(r#"{"a":"#)).is_cut);
        assert!(!Body::read(Some("null")).is_cut && Body::read(Some("null")).is_empty());
        assert!(!Body::read(None).is_present);
    }
}
