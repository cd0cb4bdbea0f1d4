//! `kagi exec`: this process becomes the command, so signals, the terminal and the exit code are its own.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use kagimori_session::route::{Access, Target};
use kagimori_session::value::shown;
use kagimori_terminal::printer;

use super::environment::{self, Style};
use super::shell;
use super::target::with_person;
use crate::args;
use crate::broker::Broker;
use crate::error::KagiError;
use crate::log;
use crate::vault::StoredSession;

/// What is to be got beside the profile: asked for now, while a person is there.
fn others<'c, 'a>(broker: &Broker<'c, 'a>, names: &[String]) -> Result<Vec<Broker<'c, 'a>>, KagiError> {
    let names = names.iter().filter(|name| **name != broker.route.name);
    let get = |name: &String| {
        let route = broker.context.route(&Target::Profile(name.clone()), &Access::Everyday)?;
        let other = Broker::new(broker.context, broker.vault.clone(), route)?;
        if !other.reaches_programs() {
            return Err(KagiError::argument(
                format!(
                    "`{}` cannot be given beside another profile: its source lies in variables",
                    shown(name)
                ),
                "run its command by itself: `kagi exec` hands those variables to no program",
            ));
        }
        other.obtain()?;
        Ok(other)
    };
    names.map(get).collect()
}

/// What the shell may do: that a role is narrowed is seen in refusals only.
fn told(broker: &Broker<'_, '_>, session: &StoredSession) -> String {
    let name = shown(&broker.route.name);
    let may = match (session.elevated, broker.route.narrowed) {
        (true, _) => ", elevated",
        (false, true) => ", reading only (more by `--elevate --reason …`)",
        (false, false) => "",
    };
    format!("a shell as `{name}`{may}; `exit` leaves it")
}

/// `kagi exec`
pub(crate) fn run(arguments: &args::Exec) -> Result<ExitCode, KagiError> {
    let style = Style { env_keys: arguments.env_keys, keep_metadata: arguments.keep_metadata };
    let region = arguments.region.as_deref();
    with_person(region, &arguments.target, Some(&arguments.elevation), |broker| {
        let session = broker.obtain()?;
        let others = others(broker, &arguments.with)?;
        let changes = environment::of(broker, &session, style, &others)?;
        let mut command = match arguments.command.split_first() {
            Some((program, rest)) => {
                let mut command = Command::new(program);
                command.args(rest);
                command
            }
            None => {
                printer::note(&told(broker, &session));
                shell::command(broker)?
            }
        };
        let program = command.get_program().to_string_lossy().into_owned();
        for name in changes.unset {
            command.env_remove(name);
        }
        command.envs(changes.set);
        log::used(broker, "exec", &session, Some(program.clone()));
        let source = command.exec();
        Err(KagiError::Run { command: program, source })
    })
}
