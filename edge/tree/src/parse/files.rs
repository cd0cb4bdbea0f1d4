//! The sources of folders, parsed: which files are looked at, which are passed over and why.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::PathBuf;

use kagimori_source::ir::{Language, Unit};
use kagimori_source::needs::settings;
use rayon::prelude::*;

use super::{embedded, language_of, parse};
use crate::problem::Problem;
use crate::walk::{self, File};

/// Longer files are bundles and generated code, which nobody reads.
const SOURCE_BYTES_MAX: u64 = 2 << 20;
/// Of longer files it is not even looked whether they speak of an SDK.
const LOOKED_BYTES_MAX: u64 = 64 << 20;
/// Longer files hold no settings.
const SETTINGS_BYTES_MAX: u64 = 256 << 10;

/// Folders of code that others wrote.
const VENDORED: [&str; 10] = [
    "node_modules",
    "vendor",
    "site-packages",
    ".venv",
    "venv",
    "__pycache__",
    "bower_components",
    ".tox",
    "dist-packages",
    ".terraform",
];
/// Folders of tests.
const TESTS: [&str; 6] = ["tests", "test", "__tests__", "spec", "testdata", "__mocks__"];

/// What may be said of a file whose language has no SDK in the tree.
const MARKERS: [&[u8]; 12] = [
    b"boto",
    b"aws-sdk",
    b"aws_sdk",
    b"Aws\\",
    b"amazonaws",
    b"awssdk",
    b"Amazon.",
    b"aws.sdk",
    b"aws/aws",
    b"Aws::",
    b"aws ",
    b"IAmazon",
];

/// The sources of folders.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Sources {
    /// The files that were parsed.
    pub units: Vec<Unit>,
    /// Variables of the environment that files set; `None` for a reference.
    pub settings: BTreeMap<String, Vec<Option<String>>>,
    /// How many source files were passed over, by why.
    pub passed_over: BTreeMap<&'static str, usize>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// Reads and parses what lies below folders; tests too, where that is asked for.
pub fn read(roots: &[PathBuf], with_tests: bool) -> Sources {
    let mut sources = Sources::default();
    let mut files: Vec<(File, Language)> = Vec::new();
    let mut long: Vec<File> = Vec::new();
    for root in roots {
        let listing = walk::list(root);
        sources.problems.extend(listing.problems);
        let above = root.to_string_lossy().len();
        for file in listing.files {
            sources.sort_out(file, above, with_tests, &mut files, &mut long);
        }
    }
    sources.tell_long(&long);
    let read: Vec<(Language, String, Result<String, Problem>)> = files
        .into_par_iter()
        .map(|(file, language)| {
            let text = fs::read(&file.path).map_err(|error| {
                Problem::new(
                    &file.name,
                    format!("cannot be read: {error}"),
                    "check that you may read it (`ls -l`)",
                )
            });
            (language, file.name, text.map(|bytes| decoded(&bytes)))
        })
        .collect();
    let has_marker = |text: &str| has_marker(text.as_bytes());
    let mut spoken: Vec<Language> = read
        .iter()
        .filter(|(_, _, text)| text.as_ref().is_ok_and(|text| has_marker(text)))
        .map(|(language, ..)| *language)
        .collect();
    spoken.sort();
    spoken.dedup();
    let parsed: Vec<Result<Option<Unit>, Problem>> = read
        .into_par_iter()
        .filter(|(language, ..)| spoken.binary_search(language).is_ok())
        .map(|(language, name, text)| {
            let text = text?;
            let file = name.rsplit('/').next().unwrap_or(&name);
            // A file that is no shell itself may hold commands.
            Ok(match (language, language_of(file)) {
                (Language::Shell, None) if embedded::may_hold(file) => {
                    embedded::script(file, &text).and_then(|script| parse(&name, language, &script))
                }
                _ => parse(&name, language, &text),
            })
        })
        .collect();
    for unit in parsed {
        match unit {
            Ok(unit) => sources.units.extend(unit),
            Err(problem) => sources.problems.push(problem),
        }
    }
    sources
}

