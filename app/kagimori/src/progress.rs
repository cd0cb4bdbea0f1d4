//! A progress bar on stderr for work that takes longer than a second; none when stderr is not a terminal.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use kagimori_lake::Progress;

use crate::show::numbers::counted;

/// How long people wait without asking.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far a question has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Looked {
    /// What is looked at, in the singular: `principal`.
    pub(crate) what: &'static str,
    /// How many have been looked at.
    pub(crate) done: usize,
    /// Of so many, as far as is known.
    pub(crate) total: usize,
}

/// How far the last question has come: a limit tells it.
static LOOKED: Mutex<Option<Looked>> = Mutex::new(None);

/// How far the question has come that is being asked.
pub(crate) fn looked() -> Option<Looked> {
    LOOKED.lock().ok().and_then(|looked| *looked)
}

/// A question that looks at many things of a kind, counted.
pub(crate) struct Steps {
    what: &'static str,
    begin: Instant,
    done: AtomicUsize,
    drawn: Mutex<Option<ProgressBar>>,
}

impl Steps {
    /// `what`: the thing, in the singular.
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, begin: Instant::now(), done: AtomicUsize::new(0), drawn: Mutex::new(None) }
    }

    /// One more has been looked at; called from any thread.
    pub(crate) fn step(&self, total: usize) {
        self.reach(self.done.fetch_add(1, Ordering::Relaxed).saturating_add(1), total);
    }

    /// So many have been looked at; called from any thread.
    pub(crate) fn reach(&self, done: usize, total: usize) {
        if let Ok(mut looked) = LOOKED.lock() {
            *looked = Some(Looked { what: self.what, done, total });
        }
        if self.begin.elapsed() < PATIENCE {
            return;
        }
        let Ok(mut drawn) = self.drawn.lock() else { return };
        let bar = drawn.get_or_insert_with(|| self.draw());
        bar.set_length(u64::try_from(total).unwrap_or(u64::MAX));
        bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    }

    fn draw(&self) -> ProgressBar {
        let style = ProgressStyle::with_template("{prefix} [{bar:30}] {pos} of {len}, {eta} left");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
        ProgressBar::new(0).with_style(style).with_prefix(format!("looking at each {}", self.what))
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        clear(&mut self.drawn);
    }
}

fn clear(drawn: &mut Mutex<Option<ProgressBar>>) {
    if let Ok(Some(bar)) = drawn.get_mut().map(Option::take) {
        bar.finish_and_clear();
    }
}

/// The bar, drawn from the second second on.
pub(crate) struct Bar {
    what: &'static str,
    begin: Instant,
    drawn: Mutex<Option<ProgressBar>>,
}

impl Bar {
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, begin: Instant::now(), drawn: Mutex::new(None) }
    }

    /// Takes note of a step; called from any thread.
    pub(crate) fn step(&self, step: Progress) {
        if self.begin.elapsed() < PATIENCE {
            return;
        }
        let Ok(mut drawn) = self.drawn.lock() else { return };
        let bar = drawn.get_or_insert_with(|| self.draw(step));
        bar.set_position(step.bytes);
        let files = format!("{} of {}", step.files, counted(step.files_total, "file"));
        bar.set_message(match step.events {
            0 => files,
            events => format!("{files}, {}", counted(events, "event")),
        });
    }

    /// indicatif draws nothing when stderr is not a terminal.
    fn draw(&self, step: Progress) -> ProgressBar {
        let template = "{prefix} [{bar:30}] {bytes}/{total_bytes} ({bytes_per_sec}, {eta} left) {msg}";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(step.bytes_total).with_style(style.progress_chars("=> ")).with_prefix(self.what)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        clear(&mut self.drawn);
    }
}
