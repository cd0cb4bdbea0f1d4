//! Signals that end us while a program of ours runs: it is told too, and what we have written goes with us.

use std::io;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// The last of the signals that came, until it is seen.
pub(crate) struct Signals(Arc<AtomicUsize>);

impl Signals {
    /// From now on SIGTERM, SIGHUP and SIGINT do not end this process by themselves.
    pub(crate) fn watch() -> io::Result<Self> {
        let last = Arc::new(AtomicUsize::new(0));
        for signal in [SIGTERM, SIGHUP, SIGINT] {
            let number = usize::try_from(signal).unwrap_or_default();
            signal_hook::flag::register_usize(signal, Arc::clone(&last), number)?;
        }
        Ok(Self(last))
    }

    /// A signal that came since this was asked.
    pub(crate) fn seen(&self) -> Option<i32> {
        let number = self.0.swap(0, Ordering::SeqCst);
        i32::try_from(number).ok().filter(|number| *number != 0)
    }

    /// Tells a program what was told to us. SIGINT comes from the terminal, which has told it already.
    pub(crate) fn hand_on(&self, child: &Child) {
        let signal = match self.seen() {
            Some(SIGTERM) => Signal::TERM,
            Some(SIGHUP) => Signal::HUP,
            _ => return,
        };
        if let Some(child) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(child, signal);
        }
    }
}

/// 128 and the signal, as a shell counts.
pub(crate) fn exit_code(signal: i32) -> u8 {
    u8::try_from(signal).map_or(1, |signal| 128_u8.saturating_add(signal))
}
