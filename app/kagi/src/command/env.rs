//! `kagi env`: lines that set a shell to a profile.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use kagimori_terminal::printer;

use super::environment::{self, Changes, Style};
use super::target::with_person;
use crate::args::{self, Shell};
use crate::error::KagiError;
use crate::log;
use crate::place::variable;

/// `kagi env`
pub(crate) fn run(arguments: &args::Env) -> Result<ExitCode, KagiError> {
    let shell = arguments.shell.unwrap_or_else(own_shell);
    let changes = if arguments.unset {
        environment::none()
    } else {
        let style = Style { env_keys: arguments.env_keys, keep_metadata: arguments.keep_metadata };
        with_person(None, &arguments.target, Some(&arguments.elevation), |broker| {
            let session = broker.obtain()?;
            log::used(broker, "env", &session, None);
            environment::of(broker, &session, style, &[])
        })?
    };
    printer::data(&lines(&changes, shell))?;
    if std::io::stdout().is_terminal() {
        printer::note(&format!("these lines change nothing until the shell reads them: {}", reading(shell)));
    }
    Ok(ExitCode::SUCCESS)
}

/// How a shell takes the lines.
fn reading(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash | Shell::Zsh => "`eval \"$(kagi env …)\"`, or `kagi use …` after `eval \"$(kagi hook)\"`",
        Shell::Fish => "`kagi env … | source`",
        Shell::Pwsh => "`kagi env … | Out-String | Invoke-Expression`",
    }
}

fn own_shell() -> Shell {
    let shell = variable("SHELL").unwrap_or_default();
    match Path::new(&shell).file_name().and_then(|name| name.to_str()) {
        Some("zsh") => Shell::Zsh,
        Some("fish") => Shell::Fish,
        Some("pwsh") => Shell::Pwsh,
        _ => Shell::Bash,
    }
}

fn lines(changes: &Changes, shell: Shell) -> String {
    let unset = changes.unset.iter().map(|name| match shell {
        Shell::Bash | Shell::Zsh => format!("unset {name}\n"),
        Shell::Fish => format!("set -e {name}\n"),
        Shell::Pwsh => format!("Remove-Item Env:{name} -ErrorAction SilentlyContinue\n"),
    });
    let set = changes.set.iter().map(|(name, value)| match shell {
        Shell::Bash | Shell::Zsh => format!("export {name}='{}'\n", value.replace('\'', "'\\''")),
        Shell::Fish => format!("set -gx {name} '{}'\n", value.replace('\\', "\\\\").replace('\'', "\\'")),
        Shell::Pwsh => format!("$env:{name} = '{}'\n", value.replace('\'', "''")),
    });
    unset.chain(set).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_for_each_shell() {
        let changes = Changes { unset: vec!["A"], set: vec![("B", "it's $x \\".to_owned())] };
        let cases = [
            (Shell::Bash, "unset A\nexport B='it'\\''s $x \\'\n"),
            (Shell::Fish, "set -e A\nset -gx B 'it\\'s $x \\\\'\n"),
            (Shell::Pwsh, "Remove-Item Env:A -ErrorAction SilentlyContinue\n$env:B = 'it''s $x \\'\n"),
        ];
        for (shell, expected) in cases {
            assert_eq!(lines(&changes, shell), expected);
        }
    }
}
