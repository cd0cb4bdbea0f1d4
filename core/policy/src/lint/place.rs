//! Where something stands in a text: lines and columns, and the way from the document down to an element.

use super::spans::{Node, Span};
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

/// The deepest node on a way, and the way to it as a JSON pointer (RFC 6901). What does not exist ends at its holder.
pub(super) fn resolve<'n, 't>(root: &'n Node<'t>, path: &Path) -> (String, &'n Node<'t>) {
    let (mut pointer, mut node) = (String::new(), root);
    for step in &path.0 {
        match step {
            Step::Key(key) => {
                // The last of two equal keys is the one too many.
                let Some((_, member)) = node.members().iter().rfind(|(held, _)| held.text == *key) else { break };
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                node = member;
            }
            Step::Item(item) => {
                let Some(found) = node.items().get(*item) else { continue };
                pointer.push_str(&format!("/{item}"));
                node = found;
            }
        }
    }
    (pointer, node)
}

/// The span of a node; of an object only its first character, so that a finding about a whole does not underline all of it.
pub(super) fn span(node: &Node<'_>) -> Span {
    match node.members() {
        [] => node.span,
        _ => Span { start: node.span.start, end: node.span.start.saturating_add(1) },
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
            (Path::default().key("Statement").item(0).key("Effect"), "/Statement", 2, 3),
            (Path::default(), "", 1, 1),
        ] {
            let (found, node) = resolve(&root, &path);
            let place = lines.place(node.span);
            assert_eq!((found.as_str(), place.line, place.column), (pointer, line, column));
        }
    }
}
