//! The events of each day, to write an event once however often it is delivered.
//!
//! Days that no batch at work has touched are forgotten when there are many ids; what is in the lake is read again from
//! its parts when the day comes up again. So the memory does not grow with the trail, only with the days at hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kagimori_trail::usage::{EventIds, EventKey, Met};

use crate::error::LakeError;
use crate::parts::Part;
use crate::read;

/// Ids that are kept of days that nobody is at work on: about 20 bytes each.
const IDS_MAX: usize = 3_000_000;

/// What is known of one day.
pub(crate) type Day = Arc<OfDay>;

/// The ids of one day, and the batches that added some and are not done.
#[derive(Debug, Default)]
pub(crate) struct OfDay {
    ids: Mutex<EventIds>,
    at_work: Mutex<BTreeSet<String>>,
}

impl OfDay {
    /// Takes an event in for a batch.
    pub(crate) fn insert(&self, key: EventKey) -> Met {
        locked(&self.ids).insert(key)
    }

    /// A batch begins to add ids.
    pub(crate) fn begin(&self, batch: &str) {
        locked(&self.at_work).insert(batch.to_owned());
    }

    /// A batch is in the lake.
    pub(crate) fn end(&self, batch: &str) {
        locked(&self.at_work).remove(batch);
    }

    /// The batches that are not in the lake.
    pub(crate) fn at_work(&self) -> Vec<String> {
        locked(&self.at_work).iter().cloned().collect()
    }
}

/// The ids of days.
#[derive(Debug)]
pub(crate) struct DayIds {
    lake: PathBuf,
    /// The parts of events in the lake, by day.
    parts: Mutex<BTreeMap<i32, Vec<String>>>,
    days: Mutex<BTreeMap<i32, Day>>,
}

/// A lock, whatever happened to who held it before: ids are only ever added.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl DayIds {
    pub(crate) fn new<'p>(lake: &Path, parts: impl Iterator<Item = &'p Part>) -> Self {
        let ids = Self { lake: lake.to_owned(), parts: Mutex::default(), days: Mutex::default() };
        ids.add_parts(parts);
        ids
    }

    /// Parts that were added to the lake.
    pub(crate) fn add_parts<'p>(&self, parts: impl Iterator<Item = &'p Part>) {
        let mut by_day = locked(&self.parts);
        for part in parts.filter(|part| part.is_of("events")) {
            by_day.entry(part.day).or_default().push(part.file.clone());
        }
    }

    /// The ids of a day. The caller keeps them until what it added is in the lake.
    pub(crate) fn day(&self, day: i32) -> Result<Day, LakeError> {
        let mut days = locked(&self.days);
        if let Some(known) = days.get(&day) {
            return Ok(Arc::clone(known));
        }
        forget(&mut days, day);
        let mut ids = EventIds::default();
        for file in locked(&self.parts).get(&day).into_iter().flatten() {
            read::ids(&self.lake.join(file), |id, recipient, content| {
                ids.insert(EventKey::of(id, recipient, day, content));
            })?;
        }
        let ids = Arc::new(OfDay { ids: Mutex::new(ids), at_work: Mutex::default() });
        days.insert(day, Arc::clone(&ids));
        Ok(ids)
    }
}

/// Drops days far from the one that comes up, of those that nobody holds.
fn forget(days: &mut BTreeMap<i32, Day>, wanted: i32) {
    let count = |day: &Day| locked(&day.ids).len();
    let mut total: usize = days.values().map(count).sum();
    while total > IDS_MAX {
        let idle = days.iter().filter(|(_, ids)| Arc::strong_count(ids) == 1);
        let Some((&far, size)) =
            idle.map(|(day, ids)| (day, count(ids))).max_by_key(|(day, _)| day.abs_diff(wanted))
        else {
            return;
        };
        days.remove(&far);
        total -= size;
    }
}
