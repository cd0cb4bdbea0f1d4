//! `kagimori`: AWS identities from keys everywhere to short-lived, least-privileged, approved and provable.

use std::process::ExitCode;

/// Questions about tens of thousands of identities make and drop small values by the million, on every thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    kagimori::main().into()
}
