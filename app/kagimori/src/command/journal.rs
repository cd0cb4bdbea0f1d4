//! `kagimori journal verify` and `journal show`.

mod show;

pub(crate) use show::bytes;

use kagimori_journal::{Head, Journal};
use kagimori_plan::apply::Turn;
use kagimori_retire::{Book, Entry};
use kagimori_terminal::printer;

use crate::args::{Format, JournalCommand, JournalShow, JournalVerify};
use crate::error::AppError;
use crate::exit::Exit;

/// Runs the command.
pub(crate) fn run(command: &JournalCommand) -> Result<Exit, AppError> {
    match command {
        JournalCommand::Verify(args) => verify(args),
        JournalCommand::Show(args) => show(args),
    }
}

fn verify(args: &JournalVerify) -> Result<Exit, AppError> {
    let journal = Journal::open(&Journal::path_in(&args.dir))?;
    let known = match (args.size, &args.root) {
        (Some(size), Some(root)) => Some(Head { size, root: show::root(root)? }),
        _ => None,
    };
    let verified = journal.verify(known)?;
    // What the entries say is read, too: one that nobody can read is no record.
    let entries = journal.entries()?;
    for (index, entry) in entries.iter().enumerate() {
        Turn::read(index, &entry.bytes)?;
    }
    Book::of(entries.iter().map(|entry| entry.bytes.as_slice()))?;
    match args.format {
        Format::Human => printer::text(&show::verified(&verified))?,
        Format::Json => printer::json(&show::verified_json(&verified))?,
    }
    Ok(Exit::Clean)
}

fn show(args: &JournalShow) -> Result<Exit, AppError> {
    let journal = Journal::open(&Journal::path_in(&args.dir))?;
    let wanted = args.plan.as_deref().map(str::to_ascii_lowercase).unwrap_or_default();
    let (mut turns, mut retired) = (Vec::new(), Vec::new());
    for (index, entry) in journal.entries()?.iter().enumerate() {
        if let Some(turn) = Turn::read(index, &entry.bytes)?.filter(|turn| turn.plan.starts_with(&wanted)) {
            turns.push((index, turn));
        }
        // Of one plan alone: what its retirement does is told by `retire status`.
        if let Some(entry) = Entry::read(index, &entry.bytes)?.filter(|_| wanted.is_empty()) {
            retired.push((index, entry));
        }
    }
    match args.format {
        Format::Human => printer::text(&show::turns(&turns, &retired))?,
        Format::Json => printer::json(&show::turns_json(&journal, &turns, &retired)?)?,
    }
    Ok(Exit::Clean)
}
