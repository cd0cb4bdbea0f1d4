//! Damage in a part is an error, also where the `parquet` crate panics over it.
//!
//! The crate indexes by what a file says of itself; on a file that was changed it may panic instead of failing. Its answers are
//! of no use then, and nothing of ours is left half done: readers hold nothing but what they read. So here, and nowhere else,
//! a panic is caught and becomes the error that it should have been.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::path::Path;
use std::sync::Once;

use crate::error::LakeError;

thread_local! {
    /// A panic on this thread is caught and told as an error.
    static IS_READING: Cell<bool> = const { Cell::new(false) };
}

static QUIET: Once = Once::new();

/// Reads a part.
pub(super) fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, LakeError>) -> Result<T, LakeError> {
    QUIET.call_once(|| {
        let told = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_READING.get() {
                told(panic);
            }
        }));
    });
    let before = IS_READING.replace(true);
    let read = catch_unwind(AssertUnwindSafe(read));
    IS_READING.set(before);
    read.unwrap_or_else(|_| Err(LakeError::damaged(path, &"what it says of itself makes no sense")))
}
