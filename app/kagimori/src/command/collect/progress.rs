//! How far a collection has come, on stderr: a bar where stderr is a terminal, else a line now and then.

use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use kagimori_terminal::printer;

use super::Outcome;
use crate::show::numbers::{self, counted};

/// How long people wait without asking, and how often a log wants to hear.
const PATIENCE: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_secs(30);

/// What has been done so far.
pub(super) struct Progress {
    accounts: usize,
    done: AtomicUsize,
    failing: AtomicUsize,
    calls: AtomicUsize,
    begun: Instant,
    shown: Mutex<Shown>,
}

struct Shown {
    bar: Option<ProgressBar>,
    last: Instant,
}

impl Progress {
    pub(super) fn of(accounts: usize) -> Self {
        let (begun, zero) = (Instant::now(), AtomicUsize::default);
        let shown = Mutex::new(Shown { bar: None, last: begun });
        Self { accounts, done: zero(), failing: zero(), calls: zero(), begun, shown }
    }

    /// A call was answered, or not.
    pub(super) fn called(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.show();
    }

    /// An account is over.
    pub(super) fn over(&self, outcome: Outcome) {
        self.done.fetch_add(1, Ordering::Relaxed);
        if matches!(outcome, Outcome::Failed | Outcome::Partial) {
            self.failing.fetch_add(1, Ordering::Relaxed);
        }
        self.show();
    }

    /// Says something while the bar is drawn.
    pub(super) fn warn(&self, text: &str) {
        let bar = self.shown.lock().ok().and_then(|shown| shown.bar.clone());
        match bar {
            Some(bar) => bar.suspend(|| printer::warning(text)),
            None => printer::warning(text),
        }
    }

    fn show(&self) {
        if self.begun.elapsed() < PATIENCE {
            return;
        }
        // Whoever finds another drawing need not draw, too.
        let Ok(mut shown) = self.shown.try_lock() else { return };
        let (done, failing) = (self.done.load(Ordering::Relaxed), self.failing.load(Ordering::Relaxed));
        let calls = self.calls.load(Ordering::Relaxed);
        if std::io::stderr().is_terminal() {
            let bar = shown.bar.get_or_insert_with(|| bar(self.accounts));
            bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
            bar.set_message(said(self.accounts, done, failing, calls));
        } else if shown.last.elapsed() >= EVERY {
            shown.last = Instant::now();
            printer::note(&said(self.accounts, done, failing, calls));
        }
    }
}

fn said(accounts: usize, done: usize, failing: usize, calls: usize) -> String {
    let left = accounts.saturating_sub(done);
    format!(
        "{done} of {} collected, {failing} failing, {left} left; {}",
        counted(accounts, "account"),
        numbers::calls(u64::try_from(calls).unwrap_or(u64::MAX))
    )
}

fn bar(accounts: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("[{bar:30}] {msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
    ProgressBar::new(u64::try_from(accounts).unwrap_or(u64::MAX)).with_style(style)
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Ok(Some(bar)) = self.shown.get_mut().map(|shown| shown.bar.take()) {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_said() {
        assert_eq!(
            super::said(41, 12, 1, 3210),
            "12 of 41 accounts collected, 1 failing, 29 left; 3,210 calls"
        );
        assert_eq!(super::said(1, 0, 0, 1), "0 of 1 account collected, 0 failing, 1 left; 1 call");
    }
}
