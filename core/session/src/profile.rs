//! Profiles: what `~/.aws/config`, `~/.aws/credentials` and kagi's own sections say together.
//!
//! Settings of a profile NAME are looked for in `[kagi NAME]`, then in `[NAME]` of the credentials file, then in
//! `[profile NAME]`: botocore lets the credentials file win, whichever the setting. The section an SDK reads can then hold
//! `credential_process` and nothing that would compete with it.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::fmt;

use crate::heading::has_quotes;
pub use crate::heading::{Heading, heading, is_portable_name, is_writable_name};
use crate::ini::{Document, Section};
use crate::refusal::DEFAULTS;
use crate::value::shown;

/// Both files, scanned.
#[derive(Debug, Clone)]
pub struct ProfileFiles<'a> {
    config: Document<'a>,
    credentials: Document<'a>,
    /// The sections of `[kagi]`.
    globals: Vec<usize>,
    /// The sections of the names that were asked for: a route asks a dozen settings of two or three names, and a file
    /// can have thousands.
    known: RefCell<Vec<(String, Places)>>,
    /// The sections of all names, once more than a few were asked for.
    index: OnceCell<HashMap<String, Places>>,
}

/// A route asks for two or three names; `kagi list` for all.
const FEW: usize = 8;

type Places = Vec<(File, usize)>;

/// Which file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum File {
    /// `~/.aws/config`
    Config,
    /// `~/.aws/credentials`
    Credentials,
}

/// Where a setting was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: File,
    /// The section's header.
    pub header: String,
    /// The line, from 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = match self.file {
            File::Config => "config",
            File::Credentials => "credentials",
        };
        write!(out, "{file} line {}, [{}]", self.line, self.header)
    }
}

/// A value and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'a> {
    /// The value, an inline comment removed.
    pub value: Cow<'a, str>,
    /// Where.
    pub place: Place,
}

/// A profile has two sections of one kind in one file. botocore refuses the file when the headers are the same letter by
/// letter, and else takes the last alone; other SDKs merge them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twice {
    /// The second place.
    pub second: Place,
    /// The first.
    pub first: Place,
}

impl Twice {
    /// What is wrong, in words.
    #[must_use]
    pub fn sentence(&self) -> String {
        let (first, second) = (shown(&self.first.header), shown(&self.second.header));
        let (from, to) = (self.first.line, self.second.line);
        if first == second {
            return format!("`[{first}]` stands twice, on lines {from} and {to}");
        }
        format!("`[{first}]` on line {from} and `[{second}]` on line {to} are the same profile")
    }
}

impl<'a> ProfileFiles<'a> {
    /// Scans both files; an absent file is an empty text.
    #[must_use]
    pub fn scan(config: &'a str, credentials: &'a str) -> Self {
        let (config, credentials) = (Document::scan(config), Document::scan(credentials));
        let sections = config.sections().iter().enumerate();
        let globals = sections.filter(|(_, section)| section.header.trim() == "kagi").map(|(index, _)| index);
        Self {
            globals: globals.collect(),
            config,
            credentials,
            known: RefCell::default(),
            index: OnceCell::new(),
        }
    }

