//! `kagi exec`: this process becomes the command, so signals, the terminal and the exit code are its own.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use super::environment::{self, Style};
use super::target::with_broker;
use crate::args;
use crate::broker::Broker;
use crate::context::Caller;
use crate::error::KagiError;
use crate::log;
use crate::vault::StoredSession;

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
        write_down(broker, &session, &program.to_string_lossy());
        let source = command.exec();
        Err(KagiError::Run { command: program.to_string_lossy().into_owned(), source })
    })
}

/// The program's name is written down, its arguments are not: they may hold secrets.
fn write_down(broker: &Broker<'_, '_>, session: &StoredSession, program: &str) {
    log::append(
        &broker.vault,
        log::Event {
            role: session.role.clone(),
            access_key_id: Some(session.access_key_id.clone()),
            elevated: session.elevated,
            reason: broker.route.reason.clone(),
            message: Some(program.to_owned()),
            ..log::event("exec", &broker.route.name, broker.now())
        },
    );
}
