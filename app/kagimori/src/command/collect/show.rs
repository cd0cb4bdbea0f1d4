//! What a person is told of a collection.

use std::fmt::Write as _;
use std::path::Path;

use kagimori_terminal::schema::Schema;
use serde::Serialize;

use super::{Collected, Outcome};
use crate::show::numbers::counted;

/// Names of a list that are printed.
const SHOWN_MAX: usize = 5;

/// The answer in JSON.
#[derive(Debug, Serialize)]
pub(super) struct Output<'a> {
    schema: Schema,
    accounts: &'a [Collected],
}

impl<'a> Output<'a> {
    pub(super) fn of(accounts: &'a [Collected]) -> Self {
        Self { schema: Schema { name: "kagimori.collect", version: 1 }, accounts }
    }
}

/// One account in a line.
pub(super) fn line(account: &Collected) -> String {
    let name = if account.name.is_empty() { String::new() } else { format!(" ({})", account.name) };
    let mut line = format!("{}{name}: ", account.account);
    let missing = || {
        let mut list = account.missing.iter().take(SHOWN_MAX).cloned().collect::<Vec<_>>().join("; ");
        if account.missing.len() > SHOWN_MAX {
            let _ = write!(list, "; and {} more", account.missing.len() - SHOWN_MAX);
        }
        list
    };
    let _ = match account.outcome {
        Outcome::Complete => write!(line, "{}, all answered", counted(account.calls, "call")),
        Outcome::Partial => {
            write!(line, "{}, not all answered: {}", counted(account.calls, "call"), missing())
        }
        Outcome::Failed => write!(line, "failed: {}", missing()),
        Outcome::Skipped => write!(line, "skipped: {}", missing()),
        Outcome::Kept => write!(line, "kept: it was collected whole in the last 24 hours"),
    };
    if account.left_out > 0 {
        let who = counted(account.left_out, "user or role");
        let _ = write!(line, "; {} beyond --last-accessed", who.replace("user or roles", "users and roles"));
    }
    if let Some(at) = account.report_generated {
        let _ = write!(line, "; credential report of {at}");
    }
    line
}

/// All of them, and what to do next.
pub(super) fn text(accounts: &[Collected], dir: &Path) -> String {
    let mut text = String::new();
    for account in accounts {
        let _ = writeln!(text, "{}", line(account));
    }
    let is_there =
        accounts.iter().any(|account| !matches!(account.outcome, Outcome::Failed | Outcome::Skipped));
    if is_there {
        let _ = writeln!(text, "\nNext: `kagimori review {}`", dir.display());
    }
    text
}
