//! The sources of folders, parsed: which files are looked at, which are passed over and why.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use kagimori_source::ir::{Language, Unit};
use kagimori_source::needs::settings;
use rayon::prelude::*;

use super::{language_of, parse};
use crate::problem::Problem;
use crate::walk::{self, File};

/// Longer files are bundles and generated code, which nobody reads.
const SOURCE_BYTES_MAX: u64 = 2 << 20;
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
    for root in roots {
        let listing = walk::list(root);
        sources.problems.extend(listing.problems);
        let above = root.to_string_lossy().len();
        for file in listing.files {
            sources.sort_out(file, above, with_tests, &mut files);
        }
    }
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
            (language, file.name, text.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
        })
        .collect();
    let has_marker = |text: &str| MARKERS.iter().any(|marker| has(text.as_bytes(), marker));
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
        .map(|(language, name, text)| Ok(parse(&name, language, &text?)))
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
    fn sort_out(&mut self, file: File, above: usize, with_tests: bool, files: &mut Vec<(File, Language)>) {
        // A file that was named itself has nothing below.
        let below = file.name.get(above..).filter(|below| !below.is_empty()).unwrap_or(&file.name);
        let is_named = below.len() == file.name.len();
        let mut folders: Vec<&str> = below.split('/').collect();
        let name = folders.pop().unwrap_or_default();
        let language = language_of(name);
        let why = if is_named {
            None
        } else if folders.iter().any(|folder| VENDORED.contains(folder)) {
            Some("code that others wrote")
        } else if !with_tests && (folders.iter().any(|folder| TESTS.contains(folder)) || is_test(name)) {
            Some("tests")
        } else if file.bytes > SOURCE_BYTES_MAX {
            Some("longer than 2 MiB")
        } else {
            None
        };
        match (language, why) {
            (Some(_), Some(why)) => {
                let count = self.passed_over.entry(why).or_default();
                *count = count.saturating_add(1);
            }
            (Some(language), None) => files.push((file, language)),
            (None, None) if file.bytes <= SETTINGS_BYTES_MAX && settings::may_set(name) => {
                if let Ok(text) = fs::read_to_string(&file.path) {
                    settings::read(&text, &mut self.settings);
                }
            }
            (None, _) => {}
        }
    }
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
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
