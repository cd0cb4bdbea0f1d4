//! What stands together in a text: lines, paragraphs, sections, brackets, indented blocks, elements. No language is parsed; what a
//! bracket inside a comment spoils costs a pair its reason, not its truth.

use crate::token::Span;

/// The nested parts of a text, of each way to be nested.
#[derive(Debug)]
pub(crate) struct Scopes {
    families: Vec<Vec<Scope>>,
    lines: Vec<usize>,
    length: usize,
}

#[derive(Clone, Copy, Debug)]
struct Scope {
    start: usize,
    end: usize,
    /// The scope around it, in the same family.
    parent: Option<usize>,
}

impl Scopes {
    pub(crate) fn of(text: &[u8]) -> Self {
        let lines =
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', text).map(|at| at + 1)).collect::<Vec<_>>();
        let mut families = vec![brackets(text), flat(text, &lines), indents(text, &lines)];
        if text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
            || text.starts_with(b"\xef\xbb\xbf<")
        {
            families.push(elements(text));
        }
        Self { families, lines, length: text.len() }
    }

    /// The number of the line in which a byte stands, from 0.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|begins| *begins <= at).saturating_sub(1)
    }

    /// The smallest part that holds both places: where it begins and ends. The whole text when nothing smaller does.
    pub(crate) fn around(&self, a: usize, b: usize) -> Span {
        let (first, last) = (a.min(b), a.max(b));
        let line = self.line(first);
        let begins = self.lines.get(line).copied().unwrap_or_default();
        let ends = self.lines.get(line + 1).copied().unwrap_or(self.length);
        let of_line = (last < ends).then_some((begins, ends));
        let of_families = self.families.iter().filter_map(|family| common(family, first, last));
        let all = of_families.chain(of_line);
        all.min_by_key(|(start, end)| (end - start, *start)).unwrap_or((0, self.length))
    }

    /// Whether a part is the whole text.
    pub(crate) fn is_whole(&self, (start, end): Span) -> bool {
        start == 0 && end == self.length
    }
}

fn common(family: &[Scope], first: usize, last: usize) -> Option<Span> {
    let mut at = family.partition_point(|scope| scope.start <= first).checked_sub(1);
    while let Some(scope) = at.and_then(|at| family.get(at)) {
        if scope.end > last {
            return Some((scope.start, scope.end));
        }
        at = scope.parent;
    }
    None
}

/// A family that is being made: what was opened and not closed.
#[derive(Default)]
struct Nest {
    scopes: Vec<Scope>,
    open: Vec<usize>,
}

impl Nest {
    fn begin(&mut self, start: usize) {
        let parent = self.open.last().copied();
        self.open.push(self.scopes.len());
        self.scopes.push(Scope { start, end: usize::MAX, parent });
    }

    fn end(&mut self, end: usize) {
        if let Some(scope) = self.open.pop().and_then(|at| self.scopes.get_mut(at)) {
            scope.end = end;
        }
    }

    /// What was never closed holds nothing together.
    fn done(mut self) -> Vec<Scope> {
        while !self.open.is_empty() {
            self.end(0);
        }
        for scope in &mut self.scopes {
            scope.end = scope.end.max(scope.start);
        }
        self.scopes
    }
}

fn brackets(text: &[u8]) -> Vec<Scope> {
    let mut nest = Nest::default();
    let mut kinds = Vec::new();
    for (at, byte) in text.iter().enumerate() {
        let closes = match byte {
            b'{' | b'[' | b'(' => {
                kinds.push(*byte);
                nest.begin(at);
                continue;
            }
            b'}' => b'{',
            b']' => b'[',
            b')' => b'(',
            _ => continue,
        };
        // a bracket that closes nothing is text; one that closes an outer one ends the inner ones, too
        if let Some(depth) = kinds.iter().rev().take(4).position(|open| *open == closes) {
            for _ in 0..=depth {
                kinds.pop();
                nest.end(at + 1);
            }
        }
    }
    nest.done()
}

