//! The summary on the terminal, in English or Japanese: the verdict first, then worst first, then what could not be told.
//!
//! A total says of how many accounts it is: what is not known is no 0.

mod tables;
mod words;

use std::fmt::Write;
use std::path::Path;

use kagimori_plan::check::{self, Check};
use kagimori_plan::review::{AccountRow, AccountState};
use kagimori_plan::sentence::Language;
use kagimori_plan::verdict::{Outcome, Severity, Verdict};
use kagimori_terminal::style::{BOLD, CYAN, DIM, GREEN, RED_BOLD as RED, YELLOW};
use kagimori_terminal::width::{pad, width};

use self::words::Words;
use super::ReportInput;
use crate::show::numbers::thousands;

/// How wide a line may be, in columns.
const WIDTH: usize = 100;
/// How many checks, resources and problems are shown before "and n more".
const CHECKS_MAX: usize = 20;
const RESOURCES_MAX: usize = 4;
/// Where the names of resources begin.
const INDENT: usize = 20;
const PROBLEMS_MAX: usize = 5;

/// The summary. `report` is where the report was written.
pub(crate) fn summary(input: &ReportInput<'_>, report: Option<&Path>, language: Language) -> String {
    let mut summary = Summary { input, words: Words(language), text: String::new() };
    summary.headline();
    summary.failures();
    summary.accounts();
    summary.populations();
    summary.keys();
    summary.changes();
    summary.unknowns();
    summary.problems();
    summary.footer(report);
    summary.text
}

/// A summary being written.
struct Summary<'a> {
    input: &'a ReportInput<'a>,
    words: Words,
    text: String,
}

impl Summary<'_> {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{line}");
    }

    fn headline(&mut self) {
        let failures = self.count(Outcome::Fail);
        let over = self.words.over(self.reviewed(), self.expected());
        let line = if !self.input.estate.problems.is_empty() {
            let why = self.words.say(
                "part of what was given could not be read or does not fit together",
                "提供された情報の一部を読み取れないか、整合しません",
            );
            format!("{YELLOW}INCOMPLETE{YELLOW:#}  {why}; {} {over}", self.words.findings(failures))
        } else if failures > 0 {
            format!("{RED}FINDINGS{RED:#}  {} {over}", self.words.findings(failures))
        } else {
            let clean = self.words.say("no failing check", "要対応の検出事項はありません");
            format!("{GREEN}CLEAN{GREEN:#}  {clean} {over}")
        };
        self.line(&line);
        let as_of = self.words.say("as of", "基準日時");
        self.line(&format!("{DIM}{as_of} {}{DIM:#}", self.input.review.now));
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.input.review.verdicts.iter().filter(|verdict| verdict.outcome == outcome).count()
    }

    /// Accounts of which something could be reviewed.
    fn reviewed(&self) -> usize {
        self.input.review.accounts.iter().filter(|row| is_reviewed(row)).count()
    }

    /// Accounts that should have been reviewed: all but those that are closed.
    fn expected(&self) -> usize {
        self.input.review.accounts.iter().filter(|row| row.state != AccountState::Skipped).count()
    }

    /// A total over the accounts, and of how many it is.
    fn total(&self, of: impl Fn(&AccountRow) -> Option<usize>) -> String {
        let expected = self.input.review.accounts.iter().filter(|row| row.state != AccountState::Skipped);
        let known: Vec<usize> = expected.filter_map(of).collect();
        match (known.len(), self.expected()) {
            (0, _) => "?".to_owned(),
            (known_in, all) if known_in == all => thousands_of(known.iter().sum()),
            (known_in, all) => {
                format!("{} ({})", thousands_of(known.iter().sum()), self.words.of(known_in, all))
            }
        }
    }

    /// Failures by check, in the review's order: worst first.
    fn failures(&mut self) {
        let mut groups: Vec<(&str, Vec<&Verdict>)> = Vec::new();
        for verdict in self.input.review.verdicts.iter().filter(|verdict| verdict.outcome == Outcome::Fail) {
            match groups.last_mut() {
                Some((check, verdicts)) if *check == verdict.check => verdicts.push(verdict),
                _ => groups.push((verdict.check, vec![verdict])),
            }
        }
        if groups.is_empty() {
            return;
        }
        let heading = self.words.say("Worst first", "重大度の高い順");
        self.line(&format!("\n{BOLD}{heading}{BOLD:#}"));
        for (check, verdicts) in groups.iter().take(CHECKS_MAX) {
            self.failure(check::find(check), verdicts);
        }
        if let Some(more) = groups.len().checked_sub(CHECKS_MAX).filter(|more| *more > 0) {
            let more = self.words.more_checks(more);
            self.line(&format!("  {DIM}{more}{DIM:#}"));
        }
    }

    fn failure(&mut self, check: Option<&Check>, verdicts: &[&Verdict]) {
        let severity = check.map_or(Severity::Informational, |check| check.severity);
        let style = match severity {
            Severity::Critical | Severity::High => RED,
            Severity::Medium => YELLOW,
            Severity::Low | Severity::Informational => DIM,
        };
        let title = check.map_or("", |check| self.words.say(&check.title, &check.title_ja));
        let id = check.map_or("", |check| check.id.as_str());
        let (label, count) = (pad(self.words.severity(severity), 8), thousands_of(verdicts.len()));
        self.line(&format!("  {style}{label}{style:#} {count:>6}  {} {DIM}{title}{DIM:#}", pad(id, 27)));
        if severity <= Severity::High {
            let names = self.names(verdicts);
            self.line(&format!("                    {names}"));
        }
    }

    /// As many of the resources as fit into a line, and how many more there are.
    fn names(&self, verdicts: &[&Verdict]) -> String {
        let mut text = String::new();
        let mut shown = 0;
        for verdict in verdicts.iter().take(RESOURCES_MAX) {
            let name = resource(verdict);
            let separator = if text.is_empty() { "" } else { ", " };
            if shown > 0 && width(&text) + width(&name) + INDENT + 16 > WIDTH {
                break;
            }
            text.push_str(separator);
            text.push_str(&name);
            shown += 1;
        }
        let more = verdicts.len().saturating_sub(shown);
        if more > 0 { format!("{text}{}", self.words.and_more(more)) } else { text }
    }

    fn footer(&mut self, report: Option<&Path>) {
        let waived = self.input.review.waived.len();
        if waived > 0 {
            let waived = self.words.waived(waived);
            self.line(&format!("\n{waived}"));
        }
        let first = self.input.review.verdicts.first().filter(|verdict| verdict.outcome == Outcome::Fail);
        if let Some(first) = first.map(|verdict| verdict.check) {
            let ask = self.words.say("What a finding means and what to do:", "検出事項の意味と対応:");
            let language = self.words.say("", " --lang ja");
            self.line(&format!("\n{ask} {CYAN}kagimori explain {first}{language}{CYAN:#}"));
        }
        if let Some(report) = report {
            let label = self.words.say("The report:", "レポート:");
            self.line(&format!("{label} {CYAN}{}{CYAN:#}", report.join("index.html").display()));
        }
    }
}

fn is_reviewed(row: &AccountRow) -> bool {
    matches!(row.state, AccountState::Ok | AccountState::Partial)
}

/// The name in a form that every command takes: `444455556666/NAME`.
fn resource(verdict: &Verdict) -> String {
    let resource = &verdict.resource;
    match &resource.key {
        Some(key) => format!("{}/{} {key}", resource.account, resource.name),
        None => format!("{}/{}", resource.account, resource.name),
    }
}

fn thousands_of(count: usize) -> String {
    thousands(u64::try_from(count).unwrap_or(u64::MAX))
}
