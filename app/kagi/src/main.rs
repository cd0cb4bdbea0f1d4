//! `kagi`: the credential broker every engineer carries.

use std::process::ExitCode;

fn main() -> ExitCode {
    kagi::main()
}
