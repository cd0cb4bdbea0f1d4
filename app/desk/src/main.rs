//! `kagimori-desk`: root's second factor in custody.

use std::process::ExitCode;

fn main() -> ExitCode {
    kagimori_desk::main()
}
