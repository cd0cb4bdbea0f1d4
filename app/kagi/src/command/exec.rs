//! `kagi exec`: this process becomes the command, so signals, the terminal and the exit code are its own.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use super::environment::{self, Style};
use super::target::with_broker;
use crate::args;
use crate::context::Caller;
use crate::error::KagiError;
use crate::log;

/// `kagi exec`
pub(crate) fn run(arguments: &args::Exec) -> Result<ExitCode, KagiError> {
    let style = Style { env_keys: arguments.env_keys, keep_metadata: arguments.keep_metadata };
    with_broker(&arguments.target, Some(&arguments.elevation), Caller::Person, |broker| {
        let session = broker.obtain()?;
        let changes = environment::of(broker, &session, style)?;
        let Some((program, rest)) = arguments.command.split_first() else {
            return Err(KagiError::argument("there is no command", "write it after `--`"));
        };
        let mut command = Command::new(program);
        command.args(rest);
        for name in changes.unset {
            command.env_remove(name);
        }
        command.envs(changes.set);
        log::used(broker, "exec", &session, Some(program.to_string_lossy().into_owned()));
        let source = command.exec();
        Err(KagiError::Run { command: program.to_string_lossy().into_owned(), source })
    })
}