impl Sources {
    fn sort_out(
        &mut self,
        file: File,
        above: usize,
        with_tests: bool,
        files: &mut Vec<(File, Language)>,
        long: &mut Vec<File>,
    ) {
        // A file that was named itself has nothing below.
        let below = file.name.get(above..).filter(|below| !below.is_empty()).unwrap_or(&file.name);
        let is_named = below.len() == file.name.len();
        let mut folders: Vec<&str> = below.split('/').collect();
        let name = folders.pop().unwrap_or_default();
        let may_set = file.bytes <= SETTINGS_BYTES_MAX && settings::may_set(name);
        let holds = file.bytes <= SETTINGS_BYTES_MAX && (embedded::may_hold(name) || is_script(&file, name));
        let language = language_of(name).or(holds.then_some(Language::Shell));
        let why = if is_named {
            None
        } else if folders.iter().any(|folder| VENDORED.contains(folder)) {
            Some("code that others wrote")
        } else if !with_tests && (folders.iter().any(|folder| TESTS.contains(folder)) || is_test(name)) {
            Some("tests")
        } else if file.bytes > SOURCE_BYTES_MAX {
            if language.is_some() {
                long.push(file.clone());
            }
            Some("longer than 2 MiB")
        } else {
            None
        };
        if why.is_none()
            && may_set
            && let Ok(text) = fs::read_to_string(&file.path)
        {
            settings::read(&text, &mut self.settings);
        }
        match (language, why) {
            (Some(_), Some(why)) => {
                let count = self.passed_over.entry(why).or_default();
                *count = count.saturating_add(1);
            }
            (Some(language), None) => files.push((file, language)),
            (None, _) => {}
        }
    }

    /// Of files that are too long to be read, those that speak of an SDK leave the answer incomplete.
    fn tell_long(&mut self, files: &[File]) {
        for file in files {
            let speaks = fs::read(&file.path).is_ok_and(|bytes| has_marker(&bytes));
            if file.bytes <= LOOKED_BYTES_MAX && !speaks {
                continue;
            }
            self.problems.push(Problem::new(
                &file.name,
                "longer than 2 MiB, and speaks of AWS: not read",
                "give the sources that it was made from, or leave it out of PATH",
            ));
        }
    }
}

fn has_marker(bytes: &[u8]) -> bool {
    MARKERS.iter().any(|marker| has(bytes, marker))
}

/// The text of a file; editors of Windows write UTF-16, with a mark at the beginning.
fn decoded(bytes: &[u8]) -> String {
    let units = |of: fn([u8; 2]) -> u16| -> Vec<u16> {
        bytes.chunks_exact(2).skip(1).filter_map(|pair| Some(of(pair.try_into().ok()?))).collect()
    };
    match bytes {
        [0xff, 0xfe, ..] => String::from_utf16_lossy(&units(u16::from_le_bytes)),
        [0xfe, 0xff, ..] => String::from_utf16_lossy(&units(u16::from_be_bytes)),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// A file without an ending whose first line names a shell.
fn is_script(file: &File, name: &str) -> bool {
    if name.contains('.') {
        return false;
    }
    let mut head = [0_u8; 64];
    let read = fs::File::open(&file.path).and_then(|mut open| open.read(&mut head)).unwrap_or_default();
    let line = head.get(..read).unwrap_or_default().split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.starts_with(b"#!") && line.ends_with(b"sh")
}

fn is_test(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem == "conftest"
        || name.contains(".test.")
        || name.contains(".spec.")
        || stem.len() > 4 && stem.ends_with("Test") && !name.ends_with(".py")
}

fn has(bytes: &[u8], wanted: &[u8]) -> bool {
    memchr::memmem::find(bytes, wanted).is_some()
}