    /// One of the files.
    #[must_use]
    pub fn document(&self, file: File) -> &Document<'a> {
        match file {
            File::Config => &self.config,
            File::Credentials => &self.credentials,
        }
    }

    /// The sections that speak of a profile, the strongest first.
    fn sections(&self, name: &str) -> Vec<(File, &Section<'a>)> {
        let section =
            |(file, index): &(File, usize)| Some((*file, self.document(*file).sections().get(*index)?));
        let mut known = self.known.borrow_mut();
        if let Some((_, places)) = known.iter().find(|(of, _)| of == name) {
            return places.iter().filter_map(section).collect();
        }
        if known.len() >= FEW {
            let places = self.index.get_or_init(|| self.find_all()).get(name);
            return places.into_iter().flatten().filter_map(section).collect();
        }
        let places = self.find(name);
        let sections = places.iter().filter_map(section).collect();
        known.push((name.to_owned(), places));
        sections
    }

    /// The sections of every name, for whoever asks for many.
    fn find_all(&self) -> HashMap<String, Places> {
        let mut all: HashMap<String, Places> = HashMap::new();
        let mut put = |name: &str, file, index| match all.get_mut(name) {
            Some(places) => places.push((file, index)),
            None => drop(all.insert(name.to_owned(), vec![(file, index)])),
        };
        let headings: Vec<_> = self.config.sections().iter().map(|section| heading(section.header)).collect();
        for (index, heading) in headings.iter().enumerate() {
            if let Heading::Kagi(name) = heading {
                put(name, File::Config, index);
            }
        }
        for (index, section) in self.credentials.sections().iter().enumerate() {
            put(section.header, File::Credentials, index);
        }
        for (index, heading) in headings.iter().enumerate() {
            if let Heading::Profile(name) = heading {
                put(name, File::Config, index);
            }
        }
        all
    }

    fn find(&self, name: &str) -> Places {
        let of = |want: fn(&Heading<'_>, &str) -> bool| {
            let sections = self.config.sections().iter().enumerate();
            // Quotes aside a header holds the name as it is.
            let likely = sections
                .filter(move |(_, section)| section.header.contains(name) || has_quotes(section.header));
            likely.filter(move |(_, section)| want(&heading(section.header), name))
        };
        let ours = of(|heading, name| matches!(heading, Heading::Kagi(found) if found == name));
        let theirs = of(|heading, name| matches!(heading, Heading::Profile(found) if found == name));
        let keys = self.credentials.sections().iter().enumerate().filter(|(_, it)| it.header == name);
        let of_config = |(index, _)| (File::Config, index);
        ours.map(of_config)
            .chain(keys.map(|(index, _)| (File::Credentials, index)))
            .chain(theirs.map(of_config))
            .collect()
    }

    /// Whether any section speaks of this profile.
    #[must_use]
    pub fn defines(&self, name: &str) -> bool {
        !self.sections(name).is_empty()
    }

    /// The section an SDK reads for this profile in the config file.
    #[must_use]
    pub fn sdk_section(&self, name: &str) -> Option<&Section<'a>> {
        let is_theirs = |section: &Section<'_>| matches!(heading(section.header), Heading::Profile(_));
        let mut sections = self.sections(name).into_iter();
        sections
            .find(|(file, section)| *file == File::Config && is_theirs(section))
            .map(|(_, section)| section)
    }

    /// The section of the credentials file.
    #[must_use]
    pub fn credentials_section(&self, name: &str) -> Option<&Section<'a>> {
        let mut sections = self.sections(name).into_iter();
        sections.find(|(file, _)| *file == File::Credentials).map(|(_, section)| section)
    }

    /// A setting of a profile.
    #[must_use]
    pub fn get(&self, profile: &str, key: &str) -> Option<Found<'a>> {
        self.sections(profile).into_iter().find_map(|(file, section)| found(file, section, key))
    }

    /// A setting of `[kagi]`, which holds for every profile.
    #[must_use]
    pub fn global(&self, key: &str) -> Option<Found<'a>> {
        let section = |index: &usize| self.config.sections().get(*index);
        self.globals.iter().rev().filter_map(section).find_map(|section| found(File::Config, section, key))
    }

    /// The profile's own setting, else the one of `[kagi]`.
    #[must_use]
    pub fn own_or_global(&self, profile: &str, key: &str) -> Option<Found<'a>> {
        self.get(profile, key).or_else(|| self.global(key))
    }

    /// A second section of the same kind that speaks of this profile.
    #[must_use]
    pub fn defined_twice(&self, name: &str) -> Option<Twice> {
        let sections = self.sections(name);
        let kind =
            |file: File, section: &Section<'_>| (file, matches!(heading(section.header), Heading::Kagi(_)));
        let place = |file, section: &Section<'_>| Place {
            file,
            header: section.header.to_owned(),
            line: section.line,
        };
        // The sections of one kind stand beside each other.
        sections.windows(2).find_map(|pair| match pair {
            [(file, first), (other, second)] if kind(*file, first) == kind(*other, second) => {
                Some(Twice { second: place(*other, second), first: place(*file, first) })
            }
            _ => None,
        })
    }

    /// The names of all profiles, sorted.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        let configured = self.config.sections().iter().filter_map(|section| match heading(section.header) {
            Heading::Profile(name) | Heading::Kagi(name) => Some(name.into_owned()),
            _ => None,
        });
        let keys = self.credentials.sections().iter().map(|section| section.header);
        let keys = keys.filter(|header| *header != DEFAULTS).map(str::to_owned);
        configured.chain(keys).collect()
    }
}

fn found<'a>(file: File, section: &Section<'a>, key: &str) -> Option<Found<'a>> {
    let setting = section.setting(key)?;
    let place = Place { file, header: section.header.to_owned(), line: setting.line };
    let value = match setting.value {
        Cow::Borrowed(value) => without_comment_of(key, value),
        Cow::Owned(value) => Cow::Owned(without_comment_of(key, &value).into_owned()),
    };
    (!value.is_empty()).then_some(Found { value, place })
}

/// Settings whose value is a command line: ` ;` is a shell's there, as in `sh -c "a ; b"`.
const COMMANDS: [&str; 4] = ["credential_process", "prompt_program", "passphrase_program", "browser_cmd"];

