//! How the program ends.

use std::process::ExitCode;

/// The exit codes, the same for every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the exit codes are a promise to scripts")]
pub enum Exit {
    /// 0: clean, allowed, done.
    Clean,
    /// 1: there are findings; denied; differs.
    Findings,
    /// 2: it failed, or could not tell.
    Failed,
    /// 3: part of what was given could not be read, was denied or torn; wins over [`Exit::Findings`].
    Incomplete,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Failed => 2,
            Exit::Incomplete => 3,
        })
    }
}
