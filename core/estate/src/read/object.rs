//! One JSON object of a file, and what a reader makes of it.

use std::ops::Range;

use serde::Deserialize;

use super::content::Content;
use super::fault::Fault;
use super::wire::PolicyFault;

/// A sound JSON object, and the file it stands in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object<'a> {
    /// The text of the file: places in messages count from its beginning.
    text: &'a str,
    start: usize,
    json: &'a str,
    members: &'a [String],
    path: &'a str,
}

/// What a reader made of an object.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) content: Content,
    /// Whether another page should follow.
    pub(super) truncated: bool,
    /// Policies in it that could not be understood.
    pub(super) faults: Vec<PolicyFault>,
}

impl<'a> Object<'a> {
    pub(super) fn new(text: &'a str, range: Range<usize>, members: &'a [String], path: &'a str) -> Self {
        let start = range.start;
        Self { text, start, json: text.get(range).unwrap_or(""), members, path }
    }

    /// The text of the file it stands in.
    pub(super) fn file(&self) -> &'a str {
        self.text
    }

    /// Where the file lies.
    pub(super) fn path(&self) -> &'a str {
        self.path
    }

    /// Its own text.
    pub(super) fn json(&self) -> &'a str {
        self.json
    }

    /// The names of its members.
    pub(super) fn members(&self) -> &'a [String] {
        self.members
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|member| member == name)
    }

    /// The value it is; what is wrong is told with its place in the file.
    pub(super) fn parse<T: Deserialize<'a>>(&self) -> Result<T, Fault> {
        serde_json::from_str(self.json).map_err(|error| Fault::json(&error, self.text, self.start))
    }

    /// The name of its file without endings, and the folders above it, the nearest first: some answers do not name what
    /// they are about, and their place does.
    pub(super) fn named_after(&self) -> (&'a str, impl Iterator<Item = &'a str>) {
        place(self.path)
    }
}

/// The name of a file without `.json` and the like, and the folders above it, the nearest first.
pub(super) fn place(path: &str) -> (&str, impl Iterator<Item = &str>) {
    const ENDINGS: [&str; 4] = [".gz", ".json", ".csv", ".txt"];
    let mut names = path.rsplit('/');
    let mut stem = names.next().unwrap_or(path);
    for ending in ENDINGS {
        // bucket names have dots: only what was added to the name goes
        stem = stem.strip_suffix(ending).unwrap_or(stem);
    }
    (stem, names)
}

impl Reading {
    /// An answer that is whole in itself.
    pub(super) fn whole(content: Content) -> Self {
        Self { content, truncated: false, faults: Vec::new() }
    }

    /// A page of a list.
    pub(super) fn page(content: Content, truncated: bool) -> Self {
        Self { content, truncated, faults: Vec::new() }
    }
}
