//! The summary on the terminal: the verdict first, then worst first, then what could not be told.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use kagimori_plan::check;
use kagimori_plan::review::{AccountRow, AccountState, KeyEvidence};
use kagimori_plan::verdict::{Outcome, Severity, Verdict};
use kagimori_trail::classify::UseClass;
use unicode_width::UnicodeWidthStr;

use super::ReportInput;
use super::csv::word;
use crate::show::numbers::counted;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();

/// How many checks, resources and problems are shown before "and n more".
const CHECKS_MAX: usize = 20;
const RESOURCES_MAX: usize = 3;
const PROBLEMS_MAX: usize = 5;
const NOT_GIVEN_MAX: usize = 6;

/// The summary. `report` is where the report was written.
pub(crate) fn summary(input: &ReportInput<'_>, report: Option<&Path>) -> String {
    let mut text = String::new();
    headline(input, &mut text);
    failures(input, &mut text);
    accounts(input, &mut text);
    populations(input, &mut text);
    keys(input, &mut text);
    unknowns(input, &mut text);
    problems(input, &mut text);
    footer(input, report, &mut text);
    text
}

fn headline(input: &ReportInput<'_>, text: &mut String) {
    let failures = count(input, Outcome::Fail);
    let reviewed = input.review.accounts.iter().filter(|row| is_reviewed(row)).count();
    let over = format!("in {}", counted(reviewed, "account"));
    let _ = if !input.estate.problems.is_empty() {
        writeln!(
            text,
            "{YELLOW}INCOMPLETE{YELLOW:#}  part of what was given could not be read; {} {over}",
            counted(failures, "finding")
        )
    } else if failures > 0 {
        writeln!(text, "{RED}FINDINGS{RED:#}  {} {over}", counted(failures, "finding"))
    } else {
        writeln!(text, "{GREEN}CLEAN{GREEN:#}  no failing check {over}")
    };
    let _ = writeln!(text, "{DIM}as of {}{DIM:#}", input.review.now);
}

fn is_reviewed(row: &AccountRow) -> bool {
    matches!(row.state, AccountState::Ok | AccountState::Partial)
}

fn count(input: &ReportInput<'_>, outcome: Outcome) -> usize {
    input.review.verdicts.iter().filter(|verdict| verdict.outcome == outcome).count()
}

fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

