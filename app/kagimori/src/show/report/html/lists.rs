//! The long lists of the page. A small company's stand in the page itself; a large one's in script files beside it, which are read
//! when the reader opens the list. Scripts, not JSON, because a page opened from disk may not fetch.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use kagimori_lake::private::Edition;
use serde::Serialize;
use serde::ser::SerializeMap;

use super::escaped;

/// Up to this many bytes the lists stand in the page.
const WITHIN_MAX: usize = 4 << 20;
/// A file beside the page is about this long.
const FILE_BYTES: usize = 4 << 20;
/// Where the files lie, beside the page.
const FOLDER: &str = "lists";

/// A list as JSON rows.
pub(super) struct List {
    name: &'static str,
    rows: Vec<String>,
}

impl List {
    pub(super) fn of<T: Serialize>(name: &'static str, rows: impl Iterator<Item = T>) -> io::Result<Self> {
        let rows = rows.map(|row| serde_json::to_string(&row)).collect::<Result<_, _>>()?;
        Ok(Self { name, rows })
    }

    fn bytes(&self) -> usize {
        self.rows.iter().map(String::len).sum()
    }
}

/// The lists as part of the page's data: rows within it, or the files they are in.
pub(super) struct Lists {
    pub(super) within: bool,
    files: Vec<(&'static str, Vec<String>)>,
    lists: Vec<List>,
}

impl Lists {
    /// Writes the files, where there must be some; those of a former report in the folder go.
    pub(super) fn write(folder: &Path, edition: &Edition, lists: Vec<List>) -> io::Result<Self> {
        former(&folder.join(FOLDER))
            .into_iter()
            .for_each(|name| edition.retire(Path::new(FOLDER).join(name)));
        let within = lists.iter().map(List::bytes).sum::<usize>() <= WITHIN_MAX;
        let mut files = Vec::new();
        if !within {
            for list in &lists {
                files.push((list.name, write_list(edition, list)?));
            }
        }
        Ok(Self { within, files, lists })
    }

    /// Where the files of each list are; empty when all stand in the page.
    pub(super) fn files(&self) -> Map<'_, Vec<String>> {
        Map(self.files.iter().map(|(name, files)| (*name, files)).collect())
    }

    /// How many rows each list has.
    pub(super) fn sizes(&self) -> Vec<(&'static str, usize)> {
        self.lists.iter().map(|list| (list.name, list.rows.len())).collect()
    }

    /// The rows that stand in the page, as members of its data.
    pub(super) fn members(&self) -> String {
        if !self.within {
            return String::new();
        }
        self.lists.iter().map(|list| format!(",\"{}\":[{}]", list.name, list.rows.join(","))).collect()
    }
}

/// The lists of a former report, by our own names: the folder may be anybody's.
fn former(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    let is_ours = |name: &String| {
        ["findings-", "credentials-", "roles-"].iter().any(|list| name.starts_with(list))
            && name.ends_with(".js")
    };
    names.filter(is_ours).collect()
}

fn write_list(edition: &Edition, list: &List) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    let mut part: Vec<&str> = Vec::new();
    let mut bytes = 0;
    for row in &list.rows {
        bytes += row.len();
        part.push(row);
        if bytes >= FILE_BYTES {
            write_part(edition, list.name, &part, &mut files)?;
            part.clear();
            bytes = 0;
        }
    }
    if !part.is_empty() || files.is_empty() {
        write_part(edition, list.name, &part, &mut files)?;
    }
    Ok(files)
}

/// Its name tells its content, so that a page that is still open never takes rows of a later report for its own.
fn write_part(edition: &Edition, list: &str, rows: &[&str], files: &mut Vec<String>) -> io::Result<()> {
    let number = files.len();
    let name = |sum: &str| PathBuf::from(format!("{FOLDER}/{list}-{}-{sum}.js", number + 1));
    let name = edition.write_by_content(name, |out| {
        write!(out, "kagimoriList(\"{list}\",{number},[")?;
        for (at, row) in rows.iter().enumerate() {
            if at > 0 {
                out.write_all(b",\n")?;
            }
            out.write_all(escaped(row).as_bytes())?;
        }
        out.write_all(b"]);\n")
    })?;
    files.push(name.to_string_lossy().into_owned());
    Ok(())
}

/// A JSON object from pairs.
pub(super) struct Map<'a, V>(Vec<(&'static str, &'a V)>);

impl<V: Serialize> Serialize for Map<'_, V> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
