//! `guard explain`.

use std::fmt::Write;
use std::path::Path;

use kagimori_estate::Estate;
use kagimori_guard::{Effect, Explained, Group, Kind, Row, explain};
use kagimori_policy::document::Document;
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{BOLD, DIM, GREEN, RED, YELLOW};
use serde::Serialize;

use super::{estate, exit, refused};
use crate::args::{Format, GuardExplain, GuardKind};
use crate::command::ask::policy_file;
use crate::error::AppError;
use crate::exit::Exit;
use crate::show::numbers::counted;

pub(super) fn run(args: &GuardExplain) -> Result<Exit, AppError> {
    let (_, estate) = estate(&args.dir)?;
    let (document, guessed) = match held(&args.policy, &estate)? {
        Some(found) => found,
        None => {
            let document = policy_file(&args.policy)?;
            let kind = guess(&document);
            (document, kind)
        }
    };
    let kind = match args.kind {
        Some(GuardKind::Scp) => Kind::ServiceControl,
        Some(GuardKind::Rcp) => Kind::ResourceControl,
        None => guessed,
    };
    let explained = explain(&document, kind, &estate).map_err(|error| refused(&error))?;
    match args.format {
        Format::Human => printer::text(&text(&explained, kind))?,
        Format::Json => printer::json(&json(&explained, kind))?,
    }
    Ok(exit(&estate, Exit::Clean))
}

/// A policy of the organization by its id; `None`: it is none, and may be a file.
fn held(name: &Path, estate: &Estate) -> Result<Option<(Document, Kind)>, AppError> {
    let Some(id) = name.to_str().filter(|id| id.starts_with("p-") && !name.exists()) else { return Ok(None) };
    let wrong = |message: String, hint: &str| AppError::Argument { message, hint: hint.to_owned() };
    let policies = estate.organization.policies.value().map_or(&[][..], Vec::as_slice);
    let Some(policy) = policies.iter().find(|policy| policy.id == id) else {
        let message = format!("the snapshots hold no policy `{id}`, and there is no such file");
        return Err(wrong(message, "`kagimori guard budget` shows the policies that are attached"));
    };
    let document = policy.document.value().and_then(|policy| policy.document.as_ref().ok());
    let Some(document) = document else {
        let message = format!("the text of `{id}` was not given, or is no policy");
        return Err(wrong(
            message,
            "`kagimori collect --organization` brings it, as `aws organizations describe-policy` does",
        ));
    };
    match policy.kind.as_str() {
        "RESOURCE_CONTROL_POLICY" => Ok(Some((document.clone(), Kind::ResourceControl))),
        "SERVICE_CONTROL_POLICY" => Ok(Some((document.clone(), Kind::ServiceControl))),
        other => Err(wrong(format!("`{id}` is a {other}"), "SCPs and RCPs are explained")),
    }
}

fn guess(document: &Document) -> Kind {
    let names_somebody = document.statements.iter().any(|statement| statement.principal.is_some());
    if names_somebody { Kind::ResourceControl } else { Kind::ServiceControl }
}

fn text(explained: &Explained, kind: Kind) -> String {
    let mut text = format!(
        "as an {}, above everybody, beside policies that allow everything: {}\n",
        kind.short(),
        counted(explained.principals, "principal"),
    );
    for row in &explained.rows {
        let _ = writeln!(text, "{BOLD}{}{BOLD:#}{}", row.action, about(row));
        row.groups.iter().for_each(|held| group(held, &mut text));
    }
    if explained.left_out > 0 {
        let _ = writeln!(text, "{DIM}and {}{DIM:#}", counted(explained.left_out, "more action"));
    }
    text
}

fn about(row: &Row) -> String {
    let mut text = String::new();
    if row.pattern != row.action {
        let _ = write!(text, "  {DIM}of {}{DIM:#}", row.pattern);
    }
    if row.resource != "*" {
        let _ = write!(text, "  {DIM}on {}{DIM:#}", row.resource);
    }
    text
}

fn group(held: &Group, text: &mut String) {
    let word = match &held.effect {
        Effect::Denied => format!("{RED}denied {RED:#}"),
        Effect::Depends(_) => format!("{YELLOW}depends{YELLOW:#}"),
        Effect::Allowed => format!("{GREEN}let be {GREEN:#}"),
    };
    let on = match &held.effect {
        Effect::Depends(keys) if !keys.is_empty() => format!(" on {}", keys.join(", ")),
        _ => String::new(),
    };
    let more = held.count.saturating_sub(held.names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let _ = writeln!(text, "  {word}{on}  {}: {}{more}", held.count, held.names.join(", "));
}

#[derive(Serialize)]
struct Output<'a> {
    schema: Schema,
    kind: &'a str,
    principals: usize,
    left_out: usize,
    rows: Vec<RowOut<'a>>,
}

#[derive(Serialize)]
struct RowOut<'a> {
    pattern: &'a str,
    action: &'a str,
    resource: &'a str,
    groups: Vec<GroupOut<'a>>,
}

#[derive(Serialize)]
struct GroupOut<'a> {
    /// `denied`, `depends`, `allowed`.
    effect: &'static str,
    keys: &'a [String],
    count: usize,
    first: &'a [String],
}

fn json(explained: &Explained, kind: Kind) -> Output<'_> {
    let rows = explained.rows.iter().map(|row| RowOut {
        pattern: &row.pattern,
        action: &row.action,
        resource: &row.resource,
        groups: row.groups.iter().map(group_out).collect(),
    });
    Output {
        schema: Schema { name: "kagimori.guard-explained", version: 1 },
        kind: kind.short(),
        principals: explained.principals,
        left_out: explained.left_out,
        rows: rows.collect(),
    }
}

fn group_out(held: &Group) -> GroupOut<'_> {
    let (effect, keys): (_, &[String]) = match &held.effect {
        Effect::Denied => ("denied", &[]),
        Effect::Depends(keys) => ("depends", keys),
        Effect::Allowed => ("allowed", &[]),
    };
    GroupOut { effect, keys, count: held.count, first: &held.names }
}
