//! `doctor`: is the log whole, does the vault answer, does the witness agree, is the clock right? Reads only; the desk may run meanwhile.

use std::path::Path;

use kagimori_custody::{LEAST_SOURCES, Leaf, MOST_OFFSET_MS, State};
use kagimori_journal::{Journal, Place};
use kagimori_ledger::epoch::of_origin;
use kagimori_ledger::{Checkpoint, Hash, Tree};
use kagimori_terminal::printer;

use super::{Done, open, told};
use crate::outside;
use crate::settings::Settings;

/// A log, read and folded.
pub(crate) struct Read {
    pub(crate) state: State,
    pub(crate) tree: Tree,
}

/// Looks at everything.
///
/// # Errors
/// When something is wrong; each is said as it is found.
pub(crate) fn run(settings: &Path) -> Done {
    let settings = open::settings(settings)?;
    let mut troubles = 0_usize;
    let mut say = |what: &str, found: Result<String, String>| match found {
        Ok(words) => printer::note(&format!("well      {what}: {words}")),
        Err(why) => {
            troubles = troubles.saturating_add(1);
            printer::warning(&format!("{what}: {why}"));
        }
    };
    let log = read(&settings.store);
    say(
        "log",
        log.as_ref()
            .map(|log| format!("{} entries in {}, folded", log.tree.size(), settings.store))
            .map_err(Clone::clone),
    );
    if let Ok(log) = &log {
        say(
            "policy",
            log.state
                .policy()
                .map(|policy| policy.version().short())
                .ok_or_else(|| "the desk is not founded: `kagimori-desk found`".to_owned()),
        );
        say("witness", seen(&settings, log).and_then(|seen| compared(log, seen.as_ref())));
    }
    say("clock", clock(&settings));
    if let Some(listener) = &settings.operator_listener {
        say(
            "operators' door",
            listener.tls().map(|_| "its certificates are read".to_owned()).map_err(|(what, _)| what),
        );
    }
    say(
        "vault",
        std::os::unix::net::UnixStream::connect(&settings.vault)
            .map(|_| "it listens".to_owned())
            .map_err(|error| format!("`{}`: {error}", settings.vault.display())),
    );
    match troubles {
        0 => Ok(()),
        troubles => Err(told(
            format!("{troubles} things are not as they should be"),
            "docs/desk.md says for each what to do",
        )),
    }
}

/// Reads a journal: every hash, every leaf, the fold.
pub(crate) fn read(place: impl Into<Place>) -> Result<Read, String> {
    let journal = Journal::open(place).map_err(|error| error.to_string())?;
    journal.verify(None).map_err(|error| error.to_string())?;
    let (mut state, mut tree) = (State::default(), Tree::new());
    for entry in journal.entries().map_err(|error| error.to_string())? {
        let leaf = Leaf::parse(&entry.bytes).map_err(|error| error.to_string())?;
        state.fold_one(&leaf).map_err(|error| error.to_string())?;
        tree.append(Hash::leaf(&entry.bytes));
    }
    Ok(Read { state, tree })
}

/// What the witness has seen last of this log, or of a later epoch of it; `None`: nothing yet.
pub(crate) fn seen(settings: &Settings, log: &Read) -> Result<Option<Checkpoint>, String> {
    Ok(seen_note(settings, log)?.map(|(_, checkpoint)| checkpoint))
}

/// The same, with the note that says so: signed by the log, cosigned by the witness.
pub(crate) fn seen_note(settings: &Settings, log: &Read) -> Result<Option<(String, Checkpoint)>, String> {
    let publisher = open::publisher(settings).map_err(|(what, _)| what)?;
    publisher.seen(&settings.log_name(), log.state.epoch())
}

/// Whether a log is the one that the witness has seen, and not an older one.
pub(crate) fn compared(log: &Read, seen: Option<&Checkpoint>) -> Result<String, String> {
    let (size, epoch) = (log.tree.size(), log.state.epoch());
    let Some(seen) = seen else { return Ok("it has seen nothing of this log yet".to_owned()) };
    let (_, seen_epoch) = of_origin(seen.origin());
    if seen_epoch > epoch {
        return Err(format!(
            "ROLLED BACK: the witness knows epoch {seen_epoch} of the log, and here is epoch {epoch}"
        ));
    }
    if seen.size() > size {
        let missing = seen.size().saturating_sub(size);
        return Err(format!(
            "ROLLED BACK: the witness has seen {} entries, and here are {size}: {missing} are missing",
            seen.size()
        ));
    }
    match log.tree.root_at(seen.size()) {
        Ok(root) if root == *seen.root() => {
            Ok(format!("it has seen {} of {size} entries, and they are these", seen.size()))
        }
        _ => Err(format!(
            "ANOTHER HISTORY: the first {} entries are not those that the witness has seen",
            seen.size()
        )),
    }
}

fn clock(settings: &Settings) -> Result<String, String> {
    let witness = settings.witness.iter().map(|witness| &witness.address);
    let offsets: Vec<i64> = witness
        .chain(&settings.clocks)
        .filter_map(|address| outside::offset_ms(address, jiff::Timestamp::now))
        .collect();
    if offsets.len() < LEAST_SOURCES {
        return Err(format!(
            "{} other clocks answer, and {LEAST_SOURCES} have to: no code is released; see `clocks` in desk.toml",
            offsets.len()
        ));
    }
    match offsets.iter().find(|offset| offset.unsigned_abs() > MOST_OFFSET_MS) {
        Some(offset) => Err(format!(
            "it is {offset} ms from another: set it right (chrony); no code is released until then"
        )),
        None => Ok(format!("{} others agree", offsets.len())),
    }
}