/// Failures by check, in the review's order: worst first.
fn failures(input: &ReportInput<'_>, text: &mut String) {
    let mut groups: Vec<(&str, Vec<&Verdict>)> = Vec::new();
    for verdict in input.review.verdicts.iter().filter(|verdict| verdict.outcome == Outcome::Fail) {
        match groups.last_mut() {
            Some((check, verdicts)) if *check == verdict.check => verdicts.push(verdict),
            _ => groups.push((verdict.check, vec![verdict])),
        }
    }
    if groups.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{BOLD}Worst first{BOLD:#}");
    for (check, verdicts) in groups.iter().take(CHECKS_MAX) {
        failure(check, verdicts, text);
    }
    if groups.len() > CHECKS_MAX {
        let _ = writeln!(
            text,
            "  {DIM}… and {}, less severe{DIM:#}",
            counted(groups.len() - CHECKS_MAX, "more check")
        );
    }
}

fn failure(check: &str, verdicts: &[&Verdict], text: &mut String) {
    let found = check::find(check);
    let severity = found.map_or(Severity::Informational, |check| check.severity);
    let style = match severity {
        Severity::Critical | Severity::High => RED,
        Severity::Medium => YELLOW,
        Severity::Low | Severity::Informational => DIM,
    };
    let title = found.map_or("", |check| check.title.as_str());
    let label = pad(&word(&severity), 8);
    let _ = writeln!(
        text,
        "  {style}{label}{style:#} {:>5}  {} {DIM}{title}{DIM:#}",
        verdicts.len(),
        pad(check, 27)
    );
    if severity <= Severity::High {
        let names: Vec<String> =
            verdicts.iter().take(RESOURCES_MAX).map(|verdict| resource(verdict)).collect();
        let more = verdicts.len().saturating_sub(RESOURCES_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = writeln!(text, "                   {}{more}", names.join(", "));
    }
}

fn resource(verdict: &Verdict) -> String {
    let resource = &verdict.resource;
    match &resource.key {
        Some(key) => format!("{}/{} {key}", resource.account, resource.name),
        None => format!("{}/{}", resource.account, resource.name),
    }
}

/// Pads to a width in columns: Japanese letters take two.
fn pad(text: &str, width: usize) -> String {
    let fill = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(fill))
}

fn accounts(input: &ReportInput<'_>, text: &mut String) {
    let rows = &input.review.accounts;
    let name = |row: &AccountRow| row.name.clone().unwrap_or_default();
    let width = rows.iter().map(|row| name(row).width()).max().unwrap_or_default().max(4);
    let _ = writeln!(
        text,
        "\n{BOLD}Accounts{BOLD:#}\n  {DIM}{} {} state     critical  high  medium   low   users  keys  roles{DIM:#}",
        pad("id", 12),
        pad("name", width),
    );
    for row in rows {
        let n = |severity| row.failures.get(&severity).copied().unwrap_or_default();
        let _ = writeln!(
            text,
            "  {} {} {} {:>8} {:>5} {:>7} {:>5} {:>7} {:>5} {:>6}",
            row.id,
            pad(&name(row), width),
            pad(&word(&row.state).replace('_', " "), 9),
            n(Severity::Critical),
            n(Severity::High),
            n(Severity::Medium),
            n(Severity::Low),
            known(row.users),
            known(row.active_keys),
            known(row.roles),
        );
    }
}

fn known(count: Option<usize>) -> String {
    count.map_or("?".to_owned(), |count| count.to_string())
}

fn populations(input: &ReportInput<'_>, text: &mut String) {
    let total = |index: usize| {
        let rows = input.review.accounts.iter().filter(|row| is_reviewed(row));
        let counts = rows.map(|row| row.mfa_missing.get(index).copied().flatten());
        let (mut sum, mut unknown) = (0, 0);
        for count in counts {
            match count {
                Some(count) => sum += count,
                None => unknown += 1,
            }
        }
        match unknown {
            0 => sum.to_string(),
            unknown => format!("{sum}, and unknown in {unknown} {}", plural(unknown, "account", "accounts")),
        }
    };
    let _ = writeln!(
        text,
        "\n{BOLD}Without MFA{BOLD:#}\n  A console users: {}   B all IAM users: {}   C privileged users: {}",
        total(0),
        total(1),
        total(2),
    );
}

fn keys(input: &ReportInput<'_>, text: &mut String) {
    let mut classes: BTreeMap<UseClass, usize> = BTreeMap::new();
    let (mut active, mut unseen) = (0, 0);
    // root's keys are a finding of their own, and have no id to look for in the trail
    let of_users = input.review.credentials.iter().filter(|row| row.arn.resource() != "root");
    for key in of_users.filter_map(|row| row.key.as_ref()) {
        if key.active == Some(true) {
            active += 1;
            match &key.usage {
                Some(KeyEvidence { class, .. }) => *classes.entry(*class).or_default() += 1,
                None => unseen += 1,
            }
        }
    }
    let _ = writeln!(text, "\n{BOLD}Active access keys{BOLD:#}  {active}");
    if input.usage.is_some() {
        let class = |class| classes.get(&class).copied().unwrap_or_default();
        let _ = writeln!(
            text,
            "  by the trail: {} active, {} rare, {} shared, {} only noise, {unseen} never seen",
            class(UseClass::Active),
            class(UseClass::Rare),
            class(UseClass::Shared),
            class(UseClass::Noise),
        );
    }
}

/// What could not be told: sources nobody gave, with the command that gives them, and unknown verdicts by reason.
fn unknowns(input: &ReportInput<'_>, text: &mut String) {
    let unknown = count(input, Outcome::Unknown);
    if unknown == 0 && input.review.not_given.is_empty() {
        return;
    }
    let accounts = input.review.accounts.iter().filter(|row| is_reviewed(row)).count();
    let _ = writeln!(
        text,
        "\n{BOLD}Could not be told{BOLD:#}  {unknown} {} UNKNOWN",
        plural(unknown, "verdict is", "verdicts are")
    );
    let mut partly: Vec<_> = input.review.not_given.iter().collect();
    partly.sort_by_key(|(dataset, lacking)| (std::cmp::Reverse(**lacking), **dataset));
    for (dataset, lacking) in partly.iter().take(NOT_GIVEN_MAX) {
        let _ = writeln!(
            text,
            "  {} {DIM}not given ({lacking} of {}){DIM:#}",
            pad(dataset.api(), 38),
            counted(accounts, "account")
        );
    }
    if partly.len() > NOT_GIVEN_MAX {
        let _ = writeln!(
            text,
            "  … and {} more {} of data",
            partly.len() - NOT_GIVEN_MAX,
            plural(partly.len() - NOT_GIVEN_MAX, "kind", "kinds")
        );
    }
    if let Some((dataset, _)) = partly.first() {
        let _ = writeln!(
            text,
            "  {DIM}the report has the command for each, the first:{DIM:#} {CYAN}{}{CYAN:#}",
            dataset.command()
        );
    }
}

fn problems(input: &ReportInput<'_>, text: &mut String) {
    let problems = &input.estate.problems;
    if problems.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\n{BOLD}Could not be read{BOLD:#}  {} {}",
        problems.len(),
        plural(problems.len(), "problem", "problems")
    );
    for problem in problems.iter().take(PROBLEMS_MAX) {
        let _ = writeln!(
            text,
            "  {YELLOW}{}{YELLOW:#}: {}\n    {CYAN}hint{CYAN:#}: {}",
            problem.file, problem.message, problem.hint
        );
    }
    if problems.len() > PROBLEMS_MAX {
        let _ = writeln!(text, "  … and {} more in the report", problems.len() - PROBLEMS_MAX);
    }
}

fn footer(input: &ReportInput<'_>, report: Option<&Path>, text: &mut String) {
    let waived = input.review.waived.len();
    if waived > 0 {
        let _ = writeln!(text, "\n{waived} {} waived", plural(waived, "finding is", "findings are"));
    }
    if let Some(first) = input.review.verdicts.first().filter(|verdict| verdict.outcome == Outcome::Fail) {
        let _ = writeln!(
            text,
            "\nWhat a finding means and what to do: {CYAN}kagimori explain {}{CYAN:#}",
            first.check
        );
    }
    if let Some(report) = report {
        let _ = writeln!(text, "The report: {CYAN}{}{CYAN:#}", report.join("index.html").display());
    }
}
