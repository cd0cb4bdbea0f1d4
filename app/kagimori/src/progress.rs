//! A progress bar on stderr for work that takes longer than a second; none when stderr is not a terminal.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use kagimori_lake::Progress;

use crate::show::numbers::counted;

/// How long people wait without asking.
const PATIENCE: Duration = Duration::from_secs(1);

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
        if let Ok(Some(bar)) = self.drawn.get_mut().map(Option::take) {
            bar.finish_and_clear();
        }
    }
}
