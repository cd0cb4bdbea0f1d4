//! `kagimori retire`: keys that go in stages. The core decides; this has the journal, the way to AWS, the clock and the person.

mod drive;
mod known;
mod page;
mod panicking;
mod policy;
mod show;
mod start;
mod status;
mod suggest;
mod terraform;
mod tick;
mod told;
mod zone;

use std::path::Path;
use std::sync::Arc;

use kagimori_id::AccessKeyId;
use kagimori_journal::{Journal, JournalError};
use kagimori_plan::Plan;
use kagimori_retire::{Book, Start};

use crate::args::RetireCommand;
use crate::error::AppError;
use crate::exit::Exit;

/// Runs the command.
pub(crate) fn run(command: &RetireCommand) -> Result<Exit, AppError> {
    match command {
        RetireCommand::Suggest(args) => suggest::run(args),
        RetireCommand::Start(args) => start::run(args),
        RetireCommand::Tick(args) => tick::run(args),
        RetireCommand::Status(args) => status::run(args),
        RetireCommand::Stop(args) => tick::stop(args),
        RetireCommand::Panic(args) => tick::panic(args),
    }
}

/// The retirements of a journal; none where there is no journal yet.
fn book(dir: &Path) -> Result<Book, AppError> {
    match Journal::open(&Journal::path_in(dir)) {
        Ok(journal) => book_of(&journal),
        Err(JournalError::NotThere(_)) if dir.is_dir() => Ok(Book::default()),
        Err(error) => Err(error.into()),
    }
}

fn book_of(journal: &Journal) -> Result<Book, AppError> {
    let entries = journal.entries()?;
    Ok(Book::of(entries.iter().map(|entry| entry.bytes.as_slice()))?)
}

/// The key of whose retirement a plan is a stage. The journal tells it; where that is lost or cannot be read, the plan's own title does.
pub(crate) fn stage_of(plan: &Plan, entries: &[Vec<u8>]) -> Option<String> {
    let book = Book::of(entries.iter().map(Vec::as_slice)).unwrap_or_default();
    let start = book.all.iter().map(|told| &told.state.start);
    let named =
        |start: &&Arc<Start>| start.offs.iter().chain([&start.delete]).any(|named| named.id == plan.id);
    let key = start.into_iter().find(named).map(|start| start.credential.key.to_string());
    key.or_else(|| titled(&plan.title).map(|(key, _)| key))
}

/// The key and the user of a title that [`start`] gives.
fn titled(title: &str) -> Option<(String, String)> {
    let (key, rest) = title.strip_prefix("retire ")?.split_once(" of ")?;
    let (user, rest) = rest.split_once(": ")?;
    let is_begun = rest.ends_with(')') && rest.contains(" (begun at ");
    AccessKeyId::parse(key).ok().filter(|_| is_begun).map(|key| (key.to_string(), user.to_owned()))
}

/// A key as typed.
fn key(text: &str) -> Result<AccessKeyId, AppError> {
    let wrong = |message: String, hint: &str| AppError::Argument { message, hint: hint.to_owned() };
    let key = AccessKeyId::parse(text)
        .map_err(|error| wrong(error.to_string(), "give the id of an access key, not its secret"))?;
    if !key.as_str().starts_with("AKIA") {
        return Err(wrong(
            format!("`{key}` is the key of a session"),
            "only keys of users are retired; they begin with `AKIA`",
        ));
    }
    Ok(key)
}
