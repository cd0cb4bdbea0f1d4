//! The AWS profile files as text: sections and settings with their places, nothing copied.
//!
//! The reading is that of botocore, which is Python's `configparser`: a line indented deeper than the setting above it
//! continues that setting, whatever it looks like; `=` or `:` ends a key; only a whole line can be a comment.

use std::borrow::Cow;
use std::ops::Range;

/// A file split at its section headers.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    text: &'a str,
    sections: Vec<Section<'a>>,
    faults: Vec<Fault>,
}

/// One `[header]` and what follows it.
#[derive(Debug, Clone)]
pub struct Section<'a> {
    /// What stands between the brackets.
    pub header: &'a str,
    /// The line of the header, from 1.
    pub line: u32,
    /// The bytes of the header's line in the file, with its line end.
    pub header_span: Range<usize>,
    body: &'a str,
    body_start: usize,
}

/// One `key = value` with its continuation lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<'a> {
    /// The key as typed; keys are compared without case.
    pub key: &'a str,
    /// The value, continuation lines joined by `\n`.
    pub value: Cow<'a, str>,
    /// The line of the key, from 1.
    pub line: u32,
    /// The bytes in the file, line ends included.
    pub span: Range<usize>,
}

/// A line because of which botocore refuses the whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong with it.
    pub kind: FaultKind,
}

/// What can be wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// A setting before the first section header.
    BeforeSection,
    /// Neither a header, a comment, nor `key = value`.
    NotASetting,
    /// The file begins with a byte order mark, which botocore refuses.
    ByteOrderMark,
    /// A header that stood before, letter by letter.
    SectionTwice {
        /// The line of the first.
        first: u32,
    },
    /// A key that stood before in the same section.
    SettingTwice {
        /// The line of the first.
        first: u32,
    },
    /// A value that begins on the line below its key is a list of `key = value`; this one has a line that is none.
    NestedLine,
}

impl FaultKind {
    /// What is wrong, in words.
    #[must_use]
    pub fn sentence(self) -> String {
        match self {
            Self::BeforeSection => "a setting stands before the first `[section]`".to_owned(),
            Self::NotASetting => "the line is neither a `[section]`, a comment nor `key = value`".to_owned(),
            Self::ByteOrderMark => "the file begins with a byte order mark".to_owned(),
            Self::SectionTwice { first } => format!("the section stands already on line {first}"),
            Self::SettingTwice { first } => format!("the setting stands already on line {first}"),
            Self::NestedLine => "below a key without a value every line must be `key = value`".to_owned(),
        }
    }
}

impl<'a> Document<'a> {
    /// Splits a file at its headers.
    #[must_use]
    pub fn scan(text: &'a str) -> Self {
        let mut document = Document { text, sections: Vec::new(), faults: Vec::new() };
        // A mark at the start is told, and then read over; anywhere else it is a letter like others.
        let after_mark = text.strip_prefix('\u{feff}');
        if after_mark.is_some() {
            document.faults.push(Fault { line: 1, kind: FaultKind::ByteOrderMark });
        }
        let rest = after_mark.unwrap_or(text);
        let mut state = Indentation::default();
        for line in Lines::new(rest, text.len() - rest.len(), 1) {
            match state.classify(line.text, !document.sections.is_empty()) {
                Class::Header(header) => document.open(header, &line),
                Class::Nothing => document.fault(&line),
                Class::Setting if document.sections.is_empty() => document.fault(&line),
                Class::Setting | Class::Continuation | Class::Blank | Class::Comment => {}
            }
        }
        document.close(text.len());
        document
    }

    fn open(&mut self, header: &'a str, line: &Line<'a>) {
        self.close(line.span.start);
        self.sections.push(Section {
            header,
            line: line.number,
            header_span: line.span.clone(),
            body: "",
            body_start: line.span.end,
        });
    }

    fn close(&mut self, end: usize) {
        if let Some(last) = self.sections.last_mut() {
            last.body = self.text.get(last.body_start..end).unwrap_or_default();
        }
    }

    fn fault(&mut self, line: &Line<'a>) {
        let kind = if self.sections.is_empty() { FaultKind::BeforeSection } else { FaultKind::NotASetting };
        self.faults.push(Fault { line: line.number, kind });
    }

    /// The sections in the order of the file.
    #[must_use]
    pub fn sections(&self) -> &[Section<'a>] {
        &self.sections
    }

    /// The lines that belong to nothing. [`crate::refusal::refusals`] looks for the rest of what botocore refuses.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }
}

