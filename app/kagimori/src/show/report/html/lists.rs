//! The long lists of the page. A small company's stand in the page itself; a large one's in script files beside it, which are read
//! when the reader opens the list. Scripts, not JSON, because a page opened from disk may not fetch.

use std::fs;
use std::io;
use std::path::Path;

use kagimori_lake::private;
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
    /// Writes the files, where there must be some; those of a former report go.
    pub(super) fn write(folder: &Path, lists: Vec<List>) -> io::Result<Self> {
        let beside = folder.join(FOLDER);
        if beside.is_dir() {
            remove_own(&beside)?;
        }
        let within = lists.iter().map(List::bytes).sum::<usize>() <= WITHIN_MAX;
        let mut files = Vec::new();
        if !within {
            private::folder(&beside)?;
            for list in &lists {
                files.push((list.name, write_list(&beside, list)?));
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

/// Only files of our own names: the folder may be anybody's.
fn remove_own(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let ours = ["findings-", "credentials-", "roles-"].iter().any(|list| name.starts_with(list));
        if ours && name.ends_with(".js") && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn write_list(folder: &Path, list: &List) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    let mut part: Vec<&str> = Vec::new();
    let mut bytes = 0;
    for row in &list.rows {
        bytes += row.len();
        part.push(row);
        if bytes >= FILE_BYTES {
            write_part(folder, list.name, &part, &mut files)?;
            part.clear();
            bytes = 0;
        }
    }
    if !part.is_empty() || files.is_empty() {
        write_part(folder, list.name, &part, &mut files)?;
    }
    Ok(files)
}

fn write_part(folder: &Path, list: &str, rows: &[&str], files: &mut Vec<String>) -> io::Result<()> {
    let number = files.len();
    let name = format!("{list}-{}.js", number + 1);
    let script = format!("kagimoriList(\"{list}\",{number},[{}]);\n", escaped(&rows.join(",\n")));
    private::write(&folder.join(&name), script.as_bytes())?;
    files.push(format!("{FOLDER}/{name}"));
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
