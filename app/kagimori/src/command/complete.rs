//! Completion and manual pages: the shells ask `kagimori complete`, which knows commands, options, their values and the checks.

use std::io;
use std::path::Path;

use clap::CommandFactory;
use kagimori_lake::private::Edition;
use kagimori_lake::regular;
use kagimori_plan::check;
use kagimori_terminal::printer;

use crate::args::{Args, Shell};
use crate::error::AppError;
use crate::exit::Exit;

const BASH: &str = r#"_kagimori() {
    local cur="${COMP_WORDS[COMP_CWORD]}" IFS=$'\n'
    COMPREPLY=($(kagimori complete -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$cur" 2>/dev/null))
}
complete -o default -F _kagimori kagimori
"#;

const ZSH: &str = r#"#compdef kagimori
_kagimori() {
    local -a found
    found=("${(@f)$(kagimori complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if (( ${#found} )) && [[ -n "${found[1]}" ]]; then compadd -- "${found[@]}"; else _default; fi
}
compdef _kagimori kagimori
"#;

const FISH: &str = r#"complete -c kagimori -a '(kagimori complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
"#;

/// `kagimori completions`
pub(super) fn script(shell: Shell) -> Result<Exit, AppError> {
    printer::data(match shell {
        Shell::Bash => BASH,
        Shell::Zsh => ZSH,
        Shell::Fish => FISH,
    })?;
    Ok(Exit::Clean)
}

/// `kagimori complete`
pub(super) fn run(words: &[String]) -> Result<Exit, AppError> {
    printer::data(&candidates(words).iter().map(|name| format!("{name}\n")).collect::<String>())?;
    Ok(Exit::Clean)
}

fn candidates(words: &[String]) -> Vec<String> {
    let Some((prefix, before)) = words.split_last() else { return Vec::new() };
    let root = Args::command();
    let mut command = &root;
    for word in before {
        if let Some(found) = command.get_subcommands().find(|sub| sub.get_name() == word) {
            command = found;
        }
    }
    let found = of_command(command, &root, before, prefix);
    found.into_iter().filter(|name| name.starts_with(prefix.as_str())).collect()
}

fn of_command(command: &clap::Command, root: &clap::Command, before: &[String], prefix: &str) -> Vec<String> {
    let values = |argument: &clap::Arg| -> Vec<String> {
        argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect()
    };
    let arguments = || command.get_arguments().chain(root.get_arguments().filter(|of| of.is_global_set()));
    let named = |word: &String| {
        let name = word.strip_prefix("--")?;
        arguments().find(|argument| argument.get_long() == Some(name))
    };
    let waiting = before.last().and_then(named).filter(|argument| argument.get_action().takes_values());
    if let Some(option) = waiting {
        return values(option);
    }
    if prefix.starts_with('-') {
        let shown = arguments().filter(|argument| !argument.is_hide_set());
        return shown.filter_map(|argument| argument.get_long()).map(|name| format!("--{name}")).collect();
    }
    if command.has_subcommands() {
        let shown = command.get_subcommands().filter(|sub| !sub.is_hide_set());
        return shown.map(|sub| sub.get_name().to_owned()).collect();
    }
    if command.get_name() == "explain" {
        return check::catalogue().iter().map(|check| check.id.clone()).collect();
    }
    if command.get_name() == "test" {
        return channels(Path::new("."));
    }
    command.get_positionals().next().map(values).unwrap_or_default()
}

/// The channels of a directory's settings; none where there are none, or they cannot be read.
fn channels(directory: &Path) -> Vec<String> {
    let text = regular::text(&directory.join("kagimori.toml")).unwrap_or_default();
    let settings = kagimori_plan::Settings::parse(&text).unwrap_or_default();
    settings.channels.into_keys().collect()
}

/// `kagimori man`
pub(super) fn manual(folder: Option<&Path>) -> Result<Exit, AppError> {
    let root = Args::command();
    match folder {
        None => printer::data(&page(root)?)?,
        Some(folder) => {
            pages(root, folder).map_err(|source| AppError::write(folder, source))?;
            printer::note(&format!("wrote the manual pages into {}", folder.display()));
        }
    }
    Ok(Exit::Clean)
}

/// Writes the page of every command.
fn pages(root: clap::Command, folder: &Path) -> io::Result<()> {
    let edition = Edition::begin(folder)?;
    let mut root = root.disable_help_subcommand(true);
    root.build();
    let mut left = vec![root];
    while let Some(command) = left.pop() {
        left.extend(command.get_subcommands().filter(|below| !below.is_hide_set()).cloned());
        let page = clap_mangen::Man::new(command);
        edition.write(page.get_filename(), |mut out| page.render(&mut out))?;
    }
    edition.publish()
}

fn page(command: clap::Command) -> Result<String, AppError> {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(command).render(&mut page);
    rendered.map_err(|source| AppError::write(Path::new("the manual page"), source))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{candidates, channels};

    fn asked(words: &[&str]) -> Vec<String> {
        candidates(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn commands_options_values_and_checks_are_known() {
        assert!(asked(&["re"]).contains(&"review".to_owned()));
        assert_eq!(asked(&["ask", "who"]), ["who-can"]);
        assert_eq!(asked(&["review", "--lang", "j"]), Vec::<String>::new());
        assert_eq!(asked(&["review", "--language", "j"]), ["ja"]);
        assert!(asked(&["review", "--ag"]).contains(&"--against".to_owned()));
        assert!(asked(&["review", "--qu"]).contains(&"--quiet".to_owned()));
        assert_eq!(asked(&["explain", "mfa-console"]), ["mfa-console-user"]);
        assert!(!asked(&[""]).contains(&"complete".to_owned()), "hidden");
        assert!(asked(&[]).is_empty());
        assert_eq!(asked(&["notify", "d"]), ["deliver"]);
        assert_eq!(asked(&["notify", "test", ""]), Vec::<String>::new(), "no settings are here");
    }

    #[test]
    fn channels_are_those_of_the_settings() {
        let folder = std::env::temp_dir().join(format!("kagimori-complete-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let toml = "[channels.sre]\nkind = 'slack'\naddress = 'env:U'\n[channels.boss]\nkind = 'teams'\naddress = 'env:T'\n";
        std::fs::write(folder.join("kagimori.toml"), toml).unwrap();
        let found = channels(&folder);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found, ["boss", "sre"]);
    }
}