impl<'a> Section<'a> {
    /// The settings in the order of the file.
    pub fn settings(&self) -> impl Iterator<Item = Setting<'a>> + use<'a> {
        Settings {
            lines: Lines::new(self.body, self.body_start, self.line + 1),
            state: Indentation::default(),
            waiting: None,
        }
    }

    /// The last setting of this key.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<Setting<'a>> {
        self.settings().filter(|setting| setting.key.eq_ignore_ascii_case(key)).last()
    }

    /// The bytes after the header's line.
    #[must_use]
    pub fn body_span(&self) -> Range<usize> {
        self.body_start..self.body_start + self.body.len()
    }
}

/// One line and where it stands.
struct Line<'a> {
    /// Without its line end.
    text: &'a str,
    number: u32,
    span: Range<usize>,
}

/// Lines ended by `\n`, `\r\n` or `\r`, as Python's universal newlines.
struct Lines<'a> {
    rest: &'a str,
    start: usize,
    number: u32,
}

impl<'a> Lines<'a> {
    fn new(rest: &'a str, start: usize, number: u32) -> Self {
        Self { rest, start, number }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let bytes = self.rest.as_bytes();
        let end = memchr::memchr2(b'\n', b'\r', bytes).unwrap_or(bytes.len());
        let ending = match bytes.get(end..) {
            Some([b'\r', b'\n', ..]) => 2,
            Some([_, ..]) => 1,
            _ => 0,
        };
        // Both cuts are beside an ASCII byte or at the end, hence on character boundaries.
        let (text, rest) = (self.rest.get(..end)?, self.rest.get(end + ending..)?);
        let span = self.start..self.start + end + ending;
        let line = Line { text, number: self.number, span: span.clone() };
        (self.rest, self.start, self.number) = (rest, span.end, self.number + 1);
        Some(line)
    }
}

enum Class<'a> {
    Blank,
    Comment,
    Continuation,
    Header(&'a str),
    Setting,
    Nothing,
}

/// What decides whether an indented line continues the setting above.
#[derive(Default)]
struct Indentation {
    level: usize,
    in_setting: bool,
}

impl Indentation {
    fn classify<'a>(&mut self, line: &'a str, in_section: bool) -> Class<'a> {
        match line.as_bytes() {
            [] => Class::Blank,
            [b'#' | b';', ..] => Class::Comment,
            // Nearly every line begins with a visible ASCII character: nothing to trim, no indentation to count.
            [b'!'..=b'~', ..] => self.unindented(line),
            _ => self.any(line, in_section),
        }
    }

    fn unindented<'a>(&mut self, line: &'a str) -> Class<'a> {
        self.level = 0;
        if let Some(header) = header(line) {
            self.in_setting = false;
            return Class::Header(header);
        }
        match memchr::memchr2(b'=', b':', line.as_bytes()) {
            Some(1..) => {
                self.in_setting = true;
                Class::Setting
            }
            _ => Class::Nothing,
        }
    }

    fn any<'a>(&mut self, line: &'a str, in_section: bool) -> Class<'a> {
        let text = trimmed(line);
        if text.is_empty() {
            return Class::Blank;
        }
        if text.starts_with(['#', ';']) {
            return Class::Comment;
        }
        let level = line.chars().take_while(|letter| is_blank(*letter)).count();
        if in_section && self.in_setting && level > self.level {
            return Class::Continuation;
        }
        self.level = level;
        if let Some(header) = header(text) {
            self.in_setting = false;
            return Class::Header(header);
        }
        match split(text) {
            Some(_) => {
                self.in_setting = true;
                Class::Setting
            }
            None => Class::Nothing,
        }
    }
}

/// `[header]` up to the last bracket of the line; what follows it is ignored, as `configparser` does.
fn header(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('[')?;
    let header = inside.get(..memchr::memrchr(b']', inside.as_bytes())?)?;
    (!header.is_empty()).then_some(header)
}

fn split(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once(['=', ':'])?;
    let key = key.trim_end_matches(is_blank);
    (!key.is_empty()).then(|| (key, trimmed(value)))
}

/// What Python's `str.strip` takes away: Unicode's white space, and four separators of ASCII.
fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\u{1c}'..='\u{1f}')
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(is_blank)
}

struct Settings<'a> {
    lines: Lines<'a>,
    state: Indentation,
    waiting: Option<Setting<'a>>,
}

impl<'a> Iterator for Settings<'a> {
    type Item = Setting<'a>;

