//! `kagimori ask what-can`: everything a principal may do, action by action.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::access::{Access, Question};
use kagimori_policy::catalogue::{AccessLevel, Catalogue};
use kagimori_policy::decision::Answer;
use kagimori_policy::lint::works_on;
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{self, BOLD, RED, YELLOW};
use serde::Serialize;

use super::{can, question};
use crate::args::{Circumstances, Format, WhatCan};
use crate::error::AppError;
use crate::exit::Exit;
use crate::show::numbers::counted;

pub(super) fn run(args: &WhatCan) -> Result<Exit, AppError> {
    let (estate, now) = super::estate(&args.circumstances.dir)?;
    let mut access = Access::of(&estate);
    let resource = args.resource.as_deref().unwrap_or("*");
    let template = question::read_any(&mut access, resource, &args.circumstances, now)?;
    let subject = question::caller(&access, &args.principal)?;
    let rows = rows(&access, &subject, &template, args.service.as_deref())?;
    match args.circumstances.format {
        Format::Human => printer::text(&text(subject.arn.as_str(), resource, &rows, args.service.is_some()))?,
        Format::Json => printer::json(&Output {
            schema: Schema { name: "kagimori.what_can", version: 1 },
            now,
            principal: subject.arn.as_str(),
            resource,
            reference: Catalogue::embedded().version(),
            actions: &rows,
        })?,
    }
    let exit = if rows.is_empty() { Exit::Findings } else { Exit::Clean };
    Ok(super::exit(&estate, exit))
}

/// The same for other commands.
pub(super) fn everything(
    estate: &Estate,
    principal: &str,
    dir: &Path,
    now: Timestamp,
) -> Result<Vec<(String, bool)>, AppError> {
    let circumstances = Circumstances {
        dir: dir.to_owned(),
        context: Vec::new(),
        strict: false,
        resource_account: None,
        resource_policy: None,
        format: Format::Human,
    };
    let mut access = Access::of(estate);
    let template = question::read_any(&mut access, "*", &circumstances, now)?;
    let subject = question::caller(&access, principal)?;
    let rows = rows(&access, &subject, &template, None)?;
    Ok(rows.into_iter().map(|row| (row.action, row.answer == "allowed")).collect())
}

#[derive(Serialize)]
struct Output<'a> {
    schema: Schema,
    now: Timestamp,
    principal: &'a str,
    resource: &'a str,
    reference: &'a str,
    actions: &'a [Row],
}

#[derive(Serialize)]
struct Row {
    action: String,
    answer: &'static str,
    access_levels: Vec<&'static str>,
}

/// Every action of the service reference that is allowed, or may be.
fn rows(
    access: &Access<'_>,
    subject: &kagimori_estate::access::Subject,
    template: &Question,
    service: Option<&str>,
) -> Result<Vec<Row>, AppError> {
    let catalogue = Catalogue::embedded();
    if let Some(service) = service.filter(|service| !catalogue.services().any(|known| known == *service)) {
        return Err(AppError::Argument {
            message: format!("there is no service `{service}`"),
            hint: "give the prefix of its actions, such as `s3`, `ec2`, `iam`".to_owned(),
        });
    }
    let mut rows = Vec::new();
    for id in catalogue.actions() {
        let action = catalogue.name(id);
        if service.is_some_and(|service| action.split(':').next() != Some(service)) {
            continue;
        }
        let has_resources = catalogue.has_resource_types(id);
        // An action without resource types is about no resource in particular.
        let is_asked = template.resource == "*" || (has_resources && works_on(id, &template.resource));
        let question = Question { action, wildcard_only: !has_resources, ..template.clone() };
        let answer = if is_asked { access.decide(subject, &question.to(subject)) } else { continue };
        if matches!(answer, Answer::Allowed | Answer::Indeterminate) {
            let access_levels = catalogue.access_levels(id).into_iter().map(level).collect();
            rows.push(Row { action: question.action, answer: can::word(answer), access_levels });
        }
    }
    Ok(rows)
}

fn level(level: AccessLevel) -> &'static str {
    match level {
        AccessLevel::List => "List",
        AccessLevel::Read => "Read",
        AccessLevel::Write => "Write",
        AccessLevel::Tagging => "Tagging",
        AccessLevel::PermissionsManagement => "Permissions management",
    }
}

/// One line for a service: how many actions of each level; with `--service` each action.
fn text(principal: &str, resource: &str, rows: &[Row], lists_actions: bool) -> String {
    let mut text = String::new();
    let on = if resource == "*" { "some resource".to_owned() } else { resource.to_owned() };
    let sure = rows.iter().filter(|row| row.answer == "allowed").count();
    let open = rows.len().saturating_sub(sure);
    let _ = writeln!(
        text,
        "{principal} can call {} on {on}, {open} more under conditions",
        counted(sure, "action")
    );
    if lists_actions {
        for row in rows {
            let mark = if row.answer == "allowed" { "can" } else { "if " };
            let _ = writeln!(text, "  {mark}  {:<48} {}", row.action, row.access_levels.join(", "));
        }
        return text;
    }
    let mut services: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for row in rows {
        let counts = services.entry(row.action.split(':').next().unwrap_or_default()).or_default();
        for level in &row.access_levels {
            let count = counts.entry(level).or_default();
            *count = count.saturating_add(1);
        }
        if row.answer != "allowed" {
            let count = counts.entry("conditional").or_default();
            *count = count.saturating_add(1);
        }
    }
    let columns = ["List", "Read", "Write", "Tagging", "Permissions management", "conditional"];
    let _ = writeln!(
        text,
        "\n{BOLD}{:<28}{:>7}{:>7}{:>7}{:>9}{:>13}{:>13}{BOLD:#}",
        "Service", "List", "Read", "Write", "Tagging", "Permissions", "conditional"
    );
    for (service, counts) in &services {
        let _ = write!(text, "{service:<28}");
        for (column, width) in columns.into_iter().zip([7, 7, 7, 9, 13, 13]) {
            let cell = counts.get(column).map(usize::to_string).unwrap_or_default();
            let style = match column {
                "Permissions management" => RED,
                "conditional" => YELLOW,
                _ => style::PLAIN,
            };
            let _ = write!(text, "{style}{cell:>width$}{style:#}");
        }
        text.push('\n');
    }
    text
}
