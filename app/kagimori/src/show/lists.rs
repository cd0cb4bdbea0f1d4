//! Files beside a page: its long lists, read when the reader asks for them. Scripts, not JSON, because a page opened from disk may
//! not fetch.
//!
//! A file's name tells its content, so that a page that is still open never takes rows of a later one for its own.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use kagimori_lake::private::Edition;

/// A file beside a page is about this long.
pub(crate) const FILE_BYTES: usize = 4 << 20;
/// What the names of our files begin with: the folder may be anybody's, and nothing else goes from it.
const KINDS: [&str; 5] = ["credentials", "findings", "inside", "list", "roles"];

/// The files beside a page.
pub(crate) struct Beside<'e> {
    edition: &'e Edition,
    folder: PathBuf,
}

impl<'e> Beside<'e> {
    /// Those of a page of an edition; the files beside the page that was there before go.
    pub(crate) fn of(edition: &'e Edition, page: &Path) -> Self {
        let folder = folder_of(page);
        for name in former(&edition.folder().join(&folder)) {
            edition.retire(folder.join(name));
        }
        Self { edition, folder }
    }

    /// Writes the part of a list that has this number: a call of the page's `kagimoriList` with `whose` before its rows, which are JSON.
    /// Returns the file's address as the page gives it to the browser.
    pub(crate) fn write<'r>(
        &self,
        kind: &'static str,
        number: usize,
        whose: &str,
        rows: impl IntoIterator<Item = &'r str>,
    ) -> io::Result<String> {
        let name = |sum: &str| self.folder.join(format!("{kind}-{number}-{sum}.js"));
        let name = self.edition.write_by_content(name, |out| {
            write!(out, "kagimoriList({whose},[")?;
            for (at, row) in rows.into_iter().enumerate() {
                if at > 0 {
                    out.write_all(b",\n")?;
                }
                out.write_all(row.as_bytes())?;
            }
            out.write_all(b"]);\n")
        })?;
        Ok(address(&name))
    }
}

/// `lists` beside an `index.html`, which has its folder to itself; `F-lists` beside `F.html`.
fn folder_of(page: &Path) -> PathBuf {
    let name = page.file_name().unwrap_or_default();
    if name == "index.html" {
        return PathBuf::from("lists");
    }
    let is_html = page.extension().is_some_and(|extension| extension == "html");
    let mut folder = if is_html { page.file_stem().unwrap_or(name) } else { name }.to_owned();
    folder.push("-lists");
    PathBuf::from(folder)
}

/// The files of a former page.
fn former(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter_map(|name| name.into_string().ok()).filter(|name| is_ours(name)).collect()
}

/// Whether a name is `KIND-NUMBER-SUM.js`.
fn is_ours(name: &str) -> bool {
    let parts: Vec<&str> = name.strip_suffix(".js").unwrap_or_default().split('-').collect();
    let [kind, number, sum] = parts.as_slice() else { return false };
    KINDS.contains(kind)
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && sum.len() == 16
        && sum.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A relative path as an address: whatever a folder is called, nothing in it is taken for more than a name (RFC 3986, section 2.3).
fn address(path: &Path) -> String {
    let parts: Vec<String> = path.iter().map(part).collect();
    parts.join("/")
}

fn part(name: &OsStr) -> String {
    let byte = |byte: &u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(*byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    name.as_encoded_bytes().iter().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_a_folder_of_its_own() {
        let rows = [
            ("index.html", "lists"),
            ("whatif.html", "whatif-lists"),
            ("whatif.htm", "whatif.htm-lists"),
            ("whatif", "whatif-lists"),
            ("a b?.html", "a b?-lists"),
        ];
        for (page, folder) in rows {
            assert_eq!(folder_of(Path::new(page)), Path::new(folder), "{page}");
        }
    }

    #[test]
    fn an_address_leads_to_one_name() {
        let name = Path::new("a b#?%\"'<鍵-lists/list-0-0123456789abcdef.js");
        let address = address(name);
        assert_eq!(address, "a%20b%23%3F%25%22%27%3C%E9%8D%B5-lists/list-0-0123456789abcdef.js");
    }

    #[test]
    fn nothing_but_our_files_goes() {
        for (name, is) in [
            ("findings-1-0123456789abcdef.js", true),
            ("list-0-0123456789abcdef.js", true),
            ("inside-12-0123456789abcdef.js", true),
            ("list-0-0123456789abcdef.json", false),
            ("list-0-0123.js", false),
            ("list-x-0123456789abcdef.js", false),
            ("notes-0-0123456789abcdef.js", false),
            ("list.js", false),
            ("", false),
        ] {
            assert_eq!(is_ours(name), is, "{name}");
        }
    }
}
