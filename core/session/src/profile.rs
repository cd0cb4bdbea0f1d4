//! Profiles: what `~/.aws/config`, `~/.aws/credentials` and kagi's own sections say together.
//!
//! Settings of a profile NAME are looked for in `[kagi NAME]`, then `[profile NAME]`, then `[NAME]` of the credentials
//! file. The section an SDK reads can then hold `credential_process` and nothing that would compete with it.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::fmt;

use crate::ini::{Document, Section};

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

/// What a section of the config file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heading<'a> {
    /// `[default]`, `[profile NAME]`
    Profile(Cow<'a, str>),
    /// `[kagi NAME]`: ours, which no SDK reads.
    Kagi(Cow<'a, str>),
    /// `[kagi]`: ours, for every profile.
    KagiGlobal,
    /// `[sso-session NAME]`, `[services NAME]`, `[plugins]` …
    Other,
    /// A name that no SDK, or not every SDK, reads.
    Unread,
}

/// Reads a header of the config file.
#[must_use]
pub fn heading(header: &str) -> Heading<'_> {
    // botocore compares the text between the brackets as it stands: a blank before `profile`, or beside `default`, is part
    // of another name.
    if header.starts_with(char::is_whitespace) || header.trim_end() != header && header.trim() == "default" {
        return Heading::Unread;
    }
    let header = header.trim();
    if header == "default" {
        return Heading::Profile(Cow::Borrowed("default"));
    }
    if header == "kagi" {
        return Heading::KagiGlobal;
    }
    let Some((kind, name)) = header.split_once(char::is_whitespace) else {
        return if matches!(header, "plugins" | "preview" | "DEFAULT") {
            Heading::Other
        } else {
            Heading::Unread
        };
    };
    match (kind, unquote(name.trim())) {
        ("profile", Some(name)) => Heading::Profile(Cow::Borrowed(name)),
        ("kagi", Some(name)) => Heading::Kagi(Cow::Borrowed(name)),
        ("sso-session" | "services" | "login-session", Some(_)) => Heading::Other,
        _ => Heading::Unread,
    }
}

/// `"a b"` → `a b`; a bare name with a space in it is read by no SDK (botocore and JS observed).
fn unquote(name: &str) -> Option<&str> {
    for quote in ['"', '\''] {
        if let Some(inner) = name.strip_prefix(quote) {
            let inner = inner.strip_suffix(quote)?;
            return (!inner.is_empty() && !inner.contains(quote)).then_some(inner);
        }
    }
    (!name.is_empty() && !name.contains(char::is_whitespace)).then_some(name)
}

/// Whether every SDK reads a profile of this name.
#[must_use]
pub fn is_portable_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|letter| {
            letter.is_ascii_alphanumeric() || matches!(letter, '_' | '@' | '+' | '.' | '%' | ':' | '/' | '-')
        })
}

