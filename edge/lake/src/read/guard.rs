//! Damage in a part is an error, also where the `parquet` crate panics over it.
//!
//! The crate indexes by what a file says of itself; on a file that was changed it may panic instead of failing. Its answers are
//! of no use then, and nothing of ours is left half done: readers hold nothing but what they read. So here, and nowhere else,
//! a panic is caught and becomes the error that it should have been. A panic of those who are handed what was read is a defect of
//! ours, and goes on ([`ours`]).

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};
use std::path::Path;
use std::sync::Once;

use crate::error::LakeError;

/// Whose code a thread is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// Nobody reads a part.
    Nobodys,
    /// Bytes of a part become values: a panic is caught, and told as an error.
    Reading,
    /// Values are handed over, while a part is read.
    Ours,
}

thread_local! {
    static WHOSE: Cell<Whose> = const { Cell::new(Whose::Nobodys) };
}

static QUIET: Once = Once::new();

/// Reads a part.
pub(super) fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, LakeError>) -> Result<T, LakeError> {
    QUIET.call_once(|| {
        let told = take_hook();
        set_hook(Box::new(move |panic| {
            if WHOSE.get() != Whose::Reading {
                told(panic);
            }
        }));
    });
    let before = WHOSE.replace(Whose::Reading);
    let read = catch_unwind(AssertUnwindSafe(read));
    let at = WHOSE.replace(before);
    read.unwrap_or_else(|panic| match at {
        Whose::Ours => resume_unwind(panic),
        Whose::Reading | Whose::Nobodys => {
            Err(LakeError::damaged(path, &"what it says of itself makes no sense"))
        }
    })
}

/// Hands over what was read.
#[inline]
pub(super) fn ours<T>(take: impl FnOnce() -> T) -> T {
    within(Whose::Ours, take)
}

/// Reads on, for who was handed something to read.
pub(super) fn reading<T>(read: impl FnOnce() -> T) -> T {
    within(Whose::Reading, read)
}

/// After a panic the thread is where it was then; [`guarded`] looks.
#[inline]
fn within<T>(whose: Whose, run: impl FnOnce() -> T) -> T {
    let before = WHOSE.replace(whose);
    let done = run();
    WHOSE.set(before);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(run: impl FnOnce()) -> Result<(), LakeError> {
        guarded(Path::new("part"), || {
            run();
            Ok(())
        })
    }

    #[test]
    fn a_panic_over_a_part_is_an_error_and_one_of_ours_is_none() {
        let panics = || panic!("index out of bounds");
        assert!(read(panics).is_err());
        assert!(read(|| ours(|| reading(panics))).is_err());
        assert!(catch_unwind(|| read(|| ours(panics))).is_err());
        // who was handed a row reads another part
        assert!(catch_unwind(|| read(|| ours(|| read(|| ours(panics)).unwrap_or(())))).is_err());
        assert!(read(|| ours(|| assert!(read(panics).is_err()))).is_ok());
        assert_eq!(WHOSE.get(), Whose::Nobodys);
    }
}
