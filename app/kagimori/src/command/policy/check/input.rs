//! The files that were given, and the waivers beside them.

use std::io::Read;
use std::path::{Path, PathBuf};

use kagimori_lake::regular;

use crate::command::policy::json_files::json_files;
use crate::error::AppError;
use crate::given;

/// A text with the name it goes by.
pub(super) struct Text {
    pub(super) name: String,
    pub(super) text: Result<String, String>,
    /// Found in a folder: what is no policy there was not meant.
    pub(super) is_found: bool,
    /// The text and name of the `NAME.waivers.toml` beside it.
    pub(super) waivers: Option<(String, PathBuf)>,
}

/// Every text, in the order in which they were given.
pub(super) fn read(given: &[PathBuf]) -> Result<Vec<Text>, AppError> {
    let mut texts = Vec::new();
    for path in given {
        if path.as_os_str() == "-" {
            texts.push(stdin());
        } else if path.is_dir() {
            let found = json_files(path)?;
            texts.extend(found.files.iter().map(|file| self::file(file, true)));
            texts.extend(found.passed_over.into_iter().map(|(path, message)| Text {
                name: path.display().to_string(),
                text: Err(message),
                is_found: true,
                waivers: None,
            }));
        } else {
            texts.push(file(path, false));
        }
    }
    Ok(texts)
}

fn stdin() -> Text {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut bytes).map_err(|error| error.to_string());
    let text = read.and_then(|_| decoded(bytes));
    Text { name: "stdin".to_owned(), text, is_found: false, waivers: None }
}

fn file(path: &Path, is_found: bool) -> Text {
    let text = given::bytes(path).map_err(|error| error.to_string()).and_then(decoded);
    let beside = path.with_extension("waivers.toml");
    let waivers = regular::text(&beside).ok().map(|text| (text, beside));
    Text { name: path.display().to_string(), text, is_found, waivers }
}

/// Windows editors begin files with a byte order mark.
fn decoded(bytes: Vec<u8>) -> Result<String, String> {
    let text = String::from_utf8(bytes).map_err(|_| "the text is not UTF-8".to_owned())?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
