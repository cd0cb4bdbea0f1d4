//! What to do when the journal says no: the desk's own words, for `kagimori apply` writes journals of its own with others.

use kagimori_journal::JournalError;

/// For whoever runs the desk.
pub(crate) fn of_journal(error: &JournalError) -> &'static str {
    match error {
        JournalError::NotThere(_) => {
            "`kagimori-desk found` makes it; look at `data` or `store` in desk.toml if there was one"
        }
        JournalError::Busy { .. } => {
            "one process writes it: stop the desk that runs (`kagimori-desk serve`) first; of a host that is gone the hold ends by itself"
        }
        JournalError::Lost { .. } => "stop this desk: another one writes the log now",
        JournalError::ReadOnly { .. } => {
            "let the user of the desk write the file and its folder, and try again"
        }
        JournalError::Full(_) => "make room on the disk, and try again",
        JournalError::Damaged { .. } => {
            "release nothing and keep the file; put the last good copy aside and in its place, and run `kagimori-desk restore-check` on it"
        }
        JournalError::NotOurs(_) => {
            "look at `data` and `store` in desk.toml, or at what you named: it is no log of a desk"
        }
        other => other.hint(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn no_hint_of_the_desk_is_of_another_program() {
        let path = || PathBuf::from("/var/lib/desk/journal.db");
        let why = || "why".to_owned();
        for error in [
            JournalError::NotThere(path()),
            JournalError::Busy { until: jiff::Timestamp::UNIX_EPOCH, holder: why() },
            JournalError::Lost { holder: why() },
            JournalError::ReadOnly { path: path(), why: why() },
            JournalError::Full(path()),
            JournalError::Damaged { path: path(), what: why() },
            JournalError::NotOurs(path()),
            JournalError::Newer { path: path(), version: 9, ours: 1 },
            JournalError::EntryTooLong(1),
            JournalError::Broken { path: path(), why: why() },
            JournalError::Moved { here: 1, there: 2 },
            JournalError::Server { server: why(), why: why() },
            JournalError::Unknown { server: why(), why: why() },
        ] {
            let hint = of_journal(&error);
            for other in ["AWS", "kagimori apply", "aws ", "--dir", "kagimori plan"] {
                assert!(!hint.contains(other), "{error}: {hint}");
            }
        }
    }
}
