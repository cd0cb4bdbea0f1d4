//! Where something stands in a text: lines and columns, and the way from the document down to an element.

use super::spans::{Node, Span, Value};
use super::subject::{Path, Step};

/// A place in a text. Lines and columns count from 1, columns in characters; the end is behind the last character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Place {
    /// The first line.
    pub line: usize,
    /// The column where it begins.
    pub column: usize,
    /// The last line.
    pub end_line: usize,
    /// The column behind its end.
    pub end_column: usize,
}

impl Place {
    /// The beginning of a line.
    pub fn line(line: usize) -> Self {
        Self::point(line, 1)
    }

    /// One character.
    pub(super) fn point(line: usize, column: usize) -> Self {
        let (line, column) = (line.max(1), column.max(1));
        Self { line, column, end_line: line, end_column: column.saturating_add(1) }
    }
}

/// The lines of a text.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// Bytes are characters.
    is_ascii: bool,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(place, _)| place.saturating_add(1))).collect();
        Self { text, starts, is_ascii: text.is_ascii() }
    }

    pub(super) fn place(&self, span: Span) -> Place {
        let (line, column) = self.position(span.start);
        let (end_line, end_column) = self.position(span.end);
        Place { line, column, end_line, end_column }
    }

    fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|line| self.starts.get(line)).copied().unwrap_or_default();
        let column = match self.text.get(start..offset) {
            Some(before) if self.is_ascii => before.len(),
            Some(before) => before.chars().count(),
            None => 0,
        };
        (line, column.saturating_add(1))
    }
}

/// Where a way ends.
pub(super) struct End<'n, 't> {
    /// The way as a JSON pointer (RFC 6901).
    pub(super) pointer: String,
    pub(super) node: &'n Node<'t>,
    /// The key that leads to the node, when it is a member.
    key: Option<Span>,
}

/// The deepest node on a way. What does not exist ends at its holder.
pub(super) fn resolve<'n, 't>(root: &'n Node<'t>, path: &Path) -> End<'n, 't> {
    let mut end = End { pointer: String::new(), node: root, key: None };
    for step in &path.0 {
        match step {
            Step::Key(key) => {
                // The last of two equal keys is the one too many.
                let Some((held, member)) = end.node.members().iter().rfind(|(held, _)| held.text == *key)
                else {
                    break;
                };
                end.pointer.push('/');
                end.pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                (end.node, end.key) = (member, Some(held.span));
            }
            Step::Item(item) => {
                let Some(found) = end.node.items().get(*item) else { continue };
                end.pointer.push_str(&format!("/{item}"));
                (end.node, end.key) = (found, None);
            }
        }
    }
    end
}

impl End<'_, '_> {
    /// What to underline: a value; the key of an object or a list; otherwise the brace it begins with.
    pub(super) fn span(&self) -> Span {
        let span = self.node.span;
        match (&self.node.value, self.key) {
            (Value::Object(_) | Value::List(_), Some(key)) => key,
            (Value::Object(_) | Value::List(_), None) => {
                Span { start: span.start, end: span.start.saturating_add(1) }
            }
            _ => span,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, resolve};
    use crate::lint::spans::read;
    use crate::lint::subject::Path;

    #[test]
    fn ways_and_places() {
        let text = "{\"Statement\":\n  {\"Action\": \"鍵\", \"a/b\": [\"x\", \"y\"]}}";
        let root = read(text).unwrap();
        let lines = Lines::new(text);
        for (path, pointer, line, column) in [
            (Path::default().key("Statement").item(0).key("Action").item(0), "/Statement/Action", 2, 14),
            (Path::default().key("Statement").item(0).key("a/b").item(1), "/Statement/a~1b/1", 2, 32),
            (Path::default().key("Statement").item(0).key("Effect"), "/Statement", 1, 2),
            (Path::default(), "", 1, 1),
        ] {
            let end = resolve(&root, &path);
            let place = lines.place(end.span());
            assert_eq!((end.pointer.as_str(), place.line, place.column), (pointer, line, column));
        }
    }
}