    fn next(&mut self) -> Option<Setting<'a>> {
        // Blank lines belong to a value only when another continuation follows them.
        let mut blanks = 0;
        for line in self.lines.by_ref() {
            match self.state.classify(line.text, true) {
                Class::Blank => blanks += 1,
                Class::Comment | Class::Header(_) | Class::Nothing => {}
                Class::Continuation => {
                    if let Some(setting) = &mut self.waiting {
                        let value = setting.value.to_mut();
                        value.extend(std::iter::repeat_n('\n', blanks + 1));
                        value.push_str(trimmed(line.text));
                        setting.span.end = line.span.end;
                    }
                    blanks = 0;
                }
                Class::Setting => {
                    let Some((key, value)) = split(trimmed(line.text)) else { continue };
                    let next = Setting { key, value: value.into(), line: line.number, span: line.span };
                    if let Some(done) = self.waiting.replace(next) {
                        return Some(done);
                    }
                    blanks = 0;
                }
            }
        }
        self.waiting.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = Vec<(String, Vec<(String, String)>)>;

    fn read(text: &str) -> Read {
        let document = Document::scan(text);
        document
            .sections()
            .iter()
            .map(|section| {
                let settings = section
                    .settings()
                    .map(|setting| (setting.key.to_lowercase(), setting.value.into_owned()))
                    .collect();
                (section.header.to_owned(), settings)
            })
            .collect()
    }

    fn one(header: &str, settings: &[(&str, &str)]) -> (String, Vec<(String, String)>) {
        let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        (header.to_owned(), settings)
    }

    /// Expectations read off Python 3.11's `configparser` as botocore uses it.
    #[test]
    fn reads_as_configparser_does() {
        let cases: &[(&str, Read)] = &[
            ("", vec![]),
            ("[a]", vec![one("a", &[])]),
            ("[a]\nk = v\n", vec![one("a", &[("k", "v")])]),
            ("[a]\r\nk=v\r\nl:w\r\n", vec![one("a", &[("k", "v"), ("l", "w")])]),
            ("[a]\rk=v\r", vec![one("a", &[("k", "v")])]),
            ("[a]\nregion = us-east-1 # home\n", vec![one("a", &[("region", "us-east-1 # home")])]),
            ("[a]\n# c\n; d\nk = v\n", vec![one("a", &[("k", "v")])]),
            ("[a]\ns3 =\n  x = 1\n  y = 2\nk = v", vec![one("a", &[("s3", "\nx = 1\ny = 2"), ("k", "v")])]),
            ("[a]\nk = v\n  [b]\n", vec![one("a", &[("k", "v\n[b]")])]),
            ("[a]\nk = 1\n\n  2\n\n[b]\n", vec![one("a", &[("k", "1\n\n2")]), one("b", &[])]),
            ("  [a]\n  k = v\n", vec![one("a", &[("k", "v")])]),
            ("[a] trailing ] x\n", vec![one("a] trailing ", &[])]),
            ("[a]\nKEY = v\n", vec![one("a", &[("key", "v")])]),
            ("[a]\nk = a=b:c\n", vec![one("a", &[("k", "a=b:c")])]),
            ("[a]\nk =\n", vec![one("a", &[("k", "")])]),
            ("[a]\nk = v\n# c\n  w\n", vec![one("a", &[("k", "v\nw")])]),
        ];
        for (text, expected) in cases {
            assert_eq!(&read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_that_belong_to_nothing_are_named() {
        let document = Document::scan("k = v\n[a]\nnonsense\n");
        let faults: Vec<_> = document.faults().iter().map(|fault| (fault.line, fault.kind)).collect();
        assert_eq!(faults, [(1, FaultKind::BeforeSection), (3, FaultKind::NotASetting)]);
        assert_eq!(Document::scan("\u{feff}[a]\nk=v").faults().first().map(|fault| fault.line), Some(1));
        assert_eq!(Document::scan("\u{feff}[a]\nk=v").sections().len(), 1);
    }

    #[test]
    fn spans_cover_what_they_name() {
        let text = "# top\n[a]\r\nk = v\r\n  more\r\n\r\n# c\r\nl = w";
        let document = Document::scan(text);
        let section = &document.sections()[0];
        assert_eq!(text.get(section.header_span.clone()), Some("[a]\r\n"));
        let spans: Vec<_> = section.settings().map(|setting| text.get(setting.span).unwrap()).collect();
        assert_eq!(spans, ["k = v\r\n  more\r\n", "l = w"]);
    }
}
