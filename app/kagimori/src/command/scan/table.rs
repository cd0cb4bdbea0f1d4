//! The answer as CSV: a row for each place.

use std::io::{self, Write};

use kagimori_terminal::tame::tame_line;

use super::answer::Answer;
use super::json::{state_word, where_word};
use crate::show::csv::Table;

const HEADER: [&str; 16] = [
    "uid", "severity", "verdict", "kind", "name", "account", "user", "secret", "system", "path", "in",
    "line", "column", "written", "waived", "expires",
];

pub(super) fn write(answer: &Answer<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::begin(out, false, &HEADER)?;
    for judged in &answer.findings {
        let finding = &judged.finding;
        for (held, place) in &finding.places {
            let written: Vec<&str> = held.written.iter().map(|written| written.word()).collect();
            table.row(&[
                finding.uid.clone(),
                finding.severity.word().to_owned(),
                finding.verdict.word().to_owned(),
                finding.kind.word().to_owned(),
                finding.name.clone(),
                finding.account.map(|account| account.to_string()).unwrap_or_default(),
                finding.owner.as_ref().map(|owner| owner.user.clone()).unwrap_or_default(),
                state_word(&finding.secret).to_owned(),
                answer.system(place.system).to_owned(),
                // a CSV is looked at in a terminal, too
                tame_line(&place.path),
                where_word(&place.at).to_owned(),
                held.line.to_string(),
                held.column.to_string(),
                written.join(" > "),
                judged.waiver.map(|waiver| waiver.owner.clone()).unwrap_or_default(),
                finding.expires.map(|end| end.to_string()).unwrap_or_default(),
            ])?;
        }
    }
    table.end()
}
