//! The long lists of the page. A small company's stand in the page itself; a large one's in files beside it, which are read when the
//! reader opens the list.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use serde::ser::SerializeMap;

use super::escaped;
use crate::show::lists::{Beside, FILE_BYTES};

/// A list as JSON rows, which are made when they are asked for: a large company's do not lie in memory all at once.
pub(super) struct List<'a> {
    name: &'static str,
    make: Box<dyn Fn() -> Rows<'a> + 'a>,
}

type Rows<'a> = Box<dyn Iterator<Item = serde_json::Result<String>> + 'a>;

impl<'a> List<'a> {
    pub(super) fn of<T: Serialize, I: Iterator<Item = T> + 'a>(
        name: &'static str,
        rows: impl Fn() -> I + 'a,
    ) -> Self {
        Self { name, make: Box::new(move || Box::new(rows().map(|row| serde_json::to_string(&row)))) }
    }
}

/// The lists as part of the page's data: rows within it, or the files they are in.
pub(super) struct Lists {
    files: Vec<(&'static str, Vec<String>)>,
    sizes: Vec<(&'static str, usize)>,
    /// The rows that stand in the page, as members of its data.
    pub(super) members: String,
}

impl Lists {
    /// Writes the files, where the page has no `room` for all of them.
    pub(super) fn write(beside: &Beside<'_>, room: usize, lists: &[List<'_>]) -> io::Result<Self> {
        if let Some(within) = Self::within(room, lists)? {
            return Ok(within);
        }
        let (mut files, mut sizes) = (Vec::new(), Vec::new());
        for list in lists {
            let (written, size) = write_list(beside, list)?;
            files.push((list.name, written));
            sizes.push((list.name, size));
        }
        Ok(Self { files, sizes, members: String::new() })
    }

    /// The lists in the page; `None`: there is no room for them.
    fn within(room: usize, lists: &[List<'_>]) -> io::Result<Option<Self>> {
        let (mut members, mut sizes, mut bytes) = (String::new(), Vec::new(), 0_usize);
        for list in lists {
            let mut size = 0;
            members.push_str(&format!(",\"{}\":[", list.name));
            for row in (list.make)() {
                let row = row?;
                bytes = bytes.saturating_add(row.len());
                if bytes > room {
                    return Ok(None);
                }
                members.push_str(if size == 0 { "" } else { "," });
                members.push_str(&row);
                size += 1;
            }
            members.push(']');
            sizes.push((list.name, size));
        }
        Ok(Some(Self { files: Vec::new(), sizes, members }))
    }

    /// Where the files of each list are; empty when all stand in the page.
    pub(super) fn files(&self) -> Map<'_, Vec<String>> {
        Map(self.files.iter().map(|(name, files)| (*name, files)).collect())
    }

    /// How many rows each list has.
    pub(super) fn sizes(&self) -> BTreeMap<&'static str, usize> {
        self.sizes.iter().copied().collect()
    }
}

/// The files of a list, and how many rows it has.
fn write_list(beside: &Beside<'_>, list: &List<'_>) -> io::Result<(Vec<String>, usize)> {
    let mut files = Vec::new();
    let mut part: Vec<String> = Vec::new();
    let (mut bytes, mut size) = (0, 0);
    for row in (list.make)() {
        let row = row?;
        size += 1;
        bytes += row.len();
        part.push(escaped(&row));
        if bytes >= FILE_BYTES {
            files.push(write_part(beside, list.name, &part, files.len())?);
            part.clear();
            bytes = 0;
        }
    }
    if !part.is_empty() || files.is_empty() {
        files.push(write_part(beside, list.name, &part, files.len())?);
    }
    Ok((files, size))
}

fn write_part(beside: &Beside<'_>, list: &'static str, rows: &[String], number: usize) -> io::Result<String> {
    let whose = format!("\"{list}\",{number}");
    beside.write(list, number + 1, &whose, rows.iter().map(String::as_str))
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
