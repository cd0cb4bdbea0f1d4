//! JSON as a tree that knows where each part stands. The text has already been accepted by `serde_json`; this only walks it.

use std::borrow::Cow;

/// From the first byte to behind the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A part of a JSON text.
#[derive(Clone, Debug)]
pub(super) struct Node<'t> {
    pub(super) span: Span,
    pub(super) value: Value<'t>,
}

/// What a part is.
#[derive(Clone, Debug)]
pub(super) enum Value<'t> {
    Null,
    Bool,
    Number,
    Text(Cow<'t, str>),
    List(Vec<Node<'t>>),
    Object(Vec<(Key<'t>, Node<'t>)>),
}

/// The key of an object's member.
#[derive(Clone, Debug)]
pub(super) struct Key<'t> {
    pub(super) text: Cow<'t, str>,
    pub(super) span: Span,
}

/// Lists and objects in each other; a policy document has six levels, and what the AWS CLI prints around one a few more.
pub(super) const DEPTH_MAX: usize = 100;

/// Reads a text; `None` when it is not JSON after all, or nested deeper than [`DEPTH_MAX`].
pub(super) fn read(text: &str) -> Option<Node<'_>> {
    Reader { text, at: 0, depth: 0 }.value()
}

/// Where a text is nested deeper than [`DEPTH_MAX`], in bytes. The text is JSON.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    let (mut depth, mut is_inside, mut is_escaped) = (0_usize, false, false);
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !is_escaped => is_inside = !is_inside,
            b'[' | b'{' if !is_inside => depth = depth.saturating_add(1),
            b']' | b'}' if !is_inside => depth = depth.saturating_sub(1),
            _ => {}
        }
        is_escaped = is_inside && byte == b'\\' && !is_escaped;
        if depth > DEPTH_MAX {
            return Some(place);
        }
    }
    None
}

impl<'t> Node<'t> {
    /// The member of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.members().iter().find(|(held, _)| held.text == key).map(|(_, node)| node)
    }

    /// The members, when it is an object.
    pub(super) fn members(&self) -> &[(Key<'t>, Self)] {
        if let Value::Object(members) = &self.value { members } else { &[] }
    }

    /// The items, when it is a list.
    pub(super) fn items(&self) -> &[Self] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }

    /// The text, when it is one.
    pub(super) fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    /// What it is, in JSON's words.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool => "a boolean",
            Value::Number => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    /// Skips white space and says what comes.
    fn next(&mut self) -> Option<u8> {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.step();
        }
        self.peek()
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.next() == Some(wanted);
        if found {
            self.step();
        }
        found
    }

    fn value(&mut self) -> Option<Node<'t>> {
        let first = self.next()?;
        let start = self.at;
        if self.depth >= DEPTH_MAX {
            return None;
        }
        self.depth = self.depth.saturating_add(1);
        let value = match first {
            b'{' => self.object()?,
            b'[' => self.list()?,
            b'"' => Value::Text(self.string()?.0),
            _ => self.word()?,
        };
        self.depth = self.depth.saturating_sub(1);
        Some(Node { span: Span { start, end: self.at }, value })
    }

    fn object(&mut self) -> Option<Value<'t>> {
        self.step();
        let mut members = Vec::new();
        while self.next()? != b'}' {
            let (text, span) = self.string()?;
            if !self.take(b':') {
                return None;
            }
            members.push((Key { text, span }, self.value()?));
            self.take(b',');
        }
        self.step();
        Some(Value::Object(members))
    }

    fn list(&mut self) -> Option<Value<'t>> {
        self.step();
        let mut items = Vec::new();
        while self.next()? != b']' {
            items.push(self.value()?);
            self.take(b',');
        }
        self.step();
        Some(Value::List(items))
    }

    fn string(&mut self) -> Option<(Cow<'t, str>, Span)> {
        let start = self.at;
        if !self.take(b'"') {
            return None;
        }
        let mut has_escape = false;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    has_escape = true;
                    self.step();
                }
                _ => {}
            }
            self.step();
        }
        self.step();
        let span = Span { start, end: self.at };
        let quoted = self.text.get(start..self.at)?;
        let text = if has_escape {
            Cow::Owned(serde_json::from_str(quoted).ok()?)
        } else {
            Cow::Borrowed(quoted.get(1..quoted.len().checked_sub(1)?)?)
        };
        Some((text, span))
    }

    /// `true`, `false`, `null`, or a number.
    fn word(&mut self) -> Option<Value<'t>> {
        let start = self.at;
        while self.peek().is_some_and(|b| !b.is_ascii_whitespace() && !b",]}".contains(&b)) {
            self.step();
        }
        match self.text.get(start..self.at)? {
            "" => None,
            "null" => Some(Value::Null),
            "true" | "false" => Some(Value::Bool),
            _ => Some(Value::Number),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Node, Value, read};

    /// What `serde_json` reads, from the spans alone.
    fn again(node: &Node<'_>, text: &str) -> serde_json::Value {
        match &node.value {
            Value::List(items) => items.iter().map(|item| again(item, text)).collect(),
            Value::Object(members) => {
                let member = |(key, node): &(super::Key<'_>, Node<'_>)| {
                    assert_eq!(
                        serde_json::from_str::<String>(text.get(key.span.start..key.span.end).unwrap())
                            .unwrap(),
                        key.text
                    );
                    (key.text.to_string(), again(node, text))
                };
                serde_json::Value::Object(members.iter().map(member).collect())
            }
            Value::Text(held) => held.as_ref().into(),
            _ => serde_json::from_str(text.get(node.span.start..node.span.end).unwrap()).unwrap(),
        }
    }

    #[test]
    fn odd_texts_do_not_hang_it() {
        for odd in ["", "{", "[", "\"", "{\"a\"", "{\"a\":", "[1", "\\", "{1:2}", "tru"] {
            let _ = read(odd);
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i32>().prop_map(serde_json::Value::from),
            "[a-c\"\\\\\n鍵]{0,6}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                proptest::collection::btree_map("[a-c\"\\\\]{0,3}", inner, 0..4)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_tree_is_the_text(value in json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
            let node = read(&text).unwrap();
            prop_assert_eq!(again(&node, &text), value);
            prop_assert_eq!(node.span.end, text.len());
        }
    }
}
