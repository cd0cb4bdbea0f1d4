//! The long lists of the page. A small company's stand in the page itself; a large one's in files beside it, which are read when the
//! reader opens the list.

use std::io;

use serde::Serialize;
use serde::ser::SerializeMap;

use super::escaped;
use crate::show::lists::{Beside, FILE_BYTES};

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
    /// Writes the files, where the page has no `room` for all of them.
    pub(super) fn write(beside: &Beside<'_>, room: usize, lists: Vec<List>) -> io::Result<Self> {
        let within = lists.iter().map(List::bytes).sum::<usize>() <= room;
        let mut files = Vec::new();
        if !within {
            for list in &lists {
                files.push((list.name, write_list(beside, list)?));
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

fn write_list(beside: &Beside<'_>, list: &List) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    let mut part: Vec<String> = Vec::new();
    let mut bytes = 0;
    for row in &list.rows {
        bytes += row.len();
        part.push(escaped(row));
        if bytes >= FILE_BYTES {
            files.push(write_part(beside, list.name, &part, files.len())?);
            part.clear();
            bytes = 0;
        }
    }
    if !part.is_empty() || files.is_empty() {
        files.push(write_part(beside, list.name, &part, files.len())?);
    }
    Ok(files)
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
