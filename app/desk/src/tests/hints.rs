//! Hints name commands that there are.

use std::fs;
use std::path::Path;

use clap::CommandFactory as _;

use crate::args::Args;

fn texts(folder: &Path, into: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs" || end == "md" || end == "service") {
            into.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn every_command_that_is_named_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut all = Vec::new();
    for folder in [
        "app/desk/src",
        "app/desk-vault/src",
        "core/custody/src",
        "core/ledger/src",
        "core/sealing/src",
        "packaging",
    ] {
        texts(&root.join(folder), &mut all);
    }
    for page in ["docs/desk.md", "docs/desk.ja.md", "docs/vault.md", "README.md", "README.ja.md"] {
        all.push((page.to_owned(), fs::read_to_string(root.join(page)).unwrap()));
    }
    let commands = Args::command();
    let (mut named, mut missing) = (0, Vec::new());
    for (path, text) in &all {
        for rest in text.split("kagimori-desk ").skip(1) {
            let word: String =
                rest.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '-').collect();
            // `kagimori-desk …` in a sentence goes on with something else than a command between backticks or in a shell.
            let ends = rest.chars().nth(word.len()).is_none_or(|next| matches!(next, '`' | ' ' | '\n' | '"'));
            if word.is_empty() || word.starts_with('-') || !ends {
                continue;
            }
            let is_command = commands.get_subcommands().any(|command| command.get_name() == word);
            let is_prose = ["and", "is", "as", "of", "on", "in", "the", "with"].contains(&word.as_str());
            named += usize::from(is_command);
            if !is_command && !is_prose {
                missing.push(format!("{path}: kagimori-desk {word}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(named > 20, "{named}: the test looks at the wrong place");
}