/// A section is defined twice; SDKs disagree about what that means (botocore refuses the whole file).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twice {
    /// The second place.
    pub second: Place,
    /// The line of the first.
    pub first_line: u32,
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
        for (index, heading) in headings.iter().enumerate() {
            if let Heading::Profile(name) = heading {
                put(name, File::Config, index);
            }
        }
        for (index, section) in self.credentials.sections().iter().enumerate() {
            put(section.header.trim(), File::Credentials, index);
        }
        all
    }

    fn find(&self, name: &str) -> Places {
        let of = |want: fn(&Heading<'_>, &str) -> bool| {
            let sections = self.config.sections().iter().enumerate();
            // Quotes aside a header holds the name as it is.
            let likely = sections.filter(move |(_, section)| section.header.contains(name));
            likely.filter(move |(_, section)| want(&heading(section.header), name))
        };
        let ours = of(|heading, name| matches!(heading, Heading::Kagi(found) if found == name));
        let theirs = of(|heading, name| matches!(heading, Heading::Profile(found) if found == name));
        let keys = self.credentials.sections().iter().enumerate();
        ours.chain(theirs)
            .map(|(index, _)| (File::Config, index))
            .chain(
                keys.filter(|(_, it)| it.header.trim() == name).map(|(index, _)| (File::Credentials, index)),
            )
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

    /// A second section of the same header that speaks of this profile.
    #[must_use]
    pub fn defined_twice(&self, name: &str) -> Option<Twice> {
        let mut seen: Vec<(File, &str, u32)> = Vec::new();
        for (file, section) in self.sections(name) {
            let header = section.header.trim();
            if let Some((_, _, first_line)) = seen.iter().find(|(f, h, _)| *f == file && *h == header) {
                let second = Place { file, header: header.to_owned(), line: section.line };
                return Some(Twice { second, first_line: *first_line });
            }
            seen.push((file, header, section.line));
        }
        None
    }

    /// The names of all profiles, sorted.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        let configured = self.config.sections().iter().filter_map(|section| match heading(section.header) {
            Heading::Profile(name) | Heading::Kagi(name) => Some(name.into_owned()),
            Heading::KagiGlobal | Heading::Other | Heading::Unread => None,
        });
        let keys = self.credentials.sections().iter().map(|section| section.header.trim().to_owned());
        configured.chain(keys).collect()
    }
}

fn found<'a>(file: File, section: &Section<'a>, key: &str) -> Option<Found<'a>> {
    let setting = section.setting(key)?;
    let place = Place { file, header: section.header.trim().to_owned(), line: setting.line };
    let value = match setting.value {
        Cow::Borrowed(value) => Cow::Borrowed(without_inline_comment(value)),
        Cow::Owned(value) => Cow::Owned(without_inline_comment(&value).to_owned()),
    };
    (!value.is_empty()).then_some(Found { value, place })
}

/// Cuts at white space followed by `#`, as the JS SDK does. botocore keeps the comment in the value; `kagi doctor` warns.
#[must_use]
pub fn without_inline_comment(value: &str) -> &str {
    let bytes = value.as_bytes();
    let cut = bytes.windows(2).position(|pair| matches!(pair, [b' ' | b'\t', b'#']));
    cut.and_then(|cut| value.get(..cut)).unwrap_or(value).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings() {
        let profile = |name: &'static str| Heading::Profile(Cow::Borrowed(name));
        let cases = [
            ("default", profile("default")),
            ("profile dev", profile("dev")),
            ("profile   dev ", profile("dev")),
            ("profile \"a b\"", profile("a b")),
            ("profile a b", Heading::Unread),
            (" profile a", Heading::Unread),
            (" profile a ", Heading::Unread),
            (" default", Heading::Unread),
            ("default ", Heading::Unread),
            ("profile a ", Heading::Profile("a".into())),
            ("dev", Heading::Unread),
            ("kagi dev", Heading::Kagi(Cow::Borrowed("dev"))),
            ("kagi", Heading::KagiGlobal),
            ("sso-session corp", Heading::Other),
            ("services local", Heading::Other),
            ("Profile dev", Heading::Unread),
            ("profile \"dev", Heading::Unread),
        ];
        for (header, expected) in cases {
            assert_eq!(heading(header), expected, "{header}");
        }
    }

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
        for name in ["a", "b", "c d", "default", "c", "x y", "x", "nobody"] {
            assert_eq!(all.get(name).cloned().unwrap_or_default(), files.find(name), "{name}");
        }
        assert_eq!(
            files.find("a"),
            [(File::Config, 0), (File::Config, 1), (File::Config, 4), (File::Credentials, 0)]
        );
    }

    #[test]
    fn a_second_definition_is_seen() {
        let files = ProfileFiles::scan("[profile a]\nx=1\n[profile b]\n[profile a]\nx=2\n", "");
        assert_eq!(files.defined_twice("a").map(|twice| (twice.first_line, twice.second.line)), Some((1, 4)));
        assert_eq!(files.defined_twice("b"), None);
    }
}
