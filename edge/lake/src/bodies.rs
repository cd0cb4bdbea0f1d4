//! The bodies of events, redacted, for the file set `bodies/`; only when asked for.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use kagimori_trail::event::Event;
use kagimori_trail::redact;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use crate::coverage::day_of;
use crate::error::LakeError;
use crate::numbers::Numbers;
use crate::parquet_file::{Cells, WriteError, write};
use crate::parts::{Part, part_name};
use crate::read;
use crate::schema::BODIES;

/// Rows of a row group of bodies: they are long.
const GROUP_ROWS: usize = 16 << 10;
/// Bytes that are held before they are written.
const BYTES_MAX: usize = 16 << 20;

/// Bodies that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    days: BTreeMap<i32, Vec<Body>>,
    bytes: usize,
    /// Those that came, where they may come again: from the parts that they stood in, from the trail's files, from another lake.
    seen: Option<FxHashMap<i32, FxHashSet<Seen>>>,
    /// Parts of the lake by day, whose bodies are known when another's come.
    held: BTreeMap<i32, Vec<PathBuf>>,
    /// How many there were.
    count: u64,
}

/// The time and the hash of a body.
type Seen = (i64, u64);

fn seen(time: i64, texts: &[impl AsRef<str>; 5]) -> Seen {
    let mut hasher = FxHasher::default();
    texts.each_ref().map(AsRef::as_ref).hash(&mut hasher);
    (time, hasher.finish())
}

#[derive(Debug)]
struct Body {
    /// In seconds.
    time: i64,
    /// Event id, account, request, response, additional event data.
    texts: [String; 5],
}

impl Bodies {
    /// For a day that is written anew.
    pub(crate) fn anew() -> Self {
        Self { seen: Some(FxHashMap::default()), ..Self::default() }
    }

    /// For bodies of another lake: those that this one holds do not come again.
    pub(crate) fn beside(held: BTreeMap<i32, Vec<PathBuf>>) -> Self {
        Self { held, ..Self::anew() }
    }

    /// Whether a day is written anew: which bodies are there does not hang on which events are.
    pub(crate) fn is_anew(&self) -> bool {
        self.seen.is_some()
    }

    /// How many it took.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Takes the bodies of a part, those of one day where only that is written.
    pub(crate) fn read_part(&mut self, only: Option<i32>, path: &Path) -> Result<(), LakeError> {
        let mut failed = None;
        let read = read::bodies(path, |time, texts| {
            let day = day_of(time);
            if failed.is_some() || only.is_some_and(|only| only != day) {
                return;
            }
            match self.know(day) {
                Ok(()) => self.take(day, Body { time, texts: texts.map(str::to_owned) }),
                Err(error) => failed = Some(error),
            }
        });
        failed.map_or(read, Err)
    }

    /// Reads what the lake holds of a day.
    fn know(&mut self, day: i32) -> Result<(), LakeError> {
        let Some(parts) = self.held.remove(&day) else { return Ok(()) };
        let of_day = self.seen.get_or_insert_default().entry(day).or_default();
        parts.iter().try_for_each(|path| {
            read::bodies(path, |time, texts| {
                of_day.insert(seen(time, &texts));
            })
        })
    }

    fn take(&mut self, day: i32, body: Body) {
        if let Some(days) = &mut self.seen
            && !days.entry(day).or_default().insert(seen(body.time, &body.texts))
        {
            return;
        }
        self.count += 1;
        self.bytes += body.texts.iter().map(String::len).sum::<usize>() + 200;
        self.days.entry(day).or_default().push(body);
    }

    /// Takes the bodies of an event, when it has any.
    pub(crate) fn push(&mut self, day: i32, event: &Event<'_>) {
        let bodies = [event.bodies.request, event.bodies.response, event.bodies.additional];
        let present = bodies.map(|body| body.filter(|body| *body != "null"));
        if present == [None; 3] {
            return;
        }
        let [request, response, additional] = present.map(|body| body.map(redact::body).unwrap_or_default());
        let own = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().unwrap_or_default().to_owned();
        let texts = [own(&event.id), own(&event.recipient), request, response, additional];
        self.take(day, Body { time: event.time, texts });
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes > BYTES_MAX
    }

    /// Writes them, a part per day.
    pub(crate) fn write(
        &mut self,
        lake: &Path,
        cells: &mut Cells,
        name: &str,
    ) -> Result<Vec<Part>, WriteError> {
        let mut parts = Vec::new();
        self.bytes = 0;
        for (day, mut bodies) in std::mem::take(&mut self.days) {
            bodies.sort_by(|a, b| (a.time, &a.texts).cmp(&(b.time, &b.texts)));
            let file = part_name("bodies", day, name);
            let (groups, texts) = ((bodies.len(), GROUP_ROWS), &Numbers::default());
            let bytes = write(cells, &lake.join(&file), &BODIES, groups, texts, |cells, column, range| {
                let bodies = bodies.get(range).unwrap_or_default();
                match column.checked_sub(1) {
                    None => {
                        bodies.iter().for_each(|body| cells.number(body.time.saturating_mul(1_000_000)));
                    }
                    Some(at) => bodies.iter().for_each(|body| {
                        cells.own_text(body.texts.get(at).map_or(&[], String::as_bytes));
                    }),
                }
            })?;
            parts.push(Part::of(file, day, bodies.len() as u64, bytes));
        }
        Ok(parts)
    }
}
