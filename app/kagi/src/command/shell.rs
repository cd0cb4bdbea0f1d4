//! The shell that `kagi exec` runs when no command is named: the person's own, marked in the prompt where that is bash's.

use std::path::Path;
use std::process::Command;

use super::environment::run_file;
use crate::broker::Broker;
use crate::error::KagiError;
use crate::place::variable;

/// The person's settings first, then the mark. bash expands the variable at each prompt, so that `kagi use` in this shell
/// shows too.
const BASHRC: &str = r#"[ -r ~/.bashrc ] && . ~/.bashrc
PS1='(${KAGI_PROFILE:-no profile}${KAGI_UNTIL:+ until $KAGI_UNTIL}) '"$PS1"
"#;

/// The shell, ready to be run.
pub(crate) fn command(broker: &Broker<'_, '_>) -> Result<Command, KagiError> {
    let shell = variable("SHELL").unwrap_or_else(|| "/bin/sh".to_owned());
    let mut command = Command::new(&shell);
    if Path::new(&shell).file_name().is_some_and(|name| name == "bash") {
        command.arg("--rcfile").arg(run_file(broker, "bashrc", BASHRC)?).arg("-i");
    }
    Ok(command)
}
