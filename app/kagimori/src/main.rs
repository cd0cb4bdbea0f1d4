//! `kagimori`: AWS identities from keys everywhere to short-lived, least-privileged, approved and provable.

use std::process::ExitCode;

fn main() -> ExitCode {
    kagimori::main().into()
}
