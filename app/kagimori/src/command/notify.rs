//! `kagimori notify test`, `status` and `deliver`. Whoever acts calls [`deliver::round`] when it is done: letters never hold it up.

pub(crate) mod deliver;
mod show;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use kagimori_journal::{Closed, Journal, Letter, Outbox};
use kagimori_notice::{Notice, Outcome, TEST_KIND, Terms, letter_id};
use kagimori_notify::{Dispatch, Notifier};
use kagimori_terminal::printer;

use crate::args::{Format, NotifyCommand, NotifyDeliver, NotifyStatus, NotifyTest};
use crate::directory::Directory;
use crate::error::AppError;
use crate::exit::Exit;

/// Runs the command.
pub(crate) fn run(command: &NotifyCommand) -> Result<Exit, AppError> {
    match command {
        NotifyCommand::Test(args) => test(args),
        NotifyCommand::Status(args) => status(args),
        NotifyCommand::Deliver(args) => deliver(args),
    }
}

fn notifier(directory: &Path) -> Result<Notifier, AppError> {
    let settings = Directory::open(directory)?.settings()?;
    Ok(Notifier::new(settings.channels, directory.to_owned()))
}

fn test(args: &NotifyTest) -> Result<Exit, AppError> {
    let notifier = notifier(&args.dir)?;
    if !notifier.channels().contains_key(&args.channel) {
        return Err(unknown(&args.channel, &notifier));
    }
    let now = Timestamp::now();
    let facts = BTreeMap::from([
        ("channel", args.channel.clone()),
        ("by", who()),
        ("at", Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()),
    ]);
    let notice = Notice::read(&Notice::body(TEST_KIND, &facts));
    // A test is a letter of no journal, and no two are the same.
    let id = letter_id(&[0; 32], now.as_microsecond(), &args.channel);
    let dispatch = Dispatch { id, notice: &notice, written: Some(now), is_again: false };
    if args.dry_run {
        return dry_run(args, &notifier, &dispatch);
    }
    let outcome = notifier.send(&args.channel, &dispatch, Duration::from_secs(args.each.into()), now);
    let opened = matches!(outcome, Outcome::Taken(_)) && opened(args)?;
    match args.format {
        Format::Human => printer::text(&show::tested(&args.channel, &outcome, opened))?,
        Format::Json => printer::json(&show::tested_json(&args.channel, &dispatch.id, &outcome, opened))?,
    }
    match outcome {
        Outcome::Taken(_) => Ok(Exit::Clean),
        Outcome::Failed { why, cause } => {
            let what = format!("the channel `{}` did not take it: {why}", args.channel);
            printer::failure(&what, show::hint(cause));
            Ok(Exit::Failed)
        }
    }
}

fn dry_run(args: &NotifyTest, notifier: &Notifier, dispatch: &Dispatch<'_>) -> Result<Exit, AppError> {
    let Some(payload) = notifier.payload(&args.channel, dispatch) else {
        return Err(unknown(&args.channel, notifier));
    };
    match args.format {
        Format::Human => printer::text(&show::payload(&payload))?,
        Format::Json => printer::json(&show::payload_json(&args.channel, &dispatch.id, &payload))?,
    }
    Ok(Exit::Clean)
}

/// A channel that takes a test takes letters.
fn opened(args: &NotifyTest) -> Result<bool, AppError> {
    let path = Journal::path_in(&args.dir);
    if path.is_file() { Ok(Outbox::open(&path)?.reopen(&args.channel)?) } else { Ok(false) }
}

fn status(args: &NotifyStatus) -> Result<Exit, AppError> {
    let notifier = notifier(&args.dir)?;
    let path = Journal::path_in(&args.dir);
    let (letters, closed): (Vec<Letter>, Vec<Closed>) = if path.is_file() {
        let journal = Journal::open(&path)?;
        (journal.waiting()?, journal.closed()?)
    } else {
        (Vec::new(), Vec::new())
    };
    let status = show::Status::of(&notifier, &letters, &closed, Timestamp::now());
    match args.format {
        Format::Human => printer::text(&status.text())?,
        Format::Json => printer::json(&status)?,
    }
    Ok(if status.is_clean() { Exit::Clean } else { Exit::Findings })
}

fn deliver(args: &NotifyDeliver) -> Result<Exit, AppError> {
    let notifier = notifier(&args.dir)?;
    let terms = Terms { seconds: args.within, seconds_each: args.each };
    let delivered = deliver::round(&args.dir, &notifier, terms, args.all)?;
    match args.format {
        Format::Human => printer::text(&delivered.text())?,
        Format::Json => printer::json(&delivered)?,
    }
    if delivered.is_clean() {
        return Ok(Exit::Clean);
    }
    printer::note(
        "what was not taken is kept: `kagimori notify status` tells why, and when it is tried again",
    );
    Ok(Exit::Findings)
}

fn unknown(name: &str, notifier: &Notifier) -> AppError {
    let names: Vec<_> = notifier.channels().keys().map(String::as_str).collect();
    let hint = match kagimori_id::nearest(name, names.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`? `kagimori notify status` lists them all"),
        None if names.is_empty() => {
            "write a table `[channels.NAME]` into kagimori.toml; the book's page on notifying has one of every kind".to_owned()
        }
        None => "`kagimori notify status` lists them all".to_owned(),
    };
    AppError::Argument {
        message: format!("kagimori.toml has no channel `{}`", kagimori_notice::tamed(name, 40)),
        hint,
    }
}

/// The person and the host, as the system tells them.
fn who() -> String {
    let person =
        std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "somebody".to_owned());
    format!("{person}@{}", rustix::system::uname().nodename().to_string_lossy())
}

#[cfg(test)]
mod tests {
    use kagimori_notice::Notice;
    use kagimori_retire::Kind;

    /// Whatever a retirement tells has a text in both languages.
    #[test]
    fn every_kind_of_a_retirement_has_a_text() {
        let all = [
            Kind::BeforeOff,
            Kind::Off,
            Kind::On,
            Kind::Interrupted,
            Kind::Needed,
            Kind::Aborted,
            Kind::Protected,
            Kind::Drifted,
            Kind::DeleteDue,
            Kind::Deleted,
            Kind::Trouble,
            Kind::OnFailed,
        ];
        for kind in all {
            // Whoever adds a kind adds it above.
            match kind {
                Kind::BeforeOff | Kind::Off | Kind::On | Kind::Interrupted | Kind::Needed | Kind::Aborted => {
                }
                Kind::Protected
                | Kind::Drifted
                | Kind::DeleteDue
                | Kind::Deleted
                | Kind::Trouble
                | Kind::OnFailed => {}
            }
            let notice = Notice::read(&Notice::body(kind.word(), &std::collections::BTreeMap::new()));
            assert!(notice.has_text(), "{}", kind.word());
        }
    }
}