/// Whether a setting's value is a command line, which ends at ` #` only.
#[must_use]
pub fn is_command(key: &str) -> bool {
    COMMANDS.iter().any(|command| key.eq_ignore_ascii_case(command))
}

/// Cuts each line at white space followed by `#` or `;`, as the SDKs for JavaScript and Rust do (AWS SDKs and Tools Reference
/// Guide, "Shared config and credentials files"). botocore keeps the comment in the value; `kagi doctor` warns.
#[must_use]
pub fn without_inline_comment(value: &str) -> Cow<'_, str> {
    cut_at(value, b"#;")
}

/// A setting's value without its inline comment.
#[must_use]
pub(crate) fn without_comment_of<'v>(key: &str, value: &'v str) -> Cow<'v, str> {
    cut_at(value, if is_command(key) { b"#" } else { b"#;" })
}

fn cut_at<'v>(value: &'v str, marks: &[u8]) -> Cow<'v, str> {
    let is_comment = |pair: &[u8]| matches!(pair, [b' ' | b'\t', mark] if marks.contains(mark));
    let comment = |line: &str| line.as_bytes().windows(2).position(is_comment);
    if comment(value).is_none() {
        return Cow::Borrowed(value.trim_end());
    }
    let cut = |line: &str| comment(line).and_then(|at| line.get(..at)).unwrap_or(line).trim_end().to_owned();
    Cow::Owned(value.split('\n').map(cut).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_section_is_stronger_than_theirs() {
        let config = "[profile dev]\nregion = eu-west-1 # home\nrole_arn = theirs\n[kagi dev]\nrole_arn = ours\n[kagi]\nx = 1\n";
        let files = ProfileFiles::scan(config, "[dev]\nmfa_serial = third\n");
        assert_eq!(files.get("dev", "role_arn").unwrap().value, "ours");
        assert_eq!(files.get("dev", "ROLE_ARN").unwrap().place.line, 5);
        assert_eq!(files.get("dev", "region").unwrap().value, "eu-west-1");
        assert_eq!(files.get("dev", "mfa_serial").unwrap().place.file, File::Credentials);
        assert_eq!(files.own_or_global("dev", "x").unwrap().value, "1");
        assert!(files.get("other", "x").is_none());
        assert!(files.defines("dev") && !files.defines("other"));
        assert_eq!(files.names().into_iter().collect::<Vec<_>>(), ["dev"]);
    }

    #[test]
    fn the_index_of_all_names_finds_what_a_search_finds() {
        let config = "[kagi a]\nx=1\n[profile a]\n[profile b]\n[profile \"c d\"]\n[profile a]\n[default]\n[kagi c]\n[profile x y]\n";
        let files = ProfileFiles::scan(config, "[a]\n[default]\n[ b ]\n");
        let all = files.find_all();
        for name in ["a", "b", " b ", "c d", "default", "c", "x y", "x", "nobody"] {
            assert_eq!(all.get(name).cloned().unwrap_or_default(), files.find(name), "{name}");
        }
        assert_eq!(
            files.find("a"),
            [(File::Config, 0), (File::Credentials, 0), (File::Config, 1), (File::Config, 4)]
        );
    }

    #[test]
    fn a_second_definition_is_seen() {
        let twice = |config: &str, credentials: &str, name: &str| {
            let twice = ProfileFiles::scan(config, credentials).defined_twice(name);
            twice.map(|twice| (twice.first.line, twice.second.line))
        };
        let config = "[profile a]\nx=1\n[profile b]\n[profile \"a\"]\nx=2\n[kagi b]\n";
        assert_eq!(twice(config, "[b]\n", "a"), Some((1, 4)));
        assert_eq!(twice(config, "[b]\n", "b"), None);
        assert_eq!(twice(config, "[b]\n[b]\n", "b"), Some((1, 2)));
        assert_eq!(twice("[default]\n[profile default]\n", "", "default"), Some((1, 2)));
    }

    #[test]
    fn a_comment_ends_its_own_line_only() {
        assert_eq!(without_inline_comment("a # b"), "a");
        assert_eq!(without_inline_comment("a#b"), "a#b");
        assert_eq!(without_inline_comment("a ; b"), "a");
        assert_eq!(without_inline_comment("a\t;b"), "a");
        assert_eq!(without_inline_comment("a;b"), "a;b");
        let config = "[profile a]\ncredential_process = sh -c \"x ; y\" # z\nsource_profile = b ; c\n";
        let files = ProfileFiles::scan(config, "");
        assert_eq!(files.get("a", "credential_process").unwrap().value, "sh -c \"x ; y\"");
        assert_eq!(files.get("a", "source_profile").unwrap().value, "b");
        assert_eq!(without_inline_comment("\na = 1 # x\nb = 2"), "\na = 1\nb = 2");
    }
}
