//! `--list-rules` and `--explain RULE`.

use std::fmt::Write;

use kagimori_policy::lint::rule::{RULES, Rule, RuleId};
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{BOLD as TITLE, CYAN as LABEL};
use serde::Serialize;

use super::human::colour;
use crate::args::CheckFormat;
use crate::error::AppError;
use crate::exit::Exit;

#[derive(Serialize)]
struct Listed {
    schema: Schema,
    rules: &'static [Rule],
}

#[derive(Serialize)]
struct Explained {
    schema: Schema,
    rule: &'static Rule,
}

/// Every rule, by family.
pub(super) fn list(format: CheckFormat) -> Result<Exit, AppError> {
    if format != CheckFormat::Human {
        printer::json(&Listed {
            schema: Schema { name: "kagimori.policy_rules", version: 1 },
            rules: RULES,
        })?;
        return Ok(Exit::Clean);
    }
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    let mut text = String::new();
    for rule in RULES {
        let colour = colour(rule.level);
        let _ = writeln!(
            text,
            "{:<10}  {colour}{:<10}{colour:#}  {:<width$}  {}",
            rule.family, rule.level, rule.id, rule.says
        );
    }
    printer::text(&text)?;
    Ok(Exit::Clean)
}

pub(super) fn explain(id: RuleId, format: CheckFormat) -> Result<Exit, AppError> {
    let rule = id.rule();
    if format == CheckFormat::Human {
        printer::text(&text(rule))?;
    } else {
        printer::json(&Explained { schema: Schema { name: "kagimori.policy_rule", version: 1 }, rule })?;
    }
    Ok(Exit::Clean)
}

fn text(rule: &Rule) -> String {
    let mut text = format!("{TITLE}{}{TITLE:#}  {} ({})\n{}\n", rule.id, rule.level, rule.family, rule.says);
    let mut part = |label: &str, value: &str| {
        let _ = writeln!(text, "\n{LABEL}{label}{LABEL:#}\n  {value}");
    };
    part("What to do", rule.fix);
    if let Some(name) = rule.aws {
        part("IAM Access Analyzer", name);
    }
    if !rule.parliament.is_empty() {
        part("parliament", &rule.parliament.join(", "));
    }
    part("Source", &page(rule).unwrap_or_else(|| rule.source.to_owned()));
    text
}

/// The address of a page of the IAM User Guide; other guides are named only.
pub(super) fn page(rule: &Rule) -> Option<String> {
    let is_page = !rule.source.contains([':', '/']);
    is_page.then(|| format!("https://docs.aws.amazon.com/IAM/latest/UserGuide/{}.html", rule.source))
}
