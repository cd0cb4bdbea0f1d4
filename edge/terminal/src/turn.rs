//! Who speaks first speaks alone: the question with its answer, or the clock that says that there is none.
//!
//! A question may be given so long and no longer. Its answer is written whole or not at all: what is printed as data begins with
//! [`begin_answer`], and so does whoever writes an answer to files.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

/// Nobody has spoken yet.
const ASKING: u8 = 0;
/// The question is writing its answer.
const ANSWERING: u8 = 1;
/// The clock has spoken.
const TIME_IS_UP: u8 = 2;

/// Whose turn it is.
static TURN: AtomicU8 = AtomicU8::new(ASKING);

thread_local! {
    /// This thread is the clock's: what it writes is no answer.
    static IS_CLOCK: Cell<bool> = const { Cell::new(false) };
}

/// What is written from here on is the answer. Does not return when the time was up before: the process ends as soon as the clock
/// has spoken.
pub fn begin_answer() {
    while !IS_CLOCK.get() && !take(&TURN, ANSWERING) {
        thread::park();
    }
}

/// Says that the time is up; from here on this thread alone writes. `false`: an answer is being written, and is written to its end.
pub fn time_is_up() -> bool {
    let is_first = take(&TURN, TIME_IS_UP);
    IS_CLOCK.set(is_first);
    is_first
}

/// Whether it is this one's turn, now or already.
fn take(turn: &AtomicU8, whose: u8) -> bool {
    match turn.compare_exchange(ASKING, whose, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => true,
        Err(now) => now == whose,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_speaks_first_speaks_alone() {
        for (first, second) in [(ANSWERING, TIME_IS_UP), (TIME_IS_UP, ANSWERING)] {
            let turn = AtomicU8::new(ASKING);
            assert!(take(&turn, first));
            assert!(!take(&turn, second));
            assert!(take(&turn, first));
        }
    }
}
