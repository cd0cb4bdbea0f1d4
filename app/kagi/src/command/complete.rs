//! Completion and manual pages: the shells ask `kagi complete`, which knows commands, options and profiles.

use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;
use kagimori_session::profile::ProfileFiles;
use kagimori_terminal::printer;

use crate::args::{self, Args, CompletionShell};
use crate::context::Texts;
use crate::error::KagiError;
use crate::place::Places;

const BASH: &str = r#"_kagi() {
    local cur="${COMP_WORDS[COMP_CWORD]}" IFS=$'\n'
    if declare -F _get_comp_words_by_ref >/dev/null; then _get_comp_words_by_ref -n : cur; fi
    COMPREPLY=($(kagi complete -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$cur" 2>/dev/null))
    if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
complete -o default -F _kagi kagi
"#;

const ZSH: &str = r#"#compdef kagi
_kagi() {
    local -a found
    found=("${(@f)$(kagi complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if (( ${#found} )) && [[ -n "${found[1]}" ]]; then compadd -- "${found[@]}"; else _default; fi
}
compdef _kagi kagi
"#;

const FISH: &str = r#"complete -c kagi -f -a '(kagi complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
"#;

/// `kagi completions`
pub(crate) fn script(arguments: &args::Completions) -> Result<ExitCode, KagiError> {
    printer::data(match arguments.shell {
        CompletionShell::Bash => BASH,
        CompletionShell::Zsh => ZSH,
        CompletionShell::Fish => FISH,
    })?;
    Ok(ExitCode::SUCCESS)
}

/// `kagi complete`
pub(crate) fn run(arguments: &args::Complete) -> Result<ExitCode, KagiError> {
    let found = candidates(&arguments.words, profiles);
    printer::data(&found.iter().map(|name| format!("{name}\n")).collect::<String>())?;
    Ok(ExitCode::SUCCESS)
}

/// A key press must never end in an error text.
fn profiles() -> Vec<String> {
    let texts = Places::find().and_then(|places| Texts::read(&places));
    let Ok(texts) = texts else { return Vec::new() };
    ProfileFiles::scan(&texts.config, &texts.credentials).names().into_iter().collect()
}

fn candidates(words: &[String], profiles: impl FnOnce() -> Vec<String>) -> Vec<String> {
    let Some((prefix, before)) = words.split_last() else { return Vec::new() };
    let root = Args::command();
    let visible = root.get_subcommands().filter(|command| !command.is_hide_set());
    let found: Vec<String> = match before.first() {
        None => visible.map(|command| command.get_name().to_owned()).collect(),
        Some(_) if before.iter().any(|word| word == "--") => Vec::new(),
        Some(name) => {
            let command = root.get_subcommands().find(|command| {
                command.get_name() == name || command.get_all_aliases().any(|alias| alias == name)
            });
            match command {
                None => Vec::new(),
                Some(command) if command.has_subcommands() => match before.get(1..) {
                    Some([name, ..]) => match command.find_subcommand(name) {
                        Some(command) => of_command(command, before, prefix, profiles),
                        None => Vec::new(),
                    },
                    _ => command.get_subcommands().map(|command| command.get_name().to_owned()).collect(),
                },
                Some(command) => of_command(command, before, prefix, profiles),
            }
        }
    };
    found.into_iter().filter(|name| name.starts_with(prefix.as_str())).collect()
}

fn of_command(
    command: &clap::Command,
    before: &[String],
    prefix: &str,
    profiles: impl FnOnce() -> Vec<String>,
) -> Vec<String> {
    let values = |argument: &clap::Arg| -> Vec<String> {
        argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect()
    };
    let named = |word: &str| {
        let name = word.strip_prefix("--")?;
        command.get_arguments().find(|argument| argument.get_long() == Some(name))
    };
    let waiting = before.last().and_then(|word| named(word)).filter(|it| it.get_action().takes_values());
    if let Some(option) = waiting {
        return if option.get_id() == "source" { profiles() } else { values(option) };
    }
    if prefix.starts_with('-') {
        let shown = command.get_arguments().filter(|argument| !argument.is_hide_set());
        return shown.filter_map(|argument| argument.get_long()).map(|name| format!("--{name}")).collect();
    }
    match command.get_positionals().next() {
        Some(first) if first.get_id() == "profile" => profiles(),
        Some(first) => values(first),
        None => Vec::new(),
    }
}

/// `kagi man`
pub(crate) fn manual(arguments: &args::Man) -> Result<ExitCode, KagiError> {
    let root = Args::command();
    match &arguments.out {
        None => printer::data(&page(root)?)?,
        Some(folder) => {
            let failed = |source: std::io::Error| {
                KagiError::argument(
                    format!("cannot write into `{}`: {source}", folder.display()),
                    "name a folder that is there and may be written",
                )
            };
            clap_mangen::generate_to(root, folder).map_err(failed)?;
            printer::note(&format!("wrote the manual pages into {}", folder.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn page(command: clap::Command) -> Result<String, KagiError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|source| KagiError::write(Path::new("the manual page"), source))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(words: &[&str]) -> Vec<String> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        candidates(&words, || vec!["dev".to_owned(), "prod".to_owned()])
    }

    #[test]
    fn what_can_come_next() {
        assert_eq!(complete(&["ex"]), ["exec", "explain"]);
        assert_eq!(complete(&["exec", ""]), ["dev", "prod"]);
        assert_eq!(complete(&["sso", ""]), ["profiles"]);
        assert_eq!(complete(&["sso", "profiles", "--n"]), ["--names"]);
        assert_eq!(complete(&["credential-process", "d"]), ["dev"]);
        assert_eq!(complete(&["exec", "--ele"]), ["--elevate"]);
        assert_eq!(complete(&["exec", "--source", "p"]), ["prod"]);
        assert_eq!(complete(&["env", "--shell", "z"]), ["zsh"]);
        assert_eq!(complete(&["completions", ""]), ["bash", "zsh", "fish"]);
        assert!(complete(&["exec", "dev", "--", ""]).is_empty());
        assert!(complete(&["nonsense", ""]).is_empty());
        assert!(!complete(&[""]).contains(&"complete".to_owned()));
    }
}
