//! Small parts of a day become one: late files and small runs leave many of them, and every reader pays for each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::LakeError;
use crate::ingest::done;
use crate::manifest::{Counts, Done, Manifest, Plan, PlanHeader, PlanKind};
use crate::parquet_file::{Cells, WriteError, join};
use crate::parts::{Part, part_name, write_day, written_with};
use crate::read::{Want, scan};
use crate::rows::Rows;
use crate::schema::{BODIES, ROW_GROUP_ROWS};
use kagimori_trail::selection::Selection;

/// Small parts that a day may have.
const SMALL_PARTS_MAX: usize = 8;
/// A part with fewer rows is small, and no compacted one has more than twice as many.
const SMALL_ROWS: u64 = ROW_GROUP_ROWS as u64;

/// Compacts the days with many small parts; whether there were any.
pub(crate) fn compact(lake: &Path, manifest: &Manifest) -> Result<bool, LakeError> {
    let cells = Cells::new().map_err(|error| LakeError::of_write(lake, error.into()))?;
    let mut work = Compaction { lake, cells, sequence: manifest.next_sequence() };
    let (parts, before) = (manifest.parts(), work.sequence);
    for (day, group) in small_groups(&parts, "events") {
        work.events(day, &group)?;
    }
    for (day, group) in small_groups(&parts, "bodies") {
        work.bodies(day, &group)?;
    }
    Ok(work.sequence > before)
}

/// Small parts of a file set that become one, where a day has many.
fn small_groups<'p>(parts: &[&'p Part], set: &str) -> Vec<(i32, Vec<&'p Part>)> {
    let mut small: BTreeMap<i32, Vec<&Part>> = BTreeMap::new();
    for part in parts.iter().filter(|part| part.is_of(set) && part.rows < SMALL_ROWS) {
        small.entry(part.day).or_default().push(part);
    }
    small.retain(|_, parts| parts.len() > SMALL_PARTS_MAX);
    small
        .into_iter()
        .flat_map(|(day, parts)| groups(&parts).into_iter().map(move |group| (day, group)))
        .collect()
}

/// Parts that fit into one, in order.
fn groups<'p>(parts: &[&'p Part]) -> Vec<Vec<&'p Part>> {
    let mut groups: Vec<Vec<&Part>> = Vec::new();
    let mut rows = 0;
    for part in parts {
        match groups.last_mut() {
            Some(group) if rows + part.rows <= 2 * SMALL_ROWS => {
                rows += part.rows;
                group.push(part);
            }
            _ => {
                rows = part.rows;
                groups.push(vec![part]);
            }
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// Parts that are written anew.
struct Compaction<'l> {
    lake: &'l Path,
    cells: Cells,
    /// The place among the batches that comes next.
    sequence: u64,
}

impl Compaction<'_> {
    /// The rows of small parts, sorted again, and their roll-ups: these go with the events of the same writing.
    fn events(&mut self, day: i32, group: &[&Part]) -> Result<(), LakeError> {
        let replaces: Vec<String> = group.iter().flat_map(|part| written_with(&part.file)).collect();
        let id = self.intend(&replaces)?;
        let mut rows = Rows::default();
        for part in group {
            let path = self.lake.join(&part.file);
            scan(&path, &Selection::default(), Want::Calls, |row| rows.push_row(row))?;
        }
        let order = (0..rows.rows.len() as u32).collect();
        let parts = write_day(self.lake, &mut rows, &mut self.cells, order, day, &format!("{id}-0"));
        self.commit(&id, parts, replaces)
    }

    /// Small parts of bodies one behind another: nobody reads them by the order of their rows.
    fn bodies(&mut self, day: i32, group: &[&Part]) -> Result<(), LakeError> {
        let replaces: Vec<String> = group.iter().map(|part| part.file.clone()).collect();
        let id = self.intend(&replaces)?;
        let paths: Vec<PathBuf> = group.iter().map(|part| self.lake.join(&part.file)).collect();
        let file = part_name("bodies", day, &format!("{id}-0"));
        let rows = group.iter().map(|part| part.rows).sum();
        let joined = join(&self.lake.join(&file), &BODIES, &paths);
        self.commit(&id, joined.map(|written| vec![Part::of(file, day, rows, written)]), replaces)
    }

    fn intend(&self, replaces: &[String]) -> Result<String, LakeError> {
        let header = PlanHeader { replaces: replaces.to_vec(), ..PlanHeader::of(PlanKind::Compact) };
        Manifest::intend(self.lake, &Plan { header, files: Vec::new() })
    }

    fn commit(
        &mut self,
        id: &str,
        parts: Result<Vec<Part>, WriteError>,
        replaces: Vec<String>,
    ) -> Result<(), LakeError> {
        let parts = parts.map_err(|error| LakeError::of_write(self.lake, error))?;
        let done = Done { parts, replaces, sequence: self.sequence, ..done(Counts::default()) };
        Manifest::commit(self.lake, id, &done)?;
        self.sequence += 1;
        Ok(())
    }
}
