//! The bodies of events, redacted, for the file set `bodies/`; only when asked for.

use std::collections::BTreeMap;
use std::path::Path;

use kagimori_trail::event::Event;
use kagimori_trail::redact;

use crate::numbers::Numbers;
use crate::parquet_file::{Cells, WriteError, write};
use crate::parts::{Part, part_name};
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
}

#[derive(Debug)]
struct Body {
    time: i64,
    /// Event id, account, request, response, additional event data.
    texts: [String; 5],
}

impl Bodies {
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
        self.bytes += texts.iter().map(String::len).sum::<usize>() + 200;
        self.days.entry(day).or_default().push(Body { time: event.time, texts });
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes > BYTES_MAX
    }

    /// Writes them, a part per day.
    pub(crate) fn write(self, lake: &Path, cells: &mut Cells, name: &str) -> Result<Vec<Part>, WriteError> {
        let mut parts = Vec::new();
        for (day, mut bodies) in self.days {
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