/// Paragraphs, and sections with a head (`[profile]`).
fn flat(text: &[u8], lines: &[usize]) -> Vec<Scope> {
    let (mut scopes, mut section, mut paragraph) = (Vec::new(), None, None);
    let mut nest = Nest::default();
    for (number, begins) in lines.iter().enumerate() {
        let ends = lines.get(number + 1).copied().unwrap_or(text.len());
        let line = text.get(*begins..ends).unwrap_or_default().trim_ascii();
        let is_head = line.starts_with(b"[") && line.ends_with(b"]") && line.len() > 2 || line == b"---";
        if (line.is_empty() || is_head) && paragraph.take().is_some() {
            nest.end(*begins);
        }
        if is_head {
            if section.replace(*begins).is_some() {
                nest.end(*begins);
            }
            nest.begin(*begins);
        }
        if !line.is_empty() && paragraph.is_none() {
            paragraph = Some(*begins);
            nest.begin(*begins);
        }
    }
    while !nest.open.is_empty() {
        nest.end(text.len());
    }
    scopes.append(&mut nest.scopes);
    scopes
}

/// Lines that are indented at least so far; a dash begins a block of its own.
fn indents(text: &[u8], lines: &[usize]) -> Vec<Scope> {
    let mut nest = Nest::default();
    let mut open: Vec<usize> = Vec::new();
    for (number, begins) in lines.iter().enumerate() {
        let ends = lines.get(number + 1).copied().unwrap_or(text.len());
        let line = text.get(*begins..ends).unwrap_or_default();
        let indent = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let rest = line.get(indent..).unwrap_or_default();
        if rest.trim_ascii().is_empty() {
            continue;
        }
        while open.last().is_some_and(|outer| *outer > indent) {
            open.pop();
            nest.end(*begins);
        }
        if indent > open.last().copied().unwrap_or(0) {
            open.push(indent);
            nest.begin(*begins);
        }
        if rest.starts_with(b"- ") {
            let after = rest.iter().skip(1).take_while(|byte| **byte == b' ').count();
            open.push(indent + 1 + after);
            nest.begin(*begins);
        }
    }
    while !nest.open.is_empty() {
        nest.end(text.len());
    }
    nest.scopes
}

/// Elements of XML by their tags.
fn elements(text: &[u8]) -> Vec<Scope> {
    let mut nest = Nest::default();
    let mut names: Vec<&[u8]> = Vec::new();
    for at in memchr::memchr_iter(b'<', text) {
        let rest = text.get(at + 1..).unwrap_or_default();
        let (closes, rest) = rest.strip_prefix(b"/").map_or((false, rest), |rest| (true, rest));
        let length = rest
            .iter()
            .take(128)
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"._-:".contains(byte))
            .count();
        let name = rest.get(..length).unwrap_or_default();
        if name.is_empty() {
            continue;
        }
        if closes {
            if let Some(depth) = names.iter().rev().take(8).position(|open| *open == name) {
                for _ in 0..=depth {
                    names.pop();
                    nest.end(at);
                }
            }
            continue;
        }
        let tag = memchr::memchr(b'>', rest).unwrap_or(rest.len());
        if tag.checked_sub(1).and_then(|last| rest.get(last)) != Some(&b'/') {
            names.push(name);
            nest.begin(at);
        }
    }
    nest.done()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn together(text: &str, a: &str, b: &str) -> String {
        let scopes = Scopes::of(text.as_bytes());
        let (start, end) = scopes.around(text.find(a).unwrap(), text.find(b).unwrap());
        text.get(start..end).unwrap().to_owned()
    }

    #[test]
    fn what_stands_together_is_the_smallest_part() {
        assert_eq!(together("{a: {x: 1,\n\n y: 2},\n z: 3}", "x", "y"), "{x: 1,\n\n y: 2}");
        assert_eq!(together("[p]\nx=1\n\ny=2\n[q]\nz=3\n", "x", "y"), "[p]\nx=1\n\ny=2\n");
        assert_eq!(together("a:\n  - x: 1\n\n    y: 2\n  - z: 3\n", "x", "y"), "  - x: 1\n\n    y: 2\n");
        assert_eq!(together("<a><b><x>1</x>\n\n<y>2</y></b>\n</a>", "x>", "y>"), "<b><x>1</x>\n\n<y>2</y>");
        assert_eq!(together("x\ny\n\nz\n", "x", "z"), "x\ny\n\nz\n");
    }

    #[test]
    fn brackets_that_close_nothing_are_text() {
        assert_eq!(together(":-) {x, \n y} )", "x", "y"), "{x, \n y}");
    }
}
